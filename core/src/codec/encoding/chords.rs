//! Chords as what a melody model is told: one-hot triads, or the pitches themselves.
//!
//! Pure maths; any thread. Source: Improv RNN (Magenta), `spec` 6.2 and 6.5 of the note-model notes.
use super::{ControlEncoding, EncodingError, SparseVector, cell};
use crate::music::{Chord, ChordQuality, NO_CHORD};
use serde::{Deserialize, Serialize};

/// How chords are written into the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChordEncoding {
    /// No chord, 12 major, 12 minor: 25 classes.
    MajorMinor,
    /// And 12 augmented, 12 diminished: 49 classes.
    Triad,
    /// No chord, root, pitch classes, bass: 37 cells, no classes.
    Pitches,
}

impl ChordEncoding {
    /// Class of a chord.
    ///
    /// # Errors
    /// A chord without a class, or an encoding without classes.
    pub fn class(self, chord: Option<Chord>) -> Result<usize, EncodingError> {
        let Some(chord) = chord else { return Ok(0) };
        let group = match (self, chord.quality) {
            (Self::MajorMinor | Self::Triad, ChordQuality::Major) => 0,
            (Self::MajorMinor | Self::Triad, ChordQuality::Minor) => 1,
            (Self::Triad, ChordQuality::Augmented) => 2,
            (Self::Triad, ChordQuality::Diminished) => 3,
            (Self::MajorMinor, _) => return Err(EncodingError::UnknownChord("major and minor chords")),
            (Self::Triad, _) => {
                return Err(EncodingError::UnknownChord("major, minor, augmented and diminished chords"));
            }
            (Self::Pitches, _) => {
                return Err(EncodingError::BadParameters("chord pitches have no classes".into()));
            }
        };
        Ok(1 + 12 * group + usize::from(chord.root))
    }

    /// Figure of a class: the plain triad.
    ///
    /// # Errors
    /// [`EncodingError::NoSuchClass`].
    pub fn figure(self, class: usize) -> Result<String, EncodingError> {
        const ROOTS: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
        const TRIADS: [&str; 4] = ["", "m", "aug", "dim"];
        let classes = if self == Self::Pitches { 0 } else { self.size() };
        match class {
            _ if class >= classes => Err(EncodingError::NoSuchClass { class, classes }),
            0 => Ok(NO_CHORD.into()),
            _ => Ok(format!("{}{}", ROOTS[(class - 1) % 12], TRIADS[(class - 1) / 12])),
        }
    }
}

impl ControlEncoding for ChordEncoding {
    type Control = Option<Chord>;

    fn size(&self) -> usize {
        match self {
            Self::MajorMinor => 25,
            Self::Triad => 49,
            Self::Pitches => 37,
        }
    }

    fn input(&self, chord: Option<Chord>, out: &mut SparseVector) -> Result<(), EncodingError> {
        match (self, chord) {
            (Self::Pitches, Some(chord)) => {
                out.push((1 + u32::from(chord.root), 1.0));
                out.extend((0..12).filter(|&p| chord.pitches.contains(p)).map(|p| (13 + u32::from(p), 1.0)));
                out.push((25 + u32::from(chord.bass), 1.0));
            }
            (Self::Pitches, None) => out.push((0, 1.0)),
            _ => out.push((cell(self.class(chord)?), 1.0)),
        }
        Ok(())
    }
}
