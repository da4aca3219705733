//! Melody events as classes, and what the key encoding remembers about a melody.
//!
//! Pure maths; any thread. Source: Melody RNN (Magenta), `spec` 6.2 and 6.4 of the note-model notes.
use super::{EncodingError, OneHot};
use crate::codec::MelodyEvent;

/// Classes of a melody: 0 no event, 1 note off, then the pitches `min..max`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MelodyOneHot {
    min: i32,
    max: i32,
}

impl MelodyOneHot {
    /// Pitches `min..max` (upper end exclusive).
    ///
    /// # Errors
    /// An empty range or one outside 0..=128.
    pub fn new(min: i32, max: i32) -> Result<Self, EncodingError> {
        if min < 0 || max > 128 || min >= max {
            return Err(EncodingError::BadParameters(format!("note range {min}..{max}")));
        }
        Ok(Self { min, max })
    }

    /// Lowest pitch.
    #[must_use]
    pub fn min(&self) -> i32 {
        self.min
    }

    /// One above the highest pitch.
    #[must_use]
    pub fn max(&self) -> i32 {
        self.max
    }

    /// Index of a pitch in the range, or the reason why it has none.
    pub(super) fn pitch_index(&self, pitch: u8) -> Result<usize, EncodingError> {
        let pitch = i32::from(pitch);
        if (self.min..self.max).contains(&pitch) {
            return usize::try_from(pitch - self.min).map_err(|_| EncodingError::Empty);
        }
        Err(EncodingError::PitchOutOfRange { pitch, low: self.min, high: self.max - 1 })
    }

    /// Pitch of an index in the range.
    pub(super) fn pitch_at(&self, index: usize) -> MelodyEvent {
        let pitch = i32::try_from(index).ok().and_then(|i| u8::try_from(self.min + i).ok());
        pitch.map_or(MelodyEvent::NoEvent, MelodyEvent::Pitch)
    }

    /// Number of pitches.
    pub(super) fn width(&self) -> usize {
        usize::try_from(self.max - self.min).unwrap_or(0)
    }
}

impl OneHot for MelodyOneHot {
    type Event = MelodyEvent;

    fn classes(&self) -> usize {
        self.width() + 2
    }

    fn default_event(&self) -> MelodyEvent {
        MelodyEvent::NoEvent
    }

    fn encode(&self, event: MelodyEvent) -> Result<usize, EncodingError> {
        match event {
            MelodyEvent::NoEvent => Ok(0),
            MelodyEvent::NoteOff => Ok(1),
            MelodyEvent::Pitch(pitch) => self.pitch_index(pitch).map(|i| i + 2),
        }
    }

    fn decode(&self, class: usize) -> Result<MelodyEvent, EncodingError> {
        match class {
            0 => Ok(MelodyEvent::NoEvent),
            1 => Ok(MelodyEvent::NoteOff),
            c if c < self.classes() => Ok(self.pitch_at(c - 2)),
            class => Err(EncodingError::NoSuchClass { class, classes: self.classes() }),
        }
    }
}

/// Running state of a melody for the key encoding: constant size, constant time per event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MelodyScan {
    /// Number of notes so far of each pitch class.
    pub(super) histogram: [u32; 12],
    /// A pitch has been seen: note-offs before it count as nothing.
    pub(super) started: bool,
    /// The sounding pitch.
    pub(super) current: Option<u8>,
    /// The newest event that was no note-off was a pitch.
    pub(super) attack: bool,
    /// Whether the melody went up (+1), down (−1) or is undecided (0).
    pub(super) direction: i8,
    /// The newest distinct pitches, oldest first, at most three.
    pub(super) last3: [u8; 3],
    /// How many of `last3` are filled.
    pub(super) count: usize,
}

impl MelodyScan {
    pub(super) fn push(&mut self, event: MelodyEvent) {
        match event {
            // A note-off leaves `attack` as it is: an oddity of the published models.
            MelodyEvent::NoteOff if self.started => self.current = None,
            MelodyEvent::Pitch(pitch) => self.push_pitch(pitch),
            _ => self.attack = false,
        }
    }

    fn push_pitch(&mut self, pitch: u8) {
        self.started = true;
        self.attack = true;
        self.current = Some(pitch);
        self.histogram[usize::from(pitch % 12)] += 1;
        if self.count > 0 {
            let newest = self.last3[self.count - 1];
            if pitch != newest {
                self.direction = if pitch > newest { 1 } else { -1 };
            }
        }
        if let Some(found) = self.last3[..self.count].iter().position(|&p| p == pitch) {
            self.last3.copy_within(found + 1..self.count, found);
            self.count -= 1;
        }
        if self.count == 3 {
            self.last3.copy_within(1.., 0);
            self.count = 2;
        }
        self.last3[self.count] = pitch;
        self.count += 1;
    }

    /// The newest distinct pitches, oldest first.
    pub(super) fn last_pitches(&self) -> &[u8] {
        &self.last3[..self.count]
    }
}
