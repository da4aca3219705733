//! Tests of [`super`].

use super::*;
use descant_core::codec::encoding::{ChordEncoding, PerformanceControls};

/// Five melody classes with lookback, for tests.
pub(crate) fn small(distances: &[usize], bits: usize) -> Encoding {
    let distances = distances.to_vec();
    Encoding::new(EncodingParams::MelodyLookback { min: 60, max: 63, distances, bits }).expect("possible")
}

fn lookback_rnn() -> Encoding {
    let distances = vec![16, 32];
    Encoding::new(EncodingParams::MelodyLookback { min: 48, max: 84, distances, bits: 5 }).expect("possible")
}

#[test]
fn inputs_hold_the_event_its_lookbacks_the_counter_and_the_repeats() {
    let encoding = small(&[2, 4], 3);
    let events = [1, 2, 1, 2, 1, 0];
    let mut rows = FewHot::new();
    encoding.reader(&Excerpt::of(&events), 0).expect("reads").push_input(0, &mut rows).expect("fits");
    encoding.reader(&Excerpt::of(&events), 4).expect("reads").push_input(4, &mut rows).expect("fits");
    let dense = |r: usize| {
        let mut row = vec![0.0; encoding.inputs()];
        rows.row(r).for_each(|(c, v)| row[c] = v);
        row
    };
    // event 1; lookbacks before the start are silence; n = 1 is 100 (lowest bit first); nothing repeats
    let first = [
        [0., 1., 0., 0., 0.].as_slice(),
        &[1., 0., 0., 0., 0.],
        &[1., 0., 0., 0., 0.],
        &[1., -1., -1.],
        &[0., 0.],
    ];
    assert_eq!(dense(0), first.concat());
    // event 1; two and four before the next one: events 3 and 1; n = 5 is 101; both repeat
    let later = [
        [0., 1., 0., 0., 0.].as_slice(),
        &[0., 0., 1., 0., 0.],
        &[0., 0., 1., 0., 0.],
        &[1., -1., 1.],
        &[1., 1.],
    ];
    assert_eq!(dense(1), later.concat());
}

#[test]
fn triple_bars_look_back_by_their_own_length_and_duple_bars_as_ever() {
    let at = |bar| match lookback_rnn().for_bar(bar).params() {
        EncodingParams::MelodyLookback { distances, .. } => distances.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!([at(16), at(8), at(12), at(6), at(24)], [[16, 32], [16, 32], [12, 24], [12, 24], [24, 48]]);
}

#[test]
fn labels_prefer_the_farthest_repeat_and_early_silence_is_a_repeat() {
    let encoding = small(&[2, 4], 3);
    let events = [0, 2, 1, 2, 1, 2, 0];
    let reader = encoding.reader(&Excerpt::of(&events), 0).expect("reads");
    let labels: Vec<u32> = (0..7).map(|p| reader.label(p).expect("fits")).collect();
    assert_eq!(labels, [6, 2, 1, 5, 5, 6, 0]);
}

#[test]
fn aliases_are_the_classes_that_decode_to_the_event_and_hold_its_label() {
    let key = EncodingParams::KeyMelody { min: 48, max: 84, distances: vec![16, 32], bits: 7 };
    let drums = EncodingParams::DrumsLookback { types: 3, distances: vec![2, 4], bits: 2 };
    for (params, classes) in [(key, 38), (drums, 8), (EncodingParams::Polyphony, 259)] {
        let encoding = Encoding::new(params.clone()).expect("possible");
        let events: Vec<u32> =
            (0..90u32).map(|i| [14, 0, 1, 16, 18, 0, 0][(i * i % 7) as usize] % classes).collect();
        let mut reader = encoding.reader(&Excerpt::of(&events), 0).expect("reads");
        let mut rows = FewHot::new();
        for p in 0..events.len() {
            let aliases = reader.aliases(p).expect("fits");
            assert!(aliases.contains(&reader.label(p).expect("fits")), "{params:?} at {p}");
            let same: Vec<u32> = match params.build().expect("possible") {
                ModelEncoding::Drums(codec) => {
                    alike(codec.as_ref(), &DrumsOneHot::standard(3).expect("3"), &events, p)
                }
                ModelEncoding::Melody(codec) => {
                    alike(codec.as_ref(), &MelodyOneHot::new(48, 84).expect("range"), &events, p)
                }
                ModelEncoding::Polyphony(codec) => alike(codec.as_ref(), &PolyphonyOneHot, &events, p),
                other => panic!("{other:?}"),
            };
            assert_eq!(aliases, same, "{params:?} at {p}");
            reader.push_input(p, &mut rows).expect("fits");
        }
        let mut late = encoding.reader(&Excerpt::of(&events), 40).expect("reads");
        let mut rest = FewHot::new();
        (40..60).for_each(|p| late.push_input(p, &mut rest).expect("fits"));
        assert!((0..20).all(|r| rest.row(r).eq(rows.row(40 + r))), "{params:?}");
        assert!(rows.index.iter().all(|&c| (c as usize) < encoding.inputs()));
    }
}

/// Every class that decodes to the event at `p`, by trying all of them.
fn alike<T: OneHot>(codec: &dyn Codec<T::Event>, one_hot: &T, classes: &[u32], p: usize) -> Vec<u32> {
    let events: Vec<T::Event> =
        classes.iter().map(|&c| one_hot.decode(c as usize).expect("exists")).collect();
    let means = |&class: &usize| codec.decode(class, &events[..p]).expect("exists") == events[p];
    (0..codec.num_classes()).filter(means).map(|c| c as u32).collect()
}

#[test]
fn the_first_metrics_files_name_the_same_encodings() {
    let read = |text: &str| serde_json::from_str::<Encoding>(text);
    let melody = read(r#"{"classes":38,"default":0,"distances":[16,32],"bits":5}"#).expect("reads");
    assert_eq!(melody, lookback_rnn());
    let text = serde_json::to_string(&melody).expect("writes");
    assert_eq!(read(&text).expect("reads back"), melody);
    assert!(read(r#"{"classes":7,"default":0,"distances":[],"bits":5}"#).is_err());
    assert!(Encoding::new(EncodingParams::NotePerformance { velocity_bins: 8 }).is_err());
}

#[test]
fn chords_and_measured_values_stand_before_the_event_they_belong_to() {
    let melody = Box::new(EncodingParams::Melody { min: 48, max: 84 });
    let improv = EncodingParams::Improv { chords: ChordEncoding::Triad, melody };
    let chords = [("", 0), ("m", 9), ("sus4", 7), ("7", 7)].map(|(kind, root)| harmony::class(root, kind));
    let excerpt = Excerpt { chords: chords.to_vec(), ..Excerpt::of(&[2, 0, 0, 4]) };
    let encoding = Encoding::new(improv).expect("possible");
    let mut rows = FewHot::new();
    let mut reader = encoding.reader(&excerpt, 0).expect("reads");
    (0..3).for_each(|p| reader.push_input(p, &mut rows).expect("fits"));
    let row = |r| rows.row(r).map(|(c, _)| c).collect::<Vec<_>>();
    // A minor, nothing for the suspended fourth, G major; the events' one-hot comes 49 cells later.
    assert_eq!([row(0), row(1), row(2)], [[51, 22], [49, 0], [49, 8]]);
    let controls = PerformanceControls { density: true, pitch_histogram: true, optional: true };
    let params = EncodingParams::Performance { velocity_bins: 32, modulo: false, controls };
    let encoding = Encoding::new(params).expect("possible");
    // C, three seconds, off: a third of a note per second is the lowest class, C weighs most.
    let events = [60, 355, 355, 355, 188];
    for free in [false, true] {
        let excerpt = Excerpt { free, ..Excerpt::of(&events) };
        let mut rows = FewHot::new();
        let mut reader = encoding.reader(&excerpt, 0).expect("reads");
        reader.push_input(0, &mut rows).expect("fits");
        let cells: Vec<(usize, f32)> = rows.row(0).collect();
        assert_eq!(cells[0], (21 + 60, 1.0));
        if free {
            assert_eq!(cells[1..], [(0, 1.0)]);
        } else {
            assert_eq!(cells[1].0, 1);
            assert!(cells[2].0 == 9 && cells[2].1 > 0.9, "{cells:?}");
        }
    }
}

#[test]
fn voices_become_the_frames_of_a_roll() {
    let encoding = Encoding::new(EncodingParams::Pianoroll { hidden: 4 }).expect("possible");
    let (new, on) = (|p: u32| 3 + p, |p: u32| 131 + p);
    // A chord; its lower note struck again while the other sounds on; a rest; a note below the piano's lowest.
    let classes = [0, new(64), new(60), 2, on(64), new(60), 2, 2, new(72), new(20), 2, on(72), 2, 1];
    let reader = encoding.reader(&Excerpt::of(&classes), 0).expect("reads");
    let frames: Vec<Vec<u8>> = (0..reader.positions()).map(|i| reader.frame(i).keys().collect()).collect();
    // Key 0 is pitch 21. The low note is let go before it is struck again.
    assert_eq!(frames, [vec![], vec![43], vec![39, 43], vec![], vec![51], vec![51]]);
}
