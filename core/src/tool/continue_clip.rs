//! Continue: the primer as it is, and then what the model makes of it.
//!
//! Worker thread. The take begins with the primer, note by note as it came; the new part starts at its end
//! without a gap (rounded up to the model's grid), completes its last bar and adds the bars asked for. It keeps the
//! primer's rhythm gently (how many onsets, where in the bar): the models alone drift to sparser music.
use super::assemble::{self, Placement, steps_until};
use super::limits::{PitchLimits, density, drum_effect};
use super::primer::{GridPrimer, one_voice, outside};
use super::run::{no_classes, seeds, take, write};
use super::voices::{self, Part};
use super::{Cancel, Request, Take, ToolError};
use crate::model::event_rnn::WriteOptions;
use crate::model::{Model, ModelEncoding};
use crate::music::{Clip, ClipKind, Note, tick_of_step};
use crate::sampling::Effect;
use std::sync::Arc;

pub(super) fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let mut primer = request.primer.clone().ok_or(ToolError::NoPrimer)?;
    primer.normalise();
    if primer.notes.is_empty() {
        return Err(ToolError::EmptyPrimer);
    }
    let hparams = model.hparams();
    let spq = hparams.steps_per_quarter;
    let (heard, dropped) = match model.encoding() {
        ModelEncoding::Melody(_) => one_voice(&primer, spq),
        _ => (primer.clone(), 0),
    };
    let grid = GridPrimer::new(&heard, request.bars, spq)?;
    let place = Placement { first_step: grid.new_step, steps_per_quarter: spq, end: grid.end };
    let steps = steps_until(grid.new_step, grid.end, spq);
    let seeds = seeds(request);
    let follow = |onsets: &[u8]| density(&request.constraints, primer.meter, spq, onsets);
    let mut notices = Vec::new();
    let shared = Arc::new(request.clone());
    let finish = |seed, notes: Vec<Note>, log_likelihood, notices: &[String]| {
        let clip = joined(&primer, notes, &grid, request.tempo, model.kind());
        let new_from = tick_of_step(grid.new_step, spq);
        take(clip, new_from, seed, (log_likelihood, steps), &shared, notices)
    };
    match model.encoding() {
        ModelEncoding::Drums(encoding) => {
            let Some(classes) = hparams.encoding.drum_classes()? else { return Err(no_classes()) };
            if primer.kind == ClipKind::Melody {
                notices.push("the primer was read as drums".into());
            }
            let (events, unknown) = grid.drums(&classes)?;
            notices.extend(
                count(unknown, "is a sound", "are sounds").map(|s| format!("{s} this model does not know")),
            );
            let effect = &drum_effect;
            let density = follow(&onsets(&events, effect));
            let options = WriteOptions {
                steps,
                unscored: 0,
                temperature: request.temperature,
                seeds: &seeds,
                effect: density.is_some().then_some(effect),
                density,
            };
            let rnn = model.rnn(encoding.as_ref());
            let written = write(rnn, &events, &options, cancel, progress)?;
            let takes = written.iter().zip(&seeds);
            Ok(takes
                .map(|(w, &seed)| finish(seed, assemble::drums(&w.events, place), w.log_likelihood, &notices))
                .collect())
        }
        ModelEncoding::Melody(encoding) => {
            if primer.kind == ClipKind::Drums {
                return Err(ToolError::DrumPrimer(model.name().to_owned()));
            }
            notices.extend(
                count(dropped, "was", "were")
                    .map(|s| format!("the primer has chords: the model heard its top line, {s} left out")),
            );
            let range = hparams.encoding.note_range().unwrap_or((0, 128));
            let mut melody = grid.melody(spq)?;
            let original = melody.events().to_vec();
            let amount = melody.squash(bound(range.0), bound(range.1), hparams.transpose_to_key);
            notices.extend(
                count(outside(&original, amount, range), "lies", "lie")
                    .map(|s| format!("{s} outside the model's range: it heard them shifted by octaves")),
            );
            let limits = PitchLimits::new(&request.constraints, range, -amount);
            notices.extend(limits.notice.clone());
            let effect = |event| limits.effect(event);
            let density = follow(&onsets(melody.events(), &effect));
            let options = WriteOptions {
                steps,
                unscored: 0,
                temperature: request.temperature,
                seeds: &seeds,
                effect: (limits.bites || density.is_some()).then_some(&effect),
                density,
            };
            let rnn = model.rnn(encoding.as_ref());
            let written = write(rnn, melody.events(), &options, cancel, progress)?;
            let takes = written.iter().zip(&seeds);
            Ok(takes
                .map(|(w, &seed)| {
                    let notes = assemble::melody(&w.events, None, -amount, place);
                    finish(seed, notes, w.log_likelihood, &notices)
                })
                .collect())
        }
        ModelEncoding::Polyphony(_) | ModelEncoding::Pianoroll { .. } => {
            if primer.kind == ClipKind::Drums {
                return Err(ToolError::DrumPrimer(model.name().to_owned()));
            }
            let heard = grid.voices(spq);
            let mut starts = vec![0; usize::try_from(heard.total_steps).unwrap_or(0)];
            for note in &heard.notes {
                if let Some(n) = usize::try_from(note.start_step).ok().and_then(|step| starts.get_mut(step)) {
                    *n = u8::saturating_add(*n, 1);
                }
            }
            let part = Part { steps, keep: None, density: follow(&starts), seeds: &seeds };
            let written = voices::write(model, request, &heard, part, cancel, progress)?;
            notices.extend(written.notices);
            let takes = written.takes.iter().zip(&seeds);
            Ok(takes
                .map(|(w, &seed)| finish(seed, assemble::voices(&w.notes, place), w.log_likelihood, &notices))
                .collect())
        }
        _ => Err(ToolError::NoTool(model.name().to_owned())),
    }
}

/// Notes that each event starts.
fn onsets<E: Copy>(events: &[E], effect: &dyn Fn(E) -> Effect) -> Vec<u8> {
    events.iter().map(|&event| effect(event).onsets).collect()
}

/// The primer with `notes` after it.
fn joined(primer: &Clip, notes: Vec<Note>, grid: &GridPrimer, tempo: Option<f64>, kind: ClipKind) -> Clip {
    let mut clip = Clip {
        name: String::new(),
        kind,
        notes: primer.notes.clone(),
        length: grid.end,
        meter: primer.meter,
        tempo: tempo.or(primer.tempo),
    };
    clip.notes.extend(notes);
    clip.normalise();
    clip
}

fn bound(pitch: i32) -> u8 {
    u8::try_from(pitch.clamp(0, 128)).unwrap_or(0)
}

/// "1 note is", "3 notes are"; nothing for 0.
fn count(n: usize, one: &str, many: &str) -> Option<String> {
    match n {
        0 => None,
        1 => Some(format!("1 note {one}")),
        n => Some(format!("{n} notes {many}")),
    }
}
