//! Tests of [`super`]. The reference's rules are held by the golden vectors; here is the product's path.

use super::*;
use crate::music::{Meter, Note};
use proptest::prelude::*;

const Q: Ticks = TICKS_PER_QUARTER;

fn clip(notes: Vec<Note>, length: Ticks) -> Clip {
    Clip { notes, length, ..Clip::default() }
}

fn steps(start: Ticks, length: Ticks) -> (i64, i64, Ticks, Ticks) {
    let note = Note { start, pitch: 60, length, velocity: 1 };
    let q = Quantised::from_clip(&clip(vec![note], 4 * Q), 4).expect("a fine clip");
    let n = q.notes[0];
    (n.start_step, n.end_step, n.start_offset, n.end_offset)
}

#[test]
fn half_a_step_goes_up_and_the_rest_is_kept() {
    let step = Q / 4;
    assert_eq!(steps(0, step), (0, 1, 0, 0));
    assert_eq!(steps(step / 2, step), (1, 2, -step / 2, -step / 2));
    assert_eq!(steps(step / 2 - 1, step), (0, 1, step / 2 - 1, step / 2 - 1));
    assert_eq!(steps(10, 5), (0, 1, 10, 15 - step), "never shorter than a step");
}

#[test]
fn an_onset_that_rounds_to_the_end_stays_in_the_last_step() {
    assert_eq!(steps(4 * Q - 1, 1), (15, 16, Q / 4 - 1, 0));
}

#[test]
fn total_is_the_clips_length() {
    let q = Quantised::from_clip(&clip(vec![], 3 * Q), 4).expect("a fine clip");
    assert_eq!((q.total_steps, q.steps_per_bar()), (12, Ok(16)));
    assert_eq!(Quantised::from_clip(&clip(vec![], Q), 0), Err(QuantiseError::NoSteps));
    let early = Note { start: -1, pitch: 60, length: 5, velocity: 1 };
    assert_eq!(Quantised::from_clip(&clip(vec![early], Q), 4), Err(QuantiseError::NegativeTime));
}

#[test]
fn bars_follow_the_meter() {
    for ((numerator, denominator), bar) in [((3, 4), Some(12)), ((7, 8), Some(14)), ((5, 32), None)] {
        let meter = Meter::new(numerator, denominator).expect("a meter");
        let q = Quantised::from_clip(&Clip { meter, ..clip(vec![], Q) }, 4).expect("a fine clip");
        assert_eq!(q.steps_per_bar().ok(), bar);
    }
}

proptest! {
    #[test]
    fn step_and_offset_give_back_every_tick(
        notes in prop::collection::vec((0i64..16 * Q, 1i64..4 * Q, 0u8..128, 1u8..128), 0..20), spq in 1u32..64,
    ) {
        let note = |&(start, length, pitch, velocity): &(Ticks, Ticks, u8, u8)| Note { start, pitch, length, velocity };
        let clip = clip(notes.iter().map(note).collect(), 16 * Q);
        let q = Quantised::from_clip(&clip, spq).expect("a fine clip");
        prop_assert_eq!(q.total_steps, 16 * i64::from(spq));
        for (n, s) in clip.notes.iter().zip(&q.notes) {
            prop_assert_eq!(tick_of_step(s.start_step, spq) + s.start_offset, n.start);
            prop_assert_eq!(tick_of_step(s.end_step, spq) + s.end_offset, n.end());
            prop_assert!(s.start_step < s.end_step && (0..q.total_steps).contains(&s.start_step));
            prop_assert_eq!((s.pitch, s.velocity), (n.pitch, n.velocity));
            let half_a_step = Q / i64::from(spq) / 2 + 1;
            prop_assert!(s.start_step == q.total_steps - 1 || s.start_offset.abs() <= half_a_step);
        }
    }

    #[test]
    fn any_times_are_quantised_or_refused(t in any::<f64>(), e in any::<f64>(), qpm in any::<f64>()) {
        let note = crate::music::SequenceNote { start_time: t, end_time: e, ..Default::default() };
        let tempos = vec![TempoMark { time: 0.0, qpm }];
        let ns = NoteSequence { notes: vec![note], total_time: e, tempos, ..Default::default() };
        if let Ok(q) = Quantised::relative(&ns, 4) {
            let _ = crate::codec::Melody::extract_all(&q, &crate::codec::MelodyLimits::default());
            let _ = crate::codec::DrumTrack::extract_all(&q, true, &crate::codec::Limits::default());
        }
    }

    #[test]
    fn melodies_and_drums_come_out_as_they_went_in(
        numbers in prop::collection::vec(-2i32..128, 1..64), spq in 1u32..16,
    ) {
        use crate::codec::{Limits, Melody, MelodyEvent, MelodyLimits};
        let mut melody = Melody::on_grid(Melody::from_numbers(&numbers).expect("fine events").events().to_vec(), 0, 4 * spq, spq);
        if melody.pitches().next().is_some() {
            let length = tick_of_step(melody.len() as i64, spq);
            let q = Quantised::from_clip(&clip(melody.to_notes(100), length), spq).expect("a fine clip");
            let limits = MelodyLimits {
                common: Limits { min_bars: 0, gap_bars: f64::INFINITY, ..Limits::default() },
                min_unique_pitches: 0,
                ..MelodyLimits::default()
            };
            let mut found = Melody::extract(&q, 0, &limits).expect("a melody");
            // Extraction starts at the bar of the first note, ends with the last one and knows no needless offs.
            let lead = usize::try_from(found.start_step()).expect("at or after 0");
            found.set_length_from_left(found.len() + lead);
            found.set_length(melody.len());
            let mut sounding = false;
            let tidy: Vec<MelodyEvent> = melody.events().iter().map(|&e| {
                let keep = e != MelodyEvent::NoteOff || sounding;
                if e != MelodyEvent::NoEvent { sounding = e.pitch().is_some(); }
                if keep { e } else { MelodyEvent::NoEvent }
            }).collect();
            melody = Melody::on_grid(tidy, 0, 4 * spq, spq);
            prop_assert_eq!(found.numbers(), melody.numbers());
        }
    }
}
