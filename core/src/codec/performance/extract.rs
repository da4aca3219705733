//! From notes on a grid to performances.
//!
//! Any thread. Reference semantics, exactly.

use super::MAX_NOTE_STEPS;
use super::event::{NoteEvent, PerformanceEvent, VelocityBins};
use super::notes::NotePerformance;
use super::sequence::{Instrument, Performance, push_shifts};
use crate::codec::events::{EventError, index};
use crate::music::{Grid, Quantised, QuantisedNote};
use std::collections::BTreeSet;

/// Which performances to take out of a piece and which to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerformanceLimits {
    /// Step from which on to look.
    pub start_step: i64,
    /// How velocities are written.
    pub bins: VelocityBins,
    /// One performance per instrument instead of one of all.
    pub split_instruments: bool,
    /// Performances with fewer events are dropped.
    pub min_events: Option<usize>,
    /// Performances with more events are cut.
    pub max_events: Option<usize>,
    /// Longer performances are cut.
    pub max_steps: Option<u64>,
}

/// The instruments to extract one by one; `[None]` = all together; none if several programs would mix.
fn parts(q: &Quantised, split: bool) -> Vec<Option<u32>> {
    if split {
        let instruments: BTreeSet<u32> = q.notes.iter().map(|n| n.instrument).collect();
        return instruments.into_iter().map(Some).collect();
    }
    let programs: BTreeSet<u8> = q.notes.iter().map(|n| n.program).collect();
    if programs.len() > 1 { Vec::new() } else { vec![None] }
}

/// The notes of a part from `start` on, in the order of their unquantised onsets and pitches, and its instrument.
fn part(
    q: &Quantised,
    start: i64,
    instrument: Option<u32>,
) -> Result<(Vec<&QuantisedNote>, Instrument), EventError> {
    let of_part = || q.notes.iter().filter(move |n| instrument.is_none_or(|i| i == n.instrument));
    let is_drum = match (of_part().all(|n| n.is_drum), of_part().any(|n| n.is_drum)) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    };
    let programs: BTreeSet<u8> = of_part().map(|n| n.program).collect();
    let program = programs.first().copied().filter(|_| is_drum == Some(false) && programs.len() == 1);
    let mut notes: Vec<_> = of_part().filter(|n| n.start_step >= start).collect();
    notes.sort_by_key(|n| (n.onset_rank, n.pitch));
    for note in &notes {
        index(note.start_step, start)?;
        index(note.end_step, start)?;
    }
    Ok((notes, Instrument { program, is_drum }))
}

impl Performance {
    /// All performances of a piece.
    ///
    /// # Errors
    /// [`EventError::TooLong`].
    pub fn extract_all(q: &Quantised, limits: &PerformanceLimits) -> Result<Vec<Self>, EventError> {
        let mut all = Vec::new();
        for instrument in parts(q, limits.split_instruments) {
            let mut found = Self::extract(q, instrument, limits)?;
            found.truncate(limits.max_events.unwrap_or(usize::MAX));
            if let Some(max) = limits.max_steps.filter(|&max| found.num_steps() > max) {
                found.set_length(max)?;
            }
            if limits.min_events.is_none_or(|min| found.events.len() >= min) {
                all.push(found);
            }
        }
        Ok(all)
    }

    fn extract(
        q: &Quantised,
        instrument: Option<u32>,
        limits: &PerformanceLimits,
    ) -> Result<Self, EventError> {
        let (notes, instrument) = part(q, limits.start_step, instrument)?;
        // Step, note, whether it is the end.
        let onsets = notes.iter().enumerate().map(|(i, n)| (n.start_step, i, false));
        let ends = notes.iter().enumerate().map(|(i, n)| (n.end_step, i, true));
        let mut happenings: Vec<_> = onsets.chain(ends).collect();
        happenings.sort_unstable();
        let mut performance = Self::new(Vec::new(), limits.start_step, q.grid.into(), limits.bins);
        performance.instrument = instrument;
        let max = performance.grid.max_shift();
        let (mut current, mut bin) = (limits.start_step, 0);
        for (step, i, ends) in happenings {
            let (note, events) = (notes[i], &mut performance.events);
            if step > current {
                push_shifts(events, step.abs_diff(current), max);
                current = step;
            }
            if ends {
                events.push(PerformanceEvent::NoteOff(note.pitch));
                continue;
            }
            let bins = limits.bins;
            if bins.count() > 0 && bins.bin(note.velocity) != bin {
                bin = bins.bin(note.velocity);
                events.push(PerformanceEvent::Velocity(bin));
            }
            events.push(PerformanceEvent::NoteOn(note.pitch));
        }
        Ok(performance)
    }
}

impl NotePerformance {
    /// All performances of a piece. Those with a pause or a note of more than [`MAX_NOTE_STEPS`] are passed over.
    ///
    /// # Errors
    /// [`EventError::TooLong`], or music on a grid of beats.
    pub fn extract_all(q: &Quantised, limits: &PerformanceLimits) -> Result<Vec<Self>, EventError> {
        let Grid::Seconds { steps_per_second } = q.grid else { return Err(EventError::NeedsSeconds) };
        let mut all = Vec::new();
        for instrument in parts(q, limits.split_instruments) {
            let (notes, instrument) = part(q, limits.start_step, instrument)?;
            let mut current = limits.start_step;
            let event = |n: &QuantisedNote| {
                let steps = |from: i64, to: i64| {
                    u32::try_from(to.saturating_sub(from)).ok().filter(|&s| s <= MAX_NOTE_STEPS)
                };
                let shift = steps(current, n.start_step)?;
                current = n.start_step;
                let duration = steps(n.start_step, n.end_step).filter(|&d| d > 0)?;
                Some(NoteEvent { shift, pitch: n.pitch, velocity: limits.bins.bin(n.velocity), duration })
            };
            let Some(mut events) = notes.into_iter().map(event).collect::<Option<Vec<_>>>() else { continue };
            events.truncate(limits.max_events.unwrap_or(usize::MAX));
            if limits.min_events.is_none_or(|min| events.len() >= min) {
                let mut found = Self::new(events, limits.start_step, steps_per_second, limits.bins);
                found.instrument = instrument;
                all.push(found);
            }
        }
        Ok(all)
    }
}
