use super::*;
use crate::model::testing;
use crate::music::{Meter, TICKS_PER_QUARTER};
use crate::tool::ToolKind;
use crate::tool::{Constraints, PerformanceControls as Told, run};

const IDS: [&str; 5] = [
    "performance_with_dynamics",
    "performance",
    "performance_with_dynamics_and_modulo_encoding",
    "performance_with_dynamics_and_note_encoding",
    "optional_multiconditioned_performance_with_dynamics",
];
const BAR: Ticks = 4 * TICKS_PER_QUARTER;

/// A bar and a bit with its own velocities and timing; the last note sounds over the end.
fn primer() -> Clip {
    let note = |i: i64| Note {
        start: i * TICKS_PER_QUARTER / 2 + 211 * i,
        pitch: 60 + 2 * i as u8,
        length: TICKS_PER_QUARTER,
        velocity: 50 + 5 * i as u8,
    };
    Clip { notes: (0..9).map(note).collect(), length: BAR + BAR / 8, ..Clip::default() }
}

fn request(tool: ToolKind) -> Request {
    let primer = (tool == ToolKind::Continue).then(primer);
    Request { tool, primer, bars: 2, variations: 3, seed: 11, tempo: Some(97.0), ..Request::default() }
}

fn takes(model: &Model, request: &Request) -> Vec<Take> {
    run(model, request, &Cancel::default(), &mut |_| {}).expect("runs")
}

#[test]
fn steps_are_the_nearest_ticks_at_the_tempo() {
    let model = testing::model("performance");
    // 120 quarters a minute: 10 ms are 614.4 ticks.
    let request = Request { tempo: Some(120.0), ..request(ToolKind::Generate) };
    let job = Job::new(&model, &request).expect("possible");
    assert_eq!([0, 1, 2, 5, 50].map(|s| job.tick(s)), [0, 614, 1229, 3072, TICKS_PER_QUARTER]);
    assert_eq!((job.total, job.end), (400, 2 * BAR));
    assert_eq!(job.tick(9999), job.end);
    assert_eq!(job.note(60, 1, 399, 999).map(|n| n.end()), Some(job.end));
}

#[test]
fn events_become_notes_and_all_of_them_end() {
    use PerformanceEvent::{NoteOff, NoteOn, TimeShift, Velocity};
    let model = testing::model("performance_with_dynamics");
    let request = Request { tempo: Some(120.0), ..request(ToolKind::Generate) };
    let job = Job::new(&model, &request).expect("possible");
    let events =
        [NoteOn(60), Velocity(2), NoteOn(64), TimeShift(50), NoteOff(60), NoteOff(99), TimeShift(100)];
    let notes = job.played(&events, VelocityBins::new(32), 77);
    let short = Note { start: 0, pitch: 60, length: TICKS_PER_QUARTER, velocity: 77 };
    assert_eq!(notes, [short, Note { pitch: 64, length: 2 * BAR, velocity: 5, ..short }]);
}

#[test]
fn whole_notes_begin_with_the_new_part_at_the_earliest() {
    let event = |shift| NoteEvent { shift, pitch: 60, velocity: 1, duration: 10 };
    let events = [event(30), event(5), event(0)];
    assert_eq!(onsets(&events, 50), [0, 5, 5]);
    assert_eq!(onsets(&events, 10), [20, 25, 25]);
}

#[test]
fn every_model_generates_and_continues() {
    for id in IDS {
        let model = testing::model(id);
        for tool in [ToolKind::Generate, ToolKind::Continue] {
            // Networks with weights from a formula make long pauses.
            let request = Request { bars: 8, ..request(tool) };
            let from = request.primer.as_ref().map_or(0, |p| p.length);
            let all = takes(&model, &request);
            assert_ne!(all[0].clip, all[1].clip, "{id}");
            for take in &all {
                let (old, new): (Vec<Note>, Vec<Note>) = take.clip.notes.iter().partition(|n| n.start < from);
                assert_eq!(old, request.primer.as_ref().map_or(Vec::new(), |p| p.notes.clone()), "{id}");
                let bars = if tool == ToolKind::Generate { 8 } else { 10 };
                assert_eq!((take.new_from, take.clip.length), (from, bars * BAR), "{id}");
                assert!(!new.is_empty() && new.iter().all(|n| n.end() <= take.clip.length), "{id}");
                assert!(take.score.log_likelihood_per_step < 0.0 && take.score.steps > 0, "{id}");
                assert!(take.notices.is_empty(), "{:?}", take.notices);
            }
        }
    }
}

#[test]
fn a_take_is_the_same_alone_and_among_sixteen() {
    for id in ["performance_with_dynamics", "performance_with_dynamics_and_note_encoding"] {
        let model = testing::model(id);
        let base = request(ToolKind::Continue);
        let many = takes(&model, &Request { variations: 16, ..base.clone() });
        for take in &many {
            let alone = &takes(&model, &Request { variations: 1, seed: take.seed, ..base.clone() })[0];
            assert_eq!((&alone.clip, alone.score), (&take.clip, take.score), "{id}");
        }
    }
}

#[test]
fn what_a_model_is_told_changes_its_takes() {
    let model = testing::model("optional_multiconditioned_performance_with_dynamics");
    let with = |performance: Told| {
        let takes = takes(&model, &Request { performance, ..request(ToolKind::Generate) });
        takes.into_iter().map(|t| t.clip.notes).collect::<Vec<_>>()
    };
    let free = with(Told::default());
    let dense = with(Told { density: Some(40.0), ..Told::default() });
    let mut weights = [0.0; 12];
    weights[7] = 1.0;
    let tonal = with(Told { pitch_classes: Some(weights), ..Told::default() });
    assert!(free != dense && free != tonal && dense != tonal);
    // Onsets per bar are notes per second: a bar at 97 lasts 240/97 s.
    let constraints = Constraints { density: Some(40.0 * 240.0 / 97.0), ..Constraints::default() };
    let by_bar = takes(&model, &Request { constraints, ..request(ToolKind::Generate) });
    assert_eq!(by_bar.into_iter().map(|t| t.clip.notes).collect::<Vec<_>>(), dense);
    let deaf = testing::model("performance");
    let told = Told { density: Some(3.0), pitch_classes: Some(weights) };
    let take = &takes(&deaf, &Request { performance: told, ..request(ToolKind::Generate) })[0];
    assert_eq!(take.notices.len(), 2, "{:?}", take.notices);
}

#[test]
fn limits_and_the_most_notes_at_once_are_kept() {
    let model = testing::model("performance_with_dynamics");
    let constraints = Constraints {
        scale: Some(crate::music::Scale::Major.in_key(2)),
        range: Some((50, 70)),
        polyphony: Some(2),
        no_repeat: true,
        ..Constraints::default()
    };
    let request = Request { constraints, bars: 4, ..request(ToolKind::Generate) };
    for take in takes(&model, &request) {
        let notes = &take.clip.notes;
        assert!(
            notes
                .iter()
                .all(|n| (50..=70).contains(&n.pitch) && [1, 2, 4, 6, 7, 9, 11].contains(&(n.pitch % 12)))
        );
        for note in notes {
            let at_once = notes.iter().filter(|n| n.start <= note.start && note.start < n.end()).count();
            assert!(at_once <= 2, "{at_once} at {}", note.start);
        }
    }
}

#[test]
fn what_would_last_for_ever_is_refused() {
    let model = testing::model("performance");
    for tempo in [f64::NAN, 0.0, 1e9, -3.0] {
        let request = Request {
            tempo: Some(tempo),
            meter: Meter { numerator: 99, denominator: 1 },
            bars: 32,
            ..request(ToolKind::Generate)
        };
        if let Err(error) = run(&model, &request, &Cancel::default(), &mut |_| {}) {
            assert!(matches!(error, ToolError::BadRequest(_)), "{error}");
        }
    }
}
