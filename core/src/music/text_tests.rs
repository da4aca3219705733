//! Tests of text primers.

use super::*;
use crate::codec::encoding::{DrumsOneHot, OneHot};
use crate::codec::{Melody, PitchSet};
use crate::music::{Span, TICKS_PER_QUARTER, Voices};
use proptest::prelude::*;

const STEP: Ticks = TICKS_PER_QUARTER / 4;

fn read(text: &str) -> Result<TextPrimer, TextError> {
    text.parse()
}

fn drums(steps: &[&[u8]]) -> TextPrimer {
    TextPrimer::Drums(steps.iter().map(|s| s.to_vec()).collect())
}

#[test]
fn the_books_drum_primer_is_half_a_bar() {
    let primer = read("(36,42),(),(),(),(42,),(),(),()").expect("a primer");
    assert_eq!((primer.len(), primer.length()), (8, 8 * STEP));
    let TextPrimer::Drums(steps) = &primer else { panic!("drums") };
    let classes = DrumsOneHot::standard(9).expect("nine types");
    let class =
        |pitches: &Vec<u8>| classes.encode(pitches.iter().copied().collect::<PitchSet>()).expect("known");
    assert_eq!(steps.iter().map(class).collect::<Vec<_>>(), [5, 0, 0, 0, 4, 0, 0, 0]);
    let hits: Vec<_> = primer.notes().iter().map(|n| (n.start / STEP, n.pitch, n.length)).collect();
    assert_eq!(hits, [(0, 36, STEP), (0, 42, STEP), (4, 42, STEP)]);
    let clip = primer.song().track_to_clip(0, Voices::All, Span::Auto).expect("a track");
    assert_eq!((clip.length, clip.kind), (8 * STEP, ClipKind::Drums));
}

#[test]
fn brackets_quotes_and_commas_as_in_python() {
    let three = drums(&[&[36, 42], &[], &[42]]);
    for text in [
        "[(36,42),(),(42,)]",
        " [ [42, 36] ,\n(), [42] , ] ",
        "((36,42,36),[],(42,))",
        "'[(36,42),(),(42,)]'",
    ] {
        assert_eq!(read(text), Ok(three.clone()), "{text}");
    }
    assert_eq!(read("[()]"), Ok(drums(&[&[]])));
    assert_eq!(read("(36,),"), Ok(drums(&[&[36]])), "a tuple of one tuple");
    assert_eq!(read("\"[60]\""), Ok(TextPrimer::Melody(vec![60])));
    for text in ["[60,-2,+60,-1]", "60, -2, 60, -1", "(60,-2,60,-1)", "[(60),-2,60,-1,]"] {
        assert_eq!(read(text), Ok(TextPrimer::Melody(vec![60, -2, 60, -1])), "{text}");
    }
}

#[test]
fn melodies_sound_as_the_codec_says() {
    let primer = read("[-1,60,-2,-1,-2,62,64,-2]").expect("a primer");
    let notes: Vec<_> = primer.notes().iter().map(|n| (n.start / STEP, n.pitch, n.length / STEP)).collect();
    assert_eq!(notes, [(1, 60, 2), (5, 62, 1), (6, 64, 2)]);
    let one = read("[60]").expect("a primer");
    assert_eq!((one.length(), one.notes()[0].length), (STEP, STEP));
}

#[test]
fn slips_are_named() {
    use TextError::*;
    let syntax = |at, expected| Err(Syntax { at, expected });
    assert_eq!(read(""), Err(Empty));
    assert_eq!(read("[]"), Err(Empty));
    assert_eq!(read("()"), Err(Empty), "a tuple of nothing");
    assert_eq!(read("[(36)]"), Ok(TextPrimer::Melody(vec![36])), "as in Python, brackets around a number");
    assert_eq!(read("[(36,),42]"), Err(Mixed(2)));
    assert_eq!(read("[60,(36,)]"), Err(Mixed(2)));
    assert_eq!(read("[60,128]"), Err(Event(2, 128)));
    assert_eq!(read("[-3]"), Err(Event(1, -3)));
    assert_eq!(read("[(36,-1)]"), Err(Pitch(1, -1)));
    assert_eq!(read("[99999999999999999999]"), Err(Event(1, i64::MAX)));
    assert_eq!(read("[60"), syntax(4, "a comma or a closing bracket"));
    assert_eq!(read("[60,,62]"), syntax(5, "a whole number or a bracket"));
    assert_eq!(read("[60] 62"), syntax(6, "a comma or a closing bracket"));
    assert_eq!(read("[6.5]"), syntax(3, "a comma or a closing bracket"));
    assert_eq!(read("[((36,),)]"), syntax(3, "a whole number or a bracket"));
    assert_eq!(read("[60,-]"), syntax(5, "a whole number or a bracket"));
    assert_eq!(read(&format!("[{}]", "60,".repeat(MAX_STEPS + 1))), Err(TooLong));
    let deep = "[".repeat(100_000);
    assert!(matches!(read(&deep), Err(Syntax { at: 3, .. })), "no recursion");
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(10), ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_primer_or_an_error(text in "[\\[\\]() ,\"0-9+-]{0,40}") {
        if let Ok(primer) = read(&text) {
            prop_assert!(primer.len() > 0);
            let length = primer.length();
            prop_assert!(primer.notes().iter().all(|n| n.pitch < 128 && n.length > 0 && n.end() <= length));
        }
    }

    #[test]
    fn written_melodies_read_back_and_agree_with_the_codec(events in prop::collection::vec(-2i32..128, 1..40)) {
        let primer = read(&format!("{events:?}")).expect("a melody");
        prop_assert_eq!(&primer, &TextPrimer::Melody(events.clone()));
        let melody = Melody::from_numbers(&events).expect("events");
        prop_assert_eq!(primer.notes(), melody.to_notes(VELOCITY));
    }

    #[test]
    fn written_drums_read_back(steps in prop::collection::vec(prop::collection::btree_set(0u8..128, 0..4), 1..20)) {
        let group = |s: &std::collections::BTreeSet<u8>| {
            format!("({})", s.iter().map(|p| format!("{p},")).collect::<String>())
        };
        let text = format!("[{}]", steps.iter().map(group).collect::<Vec<_>>().join(", "));
        let wanted = TextPrimer::Drums(steps.iter().map(|s| s.iter().copied().collect()).collect());
        prop_assert_eq!(read(&text), Ok(wanted));
    }
}
