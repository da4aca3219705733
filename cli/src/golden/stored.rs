//! Stored logits: what a network of a stored size must give for stored inputs, and how numbers are compared.
//!
//! Also read, as a source file, by the whole-product tests, which put the same checkpoints through the plugin.

use anyhow::{Context, Result, ensure};
use descant_core::model::{Configuration, EncodingParams, Hparams, Model, find};
use descant_core::nn::math;
use serde_json::Value;

/// Tolerances.
const LOGIT: f64 = 5e-6;
const PROBABILITY: f64 = 1e-6;

/// The configuration of a model with the sizes of the case; `None` if it is not built.
pub fn configuration(model: &Value) -> Result<Option<Configuration>> {
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

/// Steps through the test sequence; the largest difference.
pub fn logits(model: &Model, case: &Value) -> Result<f64> {
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

/// Compares values with stored ones; the largest difference.
pub fn compare(what: &str, ours: &[f32], expected: &[f64], tolerance: f64) -> Result<f64> {
    ensure!(ours.len() == expected.len(), "{} {what}s, not {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (i, (&a, b)) in ours.iter().zip(expected).enumerate() {
        let off = (f64::from(a) - b).abs();
        // Written so that a NaN fails.
        ensure!(off <= tolerance, "{what} {i} is {a}, not {b}");
        worst = worst.max(off);
    }
    Ok(worst)
}

/// The numbers of nested lists in order.
pub fn flat(value: &Value) -> Result<Vec<f64>> {
    match value {
        Value::Array(items) => Ok(items.iter().map(flat).collect::<Result<Vec<_>>>()?.concat()),
        single => Ok(vec![number(single)?]),
    }
}

/// A list.
pub fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().with_context(|| format!("{value} is no list"))
}

/// A number.
pub fn number(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("{value} is no number"))
}

/// A number of things.
pub fn count(value: &Value) -> Result<usize> {
    Ok(value.as_u64().with_context(|| format!("{value} is no count"))?.try_into()?)
}
