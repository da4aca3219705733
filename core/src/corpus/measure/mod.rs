//! Figures that say how near a set of generated music is to a set of real music.
//!
//! Everything works on sequences of steps, whoever made them, and is deterministic given its seed; a [`Style`] says
//! what a step is. Any thread. Definitions: Yang and Lerch, "On the evaluation of generative models in music",
//! 2018, with the additions each file documents.
mod board;
mod bootstrap;
mod chords;
mod drums;
mod groove;
mod melody;
mod memory;
mod moments;
mod overlap;
mod playing;
mod primer;
mod random;
mod repetition;
mod voices;

pub use board::{Anchors, Board, FeatureScore, Figure, Gate, PrimerCase, Report};
pub use bootstrap::{Interval, bootstrap};
pub use chords::{ChordTones, chord_tones};
pub use groove::{GrooveScore, PositionMeans, Stroke, Touch, groove_score};
pub use memory::{Memory, copied_share, longest_runs};
pub use moments::{Moment, moments};
pub use overlap::{Overlap, overlap};
pub use playing::Playing;
pub use primer::{Continuation, PrimerScore, Profile, keeps_to_primer};
pub use random::Random;
pub use repetition::{Repetition, repetition};
pub use voices::Voices;

use std::fmt::Debug;
use std::hash::Hash;

/// Steps per bar of everything on a grid of 16ths.
pub const BAR: usize = 16;

/// A kind of music on the scoreboard.
pub trait Style: Copy + Debug {
    /// What happens in a step.
    type Step: Copy + Eq + Hash + Debug;

    /// Steps of a bar.
    fn bar(self) -> usize;

    /// Whether its bars have to repeat as often as real ones do.
    fn repeats(self) -> bool;

    /// How many notes or drum strokes a step begins.
    fn onsets(self, step: Self::Step) -> u32;

    /// The properties whose distributions are compared by overlapping area.
    fn features(self, window: &[Self::Step]) -> Vec<Feature>;

    /// The properties of which only means are compared (their distributions are too spiky for an overlap).
    fn scalars(self, window: &[Self::Step]) -> Vec<Feature>;

    /// Likeness of two bars, 0 to 1.
    fn likeness(self, a: &[Self::Step], b: &[Self::Step]) -> f64;

    /// The music as words in a row: copied is what shares long runs of them.
    fn words(self, music: &[Self::Step]) -> Vec<u64>;
}

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
}

impl Style for Language {
    type Step = u16;

    fn bar(self) -> usize {
        BAR
    }

    fn repeats(self) -> bool {
        true
    }

    fn onsets(self, class: u16) -> u32 {
        match self {
            Self::Drums => class.count_ones(),
            Self::Melody => u32::from(class >= 2),
        }
    }

    fn features(self, window: &[u16]) -> Vec<Feature> {
        match self {
            Self::Drums => drums::features(window),
            Self::Melody => melody::features(window),
        }
    }

    fn scalars(self, window: &[u16]) -> Vec<Feature> {
        match self {
            Self::Drums => drums::scalars(window),
            Self::Melody => melody::scalars(window),
        }
    }

    /// Drums: the cosine of their hits; melodies: the share of equal steps.
    fn likeness(self, a: &[u16], b: &[u16]) -> f64 {
        match self {
            Self::Drums => drums::cosine(a, b),
            Self::Melody => melody::equal_share(a, b),
        }
    }

    fn words(self, music: &[u16]) -> Vec<u64> {
        music.iter().map(|&class| u64::from(class)).collect()
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

/// Mean of `likeness` over all pairs of bars of `bar` steps.
fn self_similarity<T>(window: &[T], bar: usize, likeness: impl Fn(&[T], &[T]) -> f64) -> f64 {
    let bars: Vec<&[T]> = window.chunks_exact(bar).collect();
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
