//! One voice of a tune while it is read: where it is, which bar it fills, what waits to take effect.
//!
//! Positions within a bar are counted in fractions of a tick so fine that tuplets add up exactly.

use super::field::{Accidentals, Key, default_length};
use crate::music::quantise::div_round;
use crate::music::score::{Bar, MAX_TICKS, Marks, ScoreNote, VELOCITY};
use crate::music::{Meter, Note, ScoreError, TICKS_PER_QUARTER, Ticks};

/// Parts of a tick: divisible by every number up to 13.
const FINE: i64 = 360_360;

/// Fine parts of a whole note.
const WHOLE: i64 = 4 * TICKS_PER_QUARTER * FINE;

/// Longest bar, in fine parts.
const MAX_BAR: i64 = MAX_TICKS * FINE;

/// Most bars as written.
const MAX_BARS: usize = 100_000;

/// A positive factor on a length.
pub(super) type Ratio = (i64, i64);

/// What is written last and may still change: a broken rhythm shortens or lengthens it, a tie holds it.
#[derive(Clone, Copy)]
struct Last {
    /// Index of its first note in the bar.
    first_note: usize,
    start: i64,
    length: i64,
}

/// A voice.
pub(super) struct Line {
    /// Its id in V: fields.
    pub id: String,
    /// Bars that are full.
    pub bars: Vec<Bar>,
    /// Key in force.
    pub key: Key,
    /// Meter in force; `None` = free.
    pub meter: Option<Meter>,
    /// Unit length as a fraction of a whole note, if written.
    pub unit: Option<Ratio>,
    /// Semitones that all pitches are moved by.
    pub transpose: i64,
    /// Meter of the last full bar.
    barred: Option<Meter>,
    bar: Bar,
    /// Position in the bar.
    at: i64,
    accidentals: [Option<i8>; 7],
    endings: Vec<u32>,
    last: Option<Last>,
    /// Factor on the next length, from a broken rhythm.
    broken: Option<Ratio>,
    /// Factor of the tuplet and how many notes of it are left.
    tuplet: Option<(Ratio, u32)>,
    index: usize,
}

impl Line {
    /// A voice of the score's index.
    pub fn new(id: String, index: usize, key: Key, meter: Option<Meter>, unit: Option<Ratio>) -> Self {
        Self {
            id,
            bars: Vec::new(),
            key,
            meter,
            unit,
            transpose: 0,
            barred: None,
            bar: Bar { meter, ..Bar::default() },
            at: 0,
            accidentals: [None; 7],
            endings: Vec::new(),
            last: None,
            broken: None,
            tuplet: None,
            index,
        }
    }

    /// The unit length in force.
    pub fn unit(&self) -> Ratio {
        self.unit.unwrap_or_else(|| default_length(self.meter))
    }

    /// Tick of the present position in the bar.
    pub fn tick(&self) -> Ticks {
        tick(self.at)
    }

    /// The bar that is being filled.
    pub fn bar(&mut self) -> &mut Bar {
        &mut self.bar
    }

    /// Whether nothing has been written yet.
    pub fn is_empty(&self) -> bool {
        self.bars.is_empty() && self.at == 0
    }

    /// Changes the meter from here on.
    pub fn set_meter(&mut self, meter: Option<Meter>) {
        self.meter = meter;
        if self.at == 0 {
            self.bar.meter = meter;
        }
    }

    /// Sounding MIDI pitch of a letter index (A = 0) whose `c`-to-`b` octave is given as the pitch of its C.
    /// An accidental holds for the letter until the bar ends.
    pub fn pitch(&mut self, letter: usize, octave_c: i64, accidental: Option<i8>) -> Option<u8> {
        const CLASS: [i64; 7] = [9, 11, 0, 2, 4, 5, 7];
        if accidental.is_some() {
            self.accidentals[letter] = accidental;
        }
        let signature: &Accidentals = &self.key.accidentals;
        let shift = self.accidentals[letter].unwrap_or(signature[letter]);
        let pitch = octave_c + CLASS[letter] + i64::from(shift) + self.transpose;
        u8::try_from(pitch).ok().filter(|&p| p < 128)
    }

    /// Writes notes (or a rest, if there are none) of a length in unit lengths.
    ///
    /// # Errors
    /// A bar that is too long.
    pub fn write(&mut self, pitches: &[(u8, bool)], (n, d): Ratio) -> Result<(), ScoreError> {
        let unit = self.unit();
        let (mut n, mut d) = (i128::from(n) * i128::from(unit.0), i128::from(d) * i128::from(unit.1));
        let mut scale = |(a, b): Ratio| {
            n *= i128::from(a);
            d *= i128::from(b);
        };
        if let Some(ratio) = self.broken.take() {
            scale(ratio);
        }
        if let Some((ratio, left)) = self.tuplet {
            scale(ratio);
            self.tuplet = (left > 1).then_some((ratio, left - 1));
        }
        let length = div_round(i128::from(WHOLE) * n, d.max(1)).min(MAX_BAR + 1);
        let start = self.at;
        self.at += length;
        self.check()?;
        self.last = Some(Last { first_note: self.bar.notes.len(), start, length });
        for &(pitch, tied) in pitches {
            let note = Note { start: tick(start), pitch, length: span(start, self.at), velocity: VELOCITY };
            self.bar.notes.push(ScoreNote { voice: self.index, note, tied });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ScoreError> {
        let fits = self.at <= MAX_BAR && self.bars.len() <= MAX_BARS;
        if fits { Ok(()) } else { Err(ScoreError::TooLong) }
    }

    /// A rest of whole bars.
    ///
    /// # Errors
    /// Longer than any music.
    pub fn rest_bars(&mut self, bars: i64) -> Result<(), ScoreError> {
        let length = self.meter.unwrap_or(Meter::COMMON).bar_ticks();
        for i in 0..bars {
            if i > 0 {
                self.bar_line(0, false);
            }
            self.at += length * FINE;
            self.check()?;
        }
        self.last = None;
        Ok(())
    }

    /// Holds the last notes into the next of their pitch.
    pub fn tie(&mut self) {
        if let Some(last) = self.last {
            self.bar.notes[last.first_note..].iter_mut().for_each(|n| n.tied = true);
        }
    }

    /// Broken rhythm: `count` signs; positive lengthens the last note and shortens the next, negative the other way
    /// round. Without a note before, nothing happens.
    pub fn break_rhythm(&mut self, count: i32) {
        let Some(last) = self.last else { return };
        let parts = 1i64 << count.unsigned_abs().min(8);
        let (long, short) = ((2 * parts - 1, parts), (1, parts));
        let (now, next) = if count > 0 { (long, short) } else { (short, long) };
        let length = div_round(i128::from(last.length) * i128::from(now.0), i128::from(now.1));
        self.at = last.start + length;
        for written in &mut self.bar.notes[last.first_note..] {
            written.note.length = span(last.start, self.at);
        }
        self.last = Some(Last { length, ..last });
        self.broken = Some(next);
    }

    /// The next `count` notes play `p` in the time of `q`.
    pub fn tuplet(&mut self, p: u32, q: u32, count: u32) {
        self.tuplet = (count > 0).then_some(((q.into(), p.into()), count));
    }

    /// A bar line. `ends`: how many times a passage that ends here is played, 0 = no repeat sign; `closes`: it ends
    /// an ending, too.
    pub fn bar_line(&mut self, ends: u32, closes: bool) {
        self.accidentals = [None; 7];
        self.last = None;
        if self.at > 0 {
            let meter = self.meter;
            let next =
                Bar { marks: Marks { endings: self.endings.clone(), ..Marks::default() }, ..Bar::default() };
            let mut full = std::mem::replace(&mut self.bar, next);
            full.length = tick(self.at);
            full.marks.ends = ends;
            // A meter that came in the middle of this bar holds from the next one on.
            self.barred = full.meter.or(self.barred);
            if meter != self.barred {
                self.bar.meter = meter;
            }
            self.bars.push(full);
            self.at = 0;
        } else if let Some(before) = self.bars.last_mut().filter(|_| ends > 0) {
            before.marks.ends = before.marks.ends.max(ends);
        }
        if closes {
            self.endings.clear();
            self.bar.marks.endings.clear();
        }
    }

    /// A repeated passage starts here.
    pub fn start_repeat(&mut self) {
        self.bar.marks.starts = true;
    }

    /// An ending starts here: a new bar, even in the middle of one.
    pub fn ending(&mut self, numbers: Vec<u32>) {
        if self.at > 0 {
            self.bar_line(0, true);
        }
        self.bar.marks.endings.clone_from(&numbers);
        self.endings = numbers;
    }

    /// Bars, the last one included if something is in it.
    pub fn finish(mut self) -> Vec<Bar> {
        self.bar_line(0, false);
        self.bars
    }
}

fn tick(fine: i64) -> Ticks {
    div_round(fine.into(), FINE.into())
}

/// Length in ticks between two fine positions, at least 1.
fn span(from: i64, to: i64) -> Ticks {
    (tick(to) - tick(from)).max(1)
}
