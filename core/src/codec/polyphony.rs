//! [`Polyphony`]: any number of notes at once, as one stream of events with a mark at the end of every step.
//!
//! Reference semantics, exactly (Polyphony RNN of the Magenta project). Velocities and micro-timing stay with
//! the [`Quantised`] notes. Any thread.

use super::events::{EventError, MAX_STEPS, steps_from};
use crate::music::{Note, NoteSequence, Quantised, SequenceNote, TempoMark, tick_of_step};
use std::ops::RangeInclusive;

/// Events that an extracted sequence may have: a damaged file must not make us ask for all memory.
pub const MAX_EVENTS: usize = 4 * MAX_STEPS;

/// What happens within a step of a polyphonic sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolyphonicEvent {
    /// The sequence begins. Type 0.
    Start,
    /// The sequence ends. Type 1.
    End,
    /// The step is over, and the next begins. Type 2.
    StepEnd,
    /// A note of this MIDI pitch (0..=127) starts. Type 3.
    New(u8),
    /// A note of this MIDI pitch (0..=127) from the step before sounds on. Type 4.
    Continued(u8),
}

impl PolyphonicEvent {
    /// The event of a type and pitch as models and files know it; types 0 to 2 have no pitch.
    ///
    /// # Errors
    /// [`EventError::EventType`], [`EventError::Pitch`].
    pub fn from_numbers(kind: i32, pitch: i32) -> Result<Self, EventError> {
        let checked = || u8::try_from(pitch).ok().filter(|&p| p < 128).ok_or(EventError::Pitch(pitch));
        match kind {
            0 => Ok(Self::Start),
            1 => Ok(Self::End),
            2 => Ok(Self::StepEnd),
            3 => Ok(Self::New(checked()?)),
            4 => Ok(Self::Continued(checked()?)),
            _ => Err(EventError::EventType(kind)),
        }
    }

    /// Type and pitch.
    #[must_use]
    pub fn numbers(self) -> (u8, Option<u8>) {
        match self {
            Self::Start => (0, None),
            Self::End => (1, None),
            Self::StepEnd => (2, None),
            Self::New(p) => (3, Some(p)),
            Self::Continued(p) => (4, Some(p)),
        }
    }
}

/// A note of a polyphonic sequence, in steps from the sequence's own start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolyphonicNote {
    /// MIDI pitch 0..=127.
    pub pitch: u8,
    /// First step.
    pub on: usize,
    /// Step after the last.
    pub off: usize,
}

/// A polyphonic sequence on a grid. Its first event is [`PolyphonicEvent::Start`].
#[derive(Clone, Debug, PartialEq)]
pub struct Polyphony {
    events: Vec<PolyphonicEvent>,
    start_step: i64,
    steps_per_quarter: u32,
}

impl Polyphony {
    /// A sequence that starts at `start_step` of a grid. The start event is put before `events` if it is missing.
    #[must_use]
    pub fn new(mut events: Vec<PolyphonicEvent>, start_step: i64, steps_per_quarter: u32) -> Self {
        if events.first() != Some(&PolyphonicEvent::Start) {
            events.insert(0, PolyphonicEvent::Start);
        }
        Self { events, start_step, steps_per_quarter }
    }

    /// The notes that start at or after `start_step`, up to the end of the music. `None` if the music has
    /// several programs or the number of steps is not within `lengths`.
    ///
    /// # Errors
    /// [`EventError::BackwardNote`], [`EventError::TooLong`], or a grid of seconds.
    pub fn extract(
        q: &Quantised,
        start_step: i64,
        lengths: RangeInclusive<usize>,
    ) -> Result<Option<Self>, EventError> {
        let steps_per_quarter = q.steps_per_quarter()?;
        if q.notes.iter().any(|n| n.program != q.notes[0].program) {
            return Ok(None);
        }
        let steps = steps_from(q, start_step)?;
        if !lengths.contains(&steps) {
            return Ok(None);
        }
        let notes = q.notes.iter().filter(|n| n.start_step >= start_step);
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        for note in notes {
            if note.end_step <= note.start_step {
                return Err(EventError::BackwardNote);
            }
            starts.push((note.start_step - start_step, note.pitch));
            ends.push((note.end_step - start_step, note.pitch));
        }
        starts.sort_unstable();
        ends.sort_unstable();
        let (mut starts, mut ends) = (starts.into_iter().peekable(), ends.into_iter().peekable());
        let mut events = vec![PolyphonicEvent::Start];
        let mut active = [0usize; 128];
        for step in 0..steps as i64 {
            while let Some((_, pitch)) = ends.next_if(|end| end.0 <= step) {
                active[usize::from(pitch & 127)] -= 1;
            }
            let mut new = [0usize; 128];
            while let Some((_, pitch)) = starts.next_if(|start| start.0 <= step) {
                new[usize::from(pitch & 127)] += 1;
            }
            // From the highest pitch down; of one pitch the notes that sound on come first.
            for (pitch, (active, new)) in (0..128u8).zip(active.iter_mut().zip(new)).rev() {
                events.extend(std::iter::repeat_n(PolyphonicEvent::Continued(pitch), *active));
                events.extend(std::iter::repeat_n(PolyphonicEvent::New(pitch), new));
                *active += new;
            }
            events.push(PolyphonicEvent::StepEnd);
            if events.len() > MAX_EVENTS {
                return Err(EventError::TooLong);
            }
        }
        events.push(PolyphonicEvent::End);
        Ok(Some(Self { events, start_step, steps_per_quarter }))
    }

    /// The events, start and (if it has been closed) end included.
    #[must_use]
    pub fn events(&self) -> &[PolyphonicEvent] {
        &self.events
    }

    /// Step of the first event on the grid of the music it came from.
    #[must_use]
    pub fn start_step(&self) -> i64 {
        self.start_step
    }

    /// Step after the last complete one.
    #[must_use]
    pub fn end_step(&self) -> i64 {
        self.start_step + self.num_steps() as i64
    }

    /// Steps in a quarter note.
    #[must_use]
    pub fn steps_per_quarter(&self) -> u32 {
        self.steps_per_quarter
    }

    /// Number of complete steps.
    #[must_use]
    pub fn num_steps(&self) -> usize {
        count_steps(&self.events)
    }

    /// Appends an event.
    pub fn push(&mut self, event: PolyphonicEvent) {
        self.events.push(event);
    }

    /// Removes end events from the end, so that the sequence can go on.
    pub fn trim_trailing_end(&mut self) {
        while self.events.last() == Some(&PolyphonicEvent::End) {
            self.events.pop();
        }
    }

    /// Cuts or lengthens to `steps` complete steps and closes the sequence. Quirk of the reference: a sequence
    /// counts as one step longer than its marks say, because its last step could be incomplete.
    ///
    /// # Errors
    /// [`EventError::TooLong`].
    pub fn set_length(&mut self, steps: usize) -> Result<(), EventError> {
        if steps > MAX_STEPS {
            return Err(EventError::TooLong);
        }
        self.trim_trailing_end();
        self.events.push(PolyphonicEvent::StepEnd);
        let present = self.num_steps();
        if present < steps {
            self.events.extend(std::iter::repeat_n(PolyphonicEvent::StepEnd, steps - present));
        } else if steps == 0 {
            self.events.truncate(1);
        } else {
            let marks = self.events.iter().enumerate().filter(|(_, e)| **e == PolyphonicEvent::StepEnd);
            let last = marks.map(|(i, _)| i).nth(steps - 1).unwrap_or(0);
            self.events.truncate(last + 1);
        }
        self.events.push(PolyphonicEvent::End);
        Ok(())
    }

    /// The notes in the order in which they end. A note goes on as long as each following step continues its
    /// pitch; what continues nothing means nothing, nor do start and end events in the middle.
    ///
    /// # Errors
    /// [`EventError::Unfinished`] if the sequence was not closed by [`Self::set_length`].
    pub fn notes(&self) -> Result<Vec<PolyphonicNote>, EventError> {
        let mut notes = Vec::new();
        let mut open: Vec<(u8, usize)> = Vec::new();
        let mut to_end = [0usize; 128];
        let mut step = 0;
        for (i, &event) in self.events.iter().enumerate() {
            match event {
                PolyphonicEvent::New(pitch) => open.push((pitch, step)),
                PolyphonicEvent::Continued(pitch) => {
                    let left = &mut to_end[usize::from(pitch & 127)];
                    *left = left.saturating_sub(1);
                }
                PolyphonicEvent::End if i + 1 < self.events.len() => {}
                PolyphonicEvent::StepEnd | PolyphonicEvent::End => {
                    open.retain(|&(pitch, on)| {
                        let left = &mut to_end[usize::from(pitch & 127)];
                        let ends = *left > 0;
                        if ends {
                            *left -= 1;
                            notes.push(PolyphonicNote { pitch, on, off: step });
                        }
                        !ends
                    });
                    step += 1;
                    to_end = [0; 128];
                    open.iter().for_each(|note| to_end[usize::from(note.0 & 127)] += 1);
                }
                PolyphonicEvent::Start => {}
            }
        }
        if open.is_empty() { Ok(notes) } else { Err(EventError::Unfinished) }
    }

    /// Notes in ticks from the sequence's own start.
    ///
    /// # Errors
    /// As [`Self::notes`].
    pub fn to_notes(&self, velocity: u8) -> Result<Vec<Note>, EventError> {
        let tick = |step: usize| tick_of_step(step as i64, self.steps_per_quarter);
        let note = |n: PolyphonicNote| Note {
            start: tick(n.on),
            pitch: n.pitch,
            length: tick(n.off) - tick(n.on),
            velocity,
        };
        let mut notes: Vec<Note> = self.notes()?.into_iter().map(note).collect();
        notes.sort_unstable();
        Ok(notes)
    }

    /// Notes in seconds, as the reference renders them; with `base` they are added to a copy of it.
    ///
    /// # Errors
    /// As [`Self::notes`].
    pub fn to_sequence(
        &self,
        velocity: u8,
        qpm: f64,
        base: Option<&NoteSequence>,
    ) -> Result<NoteSequence, EventError> {
        let seconds_per_step = 60.0 / qpm / f64::from(self.steps_per_quarter);
        let offset = self.start_step as f64 * seconds_per_step;
        let time = |step: usize| step as f64 * seconds_per_step + offset;
        let mut out = base.cloned().unwrap_or_else(|| NoteSequence {
            tempos: vec![TempoMark { time: 0.0, qpm }],
            ..NoteSequence::default()
        });
        out.notes.extend(self.notes()?.into_iter().map(|n| SequenceNote {
            pitch: n.pitch,
            velocity,
            start_time: time(n.on),
            end_time: time(n.off),
            ..SequenceNote::default()
        }));
        // An end event closes a step of its own, which is not counted.
        let closed = usize::from(self.events.last() == Some(&PolyphonicEvent::End));
        let steps = (self.num_steps() + closed) as f64 - 1.0;
        out.total_time = seconds_per_step * steps + offset;
        Ok(out)
    }
}

/// Number of complete steps in a stretch of events.
#[must_use]
pub fn count_steps(events: &[PolyphonicEvent]) -> usize {
    events.iter().filter(|e| **e == PolyphonicEvent::StepEnd).count()
}

#[cfg(test)]
#[path = "polyphony_tests.rs"]
mod tests;
