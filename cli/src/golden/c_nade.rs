//! `c_nade.json`: biases, probabilities and thresholded samples of RNN-NADEs.

use super::Report;
use super::rnn_case::{events, frame, model};
use anyhow::{Context, Result, ensure};
use descant_core::codec::Frame;
use descant_core::model::rnn_nade::{Decide, RollLimits};
use descant_core::nn::NadeRoom;
use descant_core::tool::Cancel;
use serde_json::Value;

/// Tolerance of biases.
const BIAS: f64 = 5e-6;
/// Tolerance of a key's probability.
const PROBABILITY: f64 = 1e-6;
/// Absolute tolerance of a frame's log-probability, and per unit of the expected value.
const LOG: (f64, f64) = (1e-4, 1e-6);

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    report.cases(doc, "config", check);
}

/// The largest difference, or `None` if the configuration is not built.
fn check(case: &Value) -> Result<Option<f64>> {
    let Some(model) = model(case)? else { return Ok(None) };
    let rnn = model.rnn_nade().context("this is no RNN-NADE")?;
    let frames = events(&case["events"], frame)?;
    let hidden = rnn.nade.biases() - rnn.nade.keys();
    let mut room = NadeRoom::default();
    let mut worst = 0.0_f64;
    // As scored: after a silent frame.
    let mut primed = rnn.prime(&[], &Cancel::default())?;
    for (t, &frame) in frames.iter().enumerate() {
        let (encoder, decoder) = primed.biases.split_at(hidden);
        worst = worst.max(near("encoder bias", encoder, &case["b_enc_shifted"][t], BIAS)?);
        worst = worst.max(near("decoder bias", decoder, &case["b_dec_shifted"][t], BIAS)?);
        let mut probabilities = Vec::new();
        let sum = rnn.score(&primed.biases, frame, &mut room, |_, p| probabilities.push(p))?;
        worst = worst.max(near("probability", &probabilities, &case["cond_prob"][t], PROBABILITY)?);
        worst = worst.max(log_near(sum, &case["log_prob"][t])?);
        rnn.advance(&mut primed, frame)?;
    }
    let all = rnn.log_likelihoods(&frames, &Cancel::default())?;
    for (t, &sum) in all.iter().enumerate() {
        log_near(sum, &case["log_prob"][t])?;
    }
    // Fed directly, from the zero state; the last biases decide a frame.
    let mut primed = rnn.zero();
    for (t, &frame) in frames.iter().enumerate() {
        rnn.advance(&mut primed, frame)?;
        let (encoder, decoder) = primed.biases.split_at(hidden);
        worst = worst.max(near("direct encoder bias", encoder, &case["steps_b_enc"][t], BIAS)?);
        worst = worst.max(near("direct decoder bias", decoder, &case["steps_b_dec"][t], BIAS)?);
    }
    let (sample, sum) =
        rnn.sample(&primed.biases, Decide::Threshold, RollLimits::NONE, &mut room, |_| 0.0)?;
    let expected: Frame = frame(&case["sample_after_last"])?;
    ensure!(sample == expected, "sampled {sample:?}, expected {expected:?}");
    worst = worst.max(log_near(sum, &case["sample_log_prob"])?);
    Ok(Some(worst))
}

fn near(what: &str, ours: &[f32], expected: &Value, tolerance: f64) -> Result<f64> {
    let expected = expected.as_array().with_context(|| format!("no {what}"))?;
    ensure!(ours.len() == expected.len(), "{} of {what}, expected {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (i, (&a, b)) in ours.iter().zip(expected).enumerate() {
        let off = (f64::from(a) - b.as_f64().context("no number")?).abs();
        // Written so that a NaN fails.
        ensure!(off <= tolerance, "{what} {i} is {a}, not {b}");
        worst = worst.max(off);
    }
    Ok(worst)
}

fn log_near(ours: f64, expected: &Value) -> Result<f64> {
    let expected = expected.as_f64().context("no log-probability")?;
    let off = (ours - expected).abs();
    ensure!(off <= LOG.0 + LOG.1 * expected.abs(), "log-probability {ours}, expected {expected}");
    Ok(off)
}
