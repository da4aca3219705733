//! Whether a continuation keeps to the piece it continues. Pure; any thread.

use super::{Style, normalised};

/// Where in the bar notes begin, and how many.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Share of onsets per step of the bar; zeros when there is none.
    pub positions: Vec<f64>,
    /// Onsets per bar, at least 1/16 so that its logarithm exists.
    pub density: f64,
}

impl Profile {
    /// The profile of some music in stretches that begin on a bar line.
    pub fn of<'a, S: Style>(style: S, music: impl IntoIterator<Item = &'a [S::Step]>) -> Self
    where
        S::Step: 'a,
    {
        let bar = style.bar();
        let mut positions = vec![0.0; bar];
        let mut steps = 0;
        for part in music {
            for (at, &step) in part.iter().enumerate() {
                positions[at % bar] += f64::from(style.onsets(step));
            }
            steps += part.len();
        }
        let onsets: f64 = positions.iter().sum();
        let density = (onsets * bar as f64 / steps.max(1) as f64).max(1.0 / 16.0);
        Self { positions: normalised(positions), density }
    }

    /// L1 distance of the position histograms plus the absolute logarithm of the density ratio.
    #[must_use]
    pub fn distance(&self, other: &Self) -> f64 {
        let l1: f64 = self.positions.iter().zip(&other.positions).map(|(a, b)| (a - b).abs()).sum();
        l1 + (self.density / other.density).ln().abs()
    }
}

/// One held-out primer with what the piece, the model with it and the model without it play next.
#[derive(Clone, Debug)]
pub struct Continuation<T = u16> {
    /// The piece's profile without the bars that `real` holds: what those bars are compared with must not contain
    /// them.
    pub own: Profile,
    /// The bars that follow in the piece.
    pub real: Vec<T>,
    /// The model's continuation of the primer, without it.
    pub written: Vec<T>,
    /// As many bars that the model wrote from nothing.
    pub unprimed: Vec<T>,
}

/// Shares of continuations that are nearer to their own piece than to the mean of the corpus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrimerScore {
    /// Of the model's continuations.
    pub written: f64,
    /// Of the true ones.
    pub real: f64,
    /// Of bars written without the primer.
    pub unprimed: f64,
    /// Primers.
    pub cases: usize,
}

/// Compares every case with its own piece and with the corpus.
#[must_use]
pub fn keeps_to_primer<S: Style>(style: S, corpus: &Profile, cases: &[Continuation<S::Step>]) -> PrimerScore {
    let share = |pick: fn(&Continuation<S::Step>) -> &[S::Step]| {
        let near = |case: &&Continuation<S::Step>| {
            let profile = Profile::of(style, [pick(case)]);
            profile.distance(&case.own) < profile.distance(corpus)
        };
        cases.iter().filter(near).count() as f64 / cases.len().max(1) as f64
    };
    PrimerScore {
        written: share(|c| &c.written),
        real: share(|c| &c.real),
        unprimed: share(|c| &c.unprimed),
        cases: cases.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::*;

    fn every(n: usize) -> Vec<u16> {
        (0..16).map(|i| u16::from(i % n == 0)).collect()
    }

    #[test]
    fn distance_by_hand() {
        let quarters = Profile::of(Language::Drums, [every(4).as_slice()]);
        let halves = Profile::of(Language::Drums, [every(8).as_slice()]);
        assert_eq!((quarters.density, halves.density), (4.0, 2.0));
        // Histograms: four quarters of 1/4 against two of 1/2: 2 · 1/4 + 2 · 1/4; density ratio 2.
        assert!((quarters.distance(&halves) - (1.0 + 2.0_f64.ln())).abs() < 1e-15);
        assert_eq!(quarters.distance(&quarters), 0.0);
        let silence = Profile::of(Language::Drums, [[0; 16].as_slice()]);
        assert!((silence.distance(&quarters) - (1.0 + 64.0_f64.ln())).abs() < 1e-15);
    }

    #[test]
    fn shares_count_the_cases_nearer_to_their_own_piece() {
        let own = Profile::of(Language::Drums, [every(2).as_slice()]);
        let corpus = Profile::of(Language::Drums, [every(8).as_slice()]);
        let case = |written, unprimed| Continuation { own: own.clone(), real: every(2), written, unprimed };
        let score = keeps_to_primer(
            Language::Drums,
            &corpus,
            &[
                case(every(2), every(8)),
                case(every(8), every(8)),
                case(every(1), every(2)),
                case(every(4), every(8)),
            ],
        );
        // every(4) lies ln 2 + 1 from both: not nearer to its own.
        assert_eq!((score.real, score.written, score.unprimed, score.cases), (1.0, 0.5, 0.25, 4));
    }
}
