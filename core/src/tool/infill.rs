//! Infill: some bars of a clip are written anew, the others stay note by note.
//!
//! Worker thread. The model reads the clip's last bar (as if the clip went round) and then walks through the clip: events
//! of bars that stay are forced, so that they shape what follows and count in the score; the others are drawn.
//! Kept notes end where new ones start, and new ones where kept ones start. With a
//! kept rhythm every note keeps its place, length and velocity, and only pitches (drums: which of them) are
//! drawn.
use super::assemble::{self, Placement, steps_until};
use super::harmony::{Harmony, lean};
use super::limits::{PitchLimits, density, drum_effect};
use super::primer::{GridPrimer, MAX_PRIMER_BARS, given, one_voice};
use super::rules::{self, NO_ONSET, OTHER_WAY, REPEATS, cost};
use super::run::{no_classes, seeds, take, write};
use super::{Cancel, Request, Take, ToolError};
use crate::codec::encoding::{Conditional, DrumsOneHot, Encoding, History, listed};
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::event_rnn::{Lean, Rules, WriteOptions};
use crate::model::{Model, ModelEncoding};
use crate::music::{Clip, ClipKind, Note, Ticks, step_of_tick, tick_of_step};
use crate::sampling::Effect;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::sync::Arc;

/// What stays of bars that are written anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Keep {
    /// Nothing.
    #[default]
    Nothing,
    /// When notes start and end.
    Rhythm,
    /// The rhythm, and whether a melody rises, falls or stays; of drums the rhythm.
    Contour,
}

/// Which bars of the primer are written anew, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infill {
    /// Bars that stay as they are, from 0 on; all others are written anew.
    pub locked: Vec<u32>,
    /// What stays of the others.
    pub keep: Keep,
}

/// A clip on its way through a model.
struct Job<'a> {
    model: &'a Model,
    request: &'a Request,
    clip: &'a Clip,
    keep: Keep,
    seeds: Vec<u32>,
    /// Per grid step of the clip: whether it stays.
    locked: Vec<bool>,
    /// Steps of the last bar, which is read before the first.
    before: usize,
}

pub(super) fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let infill = &request.infill;
    let clip = given(request)?;
    let bars = clip.bars();
    if i64::from(bars) > MAX_PRIMER_BARS {
        return Err(ToolError::BadRequest(format!("the clip is longer than {MAX_PRIMER_BARS} bars")));
    }
    if (0..bars).all(|bar| infill.locked.contains(&bar)) {
        return Err(ToolError::BadRequest("every bar is locked: there is nothing to write".into()));
    }
    let spq = model.hparams().steps_per_quarter;
    let bar = clip.meter.bar_ticks();
    let steps = steps_until(0, clip.length, spq);
    let bar_of = |step: usize| {
        let tick = tick_of_step(i64::try_from(step).unwrap_or(0), spq);
        u32::try_from(tick.div_euclid(bar)).unwrap_or(0)
    };
    let locked: Vec<bool> = (0..steps).map(|step| infill.locked.contains(&bar_of(step))).collect();
    let before = (0..steps).filter(|&step| bar_of(step) + 1 == bars).count().max(1);
    let seeds = seeds(request);
    let job = Job { model, request, clip: &clip, keep: infill.keep, seeds, locked, before };
    match model.encoding() {
        ModelEncoding::Drums(encoding) => {
            let Some(classes) = model.hparams().encoding.drum_classes()? else { return Err(no_classes()) };
            job.drums(encoding.as_ref(), &classes, cancel, progress)
        }
        ModelEncoding::Melody(encoding) => {
            job.melody(encoding.as_ref(), (&job.heard()?, None), (request, &[]), cancel, progress)
        }
        ModelEncoding::Improv { chords: control, melody } => {
            let heard = job.heard()?;
            let key = (i32::from(major_key(&heard.events)) - heard.amount).rem_euclid(12);
            // The primer is the clip, and its chords are all there are.
            let mut track = request.chords.clone().unwrap_or_default();
            if !track.primer.is_empty() {
                track.chords = std::mem::take(&mut track.primer);
                track.length = Some(bar * i64::from(bars));
            }
            track.check()?;
            let whole = Request { chords: Some(track), ..request.clone() };
            let harmony = Harmony::new(&whole, *control, spq, (0, bar), u8::try_from(key).unwrap_or(0))?;
            let last = i64::try_from(steps).unwrap_or(0);
            let pickup = last - i64::try_from(job.before).unwrap_or(0);
            let mut chords = harmony.heard(0, (pickup, last), 0, heard.amount)?;
            chords.extend(harmony.heard(0, (0, last), 0, heard.amount)?);
            let source = listed(&chords);
            let encoding = Conditional { control, source: &source, target: melody.as_ref() };
            let whole = Request { chords: Some(harmony.track), ..whole };
            let lean = lean(&chords, model.card().chord_lean);
            job.melody(&encoding, (&heard, Some(&lean)), (&whole, &harmony.notices), cancel, progress)
        }
        _ => Err(ToolError::NoInfill(model.name().to_owned())),
    }
}

/// A melody as its model hears it.
struct Heard {
    /// The line that is read.
    line: Clip,
    events: Vec<MelodyEvent>,
    amount: i32,
}

fn major_key(events: &[MelodyEvent]) -> u8 {
    crate::codec::Melody::on_grid(events.to_vec(), 0, 16, 4).major_key()
}

impl Job<'_> {
    fn place(&self) -> Placement {
        let steps_per_quarter = self.model.hparams().steps_per_quarter;
        Placement { first_step: 0, steps_per_quarter, end: self.clip.length }
    }

    /// Step of the grid that a note of the clip belongs to.
    fn step(&self, note: &Note) -> usize {
        let step = step_of_tick(note.start, self.model.hparams().steps_per_quarter);
        usize::try_from(step).unwrap_or(0).min(self.locked.len().saturating_sub(1))
    }

    fn is_locked(&self, step: usize) -> bool {
        self.locked.get(step).copied().unwrap_or(false)
    }

    /// The clip with `new` notes in the bars that are not locked. With `cut`, kept notes end where new ones start, and
    /// the other way round.
    fn joined(&self, mut new: Vec<Note>, cut: bool) -> Clip {
        new.retain(|n| !self.is_locked(self.step(n)));
        let mut kept: Vec<Note> =
            self.clip.notes.iter().filter(|n| self.is_locked(self.step(n))).copied().collect();
        if cut {
            let starts = |notes: &[Note]| notes.iter().map(|n| n.start).collect::<Vec<_>>();
            let (kept_starts, new_starts) = (starts(&kept), starts(&new));
            kept.iter_mut().for_each(|note| end_before(note, &new_starts));
            new.iter_mut().for_each(|note| end_before(note, &kept_starts));
        }
        let mut clip = Clip {
            name: String::new(),
            notes: kept,
            tempo: self.request.tempo.or(self.clip.tempo),
            kind: self.model.kind(),
            ..self.clip.clone()
        };
        clip.notes.extend(new);
        clip.normalise();
        clip
    }

    fn take(
        &self,
        clip: Clip,
        seed: u32,
        log_likelihood: f64,
        request: &Arc<Request>,
        notices: &[String],
    ) -> Take {
        take(clip, 0, seed, (log_likelihood, self.locked.len()), request, notices)
    }

    fn grid(&self, clip: &Clip) -> Result<GridPrimer, ToolError> {
        GridPrimer::from_start(clip, self.model.hparams().steps_per_quarter, self.locked.len())
    }

    fn drums(
        &self,
        encoding: &dyn Encoding<PitchSet>,
        classes: &DrumsOneHot,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        let (old, _) = self.grid(self.clip)?.drums(classes)?;
        let from = self.before;
        let keeps_rhythm = self.keep != Keep::Nothing;
        let forced = |step: usize, _: &History<PitchSet>| {
            let event = old.get(step).copied()?;
            (self.is_locked(step) || (keeps_rhythm && event.is_empty())).then_some(event)
        };
        let (no_repeat, most) = (self.request.constraints.no_repeat, self.request.constraints.polyphony);
        let costs: &Rules<'_, PitchSet> = &|history| {
            let last = history.events().iter().rev().find(|set| !set.is_empty()).copied();
            let last = last.filter(|_| no_repeat);
            Box::new(move |event| {
                cost(keeps_rhythm && event.is_empty(), NO_ONSET) + rules::drum_cost(event, last, most)
            })
        };
        let density = if keeps_rhythm { None } else { self.density(&old, &drum_effect) };
        let options = WriteOptions {
            steps: self.locked.len(),
            temperature: self.request.temperature,
            seeds: &self.seeds,
            effect: density.is_some().then_some(&drum_effect as &dyn Fn(PitchSet) -> Effect),
            rules: Some(costs),
            forced: Some(&forced),
            density,
            search: self.request.search,
            ..WriteOptions::default()
        };
        let past = &old[old.len() - from..];
        let written = write(self.model.rnn(encoding)?, past, &options, cancel, progress)?;
        let shared = Arc::new(self.request.clone());
        let takes = written.iter().zip(&self.seeds);
        Ok(takes
            .map(|(w, &seed)| {
                let mut notes = assemble::drums(&w.events, self.place());
                if keeps_rhythm {
                    for note in &mut notes {
                        let step = self.step(note);
                        // Loudest first among those struck together.
                        let struck = self.clip.notes.iter().filter(|n| self.step(n) == step);
                        if let Some(old) = struck.max_by_key(|n| n.velocity) {
                            *note = Note { pitch: note.pitch, ..*old };
                        }
                    }
                }
                self.take(self.joined(notes, false), seed, w.log_likelihood, &shared, &[])
            })
            .collect())
    }

    fn density<E: Copy>(
        &self,
        events: &[E],
        effect: &dyn Fn(E) -> Effect,
    ) -> Option<crate::sampling::DensityControl> {
        // Only what is asked for: the locked bars show the model what is usual here.
        self.request.constraints.density?;
        let onsets: Vec<u8> = events.iter().map(|&event| effect(event).onsets).collect();
        let spq = self.model.hparams().steps_per_quarter;
        density(&self.request.constraints, self.clip.meter, spq, &onsets)
    }

    fn heard(&self) -> Result<Heard, ToolError> {
        if self.clip.kind == ClipKind::Drums {
            return Err(ToolError::DrumPrimer(self.model.name().to_owned()));
        }
        let hparams = self.model.hparams();
        let (line, _) = one_voice(self.clip, hparams.steps_per_quarter);
        let mut melody = self.grid(&line)?.melody(hparams.steps_per_quarter)?;
        let (min, max) = hparams.encoding.note_range().unwrap_or((0, 128));
        let bound = |pitch: i32| u8::try_from(pitch.clamp(0, 128)).unwrap_or(0);
        let amount = melody.squash(bound(min), bound(max), hparams.transpose_to_key);
        Ok(Heard { line, events: melody.events().to_vec(), amount })
    }

    fn melody(
        &self,
        encoding: &dyn Encoding<MelodyEvent>,
        (heard, lean): (&Heard, Option<&Lean<'_, MelodyEvent>>),
        (request, notices): (&Request, &[String]),
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        let old = &heard.events;
        let constraints = &self.request.constraints;
        let range = self.model.hparams().encoding.note_range().unwrap_or((0, 128));
        let limits = PitchLimits::new(constraints, range, -heard.amount);
        let notices: Vec<String> = notices.iter().cloned().chain(limits.notice.clone()).collect();
        let keeps_rhythm = self.keep != Keep::Nothing;
        let sounding: Vec<bool> = old
            .iter()
            .scan(false, |sounds, event| {
                *sounds = event.pitch().is_some() || (*sounds && *event == MelodyEvent::NoEvent);
                Some(*sounds)
            })
            .collect();
        let forced = |step: usize, history: &History<MelodyEvent>| {
            let event = old.get(step).copied()?;
            if keeps_rhythm && !self.is_locked(step) {
                return event.pitch().is_none().then_some(event);
            }
            if !self.is_locked(step) {
                return None;
            }
            // A rest that stays ends a new note from the bar before.
            let rests = event == MelodyEvent::NoEvent && !sounding.get(step).copied().unwrap_or(false);
            let ends = rests && assemble::sounding(history.events()).is_some();
            Some(if ends { MelodyEvent::NoteOff } else { event })
        };
        let from = self.before;
        let way = |step: usize| -> Option<Ordering> {
            let pitch = old.get(step)?.pitch()?;
            let before = rules::last_pitch(old.get(..step)?)?;
            (self.keep == Keep::Contour).then(|| pitch.cmp(&before))
        };
        let no_repeat = constraints.no_repeat;
        let costs: &Rules<'_, MelodyEvent> = &|history| {
            let last = rules::last_pitch(history.events());
            let way = way(history.len().saturating_sub(from));
            Box::new(move |event| {
                let goes = event.pitch().zip(last).map(|(pitch, last)| pitch.cmp(&last));
                cost(keeps_rhythm && event.pitch().is_none(), NO_ONSET)
                    + cost(way.is_some() && goes != way, OTHER_WAY)
                    + cost(no_repeat && rules::repeats(last, event), REPEATS)
            })
        };
        let effect = |event| limits.effect(event);
        let density = if keeps_rhythm { None } else { self.density(old, &effect) };
        let options = WriteOptions {
            steps: old.len(),
            temperature: self.request.temperature,
            seeds: &self.seeds,
            effect: (limits.bites || density.is_some()).then_some(&effect as &dyn Fn(MelodyEvent) -> Effect),
            rules: Some(costs),
            lean,
            forced: Some(&forced),
            density,
            search: self.request.search,
            ..WriteOptions::default()
        };
        let past = &old[old.len() - from..];
        let written = write(self.model.rnn(encoding)?, past, &options, cancel, progress)?;
        let shared = Arc::new(request.clone());
        let takes = written.iter().zip(&self.seeds);
        Ok(takes
            .map(|(w, &seed)| {
                let mut notes = assemble::melody(&w.events, None, -heard.amount, self.place());
                if keeps_rhythm {
                    for note in &mut notes {
                        let step = self.step(note);
                        if let Some(old) = heard.line.notes.iter().find(|n| self.step(n) == step) {
                            *note = Note { pitch: note.pitch, ..*old };
                        }
                    }
                }
                self.take(self.joined(notes, !keeps_rhythm), seed, w.log_likelihood, &shared, &notices)
            })
            .collect())
    }
}

/// Ends a note where the next of `starts` is.
fn end_before(note: &mut Note, starts: &[Ticks]) {
    let next = starts.iter().copied().filter(|&start| start > note.start).min();
    if let Some(next) = next.filter(|&next| next < note.end()) {
        note.length = next - note.start;
    }
}

#[cfg(test)]
#[path = "infill_tests.rs"]
mod tests;
