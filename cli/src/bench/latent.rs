//! `descant bench latent`: CPU time of takes of the latent models on one thread. Of those inside the program the whole
//! way from a request to notes; of the two largest published shapes, with weights from a formula in 16 bits, a sample
//! beside the original's.

use super::models::{least, weights};
use anyhow::{Context as _, Result, ensure};
use descant_core::codec::encoding::SparseVector;
use descant_core::model::music_vae::DecodeOptions;
use descant_core::model::{EncodingParams, LatentMusic, Model, builtin, catalogue, find};
use descant_core::nn::Weights;
use descant_core::sampling::derive;
use descant_core::tool::{self, Cancel, Request};
use std::time::Instant;

/// Takes side by side.
const MANY: u32 = 16;
/// A take of a small model, in ms; how many takes' time [`MANY`] may cost; milliseconds of loading.
const TAKE_MS: f64 = 20.0;
const MANY_COST: f64 = 8.0;
const LOAD_MS: f64 = 150.0;
/// Large shapes: CPU seconds that a sample may take, and how many samples' time [`MANY`] may cost. The original needs
/// 0.841 s for the first (../shared/spec/vae.md 11), of which a third is the goal.
const LARGE: [(&str, f64, Option<f64>); 2] =
    [("cat-mel_2bar_big", 0.841 / 3.0, Some(4.0)), ("hierdec-trio_16bar", 2.0, None)];

/// Counts goals and says of each whether it holds.
#[derive(Default)]
struct Goals {
    all: usize,
    missed: usize,
}

impl Goals {
    fn word(&mut self, found: f64, bound: f64) -> &'static str {
        self.all += 1;
        self.missed += usize::from(found >= bound);
        if found < bound { "held" } else { "MISSED" }
    }
}

/// Runs the bench.
///
/// # Errors
/// A goal that is missed.
pub fn run() -> Result<()> {
    let mut goals = Goals::default();
    println!("takes of 2 bars by the weights inside, ms of CPU time; loading, ms");
    for configuration in catalogue() {
        let EncodingParams::Latent(params) = &configuration.hparams.encoding else { continue };
        if !matches!(params.music, LatentMusic::Melody { .. } | LatentMusic::Drums { .. }) {
            continue;
        }
        let started = Instant::now();
        let Ok(model) = builtin::load(configuration.id) else { continue };
        let load = started.elapsed().as_secs_f64() * 1e3;
        let ms = |variations: u32| -> Result<f64> {
            let request =
                Request { model: configuration.id.into(), bars: 2, variations, ..Request::default() };
            let micros = least(5, || {
                let takes = tool::run(&model, &request, &Cancel::default(), &mut |_| {})?;
                ensure!(takes.len() == variations as usize, "takes are missing");
                Ok(())
            })?;
            Ok(micros / 1e3)
        };
        let (one, many) = (ms(1)?, ms(MANY)?);
        println!(
            "  {:24} {one:6.2} ({} < {TAKE_MS})  {MANY}: {:.2} × ({} < {MANY_COST})  loading {load:5.1} ({} < {LOAD_MS})",
            configuration.id,
            goals.word(one, TAKE_MS),
            many / one,
            goals.word(many / one, MANY_COST),
            goals.word(load, LOAD_MS),
        );
    }
    println!("samples of large published shapes in 16 bits, s of CPU time");
    for (id, bound, cost) in LARGE {
        let model = large(id)?;
        let one = sample(&model, 1)?;
        print!("  {id:24} {one:6.3} ({} < {bound:.3})", goals.word(one, bound));
        match cost {
            Some(cost) => {
                let many = sample(&model, MANY)? / one;
                println!("  {MANY}: {many:.2} × ({} < {cost})", goals.word(many, cost));
            }
            None => println!(),
        }
    }
    ensure!(goals.missed == 0, "{} of {} goals are missed", goals.missed, goals.all);
    Ok(())
}

fn large(id: &str) -> Result<Model> {
    let configuration = find(id).context("in the catalogue")?;
    let mut halves = Weights::new();
    for (name, tensor) in weights(configuration)?.iter() {
        halves.insert(name, tensor.to_f16());
    }
    Ok(Model::of_configuration(configuration, &halves)?)
}

/// Seconds of so many samples at once.
fn sample(model: &Model, count: u32) -> Result<f64> {
    let (params, vae) = model.latent().context("a latent model")?;
    let seeds: Vec<u32> = (0..count).map(|i| derive(1, i)).collect();
    let z: Vec<Vec<f32>> = seeds.iter().map(|&seed| vae.prior(seed)).collect();
    let control = vec![SparseVector::new(); params.steps()];
    let controls = vec![control.as_slice(); if params.control() > 0 { seeds.len() } else { 0 }];
    let options =
        DecodeOptions { temperature: 0.5, seeds: &seeds, controls: &controls, length: params.steps() };
    let micros = least(3, || {
        let pieces = vae.decode(&z, &options, &Cancel::default(), &mut |_| {})?;
        ensure!(pieces.iter().all(|piece| piece.len() == params.steps()), "a piece is too short");
        Ok(())
    })?;
    Ok(micros / 1e6)
}
