//! Improv RNN as a musician meets it: chords in, a melody over them out.
use super::{ChordTrack, Constraints, Request, Take, ToolError, ToolKind, run};
use crate::model::{Model, testing};
use crate::music::{ChordMark, Clip, Meter, Note, Scale, TICKS_PER_QUARTER, Ticks};
use crate::tool::Cancel;

const STEP: Ticks = TICKS_PER_QUARTER / 4;
const BAR: Ticks = 16 * STEP;

fn takes(model: &Model, request: &Request) -> Vec<Take> {
    run(model, request, &Cancel::default(), &mut |_| {}).expect("runs")
}

fn over(text: &str) -> Request {
    let chords = ChordTrack::from_text(text, BAR).expect("chords");
    Request { variations: 4, seed: 7, chords: Some(chords), ..Request::default() }
}

/// A bar and a half of quarters, with chords.
fn primer() -> (Clip, Vec<ChordMark>) {
    let pitches = [62, 65, 69, 67, 65, 62];
    let note = |(i, &pitch): (usize, &u8)| Note {
        start: i as Ticks * 4 * STEP,
        pitch,
        length: 4 * STEP,
        velocity: 77,
    };
    let notes = pitches.iter().enumerate().map(note).collect();
    let clip = Clip { notes, length: BAR + BAR / 2, ..Clip::default() };
    let mark = |tick, figure: &str| ChordMark { tick, figure: figure.into() };
    (clip, vec![mark(0, "Dm"), mark(BAR, "G")])
}

fn continued(chords: Option<ChordTrack>) -> Request {
    Request { tool: ToolKind::Continue, primer: Some(primer().0), bars: 2, chords, variations: 4, ..over("") }
}

fn figures(take: &Take) -> Vec<(Ticks, String)> {
    take.chords().into_iter().map(|c| (c.tick / STEP, c.figure)).collect()
}

fn named(list: &[(Ticks, &str)]) -> Vec<(Ticks, String)> {
    list.iter().map(|&(tick, figure)| (tick, figure.to_owned())).collect()
}

#[test]
fn takes_are_written_over_the_chords() {
    for id in ["chord_pitches_improv", "attention_improv", "basic_improv"] {
        let model = testing::model(id);
        let here = takes(&model, &over("C G7 Am F"));
        assert_eq!(figures(&here[0]), named(&[(0, "C"), (16, "G7"), (32, "Am"), (48, "F")]));
        assert!(here.iter().all(|t| t.notices.is_empty() && t.clip.length == 4 * BAR));
        // The first two bars know nothing of what comes later.
        let there = takes(&model, &over("C G7 F#m Eb"));
        let upto = |t: &Take, end: Ticks| -> Vec<Note> {
            t.clip.notes.iter().filter(|n| n.end() < end).copied().collect()
        };
        for (a, b) in here.iter().zip(&there) {
            assert_eq!(upto(a, 2 * BAR), upto(b, 2 * BAR), "{id}");
        }
        assert!(here.iter().zip(&there).any(|(a, b)| a.clip.notes != b.clip.notes), "{id}");
    }
}

#[test]
fn a_take_is_the_same_alone_and_among_sixteen() {
    let model = testing::model("attention_improv");
    for base in [over("C G7"), continued(Some(ChordTrack::from_text("F C", BAR).expect("chords")))] {
        let many = takes(&model, &Request { variations: 16, ..base.clone() });
        for take in &many {
            let alone = &takes(&model, &Request { variations: 1, seed: take.seed, ..base.clone() })[0];
            assert_eq!((&alone.clip, alone.score), (&take.clip, take.score));
            // A take's own request gives it again.
            let own = Request { seed: take.seed, variations: 1, ..(*take.request).clone() };
            assert_eq!(takes(&model, &own)[0].clip, take.clip);
        }
    }
}

#[test]
fn where_chords_are_missing_plain_ones_are_taken_and_named() {
    let model = testing::model("basic_improv");
    let request = Request { chords: None, ..over("") };
    let take = &takes(&model, &request)[0];
    assert_eq!(figures(take), named(&[(0, "C"), (16, "Am"), (32, "F"), (48, "G")]));
    assert!(take.notices[0].contains("C Am F G"), "{:?}", take.notices);
    let constraints = Constraints { scale: Some(Scale::Major.in_key(2)), ..Constraints::default() };
    let take = &takes(&model, &Request { constraints, ..request })[0];
    assert_eq!(figures(take)[..2], named(&[(0, "D"), (16, "Bm")]));
    // The primer is in C or F as far as its notes tell; the first of the two counts.
    let take = &takes(&model, &continued(None))[0];
    assert_eq!(figures(take)[0], (32, "C".to_owned()));
}

#[test]
fn the_primers_own_chords_are_heard_under_it() {
    let model = testing::model("attention_improv");
    let (clip, marks) = primer();
    let given = ChordTrack::from_text("C F", BAR).expect("chords");
    let with = takes(&model, &continued(Some(ChordTrack { primer: marks.clone(), ..given.clone() })));
    let expected = named(&[(0, "Dm"), (16, "G"), (32, "C"), (48, "F")]);
    assert_eq!(figures(&with[0]), expected);
    assert_eq!((with[0].new_from, with[0].clip.length), (clip.length, 4 * BAR));
    let old: Vec<Note> = with[0].clip.notes.iter().filter(|n| n.start < clip.length).copied().collect();
    assert_eq!(old, clip.notes);
    let without = takes(&model, &continued(Some(given)));
    assert!(with.iter().zip(&without).any(|(a, b)| a.clip.notes != b.clip.notes));
    // Without others they come again.
    let track = ChordTrack { primer: marks, ..ChordTrack::default() };
    let again = &takes(&model, &continued(Some(track)))[0];
    assert_eq!(figures(again), named(&[(0, "Dm"), (16, "G"), (32, "Dm"), (48, "G")]));
    assert!(again.notices.iter().any(|n| n.contains("repeat the primer's")), "{:?}", again.notices);
}

#[test]
fn chords_that_the_model_does_not_know_are_named() {
    let model = testing::model("basic_improv");
    let fails = |request: &Request| {
        let result = run(&model, request, &Cancel::default(), &mut |_| {});
        result.expect_err("refused").to_string()
    };
    assert!(fails(&over("C Gsus4")).contains("“Gsus4”"));
    let mut odd = over("C");
    odd.chords.as_mut().expect("chords").chords[0].figure = "H".into();
    assert!(matches!(
        run(&model, &odd, &Cancel::default(), &mut |_| {}),
        Err(ToolError::BadRequest(text)) if text.contains("“H”")
    ));
    let strange = ChordMark { tick: 0, figure: "Hm".into() };
    let track = ChordTrack { primer: vec![strange], ..ChordTrack::from_text("C", BAR).expect("a chord") };
    let take = &takes(&model, &continued(Some(track)))[0];
    assert!(take.notices.iter().any(|n| n.contains("“Hm”")), "{:?}", take.notices);
    assert_eq!(figures(take), named(&[(32, "C")]));
}

#[test]
fn chords_go_with_the_meter_and_its_steps() {
    let model = testing::model("basic_improv");
    let meter = Meter { numerator: 3, denominator: 4 };
    let chords = ChordTrack::from_text("C G", meter.bar_ticks()).expect("chords");
    let take = &takes(&model, &Request { meter, chords: Some(chords), ..over("") })[0];
    assert_eq!(figures(take), named(&[(0, "C"), (12, "G"), (24, "C"), (36, "G")]));
    assert_eq!(take.score.steps, 48);
}

#[test]
fn requests_saved_before_there_were_chords_still_load() {
    let mut saved = serde_json::to_value(Request::default()).expect("JSON");
    saved.as_object_mut().expect("an object").remove("chords");
    assert_eq!(serde_json::from_value::<Request>(saved).expect("loads"), Request::default());
}

#[test]
fn a_model_with_a_key_of_its_own_goes_where_the_chords_are() {
    let model = testing::model_with("chord_pitches_improv", |hparams| hparams.transpose_to_key = Some(0));
    let here = takes(&model, &over("C G7 Am F"));
    for (text, moved) in [("D A7 Bm G", 2), ("Bb F7 Gm Eb", -2)] {
        for (a, b) in here.iter().zip(takes(&model, &over(text))) {
            let up = a.clip.notes.iter().map(|n| Note { pitch: n.pitch.saturating_add_signed(moved), ..*n });
            assert_eq!(b.clip.notes, up.collect::<Vec<_>>(), "{text}");
        }
    }
    // A scale that is given decides.
    let constraints = Constraints { scale: Some(Scale::Major.in_key(7)), ..Constraints::default() };
    let told = takes(&model, &Request { constraints, ..over("C G7 Am F") });
    assert!(
        told.iter().flat_map(|t| &t.clip.notes).all(|n| [7, 9, 11, 0, 2, 4, 6].contains(&(n.pitch % 12)))
    );
}

#[test]
fn a_take_holds_no_chords_that_its_model_did_not_hear() {
    for id in ["drum_kit", "polyphony"] {
        let takes = takes(&testing::model(id), &Request { variations: 1, bars: 1, ..over("C G7") });
        assert_eq!((figures(&takes[0]), takes[0].notices.len()), (named(&[]), 1), "{id}");
    }
}

#[test]
fn a_model_that_leans_on_its_chords_plays_more_of_their_notes() {
    let share = |lean: f32| {
        let mut model = testing::model("chord_pitches_improv");
        model.set_chord_lean(lean).expect("possible");
        let notes: Vec<Note> = takes(&model, &Request { variations: 16, bars: 16, ..over("C") })
            .into_iter()
            .flat_map(|t| t.clip.notes)
            .collect();
        notes.iter().filter(|n| [0, 4, 7].contains(&(n.pitch % 12))).count() as f32 / notes.len() as f32
    };
    let (free, little, much) = (share(0.0), share(0.5), share(4.0));
    assert!(free < little && little < much && much > 0.99, "{free} {little} {much}");
    assert!(testing::model("chord_pitches_improv").set_chord_lean(f32::NAN).is_err());
}
