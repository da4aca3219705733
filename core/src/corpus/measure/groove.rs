//! How near the velocities and the micro-timing of grooves come to those that a drummer played, stroke by stroke, beside
//! two baselines: no groove, and the mean of each drum at each 16th of the bar. Pure; any thread.

use super::BAR;
use serde::Serialize;

/// Drums of a kit.
const DRUMS: usize = 9;
/// Quantiles by which distributions are compared.
const QUANTILES: usize = 501;

/// How a stroke is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Touch {
    /// 0 to 1.
    pub velocity: f64,
    /// Shares of a 16th, positive = late.
    pub late: f64,
}

/// A stroke on the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Drum, 0 to 8.
    pub drum: usize,
    /// 16th of the bar.
    pub position: usize,
    /// Milliseconds of a 16th.
    pub step_ms: f64,
    /// How the drummer played it.
    pub touch: Touch,
}

/// How near it came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GrooveScore {
    /// Mean absolute error of velocities, 0 to 1.
    pub velocity_error: f64,
    /// Mean absolute error of onsets in milliseconds.
    pub timing_error_ms: f64,
    /// The same in shares of a 16th.
    pub timing_error: f64,
    /// Pearson correlation of velocities; 0 where one side never varies.
    pub velocity_correlation: f64,
    /// Pearson correlation of deviations from the grid.
    pub timing_correlation: f64,
    /// First Wasserstein distance of the velocities' distributions.
    pub velocity_distance: f64,
    /// First Wasserstein distance of the deviations' distributions, shares of a 16th.
    pub timing_distance: f64,
    /// Strokes compared.
    pub strokes: usize,
}

/// Compares what was written for each stroke with how it was played.
#[must_use]
pub fn groove_score(real: &[Stroke], written: &[Touch]) -> GrooveScore {
    let pairs = || real.iter().zip(written);
    let count = real.len().min(written.len());
    let mean = |sum: f64| sum / count.max(1) as f64;
    let velocities: Vec<[f64; 2]> = pairs().map(|(r, w)| [r.touch.velocity, w.velocity]).collect();
    let timings: Vec<[f64; 2]> = pairs().map(|(r, w)| [r.touch.late, w.late]).collect();
    let error = |both: &[[f64; 2]]| mean(both.iter().map(|[a, b]| (a - b).abs()).sum());
    GrooveScore {
        velocity_error: error(&velocities),
        timing_error_ms: mean(pairs().map(|(r, w)| (r.touch.late - w.late).abs() * r.step_ms).sum()),
        timing_error: error(&timings),
        velocity_correlation: correlation(&velocities),
        timing_correlation: correlation(&timings),
        velocity_distance: distance(&velocities),
        timing_distance: distance(&timings),
        strokes: count,
    }
}

/// What every stroke of a drum on a 16th is played like, in the mean.
#[derive(Clone, Debug)]
pub struct PositionMeans {
    /// Sums and counts, [drum × position].
    sums: Vec<(Touch, f64)>,
    all: Touch,
}

impl PositionMeans {
    /// Learns from strokes.
    #[must_use]
    pub fn of(strokes: &[Stroke]) -> Self {
        let mut sums = vec![(Touch::default(), 0.0); DRUMS * BAR];
        let mut all = Touch::default();
        for stroke in strokes {
            if let Some((sum, count)) = sums.get_mut(stroke.drum * BAR + stroke.position % BAR) {
                sum.velocity += stroke.touch.velocity;
                sum.late += stroke.touch.late;
                *count += 1.0;
            }
            all.velocity += stroke.touch.velocity / strokes.len() as f64;
            all.late += stroke.touch.late / strokes.len() as f64;
        }
        Self { sums, all }
    }

    /// The mean of a stroke's drum and place; of all strokes where it was never played.
    #[must_use]
    pub fn touch(&self, stroke: &Stroke) -> Touch {
        match self.sums.get(stroke.drum * BAR + stroke.position % BAR) {
            Some((sum, count)) if *count > 0.0 => {
                Touch { velocity: sum.velocity / count, late: sum.late / count }
            }
            _ => self.all,
        }
    }
}

fn correlation(pairs: &[[f64; 2]]) -> f64 {
    let count = pairs.len().max(1) as f64;
    let [a, b] = [0, 1].map(|i| pairs.iter().map(|p| p[i]).sum::<f64>() / count);
    let sum = |f: fn(f64, f64) -> f64| pairs.iter().map(|p| f(p[0] - a, p[1] - b)).sum::<f64>();
    let (cross, own) = (sum(|x, y| x * y), sum(|x, _| x * x) * sum(|_, y| y * y));
    if own > 0.0 { cross / own.sqrt() } else { 0.0 }
}

fn distance(pairs: &[[f64; 2]]) -> f64 {
    let sorted = |side: usize| {
        let mut values: Vec<f64> = pairs.iter().map(|p| p[side]).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(0), sorted(1));
    let Some(last) = a.len().checked_sub(1) else { return 0.0 };
    let at = |q: usize| (q as f64 / (QUANTILES - 1) as f64 * last as f64).round() as usize;
    (0..QUANTILES).map(|q| (a[at(q)] - b[at(q)]).abs()).sum::<f64>() / QUANTILES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(drum: usize, position: usize, velocity: f64, late: f64) -> Stroke {
        Stroke { drum, position, step_ms: 125.0, touch: Touch { velocity, late } }
    }

    #[test]
    fn errors_are_means_and_milliseconds() {
        let real = [stroke(0, 0, 0.5, 0.0), stroke(0, 4, 0.7, 0.2)];
        let written = [Touch { velocity: 0.6, late: 0.1 }, Touch { velocity: 0.8, late: 0.3 }];
        let found = groove_score(&real, &written);
        assert!((found.velocity_error - 0.1).abs() < 1e-12);
        assert!((found.timing_error - 0.1).abs() < 1e-12);
        assert!((found.timing_error_ms - 12.5).abs() < 1e-9);
        assert!((found.velocity_correlation - 1.0).abs() < 1e-12, "both rise");
        assert!((found.timing_distance - 0.1).abs() < 1e-12);
        let same: Vec<Touch> = real.iter().map(|s| s.touch).collect();
        assert_eq!(groove_score(&real, &same).velocity_distance, 0.0);
        assert_eq!(groove_score(&real, &[Touch::default(); 2]).velocity_correlation, 0.0);
        assert_eq!(groove_score(&[], &[]).strokes, 0);
    }

    #[test]
    fn means_are_of_a_drum_at_its_place() {
        let learned = [stroke(1, 4, 0.8, 0.1), stroke(1, 4, 0.6, 0.3), stroke(2, 4, 0.1, -0.4)];
        let means = PositionMeans::of(&learned);
        let close = |found: Touch, velocity: f64, late: f64| {
            (found.velocity - velocity).abs() < 1e-12 && (found.late - late).abs() < 1e-12
        };
        assert!(close(means.touch(&stroke(1, 4, 0.0, 0.0)), 0.7, 0.2));
        assert!(close(means.touch(&stroke(1, 5, 0.0, 0.0)), 0.5, 0.0), "never played: the mean of all");
    }
}
