//! `tfjs_*/weights_manifest.json` and `dequantized.json`: checkpoints as Magenta.js loads them.
use super::vae_array::Array;
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::checkpoint::{self, Format, Opened};
use descant_core::model::Model;
use descant_core::model::import::import;
use descant_core::model::import::latent::{card, recognise};
use descant_core::model::music_vae::MusicVae;
use descant_core::nn::Storage;
use descant_core::tool::Cancel;
use serde_json::Value;
use std::path::Path;

/// Tolerance of a value that was made longer again.
const TOLERANCE: f32 = 1e-6;

/// Opens a folder.
pub fn opened(folder: &Path) -> Result<Opened> {
    checkpoint::open(folder, &mut |_| {}, &Cancel::default()).with_context(|| folder.display().to_string())
}

/// Opens the checkpoint of the list, makes a network of it, and compares the weights with those of the TensorFlow
/// checkpoint that it was made from, where that is there.
pub fn run(doc: &Value, report: &mut Report) {
    report.uses("config.json");
    for group in doc.as_array().into_iter().flatten() {
        let paths = group["paths"].as_array().into_iter().flatten();
        paths.filter_map(Value::as_str).for_each(|path| report.uses(path));
    }
    let outcome = match whole(report.folder(), doc) {
        Ok(worst) => Outcome::Ok(worst),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    };
    report.case("checkpoint", outcome);
}

/// The largest difference.
fn whole(folder: &Path, doc: &Value) -> Result<f64> {
    let opened = opened(folder)?;
    ensure!(opened.format == Format::Js, "it is a {}", opened.format.name());
    let config = opened.js.context("no config.json")?;
    let listed: usize = doc[0]["weights"].as_array().map_or(0, Vec::len);
    ensure!(opened.weights.len() == listed, "{} tensors, not {listed}", opened.weights.len());
    if config.kind == "MusicRNN" {
        let imported = import(folder, None, &mut |_| {}, &Cancel::default())?;
        Model::from_checkpoint(imported.checkpoint)?;
        return Ok(0.0);
    }
    let original = original(folder);
    let quantised = doc[0]["weights"][0]["quantization"]["dtype"].as_str();
    let tolerance = match quantised {
        None => 0.0,
        Some("uint8") => 0.02,
        Some(_) => 2e-3,
    };
    let mut worst = 0.0_f32;
    if let Some(original) = original {
        for (name, tensor) in original?.weights.iter() {
            let ours = opened.weights.get(name).with_context(|| format!("{name} is missing"))?;
            ensure!(ours.shape == tensor.shape, "{name} has shape {:?}", ours.shape);
            for (a, b) in ours.to_f32().into_iter().zip(tensor.to_f32()) {
                ensure!((a - b).abs() <= tolerance, "{name}: {a}, not {b}");
                worst = worst.max((a - b).abs());
            }
        }
    }
    let recognised = recognise(opened.weights, Some(&config), None)?;
    ensure!(recognised.passed_over.is_empty(), "left out: {:?}", recognised.passed_over);
    if card(&recognised).is_ok() {
        let imported = import(folder, None, &mut |_| {}, &Cancel::default())?;
        let model = Model::from_checkpoint(imported.checkpoint)?;
        let (_, network) = model.latent().context("it is no latent model")?;
        ensure!(*network.shape() == recognised.shape, "it is imported as {:?}", network.shape());
    }
    MusicVae::new(recognised.shape, &recognised.weights, Storage::F32)?;
    Ok(worst.into())
}

/// The TensorFlow checkpoint that a folder `tfjs_family[_q1|_q2|_f16]` was made from, if it is there.
fn original(folder: &Path) -> Option<Result<Opened>> {
    let name = folder.file_name()?.to_str()?.strip_prefix("tfjs_")?;
    let endings = ["_q1", "_q2", "_f16"];
    let family = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let path = folder.parent()?.join(format!("fwd_{family}/ckpt/model.ckpt"));
    path.with_extension("ckpt.index").exists().then(|| opened(&path))
}

/// Compares all tensors of the folder with those of the file.
pub fn run_dequantised(doc: &Value, report: &mut Report) {
    let outcome = dequantised(doc, report.folder());
    report.case("values", outcome.map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok));
}

fn dequantised(doc: &Value, folder: &Path) -> Result<f64> {
    let weights = opened(folder)?.weights;
    let tensors = doc.as_object().context("no tensors")?;
    ensure!(tensors.len() == weights.len(), "{} tensors, not {}", weights.len(), tensors.len());
    let mut worst = 0.0_f32;
    for (name, expected) in tensors {
        let expected = Array::need(expected, name)?;
        let ours = weights.get(name).with_context(|| format!("{name} is missing"))?;
        ensure!(ours.shape == expected.shape, "{name} has shape {:?}", ours.shape);
        for (a, b) in ours.to_f32().into_iter().zip(expected.values) {
            ensure!((a - b).abs() <= TOLERANCE * (1.0 + b.abs()), "{name}: {a}, not {b}");
            worst = worst.max((a - b).abs());
        }
    }
    Ok(worst.into())
}
