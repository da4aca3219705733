//! Which chords a passage of notes spells: per stretch of time the triad or seventh chord that fits best.
//!
//! Pure; any thread. Each pitch class counts by how long it sounds in the stretch; a chord gains by what it
//! explains, loses by what is foreign to it and by tones of its own that nobody plays, and its root counts more,
//! most of all in the bass.

use super::song::ChordMark;
use super::{Chord, NO_CHORD, Note, Ticks};
use std::sync::LazyLock;

/// Roots as lead sheets spell them.
const ROOTS: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
/// Triads and seventh chords, the plain ones first: of equally good ones the first wins.
const KINDS: [&str; 9] = ["", "m", "7", "m7", "maj7", "dim", "m7b5", "dim7", "aug"];
/// Lost for each tone of a chord that does not sound.
const MISSING: f64 = 0.12;
/// Gained by a root that sounds, and once more by one in the bass.
const ROOT: f64 = 0.08;
/// Least share of the time that makes a tone more than a passing one.
const HEARD: f64 = 0.04;
/// Most stretches: a damaged length must not make us count for ever.
const MAX_STRETCHES: usize = 4096;

struct Candidate {
    figure: String,
    root: usize,
    tones: u16,
}

static CANDIDATES: LazyLock<Vec<Candidate>> = LazyLock::new(|| {
    let figures = KINDS.iter().flat_map(|kind| ROOTS.map(|root| format!("{root}{kind}")));
    let candidate = |figure: String| {
        let chord = Chord::of_figure(&figure).ok().flatten()?;
        Some(Candidate { figure, root: usize::from(chord.root), tones: chord.pitches.0 })
    };
    figures.filter_map(candidate).collect()
});

/// The chords of the first `length` ticks of `notes`, one per `every` ticks; equal neighbours are one mark. Where
/// nothing sounds the chord before goes on; before the first note there is none.
#[must_use]
pub fn find_chords(notes: &[Note], length: Ticks, every: Ticks) -> Vec<ChordMark> {
    let every = every.max(1);
    let mut marks: Vec<ChordMark> = Vec::new();
    for start in starts(length, every) {
        let Some(figure) = chord_of(notes, start, start.saturating_add(every).min(length)) else { continue };
        if marks.last().is_none_or(|last| last.figure != figure) {
            marks.push(ChordMark { tick: start, figure: figure.to_owned() });
        }
    }
    marks
}

/// The figures of [`find_chords`], one for every stretch: a progression that can be typed.
#[must_use]
pub fn find_progression(notes: &[Note], length: Ticks, every: Ticks) -> Vec<String> {
    let every = every.max(1);
    let marks = find_chords(notes, length, every);
    let at = |start: Ticks| marks[..marks.partition_point(|m| m.tick <= start)].last();
    starts(length, every).map(|start| at(start).map_or(NO_CHORD, |m| &m.figure).to_owned()).collect()
}

/// Where each stretch begins.
fn starts(length: Ticks, every: Ticks) -> impl Iterator<Item = Ticks> {
    let start = move |i: usize| every.saturating_mul(i as Ticks);
    (0..MAX_STRETCHES).map(start).take_while(move |&start| start < length)
}

/// The chord that fits best to what sounds from `start` to `end`; none in silence.
fn chord_of(notes: &[Note], start: Ticks, end: Ticks) -> Option<&'static str> {
    let mut shares = [0.0f64; 12];
    let mut lowest: Option<u8> = None;
    for note in notes {
        let sounding = note.end().min(end) - note.start.max(start);
        if sounding > 0 {
            shares[usize::from(note.pitch % 12)] += sounding as f64;
            lowest = Some(lowest.map_or(note.pitch, |low| low.min(note.pitch)));
        }
    }
    let bass = usize::from(lowest? % 12);
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    let score = |c: &Candidate| {
        let fits: f64 = (0..12).map(|i| if c.tones >> i & 1 == 1 { shares[i] } else { -shares[i] }).sum();
        let missing = (0..12).filter(|&i| c.tones >> i & 1 == 1 && shares[i] < HEARD).count();
        let root = f64::from(u8::from(shares[c.root] >= HEARD)) + f64::from(u8::from(c.root == bass));
        fits - MISSING * missing as f64 + ROOT * root
    };
    let mut best: Option<(f64, &'static str)> = None;
    for candidate in CANDIDATES.iter() {
        let score = score(candidate);
        if best.is_none_or(|(most, _)| score > most + 1e-9) {
            best = Some((score, &candidate.figure));
        }
    }
    best.map(|(_, figure)| figure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::TICKS_PER_QUARTER as Q;

    const BAR: Ticks = 4 * Q;

    /// Each list of pitches for a bar: struck together, or one after the other.
    fn played(bars: &[&[u8]], broken: bool) -> Vec<Note> {
        let mut notes = Vec::new();
        for (bar, pitches) in bars.iter().enumerate() {
            for (i, &pitch) in pitches.iter().enumerate() {
                let start =
                    bar as Ticks * BAR + if broken { i as Ticks * BAR / pitches.len() as Ticks } else { 0 };
                let length = if broken { BAR / pitches.len() as Ticks } else { BAR };
                notes.push(Note { start, pitch, length, velocity: 80 });
            }
        }
        notes
    }

    fn figures(notes: &[Note], bars: Ticks) -> Vec<(Ticks, String)> {
        find_chords(notes, bars * BAR, BAR).into_iter().map(|m| (m.tick / BAR, m.figure)).collect()
    }

    fn named(list: &[(Ticks, &str)]) -> Vec<(Ticks, String)> {
        list.iter().map(|&(bar, figure)| (bar, figure.to_owned())).collect()
    }

    #[test]
    fn a_turnaround_is_found_struck_broken_and_upside_down() {
        let expected = named(&[(0, "C"), (1, "Am"), (2, "F"), (3, "G")]);
        let close: [&[u8]; 4] = [&[60, 64, 67], &[57, 60, 64], &[53, 57, 60], &[55, 59, 62]];
        let inverted: [&[u8]; 4] = [&[64, 67, 72], &[60, 64, 69], &[60, 65, 69], &[59, 62, 67]];
        for bars in [close, inverted] {
            for broken in [false, true] {
                assert_eq!(figures(&played(&bars, broken), 4), expected, "broken: {broken}");
            }
        }
    }

    #[test]
    fn sevenths_are_heard_and_passing_notes_are_not() {
        let bars: [&[u8]; 4] = [&[60, 64, 67, 71], &[57, 60, 64, 67], &[55, 59, 62, 65], &[59, 62, 65, 69]];
        let expected = named(&[(0, "Cmaj7"), (1, "Am7"), (2, "G7"), (3, "Bm7b5")]);
        assert_eq!(figures(&played(&bars, false), 4), expected);
        let mut notes = played(&[&[60, 64, 67]], false);
        notes.push(Note { start: Q, pitch: 74, length: Q / 2, velocity: 90 });
        notes.push(Note { start: 3 * Q / 2, pitch: 77, length: Q / 2, velocity: 90 });
        assert_eq!(figures(&notes, 1), named(&[(0, "C")]));
    }

    #[test]
    fn a_line_of_single_notes_spells_chords() {
        let line: [&[u8]; 2] = [&[60, 64, 67, 64], &[57, 60, 64, 60]];
        assert_eq!(figures(&played(&line, true), 2), named(&[(0, "C"), (1, "Am")]));
    }

    #[test]
    fn silence_keeps_the_chord_and_none_comes_before_the_first() {
        let notes: Vec<Note> =
            played(&[&[60, 64, 67]], false).into_iter().map(|n| Note { start: n.start + BAR, ..n }).collect();
        assert_eq!(figures(&notes, 4), named(&[(1, "C")]));
        assert_eq!(find_progression(&notes, 3 * BAR, BAR), ["N.C.", "C", "C"]);
        assert!(find_chords(&[], 4 * BAR, BAR).is_empty());
    }

    #[test]
    fn impossible_lengths_end() {
        let notes = played(&[&[60, 64, 67]], false);
        assert!(find_chords(&notes, Ticks::MAX, 1).len() <= MAX_STRETCHES);
        assert!(find_chords(&notes, -5, 0).is_empty());
        assert!(find_progression(&notes, Ticks::MAX, 0).len() <= MAX_STRETCHES);
    }

    #[test]
    fn every_candidate_reads_as_a_chord() {
        assert_eq!(CANDIDATES.len(), ROOTS.len() * KINDS.len());
    }
}
