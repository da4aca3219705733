//! A `<harmony>` element → the text of a chord symbol, e.g. "F#m7b5/C".
//!
//! The words are those that chord models read ("maj7", "m7b5", "sus"); whether a figure makes sense is not asked.

use super::read::{child, number, text};
use roxmltree::Node;

/// Words for the kinds of chords that MusicXML names.
const KINDS: [(&str, &str); 26] = [
    ("major", ""),
    ("minor", "m"),
    ("augmented", "aug"),
    ("diminished", "dim"),
    ("dominant", "7"),
    ("major-seventh", "maj7"),
    ("minor-seventh", "m7"),
    ("diminished-seventh", "dim7"),
    ("augmented-seventh", "aug7"),
    ("half-diminished", "m7b5"),
    ("major-minor", "m(maj7)"),
    ("major-sixth", "6"),
    ("minor-sixth", "m6"),
    ("dominant-ninth", "9"),
    ("major-ninth", "maj9"),
    ("minor-ninth", "m9"),
    ("dominant-11th", "11"),
    ("major-11th", "maj11"),
    ("minor-11th", "m11"),
    ("dominant-13th", "13"),
    ("major-13th", "maj13"),
    ("minor-13th", "m13"),
    ("suspended-second", "sus2"),
    ("suspended-fourth", "sus"),
    ("pedal", "ped"),
    ("power", "5"),
];

/// Names of sounding pitch classes.
const NAMES: [&str; 12] = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

/// The chord symbol; `None` if it has no root, as in scale-degree notation, or is of an unknown kind.
/// `transpose`: semitones from written to sounding pitch.
pub(super) fn figure(harmony: Node, transpose: i64) -> Option<String> {
    let kind = child(harmony, "kind")?;
    let name = kind.text().unwrap_or("").trim();
    if name == "none" {
        return Some("N.C.".into());
    }
    let root = child(harmony, "root")?;
    let mut figure = tone(root, "root-step", "root-alter", transpose)?;
    figure.push_str(KINDS.iter().find(|k| k.0 == name)?.1);
    for degree in harmony.children().filter(|n| n.has_tag_name("degree")) {
        let value = number(degree, "degree-value")?;
        let sign = accidental(number(degree, "degree-alter").unwrap_or(0.0))?;
        let word = match text(degree, "degree-type") {
            Some("add") => "add",
            Some("subtract") => "no",
            Some("alter") => "",
            _ => return None,
        };
        figure.push_str(&format!("({word}{sign}{value})"));
    }
    if let Some(bass) = child(harmony, "bass") {
        figure.push('/');
        figure.push_str(&tone(bass, "bass-step", "bass-alter", transpose)?);
    }
    Some(figure)
}

/// A tone such as "F#": as written, or by its sounding pitch class where the instrument transposes.
fn tone(parent: Node, step: &str, alter: &str, transpose: i64) -> Option<String> {
    let step = text(parent, step)?;
    let sign = accidental(number(parent, alter).unwrap_or(0.0))?;
    let written = format!("{step}{sign}");
    let letter = super::values::step_class(step)?;
    if transpose.rem_euclid(12) == 0 {
        return Some(written);
    }
    let sharps = i64::try_from(sign.matches('#').count()).ok()?;
    let flats = i64::try_from(sign.matches('b').count()).ok()?;
    let class = (letter + sharps - flats + transpose).rem_euclid(12);
    NAMES.get(usize::try_from(class).ok()?).map(|&name| name.to_owned())
}

/// `b`, `##` and so on; `None` for what no letter can say.
fn accidental(semitones: f64) -> Option<&'static str> {
    match semitones {
        -2.0 => Some("bb"),
        -1.0 => Some("b"),
        0.0 => Some(""),
        1.0 => Some("#"),
        2.0 => Some("##"),
        _ => None,
    }
}
