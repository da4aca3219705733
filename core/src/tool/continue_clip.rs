//! Continue: the primer as it is, and then what the model makes of it.
//!
//! Worker thread. The take begins with the primer, note by note as it came; the new part starts at its end
//! without a gap (rounded up to the model's grid), completes its last bar and adds the bars asked for. It keeps the
//! primer's rhythm gently (how many onsets, where in the bar): the models alone drift to sparser music.
use super::assemble::{self, Placement, steps_until};
use super::harmony::{Harmony, lean};
use super::limits::{PitchLimits, density, drum_effect};
use super::primer::{GridPrimer, given, one_voice, outside};
use super::run::{no_classes, seeds, take, write};
use super::voices::{self, Part};
use super::{Cancel, Request, Take, ToolError, rules};
use crate::codec::Melody;
use crate::codec::encoding::{Conditional, DrumsOneHot, Encoding, listed};
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::event_rnn::{Lean, WriteOptions};
use crate::model::{Model, ModelEncoding};
use crate::music::{Clip, ClipKind, Note, tick_of_step};
use crate::sampling::{DensityControl, Effect};
use std::sync::Arc;

/// What all kinds of models share.
struct Job<'a> {
    model: &'a Model,
    request: &'a Request,
    primer: &'a Clip,
    grid: GridPrimer,
    seeds: Vec<u32>,
    /// Grid steps of the new part.
    steps: usize,
    notices: Vec<String>,
}

impl Job<'_> {
    fn place(&self) -> Placement {
        let steps_per_quarter = self.model.hparams().steps_per_quarter;
        Placement { first_step: self.grid.new_step, steps_per_quarter, end: self.grid.end }
    }

    fn density(&self, onsets: &[u8]) -> Option<DensityControl> {
        let steps_per_quarter = self.model.hparams().steps_per_quarter;
        density(&self.request.constraints, self.primer.meter, steps_per_quarter, onsets)
    }

    fn take(&self, seed: u32, notes: Vec<Note>, log_likelihood: f64, request: &Arc<Request>) -> Take {
        let clip = joined(self.primer, notes, &self.grid, self.request.tempo, self.model.kind());
        let new_from = tick_of_step(self.grid.new_step, self.model.hparams().steps_per_quarter);
        take(clip, new_from, seed, (log_likelihood, self.steps), request, &self.notices)
    }

    fn drums(
        &mut self,
        encoding: &dyn Encoding<PitchSet>,
        classes: &DrumsOneHot,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        if self.primer.kind == ClipKind::Melody {
            self.notices.push("the primer was read as drums".into());
        }
        let (events, unknown) = self.grid.drums(classes)?;
        let unknown = count(unknown, "is a sound", "are sounds");
        self.notices.extend(unknown.map(|s| format!("{s} this model does not know")));
        let effect = &drum_effect;
        let density = self.density(&onsets(&events, effect));
        let rules = rules::drums(&self.request.constraints);
        let options = WriteOptions {
            steps: self.steps,
            temperature: self.request.temperature,
            seeds: &self.seeds,
            effect: density.is_some().then_some(effect),
            rules: rules.as_deref(),
            density,
            search: self.request.search,
            ..WriteOptions::default()
        };
        let written = write(self.model.rnn(encoding)?, &events, &options, cancel, progress)?;
        let shared = Arc::new(self.request.clone());
        let takes = written.iter().zip(&self.seeds);
        let notes = |events: &[PitchSet]| assemble::drums(events, self.place());
        Ok(takes.map(|(w, &seed)| self.take(seed, notes(&w.events), w.log_likelihood, &shared)).collect())
    }

    /// What a melody model hears of the primer, and by how many semitones that is moved.
    fn heard(&mut self, dropped: usize) -> Result<(Melody, i32), ToolError> {
        if self.primer.kind == ClipKind::Drums {
            return Err(ToolError::DrumPrimer(self.model.name().to_owned()));
        }
        let dropped = count(dropped, "was", "were");
        self.notices.extend(
            dropped.map(|s| format!("the primer has chords: the model heard its top line, {s} left out")),
        );
        let hparams = self.model.hparams();
        let range = hparams.encoding.note_range().unwrap_or((0, 128));
        let mut melody = self.grid.melody(hparams.steps_per_quarter)?;
        let original = melody.events().to_vec();
        let amount = melody.squash(bound(range.0), bound(range.1), hparams.transpose_to_key);
        let outside = count(outside(&original, amount, range), "lies", "lie");
        self.notices.extend(
            outside.map(|s| format!("{s} outside the model's range: it heard them shifted by octaves")),
        );
        Ok((melody, amount))
    }

    fn melody(
        &mut self,
        encoding: &dyn Encoding<MelodyEvent>,
        (heard, amount): (&Melody, i32),
        lean: Option<&Lean<'_, MelodyEvent>>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        let range = self.model.hparams().encoding.note_range().unwrap_or((0, 128));
        let limits = PitchLimits::new(&self.request.constraints, range, -amount);
        self.notices.extend(limits.notice.clone());
        let effect = |event| limits.effect(event);
        let density = self.density(&onsets(heard.events(), &effect));
        let rules = rules::melody(&self.request.constraints);
        let options = WriteOptions {
            steps: self.steps,
            temperature: self.request.temperature,
            seeds: &self.seeds,
            effect: (limits.bites || density.is_some()).then_some(&effect),
            rules: rules.as_deref(),
            lean,
            density,
            search: self.request.search,
            ..WriteOptions::default()
        };
        let written = write(self.model.rnn(encoding)?, heard.events(), &options, cancel, progress)?;
        let shared = Arc::new(self.request.clone());
        let takes = written.iter().zip(&self.seeds);
        let notes = |events: &[MelodyEvent]| assemble::melody(events, None, -amount, self.place());
        Ok(takes.map(|(w, &seed)| self.take(seed, notes(&w.events), w.log_likelihood, &shared)).collect())
    }

    fn voices(&mut self, cancel: &Cancel, progress: &mut dyn FnMut(f32)) -> Result<Vec<Take>, ToolError> {
        if self.primer.kind == ClipKind::Drums {
            return Err(ToolError::DrumPrimer(self.model.name().to_owned()));
        }
        let heard = self.grid.voices(self.model.hparams().steps_per_quarter);
        let mut starts = vec![0; usize::try_from(heard.total_steps).unwrap_or(0)];
        for note in &heard.notes {
            if let Some(n) = usize::try_from(note.start_step).ok().and_then(|step| starts.get_mut(step)) {
                *n = u8::saturating_add(*n, 1);
            }
        }
        let density = self.density(&starts);
        let part = Part { steps: self.steps, keep: None, density, seeds: &self.seeds };
        let written = voices::write(self.model, self.request, &heard, part, cancel, progress)?;
        self.notices.extend(written.notices);
        let shared = Arc::new(self.request.clone());
        let takes = written.takes.iter().zip(&self.seeds);
        let place = self.place();
        Ok(takes
            .map(|(w, &seed)| self.take(seed, assemble::voices(&w.notes, place), w.log_likelihood, &shared))
            .collect())
    }
}

pub(super) fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let primer = given(request)?;
    let spq = model.hparams().steps_per_quarter;
    let (heard, dropped) = match model.encoding() {
        ModelEncoding::Melody(_) | ModelEncoding::Improv { .. } => one_voice(&primer, spq),
        _ => (primer.clone(), 0),
    };
    let grid = GridPrimer::new(&heard, request.bars, spq)?;
    let steps = steps_until(grid.new_step, grid.end, spq);
    let notices = Vec::new();
    let mut job = Job { model, request, primer: &primer, grid, seeds: seeds(request), steps, notices };
    match model.encoding() {
        ModelEncoding::Drums(encoding) => {
            let Some(classes) = model.hparams().encoding.drum_classes()? else { return Err(no_classes()) };
            job.drums(encoding.as_ref(), &classes, cancel, progress)
        }
        ModelEncoding::Melody(encoding) => {
            let (heard, amount) = job.heard(dropped)?;
            job.melody(encoding.as_ref(), (&heard, amount), None, cancel, progress)
        }
        ModelEncoding::Improv { chords: control, melody } => {
            let (heard, amount) = job.heard(dropped)?;
            let bar = primer.meter.bar_ticks();
            let line = job.grid.end - bar * i64::from(request.bars);
            let key = u8::try_from((i32::from(heard.major_key()) - amount).rem_euclid(12)).unwrap_or(0);
            let harmony = Harmony::new(request, *control, spq, (line, bar), key)?;
            let from = job.grid.new_step - i64::try_from(heard.events().len()).unwrap_or(0);
            let to = job.grid.new_step + i64::try_from(steps).unwrap_or(0);
            let chords = harmony.heard(0, (from, to), line, amount)?;
            let source = listed(&chords);
            let encoding = Conditional { control, source: &source, target: melody.as_ref() };
            let request = Request { chords: Some(harmony.track), ..request.clone() };
            job.notices.extend(harmony.notices);
            let mut job = Job { request: &request, ..job };
            let lean = lean(&chords, model.card().chord_lean);
            job.melody(&encoding, (&heard, amount), Some(&lean), cancel, progress)
        }
        ModelEncoding::Polyphony(_) | ModelEncoding::Pianoroll { .. } => job.voices(cancel, progress),
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
