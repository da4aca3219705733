//! `descant train`: makes the weights of a model from the corpora in this repository.
//!
//! One thread, one checkpoint file that a later call resumes exactly, a metrics file with the whole curve. The
//! maths is in `descant-learn`, which is only part of builds with the feature `train`. Never lowers its own
//! priority: that is the caller's choice (`nice`).

#[cfg(feature = "train")]
mod gansynth;
#[cfg(feature = "train")]
mod latent;
#[cfg(feature = "train")]
mod session;

use std::path::PathBuf;

/// What to train, on what, for how long.
#[derive(clap::Args)]
pub struct Args {
    /// Model, e.g. drum_kit, lookback_rnn, polyphony; an unknown one is answered with the list
    model: String,
    /// Folder of the corpora
    #[arg(long, default_value = "assets/corpora")]
    corpus: PathBuf,
    /// Folder for the checkpoint, the weights and the metrics
    #[arg(long)]
    out: PathBuf,
    /// Go on from the checkpoint in OUT
    #[arg(long)]
    resume: bool,
    /// With --resume: after a finished run, this many more updates from its best weights, the learning rate rising and
    /// falling anew; --keep, --rate and the like change
    #[arg(long, requires = "resume", value_name = "UPDATES")]
    again: Option<u64>,
    /// Updates of the whole run; the learning rate falls over them
    #[arg(long)]
    steps: Option<u64>,
    /// Stop after this many updates, without changing the learning rates
    #[arg(long)]
    stop: Option<u64>,
    /// Seed of the initial weights, the order of the pieces and dropout
    #[arg(long)]
    seed: Option<u64>,
    /// Sequences side by side
    #[arg(long)]
    batch: Option<usize>,
    /// Steps of back-propagation through time
    #[arg(long)]
    unroll: Option<usize>,
    /// Share of layer outputs that dropout keeps
    #[arg(long)]
    keep: Option<f32>,
    /// Highest learning rate
    #[arg(long)]
    rate: Option<f32>,
    /// Decoupled weight decay
    #[arg(long)]
    decay: Option<f32>,
    /// Updates between two evaluations
    #[arg(long)]
    every: Option<u64>,
    /// Evaluations without a better one before the run stops
    #[arg(long)]
    patience: Option<u32>,
    /// Units of each LSTM layer, e.g. 256,256
    #[arg(long, value_delimiter = ',')]
    layers: Option<Vec<usize>>,
    /// Melodies: learn from pieces in every meter, not only 4/4, 2/2 and 2/4
    #[arg(long)]
    all_meters: bool,
    /// Store the weights as f32 in place of f16
    #[arg(long)]
    f32: bool,
    #[cfg(feature = "train")]
    #[command(flatten)]
    sound: gansynth::SoundArgs,
    /// Compare the losses with those in this metrics file; more than 0.02 nats apart is a failure
    #[arg(long, value_name = "METRICS")]
    compare: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Unknown model, unreadable corpus, files that cannot be written, or losses unlike the compared ones.
#[cfg(feature = "train")]
pub fn run(args: Args) -> anyhow::Result<()> {
    session::run(&args)
}

/// Says that this build cannot train.
///
/// # Errors
/// Always.
#[cfg(not(feature = "train"))]
pub fn run(args: Args) -> anyhow::Result<()> {
    anyhow::bail!("this build cannot train {}: build descant-cli with --features train", args.model)
}
