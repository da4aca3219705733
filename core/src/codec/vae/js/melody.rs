//! One voice. Any thread.
use super::{inside, length, seconds_per_step};
use crate::codec::encoding::{EncodingError, MelodyOneHot, OneHot};
use crate::codec::vae::{VELOCITY, VaeError, class};
use crate::codec::{EventError, Melody};
use crate::music::{NoteSequence, Quantised};
use std::cmp::Reverse;
use std::ops::RangeInclusive;

/// Classes before the pitches: no event, note-off.
const FIRST_PITCH: u32 = 2;

/// Notes ↔ classes: 0 no event, 1 note-off, then the pitches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsMelody {
    /// Length; `None`: as long as the music.
    pub steps: Option<usize>,
    /// The pitches that have a class.
    pub pitches: RangeInclusive<u8>,
    /// Notes that start together are refused, instead of taking the highest.
    pub refuse_polyphony: bool,
}

impl JsMelody {
    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> u32 {
        FIRST_PITCH + self.pitches.len() as u32
    }

    /// Class of every step. Quirk of the original: the end of a note stays where it is when another note has begun before
    /// it, and so ends that one too early.
    ///
    /// # Errors
    /// A pitch without a class, notes that start together where that is refused.
    pub fn labels(&self, q: &Quantised) -> Result<Vec<u32>, VaeError> {
        let mut labels = vec![0; length(self.steps, q)?];
        let mut notes: Vec<_> = q.notes.iter().collect();
        notes.sort_by_key(|n| (n.start_step, Reverse(n.pitch)));
        let mut last = None;
        for note in notes {
            if last == Some(note.start_step) {
                if self.refuse_polyphony {
                    return Err(EventError::Polyphonic.into());
                }
                continue;
            }
            last = Some(note.start_step);
            if !self.pitches.contains(&note.pitch) {
                return Err(EncodingError::PitchOutOfRange {
                    pitch: note.pitch.into(),
                    low: (*self.pitches.start()).into(),
                    high: (*self.pitches.end()).into(),
                }
                .into());
            }
            let on = FIRST_PITCH + u32::from(note.pitch - self.pitches.start());
            for (step, label) in [(note.start_step, on), (note.end_step, 1)] {
                if let Some(step) = inside(step, labels.len()) {
                    labels[step] = label;
                }
            }
        }
        Ok(labels)
    }

    /// Notes of the classes.
    pub(super) fn notes(&self, labels: &[u32], qpm: f64) -> Result<NoteSequence, VaeError> {
        let vocabulary =
            MelodyOneHot::new((*self.pitches.start()).into(), i32::from(*self.pitches.end()) + 1)?;
        let events = labels.iter().map(|&label| vocabulary.decode(class(label)));
        let melody = Melody::new(events.collect::<Result<_, _>>()?);
        let total_time = labels.len() as f64 * seconds_per_step(qpm);
        Ok(NoteSequence { total_time, ..melody.to_sequence(VELOCITY, 0.0, qpm) })
    }
}

/// For every step whether a note begins.
#[must_use]
pub fn rhythm(labels: &[u32]) -> Vec<f32> {
    labels.iter().map(|&label| f32::from(u8::from(label >= FIRST_PITCH))).collect()
}

/// For every step which way the melody goes to its next note: 0 down, 1 level, 2 up; after the last note as before it.
#[must_use]
pub fn contour(labels: &[u32]) -> Vec<u8> {
    let notes: Vec<(usize, u32)> =
        (0..).zip(labels.iter().copied()).filter(|&(_, label)| label >= FIRST_PITCH).collect();
    let mut ways = Vec::with_capacity(labels.len());
    let mut way = 1;
    for pair in notes.windows(2) {
        way = match pair[1].1.cmp(&pair[0].1) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => 2,
        };
        ways.resize(pair[1].0 + 1, way);
    }
    ways.resize(labels.len(), way);
    ways
}
