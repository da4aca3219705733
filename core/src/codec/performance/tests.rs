use super::*;
use crate::codec::EventError;
use crate::music::{NoteSequence, Quantised, SequenceNote};
use PerformanceEvent::{NoteOff, NoteOn, TimeShift, Velocity};
use proptest::prelude::*;

const GRID: PerformanceGrid = PerformanceGrid::Seconds { steps_per_second: STEPS_PER_SECOND };

fn note(pitch: u8, velocity: u8, start_time: f64, end_time: f64) -> SequenceNote {
    SequenceNote { pitch, velocity, start_time, end_time, ..SequenceNote::default() }
}

fn quantised(notes: Vec<SequenceNote>) -> Quantised {
    let total_time = notes.iter().map(|n| n.end_time).fold(0.0, f64::max);
    let ns = NoteSequence { notes, total_time, ..NoteSequence::default() };
    Quantised::absolute(&ns, STEPS_PER_SECOND).expect("after time zero")
}

fn with_bins(bins: u8) -> PerformanceLimits {
    PerformanceLimits { bins: VelocityBins::new(bins), ..PerformanceLimits::default() }
}

/// Pitch, velocity, start and end in steps, sorted.
fn in_steps(ns: &NoteSequence) -> Vec<(u8, u8, i64, i64)> {
    let step = |t: f64| (t * 100.0).round() as i64;
    let mut all: Vec<_> =
        ns.notes.iter().map(|n| (n.pitch, n.velocity, step(n.start_time), step(n.end_time))).collect();
    all.sort_unstable();
    all
}

#[test]
fn notes_become_events_and_come_back() {
    // The second note starts earlier before rounding, so it comes first although it is higher.
    let notes = vec![note(60, 100, 0.012, 1.5), note(64, 64, 0.008, 0.5)];
    let found = Performance::extract_all(&quantised(notes), &with_bins(32)).expect("short");
    let expected = [
        TimeShift(1),
        Velocity(16),
        NoteOn(64),
        Velocity(25),
        NoteOn(60),
        TimeShift(49),
        NoteOff(64),
        TimeShift(100),
        NoteOff(60),
    ];
    assert_eq!(found[0].events(), expected);
    assert_eq!((found[0].num_steps(), found[0].end_step()), (150, 150));
    let back = found[0].to_sequence(100, 120.0, None);
    assert_eq!(in_steps(&back), [(60, 97, 1, 150), (64, 61, 1, 50)]);
}

#[test]
fn note_offs_close_the_oldest_note_and_the_end_closes_the_rest() {
    let events =
        vec![NoteOff(60), NoteOn(60), TimeShift(10), NoteOn(60), TimeShift(10), NoteOff(60), NoteOn(61)];
    let mut performance = Performance::new(events, 5, GRID, VelocityBins::NONE);
    let back = performance.to_sequence(80, 120.0, None);
    assert_eq!(in_steps(&back), [(60, 80, 5, 25), (60, 80, 15, 25)], "a note without length is none");
    performance.set_length(30).expect("short");
    let cut = performance.to_sequence(80, 120.0, Some(0.15));
    assert_eq!(in_steps(&cut), [(60, 80, 5, 20), (60, 80, 15, 30), (61, 80, 25, 35)]);
}

#[test]
fn several_programs_are_several_performances_or_none() {
    let guitar = SequenceNote { program: 25, instrument: 1, ..note(40, 80, 0.0, 1.0) };
    let drums = SequenceNote { is_drum: true, instrument: 2, ..note(36, 80, 0.0, 0.1) };
    let q = quantised(vec![note(60, 80, 0.0, 1.0), guitar, drums]);
    assert_eq!(Performance::extract_all(&q, &with_bins(0)), Ok(Vec::new()));
    let split = PerformanceLimits { split_instruments: true, ..with_bins(0) };
    let found = Performance::extract_all(&q, &split).expect("short");
    let played: Vec<_> = found.iter().map(|p| (p.program(), p.is_drum())).collect();
    assert_eq!(played, [(Some(0), Some(false)), (Some(25), Some(false)), (None, Some(true))]);
}

#[test]
fn a_damaged_file_does_not_ask_for_all_memory() {
    let far = quantised(vec![note(60, 80, 1e12, 1e12 + 1.0)]);
    assert_eq!(Performance::extract_all(&far, &with_bins(0)), Err(EventError::TooLong));
    assert_eq!(NotePerformance::extract_all(&far, &with_bins(32)), Err(EventError::TooLong));
    let mut empty = Performance::new(Vec::new(), 0, GRID, VelocityBins::NONE);
    assert_eq!(empty.set_length(u64::MAX), Err(EventError::TooLong));
}

#[test]
fn a_long_pause_has_no_whole_notes() {
    let q = quantised(vec![note(60, 80, 0.0, 1.0), note(62, 80, 10.01, 11.0)]);
    assert_eq!(NotePerformance::extract_all(&q, &with_bins(32)), Ok(Vec::new()));
}

/// Notes of different pitches on the grid.
fn some_notes() -> impl Strategy<Value = Vec<SequenceNote>> {
    let one = (1u8..128, 0u32..300, 1u32..400);
    prop::collection::vec(one, 1..40).prop_map(|list| {
        let time = |step: u32| f64::from(step) / 100.0;
        (20..).zip(list).map(|(p, (v, on, length))| note(p, v, time(on), time(on + length))).collect()
    })
}

proptest! {
    #[test]
    fn every_note_survives_both_ways(notes in some_notes()) {
        let expected = in_steps(&NoteSequence { notes: notes.clone(), ..NoteSequence::default() });
        let q = quantised(notes);
        let events = Performance::extract_all(&q, &with_bins(127)).expect("short");
        prop_assert_eq!(in_steps(&events[0].to_sequence(100, 120.0, None)), expected.clone());
        let whole = NotePerformance::extract_all(&q, &with_bins(127)).expect("short");
        prop_assert_eq!(in_steps(&whole[0].to_sequence(None)), expected);
    }

    #[test]
    fn the_length_is_as_asked(notes in some_notes(), steps in 0u64..1500) {
        let found = Performance::extract_all(&quantised(notes), &with_bins(32)).expect("short");
        let mut performance = found[0].clone();
        performance.set_length(steps).expect("short");
        prop_assert_eq!(performance.num_steps(), steps);
        let shifts = performance.events().iter().map(|e| e.steps());
        prop_assert!(shifts.into_iter().all(|s| s <= MAX_SHIFT));
    }
}
