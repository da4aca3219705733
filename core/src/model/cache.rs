//! Continuous cache: what was played after moments like this one becomes likelier to be played again.
//!
//! Worker thread; part of a take's state. Source: Grave, Joulin, Usunier, "Improving Neural Language Models with a
//! Continuous Cache", ICLR 2017. Differences: similarity is the squared distance of the top layer's outputs, only
//! moments a whole number of beats back are compared, and the cache has a say only as far as it found any that are
//! alike. A card switches it on; published weights never have one. Sums run in one fixed order without fused
//! operations, so the bits are the same on every machine.
use crate::nn::math;
use crate::sampling::greedy;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a model uses its cache. Chosen on validation pieces, stored in the card.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CacheParams {
    /// Most of the probability that the cache may decide, below 1.
    pub share: f32,
    /// Weight of a remembered moment is e^(−`sharpness` · squared distance).
    pub sharpness: f32,
    /// Sum of weights at which the cache has half of its share.
    pub evidence: f32,
    /// Steps between the moments that are compared: a beat.
    pub stride: usize,
    /// Moments are forgotten after this many steps.
    pub window: usize,
}

impl CacheParams {
    /// Whether the values are possible; they may come from a file.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        (0.0..1.0).contains(&self.share)
            && (0.0..=1e3).contains(&self.sharpness)
            && self.evidence > 0.0
            && self.evidence <= 1e6
            && (1..=64).contains(&self.stride)
            && (self.stride..=4096).contains(&self.window)
    }
}

/// The remembered moments of one take: the network's output before an event, and the event's class.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    params: CacheParams,
    /// Ring of outputs, at most `window`. Takes that go on from the same past share it: the widest search writes a
    /// thousand of them.
    outputs: Vec<Arc<[f32]>>,
    /// Class of the event that followed each.
    classes: Vec<u32>,
    /// Moments so far; the newest is `count − 1`, at ring row `(count − 1) % window`.
    count: usize,
    /// Summed weight of each class that was found; room, empty between calls.
    found: Vec<(u32, f32)>,
    probabilities: Vec<f32>,
}

impl Cache {
    pub(super) fn new(params: CacheParams) -> Self {
        let (outputs, classes) = (Vec::new(), Vec::new());
        Self { params, outputs, classes, count: 0, found: Vec::new(), probabilities: Vec::new() }
    }

    /// Remembers that an event of `class`, one of the network's, followed where its output was `output`.
    pub(super) fn push(&mut self, output: &[f32], class: usize) {
        let class = u32::try_from(class).unwrap_or(u32::MAX);
        let row = self.count % self.params.window;
        if row == self.classes.len() {
            self.outputs.push(output.into());
            self.classes.push(class);
        } else {
            self.outputs[row] = output.into();
            self.classes[row] = class;
        }
        self.count += 1;
    }

    /// Replaces the logits of the next event, where the network's output is `output`, by those of the mixture.
    pub(super) fn mix(&mut self, output: &[f32], logits: &mut [f32]) {
        let CacheParams { share, sharpness, evidence, stride, window } = self.params;
        let mut total = 0.0;
        for back in (stride..=self.count.min(window)).step_by(stride) {
            let row = (self.count - back) % window;
            let weight = math::exp(-sharpness * squared_distance(&self.outputs[row], output));
            total += weight;
            let class = self.classes[row];
            match self.found.iter_mut().find(|(c, _)| *c == class) {
                Some((_, sum)) => *sum += weight,
                None => self.found.push((class, weight)),
            }
        }
        let lambda = share * total / (total + evidence);
        if lambda > 0.0 {
            self.probabilities.resize(logits.len(), 0.0);
            math::softmax_into(logits, 1.0, &mut self.probabilities);
            let best = greedy(logits);
            // Logits are log-probabilities plus this.
            let offset = logits[best] - math::ln(self.probabilities[best]);
            let kept = math::ln(1.0 - lambda);
            logits.iter_mut().for_each(|l| *l += kept);
            for &(class, sum) in &self.found {
                let class = class as usize;
                let p = (1.0 - lambda) * self.probabilities[class] + lambda * (sum / total);
                logits[class] = offset + math::ln(p);
            }
        }
        self.found.clear();
    }
}

/// Σ (a − b)² over `b`'s length, in eight partial sums.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, b) = (a[..b.len()].chunks(8), b.chunks(8));
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: CacheParams =
        CacheParams { share: 0.5, sharpness: 1.0, evidence: 1.0, stride: 2, window: 4 };

    fn softmax(logits: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; logits.len()];
        math::softmax_into(logits, 1.0, &mut out);
        out
    }

    fn near(a: &[f32], b: &[f32]) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
    }

    #[test]
    fn mixture_by_hand() {
        let mut cache = Cache::new(PARAMS);
        // Two steps back the output was 1, and class 2 followed; one step back does not count.
        cache.push(&[1.0], 2);
        cache.push(&[0.0], 0);
        let mut logits = [0.0; 4];
        cache.mix(&[0.0], &mut logits);
        // Weight e^-1 of a distance of 1; share 0.5 · w / (w + 1).
        let w = (-1.0f32).exp();
        let lambda = 0.5 * w / (w + 1.0);
        let rest = (1.0 - lambda) * 0.25;
        near(&softmax(&logits), &[rest, rest, rest + lambda, rest]);
    }

    #[test]
    fn an_empty_cache_changes_nothing() {
        let mut cache = Cache::new(PARAMS);
        let mut logits = [0.5, -1.0];
        cache.mix(&[0.0], &mut logits);
        assert_eq!(logits, [0.5, -1.0]);
    }

    #[test]
    fn moments_are_forgotten_after_the_window() {
        let mut cache = Cache::new(PARAMS);
        for class in [3, 1, 2, 1, 2, 1] {
            cache.push(&[0.0], class);
        }
        let mut logits = [0.0; 4];
        cache.mix(&[0.0], &mut logits);
        let p = softmax(&logits);
        // Two moments of class 2, two and four steps back: λ = 0.5 · 2 / 3. The first one is gone.
        near(&p, &[1.0 / 6.0, 1.0 / 6.0, 0.5, 1.0 / 6.0]);
    }

    #[test]
    fn a_class_that_the_network_excludes_comes_back_finite() {
        let mut cache = Cache::new(PARAMS);
        cache.push(&[0.0], 1);
        cache.push(&[0.0], 1);
        let mut logits = [0.0, -200.0];
        cache.mix(&[0.0], &mut logits);
        assert!(logits.iter().all(|l| l.is_finite()), "{logits:?}");
        near(&softmax(&logits), &[0.75, 0.25]);
    }
}
