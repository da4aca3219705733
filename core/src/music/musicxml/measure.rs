//! One part of a score, measure by measure → notes, chord symbols, tempo, meter and repeat signs.
//!
//! Positions are counted in the file's divisions and turned into ticks from there, so that rounding never adds up.

use super::read::{child, number, text};
use super::{MusicXmlError, harmony, values};
use crate::music::quantise::div_round;
use crate::music::score::{Bar, MAX_TICKS, Marks, Score, ScoreNote, VELOCITY, Voice};
use crate::music::{ClipKind, Note, TICKS_PER_QUARTER, Ticks, micros_per_quarter};
use roxmltree::Node;

/// How many marks of a bar are looked at to find one that another part has written already.
const RECENT: usize = 64;

/// Most percussion instruments of a part.
const MAX_INSTRUMENTS: usize = 256;

/// A position in a measure.
#[derive(Clone, Copy)]
struct Cursor {
    /// Tick at which the present divisions came into force.
    base: Ticks,
    /// Divisions since then.
    units: i64,
}

/// A percussion instrument or sound of a part.
struct Instrument<'a> {
    id: &'a str,
    pitch: Option<u8>,
}

/// A part while it is read.
pub(super) struct Part<'a> {
    name: String,
    program: Option<u8>,
    percussion: bool,
    instruments: Vec<Instrument<'a>>,
    /// Voice names of the file, with their index in the score.
    voices: Vec<(String, usize)>,
    divisions: i64,
    transpose: i64,
    velocity: u8,
    /// Endings that are open.
    endings: Vec<u32>,
    cursor: Cursor,
    /// Start of the last note, for the notes of a chord.
    last_start: Cursor,
    length: Ticks,
}

impl<'a> Part<'a> {
    /// `about`: the part's entry in the part list.
    pub fn new(name: String, about: Option<Node<'a, '_>>) -> Self {
        let midi = about.into_iter().flat_map(|a| a.children()).filter(|n| n.has_tag_name("midi-instrument"));
        let one_based = |node, name| number(node, name).map(|x| x - 1.0).filter(|x| (0.0..128.0).contains(x));
        let mut instruments = Vec::new();
        let (mut program, mut percussion) = (None, false);
        for node in midi.take(MAX_INSTRUMENTS) {
            percussion |= number(node, "midi-channel") == Some(10.0);
            program = program.or_else(|| one_based(node, "midi-program").map(|p| p as u8));
            let pitch = one_based(node, "midi-unpitched").map(|p| p as u8);
            instruments.push(Instrument { id: node.attribute("id").unwrap_or(""), pitch });
        }
        let zero = Cursor { base: 0, units: 0 };
        Self {
            name,
            program,
            percussion,
            instruments,
            voices: Vec::new(),
            divisions: 1,
            transpose: 0,
            velocity: VELOCITY,
            endings: Vec::new(),
            cursor: zero,
            last_start: zero,
            length: 0,
        }
    }

    /// Adds a measure to bar `index` of the score.
    ///
    /// # Errors
    /// Durations that make no sense.
    pub fn measure(&mut self, measure: Node, index: usize, score: &mut Score) -> Result<(), MusicXmlError> {
        self.cursor = Cursor { base: 0, units: 0 };
        self.last_start = self.cursor;
        self.length = 0;
        let mut bar = std::mem::take(&mut score.bars[index]);
        let mut marks = Marks { endings: self.endings.clone(), ..Marks::default() };
        for node in measure.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "attributes" => self.attributes(node, index, &mut bar, score)?,
                "note" => self.note(node, &mut bar, score)?,
                "backup" => self.advance(-self.duration(node)?)?,
                "forward" => self.advance(self.duration(node)?)?,
                "harmony" => self.harmony(node, &mut bar, score)?,
                "direction" => self.direction(node, &mut bar, score)?,
                "sound" => self.sound(node, &mut bar, score)?,
                "barline" => self.barline(node, &mut marks),
                _ => {}
            }
        }
        bar.marks.join(&marks);
        bar.length = bar.length.max(self.length);
        bar.tempos.sort_by_key(|t| t.0);
        score.bars[index] = bar;
        Ok(())
    }

    /// Names the part's voices.
    pub fn finish(self, score: &mut Score) {
        let several = self.voices.len() > 1;
        for (voice, index) in self.voices {
            let name = if several { format!("{} (voice {voice})", self.name) } else { self.name.clone() };
            score.voices[index].name = name.trim().to_owned();
        }
    }

    fn tick(&self, at: Cursor) -> Ticks {
        at.base + div_round(i128::from(at.units) * i128::from(TICKS_PER_QUARTER), i128::from(self.divisions))
    }

    /// A `<duration>` in divisions.
    fn duration(&self, node: Node) -> Result<i64, MusicXmlError> {
        let bad = || MusicXmlError::Damaged("a duration makes no sense".into());
        let units = number(node, "duration").ok_or_else(bad)?;
        let longest = MAX_TICKS / TICKS_PER_QUARTER * self.divisions;
        if units < 0.0 || units.fract() != 0.0 || units > longest as f64 {
            Err(bad())
        } else {
            Ok(units as i64)
        }
    }

    /// Moves on, or back at most to the measure's start.
    fn advance(&mut self, units: i64) -> Result<(), MusicXmlError> {
        self.cursor.units += units;
        if self.tick(self.cursor) < 0 {
            self.cursor = Cursor { base: 0, units: 0 };
        }
        self.length = self.length.max(self.tick(self.cursor));
        if self.length > MAX_TICKS {
            return Err(MusicXmlError::Score(crate::music::ScoreError::TooLong));
        }
        Ok(())
    }

    fn attributes(
        &mut self,
        node: Node,
        index: usize,
        bar: &mut Bar,
        score: &mut Score,
    ) -> Result<(), MusicXmlError> {
        if let Some(divisions) = number(node, "divisions") {
            if !(1.0..=1e6).contains(&divisions) || divisions.fract() != 0.0 {
                return Err(MusicXmlError::Damaged(
                    "the number of divisions of a quarter note makes no sense".into(),
                ));
            }
            self.cursor = Cursor { base: self.tick(self.cursor), units: 0 };
            self.last_start = self.cursor;
            self.divisions = divisions as i64;
        }
        if let Some(transpose) = child(node, "transpose") {
            let chromatic = number(transpose, "chromatic").unwrap_or(0.0);
            let octaves = number(transpose, "octave-change").unwrap_or(0.0);
            // Casts saturate; what is out of range is found at each note.
            self.transpose =
                (chromatic as i64).saturating_add((octaves as i64).saturating_mul(12)).clamp(-999, 999);
        }
        if let Some(time) = child(node, "time") {
            match values::meter(time) {
                Some(meter) => bar.meter = Some(meter),
                None => score.ignored.count("time signatures without numbers"),
            }
        }
        if index == 0
            && score.key.is_none()
            && let Some(key) = child(node, "key")
        {
            score.key = values::key(key, self.transpose);
        }
        if child(node, "measure-style").is_some_and(|s| child(s, "measure-repeat").is_some()) {
            score.ignored.count("“repeat the last measure” signs");
        }
        Ok(())
    }

    fn note(&mut self, node: Node, bar: &mut Bar, score: &mut Score) -> Result<(), MusicXmlError> {
        if child(node, "grace").is_some() {
            score.ignored.count("grace notes");
            return Ok(());
        }
        let duration = self.duration(node)?;
        let in_chord = child(node, "chord").is_some();
        let start = if in_chord { self.last_start } else { self.cursor };
        if !in_chord {
            self.last_start = start;
            self.advance(duration)?;
        }
        let from = self.tick(start);
        let to = self.tick(Cursor { units: start.units + duration, ..start });
        if child(node, "rest").is_some() {
            return Ok(());
        }
        if child(node, "cue").is_some() {
            score.ignored.count("cue notes");
            return Ok(());
        }
        let Some(pitch) = self.pitch(node) else {
            score.ignored.count("notes without a MIDI pitch");
            return Ok(());
        };
        let velocity = node.attribute("dynamics").and_then(values::velocity).unwrap_or(self.velocity);
        let drum = self.percussion || child(node, "unpitched").is_some();
        let voice = self.voice(text(node, "voice").unwrap_or("1"), drum, score);
        let tied = node.children().any(|n| n.has_tag_name("tie") && n.attribute("type") == Some("start"));
        let note = Note { start: from, pitch, length: (to - from).max(1), velocity };
        bar.notes.push(ScoreNote { voice, note, tied });
        bar.length = bar.length.max(note.end().min(MAX_TICKS));
        Ok(())
    }

    /// Sounding MIDI pitch of a note or percussion note.
    fn pitch(&self, node: Node) -> Option<u8> {
        if let Some(pitch) = child(node, "pitch") {
            let step = values::step_class(text(pitch, "step")?)?;
            let alter = number(pitch, "alter").unwrap_or(0.0).round();
            let octave = number(pitch, "octave")?;
            // Saturating casts: what is out of range is no pitch.
            let pitch = (octave as i64).saturating_add(1).saturating_mul(12).saturating_add(alter as i64);
            let pitch = pitch.saturating_add(step + self.transpose);
            return u8::try_from(pitch).ok().filter(|&p| p < 128);
        }
        child(node, "unpitched")?;
        let id = child(node, "instrument").and_then(|i| i.attribute("id"));
        let mut instruments = self.instruments.iter();
        match id {
            Some(id) => instruments.find(|i| i.id == id)?.pitch,
            None => instruments.find_map(|i| i.pitch),
        }
    }

    /// The score's index of one of the part's voices.
    fn voice(&mut self, name: &str, drum: bool, score: &mut Score) -> usize {
        let name: String = name.chars().take(8).collect();
        if let Some(known) = self.voices.iter().find(|v| v.0 == name) {
            return known.1;
        }
        let kind = if drum { ClipKind::Drums } else { ClipKind::Melody };
        // A part has a handful of voices; more are written together.
        if self.voices.len() >= 16 {
            return self.voices[0].1;
        }
        score.voices.push(Voice { name: String::new(), program: self.program, kind });
        self.voices.push((name, score.voices.len() - 1));
        score.voices.len() - 1
    }

    fn harmony(&mut self, node: Node, bar: &mut Bar, score: &mut Score) -> Result<(), MusicXmlError> {
        let offset = number(node, "offset").unwrap_or(0.0).clamp(-1e6, 1e6).round() as i64;
        let at = Cursor { units: self.cursor.units + offset, ..self.cursor };
        match harmony::figure(node, self.transpose) {
            // Several parts may have the same chords written over them.
            Some(figure) => {
                let mark = (self.tick(at).clamp(0, MAX_TICKS), figure);
                if !bar.chords.iter().rev().take(RECENT).any(|m| *m == mark) {
                    bar.chords.push(mark);
                }
            }
            None => score.ignored.count("chord symbols that cannot be written with letters"),
        }
        Ok(())
    }

    fn direction(&mut self, node: Node, bar: &mut Bar, score: &mut Score) -> Result<(), MusicXmlError> {
        let sound = child(node, "sound");
        if let Some(sound) = sound {
            self.sound(sound, bar, score)?;
        }
        let metronome = node
            .children()
            .filter(|n| n.has_tag_name("direction-type"))
            .find_map(|n| child(n, "metronome"))
            .and_then(values::metronome);
        if let Some(qpm) = metronome.filter(|_| sound.is_none_or(|s| s.attribute("tempo").is_none())) {
            self.tempo(qpm, bar);
        }
        Ok(())
    }

    fn sound(&mut self, node: Node, bar: &mut Bar, score: &mut Score) -> Result<(), MusicXmlError> {
        if let Some(qpm) = node.attribute("tempo").and_then(|t| t.trim().parse().ok()) {
            self.tempo(qpm, bar);
        }
        if let Some(velocity) = node.attribute("dynamics").and_then(values::velocity) {
            self.velocity = velocity;
        }
        if ["dacapo", "dalsegno", "tocoda"].iter().any(|&jump| node.has_attribute(jump)) {
            score.ignored.count("jumps (D.C., D.S., coda)");
        }
        Ok(())
    }

    fn tempo(&self, qpm: f64, bar: &mut Bar) {
        if (1.0..=10_000.0).contains(&qpm) {
            let mark = (self.tick(self.cursor), micros_per_quarter(qpm));
            if !bar.tempos.iter().rev().take(RECENT).any(|m| *m == mark) {
                bar.tempos.push(mark);
            }
        }
    }

    fn barline(&mut self, node: Node, marks: &mut Marks) {
        if let Some(ending) = child(node, "ending") {
            let numbers = ending.attribute("number").unwrap_or("").split([',', ' ']);
            let numbers: Vec<u32> =
                numbers.filter_map(|n| n.trim().parse().ok()).filter(|n| *n > 0).take(32).collect();
            match ending.attribute("type") {
                Some("start") => {
                    marks.endings.clone_from(&numbers);
                    self.endings = numbers;
                }
                _ => self.endings.clear(),
            }
        }
        if let Some(repeat) = child(node, "repeat") {
            match repeat.attribute("direction") {
                Some("forward") => marks.starts = true,
                _ => marks.ends = repeat.attribute("times").and_then(|t| t.parse().ok()).unwrap_or(2),
            }
        }
    }
}
