//! Generate and Continue for performance models, which write on a grid of 10 ms.
//!
//! Worker thread. The new part begins exactly at the clip's start or the primer's end; its step `n` is the tick
//! nearest to `n` × 10 ms later at the take's tempo (half a tick rounds up). Velocities are the lowest of the model's bins, as
//! the reference writes them; models without velocities write 100. What still sounds at the end of the clip ends
//! there. A whole-note model has several outputs at once, which no limit reaches.
use super::assemble::VELOCITY;
use super::limits::PitchLimits;
use super::primer::{MAX_PRIMER_BARS, given};
use super::run::{seeds, take};
use super::{Cancel, Request, Take, ToolError, rules};
use crate::codec::encoding::{
    BlendedControls, Conditional, Encoding, History, NoteEncoding, PerformanceControls,
};
use crate::codec::performance::{
    MAX_NOTE_STEPS, MAX_SHIFT, NoteEvent, Performance, PerformanceControl, PerformanceEvent,
    PerformanceLimits, STEPS_PER_SECOND, VelocityBins,
};
use crate::model::event_rnn::{EventRnn, WriteOptions};
use crate::model::{Model, ModelEncoding};
use crate::music::{
    Clip, ClipKind, DEFAULT_QPM, Grid, Note, Quantised, QuantisedNote, TempoMap, Ticks, step_of_time,
};
use crate::sampling::Effect;
use std::sync::Arc;

/// Longest note of the new part, seconds: these models often forget to release one, and it would sound to the end. As in
/// the reference.
const LONGEST_NOTE: u64 = 5;
/// Longest new part: ten minutes.
const MAX_STEPS: u64 = 10 * 60 * STEPS_PER_SECOND as u64;
/// Most events per second on average: a hundred notes with on, off, velocity and shift.
const EVENTS_PER_SECOND: u64 = 400;

/// What both kinds of models share.
struct Job<'a> {
    model: &'a Model,
    request: &'a Request,
    seeds: Vec<u32>,
    tempo: TempoMap,
    /// What there is already.
    primer: Option<Clip>,
    /// Tick at which the new part begins, and the clip's end.
    from: Ticks,
    end: Ticks,
    /// Steps of the new part.
    total: u64,
    notices: Vec<String>,
}

pub(super) fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let mut job = Job::new(model, request)?;
    match model.encoding() {
        ModelEncoding::Performance { bins, controls, events } => {
            job.events(*bins, *controls, events.as_ref(), cancel, progress)
        }
        ModelEncoding::NotePerformance { bins, notes } => job.whole_notes(*bins, notes, cancel, progress),
        _ => Err(ToolError::NoTool(model.name().to_owned())),
    }
}

impl<'a> Job<'a> {
    fn new(model: &'a Model, request: &'a Request) -> Result<Self, ToolError> {
        let mut primer = None;
        if request.tool.needs_primer() {
            let clip = given(request)?;
            if clip.kind == ClipKind::Drums {
                return Err(ToolError::DrumPrimer(model.name().to_owned()));
            }
            primer = Some(clip);
        }
        let qpm = request.tempo.or(primer.as_ref().and_then(|p| p.tempo)).unwrap_or(DEFAULT_QPM);
        let tempo = TempoMap::constant(qpm);
        let bar = primer.as_ref().map_or(request.meter, |p| p.meter).bar_ticks();
        let from = primer.as_ref().map_or(0, |p| p.length);
        let whole_bars = (from + bar - 1).div_euclid(bar);
        let end = (whole_bars + i64::from(request.bars)) * bar;
        let total = (tempo.seconds(end - from) * f64::from(STEPS_PER_SECOND)).ceil();
        if total > MAX_STEPS as f64 {
            return Err(ToolError::BadRequest(
                "the new bars would last longer than ten minutes: ask for fewer, or for a faster tempo"
                    .into(),
            ));
        }
        let (total, notices) = (total.max(1.0) as u64, Vec::new());
        Ok(Self { model, request, seeds: seeds(request), tempo, primer, from, end, total, notices })
    }

    /// Where a step of the new part lies.
    fn tick(&self, step: u64) -> Ticks {
        let seconds = step as f64 / f64::from(STEPS_PER_SECOND);
        self.from.saturating_add(self.tempo.tick(seconds)).min(self.end)
    }

    fn note(&self, pitch: u8, velocity: u8, on: u64, off: u64) -> Option<Note> {
        let start = self.tick(on);
        let length = self.tick(off) - start;
        (length > 0).then_some(Note { start, pitch, length, velocity })
    }

    /// The primer as the model hears it, at most its last bars, and its length in steps.
    fn heard(&self) -> (Quantised, u64) {
        let grid = Grid::Seconds { steps_per_second: STEPS_PER_SECOND };
        let mut notes = Vec::new();
        let mut length = 0;
        if let Some(primer) = &self.primer {
            let origin = primer.length - MAX_PRIMER_BARS * primer.meter.bar_ticks();
            let first =
                primer.notes.iter().map(|n| n.start).find(|&start| start >= origin).unwrap_or(origin.max(0));
            let bar = primer.meter.bar_ticks();
            let origin = first.div_euclid(bar) * bar;
            let step = |tick: Ticks| {
                step_of_time(self.tempo.seconds(tick - origin), f64::from(STEPS_PER_SECOND), 0.5)
            };
            length = step(primer.length).clamp(1, i64::from(u32::MAX));
            let inside = primer.notes.iter().filter(|n| n.start >= origin).enumerate();
            notes.extend(inside.map(|(rank, n)| {
                let start_step = step(n.start).min(length - 1);
                QuantisedNote {
                    pitch: n.pitch.min(127),
                    velocity: n.velocity.clamp(1, 127),
                    start_step,
                    // What sounds beyond the end stops there: the new part strikes its own notes.
                    end_step: step(n.end().min(primer.length))
                        .clamp(start_step + 1, length.max(start_step + 1)),
                    start_offset: 0,
                    end_offset: 0,
                    onset_rank: u32::try_from(rank).unwrap_or(u32::MAX),
                    instrument: 0,
                    program: 0,
                    is_drum: false,
                }
            }));
        }
        let total_steps = length;
        let heard = Quantised { grid, notes, texts: Vec::new(), control_steps: Vec::new(), total_steps };
        (heard, length.unsigned_abs())
    }

    /// Most events of the new part.
    fn most_events(&self) -> usize {
        let events = self.total * EVENTS_PER_SECOND / u64::from(STEPS_PER_SECOND) + EVENTS_PER_SECOND;
        usize::try_from(events).unwrap_or(usize::MAX)
    }

    fn take(&self, seed: u32, notes: Vec<Note>, score: (f64, usize), request: &Arc<Request>) -> Take {
        let mut clip = Clip {
            name: String::new(),
            kind: ClipKind::Melody,
            notes: self.primer.as_ref().map_or_else(Vec::new, |p| p.notes.clone()),
            length: self.end,
            meter: self.primer.as_ref().map_or(self.request.meter, |p| p.meter),
            tempo: self.request.tempo.or(self.primer.as_ref().and_then(|p| p.tempo)),
        };
        clip.notes.extend(notes);
        clip.normalise();
        take(clip, self.from, seed, score, request, &self.notices)
    }

    /// The control value of the whole new part. Onsets per bar are taken as notes per second.
    fn control(&mut self, controls: PerformanceControls) -> PerformanceControl {
        let given = &self.request.performance;
        let bar = self.primer.as_ref().map_or(self.request.meter, |p| p.meter).bar_ticks();
        let per_bar = self.request.constraints.density.map(|d| f64::from(d) / self.tempo.seconds(bar));
        let density = given.density.or(per_bar).filter(|d| d.is_finite());
        if density.is_some() && !controls.density {
            self.notices.push("this model cannot be told a density: it was ignored".into());
        }
        if given.pitch_classes.is_some() && !controls.pitch_histogram {
            self.notices.push("this model cannot be told pitch classes: they were ignored".into());
        }
        let default = PerformanceControl::default();
        let told = (controls.density && density.is_some())
            || (controls.pitch_histogram && given.pitch_classes.is_some());
        PerformanceControl {
            disabled: controls.optional && !told,
            notes_per_second: density.unwrap_or(default.notes_per_second),
            pitch_histogram: given.pitch_classes.unwrap_or(default.pitch_histogram),
        }
    }

    fn events(
        &mut self,
        bins: VelocityBins,
        controls: PerformanceControls,
        target: &dyn Encoding<PerformanceEvent>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        let (heard, steps) = self.heard();
        let bad = |e: crate::codec::EventError| ToolError::BadRequest(e.to_string());
        let limits = PerformanceLimits { bins, ..PerformanceLimits::default() };
        let found = Performance::extract_all(&heard, &limits).map_err(bad)?.into_iter().next();
        let mut past = found.map_or_else(Vec::new, |p| p.events().to_vec());
        let passed: u64 = past.iter().map(|e| u64::from(e.steps())).sum();
        let mut rest = steps.saturating_sub(passed).min(MAX_STEPS);
        if past.is_empty() {
            // A second of silence, as the reference begins.
            rest = u64::from(MAX_SHIFT);
        }
        while rest > 0 {
            let shift = rest.min(u64::from(MAX_SHIFT));
            past.push(PerformanceEvent::TimeShift(u32::try_from(shift).unwrap_or(MAX_SHIFT)));
            rest -= shift;
        }
        let control = self.control(controls);
        let pitches = PitchLimits::new(&self.request.constraints, (0, 128), 0);
        self.notices.extend(pitches.notice.clone());
        let may_sound = pitches.pitches();
        let effect = |event: PerformanceEvent| match event {
            PerformanceEvent::NoteOn(p) => {
                Effect { forbidden: !may_sound.contains(p), onsets: 1, ..Effect::default() }
            }
            _ => Effect::default(),
        };
        let rules = rules::performance(&self.request.constraints);
        let before: u64 = past.iter().map(|e| u64::from(e.steps())).sum();
        let total = self.total;
        let until =
            |history: &History<PerformanceEvent>| share(history.scan().steps.saturating_sub(before), total);
        let options = WriteOptions {
            steps: self.most_events(),
            until: Some(&until),
            temperature: self.request.temperature,
            seeds: &self.seeds,
            effect: pitches.bites.then_some(&effect),
            rules: Some(&rules),
            ..WriteOptions::default()
        };
        let source = |_: &History<PerformanceEvent>| Ok(control);
        let blended = BlendedControls(controls);
        let encoding = Conditional { control: &blended, source: &source, target };
        let plain = controls == PerformanceControls::default();
        let rnn: EventRnn<'_, PerformanceEvent> =
            if plain { self.model.rnn(target)? } else { self.model.rnn(&encoding)? };
        let primed = rnn.prime(&past, cancel, |_, _| Ok(()))?;
        let written = rnn.write(&primed, &options, cancel, progress)?;
        let last = past.iter().rev().find_map(|e| match e {
            PerformanceEvent::Velocity(bin) => Some(bins.velocity(*bin)),
            _ => None,
        });
        let shared = Arc::new(self.request.clone());
        let takes = written.iter().zip(&self.seeds);
        Ok(takes
            .map(|(w, &seed)| {
                let notes = self.played(&w.events, bins, last.unwrap_or(VELOCITY));
                self.take(seed, notes, (w.log_likelihood, w.events.len()), &shared)
            })
            .collect())
    }

    /// The notes that events mean; what sounds at the end, or too long, ends there. A key that is struck while it sounds
    /// ends its note, as on a piano.
    fn played(&self, events: &[PerformanceEvent], bins: VelocityBins, mut velocity: u8) -> Vec<Note> {
        let mut open: Vec<(u8, u8, u64)> = Vec::new();
        let mut notes = Vec::new();
        let mut step = 0;
        let released = |on: u64, off: u64| off.min(on + LONGEST_NOTE * u64::from(STEPS_PER_SECOND));
        for event in events {
            if let PerformanceEvent::NoteOn(pitch) | PerformanceEvent::NoteOff(pitch) = *event
                && let Some(place) = open.iter().position(|o| o.0 == pitch)
            {
                let (_, velocity, on) = open.remove(place);
                notes.extend(self.note(pitch, velocity, on, released(on, step)));
            }
            match *event {
                PerformanceEvent::NoteOn(pitch) => open.push((pitch, velocity, step)),
                PerformanceEvent::NoteOff(_) => {}
                PerformanceEvent::TimeShift(steps) => step += u64::from(steps),
                PerformanceEvent::Velocity(bin) => velocity = bins.velocity(bin),
            }
        }
        let left = open.into_iter();
        notes.extend(left.filter_map(|(pitch, v, on)| self.note(pitch, v, on, released(on, self.total))));
        notes
    }

    fn whole_notes(
        &mut self,
        bins: VelocityBins,
        encoding: &NoteEncoding,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, ToolError> {
        self.control(PerformanceControls::default());
        let constraints = &self.request.constraints;
        let limited = constraints.scale.is_some()
            || constraints.range.is_some()
            || constraints.polyphony.is_some()
            || constraints.no_repeat;
        if limited {
            self.notices
                .push("this model writes whole notes at once and knows no limits: they were ignored".into());
        }
        let (mut heard, steps) = self.heard();
        heard.notes.sort_by_key(|n| (n.onset_rank, n.pitch));
        let mut now = 0;
        let capped = |steps: i64, least: u32| u32::try_from(steps).unwrap_or(0).clamp(least, MAX_NOTE_STEPS);
        let whole = heard.notes.iter().map(|n| {
            let shift = capped(n.start_step - now, 0);
            now = n.start_step;
            let duration = capped(n.end_step - n.start_step, 1);
            NoteEvent { shift, pitch: n.pitch, velocity: bins.bin(n.velocity), duration }
        });
        let mut past: Vec<NoteEvent> = whole.collect();
        // How long before the new part the last onset was.
        let mut ahead = steps.saturating_sub(now.unsigned_abs());
        if past.is_empty() {
            past.push(NoteEvent {
                shift: 0,
                pitch: 60,
                velocity: bins.bin(64),
                duration: STEPS_PER_SECOND / 2,
            });
            ahead = u64::from(MAX_NOTE_STEPS);
        }
        let total = self.total;
        let from = past.len();
        let before: u64 = past.iter().map(|e| u64::from(e.shift)).sum();
        let until = |history: &History<NoteEvent>| {
            let first = history.events().get(from).map_or(0, |e| u64::from(e.shift));
            let steps = history.scan().steps.saturating_sub(before);
            share(steps.saturating_sub(first.min(ahead)), total)
        };
        let options = WriteOptions {
            // A whole note is as much as four events.
            steps: self.most_events() / 4,
            until: Some(&until),
            temperature: self.request.temperature,
            seeds: &self.seeds,
            ..WriteOptions::default()
        };
        let rnn = self.model.rnn(encoding)?;
        let primed = rnn.prime(&past, cancel, |_, _| Ok(()))?;
        let written = rnn.write(&primed, &options, cancel, progress)?;
        let shared = Arc::new(self.request.clone());
        let takes = written.iter().zip(&self.seeds);
        Ok(takes
            .map(|(w, &seed)| {
                let notes = w.events.iter().zip(onsets(&w.events, ahead));
                let notes = notes.filter_map(|(e, on)| {
                    self.note(e.pitch, bins.velocity(e.velocity), on, on + u64::from(e.duration))
                });
                self.take(seed, notes.collect(), (w.log_likelihood, w.events.len()), &shared)
            })
            .collect())
    }
}

/// Steps at which whole notes begin. The first comes at once if it would have come before the new part, which
/// begins `ahead` steps after the last onset.
fn onsets(events: &[NoteEvent], ahead: u64) -> Vec<u64> {
    let mut at = 0;
    let step = |(i, e): (usize, &NoteEvent)| {
        let shift = u64::from(e.shift);
        at += if i == 0 { shift.saturating_sub(ahead) } else { shift };
        at
    };
    events.iter().enumerate().map(step).collect()
}

/// Share of a take that is written.
fn share(steps: u64, total: u64) -> f32 {
    if steps >= total { 1.0 } else { (steps as f32 / total as f32).min(0.999) }
}

#[cfg(test)]
#[path = "performance_tests.rs"]
mod tests;
