//! `descant train` for the latent-vector models: task, session, progress bar, files.

use super::Args;
use super::session::{bar, settings};
use anyhow::{Context, bail};

use descant_learn::checkpoint;
use descant_learn::export::{Precision, bytes, rounded};
use descant_learn::vae::metrics::Metrics;
use descant_learn::vae::network::Network;
use descant_learn::vae::session::{Point, Session, Settings};
use descant_learn::vae::task::Task;
use std::path::Path;
use std::time::Instant;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if args.all_meters || args.unroll.is_some() || args.compare.is_some() {
        bail!("{} takes no --all-meters, --unroll or --compare", args.model);
    }
    let task = Task::open(&args.model, &args.corpus)?;
    for funnel in &task.funnels {
        println!("{}", funnel.report(false));
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let file = args.out.join("run.safetensors");
    let changed = |recipe: &Settings| Settings { run: settings(args, &recipe.run), ..recipe.clone() };
    let mut session = if args.resume {
        let mut session = Session::load(&file, &task.shape()?)
            .with_context(|| format!("cannot resume {}", file.display()))?;
        if let Some(more) = args.again {
            session.again(changed(&session.settings), more);
        }
        session
    } else if file.exists() {
        bail!("{} holds a run already; add --resume, or choose another folder", args.out.display());
    } else {
        let mut shape = task.shape()?;
        if let Some(layers) = &args.layers {
            shape.decoder.units.clone_from(layers);
        }
        shape.check()?;
        Session::new(shape, changed(&task.settings))
    };
    let [train, valid, test] = task.sets.each_ref().map(Vec::len);
    println!(
        "{} values to train, {} updates, {train} windows ({valid} validation, {test} test)",
        session.network.size(),
        session.settings.run.steps
    );
    learn(&mut session, &task, args, &file)?;
    finish(&session, &task, args)
}

/// Writes the weights that validated best with their metrics.
fn finish(session: &Session, task: &Task, args: &Args) -> anyhow::Result<()> {
    if session.progress.curve.is_empty() {
        println!("no evaluation yet, so nothing to export");
        return Ok(());
    }
    let precision = if args.f32 { Precision::F32 } else { Precision::F16 };
    let best = session.best();
    let stored = Network { parameters: rounded(best.parameters, precision), ..best };
    let metrics = Metrics::of(&stored, session, task, command(session, task));
    for (split, e) in [("validation", metrics.valid), ("test", metrics.test)] {
        println!("{split}: {:.3} nats per window and {:.2} of divergence", e.reconstruction, e.divergence);
    }
    let path = args.out.join(format!("{}.metrics.json", task.id()));
    checkpoint::write_atomically(&path, &serde_json::to_vec(&metrics)?)?;
    println!("{}", path.display());
    let path = args.out.join(format!("{}.safetensors", task.id()));
    let bytes = bytes(&stored.parameters, &metrics.card(&stored.shape, task), precision)?;
    checkpoint::write_atomically(&path, &bytes)?;
    println!("{}", path.display());
    Ok(())
}

/// The command that makes the run again.
fn command(session: &Session, task: &Task) -> String {
    let (s, id) = (&session.settings.run, task.id());
    let layers: Vec<String> = session.network.shape.decoder.units.iter().map(ToString::to_string).collect();
    let first = format!("descant train {id} --out training/{id} --layers {}", layers.join(","));
    let sizes = format!("--batch {} --keep {} --rate {} --every {}", s.batch, s.keep, s.rate, s.every);
    if s.begin > 0 {
        let (begin, more) = (s.begin, s.steps - s.begin);
        return format!("{first} --steps {begin} && {first} --resume --again {more} {sizes}");
    }
    format!("{first} --steps {} --seed {} {sizes} --patience {}", s.steps, s.seed, s.patience)
}

fn learn(session: &mut Session, task: &Task, args: &Args, file: &Path) -> anyhow::Result<()> {
    let last = args.stop.unwrap_or(u64::MAX).min(session.settings.run.steps);
    let bar = bar(last, session.progress.step);
    while !session.finished() && session.progress.step < last {
        let clock = Instant::now();
        let loss = session.update(&task.sets[0]);
        session.progress.seconds += clock.elapsed().as_secs_f64();
        bar.set_position(session.progress.step);
        bar.set_message(format!("loss {loss:.3}"));
        if session.progress.step.is_multiple_of(session.settings.run.every) {
            let point = session.judge(&task.sets[1]);
            bar.suspend(|| println!("{}", line(&point)));
            session.save(file)?;
        }
    }
    bar.finish_and_clear();
    session.save(file)?;
    Ok(())
}

fn line(point: &Point) -> String {
    format!(
        "{:6} updates, epoch {:3}, {:7.0} s: train {:.3}, validation {:.3} nats per window and {:.2} of divergence ({:.1} % right)",
        point.step,
        point.epoch,
        point.seconds,
        point.train,
        point.valid.reconstruction,
        point.valid.divergence,
        100.0 * point.valid.accuracy
    )
}
