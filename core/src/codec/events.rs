//! [`Steps`]: one event per grid step, with the position and resolution of the grid. What melodies and drum
//! tracks have in common.
//!
//! Semantics are those of the reference implementation, quirks included; the golden vectors hold us to them.

use super::encoding::EncodingError;
use crate::music::{ChordError, QuantiseError, Quantised};
use std::fmt::Debug;
use std::ops::Range;

/// Steps that an extracted or lengthened sequence may have (over 60,000 bars): a damaged file must not make
/// us ask for all memory.
pub const MAX_STEPS: usize = 1 << 20;

/// Steps from `start_step` to the end of the music, 0 if it starts later.
///
/// # Errors
/// [`EventError::TooLong`].
pub(super) fn steps_from(q: &Quantised, start_step: i64) -> Result<usize, EventError> {
    let steps = usize::try_from(q.total_steps.saturating_sub(start_step).max(0));
    steps.ok().filter(|&n| n <= MAX_STEPS).ok_or(EventError::TooLong)
}

/// Why music does not become an event sequence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EventError {
    /// Not a melody event.
    #[error("{0} is neither a pitch (0–127), nor “note off” (-1), nor “no event” (-2)")]
    Event(i32),
    /// Not a MIDI pitch.
    #[error("{0} is not a MIDI pitch (0–127)")]
    Pitch(i32),
    /// Two notes at once where one was asked for.
    #[error("several notes start together; a melody has one note at a time")]
    Polyphonic,
    /// A note that ends before it starts.
    #[error("a note ends before it starts")]
    BackwardNote,
    /// More than [`MAX_STEPS`].
    #[error("the music is longer than {MAX_STEPS} grid steps")]
    TooLong,
    /// Not a type of a polyphonic event.
    #[error("{0} is no type of polyphonic event (0–4)")]
    EventType(i32),
    /// A polyphonic sequence in the middle of a note.
    #[error("the sequence stops in the middle of a note")]
    Unfinished,
    /// The grid does not fit.
    #[error(transparent)]
    Quantise(#[from] QuantiseError),
    /// Not an event of a performance: type and value.
    #[error("a performance has no event of type {0} with value {1}")]
    PerformanceEvent(i64, i64),
    /// A grid of beats where one of seconds is needed.
    #[error("this kind of performance needs a grid of seconds")]
    NeedsSeconds,
    /// A text that is no chord.
    #[error(transparent)]
    Chord(#[from] ChordError),
    /// A chord that a model does not know.
    #[error("“{figure}” does not fit: {reason}")]
    UnknownChord {
        /// The chord as it is written.
        figure: String,
        /// What the model knows.
        reason: EncodingError,
    },
    /// Two different chords at once.
    #[error("two different chords stand on the same step")]
    CoincidentChords,
    /// A range without steps.
    #[error("there are no steps to put chords on")]
    NoSteps,
    /// Melody and chords lie differently.
    #[error("melody and chords are not on the same steps")]
    MelodyChordsMismatch,
}

/// What one step of a sequence can hold.
pub trait StepEvent: Copy + PartialEq + Debug {
    /// What empty steps hold.
    const PAD: Self;

    /// Makes the events of a new sequence or slice consistent.
    fn clean(_events: &mut [Self]) {}

    /// What the first step after `events` holds when a sequence is lengthened on the right.
    fn after(_events: &[Self]) -> Self {
        Self::PAD
    }
}

/// Events on consecutive grid steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps<E> {
    pub(super) events: Vec<E>,
    pub(super) start_step: i64,
    pub(super) end_step: i64,
    pub(super) steps_per_bar: u32,
    pub(super) steps_per_quarter: u32,
}

impl<E: StepEvent> Default for Steps<E> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<E: StepEvent> Steps<E> {
    /// A sequence at step 0 with 16 steps per bar and 4 per quarter note.
    #[must_use]
    pub fn new(events: Vec<E>) -> Self {
        Self::on_grid(events, 0, 16, 4)
    }

    /// A sequence that starts at `start_step` of a grid.
    #[must_use]
    pub fn on_grid(mut events: Vec<E>, start_step: i64, steps_per_bar: u32, steps_per_quarter: u32) -> Self {
        E::clean(&mut events);
        let end_step = start_step + events.len() as i64;
        Self { events, start_step, end_step, steps_per_bar, steps_per_quarter }
    }

    /// The events, one per step.
    #[must_use]
    pub fn events(&self) -> &[E] {
        &self.events
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Step of the first event on the grid of the music it came from. Negative after lengthening to the left.
    #[must_use]
    pub fn start_step(&self) -> i64 {
        self.start_step
    }

    /// Step after the last event.
    #[must_use]
    pub fn end_step(&self) -> i64 {
        self.end_step
    }

    /// Steps in a bar.
    #[must_use]
    pub fn steps_per_bar(&self) -> u32 {
        self.steps_per_bar
    }

    /// Steps in a quarter note.
    #[must_use]
    pub fn steps_per_quarter(&self) -> u32 {
        self.steps_per_quarter
    }

    /// Adds an event at the end.
    pub fn push(&mut self, event: E) {
        self.events.push(event);
        self.end_step += 1;
    }

    /// The events `range` (clamped to the sequence) as a sequence at its own place on the grid.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        let at = self.start_step + range.start as i64;
        Self::on_grid(self.events[start..end].to_vec(), at, self.steps_per_bar, self.steps_per_quarter)
    }

    /// Cuts or lengthens on the right. A sustained note of a melody is closed where the old end was.
    pub fn set_length(&mut self, steps: usize) {
        if steps > self.len() {
            let after = E::after(&self.events);
            self.events.push(after);
        }
        self.events.resize(steps, E::PAD);
        self.end_step = self.start_step + steps as i64;
    }

    /// Cuts or lengthens on the left. Quirk of the reference: cutting to 0 moves the start and deletes nothing.
    pub fn set_length_from_left(&mut self, steps: usize) {
        let len = self.len();
        if steps > len {
            self.events.splice(0..0, std::iter::repeat_n(E::PAD, steps - len));
        } else if steps > 0 {
            self.events.drain(..len - steps);
        }
        self.start_step = self.end_step - steps as i64;
    }

    /// Puts `k` steps in the place of each one. `k` = 0 is taken as 1.
    ///
    /// # Errors
    /// [`EventError::TooLong`].
    pub fn increase_resolution(&mut self, k: u32) -> Result<(), EventError> {
        let k = k.max(1);
        if self.len().saturating_mul(k as usize) > MAX_STEPS {
            return Err(EventError::TooLong);
        }
        let spread = |&e| std::iter::once(e).chain(std::iter::repeat_n(E::PAD, k as usize - 1));
        self.events = self.events.iter().flat_map(spread).collect();
        self.start_step *= i64::from(k);
        self.end_step *= i64::from(k);
        self.steps_per_bar = self.steps_per_bar.saturating_mul(k);
        self.steps_per_quarter = self.steps_per_quarter.saturating_mul(k);
        Ok(())
    }

    /// Lengthens to a whole number of bars.
    pub fn pad_to_bar(&mut self) {
        self.set_length(self.len().next_multiple_of(self.steps_per_bar.max(1) as usize));
    }

    /// What [`extract_all`] does with a sequence; `None` if it is too short or too long.
    fn fit(mut self, limits: &Limits) -> Option<Self> {
        let bars = self.steps_per_bar as usize;
        let too_long = limits.max_steps_discard.is_some_and(|max| self.len() > max);
        if self.len() < bars.saturating_mul(limits.min_bars as usize) || too_long {
            return None;
        }
        if let Some(max) = limits.max_steps_truncate.filter(|&max| self.len() > max) {
            self.set_length(if limits.pad_end { max - max % bars } else { max });
        }
        Some(self)
    }
}

/// Where to look for sequences in a piece and which to keep. The defaults are the reference's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Step from which on to look; bars are counted from it.
    pub search_start: i64,
    /// Shorter sequences are dropped.
    pub min_bars: u32,
    /// Longer sequences are cut.
    pub max_steps_truncate: Option<usize>,
    /// Longer sequences are dropped.
    pub max_steps_discard: Option<usize>,
    /// A rest of so many bars ends a sequence.
    pub gap_bars: f64,
    /// Lengthen each sequence to whole bars.
    pub pad_end: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            search_start: 0,
            min_bars: 7,
            max_steps_truncate: None,
            max_steps_discard: None,
            gap_bars: 1.0,
            pad_end: false,
        }
    }
}

/// Takes one sequence after the other out of a piece: each search starts on the first bar line, counted from
/// `limits.search_start`, at or after the end of the sequence before.
pub(super) fn extract_all<E: StepEvent>(
    limits: &Limits,
    steps_per_bar: u32,
    mut next: impl FnMut(i64) -> Result<Steps<E>, EventError>,
    mut keep: impl FnMut(Steps<E>),
) -> Result<(), EventError> {
    let mut from = limits.search_start;
    loop {
        let found = next(from)?;
        if found.is_empty() {
            return Ok(());
        }
        let end = found.end_step;
        from = end + (limits.search_start - end).rem_euclid(i64::from(steps_per_bar));
        if let Some(found) = found.fit(limits) {
            keep(found);
        }
    }
}

/// Checked position of a step relative to a sequence's start.
pub(super) fn index(step: i64, start: i64) -> Result<usize, EventError> {
    usize::try_from(step.saturating_sub(start)).ok().filter(|&i| i < MAX_STEPS).ok_or(EventError::TooLong)
}
