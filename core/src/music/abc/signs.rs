//! The signs of a line of music: notes, chords, bar lines and all that stands between them.

use super::AbcError;
use super::field;
use super::line::Ratio;
use super::tune::{MAX_TEXT, Tune};

/// Largest number in a length.
const MAX_NUMBER: i64 = 1024;

/// Reads a line of music.
pub(super) struct Reader<'t> {
    tune: &'t mut Tune,
    chars: Vec<char>,
    at: usize,
}

impl<'t> Reader<'t> {
    /// Of a line; fields in it change the tune.
    pub fn new(tune: &'t mut Tune, line: &str) -> Self {
        Self { tune, chars: line.chars().collect(), at: 0 }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn ignore(&mut self, what: &'static str) {
        self.tune.score.ignored.count(what);
    }

    /// Number of times that `wanted` stands here; moves past them.
    fn run(&mut self, wanted: char) -> usize {
        let start = self.at;
        while self.peek(0) == Some(wanted) {
            self.at += 1;
        }
        self.at - start
    }

    /// A whole number here, at most [`MAX_NUMBER`].
    fn number(&mut self) -> Option<i64> {
        let mut value = None;
        while let Some(digit) = self.peek(0).and_then(|c| c.to_digit(10)) {
            value = Some((value.unwrap_or(0) * 10 + i64::from(digit)).min(MAX_NUMBER));
            self.at += 1;
        }
        value
    }

    /// The text up to `close`, which is passed over, too.
    fn until(&mut self, open: char, close: char) -> Result<String, AbcError> {
        let rest = &self.chars[self.at..];
        let Some(length) = rest.iter().position(|&c| c == close) else {
            return Err(AbcError::Unclosed { line: self.tune.number, open });
        };
        let text = rest[..length].iter().collect();
        self.at += length + 1;
        Ok(text)
    }

    /// Writes the line's music into the present voice.
    ///
    /// # Errors
    /// Brackets without an end, fields that make no sense, music that is too long.
    pub fn music(mut self) -> Result<(), AbcError> {
        while let Some(c) = self.peek(0) {
            match c {
                'A'..='G' | 'a'..='g' | '^' | '_' | '=' => self.note()?,
                '|' | ':' => self.bar_line()?,
                '[' if self.peek(1) == Some('|') => self.bar_line()?,
                '[' if self.peek(1).is_some_and(|c| c.is_ascii_digit()) => {
                    self.at += 1;
                    self.ending()?;
                }
                '[' if self.peek(2) == Some(':') && self.peek(1).is_some_and(|c| c.is_ascii_alphabetic()) => {
                    self.at += 1;
                    let field = self.until('[', ']')?;
                    let letter = field.chars().next().unwrap_or('r');
                    self.tune.field(letter, field[2..].trim())?;
                }
                '[' => self.chord()?,
                'z' | 'x' => {
                    self.at += 1;
                    let length = self.length();
                    self.tune.now()?.write(&[], length)?;
                }
                'Z' | 'X' => {
                    self.at += 1;
                    let bars = self.number().unwrap_or(1);
                    self.tune.now()?.rest_bars(bars)?;
                }
                '(' if self.peek(1).is_some_and(|c| c.is_ascii_digit()) => self.tuplet()?,
                '>' | '<' => {
                    let count = i32::try_from(self.run(c)).unwrap_or(i32::MAX);
                    self.tune.now()?.break_rhythm(if c == '>' { count } else { -count });
                }
                '-' => {
                    self.at += 1;
                    self.tune.now()?.tie();
                }
                '"' => {
                    self.at += 1;
                    let text = self.until('"', '"')?;
                    self.chord_symbol(&text)?;
                }
                '{' => {
                    self.at += 1;
                    let notes = self.until('{', '}')?;
                    for _ in notes.chars().filter(|c| matches!(c, 'A'..='G' | 'a'..='g')) {
                        self.ignore("grace notes");
                    }
                }
                '!' | '+' => self.decoration(c),
                '&' => {
                    self.ignore("second voices within a bar (&)");
                    while self.peek(0).is_some_and(|c| c != '|' && c != ':') {
                        self.at += 1;
                    }
                }
                'y' => {
                    self.at += 1;
                    self.number();
                }
                '.' if self.peek(1) == Some('|') => self.at += 1,
                '.' | '~' | 'H'..='W' | 'h'..='w' => {
                    self.at += 1;
                    self.ignore("decorations");
                }
                // Slurs, blanks and signs for the engraver.
                '(' | ')' | ' ' | '\t' | '`' | '\\' | '$' | '*' => self.at += 1,
                _ => {
                    self.at += 1;
                    self.ignore("unknown signs");
                }
            }
        }
        Ok(())
    }

    /// A length such as `3`, `/2`, `3/2`, `//`; 1 if there is none.
    fn length(&mut self) -> Ratio {
        let n = self.number().filter(|&n| n > 0).unwrap_or(1);
        let slashes = u32::try_from(self.run('/')).unwrap_or(0);
        let d = match (slashes, self.number()) {
            (0, _) => 1,
            (1, Some(d)) if d > 0 => d,
            (slashes, _) => 1 << slashes.min(10),
        };
        (n, d)
    }

    /// Accidental, letter and octave here; the pitch if it is one.
    fn pitch(&mut self) -> Result<Option<u8>, AbcError> {
        let mut signs = String::new();
        while let Some(sign) = self.peek(0).filter(|c| matches!(c, '^' | '_' | '=')) {
            signs.push(sign);
            self.at += 1;
        }
        let letter = self.peek(0).filter(|c| matches!(c, 'A'..='G' | 'a'..='g'));
        let accidental = field::accidental(&signs);
        let (Some(letter), true) = (letter, signs.is_empty() || accidental.is_some()) else {
            self.ignore("unknown signs");
            return Ok(None);
        };
        self.at += 1;
        let index = usize::from(letter.to_ascii_uppercase() as u8 - b'A');
        let mut c_of_octave = if letter.is_ascii_lowercase() { 72 } else { 60 };
        while let Some(mark @ ('\'' | ',')) = self.peek(0) {
            c_of_octave += if mark == ',' { -12 } else { 12 };
            self.at += 1;
        }
        let pitch = self.tune.now()?.pitch(index, c_of_octave, accidental);
        if pitch.is_none() {
            self.ignore("notes outside MIDI's range");
        }
        Ok(pitch)
    }

    fn note(&mut self) -> Result<(), AbcError> {
        let start = self.at;
        let pitch = self.pitch()?;
        // An accidental without a letter is no note and takes no time.
        if pitch.is_none() && !self.chars[start..self.at].iter().any(char::is_ascii_alphabetic) {
            return Ok(());
        }
        let length = self.length();
        let tied = self.peek(0) == Some('-');
        self.at += usize::from(tied);
        let notes: Vec<_> = pitch.map(|p| (p, tied)).into_iter().collect();
        Ok(self.tune.now()?.write(&notes, length)?)
    }

    /// Notes in brackets; the first one's length is the chord's.
    fn chord(&mut self) -> Result<(), AbcError> {
        let open = self.tune.number;
        self.at += 1;
        let mut notes = Vec::new();
        let mut length: Option<Ratio> = None;
        loop {
            match self.peek(0) {
                None => return Err(AbcError::Unclosed { line: open, open: '[' }),
                Some(']') => break,
                Some('A'..='G' | 'a'..='g' | '^' | '_' | '=') => {
                    let pitch = self.pitch()?;
                    let own = self.length();
                    if length.is_some_and(|first| first != own) {
                        self.ignore("lengths of their own in chords");
                    }
                    length = length.or(Some(own));
                    let tied = self.peek(0) == Some('-');
                    self.at += usize::from(tied);
                    notes.extend(pitch.map(|p| (p, tied)));
                }
                Some(' ') => self.at += 1,
                Some(_) => {
                    self.at += 1;
                    self.ignore("unknown signs");
                }
            }
        }
        self.at += 1;
        let (n, d) = length.unwrap_or((1, 1));
        let times = self.length();
        notes.dedup_by_key(|n| n.0);
        Ok(self.tune.now()?.write(&notes, (n * times.0, d * times.1))?)
    }

    /// `(p:q:r`: the next r notes play p in the time of q.
    fn tuplet(&mut self) -> Result<(), AbcError> {
        self.at += 1;
        let p = self.number().unwrap_or(0);
        let mut parts = [None, None];
        for part in &mut parts {
            if self.peek(0) == Some(':') {
                self.at += 1;
                *part = self.number();
            }
        }
        let compound =
            self.tune.now()?.meter.is_some_and(|m| m.numerator > 3 && m.numerator.is_multiple_of(3));
        let usual = match p {
            3 | 6 => 2,
            2 | 4 | 8 => 3,
            _ if compound => 3,
            _ => 2,
        };
        let q = parts[0].filter(|&q| q > 0).unwrap_or(usual);
        let r = parts[1].filter(|&r| r > 0).unwrap_or(p);
        let small = |n: i64| u32::try_from(n).unwrap_or(1);
        if p > 0 {
            self.tune.now()?.tuplet(small(p), small(q), small(r));
        }
        Ok(())
    }

    fn chord_symbol(&mut self, text: &str) -> Result<(), AbcError> {
        let figure: String = text.trim().chars().take(MAX_TEXT).collect();
        // Text for the reader starts with a sign that says where it is put.
        if !figure.is_empty() && !figure.starts_with(['^', '_', '<', '>', '@']) {
            let line = self.tune.now()?;
            let at = line.tick();
            line.bar().chords.push((at, figure));
        }
        Ok(())
    }

    /// `!trill!` or, in old files, `+trill+`. A lone sign is an old line break.
    fn decoration(&mut self, sign: char) {
        self.at += 1;
        let rest = &self.chars[self.at..];
        let Some(length) = rest.iter().position(|&c| c == sign) else {
            return self.ignore("unknown signs");
        };
        let word: String = rest[..length].iter().collect();
        self.at += length + 1;
        let jump = ["D.C.", "D.S.", "dacapo", "dacoda", "fine", "coda", "segno", "D.C.alcoda", "D.C.alfine"];
        self.ignore(match jump.contains(&word.as_str()) {
            true => "jumps (D.C., D.S., coda)",
            false => "decorations",
        });
    }

    /// Bar lines with or without dots, and the number of an ending right after them.
    fn bar_line(&mut self) -> Result<(), AbcError> {
        let start = self.at;
        while let Some(c) = self.peek(0) {
            let before = self.at.checked_sub(1).filter(|&b| b >= start).map(|b| self.chars[b]);
            let belongs = match c {
                '|' | ':' => true,
                ']' => before == Some('|'),
                '[' => self.peek(1) == Some('|'),
                _ => false,
            };
            if !belongs {
                break;
            }
            self.at += 1;
        }
        let signs: String = self.chars[start..self.at].iter().collect();
        let (ends, starts) = match (signs.find('|'), signs.rfind('|')) {
            (Some(first), Some(last)) => {
                (signs[..first].matches(':').count(), signs[last..].matches(':').count())
            }
            _ if signs.len() > 1 => (signs.len() / 2, signs.len() / 2),
            _ => {
                self.ignore("unknown signs");
                return Ok(());
            }
        };
        let closes = ends > 0 || starts > 0 || signs.contains("||") || signs.contains([']', '[']);
        let times = if ends > 0 { u32::try_from(ends).unwrap_or(1).saturating_add(1) } else { 0 };
        let line = self.tune.now()?;
        line.bar_line(times, closes);
        if starts > 0 {
            line.start_repeat();
        }
        if self.peek(0).is_some_and(|c| c.is_ascii_digit()) {
            self.ending()?;
        }
        Ok(())
    }

    /// The numbers of an ending: `1`, `1,3`, `1-3`.
    fn ending(&mut self) -> Result<(), AbcError> {
        let mut numbers: Vec<u32> = Vec::new();
        while let Some(from) = self.number() {
            let mut to = from;
            if self.peek(0) == Some('-') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1;
                to = self.number().unwrap_or(from);
            }
            numbers.extend((from..=to.min(from + 99)).filter_map(|n| u32::try_from(n).ok()));
            let goes_on = self.peek(0) == Some(',') && self.peek(1).is_some_and(|c| c.is_ascii_digit());
            if !goes_on || numbers.len() > 100 {
                break;
            }
            self.at += 1;
        }
        self.tune.now()?.ending(numbers);
        Ok(())
    }
}
