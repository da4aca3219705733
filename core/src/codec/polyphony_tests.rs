use super::PolyphonicEvent::{Continued, End, New, Start, StepEnd};
use super::*;
use crate::codec::testing::quantised;
use proptest::prelude::*;

const ANY: RangeInclusive<usize> = 0..=usize::MAX;

#[test]
fn a_c_major_chord_of_a_quarter_is_one_new_and_three_continued_steps() {
    let q = quantised(&[(60, 0, 4), (64, 0, 4), (67, 0, 4)]);
    let sequence = Polyphony::extract(&q, 0, ANY).expect("fits").expect("one program");
    let mut expected = vec![Start, New(67), New(64), New(60), StepEnd];
    for _ in 0..3 {
        expected.extend([Continued(67), Continued(64), Continued(60), StepEnd]);
    }
    expected.push(End);
    assert_eq!(sequence.events(), expected);
    let mut notes = sequence.notes().expect("closed");
    notes.sort_by_key(|n| n.pitch);
    let found: Vec<_> = notes.iter().map(|n| (n.pitch, n.on, n.off)).collect();
    assert_eq!(found, [(60, 0, 4), (64, 0, 4), (67, 0, 4)]);
}

#[test]
fn a_short_phrase_becomes_twelve_events() {
    let q = quantised(&[(69, 0, 2), (45, 0, 1), (52, 1, 2), (57, 2, 3), (60, 3, 4)]);
    let sequence = Polyphony::extract(&q, 0, ANY).expect("fits").expect("one program");
    let first = [Start, New(69), New(45), StepEnd, Continued(69), New(52), StepEnd];
    let rest = [New(57), StepEnd, New(60), StepEnd, End];
    assert_eq!(sequence.events(), [&first[..], &rest[..]].concat());
    assert_eq!((sequence.num_steps(), sequence.end_step()), (4, 4));
}

#[test]
fn what_continues_nothing_and_marks_in_the_middle_mean_nothing() {
    let events = vec![Start, Continued(40), New(60), End, Start, StepEnd, StepEnd, End];
    let notes = Polyphony::new(events, 0, 4).notes().expect("closed");
    assert_eq!(notes, [PolyphonicNote { pitch: 60, on: 0, off: 1 }]);
}

#[test]
fn an_open_sequence_has_no_notes_and_a_note_cannot_end_before_it_starts() {
    assert_eq!(Polyphony::new(vec![New(60)], 0, 4).notes(), Err(EventError::Unfinished));
    let backward = quantised(&[(60, 3, 1), (62, 0, 4)]);
    assert_eq!(Polyphony::extract(&backward, 0, ANY), Err(EventError::BackwardNote));
}

#[test]
fn absurd_lengths_are_refused() {
    let long = quantised(&[(60, 0, 1 << 50)]);
    assert_eq!(Polyphony::extract(&long, 0, ANY), Err(EventError::TooLong));
    let thick: Vec<_> = (0..40).map(|_| (60, 0, 1 << 19)).collect();
    assert_eq!(Polyphony::extract(&quantised(&thick), 0, ANY), Err(EventError::TooLong));
    assert_eq!(Polyphony::new(vec![], 0, 4).set_length(MAX_STEPS + 1), Err(EventError::TooLong));
}

fn event() -> impl Strategy<Value = PolyphonicEvent> {
    prop_oneof![
        1 => Just(Start),
        1 => Just(End),
        4 => Just(StepEnd),
        4 => (55..65u8).prop_map(New),
        4 => (55..65u8).prop_map(Continued),
    ]
}

proptest! {
    #[test]
    fn notes_survive_extraction(notes in prop::collection::vec((50..60u8, 0..20i64, 1..9i64), 0..20)) {
        // Notes of one pitch that overlap may swap their ends; everything else comes back.
        let mut given: Vec<(u8, i64, i64)> = notes.iter().map(|&(p, on, len)| (p, on, on + len)).collect();
        let sequence = Polyphony::extract(&quantised(&given), 0, ANY).expect("fits").expect("one program");
        let found = sequence.notes().expect("closed");
        let mut found: Vec<_> = found.iter().map(|n| (n.pitch, n.on as i64, n.off as i64)).collect();
        let ends = |list: &[(u8, i64, i64)]| {
            let mut ends: Vec<_> = list.iter().map(|n| (n.0, n.2)).collect();
            ends.sort_unstable();
            ends
        };
        prop_assert_eq!(ends(&found), ends(&given));
        let starts = |list: &mut Vec<(u8, i64, i64)>| {
            let mut starts: Vec<_> = list.iter().map(|n| (n.0, n.1)).collect();
            starts.sort_unstable();
            starts
        };
        prop_assert_eq!(starts(&mut found), starts(&mut given));
    }

    #[test]
    fn whatever_a_model_writes_becomes_notes(events in prop::collection::vec(event(), 0..60), steps in 0..20usize) {
        let mut sequence = Polyphony::new(events, 3, 4);
        sequence.set_length(steps).expect("short");
        prop_assert_eq!(sequence.num_steps(), steps);
        prop_assert_eq!(sequence.events().last(), Some(&End));
        for note in sequence.notes().expect("closed") {
            prop_assert!(note.on < note.off && note.off <= steps);
        }
    }
}
