//! Chord symbols: “F#m7b5/E” ↔ root, bass, pitch classes, quality; transposition that keeps the spelling.
//!
//! Pure; any thread. Source: `spec` 5 of the note-model notes, whose grammar reads a symbol as root, kind,
//! modifications and bass; held to it by the golden file `b_chords.json`.

use super::PitchClasses;
use super::chord_kinds::{Degree, KINDS, Modification, modify, read_modifications};
use std::fmt;

/// The figure that means: no chord here.
pub const NO_CHORD: &str = "N.C.";

/// Longest figure in bytes: a damaged file must not make us parse a novel.
const MAX_FIGURE: usize = 64;

/// Why a text is no chord.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChordError {
    /// Not a chord symbol.
    #[error("“{0}” is no chord symbol: write chords like C, Am7, F#m7b5 or G/B, and {NO_CHORD} for none")]
    Symbol(String),
    /// Adds what is there or takes away what is not.
    #[error("“{figure}” contradicts itself at degree {degree}")]
    Degree {
        /// The symbol.
        figure: String,
        /// The degree added twice or taken away without being there.
        degree: u8,
    },
}

/// What the triad of a chord is. Sevenths and more do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChordQuality {
    /// Major third, perfect fifth.
    Major,
    /// Minor third, perfect fifth.
    Minor,
    /// Major third, augmented fifth.
    Augmented,
    /// Minor third, diminished fifth.
    Diminished,
    /// Anything else: suspended, without third …
    Other,
}

/// How a chord sounds, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Pitch class of the root (0 = C).
    pub root: u8,
    /// Pitch class of the lowest note.
    pub bass: u8,
    /// Pitch classes of the chord, without the bass if it is foreign to it.
    pub pitches: PitchClasses,
    /// Its triad.
    pub quality: ChordQuality,
}

impl Chord {
    /// The chord of a figure; `None` for [`NO_CHORD`].
    ///
    /// # Errors
    /// As [`ChordError`].
    pub fn of_figure(figure: &str) -> Result<Option<Self>, ChordError> {
        if figure == NO_CHORD {
            return Ok(None);
        }
        ChordSymbol::parse(figure)?.chord().map(Some)
    }
}

/// A note name: letter and accidentals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    /// 0 = A … 6 = G.
    letter: usize,
    /// Sharps, or negative flats.
    alteration: i32,
}

/// Pitch class of each letter, from A on.
const CLASSES: [i32; 7] = [9, 11, 0, 2, 4, 5, 7];
/// Semitones from each letter to the next, from A on.
const GAPS: [u8; 7] = [2, 1, 2, 2, 1, 2, 2];

impl Name {
    /// The name at the front of `text`, and the rest. Sharps and flats do not mix.
    fn read(text: &str) -> Option<(Self, &str)> {
        let letter = text.bytes().next().filter(|b| (b'A'..=b'G').contains(b))?;
        let rest = &text[1..];
        let sign = rest.chars().next().filter(|&c| c == '#' || c == 'b');
        let signs = sign.map_or(0, |sign| rest.chars().take_while(|&c| c == sign).count());
        let rest = &rest[signs..];
        if rest.starts_with(['#', 'b']) {
            return None;
        }
        let count = i32::try_from(signs).ok()?;
        let alteration = if sign == Some('b') { -count } else { count };
        Some((Self { letter: usize::from(letter - b'A'), alteration }, rest))
    }

    fn class(self) -> u8 {
        (CLASSES[self.letter] + self.alteration).rem_euclid(12) as u8
    }

    /// `up` semitones (0..=11) higher, spelled as the reference does: from above with a flat, unless the name
    /// has flats already.
    fn transposed(mut self, mut up: u8) -> Self {
        while up >= GAPS[self.letter] {
            up -= GAPS[self.letter];
            self.letter = (self.letter + 1) % 7;
        }
        if up > 0 && self.alteration >= 0 {
            self.alteration += i32::from(up) - i32::from(GAPS[self.letter]);
            self.letter = (self.letter + 1) % 7;
        } else {
            self.alteration += i32::from(up);
        }
        self
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["A", "B", "C", "D", "E", "F", "G"][self.letter])?;
        let sign = if self.alteration < 0 { "b" } else { "#" };
        (0..self.alteration.abs()).try_for_each(|_| f.write_str(sign))
    }
}

/// A chord symbol as it is written. Displays as its figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChordSymbol {
    root: Name,
    /// Kind and modifications as written.
    middle: String,
    kind: &'static [Degree],
    modifications: Vec<Modification>,
    bass: Option<Name>,
}

impl ChordSymbol {
    /// Reads a figure. [`NO_CHORD`] is none.
    ///
    /// # Errors
    /// [`ChordError::Symbol`]. A figure that contradicts itself still reads; [`Self::chord`] tells.
    pub fn parse(figure: &str) -> Result<Self, ChordError> {
        let wrong = || ChordError::Symbol(figure.chars().take(MAX_FIGURE).collect());
        if figure.len() > MAX_FIGURE {
            return Err(wrong());
        }
        let (root, rest) = Name::read(figure).ok_or_else(wrong)?;
        // The first kind that lets the whole figure be read wins.
        let spellings = KINDS.iter().flat_map(|(names, degrees)| names.iter().map(move |n| (*n, *degrees)));
        let read = |(name, kind): (&str, &'static [Degree])| {
            let (modifications, tail) = read_modifications(rest.strip_prefix(name)?);
            let bass = match tail.strip_prefix('/') {
                Some(bass) => Some(Name::read(bass).filter(|(_, rest)| rest.is_empty())?.0),
                None if tail.is_empty() => None,
                None => return None,
            };
            let middle = rest[..rest.len() - tail.len()].to_owned();
            Some(Self { root, middle, kind, modifications, bass })
        };
        spellings.into_iter().find_map(read).ok_or_else(wrong)
    }

    /// Pitch class of the root.
    #[must_use]
    pub fn root(&self) -> u8 {
        self.root.class()
    }

    /// Pitch class of the lowest note.
    #[must_use]
    pub fn bass(&self) -> u8 {
        self.bass.unwrap_or(self.root).class()
    }

    /// How it sounds.
    ///
    /// # Errors
    /// [`ChordError::Degree`].
    pub fn chord(&self) -> Result<Chord, ChordError> {
        let degrees = modify(self.kind, &self.modifications)
            .map_err(|degree| ChordError::Degree { figure: self.to_string(), degree })?;
        let root = self.root();
        let pitches = degrees.iter().fold(0, |set, d| set | 1u16 << d.pitch_class(root));
        let alteration = |n: u8| degrees.iter().find(|d| d.number == n).map(|d| d.alteration);
        let quality = match (alteration(1), alteration(3), alteration(5)) {
            (Some(0), Some(0), Some(0)) => ChordQuality::Major,
            (Some(0), Some(-1), Some(0)) => ChordQuality::Minor,
            (Some(0), Some(0), Some(1)) => ChordQuality::Augmented,
            (Some(0), Some(-1), Some(-1)) => ChordQuality::Diminished,
            _ => ChordQuality::Other,
        };
        Ok(Chord { root, bass: self.bass(), pitches: PitchClasses(pitches), quality })
    }

    /// The symbol `semitones` higher (any number; octaves do not matter).
    #[must_use]
    pub fn transposed(&self, semitones: i32) -> Self {
        let up = semitones.rem_euclid(12) as u8;
        let bass = self.bass.map(|b| b.transposed(up));
        Self { root: self.root.transposed(up), bass, ..self.clone() }
    }
}

impl fmt::Display for ChordSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.root, self.middle)?;
        self.bass.map_or(Ok(()), |bass| write!(f, "/{bass}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chord(figure: &str) -> Chord {
        Chord::of_figure(figure).expect(figure).expect("a chord")
    }

    #[test]
    fn the_first_kind_that_reads_everything_wins() {
        // m7 + b5, not a kind of its own; 6 + bass 9 fails, so 6/9 it is.
        assert_eq!(chord("Gm7b5").pitches, chord("G/o7").pitches);
        assert_eq!(chord("C6/9").pitches.0, 0b10_1001_0101, "C D E G A");
        assert_eq!(chord("C6/G").bass, 7);
    }

    #[test]
    fn accidentals_belong_to_the_root() {
        assert_eq!(chord("Bb").root, 10);
        assert_eq!(chord("Cb5"), Chord { quality: ChordQuality::Other, ..chord("B5") });
        assert_eq!(chord("Cbb").root, 10);
        for wrong in ["", "H", "C#b", "Cb#", "C/", "C/G7", "Cm7b5b5x", "c", "N.C.", "♭", "Cé"] {
            assert!(ChordSymbol::parse(wrong).is_err(), "{wrong}");
        }
        assert!(ChordSymbol::parse(&format!("C{}", "#".repeat(200))).is_err());
    }

    #[test]
    fn contradictions_are_named() {
        let error = Chord::of_figure("C(add3)").expect_err("has a third");
        assert_eq!(error, ChordError::Degree { figure: "C(add3)".into(), degree: 3 });
        assert!(Chord::of_figure("C(no7)").is_err());
        assert_eq!(Chord::of_figure(NO_CHORD), Ok(None));
    }

    #[test]
    fn added_sevenths_are_minor() {
        assert_eq!(chord("C(add7)").pitches, chord("C7").pitches);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,12}") {
            if let Ok(symbol) = ChordSymbol::parse(&text) {
                prop_assert_eq!(symbol.to_string(), text);
            }
        }

        #[test]
        fn likely_text_survives_and_transposes(
            root in "[A-G](#{0,3}|b{0,3})", kind in "(|m|maj7|o7|\\+|sus4|6/9)(\\(add9\\)|\\(b5\\)|\\(#11\\))?",
            bass in "(|/[A-G]b?)", by in -30i32..30,
        ) {
            let figure = format!("{root}{kind}{bass}");
            let symbol = ChordSymbol::parse(&figure).expect("a chord");
            prop_assert_eq!(symbol.to_string(), figure);
            let moved = symbol.transposed(by);
            let up = |class: u8| (i32::from(class) + by).rem_euclid(12) as u8;
            prop_assert_eq!((moved.root(), moved.bass()), (up(symbol.root()), up(symbol.bass())));
            let again = ChordSymbol::parse(&moved.to_string()).expect("still a chord");
            let quality = |s: &ChordSymbol| s.chord().ok().map(|c| c.quality);
            prop_assert_eq!(quality(&again), quality(&symbol));
        }
    }
}
