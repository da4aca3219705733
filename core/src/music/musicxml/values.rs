//! Single values of a score: steps, keys, meters, metronome marks, loudness.

use super::read::{number, text};
use crate::music::{Meter, Scale};
use roxmltree::Node;

/// Velocity that 100 % loudness means: what MusicXML calls forte.
const FORTE: f64 = 90.0;

/// Keys by number of sharps, from seven flats up: key note of the major key.
const MAJOR_KEYS: [u8; 15] = [11, 6, 1, 8, 3, 10, 5, 0, 7, 2, 9, 4, 11, 6, 1];

/// Semitones above C of a step's letter.
pub(super) fn step_class(step: &str) -> Option<i64> {
    let (_, class) = [("C", 0), ("D", 2), ("E", 4), ("F", 5), ("G", 7), ("A", 9), ("B", 11)]
        .into_iter()
        .find(|s| s.0 == step)?;
    Some(class)
}

/// Sounding key of a `<key>`: a transposing instrument's is moved like its notes.
pub(super) fn key(key: Node, transpose: i64) -> Option<(u8, Scale)> {
    let fifths = number(key, "fifths").filter(|f| (-7.0..=7.0).contains(f))?;
    let major = MAJOR_KEYS[(fifths + 7.0) as usize];
    let (above, scale) = match text(key, "mode").unwrap_or("major") {
        "minor" | "aeolian" => (9, Scale::NaturalMinor),
        "dorian" => (2, Scale::Dorian),
        "phrygian" => (4, Scale::Phrygian),
        "lydian" => (5, Scale::Lydian),
        "mixolydian" => (7, Scale::Mixolydian),
        "major" | "ionian" | "none" => (0, Scale::Major),
        _ => return None,
    };
    let tonic = (i64::from(major) + above + transpose).rem_euclid(12);
    Some((u8::try_from(tonic).ok()?, scale))
}

/// MIDI velocity 1..=127 of a loudness in percent of forte, if it is a number.
pub(super) fn velocity(percent: &str) -> Option<u8> {
    let percent: f64 = percent.trim().parse().ok().filter(|p: &f64| p.is_finite())?;
    Some((percent * FORTE / 100.0).round().clamp(1.0, 127.0) as u8)
}

/// A meter; of additive ones such as 3+2/8 the sum.
pub(super) fn meter(time: Node) -> Option<Meter> {
    let beats: Option<Vec<u8>> = text(time, "beats")?.split('+').map(|n| n.trim().parse().ok()).collect();
    let sum = beats?.into_iter().try_fold(0u8, u8::checked_add)?;
    Meter::new(sum, text(time, "beat-type")?.parse().ok()?)
}

/// Quarter notes per minute of a metronome mark such as "dotted quarter = 60".
pub(super) fn metronome(node: Node) -> Option<f64> {
    let quarters = match text(node, "beat-unit")? {
        "whole" => 4.0,
        "half" => 2.0,
        "quarter" => 1.0,
        "eighth" => 0.5,
        "16th" => 0.25,
        _ => return None,
    };
    let dotted = match node.children().filter(|n| n.has_tag_name("beat-unit-dot")).count() {
        0 => 1.0,
        1 => 1.5,
        _ => 1.75,
    };
    Some(number(node, "per-minute")? * quarters * dotted)
}
