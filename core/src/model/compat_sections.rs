//! What the reference's generators make of their input and the sections asked for: primer, tempo and steps.
//!
//! For parity ([`super::compat`] and its neighbours); any thread. Rules: 10.2 of the note-model notes, cut-offs
//! and all.
use super::compat::{CompatError, Section};
use crate::codec::EventError;
use crate::codec::events::MAX_STEPS;
use crate::music::{DEFAULT_QPM, NoteSequence, step_of_time, steps_per_second};

/// A request on the grid.
pub(super) struct Sections {
    /// What comes before the new part.
    pub primer: NoteSequence,
    /// The input's first tempo.
    pub qpm: f64,
    /// Step at which the primer begins.
    pub input_start_step: i64,
    /// First new step.
    pub start_step: i64,
    /// Step after the last new one.
    pub end_step: i64,
    /// End of the new part in seconds.
    end: f64,
}

impl Sections {
    /// Reads a request.
    ///
    /// # Errors
    /// [`CompatError::Sections`].
    pub fn read(
        input: &NoteSequence,
        input_sections: &[Section],
        generate_sections: &[Section],
        steps_per_quarter: u32,
    ) -> Result<Self, CompatError> {
        let [section] = *generate_sections else {
            return Err(CompatError::Sections("exactly one section must be written"));
        };
        let qpm = input.tempos.first().map_or(DEFAULT_QPM, |t| t.qpm);
        let sps = steps_per_second(steps_per_quarter, qpm);
        let (primer, input_start_step) = match *input_sections {
            [] => (input.clone(), 0),
            [s] => (input.trim(s.start, s.end), step_of_time(s.start, sps, 0.0)),
            _ => return Err(CompatError::Sections("there is more than one input section")),
        };
        if primer.notes.iter().any(|n| n.end_time > section.start) {
            return Err(CompatError::Sections("the primer ends after the part to write begins"));
        }
        Ok(Self {
            primer,
            qpm,
            input_start_step,
            start_step: step_of_time(section.start, sps, 0.0),
            end_step: step_of_time(section.end, sps, 1.0),
            end: section.end,
        })
    }

    /// Number of steps from `from` to where the new part begins.
    ///
    /// # Errors
    /// [`EventError::TooLong`], also for a new part that begins before.
    pub fn steps_before(&self, from: i64) -> Result<usize, CompatError> {
        let steps = usize::try_from(self.start_step.saturating_sub(from));
        Ok(steps.ok().filter(|&n| n <= MAX_STEPS).ok_or(EventError::TooLong)?)
    }

    /// Number of new steps, at least one.
    ///
    /// # Errors
    /// [`CompatError::NothingToWrite`], [`EventError::TooLong`].
    pub fn new_steps(&self) -> Result<usize, CompatError> {
        match usize::try_from(self.end_step.saturating_sub(self.start_step)) {
            Err(_) | Ok(0) => Err(CompatError::NothingToWrite),
            Ok(n) if n > MAX_STEPS => Err(EventError::TooLong.into()),
            Ok(n) => Ok(n),
        }
    }

    /// Passes a result that does not go beyond the part to write.
    ///
    /// # Errors
    /// [`CompatError::TooLong`].
    pub fn check(&self, result: NoteSequence) -> Result<NoteSequence, CompatError> {
        if result.total_time > self.end + 1e-5 { Err(CompatError::TooLong) } else { Ok(result) }
    }
}
