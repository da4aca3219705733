//! `d_checkpoints.json` with the folder `ckpt`: files that TensorFlow wrote, their tensors, and what our networks
//! make of them.

use super::c_forward::{compare, count, flat, list, number};
use super::{Outcome, Report};
use anyhow::{Context, Result, bail, ensure};
use descant_core::checkpoint::{self, Opened};
use descant_core::model::import::import;
use descant_core::model::{Configuration, EncodingParams, Hparams, Model, find};
use descant_core::nn::{Weights, formula, math};
use descant_core::tool::Cancel;
use serde_json::Value;
use std::path::Path;

const LOGIT: f64 = 5e-6;
const PROBABILITY: f64 = 1e-6;

/// Runs every file of every model, and the extra files.
pub fn run(doc: &Value, report: &mut Report) {
    let folder = report.folder().join("ckpt");
    for model in doc["models"].as_array().into_iter().flatten() {
        for name in model["files"].as_object().into_iter().flatten().map(|(name, _)| name) {
            // Data files come with their index.
            if name.contains(".data-") {
                continue;
            }
            let outcome = match container(&folder.join(name), model) {
                Ok(Some(error)) => Outcome::Ok(error),
                Ok(None) => Outcome::NotBuilt(model["config"].as_str().unwrap_or("?").into()),
                Err(error) => Outcome::Failed(format!("{error:#}")),
            };
            report.case(name, outcome);
        }
    }
    for extra in doc["extra"].as_array().into_iter().flatten() {
        let tag = extra["tag"].as_str().unwrap_or("?");
        let outcome = more(&folder, tag, extra, doc);
        report.case(tag, outcome.map_or_else(|e| Outcome::Failed(format!("{e:#}")), |()| Outcome::Ok(0.0)));
    }
}

fn opened(path: &Path) -> Result<Opened> {
    checkpoint::open(path, &mut |_| {}, &Cancel::default()).with_context(|| path.display().to_string())
}

/// The configuration of a model with the sizes of the case; `None` if it is not built.
fn configuration(model: &Value) -> Result<Option<Configuration>> {
    let Some(published) = find(model["config"].as_str().context("no config")?) else { return Ok(None) };
    let mut hparams = Hparams {
        layers: list(&model["layers"])?.iter().map(count).collect::<Result<_>>()?,
        attention: count(&model["attn_length"])?,
        ..published.hparams.clone()
    };
    // Small drum cases use only the first drum types; the number of classes tells how many.
    if let EncodingParams::DrumsLookback { types, .. } = &mut hparams.encoding {
        *types = list(&model["logits"][0])?.len().ilog2() as usize;
    }
    Ok(Some(Configuration { hparams, ..published.clone() }))
}

/// One file of a model: its tensors, what it says of itself, and the logits of the test sequence. The largest
/// difference, or `None` if the configuration is not built.
fn container(path: &Path, model: &Value) -> Result<Option<f64>> {
    let raw = opened(path)?;
    tensors(&raw.weights, model)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let step = if name.contains("_train_") { model["train_global_step"].as_i64() } else { None };
    ensure!(raw.step == step, "training step {:?}, not {step:?}", raw.step);
    let details = &model["bundle"];
    ensure!(raw.bundle.is_some() == name.ends_with(".mag"), "taken for another kind of file");
    if let Some(bundle) = &raw.bundle {
        ensure!(details["generator_id"] == bundle.generator, "made for {}", bundle.generator);
        ensure!(details["generator_description"] == bundle.generator_description, "described otherwise");
        ensure!(details["bundle_description"] == bundle.description, "described otherwise");
        ensure!(raw.attention == Some(count(&model["attn_length"])?), "attention window {:?}", raw.attention);
    }
    let Some(configuration) = configuration(model)? else { return Ok(None) };
    let imported = import(path, Some(&configuration), &mut |_| {}, &Cancel::default())?;
    ensure!(imported.passed_over.is_empty(), "passed over {:?}", imported.passed_over);
    let card = imported.checkpoint.card.as_ref().context("no card")?;
    if name.ends_with("small_v1.ckpt") {
        // A bundle holds the bytes of the V1 file.
        let sum = card.source.first().map(|file| file.sha256.as_str());
        ensure!(details["checkpoint_sha256"][0].as_str() == sum, "the file has another checksum");
    }
    logits(&Model::from_checkpoint(imported.checkpoint)?, model).map(Some)
}

/// Compares the weights with the listed variables: all of them, and nothing else.
fn tensors(weights: &Weights, case: &Value) -> Result<()> {
    let source = &case["weights_from_formula"];
    let seed: u64 = source["seed"].as_str().context("no seed")?.parse()?;
    let mut scales = formula::Scales { default: 1.0, patterns: Vec::new() };
    for (pattern, scale) in source["scales"].as_object().context("no scales")? {
        match pattern.as_str() {
            "default" => scales.default = number(scale)? as f32,
            _ => scales.patterns.push((pattern.clone(), number(scale)? as f32)),
        }
    }
    let variables = list(&case["variables"])?;
    ensure!(weights.len() == variables.len(), "{} tensors, not {}", weights.len(), variables.len());
    for variable in variables {
        let name = variable["name"].as_str().context("a variable without name")?;
        let tensor = weights.get(name).with_context(|| format!("{name} is missing"))?;
        let shape: Vec<usize> = list(&variable["shape"])?.iter().map(count).collect::<Result<_>>()?;
        ensure!(tensor.shape == shape, "{name} has shape {:?}", tensor.shape);
        let values = tensor.to_f32();
        let expected = formula::values(name, seed, scales.of(name), shape.iter().product());
        ensure!(values == expected, "{name} has other values");
        for (key, at) in [("first", 0), ("last", values.len().saturating_sub(2))] {
            for (value, listed) in values[at..].iter().zip(variable[key].as_array().into_iter().flatten()) {
                ensure!(*value == number(listed)? as f32, "{name}: {value}, listed is {listed}");
            }
        }
        if let Some(listed) = variable["sum_f64"].as_f64() {
            let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
            ensure!((sum - listed).abs() <= 1e-9 * values.len() as f64, "{name} has sum {sum}, not {listed}");
        }
    }
    Ok(())
}

/// Steps through the test sequence; the largest difference.
fn logits(model: &Model, case: &Value) -> Result<f64> {
    let stack = model.stack().context("no layers")?;
    let mut state = stack.state(1);
    let mut worst = 0.0_f64;
    let (inputs, rows) = (list(&case["inputs"])?, list(&case["logits"])?);
    ensure!(inputs.len() == rows.len() && !rows.is_empty(), "inputs and logits differ in number");
    for (t, (input, row)) in inputs.iter().zip(rows).enumerate() {
        let mut sparse = Vec::new();
        for cell in list(input)? {
            sparse.push((u32::try_from(count(&cell[0])?)?, number(&cell[1])? as f32));
        }
        let mut logits = vec![0.0; stack.config().output];
        stack.step(&mut state, &[&sparse], &mut logits)?;
        worst = worst.max(compare(&format!("logit of step {t}"), &logits, &flat(row)?, LOGIT)?);
        let mut softmax = vec![0.0; logits.len()];
        math::softmax_into(&logits, 1.0, &mut softmax);
        worst = worst.max(compare("probability", &softmax, &flat(&case["softmax"][t])?, PROBABILITY)?);
    }
    Ok(worst)
}

/// The files of one line of `extra`.
fn more(folder: &Path, tag: &str, extra: &Value, doc: &Value) -> Result<()> {
    if extra["variables"].is_array() {
        return tensors(&opened(&folder.join(tag))?.weights, extra);
    }
    match tag {
        "attention_small_snappy" => {
            let models = list(&doc["models"])?;
            let plain = models.iter().find(|m| m["tag"] == "attention_small").context("no such model")?;
            tensors(&opened(&folder.join("attention_small_snappy.ckpt"))?.weights, plain)
        }
        "dtypes_slices" => {
            dtypes(&opened(&folder.join("dtypes_slices_v1.ckpt"))?.weights, false)?;
            dtypes(&opened(&folder.join("dtypes_slices_v2.ckpt"))?.weights, true)
        }
        _ => bail!("no code reads it"),
    }
}

/// The tensors of numbers with a fraction; V1 has neither halves nor empty tensors.
fn dtypes(weights: &Weights, v2: bool) -> Result<()> {
    let ramp = |count: usize, step: f32| (0..count).map(|k| k as f32 * step).collect::<Vec<_>>();
    let mut expected: Vec<(&str, &[usize], Vec<f32>)> = vec![
        ("part/w", &[10, 4], ramp(40, 0.125)),
        ("dt_float64", &[2, 3], ramp(6, 1.0)),
        ("scalar", &[], vec![2.5]),
    ];
    if v2 {
        expected.push(("dt_float16", &[2, 3], ramp(6, 1.0)));
        expected.push(("empty", &[0, 3], Vec::new()));
    }
    ensure!(weights.len() == expected.len(), "{} tensors, not {}", weights.len(), expected.len());
    for (name, shape, values) in expected {
        let tensor = weights.get(name).with_context(|| format!("{name} is missing"))?;
        ensure!(tensor.shape == shape && tensor.to_f32() == values, "{name} is {tensor:?}");
    }
    Ok(())
}
