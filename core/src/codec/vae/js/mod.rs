//! What Magenta.js makes of notes and steps: the same classes and rows as the Python program, from other rules.
//!
//! Any thread. `spec` 8 of the latent-model notes; `tests/golden/vae/js_cases.json` holds us to it. A piece is one example
//! of a fixed length: nothing is cut in windows, nothing is passed over, and what lies beyond the end is left out. Quirks
//! of the original are kept where its models were used with them and named where they are.
mod chords;
mod drums;
mod groove;
mod melody;
mod multitrack;
#[cfg(test)]
mod tests;

pub use chords::{JsChords, progression};
pub use drums::{JsDrumSteps, JsDrums};
pub use groove::JsGroove;
pub use melody::{JsMelody, contour, rhythm};
pub use multitrack::JsMultitrack;

use super::{DrumSteps, Rows, STEPS_PER_QUARTER, VaeError};
use crate::codec::EventError;
use crate::codec::encoding::SparseVector;
use crate::codec::events::MAX_STEPS;
use crate::music::{NoteSequence, Quantised};

/// MIDI program of the bass that a trio wrote.
const BASS_PROGRAM: u8 = 32;

/// Melody, bass and drums of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsTrio {
    /// From notes of programs 0 to 31.
    pub melody: JsMelody,
    /// From notes of programs 32 to 39.
    pub bass: JsMelody,
    /// From notes that are drums.
    pub drums: JsDrums,
}

/// Notes ↔ steps of a model, as Magenta.js does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsConverter {
    /// One voice.
    Melody(JsMelody),
    /// Drums without velocities.
    Drums(JsDrums),
    /// Three parts.
    Trio(JsTrio),
    /// A bar of several instruments.
    Multitrack(JsMultitrack),
    /// Drums with velocities and micro-timing.
    Groove(JsGroove),
}

/// What a decoder wrote.
#[derive(Clone, Copy, Debug)]
pub enum Written<'a> {
    /// For each block the class of every step.
    Classes(&'a [Vec<u32>]),
    /// Rows of numbers.
    Rows(&'a Rows),
}

impl JsConverter {
    /// The steps of a piece, each as the cells of the encoder's input that are not zero.
    ///
    /// # Errors
    /// Music that changes its tempo or metre, notes that the model does not have, and music longer than the model where
    /// Magenta.js refuses that (grooves).
    pub fn to_steps(&self, ns: &NoteSequence) -> Result<Vec<SparseVector>, VaeError> {
        let classes = |labels: Vec<u32>| labels.into_iter().map(|class| vec![(class, 1.0)]).collect();
        match self {
            Self::Melody(melody) => Ok(classes(melody.labels(&on_grid(ns, STEPS_PER_QUARTER)?)?)),
            Self::Drums(drums) => drums.cells(&on_grid(ns, STEPS_PER_QUARTER)?),
            Self::Trio(trio) => trio.steps(&on_grid(ns, STEPS_PER_QUARTER)?),
            Self::Multitrack(tracks) => tracks.steps(&on_grid(ns, multitrack::STEPS_PER_QUARTER)?),
            Self::Groove(groove) => groove.steps(ns),
        }
    }

    /// [`Self::to_steps`] in `segments` equal parts. The parts of several instruments end with their last event.
    ///
    /// # Errors
    /// As [`Self::to_steps`]; steps that cannot be cut in so many parts.
    pub fn to_parts(&self, ns: &NoteSequence, segments: usize) -> Result<Vec<Vec<SparseVector>>, VaeError> {
        let steps = self.to_steps(ns)?;
        if segments == 0 || !steps.len().is_multiple_of(segments) {
            let expected = steps.len().next_multiple_of(segments.max(1));
            return Err(VaeError::Shape { what: "steps:", got: steps.len(), expected });
        }
        let mut parts: Vec<Vec<SparseVector>> =
            steps.chunks((steps.len() / segments).max(1)).map(<[_]>::to_vec).collect();
        if matches!(self, Self::Multitrack(_)) {
            for part in &mut parts {
                let end = part.iter().rposition(|step| !step.is_empty()).map_or(0, |last| last + 1);
                part.truncate(end);
            }
        }
        Ok(parts)
    }

    /// Notes at a tempo, in quarter notes per minute; as long as the steps.
    ///
    /// # Errors
    /// Steps of another kind than the model's, classes that do not exist, values that are no numbers.
    pub fn from_steps(&self, written: Written<'_>, qpm: f64) -> Result<NoteSequence, VaeError> {
        let blocks = |count| match written {
            Written::Classes(blocks) if blocks.len() == count => Ok(blocks),
            Written::Classes(blocks) => {
                Err(VaeError::Shape { what: "parts:", got: blocks.len(), expected: count })
            }
            Written::Rows(_) => Err(VaeError::Shape { what: "parts:", got: 0, expected: count }),
        };
        match (self, written) {
            (Self::Melody(melody), _) => melody.notes(&blocks(1)?[0], qpm),
            (Self::Drums(drums), Written::Rows(rows)) => drums.notes(&DrumSteps::Roll(rows.clone()), qpm),
            (Self::Drums(drums), _) => drums.notes(&DrumSteps::Labels(blocks(1)?[0].clone()), qpm),
            (Self::Trio(trio), _) => trio.notes(blocks(3)?, qpm),
            (Self::Multitrack(tracks), _) => tracks.notes(&blocks(1)?[0], qpm),
            (Self::Groove(groove), Written::Rows(rows)) => groove.notes(rows, qpm),
            (Self::Groove(_), Written::Classes(_)) => {
                Err(VaeError::Shape { what: "numbers per step:", got: 1, expected: 27 })
            }
        }
    }
}

impl JsTrio {
    fn steps(&self, q: &Quantised) -> Result<Vec<SparseVector>, VaeError> {
        let part = |of: fn(&crate::music::QuantisedNote) -> bool| Quantised {
            notes: q.notes.iter().filter(|n| of(n)).copied().collect(),
            texts: Vec::new(),
            control_steps: Vec::new(),
            ..*q
        };
        let melody = self.melody.labels(&part(|n| !n.is_drum && n.program < 32))?;
        let bass = self.bass.labels(&part(|n| !n.is_drum && (32..40).contains(&n.program)))?;
        let drums = self.drums.labels(&part(|n| n.is_drum))?;
        let (first, second) = (self.melody.classes(), self.melody.classes() + self.bass.classes());
        let steps = melody.into_iter().zip(bass).zip(drums);
        Ok(steps.map(|((m, b), d)| [m, first + b, second + d].map(|cell| (cell, 1.0)).to_vec()).collect())
    }

    fn notes(&self, blocks: &[Vec<u32>], qpm: f64) -> Result<NoteSequence, VaeError> {
        let mut all = self.melody.notes(&blocks[0], qpm)?;
        let mut bass = self.bass.notes(&blocks[1], qpm)?;
        let mut drums = self.drums.notes(&DrumSteps::Labels(blocks[2].clone()), qpm)?;
        bass.notes.iter_mut().for_each(|n| (n.instrument, n.program) = (1, BASS_PROGRAM));
        drums.notes.iter_mut().for_each(|n| n.instrument = 2);
        all.notes.append(&mut bass.notes);
        all.notes.append(&mut drums.notes);
        Ok(all)
    }
}

/// The music on a grid, of any metre.
fn on_grid(ns: &NoteSequence, steps_per_quarter: u32) -> Result<Quantised, VaeError> {
    Ok(Quantised::relative(ns, steps_per_quarter).map_err(EventError::from)?)
}

/// Number of steps: the model's, or else the music's.
fn length(steps: Option<usize>, q: &Quantised) -> Result<usize, EventError> {
    let length = steps.map_or(usize::try_from(q.total_steps), Ok);
    length.ok().filter(|&steps| steps <= MAX_STEPS).ok_or(EventError::TooLong)
}

/// Seconds of a sixteenth.
fn seconds_per_step(qpm: f64) -> f64 {
    60.0 / qpm / f64::from(STEPS_PER_QUARTER)
}

/// A step inside the first `length`.
fn inside(step: i64, length: usize) -> Option<usize> {
    usize::try_from(step).ok().filter(|&step| step < length)
}
