//! [`seam`]: how well one piece leads to the next.
//!
//! Worker thread; any notes. Longer clips are made of pieces whose vectors are neighbours; of several candidates the one
//! with the lowest cost follows. The cost is the sum of three, each 0 where there is nothing to hear:
//! * **hole**: quarters of silence across the seam beyond the first, a quarter of a point each;
//! * **leap** (melodies): semitones across the seam beyond a major third, an octave is a point;
//! * **break**: one minus the likeness (cosine) of the two pieces' onsets, counted by place in the bar and, of drums, by
//!   sound.
//!
//! A piece without notes costs two points beside one with notes.
use super::{BAR, STEP};
use crate::music::{Note, TICKS_PER_QUARTER, Ticks, step_of_tick};
use std::collections::BTreeMap;

/// The cost of going from `left`, `length` ticks long, to `right`; the notes of both are counted from their own start.
pub(super) fn seam(left: &[Note], right: &[Note], length: Ticks, drums: bool) -> f32 {
    let last = left.iter().max_by_key(|n| (n.start, n.pitch));
    let first = right.iter().min_by_key(|n| (n.start, std::cmp::Reverse(n.pitch)));
    let (Some(last), Some(first)) = (last, first) else {
        return if left.is_empty() == right.is_empty() { 0.0 } else { 2.0 };
    };
    let end = left.iter().map(Note::end).max().unwrap_or(0);
    let silence = (length - end + first.start) as f32 / TICKS_PER_QUARTER as f32;
    let hole = (silence - 1.0).max(0.0) / 4.0;
    let leap = if drums { 0 } else { (i32::from(first.pitch) - i32::from(last.pitch)).abs() - 4 };
    hole + leap.max(0) as f32 / 8.0 + 1.0 - likeness(&onsets(left, drums), &onsets(right, drums))
}

/// Onsets by place in the bar and, of drums, by sound.
fn onsets(notes: &[Note], drums: bool) -> BTreeMap<(i64, u8), f32> {
    let mut counts = BTreeMap::new();
    for note in notes {
        let step = step_of_tick(note.start, 4).rem_euclid(BAR / STEP);
        *counts.entry((step, if drums { note.pitch } else { 0 })).or_insert(0.0) += 1.0;
    }
    counts
}

/// Cosine of the angle between two counts.
fn likeness(a: &BTreeMap<(i64, u8), f32>, b: &BTreeMap<(i64, u8), f32>) -> f32 {
    let product: f32 = a.iter().map(|(place, n)| n * b.get(place).copied().unwrap_or(0.0)).sum();
    let square = |counts: &BTreeMap<_, f32>| counts.values().map(|n| n * n).sum::<f32>();
    product / (square(a) * square(b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(list: &[(i64, u8)]) -> Vec<Note> {
        list.iter()
            .map(|&(step, pitch)| Note { start: step * STEP, pitch, length: STEP, velocity: 100 })
            .collect()
    }

    fn cost(left: &[(i64, u8)], right: &[(i64, u8)], drums: bool) -> f32 {
        seam(&notes(left), &notes(right), BAR, drums)
    }

    #[test]
    fn costs_by_hand() {
        let near = |found: f32, expected: f32| assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        let beat = [(0, 36), (4, 38), (8, 36), (12, 38)];
        near(cost(&beat, &beat, true), 0.0);
        near(cost(&beat, &[(0, 36), (8, 36)], true), 1.0 - 0.5_f32.sqrt());
        near(cost(&beat, &[(2, 36), (6, 38)], true), 1.0 + (5.0 / 4.0 - 1.0) / 4.0);
        near(cost(&[(0, 60), (12, 60)], &[(0, 64), (12, 64)], false), 0.0);
        near(cost(&[(0, 60), (12, 60)], &[(0, 72), (12, 72)], false), 1.0);
        near(cost(&[(0, 60)], &[(0, 60)], false), (15.0 / 4.0 - 1.0) / 4.0);
        near(cost(&[], &beat, true), 2.0);
        near(cost(&[], &[], true), 0.0);
    }
}
