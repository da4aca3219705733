//! `interpolation.json`: ways between latent vectors, on the sphere and straight.
use super::c_forward::{compare, count, flat, list};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::model::music_vae::{Blend, grid, path};
use serde_json::Value;

/// Tolerance of a value.
const TOLERANCE: f64 = 1e-6;

/// Runs all ways.
pub fn run(doc: &Value, report: &mut Report) {
    let mut case = |id: &str, result: Result<f64>| {
        report.case(id, result.map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok));
    };
    for way in doc["slerp"].as_array().into_iter().flatten() {
        case(way["name"].as_str().unwrap_or("?"), sphere(way));
    }
    for (i, way) in doc["js_linear"].as_array().into_iter().flatten().enumerate() {
        case(&format!("line {i}"), line(way));
    }
}

fn vector(value: &Value) -> Result<Vec<f32>> {
    Ok(flat(value)?.into_iter().map(|v| v as f32).collect())
}

fn sphere(way: &Value) -> Result<f64> {
    let (a, b) = (vector(&way["p0"])?, vector(&way["p1"])?);
    let steps = count(&way["num_steps"])?;
    let ours = path(&a, &b, steps, Blend::Sphere);
    ensure!(ours.iter().flatten().all(|v| v.is_finite()), "a value is no number");
    let expected = list(&way["expect_f64"])?;
    ensure!(ours.len() == expected.len(), "{} vectors, not {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (i, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        // Where the original has no numbers, both ends are the same vector, and so is all that lies between.
        let undefined = list(expected)?.iter().any(Value::is_null);
        let expected = if undefined { a.iter().map(|&v| f64::from(v)).collect() } else { flat(expected)? };
        worst = worst.max(compare(&format!("value of vector {i},"), ours, &expected, TOLERANCE)?);
    }
    Ok(worst)
}

fn line(way: &Value) -> Result<f64> {
    let inputs: Vec<Vec<f32>> = list(&way["inputs"])?.iter().map(vector).collect::<Result<_>>()?;
    let counts: Vec<usize> = list(&way["num_interps"])?.iter().map(count).collect::<Result<_>>()?;
    let width = *counts.first().context("no number of vectors")?;
    let ours = match inputs.as_slice() {
        [a, b] => path(a, b, width, Blend::Line),
        [a, b, c, d] => grid([a, b, c, d], width, *counts.get(1).unwrap_or(&width), Blend::Line),
        _ => anyhow::bail!("{} inputs", inputs.len()),
    };
    compare("value", &ours.concat(), &flat(&way["expect"])?, TOLERANCE)
}
