//! `descant train gansynth`: notes, session, progress bar, files.

use super::Args;
use super::session::{bar, settings};
use anyhow::{Context, bail, ensure};
use descant_core::model::gansynth::Shape;
use descant_learn::checkpoint;
use descant_learn::export::{Precision, bytes, rounded};
use descant_learn::gansynth::data::Notes;
use descant_learn::gansynth::metrics::Metrics;
use descant_learn::gansynth::notes::SOUND_FONT;
use descant_learn::gansynth::session::{Point, Session, Settings};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What only this model takes.
#[derive(clap::Args, Default)]
pub struct SoundArgs {
    /// gansynth: the SoundFont FluidR3_GM.sf2
    #[arg(long)]
    soundfont: Option<PathBuf>,
    /// gansynth: how many instruments are learned, at most 40
    #[arg(long)]
    instruments: Option<usize>,
    /// gansynth: numbers of an instrument's vector
    #[arg(long)]
    latent: Option<usize>,
    /// gansynth: threads
    #[arg(long)]
    threads: Option<usize>,
}

/// Channels of the blocks, and numbers of a vector, unless the command line says otherwise.
const CHANNELS: [usize; 7] = [64, 64, 64, 64, 64, 32, 16];
const LATENT: usize = 16;
const INSTRUMENTS: usize = 32;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if args.all_meters || args.unroll.is_some() || args.compare.is_some() || args.again.is_some() {
        bail!("gansynth takes no --all-meters, --unroll, --compare or --again");
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let file = args.out.join("run.safetensors");
    let mut session = if args.resume {
        Session::load(&file).with_context(|| format!("cannot resume {}", file.display()))?
    } else if file.exists() {
        bail!("{} holds a run already; add --resume, or choose another folder", args.out.display());
    } else {
        fresh(args)?
    };
    if let Some(threads) = args.sound.threads {
        session.settings.threads = threads.clamp(1, 64);
    }
    let notes = notes(&session, args)?;
    println!(
        "{} values to train, {} updates, {} notes of {} instruments ({} held out)",
        session.network.size(),
        session.settings.run.steps,
        notes.train.len(),
        notes.programs.len(),
        notes.held_out.len()
    );
    learn(&mut session, &notes, args, &file)?;
    finish(&session, &notes, args)
}

/// A new run.
fn fresh(args: &Args) -> anyhow::Result<Session> {
    let shape = Shape {
        channels: args.layers.clone().unwrap_or_else(|| CHANNELS.to_vec()),
        latent: args.sound.latent.unwrap_or(LATENT),
        ..Shape::released()
    };
    shape.check()?;
    ensure!(shape.channels.len() == CHANNELS.len(), "gansynth has {} blocks of channels", CHANNELS.len());
    let recipe = Settings::default();
    let settings = Settings { run: settings(args, &recipe.run), ..recipe };
    let instruments = args.sound.instruments.unwrap_or(INSTRUMENTS);
    ensure!((2..=40).contains(&instruments), "gansynth learns 2 to 40 instruments");
    Ok(Session::new(shape, instruments, settings))
}

/// The rendered notes of a run.
fn notes(session: &Session, args: &Args) -> anyhow::Result<Notes> {
    let font = args.sound.soundfont.clone().unwrap_or_else(|| SOUND_FONT.into());
    let bar = bar(0, 0);
    let mut progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        bar.set_message("notes rendered");
    };
    let shape = &session.network.shape;
    let count = session.network.instruments().len() / shape.latent;
    let notes = Notes::open(&args.out, &font, shape, count, &mut progress)?;
    bar.finish_and_clear();
    Ok(notes)
}

fn learn(session: &mut Session, notes: &Notes, args: &Args, file: &Path) -> anyhow::Result<()> {
    let last = args.stop.unwrap_or(u64::MAX).min(session.settings.run.steps);
    let bar = bar(last, session.progress.step);
    while !session.finished() && session.progress.step < last {
        let clock = Instant::now();
        let loss = session.update(notes)?;
        session.progress.seconds += clock.elapsed().as_secs_f64();
        bar.set_position(session.progress.step);
        bar.set_message(format!("loss {loss:.4}"));
        let (stage, _) = session.settings.stage(session.progress.step);
        let (next, _) = session.settings.stage(session.progress.step + 1);
        let every = session.settings.run.every;
        if session.progress.step.is_multiple_of(every) || stage != next || session.finished() {
            let point = session.judge(notes)?;
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
        "{:6} updates, epoch {:3}, {:7.0} s, {:4} bands: train {:.2} dB off, frequencies {:.3}; held out {:.2} dB (next note {:.2}), {:.3}",
        point.step,
        point.epoch,
        point.seconds,
        point.width,
        point.train.mean_decibels(),
        point.train.off(),
        point.valid.mean_decibels(),
        point.neighbour,
        point.valid.off()
    )
}

/// Writes the weights that did best in the last stage, with their metrics.
fn finish(session: &Session, notes: &Notes, args: &Args) -> anyhow::Result<()> {
    let (stage, _) = session.settings.stage(session.progress.step);
    if session.progress.curve.is_empty() || stage.block + 1 < session.network.shape.channels.len() {
        println!("no evaluation of whole pictures yet, so nothing to export");
        return Ok(());
    }
    let precision = if args.f32 { Precision::F32 } else { Precision::F16 };
    let metrics = Metrics::of(session, &notes.programs, command(session));
    let path = args.out.join("gansynth.metrics.json");
    checkpoint::write_atomically(&path, &serde_json::to_vec(&metrics)?)?;
    println!("{}", path.display());
    let best = session.best();
    let card = metrics.card(&best)?;
    let parameters = rounded(metrics.stored(best, &notes.spectra), precision);
    let path = args.out.join("gansynth.safetensors");
    checkpoint::write_atomically(&path, &bytes(&parameters, &card, precision)?)?;
    println!("{}", path.display());
    Ok(())
}

/// The command that makes the run again.
fn command(session: &Session) -> String {
    let (s, shape) = (&session.settings.run, &session.network.shape);
    let channels: Vec<String> = shape.channels.iter().map(ToString::to_string).collect();
    let instruments = session.network.instruments().len() / shape.latent;
    format!(
        "descant train gansynth --out training/gansynth --layers {} --latent {} --instruments {instruments} --steps {} --seed {} --batch {} --rate {} --every {} --threads {}",
        channels.join(","),
        shape.latent,
        s.steps,
        s.seed,
        s.batch,
        s.rate,
        s.every,
        session.settings.threads
    )
}
