use super::*;
use crate::model::testing;
use crate::music::{Meter, Note, TICKS_PER_QUARTER, Ticks};
use crate::tool::{Constraints, ToolKind, run};

const STEP: Ticks = TICKS_PER_QUARTER / 4;

/// A bar of a swung melody over a long chord, with its own velocities.
fn phrase() -> Clip {
    let note = |start, pitch, length, velocity| Note { start, pitch, length, velocity };
    let mut notes = vec![note(0, 48, 16 * STEP - 11, 50), note(0, 55, 8 * STEP, 51)];
    notes.extend((0..6).map(|i| note(i * 5 * STEP / 2, 72 + i as u8, 2 * STEP - 77, 80 + i as u8)));
    let length = Meter::COMMON.bar_ticks();
    let mut clip = Clip { name: "phrase".into(), kind: ClipKind::Melody, notes, length, ..Clip::default() };
    clip.normalise();
    clip
}

fn request(tool: ToolKind, model: &str) -> Request {
    Request {
        tool,
        model: model.into(),
        primer: Some(phrase()),
        bars: 2,
        variations: 2,
        temperature: 1.0,
        seed: 5,
        constraints: Constraints::default(),
        meter: Meter::COMMON,
        tempo: None,
        ..Request::default()
    }
}

#[test]
fn the_primer_stays_as_it_is_and_new_bars_follow() {
    for id in ["polyphony", "rnn-nade", "rnn-nade_attn"] {
        let model = testing::model(id);
        let request = request(ToolKind::Continue, id);
        let takes = run(&model, &request, &Cancel::default(), &mut |_| {}).expect("runs");
        assert_ne!(takes[0].clip.notes, takes[1].clip.notes, "{id}");
        for take in takes {
            let (old, new): (Vec<Note>, Vec<Note>) =
                take.clip.notes.iter().partition(|n| n.start < take.new_from);
            assert_eq!(old, phrase().notes, "{id}");
            assert_eq!(take.clip.length, 3 * Meter::COMMON.bar_ticks());
            assert!(!new.is_empty() && new.iter().all(|n| n.end() <= take.clip.length), "{id}");
            assert!(take.score.log_likelihood_per_step < 0.0);
        }
    }
}

#[test]
fn voices_come_from_nothing_within_scale_and_range() {
    for id in ["polyphony", "rnn-nade"] {
        let model = testing::model(id);
        let mut request = Request { primer: None, ..request(ToolKind::Generate, id) };
        request.constraints = Constraints {
            scale: Some(crate::music::Scale::Major.in_key(2)),
            range: Some((50, 70)),
            density: Some(4.0),
            ..Constraints::default()
        };
        let takes = run(&model, &request, &Cancel::default(), &mut |_| {}).expect("runs");
        for take in takes {
            assert!(!take.clip.notes.is_empty(), "{id}");
            assert!(take.clip.notes.iter().all(|n| (50..=70).contains(&n.pitch)), "{id}");
            assert!(take.clip.notes.iter().all(|n| [2, 4, 6, 7, 9, 11, 1].contains(&(n.pitch % 12))), "{id}");
            assert!(take.notices.is_empty(), "{:?}", take.notices);
        }
    }
}

#[test]
fn harmonising_keeps_every_note_and_adds_others() {
    let model = testing::model("polyphony");
    let first = request(ToolKind::Harmonise, "polyphony");
    let takes = |request: &Request| run(&model, request, &Cancel::default(), &mut |_| {}).expect("runs");
    let heard = takes(&Request { listen_first: true, ..first.clone() });
    let unheard = takes(&first);
    assert_ne!(heard[0].clip, unheard[0].clip, "what was read before counts");
    assert_eq!((heard.len(), unheard.len()), (2, 2));
    for take in heard.into_iter().chain(unheard) {
        assert_eq!((take.clip.length, take.new_from), (phrase().length, 0));
        let mut rest = take.clip.notes.clone();
        for note in phrase().notes {
            let at = rest.iter().position(|n| *n == note);
            rest.remove(at.expect("every note of the melody is there"));
        }
        assert!(!rest.is_empty() && rest.iter().all(|n| n.velocity == 100 && n.start % STEP == 0));
    }
}

#[test]
fn harmonising_says_what_is_missing() {
    let polyphony = testing::model("polyphony");
    let base = request(ToolKind::Harmonise, "polyphony");
    let error = |model: &Model, request: Request| {
        run(model, &request, &Cancel::default(), &mut |_| {}).expect_err("cannot harmonise")
    };
    assert!(matches!(error(&testing::model("basic_rnn"), base.clone()), ToolError::NotVoices(_)));
    assert!(matches!(error(&testing::model("rnn-nade"), base.clone()), ToolError::NotVoices(_)));
    assert!(matches!(error(&polyphony, Request { primer: None, ..base.clone() }), ToolError::NoPrimer));
    let with = |clip: Clip| Request { primer: Some(clip), ..base.clone() };
    assert!(matches!(error(&polyphony, with(Clip { notes: vec![], ..phrase() })), ToolError::EmptyPrimer));
    let drums = Clip { kind: ClipKind::Drums, ..phrase() };
    assert!(matches!(error(&polyphony, with(drums)), ToolError::DrumPrimer(_)));
    let long = Clip { length: 65 * Meter::COMMON.bar_ticks(), ..phrase() };
    assert!(matches!(error(&polyphony, with(long)), ToolError::BadRequest(_)));
}
