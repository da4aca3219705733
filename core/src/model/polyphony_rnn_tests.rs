use super::PolyphonicEvent::{Continued, New, StepEnd};
use super::*;
use crate::model::{Model, ModelEncoding, testing};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(|| testing::model("polyphony"));

fn rnn() -> EventRnn<'static, PolyphonicEvent> {
    let ModelEncoding::Polyphony(encoding) = MODEL.encoding() else { panic!("a polyphony model") };
    MODEL.rnn(encoding.as_ref()).expect("a polyphony model")
}

const PLAIN: VoicesOptions<'static> = VoicesOptions {
    steps: 12,
    temperature: 1.0,
    seeds: &[1],
    voices: 6,
    allowed: PitchSet::ALL,
    keep: &[],
    density: None,
};

fn written(options: VoicesOptions<'_>) -> Vec<WrittenVoices> {
    let primed = rnn().prime(&[PolyphonicEvent::Start], &Cancel::default(), |_, _| Ok(())).expect("fits");
    write(rnn(), &primed, &options, &Cancel::default(), &mut |_| {}).expect("written")
}

/// Sequences whose notes of one pitch do not overlap, as (pitch, on, off).
fn melodies() -> impl Strategy<Value = BTreeSet<(u8, usize, usize)>> {
    let pitch = (0..128u8, prop::collection::vec((0..3usize, 1..5usize), 0..3));
    prop::collection::vec(pitch, 0..6).prop_map(|pitches| {
        let mut notes = BTreeSet::new();
        for (pitch, gaps) in pitches {
            if notes.iter().any(|n: &(u8, usize, usize)| n.0 == pitch) {
                continue;
            }
            let mut at = 0;
            for (rest, length) in gaps {
                notes.insert((pitch, at + rest, at + rest + length));
                at += rest + length;
            }
        }
        notes
    })
}

/// The events of notes, by the definition of the sequence.
fn events_of(notes: &BTreeSet<(u8, usize, usize)>, steps: usize) -> Vec<PolyphonicEvent> {
    let mut events = vec![PolyphonicEvent::Start];
    for step in 0..steps {
        for &(pitch, on, off) in notes.iter().rev() {
            if step == on {
                events.push(New(pitch));
            } else if on < step && step < off {
                events.push(Continued(pitch));
            }
        }
        events.push(StepEnd);
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_kept_note_is_in_the_result_and_the_model_has_notes_of_its_own(
        keep in melodies(), seed: u32, voices in 1..8usize,
    ) {
        let steps = 16;
        let events = events_of(&keep, steps);
        let seeds = [seed];
        let options = VoicesOptions { steps, seeds: &seeds, voices, keep: &events, ..PLAIN };
        let take = written(options).remove(0);
        let mut all = Polyphony::new(take.events.clone(), 0, 4);
        all.push(PolyphonicEvent::End);
        let found: BTreeSet<_> =
            all.notes().expect("closed").iter().map(|n| (n.pitch, n.on, n.off)).collect();
        let own: BTreeSet<_> = take.notes.iter().map(|n| (n.pitch, n.on, n.off)).collect();
        let kept: BTreeSet<_> = keep.iter().map(|&(p, on, off)| (p, on, off.min(steps))).collect();
        prop_assert!(kept.is_subset(&found), "{kept:?} in {found:?}");
        prop_assert!(own.is_disjoint(&kept));
        prop_assert_eq!(own.union(&kept).copied().collect::<BTreeSet<_>>(), found.clone());
        for step in 0..steps {
            let sounding = |notes: &BTreeSet<(u8, usize, usize)>| {
                notes.iter().filter(|n| (n.1..n.2).contains(&step)).count()
            };
            prop_assert!(sounding(&found) <= voices.max(sounding(&kept)), "at step {}", step);
        }
    }
}

#[test]
fn steps_are_whole_and_only_allowed_pitches_start() {
    let allowed: PitchSet = [60, 64, 67].into_iter().collect();
    let take = written(VoicesOptions { allowed, ..PLAIN }).remove(0);
    assert_eq!(crate::codec::polyphony::count_steps(&take.events), 12);
    assert_eq!(take.events.last(), Some(&StepEnd));
    assert!(!take.notes.is_empty());
    assert!(take.notes.iter().all(|n| allowed.contains(n.pitch) && n.on < n.off && n.off <= 12));
}

#[test]
fn without_any_legal_note_there_are_empty_steps() {
    for options in [
        VoicesOptions { voices: 0, ..PLAIN },
        VoicesOptions { allowed: PitchSet::EMPTY, temperature: 0.0, ..PLAIN },
    ] {
        let take = written(options).remove(0);
        assert_eq!(take.events, [StepEnd; 12]);
        assert!(take.notes.is_empty() && take.log_likelihood < 0.0);
    }
    assert!(written(VoicesOptions { steps: 0, ..PLAIN })[0].events.is_empty());
}

#[test]
fn a_take_depends_on_its_own_seed_only() {
    let all = written(VoicesOptions { seeds: &[5, 6, 7], ..PLAIN });
    for (i, seed) in [5, 6, 7].into_iter().enumerate() {
        assert_eq!(written(VoicesOptions { seeds: &[seed], ..PLAIN })[0], all[i]);
    }
    assert_ne!(all[0], all[1]);
    let greedy = written(VoicesOptions { seeds: &[5, 6], temperature: 0.0, ..PLAIN });
    assert_eq!(greedy[0], greedy[1]);
}

#[test]
fn progress_rises_to_one_and_cancelling_stops() {
    let primed = rnn().prime(&[PolyphonicEvent::Start], &Cancel::default(), |_, _| Ok(())).expect("fits");
    let mut seen = vec![0.0];
    write(rnn(), &primed, &PLAIN, &Cancel::default(), &mut |p| seen.push(p)).expect("written");
    assert!(seen.is_sorted() && seen.last() == Some(&1.0));
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(matches!(write(rnn(), &primed, &PLAIN, &cancel, &mut |_| {}), Err(WriteError::Cancelled)));
}
