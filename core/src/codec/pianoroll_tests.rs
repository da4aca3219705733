use super::*;
use crate::codec::testing::quantised;
use proptest::prelude::*;

fn extract(notes: &[(u8, i64, i64)]) -> Pianoroll {
    Pianoroll::extract(&quantised(notes), 0, 0, Longest::Any).expect("fits").expect("one program")
}

#[test]
fn a_key_struck_again_is_let_go_for_a_step() {
    let roll = extract(&[(60, 1, 3), (60, 3, 5), (21, 1, 5), (20, 0, 5), (109, 0, 5)]);
    assert_eq!(roll.notes(), [(39, 1, 2), (0, 1, 5), (39, 3, 5)]);
}

#[test]
fn a_note_in_the_first_step_takes_its_key_out_of_the_last() {
    let roll = extract(&[(60, 2, 4), (60, 0, 1)]);
    assert_eq!(roll.notes(), [(39, 0, 1), (39, 2, 3)]);
}

#[test]
fn labels_are_sums_of_powers_of_two() {
    let frame: Frame = [0, 3, 87].into_iter().collect();
    assert_eq!(frame.label(), 1 + 8 + (1 << 87));
    assert_eq!(Frame::from_label(frame.label()), Some(frame));
    assert_eq!(Frame::from_label(1 << 88), None);
    let mut input = vec![(5, 5.0)];
    frame.input(&mut input);
    assert_eq!(input, [(0, 1.0), (3, 1.0), (87, 1.0)]);
}

#[test]
fn absurd_lengths_are_refused() {
    let long = quantised(&[(60, 0, 1 << 50)]);
    assert_eq!(Pianoroll::extract(&long, 0, 0, Longest::Any), Err(EventError::TooLong));
    let thick: Vec<_> = (0..90).map(|_| (60, 0, MAX_STEPS as i64)).collect();
    assert_eq!(Pianoroll::extract(&quantised(&thick), 0, 0, Longest::Any), Err(EventError::TooLong));
}

proptest! {
    #[test]
    fn frames_survive_the_way_to_notes_and_back(labels in prop::collection::vec(0..1u128 << 88, 1..12)) {
        let frames: Vec<Frame> = labels.into_iter().filter_map(Frame::from_label).collect();
        let roll = Pianoroll::new(frames);
        let mut back = vec![Frame::EMPTY; roll.len()];
        for (key, on, off) in roll.notes() {
            back[on..off].iter_mut().for_each(|frame| frame.insert(key));
        }
        prop_assert_eq!(back, roll.events());
    }
}
