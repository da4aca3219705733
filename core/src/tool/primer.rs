//! A musician's clip → what a model reads of it. The clip itself is never changed.
//!
//! Worker thread. The model hears the primer on its grid, from the bar of the first note on and at most
//! [`MAX_PRIMER_BARS`] bars of it; swing, micro-timing and velocity stay in the clip.
use super::assemble::step_at_or_after;
use super::{Request, ToolError};
use crate::codec::encoding::{DrumsOneHot, OneHot};
use crate::codec::{Limits, Melody, MelodyEvent, MelodyLimits, PitchSet};
use crate::music::{Clip, Grid, Note, Quantised, QuantisedNote, Ticks, step_of_tick, top_line};

/// How much of a long primer the model reads: its last bars.
pub const MAX_PRIMER_BARS: i64 = 64;

/// A primer on the model's grid.
pub(super) struct GridPrimer {
    /// Notes, counted from the first step that the model reads.
    notes: Vec<QuantisedNote>,
    /// Number of steps that the model reads.
    length: usize,
    /// First step of the new part, counted from the clip's start.
    pub new_step: i64,
    /// End of the whole take.
    pub end: Ticks,
}

/// The request's primer in order, with a note at least.
pub(super) fn given(request: &Request) -> Result<Clip, ToolError> {
    let mut clip = request.primer.clone().ok_or(ToolError::NoPrimer)?;
    clip.normalise();
    if clip.notes.is_empty() { Err(ToolError::EmptyPrimer) } else { Ok(clip) }
}

impl GridPrimer {
    /// Puts a clip on the grid. The new part begins at the first grid step at or after the clip's end, fills
    /// the clip's last bar if that is incomplete, and goes on for `bars` whole bars.
    pub fn new(clip: &Clip, bars: u32, steps_per_quarter: u32) -> Result<Self, ToolError> {
        let bad = |e: crate::music::QuantiseError| ToolError::BadRequest(e.to_string());
        let quantised = Quantised::from_clip(clip, steps_per_quarter).map_err(bad)?;
        let first = quantised.notes.iter().map(|n| n.start_step).min().ok_or(ToolError::EmptyPrimer)?;
        let bar = clip.meter.bar_ticks();
        let new_step = step_at_or_after(clip.length, steps_per_quarter);
        // Bars may be shorter than a step.
        let start = crate::music::tick_of_step(new_step, steps_per_quarter).max(clip.length);
        let whole_bars = (start + bar - 1).div_euclid(bar);
        let end = (whole_bars + i64::from(bars)) * bar;
        let first_bar = crate::music::tick_of_step(first, steps_per_quarter).div_euclid(bar);
        let origin_bar = first_bar.max(whole_bars - MAX_PRIMER_BARS);
        let origin = step_of_tick(origin_bar * bar, steps_per_quarter).clamp(0, new_step - 1);
        let mut notes: Vec<_> = quantised.notes.into_iter().filter(|n| n.start_step >= origin).collect();
        for note in &mut notes {
            note.start_step -= origin;
            note.end_step -= origin;
        }
        let length = usize::try_from(new_step - origin).unwrap_or(0);
        Ok(Self { notes, length, new_step, end })
    }

    /// Puts a whole clip of `length` steps on the grid, from its first bar on.
    pub fn from_start(clip: &Clip, steps_per_quarter: u32, length: usize) -> Result<Self, ToolError> {
        let bad = |e: crate::music::QuantiseError| ToolError::BadRequest(e.to_string());
        let mut notes = Quantised::from_clip(clip, steps_per_quarter).map_err(bad)?.notes;
        let last = i64::try_from(length).unwrap_or(i64::MAX);
        notes.retain(|n| n.start_step < last);
        Ok(Self { notes, length, new_step: last, end: clip.length })
    }

    /// What a drum model reads, and how many notes it does not know. Sounds of one class are made one pitch,
    /// so that the model recognises a repetition whatever the kit.
    pub fn drums(&self, classes: &DrumsOneHot) -> Result<(Vec<PitchSet>, usize), ToolError> {
        let mut events = vec![PitchSet::EMPTY; self.length];
        let mut unknown = 0;
        for note in &self.notes {
            let step = usize::try_from(note.start_step).unwrap_or(usize::MAX);
            match events.get_mut(step) {
                Some(event) if classes.knows(note.pitch) => event.insert(note.pitch),
                _ => unknown += 1,
            }
        }
        for event in &mut events {
            *event = classes.decode(classes.encode(*event)?)?;
        }
        Ok((events, unknown))
    }

    /// What a model of several voices reads.
    pub fn voices(&self, steps_per_quarter: u32) -> Quantised {
        // Where bars begin is settled: any meter will do here, and 4/4 is one that cannot fail.
        let grid = Grid::Beats { steps_per_quarter, qpm: 120.0, numerator: 4, denominator: 4 };
        let total_steps = i64::try_from(self.length).unwrap_or(0);
        let notes = self.notes.clone();
        Quantised { grid, notes, texts: Vec::new(), control_steps: Vec::new(), total_steps }
    }

    /// What a melody model reads; of notes that start on one step the highest.
    pub fn melody(&self, steps_per_quarter: u32) -> Result<Melody, ToolError> {
        let mut notes = self.notes.clone();
        for note in &mut notes {
            note.is_drum = false;
            note.instrument = 0;
        }
        // Where bars begin is settled: any meter will do here, and 4/4 is one that cannot fail.
        let grid = Grid::Beats { steps_per_quarter, qpm: 120.0, numerator: 4, denominator: 4 };
        let total_steps = i64::try_from(self.length).unwrap_or(0);
        let quantised = Quantised { grid, notes, texts: Vec::new(), control_steps: Vec::new(), total_steps };
        let limits = MelodyLimits {
            common: Limits { search_start: 0, min_bars: 0, gap_bars: f64::INFINITY, ..Limits::default() },
            min_unique_pitches: 1,
            ignore_polyphonic: true,
            filter_drums: true,
        };
        let bad = |e: crate::codec::EventError| ToolError::BadRequest(e.to_string());
        let mut melody = Melody::extract(&quantised, 0, &limits).map_err(bad)?;
        let silent = usize::try_from(melody.start_step()).unwrap_or(0);
        melody.set_length_from_left(melody.len() + silent);
        melody.set_length(self.length);
        Ok(melody)
    }
}

/// A melody's clip as a model reads it, and how many of its notes are left out: where notes start together,
/// only the top line is read.
pub(super) fn one_voice(clip: &Clip, steps_per_quarter: u32) -> (Clip, usize) {
    let step = |n: &Note| step_of_tick(n.start, steps_per_quarter);
    if clip.notes.windows(2).all(|pair| step(&pair[0]) != step(&pair[1])) {
        return (clip.clone(), 0);
    }
    let notes = top_line(&clip.notes);
    let dropped = clip.notes.len() - notes.len();
    (Clip { notes, ..clip.clone() }, dropped)
}

/// Number of pitches outside `min..max` after moving by `amount`.
pub(super) fn outside(melody: &[MelodyEvent], amount: i32, (min, max): (i32, i32)) -> usize {
    let pitches = melody.iter().filter_map(|e| e.pitch());
    pitches.filter(|&p| !(min..max).contains(&(i32::from(p) + amount))).count()
}
