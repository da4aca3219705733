//! Figures that say how near a set of generated music is to a set of real music.
//!
//! Everything works on sequences of classes per 16th in bars of 16 steps, whoever made them, and is deterministic
//! given its seed. Any thread. Definitions: Yang and Lerch, "On the evaluation of generative models in music",
//! 2018, with the additions each file documents.
mod board;
mod bootstrap;
mod drums;
mod melody;
mod memory;
mod overlap;
mod primer;
mod random;
mod repetition;

pub use board::{Anchors, Board, FeatureScore, Figure, Gate, PrimerCase, Report};
pub use bootstrap::{Interval, bootstrap};
pub use memory::{Memory, copied_share, longest_runs};
pub use overlap::{Overlap, overlap};
pub use primer::{Continuation, PrimerScore, Profile, keeps_to_primer};
pub use random::Random;
pub use repetition::{Repetition, repetition};

/// Steps per bar of everything measured here.
pub const BAR: usize = 16;

/// What the classes of a sequence mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// 512 sets of nine drum types.
    Drums,
    /// 0 nothing new, 1 note-off, `2 + i`: the pitch `48 + i`; 38 classes.
    Melody,
}

/// One property of a window: a number or a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Its name on the scoreboard.
    pub name: &'static str,
    /// Its value.
    pub values: Vec<f64>,
}

impl Language {
    /// Number of classes.
    #[must_use]
    pub fn alphabet(self) -> usize {
        match self {
            Self::Drums => 512,
            Self::Melody => 38,
        }
    }

    /// How many notes or drum strokes a class begins.
    #[must_use]
    pub fn onsets(self, class: u16) -> u32 {
        match self {
            Self::Drums => class.count_ones(),
            Self::Melody => u32::from(class >= 2),
        }
    }

    /// The properties whose distributions are compared by overlapping area.
    #[must_use]
    pub fn features(self, window: &[u16]) -> Vec<Feature> {
        match self {
            Self::Drums => drums::features(window),
            Self::Melody => melody::features(window),
        }
    }

    /// The properties of which only means are compared (their distributions are too spiky for an overlap).
    #[must_use]
    pub fn scalars(self, window: &[u16]) -> Vec<Feature> {
        match self {
            Self::Drums => drums::scalars(window),
            Self::Melody => melody::scalars(window),
        }
    }

    /// Likeness of two bars, 0 to 1. Drums: the cosine of their hits; melodies: the share of equal steps.
    #[must_use]
    pub fn likeness(self, a: &[u16], b: &[u16]) -> f64 {
        match self {
            Self::Drums => drums::cosine(a, b),
            Self::Melody => melody::equal_share(a, b),
        }
    }
}

/// 1 − the mean, over adjacent bars, of the share of steps at which exactly one of the two has an onset
/// ("groove consistency", as in MusPy).
fn groove_consistency(onset: &[bool]) -> f64 {
    let bars: Vec<&[bool]> = onset.chunks_exact(BAR).collect();
    let differing: usize =
        bars.windows(2).map(|w| w[0].iter().zip(w[1]).filter(|(a, b)| a != b).count()).sum();
    1.0 - differing as f64 / (BAR * (bars.len().max(2) - 1)) as f64
}

/// Mean of `likeness` over all pairs of bars.
fn self_similarity(window: &[u16], likeness: impl Fn(&[u16], &[u16]) -> f64) -> f64 {
    let bars: Vec<&[u16]> = window.chunks_exact(BAR).collect();
    let (mut sum, mut pairs) = (0.0, 0_u32);
    for (i, a) in bars.iter().enumerate() {
        for b in &bars[i + 1..] {
            sum += likeness(a, b);
            pairs += 1;
        }
    }
    sum / f64::from(pairs.max(1))
}

/// Divides a histogram by its sum; an empty one stays zero.
fn normalised(mut histogram: Vec<f64>) -> Vec<f64> {
    let sum: f64 = histogram.iter().sum();
    if sum > 0.0 {
        histogram.iter_mut().for_each(|h| *h /= sum);
    }
    histogram
}
