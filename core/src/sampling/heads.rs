//! [`Heads`]: softmax, drawing and likelihood for an output that is cut into several softmaxes.
//!
//! Worker thread. Classes of several heads are one number, see [`join_heads`](crate::codec::encoding::join_heads);
//! with one head everything is as without heads.
use super::{greedy, log_probability, pick};
use crate::nn::math;
use std::ops::Range;

/// Widths of the softmaxes of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads(Vec<usize>);

impl Heads {
    /// Heads of these widths, in the order of the logits.
    #[must_use]
    pub fn new(widths: Vec<usize>) -> Self {
        Self(widths)
    }

    /// Whether there is only one.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// The logits of each head.
    fn ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.0.iter().scan(0, |end, width| {
            let start = *end;
            *end += width;
            Some(start..*end)
        })
    }

    /// Replaces `out` by the softmax of each head.
    pub fn probabilities(&self, logits: &[f32], temperature: f32, out: &mut Vec<f32>) {
        out.clear();
        out.resize(logits.len(), 0.0);
        for range in self.ranges() {
            math::softmax_into(&logits[range.clone()], temperature, &mut out[range]);
        }
    }

    /// Natural logarithm of a class's probability: the sum over the heads.
    #[must_use]
    pub fn log_probability(&self, probabilities: &[f32], mut class: usize) -> f32 {
        let mut end = probabilities.len();
        let mut sum = 0.0;
        for &width in self.0.iter().rev() {
            sum += log_probability(&probabilities[end - width..end], class % width);
            class /= width;
            end -= width;
        }
        sum
    }

    /// The class at one uniform per head, asked for in order; `each` is told every head's own class.
    #[must_use]
    pub fn pick(
        &self,
        probabilities: &[f32],
        mut uniform: impl FnMut(u64) -> f64,
        mut each: impl FnMut(usize),
    ) -> usize {
        let mut joint = 0;
        for (head, range) in (0..).zip(self.ranges()) {
            let width = range.len();
            let class = pick(&probabilities[range], uniform(head));
            each(class);
            joint = joint * width + class;
        }
        joint
    }

    /// The most likely class of each head.
    #[must_use]
    pub fn greedy(&self, logits: &[f32]) -> usize {
        self.ranges().fold(0, |joint, range| joint * range.len() + greedy(&logits[range]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoding::{join_heads, split_heads};

    #[test]
    fn heads_are_independent() {
        let heads = Heads::new(vec![2, 3]);
        let logits = [0.0, 1.0, 2.0, 0.0, 0.0];
        let mut p = Vec::new();
        heads.probabilities(&logits, 1.0, &mut p);
        assert!((p[..2].iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((p[2..].iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(split_heads(heads.greedy(&logits), &[2, 3]), [1, 0]);
        let mut each = Vec::new();
        let class = heads.pick(&p, |head| [0.1, 0.99][head as usize], |c| each.push(c));
        assert_eq!((class, &each[..]), (join_heads(&[0, 2], &[2, 3]), &[0, 2][..]));
        let expected = p[0].ln() + p[4].ln();
        assert!((heads.log_probability(&p, class) - expected).abs() < 1e-5);
    }

    #[test]
    fn one_head_is_the_plain_softmax() {
        let logits = [0.5, -1.0, 2.0];
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        let heads = Heads::new(vec![3]);
        heads.probabilities(&logits, 0.7, &mut ours);
        crate::sampling::probabilities(&logits, 0.7, &mut plain);
        assert_eq!(ours, plain);
        assert_eq!(heads.log_probability(&ours, 2), log_probability(&plain, 2));
        assert_eq!(heads.pick(&ours, |_| 0.3, |_| {}), pick(&plain, 0.3));
    }
}
