//! `descant train`: makes the weights of a model from the corpora in this repository.
//!
//! One thread, one checkpoint file that a later call resumes exactly, a metrics file with the whole curve. The
//! maths is in `descant-learn`; here are arguments, files and the progress bar. Never lowers its own priority: that
//! is the caller's choice (`nice`).

use anyhow::{Context, bail};
use descant_learn::checkpoint;
use descant_learn::metrics::Metrics;
use descant_learn::task::Task;
use descant_learn::trainer::{Point, Session, Settings};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to train, on what, for how long.
#[derive(clap::Args)]
pub struct Args {
    /// Model: drum_kit or lookback_rnn
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
    /// Compare the losses with those in this metrics file; more than 0.02 nats apart is a failure
    #[arg(long, value_name = "METRICS")]
    compare: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Unknown model, unreadable corpus, files that cannot be written, or losses unlike the compared ones.
pub fn run(args: Args) -> anyhow::Result<()> {
    let task = Task::open(&args.model, &args.corpus)?;
    for funnel in &task.funnels {
        println!("{}", funnel.report(false));
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let file = args.out.join("run.safetensors");
    let mut session = if args.resume {
        checkpoint::load(&file).with_context(|| format!("cannot resume {}", file.display()))?
    } else if file.exists() {
        bail!("{} holds a run already; add --resume, or choose another folder", args.out.display());
    } else {
        let mut architecture = task.architecture.clone();
        if let Some(layers) = &args.layers {
            architecture.layers.clone_from(layers);
        }
        Session::new(architecture, settings(&args, &task.settings))
    };
    println!("{} values to train, {} updates", session.network.size(), session.settings.steps);
    train(&mut session, &task, &args, &file)?;
    finish(&session, &task, &args)
}

/// The recipe, with what the command line changes.
fn settings(args: &Args, recipe: &Settings) -> Settings {
    let r = recipe.clone();
    Settings {
        steps: args.steps.unwrap_or(r.steps),
        seed: args.seed.unwrap_or(r.seed),
        batch: args.batch.unwrap_or(r.batch).max(1),
        unroll: args.unroll.unwrap_or(r.unroll).max(1),
        keep: args.keep.unwrap_or(r.keep).clamp(0.05, 1.0),
        rate: args.rate.unwrap_or(r.rate),
        decay: args.decay.unwrap_or(r.decay),
        every: args.every.unwrap_or(r.every).max(1),
        patience: args.patience.unwrap_or(r.patience),
        ..r
    }
}

fn train(session: &mut Session, task: &Task, args: &Args, file: &Path) -> anyhow::Result<()> {
    let last = args.stop.unwrap_or(u64::MAX).min(session.settings.steps);
    let bar = ProgressBar::new(last).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} updates, {elapsed} so far, {eta} to go {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_position(session.progress.step);
    while !session.finished() && session.progress.step < last {
        let clock = Instant::now();
        let loss = session.update(&task.sets.train);
        session.progress.seconds += clock.elapsed().as_secs_f64();
        bar.set_position(session.progress.step);
        bar.set_message(format!("loss {loss:.3}"));
        if session.progress.step.is_multiple_of(session.settings.every) {
            let clock = Instant::now();
            let point = session.judge(&task.sets.valid);
            session.progress.seconds += clock.elapsed().as_secs_f64();
            bar.suspend(|| println!("{}", line(&point)));
            checkpoint::save(session, file)?;
        }
    }
    bar.finish_and_clear();
    checkpoint::save(session, file)?;
    Ok(())
}

fn line(point: &Point) -> String {
    format!(
        "{:6} updates, epoch {:3}, {:7.0} s: train {:.4}, validation {:.4} nats per 16th (labels {:.4}, {:.1} % right)",
        point.step,
        point.epoch,
        point.seconds,
        point.train,
        point.valid.event_nll,
        point.valid.label_nll,
        100.0 * point.valid.accuracy
    )
}

/// Compares, or writes the weights that validated best with their metrics.
fn finish(session: &Session, task: &Task, args: &Args) -> anyhow::Result<()> {
    if let Some(path) = &args.compare {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let stored: Metrics = serde_json::from_str(&text).context("this is not a metrics file")?;
        let (worst, count) = stored.compare(session);
        println!("{count} updates compared: losses differ by at most {worst:.6} nats");
        if count == 0 || worst > 0.02 {
            bail!("the run does not match {}", path.display());
        }
        return Ok(());
    }
    if session.progress.curve.is_empty() {
        println!("no evaluation yet, so nothing to export");
        return Ok(());
    }
    let metrics = Metrics::of(session, task, command(session, task));
    println!(
        "best at {} updates: validation {:.4}, test {:.4} nats per 16th",
        metrics.best_step, metrics.valid.event_nll, metrics.test.event_nll
    );
    let path = args.out.join(format!("{}.metrics.json", task.id));
    checkpoint::write_atomically(&path, &serde_json::to_vec(&metrics)?)?;
    println!("{}", path.display());
    Ok(())
}

/// The command that makes the run again.
fn command(session: &Session, task: &Task) -> String {
    let s = &session.settings;
    let layers: Vec<String> = session.network.architecture.layers.iter().map(ToString::to_string).collect();
    format!(
        "descant train {} --out training --steps {} --seed {} --batch {} --unroll {} --keep {} --rate {} --decay {} \
         --every {} --patience {} --layers {}",
        task.id,
        s.steps,
        s.seed,
        s.batch,
        s.unroll,
        s.keep,
        s.rate,
        s.decay,
        s.every,
        s.patience,
        layers.join(",")
    )
}
