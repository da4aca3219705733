//! Drums ↔ classes of nine or 61 sounds, as one class per step or as a roll of bits.
//!
//! Any thread. Source: MusicVAE (Magenta), `spec` 4.3 and 4.4 of the latent-model notes.

use super::{Cut, QPM, Rows, STEPS_PER_BAR, STEPS_PER_QUARTER, VELOCITY, VaeError};
use crate::codec::encoding::EncodingError;
use crate::codec::{DrumTrack, PitchSet};
use crate::music::drum_map::{Lanes, MAGENTA, MAGENTA_JS, ROLAND, SOUNDS, sound_class};
use crate::music::{NoteSequence, Quantised};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Which sounds a model tells apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrumKit {
    /// The nine lanes of [`MAGENTA`].
    #[default]
    Nine,
    /// The 61 [`SOUNDS`], one pitch each.
    SixtyOne,
    /// The nine lanes of [`MAGENTA_JS`].
    NineJs,
    /// The nine lanes of [`ROLAND`].
    Roland,
}

impl DrumKit {
    /// Number of sounds.
    #[must_use]
    pub fn classes(self) -> usize {
        match self {
            Self::SixtyOne => SOUNDS.len(),
            Self::Nine | Self::NineJs | Self::Roland => MAGENTA.len(),
        }
    }

    /// The lanes; none where each sound is its own.
    #[must_use]
    pub fn lanes(self) -> Option<&'static Lanes> {
        match self {
            Self::Nine => Some(&MAGENTA),
            Self::NineJs => Some(&MAGENTA_JS),
            Self::Roland => Some(&ROLAND),
            Self::SixtyOne => None,
        }
    }

    /// Class of a pitch.
    #[must_use]
    pub fn class(self, pitch: u8) -> Option<u8> {
        let class = match self.lanes() {
            Some(lanes) => lane(lanes, pitch),
            None => sound_class(pitch),
        };
        class.and_then(|c| u8::try_from(c).ok())
    }

    /// Pitch that a class plays.
    #[must_use]
    pub fn pitch(self, class: u8) -> Option<u8> {
        match self.lanes() {
            Some(lanes) => lanes.get(usize::from(class)).map(|lane| lane[0]),
            None => SOUNDS.get(usize::from(class)).copied(),
        }
    }
}

/// The lane of a table that holds a pitch.
pub(super) fn lane(table: &Lanes, pitch: u8) -> Option<usize> {
    table.iter().position(|pitches| pitches.contains(&pitch))
}

/// Drum notes ↔ what drum models read and write. All instruments merge into one track; sounds without a class are
/// left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrumConverter {
    /// Which sounds the model tells apart.
    pub kit: DrumKit,
    /// The model reads a roll, not classes.
    pub roll_input: bool,
    /// The model writes a roll, not classes.
    pub roll_output: bool,
    /// Which tracks to take and how to cut them.
    pub cut: Cut,
}

/// Drums, step by step. Bit `c` or column `c` is sound `c` of the kit.
#[derive(Clone, Debug, PartialEq)]
pub enum DrumSteps {
    /// A class below 2ⁿ per step, whose bits are the n sounds. Of nine sounds only.
    Labels(Vec<u32>),
    /// 0 or 1 for every sound. As input with one more column, which is 1 when nothing sounds.
    Roll(Rows),
}

/// Drums as a network reads and writes them.
#[derive(Clone, Debug, PartialEq)]
pub struct DrumExample {
    /// What the encoder reads.
    pub input: DrumSteps,
    /// What the decoder writes.
    pub output: DrumSteps,
}

impl DrumConverter {
    /// The drum tracks of the music, each different one once, in order of time.
    ///
    /// # Errors
    /// What [`DrumTrack::extract_all`] refuses, and classes for 61 sounds.
    pub fn to_tensors(&self, ns: &NoteSequence) -> Result<Vec<DrumExample>, VaeError> {
        super::of_stretches(ns, self.cut.max_examples, |stretch, max| {
            match super::on_grid(stretch, STEPS_PER_QUARTER, STEPS_PER_BAR) {
                Some(q) => self.examples(q, max),
                None => Ok(Vec::new()),
            }
        })
    }

    /// Examples of music on a grid.
    pub(super) fn examples(&self, mut q: Quantised, max: usize) -> Result<Vec<DrumExample>, VaeError> {
        q.notes.retain_mut(|n| match self.kit.class(n.pitch) {
            Some(class) if n.is_drum => {
                n.pitch = class;
                true
            }
            _ => false,
        });
        let mut seen = HashSet::new();
        let mut examples = Vec::new();
        for track in DrumTrack::extract_all(&q, false, &self.cut.limits())? {
            for slice in self.cut.slices(track, &q)? {
                if examples.len() >= max {
                    return Ok(examples);
                }
                if seen.insert(slice.events().to_vec()) {
                    let input = self.encode(slice.events(), self.roll_input, true)?;
                    let output = self.encode(slice.events(), self.roll_output, false)?;
                    examples.push(DrumExample { input, output });
                }
            }
        }
        Ok(examples)
    }

    /// `silence`: a roll gets a column that says that nothing sounds.
    fn encode(&self, steps: &[PitchSet], roll: bool, silence: bool) -> Result<DrumSteps, VaeError> {
        if !roll {
            self.one_class()?;
            let label = |set: &PitchSet| set.iter().map(|class| 1u32 << class).sum();
            return Ok(DrumSteps::Labels(steps.iter().map(label).collect()));
        }
        let classes = self.kit.classes();
        let width = classes + usize::from(silence);
        let mut values = vec![0.0; steps.len() * width];
        for (row, set) in values.chunks_exact_mut(width).zip(steps) {
            set.iter().for_each(|class| row[usize::from(class)] = 1.0);
            if silence && set.is_empty() {
                row[classes] = 1.0;
            }
        }
        Ok(DrumSteps::Roll(Rows { width, values }))
    }

    /// Number of classes of a step; 61 sounds have too many combinations.
    fn one_class(&self) -> Result<u32, EncodingError> {
        match self.kit {
            DrumKit::SixtyOne => {
                Err(EncodingError::BadParameters("61 drum sounds need a roll, not classes".into()))
            }
            DrumKit::Nine | DrumKit::NineJs | DrumKit::Roland => Ok(1 << 9),
        }
    }

    /// Notes of one step each and of velocity 80, at 120 quarter notes per minute, from what the model wrote (a roll
    /// counts what is above 0); as long as the last note.
    ///
    /// # Errors
    /// Classes that do not exist, or rows of another width.
    pub fn from_tensors(&self, output: &DrumSteps) -> Result<NoteSequence, VaeError> {
        let pitches = |classes: PitchSet| classes.iter().filter_map(|c| self.kit.pitch(c)).collect();
        let steps: Vec<PitchSet> = match output {
            DrumSteps::Labels(labels) => {
                let classes = self.one_class()?;
                let decode = |&label: &u32| {
                    let (class, of) = (super::class(label), super::class(classes));
                    let wrong = EncodingError::NoSuchClass { class, classes: of };
                    let set = (0..9).filter(|&bit| label >> bit & 1 == 1).collect();
                    if label < classes { Ok(pitches(set)) } else { Err(wrong) }
                };
                labels.iter().map(decode).collect::<Result<_, _>>()?
            }
            DrumSteps::Roll(rows) => {
                let decode =
                    |row: &[f32]| pitches((0..).zip(row).filter(|c| *c.1 > 0.0).map(|c| c.0).collect());
                rows.of_width(self.kit.classes())?.map(decode).collect()
            }
        };
        Ok(DrumTrack::new(steps).to_sequence(VELOCITY, 0.0, QPM))
    }
}
