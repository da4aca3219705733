//! Text of a tune → [`Score`]: lines, fields and voices. The signs of the music are read in [`Reader`].

use super::AbcError;
use super::field::{self, Key};
use super::line::{Line, Ratio};
use super::signs::Reader;
use crate::music::score::{Bar, Score, Voice};
use crate::music::{ClipKind, Meter, micros_per_quarter};

/// Most voices.
const MAX_VOICES: usize = 32;

/// Longest name or chord symbol, in characters.
pub(super) const MAX_TEXT: usize = 100;

/// Fields that may stand between lines of music. Others are music there, e.g. the line `G:|`.
const BODY_FIELDS: &str = "IKLMNPQRTUVWmrsw";

/// A tune while it is read.
#[derive(Default)]
pub(super) struct Tune {
    /// What has been read.
    pub score: Score,
    lines: Vec<Line>,
    current: usize,
    key: Option<Key>,
    meter: Option<Meter>,
    unit: Option<Ratio>,
    /// Q: of the header, read when the unit length is known.
    tempo: Option<String>,
    /// The line being read, from 1.
    pub number: usize,
    /// `K:` has been read: what follows is music.
    in_body: bool,
}

/// The score of the first tune.
pub(super) fn score(text: &str) -> Result<Score, AbcError> {
    let mut tune = Tune::default();
    let mut more_tunes = 0;
    let mut over = false;
    for (i, raw) in text.lines().enumerate() {
        tune.number = i + 1;
        if raw.starts_with("%%") {
            tune.score.ignored.count("“%%” instructions");
            continue;
        }
        let line = raw.split_once('%').map_or(raw, |(music, _)| music).trim();
        if line.starts_with("X:") && tune.in_body {
            (over, more_tunes) = (true, more_tunes + 1);
        }
        // An empty line ends a tune; a comment alone does not.
        over |= raw.trim().is_empty() && tune.lines.iter().any(|l| !l.is_empty());
        match (over, line) {
            (_, "") => {}
            (true, _) if more_tunes == 0 => {
                tune.score.ignored.count("lines after the empty line that ends the tune")
            }
            (true, _) => {}
            (false, line) => tune.line(line)?,
        }
    }
    if more_tunes > 0 {
        let notice = format!("The file has {} tunes; the first one is read.", more_tunes + 1);
        tune.score.notices.push(notice);
    }
    tune.finish()
}

/// The value of a `name=value` or `name="some words"` among others.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut search = text;
    loop {
        let at = search.find(name)?;
        let (before, rest) = (&search[..at], &search[at + name.len()..]);
        search = rest;
        if let Some(value) = rest.strip_prefix('=')
            && before.chars().next_back().is_none_or(char::is_whitespace)
        {
            return match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => value.split_whitespace().next(),
            };
        }
    }
}

/// Semitones that `transpose=` and `octave=` ask for.
fn transposition(text: &str) -> i64 {
    let number = |name| parameter(text, name).and_then(|v| v.parse::<i64>().ok()).unwrap_or(0).clamp(-99, 99);
    number("transpose") + 12 * number("octave")
}

impl Tune {
    fn line(&mut self, line: &str) -> Result<(), AbcError> {
        let mut chars = line.chars();
        if let (Some(letter), Some(':')) = (chars.next(), chars.next())
            && (if self.in_body {
                BODY_FIELDS.contains(letter)
            } else {
                letter.is_ascii_alphabetic() || letter == '+'
            })
        {
            return self.field(letter, line[2..].trim());
        }
        // Text between the fields of a header belongs to no tune.
        if self.in_body { Reader::new(self, line).music() } else { Ok(()) }
    }

    fn wrong(&self, letter: char, value: &str) -> AbcError {
        let field = format!("{letter}:{value}").chars().take(40).collect();
        AbcError::Field { line: self.number, field }
    }

    /// A field on a line of its own or within the music.
    ///
    /// # Errors
    /// A value that makes no sense.
    pub fn field(&mut self, letter: char, value: &str) -> Result<(), AbcError> {
        let wrong = || self.wrong(letter, value);
        match letter {
            'T' if self.score.name.is_empty() && !self.in_body => {
                self.score.name = value.chars().take(MAX_TEXT).collect();
            }
            'M' => {
                let meter = field::meter(value).ok_or_else(wrong)?;
                if self.in_body { self.now()?.set_meter(meter) } else { self.meter = meter }
            }
            'L' => {
                let unit = Some(field::fraction(value).ok_or_else(wrong)?);
                if self.in_body { self.now()?.unit = unit } else { self.unit = unit }
            }
            'Q' if self.in_body => self.tempo(value)?,
            'Q' => self.tempo = Some(value.to_owned()),
            'K' => {
                let key = field::key(value).ok_or_else(wrong)?;
                let transpose = transposition(value);
                if self.in_body {
                    let line = self.now()?;
                    // "K:clef=bass" leaves the key as it is.
                    if !value.contains('=') || key != Key::NONE {
                        line.key = key;
                    }
                    if value.contains("transpose=") || value.contains("octave=") {
                        line.transpose = transpose;
                    }
                } else {
                    (self.key, self.in_body) = (Some(key), true);
                    for line in &mut self.lines {
                        (line.key, line.unit) = (key, self.unit);
                        line.set_meter(self.meter);
                        line.transpose += transpose;
                    }
                }
            }
            'V' => self.voice(value)?,
            'P' if !self.in_body => self.score.ignored.count("orders of parts (P:)"),
            'm' | 'U' => self.score.ignored.count("definitions of signs (m:, U:)"),
            's' => self.score.ignored.count("lines of decorations (s:)"),
            // Words, names and remarks do not sound.
            _ => {}
        }
        Ok(())
    }

    fn tempo(&mut self, value: &str) -> Result<(), AbcError> {
        let unit = self.now()?.unit();
        match field::tempo(value, unit).ok_or_else(|| self.wrong('Q', value))? {
            Some(qpm) => {
                let line = self.now()?;
                let mark = (line.tick(), micros_per_quarter(qpm));
                line.bar().tempos.push(mark);
            }
            None => self.score.ignored.count("tempos in words"),
        }
        Ok(())
    }

    /// The voice that is being written.
    pub fn now(&mut self) -> Result<&mut Line, AbcError> {
        if self.lines.is_empty() {
            self.new_voice("1")?;
        }
        let current = self.current.min(self.lines.len() - 1);
        Ok(&mut self.lines[current])
    }

    fn new_voice(&mut self, id: &str) -> Result<usize, AbcError> {
        if self.lines.len() >= MAX_VOICES {
            return Err(self.wrong('V', id));
        }
        let index = self.lines.len();
        let key = self.key.unwrap_or(Key::NONE);
        self.lines.push(Line::new(id.to_owned(), index, key, self.meter, self.unit));
        self.score.voices.push(Voice::default());
        Ok(index)
    }

    /// V: names a voice and, in the music, goes on with it.
    fn voice(&mut self, value: &str) -> Result<(), AbcError> {
        let id: String = value.split_whitespace().next().unwrap_or("").chars().take(MAX_TEXT).collect();
        if id.is_empty() {
            return Err(self.wrong('V', value));
        }
        let index = match self.lines.iter().position(|l| l.id == id) {
            Some(index) => index,
            None => self.new_voice(&id)?,
        };
        let voice = &mut self.score.voices[index];
        if let Some(name) = parameter(value, "name").or_else(|| parameter(value, "nm")) {
            voice.name = name.chars().take(MAX_TEXT).collect();
        }
        if parameter(value, "clef").is_some_and(|c| c.starts_with("perc")) {
            voice.kind = ClipKind::Drums;
        }
        if value.contains("transpose=") || value.contains("octave=") {
            self.lines[index].transpose = transposition(value);
        }
        if self.in_body {
            self.current = index;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Score, AbcError> {
        let Some(key) = self.key else { return Err(AbcError::NoKey) };
        let tempo = match self.tempo.take() {
            Some(value) => {
                let unit = self.unit.unwrap_or_else(|| field::default_length(self.meter));
                let qpm = field::tempo(&value, unit).ok_or_else(|| self.wrong('Q', &value))?;
                if qpm.is_none() {
                    self.score.ignored.count("tempos in words");
                }
                qpm
            }
            None => None,
        };
        let mut score = self.score;
        score.key = key.name;
        for line in self.lines {
            for (i, bar) in line.finish().into_iter().enumerate() {
                match score.bars.get_mut(i) {
                    Some(common) => join(common, bar),
                    None => score.bars.push(bar),
                }
            }
        }
        if let Some((first, qpm)) = score.bars.first_mut().zip(tempo) {
            first.tempos.insert(0, (0, micros_per_quarter(qpm)));
        }
        Ok(score)
    }
}

/// Adds a voice's bar to the bar of the voices before.
fn join(common: &mut Bar, mut bar: Bar) {
    common.length = common.length.max(bar.length);
    common.marks.join(&bar.marks);
    common.notes.append(&mut bar.notes);
    common.chords.append(&mut bar.chords);
    common.tempos.append(&mut bar.tempos);
    common.tempos.sort_by_key(|t| t.0);
    common.meter = common.meter.or(bar.meter);
}
