//! A written score, bar by bar, and how it is played: repeats and endings unrolled, ties joined.
//!
//! Any thread. What MusicXML and ABC have in common; knows neither. A first bar that is shorter than its meter is
//! an upbeat: it gets rests in front, so that bar lines fall where a sequencer has them.

use super::midi::MAX_NOTES;
use super::song::{ChordMark, Song, Track};
use super::{ClipKind, Meter, MeterMap, Note, TICKS_PER_QUARTER, TempoMap, Ticks};
use std::collections::{BTreeMap, HashMap};

/// Velocity of notes whose loudness is not written.
pub(super) const VELOCITY: u8 = 100;

/// Longest music, in ticks: a million quarter notes.
pub(super) const MAX_TICKS: Ticks = 1_000_000 * TICKS_PER_QUARTER;

/// Most bars that are played, repeats included.
const MAX_BARS: usize = 100_000;

/// Most times that a passage is played.
const MAX_TIMES: u32 = 100;

/// Why a score cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// Only rests, or nothing.
    #[error("there are no notes in this score")]
    NoNotes,
    /// More than [`MAX_NOTES`], repeats included.
    #[error("the score has more than {MAX_NOTES} notes, counted with its repeats")]
    TooManyNotes,
    /// More than a hundred thousand bars or a million quarter notes, repeats included.
    #[error("the score is too long, counted with its repeats; the file is probably damaged")]
    TooLong,
}

/// A note as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScoreNote {
    /// Index in [`Score::voices`].
    pub voice: usize,
    /// Position and sound; `start` counts from the bar's start.
    pub note: Note,
    /// Goes on in the next note of its pitch, if that starts where this one ends.
    pub tied: bool,
}

/// Repeat signs of a bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// A repeated passage starts with this bar.
    pub starts: bool,
    /// It ends with this bar and is played so many times; 0 = no sign.
    pub ends: u32,
    /// Played on these passes only (1 = the first); empty = on all.
    pub endings: Vec<u32>,
}

impl Marks {
    /// Adds what another part has at the same bar.
    pub fn join(&mut self, other: &Self) {
        self.starts |= other.starts;
        self.ends = self.ends.max(other.ends);
        if self.endings.is_empty() {
            self.endings.clone_from(&other.endings);
        }
    }
}

/// A bar as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bar {
    /// Length in ticks as filled by notes and rests; may be shorter or longer than the meter asks for.
    pub length: Ticks,
    /// Repeat signs.
    pub marks: Marks,
    /// In any order.
    pub notes: Vec<ScoreNote>,
    /// Chord symbols by tick from the bar's start.
    pub chords: Vec<(Ticks, String)>,
    /// µs per quarter note by tick from the bar's start, ascending.
    pub tempos: Vec<(Ticks, u32)>,
    /// The meter, where it is written.
    pub meter: Option<Meter>,
}

/// One line of the score: what becomes a track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Voice {
    /// Name of the track; may be empty.
    pub name: String,
    /// MIDI program 0..=127, if written.
    pub program: Option<u8>,
    /// Percussion or tones.
    pub kind: ClipKind,
}

/// What was passed over, by kind, with counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ignored(BTreeMap<&'static str, usize>);

impl Ignored {
    /// Counts one thing of a kind, named in the plural.
    pub fn count(&mut self, kind: &'static str) {
        *self.0.entry(kind).or_default() += 1;
    }

    /// A sentence for the musician, if there is anything to say.
    fn sentence(&self) -> Option<String> {
        let list: Vec<String> = self.0.iter().map(|(kind, count)| format!("{kind} ({count})")).collect();
        (!list.is_empty()).then(|| format!("Not played: {}.", list.join(", ")))
    }
}

/// A score.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Score {
    /// Title; may be empty.
    pub name: String,
    /// Lines that notes refer to.
    pub voices: Vec<Voice>,
    /// In the written order.
    pub bars: Vec<Bar>,
    /// Key note (0 = C) and scale at the start.
    pub key: Option<(u8, super::Scale)>,
    /// What was passed over.
    pub ignored: Ignored,
    /// Further sentences for the musician.
    pub notices: Vec<String>,
}

impl Score {
    /// Plays the score.
    ///
    /// # Errors
    /// See [`ScoreError`]; memory stays bounded.
    pub fn play(self) -> Result<Song, ScoreError> {
        let order = play_order(&self.bars)?;
        let mut player = Player::new(self.voices.len());
        let context = contexts(&self.bars);
        for (i, &bar) in order.iter().enumerate() {
            let (meter, tempo) = context[bar];
            if i == 0 && order.len() > 1 {
                let upbeat = self.bars[bar].length;
                player.now = meter.map_or(0, |m| (m.bar_ticks() - upbeat).max(0));
                player.upbeat = player.now;
            }
            player.bar(&self.bars[bar], meter, tempo)?;
        }
        player.into_song(self)
    }
}

/// Meter and tempo in force where each bar starts, in the written order: what a jump back restores.
fn contexts(bars: &[Bar]) -> Vec<(Option<Meter>, Option<u32>)> {
    let (mut meter, mut tempo) = (None, None);
    let context = |bar: &Bar| {
        meter = bar.meter.or(meter);
        let before = tempo;
        tempo = bar.tempos.last().map(|t| t.1).or(tempo);
        (meter, before)
    };
    bars.iter().map(context).collect()
}

/// Indices of the bars in the order in which they are played.
///
/// A repeat sign goes back to the last start sign, else to where the last repeated passage ended, else to the
/// beginning. Of a group of endings as many passes are played as its highest number says, at least two.
pub(super) fn play_order(bars: &[Bar]) -> Result<Vec<usize>, ScoreError> {
    let mut order = Vec::new();
    let passes = passes(bars);
    let (mut at, mut start, mut pass, mut visited) = (0, 0, 1, 0usize);
    while let Some(bar) = bars.get(at) {
        // Bars that are skipped count, too: no score may keep us busy for ever.
        visited += 1;
        if visited > MAX_BARS {
            return Err(ScoreError::TooLong);
        }
        let marks = &bar.marks;
        if marks.starts && at != start {
            (start, pass) = (at, 1);
        }
        let leaves_endings = !marks.endings.is_empty()
            && bars.get(at + 1).is_none_or(|next| next.marks.endings.is_empty() || next.marks.starts);
        if !marks.endings.is_empty() && !marks.endings.contains(&pass) {
            at += 1;
            if leaves_endings {
                (start, pass) = (at, 1);
            }
            continue;
        }
        order.push(at);
        let times = match marks.endings.is_empty() {
            true => marks.ends,
            false => passes[at].max(2),
        };
        if marks.ends > 0 && pass < times.min(MAX_TIMES) {
            pass += 1;
            at = start;
            continue;
        }
        at += 1;
        if marks.ends > 0 || leaves_endings {
            (start, pass) = (at, 1);
        }
    }
    Ok(order)
}

/// For each bar the highest ending number from there to the end of its group of endings; 0 outside of endings.
fn passes(bars: &[Bar]) -> Vec<u32> {
    let mut passes = vec![0; bars.len()];
    let mut later = 0;
    for (bar, pass) in bars.iter().zip(&mut passes).rev() {
        let own = bar.marks.endings.iter().copied().max().unwrap_or(0);
        *pass = if own == 0 { 0 } else { own.max(later) };
        later = if bar.marks.starts { 0 } else { *pass };
    }
    passes
}

/// Puts bars one after the other.
struct Player {
    now: Ticks,
    /// Where the first bar's music starts.
    upbeat: Ticks,
    count: usize,
    voices: Vec<Vec<Note>>,
    /// Tied notes by voice and pitch: index of the note that goes on.
    open: HashMap<(usize, u8), usize>,
    chords: Vec<ChordMark>,
    meters: Vec<(Ticks, Meter)>,
    tempos: Vec<(Ticks, u32)>,
    tempo: Option<u32>,
}

impl Player {
    fn new(voices: usize) -> Self {
        Self {
            now: 0,
            upbeat: 0,
            count: 0,
            voices: vec![Vec::new(); voices],
            open: HashMap::new(),
            chords: Vec::new(),
            meters: Vec::new(),
            tempos: Vec::new(),
            tempo: None,
        }
    }

    fn bar(&mut self, bar: &Bar, meter: Option<Meter>, tempo: Option<u32>) -> Result<(), ScoreError> {
        self.count += bar.notes.len() + bar.chords.len() + bar.tempos.len();
        if self.count > MAX_NOTES {
            return Err(ScoreError::TooManyNotes);
        }
        if self.now.saturating_add(bar.length) > MAX_TICKS {
            return Err(ScoreError::TooLong);
        }
        if let Some(meter) = meter
            && self.meters.last().is_none_or(|m| m.1 != meter)
        {
            // Also before an upbeat, which lies in the first bar.
            self.meters.push((if self.meters.is_empty() { 0 } else { self.now }, meter));
        }
        if let Some(tempo) = tempo
            && self.tempo != Some(tempo)
        {
            self.tempos.push((self.now, tempo));
        }
        self.tempo = bar.tempos.last().map(|t| t.1).or(tempo);
        self.tempos.extend(bar.tempos.iter().map(|&(at, micros)| (self.now + at, micros)));
        self.chords.extend(
            bar.chords.iter().map(|(at, figure)| ChordMark { tick: self.now + at, figure: figure.clone() }),
        );
        let mut notes = bar.notes.clone();
        notes.sort_by_key(|n| n.note);
        for written in notes {
            self.note(&written);
        }
        self.now += bar.length;
        Ok(())
    }

    fn note(&mut self, written: &ScoreNote) {
        let note = Note { start: self.now + written.note.start, ..written.note };
        let Some(line) = self.voices.get_mut(written.voice) else { return };
        let key = (written.voice, note.pitch);
        let tied_to = self.open.remove(&key).filter(|&i| line[i].end() == note.start);
        let index = match tied_to {
            Some(i) => {
                line[i].length += note.length;
                i
            }
            None => {
                line.push(note);
                line.len() - 1
            }
        };
        if written.tied {
            self.open.insert(key, index);
        }
    }

    fn into_song(self, score: Score) -> Result<Song, ScoreError> {
        let mut melodies = (1u8..=16).filter(|&c| c != 10).cycle();
        let mut tracks = Vec::new();
        let length = self.voices.iter().flatten().map(Note::end).max().unwrap_or(0).max(self.now);
        for (voice, mut notes) in score.voices.into_iter().zip(self.voices) {
            if notes.is_empty() {
                continue;
            }
            notes.sort_unstable();
            let channel = match voice.kind {
                ClipKind::Drums => 10,
                ClipKind::Melody => melodies.next().unwrap_or(1),
            };
            let Voice { name, program, kind } = voice;
            tracks.push(Track { name, channel, program, kind, notes, end: length });
        }
        match tracks.as_mut_slice() {
            [] => return Err(ScoreError::NoNotes),
            // A lone line is best known by its title.
            [only] if only.name.is_empty() => only.name.clone_from(&score.name),
            _ => {}
        }
        // The tempo at an upbeat holds for the rests in front of it, too.
        let tempos = self.tempos.iter().map(|&(at, micros)| (if at == self.upbeat { 0 } else { at }, micros));
        let tempo = (!self.tempos.is_empty()).then(|| TempoMap::from_changes(tempos));
        let meters = MeterMap::from_changes(self.meters);
        let mut chords = self.chords;
        chords.sort_by_key(|c| c.tick);
        let mut notices = score.notices;
        if tempo.as_ref().is_some_and(|t| t.segments().len() > 1) {
            notices.push("The tempo changes on the way; beats are kept.".into());
        }
        if meters.segments().len() > 1 {
            notices.push("The time signature changes on the way.".into());
        }
        notices.extend(score.ignored.sentence());
        let (name, key) = (score.name, score.key);
        Ok(Song { name, tracks, tempo, meters, length, notices, chords, key, ..Song::default() })
    }
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
