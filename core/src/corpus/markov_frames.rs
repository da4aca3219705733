//! The baseline that a model of piano rolls has to beat: [`Markov`](super::markov::Markov) with whole frames as symbols.
//!
//! Pure and deterministic; any thread. A frame is predicted from the three before it with Witten-Bell smoothing. Most
//! chords of a held-out piece were never heard after the same chords, many never at all; so below the empty context
//! stands no uniform distribution but one that knows the keys: each key by itself, predicted from its own last three
//! states with the same smoothing. That one knows which keys are common and that they sound on.

use super::markov::Nll;
use crate::codec::Frame;
use crate::codec::pianoroll::KEYS;
use std::collections::HashMap;

/// Frames, or states of a key, that are looked at.
const ORDER: usize = 3;

/// An interpolated model of order 3 over frames.
#[derive(Clone, Debug)]
pub struct FrameMarkov {
    keys: Vec<KeyMarkov>,
    /// Every frame of the training pieces.
    numbers: HashMap<Frame, u32>,
    /// How many frames followed a context, and how many different ones.
    contexts: HashMap<u128, (u32, u32)>,
    counts: HashMap<(u128, u32), u32>,
}

/// How often one key was silent and sounded after each context: none, its last state, its last two, its last three.
#[derive(Clone, Copy, Debug, Default)]
struct KeyMarkov([[u32; 2]; (1 << (ORDER + 1)) - 1]);

/// Witten-Bell: `p` is the probability after the shorter context.
fn smoothed(count: u32, (total, kinds): (u32, u32), p: f64) -> f64 {
    (f64::from(count) + f64::from(kinds) * p) / f64::from(total + kinds)
}

impl KeyMarkov {
    /// Places of the contexts of one key, shortest first; `history` holds whole frames.
    fn contexts(history: &[Frame], key: u8) -> impl Iterator<Item = usize> {
        let longest = ORDER.min(history.len());
        (0..=longest).map(move |length| {
            let states = history[history.len() - length..].iter();
            states.fold(1, |place, frame| 2 * place + usize::from(frame.contains(key))) - 1
        })
    }

    fn probability(&self, history: &[Frame], key: u8, sounds: bool) -> f64 {
        Self::contexts(history, key).fold(0.5, |p, place| {
            let [silent, sounding] = self.0[place];
            let (total, kinds) = (silent + sounding, u32::from(silent > 0) + u32::from(sounding > 0));
            if total == 0 { p } else { smoothed(self.0[place][usize::from(sounds)], (total, kinds), p) }
        })
    }
}

impl FrameMarkov {
    /// Counts within each piece; at a piece's start the context is as long as what there is.
    pub fn train<'a>(pieces: impl IntoIterator<Item = &'a [Frame]>) -> Self {
        let mut model = Self {
            keys: vec![KeyMarkov::default(); KEYS],
            numbers: HashMap::new(),
            contexts: HashMap::new(),
            counts: HashMap::new(),
        };
        for piece in pieces {
            for (i, &frame) in piece.iter().enumerate() {
                let history = &piece[..i];
                for (key, counts) in (0..).zip(&mut model.keys) {
                    for place in KeyMarkov::contexts(history, key) {
                        counts.0[place][usize::from(frame.contains(key))] += 1;
                    }
                }
                let next = u32::try_from(model.numbers.len()).unwrap_or(u32::MAX);
                let number = *model.numbers.entry(frame).or_insert(next);
                for length in 0..=ORDER.min(i) {
                    let Some(context) = model.context(&history[i - length..]) else { break };
                    let count = model.counts.entry((context, number)).or_default();
                    *count += 1;
                    let first = *count == 1;
                    let (total, kinds) = model.contexts.entry(context).or_default();
                    *total += 1;
                    *kinds += u32::from(first);
                }
            }
        }
        model
    }

    /// Up to three known frames and their number as one word.
    fn context(&self, frames: &[Frame]) -> Option<u128> {
        frames.iter().try_fold(frames.len() as u128, |word, frame| {
            Some(word << 32 | u128::from(*self.numbers.get(frame)?))
        })
    }

    /// Probability of `next` after `history` (the whole piece so far; only its end is looked at).
    #[must_use]
    pub fn probability(&self, history: &[Frame], next: Frame) -> f64 {
        let keys = (0..).zip(&self.keys);
        let mut p: f64 =
            keys.map(|(key, counts)| counts.probability(history, key, next.contains(key))).product();
        let number = self.numbers.get(&next);
        for length in 0..=ORDER.min(history.len()) {
            let context = self.context(&history[history.len() - length..]);
            let Some((context, found)) = context.and_then(|c| Some((c, *self.contexts.get(&c)?))) else {
                break;
            };
            let count = number.and_then(|&n| self.counts.get(&(context, n))).copied().unwrap_or(0);
            p = smoothed(count, found, p);
        }
        p
    }

    /// Mean negative log-likelihood over all frames of all pieces.
    pub fn nll<'a>(&self, pieces: impl IntoIterator<Item = &'a [Frame]>) -> Nll {
        let (mut sum, mut steps) = (0.0, 0);
        for piece in pieces {
            for (i, &frame) in piece.iter().enumerate() {
                sum -= self.probability(&piece[..i], frame).max(f64::MIN_POSITIVE).ln();
            }
            steps += piece.len();
        }
        Nll { per_step: sum / steps.max(1) as f64, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(keys: &[&[u8]]) -> Vec<Frame> {
        keys.iter().map(|keys| keys.iter().copied().collect()).collect()
    }

    #[test]
    fn both_smoothings_follow_the_formula_by_hand() {
        // Silence, key 5, silence, key 5.
        let piece = frames(&[&[], &[5], &[], &[5]]);
        let model = FrameMarkov::train([piece.as_slice()]);
        // The other keys are never heard: 4 of 4 silent, one kind, half below.
        let other = ((4.0 + 0.5) / 5.0_f64).powi(87);
        // Key 5 at a start: 2 of 4, two kinds.
        let five = (2.0 + 2.0 * 0.5) / 6.0;
        // Whole frames at a start: 2 of 4, two kinds.
        let expected = (2.0 + 2.0 * (five * other)) / 6.0;
        assert!((model.probability(&[], piece[1]) - expected).abs() < 1e-12);
        // A chord never heard has what the keys leave it.
        let sounds = (0.0 + 0.5) / 5.0;
        let expected = 2.0 * (five * other / (4.5 / 5.0) * sounds) / 6.0;
        assert!((model.probability(&[], frames(&[&[5, 6]])[0]) - expected).abs() < 1e-12);
        // After silence key 5 came twice of two times, alone of its kind.
        let silent = ((3.0 + 4.5 / 5.0) / 4.0_f64).powi(87);
        let keys = (2.0 + five) / 3.0 * silent;
        let expected = (2.0 + (2.0 + 2.0 * keys) / 6.0) / 3.0;
        assert!((model.probability(&piece[..1], piece[1]) - expected).abs() < 1e-12);
    }

    #[test]
    fn probabilities_sum_to_one_over_the_chords_of_three_keys() {
        let states = [0b001, 0b011, 0b011, 0b110, 0b000, 0b101, 0b011, 0b011, 0b010];
        let frame = |set: u128| Frame::from_label(set).unwrap_or_default();
        let piece: Vec<Frame> = states.into_iter().map(frame).collect();
        let model = FrameMarkov::train([piece.as_slice()]);
        // What is left for chords with keys that were never heard.
        for end in 0..piece.len() {
            let history = &piece[..end];
            let known: f64 = (0..8).map(|set| model.probability(history, frame(set))).sum();
            let other: f64 =
                (3..88).map(|key| model.keys[usize::from(key)].probability(history, key, false)).product();
            let mut left = 1.0 - other;
            for length in 0..=ORDER.min(end) {
                let Some(context) = model.context(&history[end - length..]) else { break };
                let Some(&(total, kinds)) = model.contexts.get(&context) else { break };
                left *= f64::from(kinds) / f64::from(total + kinds);
            }
            assert!((known + left - 1.0).abs() < 1e-12, "{end}: {known} and {left}");
        }
    }

    #[test]
    fn the_mean_is_taken_over_steps() {
        let piece = frames(&[&[], &[5]]);
        let model = FrameMarkov::train([piece.as_slice()]);
        let nll = model.nll([piece.as_slice(), &piece[..1]]);
        let p = |history: &[Frame], next| model.probability(history, next).ln();
        let sum = 2.0 * p(&[], piece[0]) + p(&piece[..1], piece[1]);
        assert!((nll.per_step + sum / 3.0).abs() < 1e-12);
        assert_eq!(nll.steps, 3);
    }
}
