//! `descant trio`: melody, bass and drums at once, a MIDI file with three tracks each.

use anyhow::{Context as _, Result};
use descant_core::model::builtin;
use descant_core::music::{TICKS_PER_QUARTER, Ticks};
use descant_core::sampling::Seed;
use descant_core::tool::trio::{MODELS, PARTS, trios, with_players, write};
use descant_core::tool::{Cancel, ChordTrack, Latent, Request, file_name};
use std::path::PathBuf;

/// Options of `descant trio`.
#[derive(clap::Args)]
pub struct Args {
    /// Number of bars, 1 to 32
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=32))]
    bars: u32,
    /// Number of trios
    #[arg(short = 'n', long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16))]
    variations: u32,
    /// Chords, a bar each, over and over, e.g. "C G7 Am F"; default: a plain progression
    #[arg(long)]
    chords: Option<String>,
    /// How many 16th notes each of them lasts
    #[arg(long, value_name = "STEPS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    steps_per_chord: u16,
    /// 0 = always the likeliest to 2 = wild
    #[arg(short, long, default_value_t = 1.0)]
    temperature: f32,
    /// How much of the drummer's timing and dynamics in percent, 0 to 150
    #[arg(long, default_value_t = 100.0)]
    groove: f32,
    /// Seed of the first trio: a word such as mavo-tiru, or a number
    #[arg(short, long, default_value = "1")]
    seed: Seed,
    /// Tempo written into the files, in quarter notes per minute
    #[arg(long, default_value_t = 120.0)]
    tempo: f64,
    /// Folder for the MIDI files
    #[arg(short, long, default_value = ".")]
    out: PathBuf,
}

/// Writes the trios.
///
/// # Errors
/// A chord that is none, values out of range, or a folder that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let ticks = Ticks::from(args.steps_per_chord) * TICKS_PER_QUARTER / 4;
    let chords = args.chords.as_deref().map(|text| ChordTrack::from_text(text, ticks)).transpose()?;
    let amount = args.groove / 100.0;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let request = Request {
        bars: args.bars,
        variations: args.variations,
        seed: args.seed.0,
        temperature: args.temperature,
        tempo: Some(args.tempo),
        chords,
        latent: Latent { timing: amount, dynamics: amount, ..Latent::default() },
        ..Request::default()
    };
    let all = with_players(MODELS[0], builtin::load, |players| {
        trios(players, &request, &Cancel::default(), &mut |_| {})
    })??;
    for (number, (seed, parts)) in (1..).zip(all) {
        let seed = Seed(seed);
        let notes: Vec<String> =
            parts.iter().zip(PARTS).map(|(take, part)| format!("{part} {}", take.clip.notes.len())).collect();
        let name = file_name(&format!("Descant trio {number} of {} {seed}", args.variations));
        let path = args.out.join(format!("{name}.mid"));
        std::fs::write(&path, write(parts.map(|take| take.clip))?)
            .with_context(|| path.display().to_string())?;
        println!("{}  ({} notes)", path.display(), notes.join(", "));
    }
    Ok(())
}
