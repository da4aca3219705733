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
use super::harmony::{Harmony, broken, lean};
use super::limits::{PitchLimits, density, drum_effect, home};
use super::run::{no_classes, seeds, take, write};
use super::voices::{self, Part};
use super::{Cancel, Constraints, Request, Take, ToolError, rules};
use crate::codec::encoding::{Conditional, DrumsOneHot, Encoding, OneHot, listed};
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::event_rnn::{Lean, WriteOptions};
use crate::model::{Model, ModelEncoding};
use crate::music::{Clip, Note, Ticks};
use crate::sampling::DensityControl;
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

/// A step of a broken chord in quarters. Its first step (middle C where there are no chords) is what every melody
/// starts from.
fn broken_chord(chord: [i32; 4], step: usize, steps_per_quarter: u32, (min, max): (i32, i32)) -> MelodyEvent {
    let quarter = steps_per_quarter as usize;
    if !step.is_multiple_of(quarter) {
        return MelodyEvent::NoEvent;
    }
    // The octave of the range that is nearest: a range has an octave or more.
    let pitch = match chord[step / quarter % chord.len()] {
        low if low < min => min + (low - min).rem_euclid(12),
        high if high >= max => max - 12 + (high - max).rem_euclid(12),
        inside => inside,
    };
    u8::try_from(pitch).map_or(MelodyEvent::NoEvent, MelodyEvent::Pitch)
}

/// What all kinds of models share.
struct Job<'a> {
    model: &'a Model,
    request: &'a Request,
    seeds: Vec<u32>,
    /// The clip's end.
    end: Ticks,
    /// Grid steps of the clip, and of its first bar.
    steps: usize,
    first_bar: usize,
    density: Option<DensityControl>,
}

impl Job<'_> {
    fn steps_per_quarter(&self) -> u32 {
        self.model.hparams().steps_per_quarter
    }

    fn place(&self) -> Placement {
        Placement { first_step: 0, steps_per_quarter: self.steps_per_quarter(), end: self.end }
    }

    /// Steps that are given, and steps of the first bar that are left to warm up.
    fn start(&self) -> (usize, usize) {
        let given = if self.request.temperature == 0.0 { self.first_bar } else { 1 };
        (given, self.first_bar - given)
    }

    fn take(
        &self,
        seed: u32,
        notes: Vec<Note>,
        log_likelihood: f64,
        request: &Arc<Request>,
        notices: &[String],
    ) -> Take {
        let mut clip = Clip {
            name: String::new(),
            kind: self.model.kind(),
            notes,
            length: self.end,
            meter: self.request.meter,
            tempo: self.request.tempo,
        };
        clip.normalise();
        take(clip, 0, seed, (log_likelihood, self.steps), request, notices)
    }

    fn drums(
        &self,
        encoding: &dyn Encoding<PitchSet>,
        classes: &DrumsOneHot,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        let (given, warm_up) = self.start();
        let spq = self.steps_per_quarter();
        let beat = (0..given).map(|step| classes.decode(classes.encode(plain_beat(step, spq))?));
        let first = beat.collect::<Result<Vec<_>, _>>()?;
        let effect = &drum_effect;
        let rules = rules::drums(&self.request.constraints);
        let options = WriteOptions {
            steps: warm_up + self.steps,
            unscored: warm_up,
            temperature: self.request.temperature,
            seeds: &self.seeds,
            effect: self.density.is_some().then_some(effect),
            rules: rules.as_deref(),
            density: self.density.clone(),
            search: self.request.search,
            ..WriteOptions::default()
        };
        let written = write(self.model.rnn(encoding)?, &first, &options, cancel, progress)?;
        let shared = Arc::new(self.request.clone());
        let takes = written.iter().zip(&self.seeds);
        Ok(takes
            .map(|(w, &seed)| {
                let notes = assemble::drums(&w.events[warm_up..], self.place());
                self.take(seed, notes, w.log_likelihood, &shared, &[])
            })
            .collect())
    }

    /// A melody whose pitches sound `shift` semitones higher than the model writes them, and which starts from
    /// `chord`.
    fn melody(
        &self,
        encoding: &dyn Encoding<MelodyEvent>,
        (shift, lean): (i32, Option<&Lean<'_, MelodyEvent>>),
        chord: [i32; 4],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        let (given, warm_up) = self.start();
        let (spq, range) = (self.steps_per_quarter(), self.range());
        let limits = PitchLimits::new(&self.request.constraints, range, shift);
        let notices: Vec<String> = limits.notice.iter().cloned().collect();
        let first: Vec<_> = (0..given).map(|step| broken_chord(chord, step, spq, range)).collect();
        let effect = |event| limits.effect(event);
        let rules = rules::melody(&self.request.constraints);
        let options = WriteOptions {
            steps: warm_up + self.steps,
            unscored: warm_up,
            temperature: self.request.temperature,
            seeds: &self.seeds,
            effect: (limits.bites || self.density.is_some()).then_some(&effect),
            rules: rules.as_deref(),
            lean,
            density: self.density.clone(),
            search: self.request.search,
            ..WriteOptions::default()
        };
        let written = write(self.model.rnn(encoding)?, &first, &options, cancel, progress)?;
        let shared = Arc::new(self.request.clone());
        let takes = written.iter().zip(&self.seeds);
        Ok(takes
            .map(|(w, &seed)| {
                let (before, events) = w.events.split_at(warm_up);
                let before: Vec<_> = first.iter().chain(before).copied().collect();
                let legal = |&p: &u8| !limits.effect(MelodyEvent::Pitch(p)).forbidden;
                let struck = assemble::sounding(&before).filter(legal);
                let notes = assemble::melody(events, struck, shift, self.place());
                self.take(seed, notes, w.log_likelihood, &shared, &notices)
            })
            .collect())
    }

    /// Pitches of a melody model.
    fn range(&self) -> (i32, i32) {
        self.model.hparams().encoding.note_range().unwrap_or((0, 128))
    }

    /// By how much a melody from nothing is moved.
    fn shift(&self) -> i32 {
        home(&self.request.constraints, self.range(), self.model.hparams().transpose_to_key)
    }
}

pub(super) fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let spq = model.hparams().steps_per_quarter;
    let bar = request.meter.bar_ticks();
    let end = bar * i64::from(request.bars);
    let job = Job {
        model,
        request,
        seeds: seeds(request),
        end,
        steps: steps_until(0, end, spq),
        first_bar: steps_until(0, bar, spq).max(1),
        density: density(&request.constraints, request.meter, spq, &[]),
    };
    match model.encoding() {
        ModelEncoding::Drums(encoding) => {
            let Some(classes) = model.hparams().encoding.drum_classes()? else { return Err(no_classes()) };
            job.drums(encoding.as_ref(), &classes, cancel, progress)
        }
        ModelEncoding::Melody(encoding) => {
            job.melody(encoding.as_ref(), (job.shift(), None), broken(None), cancel, progress)
        }
        ModelEncoding::Improv { chords: control, melody } => {
            // A plain progression is in the key that fits the scale best.
            let key = home(&Constraints { range: None, ..request.constraints.clone() }, job.range(), Some(0));
            let key = u8::try_from(key.rem_euclid(12)).unwrap_or(0);
            let harmony = Harmony::new(request, *control, spq, (0, bar), key)?;
            // A model at home in one key goes where the chords are, unless it is told a scale.
            let scale = request.constraints.scale.or_else(|| harmony.scale());
            let where_to = Constraints { scale, ..request.constraints.clone() };
            let shift = home(&where_to, job.range(), model.hparams().transpose_to_key);
            let last = i64::try_from(job.steps).unwrap_or(i64::MAX);
            let heard = harmony.heard(job.first_bar, (0, last), 0, -shift)?;
            let source = listed(&heard);
            let encoding = Conditional { control, source: &source, target: melody.as_ref() };
            let chord = broken(heard.first().copied().flatten());
            let request = Request { chords: Some(harmony.track), ..request.clone() };
            let job = Job { request: &request, ..job };
            let lean = lean(&heard, model.card().chord_lean);
            let mut takes = job.melody(&encoding, (shift, Some(&lean)), chord, cancel, progress)?;
            takes.iter_mut().for_each(|t| t.notices.extend(harmony.notices.iter().cloned()));
            Ok(takes)
        }
        ModelEncoding::Polyphony(_) | ModelEncoding::Pianoroll { .. } => {
            let part = Part { steps: job.steps, keep: None, density: job.density.clone(), seeds: &job.seeds };
            let written = voices::write(model, request, &voices::nothing(spq), part, cancel, progress)?;
            let shared = Arc::new(request.clone());
            let takes = written.takes.iter().zip(&job.seeds);
            Ok(takes
                .map(|(w, &seed)| {
                    let notes = assemble::voices(&w.notes, job.place());
                    job.take(seed, notes, w.log_likelihood, &shared, &written.notices)
                })
                .collect())
        }
        _ => Err(ToolError::NoTool(model.name().to_owned())),
    }
}
