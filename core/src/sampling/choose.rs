//! Softmax with temperature, drawing by inverse cumulative sum, greedy choice, log-probability.
//!
//! Worker thread. Exponentials and logarithms are our own, so that the same seed chooses the same class on
//! every machine.
use crate::nn::math;

/// Replaces `out` by softmax(logits / temperature). `-inf` logits get exactly 0.
///
/// `temperature` must be above 0; [`greedy`] stands for 0.
pub fn probabilities(logits: &[f32], temperature: f32, out: &mut Vec<f32>) {
    out.clear();
    out.resize(logits.len(), 0.0);
    math::softmax_into(logits, temperature, out);
}

/// The class at `uniform` (0 ≤ u < 1) of the cumulative distribution.
///
/// The sum is taken in f64 and divided by its last value; the class is the number of cumulative values that
/// are at most `uniform`, which is how the reference draws. Classes of probability 0 are never returned.
#[must_use]
pub fn pick(probabilities: &[f32], uniform: f64) -> usize {
    let total: f64 = probabilities.iter().map(|&p| f64::from(p)).sum();
    let mut sum = 0.0f64;
    let mut last = 0;
    for (class, &p) in probabilities.iter().enumerate() {
        sum += f64::from(p);
        if p > 0.0 {
            last = class;
            if sum / total > uniform {
                return class;
            }
        }
    }
    last
}

/// The most likely class; the first of equals.
#[must_use]
pub fn greedy(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = class;
        }
    }
    best
}

/// Natural logarithm of a probability from [`probabilities`]; about −87 stands for 0.
#[must_use]
pub fn log_probability(probabilities: &[f32], class: usize) -> f32 {
    math::ln(probabilities.get(class).copied().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_is_right_sided() {
        let p = [0.25, 0.25, 0.0, 0.5];
        assert_eq!(pick(&p, 0.0), 0);
        assert_eq!(pick(&p, 0.25), 1, "a uniform on a boundary belongs to the next class");
        assert_eq!(pick(&p, 0.5), 3, "a class without probability is skipped");
        assert_eq!(pick(&p, 0.999_999_9), 3);
    }

    #[test]
    fn unnormalised_sums_are_divided_out() {
        assert_eq!(pick(&[0.1, 0.1], 0.49), 0);
        assert_eq!(pick(&[0.1, 0.1], 0.51), 1);
    }

    #[test]
    fn masked_classes_are_never_chosen() {
        let logits = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY];
        let mut p = Vec::new();
        for temperature in [0.01, 1.0, 2.0] {
            probabilities(&logits, temperature, &mut p);
            assert_eq!(p, [0.0, 1.0, 0.0]);
        }
        assert_eq!(greedy(&logits), 1);
    }

    #[test]
    fn low_temperature_approaches_greedy() {
        let logits = [0.3, 0.2, 0.1];
        let mut p = Vec::new();
        probabilities(&logits, 0.005, &mut p);
        assert!(p[0] > 0.999, "{p:?}");
    }

    #[test]
    fn log_probability_is_the_logarithm_of_the_softmax() {
        let logits = [0.5f32, -1.0, 2.0];
        let sum: f64 = logits.iter().map(|&l| f64::from(l).exp()).sum();
        let mut p = Vec::new();
        probabilities(&logits, 1.0, &mut p);
        for (class, &logit) in logits.iter().enumerate() {
            let expected = f64::from(logit) - sum.ln();
            assert!((f64::from(log_probability(&p, class)) - expected).abs() < 1e-6);
        }
    }
}
