//! `descant personalise`: a latent model learns from files of clips and is written as weights of one's own.

use crate::continue_clip::read;
use anyhow::{Context as _, Result, ensure};
use descant_core::checkpoint::{self, Checkpoint};
use descant_core::model::personal::{PersonalFacts, date, personalised};
use descant_core::model::{Model, builtin};
use descant_core::music::{Clip, ClipKind, Span, Voices};
use descant_core::sampling::Seed;
use descant_core::tool::{Cancel, Lesson, USUAL_ROUNDS, file_name, learn};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Model that learns where none is named.
const USUAL: &str = "cat-mel_2bar_small";

/// Options of `descant personalise`.
#[derive(clap::Args)]
pub struct Args {
    /// Files with clips (MIDI, MusicXML, ABC): all tracks of the model's kind
    #[arg(required = true)]
    clips: Vec<PathBuf>,
    /// Model id; default: the one for melodies, or that of the weights
    #[arg(short, long)]
    model: Option<String>,
    /// Weights to begin with, from a safetensors file instead of those built in
    #[arg(short, long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// What the new model is called
    #[arg(long, default_value = "mine")]
    name: String,
    /// How often all clips are looked at
    #[arg(long, default_value_t = USUAL_ROUNDS)]
    rounds: u32,
    /// Seed of the training: a word such as mavo-tiru, or a number
    #[arg(short, long, default_value = "1")]
    seed: Seed,
    /// Folder for the weights; the plugin looks for its own in the models folder
    #[arg(short, long, default_value = ".")]
    out: PathBuf,
}

/// Learns and writes the file.
///
/// # Errors
/// Unreadable clips, too little to learn from, another model, or a folder that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let base = || -> Result<Checkpoint> {
        match &args.weights {
            Some(path) => Ok(checkpoint::load_file(path)?),
            None => Ok(builtin::checkpoint(args.model.as_deref().unwrap_or(USUAL))?),
        }
    };
    let model = Model::from_checkpoint(base()?)?;
    let configuration = model.card().configuration.clone();
    let other = args.model.as_ref().filter(|id| **id != configuration);
    ensure!(other.is_none(), "these weights are of {configuration}, not of {other:?}");
    let mut clips = Vec::new();
    for path in &args.clips {
        clips.extend(tracks(path, model.kind())?);
    }
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("{msg} [{bar:32}] {percent} %")?.progress_chars("=> "));
    let lesson = Lesson { clips: &clips, rounds: args.rounds, seed: args.seed.0 };
    let learnt = learn(&model, &lesson, &Cancel::default(), &mut |done, loss| {
        bar.set_position((done * 1000.0) as u64);
        if let Some(loss) = loss {
            bar.set_message(format!("loss {loss:.1}"));
        }
    });
    bar.finish_and_clear();
    let learnt = learnt?;
    for notice in &learnt.notices {
        println!("note: {notice}");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let facts = PersonalFacts {
        name: args.name.clone(),
        base: model.name().to_owned(),
        clips: learnt.clips,
        pieces: learnt.pieces,
        rounds: args.rounds,
        seed: args.seed.0,
        date: date(now.as_secs()),
        curve: learnt.curve.clone(),
    };
    let made = personalised(base()?, &learnt.network, facts)?;
    let card = made.card.as_ref().context("it has no card")?;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let name = file_name(&args.name).replace(['.', ' '], "-");
    let path = args.out.join(format!("{configuration}.{name}.safetensors"));
    checkpoint::save_file(&path, &made.weights, card)?;
    let first_and_last = learnt.curve.first().zip(learnt.curve.last());
    let (first, last) = first_and_last.context("nothing was learnt")?;
    let (clips, pieces) = (learnt.clips, learnt.pieces);
    println!("{}  ({clips} clips, {pieces} pieces, loss {first:.1} → {last:.1})", path.display());
    println!("drop it on Descant Clips, or: descant generate --weights {}", path.display());
    Ok(())
}

/// The tracks of a file that a model of this kind can learn from.
fn tracks(path: &Path, kind: ClipKind) -> Result<Vec<Clip>> {
    let song = read(path)?;
    let fitting = song.tracks.iter().enumerate().filter(|(_, track)| track.kind == kind);
    Ok(fitting.filter_map(|(i, _)| song.track_to_clip(i, Voices::All, Span::Auto)).collect())
}
