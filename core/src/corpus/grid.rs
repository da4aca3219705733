//! Drum grooves written as text grids: the reader, and the grooves that come with Descant.
//!
//! The format is described in `assets/corpora/own-grooves/README.md`. Runs on the worker or at start, never on the audio
//! thread. Positions are exact ticks; nothing here is random.
use crate::music::{Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER, Ticks};
use thiserror::Error;

/// What part a groove plays in a song.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GrooveRole {
    /// The beat that carries a song.
    #[default]
    Main,
    /// Another beat of the style.
    Variation,
    /// Leads into a new part.
    Fill,
}

/// One groove of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Groove {
    /// Style of the file, e.g. `House`.
    pub style: String,
    /// Name of the groove, e.g. `Deep pocket`.
    pub name: String,
    /// Its part.
    pub role: GrooveRole,
    /// The groove in 4/4 with its tempo; named `<style> <name>`.
    pub clip: Clip,
}

/// Why a grid could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct GridError {
    /// Line in the text, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: GridProblem,
}

/// What is wrong with a line of a grid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GridProblem {
    /// No such lane.
    #[error("there is no drum called \"{0}\"")]
    UnknownDrum(String),
    /// No such setting.
    #[error("there is no setting called \"{0}\"")]
    UnknownSetting(String),
    /// A setting's value does not fit.
    #[error("{setting} cannot be \"{value}\"")]
    BadValue {
        /// The setting.
        setting: String,
        /// What stands there.
        value: String,
    },
    /// A character that means no hit.
    #[error("\"{0}\" is no hit; use . 1–9 o x X r R t T")]
    BadHit(char),
    /// A bar with too few or too many columns.
    #[error("a bar needs {expected} columns and this one has {found}")]
    BarLength {
        /// Columns a bar has.
        expected: usize,
        /// Columns found.
        found: usize,
    },
    /// A lane whose bars do not repeat evenly.
    #[error("{found} bars do not repeat evenly in a groove of {longest}")]
    BarCount {
        /// Bars of the lane.
        found: usize,
        /// Bars of the longest lane.
        longest: usize,
    },
    /// A lane or groove setting before the first heading.
    #[error("this belongs under a heading such as [Name]")]
    NoHeading,
    /// Neither heading, setting nor lane.
    #[error("this is neither a heading, a setting nor a drum's line")]
    Unreadable,
    /// A heading without any hit.
    #[error("the groove \"{0}\" has no hits")]
    Empty(String),
}

/// Lane names and their General MIDI pitches; each lies in one of the nine drum classes of the models.
const LANES: [(&str, u8); 24] = [
    ("kick", 36),
    ("snare", 38),
    ("rim", 37),
    ("clap", 39),
    ("hat", 42),
    ("pedal", 44),
    ("open", 46),
    ("floor", 41),
    ("low-tom", 45),
    ("mid-tom", 47),
    ("hi-tom", 50),
    ("crash", 49),
    ("ride", 51),
    ("bell", 53),
    ("tamb", 54),
    ("cowbell", 56),
    ("bongo-hi", 60),
    ("bongo-lo", 61),
    ("conga-hi", 63),
    ("conga-lo", 64),
    ("shaker", 70),
    ("clave", 75),
    ("block", 76),
    ("triangle", 81),
];

/// Length of a written hit: a 16th, or less where the columns are narrower.
const HIT_TICKS: Ticks = TICKS_PER_QUARTER / 4;

/// The grooves in `assets/corpora/own-grooves`, in a fixed order: by style, main beat first.
#[must_use]
pub fn own_grooves() -> Vec<Groove> {
    // A test reads each of them; a file that could not be read would only be missing here.
    OWN.iter().flat_map(|text| read_grooves(text).unwrap_or_default()).collect()
}

/// Reads all grooves of one file.
///
/// # Errors
/// [`GridError`] with the line and what is wrong with it.
pub fn read_grooves(text: &str) -> Result<Vec<Groove>, GridError> {
    let mut style = String::new();
    let mut drafts: Vec<Draft> = Vec::new();
    for (number, full) in text.lines().enumerate() {
        let fail = |problem| GridError { line: number + 1, problem };
        let line = full.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            drafts.push(Draft::new(name.trim(), number + 1));
        } else if let Some((head, bars)) = line.split_once('|') {
            let draft = drafts.last_mut().ok_or_else(|| fail(GridProblem::NoHeading))?;
            draft.lanes.push(Lane::read(head, bars, number + 1, draft.columns()).map_err(fail)?);
        } else if let Some((key, value)) = line.split_once(':') {
            let (key, value) = (key.trim(), value.trim());
            if key == "style" {
                value.clone_into(&mut style);
            } else {
                let draft = drafts.last_mut().ok_or_else(|| fail(GridProblem::NoHeading))?;
                draft.set(key, value).map_err(fail)?;
            }
        } else {
            return Err(fail(GridProblem::Unreadable));
        }
    }
    drafts.into_iter().map(|d| d.finish(&style)).collect()
}

/// One column's content.
#[derive(Clone, Copy, Debug)]
struct Hit {
    /// Number of even hits in the column, 1..=3.
    count: Ticks,
    velocity: u8,
}

fn hit(symbol: char) -> Result<Option<Hit>, GridProblem> {
    let (count, velocity) = match symbol {
        '.' => return Ok(None),
        'o' => (1, 50),
        'x' => (1, 90),
        'X' => (1, 118),
        'r' => (2, 84),
        'R' => (2, 112),
        't' => (3, 84),
        'T' => (3, 112),
        '1'..='9' => (1, 14 * (symbol as u8 - b'0')),
        _ => return Err(GridProblem::BadHit(symbol)),
    };
    Ok(Some(Hit { count, velocity }))
}

/// One drum's line.
#[derive(Debug)]
struct Lane {
    line: usize,
    pitch: u8,
    /// Shift of all hits in percent of a column.
    shift: Ticks,
    bars: Vec<Vec<Option<Hit>>>,
}

impl Lane {
    fn read(head: &str, bars: &str, line: usize, columns: usize) -> Result<Self, GridProblem> {
        let mut words = head.split_whitespace();
        let name = words.next().unwrap_or_default();
        let lane = LANES.iter().find(|(lane, _)| *lane == name);
        let &(_, pitch) = lane.ok_or_else(|| GridProblem::UnknownDrum(name.to_owned()))?;
        let shift = match words.next() {
            None => 0,
            Some(word) => {
                let number = word.strip_suffix('%').and_then(|n| n.parse().ok());
                number.filter(|n| (-50..=50).contains(n)).ok_or_else(|| GridProblem::BadValue {
                    setting: "the shift".into(),
                    value: word.into(),
                })?
            }
        };
        if words.next().is_some() {
            return Err(GridProblem::Unreadable);
        }
        let inner = bars.trim_end().strip_suffix('|').unwrap_or(bars);
        let bars = inner.split('|').map(|bar| {
            let found = bar.chars().count();
            if found != columns {
                return Err(GridProblem::BarLength { expected: columns, found });
            }
            bar.chars().map(hit).collect()
        });
        Ok(Self { line, pitch, shift, bars: bars.collect::<Result<_, _>>()? })
    }
}

/// A groove while its lines are being read.
#[derive(Debug)]
struct Draft {
    line: usize,
    name: String,
    role: GrooveRole,
    bpm: f64,
    swing: Ticks,
    steps: usize,
    lanes: Vec<Lane>,
}

impl Draft {
    fn new(name: &str, line: usize) -> Self {
        let name = name.to_owned();
        Self { line, name, role: GrooveRole::Main, bpm: 120.0, swing: 50, steps: 4, lanes: Vec::new() }
    }

    fn columns(&self) -> usize {
        4 * self.steps
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), GridProblem> {
        let bad = || GridProblem::BadValue { setting: key.to_owned(), value: value.to_owned() };
        match key {
            "role" => {
                self.role = match value {
                    "main" => GrooveRole::Main,
                    "variation" => GrooveRole::Variation,
                    "fill" => GrooveRole::Fill,
                    _ => return Err(bad()),
                }
            }
            "bpm" => {
                let bpm = value.parse().ok().filter(|v| (20.0..=400.0).contains(v));
                self.bpm = bpm.ok_or_else(bad)?;
            }
            "swing" => {
                let swing = value.parse().ok().filter(|v| (50..=75).contains(v));
                self.swing = swing.filter(|s| *s == 50 || self.steps == 4).ok_or_else(bad)?;
            }
            "steps" => {
                let steps = value.parse().ok().filter(|v| [3, 4].contains(v));
                // The lanes that stand above were read with another width.
                let steps = steps.filter(|s| self.lanes.is_empty() && (*s == 4 || self.swing == 50));
                self.steps = steps.ok_or_else(bad)?;
            }
            _ => return Err(GridProblem::UnknownSetting(key.to_owned())),
        }
        Ok(())
    }

    /// First tick and length of column `index` counted from the groove's start.
    fn column(&self, index: usize) -> (Ticks, Ticks) {
        let (index, width) = (index as Ticks, TICKS_PER_QUARTER / self.steps as Ticks);
        // Swing moves the second of each pair of columns; what the first one gains, the second one loses.
        let late = 2 * width * self.swing / 100 - width;
        if index % 2 == 0 { (index * width, width + late) } else { (index * width + late, width - late) }
    }

    fn finish(self, style: &str) -> Result<Groove, GridError> {
        let longest = self.lanes.iter().map(|l| l.bars.len()).max().unwrap_or(0);
        let meter = Meter::COMMON;
        let length = longest as Ticks * meter.bar_ticks();
        let mut notes = Vec::new();
        for lane in &self.lanes {
            let found = lane.bars.len();
            if longest % found != 0 {
                return Err(GridError { line: lane.line, problem: GridProblem::BarCount { found, longest } });
            }
            let columns = lane.bars.iter().cycle().take(longest).flatten().enumerate();
            for (index, hit) in columns.filter_map(|(i, h)| h.map(|h| (i, h))) {
                let (start, width) = self.column(index);
                let shift = TICKS_PER_QUARTER / self.steps as Ticks * lane.shift / 100;
                for i in 0..hit.count {
                    // An early first hit stays at the bar line: a clip has no time before its start.
                    let start = (start + width * i / hit.count + shift).clamp(0, length - 1);
                    let short = HIT_TICKS.min(width / hit.count).max(1);
                    notes.push(Note { start, pitch: lane.pitch, length: short, velocity: hit.velocity });
                }
            }
        }
        if notes.is_empty() {
            return Err(GridError { line: self.line, problem: GridProblem::Empty(self.name) });
        }
        let name = format!("{style} {}", self.name).trim().to_owned();
        let mut clip = Clip { name, kind: ClipKind::Drums, notes, length, meter, tempo: Some(self.bpm) };
        clip.normalise();
        Ok(Groove { style: style.to_owned(), name: self.name, role: self.role, clip })
    }
}

macro_rules! own {
    ($($file:literal),* $(,)?) => {
        /// The files of `assets/corpora/own-grooves`.
        const OWN: &[&str] = &[$(include_str!(concat!("../../../assets/corpora/own-grooves/", $file, ".txt"))),*];
    };
}

own![
    "afrobeats",
    "amapiano",
    "breakbeat",
    "disco",
    "drum-and-bass",
    "dubstep",
    "electro",
    "hip-hop",
    "house",
    "reggaeton",
    "synthwave",
    "techno",
    "trap",
    "uk-garage",
];

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
