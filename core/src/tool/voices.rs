//! Several voices: what Generate and Continue do with polyphony and piano roll models, and [`harmonise`].
//!
//! Worker thread. A primer's notes end where the new part begins: what the model lets sound on is struck there.
//! Piano roll models are drawn key by key; at temperature 0 a key sounds from a probability of one half.
use super::assemble::{self, Placement};
use super::limits::{PitchLimits, density};
use super::primer::{MAX_PRIMER_BARS, given};
use super::run::{seeds, take};
use super::{Cancel, Request, Take, ToolError};
use crate::codec::pianoroll::{KEYS, LOWEST_KEY, Longest, key_of_pitch};
use crate::codec::{Frame, Pianoroll, Polyphony};
use crate::model::polyphony_rnn::{self, VoicesOptions};
use crate::model::rnn_nade::{Decide, RnnNade, RollLimits, RollOptions};
use crate::model::{Model, ModelEncoding};
use crate::music::{Clip, ClipKind, Grid, Quantised};
use crate::sampling::DensityControl;
use std::sync::Arc;

/// Most notes that a polyphony model lets sound at once: as many as a pianist has fingers.
pub const MAX_VOICES: usize = 10;

/// What is to be written.
pub(super) struct Part<'a> {
    /// Grid steps.
    pub steps: usize,
    /// Music that the model adds to, from the first step on (polyphony models).
    pub keep: Option<&'a Polyphony>,
    /// Steers the onsets (polyphony models).
    pub density: Option<DensityControl>,
    /// One per take.
    pub seeds: &'a [u32],
}

/// The model's notes: pitch, first step and step after the last; without those that were kept.
pub(super) struct Written {
    pub notes: Vec<(u8, usize, usize)>,
    pub log_likelihood: f64,
}

/// All takes, and what the musician should know.
pub(super) struct AllWritten {
    pub takes: Vec<Written>,
    pub notices: Vec<String>,
}

/// An empty past.
pub(super) fn nothing(steps_per_quarter: u32) -> Quantised {
    Quantised {
        grid: Grid::Beats { steps_per_quarter, qpm: 120.0, numerator: 4, denominator: 4 },
        notes: Vec::new(),
        texts: Vec::new(),
        control_steps: Vec::new(),
        total_steps: 0,
    }
}

/// Writes `part` after `heard`.
pub(super) fn write(
    model: &Model,
    request: &Request,
    heard: &Quantised,
    part: Part<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<AllWritten, ToolError> {
    let bad = |e: crate::codec::EventError| ToolError::BadRequest(e.to_string());
    let lost = || ToolError::BadRequest("the primer has several programs".into());
    if let Some(rnn) = model.rnn_nade() {
        let roll = Pianoroll::extract(heard, 0, 0, Longest::Any).map_err(bad)?.ok_or_else(lost)?;
        return write_roll(rnn, request, roll.events(), part, cancel, progress);
    }
    let ModelEncoding::Polyphony(encoding) = model.encoding() else {
        return Err(ToolError::NotVoices(model.name().to_owned()));
    };
    let limits = PitchLimits::new(&request.constraints, (0, 128), 0);
    let mut past = Polyphony::extract(heard, 0, 0..=usize::MAX).map_err(bad)?.ok_or_else(lost)?;
    past.trim_trailing_end();
    let rnn = model.rnn(encoding.as_ref())?;
    let primed = rnn.prime(past.events(), cancel, |_, _| Ok(()))?;
    let options = VoicesOptions {
        steps: part.steps,
        temperature: request.temperature,
        seeds: part.seeds,
        voices: request.constraints.polyphony.map_or(MAX_VOICES, |most| MAX_VOICES.min(most.into())),
        allowed: limits.pitches(),
        keep: part.keep.map_or(&[][..], Polyphony::events),
        density: part.density,
    };
    let written = polyphony_rnn::write(rnn, &primed, &options, cancel, progress)?;
    let takes = written.into_iter().map(|w| Written {
        notes: w.notes.iter().map(|n| (n.pitch, n.on, n.off)).collect(),
        log_likelihood: w.log_likelihood,
    });
    Ok(AllWritten { takes: takes.collect(), notices: limits.notice.into_iter().collect() })
}

fn write_roll(
    rnn: RnnNade<'_>,
    request: &Request,
    heard: &[Frame],
    part: Part<'_>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<AllWritten, ToolError> {
    let low = i32::from(LOWEST_KEY);
    let limits = PitchLimits::new(&request.constraints, (low, low + KEYS as i32), 0);
    let notices: Vec<String> = limits.notice.iter().cloned().collect();
    let primed = rnn.prime(heard, cancel)?;
    let decide = match request.temperature {
        t if t > 0.0 => Decide::Bernoulli(t),
        _ => Decide::Threshold,
    };
    let allowed = limits.pitches().iter().filter_map(key_of_pitch).collect();
    let most = request.constraints.polyphony.map_or(KEYS, usize::from);
    let limits = RollLimits { allowed, most, ..RollLimits::NONE };
    let density = part.density.as_ref();
    let options = RollOptions { steps: part.steps, decide, seeds: part.seeds, limits, density };
    let written = rnn.write(&primed, options, cancel, progress)?;
    let takes = written.into_iter().map(|w| {
        let notes = Pianoroll::new(w.frames).notes().into_iter();
        Written {
            notes: notes.map(|(key, on, off)| (LOWEST_KEY + key, on, off)).collect(),
            log_likelihood: w.log_likelihood,
        }
    });
    Ok(AllWritten { takes: takes.collect(), notices })
}

/// Adds voices to the request's primer, a melody or any other pitched clip of at most 64 bars. Every note of it is
/// in every take exactly as it came; the model reads it as it goes, on its grid, and with `listen_first` once before. The takes are as long as the
/// clip (`request.bars` does not count), and nothing in them is "new from": the voices sound with the melody.
///
/// # Errors
/// [`ToolError`], worded for a musician.
pub(super) fn harmonise(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    if !matches!(model.encoding(), ModelEncoding::Polyphony(_)) {
        return Err(ToolError::NotVoices(model.name().to_owned()));
    }
    let melody = given(request)?;
    if melody.kind == ClipKind::Drums {
        return Err(ToolError::DrumPrimer(model.name().to_owned()));
    }
    if i64::from(melody.bars()) > MAX_PRIMER_BARS {
        return Err(ToolError::BadRequest(format!("the melody is longer than {MAX_PRIMER_BARS} bars")));
    }
    let spq = model.hparams().steps_per_quarter;
    let steps = assemble::steps_until(0, melody.length, spq);
    let bad = |e: &dyn std::fmt::Display| ToolError::BadRequest(e.to_string());
    let mut quantised = Quantised::from_clip(&melody, spq).map_err(|e| bad(&e))?;
    quantised.total_steps = quantised.total_steps.max(steps as i64);
    let keep = Polyphony::extract(&quantised, 0, 0..=usize::MAX).map_err(|e| bad(&e))?;
    let seeds = seeds(request);
    let density = density(&request.constraints, melody.meter, spq, &[]);
    let part = Part { steps, keep: keep.as_ref(), density, seeds: &seeds };
    let heard = if request.listen_first { quantised } else { nothing(spq) };
    let written = write(model, request, &heard, part, cancel, progress)?;
    let place = Placement { first_step: 0, steps_per_quarter: spq, end: melody.length };
    let shared = Arc::new(request.clone());
    let takes = written.takes.iter().zip(&seeds).map(|(w, &seed)| {
        let mut clip = Clip { name: String::new(), tempo: request.tempo.or(melody.tempo), ..melody.clone() };
        clip.notes.extend(assemble::voices(&w.notes, place));
        clip.normalise();
        take(clip, 0, seed, (w.log_likelihood, steps), &shared, &written.notices)
    });
    Ok(takes.collect())
}

#[cfg(test)]
#[path = "voices_tests.rs"]
mod tests;
