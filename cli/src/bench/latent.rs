//! `descant bench latent`: CPU time of takes of the latent models on one thread. Of those inside the program the whole
//! way from a request to notes; of the largest published shape, with weights from a formula in 16 bits, a sample.

use super::models::{decoded, halves, least, weights};
use anyhow::{Context as _, Result, ensure};
use descant_core::model::{EncodingParams, LatentMusic, Model, builtin, catalogue, find};
use descant_core::tool::{self, Cancel, Request};
use std::time::Instant;

/// Takes side by side.
const MANY: u32 = 16;
/// A take of a small model, in ms; how many takes' time [`MANY`] may cost; milliseconds of loading.
const TAKE_MS: f64 = 20.0;
const MANY_COST: f64 = 8.0;
const LOAD_MS: f64 = 150.0;
/// The largest published shape of the catalogue, and the CPU seconds that a sample of it may take.
const LARGE: &str = "hierdec-trio_16bar";
const LARGE_SECONDS: f64 = 2.0;

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
    println!("a sample of the largest published shape in 16 bits, s of CPU time");
    let configuration = find(LARGE).context("in the catalogue")?;
    let model = Model::of_configuration(configuration, &halves(&weights(configuration)?))?;
    let (params, _) = model.latent().context("a latent model")?;
    let one = decoded(&model, params, &[1], 3)?.micros * params.steps() as f64 / 1e6;
    println!("  {LARGE:24} {one:6.3} ({} < {LARGE_SECONDS})", goals.word(one, LARGE_SECONDS));
    ensure!(goals.missed == 0, "{} of {} goals are missed", goals.missed, goals.all);
    Ok(())
}
