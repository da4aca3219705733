//! What a step of the output costs and how the outputs should move (`spec/vae.md` §5.6). Runs on the thread that trains.

use crate::op::softmax_gradient;
use descant_core::model::music_vae::{Head, Steps};

/// Keeps the logarithm of a hit's probability finite, as published.
const EPSILON: f32 = 1e-7;

/// What one step gave.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Nats, and squared errors.
    pub loss: f32,
    /// Parts (classes; hits) that were the most likely.
    pub right: usize,
    /// Parts.
    pub parts: usize,
}

/// The loss of step `step` of `target`; turns the network's outputs `row` into `share` times their gradient.
pub(super) fn gradient(head: &Head, target: &Steps, step: usize, row: &mut [f32], share: f32) -> Found {
    let mut found = Found::default();
    match (head, target) {
        (Head::Categorical(widths), Steps::Classes(blocks)) => {
            let mut rest = row;
            for (&width, classes) in widths.iter().zip(blocks) {
                let (logits, behind) = rest.split_at_mut(width);
                let class = classes[step] as usize;
                found.right += usize::from(logits.iter().all(|&l| l <= logits[class]));
                found.parts += 1;
                found.loss += softmax_gradient(logits, class, share);
                rest = behind;
            }
        }
        (Head::Groove { drums }, Steps::Rows { values, width }) => {
            for (i, (y, &t)) in row.iter_mut().zip(&values[step * width..(step + 1) * width]).enumerate() {
                let x = *y;
                let p = 1.0 / (1.0 + (-x).exp());
                let (loss, slope) = match i / drums {
                    0 => {
                        found.right += usize::from((x > 0.0) == (t > 0.5));
                        found.parts += 1;
                        let (hit, none) = (p + EPSILON, 1.0 - p + EPSILON);
                        let slope = ((1.0 - t) / none - t / hit) * p * (1.0 - p);
                        (-t * hit.ln() - (1.0 - t) * none.ln(), slope)
                    }
                    1 => ((p - t).powi(2), 2.0 * (p - t) * p * (1.0 - p)),
                    _ => {
                        let o = x.tanh();
                        ((o - t).powi(2), 2.0 * (o - t) * (1.0 - o * o))
                    }
                };
                found.loss += loss;
                *y = share * slope;
            }
        }
        _ => {}
    }
    found
}

/// A class drawn from logits.
pub(super) fn draw(logits: &[f32], uniform: f32) -> u32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = logits.iter().map(|l| (l - top).exp()).collect();
    let mut left = uniform * weights.iter().sum::<f32>();
    for (class, weight) in (0..).zip(&weights) {
        left -= weight;
        if left < 0.0 {
            return class;
        }
    }
    weights.len().saturating_sub(1) as u32
}
