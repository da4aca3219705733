//! [`Melody`]: per grid step a new pitch, a note-off, or nothing; at most one note sounds.
//!
//! Reference semantics, exactly. Velocities and micro-timing stay with the [`Quantised`] notes.

use super::events::{EventError, Limits, MAX_STEPS, StepEvent, Steps, extract_all, index};
use crate::music::{Note, NoteSequence, Quantised, QuantisedNote, SequenceNote, TempoMark, tick_of_step};
use std::collections::BTreeSet;

/// What happens on one step of a melody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MelodyEvent {
    /// The state before goes on: the note sounds on, or silence does. Number -2.
    #[default]
    NoEvent,
    /// The sounding note ends. Number -1.
    NoteOff,
    /// A note of this MIDI pitch (0..=127) starts and ends the one before. Its number is the pitch.
    Pitch(u8),
}

impl MelodyEvent {
    /// The number by which models and files know the event: -2, -1 or the pitch.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::NoEvent => -2,
            Self::NoteOff => -1,
            Self::Pitch(p) => p.into(),
        }
    }

    /// The pitch, if a note starts.
    #[must_use]
    pub fn pitch(self) -> Option<u8> {
        match self {
            Self::Pitch(p) => Some(p),
            _ => None,
        }
    }
}

impl TryFrom<i32> for MelodyEvent {
    type Error = EventError;

    fn try_from(number: i32) -> Result<Self, EventError> {
        match number {
            -2 => Ok(Self::NoEvent),
            -1 => Ok(Self::NoteOff),
            0..=127 => Ok(Self::Pitch(number as u8)),
            _ => Err(EventError::Event(number)),
        }
    }
}

impl StepEvent for MelodyEvent {
    const PAD: Self = Self::NoEvent;

    /// A note-off before the first pitch ends nothing and becomes "no event".
    fn clean(events: &mut [Self]) {
        for e in events.iter_mut().take_while(|e| e.pitch().is_none()) {
            *e = Self::NoEvent;
        }
    }

    /// A note that still sounds at the end is closed there.
    fn after(events: &[Self]) -> Self {
        match events.iter().rev().find(|&&e| e != Self::NoEvent) {
            Some(Self::Pitch(_)) => Self::NoteOff,
            _ => Self::NoEvent,
        }
    }
}

/// A monophonic melody on a grid.
pub type Melody = Steps<MelodyEvent>;

/// Which notes of a piece may become a melody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MelodyLimits {
    /// What holds for all kinds of sequences.
    pub common: Limits,
    /// Melodies with fewer different pitch classes are dropped.
    pub min_unique_pitches: usize,
    /// Of notes that start together take the highest; otherwise they are an error.
    pub ignore_polyphonic: bool,
    /// Pass over drum notes.
    pub filter_drums: bool,
}

impl Default for MelodyLimits {
    fn default() -> Self {
        let common = Limits::default();
        Self { common, min_unique_pitches: 5, ignore_polyphonic: true, filter_drums: true }
    }
}

/// Bit k of entry p: whether pitch class p belongs to the major key of k.
fn in_major_key(pitch_class: usize, key: usize) -> bool {
    [0, 2, 4, 5, 7, 9, 11].contains(&((pitch_class + 12 - key) % 12))
}

impl Melody {
    /// A melody at step 0 of a 4/4 grid in 16ths from event numbers.
    ///
    /// # Errors
    /// [`EventError::Event`].
    pub fn from_numbers(numbers: &[i32]) -> Result<Self, EventError> {
        Ok(Self::new(numbers.iter().map(|&n| n.try_into()).collect::<Result<_, _>>()?))
    }

    /// The event numbers, one per step.
    #[must_use]
    pub fn numbers(&self) -> Vec<i32> {
        self.events.iter().map(|e| e.number()).collect()
    }

    /// The first melody at or after `limits.common.search_start` of one instrument: its notes, of overlapping
    /// ones the later, up to a rest of `gap_bars`. Starts on a bar line counted from the search start. Empty
    /// if there is none. Lengths and unique pitches are not looked at.
    ///
    /// # Errors
    /// If the grid has no whole bars, notes start together and may not, or a note is longer than
    /// [`MAX_STEPS`].
    pub fn extract(q: &Quantised, instrument: u32, limits: &MelodyLimits) -> Result<Self, EventError> {
        let steps_per_bar = q.steps_per_bar()?;
        let steps_per_quarter = q.steps_per_quarter()?;
        let Limits { search_start, gap_bars, pad_end, .. } = limits.common;
        let of_interest = |n: &&QuantisedNote| n.instrument == instrument && n.start_step >= search_start;
        let mut notes: Vec<_> = q.notes.iter().filter(of_interest).collect();
        notes.sort_by_key(|n| (n.start_step, std::cmp::Reverse(n.pitch)));
        let mut melody = Self::on_grid(Vec::new(), 0, steps_per_bar, steps_per_quarter);
        let Some(first) = notes.first().map(|n| n.start_step) else { return Ok(melody) };
        let start = first - (first - search_start).rem_euclid(i64::from(steps_per_bar));
        for n in notes.iter().filter(|n| n.velocity > 0 && !(limits.filter_drums && n.is_drum)) {
            let (on, off) = (index(n.start_step, start)?, index(n.end_step, start)?);
            if let Some((last_on, last_off)) = melody.last_on_off() {
                if on == last_on {
                    if limits.ignore_polyphonic {
                        continue;
                    }
                    return Err(EventError::Polyphonic);
                }
                if on as f64 - last_off as f64 >= gap_bars * f64::from(steps_per_bar) {
                    break;
                }
            }
            melody.add_note(n.pitch, on, off)?;
        }
        if melody.is_empty() {
            return Ok(melody);
        }
        if melody.events.last() == Some(&MelodyEvent::NoteOff) {
            melody.events.pop();
        }
        melody.start_step = start;
        melody.set_length(melody.len());
        if pad_end {
            melody.pad_to_bar();
        }
        Ok(melody)
    }

    /// All melodies of all instruments, in ascending order of instrument.
    ///
    /// # Errors
    /// If the grid has no whole bars or a note is longer than [`MAX_STEPS`]. Where notes that start together
    /// are not allowed, they only end the search in their instrument.
    pub fn extract_all(q: &Quantised, limits: &MelodyLimits) -> Result<Vec<Self>, EventError> {
        q.steps_per_quarter()?;
        let mut melodies = Vec::new();
        let instruments: BTreeSet<u32> = q.notes.iter().map(|n| n.instrument).collect();
        for instrument in instruments {
            let steps_per_bar = q.steps_per_bar()?;
            let next = |search_start| {
                let common = Limits { search_start, ..limits.common };
                Self::extract(q, instrument, &MelodyLimits { common, ..*limits })
            };
            let keep = |m: Self| {
                if m.pitch_class_histogram().iter().filter(|&&n| n > 0).count() >= limits.min_unique_pitches {
                    melodies.push(m);
                }
            };
            match extract_all(&limits.common, steps_per_bar, next, keep) {
                Ok(()) | Err(EventError::Polyphonic) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(melodies)
    }

    /// Steps of the last note-on and of the first note-off after it (the length if there is none).
    fn last_on_off(&self) -> Option<(usize, usize)> {
        let on = self.events.iter().rposition(|e| e.pitch().is_some())?;
        let off = self.events[on..].iter().position(|&e| e == MelodyEvent::NoteOff);
        Some((on, off.map_or(self.len(), |i| on + i)))
    }

    /// Puts a note over whatever is there from `on` on; the melody ends with its note-off.
    fn add_note(&mut self, pitch: u8, on: usize, off: usize) -> Result<(), EventError> {
        if on >= off {
            return Err(EventError::BackwardNote);
        }
        if off >= MAX_STEPS {
            return Err(EventError::TooLong);
        }
        self.set_length(off + 1);
        self.events[on] = MelodyEvent::Pitch(pitch);
        self.events[on + 1..off].fill(MelodyEvent::NoEvent);
        self.events[off] = MelodyEvent::NoteOff;
        Ok(())
    }

    /// The pitches in order.
    pub fn pitches(&self) -> impl DoubleEndedIterator<Item = u8> + '_ {
        self.events.iter().filter_map(|e| e.pitch())
    }

    /// Number of notes of each pitch class (0 = C).
    #[must_use]
    pub fn pitch_class_histogram(&self) -> [u32; 12] {
        let mut histogram = [0; 12];
        self.pitches().for_each(|p| histogram[usize::from(p % 12)] += 1);
        histogram
    }

    /// Number of notes that belong to each major key (0 = C major).
    #[must_use]
    pub fn major_key_histogram(&self) -> [u32; 12] {
        let notes = self.pitch_class_histogram();
        std::array::from_fn(|key| (0..12).filter(|&p| in_major_key(p, key)).map(|p| notes[p]).sum())
    }

    /// The major key that most notes belong to; of several the lowest.
    #[must_use]
    pub fn major_key(&self) -> u8 {
        let keys = self.major_key_histogram();
        // `max_by_key` takes the last of equals, so go backwards.
        (0..12u8).rev().max_by_key(|&k| keys[usize::from(k)]).unwrap_or(0)
    }

    /// Moves all pitches by `amount`; what leaves `min..max` comes back in by octaves.
    pub fn transpose(&mut self, amount: i32, min: u8, max: u8) {
        let (lo, hi) = (i32::from(min), i32::from(max));
        for event in &mut self.events {
            if let MelodyEvent::Pitch(p) = event {
                let moved = i32::from(*p) + amount;
                let folded = if moved < lo {
                    lo + (moved - lo).rem_euclid(12)
                } else if moved >= hi {
                    hi - 12 + (moved - hi).rem_euclid(12)
                } else {
                    moved
                };
                // A range below an octave can fold past the MIDI range; it is no range a model has.
                *p = folded.clamp(0, 127) as u8;
            }
        }
    }

    /// Brings the melody into `min..max`: with a key, by the number of semitones that takes its major key there
    /// and its middle nearest to the range's; single notes outside are moved by octaves. Returns the semitones.
    #[allow(clippy::cast_possible_truncation, reason = "at most eleven octaves")]
    pub fn squash(&mut self, min: u8, max: u8, key: Option<u8>) -> i32 {
        let mut amount = 0;
        if let Some(key) = key {
            let (Some(low), Some(high)) = (self.pitches().min(), self.pitches().max()) else { return 0 };
            let key_diff = i32::from(key) - i32::from(self.major_key());
            let centre = (f64::from(low) + f64::from(high)) / 2.0;
            let target = (f64::from(min) + f64::from(max) - 1.0) / 2.0;
            let octaves = ((target - (centre + f64::from(key_diff))) / 12.0).round_ties_even();
            amount = key_diff + 12 * octaves as i32;
        }
        self.transpose(amount, min, max);
        amount
    }

    /// Pitch, first step and step after the last of every note, counted from the melody's own start.
    #[must_use]
    pub fn notes(&self) -> Vec<(u8, usize, usize)> {
        let mut notes: Vec<(u8, usize, usize)> = Vec::new();
        let mut sounding = false;
        for (step, event) in self.events.iter().enumerate() {
            if *event != MelodyEvent::NoEvent {
                if let Some(note) = notes.last_mut().filter(|_| sounding) {
                    note.2 = step;
                }
                sounding = event.pitch().is_some();
            }
            notes.extend(event.pitch().map(|p| (p, step, self.len())));
        }
        notes
    }

    /// Notes in ticks from the melody's own start (its first event is tick 0).
    #[must_use]
    pub fn to_notes(&self, velocity: u8) -> Vec<Note> {
        let tick = |step: usize| tick_of_step(step as i64, self.steps_per_quarter);
        let note = |(pitch, on, off)| Note { start: tick(on), pitch, length: tick(off) - tick(on), velocity };
        self.notes().into_iter().map(note).collect()
    }

    /// Notes in seconds, as the reference renders them: `start_step` counts from `start_time`.
    #[must_use]
    pub fn to_sequence(&self, velocity: u8, start_time: f64, qpm: f64) -> NoteSequence {
        let seconds_per_step = 60.0 / qpm / f64::from(self.steps_per_quarter);
        let offset = start_time + self.start_step as f64 * seconds_per_step;
        let time = |step: usize| step as f64 * seconds_per_step + offset;
        let note = |(pitch, on, off)| SequenceNote {
            pitch,
            velocity,
            start_time: time(on),
            end_time: time(off),
            ..SequenceNote::default()
        };
        let notes: Vec<_> = self.notes().into_iter().map(note).collect();
        let total_time = notes.last().map_or(0.0, |n| n.end_time);
        NoteSequence { notes, total_time, tempos: vec![TempoMark { time: 0.0, qpm }], ..Default::default() }
    }
}
