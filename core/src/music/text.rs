//! Primers as text: `[(36,42),(),(42,)]` for drums, `[60,-2,67,-1]` for a melody, as Magenta's command lines take
//! them.
//!
//! Any thread. Python's notation for lists of numbers, no more: round or square brackets, commas, a comma after the
//! last item if one likes, quotes around the whole, and the outer brackets may be missing. One item is one step, a
//! 16th note. As in Python, `(36)` is the number 36; a step with one drum is `(36,)` or `[36]`.

use super::{Clip, ClipKind, Meter, MeterMap, Note, Song, Ticks, Track, tick_of_step};
use std::str::FromStr;

/// Most steps.
pub const MAX_STEPS: usize = 65_536;

/// Steps of a quarter note.
const STEPS_PER_QUARTER: u32 = 4;

/// Velocity of all notes: the reference's.
const VELOCITY: u8 = 100;

/// Why a text is no primer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No steps.
    #[error("the text primer has no steps; it must have at least one, e.g. [60] or [(36,)]")]
    Empty,
    /// Something that does not belong there; holds its position in characters from 1 and what was expected.
    #[error("the text primer makes no sense at character {at}: expected {expected}")]
    Syntax {
        /// Position from 1.
        at: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// Numbers and groups in one list.
    #[error(
        "step {0} does not fit the others: a drum step is written (36,42) or (36,) or (), a melody step 60"
    )]
    Mixed(usize),
    /// No drum sound; holds step from 1 and number.
    #[error("step {0}: {1} is not a MIDI pitch (0–127)")]
    Pitch(usize, i64),
    /// No melody event; holds step from 1 and number.
    #[error("step {0}: {1} is neither a pitch (0–127) nor -1 (note off) nor -2 (no event)")]
    Event(usize, i64),
    /// More than [`MAX_STEPS`].
    #[error("the text primer has more than {MAX_STEPS} steps")]
    TooLong,
}

/// A primer, one item per 16th note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPrimer {
    /// Pitches struck on each step, ascending, each once.
    Drums(Vec<Vec<u8>>),
    /// Events of a melody: a pitch, -1 = note off, -2 = the note or rest goes on.
    Melody(Vec<i32>),
}

impl FromStr for TextPrimer {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let items = Parser::new(text).primer()?;
        let Some(first) = items.first() else { return Err(TextError::Empty) };
        let drums = matches!(first, Item::Group(_));
        if let Some(i) = items.iter().position(|i| matches!(i, Item::Group(_)) != drums) {
            return Err(TextError::Mixed(i + 1));
        }
        if drums {
            let steps = items.into_iter().enumerate().map(|(i, item)| item.pitches(i + 1));
            return Ok(Self::Drums(steps.collect::<Result<_, _>>()?));
        }
        let steps = items.into_iter().enumerate().map(|(i, item)| item.event(i + 1));
        Ok(Self::Melody(steps.collect::<Result<_, _>>()?))
    }
}

impl TextPrimer {
    /// Number of steps, at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a primer is never empty")]
    pub fn len(&self) -> usize {
        match self {
            Self::Drums(steps) => steps.len(),
            Self::Melody(steps) => steps.len(),
        }
    }

    /// Exact length in ticks.
    #[must_use]
    pub fn length(&self) -> Ticks {
        tick(self.len())
    }

    /// The notes. A drum hit lasts one step; a melody's note lasts until the next event that is not -2, or to the
    /// primer's end. -1 where no note sounds means nothing.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        match self {
            Self::Drums(steps) => {
                let hit = |step| move |&pitch| note(step, pitch, step + 1);
                steps.iter().enumerate().flat_map(|(step, pitches)| pitches.iter().map(hit(step))).collect()
            }
            Self::Melody(events) => {
                let mut notes: Vec<Note> = Vec::new();
                let mut sounding = None;
                let closing = std::iter::once((events.len(), -1));
                for (step, event) in events.iter().copied().enumerate().chain(closing) {
                    if event == -2 {
                        continue;
                    }
                    if let Some((from, pitch)) = sounding.take() {
                        notes.push(note(from, pitch, step));
                    }
                    sounding = u8::try_from(event).ok().map(|pitch| (step, pitch));
                }
                notes
            }
        }
    }

    /// The primer as a clip of its exact length, which may end within a bar.
    #[must_use]
    pub fn clip(&self) -> Clip {
        Clip {
            name: String::new(),
            kind: self.kind(),
            notes: self.notes(),
            length: self.length(),
            meter: Meter::COMMON,
            tempo: None,
        }
    }

    /// The primer as a song of one track; of none if it has no notes.
    #[must_use]
    pub fn song(&self) -> Song {
        let (kind, notes, end) = (self.kind(), self.notes(), self.length());
        let channel = if kind == ClipKind::Drums { 10 } else { 1 };
        let track = Track { name: "Text primer".into(), channel, program: None, kind, notes, end };
        Song {
            tracks: if track.notes.is_empty() { Vec::new() } else { vec![track] },
            meters: MeterMap::default(),
            length: end,
            exact_length: true,
            ..Song::default()
        }
    }

    fn kind(&self) -> ClipKind {
        match self {
            Self::Drums(_) => ClipKind::Drums,
            Self::Melody(_) => ClipKind::Melody,
        }
    }
}

fn tick(step: usize) -> Ticks {
    tick_of_step(i64::try_from(step).unwrap_or(i64::MAX), STEPS_PER_QUARTER)
}

fn note(from: usize, pitch: u8, to: usize) -> Note {
    Note { start: tick(from), pitch, length: tick(to) - tick(from), velocity: VELOCITY }
}

/// An item of the outer list.
enum Item {
    Number(i64),
    Group(Vec<i64>),
}

impl Item {
    fn pitches(self, step: usize) -> Result<Vec<u8>, TextError> {
        let Self::Group(numbers) = self else { return Err(TextError::Mixed(step)) };
        let pitch = |n: i64| u8::try_from(n).ok().filter(|&p| p < 128).ok_or(TextError::Pitch(step, n));
        let mut pitches: Vec<u8> = numbers.into_iter().map(pitch).collect::<Result<_, _>>()?;
        pitches.sort_unstable();
        pitches.dedup();
        Ok(pitches)
    }

    fn event(self, step: usize) -> Result<i32, TextError> {
        let Self::Number(n) = self else { return Err(TextError::Mixed(step)) };
        i32::try_from(n).ok().filter(|n| (-2..=127).contains(n)).ok_or(TextError::Event(step, n))
    }
}

/// Reads lists of numbers; the deepest nesting is a group within the outer list.
struct Parser {
    chars: Vec<char>,
    at: usize,
    /// Numbers read so far.
    numbers: usize,
}

impl Parser {
    fn new(text: &str) -> Self {
        let quotes = ['"', '\''];
        let text = text.trim();
        let inner = quotes.iter().find_map(|&q| text.strip_prefix(q)?.strip_suffix(q)).unwrap_or(text);
        Self { chars: inner.chars().collect(), at: 0, numbers: 0 }
    }

    fn syntax<T>(&self, expected: &'static str) -> Result<T, TextError> {
        Err(TextError::Syntax { at: self.at + 1, expected })
    }

    /// The next character that is no blank, without taking it.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The whole text: a list in brackets, or one whose brackets are missing.
    fn primer(&mut self) -> Result<Vec<Item>, TextError> {
        if self.peek().is_none() {
            return Err(TextError::Empty);
        }
        let bracketed = self.try_bracketed()?;
        let items = match bracketed {
            Some(items) => items,
            None => self.items(None)?.0,
        };
        match self.peek() {
            None => Ok(items),
            Some(_) => self.syntax("the end, or a comma"),
        }
    }

    /// The list, if one pair of brackets goes around the whole text.
    fn try_bracketed(&mut self) -> Result<Option<Vec<Item>>, TextError> {
        let close = match self.peek() {
            Some('[') => ']',
            Some('(') => ')',
            _ => return Ok(None),
        };
        let start = self.at;
        self.at += 1;
        let (items, comma) = self.items(Some(close))?;
        let whole = self.peek().is_none();
        // "(36,42),()" is a list without brackets. "(36,42)" alone is a tuple of two numbers: a melody.
        if whole && (close == ']' || comma || items.len() != 1) {
            return Ok(Some(items));
        }
        self.at = start;
        self.numbers = 0;
        Ok(None)
    }

    /// Items up to and including the closing bracket (or the text's end), and whether there was a comma.
    fn items(&mut self, close: Option<char>) -> Result<(Vec<Item>, bool), TextError> {
        let (mut items, mut comma) = (Vec::new(), false);
        loop {
            match (self.peek(), close) {
                (None, None) => return Ok((items, comma)),
                (found, Some(close)) if found == Some(close) => {
                    self.at += 1;
                    return Ok((items, comma));
                }
                _ => {}
            }
            if items.len() >= MAX_STEPS {
                return Err(TextError::TooLong);
            }
            items.push(self.item()?);
            if self.take(',') {
                comma = true;
                continue;
            }
            match (self.peek(), close) {
                (None, None) => {}
                (found, Some(close)) if found == Some(close) => {}
                _ => return self.syntax("a comma or a closing bracket"),
            }
        }
    }

    fn item(&mut self) -> Result<Item, TextError> {
        let close = match self.peek() {
            Some('(') => ')',
            Some('[') => ']',
            _ => return Ok(Item::Number(self.number()?)),
        };
        self.at += 1;
        let (mut numbers, mut comma) = (Vec::new(), false);
        while !self.take(close) {
            numbers.push(self.number()?);
            if self.take(',') {
                comma = true;
            } else if self.peek() != Some(close) {
                return self.syntax("a comma or a closing bracket");
            }
        }
        // Brackets around one number without a comma change nothing.
        match numbers.as_slice() {
            [only] if close == ')' && !comma => Ok(Item::Number(*only)),
            _ => Ok(Item::Group(numbers)),
        }
    }

    fn number(&mut self) -> Result<i64, TextError> {
        let sign = match self.peek() {
            Some('-') => -1,
            _ => 1,
        };
        let start = self.at;
        if matches!(self.peek(), Some('-' | '+')) {
            self.at += 1;
        }
        let mut value: Option<i64> = None;
        while let Some(digit) = self.chars.get(self.at).and_then(|c| c.to_digit(10)) {
            value = Some(value.unwrap_or(0).saturating_mul(10).saturating_add(digit.into()));
            self.at += 1;
        }
        self.numbers += 1;
        if self.numbers > 128 * MAX_STEPS {
            return Err(TextError::TooLong);
        }
        match value {
            Some(value) => Ok(sign * value),
            None => {
                self.at = start;
                self.syntax("a whole number or a bracket")
            }
        }
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
