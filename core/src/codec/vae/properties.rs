//! Whatever the music, there are examples or an error; and what a model writes comes back as it was.
use super::testing::{music, whole, whole_drums};
use super::*;
use crate::music::TempoMark;
use crate::music::drum_map::{MAGENTA, ROLAND};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Whether a track plays anything.
fn plays(track: &[u32]) -> bool {
    track.len() == 1 || track.iter().any(|&token| token < 128)
}

/// Leaves only known drums and one tempo: groove models take nothing else.
fn of_one_kit(ns: &mut NoteSequence) {
    ns.notes.iter_mut().for_each(|n| n.pitch = ROLAND[usize::from(n.pitch % 9)][0]);
    ns.time_signatures.clear();
    ns.tempos.truncate(1);
}

/// Gives every instrument a role of a trio.
fn in_roles(ns: &mut NoteSequence) {
    const ROLES: [(u8, bool); 4] = [(0, false), (33, false), (0, true), (5, false)];
    ns.notes.iter_mut().for_each(|n| (n.program, n.is_drum) = ROLES[n.instrument as usize % 4]);
}

/// Gives each program, and drums, an instrument.
fn unmixed(ns: &mut NoteSequence) {
    ns.notes.iter_mut().for_each(|n| n.instrument = if n.is_drum { 9 } else { n.program.into() });
}

#[test]
fn the_music_of_these_tests_is_not_all_refused() {
    let mut runner = TestRunner::deterministic();
    let mut found = [0; 5];
    for _ in 0..200 {
        let mut ns = music(Some(false)).new_tree(&mut runner).expect("music").current();
        found[0] += usize::from(whole().to_tensors(&ns).is_ok_and(|e| !e.is_empty()));
        ns.notes.iter_mut().for_each(|n| n.is_drum = true);
        let drums = whole_drums(DrumKit::Nine, true).to_tensors(&ns);
        found[1] += usize::from(drums.is_ok_and(|e| !e.is_empty()));
        let mut grooves = ns.clone();
        of_one_kit(&mut grooves);
        let converter = GrooveConverter { kit: &ROLAND, bars: 1, ..GrooveConverter::default() };
        found[2] += usize::from(converter.to_tensors(&grooves).is_ok_and(|e| !e.is_empty()));
        in_roles(&mut ns);
        let converter = TrioConverter { bars: 1, ..TrioConverter::default() };
        found[3] += usize::from(converter.to_tensors(&ns).is_ok_and(|e| !e.is_empty()));
        unmixed(&mut ns);
        let bars = MultitrackConverter::default().to_tensors(&ns);
        found[4] += usize::from(bars.is_ok_and(|e| !e.is_empty()));
    }
    assert!(found.iter().all(|&n| n >= 20), "examples from {found:?} of 200 pieces");
}

proptest! {
    #[test]
    fn any_music_becomes_melodies(ns in music(Some(false)), pad in any::<bool>(), chords in any::<bool>()) {
        let cut = Cut { slice_bars: Some(1), pad_to_total_time: pad, max_bars: Some(8), ..Cut::default() };
        let converter = MelodyConverter { cut, chords, ..MelodyConverter::default() };
        for example in converter.to_tensors(&ns).unwrap_or_default() {
            prop_assert_eq!(example.labels.len(), 16);
            prop_assert!(converter.from_tensors(&example).is_ok());
        }
    }

    #[test]
    fn melodies_survive(labels in prop::collection::vec(prop_oneof![4 => Just(0), 1 => Just(1), 2 => 2..90u32], 1..64)) {
        let given = whole().from_tensors(&MelodyExample { labels, triads: None }).expect("classes");
        let examples = whole().to_tensors(&given).expect("fits");
        let back = examples.first().map(|e| whole().from_tensors(e).expect("classes"));
        prop_assert_eq!(back.unwrap_or_default().notes, given.notes);
    }

    #[test]
    fn any_music_becomes_drums(ns in music(Some(true)), roll in any::<bool>()) {
        let cut = Cut { slice_bars: Some(2), max_examples: None, ..Cut::default() };
        for kit in [DrumKit::Nine, DrumKit::SixtyOne] {
            let converter = DrumConverter { cut, ..whole_drums(kit, roll || kit == DrumKit::SixtyOne) };
            for example in converter.to_tensors(&ns).unwrap_or_default() {
                prop_assert!(converter.from_tensors(&example.output).is_ok());
            }
        }
    }

    #[test]
    fn drums_survive(labels in prop::collection::vec(prop_oneof![Just(0), 0..512u32], 1..64)) {
        let converter = whole_drums(DrumKit::Nine, false);
        let ns = converter.from_tensors(&DrumSteps::Labels(labels.clone())).expect("classes");
        let mut given = labels;
        while given.last() == Some(&0) {
            given.pop();
        }
        let found = converter.to_tensors(&ns).expect("fits").pop().map(|e| e.output);
        prop_assert_eq!(found, (!given.is_empty()).then_some(DrumSteps::Labels(given)));
    }

    #[test]
    fn any_music_becomes_a_groove(mut ns in music(None), bins in 0..5u32, split in any::<bool>()) {
        of_one_kit(&mut ns);
        let layout = match bins {
            0 => GrooveLayout::Together,
            _ if split => GrooveLayout::Split,
            _ => GrooveLayout::Binned { velocities: bins, offsets: bins },
        };
        let converter = GrooveConverter { kit: &ROLAND, bars: 1, layout, ..GrooveConverter::default() };
        for example in converter.to_tensors(&ns).unwrap_or_default() {
            prop_assert_eq!(example.input.values.len(), example.output.values.len());
            prop_assert_eq!(converter.from_tensors(&example.output).is_ok(), bins == 0);
        }
    }

    #[test]
    fn grooves_survive(cells in prop::collection::vec((any::<bool>(), 0..128u8, -0.99..0.99f32), 144)) {
        let mut values = vec![0.0; 16 * 27];
        for (i, (_, velocity, offset)) in cells.into_iter().enumerate().filter(|(_, cell)| cell.0) {
            let at = i / 9 * 27 + i % 9;
            (values[at], values[at + 9], values[at + 18]) = (1.0, f32::from(velocity) / 127.0, offset);
        }
        let converter = GrooveConverter { bars: 1, kit: &MAGENTA, ..GrooveConverter::default() };
        let ns = converter.from_tensors(&Rows { width: 27, values: values.clone() }).expect("numbers");
        let found = converter.to_tensors(&ns).expect("drums").pop();
        let found = found.map_or_else(|| vec![0.0; values.len()], |e| e.output.values);
        for (found, given) in found.iter().zip(&values) {
            prop_assert!((found - given).abs() < 1e-5, "{found} {given}");
        }
    }

    #[test]
    fn any_music_becomes_trios(mut ns in music(None), bars in 0..4u32, gap_bars in 0..3u32) {
        in_roles(&mut ns);
        let converter = TrioConverter { bars, gap_bars, max_examples: Some(20) };
        for example in converter.to_tensors(&ns).unwrap_or_default() {
            prop_assert_eq!(example.drums.len(), 16 * bars.max(1) as usize);
            prop_assert!(converter.from_tensors(&example).is_ok());
        }
    }

    #[test]
    fn any_music_becomes_bars_that_survive(mut ns in music(None), chords in any::<bool>()) {
        unmixed(&mut ns);
        let converter = MultitrackConverter { chords, max_examples: None };
        let examples = converter.to_tensors(&ns).unwrap_or_default();
        for example in examples.iter().filter(|e| e.tracks.iter().all(|t| plays(t))) {
            prop_assert!(example.tracks.iter().all(|t| t.len() <= MAX_TRACK_TOKENS));
            let mut back = converter.from_tensors(&example.tracks).expect("tokens");
            back.tempos = vec![TempoMark { time: 0.0, qpm: 120.0 }];
            let again = MultitrackConverter::default().to_tensors(&back).expect("fits");
            prop_assert_eq!(&again[0].tracks, &example.tracks);
        }
    }

    #[test]
    fn mixed_instruments_are_refused_not_fatal(ns in music(None)) {
        let found = MultitrackConverter::default().to_tensors(&ns);
        prop_assert!(matches!(found, Ok(_) | Err(VaeError::MixedTrack | VaeError::Event(_))));
    }
}
