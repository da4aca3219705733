//! `f_generate.json`, the part about Polyphony RNN and Pianoroll RNN-NADE.

use super::f_generate::{SCORE_TOLERANCE, error_name, numbers, same_sequence};
use super::rnn_case::{events, frame, polyphonic_event};
use anyhow::{Result, bail, ensure};
use descant_core::codec::PolyphonicEvent;
use descant_core::model::compat::{CompatError, GenerateOptions};
use descant_core::model::compat_pianoroll::{self, Semantics};
use descant_core::model::compat_polyphony::{self, PolyphonyOptions};
use descant_core::model::event_rnn::EventRnn;
use descant_core::model::rnn_nade::RnnNade;
use descant_core::music::NoteSequence;
use descant_core::sampling::Replay;
use serde_json::Value;

/// Every configuration of these families has four steps per quarter note.
const STEPS_PER_QUARTER: u32 = 4;

/// Tolerance of a score per unit of the expected value.
const RELATIVE: f64 = 1e-6;

/// The largest difference of a score.
pub fn polyphony(
    case: &Value,
    rnn: EventRnn<'_, PolyphonicEvent>,
    input: &NoteSequence,
    options: &GenerateOptions,
) -> Result<f64> {
    let (args, expected) = (&case["args"], &case["expected"]);
    let special = PolyphonyOptions {
        condition_on_primer: args["condition_on_primer"] == true,
        inject_primer: args["no_inject_primer_during_generation"] != true,
    };
    let mut uniforms = Replay::new(numbers(&expected["uniforms"]));
    let result = compat_polyphony::generate(rnn, STEPS_PER_QUARTER, input, options, special, &mut uniforms);
    let Some(got) = or_error(result, expected)? else { return Ok(0.0) };
    let classes: Vec<f64> = got.classes.iter().map(|&c| c as f64).collect();
    ensure!(classes == numbers(&expected["classes"]), "other classes: {classes:?}");
    ensure!(uniforms.used() == classes.len(), "{} uniforms drawn", uniforms.used());
    let requested: Vec<f64> = got.requested.iter().map(|&n| n as f64).collect();
    ensure!(requested == numbers(&expected["requested_new_events"]), "asked for {requested:?} events");
    let last = events(&expected["last_call_events"][0], polyphonic_event)?;
    ensure!(got.events == last, "events {:?}, expected {last:?}", got.events);
    same_sequence(&got.sequence, &expected["sequence"])?;
    let scores: Vec<f64> = got.scores.iter().map(|&s| f64::from(s)).collect();
    near(&scores, &numbers(&expected["scores"]))
}

/// The largest difference of a log-probability, of both the published and the intended semantics.
pub fn nade(case: &Value, rnn: RnnNade<'_>, input: &NoteSequence, options: &GenerateOptions) -> Result<f64> {
    let expected = &case["expected"];
    let run = |semantics| compat_pianoroll::generate(rnn, STEPS_PER_QUARTER, input, options, semantics);
    let Some(got) = or_error(run(Semantics::Reference), expected)? else { return Ok(0.0) };
    let last = events(&expected["last_call_events"][0], frame)?;
    ensure!(got.frames == last, "frames {:?}, expected {last:?}", got.frames);
    let requested = numbers(&expected["requested_new_events"]);
    ensure!(requested == [got.log_probabilities.len() as f64], "expected {requested:?} new frames");
    same_sequence(&got.sequence, &expected["sequence"])?;
    let score: f64 = got.log_probabilities.iter().sum();
    let mut worst = near(&got.log_probabilities, &numbers(&expected["step_log_prob"]))?;
    worst = worst.max(near(&[score], &numbers(&expected["scores"]))?);

    let intended = &expected["intended"];
    let got = run(Semantics::Intended)?;
    let primer = events(&intended["primer_frames"], frame)?;
    let frames = events(&intended["frames"], frame)?;
    ensure!(got.frames == [primer, frames].concat(), "intended frames {:?}", got.frames);
    Ok(worst.max(near(&got.log_probabilities, &numbers(&intended["log_prob"]))?))
}

/// The result, or `None` if it is the error that was expected.
fn or_error<T>(result: Result<T, CompatError>, expected: &Value) -> Result<Option<T>> {
    match (result, expected["error"].as_str()) {
        (Ok(got), None) => Ok(Some(got)),
        (Err(error), Some(name)) if error_name(&error) == name => Ok(None),
        (Err(error), _) => bail!("{error}, expected {}", expected["error"]),
        (Ok(_), Some(name)) => bail!("no error, expected {name}"),
    }
}

fn near(ours: &[f64], expected: &[f64]) -> Result<f64> {
    ensure!(ours.len() == expected.len(), "{} scores, expected {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (a, b) in ours.iter().zip(expected) {
        let off = (a - b).abs();
        // Scores accumulate in f32 over hundreds of events. Written so that a NaN fails.
        ensure!(off <= SCORE_TOLERANCE + RELATIVE * b.abs(), "scores {ours:?}, expected {expected:?}");
        worst = worst.max(off);
    }
    Ok(worst)
}
