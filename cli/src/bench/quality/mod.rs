//! `descant bench quality`: what the weights can do, against real music and against a Markov model.
//!
//! Only arguments here; the work needs the corpora and with them `descant-learn`, which is part of builds with the
//! feature `train`.

#[cfg(feature = "train")]
mod cache;
#[cfg(feature = "train")]
mod improv;
#[cfg(feature = "train")]
mod judge;
#[cfg(feature = "train")]
mod latent;
#[cfg(feature = "train")]
mod playing;
#[cfg(feature = "train")]
mod print;
#[cfg(feature = "train")]
mod roll;
#[cfg(feature = "train")]
mod sound;
#[cfg(feature = "train")]
mod stream;
#[cfg(feature = "train")]
mod subject;
#[cfg(feature = "train")]
mod verdict;
#[cfg(feature = "train")]
mod voices;
#[cfg(feature = "train")]
mod written;

use std::path::PathBuf;

/// Options of `descant bench quality`.
#[derive(clap::Args)]
pub struct Args {
    /// Weights to judge; without any, all of assets/models
    weights: Vec<PathBuf>,
    /// Folder of the corpora
    #[arg(long, default_value = "assets/corpora")]
    corpus: PathBuf,
    /// Temperatures, e.g. 0.9,1.0; without any, the one in each card
    #[arg(long, value_delimiter = ',')]
    temperature: Vec<f32>,
    /// Samples of eight bars to write
    #[arg(long, default_value_t = SAMPLES)]
    samples: u32,
    /// Seed of every sample and of every resampling
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Write the figures, and the temperature they hold at, into the cards
    #[arg(long)]
    write: bool,
    /// GANSynth: the SoundFont that it learned from, FluidR3_GM.sf2
    #[arg(long, value_name = "FILE")]
    soundfont: Option<PathBuf>,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            weights: Vec::new(),
            corpus: "assets/corpora".into(),
            temperature: Vec::new(),
            samples: SAMPLES,
            seed: 1,
            write: false,
            soundfont: None,
            json: None,
        }
    }
}

const SAMPLES: u32 = 2048;

/// Options of `descant bench cache`.
#[derive(clap::Args)]
pub struct CacheArgs {
    /// Weights; without any, all of assets/models
    weights: Vec<PathBuf>,
    /// Folder of the corpora
    #[arg(long, default_value = "assets/corpora")]
    corpus: PathBuf,
    /// Write the values found into the cards
    #[arg(long)]
    write: bool,
}

/// Runs the command.
///
/// # Errors
/// Unreadable corpora or weights, or a gate that does not hold.
#[cfg(feature = "train")]
pub fn run(args: &Args) -> anyhow::Result<()> {
    judge::run(args)
}

/// Finds how each model should use its cache.
///
/// # Errors
/// Unreadable corpora or weights.
#[cfg(feature = "train")]
pub fn run_cache(args: &CacheArgs) -> anyhow::Result<()> {
    cache::run(args)
}

/// Says how to get the command.
///
/// # Errors
/// Always.
#[cfg(not(feature = "train"))]
pub fn run_cache(_args: &CacheArgs) -> anyhow::Result<()> {
    anyhow::bail!("this build cannot read the corpora: build with --features train")
}

/// Says how to get the command.
///
/// # Errors
/// Always.
#[cfg(not(feature = "train"))]
pub fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("this build cannot read the corpora: build with --features train")
}
