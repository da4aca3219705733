//! `descant bench models`: CPU time per step of every model of the catalogue, beside the memory's bandwidth and the
//! reference.
//!
//! A step is one event (of piano rolls: a frame) of a take, with its encoding, the network in its published shape and
//! the draw. Weights are from a formula, so that no model is missing; f32 is what an imported checkpoint holds, f16
//! what ships. Of latent models a step of the decoder is timed. The limit is the time that reading the weights of a step takes, measured in the same run. One thread;
//! least of several repeats, in CPU time where the system tells it.

use anyhow::{Result, ensure};
use descant_core::codec::encoding::{Conditional, EncodingError, Event, History, SparseVector};
use descant_core::codec::performance::PerformanceControl;
use descant_core::codec::pianoroll::KEYS;
use descant_core::model::event_rnn::{EventRnn, WriteOptions};
use descant_core::model::music_vae::DecodeOptions;
use descant_core::model::rnn_nade::{Decide, RollLimits, RollOptions};
use descant_core::model::{Card, Configuration, LatentParams, Model, ModelEncoding, catalogue};
use descant_core::music::Chord;
use descant_core::nn::{Isa, Tensor, Weights, formula, probe};
use descant_core::sampling::derive;
use descant_core::tool::Cancel;
use std::hint::black_box;
use std::time::Instant;

/// Options of `descant bench models`.
#[derive(clap::Args)]
pub struct Args {
    /// Models; without any, all of the catalogue but the largest
    models: Vec<String>,
    /// How often each figure is measured; the least counts
    #[arg(long, default_value_t = Args::default().repeats)]
    repeats: usize,
}

impl Default for Args {
    fn default() -> Self {
        Self { models: Vec::new(), repeats: 5 }
    }
}

/// Takes side by side.
const LANES: u32 = 16;
/// Parameters of the largest model that is timed without being named.
const LARGEST: usize = 50_000_000;
/// Steps that are timed.
const STEPS: usize = 64;
/// CPU time per step of the original program in ms, one thread, batch 1, with its own encoding (measured on the
/// machine that this project was begun on).
const REFERENCE: [(&str, f64); 3] = [("drum_kit", 1.73), ("attention_rnn", 1.27), ("basic_rnn", 0.88)];
/// Ours has to be so many times faster.
const FASTER: f64 = 10.0;
/// The model whose 10 s of music have to be written within [`TEN_SECONDS_IN`], and how many events they are: what the
/// held-out performances have on average (81,494 in 1,952 s).
const PERFORMANCE: &str = "performance_with_dynamics";
const TEN_SECONDS: f64 = 417.0;
const TEN_SECONDS_IN: f64 = 0.5;

/// Runs the bench.
///
/// # Errors
/// A model that does not exist or does not write, or a goal that is missed.
pub fn run(args: &Args) -> Result<()> {
    let unknown = args.models.iter().find(|id| catalogue().iter().all(|c| c.id != **id));
    ensure!(unknown.is_none(), "there is no model {unknown:?}");
    let repeats = args.repeats.max(1);
    println!("one thread, {}, least of {repeats} repeats; µs of CPU time per step", Isa::best().name());
    println!(
        "{:52} {:>4} {:>8} {:>8} {:>8} {:>9} {:>10} {:>10} {:>6}",
        "", "", "MB read", "limit", "1 take", "of limit", "steps/s", "16 takes", "×"
    );
    let mut goals = Vec::new();
    for configuration in catalogue()
        .iter()
        .filter(|c| args.models.iter().any(|id| id == c.id) || args.models.is_empty() && usual(c))
    {
        let weights = weights(configuration)?;
        for (storage, weights) in [("f32", &weights), ("f16", &halves(&weights))] {
            let model = Model::new(Card::of(configuration), weights)?;
            let one = time(&model, 1, repeats)?;
            let many = time(&model, LANES, repeats)?;
            let buffer = vec![1.0_f32; one.bytes / 4];
            let limit = least(repeats, || {
                for _ in 0..STEPS {
                    black_box(probe::stream(Isa::best(), black_box(&buffer)));
                }
                Ok(())
            })? / STEPS as f64;
            println!(
                "{:52} {storage:>4} {:8.2} {limit:8.1} {:8.1} {:7.0} % {:10.0} {:10.0} {:6.2}",
                configuration.id,
                one.bytes as f64 / 1e6,
                one.micros,
                100.0 * limit / one.micros,
                1e6 / one.micros,
                1e6 * f64::from(LANES) / many.micros,
                f64::from(LANES) * one.micros / many.micros,
            );
            goals.extend(goal(configuration.id, storage, one.micros));
        }
    }
    for (_, text) in &goals {
        println!("{text}");
    }
    let missed = goals.iter().filter(|(held, _)| !held).count();
    ensure!(missed == 0, "{missed} of {} goals are missed", goals.len());
    Ok(())
}

/// Whether a model is timed without being named: not if its weights would take most of a computer's memory.
fn usual(configuration: &Configuration) -> bool {
    let count = |(_, shape): &(String, Vec<usize>)| shape.iter().product::<usize>();
    configuration.hparams.variables().is_ok_and(|all| all.iter().map(count).sum::<usize>() <= LARGEST)
}

/// Whether a model meets its goal, and the sentence that says so.
fn goal(id: &str, storage: &str, micros: f64) -> Option<(bool, String)> {
    let word = |held: bool| if held { "held" } else { "MISSED" };
    if let Some((_, reference)) = REFERENCE.iter().find(|r| r.0 == id) {
        let ratio = 1e3 * reference / micros;
        let held = ratio >= FASTER;
        let text = format!(
            "{:6}  {id} {storage}: {ratio:.1} × faster than the reference's {reference} ms per step (goal: {FASTER} ×)",
            word(held)
        );
        return Some((held, text));
    }
    let seconds = TEN_SECONDS * micros / 1e6;
    let held = seconds < TEN_SECONDS_IN;
    let text = format!(
        "{:6}  {id} {storage}: 10 s of music, {TEN_SECONDS} events, in {seconds:.2} s (goal: {TEN_SECONDS_IN} s)",
        word(held)
    );
    (id == PERFORMANCE).then_some((held, text))
}

/// Weights of the published shape that make sense to nobody.
pub(super) fn weights(configuration: &Configuration) -> Result<Weights> {
    let variables = configuration.hparams.variables()?;
    let scales = formula::Scales { default: 0.0625, patterns: vec![("fully_connected/".to_owned(), 0.25)] };
    Ok(formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 1, &scales))
}

/// The same in 16 bits, as weights are shipped.
pub(super) fn halves(weights: &Weights) -> Weights {
    weights.iter().map(|(name, tensor): (&str, &Tensor)| (name.to_owned(), tensor.to_f16())).collect()
}

/// What a step of all takes costs.
pub(super) struct Timed {
    pub micros: f64,
    /// Bytes of weights that a step reads.
    bytes: usize,
}

fn time(model: &Model, takes: u32, repeats: usize) -> Result<Timed> {
    let seeds: Vec<u32> = (0..takes).map(|i| derive(1, i)).collect();
    match model.encoding() {
        ModelEncoding::Drums(e) => events(model.rnn(e.as_ref())?, &seeds, repeats),
        ModelEncoding::Melody(e) => events(model.rnn(e.as_ref())?, &seeds, repeats),
        ModelEncoding::Polyphony(e) => events(model.rnn(e.as_ref())?, &seeds, repeats),
        ModelEncoding::NotePerformance { notes, .. } => events(model.rnn(notes)?, &seeds, repeats),
        ModelEncoding::Improv { chords, melody } => {
            let chord = Chord::of_figure("C")?;
            let source = |_: &History<_>| Ok::<_, EncodingError>(chord);
            let encoding = Conditional { control: chords, source: &source, target: melody.as_ref() };
            events(model.rnn(&encoding)?, &seeds, repeats)
        }
        ModelEncoding::Performance { controls, events: target, .. } => {
            let source = |_: &History<_>| Ok::<_, EncodingError>(PerformanceControl::default());
            let encoding = Conditional { control: controls, source: &source, target: target.as_ref() };
            events(model.rnn(&encoding)?, &seeds, repeats)
        }
        ModelEncoding::Pianoroll { hidden } => roll(model, *hidden, &seeds, repeats),
        ModelEncoding::Latent(params) => decoded(model, params, &seeds, repeats),
    }
}

fn events<E: Event>(rnn: EventRnn<'_, E>, seeds: &[u32], repeats: usize) -> Result<Timed> {
    let cancel = Cancel::default();
    let primed = rnn.prime(&[rnn.encoding.default_event()], &cancel, |_, _| Ok(()))?;
    // The last event is not fed.
    let options = WriteOptions { steps: STEPS + 1, seeds, ..WriteOptions::default() };
    let mut cells = SparseVector::new();
    let micros = least(repeats, || {
        let written = rnn.write(&primed, &options, &cancel, &mut |_| {})?;
        ensure!(written.iter().all(|w| w.events.len() == STEPS + 1), "a take is too short");
        if let Some(first) = written.first() {
            rnn.encoding.input(&History::new(&first.events), &mut cells)?;
        }
        Ok(())
    })?;
    Ok(Timed { micros: micros / STEPS as f64, bytes: rnn.stack.bytes_read(cells.len()) })
}

fn roll(model: &Model, hidden: usize, seeds: &[u32], repeats: usize) -> Result<Timed> {
    let Some(rnn) = model.rnn_nade() else { anyhow::bail!("{} has no NADE", model.name()) };
    let cancel = Cancel::default();
    let options = RollOptions {
        steps: STEPS,
        decide: Decide::Bernoulli(1.0),
        seeds,
        limits: RollLimits::NONE,
        density: None,
    };
    let mut keys = 0;
    let micros = least(repeats, || {
        let written = rnn.write(&rnn.zero(), options, &cancel, &mut |_| {})?;
        keys = written.iter().flat_map(|w| &w.frames).map(|frame| frame.len()).sum();
        Ok(())
    })?;
    let sounding = keys / (STEPS * seeds.len().max(1));
    // Both matrices of the NADE are floats, whatever the file holds.
    let nade = 2 * KEYS * hidden * size_of::<f32>();
    Ok(Timed { micros: micros / STEPS as f64, bytes: rnn.stack.bytes_read(sounding) + nade })
}

/// Steps of pieces that are decoded from vectors of the prior.
pub(super) fn decoded(model: &Model, params: &LatentParams, seeds: &[u32], repeats: usize) -> Result<Timed> {
    let Some((_, vae)) = model.latent() else { anyhow::bail!("{} is no latent model", model.name()) };
    let z: Vec<Vec<f32>> = seeds.iter().map(|&seed| vae.prior(seed)).collect();
    let control = vec![SparseVector::new(); params.steps()];
    let controls = vec![control.as_slice(); if params.control() > 0 { seeds.len() } else { 0 }];
    let options = DecodeOptions { temperature: 1.0, seeds, controls: &controls, length: params.steps() };
    let micros = least(repeats, || {
        let pieces = vae.decode(&z, &options, &Cancel::default(), &mut |_| {})?;
        ensure!(pieces.iter().all(|piece| piece.len() == params.steps()), "a piece is too short");
        Ok(())
    })?;
    Ok(Timed { micros: micros / params.steps() as f64, bytes: vae.bytes_read() })
}

/// Least time of some calls, in µs.
pub(super) fn least(repeats: usize, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..repeats {
        let (start, wall) = (cpu_micros(), Instant::now());
        call()?;
        let wall = wall.elapsed().as_secs_f64() * 1e6;
        best = best.min(start.zip(cpu_micros()).map_or(wall, |(start, end)| end - start));
    }
    Ok(best)
}

/// CPU time of this thread so far, on Linux. It is brought up to date when the thread offers to be replaced.
fn cpu_micros() -> Option<f64> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanos / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_ratios_to_the_reference() {
        assert_eq!(goal("drum_kit", "f32", 100.0).map(|g| g.0), Some(true));
        assert_eq!(goal("drum_kit", "f32", 200.0).map(|g| g.0), Some(false));
        assert_eq!(goal(PERFORMANCE, "f16", 1300.0).map(|g| g.0), Some(false));
        assert_eq!(goal("mono_rnn", "f32", 1.0), None);
    }

    #[test]
    fn every_model_of_the_catalogue_can_be_timed() {
        for configuration in catalogue().iter().filter(|c| c.hparams.layers.iter().sum::<usize>() < 700) {
            let model =
                Model::new(Card::of(configuration), &weights(configuration).expect("weights")).expect("fits");
            let timed = time(&model, 2, 1).expect(configuration.id);
            assert!(timed.micros > 0.0 && timed.bytes > 1000, "{}", configuration.id);
        }
    }
}
