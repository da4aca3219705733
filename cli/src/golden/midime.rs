//! `midime.json`: the first pass and the training of MidiMe.
use super::c_forward::{count, list, number};
use super::vae_array::Array;
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::model::music_vae::{MidiMe, MidiMeShape};
use descant_core::nn::{Tensor, Weights};
use serde_json::Value;

/// Tolerance of the first pass, of losses (relative) and of trained weights.
const TOLERANCE: (f64, f64, f64) = (2e-5, 1e-4, 1e-4);

/// Runs all cases.
pub fn run(doc: &Value, report: &mut Report) {
    for (i, case) in doc["cases"].as_array().into_iter().flatten().enumerate() {
        for (part, check) in [("first pass", first_pass as fn(&Value) -> Result<f64>), ("training", training)]
        {
            let outcome = check(case).map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok);
            report.case(&format!("case {i}, {part}"), outcome);
        }
    }
}

fn network(case: &Value) -> Result<MidiMe> {
    let config = &case["config"];
    let units = |key: &str| list(&config[key])?.iter().map(count).collect::<Result<Vec<_>>>();
    let shape = MidiMeShape {
        input: count(&config["input_size"])?,
        latent: count(&config["latent_size"])?,
        encoder: units("encoder_layers")?,
        decoder: units("decoder_layers")?,
        beta: number(&config["beta"])? as f32,
    };
    let mut weights = Weights::new();
    for (name, value) in case["initial_weights"].as_object().context("no weights")? {
        let Array { shape, values } = Array::need(value, name)?;
        weights.insert(name.clone(), Tensor::f32(shape, values));
    }
    Ok(MidiMe::load(shape, &weights)?)
}

fn close(what: &str, ours: &[f32], expected: &Value, tolerance: f64) -> Result<f64> {
    let expected = Array::need(expected, what)?.values;
    ensure!(ours.len() == expected.len(), "{} values of {what}, not {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (i, (a, b)) in ours.iter().zip(&expected).enumerate() {
        let off = f64::from((a - b).abs());
        ensure!(off <= tolerance * (1.0 + f64::from(b.abs())), "{what} {i} is {a}, not {b}");
        worst = worst.max(off);
    }
    Ok(worst)
}

fn first_pass(case: &Value) -> Result<f64> {
    let (x, noise) = (Array::need(&case["x"], "x")?, Array::need(&case["noise"], "noise")?);
    let pass = network(case)?.forward(&x.values, noise.part(0))?;
    let expected = &case["first_pass"];
    let mut worst = 0.0_f64;
    for (name, ours) in [("mu", &pass.mu), ("sigma", &pass.sigma), ("reconstruction", &pass.reconstruction)] {
        worst = worst.max(close(name, ours, &expected[name], TOLERANCE.0)?);
    }
    Ok(worst)
}

fn training(case: &Value) -> Result<f64> {
    let (x, noise) = (Array::need(&case["x"], "x")?, Array::need(&case["noise"], "noise")?);
    let mut network = network(case)?;
    let near = |what: &str, ours: f64, expected: &Value| {
        let expected = number(expected)?;
        ensure!((ours - expected).abs() <= TOLERANCE.1 * expected.abs(), "{what} is {ours}, not {expected}");
        Ok(())
    };
    for (epoch, expected) in list(&case["losses"])?.iter().enumerate() {
        let loss = network.train(&x.values, noise.part(epoch))?;
        if epoch == 0 {
            near("length of the gradient", loss.gradient, &case["first_pass"]["gradient_norm"])?;
        }
        near(&format!("reconstruction loss of epoch {epoch}"), loss.reconstruction, &expected["recon"])?;
        near(&format!("distance from the prior in epoch {epoch}"), loss.kl, &expected["kl"])?;
        near(&format!("loss of epoch {epoch}"), loss.total, &expected["total"])?;
    }
    let mut worst = 0.0_f64;
    for (name, tensor) in network.weights().iter() {
        worst = worst.max(close(name, &tensor.to_f32(), &case["final_weights"][name], TOLERANCE.2)?);
    }
    Ok(worst)
}
