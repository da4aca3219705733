//! [`NotePerformance`]: a performance as whole notes in a row.
//!
//! Any thread. Reference semantics, exactly; its length cannot be set.

use super::PerformanceGrid;
use super::event::{NoteEvent, VelocityBins};
use super::sequence::{Instrument, Render, finished};
use crate::music::NoteSequence;

/// A performance of whole notes, on a grid of seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct NotePerformance {
    events: Vec<NoteEvent>,
    start_step: i64,
    steps_per_second: u32,
    bins: VelocityBins,
    pub(super) instrument: Instrument,
}

impl NotePerformance {
    /// A performance that starts at `start_step` of a grid.
    #[must_use]
    pub fn new(events: Vec<NoteEvent>, start_step: i64, steps_per_second: u32, bins: VelocityBins) -> Self {
        Self { events, start_step, steps_per_second, bins, instrument: Instrument::default() }
    }

    /// The same place and instrument with other events.
    #[must_use]
    pub fn with_events(&self, events: Vec<NoteEvent>) -> Self {
        Self { events, ..*self }
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &[NoteEvent] {
        &self.events
    }

    /// Step at which it begins, on the grid of the music it came from.
    #[must_use]
    pub fn start_step(&self) -> i64 {
        self.start_step
    }

    /// Step at which it ends.
    #[must_use]
    pub fn end_step(&self) -> i64 {
        self.start_step.saturating_add_unsigned(self.num_steps())
    }

    /// The one MIDI program of all its notes.
    #[must_use]
    pub fn program(&self) -> Option<u8> {
        self.instrument.program
    }

    /// Whether all, none or (`None`) some of its notes are drums.
    #[must_use]
    pub fn is_drum(&self) -> Option<bool> {
        self.instrument.is_drum
    }

    /// Steps from its begin to the end of its last note.
    #[must_use]
    pub fn num_steps(&self) -> u64 {
        let shifts: u64 = self.events.iter().map(|e| u64::from(e.shift)).sum();
        shifts + self.events.last().map_or(0, |e| u64::from(e.duration))
    }

    /// Notes in seconds: `start_step` counts from 0. Notes longer than `max_duration` seconds are cut.
    #[must_use]
    pub fn to_sequence(&self, max_duration: Option<f64>) -> NoteSequence {
        let grid = PerformanceGrid::Seconds { steps_per_second: self.steps_per_second };
        let render = Render {
            // A grid of seconds has no tempo.
            seconds_per_step: grid.seconds_per_step(0.0),
            start: self.start_step,
            instrument: self.instrument,
            max_duration,
        };
        let mut step = 0;
        let note = |e: &NoteEvent| {
            step += u64::from(e.shift);
            render.note(e.pitch, self.bins.velocity(e.velocity), step, step + u64::from(e.duration))
        };
        finished(self.events.iter().filter_map(note).collect(), Vec::new())
    }
}
