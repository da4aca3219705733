//! Names of pitches, keys and scales, and the [`PitchClasses`] they allow.
//!
//! Octaves are numbered so that middle C, MIDI pitch 60, is C3, as in Live, Cubase, Logic and FL's neighbours
//! of the Yamaha convention; REAPER and MIDI manuals of the Roland convention call it C4.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Pitch classes that may sound: bit `i` set means pitch class `i` (0 = C) is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PitchClasses(pub u16);

/// Names of the keys, from C up.
pub const KEYS: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// A scale without its key note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scale {
    /// All twelve pitch classes.
    #[default]
    Chromatic,
    /// Ionian.
    Major,
    /// Aeolian.
    NaturalMinor,
    /// Natural minor with a major seventh.
    HarmonicMinor,
    /// Ascending melodic minor.
    MelodicMinor,
    /// Minor with a major sixth.
    Dorian,
    /// Minor with a minor second.
    Phrygian,
    /// Major with an augmented fourth.
    Lydian,
    /// Major with a minor seventh.
    Mixolydian,
    /// Major without fourth and seventh.
    MajorPentatonic,
    /// Minor without second and sixth.
    MinorPentatonic,
    /// Minor pentatonic with the diminished fifth.
    Blues,
}

impl Scale {
    /// All scales in the order of a menu. The index of a scale never changes; new ones go to the end.
    pub const ALL: [Self; 12] = [
        Self::Chromatic,
        Self::Major,
        Self::NaturalMinor,
        Self::HarmonicMinor,
        Self::MelodicMinor,
        Self::Dorian,
        Self::Phrygian,
        Self::Lydian,
        Self::Mixolydian,
        Self::MajorPentatonic,
        Self::MinorPentatonic,
        Self::Blues,
    ];

    /// The scale's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromatic => "Chromatic",
            Self::Major => "Major",
            Self::NaturalMinor => "Natural minor",
            Self::HarmonicMinor => "Harmonic minor",
            Self::MelodicMinor => "Melodic minor",
            Self::Dorian => "Dorian",
            Self::Phrygian => "Phrygian",
            Self::Lydian => "Lydian",
            Self::Mixolydian => "Mixolydian",
            Self::MajorPentatonic => "Major pentatonic",
            Self::MinorPentatonic => "Minor pentatonic",
            Self::Blues => "Blues",
        }
    }

    /// The scale of a name, in any case; "minor" is natural minor.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("minor") {
            return Some(Self::NaturalMinor);
        }
        Self::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(name))
    }

    /// Semitones above the key note.
    fn intervals(self) -> &'static [u8] {
        match self {
            Self::Chromatic => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
            Self::Major => &[0, 2, 4, 5, 7, 9, 11],
            Self::NaturalMinor => &[0, 2, 3, 5, 7, 8, 10],
            Self::HarmonicMinor => &[0, 2, 3, 5, 7, 8, 11],
            Self::MelodicMinor => &[0, 2, 3, 5, 7, 9, 11],
            Self::Dorian => &[0, 2, 3, 5, 7, 9, 10],
            Self::Phrygian => &[0, 1, 3, 5, 7, 8, 10],
            Self::Lydian => &[0, 2, 4, 6, 7, 9, 11],
            Self::Mixolydian => &[0, 2, 4, 5, 7, 9, 10],
            Self::MajorPentatonic => &[0, 2, 4, 7, 9],
            Self::MinorPentatonic => &[0, 3, 5, 7, 10],
            Self::Blues => &[0, 3, 5, 6, 7, 10],
        }
    }

    /// The pitch classes of the scale on `key` (0 = C; counted modulo 12).
    #[must_use]
    pub fn in_key(self, key: u8) -> PitchClasses {
        let bit = |i: &u8| 1u16 << ((u16::from(key) + u16::from(*i)) % 12);
        PitchClasses(self.intervals().iter().map(bit).fold(0, |a, b| a | b))
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PitchClasses {
    /// All twelve.
    pub const ALL: Self = Self(0xFFF);

    /// Whether `pitch` (any octave) is allowed.
    #[must_use]
    pub fn contains(self, pitch: u8) -> bool {
        self.0 >> (pitch % 12) & 1 == 1
    }

    /// The pitch classes of a name such as "D Dorian", "Bb minor" or "Chromatic".
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        if name.eq_ignore_ascii_case(Scale::Chromatic.name()) {
            return Some(Self::ALL);
        }
        let (key, scale) = name.split_once(char::is_whitespace)?;
        Some(Scale::from_name(scale)?.in_key(key_from_name(key)?))
    }

    /// The key and scale with exactly these pitch classes; of several (C major, A natural minor …) the first
    /// in menu order, then the lowest key.
    #[must_use]
    pub fn key_and_scale(self) -> Option<(u8, Scale)> {
        let all = Scale::ALL.into_iter().flat_map(|scale| (0..12).map(move |key| (key, scale)));
        all.into_iter().find(|&(key, scale)| scale.in_key(key) == self)
    }

    /// A name that [`Self::from_name`] understands, if the classes form a scale.
    #[must_use]
    pub fn name(self) -> Option<String> {
        let (key, scale) = self.key_and_scale()?;
        Some(match scale {
            Scale::Chromatic => scale.name().to_owned(),
            _ => format!("{} {scale}", KEYS[usize::from(key)]),
        })
    }
}

/// The pitch class of a name such as "C", "f#", "Bb" or "E♭".
#[must_use]
pub fn key_from_name(name: &str) -> Option<u8> {
    let mut chars = name.trim().chars();
    let letter = chars.next()?.to_ascii_uppercase();
    let (_, class) = [('C', 0), ('D', 2), ('E', 4), ('F', 5), ('G', 7), ('A', 9), ('B', 11)]
        .into_iter()
        .find(|(l, _)| *l == letter)?;
    let shift = match chars.as_str() {
        "" => 0,
        "#" | "♯" => 1,
        "b" | "♭" => 11,
        _ => return None,
    };
    Some((class + shift) % 12)
}

/// A MIDI pitch's name: 60 is "C3", 0 is "C-2", 127 is "G8".
#[must_use]
pub fn pitch_name(pitch: u8) -> String {
    format!("{}{}", KEYS[usize::from(pitch % 12)], i16::from(pitch / 12) - 2)
}

/// The MIDI pitch of a name such as "C3" (60), "F#-1" or "Bb4", or of a plain number 0..=127.
#[must_use]
pub fn pitch_from_name(name: &str) -> Option<u8> {
    let name = name.trim();
    if let Ok(number) = name.parse::<u8>() {
        return (number < 128).then_some(number);
    }
    let octave_at = name.find(|c: char| c == '-' || c.is_ascii_digit())?;
    let (key, octave) = name.split_at(octave_at);
    let octave: i16 = octave.parse().ok().filter(|o| (-3..=9).contains(o))?;
    let class = i16::from(key_from_name(key)?);
    // "Cb3" is the B below C3, "B#3" the C above B3.
    let wrap = match (key.as_bytes()[0].to_ascii_uppercase(), class) {
        (b'C', 11) => -12,
        (b'B', 0) => 12,
        _ => 0,
    };
    u8::try_from((octave + 2) * 12 + class + wrap).ok().filter(|p| *p < 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pitch_name_leads_back() {
        for pitch in 0..128 {
            assert_eq!(pitch_from_name(&pitch_name(pitch)), Some(pitch));
        }
        assert_eq!(pitch_name(60), "C3");
        assert_eq!(pitch_from_name("Cb3"), Some(59));
        assert_eq!(pitch_from_name("B#2"), Some(60));
        assert_eq!(pitch_from_name("64"), Some(64));
        for wrong in ["", "H3", "C", "C99", "G#8", "128", "-1", "é3", "C-3"] {
            assert_eq!(pitch_from_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_scale_name_leads_back_to_its_pitch_classes() {
        for scale in Scale::ALL {
            assert_eq!(Scale::from_name(&scale.name().to_uppercase()), Some(scale));
            for key in 0..12 {
                let classes = scale.in_key(key);
                assert!(classes.contains(key + 60));
                let name = classes.name().expect("a scale has a name");
                assert_eq!(PitchClasses::from_name(&name), Some(classes), "{name}");
            }
        }
    }

    #[test]
    fn known_scales() {
        let classes = |name| PitchClasses::from_name(name).map(|c| c.0);
        assert_eq!(classes("C major"), Some(0b1010_1011_0101));
        assert_eq!(classes("A minor"), classes("C major"));
        assert_eq!(classes("D dorian"), classes("C major"));
        assert_eq!(classes("Eb minor pentatonic"), classes("F# major pentatonic"));
        assert_eq!(classes("chromatic"), Some(0xFFF));
        assert_eq!(classes("C klingon"), None);
        assert_eq!(PitchClasses(1).name(), None);
    }
}
