//! Generate: a clip from nothing.
//!
//! Worker thread. These models were trained on music that begins with a note on a bar line and have never
//! seen an empty past. So each take starts from one event — bass drum with closed hi-hat, which begins one bar in
//! five of the training grooves and leads on as densely as they are, or middle C in the model's own key —
//! writes the rest of that first bar as a warm-up, and the take is what follows: whole bars that begin on a
//! bar line with the model in full swing. A melody note that sounds across that line is struck on it.
//! Greedy takes (temperature 0) start from a whole given bar instead, a plain beat or a broken chord: the
//! likeliest event after a single one is silence for ever.
use super::assemble::{self, Placement, steps_until};
use super::limits::{PitchLimits, density, drum_effect, home};
use super::run::{no_classes, seeds, take, write};
use super::voices::{self, Part};
use super::{Cancel, Request, Take, ToolError};
use crate::codec::encoding::OneHot;
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::event_rnn::WriteOptions;
use crate::model::{Model, ModelEncoding};
use crate::music::{Clip, Note};
use std::sync::Arc;

/// A step of a plain beat: bass drum on the first of two quarters, snare on the second, hi-hat on eighths. Its
/// first step is what every drum take starts from.
fn plain_beat(step: usize, steps_per_quarter: u32) -> PitchSet {
    const BASS_DRUM: u8 = 36;
    const SNARE: u8 = 38;
    const CLOSED_HAT: u8 = 42;
    let quarter = steps_per_quarter as usize;
    let mut hits = PitchSet::EMPTY;
    if step.is_multiple_of(quarter) {
        hits.insert(if (step / quarter).is_multiple_of(2) { BASS_DRUM } else { SNARE });
    }
    if step.is_multiple_of((quarter / 2).max(1)) {
        hits.insert(CLOSED_HAT);
    }
    hits
}

/// A step of a broken C major chord in quarters. Its first step, middle C, is what every melody starts from.
fn broken_chord(step: usize, steps_per_quarter: u32, (min, max): (i32, i32)) -> MelodyEvent {
    const CHORD: [i32; 4] = [60, 64, 67, 64];
    let quarter = steps_per_quarter as usize;
    if !step.is_multiple_of(quarter) {
        return MelodyEvent::NoEvent;
    }
    let pitch = CHORD[step / quarter % CHORD.len()].clamp(min, max - 1);
    u8::try_from(pitch).map_or(MelodyEvent::NoEvent, MelodyEvent::Pitch)
}

pub(super) fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let hparams = model.hparams();
    let spq = hparams.steps_per_quarter;
    let bar = request.meter.bar_ticks();
    let end = bar * i64::from(request.bars);
    let steps = steps_until(0, end, spq);
    let first_bar = steps_until(0, bar, spq).max(1);
    let greedy = request.temperature == 0.0;
    let given = if greedy { first_bar } else { 1 };
    let warm_up = first_bar - given;
    let place = Placement { first_step: 0, steps_per_quarter: spq, end };
    let seeds = seeds(request);
    let density = density(&request.constraints, request.meter, spq, &[]);
    let shared = Arc::new(request.clone());
    let finish = |seed, notes: Vec<Note>, log_likelihood, notices: &[String]| {
        let mut clip = Clip {
            name: String::new(),
            kind: model.kind(),
            notes,
            length: end,
            meter: request.meter,
            tempo: request.tempo,
        };
        clip.normalise();
        take(clip, 0, seed, (log_likelihood, steps), &shared, notices)
    };
    match model.encoding() {
        ModelEncoding::Drums(encoding) => {
            let Some(classes) = hparams.encoding.drum_classes()? else { return Err(no_classes()) };
            let beat = (0..given).map(|step| classes.decode(classes.encode(plain_beat(step, spq))?));
            let first = beat.collect::<Result<Vec<_>, _>>()?;
            let effect = &drum_effect;
            let options = WriteOptions {
                steps: warm_up + steps,
                unscored: warm_up,
                temperature: request.temperature,
                seeds: &seeds,
                effect: density.is_some().then_some(effect),
                density,
            };
            let rnn = model.rnn(encoding.as_ref());
            let written = write(rnn, &first, &options, cancel, progress)?;
            let takes = written.iter().zip(&seeds);
            Ok(takes
                .map(|(w, &seed)| {
                    let notes = assemble::drums(&w.events[warm_up..], place);
                    finish(seed, notes, w.log_likelihood, &[])
                })
                .collect())
        }
        ModelEncoding::Melody(encoding) => {
            let range = hparams.encoding.note_range().unwrap_or((0, 128));
            let shift = home(&request.constraints, range, hparams.transpose_to_key);
            let limits = PitchLimits::new(&request.constraints, range, shift);
            let notices: Vec<String> = limits.notice.iter().cloned().collect();
            let first: Vec<_> = (0..given).map(|step| broken_chord(step, spq, range)).collect();
            let effect = |event| limits.effect(event);
            let options = WriteOptions {
                steps: warm_up + steps,
                unscored: warm_up,
                temperature: request.temperature,
                seeds: &seeds,
                effect: (limits.bites || density.is_some()).then_some(&effect),
                density,
            };
            let rnn = model.rnn(encoding.as_ref());
            let written = write(rnn, &first, &options, cancel, progress)?;
            let takes = written.iter().zip(&seeds);
            Ok(takes
                .map(|(w, &seed)| {
                    let (before, events) = w.events.split_at(warm_up);
                    let before: Vec<_> = first.iter().chain(before).copied().collect();
                    let legal = |&p: &u8| !limits.effect(MelodyEvent::Pitch(p)).forbidden;
                    let struck = assemble::sounding(&before).filter(legal);
                    let notes = assemble::melody(events, struck, shift, place);
                    finish(seed, notes, w.log_likelihood, &notices)
                })
                .collect())
        }
        ModelEncoding::Polyphony(_) | ModelEncoding::Pianoroll { .. } => {
            let part = Part { steps, keep: None, density, seeds: &seeds };
            let written = voices::write(model, request, &voices::nothing(spq), part, cancel, progress)?;
            let takes = written.takes.iter().zip(&seeds);
            Ok(takes
                .map(|(w, &seed)| {
                    let notes = assemble::voices(&w.notes, place);
                    finish(seed, notes, w.log_likelihood, &written.notices)
                })
                .collect())
        }
        _ => Err(ToolError::NoTool(model.name().to_owned())),
    }
}
