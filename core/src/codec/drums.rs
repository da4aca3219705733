//! [`DrumTrack`]: per grid step the set of drum sounds struck. Durations do not exist.
//!
//! Reference semantics, exactly. Velocities and micro-timing stay with the [`Quantised`] notes.

use super::events::{EventError, Limits, StepEvent, Steps, extract_all, index};
use crate::music::{Note, NoteSequence, Quantised, SequenceNote, TempoMark, tick_of_step};
use std::fmt;

/// Instrument number that the reference gives rendered drums.
const DRUM_INSTRUMENT: u32 = 9;

/// A set of MIDI pitches 0..=127.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PitchSet(u128);

impl PitchSet {
    /// No pitch.
    pub const EMPTY: Self = Self(0);

    /// Every pitch.
    pub const ALL: Self = Self(u128::MAX);

    /// Whether the set has no pitch.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of pitches.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether the set has `pitch`.
    #[must_use]
    pub fn contains(self, pitch: u8) -> bool {
        pitch < 128 && self.0 >> pitch & 1 == 1
    }

    /// Adds a pitch; above 127 nothing happens.
    pub fn insert(&mut self, pitch: u8) {
        if pitch < 128 {
            self.0 |= 1 << pitch;
        }
    }

    /// The pitches, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..128).filter(move |&p| self.contains(p))
    }

    /// The set of pitches given as numbers.
    ///
    /// # Errors
    /// [`EventError::Pitch`].
    pub fn from_numbers(pitches: &[i32]) -> Result<Self, EventError> {
        let pitch = |&p: &i32| u8::try_from(p).ok().filter(|&p| p < 128).ok_or(EventError::Pitch(p));
        pitches.iter().map(pitch).collect()
    }
}

impl FromIterator<u8> for PitchSet {
    fn from_iter<I: IntoIterator<Item = u8>>(pitches: I) -> Self {
        let mut set = Self::EMPTY;
        pitches.into_iter().for_each(|p| set.insert(p));
        set
    }
}

impl fmt::Debug for PitchSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl StepEvent for PitchSet {
    const PAD: Self = Self::EMPTY;
}

/// A drum track on a grid.
pub type DrumTrack = Steps<PitchSet>;

impl DrumTrack {
    /// The first drum track at or after `limits.search_start`, all instruments together, up to a rest of
    /// `gap_bars`. Starts on a bar line counted from the search start. Empty if there is none. Lengths are not
    /// looked at. `any_note`: take notes that are not marked as drums, too.
    ///
    /// # Errors
    /// If the grid has no whole bars or a rest is longer than [`super::events::MAX_STEPS`].
    pub fn extract(q: &Quantised, any_note: bool, limits: &Limits) -> Result<Self, EventError> {
        let steps_per_bar = q.steps_per_bar()?;
        let mut track = Self::on_grid(Vec::new(), 0, steps_per_bar, q.steps_per_quarter()?);
        let mut hits: Vec<(i64, u8)> = q
            .notes
            .iter()
            .filter(|n| (n.is_drum || any_note) && n.velocity > 0 && n.start_step >= limits.search_start)
            .map(|n| (n.start_step, n.pitch))
            .collect();
        hits.sort_unstable();
        let Some(&(first, _)) = hits.first() else { return Ok(track) };
        let start = first - (first - limits.search_start).rem_euclid(i64::from(steps_per_bar));
        for group in hits.chunk_by(|a, b| a.0 == b.0) {
            let step = index(group[0].0, start)?;
            let rest = step as f64 - track.len() as f64;
            if !track.is_empty() && rest >= limits.gap_bars * f64::from(steps_per_bar) {
                break;
            }
            track.set_length(step + 1);
            track.events[step] = group.iter().map(|hit| hit.1).collect();
        }
        track.start_step = start;
        track.set_length(track.len());
        if limits.pad_end {
            track.pad_to_bar();
        }
        Ok(track)
    }

    /// All drum tracks, one after the other.
    ///
    /// # Errors
    /// As [`Self::extract`].
    pub fn extract_all(q: &Quantised, any_note: bool, limits: &Limits) -> Result<Vec<Self>, EventError> {
        let mut tracks = Vec::new();
        let next = |search_start| Self::extract(q, any_note, &Limits { search_start, ..*limits });
        extract_all(limits, q.steps_per_bar()?, next, |t| tracks.push(t))?;
        Ok(tracks)
    }

    /// Notes of one step each, in ticks from the track's own start (its first event is tick 0).
    #[must_use]
    pub fn to_notes(&self, velocity: u8) -> Vec<Note> {
        let tick = |step: usize| tick_of_step(step as i64, self.steps_per_quarter);
        let hit = |(i, pitch)| Note { start: tick(i), pitch, length: tick(i + 1) - tick(i), velocity };
        self.hits().map(hit).collect()
    }

    /// Notes of one step each in seconds, as the reference renders them.
    #[must_use]
    pub fn to_sequence(&self, velocity: u8, start_time: f64, qpm: f64) -> NoteSequence {
        let seconds_per_step = 60.0 / qpm / f64::from(self.steps_per_quarter);
        let offset = start_time + self.start_step as f64 * seconds_per_step;
        let time = |step: usize| step as f64 * seconds_per_step + offset;
        let hit = |(step, pitch)| SequenceNote {
            pitch,
            velocity,
            start_time: time(step),
            end_time: time(step + 1),
            instrument: DRUM_INSTRUMENT,
            program: 0,
            is_drum: true,
        };
        let notes: Vec<_> = self.hits().map(hit).collect();
        let total_time = notes.last().map_or(0.0, |n| n.end_time);
        NoteSequence { notes, total_time, tempos: vec![TempoMark { time: 0.0, qpm }], ..Default::default() }
    }

    /// Step and pitch of every hit, counted from the track's own start.
    fn hits(&self) -> impl Iterator<Item = (usize, u8)> + '_ {
        self.events.iter().enumerate().flat_map(|(step, set)| set.iter().map(move |p| (step, p)))
    }
}
