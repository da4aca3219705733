//! A NADE over many frames at once (`spec/rnn.md` §8.6), forward and backward, on plain slices.
//!
//! The hidden units of a frame change only where a key sounds, so a frame needs one set of units for the keys up to and
//! with its lowest, one more for those up to the next, and so on: a chord of four takes five sets and not 88. All sets of
//! a stretch are rows of one matrix, and logits and gradients are products of whole matrices. Matrices are row-major, one
//! row per key. Runs on the thread that trains; the same chain, a frame at a time, is `descant_core::nn::Nade`.

use crate::matrix::{Mat, product, sigmoid, vectorised};
use descant_core::codec::Frame;
use descant_core::codec::pianoroll::KEYS;

/// Keeps the logarithm of a probability finite.
const EPSILON: f32 = 1e-6;

/// The variables, `[KEYS, hidden]` each.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// Key → hidden units.
    pub encode: &'a [f32],
    /// Hidden units → key.
    pub decode: &'a [f32],
}

impl Parameters<'_> {
    fn hidden(&self) -> usize {
        self.encode.len() / KEYS
    }
}

/// The keys `from..to` of a row, decided by one set of hidden units. If `from` is above 0, key `from - 1` sounds.
#[derive(Clone, Copy, Debug)]
struct Span {
    row: usize,
    from: usize,
    to: usize,
    /// Whether key `to - 1` sounds. The others do not.
    struck: bool,
}

/// What a forward pass leaves behind.
#[derive(Clone, Debug)]
pub struct Tape {
    /// Negative log-likelihood of each frame, nats; 0 for rows without a share.
    pub nll: Vec<f32>,
    /// Whether every key of a frame was the likelier way, given those below it.
    pub right: Vec<bool>,
    spans: Vec<Span>,
    /// Hidden units, `[spans, hidden]`.
    units: Vec<f32>,
    /// Gradient of the weighted mean with respect to the logits, `[spans, KEYS]`, 0 outside the spans.
    d_logits: Vec<f32>,
}

/// Gradients of the weighted mean.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// `[rows, hidden + KEYS]`.
    pub biases: Vec<f32>,
    /// `[KEYS, hidden]`.
    pub encode: Vec<f32>,
    /// `[KEYS, hidden]`.
    pub decode: Vec<f32>,
}

/// Scores `frames` given `biases` (`[rows, hidden + KEYS]`: those of the hidden units first). Row `r` counts `share[r]`
/// times in the mean; a share of 0 leaves it out.
///
/// # Panics
/// If there are fewer biases or shares than frames.
#[must_use]
pub fn forward(parameters: Parameters<'_>, biases: &[f32], frames: &[Frame], share: &[f32]) -> Tape {
    let (rows, hidden) = (frames.len(), parameters.hidden());
    let width = hidden + KEYS;
    let (mut spans, mut units) = (Vec::new(), Vec::new());
    let mut sums = vec![0.0; hidden];
    for (row, frame) in frames.iter().enumerate().filter(|(row, _)| share[*row] > 0.0) {
        sums.copy_from_slice(&biases[row * width..][..hidden]);
        let mut from = 0;
        for key in frame.keys().map(usize::from) {
            spans.push(Span { row, from, to: key + 1, struck: true });
            units.extend_from_slice(&sums);
            let encode = &parameters.encode[key * hidden..][..hidden];
            sums.iter_mut().zip(encode).for_each(|(sum, weight)| *sum += weight);
            from = key + 1;
        }
        if from < KEYS {
            spans.push(Span { row, from, to: KEYS, struck: false });
            units.extend_from_slice(&sums);
        }
    }
    vectorised(|| units.iter_mut().for_each(|v| *v = sigmoid(*v)));
    let mut logits = vec![0.0; spans.len() * KEYS];
    let decode = Mat::new(parameters.decode, KEYS, hidden).t();
    product(&mut logits, Mat::new(&units, spans.len(), hidden), decode, false);

    let total = share.iter().sum::<f32>().max(1.0);
    let (mut nll, mut right) = (vec![0.0; rows], vec![true; rows]);
    for (span, logits) in spans.iter().zip(logits.chunks_exact_mut(KEYS)) {
        let &Span { row, from, to, struck } = span;
        let visible = &biases[row * width + hidden..][from..to];
        logits[..from].fill(0.0);
        logits[to..].fill(0.0);
        let logits = &mut logits[from..to];
        // Probabilities of a key that sounds.
        vectorised(|| logits.iter_mut().zip(visible).for_each(|(l, bias)| *l = sigmoid(*l + bias)));
        let scale = share[row] / total;
        let last = if struck { to - from - 1 } else { KEYS };
        for (i, p) in logits.iter_mut().enumerate() {
            let sounds = i == last;
            let q = if sounds { *p } else { 1.0 - *p };
            nll[row] -= (EPSILON + q).ln();
            right[row] &= q > 0.5;
            let slope = scale * q * (1.0 - q) / (EPSILON + q);
            *p = if sounds { -slope } else { slope };
        }
    }
    Tape { nll, right, spans, units, d_logits: logits }
}

/// Gradients after [`forward`].
#[must_use]
pub fn backward(parameters: Parameters<'_>, tape: &Tape) -> Gradients {
    let Tape { spans, units, d_logits, nll, .. } = tape;
    let (rows, hidden, count) = (nll.len(), parameters.hidden(), spans.len());
    let width = hidden + KEYS;
    let d_logits = Mat::new(d_logits, count, KEYS);
    let mut d_sums = vec![0.0; count * hidden];
    product(&mut d_sums, d_logits, Mat::new(parameters.decode, KEYS, hidden), false);
    vectorised(|| d_sums.iter_mut().zip(units).for_each(|(d, u)| *d *= u * (1.0 - u)));
    let mut decode = vec![0.0; KEYS * hidden];
    product(&mut decode, d_logits.t(), Mat::new(units, count, hidden), false);

    let (mut biases, mut encode) = (vec![0.0; rows * width], vec![0.0; KEYS * hidden]);
    // From the last span of a row to its first: what a key gives to all spans above it.
    let mut above = vec![0.0; hidden];
    for (s, &Span { row, from, to, .. }) in spans.iter().enumerate().rev() {
        biases[row * width + hidden..][from..to].copy_from_slice(&tape.d_logits[s * KEYS..][from..to]);
        above.iter_mut().zip(&d_sums[s * hidden..]).for_each(|(sum, d)| *sum += d);
        if from > 0 {
            let encode = &mut encode[(from - 1) * hidden..][..hidden];
            encode.iter_mut().zip(&above).for_each(|(d, sum)| *d += sum);
        } else {
            biases[row * width..][..hidden].copy_from_slice(&above);
            above.fill(0.0);
        }
    }
    Gradients { biases, encode, decode }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    const HIDDEN: usize = 3;
    const WIDTH: usize = HIDDEN + KEYS;

    /// Silence, a chord with the lowest and the highest key, padding, and one key.
    fn frames() -> (Vec<Frame>, [f32; 4]) {
        let frames = [vec![], vec![0, 40, 44, 87], vec![7], vec![60]];
        (frames.into_iter().map(|keys| keys.into_iter().collect()).collect(), [1.0, 1.0, 0.0, 0.5])
    }

    fn random() -> [Vec<f32>; 3] {
        let mut rng = Rng(9);
        [4 * WIDTH, KEYS * HIDDEN, KEYS * HIDDEN]
            .map(|count| (0..count).map(|_| 2.0 * rng.uniform() - 1.0).collect())
    }

    fn loss([biases, encode, decode]: &[Vec<f32>; 3]) -> f64 {
        let (frames, share) = frames();
        let tape = forward(Parameters { encode, decode }, biases, &frames, &share);
        let sum: f64 = tape.nll.iter().zip(share).map(|(&nll, share)| f64::from(nll * share)).sum();
        sum / 2.5
    }

    /// Biases of half a nat and no weights: every key has the same chance, whatever sounds below it.
    #[test]
    fn without_weights_a_frame_is_so_many_coins() {
        let (frames, share) = frames();
        let none = [0.0; KEYS * HIDDEN];
        let tape = forward(Parameters { encode: &none, decode: &none }, &[-1.0; 4 * WIDTH], &frames, &share);
        let (on, off) = (1.313_261_7_f32, 0.313_261_7_f32);
        let expected = [88.0 * off, 84.0 * off + 4.0 * on, 0.0, 87.0 * off + on];
        tape.nll.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-3, "{a} and {b}"));
        assert_eq!((tape.right[0], tape.right[1]), (true, false));
    }

    #[test]
    fn gradients_are_the_slopes_of_the_loss() {
        let parameters = random();
        let (frames, share) = frames();
        let [biases, encode, decode] = &parameters;
        let p = Parameters { encode, decode };
        let found = backward(p, &forward(p, biases, &frames, &share));
        let found = [found.biases, found.encode, found.decode];
        for (which, gradient) in found.iter().enumerate() {
            for i in (0..gradient.len()).step_by(5).chain([0, 2 * WIDTH, 87 * HIDDEN, gradient.len() - 1]) {
                const STEP: f32 = 1e-2;
                let at = |by: f32| {
                    let mut moved = parameters.clone();
                    moved[which][i] += by;
                    loss(&moved)
                };
                let slope = (at(STEP) - at(-STEP)) / (2.0 * f64::from(STEP));
                let gap = (slope - f64::from(gradient[i])).abs();
                assert!(gap < 2e-4 + 2e-3 * slope.abs(), "{which}, {i}: {slope} and {}", gradient[i]);
            }
        }
    }
}
