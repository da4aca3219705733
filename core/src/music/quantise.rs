//! [`Quantised`]: notes on a grid of steps, made from a clip's ticks or from a sequence's seconds.
//!
//! [`Quantised::from_clip`] is the product's path: integers only, and the distance of every onset and end
//! from its step is kept. [`Quantised::relative`] and [`Quantised::absolute`] repeat what the reference
//! implementation does in f64 seconds, with its rules on tempo and time signature.

use super::{Clip, ClipKind, NoteSequence, TICKS_PER_QUARTER, TempoMark, Ticks, TimeSignature};
use std::cmp::Ordering;

/// Grid resolution of the note models.
pub const STEPS_PER_QUARTER: u32 = 4;

/// Tempo where none is given.
pub const DEFAULT_QPM: f64 = 120.0;

/// Why music cannot be put on a grid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantiseError {
    /// The tempo changes.
    #[error("the tempo changes within this music; the grid needs one tempo")]
    MultipleTempos,
    /// The time signature changes.
    #[error("the time signature changes within this music; the grid needs one time signature")]
    MultipleTimeSignatures,
    /// Numerator zero or denominator no power of two.
    #[error("{0}/{1} is not a time signature this grid can count")]
    BadTimeSignature(i32, i32),
    /// Something happens before time zero.
    #[error("a note or event lies before the start of the music")]
    NegativeTime,
    /// Bars were asked for, but the grid counts steps per second.
    #[error("this music is on a grid of seconds; bars need a grid of beats")]
    NoBars,
    /// A bar is not a whole number of steps.
    #[error("a bar of this time signature is {0} steps long; it has to be a whole number")]
    BarNotWhole(f64),
    /// The grid asked for has no steps.
    #[error("the grid has to have at least one step per quarter note")]
    NoSteps,
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grid {
    /// A fraction of a quarter note.
    Beats {
        /// Steps in a quarter note.
        steps_per_quarter: u32,
        /// Quarter notes per minute.
        qpm: f64,
        /// Beats per bar.
        numerator: i32,
        /// Note value of a beat.
        denominator: i32,
    },
    /// A fraction of a second.
    Seconds {
        /// Steps in a second.
        steps_per_second: u32,
    },
}

/// A note on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantisedNote {
    /// MIDI pitch 0..=127.
    pub pitch: u8,
    /// MIDI velocity as it was.
    pub velocity: u8,
    /// Step of the onset.
    pub start_step: i64,
    /// Step after the last; above `start_step` unless the source's end lay before its start.
    pub end_step: i64,
    /// Where the onset was, in ticks after (or, negative, before) `start_step`. 0 if made from seconds.
    pub start_offset: Ticks,
    /// Where the end was, in ticks after `end_step`. 0 if made from seconds.
    pub end_offset: Ticks,
    /// Place of the onset among all onsets before they were put on the grid; equal onsets have equal places.
    pub onset_rank: u32,
    /// Number that keeps parts apart; 0 for a clip.
    pub instrument: u32,
    /// MIDI program; 0 for a clip.
    pub program: u8,
    /// Whether the pitch means a drum sound.
    pub is_drum: bool,
}

/// A text on the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantisedText {
    /// Step.
    pub step: i64,
    /// The text.
    pub text: String,
    /// As [`TextAnnotation::kind`](super::TextAnnotation::kind).
    pub kind: i32,
}

/// Notes on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// What a step is.
    pub grid: Grid,
    /// In the order of the source.
    pub notes: Vec<QuantisedNote>,
    /// In the order of the source.
    pub texts: Vec<QuantisedText>,
    /// Steps of the source's control changes, in its order.
    pub control_steps: Vec<i64>,
    /// Number of steps: the source's length, or the last note's end if that is later.
    pub total_steps: i64,
}

/// Step of the time `t` (seconds) on a grid of `steps_per_second`, as the reference computes it. `cutoff` is
/// the fraction of a step from which a time belongs to the next one: 0.5 rounds half up, 1 truncates, and 0
/// sends even an exact multiple to the next step.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "truncation toward zero is the rule; the cast saturates")]
pub fn step_of_time(t: f64, steps_per_second: f64, cutoff: f64) -> i64 {
    (t * steps_per_second + (1.0 - cutoff)) as i64
}

/// Steps per second at a tempo, in the reference's order of operations.
#[must_use]
pub fn steps_per_second(steps_per_quarter: u32, qpm: f64) -> f64 {
    f64::from(steps_per_quarter) * qpm / 60.0
}

/// Step nearest to `tick`, half a step going up.
#[must_use]
pub fn step_of_tick(tick: Ticks, steps_per_quarter: u32) -> i64 {
    div_round(i128::from(tick) * i128::from(steps_per_quarter), i128::from(TICKS_PER_QUARTER))
}

/// Tick at which `step` lies: exact if the steps divide a quarter note's ticks, else rounded.
#[must_use]
pub fn tick_of_step(step: i64, steps_per_quarter: u32) -> Ticks {
    div_round(i128::from(step) * i128::from(TICKS_PER_QUARTER), i128::from(steps_per_quarter.max(1)))
}

/// `a / b` (`b > 0`) rounded to the nearest integer, half up, saturating.
pub(crate) fn div_round(a: i128, b: i128) -> i64 {
    let q = (2 * a + b).div_euclid(2 * b);
    i64::try_from(q).unwrap_or(if q < 0 { i64::MIN } else { i64::MAX })
}

impl Quantised {
    /// Puts a clip on the grid. A note never gets shorter than one step. An onset that rounds to the clip's
    /// end (or past it) goes to the last step, so that no note is lost; its offset says where it was. Ends may
    /// go past the clip's end, but `total_steps` is the clip's length (rounded, at least 1 if it has notes).
    ///
    /// # Errors
    /// [`QuantiseError::NoSteps`], [`QuantiseError::NegativeTime`].
    pub fn from_clip(clip: &Clip, steps_per_quarter: u32) -> Result<Self, QuantiseError> {
        if steps_per_quarter == 0 {
            return Err(QuantiseError::NoSteps);
        }
        let step = |tick| step_of_tick(tick, steps_per_quarter);
        let offset = |tick: Ticks, step| tick.saturating_sub(tick_of_step(step, steps_per_quarter));
        let total_steps = step(clip.length).max(i64::from(!clip.notes.is_empty()));
        let mut ranks = onset_ranks(&clip.notes, |a, b| a.start.cmp(&b.start)).into_iter();
        let quantise = |n: &super::Note| {
            let end = n.start.saturating_add(n.length);
            if n.start < 0 || end < n.start {
                return Err(QuantiseError::NegativeTime);
            }
            let start_step = step(n.start).min(total_steps - 1);
            let end_step = step(end).max(start_step + 1);
            Ok(QuantisedNote {
                pitch: n.pitch,
                velocity: n.velocity,
                start_step,
                end_step,
                start_offset: offset(n.start, start_step),
                end_offset: offset(end, end_step),
                onset_rank: ranks.next().unwrap_or(0),
                instrument: 0,
                program: 0,
                is_drum: clip.kind == ClipKind::Drums,
            })
        };
        Ok(Self {
            grid: Grid::Beats {
                steps_per_quarter,
                qpm: clip.tempo.unwrap_or(DEFAULT_QPM),
                numerator: clip.meter.numerator.into(),
                denominator: clip.meter.denominator.into(),
            },
            notes: clip.notes.iter().map(quantise).collect::<Result<_, _>>()?,
            texts: Vec::new(),
            control_steps: Vec::new(),
            total_steps,
        })
    }

    /// Puts a sequence on a grid of beats, as the reference does.
    ///
    /// # Errors
    /// If tempo or time signature change or make no sense, or anything lies before time zero.
    pub fn relative(ns: &NoteSequence, steps_per_quarter: u32) -> Result<Self, QuantiseError> {
        let signature = only_signature(&ns.time_signatures)?;
        let (n, d) = (signature.numerator, signature.denominator);
        if n == 0 || !u32::try_from(d).is_ok_and(u32::is_power_of_two) {
            return Err(QuantiseError::BadTimeSignature(n, d));
        }
        let qpm = only_tempo(&ns.tempos)?;
        let grid = Grid::Beats { steps_per_quarter, qpm, numerator: n, denominator: d };
        Self::from_times(ns, grid, steps_per_second(steps_per_quarter, qpm))
    }

    /// Puts a sequence on a grid of seconds, as the reference does.
    ///
    /// # Errors
    /// [`QuantiseError::NegativeTime`].
    pub fn absolute(ns: &NoteSequence, steps_per_second: u32) -> Result<Self, QuantiseError> {
        Self::from_times(ns, Grid::Seconds { steps_per_second }, f64::from(steps_per_second))
    }

    fn from_times(ns: &NoteSequence, grid: Grid, sps: f64) -> Result<Self, QuantiseError> {
        let step = |t| step_of_time(t, sps, 0.5);
        let mut total_steps = step(ns.total_time);
        let mut notes = Vec::with_capacity(ns.notes.len());
        let ranks = onset_ranks(&ns.notes, |a, b| a.start_time.total_cmp(&b.start_time));
        for (n, onset_rank) in ns.notes.iter().zip(ranks) {
            let (start_step, mut end_step) = (step(n.start_time), step(n.end_time));
            if end_step == start_step {
                end_step = end_step.saturating_add(1);
            }
            if start_step < 0 || end_step < 0 {
                return Err(QuantiseError::NegativeTime);
            }
            total_steps = total_steps.max(end_step);
            notes.push(QuantisedNote {
                pitch: n.pitch,
                velocity: n.velocity,
                start_step,
                end_step,
                start_offset: 0,
                end_offset: 0,
                onset_rank,
                instrument: n.instrument,
                program: n.program,
                is_drum: n.is_drum,
            });
        }
        let event = |t| Some(step(t)).filter(|&s| s >= 0).ok_or(QuantiseError::NegativeTime);
        let control_steps = ns.control_changes.iter().map(|c| event(c.time)).collect::<Result<_, _>>()?;
        let text = |a: &super::TextAnnotation| {
            Ok(QuantisedText { step: event(a.time)?, text: a.text.clone(), kind: a.kind })
        };
        let texts = ns.text_annotations.iter().map(text).collect::<Result<_, _>>()?;
        Ok(Self { grid, notes, texts, control_steps, total_steps })
    }

    /// Steps in a bar, which may be a fraction.
    ///
    /// # Errors
    /// [`QuantiseError::NoBars`] on a grid of seconds.
    pub fn bar_length(&self) -> Result<f64, QuantiseError> {
        match self.grid {
            Grid::Seconds { .. } => Err(QuantiseError::NoBars),
            Grid::Beats { steps_per_quarter, numerator, denominator, .. } => {
                Ok(f64::from(steps_per_quarter) * (4.0 / f64::from(denominator)) * f64::from(numerator))
            }
        }
    }

    /// Steps in a bar.
    ///
    /// # Errors
    /// [`QuantiseError::NoBars`] on a grid of seconds, [`QuantiseError::BarNotWhole`].
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
    pub fn steps_per_bar(&self) -> Result<u32, QuantiseError> {
        let bar = self.bar_length()?;
        if bar.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&bar) {
            return Err(QuantiseError::BarNotWhole(bar));
        }
        Ok(bar as u32)
    }

    /// Steps in a quarter note.
    ///
    /// # Errors
    /// [`QuantiseError::NoBars`] on a grid of seconds.
    pub fn steps_per_quarter(&self) -> Result<u32, QuantiseError> {
        match self.grid {
            Grid::Beats { steps_per_quarter, .. } => Ok(steps_per_quarter),
            Grid::Seconds { .. } => Err(QuantiseError::NoBars),
        }
    }
}

/// The place of every item in the order of `compare`; equal items have equal places.
fn onset_ranks<T>(items: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Vec<u32> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&a, &b| compare(&items[a], &items[b]));
    let mut ranks = vec![0; items.len()];
    for (rank, group) in (0..).zip(order.chunk_by(|&a, &b| compare(&items[a], &items[b]).is_eq())) {
        group.iter().for_each(|&i| ranks[i] = rank);
    }
    ranks
}

/// The one time signature of a sequence. The reference compares all with the *first in file order*, but
/// forgives a late start only by looking at the *earliest in time*; both are kept.
fn only_signature(signatures: &[TimeSignature]) -> Result<TimeSignature, QuantiseError> {
    let Some(first) = signatures.first() else {
        return Ok(TimeSignature { time: 0.0, numerator: 4, denominator: 4 });
    };
    let mut sorted = signatures.to_vec();
    sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
    let implicit = sorted[0].time != 0.0 && (sorted[0].numerator, sorted[0].denominator) != (4, 4);
    let differs = |t: &TimeSignature| (t.numerator, t.denominator) != (first.numerator, first.denominator);
    if implicit || sorted[1..].iter().any(differs) {
        return Err(QuantiseError::MultipleTimeSignatures);
    }
    Ok(*first)
}

/// The one tempo of a sequence, by the same rule.
fn only_tempo(tempos: &[TempoMark]) -> Result<f64, QuantiseError> {
    let Some(first) = tempos.first() else {
        return Ok(DEFAULT_QPM);
    };
    let mut sorted = tempos.to_vec();
    sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
    let implicit = sorted[0].time != 0.0 && sorted[0].qpm != DEFAULT_QPM;
    if implicit || sorted[1..].iter().any(|t| t.qpm != first.qpm) {
        return Err(QuantiseError::MultipleTempos);
    }
    Ok(first.qpm)
}

#[cfg(test)]
#[path = "quantise_tests.rs"]
mod tests;
