//! A mean and how far it can be trusted. Pure; any thread.

use super::Random;
use serde::{Deserialize, Serialize};

/// Resamplings behind an interval.
const ROUNDS: usize = 2000;

/// A mean with its 95 % bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure.
    pub mean: f64,
    /// 2.5 % of resampled means lie below.
    pub low: f64,
    /// 2.5 % of resampled means lie above.
    pub high: f64,
}

/// The ratio of the summed first to the summed second numbers, with a percentile interval from 2,000 resamplings of
/// the groups. A group is what was drawn independently: a generated sample, or a whole piece, whose windows are
/// alike and must not be counted as so many independent observations.
#[must_use]
pub fn bootstrap(groups: &[(f64, f64)], seed: u64) -> Interval {
    let ratio = |sum: (f64, f64)| if sum.1 == 0.0 { 0.0 } else { sum.0 / sum.1 };
    let add = |a: (f64, f64), b: &(f64, f64)| (a.0 + b.0, a.1 + b.1);
    let mean = ratio(groups.iter().fold((0.0, 0.0), add));
    let mut random = Random::new(seed);
    let mut resampled: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            ratio((0..groups.len()).fold((0.0, 0.0), |sum, _| add(sum, &groups[random.below(groups.len())])))
        })
        .collect();
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| resampled[((ROUNDS - 1) as f64 * share).round() as usize];
    Interval { mean, low: at(0.025), high: at(0.975) }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.4} [{:.4}, {:.4}]", self.mean, self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_coin_is_that_of_the_binomial() {
        let flips: Vec<(f64, f64)> = (0..400).map(|i| (f64::from(i % 2), 1.0)).collect();
        let interval = bootstrap(&flips, 1);
        // ± 1.96 · 0.5 / 20 = ± 0.049.
        assert_eq!(interval.mean, 0.5);
        assert!((interval.low - 0.451).abs() < 0.006 && (interval.high - 0.549).abs() < 0.006, "{interval}");
        assert_eq!(bootstrap(&flips, 1), interval);
    }

    #[test]
    fn large_groups_weigh_more_in_the_mean() {
        assert_eq!(bootstrap(&[(1.0, 1.0), (0.0, 3.0)], 1).mean, 0.25);
        assert_eq!(bootstrap(&[], 1).mean, 0.0);
    }
}
