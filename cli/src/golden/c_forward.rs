//! `c_forward_*.json` and `c_weight_formula.json`: logits, softmax and final states of the LSTM stacks.
//!
//! The inputs are given, so every case whose network is built runs, also of families whose encoding is not; where
//! it is, the inputs must follow from the events.

use super::c_inputs;
use super::rnn_case::weights;
pub(super) use super::stored::{compare, count, flat, list, number};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::nn::{LstmStack, StackConfig, Storage, formula, math};
use serde_json::Value;

/// Tolerance of logits and states of the small networks.
const SMALL: f64 = 5e-6;
/// Tolerance of logits and states of the full-size networks.
const FULL: f64 = 2e-5;
/// Tolerance of probabilities.
const PROBABILITY: f64 = 1e-6;

/// Runs all cases of `c_forward_small.json`.
pub fn run_small(doc: &Value, report: &mut Report) {
    run(doc, SMALL, report);
}

/// Runs all cases of `c_forward_full.json`.
pub fn run_full(doc: &Value, report: &mut Report) {
    run(doc, FULL, report);
}

fn run(doc: &Value, tolerance: f64, report: &mut Report) {
    for case in doc["cases"].as_array().into_iter().flatten() {
        let outcome =
            forward(case, tolerance).map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok);
        report.case(case["id"].as_str().unwrap_or("?"), outcome);
    }
}

/// Runs the samples of `c_weight_formula.json`: exact.
pub fn run_formula(doc: &Value, report: &mut Report) {
    for sample in doc["samples"].as_array().into_iter().flatten() {
        let name = sample["name"].as_str().unwrap_or("?");
        let outcome =
            formula_sample(name, sample).map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok);
        report.case(name, outcome);
    }
}

fn formula_sample(name: &str, sample: &Value) -> Result<f64> {
    let seed = sample["seed"].as_str().context("no seed")?.parse()?;
    let scale = number(&sample["scale"])? as f32;
    for pair in list(&sample["index_value"])? {
        let index = count(&pair[0])?;
        let value = formula::values(name, seed, scale, index + 1)[index];
        ensure!(f64::from(value) == number(&pair[1])?, "value {index} is {value}, not {}", pair[1]);
    }
    Ok(0.0)
}

/// Steps through a case; the largest difference met.
fn forward(case: &Value, tolerance: f64) -> Result<f64> {
    let weights = weights(case)?;
    c_inputs::check(case, &weights)?;
    // Several heads are neighbouring slices of the logits.
    let heads: Vec<usize> = match &case["num_classes"] {
        Value::Array(heads) => heads.iter().map(count).collect::<Result<_>>()?,
        classes => vec![count(classes)?],
    };
    let output = heads.iter().sum();
    // The compact encoding gives the index of the one input cell that is 1, of as many as there are classes.
    let compact = case["input_size"] == 1;
    let config = StackConfig {
        input: if compact { output } else { count(&case["input_size"])? },
        layers: list(&case["layers"])?.iter().map(count).collect::<Result<_>>()?,
        attention: count(&case["attn_length"])?,
        whole: false,
        residual: case["residual"] == true,
        output,
        storage: Storage::F32,
    };
    let stack = LstmStack::new(&weights, &config)?;
    let mut state = stack.state(1);
    let mut worst = 0.0_f64;
    let mut steps = Vec::new();
    let (inputs, expected) = (list(&case["inputs"])?, list(&case["logits"])?);
    ensure!(inputs.len() == expected.len() && !inputs.is_empty(), "inputs and logits differ in number");
    for (t, (input, expected)) in inputs.iter().zip(expected).enumerate() {
        let mut sparse = Vec::new();
        for cell in list(input)? {
            let (index, value) = (count(&cell[0])?, number(&cell[1])? as f32);
            sparse.push(if compact { (value as u32, 1.0) } else { (u32::try_from(index)?, value) });
        }
        let mut logits = vec![0.0; output];
        stack.step(&mut state, &[&sparse], &mut logits)?;
        worst = worst.max(compare(&format!("logit of step {t}"), &logits, &flat(expected)?, tolerance)?);
        steps.push(logits);
    }
    for (temperature, expected) in case["softmax"].as_object().context("no softmax")? {
        let temperature: f32 = temperature.parse()?;
        let per_head: Vec<&Value> = match heads.len() {
            1 => vec![expected],
            _ => list(expected)?.iter().collect(),
        };
        ensure!(per_head.len() == heads.len(), "softmax of {} heads, not {}", per_head.len(), heads.len());
        let mut from = 0;
        for (expected, &width) in per_head.into_iter().zip(&heads) {
            let expected = list(expected)?;
            let first = steps.len().checked_sub(expected.len()).context("more softmax rows than steps")?;
            for (logits, expected) in steps[first..].iter().zip(expected) {
                let mut ours = vec![0.0; width];
                math::softmax_into(&logits[from..from + width], temperature, &mut ours);
                worst = worst.max(compare("probability", &ours, &flat(expected)?, PROBABILITY)?);
            }
            from += width;
        }
    }
    let (parts, expected) = (state.parts(0), list(&case["final_state"])?);
    ensure!(parts.len() == expected.len(), "{} parts of state, not {}", parts.len(), expected.len());
    for (i, (part, expected)) in parts.iter().zip(expected).enumerate() {
        worst = worst.max(state_part(i, part, expected, tolerance)?);
    }
    Ok(worst)
}

/// A part of the final state: in full, or as a summary.
fn state_part(i: usize, part: &[f32], expected: &Value, tolerance: f64) -> Result<f64> {
    let what = format!("value of state part {i}");
    if expected.is_array() {
        return compare(&what, part, &flat(expected)?, tolerance);
    }
    ensure!(part.len() == count(&expected["len"])?, "state part {i} has {} values", part.len());
    let (first, last) = (flat(&expected["first"])?, flat(&expected["last"])?);
    ensure!(part.len() >= first.len().max(last.len()), "state part {i} is shorter than its summary");
    let sum: f64 = part.iter().map(|&x| f64::from(x)).sum();
    let off = (sum - number(&expected["sum"])?).abs();
    ensure!(off <= tolerance * part.len() as f64, "sum of state part {i} is off by {off:.1e}");
    let head = compare(&what, &part[..first.len()], &first, tolerance)?;
    Ok(head.max(compare(&what, &part[part.len() - last.len()..], &last, tolerance)?))
}
