//! Weights from a formula: every tensor of a golden case follows from its name, a seed and a scale.
//!
//! Source: the README of the golden vectors. Used by tests, `golden` and benches, on any thread; no model that
//! a musician hears is made this way.

use super::{Tensor, Weights};

/// FNV-1a over the UTF-8 bytes of a name.
fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// `count` values of the tensor `name`: uniform over ±`scale` on a grid of 2^-23 × scale (splitmix64 by counter).
pub fn values(name: &str, seed: u64, scale: f32, count: usize) -> Vec<f32> {
    let start = fnv1a64(name) ^ seed;
    (1..=count as u64)
        .map(|k| {
            let mut z = start.wrapping_add(k.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            let unit = (z >> 40) as f64 / f64::from(1u32 << 24);
            ((unit - 0.5) * 2.0 * f64::from(scale)) as f32
        })
        .collect()
}

/// Which scale a variable gets: the first pattern that its name contains, else `default`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scales {
    /// Scale of every variable that no pattern names.
    pub default: f32,
    /// Substring of the name → scale; the first that matches wins.
    pub patterns: Vec<(String, f32)>,
}

impl Scales {
    /// Scale of the variable `name`.
    pub fn of(&self, name: &str) -> f32 {
        self.patterns.iter().find(|(p, _)| name.contains(p.as_str())).map_or(self.default, |(_, s)| *s)
    }
}

/// A whole checkpoint from names and shapes.
pub fn weights<'a>(
    variables: impl IntoIterator<Item = (&'a str, &'a [usize])>,
    seed: u64,
    scales: &Scales,
) -> Weights {
    variables
        .into_iter()
        .map(|(name, shape)| {
            let count = shape.iter().product();
            (name.to_owned(), Tensor::f32(shape, values(name, seed, scales.of(name), count)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_agree_with_the_golden_samples() {
        let v = values("fully_connected/weights", 0, 1.0, 1001);
        assert_eq!(
            [v[0], v[1], v[2], v[1000]].map(f64::from),
            [-0.5314954519271851, 0.7817432880401611, 0.6976281404495239, -0.5756770372390747]
        );
        let v = values("rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel", 1234567890123, 1.0, 6);
        assert_eq!(
            [v[0], v[1], v[5]].map(f64::from),
            [-0.926291823387146, -0.24262559413909912, 0.3508666753768921]
        );
    }
}
