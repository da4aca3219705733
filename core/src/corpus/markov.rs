//! The baseline a network has to beat: an interpolated Markov model with Witten-Bell smoothing.
//!
//! Pure and deterministic; any thread. Source of the smoothing: Witten and Bell, "The zero-frequency problem",
//! 1991, in the interpolated form of Chen and Goodman, 1998, equation 18.

use std::collections::HashMap;

/// An interpolated model of a given order over the symbols `0..alphabet`.
///
/// With `c(h, s)` the count of symbol `s` after context `h`, `n(h)` their sum and `t(h)` the number of different
/// symbols after `h`: `p(s | h) = (c(h, s) + t(h) · p(s | h')) / (n(h) + t(h))`, where `h'` is `h` without its
/// oldest symbol; below the empty context stands the uniform distribution.
#[derive(Clone, Debug)]
pub struct Markov {
    order: usize,
    alphabet: usize,
    contexts: HashMap<u64, Context>,
    counts: HashMap<(u64, u16), u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Context {
    total: u32,
    kinds: u32,
}

/// Mean negative log-likelihood of held-out pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nll {
    /// Nats per step.
    pub per_step: f64,
    /// Steps it is the mean of.
    pub steps: usize,
}

impl Markov {
    /// Counts the contexts of up to `order` (at most 3) previous symbols within each piece; at a piece's start the
    /// context is as long as what there is.
    pub fn train<'a>(order: usize, alphabet: usize, pieces: impl IntoIterator<Item = &'a [u16]>) -> Self {
        let order = order.min(3);
        let mut model =
            Self { order, alphabet: alphabet.max(1), contexts: HashMap::new(), counts: HashMap::new() };
        for piece in pieces {
            for (i, &symbol) in piece.iter().enumerate() {
                for length in 0..=order.min(i) {
                    let key = key(&piece[i - length..i]);
                    let count = model.counts.entry((key, symbol)).or_default();
                    *count += 1;
                    let first = *count == 1;
                    let context = model.contexts.entry(key).or_default();
                    context.total += 1;
                    context.kinds += u32::from(first);
                }
            }
        }
        model
    }

    /// Probability of `next` after `history` (the whole piece so far; only its end is looked at).
    #[must_use]
    pub fn probability(&self, history: &[u16], next: u16) -> f64 {
        let mut p = 1.0 / self.alphabet as f64;
        for length in 0..=self.order.min(history.len()) {
            let key = key(&history[history.len() - length..]);
            let Some(context) = self.contexts.get(&key) else { break };
            let count = self.counts.get(&(key, next)).copied().unwrap_or(0);
            let kinds = f64::from(context.kinds);
            p = (f64::from(count) + kinds * p) / (f64::from(context.total) + kinds);
        }
        p
    }

    /// Mean negative log-likelihood over all steps of all pieces, but the first `given` of each: those are only
    /// looked at, as a network that has to be started looks at them.
    pub fn nll<'a>(&self, pieces: impl IntoIterator<Item = &'a [u16]>, given: usize) -> Nll {
        let (mut sum, mut steps) = (0.0, 0);
        for piece in pieces {
            for i in given..piece.len() {
                sum -= self.probability(&piece[..i], piece[i]).ln();
            }
            steps += piece.len().saturating_sub(given);
        }
        Nll { per_step: sum / steps.max(1) as f64, steps }
    }
}

/// Up to three 16-bit symbols and their number as one word.
fn key(context: &[u16]) -> u64 {
    context.iter().fold(context.len() as u64, |key, &s| key << 16 | u64::from(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_follows_the_formula_by_hand() {
        // "0 1 0 1 1" over three symbols. Empty context: counts 2, 3, 0; n = 5, t = 2; uniform 1/3.
        let model = Markov::train(1, 3, [[0, 1, 0, 1, 1].as_slice()]);
        let zero = (2.0 + 2.0 / 3.0) / 7.0;
        let one = (3.0 + 2.0 / 3.0) / 7.0;
        assert!((model.probability(&[], 0) - zero).abs() < 1e-15);
        assert!((model.probability(&[], 2) - 2.0 / 21.0).abs() < 1e-15);
        // After 0 always 1: n = 2, t = 1.
        assert!((model.probability(&[0], 1) - (2.0 + one) / 3.0).abs() < 1e-15);
        // After 1: 0 once, 1 once; n = 2, t = 2. Older history does not count at order 1.
        assert!((model.probability(&[2, 2, 1], 0) - (1.0 + 2.0 * zero) / 4.0).abs() < 1e-15);
        // After the never-seen 2: the empty context.
        assert!((model.probability(&[2], 0) - zero).abs() < 1e-15);
    }

    #[test]
    fn probabilities_sum_to_one_after_any_history() {
        let piece: Vec<u16> = (0..200_u16).map(|i| (i * i + i / 7) % 11).collect();
        let model = Markov::train(3, 12, [piece.as_slice()]);
        for end in 0..piece.len() {
            let sum: f64 = (0..12).map(|s| model.probability(&piece[..end], s)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{end}: {sum}");
        }
    }

    #[test]
    fn the_mean_is_taken_over_steps_not_pieces() {
        let model = Markov::train(0, 2, [[0, 0, 0, 1].as_slice()]);
        let nll = model.nll([[0, 0].as_slice(), &[1]], 0);
        let p = |s| model.probability(&[], s).ln();
        assert!((nll.per_step + (2.0 * p(0) + p(1)) / 3.0).abs() < 1e-15);
        assert_eq!(nll.steps, 3);
        let rest = model.nll([[1, 0].as_slice(), &[1]], 1);
        assert_eq!((rest.per_step, rest.steps), (-p(0), 1));
    }
}
