//! Melodies ↔ classes: no event, note-off, and the 88 keys of a piano.
//!
//! Any thread. Source: MusicVAE (Magenta), `spec` 4.2 of the latent-model notes.

use super::triads::{self, Chords};
use super::{Cut, QPM, STEPS_PER_BAR, STEPS_PER_QUARTER, VELOCITY, VaeError, class, label};
use crate::codec::encoding::{EncodingError, MelodyOneHot, OneHot};
use crate::codec::{Melody, MelodyLimits};
use crate::music::{NoteSequence, Quantised};
use std::collections::HashSet;
use std::ops::RangeInclusive;

/// No event, note-off, and the pitches 21 to 108.
pub const MELODY_CLASSES: usize = 90;

/// The pitches that have a class.
pub(super) const PITCHES: RangeInclusive<u8> = 21..=108;

/// Notes ↔ the classes of melody models: 0 no event, 1 note-off, 2 + n the n-th key of a piano. Input and output of
/// the network are the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MelodyConverter {
    /// Only notes of these MIDI programs; `None`: of all.
    pub programs: Option<RangeInclusive<u8>>,
    /// Give up a track where notes start together, instead of taking the highest.
    pub skip_polyphony: bool,
    /// Which melodies to take and how to cut them.
    pub cut: Cut,
    /// The model follows chords. What has a chord that is no triad is passed over.
    pub chords: bool,
}

/// A melody as a network reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MelodyExample {
    /// Class of every step, below [`MELODY_CLASSES`].
    pub labels: Vec<u32>,
    /// Triad of every step, below [`TRIAD_CLASSES`](super::TRIAD_CLASSES), for a model that follows chords.
    pub triads: Option<Vec<u32>>,
}

impl MelodyConverter {
    /// The melodies of the music, each different one once, in order of instrument and time.
    ///
    /// # Errors
    /// [`VaeError::NoChords`] and what [`Melody::extract_all`] refuses.
    pub fn to_tensors(&self, ns: &NoteSequence) -> Result<Vec<MelodyExample>, VaeError> {
        if self.chords {
            triads::require(ns)?;
        }
        super::of_stretches(ns, self.cut.max_examples, |stretch, max| {
            let mut stretch = stretch.clone();
            let programs = self.programs.as_ref();
            stretch.notes.retain(|n| {
                PITCHES.contains(&n.pitch) && programs.is_none_or(|programs| programs.contains(&n.program))
            });
            match super::on_grid(&stretch, STEPS_PER_QUARTER, STEPS_PER_BAR) {
                Some(q) => self.examples(&q, max),
                None => Ok(Vec::new()),
            }
        })
    }

    /// Examples of music on a grid, all of whose pitches have classes.
    pub(super) fn examples(&self, q: &Quantised, max: usize) -> Result<Vec<MelodyExample>, VaeError> {
        let chords = match self.chords.then(|| Chords::of(q)).transpose()? {
            Some(None) => return Ok(Vec::new()),
            chords => chords.flatten(),
        };
        let limits = MelodyLimits {
            common: self.cut.limits(),
            min_unique_pitches: 1,
            ignore_polyphonic: !self.skip_polyphony,
            filter_drums: true,
        };
        let vocabulary = vocabulary()?;
        let mut seen = HashSet::new();
        let mut examples = Vec::new();
        for melody in Melody::extract_all(q, &limits)? {
            for slice in self.cut.slices(melody, q)? {
                if examples.len() >= max {
                    return Ok(examples);
                }
                let encode = |&event| vocabulary.encode(event).map(label);
                let labels: Vec<u32> = slice.events().iter().map(encode).collect::<Result<_, _>>()?;
                let steps = (0..).take(slice.len()).map(|i| slice.start_step().unsigned_abs() + i);
                let figures: Option<Vec<_>> =
                    chords.as_ref().map(|c| steps.map(|step| c.figure(step)).collect());
                // Two spellings of one chord are two examples.
                if !seen.insert((labels.clone(), figures.clone())) {
                    continue;
                }
                let triads = figures.map(|f| f.iter().map(|f| triads::triad(f)).collect::<Option<Vec<_>>>());
                match triads {
                    Some(None) => return Ok(Vec::new()),
                    triads => examples.push(MelodyExample { labels, triads: triads.flatten() }),
                }
            }
        }
        Ok(examples)
    }

    /// Notes of velocity 80 at 120 quarter notes per minute, with chord symbols if the model followed chords; as long
    /// as the last note.
    ///
    /// # Errors
    /// Classes that do not exist, or more or fewer chords than steps.
    pub fn from_tensors(&self, example: &MelodyExample) -> Result<NoteSequence, VaeError> {
        let vocabulary = vocabulary()?;
        let decode = |&label| vocabulary.decode(class(label));
        let melody = Melody::new(example.labels.iter().map(decode).collect::<Result<_, _>>()?);
        let ns = melody.to_sequence(VELOCITY, 0.0, QPM);
        let Some(triads) = &example.triads else { return Ok(ns) };
        if triads.len() != melody.len() {
            return Err(VaeError::Shape { what: "chords:", got: triads.len(), expected: melody.len() });
        }
        Ok(NoteSequence { text_annotations: triads::symbols(triads)?, ..ns })
    }
}

fn vocabulary() -> Result<MelodyOneHot, EncodingError> {
    MelodyOneHot::new((*PITCHES.start()).into(), i32::from(*PITCHES.end()) + 1)
}
