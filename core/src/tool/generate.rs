//! Generate: a clip from nothing.
//!
//! Worker thread. These models were trained on music that begins with a note on a bar line and have never
//! seen an empty past. So each take starts from one event — a bass drum, or middle C in the model's own key —
//! writes the rest of that first bar as a warm-up, and the take is what follows: whole bars that begin on a
//! bar line with the model in full swing. A melody note that sounds across that line is struck on it.
use super::assemble::{self, Placement, steps_until};
use super::limits::{PitchLimits, density, drum_effect, home};
use super::run::{no_classes, seeds, take, write};
use super::{Cancel, Request, Take, ToolError};
use crate::codec::encoding::OneHot;
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::event_rnn::{EventRnn, WriteOptions};
use crate::model::{Model, ModelEncoding};
use crate::music::{Clip, Note};
use std::sync::Arc;

/// The first event of a drum warm-up: a bass drum.
const FIRST_DRUM: u8 = 36;
/// The first event of a melody warm-up, in the model's key: middle C.
const FIRST_PITCH: i32 = 60;

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
    let warm_up = steps_until(0, bar, spq).max(1) - 1;
    let place = Placement { first_step: 0, steps_per_quarter: spq, end };
    let seeds = seeds(request);
    let density = density(&request.constraints, request.meter, spq);
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
            let struck: PitchSet = [FIRST_DRUM].into_iter().collect();
            let first = [classes.decode(classes.encode(struck)?)?];
            let effect = &drum_effect;
            let options = WriteOptions {
                steps: warm_up + steps,
                unscored: warm_up,
                temperature: request.temperature,
                seeds: &seeds,
                effect: density.is_some().then_some(effect),
                density,
            };
            let rnn = EventRnn { encoding: encoding.as_ref(), stack: model.stack() };
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
            let pitch = FIRST_PITCH.clamp(range.0, range.1 - 1);
            let first = [u8::try_from(pitch).map_or(MelodyEvent::NoEvent, MelodyEvent::Pitch)];
            let effect = |event| limits.effect(event);
            let options = WriteOptions {
                steps: warm_up + steps,
                unscored: warm_up,
                temperature: request.temperature,
                seeds: &seeds,
                effect: (limits.bites || density.is_some()).then_some(&effect),
                density,
            };
            let rnn = EventRnn { encoding: encoding.as_ref(), stack: model.stack() };
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
    }
}
