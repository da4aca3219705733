//! By hand; the golden file has the rest.
use super::*;
use crate::codec::encoding::ChordEncoding;
use crate::music::{Chord, SequenceNote, TempoMark};

/// Notes `(pitch, first step, end, drum)` at 120 quarter notes per minute.
fn music(notes: &[(u8, u32, u32, bool)]) -> NoteSequence {
    let note = |&(pitch, start, end, is_drum): &(u8, u32, u32, bool)| SequenceNote {
        pitch,
        velocity: 127,
        start_time: f64::from(start) * 0.125,
        end_time: f64::from(end) * 0.125,
        is_drum,
        ..SequenceNote::default()
    };
    NoteSequence {
        notes: notes.iter().map(note).collect(),
        tempos: vec![TempoMark { time: 0.0, qpm: 120.0 }],
        ..NoteSequence::default()
    }
}

fn kit() -> Vec<Vec<u8>> {
    vec![vec![36, 35], vec![38], vec![42]]
}

#[test]
fn the_end_of_a_note_stays_where_it_was() {
    let melody = JsMelody { steps: Some(8), pitches: 60..=71, refuse_polyphony: false };
    let converter = JsConverter::Melody(melody.clone());
    let labels = |notes: &[_]| {
        let steps = converter.to_steps(&music(notes)).expect("fits");
        steps.iter().map(|step| step[0].0).collect::<Vec<_>>()
    };
    assert_eq!(labels(&[(60, 0, 4, false), (64, 2, 12, false), (62, 2, 3, false)]), [2, 0, 6, 0, 1, 0, 0, 0]);
    assert!(converter.to_steps(&music(&[(59, 0, 4, false)])).is_err());
    let strict = JsConverter::Melody(JsMelody { refuse_polyphony: true, ..melody });
    assert!(strict.to_steps(&music(&[(60, 0, 4, false), (64, 0, 4, false)])).is_err());
    assert_eq!(rhythm(&[2, 0, 6, 1]), [1.0, 0.0, 1.0, 0.0]);
    assert_eq!(contour(&[0, 5, 0, 7, 7, 3, 0]), [2, 2, 2, 2, 1, 0, 0]);
    let back = converter.from_steps(Written::Classes(&[vec![2, 0, 1, 6]]), 60.0).expect("notes");
    assert_eq!((back.notes.len(), back.total_time), (2, 1.0));
    assert_eq!((back.notes[0].pitch, back.notes[0].end_time, back.notes[1].start_time), (60, 0.5, 0.75));
}

#[test]
fn drums_of_a_step_add_up() {
    let drums = |input| JsConverter::Drums(JsDrums { steps: Some(3), kit: kit(), input });
    // Kick twice, an unknown sound, and one beyond the end.
    let played =
        music(&[(36, 0, 1, true), (35, 0, 1, true), (42, 1, 2, true), (99, 1, 2, true), (38, 5, 6, true)]);
    let steps = drums(JsDrumSteps::Roll).to_steps(&played).expect("fits");
    assert_eq!(steps, [vec![(0, 1.0)], vec![(2, 1.0), (3, 1.0)], vec![]]);
    let steps = drums(JsDrumSteps::Classes).to_steps(&played).expect("fits");
    assert_eq!(steps, [vec![(2, 1.0)], vec![(0, 1.0)], vec![(0, 1.0)]]);
    let back = drums(JsDrumSteps::Roll).from_steps(Written::Classes(&[vec![5, 0]]), 120.0).expect("notes");
    assert_eq!(back.notes.iter().map(|n| n.pitch).collect::<Vec<_>>(), [36, 42]);
    assert!(drums(JsDrumSteps::Roll).from_steps(Written::Classes(&[vec![8]]), 120.0).is_err());
}

#[test]
fn taps_keep_their_timing_only() {
    let groove = JsGroove { steps: 2, kit: vec![vec![1]; 4], humanize: false, tapify: true, split: false };
    let mut played = music(&[(77, 1, 2, true)]);
    played.notes[0].start_time -= 0.03125;
    let steps = JsConverter::Groove(groove.clone()).to_steps(&played).expect("fits");
    assert_eq!(steps, [vec![], vec![(3, 1.0), (11, 0.5)]]);
    let late = JsConverter::Groove(groove.clone()).to_steps(&music(&[(1, 2, 3, true)]));
    assert_eq!(late, Err(VaeError::TooLong { steps: 2 }));
    let kit = vec![vec![36]];
    let plain = JsConverter::Groove(JsGroove { kit, tapify: false, ..groove });
    let rows = Rows { width: 3, values: vec![1.0, 0.5, 1.0, 0.4, 1.0, 0.0] };
    let back = plain.from_steps(Written::Rows(&rows), 60.0).expect("notes");
    assert_eq!((back.notes.len(), back.total_time), (1, 0.5));
    assert_eq!((back.notes[0].velocity, back.notes[0].start_time), (64, -0.125));
}

#[test]
fn a_progression_is_spread_evenly() {
    let chord = |figure: &str| Chord::of_figure(figure).expect("a chord");
    let chords = [chord("C"), chord("Am")];
    let classes = |how: JsChords, steps| {
        let rows = how.controls(&chords, steps).expect("triads");
        rows.iter().map(|row| row[0].0).collect::<Vec<_>>()
    };
    let whole = JsChords { encoding: ChordEncoding::Triad, parts: 1 };
    assert_eq!(classes(whole, 5), [1, 1, 1, 22, 22]);
    assert_eq!(classes(JsChords { parts: 2, ..whole }, 6), [0, 1, 22, 0, 1, 22]);
    assert_eq!(progression(&[], 0, 4), None);
}

#[test]
fn a_track_ends_where_its_room_does() {
    let tracks = |tokens| JsConverter::Multitrack(JsMultitrack { tracks: 2, tokens });
    let bar = music(&[(60, 0, 4, false)]);
    let parts = |tokens: usize| {
        let parts = tracks(tokens).to_parts(&bar, 2).expect("fits");
        parts.iter().map(|part| part.iter().map(|step| step[0].0).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    // Program, (no velocity: the top bin,) note on, a quarter, note off, the rest of the bar, end.
    assert_eq!(parts(8), [vec![360, 60, 279, 188, 327, 489], vec![489]]);
    assert_eq!(parts(4), [vec![360, 60, 279, 489], vec![489]]);
    assert!(tracks(4).to_parts(&bar, 3).is_err());
}
