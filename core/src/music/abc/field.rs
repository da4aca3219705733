//! The values of ABC fields: key, meter, unit length, tempo.

use crate::music::{Meter, Scale};

/// Order in which sharps appear; flats come in the reverse order.
const SHARPS: [u8; 7] = *b"FCGDAEB";

/// Semitones that each letter is moved by: A to G.
pub(super) type Accidentals = [i8; 7];

/// A key with its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// What the signature does to the letters A to G.
    pub accidentals: Accidentals,
    /// Key note (0 = C) and scale, if it is one of ours.
    pub name: Option<(u8, Scale)>,
}

impl Key {
    /// No signature, no name.
    pub const NONE: Self = Self { accidentals: [0; 7], name: None };
}

/// A length as a fraction of a whole note, e.g. `1/8`; numbers up to 1024, so that nothing overflows.
pub(super) fn fraction(text: &str) -> Option<(i64, i64)> {
    let part = |s: &str| s.trim().parse::<i64>().ok().filter(|n| (1..=1024).contains(n));
    match text.split_once('/') {
        Some((n, d)) => Some((part(n)?, part(d)?)),
        None => Some((part(text)?, 1)),
    }
}

/// A meter: `6/8`, `C`, `C|`, `2+3/8`, `(2+3)/8`; inner `None` for free meter.
pub(super) fn meter(text: &str) -> Option<Option<Meter>> {
    match text.trim() {
        "" | "none" => return Some(None),
        "C" => return Some(Some(Meter::COMMON)),
        "C|" => return Some(Meter::new(2, 2)),
        _ => {}
    }
    let (beats, unit) = text.trim().split_once('/')?;
    let beats = beats.trim().trim_start_matches('(').trim_end_matches(')').split('+');
    let beats: Option<Vec<u8>> = beats.map(|n| n.trim().parse().ok()).collect();
    let sum = beats?.into_iter().try_fold(0u8, u8::checked_add)?;
    Meter::new(sum, unit.trim().parse().ok()?).map(Some)
}

/// Unit length where no L: field gives one: a 16th for meters below 3/4, else an 8th.
pub(super) fn default_length(meter: Option<Meter>) -> (i64, i64) {
    match meter {
        Some(m) if 4 * u32::from(m.numerator) < 3 * u32::from(m.denominator) => (1, 16),
        _ => (1, 8),
    }
}

/// Quarter notes per minute of a tempo: `1/4=120`, `"Allegro" 3/8=40`, `1/4 1/8=60`, or a bare number of unit lengths.
/// Inner `None` if there are only words.
pub(super) fn tempo(text: &str, unit: (i64, i64)) -> Option<Option<f64>> {
    let mut rest = String::new();
    // Words in quotes may stand before or after.
    for (i, part) in text.split('"').enumerate() {
        if i % 2 == 0 {
            rest.push_str(part);
        }
    }
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(None);
    }
    let whole = |(n, d): (i64, i64)| n as f64 / d as f64;
    let (beat, speed) = match rest.split_once('=') {
        Some((beats, speed)) => {
            let beats: Option<Vec<f64>> = match beats.trim() {
                // Old notation: C is the unit length, C3 three of them.
                c if c.starts_with('C') => {
                    let times = if c.len() == 1 { (1, 1) } else { fraction(&c[1..])? };
                    Some(vec![whole(unit) * whole(times)])
                }
                beats => beats.split_whitespace().map(|b| fraction(b).map(whole)).collect(),
            };
            (beats?.iter().sum(), speed)
        }
        None => (whole(unit), rest),
    };
    let qpm = 4.0 * beat * speed.trim().parse::<f64>().ok()?;
    (1.0..=10_000.0).contains(&qpm).then_some(Some(qpm))
}

/// A key: `G`, `Am`, `F#m`, `D dor`, `Bb mixolydian`, `none`, `HP`, followed by accidentals of its own (`^c =f`, alone
/// after `exp`) and things such as `clef=bass`, which do not sound.
pub(super) fn key(text: &str) -> Option<Key> {
    let text = text.trim();
    let (tonic, rest) = match text.chars().next() {
        None => return Some(Key::NONE),
        Some('A'..='G') => text.split_at(1),
        Some(_) => {
            let word = text.split_whitespace().next()?;
            return match word {
                "none" | "exp" => explicit(Key::NONE, text.get(word.len()..)?),
                // The Highland pipes play F# and C# whatever is written.
                "HP" | "Hp" => Some(Key { accidentals: signature(2), name: None }),
                _ if word.contains('=') => Some(Key::NONE),
                _ => None,
            };
        }
    };
    if let Some(rest) = text.strip_prefix("HP").or_else(|| text.strip_prefix("Hp"))
        && rest.trim().is_empty()
    {
        return Some(Key { accidentals: signature(2), name: None });
    }
    let (shift, rest) = match rest.chars().next() {
        Some('#') => (1, &rest[1..]),
        Some('b') => (-1, &rest[1..]),
        _ => (0, rest),
    };
    let letter = *tonic.as_bytes().first()?;
    let place = i8::try_from(SHARPS.iter().position(|&s| s == letter)?).ok()?;
    let rest = rest.trim_start();
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    // "K:G clef=treble" and "K:G exp ^f" have no mode.
    let is_mode = !rest[word.len()..].starts_with('=') && word != "exp";
    let (mode, scale) = if is_mode { mode(&word)? } else { (0, Some(Scale::Major)) };
    let fifths = place - 1 + 7 * shift + mode;
    if !(-7..=7).contains(&fifths) {
        return None;
    }
    let class =
        crate::music::key_from_name(&format!("{tonic}{}", ["b", "", "#"][usize::try_from(shift + 1).ok()?]))?;
    let named = Key { accidentals: signature(fifths), name: scale.map(|s| (class, s)) };
    let rest = if is_mode { &rest[word.len()..] } else { rest };
    if rest.starts_with(|c: char| !c.is_whitespace() && !"^_=".contains(c) && is_mode) {
        return None;
    }
    match rest.trim_start().strip_prefix("exp") {
        Some(rest) => explicit(Key { accidentals: [0; 7], ..named }, rest),
        None => explicit(named, rest),
    }
}

/// Fifths above major and our scale of a mode: its first three letters count, in any case.
fn mode(word: &str) -> Option<(i8, Option<Scale>)> {
    let short: String = word.chars().take(3).collect::<String>().to_ascii_lowercase();
    Some(match short.as_str() {
        "" | "maj" | "ion" => (0, Some(Scale::Major)),
        "m" | "min" | "aeo" => (-3, Some(Scale::NaturalMinor)),
        "mix" => (-1, Some(Scale::Mixolydian)),
        "dor" => (-2, Some(Scale::Dorian)),
        "phr" => (-4, Some(Scale::Phrygian)),
        "lyd" => (1, Some(Scale::Lydian)),
        "loc" => (-5, None),
        _ => return None,
    })
}

/// The signature of so many sharps, or flats if negative: -7..=7.
fn signature(fifths: i8) -> Accidentals {
    let mut accidentals = [0; 7];
    let count = usize::from(fifths.unsigned_abs());
    let set = |letter: &u8| accidentals[usize::from(letter - b'A')] = fifths.signum();
    if fifths >= 0 {
        SHARPS.iter().take(count).for_each(set);
    } else {
        SHARPS.iter().rev().take(count).for_each(set);
    }
    accidentals
}

/// Adds accidentals such as `^f _b =c`; words that do not look like one are passed over.
fn explicit(mut key: Key, text: &str) -> Option<Key> {
    for word in text.split_whitespace() {
        let letter = word.trim_start_matches(['^', '_', '=']);
        let index = match letter.as_bytes() {
            [l] if matches!(l.to_ascii_uppercase(), b'A'..=b'G') && letter.len() < word.len() => {
                usize::from(l.to_ascii_uppercase() - b'A')
            }
            _ => continue,
        };
        key.accidentals[index] = accidental(&word[..word.len() - 1])?;
    }
    Some(key)
}

/// Semitones of `^`, `^^`, `_`, `__` or `=`.
pub(super) fn accidental(signs: &str) -> Option<i8> {
    match signs {
        "^" => Some(1),
        "^^" => Some(2),
        "_" => Some(-1),
        "__" => Some(-2),
        "=" => Some(0),
        _ => None,
    }
}
