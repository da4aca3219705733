//! [`PerformanceEvent`], [`NoteEvent`] and the velocity bins that both count in.
//!
//! Any thread. Source: Performance RNN (Magenta), `spec` 4.6 of the note-model notes.

use crate::codec::EventError;

/// What happens next in a performance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PerformanceEvent {
    /// A note of this MIDI pitch starts.
    NoteOn(u8),
    /// The oldest sounding note of this MIDI pitch ends.
    NoteOff(u8),
    /// So many steps pass.
    TimeShift(u32),
    /// Notes from here on have this velocity bin (from 1 on).
    Velocity(u8),
}

impl PerformanceEvent {
    /// The event of a type number (1 note-on, 2 note-off, 3 time shift, 4 velocity) and a value.
    ///
    /// # Errors
    /// Another type or a value that its type does not have.
    pub fn from_numbers(kind: i64, value: i64) -> Result<Self, EventError> {
        let small = u8::try_from(value).ok().filter(|&v| v < 128);
        match (kind, small) {
            (1, Some(pitch)) => Some(Self::NoteOn(pitch)),
            (2, Some(pitch)) => Some(Self::NoteOff(pitch)),
            (3, _) => u32::try_from(value).ok().map(Self::TimeShift),
            (4, Some(bin)) if bin > 0 => Some(Self::Velocity(bin)),
            _ => None,
        }
        .ok_or(EventError::PerformanceEvent(kind, value))
    }

    /// Type number and value.
    #[must_use]
    pub fn numbers(self) -> (u8, u32) {
        match self {
            Self::NoteOn(pitch) => (1, pitch.into()),
            Self::NoteOff(pitch) => (2, pitch.into()),
            Self::TimeShift(steps) => (3, steps),
            Self::Velocity(bin) => (4, bin.into()),
        }
    }

    /// Steps that pass.
    #[must_use]
    pub fn steps(self) -> u32 {
        if let Self::TimeShift(steps) = self { steps } else { 0 }
    }
}

/// A whole note, placed after the onset of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoteEvent {
    /// Steps since the onset before.
    pub shift: u32,
    /// MIDI pitch 0..=127.
    pub pitch: u8,
    /// Velocity bin, from 1 on.
    pub velocity: u8,
    /// Steps, at least 1.
    pub duration: u32,
}

impl NoteEvent {
    /// A note from numbers.
    ///
    /// # Errors
    /// A value that its field does not have.
    pub fn from_numbers(shift: i64, pitch: i64, velocity: i64, duration: i64) -> Result<Self, EventError> {
        let PerformanceEvent::TimeShift(shift) = PerformanceEvent::from_numbers(3, shift)? else {
            return Err(EventError::PerformanceEvent(3, shift));
        };
        let PerformanceEvent::NoteOn(pitch) = PerformanceEvent::from_numbers(1, pitch)? else {
            return Err(EventError::PerformanceEvent(1, pitch));
        };
        let PerformanceEvent::Velocity(velocity) = PerformanceEvent::from_numbers(4, velocity)? else {
            return Err(EventError::PerformanceEvent(4, velocity));
        };
        let steps = u32::try_from(duration).ok().filter(|&d| d > 0);
        let duration = steps.ok_or(EventError::PerformanceEvent(5, duration))?;
        Ok(Self { shift, pitch, velocity, duration })
    }
}

/// Velocities 1..=127 in bins of equal size. The published models have 32; 0 = velocities are not written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VelocityBins(u8);

impl VelocityBins {
    /// No velocities.
    pub const NONE: Self = Self(0);

    /// At most 127 bins.
    #[must_use]
    pub fn new(bins: u8) -> Self {
        Self(bins.min(127))
    }

    /// How many.
    #[must_use]
    pub fn count(self) -> u8 {
        self.0
    }

    /// Velocities in a bin.
    fn size(self) -> u8 {
        127u8.div_ceil(self.0.max(1))
    }

    /// The bin of a velocity, from 1 on.
    #[must_use]
    pub fn bin(self, velocity: u8) -> u8 {
        velocity.clamp(1, 127).saturating_sub(1) / self.size() + 1
    }

    /// The lowest velocity of a bin.
    #[must_use]
    pub fn velocity(self, bin: u8) -> u8 {
        bin.saturating_sub(1).saturating_mul(self.size()).saturating_add(1).min(127)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_four_velocities_each_in_the_published_models() {
        let bins = VelocityBins::new(32);
        assert_eq!([1, 4, 5, 64, 100, 127].map(|v| bins.bin(v)), [1, 1, 2, 16, 25, 32]);
        assert_eq!([1, 2, 32].map(|b| bins.velocity(b)), [1, 5, 125]);
        let all = VelocityBins::new(127);
        assert!((1..=127).all(|v| all.velocity(all.bin(v)) == v));
    }
}
