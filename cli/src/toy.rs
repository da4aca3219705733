//! `descant toy`. Music from dice and from Markov chains, to compare networks with.

use crate::continue_clip::read;
use crate::takes::meter;
use anyhow::{Context, Result};
use clap::Subcommand;
use descant_core::music::{Clip, ClipKind, Meter, Span, Voices, midi};
use descant_core::sampling::{Seed, derive};
use descant_core::tool::file_name;
use descant_core::toy::{MAX_ORDER, MarkovToy, dice};
use std::path::{Path, PathBuf};

/// Options of `descant toy`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    machine: Machine,
    /// Number of pieces, 1 to 16
    #[arg(short = 'n', long, default_value_t = 1, global = true, value_parser = clap::value_parser!(u32).range(1..=16))]
    variations: u32,
    /// Seed of the first piece: a word such as mavo-tiru, or a number
    #[arg(short, long, default_value = "1", global = true)]
    seed: Seed,
    /// Folder for the MIDI files
    #[arg(short, long, default_value = ".", global = true)]
    out: PathBuf,
}

#[derive(Subcommand)]
enum Machine {
    /// A waltz of sixteen measures, each chosen by two dice from the table of 1793
    Dice,
    /// A Markov chain that has learned from your files
    Markov(Markov),
}

#[derive(clap::Args)]
struct Markov {
    /// Files to learn from (MIDI, MusicXML, ABC, text); of each the track that suits best
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Learn and write drums instead of a melody
    #[arg(long)]
    drums: bool,
    /// How many steps of a 16th the chain remembers
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=MAX_ORDER as i64))]
    order: u32,
    /// Number of bars, 1 to 32
    #[arg(short, long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=32))]
    bars: u32,
    /// Meter; default: the first file's
    #[arg(long, value_parser = meter)]
    meter: Option<Meter>,
    /// Tempo written into the files, in quarter notes per minute; default: the first file's
    #[arg(long)]
    tempo: Option<f64>,
}

/// Writes the pieces.
///
/// # Errors
/// Unreadable files, nothing to learn from, or a folder that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    match &args.machine {
        Machine::Dice => {
            for i in 0..args.variations {
                throw(args, i)?;
            }
            Ok(())
        }
        Machine::Markov(options) => chain(args, options),
    }
}

fn throw(args: &Args, index: u32) -> Result<()> {
    let seed = Seed(derive(args.seed.0, index));
    let sums = dice::roll(seed.0);
    let measures: Vec<String> = sums
        .iter()
        .enumerate()
        .filter_map(|(throw, &sum)| Some(format!("{sum}→{}", dice::measure(throw, sum)?)))
        .collect();
    println!("throws and measures: {}", measures.join("  "));
    let clips = dice::waltz(&sums).context("dice that are no dice")?;
    write(&args.out, &format!("Descant dice waltz {seed}"), &midi::write_clips(&clips)?)
}

fn chain(args: &Args, options: &Markov) -> Result<()> {
    let kind = if options.drums { ClipKind::Drums } else { ClipKind::Melody };
    let mut clips: Vec<Clip> = Vec::new();
    for file in &options.files {
        let song = read(file)?;
        let track = song.best_track(kind).with_context(|| format!("{} has no notes", file.display()))?;
        clips.extend(song.track_to_clip(track, Voices::All, Span::Sounding));
    }
    let toy = MarkovToy::learn(kind, options.order as usize, &clips)?;
    let first = clips.first().context("no notes to learn from")?;
    let meter = options.meter.unwrap_or(first.meter);
    for i in 0..args.variations {
        let seed = Seed(derive(args.seed.0, i));
        let clip = toy.write(options.bars, meter, options.tempo.or(first.tempo), seed.0)?;
        let name = format!("Descant Markov {} {seed}", options.order);
        let bytes = midi::write_clip(&Clip { name: name.clone(), ..clip }, midi::WriteOptions::default())?;
        write(&args.out, &name, &bytes)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(format!("{}.mid", file_name(name)));
    std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    println!("{}", path.display());
    Ok(())
}
