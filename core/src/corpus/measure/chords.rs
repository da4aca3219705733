//! How well a melody fits the chords under it. Pure; any thread.

use super::{BAR, Interval, bootstrap};
use crate::music::Chord;

/// Notes of one melody over chords, and how many of them belong to the chord at their onset.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChordTones {
    /// Chord tones and notes.
    pub all: (f64, f64),
    /// The same of the notes on the first and third beat of a bar of 4/4.
    pub strong: (f64, f64),
}

/// Counts the notes of a melody (classes as [`super::Language::Melody`] numbers them, from a bar line on) that have a
/// chord under them.
#[must_use]
pub fn chord_tones(classes: &[u16], chords: &[Option<Chord>]) -> ChordTones {
    let mut found = ChordTones::default();
    for (step, (&class, chord)) in classes.iter().zip(chords).enumerate() {
        let Some(chord) = chord.filter(|_| class >= 2) else { continue };
        let pitch = u8::try_from(class + 46).unwrap_or(u8::MAX);
        let hit = f64::from(u8::from(chord.pitches.contains(pitch)));
        found.all = (found.all.0 + hit, found.all.1 + 1.0);
        if step % (BAR / 2) == 0 {
            found.strong = (found.strong.0 + hit, found.strong.1 + 1.0);
        }
    }
    found
}

impl ChordTones {
    /// Shares over several melodies, of all notes and of those on strong beats.
    #[must_use]
    pub fn shares(melodies: &[Self], seed: u64) -> [Interval; 2] {
        let groups = |pick: fn(&Self) -> (f64, f64)| melodies.iter().map(pick).collect::<Vec<_>>();
        [bootstrap(&groups(|m| m.all), seed), bootstrap(&groups(|m| m.strong), seed)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chord_tones_by_hand() {
        let chord = |figure| Chord::of_figure(figure).expect("a chord");
        let mut classes = [0; 16];
        // C on 1 (hit), D (no), F on 3 over F (hit), A (no chord).
        for (step, pitch) in [(0, 60), (4, 62), (8, 65), (12, 69)] {
            classes[step] = pitch - 46;
        }
        let mut chords = [chord("C"); 16];
        chords[8..12].fill(chord("F"));
        chords[12..].fill(None);
        let found = chord_tones(&classes, &chords);
        assert_eq!((found.all, found.strong), ((2.0, 3.0), (2.0, 2.0)));
        let [all, strong] = ChordTones::shares(&[found, found], 1);
        assert_eq!((all.mean, strong.mean), (2.0 / 3.0, 1.0));
    }
}
