//! `descant bench`: speed of the kernels, of training, and the quality of the weights.
//!
//! One subcommand per file. What needs a host (click to clip, cost of a block, scan) is measured by the test crate.

mod gansynth;
mod kernels;
mod latent;
mod models;
mod personalise;
mod quality;
mod train_step;

use clap::{Args as ClapArgs, Subcommand};

/// Options of `descant bench`.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Our LSTM step against burn's and against the memory's bandwidth
    Kernels(kernels::Args),
    /// A step of every model against the memory's bandwidth and the original program
    Models(models::Args),
    /// Takes of the latent models, and a sample of the largest shape
    Latent,
    /// Learning of eight clips by a latent model (MidiMe)
    Personalise,
    /// A note of GANSynth on one thread and on two, against the processor's peak
    Gansynth(gansynth::Args),
    /// A training step against the bound that the measured matrix product sets
    TrainStep(train_step::Args),
    /// Gates of the weights: likelihood, distributions, repetition, copying, keeping to a primer
    Quality(quality::Args),
    /// Values of the cache of each model that predict the validation pieces best
    Cache(quality::CacheArgs),
    /// Kernels, models, latent, personalise, gansynth, train-step and quality with their default options
    All,
}

/// Runs the command.
///
/// # Errors
/// What was to be measured cannot be, or a gate does not hold.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Kernels(args) => kernels::run(args),
        What::Models(args) => models::run(&args),
        What::Latent => latent::run(),
        What::Personalise => personalise::run(),
        What::Gansynth(args) => gansynth::run(&args),
        What::TrainStep(args) => train_step::run(args),
        What::Quality(args) => quality::run(&args),
        What::Cache(args) => quality::run_cache(&args),
        What::All => {
            // A failed gate must not hide the figures that follow it.
            let results = [
                kernels::run(kernels::Args::default()),
                models::run(&models::Args::default()),
                latent::run(),
                personalise::run(),
                gansynth::run(&gansynth::Args::default()),
                train_step::run(train_step::Args::default()),
                quality::run(&quality::Args::default()),
            ];
            results.into_iter().collect()
        }
    }
}
