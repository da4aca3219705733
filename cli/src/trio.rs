//! `descant trio`: melody, bass and drums at once, a MIDI file with three tracks each.

use anyhow::{Context as _, Result};
use descant_core::model::builtin;
use descant_core::music::{Clip, TICKS_PER_QUARTER, Ticks, midi};
use descant_core::sampling::{Seed, derive};
use descant_core::tool::trio::{Player, Players, trio};
use descant_core::tool::{Cancel, ChordTrack, Latent, Request, file_name};
use std::path::PathBuf;

/// The models of the parts. None of them writes all three: no weights for such a one are free to ship.
const MELODY: &str = "chord_pitches_improv";
const BASS: &str = "bass_rnn";
const DRUMS: &str = "drum_kit";
const GROOVE: &str = "groovae_2bar_humanize";

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
    let models =
        [builtin::load(MELODY)?, builtin::load(BASS)?, builtin::load(DRUMS)?, builtin::load(GROOVE)?];
    let [melody, bass, drums, groove] = &models;
    let players = Players {
        melody: Player { key: MELODY, model: melody },
        bass: Player { key: BASS, model: bass },
        drums: Player { key: DRUMS, model: drums },
        groove: Some(Player { key: GROOVE, model: groove }),
    };
    let amount = args.groove / 100.0;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    for number in 0..args.variations {
        let seed = Seed(derive(args.seed.0, number));
        let request = Request {
            bars: args.bars,
            seed: seed.0,
            temperature: args.temperature,
            tempo: Some(args.tempo),
            chords: chords.clone(),
            latent: Latent { timing: amount, dynamics: amount, ..Latent::default() },
            ..Request::default()
        };
        let parts = trio(&players, &request, &Cancel::default(), &mut |_| {})?;
        let named = |(part, name): (_, &str)| {
            let take: &descant_core::tool::Take = part;
            Clip { name: name.into(), ..take.clip.clone() }
        };
        let clips: Vec<Clip> = parts.iter().zip(["Melody", "Bass", "Drums"]).map(named).collect();
        let name = file_name(&format!("Descant trio {} of {} {seed}", number + 1, args.variations));
        let path = args.out.join(format!("{name}.mid"));
        std::fs::write(&path, midi::write_clips(&clips)?).with_context(|| path.display().to_string())?;
        let notes: Vec<String> = clips.iter().map(|c| format!("{} {}", c.name, c.notes.len())).collect();
        println!("{}  ({} notes)", path.display(), notes.join(", "));
    }
    Ok(())
}
