use super::*;
use crate::model::testing;
use crate::music::TICKS_PER_QUARTER;
use crate::tool::{Constraints, ToolKind, run as run_tool};
use proptest::prelude::*;
use std::sync::LazyLock;

const STEP: Ticks = TICKS_PER_QUARTER / 4;
const BAR: Ticks = 16 * STEP;

/// Four bars, a bit off the grid.
fn clip(kind: ClipKind) -> Clip {
    let pitches: [u8; 4] = if kind == ClipKind::Drums { [36, 42, 38, 42] } else { [60, 64, 62, 67] };
    let note = |i: i64| Note {
        start: i * 4 * STEP + 90 * (i % 3),
        pitch: pitches[(i % 4) as usize],
        length: 3 * STEP,
        velocity: (60 + i) as u8,
    };
    let mut clip = Clip { kind, notes: (0..16).map(note).collect(), length: 4 * BAR, ..Clip::default() };
    clip.normalise();
    clip
}

fn request(kind: ClipKind, locked: &[u32], keep: Keep) -> Request {
    let (tool, infill) = (ToolKind::Rewrite, Infill { locked: locked.to_vec(), keep });
    Request { tool, primer: Some(clip(kind)), variations: 3, seed: 3, infill, ..Request::default() }
}

fn takes(model: &Model, request: &Request) -> Vec<Take> {
    run_tool(model, request, &Cancel::default(), &mut |_| {}).expect("runs")
}

fn models() -> [(Model, ClipKind); 4] {
    ["drum_kit", "lookback_rnn", "attention_rnn", "basic_improv"].map(|id| {
        let model = testing::model(id);
        let kind = model.kind();
        (model, kind)
    })
}

#[test]
fn locked_bars_stay_and_others_do_not() {
    for (model, kind) in models() {
        let all = takes(&model, &request(kind, &[0, 2], Keep::Nothing));
        let bars = |clip: &Clip, which: [i64; 2]| -> Vec<Note> {
            clip.notes.iter().filter(|n| which.contains(&(n.start / BAR))).copied().collect()
        };
        let old = clip(kind);
        for take in &all {
            assert_eq!((take.clip.length, take.score.steps), (old.length, 64));
            assert_eq!(bars(&take.clip, [0, 2]), bars(&old, [0, 2]));
            assert_ne!(bars(&take.clip, [1, 3]), bars(&old, [1, 3]));
        }
        assert_ne!(all[0].clip, all[1].clip);
        let alone = Request { seed: all[1].seed, variations: 1, ..(*all[1].request).clone() };
        assert_eq!(takes(&model, &alone)[0].clip, all[1].clip);
    }
}

#[test]
fn a_kept_rhythm_keeps_every_onset_and_velocity() {
    for (model, kind) in models() {
        let old = clip(kind);
        for take in takes(&model, &request(kind, &[1], Keep::Rhythm)) {
            let when = |clip: &Clip| -> Vec<(Ticks, Ticks, u8)> {
                let mut list: Vec<_> = clip.notes.iter().map(|n| (n.start, n.length, n.velocity)).collect();
                list.dedup();
                list
            };
            assert_eq!(when(&take.clip), when(&old));
        }
    }
}

#[test]
fn a_kept_contour_rises_and_falls_with_the_old_one() {
    let model = testing::model("basic_rnn");
    let ways = |clip: &Clip| -> Vec<Ordering> {
        clip.notes.windows(2).map(|pair| pair[1].pitch.cmp(&pair[0].pitch)).collect()
    };
    for take in takes(&model, &request(ClipKind::Melody, &[], Keep::Contour)) {
        // At the ends of the range there may be no way to go.
        let inside = |n: &Note| (49..83).contains(&n.pitch);
        let same = ways(&take.clip).into_iter().zip(ways(&clip(ClipKind::Melody)));
        let differ = same.zip(&take.clip.notes).filter(|((a, b), n)| a != b && inside(n)).count();
        assert_eq!(differ, 0);
        assert_eq!(take.clip.notes.len(), 16);
    }
}

#[test]
fn what_cannot_be_written_anew_is_said() {
    let fails = |id: &str, request: &Request| {
        run_tool(&testing::model(id), request, &Cancel::default(), &mut |_| {}).expect_err("refused")
    };
    let melody = |locked: &[u32]| request(ClipKind::Melody, locked, Keep::Nothing);
    assert!(matches!(fails("basic_rnn", &melody(&[0, 1, 2, 3])), ToolError::BadRequest(_)));
    assert!(matches!(fails("polyphony", &melody(&[0])), ToolError::NoInfill(_)));
    assert!(matches!(fails("basic_rnn", &Request { primer: None, ..melody(&[0]) }), ToolError::NoPrimer));
    let drums = request(ClipKind::Drums, &[0], Keep::Nothing);
    assert!(matches!(fails("basic_rnn", &drums), ToolError::DrumPrimer(_)));
}

#[test]
fn no_pitch_follows_itself_where_that_is_asked() {
    for (model, kind) in models() {
        let constraints = Constraints { no_repeat: true, ..Constraints::default() };
        let tool = ToolKind::Generate;
        let free = Request { tool, bars: 8, constraints, primer: None, ..request(kind, &[], Keep::Nothing) };
        for take in takes(&model, &free) {
            let mut steps: Vec<Vec<u8>> = Vec::new();
            for together in take.clip.notes.chunk_by(|a, b| a.start == b.start) {
                steps.push(together.iter().map(|n| n.pitch).collect());
            }
            assert!(steps.windows(2).all(|pair| pair[0] != pair[1]), "{steps:?}");
        }
    }
}

#[test]
fn a_model_of_one_sound_goes_on_and_says_so() {
    let constraints = Constraints { no_repeat: true, ..Constraints::default() };
    let asked = Request {
        tool: ToolKind::Generate,
        bars: 8,
        constraints,
        primer: None,
        ..request(ClipKind::Drums, &[], Keep::Nothing)
    };
    for take in takes(&testing::model("one_drum"), &asked) {
        assert!(take.clip.notes.len() > 1, "{:?}", take.clip.notes);
        assert!(take.notices.iter().any(|n| n.contains("one sound")), "{:?}", take.notices);
        assert!(!take.request.constraints.no_repeat);
    }
}

static SMALL: LazyLock<[Model; 2]> =
    LazyLock::new(|| [testing::model("drum_kit"), testing::model("attention_rnn")]);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the clip and the masks, there are takes with the locked notes, or a message; never a panic.
    #[test]
    fn any_clip_and_masks_are_served_or_refused(
        notes in prop::collection::vec((0i64..400_000, 0u8..=127, 1i64..200_000, 1u8..=127), 1..30),
        length in 1i64..400_000,
        locked in prop::collection::vec(0u32..4, 0..4),
        (keep, polyphony, no_repeat, low, span) in (0u8..3, 0u8..4, any::<bool>(), 0u8..100, 0u8..28),
        drums: bool,
    ) {
        let kind = if drums { ClipKind::Drums } else { ClipKind::Melody };
        let notes = notes.into_iter().map(|(start, pitch, length, velocity)| Note { start, pitch, length, velocity });
        let mut primer = Clip { kind, notes: notes.collect(), length, ..Clip::default() };
        let keep = [Keep::Nothing, Keep::Rhythm, Keep::Contour][usize::from(keep)];
        let constraints = Constraints {
            range: Some((low, low + span)),
            polyphony: (polyphony > 0).then_some(polyphony),
            no_repeat,
            ..Constraints::default()
        };
        let request = Request {
            tool: ToolKind::Rewrite,
            primer: Some(primer.clone()),
            infill: Infill { locked: locked.clone(), keep },
            constraints,
            ..Request::default()
        };
        if let Ok(takes) = run_tool(&SMALL[usize::from(!drums)], &request, &Cancel::default(), &mut |_| {}) {
            primer.normalise();
            let take = &takes[0];
            prop_assert_eq!(take.clip.length, length);
            let heads = |clip: &Clip| -> Vec<(Ticks, u8)> {
                let stays = |n: &&Note| locked.contains(&u32::try_from(n.start / BAR).unwrap_or(9));
                // Notes at the very edge of a bar belong to the nearest step.
                let clear = |n: &&Note| (n.start % BAR) < BAR - STEP;
                clip.notes.iter().filter(stays).filter(clear).map(|n| (n.start, n.pitch)).collect()
            };
            prop_assert_eq!(heads(&take.clip), heads(&primer));
        }
    }
}
