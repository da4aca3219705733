//! NADE: 88 keys decided one after the other, each seeing the ones below it (spec 8.6).
//!
//! Worker threads; allocates at load only. Paper: Larochelle and Murray, "The Neural Autoregressive
//! Distribution Estimator" (2011); here its biases come from an LSTM. The hidden units change only when a key
//! sounds, so their sigmoids are made anew only then: a chord of four costs five passes and not 88. Sums are
//! eight chains of fused multiply-adds in ascending order, added in one fixed order at the end, whatever the
//! instruction set. Knows no music beyond "keys"; draws nothing.

use super::math::{sigmoid_v, sum8};
use super::simd::{Isa, Kernel, Simd};
use super::{NnError, Weights};

/// The two matrices, one padded row per key.
#[derive(Clone, Debug)]
pub struct Nade {
    isa: Isa,
    keys: usize,
    hidden: usize,
    /// Hidden units, up to a multiple of 8.
    padded: usize,
    /// Key → hidden units, [keys × padded].
    encode: Vec<f32>,
    /// Hidden units → key, [keys × padded].
    decode: Vec<f32>,
}

/// Buffers of a walk; contents mean nothing between walks.
#[derive(Clone, Debug, Default)]
pub struct NadeRoom {
    sums: Vec<f32>,
    units: Vec<f32>,
}

impl Nade {
    /// Takes `nade/w_enc` [keys, 1, hidden] and `nade/w_dec_t` [keys, hidden, 1] from a checkpoint.
    ///
    /// # Errors
    /// [`NnError::Missing`], [`NnError::Shape`], [`NnError::Length`]; [`NnError::Config`] without keys or
    /// hidden units, or with more than 65536 of either.
    pub fn new(weights: &Weights, keys: usize, hidden: usize) -> Result<Self, NnError> {
        Self::scoped(weights, "", keys, hidden)
    }

    /// The same from `{scope}nade/w_enc` and `{scope}nade/w_dec_t`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn scoped(weights: &Weights, scope: &str, keys: usize, hidden: usize) -> Result<Self, NnError> {
        if !(1..=1 << 16).contains(&keys) || !(1..=1 << 16).contains(&hidden) {
            return Err(NnError::Config { reason: "its NADE has no keys or hidden units, or too many" });
        }
        let padded = hidden.next_multiple_of(8);
        let rows = |name: &str, shape: [usize; 3]| -> Result<Vec<f32>, NnError> {
            let values = weights.find(&[format!("{scope}{name}")], &shape)?.to_f32();
            let mut rows = vec![0.0; keys * padded];
            for (row, values) in rows.chunks_exact_mut(padded).zip(values.chunks_exact(hidden)) {
                row[..hidden].copy_from_slice(values);
            }
            Ok(rows)
        };
        Ok(Self {
            isa: Isa::best(),
            keys,
            hidden,
            padded,
            encode: rows("nade/w_enc", [keys, 1, hidden])?,
            decode: rows("nade/w_dec_t", [keys, hidden, 1])?,
        })
    }

    /// The same network on a chosen instruction set; the results are the same bits.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// Number of keys.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// Number of biases that a walk starts from: one per hidden unit, then one per key.
    pub fn biases(&self) -> usize {
        self.hidden + self.keys
    }

    /// Asks `decide(key, logit)` for every key from 0 up whether it sounds; what it answers changes the logits
    /// of the keys above. The key's probability is the sigmoid of its logit.
    ///
    /// # Errors
    /// [`NnError::Step`] if `biases` are not [`Self::biases`] many; nothing is asked then.
    pub fn walk(
        &self,
        biases: &[f32],
        room: &mut NadeRoom,
        decide: impl FnMut(usize, f32) -> bool,
    ) -> Result<(), NnError> {
        if biases.len() != self.biases() {
            return Err(NnError::Step { what: "biases", expected: self.biases(), found: biases.len() });
        }
        let (hidden, visible) = biases.split_at(self.hidden);
        room.sums.clear();
        room.sums.extend_from_slice(hidden);
        room.sums.resize(self.padded, 0.0);
        room.units.resize(self.padded, 0.0);
        self.isa.run(Walk { nade: self, visible, room, decide });
        Ok(())
    }
}

struct Walk<'a, D> {
    nade: &'a Nade,
    visible: &'a [f32],
    room: &'a mut NadeRoom,
    decide: D,
}

impl<D: FnMut(usize, f32) -> bool> Kernel for Walk<'_, D> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let padded = self.nade.padded;
        let sums = self.room.sums.as_chunks_mut::<8>().0;
        let units = self.room.units.as_chunks_mut::<8>().0;
        let rows = self.nade.encode.chunks_exact(padded).zip(self.nade.decode.chunks_exact(padded));
        let mut changed = true;
        for (key, ((encode, decode), &bias)) in rows.zip(self.visible).enumerate() {
            if changed {
                for (unit, sum) in units.iter_mut().zip(sums.iter()) {
                    s.store(unit, sigmoid_v(s, s.load(sum)));
                }
            }
            let mut products = s.splat(0.0);
            for (unit, weight) in units.iter().zip(decode.as_chunks::<8>().0) {
                products = s.mul_add(s.load(unit), s.load(weight), products);
            }
            let mut eight = [0.0; 8];
            s.store(&mut eight, products);
            changed = (self.decide)(key, bias + sum8(eight));
            if changed {
                for (sum, weight) in sums.iter_mut().zip(encode.as_chunks::<8>().0) {
                    s.store(sum, s.add(s.load(sum), s.load(weight)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Tensor, formula};

    fn random(keys: usize, hidden: usize) -> (Nade, Vec<f32>) {
        let shapes = [("nade/w_enc", vec![keys, 1, hidden]), ("nade/w_dec_t", vec![keys, hidden, 1])];
        let named = shapes.iter().map(|(name, shape)| (*name, shape.as_slice()));
        let weights = formula::weights(named, 3, &formula::Scales { default: 1.0, patterns: vec![] });
        let nade = Nade::new(&weights, keys, hidden).expect("shapes fit");
        (nade, formula::values("biases", 4, 1.0, hidden + keys))
    }

    #[test]
    fn two_keys_by_hand() {
        let tensor = |shape: [usize; 3], v: &[f32]| Tensor::f32(shape, v.to_vec());
        let weights: Weights = [
            ("nade/w_enc".to_owned(), tensor([2, 1, 1], &[2.0, 9.0])),
            ("nade/w_dec_t".to_owned(), tensor([2, 1, 1], &[4.0, 8.0])),
        ]
        .into_iter()
        .collect();
        let nade = Nade::new(&weights, 2, 1).expect("shapes fit");
        let mut logits = Vec::new();
        nade.walk(&[0.0, 0.5, -1.0], &mut NadeRoom::default(), |_, l| {
            logits.push(l);
            true
        })
        .expect("three biases");
        // The hidden unit is sigmoid(0) at first and sigmoid(2) once the first key sounds.
        assert_eq!(logits[0], 0.5 + 0.5 * 4.0);
        assert!((logits[1] - (-1.0 + 0.880_797 * 8.0)).abs() < 1e-5, "{logits:?}");
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for hidden in [1, 8, 13, 128] {
            let (nade, biases) = random(88, hidden);
            let run = |isa| {
                let mut logits = Vec::new();
                let nade = nade.clone().with_isa(isa);
                nade.walk(&biases, &mut NadeRoom::default(), |_, l| {
                    logits.push(l.to_bits());
                    l > 0.0
                })
                .expect("right biases");
                logits
            };
            for isa in Isa::available() {
                assert_eq!(run(isa), run(Isa::PORTABLE), "{} hidden units on {}", hidden, isa.name());
            }
        }
    }

    #[test]
    fn a_used_room_and_missing_biases_change_nothing() {
        let (nade, biases) = random(12, 5);
        let mut room = NadeRoom::default();
        let mut run = |biases: &[f32]| {
            let mut logits = Vec::new();
            let done = nade.walk(biases, &mut room, |key, l| {
                logits.push(l);
                key % 3 == 0
            });
            done.map(|()| logits)
        };
        let first = run(&biases);
        assert!(run(&biases[1..]).is_err());
        assert_eq!(run(&biases), first);
    }
}
