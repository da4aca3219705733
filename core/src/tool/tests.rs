//! What the tools promise, checked on small networks with formula weights. Never part of the product.
use super::*;
use crate::model::{Model, testing};
use crate::music::{ClipKind, Note, Scale, TICKS_PER_QUARTER};
use crate::nn::LANES_AT_ONCE;
use crate::sampling::{BeamOptions, derive};
use proptest::prelude::*;
use std::sync::LazyLock;

const STEP: Ticks = TICKS_PER_QUARTER / 4;
const IDS: [&str; 6] = ["drum_kit", "one_drum", "attention_rnn", "lookback_rnn", "basic_rnn", "mono_rnn"];

fn request(tool: ToolKind, model: &str) -> Request {
    Request {
        tool,
        model: model.into(),
        primer: None,
        bars: 2,
        variations: 3,
        temperature: 1.0,
        seed: 99,
        constraints: Constraints::default(),
        meter: Meter::COMMON,
        tempo: Some(120.0),
        ..Request::default()
    }
}

fn takes(model: &Model, request: &Request) -> Vec<Take> {
    run(model, request, &Cancel::default(), &mut |_| {}).expect("runs")
}

/// A swung, micro-timed phrase with its own velocities: two bars of `meter`.
fn swung(kind: ClipKind, meter: Meter) -> Clip {
    let length = 2 * meter.bar_ticks();
    let pitches: [u8; 4] = if kind == ClipKind::Drums { [36, 42, 38, 22] } else { [60, 64, 67, 71] };
    let notes = (0..8i64).map(|i| Note {
        start: i * 3 * STEP + if i % 2 == 1 { 2311 } else { 0 },
        pitch: pitches[(i % 4) as usize],
        length: 2 * STEP - 77,
        velocity: (60 + 7 * i) as u8,
    });
    let mut clip =
        Clip { name: "swung".into(), kind, notes: notes.collect(), length, meter, tempo: Some(97.5) };
    clip.normalise();
    clip
}

fn continued(id: &str, primer: Clip) -> (Model, Request) {
    (testing::model(id), Request { primer: Some(primer), ..request(ToolKind::Continue, id) })
}

fn kind_of(id: &str) -> ClipKind {
    if id.contains("drum") { ClipKind::Drums } else { ClipKind::Melody }
}

#[test]
fn every_model_generates_whole_bars_in_any_meter() {
    for id in IDS {
        let model = testing::model(id);
        for meter in
            [Meter::COMMON, Meter { numerator: 3, denominator: 4 }, Meter { numerator: 7, denominator: 8 }]
        {
            let request = Request { meter, ..request(ToolKind::Generate, id) };
            for take in takes(&model, &request) {
                assert_eq!(take.clip.length, 2 * meter.bar_ticks());
                assert_eq!(take.new_from, 0);
                assert_eq!(take.clip.meter, meter);
                assert_eq!(take.clip.kind, model.kind());
                assert!(take.clip.notes.iter().all(|n| n.end() <= take.clip.length && n.velocity == 100));
                assert!(take.clip.notes.is_sorted());
                assert!(take.score.log_likelihood_per_step < 0.0);
            }
        }
    }
}

#[test]
fn three_four_has_twelve_steps_per_bar() {
    let model = testing::model("basic_rnn");
    let meter = Meter { numerator: 3, denominator: 4 };
    let take = &takes(&model, &Request { meter, ..request(ToolKind::Generate, "basic_rnn") })[0];
    assert_eq!(take.score.steps, 24);
    assert_eq!(take.clip.length, 24 * STEP);
}

#[test]
fn a_take_is_the_same_alone_and_among_sixteen() {
    for id in IDS {
        let (model, base) = continued(id, swung(kind_of(id), Meter::COMMON));
        let many = takes(&model, &Request { variations: 16, ..base.clone() });
        for (i, take) in many.iter().enumerate() {
            assert_eq!(take.seed, derive(99, i as u32));
            let alone = &takes(&model, &Request { variations: 1, seed: take.seed, ..base.clone() })[0];
            assert_eq!(alone.clip, take.clip, "{id} take {i}");
            let bits = |t: &Take| t.score.log_likelihood_per_step.to_bits();
            assert_eq!(bits(alone), bits(take), "{id} take {i}");
        }
        let again = takes(&model, &Request { variations: 16, ..base });
        assert_eq!(again, many);
    }
}

#[test]
fn takes_of_a_run_differ_and_greedy_takes_do_not() {
    for id in ["drum_kit", "attention_rnn"] {
        let model = testing::model(id);
        let warm = takes(&model, &request(ToolKind::Generate, id));
        assert!(warm[0].clip != warm[1].clip && warm[1].clip != warm[2].clip, "{id}");
        let greedy = takes(&model, &Request { temperature: 0.0, ..request(ToolKind::Generate, id) });
        assert_eq!(greedy.len(), 3);
        assert!(greedy.iter().all(|t| t.clip == greedy[0].clip), "{id}");
        let other_seed = Request { temperature: 0.0, seed: 5, ..request(ToolKind::Generate, id) };
        assert_eq!(takes(&model, &other_seed)[0].clip, greedy[0].clip, "{id}");
    }
}

#[test]
fn the_primer_stays_as_it_is_and_the_new_part_follows_without_a_gap() {
    for id in IDS {
        for meter in [Meter::COMMON, Meter { numerator: 3, denominator: 4 }] {
            let primer = swung(kind_of(id), meter);
            let (model, request) = continued(id, primer.clone());
            for take in takes(&model, &request) {
                assert_eq!(take.new_from, primer.length);
                assert_eq!(take.clip.length, primer.length + 2 * meter.bar_ticks());
                let (old, new): (Vec<Note>, Vec<Note>) =
                    take.clip.notes.iter().partition(|n| n.start < take.new_from);
                assert_eq!(old, primer.notes, "{id}");
                assert!(new.iter().all(|n| n.start % STEP == 0 && n.end() <= take.clip.length), "{id}");
            }
        }
    }
}

#[test]
fn an_incomplete_bar_is_completed_before_new_bars_begin() {
    let mut primer = swung(ClipKind::Drums, Meter::COMMON);
    primer.length = 24 * STEP + 100;
    let (model, request) = continued("drum_kit", primer);
    let take = &takes(&model, &request)[0];
    assert_eq!(take.new_from, 25 * STEP, "the next step of the grid");
    assert_eq!(take.clip.length, 4 * 16 * STEP, "two bars, the second completed, and two new ones");
    assert_eq!(take.score.steps, 64 - 25);
}

#[test]
fn limits_are_kept_in_every_take() {
    let dorian = Scale::Dorian.in_key(2);
    for id in ["attention_rnn", "lookback_rnn", "basic_rnn", "mono_rnn"] {
        let (model, base) = continued(id, swung(ClipKind::Melody, Meter::COMMON));
        for tool in [ToolKind::Generate, ToolKind::Continue] {
            let constraints =
                Constraints { scale: Some(dorian), range: Some((62, 74)), ..Constraints::default() };
            let request = Request { tool, temperature: 2.0, bars: 8, constraints, ..base.clone() };
            let mut heard = 0;
            for take in takes(&model, &request) {
                for note in take.clip.notes.iter().filter(|n| n.start >= take.new_from) {
                    assert!((62..=74).contains(&note.pitch), "{id} {note:?}");
                    assert!(dorian.contains(note.pitch), "{id} {note:?}");
                    heard += 1;
                }
            }
            assert!(heard > 0, "{id}");
        }
    }
}

#[test]
fn density_steers_the_number_of_onsets() {
    for id in ["drum_kit", "one_drum", "lookback_rnn", "attention_rnn"] {
        let model = testing::model(id);
        let per_bar = |density: f32| {
            let constraints = Constraints { density: Some(density), ..Constraints::default() };
            let request = Request { bars: 16, constraints, ..request(ToolKind::Generate, id) };
            let takes = takes(&model, &request);
            takes.iter().map(|t| t.clip.notes.len()).sum::<usize>() as f32 / (16.0 * takes.len() as f32)
        };
        let most = if id == "one_drum" { 6.0 } else { 12.0 };
        let (sparse, dense) = (per_bar(2.0), per_bar(most));
        assert!((sparse - 2.0).abs() < 1.0, "{id}: {sparse}");
        assert!((dense - most).abs() < 1.5, "{id}: {dense}");
    }
}

/// A model of every family and every tool that it has.
fn families() -> Vec<(&'static str, Vec<ToolKind>)> {
    use ToolKind::{Continue, Generate, Harmonise, Rewrite};
    vec![
        ("drum_kit", vec![Generate, Continue, Rewrite]),
        ("attention_rnn", vec![Generate, Continue, Rewrite]),
        ("chord_pitches_improv", vec![Generate, Continue, Rewrite]),
        ("polyphony", vec![Generate, Continue, Harmonise]),
        ("rnn-nade", vec![Generate, Continue]),
        ("performance_with_dynamics", vec![Generate, Continue]),
        ("performance_with_dynamics_and_note_encoding", vec![Generate, Continue]),
    ]
}

#[test]
fn a_cancelled_run_stops_before_its_next_step_in_every_family_and_tool() {
    let wide = BeamOptions { beam: 2, branch: 2, steps_per_iteration: 4 };
    for (id, tools) in families() {
        let model = testing::model(id);
        for (tool, search) in
            tools.into_iter().flat_map(|tool| [BeamOptions::default(), wide].map(|search| (tool, search)))
        {
            let primer = tool.needs_primer().then(|| swung(kind_of(id), Meter::COMMON));
            let request = Request { primer, search, bars: 8, ..request(tool, id) };
            let cancelled_at = |call: usize| {
                let (cancel, mut calls) = (Cancel::default(), 0);
                let result = run(&model, &request, &cancel, &mut |_| {
                    calls += 1;
                    if calls == call {
                        cancel.cancel();
                    }
                });
                (result.map(|takes| takes.len()), calls)
            };
            let free = Cancel::default();
            assert!(run(&model, &request, &free, &mut |_| {}).is_ok());
            let all = free.looks();
            for look in [1, all / 3, all / 2, all] {
                let pressed = Cancel::at_look(look);
                let result = run(&model, &request, &pressed, &mut |_| {}).map(|takes| takes.len());
                assert!(
                    matches!(result, Err(ToolError::Cancelled)),
                    "{id} {tool:?}, look {look}: {result:?}"
                );
                assert_eq!(pressed.looks(), look, "{id} {tool:?} went on");
            }
            // Progress is told after steps; the last time when all is written.
            let (whole, steps) = cancelled_at(usize::MAX);
            assert_eq!(whole.ok(), Some(3), "{id} {tool:?}");
            assert!(steps > 1, "{id} {tool:?}: {steps}");
            for call in [1, steps / 2, steps - 1] {
                let (stopped, calls) = cancelled_at(call);
                assert!(matches!(stopped, Err(ToolError::Cancelled)), "{id} {tool:?} {stopped:?}");
                assert_eq!(calls, call, "{id} {tool:?} went on");
            }
        }
    }
}

#[test]
fn the_widest_search_looks_at_every_take_and_obeys_the_first_look() {
    let search = BeamOptions { beam: 8, branch: 8, steps_per_iteration: 8 };
    let model = testing::model("drum_kit");
    let lanes = 16 * search.width();
    let request = Request { search, bars: 1, variations: 16, ..request(ToolKind::Generate, "drum_kit") };
    let counted = |cancel: &Cancel| {
        let mut at_steps = vec![0];
        let result = run(&model, &request, cancel, &mut |_| at_steps.push(cancel.looks()));
        (result.map(|takes| takes.len()), at_steps)
    };
    let free = Cancel::default();
    let (takes, at_steps) = counted(&free);
    assert_eq!(takes.ok(), Some(16));
    // A look at each take before it is written on, and at each block of takes that the network steps.
    let of_step = |pair: &[usize]| pair[1] - pair[0];
    let looks: Vec<usize> = at_steps.windows(2).map(of_step).collect();
    let step = lanes + lanes / LANES_AT_ONCE + 1;
    let (last, others) = looks.split_last().expect("steps");
    assert!(others.iter().all(|&n| n >= step) && *last > lanes, "{looks:?}");
    assert!(others.iter().any(|&n| n == step + lanes), "none of them weeds out: {looks:?}");
    let (all, second) = (free.looks(), at_steps[2]);
    for look in [1, 2, second + 1, second + 700, second + lanes + 3, all / 2, all - 1, all] {
        let pressed = Cancel::at_look(look);
        let (stopped, _) = counted(&pressed);
        assert!(matches!(stopped, Err(ToolError::Cancelled)), "look {look}: {stopped:?}");
        assert_eq!(pressed.looks(), look, "it went on");
    }
}

#[test]
fn progress_rises_to_one() {
    let model = testing::model("basic_rnn");
    let mut last = 0.0;
    let result = run(&model, &request(ToolKind::Generate, "basic_rnn"), &Cancel::default(), &mut |p| {
        assert!(p > last);
        last = p;
    });
    assert!(result.is_ok());
    assert_eq!(last, 1.0);
}

#[test]
fn what_cannot_be_continued_is_said() {
    let (model, request) = continued("basic_rnn", swung(ClipKind::Drums, Meter::COMMON));
    let fails =
        |request: &Request| run(&model, request, &Cancel::default(), &mut |_| {}).expect_err("refused");
    assert!(matches!(fails(&request), ToolError::DrumPrimer(_)));
    assert!(matches!(fails(&Request { primer: None, ..request.clone() }), ToolError::NoPrimer));
    let silent = Clip { notes: vec![], ..swung(ClipKind::Melody, Meter::COMMON) };
    assert!(matches!(fails(&Request { primer: Some(silent), ..request.clone() }), ToolError::EmptyPrimer));
    for bad in [
        Request { bars: 0, ..request.clone() },
        Request { bars: 33, ..request.clone() },
        Request { variations: 0, ..request.clone() },
        Request { temperature: f32::NAN, ..request.clone() },
        Request { temperature: 2.1, ..request.clone() },
        Request { meter: Meter { numerator: 0, denominator: 0 }, ..request.clone() },
    ] {
        assert!(matches!(fails(&bad), ToolError::BadRequest(_)));
    }
}

#[test]
fn chords_unknown_drums_and_far_notes_are_counted() {
    let mut chords = swung(ClipKind::Melody, Meter::COMMON);
    let below: Vec<Note> = chords.notes.iter().map(|n| Note { pitch: n.pitch - 12, ..*n }).collect();
    chords.notes.extend(below);
    chords.normalise();
    let (model, request) = continued("lookback_rnn", chords);
    let take = &takes(&model, &request)[0];
    assert!(
        take.notices.iter().any(|n| n.contains("top line") && n.contains("8 notes")),
        "{:?}",
        take.notices
    );

    let mut odd = swung(ClipKind::Drums, Meter::COMMON);
    odd.notes[0].pitch = 1;
    let (model, request) = continued("drum_kit", odd);
    let take = &takes(&model, &request)[0];
    assert!(take.notices.iter().any(|n| n.starts_with("1 note is a sound")), "{:?}", take.notices);

    let mut wide = swung(ClipKind::Melody, Meter::COMMON);
    wide.notes[0].pitch = 12;
    wide.notes[7].pitch = 127;
    let (model, request) = continued("attention_rnn", wide);
    let take = &takes(&model, &request)[0];
    assert!(take.notices.iter().any(|n| n.contains("shifted by octaves")), "{:?}", take.notices);
}

#[test]
fn only_the_end_of_a_long_primer_is_read_and_all_of_it_is_kept() {
    let bar = Meter::COMMON.bar_ticks();
    let notes =
        (0..100i64).map(|i| Note { start: i * bar, pitch: 60 + (i % 5) as u8, length: STEP, velocity: 80 });
    let long = Clip { notes: notes.collect(), length: 100 * bar, ..Clip::default() };
    let short = Clip {
        notes: long.notes[36..].iter().map(|n| Note { start: n.start - 36 * bar, ..*n }).collect(),
        length: 64 * bar,
        ..Clip::default()
    };
    let (model, request) = continued("basic_rnn", long.clone());
    let from_long = &takes(&model, &request)[0];
    let from_short = &takes(&model, &Request { primer: Some(short), ..request })[0];
    assert_eq!(from_long.clip.notes[..100], long.notes);
    let new = |t: &Take| -> Vec<(Ticks, u8)> {
        let notes = t.clip.notes.iter().filter(|n| n.start >= t.new_from);
        notes.map(|n| (n.start - t.new_from, n.pitch)).collect()
    };
    assert_eq!(new(from_long), new(from_short));
}

#[test]
fn cold_takes_of_the_built_in_drums_are_not_silent() {
    let model = crate::model::builtin::load("drum_kit").expect("built in");
    for (temperature, fewest) in [(0.0, 3), (0.3, 2), (1.0, 2)] {
        let request = Request { temperature, ..request(ToolKind::Generate, "drum_kit") };
        let sounding = takes(&model, &request).iter().filter(|t| t.clip.notes.len() >= 8).count();
        assert!(sounding >= fewest, "{sounding} of 3 takes at {temperature}");
    }
}

static SMALL: LazyLock<[Model; 2]> =
    LazyLock::new(|| [testing::model("drum_kit"), testing::model("attention_rnn")]);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the clip, there are takes that begin with it, or a message; never a panic.
    #[test]
    fn any_clip_is_continued_or_refused(
        notes in proptest::collection::vec((-10i64..900_000, 0u8..=255, -5i64..400_000, 0u8..=255), 0..40),
        length in -5i64..1_000_000,
        (numerator, denominator) in (0u8..=99, 0u8..=65),
        drums: bool,
    ) {
        let notes = notes
            .into_iter()
            .map(|(start, pitch, length, velocity)| Note { start, pitch, length, velocity })
            .collect();
        let kind = if drums { ClipKind::Drums } else { ClipKind::Melody };
        let meter = Meter { numerator, denominator };
        let mut primer = Clip { notes, length, meter, kind, ..Clip::default() };
        let request = Request {
            primer: Some(primer.clone()),
            bars: 1,
            variations: 1,
            ..request(ToolKind::Continue, "")
        };
        let model = &SMALL[usize::from(!drums)];
        if numerator > 20 && denominator < 4 {
            return Ok(());
        }
        if let Ok(takes) = run(model, &request, &Cancel::default(), &mut |_| {}) {
            primer.normalise();
            let take = &takes[0];
            let old: Vec<Note> =
                take.clip.notes.iter().filter(|n| n.start < take.new_from).copied().collect();
            prop_assert_eq!(old, primer.notes);
            prop_assert!(take.new_from >= length && take.clip.length > take.new_from);
            prop_assert_eq!(take.clip.length % meter.bar_ticks(), 0);
        }
    }
}

#[test]
fn bars_shorter_than_a_step_leave_room_for_the_new_part() {
    let note = Note { start: 0, pitch: 60, length: 1, velocity: 64 };
    let meter = Meter { numerator: 1, denominator: 32 };
    let primer = Clip { notes: vec![note], length: 253_441, meter, ..Clip::default() };
    let (model, base) = continued("basic_rnn", primer);
    let take = &takes(&model, &Request { bars: 1, ..base })[0];
    assert!(take.clip.length > take.new_from && take.clip.length % meter.bar_ticks() == 0);
}

#[test]
fn a_search_finds_likelier_takes_and_each_take_is_its_own() {
    let search = |beam, branch, steps_per_iteration| BeamOptions { beam, branch, steps_per_iteration };
    for id in ["drum_kit", "attention_rnn", "basic_improv"] {
        let model = testing::model(id);
        let base = Request { bars: 4, variations: 4, ..request(ToolKind::Generate, id) };
        let mean = |search: BeamOptions| {
            let takes = takes(&model, &Request { search, ..base.clone() });
            takes.iter().map(|t| t.score.log_likelihood_per_step).sum::<f32>() / takes.len() as f32
        };
        let (free, narrow, wide) = (mean(search(1, 1, 1)), mean(search(2, 2, 8)), mean(search(4, 4, 4)));
        assert!(free < narrow && narrow < wide, "{id}: {free} {narrow} {wide}");

        let request = Request { search: search(2, 3, 5), ..base.clone() };
        let all = takes(&model, &request);
        assert_ne!(all[0].clip, all[1].clip, "{id}");
        let alone = Request { seed: all[2].seed, variations: 1, ..request.clone() };
        assert_eq!(takes(&model, &alone)[0].clip, all[2].clip, "{id}");
    }
    let refused = Request { search: search(9, 9, 1), ..request(ToolKind::Generate, "basic_rnn") };
    let error =
        run(&testing::model("basic_rnn"), &refused, &Cancel::default(), &mut |_| {}).expect_err("wide");
    assert!(error.to_string().contains("beam size"), "{error}");
}
