//! `descant export`. Writes a model as a Magenta bundle.

use anyhow::{Context, Result, bail, ensure};
use descant_core::checkpoint::{self, Checkpoint, save_bundle};
use descant_core::model::builtin::BUILTIN;
use descant_core::model::import::{bundle_details, import};
use descant_core::model::{EncodingParams, catalogue, find};
use descant_core::tool::Cancel;
use std::path::{Path, PathBuf};

/// Options of `descant export`.
#[derive(clap::Args)]
pub struct Args {
    /// Model with weights built in, e.g. drum_kit, or a weights file or checkpoint
    model: PathBuf,
    /// File to write; ends in .mag. It holds the weights, not the graph that the original program runs
    out: PathBuf,
}

/// Writes the file.
///
/// # Errors
/// A model without weights, or a file that is there already or cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let out = &args.out;
    ensure!(out.extension().is_some_and(|e| e == "mag"), "the file to write has to end in .mag");
    ensure!(!out.exists(), "{} is there already", out.display());
    let checkpoint = load(&args.model)?;
    let card = checkpoint.card.context("these weights have no card: import them first")?;
    ensure!(
        !matches!(card.hparams.encoding, EncodingParams::Latent(_)),
        "{} is a latent model, and bundles hold RNNs only: copy its .safetensors file instead",
        card.configuration
    );
    let details = bundle_details(&card);
    let bytes = save_bundle(&checkpoint.weights, &card, &details)?;
    std::fs::write(out, bytes).with_context(|| out.display().to_string())?;
    println!("{}  ({}, {} tensors)", out.display(), details.generator, checkpoint.weights.len());
    if find(&card.configuration).is_none_or(|c| c.hparams.encoding != card.hparams.encoding) {
        println!("note: its encoding is not that of the published model, so other programs cannot play it");
    }
    Ok(())
}

/// The weights built in under an id, or those of a file.
fn load(model: &Path) -> Result<Checkpoint> {
    if let Some(builtin) = BUILTIN.iter().find(|b| Path::new(b.id) == model) {
        return Ok(checkpoint::load_bytes(builtin.bytes)?);
    }
    if !model.exists() {
        let ids: Vec<&str> = catalogue().iter().map(|c| c.id).collect();
        match model.to_str().and_then(find) {
            Some(known) => bail!("{} needs weights: none are built in", known.id),
            None => bail!("there is no file or model {}; models are: {}", model.display(), ids.join(", ")),
        }
    }
    let imported = import(model, None, &mut |_| {}, &Cancel::default());
    Ok(imported.with_context(|| model.display().to_string())?.checkpoint)
}
