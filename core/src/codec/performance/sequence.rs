//! [`Performance`]: events in a row, how long they last, and the notes they mean.
//!
//! Any thread. Reference semantics, exactly.

use super::MAX_SHIFT;
use super::event::{PerformanceEvent, VelocityBins};
use crate::codec::events::{EventError, MAX_STEPS};
use crate::music::{Grid, NoteSequence, SequenceNote, TempoMark};
use std::collections::VecDeque;

/// What a step of a performance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerformanceGrid {
    /// A fraction of a second.
    Seconds {
        /// Steps in a second.
        steps_per_second: u32,
    },
    /// A fraction of a quarter note: a metric performance.
    Beats {
        /// Steps in a quarter note.
        steps_per_quarter: u32,
    },
}

impl From<Grid> for PerformanceGrid {
    fn from(grid: Grid) -> Self {
        match grid {
            Grid::Seconds { steps_per_second } => Self::Seconds { steps_per_second },
            Grid::Beats { steps_per_quarter, .. } => Self::Beats { steps_per_quarter },
        }
    }
}

impl PerformanceGrid {
    /// Longest time shift of one event, in steps.
    #[must_use]
    pub fn max_shift(self) -> u32 {
        match self {
            Self::Seconds { .. } => MAX_SHIFT,
            Self::Beats { steps_per_quarter } => steps_per_quarter.saturating_mul(4).max(1),
        }
    }

    /// Length of a step. `qpm` counts on a grid of beats only.
    #[must_use]
    pub fn seconds_per_step(self, qpm: f64) -> f64 {
        match self {
            Self::Seconds { steps_per_second } => 1.0 / f64::from(steps_per_second),
            Self::Beats { steps_per_quarter } => 60.0 / (f64::from(steps_per_quarter) * qpm),
        }
    }
}

/// What the notes of a performance are played with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instrument {
    /// The one MIDI program of all notes; `None` for drums or several.
    pub program: Option<u8>,
    /// Whether all notes are drums; `None` if only some are.
    pub is_drum: Option<bool>,
}

/// A performance.
#[derive(Clone, Debug, PartialEq)]
pub struct Performance {
    pub(super) events: Vec<PerformanceEvent>,
    start_step: i64,
    pub(super) grid: PerformanceGrid,
    bins: VelocityBins,
    pub(super) instrument: Instrument,
}

impl Performance {
    /// A performance that starts at `start_step` of a grid.
    #[must_use]
    pub fn new(
        events: Vec<PerformanceEvent>,
        start_step: i64,
        grid: PerformanceGrid,
        bins: VelocityBins,
    ) -> Self {
        Self { events, start_step, grid, bins, instrument: Instrument::default() }
    }

    /// The same place and instrument with other events.
    #[must_use]
    pub fn with_events(&self, events: Vec<PerformanceEvent>) -> Self {
        Self { events, ..*self }
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &[PerformanceEvent] {
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

    /// What a step is.
    #[must_use]
    pub fn grid(&self) -> PerformanceGrid {
        self.grid
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

    /// Steps from its begin to its end.
    #[must_use]
    pub fn num_steps(&self) -> u64 {
        self.events.iter().map(|e| u64::from(e.steps())).sum()
    }

    /// Keeps the first `events` events.
    pub fn truncate(&mut self, events: usize) {
        self.events.truncate(events);
    }

    /// Lengthens by time shifts, or cuts from the end: events at the new end stay.
    ///
    /// # Errors
    /// [`EventError::TooLong`] beyond [`MAX_STEPS`].
    pub fn set_length(&mut self, steps: u64) -> Result<(), EventError> {
        if steps > MAX_STEPS as u64 {
            return Err(EventError::TooLong);
        }
        let mut length = self.num_steps();
        while length > steps {
            let Some(last) = self.events.pop() else { break };
            length -= u64::from(last.steps());
            if length < steps {
                self.events.push(PerformanceEvent::TimeShift(small(steps - length)));
                length = steps;
            }
        }
        let max = self.grid.max_shift();
        if let Some(PerformanceEvent::TimeShift(last)) = self.events.last_mut() {
            let more = (steps - length).min(u64::from(max.saturating_sub(*last)));
            *last += small(more);
            length += more;
        }
        push_shifts(&mut self.events, steps - length, max);
        Ok(())
    }

    /// Notes in seconds: `start_step` counts from 0. Notes longer than `max_duration` seconds are cut.
    #[must_use]
    pub fn to_sequence(&self, velocity: u8, qpm: f64, max_duration: Option<f64>) -> NoteSequence {
        let seconds_per_step = self.grid.seconds_per_step(qpm);
        let render =
            Render { seconds_per_step, start: self.start_step, instrument: self.instrument, max_duration };
        let mut open: Vec<(u8, VecDeque<(u64, u8)>)> = Vec::new();
        let mut notes = Vec::new();
        let (mut step, mut velocity) = (0u64, velocity);
        for &event in &self.events {
            match event {
                PerformanceEvent::NoteOn(pitch) => match open.iter_mut().find(|o| o.0 == pitch) {
                    Some((_, queue)) => queue.push_back((step, velocity)),
                    None => open.push((pitch, VecDeque::from([(step, velocity)]))),
                },
                PerformanceEvent::NoteOff(pitch) => {
                    let queue = open.iter_mut().find(|o| o.0 == pitch);
                    if let Some((on, velocity)) = queue.and_then(|o| o.1.pop_front()) {
                        notes.extend(render.note(pitch, velocity, on, step));
                    }
                }
                PerformanceEvent::TimeShift(steps) => step += u64::from(steps),
                PerformanceEvent::Velocity(bin) => velocity = self.bins.velocity(bin),
            }
        }
        for (pitch, queue) in open {
            notes.extend(queue.into_iter().filter_map(|(on, v)| render.note(pitch, v, on, step)));
        }
        let tempos = match self.grid {
            PerformanceGrid::Seconds { .. } => Vec::new(),
            PerformanceGrid::Beats { .. } => vec![TempoMark { time: 0.0, qpm }],
        };
        finished(notes, tempos)
    }
}

/// Steps to notes in seconds.
pub(super) struct Render {
    pub seconds_per_step: f64,
    pub start: i64,
    pub instrument: Instrument,
    pub max_duration: Option<f64>,
}

impl Render {
    /// The note from `on` to `off`; `None` if it has no length.
    pub(super) fn note(&self, pitch: u8, velocity: u8, on: u64, off: u64) -> Option<SequenceNote> {
        let offset = self.start as f64 * self.seconds_per_step;
        let time = |step: u64| step as f64 * self.seconds_per_step + offset;
        let (start_time, mut end_time) = (time(on), time(off));
        if let Some(max) = self.max_duration.filter(|&max| end_time - start_time > max) {
            end_time = start_time + max;
        }
        let Instrument { program, is_drum } = self.instrument;
        let (program, is_drum) = (program.unwrap_or(0), is_drum.unwrap_or(false));
        let note = SequenceNote { pitch, velocity, start_time, end_time, instrument: 0, program, is_drum };
        (on != off).then_some(note)
    }
}

/// A sequence as long as its last note.
pub(super) fn finished(notes: Vec<SequenceNote>, tempos: Vec<TempoMark>) -> NoteSequence {
    let total_time = notes.iter().map(|n| n.end_time).fold(0.0, f64::max);
    NoteSequence { notes, total_time, tempos, ..NoteSequence::default() }
}

/// Appends `steps` as shifts of at most `max`.
pub(super) fn push_shifts(events: &mut Vec<PerformanceEvent>, mut steps: u64, max: u32) {
    while steps > 0 {
        let shift = steps.min(u64::from(max));
        events.push(PerformanceEvent::TimeShift(small(shift)));
        steps -= shift;
    }
}

/// A number of steps that is known to fit.
fn small(steps: u64) -> u32 {
    u32::try_from(steps).unwrap_or(u32::MAX)
}
