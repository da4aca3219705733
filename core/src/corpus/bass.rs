//! The lowest parts of scores (one JSON object per line) as bass lines on the 16th grid. Any thread; opens no files.
//!
//! Lines sound where a bass guitar plays: each stretch is moved to C major or A minor by the key that all its parts fit
//! best, then by the octaves that leave most of its notes within [`BASS_RANGE`], and the rest is folded in.

use super::bars::{Stretch, stretches};
use super::melody::{Tone, close_up};
use super::melody_piece::{events, fold, major_key};
use super::scores::{SIXTEENTH, Score, ScoreOptions, Span, kept, measures, off_grid};
use super::{Funnel, MelodyPiece};
use std::collections::BTreeSet;

/// Lowest pitch (E1) and one above the highest (G3) of bass lines.
pub const BASS_RANGE: (i64, i64) = (28, 56);
/// Shorter lines stay out.
const BARS: usize = 4;
/// Lines with fewer distinct pitch classes stay out.
const PITCH_CLASSES: usize = 3;

/// The bass lines of a corpus of scores; scores stay out as from
/// [`score_pieces`](super::score_pieces). Bars in which the part is silent are taken out, as of melodies.
#[must_use]
pub fn bass_pieces(name: &str, jsonl: &str, options: &ScoreOptions) -> (Vec<MelodyPiece>, Funnel) {
    let mut funnel = Funnel::new(name);
    let mut pieces = Vec::new();
    for (score, parts) in kept(jsonl, &mut funnel) {
        cut(name, &score, &parts, options, &mut funnel, &mut pieces);
    }
    (pieces, funnel)
}

/// The part with the lowest mean pitch.
fn lowest(parts: &[Vec<Span>]) -> Option<&[Span]> {
    let mean = |part: &[Span]| part.iter().map(|n| f64::from(n.2)).sum::<f64>() / part.len() as f64;
    let played = parts.iter().map(Vec::as_slice).filter(|part| !part.is_empty());
    played.min_by(|a, b| mean(a).total_cmp(&mean(b)))
}

/// The lines of a score: one per stretch of equal bars.
fn cut(
    corpus: &str,
    score: &Score,
    parts: &[Vec<Span>],
    options: &ScoreOptions,
    funnel: &mut Funnel,
    pieces: &mut Vec<MelodyPiece>,
) {
    let Some(part) = lowest(parts) else { return };
    let (split, title) = (score.split(), score.title());
    for (number, stretch) in stretches(&measures(&score.meas)).into_iter().enumerate() {
        let id = format!("{corpus}/{}#{number}", score.id);
        let within = |n: &&Span| stretch.step(n.0.div_euclid(SIXTEENTH)).is_some();
        let inside: Vec<&Span> = part.iter().filter(within).collect();
        let share = off_grid(&inside);
        if share > options.off_grid {
            let share = format!("{:.0} %", share * 100.0);
            funnel.reject(&id, "(part of a score) too many notes off the 16th grid", share);
            continue;
        }
        let (notes, origins) = close_up(line(&inside, &stretch), stretch.bar);
        let classes: BTreeSet<i64> = notes.iter().map(|n| n.2 % 12).collect();
        if origins.len() < BARS {
            funnel.reject(&id, "(part of a score) too short", format!("{} bars", origins.len()));
            continue;
        }
        if classes.len() < PITCH_CLASSES {
            let classes = classes.len().to_string();
            funnel.reject(&id, "(part of a score) too few different pitches", classes);
            continue;
        }
        let all = parts.iter().flatten().filter(within).map(|n| i64::from(n.2));
        let shift = shift(major_key(all), &notes);
        let moved: Vec<Tone> =
            notes.iter().map(|&(on, end, p)| (on, end, fold(p + shift, BASS_RANGE))).collect();
        let piece = MelodyPiece {
            id,
            title: title.replace('_', " "),
            composer: score.composer.clone(),
            split,
            meter: stretch.meter,
            steps_per_bar: usize::try_from(stretch.bar).unwrap_or(16),
            events: events(&moved, origins.len() as i64 * stretch.bar),
            chords: Vec::new(),
            transposed: i32::try_from(shift).unwrap_or(0),
        };
        funnel.keep(format!("{split} {}", stretch.meter), piece.bars(), piece.notes());
        pieces.push(piece);
    }
}

/// Notes (onset, end, pitch) in steps of the stretch, one at a time: of several at one step the lowest, which lasts
/// until the next at most.
fn line(notes: &[&Span], stretch: &Stretch) -> Vec<Tone> {
    let nearest = |units: i64| (units + SIXTEENTH / 2).div_euclid(SIXTEENTH);
    let place = |note: &&Span| {
        let on = stretch.step(nearest(note.0))?;
        let length = (nearest(note.1) - nearest(note.0)).max(1);
        Some((on, (on + length).min(stretch.length()), i64::from(note.2)))
    };
    let mut line: Vec<Tone> = notes.iter().filter_map(place).collect();
    line.sort_unstable_by_key(|&(on, end, pitch)| (on, pitch, std::cmp::Reverse(end)));
    line.dedup_by_key(|note| note.0);
    for i in 1..line.len() {
        line[i - 1].1 = line[i - 1].1.min(line[i].0);
    }
    line
}

/// Semitones that bring major key `key` to C and most notes into the range, the fewest on a tie.
fn shift(key: i64, notes: &[Tone]) -> i64 {
    let (low, high) = BASS_RANGE;
    let inside = |shift: i64| notes.iter().filter(|n| (low..high).contains(&(n.2 + shift))).count();
    let octaves = [0, -1, 1, -2, 2, -3, 3, -4, 4, -5].map(|octave| 12 * octave - key);
    octaves.into_iter().rev().max_by_key(|&by| inside(by)).unwrap_or(-key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::MelodyEvent;

    fn read(parts: &str, meas: &str) -> (Vec<MelodyPiece>, Funnel) {
        let line = format!(
            "{{\"id\":\"s/Who/Quartet/x.mxl\",\"composer\":\"Who\",\"meas\":[{meas}],\"parts\":[{parts}]}}"
        );
        bass_pieces("c", &line, &ScoreOptions::default())
    }

    /// Half notes D3 A2 D3 A2 | rest | G2 with B2 above, held over A2 | D2, under a scale of D major.
    const PARTS: &str = "[\"v\",0,[[0,24,74,1,1],[24,24,76,1,1],[24,24,78,1,1],[24,24,79,1,1],[24,24,81,1,1],\
        [24,24,83,1,1],[24,24,85,1,1],[24,24,86,1,1]]],\
        [\"c\",0,[[0,48,50,1,1],[48,48,45,1,1],[48,48,50,1,1],[48,48,45,1,1],[144,72,43,1,1],[0,96,47,1,1],\
        [48,48,45,1,1],[48,96,38,1,1]]]";

    #[test]
    fn the_lowest_part_becomes_a_line_in_c_on_a_bass() {
        let (pieces, funnel) = read(PARTS, "[6,[4,4,96]]");
        assert_eq!(funnel.rejected, []);
        let piece = &pieces[0];
        assert_eq!((piece.transposed, piece.steps_per_bar, piece.bars()), (-2, 16, 4));
        let pitches: Vec<(usize, u8)> =
            piece.events.iter().enumerate().filter_map(|(i, e)| Some((i, e.pitch()?))).collect();
        // The silent bar is gone.
        assert_eq!(pitches, [(0, 48), (8, 43), (16, 48), (24, 43), (32, 41), (40, 43), (48, 36)]);
        assert!(!piece.events.contains(&MelodyEvent::NoteOff), "every note lasts until the next");
    }

    #[test]
    fn a_high_line_comes_down_by_octaves_and_what_is_left_out_folds_in() {
        let tones: Vec<Tone> = [60, 62, 64, 90].iter().map(|&p| (0, 1, p)).collect();
        assert_eq!(shift(0, &tones), -12);
        assert_eq!([48, 78, 27].map(|pitch| fold(pitch, BASS_RANGE)), [48, 54, 39]);
    }

    #[test]
    fn everything_that_stays_out_has_a_reason() {
        let reasons = |parts: &str, meas: &str| {
            let (pieces, funnel) = read(parts, meas);
            assert!(pieces.is_empty());
            funnel.rejected.into_iter().map(|r| r.reason).collect::<Vec<_>>()
        };
        assert_eq!(reasons("[\"a\",0,[[0,24,50,1,1]]]", "[9,[4,4,96]]"), ["(part of a score) too short"]);
        let triplets = "[\"a\",0,[[0,4,50,1,1],[4,4,52,1,1],[4,4,54,1,1]]]";
        assert_eq!(reasons(triplets, "[4,[4,4,96]]"), ["(part of a score) too many notes off the 16th grid"]);
        let drone = "[\"a\",0,[[0,96,50,1,1],[96,96,50,1,1],[96,96,50,1,1],[96,96,50,1,1]]]";
        assert_eq!(reasons(drone, "[4,[4,4,96]]"), ["(part of a score) too few different pitches"]);
    }
}
