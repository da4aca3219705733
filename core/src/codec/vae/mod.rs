//! What the MusicVAE and GrooVAE models read and write: notes in seconds ↔ classes and rows of numbers, step by
//! step.
//!
//! One file per converter. Any thread; no weights, no random numbers. Reference semantics, exactly (`spec` 2 to 4 of
//! the latent-model notes); `tests/golden/vae` holds us to it. Bounded: no music makes more than [`MAX_EXAMPLES`]
//! examples. Where training draws from many examples at random, we keep the first.
//!
//! Music that a model passes over (another metre, too short, too few parts) gives no examples and no error, as in the
//! reference; what a musician can put right is a [`VaeError`].
mod cut;
mod drums;
mod groove;
pub mod js;
mod melody;
mod multitrack;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod triads;
mod trio;

pub use cut::Cut;
pub use drums::{DrumConverter, DrumExample, DrumKit, DrumSteps};
pub use groove::{GrooveConverter, GrooveExample, GrooveHit, GrooveInput, GrooveLayout, GrooveStep, TAP};
pub use melody::{MELODY_CLASSES, MelodyConverter, MelodyExample};
pub use multitrack::{MAX_TRACK_TOKENS, MAX_TRACKS, MultitrackConverter, MultitrackExample, TRACK_CLASSES};
pub use triads::TRIAD_CLASSES;
pub use trio::{TrioConverter, TrioExample};

use super::encoding::EncodingError;
use super::events::EventError;
use crate::music::{Grid, NoteSequence, Quantised};

/// Most examples that one piece of music gives, whatever was asked for.
pub const MAX_EXAMPLES: usize = 4096;

/// Steps of a quarter note in all converters but the multi-instrument one.
const STEPS_PER_QUARTER: u32 = 4;

/// Steps of a bar in all converters but the multi-instrument one.
const STEPS_PER_BAR: u32 = 16;

/// Velocity of notes that a model wrote without one.
const VELOCITY: u8 = 80;

/// Tempo at which what a model wrote is laid out.
const QPM: f64 = crate::music::DEFAULT_QPM;

/// Why music does not become examples, or a model's output music.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VaeError {
    /// The music cannot be cut into steps.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A note or class that the model does not have.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Chords are needed, and the music has none.
    #[error("this model follows chords, but the music has no chord symbols; add some")]
    NoChords,
    /// One track with several programs, or with drums and tones.
    #[error("a track changes its instrument within a bar; put each instrument on a track of its own")]
    MixedTrack,
    /// Rows of another width, or lists of different lengths.
    #[error("the model's output does not fit: {what} {got} instead of {expected}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// More music than a model takes that takes no less either.
    #[error("this model takes {steps} steps, and the music is longer; shorten it")]
    TooLong {
        /// Steps of the model.
        steps: usize,
    },
    /// A value that is infinite or no number.
    #[error("the model's output holds a value that is no number")]
    NotFinite,
}

/// Rows of `width` numbers, one per step.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Numbers per step, at least 1.
    pub width: usize,
    /// Row after row.
    pub values: Vec<f32>,
}

impl Rows {
    /// The rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// The rows, if they have `width` numbers each.
    fn of_width(&self, width: usize) -> Result<impl ExactSizeIterator<Item = &[f32]>, VaeError> {
        if self.width != width {
            return Err(VaeError::Shape { what: "numbers per step:", got: self.width, expected: width });
        }
        let whole = self.values.len().next_multiple_of(width);
        if self.values.len() != whole {
            return Err(VaeError::Shape { what: "numbers:", got: self.values.len(), expected: whole });
        }
        Ok(self.iter())
    }
}

/// The music on a grid if its bars have `steps_per_bar` steps; none where the reference passes over music: another
/// metre, a tempo or metre that changes or makes no sense, something before time 0.
fn on_grid(ns: &NoteSequence, steps_per_quarter: u32, steps_per_bar: u32) -> Option<Quantised> {
    let q = Quantised::relative(ns, steps_per_quarter).ok()?;
    let Grid::Beats { qpm, .. } = q.grid else { return None };
    let possible = qpm.is_finite() && qpm > 0.0;
    (possible && q.bar_length() == Ok(f64::from(steps_per_bar))).then_some(q)
}

/// Examples of all stretches of one tempo and metre, at most `max`. `convert` gets the stretch and how many examples
/// are still wanted.
fn of_stretches<E>(
    ns: &NoteSequence,
    max: Option<usize>,
    convert: impl Fn(&NoteSequence, usize) -> Result<Vec<E>, VaeError>,
) -> Result<Vec<E>, VaeError> {
    let max = max.unwrap_or(MAX_EXAMPLES).min(MAX_EXAMPLES);
    let mut examples = Vec::new();
    for stretch in ns.split_at_changes() {
        if examples.len() >= max {
            break;
        }
        examples.extend(convert(&stretch, max - examples.len())?);
    }
    Ok(examples)
}

/// A class as labels hold it.
fn label(class: usize) -> u32 {
    u32::try_from(class).unwrap_or(u32::MAX)
}

/// A label as a class.
fn class(label: u32) -> usize {
    usize::try_from(label).unwrap_or(usize::MAX)
}
