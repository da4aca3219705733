//! [`LeadSheet`]: a melody and the chords under it, step by step.
//!
//! Any thread. Reference semantics, exactly (`spec` 4.4 of the note-model notes).

use super::chords::ChordProgression;
use super::events::EventError;
use super::melody::{Melody, MelodyLimits};
use crate::music::{NoteSequence, Quantised};

/// A melody with chords on the same steps.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadSheet {
    melody: Melody,
    chords: ChordProgression,
}

impl LeadSheet {
    /// Puts the two together.
    ///
    /// # Errors
    /// [`EventError::MelodyChordsMismatch`] if they differ in place, length or grid.
    pub fn new(melody: Melody, chords: ChordProgression) -> Result<Self, EventError> {
        let same = melody.len() == chords.len()
            && melody.steps_per_bar() == chords.steps_per_bar()
            && melody.steps_per_quarter() == chords.steps_per_quarter()
            && melody.start_step() == chords.start_step()
            && melody.end_step() == chords.end_step();
        if same { Ok(Self { melody, chords }) } else { Err(EventError::MelodyChordsMismatch) }
    }

    /// The melody.
    #[must_use]
    pub fn melody(&self) -> &Melody {
        &self.melody
    }

    /// The chords.
    #[must_use]
    pub fn chords(&self) -> &ChordProgression {
        &self.chords
    }

    /// All lead sheets of a piece: its melodies with the chords of their steps. A melody with two chords on one
    /// step is passed over, and where chords are required one without any.
    ///
    /// # Errors
    /// As [`Melody::extract_all`].
    pub fn extract_all(
        q: &Quantised,
        limits: &MelodyLimits,
        require_chords: bool,
    ) -> Result<Vec<Self>, EventError> {
        let mut sheets = Vec::new();
        for melody in Melody::extract_all(q, limits)? {
            match ChordProgression::extract(q, melody.start_step(), melody.end_step()) {
                Ok(chords) if chords.has_chords() || !require_chords => {
                    sheets.push(Self::new(melody, chords)?)
                }
                Ok(_) | Err(EventError::CoincidentChords) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sheets)
    }

    /// [`Melody::squash`] with the chords following. Returns the semitones.
    ///
    /// # Errors
    /// A figure that is no chord.
    pub fn squash(&mut self, min: u8, max: u8, key: Option<u8>) -> Result<i32, EventError> {
        let amount = self.melody.squash(min, max, key);
        self.chords = self.chords.transposed(amount)?;
        Ok(amount)
    }

    /// Notes and chord symbols in seconds.
    #[must_use]
    pub fn to_sequence(&self, velocity: u8, start_time: f64, qpm: f64) -> NoteSequence {
        let text_annotations = self.chords.to_annotations(start_time, qpm);
        NoteSequence { text_annotations, ..self.melody.to_sequence(velocity, start_time, qpm) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_follow_the_melody_and_both_must_fit() {
        let melody = Melody::from_numbers(&[62, 66, 69, 74]).expect("events");
        let chords = ChordProgression::from_text("D A/C#", 2, 16, 4).expect("chords");
        let mut sheet = LeadSheet::new(melody.clone(), chords).expect("fit");
        let amount = sheet.squash(60, 84, Some(0)).expect("chords");
        assert_eq!(amount.rem_euclid(12), 10);
        let figures: Vec<&str> = sheet.chords().figures().iter().map(|f| &**f).collect();
        assert_eq!(figures, ["C", "C", "G/B", "G/B"]);
        let short = ChordProgression::from_text("D", 2, 16, 4).expect("chords");
        assert_eq!(LeadSheet::new(melody, short), Err(EventError::MelodyChordsMismatch));
    }
}
