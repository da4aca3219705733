//! Judges performance models against the piano performances, and whether they do what they are told.

use super::Args;
use super::stream::{Corpus, Stream};
use super::verdict::{Judge, Verdict};
use super::written::{in_centiseconds, request, takes};
use descant_core::codec::encoding::{
    Conditional, Encoding, OneHot, PerformanceControls, PerformanceOneHot, listed,
};
use descant_core::codec::performance::{
    Performance, PerformanceControl, PerformanceEvent, PerformanceGrid, STEPS_PER_SECOND, VelocityBins,
    note_densities, pitch_histograms,
};
use descant_core::corpus::measure::{Gate, Interval, Moment, Playing, Style, bootstrap, moments};
use descant_core::model::Model;
use descant_core::music::PitchClasses;
use descant_core::tool::{self, MAX_VARIATIONS};
use descant_learn::piece::Piece;
use descant_learn::task::{Meters, Task};
use serde_json::{Value, json};
use std::path::Path;

/// The one recipe for performances; all models of the family learn from the same pieces.
const TASK: &str = "optional_multiconditioned_performance_with_dynamics";
/// Notes per second that a model is told, in turn.
const DENSITIES: [f64; 3] = [5.0, 8.0, 15.0];
/// Takes per sample of the scoreboard that each setting is judged by, inverted.
const FEWER: u32 = 16;

/// A performance model and its corpus.
pub(super) struct PlayingJudge<'a> {
    model: &'a Model,
    file: &'a Path,
    controls: PerformanceControls,
    stream: Stream<Playing>,
}

impl<'a> PlayingJudge<'a> {
    /// Reads the corpus and lets the model predict it, told what it would be told in training.
    ///
    /// # Errors
    /// An unreadable corpus, or velocities in other bins than the corpus has.
    pub(super) fn new(
        (model, bins, controls): (&'a Model, VelocityBins, PerformanceControls),
        target: &dyn Encoding<PerformanceEvent>,
        file: &'a Path,
        args: &Args,
    ) -> anyhow::Result<Self> {
        let one_hot = PerformanceOneHot::new(bins);
        anyhow::ensure!(bins.count() == 32, "the corpus has 32 velocity bins, the model {}", bins.count());
        let sets = Task::open(TASK, &args.corpus, Meters::Duple)?.sets;
        let classes = |pieces: &[Piece]| -> anyhow::Result<Vec<Vec<u16>>> {
            let piece = |p: &Piece| p.events.iter().map(|&c| u16::try_from(c)).collect::<Result<_, _>>();
            Ok(pieces.iter().map(piece).collect::<Result<_, _>>()?)
        };
        let decoded = |classes: &[u16]| -> anyhow::Result<Vec<PerformanceEvent>> {
            Ok(classes.iter().map(|&c| one_hot.decode(c.into())).collect::<Result<_, _>>()?)
        };
        let classes = [classes(&sets.train)?, classes(&sets.valid)?, classes(&sets.test)?];
        let steps = |pieces: &[Vec<u16>]| -> anyhow::Result<Vec<Vec<Moment>>> {
            pieces.iter().map(|p| Ok(in_steps(decoded(p)?, bins))).collect()
        };
        let steps = [steps(&classes[0])?, steps(&classes[2])?];
        let corpus = Corpus { classes, alphabet: one_hot.classes(), steps };
        let score = |piece: &[u16]| {
            let events = decoded(piece)?;
            let values = told(&events);
            let source = listed(&values);
            let encoding = Conditional { control: &controls, source: &source, target };
            Ok(model.rnn(&encoding)?.log_likelihood(&events)?)
        };
        Ok(Self { model, file, controls, stream: Stream::new(Playing, corpus, score, args)? })
    }

    /// Performances at a setting, their measured half.
    fn told(
        &self,
        temperature: f32,
        told: tool::PerformanceControls,
        args: &Args,
    ) -> anyhow::Result<Vec<Vec<Moment>>> {
        let base = tool::Request { performance: told, ..request(self.model, temperature, args.seed) };
        let count = (args.samples / FEWER).max(MAX_VARIATIONS);
        let written = takes(self.model, &base, (count, MAX_VARIATIONS), |_, _| {})?;
        let half = |t: &tool::Take| {
            let mut moments = in_centiseconds(&t.clip);
            moments.split_off(moments.len() / 2)
        };
        Ok(written.iter().map(half).collect())
    }

    /// Gates on what the model is told, with their figures.
    fn obedience(&self, temperature: f32, args: &Args) -> anyhow::Result<(Vec<Gate>, Value)> {
        let (mut gates, mut figures) = (Vec::new(), serde_json::Map::new());
        if self.controls.density {
            let mut rates = Vec::new();
            for density in DENSITIES {
                let told = tool::PerformanceControls { density: Some(density), ..Default::default() };
                rates.push(notes_per_second(&self.told(temperature, told, args)?, args));
            }
            gates.push(Gate {
                name: format!("notes per second, told {DENSITIES:?}"),
                value: rates.iter().map(|r| format!("{:.1}", r.mean)).collect::<Vec<_>>().join(" "),
                bound: "rising".into(),
                pass: rates.is_sorted_by(|a, b| a.mean < b.mean),
            });
            figures.insert("notes_per_second".into(), json!({ "told": DENSITIES, "written": rates }));
        }
        if self.controls.pitch_histogram {
            let scale = PitchClasses::from_name("F major").unwrap_or(PitchClasses(0));
            let weights: [f64; 12] = std::array::from_fn(|class| {
                f64::from(u8::from(u8::try_from(class).is_ok_and(|c| scale.contains(c))))
            });
            let all = [None, Some(weights)].map(|pitch_classes| {
                let told = tool::PerformanceControls { pitch_classes, ..Default::default() };
                anyhow::Ok(in_scale(&self.told(temperature, told, args)?, scale, args))
            });
            let [free, told] = all;
            let (free, told) = (free?, told?);
            gates.push(Gate {
                name: "notes in F major, told its scale".into(),
                value: told.to_string(),
                bound: format!("> {free} untold"),
                pass: told.low > free.high,
            });
            figures.insert("notes_in_f_major".into(), json!({ "untold": free, "told": told }));
        }
        Ok((gates, Value::Object(figures)))
    }
}

impl Judge for PlayingJudge<'_> {
    fn judge(&self, temperature: f32, args: &Args) -> anyhow::Result<Verdict> {
        let base = request(self.model, temperature, args.seed);
        let written = takes(self.model, &base, (args.samples, MAX_VARIATIONS), |_, _| {})?;
        let samples: Vec<Vec<Moment>> = written.iter().map(|t| in_centiseconds(&t.clip)).collect();
        let own = self.obedience(temperature, args)?;
        Ok(self.stream.judge((self.model, self.file), temperature, &samples, own, args))
    }
}

/// Mean notes per second.
fn notes_per_second(music: &[Vec<Moment>], args: &Args) -> Interval {
    let group = |m: &Vec<Moment>| {
        let notes: u32 = m.iter().map(|&step| Playing.onsets(step)).sum();
        (f64::from(notes), m.len() as f64 / f64::from(STEPS_PER_SECOND))
    };
    bootstrap(&music.iter().map(group).collect::<Vec<_>>(), args.seed.into())
}

/// Share of notes in a scale.
fn in_scale(music: &[Vec<Moment>], scale: PitchClasses, args: &Args) -> Interval {
    let group = |m: &Vec<Moment>| {
        let pitches: Vec<u8> = m.iter().flat_map(|step| step.on.iter()).collect();
        (pitches.iter().filter(|p| scale.contains(**p)).count() as f64, pitches.len() as f64)
    };
    bootstrap(&music.iter().map(group).collect::<Vec<_>>(), args.seed.into())
}

/// What training tells a model before each event.
fn told(events: &[PerformanceEvent]) -> Vec<PerformanceControl> {
    let densities = note_densities(events, STEPS_PER_SECOND).into_iter();
    let values = densities.zip(pitch_histograms(events, STEPS_PER_SECOND));
    let control = |(notes_per_second, pitch_histogram)| PerformanceControl {
        disabled: false,
        notes_per_second,
        pitch_histogram,
    };
    values.map(control).collect()
}

fn in_steps(events: Vec<PerformanceEvent>, bins: VelocityBins) -> Vec<Moment> {
    let grid = PerformanceGrid::Seconds { steps_per_second: STEPS_PER_SECOND };
    let performance = Performance::new(events, 0, grid, bins);
    let step = |seconds: f64| (seconds * f64::from(STEPS_PER_SECOND)).round() as usize;
    let notes = performance.to_sequence(64, 120.0, None).notes;
    let notes = notes.iter().map(|n| (n.pitch, n.velocity, step(n.start_time), step(n.end_time)));
    moments(notes, usize::try_from(performance.num_steps()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use PerformanceEvent::{NoteOff, NoteOn, TimeShift, Velocity};

    #[test]
    fn events_have_the_moments_that_they_mean() {
        let events = vec![Velocity(20), NoteOn(60), TimeShift(3), NoteOn(64), TimeShift(2), NoteOff(60)];
        let found = in_steps(events, VelocityBins::new(32));
        assert_eq!((found.len(), found[0].velocity, found[3].velocity), (5, 77, 77));
        assert!(found[3].on.contains(64) && found[3].held.contains(60) && !found[4].on.contains(64));
    }

    #[test]
    fn rates_and_shares_by_hand() {
        let args = Args::default();
        let music = vec![moments([(65, 9, 0, 9), (66, 9, 50, 60)], 200)];
        assert_eq!(notes_per_second(&music, &args).mean, 1.0);
        let scale = PitchClasses::from_name("F major").expect("a scale");
        assert_eq!(in_scale(&music, scale, &args).mean, 0.5);
    }
}
