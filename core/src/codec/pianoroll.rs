//! [`Pianoroll`]: per grid step the set of sounding keys of an 88-key piano. A struck and a held key look alike.
//!
//! Reference semantics, exactly (Pianoroll RNN-NADE of the Magenta project). Velocities and micro-timing stay
//! with the [`Quantised`] notes. Any thread.

use super::encoding::SparseVector;
use super::events::{EventError, MAX_STEPS, StepEvent, Steps, steps_from};
use crate::music::{Note, NoteSequence, Quantised, SequenceNote, TempoMark, tick_of_step};
use std::fmt;

/// Number of keys.
pub const KEYS: usize = 88;
/// MIDI pitch of key 0, the lowest A of a piano.
pub const LOWEST_KEY: u8 = 21;

/// The keys that sound in a step, as a set of key numbers 0..=87.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Frame(u128);

impl Frame {
    /// Silence.
    pub const EMPTY: Self = Self(0);

    /// Every key.
    pub const ALL: Self = Self((1 << KEYS) - 1);

    /// Whether nothing sounds.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of sounding keys.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether `key` sounds.
    #[must_use]
    pub fn contains(self, key: u8) -> bool {
        usize::from(key) < KEYS && self.0 >> key & 1 == 1
    }

    /// Adds a key; above 87 nothing happens.
    pub fn insert(&mut self, key: u8) {
        if usize::from(key) < KEYS {
            self.0 |= 1 << key;
        }
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: u8) {
        if usize::from(key) < KEYS {
            self.0 &= !(1 << key);
        }
    }

    /// The sounding keys, ascending.
    pub fn keys(self) -> impl Iterator<Item = u8> {
        (0..KEYS as u8).filter(move |&key| self.contains(key))
    }

    /// The class of the frame among all 2⁸⁸: the sum of 2^key.
    #[must_use]
    pub fn label(self) -> u128 {
        self.0
    }

    /// The frame of a class; `None` from 2⁸⁸ on.
    #[must_use]
    pub fn from_label(label: u128) -> Option<Self> {
        (label >> KEYS == 0).then_some(Self(label))
    }

    /// Replaces `out` by the network's input for this frame: 88 cells, 1 where a key sounds.
    pub fn input(self, out: &mut SparseVector) {
        out.clear();
        out.extend(self.keys().map(|key| (u32::from(key), 1.0)));
    }
}

impl FromIterator<u8> for Frame {
    fn from_iter<I: IntoIterator<Item = u8>>(keys: I) -> Self {
        let mut frame = Self::EMPTY;
        keys.into_iter().for_each(|key| frame.insert(key));
        frame
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

impl StepEvent for Frame {
    const PAD: Self = Self::EMPTY;
}

/// Key of a MIDI pitch, if a piano has it.
#[must_use]
pub fn key_of_pitch(pitch: u8) -> Option<u8> {
    pitch.checked_sub(LOWEST_KEY).filter(|&key| usize::from(key) < KEYS)
}

/// What happens to a piece that is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Longest {
    /// No piece is too long.
    #[default]
    Any,
    /// It is cut to so many steps.
    Truncate(usize),
    /// It is dropped if it has more steps than this.
    Discard(usize),
}

/// A piano roll on a grid.
pub type Pianoroll = Steps<Frame>;

impl Pianoroll {
    /// The notes within the piano's range that start at or after `start_step`, up to the end of the music. A
    /// key struck again without a rest is let go for the step before. `None` if the music has several programs,
    /// fewer than `min_steps` steps or too many.
    ///
    /// Quirk of the reference: a note in the very first step takes its key out of the very last one.
    ///
    /// # Errors
    /// [`EventError::TooLong`], or a grid of seconds.
    pub fn extract(
        q: &Quantised,
        start_step: i64,
        min_steps: usize,
        longest: Longest,
    ) -> Result<Option<Self>, EventError> {
        let steps_per_quarter = q.steps_per_quarter()?;
        if q.notes.iter().any(|n| n.program != q.notes[0].program) {
            return Ok(None);
        }
        let steps = steps_from(q, start_step)?;
        let discarded = matches!(longest, Longest::Discard(max) if steps > max);
        if steps < min_steps || discarded {
            return Ok(None);
        }
        let mut frames = vec![Frame::EMPTY; steps];
        let index = |step: i64| usize::try_from(step.saturating_sub(start_step)).unwrap_or(0).min(steps);
        let mut sounding = 0;
        for note in q.notes.iter().filter(|n| n.start_step >= start_step) {
            let Some(key) = key_of_pitch(note.pitch) else { continue };
            let (on, off) = (index(note.start_step), index(note.end_step));
            sounding += off.saturating_sub(on);
            if sounding > KEYS * MAX_STEPS {
                return Err(EventError::TooLong);
            }
            let before = if on == 0 { steps.checked_sub(1) } else { Some(on - 1) };
            if let Some(frame) = before.and_then(|i| frames.get_mut(i)) {
                frame.remove(key);
            }
            frames.iter_mut().take(off).skip(on).for_each(|frame| frame.insert(key));
        }
        // Frames know no bars; music whose bars are no whole steps is cut like the rest.
        let steps_per_bar = q.steps_per_bar().unwrap_or_else(|_| steps_per_quarter.saturating_mul(4));
        let mut roll = Self::on_grid(frames, start_step, steps_per_bar, steps_per_quarter);
        if let Longest::Truncate(max) = longest {
            roll.set_length(roll.len().min(max));
        }
        Ok(Some(roll))
    }

    /// Key, first step and step after the last of every note, counted from the roll's own start.
    #[must_use]
    pub fn notes(&self) -> Vec<(u8, usize, usize)> {
        let mut notes = Vec::new();
        let mut on = [0usize; KEYS];
        let mut sounding = Frame::EMPTY;
        for (step, &frame) in self.events.iter().chain([&Frame::EMPTY]).enumerate() {
            for key in (0..KEYS as u8).filter(|&key| sounding.contains(key) != frame.contains(key)) {
                if sounding.contains(key) {
                    notes.push((key, on[usize::from(key)], step));
                } else {
                    on[usize::from(key)] = step;
                }
            }
            sounding = frame;
        }
        notes
    }

    /// Notes in ticks from the roll's own start (its first frame is tick 0).
    #[must_use]
    pub fn to_notes(&self, velocity: u8) -> Vec<Note> {
        let tick = |step: usize| tick_of_step(step as i64, self.steps_per_quarter);
        let note = |(key, on, off)| Note {
            start: tick(on),
            pitch: LOWEST_KEY + key,
            length: tick(off) - tick(on),
            velocity,
        };
        let mut notes: Vec<Note> = self.notes().into_iter().map(note).collect();
        notes.sort_unstable();
        notes
    }

    /// Notes in seconds, as the reference renders them. Quirk: without a note at the end the last step does not
    /// count towards the total time.
    #[must_use]
    pub fn to_sequence(&self, velocity: u8, qpm: f64) -> NoteSequence {
        let seconds_per_step = 60.0 / qpm / f64::from(self.steps_per_quarter);
        let offset = self.start_step as f64 * seconds_per_step;
        let time = |step: usize| step as f64 * seconds_per_step + offset;
        let note = |(key, on, off): (u8, usize, usize)| SequenceNote {
            pitch: LOWEST_KEY + key,
            velocity,
            start_time: time(on),
            end_time: time(off),
            ..SequenceNote::default()
        };
        let notes = self.notes().into_iter().map(note).collect();
        let silent_end = self.events.last().is_none_or(|frame| frame.is_empty());
        let total_time =
            seconds_per_step * self.len().saturating_sub(usize::from(silent_end)) as f64 + offset;
        NoteSequence { notes, total_time, tempos: vec![TempoMark { time: 0.0, qpm }], ..Default::default() }
    }
}

#[cfg(test)]
#[path = "pianoroll_tests.rs"]
mod tests;
