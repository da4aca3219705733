//! Beam search over sequences that know their own score.
//!
//! Worker thread. Knows no network: the caller advances sequences by one event. Semantics of the reference
//! implementation: pruning happens before each iteration but the first, ties keep the earlier sequence.

use serde::{Deserialize, Serialize};

/// A candidate of the search.
pub trait Scored: Clone {
    /// Log-likelihood so far; higher is better.
    fn score(&self) -> f32;
}

/// Width and rhythm of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeamOptions {
    /// Sequences kept between iterations, at least 1.
    pub beam: usize,
    /// Copies of each kept sequence, at least 1.
    pub branch: usize,
    /// Events per iteration, at least 1.
    pub steps_per_iteration: usize,
}

impl Default for BeamOptions {
    fn default() -> Self {
        Self { beam: 1, branch: 1, steps_per_iteration: 1 }
    }
}

impl BeamOptions {
    /// Sequences side by side, at least 1.
    #[must_use]
    pub fn width(&self) -> usize {
        self.beam.max(1) * self.branch.max(1)
    }

    /// Whether the best are kept before event `step` of `steps`: before each iteration but the first, which takes
    /// the `(steps − 1) mod s + 1` events that make all others full.
    #[must_use]
    pub fn prunes_before(&self, step: usize, steps: usize) -> bool {
        step > 0 && (steps - step).is_multiple_of(self.steps_per_iteration.max(1))
    }
}

/// Extends `start` by `steps` events and returns the best sequence.
///
/// `advance` appends one event to every sequence it is given and updates their scores. The first iteration
/// takes `(steps − 1) mod s + 1` events so that all others take exactly `s`. Zeros in `options` count as 1.
///
/// # Errors
/// Those of `advance`.
pub fn beam_search<S: Scored, E>(
    start: S,
    steps: usize,
    options: BeamOptions,
    mut advance: impl FnMut(&mut [S]) -> Result<(), E>,
) -> Result<S, E> {
    let beam = options.beam.max(1);
    let branch = options.branch.max(1);
    let stride = options.steps_per_iteration.max(1);
    let mut sequences = vec![start.clone(); beam];
    let mut left = steps;
    let mut now = steps.saturating_sub(1) % stride + 1;
    let mut first = true;
    while left > 0 {
        if !first {
            prune(&mut sequences, beam);
        }
        first = false;
        let kept = sequences.len();
        for copy in kept..kept * branch {
            sequences.push(sequences[copy - kept].clone());
        }
        for _ in 0..now.min(left) {
            advance(&mut sequences)?;
        }
        left -= now.min(left);
        now = stride;
    }
    prune(&mut sequences, 1);
    Ok(sequences.into_iter().next().unwrap_or(start))
}

/// Keeps the `n` highest scores, best first, earlier ones before later ones of the same score.
fn prune<S: Scored>(sequences: &mut Vec<S>, n: usize) {
    sequences.sort_by(|a, b| b.score().total_cmp(&a.score()));
    sequences.truncate(n);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[derive(Clone, Debug, PartialEq)]
    struct Path {
        events: Vec<usize>,
        score: f32,
    }

    impl Scored for Path {
        fn score(&self) -> f32 {
            self.score
        }
    }

    fn empty() -> Path {
        Path { events: Vec::new(), score: 0.0 }
    }

    #[test]
    fn the_best_branch_survives_and_batches_have_the_documented_sizes() {
        let mut sizes = Vec::new();
        let options = BeamOptions { beam: 2, branch: 3, steps_per_iteration: 2 };
        let best = beam_search(empty(), 5, options, |paths| {
            sizes.push(paths.len());
            for (i, path) in paths.iter_mut().enumerate() {
                path.events.push(i);
                path.score += i as f32;
            }
            Ok::<(), Infallible>(())
        });
        assert_eq!(sizes, [6; 5]);
        let best = best.unwrap_or_else(|never| match never {});
        // 5 = 1 + 2 + 2. Copies 5 and 4 (in this order) survive the first event; index 5 is then a copy of the
        // second of them and wins: 4 + 5 + 5 = 14 against 13 for 5 + 4 + 4. Next time index 5 is a copy of the 13.
        assert_eq!(best.events, [5, 4, 4, 5, 5]);
        assert_eq!(best.score, 23.0);
    }

    #[test]
    fn equal_scores_keep_the_earlier_sequence() {
        let options = BeamOptions { beam: 3, branch: 2, steps_per_iteration: 1 };
        let best = beam_search(empty(), 3, options, |paths| {
            for (i, path) in paths.iter_mut().enumerate() {
                path.events.push(i);
            }
            Ok::<(), Infallible>(())
        });
        assert_eq!(best.map(|b| b.events), Ok(vec![0, 0, 0]));
    }

    #[test]
    fn an_error_stops_the_search() {
        let result = beam_search(empty(), 3, BeamOptions::default(), |_| Err("stop"));
        assert_eq!(result, Err("stop"));
    }
}
