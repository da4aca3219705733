//! `f_generate.json`: whole generator calls with replayed uniforms.

use super::rnn_case::{histogram, model, sequence};
use super::{Report, f_generate_voices};
use anyhow::{Context, Result, bail, ensure};
use descant_core::codec::EventError;
use descant_core::codec::performance::ControlTimeline;
use descant_core::model::ModelEncoding;
use descant_core::model::compat::{CompatError, GenerateOptions, Generated, Section, generate};
use descant_core::music::{NoteSequence, QuantiseError};
use descant_core::sampling::{BeamOptions, Replay};
use serde_json::{Value, json};

/// Times may differ by so much; classes and everything symbolic are exact.
const TIME_TOLERANCE: f64 = 1e-9;
/// Scores are sums of up to a few hundred logarithms: absolute tolerance, and per unit of the expected value.
pub(super) const SCORE_TOLERANCE: f64 = 1e-4;
const RELATIVE_SCORE_TOLERANCE: f64 = 1e-6;

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    report.cases(doc, "family", |case| check(case, case["family"].as_str().unwrap_or("?")));
}

/// The largest difference of a score, or `None` if the family is not built.
fn check(case: &Value, family: &str) -> Result<Option<f64>> {
    if !["drums", "melody", "improv", "performance", "polyphony", "nade"].contains(&family) {
        return Ok(None);
    }
    let Some(model) = model(case)? else { return Ok(None) };
    let input = sequence(&case["input"])?;
    let args = &case["args"];
    let count = |key: &str| args[key].as_u64().map_or(Ok(1), usize::try_from);
    let options = GenerateOptions {
        input_sections: sections(&case["input_sections"])?,
        generate_sections: sections(&case["generate_sections"])?,
        temperature: args["temperature"].as_f64().unwrap_or(1.0) as f32,
        beam: BeamOptions {
            beam: count("beam_size")?,
            branch: count("branch_factor")?,
            steps_per_iteration: count("steps_per_iteration")?,
        },
        controls: controls(args)?,
        fill: case["fill"] == true,
    };
    let expected = &case["expected"];
    match (family, model.encoding(), model.rnn_nade()) {
        ("polyphony", ModelEncoding::Polyphony(encoding), _) => {
            let rnn = model.rnn(encoding.as_ref())?;
            return f_generate_voices::polyphony(case, rnn, &input, &options).map(Some);
        }
        ("nade", _, Some(rnn)) => return f_generate_voices::nade(case, rnn, &input, &options).map(Some),
        _ => {}
    }
    let mut uniforms = Replay::new(numbers(&expected["uniforms"]));
    let stack = model.stack().context("no layers")?;
    let result = generate(model.hparams(), model.encoding(), stack, &input, &options, &mut uniforms);
    match (result, expected["error"].as_str()) {
        (Ok(got), None) => compare(&got, expected, &uniforms).map(Some),
        // The reference's own slips: any failure will do.
        (Err(_), Some("AssertionError" | "TypeError")) => Ok(Some(0.0)),
        (Err(error), Some(name)) if error_name(&error) == name => Ok(Some(0.0)),
        (Err(error), _) => bail!("{error}, expected {}", expected["error"]),
        (Ok(_), Some(name)) => bail!("no error, expected {name}"),
    }
}

/// The reference's name for an error.
pub(super) fn error_name(error: &CompatError) -> &'static str {
    match error {
        CompatError::Sections(_) => "SequenceGeneratorError",
        CompatError::EmptyPrimer => "ValueError",
        CompatError::NothingToWrite => "EventSequenceRnnModelError",
        CompatError::Quantise(QuantiseError::MultipleTempos)
        | CompatError::Events(EventError::Quantise(QuantiseError::MultipleTempos)) => "MultipleTempoError",
        _ => "another error",
    }
}

fn compare(got: &Generated, expected: &Value, uniforms: &Replay) -> Result<f64> {
    let classes: Vec<u64> =
        expected["classes"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let mine: Vec<u64> = got.classes.iter().map(|&c| c as u64).collect();
    ensure!(mine == classes, "classes {mine:?}, expected {classes:?}");
    ensure!(uniforms.used() == classes.len(), "{} uniforms drawn", uniforms.used());
    let requested = numbers(&expected["requested_new_events"]);
    let new_events: Vec<f64> = got.new_events.iter().map(|&n| n as f64).collect();
    ensure!(requested == new_events, "{new_events:?} new events, expected {requested:?}");
    same_sequence(&got.sequence, &expected["sequence"])?;
    let scores = numbers(&expected["scores"]);
    ensure!(scores.len() == got.scores.len(), "{} scores, expected {}", got.scores.len(), scores.len());
    let mut worst = 0.0_f64;
    for (&got, expected) in got.scores.iter().zip(scores) {
        let error = (f64::from(got) - expected).abs();
        ensure!(
            error <= SCORE_TOLERANCE + RELATIVE_SCORE_TOLERANCE * expected.abs(),
            "score {got}, expected {expected}"
        );
        worst = worst.max(error);
    }
    Ok(worst)
}

/// Control arguments: strings with Python's literals, a value or a list of values over time.
fn controls(args: &Value) -> Result<ControlTimeline> {
    let literal = |key: &str| -> Result<Vec<Value>> {
        let Some(text) = args[key].as_str() else { return Ok(Vec::new()) };
        let text = text.replace("True", "true").replace("False", "false");
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{key}: {text}"))?;
        let over_time = match key {
            "pitch_class_histogram" => value[0].is_array(),
            _ => value.is_array(),
        };
        Ok(if over_time { value.as_array().cloned().unwrap_or_default() } else { vec![value] })
    };
    let density = |v: &Value| v.as_f64().context("a density that is no number");
    let disabled = |v: &Value| v.as_bool().context("a switch that is neither on nor off");
    Ok(ControlTimeline {
        notes_per_second: literal("notes_per_second")?.iter().map(density).collect::<Result<_>>()?,
        pitch_histogram: literal("pitch_class_histogram")?.iter().map(histogram).collect::<Result<_>>()?,
        disabled: literal("disable_conditioning")?.iter().map(disabled).collect::<Result<_>>()?,
    })
}

pub(super) fn same_sequence(got: &NoteSequence, expected: &Value) -> Result<()> {
    let mut notes: Vec<Value> = Vec::new();
    let mut sorted = got.notes.clone();
    sorted.sort_by(|a, b| {
        let key = |n: &descant_core::music::SequenceNote| (n.pitch, n.velocity);
        key(a)
            .cmp(&key(b))
            .then(a.start_time.total_cmp(&b.start_time))
            .then(a.end_time.total_cmp(&b.end_time))
    });
    for n in &sorted {
        let (start, end) = (n.start_time, n.end_time);
        notes.push(json!([n.pitch, n.velocity, start, end, n.instrument, n.program, n.is_drum]));
    }
    let wanted = expected["notes"].as_array().context("no notes")?;
    ensure!(notes.len() == wanted.len(), "{} notes, expected {}", notes.len(), wanted.len());
    for (got, wanted) in notes.iter().zip(wanted) {
        let equal = (0..7).all(|i| match (got[i].as_f64(), wanted[i].as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= TIME_TOLERANCE,
            _ => got[i] == wanted[i],
        });
        ensure!(equal, "note {got}, expected {wanted}");
    }
    let total = expected["total_time"].as_f64().context("no total_time")?;
    ensure!((got.total_time - total).abs() <= TIME_TOLERANCE, "total time {}", got.total_time);
    let tempos: Vec<Value> = got.tempos.iter().map(|t| json!([t.time, t.qpm])).collect();
    ensure!(expected["tempos"] == json!(tempos), "tempos {tempos:?}, expected {}", expected["tempos"]);
    let texts: Vec<Value> = got.text_annotations.iter().map(|a| json!([a.time, a.text, a.kind])).collect();
    let wanted = expected["text_annotations"].as_array().cloned().unwrap_or_default();
    ensure!(texts == wanted, "texts {texts:?}, expected {wanted:?}");
    Ok(())
}

fn sections(value: &Value) -> Result<Vec<Section>> {
    let section = |s: &Value| {
        let time = |i: usize| s[i].as_f64().context("a section without times");
        Ok(Section { start: time(0)?, end: time(1)? })
    };
    value.as_array().into_iter().flatten().map(section).collect()
}

pub(super) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}
