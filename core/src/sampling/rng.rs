//! Randomness by counter: a draw is a pure function of (seed, step, head).
//!
//! Any thread. There is no hidden state to advance, so the order of work, the batch size and cancelled runs
//! cannot change what a take gets. The mixing function is the 64-bit finaliser of splitmix.

use crate::nn::math;

/// Where uniforms come from: [`Rng`] for music, [`Replay`] for comparing with recorded runs.
pub trait Uniforms {
    /// A number in `0.0..1.0` for output head `head` of step `step`.
    fn uniform(&mut self, step: u64, head: u64) -> f64;
}

/// A take's source of uniforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    key: u64,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Bijective scrambling of 64 bits.
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    /// The source of a seed.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self { key: mix(u64::from(seed).wrapping_add(GOLDEN)) }
    }

    /// The draw at a position: 53 random bits over 2⁵³.
    #[must_use]
    pub fn at(&self, step: u64, head: u64) -> f64 {
        let row = mix(self.key.wrapping_add(step.wrapping_add(1).wrapping_mul(GOLDEN)));
        let bits = mix(row.wrapping_add(head.wrapping_add(1).wrapping_mul(GOLDEN))) >> 11;
        // Both conversions are exact: 53 bits fit an f64, and the divisor is a power of two.
        bits as f64 / (1u64 << 53) as f64
    }

    /// A draw of N(0, 1) at a position: Marsaglia's polar method. Uses up no other draws than those of `step` at heads
    /// from `64 * index` on.
    #[must_use]
    pub fn normal(&self, step: u64, index: u64) -> f64 {
        for attempt in 0..32 {
            let side =
                |n: u64| 2.0 * self.at(step, index.wrapping_mul(64).wrapping_add(2 * attempt + n)) - 1.0;
            let (x, y) = (side(0), side(1));
            let square = x.mul_add(x, y * y);
            if square < 1.0 && square > 0.0 {
                return x * (-2.0 * f64::from(math::ln(square as f32)) / square).sqrt();
            }
        }
        // One time in 10^21.
        0.0
    }
}

impl Uniforms for Rng {
    fn uniform(&mut self, step: u64, head: u64) -> f64 {
        self.at(step, head)
    }
}

/// Plays back recorded uniforms in the order in which they are asked for; 0.0 when they run out.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    values: Vec<f64>,
    used: usize,
}

impl Replay {
    /// Will give these values.
    #[must_use]
    pub fn new(values: Vec<f64>) -> Self {
        Self { values, used: 0 }
    }

    /// How many values were asked for, also beyond the end.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }
}

impl Uniforms for Replay {
    fn uniform(&mut self, _step: u64, _head: u64) -> f64 {
        let value = self.values.get(self.used).copied().unwrap_or(0.0);
        self.used += 1;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_seed_step_and_head_only() {
        let rng = Rng::new(7);
        let later = rng.at(3, 0);
        let _ = rng.at(0, 0);
        assert_eq!(rng.at(3, 0).to_bits(), later.to_bits());
        assert_ne!(rng.at(3, 0).to_bits(), rng.at(3, 1).to_bits());
        assert_ne!(rng.at(3, 0).to_bits(), rng.at(4, 0).to_bits());
        assert_ne!(rng.at(3, 0).to_bits(), Rng::new(8).at(3, 0).to_bits());
    }

    #[test]
    fn draws_are_the_same_for_ever() {
        // Frozen: saved projects bring takes back by their seeds.
        let rng = Rng::new(0);
        assert_eq!(rng.at(0, 0).to_bits(), FROZEN.0);
        assert_eq!(Rng::new(u32::MAX).at(1000, 2).to_bits(), FROZEN.1);
    }

    const FROZEN: (u64, u64) = (0x3fc1_c13a_de1c_7e5c, 0x3fe4_5e65_6cf0_538d);

    #[test]
    fn normal_draws_have_the_moments_and_the_tails_of_a_normal_distribution() {
        let rng = Rng::new(3);
        let draws: Vec<f64> = (0..40_000).map(|i| rng.normal(u64::MAX, i)).collect();
        let mean = |f: fn(f64) -> f64| draws.iter().map(|&x| f(x)).sum::<f64>() / draws.len() as f64;
        // Standard errors: 0.005, 0.007, 0.05; 0.0023 of the share beyond two.
        assert!(mean(|x| x).abs() < 0.02, "{}", mean(|x| x));
        assert!((mean(|x| x * x) - 1.0).abs() < 0.03, "{}", mean(|x| x * x));
        assert!((mean(|x| x.powi(4)) - 3.0).abs() < 0.2, "{}", mean(|x| x.powi(4)));
        let beyond = mean(|x| f64::from(u8::from(x.abs() > 2.0)));
        assert!((beyond - 0.0455).abs() < 0.006, "{beyond}");
        assert_ne!(rng.normal(0, 0).to_bits(), rng.normal(0, 1).to_bits());
    }

    #[test]
    fn draws_fill_the_unit_interval_evenly() {
        let rng = Rng::new(12345);
        let mut counts = [0u32; 16];
        for step in 0..16_000 {
            counts[(rng.at(step, 0) * 16.0) as usize] += 1;
        }
        // 1000 expected per cell, standard deviation 31: five of them either way.
        assert!(counts.iter().all(|&c| (845..=1155).contains(&c)), "{counts:?}");
    }
}
