//! The work behind `descant train`: task, session, progress bar, files.

use super::Args;
use anyhow::{Context, bail};
use descant_learn::checkpoint;
use descant_learn::export::{self, Precision};
use descant_learn::metrics::Metrics;
use descant_learn::network::Network;
use descant_learn::task::{Meters, Task};
use descant_learn::trainer::{Point, Session, Settings};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::time::Instant;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if args.model == "gansynth" {
        return super::gansynth::run(args);
    }
    if descant_learn::vae::task::Task::IDS.contains(&args.model.as_str()) {
        return super::latent::run(args);
    }
    let task = Task::open(&args.model, &args.corpus, meters(args))?;
    for funnel in &task.funnels {
        println!("{}", funnel.report(false));
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let file = args.out.join("run.safetensors");
    let mut session = if args.resume {
        let mut session =
            checkpoint::load(&file).with_context(|| format!("cannot resume {}", file.display()))?;
        if let Some(more) = args.again {
            let changed = settings(args, &session.settings);
            session.again(changed, more);
        }
        session
    } else if file.exists() {
        bail!("{} holds a run already; add --resume, or choose another folder", args.out.display());
    } else {
        let mut architecture = task.architecture.clone();
        if let Some(layers) = &args.layers {
            architecture.layers.clone_from(layers);
        }
        Session::new(architecture, settings(args, &task.settings))
    };
    println!("{} values to train, {} updates", session.network.size(), session.settings.steps);
    train(&mut session, &task, args, &file)?;
    finish(&session, &task, args)
}

fn meters(args: &Args) -> Meters {
    if args.all_meters { Meters::All } else { Meters::Duple }
}

/// The recipe, with what the command line changes.
pub(super) fn settings(args: &Args, recipe: &Settings) -> Settings {
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
    let bar = bar(last, session.progress.step);
    let unit = task.architecture.encoding.unit();
    while !session.finished() && session.progress.step < last {
        let clock = Instant::now();
        let loss = session.update(&task.sets.train)?;
        session.progress.seconds += clock.elapsed().as_secs_f64();
        bar.set_position(session.progress.step);
        bar.set_message(format!("loss {loss:.3}"));
        if session.progress.step.is_multiple_of(session.settings.every) {
            let clock = Instant::now();
            let point = session.judge(&task.sets.valid)?;
            session.progress.seconds += clock.elapsed().as_secs_f64();
            bar.suspend(|| println!("{}", line(&point, unit)));
            checkpoint::save(session, file)?;
        }
    }
    bar.finish_and_clear();
    checkpoint::save(session, file)?;
    Ok(())
}

/// How far the run is.
pub(super) fn bar(last: u64, done: u64) -> ProgressBar {
    let bar = ProgressBar::new(last).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} updates, {elapsed} so far, {eta} to go {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_position(done);
    bar
}

fn line(point: &Point, unit: &str) -> String {
    format!(
        "{:6} updates, epoch {:3}, {:7.0} s: train {:.4}, validation {:.4} nats per {unit} (labels {:.4}, {:.1} % right)",
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
    let precision = if args.f32 { Precision::F32 } else { Precision::F16 };
    let best = session.best();
    let stored = Network { parameters: export::rounded(best.parameters, precision), ..best };
    let metrics = Metrics::of(&stored, session, task, command(session, task, args))?;
    println!(
        "best at {} updates: validation {:.4}, test {:.4} nats per {}",
        metrics.best_step,
        metrics.valid.event_nll,
        metrics.test.event_nll,
        task.architecture.encoding.unit()
    );
    if let Some(markov) = metrics.markov {
        println!("an interpolated Markov model of order 3 needs {markov:.4} on the test pieces");
    }
    let path = args.out.join(format!("{}.metrics.json", task.id));
    checkpoint::write_atomically(&path, &serde_json::to_vec(&metrics)?)?;
    println!("{}", path.display());
    let path = args.out.join(format!("{}.safetensors", task.id));
    let card = export::card(&stored, task, &metrics);
    checkpoint::write_atomically(&path, &export::bytes(&stored.parameters, &card, precision)?)?;
    println!("{}", path.display());
    Ok(())
}

/// The command that makes the run again.
fn command(session: &Session, task: &Task, args: &Args) -> String {
    let s = &session.settings;
    let layers: Vec<String> = session.network.architecture.layers.iter().map(ToString::to_string).collect();
    let layers = layers.join(",");
    let meters = if args.all_meters { " --all-meters" } else { "" };
    if s.begin > 0 {
        let first = format!("descant train {0} --out training/{0} --layers {layers}{meters}", task.id);
        let (begin, more, keep, rate) = (s.begin, s.steps - s.begin, s.keep, s.rate);
        return format!(
            "{first} --steps {begin} && {first} --resume --again {more} --keep {keep} --rate {rate}"
        );
    }
    format!(
        "descant train {} --out training --steps {} --seed {} --batch {} --unroll {} --keep {} --rate {} --decay {} \
         --every {} --patience {} --layers {}{}",
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
        layers,
        meters
    )
}
