//! Drums without velocities, as rolls or as classes. Any thread.
use super::{inside, length, seconds_per_step};
use crate::codec::encoding::{EncodingError, SparseVector};
use crate::codec::vae::{DrumSteps, VELOCITY, VaeError, class};
use crate::codec::{DrumTrack, PitchSet};
use crate::music::{NoteSequence, Quantised};

/// Most drums that a class of a step can stand for.
const MOST_IN_A_CLASS: usize = 16;

/// How a model reads drums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsDrumSteps {
    /// A bit for each drum, and one that nothing sounds.
    Roll,
    /// One class for each set of drums.
    Classes,
}

/// Drum notes ↔ steps. Every note counts as a drum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsDrums {
    /// Length; `None`: as long as the music.
    pub steps: Option<usize>,
    /// Pitches of each drum, first the one that is written.
    pub kit: Vec<Vec<u8>>,
    /// How the model reads them.
    pub input: JsDrumSteps,
}

impl JsDrums {
    fn drum(&self, pitch: u8) -> Option<usize> {
        self.kit.iter().position(|pitches| pitches.contains(&pitch))
    }

    /// The steps as the encoder reads them. Quirks of the original: that nothing sounds is said one step too early, of the
    /// last step never; a sound that is none of the drums is something that sounds.
    pub(super) fn cells(&self, q: &Quantised) -> Result<Vec<SparseVector>, VaeError> {
        if self.input == JsDrumSteps::Classes {
            return Ok(self.labels(q)?.into_iter().map(|class| vec![(class, 1.0)]).collect());
        }
        let length = length(self.steps, q)?;
        let (mut steps, mut sounds) = (vec![SparseVector::new(); length], vec![false; length]);
        for note in &q.notes {
            let Some(at) = inside(note.start_step, length) else { continue };
            sounds[at] = true;
            let drum = self.drum(note.pitch).map(|drum| (drum as u32, 1.0));
            if let Some(drum) = drum.filter(|drum| !steps[at].contains(drum)) {
                steps[at].push(drum);
            }
        }
        for (step, next) in steps.iter_mut().zip(sounds.iter().skip(1).chain([&true])) {
            step.sort_unstable_by_key(|&(cell, _)| cell);
            step.extend((!next).then_some((self.kit.len() as u32, 1.0)));
        }
        Ok(steps)
    }

    /// Class of every step. Quirks of the original: a drum that is struck twice counts twice, which is another drum; a
    /// sound that is none of the drums silences its step.
    ///
    /// # Errors
    /// More drums than classes can stand for; music that is too long.
    pub fn labels(&self, q: &Quantised) -> Result<Vec<u32>, VaeError> {
        let classes = self.classes()?;
        let mut sums = vec![Some(0u64); length(self.steps, q)?];
        for note in &q.notes {
            if let Some(at) = inside(note.start_step, sums.len()) {
                let drum = self.drum(note.pitch);
                sums[at] = sums[at].zip(drum).map(|(sum, drum)| sum + (1 << drum));
            }
        }
        // What the carry leads beyond the last class has no cell; nothing sounds.
        let class = |sum: Option<u64>| u32::try_from(sum.unwrap_or(0)).ok().filter(|&class| class < classes);
        Ok(sums.into_iter().map(|sum| class(sum).unwrap_or(0)).collect())
    }

    /// Number of classes of sets.
    fn classes(&self) -> Result<u32, EncodingError> {
        if self.kit.len() > MOST_IN_A_CLASS {
            return Err(EncodingError::BadParameters("so many drums need a roll, not classes".into()));
        }
        Ok(1 << self.kit.len())
    }

    /// Notes of one step each.
    pub(super) fn notes(&self, steps: &DrumSteps, qpm: f64) -> Result<NoteSequence, VaeError> {
        let pitch = |drum: usize| self.kit.get(drum).and_then(|pitches| pitches.first()).copied();
        let sets: Vec<PitchSet> = match steps {
            DrumSteps::Labels(labels) => {
                let classes = self.classes()?;
                let set = |&label: &u32| {
                    let wrong = EncodingError::NoSuchClass { class: class(label), classes: class(classes) };
                    let drums = (0..self.kit.len()).filter(|&drum| label >> drum & 1 == 1);
                    if label < classes { Ok(drums.filter_map(pitch).collect()) } else { Err(wrong) }
                };
                labels.iter().map(set).collect::<Result<_, _>>()?
            }
            DrumSteps::Roll(rows) => {
                let drums = |row: &[f32]| {
                    let struck = row.iter().enumerate().filter(|(_, value)| **value > 0.0);
                    struck.filter_map(|(drum, _)| pitch(drum)).collect()
                };
                rows.of_width(self.kit.len())?.map(drums).collect()
            }
        };
        let total_time = sets.len() as f64 * seconds_per_step(qpm);
        Ok(NoteSequence { total_time, ..DrumTrack::new(sets).to_sequence(VELOCITY, 0.0, qpm) })
    }
}
