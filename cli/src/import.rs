//! `descant import`. Makes a foreign checkpoint into a weights file with a card.

use anyhow::{Context, Result, ensure};
use descant_core::checkpoint::save_file;
use descant_core::model::import::{ImportError, import};
use descant_core::model::{Configuration, Hparams, ModelError, catalogue, find};
use descant_core::tool::Cancel;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// Options of `descant import`.
#[derive(clap::Args)]
pub struct Args {
    /// A .mag bundle, a TensorFlow checkpoint (V1 or V2: its index, its folder, or what its names begin with), a
    /// Magenta.js checkpoint (its folder), a tar or zip file that holds one, or a .safetensors file
    path: PathBuf,
    /// Configuration that it was made for; needed if neither the file nor its shapes tell
    #[arg(short, long)]
    model: Option<String>,
    /// Units of each layer, e.g. 64,64, if it was trained with other sizes than the published model
    #[arg(long, value_delimiter = ',', requires = "model", value_parser = clap::value_parser!(u32).range(1..=4096))]
    layers: Option<Vec<u32>>,
    /// Steps that its attention looks back, if they are not the published number; 0 = no attention
    #[arg(long, requires = "model", value_parser = clap::value_parser!(u32).range(0..=1024))]
    attention: Option<u32>,
    /// Licence of the weights, for the card
    #[arg(long, default_value = "")]
    licence: String,
    /// Folder for the weights file
    #[arg(short, long, default_value = ".")]
    out: PathBuf,
}

impl Args {
    /// The configuration that was asked for, with the sizes that were asked for.
    fn choice(&self) -> Result<Option<Configuration>> {
        let Some(id) = &self.model else { return Ok(None) };
        let known = || catalogue().iter().map(|c| c.id).collect::<Vec<_>>().join(", ");
        let published =
            find(id).with_context(|| format!("there is no model {id:?}; models are: {}", known()))?;
        let mut hparams = published.hparams.clone();
        if let Some(layers) = &self.layers {
            hparams.layers = layers.iter().map(|&units| units as usize).collect();
        }
        if let Some(attention) = self.attention {
            hparams.attention = attention as usize;
        }
        Ok(Some(Configuration { hparams, ..published.clone() }))
    }
}

/// Imports and writes the file.
///
/// # Errors
/// A checkpoint that cannot be used, or a file that is there already or cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let choice = args.choice()?;
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("reading [{bar:32}] {percent} %")?.progress_chars("=> "));
    let mut progress = |p: f32| bar.set_position((p * 1000.0) as u64);
    let result = import(&args.path, choice.as_ref(), &mut progress, &Cancel::default());
    bar.finish_and_clear();
    let imported = match result {
        Err(error @ ImportError::NoSuchShape { .. }) => {
            return Err(error).context("give --model, and --layers if you trained with other sizes");
        }
        Err(error @ ImportError::Model(ModelError::Layers { .. })) => {
            return Err(error).context("give --layers if you trained with other sizes");
        }
        result => result.with_context(|| args.path.display().to_string())?,
    };
    let mut card = imported.checkpoint.card.context("no card came of it")?;
    if !args.licence.is_empty() {
        card.licence.clone_from(&args.licence);
    }
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let path = args.out.join(format!("{}.safetensors", imported.name));
    ensure!(!path.exists(), "{} is there already: choose another folder with --out", path.display());
    save_file(&path, &imported.checkpoint.weights, &card)?;
    let step = imported.step.map_or_else(String::new, |step| format!(", training step {step}"));
    println!(
        "{}  ({}, {}, from a {}{step})",
        path.display(),
        card.configuration,
        Hparams::layers_in_words(&card.hparams.layers),
        imported.format.name(),
    );
    if !imported.passed_over.is_empty() {
        println!("note: left out, as no part of the model: {}", imported.passed_over.join(", "));
    }
    if card.licence.is_empty() {
        println!(
            "note: the card names no licence; if you know that of these weights, give it with --licence"
        );
    }
    Ok(())
}
