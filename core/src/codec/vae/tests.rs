//! What converters give, worked out by hand.
use super::testing::{whole, whole_drums};
use super::*;
use crate::codec::encoding::EncodingError;
use crate::music::{SequenceNote, TextAnnotation};

/// Notes as (pitch, start, end, instrument, program) in 16ths at 120 quarter notes per minute; program 128 is drums.
fn sixteenths(notes: &[(u8, f64, f64, u32, u8)]) -> NoteSequence {
    let note = |&(pitch, start, end, instrument, program): &(u8, f64, f64, u32, u8)| SequenceNote {
        pitch,
        velocity: 100,
        start_time: start / 8.0,
        end_time: end / 8.0,
        instrument,
        program: program % 128,
        is_drum: program == 128,
    };
    let total_time = notes.iter().map(|n| n.2 / 8.0).fold(0.0, f64::max);
    NoteSequence { notes: notes.iter().map(note).collect(), total_time, ..NoteSequence::default() }
}

fn chord(time: f64, text: &str) -> TextAnnotation {
    TextAnnotation { time, text: text.to_owned(), kind: TextAnnotation::CHORD_SYMBOL }
}

#[test]
fn a_melody_is_classes() {
    // A note above the range is a rest, which lasts to the end of the music.
    let ns = sixteenths(&[(21, 2.0, 4.0, 0, 0), (108, 4.0, 5.0, 0, 0), (109, 5.0, 8.0, 0, 0)]);
    let labels: Vec<_> = whole().to_tensors(&ns).expect("fits").into_iter().map(|e| e.labels).collect();
    assert_eq!(labels, [[0, 0, 2, 0, 89, 1, 0, 0]]);
    let low = MelodyConverter { programs: Some(32..=39), ..whole() };
    assert!(low.to_tensors(&ns).expect("fits").is_empty());
}

#[test]
fn slices_begin_on_every_bar_and_come_once() {
    let bars: Vec<_> =
        (0..5).map(|bar| (60, 16.0 * f64::from(bar), 16.0 * f64::from(bar) + 1.0, 0, 0)).collect();
    let cut = Cut { slice_bars: Some(2), max_bars: Some(4), ..Cut::default() };
    let examples = MelodyConverter { cut, ..MelodyConverter::default() }.to_tensors(&sixteenths(&bars));
    let examples = examples.expect("fits");
    assert_eq!(examples.len(), 1);
    assert_eq!((examples[0].labels.len(), examples[0].labels[16]), (32, 41));
}

#[test]
fn a_model_that_follows_chords_needs_chords() {
    let converter = MelodyConverter { chords: true, ..whole() };
    let mut ns = sixteenths(&[(60, 0.0, 4.0, 0, 0)]);
    assert_eq!(converter.to_tensors(&ns), Err(VaeError::NoChords));
    ns.text_annotations = vec![chord(0.125, "Am"), chord(0.375, "Bdim/F")];
    let examples = converter.to_tensors(&ns).expect("triads");
    assert_eq!(examples[0].triads, Some(vec![0, 22, 22, 48]));
    // What is written leaves the diminished chord out.
    let written = converter.from_tensors(&examples[0]).expect("classes");
    let texts: Vec<_> = written.text_annotations.iter().map(|a| (a.time, a.text.as_str())).collect();
    assert_eq!(texts, [(0.0, "N.C."), (0.125, "Am"), (0.375, "N.C.")]);
    ns.text_annotations[1].text = "G7sus".to_owned();
    assert_eq!(converter.to_tensors(&ns), Ok(Vec::new()), "no triad");
    let short = MelodyExample { labels: vec![0, 0], triads: Some(vec![0]) };
    let wrong = VaeError::Shape { what: "chords:", got: 1, expected: 2 };
    assert_eq!(converter.from_tensors(&short), Err(wrong));
}

#[test]
fn drums_are_bits() {
    // A kick with a snare, a triangle (nine sounds take it for an open hi-hat), and a note that is no drum.
    let ns = sixteenths(&[
        (36, 0.0, 1.0, 0, 128),
        (38, 0.0, 1.0, 1, 128),
        (81, 2.0, 3.0, 0, 128),
        (36, 1.0, 3.0, 0, 0),
    ]);
    let nine = whole_drums(DrumKit::Nine, false).to_tensors(&ns).expect("fits");
    assert_eq!(nine[0].output, DrumSteps::Labels(vec![0b11, 0, 0b1000]));
    let DrumSteps::Roll(roll) = &whole_drums(DrumKit::SixtyOne, true).to_tensors(&ns).expect("fits")[0].input
    else {
        panic!("no roll")
    };
    let ones: Vec<Vec<usize>> =
        roll.iter().map(|row| (0..row.len()).filter(|&i| row[i] == 1.0).collect()).collect();
    assert_eq!((roll.width, ones), (62, vec![vec![0, 2], vec![61], vec![32]]));
    let wrong = whole_drums(DrumKit::Nine, false).from_tensors(&DrumSteps::Labels(vec![512]));
    assert_eq!(wrong, Err(EncodingError::NoSuchClass { class: 512, classes: 512 }.into()));
    assert!(whole_drums(DrumKit::SixtyOne, false).to_tensors(&ns).is_err());
}

#[test]
fn a_groove_keeps_timing_and_loudness() {
    let mut ns = sixteenths(&[(36, 0.25, 1.0, 0, 128), (38, 3.75, 4.0, 0, 128), (42, 4.1, 5.0, 0, 0)]);
    ns.notes[1].velocity = 127;
    ns.notes.push(SequenceNote { velocity: 90, pitch: 40, ..ns.notes[1] });
    let converter = GrooveConverter { bars: 1, ..GrooveConverter::default() };
    let examples = converter.to_tensors(&ns).expect("drums");
    let rows: Vec<&[f32]> = examples[0].output.iter().collect();
    assert_eq!((rows.len(), examples.len()), (16, 1));
    assert_eq!([rows[0][0], rows[0][9], rows[0][18]], [1.0, 100.0 / 127.0, -0.5], "late is negative");
    assert_eq!([rows[4][1], rows[4][10], rows[4][19]], [1.0, 1.0, 0.5], "the louder snare");
    let input = GrooveInput { tapify: true, fixed_velocities: true, ..GrooveInput::default() };
    let taps = GrooveConverter { input, ..converter }.to_tensors(&ns).expect("drums");
    let told: Vec<f32> = taps[0].input.iter().nth(4).expect("step").to_vec();
    let mut expected = [0.0; 27];
    (expected[3], expected[21]) = (1.0, 0.5);
    assert_eq!((told.as_slice(), &taps[0].output), (expected.as_slice(), &examples[0].output));
    ns.notes[0].pitch = 20;
    assert_eq!(converter.to_tensors(&ns), Err(EncodingError::UnknownDrum(20).into()));
    let late = sixteenths(&[(36, 1e7, 1e7, 0, 128)]);
    assert_eq!(converter.to_tensors(&late), Err(EventError::TooLong.into()));
}

#[test]
fn a_groove_model_may_write_nonsense() {
    let mut values = vec![0.0; 27];
    (values[0], values[9], values[18]) = (0.6, 1.5, -7.0);
    let notes = |values: &[f32]| {
        let rows = Rows { width: 27, values: values.to_vec() };
        GrooveConverter::default().from_tensors(&rows).map(|ns| ns.notes)
    };
    let found = notes(&values).expect("numbers");
    assert_eq!((found.len(), found[0].velocity, found[0].start_time), (1, 127, 0.0625));
    assert!(notes(&values[1..]).is_err());
    values[20] = f32::NAN;
    assert_eq!(notes(&values), Err(VaeError::NotFinite));
}

/// A trio of 16 bars.
fn trio() -> TrioExample {
    let mut example = TrioExample { melody: vec![0; 256], bass: vec![0; 256], drums: vec![0; 256] };
    for bar in 0..16usize {
        let step = 16 * bar;
        (example.melody[step + 2], example.melody[step + 6]) = (40 + bar as u32, 1);
        (example.bass[step], example.bass[step + 12]) = (20, 1);
        (example.drums[step], example.drums[step + 15]) = (1, 0b110);
    }
    example
}

#[test]
fn a_trio_survives_and_needs_all_three() {
    let converter = TrioConverter::default();
    let mut ns = converter.from_tensors(&trio()).expect("classes");
    assert_eq!((ns.total_time, ns.notes.len()), (32.0, 16 + 16 + 3 * 16));
    assert_eq!(converter.to_tensors(&ns), Ok(vec![trio()]));
    // One melody more is one combination more.
    let second: Vec<_> = ns.notes.iter().filter(|n| n.instrument == 0).copied().collect();
    ns.notes.extend(second.iter().map(|n| SequenceNote { instrument: 3, program: 31, ..*n }));
    assert_eq!(converter.to_tensors(&ns).expect("fits").len(), 2);
    // An instrument with two roles has none.
    ns.notes.push(SequenceNote { instrument: 1, program: 0, ..ns.notes[0] });
    assert_eq!(converter.to_tensors(&ns), Ok(Vec::new()));
}

#[test]
fn tracks_are_cut_at_the_bar() {
    // The piano's note goes on into the next bar, where the bass rests.
    let ns = sixteenths(&[
        (60, 0.0, 20.0, 5, 0),
        (62, 2.0, 4.0, 5, 0),
        (36, 0.0, 8.0, 2, 128),
        (40, 8.0, 12.0, 7, 33),
    ]);
    let examples = MultitrackConverter::default().to_tensors(&ns).expect("fits");
    assert_eq!(examples.len(), 1);
    // Velocity 100 is bin 7; a 16th has 6 steps.
    let piano = vec![360, 358, 60, 256 + 11, 62, 256 + 11, 128 + 62, 256 + 71, 128 + 60, 489];
    let bass = vec![393, 256 + 47, 358, 40, 256 + 23, 128 + 40, 256 + 23, 489];
    let kick = vec![488, 358, 36, 256 + 47, 128 + 36, 256 + 47, 489];
    assert_eq!(examples[0].tracks[..4], [piano, bass, kick, vec![489]]);
    let mut mixed = ns.clone();
    mixed.notes[1].program = 1;
    assert_eq!(MultitrackConverter::default().to_tensors(&mixed), Err(VaeError::MixedTrack));
}

#[test]
fn tokens_after_the_end_do_not_count() {
    let tracks = vec![vec![60, 256, 488, 361, 188, 489, 1000], vec![490]];
    let converter = MultitrackConverter::default();
    let notes = converter.from_tensors(&tracks[..1]).expect("tokens").notes;
    assert_eq!((notes.len(), notes[0].is_drum, notes[0].velocity), (1, true, 100));
    assert!(converter.from_tensors(&tracks).is_err());
}
