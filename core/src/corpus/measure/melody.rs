//! Properties of a window of melody. Pure; any thread.

use super::{BAR, Feature, groove_consistency, normalised, self_similarity};
use std::collections::BTreeSet;

/// A note of a window: onset, length in steps, pitch.
struct Note {
    on: usize,
    length: usize,
    pitch: i32,
}

/// The notes that begin in the window; the last one ends with it.
fn notes(window: &[u16]) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let mut open = false;
    for (step, &class) in window.iter().enumerate() {
        if class >= 1 && open {
            if let Some(note) = notes.last_mut() {
                note.length = step - note.on;
            }
            open = false;
        }
        if class >= 2 {
            notes.push(Note { on: step, length: window.len() - step, pitch: i32::from(class) + 46 });
            open = true;
        }
    }
    notes
}

pub(super) fn features(window: &[u16]) -> Vec<Feature> {
    let notes = notes(window);
    let pitches: BTreeSet<i32> = notes.iter().map(|n| n.pitch).collect();
    let range = pitches.last().zip(pitches.first()).map_or(0, |(high, low)| high - low);
    let mut classes = vec![0.0; 12];
    let (mut lengths, mut distances) = (vec![0.0; BAR], vec![0.0; BAR]);
    for note in &notes {
        classes[usize::try_from(note.pitch % 12).unwrap_or(0)] += 1.0;
        lengths[note.length.clamp(1, BAR) - 1] += 1.0;
    }
    let mut distance = Vec::new();
    for pair in notes.windows(2) {
        distance.push((pair[1].on - pair[0].on) as f64);
        distances[(pair[1].on - pair[0].on).clamp(1, BAR) - 1] += 1.0;
    }
    let classes = normalised(classes);
    let entropy = entropy(&classes);
    let onset: Vec<bool> = window.iter().map(|&c| c >= 2).collect();
    let feature = |name, values| Feature { name, values };
    vec![
        feature("pitches", vec![pitches.len() as f64]),
        feature("pitch range", vec![f64::from(range)]),
        feature("pitch classes", classes),
        feature("pitch-class entropy", vec![entropy]),
        feature("mean interval", vec![mean(intervals(&notes).map(f64::from))]),
        feature("mean onset distance", vec![mean(distance.into_iter())]),
        feature("note lengths", normalised(lengths)),
        feature("onset distances", normalised(distances)),
        feature("groove consistency", vec![groove_consistency(&onset)]),
        feature("self-similarity", vec![self_similarity(window, BAR, equal_share)]),
    ]
}

pub(super) fn scalars(window: &[u16]) -> Vec<Feature> {
    let notes = notes(window);
    let share = |test: fn(i32) -> bool| mean(intervals(&notes).map(|i| f64::from(u8::from(test(i)))));
    let bars = window.chunks_exact(BAR);
    let count = bars.len().max(1) as f64;
    let empty = bars.filter(|bar| bar.iter().all(|&c| c < 2)).count() as f64;
    let feature = |name, value: f64| Feature { name, values: vec![value] };
    vec![
        feature("in key", in_key(notes.iter().map(|n| n.pitch))),
        feature("notes per bar", notes.len() as f64 / count),
        feature("stepwise", share(|i| i <= 2)),
        feature("leaps", share(|i| i > 7)),
        feature("empty bars", empty / count),
    ]
}

/// Share of pitches in the major scale that holds most of them; 0 of none.
pub(super) fn in_key(pitches: impl Iterator<Item = i32> + Clone) -> f64 {
    const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
    let inside = |key: i32| pitches.clone().filter(|p| MAJOR.contains(&(p - key).rem_euclid(12))).count();
    (0..12).map(inside).max().unwrap_or(0) as f64 / pitches.clone().count().max(1) as f64
}

/// Entropy of shares in bits.
pub(super) fn entropy(shares: &[f64]) -> f64 {
    -shares.iter().filter(|&&p| p > 0.0).map(|p| p * p.log2()).sum::<f64>()
}

/// Absolute intervals between neighbours in semitones.
fn intervals(notes: &[Note]) -> impl Iterator<Item = i32> {
    notes.windows(2).map(|w| (w[1].pitch - w[0].pitch).abs())
}

/// The mean, 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0_u32), |(sum, n), v| (sum + v, n + 1));
    sum / f64::from(n.max(1))
}

/// Share of steps at which two bars hold the same event.
pub(super) fn equal_share(a: &[u16], b: &[u16]) -> f64 {
    a.iter().zip(b).filter(|(x, y)| x == y).count() as f64 / a.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(pitch: u16) -> u16 {
        pitch - 46
    }

    /// Bar 1: C4 for 4 steps, E4 for 2 with a rest after it. Bar 2: C4 for 4 steps, C5 held over its end.
    fn window() -> Vec<u16> {
        let mut w = vec![0; 32];
        (w[0], w[4], w[6]) = (class(60), class(64), 1);
        (w[16], w[20]) = (class(60), class(72));
        w
    }

    fn value<'a>(features: &'a [Feature], name: &str) -> &'a [f64] {
        &features.iter().find(|f| f.name == name).unwrap().values
    }

    #[test]
    fn four_notes_by_hand() {
        let f = features(&window());
        assert_eq!(value(&f, "pitches"), [3.0]);
        assert_eq!(value(&f, "pitch range"), [12.0]);
        assert_eq!((value(&f, "pitch classes")[0], value(&f, "pitch classes")[4]), (0.75, 0.25));
        let entropy = -(0.75 * 0.75_f64.log2() + 0.25 * 0.25_f64.log2());
        assert!((value(&f, "pitch-class entropy")[0] - entropy).abs() < 1e-15);
        assert_eq!(value(&f, "mean interval"), [(4.0 + 4.0 + 12.0) / 3.0]);
        assert_eq!(value(&f, "mean onset distance"), [20.0 / 3.0]);
        let lengths = value(&f, "note lengths");
        assert_eq!((lengths[1], lengths[3], lengths[11]), (0.25, 0.5, 0.25));
        let distances = value(&f, "onset distances");
        assert_eq!((distances[3], distances[11]), (2.0 / 3.0, 1.0 / 3.0));
        assert_eq!(value(&f, "groove consistency"), [1.0]);
        // Steps 4 and 6 differ.
        assert_eq!(value(&f, "self-similarity"), [14.0 / 16.0]);
    }

    #[test]
    fn scale_steps_and_leaps_by_hand() {
        let s = scalars(&window());
        assert_eq!(value(&s, "in key"), [1.0]);
        assert_eq!(value(&s, "notes per bar"), [2.0]);
        assert_eq!(value(&s, "stepwise"), [0.0]);
        assert_eq!(value(&s, "leaps"), [1.0 / 3.0]);
        let mut w = window();
        w[8] = class(61);
        w.extend([0; 32]);
        // C, C#, E: no major scale holds all three; the best one misses one of five notes.
        assert_eq!(value(&scalars(&w), "in key"), [0.8]);
        assert_eq!(value(&scalars(&w), "empty bars"), [0.5]);
        assert_eq!(value(&scalars(&[0; 16]), "in key"), [0.0]);
    }
}
