//! Models under control through the product's step loop: the same loop, another encoding.
use super::event_rnn::{EventRnn, WriteOptions, Written};
use super::{EncodingParams, Hparams, Model, ModelEncoding, find, testing};
use crate::codec::encoding::{
    ChordEncoding, Conditional, EncodingError, Event, History, PerformanceControls, listed,
};
use crate::codec::performance::{ControlTimeline, PerformanceControl};
use crate::codec::{ChordProgression, MelodyEvent, PerformanceEvent};
use crate::music::Chord;
use crate::tool::Cancel;

fn write<E: Event>(rnn: &EventRnn<'_, E>, primer: &[E], steps: usize, seeds: &[u32]) -> Vec<Written<E>> {
    let cancel = Cancel::default();
    let primed = rnn.prime(primer, &cancel, |_, _| Ok(())).expect("fits");
    let options = WriteOptions { steps, seeds, ..WriteOptions::default() };
    rnn.write(&primed, &options, &cancel, &mut |_| {}).expect("writes")
}

/// Takes of 32 steps over chords.
fn over(model: &Model, chords: &[Option<Chord>], seeds: &[u32]) -> Vec<Written<MelodyEvent>> {
    let ModelEncoding::Improv { chords: control, melody } = model.encoding() else { panic!("no improv") };
    let source = listed(chords);
    let encoding = Conditional { control, source: &source, target: melody.as_ref() };
    let rnn = EventRnn { encoding: &encoding, stack: model.stack().expect("events"), cache: None };
    write(&rnn, &[MelodyEvent::Pitch(60)], chords.len() - 1, seeds)
}

fn chords(text: &str) -> Vec<Option<Chord>> {
    let progression = ChordProgression::from_text(text, 16, 16, 4).expect("chords");
    progression.chords().expect("chords")
}

#[test]
fn a_take_depends_on_its_chords_from_where_they_change() {
    let model = testing::model("attention_improv");
    let plain = over(&model, &chords("C C"), &[1, 2, 3]);
    let changed = over(&model, &chords("C F#m"), &[1, 2, 3]);
    assert_eq!(plain[0].events.len(), 31);
    for (a, b) in plain.iter().zip(&changed) {
        // The take begins at step 1; step 16 is the first over the other chord.
        assert_eq!(a.events[..15], b.events[..15]);
    }
    assert!(plain.iter().zip(&changed).any(|(a, b)| a.events[15..] != b.events[15..]));
}

#[test]
fn takes_over_chords_do_not_depend_on_each_other() {
    let model = testing::model("chord_pitches_improv");
    let together = over(&model, &chords("C G7/B"), &[1, 2, 3]);
    assert_eq!(over(&model, &chords("C G7/B"), &[2])[0], together[1]);
}

/// A take under control values that are asked for step by step.
fn steered(
    model: &Model,
    source: &(dyn Fn(&History<PerformanceEvent>) -> Result<PerformanceControl, EncodingError> + Send + Sync),
) -> Vec<PerformanceEvent> {
    let ModelEncoding::Performance { controls, events, .. } = model.encoding() else { panic!("no events") };
    let encoding = Conditional { control: controls, source, target: events.as_ref() };
    let rnn = EventRnn { encoding: &encoding, stack: model.stack().expect("events"), cache: None };
    write(&rnn, &[PerformanceEvent::TimeShift(1)], 80, &[5]).remove(0).events
}

#[test]
fn a_timeline_acts_from_the_time_it_says() {
    let model = testing::model("optional_multiconditioned_performance_with_dynamics");
    let steady = ControlTimeline { notes_per_second: vec![1.0], ..ControlTimeline::default() };
    let busier = ControlTimeline { notes_per_second: vec![1.0, 60.0], ..ControlTimeline::default() };
    let total = 600;
    let a = steered(&model, &|h| Ok(steady.at(h.scan().steps, total)));
    let b = steered(&model, &|h| Ok(busier.at(h.scan().steps, total)));
    let mut passed = 1;
    let before = a.iter().take_while(|e| {
        let early = passed < total / 2;
        passed += u64::from(e.steps());
        early
    });
    let before = before.count();
    assert!(0 < before && before < a.len(), "{before}");
    assert_eq!(a[..before], b[..before]);
    assert_ne!(a[before..], b[before..]);
}

#[test]
fn a_timeline_that_ends_says_where() {
    let model = testing::model("basic_improv");
    let ModelEncoding::Improv { chords: control, melody } = model.encoding() else { panic!("no improv") };
    let source = listed(&[None]);
    let encoding = Conditional { control, source: &source, target: melody.as_ref() };
    let rnn = EventRnn { encoding: &encoding, stack: model.stack().expect("events"), cache: None };
    let error = rnn.prime(&[MelodyEvent::NoEvent], &Cancel::default(), |_, _| Ok(())).expect_err("too short");
    assert!(error.to_string().contains("event 1"), "{error}");
}

#[test]
fn six_heads_draw_whole_notes() {
    let model = testing::model("performance_with_dynamics_and_note_encoding");
    let ModelEncoding::NotePerformance { notes, .. } = model.encoding() else { panic!("no notes") };
    let rnn = EventRnn { encoding: notes, stack: model.stack().expect("events"), cache: None };
    let first = [crate::codec::NoteEvent { shift: 0, pitch: 60, velocity: 20, duration: 50 }];
    let takes = write(&rnn, &first, 20, &[1, 2]);
    assert_ne!(takes[0], takes[1]);
    let pitches: std::collections::BTreeSet<u8> = takes[0].events.iter().map(|e| e.pitch).collect();
    assert!(pitches.len() > 5, "{pitches:?}");
    for take in &takes {
        // The score of the drawn heads is the likelihood of the whole notes.
        let all: Vec<_> = first.iter().chain(&take.events).copied().collect();
        let again = rnn.log_likelihood(&all).expect("fits");
        assert!((again - take.log_likelihood).abs() < 1e-3, "{again} {}", take.log_likelihood);
    }
}

#[test]
fn shapes_are_those_of_the_published_checkpoints() {
    let shape = |id: &str, name: &str| {
        let variables = find(id).expect("in the catalogue").hparams.variables().expect("possible");
        variables.into_iter().find(|(n, _)| n == name).map(|(_, shape)| shape)
    };
    let kernel = "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel";
    assert_eq!(shape("chord_pitches_improv", kernel), Some(vec![75 + 256, 1024]));
    assert_eq!(shape("multiconditioned_performance_with_dynamics", kernel), Some(vec![408 + 512, 2048]));
    let whole_notes = "performance_with_dynamics_and_note_encoding";
    assert_eq!(shape(whole_notes, "fully_connected/weights"), Some(vec![512, 315]));
    let attention = "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper/kernel";
    assert_eq!(shape("attention_improv", attention), Some(vec![123 + 128, 123]));
}

#[test]
fn impossible_encodings_are_refused() {
    let good = &find("basic_improv").expect("in the catalogue").hparams;
    let over = |melody: EncodingParams| EncodingParams::Improv {
        chords: ChordEncoding::Triad,
        melody: Box::new(melody),
    };
    let controls = PerformanceControls::default();
    for encoding in [
        over(EncodingParams::OneDrum),
        over(good.encoding.clone()),
        over(EncodingParams::Melody { min: 60, max: 61 }),
        EncodingParams::Performance { velocity_bins: 128, modulo: false, controls },
        EncodingParams::NotePerformance { velocity_bins: 0 },
    ] {
        let bad = Hparams { encoding, ..good.clone() };
        assert!(bad.check().is_err(), "{bad:?}");
    }
}

#[test]
fn a_card_keeps_what_a_model_can_be_told() {
    for id in ["attention_improv", "optional_multiconditioned_performance_with_dynamics"] {
        let hparams = &find(id).expect("in the catalogue").hparams;
        let text = serde_json::to_string(hparams).expect("JSON");
        assert_eq!(serde_json::from_str::<Hparams>(&text).expect("as written"), *hparams, "{text}");
    }
}
