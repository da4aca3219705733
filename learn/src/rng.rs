//! A small counter-based random generator for training: shuffles, initial weights and dropout masks.
//!
//! Its whole state is one integer, so a checkpoint resumes the very same stream. Not for taking samples that a
//! musician hears; that generator lives in the note path.

/// SplitMix64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(pub u64);

impl Rng {
    /// Next 64 random bits.
    #[inline(always)]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// Dropout factors: `1 / keep` with probability `keep`, else 0 (16-bit resolution).
    pub fn dropout(&mut self, keep: f32, count: usize) -> Vec<f32> {
        let limit = (keep * 65536.0) as u64;
        let scale = 1.0 / keep;
        let mut out = Vec::with_capacity(count + 3);
        while out.len() < count {
            let bits = self.next_u64();
            for part in 0..4 {
                out.push(if (bits >> (16 * part)) & 0xffff < limit { scale } else { 0.0 });
            }
        }
        out.truncate(count);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_keeps_the_mean() {
        let mask = Rng(1).dropout(0.6, 40_001);
        assert_eq!(mask.len(), 40_001);
        let mean = mask.iter().sum::<f32>() / mask.len() as f32;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn shuffling_permutes_and_a_copied_state_repeats_it() {
        let mut rng = Rng(7);
        let mut copy = rng.clone();
        let mut a: Vec<u32> = (0..50).collect();
        let mut b = a.clone();
        rng.shuffle(&mut a);
        copy.shuffle(&mut b);
        assert_eq!(a, b);
        assert_ne!(a, (0..50).collect::<Vec<_>>());
        a.sort_unstable();
        assert_eq!(a, (0..50).collect::<Vec<_>>());
    }
}
