//! Chord symbols of lead sheets as small numbers, step by step along a melody. Pure; any thread.

use crate::music::{Chord, NO_CHORD};
use std::sync::LazyLock;

/// Kinds of chords that the corpora hold, as figures; the first one stands for kinds of another name.
const KINDS: [&str; 17] = [
    "", "m", "dim", "aug", "7", "m7", "maj7", "m7b5", "dim7", "6", "m6", "9", "m9", "13", "aug7", "sus4", "5",
];

static FIGURES: LazyLock<Vec<String>> = LazyLock::new(|| {
    const ROOTS: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
    KINDS.iter().flat_map(|kind| ROOTS.map(|root| format!("{root}{kind}"))).collect()
});

static CHORDS: LazyLock<Vec<Option<Chord>>> =
    LazyLock::new(|| FIGURES.iter().map(|figure| Chord::of_figure(figure).ok().flatten()).collect());

/// The number of a chord; 0 is no chord.
#[must_use]
pub fn class(root: u8, kind: &str) -> u16 {
    // The one name that is not a figure.
    let kind = if kind == "minor-major" { "m" } else { kind };
    let kind = KINDS.iter().position(|k| *k == kind).unwrap_or(0);
    (1 + 12 * kind + usize::from(root % 12)) as u16
}

/// The chord of a number.
#[must_use]
pub fn chord(class: u16) -> Option<Chord> {
    CHORDS.get(usize::from(class).checked_sub(1)?).copied().flatten()
}

/// The chord of a number as it is written; [`NO_CHORD`] for none.
#[must_use]
pub fn figure(class: u16) -> &'static str {
    usize::from(class).checked_sub(1).and_then(|i| FIGURES.get(i)).map_or(NO_CHORD, String::as_str)
}

/// The number of the chord `semitones` higher.
#[must_use]
pub fn transposed(class: u16, semitones: i32) -> u16 {
    let Some(index) = class.checked_sub(1) else { return 0 };
    let root = (i32::from(index % 12) + semitones).rem_euclid(12);
    1 + index / 12 * 12 + root as u16
}

/// Chords (onset, root, kind; ascending) at `positions`: the last one that has begun, none before the first.
pub(super) fn along(chords: &[(i64, u8, String)], positions: impl Iterator<Item = Option<i64>>) -> Vec<u16> {
    let at = |position: Option<i64>| {
        let begun = chords.partition_point(|c| position.is_some_and(|p| c.0 <= p));
        begun.checked_sub(1).map_or(0, |i| class(chords[i].1, &chords[i].2))
    };
    positions.map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_a_chord_and_keeps_its_kind_when_transposed() {
        for kind in KINDS {
            let here = chord(class(0, kind)).unwrap_or_else(|| panic!("C{kind}"));
            let there = chord(transposed(class(0, kind), -3)).unwrap_or_else(|| panic!("A{kind}"));
            assert_eq!((here.root, there.root, here.quality), (0, 9, there.quality), "{kind}");
        }
        assert_eq!((chord(0), transposed(0, 5), chord(9999)), (None, 0, None));
        assert_eq!(class(2, "minor-major"), class(2, "m"));
        assert_eq!((figure(class(6, "m7b5")), figure(0), figure(9999)), ("Gbm7b5", NO_CHORD, NO_CHORD));
    }

    #[test]
    fn a_chord_lasts_until_the_next_one() {
        let chords = [(4, 0, String::new()), (8, 7, "7".to_owned())];
        let positions = [Some(0), Some(4), None, Some(7), Some(8), Some(99)];
        let found = along(&chords, positions.into_iter());
        assert_eq!(found, [0, class(0, ""), 0, class(0, ""), class(7, "7"), class(7, "7")]);
    }
}
