//! Performance RNN: expressive polyphony on a grid of 10 ms, perhaps under control.
//!
//! Any thread. Rules: section 10.6 of the note-model notes.
use super::search::{Drawn, Search};
use super::{Call, CompatError};
use crate::codec::EventError;
use crate::codec::encoding::{Conditional, Encoding, History, NoteEncoding, PerformanceControls};
use crate::codec::events::MAX_STEPS;
use crate::codec::performance::{
    ControlTimeline, MAX_SHIFT, NotePerformance, Performance, PerformanceEvent, PerformanceGrid,
    PerformanceLimits, STEPS_PER_SECOND, VelocityBins,
};
use crate::model::event_rnn::EventRnn;
use crate::music::{NoteSequence, Quantised, step_of_time};
use crate::sampling::Uniforms;

/// Longest note of the result in seconds.
const LONGEST_NOTE: f64 = 5.0;
/// Events that a note takes, as the reference guesses.
const EVENTS_PER_NOTE: f64 = 4.0;

/// Where a performance begins and ends.
struct Place {
    limits: PerformanceLimits,
    start_step: i64,
    end_step: i64,
    quantised: Quantised,
}

impl Place {
    /// Steps from `from` to where the new part begins.
    fn primer_steps(&self, from: i64) -> Result<u64, CompatError> {
        u64::try_from(self.start_step - from)
            .ok()
            .filter(|&n| n <= MAX_STEPS as u64)
            .ok_or(CompatError::Events(EventError::TooLong))
    }

    /// Steps of primer and new part together.
    fn total(&self, primer: u64) -> Result<u64, CompatError> {
        let new = u64::try_from(self.end_step.saturating_sub(self.start_step)).unwrap_or(0);
        let total = primer.saturating_add(new);
        if total > MAX_STEPS as u64 { Err(EventError::TooLong.into()) } else { Ok(total) }
    }
}

/// Events for `steps` more steps at a density.
fn events_for(steps: u64, notes_per_second: f64) -> usize {
    let events = EVENTS_PER_NOTE * notes_per_second.max(1.0) * steps as f64 / f64::from(STEPS_PER_SECOND);
    (events.ceil() as usize).min(MAX_STEPS)
}

impl Call<'_> {
    fn place(&self, bins: VelocityBins) -> Result<Place, CompatError> {
        let step = |time, cutoff| step_of_time(time, f64::from(STEPS_PER_SECOND), cutoff);
        let from = self.options.input_sections.first().map_or(0, |s| step(s.start, 0.0));
        Ok(Place {
            limits: PerformanceLimits { start_step: from, bins, ..PerformanceLimits::default() },
            start_step: step(self.section.start, 0.0),
            end_step: step(self.section.end, 1.0),
            quantised: Quantised::absolute(&self.whole_primer()?, STEPS_PER_SECOND)?,
        })
    }

    /// A performance of events.
    pub(super) fn performance(
        &self,
        bins: VelocityBins,
        controls: PerformanceControls,
        target: &dyn Encoding<PerformanceEvent>,
        uniforms: &mut dyn Uniforms,
    ) -> Result<(NoteSequence, Drawn), CompatError> {
        let place = self.place(bins)?;
        let found = Performance::extract_all(&place.quantised, &place.limits)?.into_iter().next();
        let grid = PerformanceGrid::Seconds { steps_per_second: STEPS_PER_SECOND };
        let mut performance = found
            .filter(|p| !p.events().is_empty())
            .unwrap_or_else(|| Performance::new(Vec::new(), place.start_step, grid, bins));
        performance.set_length(place.primer_steps(performance.start_step())?)?;
        let total = place.total(performance.num_steps())?;
        if performance.events().is_empty() {
            performance.set_length(total.min(MAX_SHIFT.into()))?;
        }
        let timeline = &self.options.controls;
        let source = |history: &History<PerformanceEvent>| Ok(timeline.at(history.scan().steps, total));
        let encoding = Conditional { control: &controls, source: &source, target };
        let rnn = EventRnn { encoding: &encoding, stack: self.stack, cache: None };
        let density = if controls.density { timeline } else { &ControlTimeline::default() };
        let density = density.mean_notes_per_second();
        let mut search = Search::new(self.options, uniforms);
        while performance.num_steps() < total {
            let more = events_for(total - performance.num_steps(), density);
            if performance.events().len().saturating_add(more) > MAX_STEPS {
                return Err(EventError::TooLong.into());
            }
            performance = performance.with_events(search.write(&rnn, performance.events(), more)?);
            if !self.options.fill {
                break;
            }
        }
        performance.set_length(total)?;
        // A grid of seconds has no tempo.
        Ok((performance.to_sequence(100, 0.0, Some(LONGEST_NOTE)), search.drawn))
    }

    /// A performance of whole notes. Its length cannot be set, so that most results are too long or too short.
    pub(super) fn note_performance(
        &self,
        bins: VelocityBins,
        encoding: &NoteEncoding,
        uniforms: &mut dyn Uniforms,
    ) -> Result<(NoteSequence, Drawn), CompatError> {
        let place = self.place(bins)?;
        let found = NotePerformance::extract_all(&place.quantised, &place.limits)?.into_iter().next();
        let Some(mut performance) = found.filter(|p| !p.events().is_empty()) else {
            // The reference begins with a plain time shift, which this model cannot read.
            let silence = place.total(0)? <= u64::from(MAX_SHIFT);
            return if silence { Ok(Default::default()) } else { Err(CompatError::NeedsNotes) };
        };
        let total = place.total(performance.num_steps())?;
        let density = ControlTimeline::default().mean_notes_per_second();
        let rnn = EventRnn { encoding, stack: self.stack, cache: None };
        let mut search = Search::new(self.options, uniforms);
        while performance.num_steps() < total {
            let more = events_for(total - performance.num_steps(), density);
            if performance.events().len().saturating_add(more) > MAX_STEPS {
                return Err(EventError::TooLong.into());
            }
            performance = performance.with_events(search.write(&rnn, performance.events(), more)?);
            if !self.options.fill {
                break;
            }
        }
        Ok((performance.to_sequence(Some(LONGEST_NOTE)), search.drawn))
    }
}
