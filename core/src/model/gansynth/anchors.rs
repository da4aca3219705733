//! [`Anchors`]: instruments at points of time, and what lies between them (spec audio 1.8).
//!
//! Any thread; 64-bit. Deviations from the original, which fails or gives numbers that are none there: there are at least
//! two anchors, a time before the first one belongs to the first pair, and where the arc between two vectors is not
//! defined the line is taken.
use super::normal;

/// Below this sine of the angle between two vectors the line is taken.
const FLAT: f64 = 1e-9;
/// The first anchor lies just before 0, so that a note at 0 has one before it.
const BEFORE: f64 = -1e-4;
/// More are never needed.
const MOST: usize = 10_000;

/// Instruments along a piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchors {
    times: Vec<f64>,
    vectors: Vec<Vec<f64>>,
}

impl Anchors {
    /// New instruments of `latent` numbers, about every `spacing` seconds, evenly from just before 0 to `total` seconds.
    #[must_use]
    pub fn random(total: f64, spacing: f64, latent: usize, seed: u32) -> Self {
        let count = instruments(total, spacing).max(2);
        let step = (total - BEFORE) / (count - 1) as f64;
        let time = |i: usize| if i + 1 == count { total } else { BEFORE + i as f64 * step };
        Self {
            times: (0..count).map(time).collect(),
            vectors: (0..count).map(|i| normal(seed, i, latent).collect()).collect(),
        }
    }

    /// These vectors at these times (ascending, in seconds); what has no partner is left out. `None` if fewer than two
    /// remain.
    #[must_use]
    pub fn new(times: Vec<f64>, vectors: Vec<Vec<f64>>) -> Option<Self> {
        let (times, vectors): (Vec<f64>, Vec<_>) = times.into_iter().zip(vectors).unzip();
        (times.len() >= 2).then_some(Self { times, vectors })
    }

    /// When each instrument is heard alone, in seconds.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The instruments.
    #[must_use]
    pub fn vectors(&self) -> &[Vec<f64>] {
        &self.vectors
    }

    /// The instrument of a note that begins at `start` seconds. After the last anchor it goes on as it went before.
    #[must_use]
    pub fn at(&self, start: f64) -> Vec<f64> {
        let left = self.times.partition_point(|&t| t < start).saturating_sub(1);
        let left = left.min(self.times.len() - 2);
        let share = (start - self.times[left]) / (self.times[left + 1] - self.times[left]);
        slerp(&self.vectors[left], &self.vectors[left + 1], share)
    }
}

/// How many instruments the original makes for `total` seconds; it needs two.
#[must_use]
pub fn instruments(total: f64, spacing: f64) -> usize {
    // Conversion takes what is no number as 0.
    ((total / spacing) as usize).min(MOST)
}

/// The vector at `share` (0 = `a`, 1 = `b`, beyond: further along) on the great circle through two vectors, whose lengths
/// are kept.
#[must_use]
pub fn slerp(a: &[f64], b: &[f64], share: f64) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let cosine = dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt());
    let angle = cosine.clamp(-1.0, 1.0).acos();
    let whole = angle.sin();
    // Without a length there is no angle either.
    let (of_a, of_b) = if whole > FLAT {
        (((1.0 - share) * angle).sin() / whole, (share * angle).sin() / whole)
    } else {
        (1.0 - share, share)
    };
    a.iter().zip(b).map(|(a, b)| of_a * a + of_b * b).collect()
}
