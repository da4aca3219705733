//! The parts of `b_encodings.json` on chords, on models under control, and on control values measured in music.

use super::b_encodings::{outcome, sparse};
use super::rnn_case::{chord, events, histogram, melody_event, performance_event, step_control};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::codec::PerformanceEvent;
use descant_core::codec::encoding::{
    ChordEncoding, Conditional, ControlEncoding, Encoding, Event, History, PerformanceControls, SparseVector,
    listed,
};
use descant_core::codec::performance::{
    PerformanceControl, STEPS_PER_SECOND, note_densities, pitch_histograms,
};
use descant_core::model::{ModelEncoding, find};
use serde_json::{Value, json};

/// Times and rates may differ by so much.
const TOLERANCE: f64 = 1e-9;

/// Runs the lists `conditional` and `controls`.
pub fn run(doc: &Value, report: &mut Report) {
    for case in doc["conditional"].as_array().into_iter().flatten() {
        let config = case["config"].as_str().unwrap_or("?");
        report.case(&format!("conditional {config}"), outcome(config, conditional(config, case)));
    }
    for (i, case) in doc["controls"].as_array().into_iter().flatten().enumerate() {
        let outcome = match controls(case) {
            Ok(error) => Outcome::Ok(error),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        report.case(&format!("controls #{i}"), outcome);
    }
}

/// A case or a decode table of a chord encoding.
pub fn chords(encoding: ChordEncoding, case: &Value) -> Result<()> {
    if case.get("history").is_some() {
        let figures = case["events"].as_array().context("no events")?;
        for (class, figure) in figures.iter().enumerate() {
            ensure!(encoding.figure(class)? == *figure, "class {class} is {}", encoding.figure(class)?);
        }
        ensure!(encoding.figure(figures.len()).is_err(), "more classes than {}", figures.len());
        return Ok(());
    }
    ensure!(json!(encoding.size()) == case["input_size"], "input size {}", encoding.size());
    for (position, &given) in events(&case["events"], chord)?.iter().enumerate() {
        let mut input = SparseVector::new();
        encoding.input(given, &mut input)?;
        let expected = sparse(&case["inputs"][position])?;
        ensure!(input == expected, "input at {position}: {input:?}, expected {expected:?}");
        // An encoding of pitches has no labels.
        if let Some(label) = case["labels"].get(position) {
            let class = encoding.class(given)?;
            ensure!(json!(class) == *label, "label at {position}: {class}, expected {label}");
            let figure = encoding.figure(class)?;
            ensure!(case["decoded"][position] == figure, "decoded at {position}: {figure}");
        }
    }
    if let Some(classes) = case.get("num_classes") {
        ensure!(json!(encoding.size()) == *classes && case["default_label"] == 0, "classes");
    }
    Ok(())
}

/// Training pairs of a configuration with control; `None` if it is not built.
fn conditional(config: &str, case: &Value) -> Result<Option<()>> {
    let Some(configuration) = find(config) else { return Ok(None) };
    match configuration.hparams.check()? {
        ModelEncoding::Improv { chords, melody } => {
            let controls = events(&case["control"], chord)?;
            let source = listed(&controls);
            let encoding = Conditional { control: &chords, source: &source, target: melody.as_ref() };
            pairs(&encoding, &events(&case["events"], melody_event)?, case)
        }
        ModelEncoding::Performance { controls: takes, events: target, .. } => {
            let values = events(&case["control"], |v| step_control(v, takes))?;
            let list = events(&case["events"], performance_event)?;
            measured(&values, &list, takes)?;
            let source = listed(&values);
            let encoding = Conditional { control: &takes, source: &source, target: target.as_ref() };
            pairs(&encoding, &list, case)
        }
        _ => anyhow::bail!("{config} takes no control"),
    }
    .map(Some)
}

/// Compares given control values with those measured in the events.
fn measured(
    values: &[PerformanceControl],
    events: &[PerformanceEvent],
    takes: PerformanceControls,
) -> Result<()> {
    let densities = note_densities(events, STEPS_PER_SECOND);
    let histograms = pitch_histograms(events, STEPS_PER_SECOND);
    for ((value, density), sounding) in values.iter().zip(densities).zip(histograms) {
        if takes.density {
            near(density, value.notes_per_second)?;
        }
        if takes.pitch_histogram {
            sounding.iter().zip(value.pitch_histogram).try_for_each(|(&a, b)| near(a, b).map(drop))?;
        }
    }
    Ok(())
}

/// Inputs of all positions but the last with the labels after them.
fn pairs<E: Event>(encoding: &dyn Encoding<E>, events: &[E], case: &Value) -> Result<()> {
    let (inputs, labels) = (case["inputs"].as_array(), case["labels"].as_array());
    let count = inputs.map_or(0, Vec::len);
    ensure!(count + 1 == events.len() && labels.map(Vec::len) == Some(count), "{count} pairs");
    let mut history = History::default();
    let mut input = SparseVector::new();
    for position in 0..count {
        history.push(events[position]);
        encoding.input(&history, &mut input)?;
        input.sort_by_key(|cell| cell.0);
        let expected = sparse(&case["inputs"][position])?;
        ensure!(input == expected, "input at {position}: {input:?}, expected {expected:?}");
        let label = encoding.label(events, position + 1)?;
        ensure!(json!(label) == case["labels"][position], "label at {}: {label}", position + 1);
    }
    Ok(())
}

/// Control values measured in a performance, with their classes and cells; the largest difference.
fn controls(case: &Value) -> Result<f64> {
    let list = events(&case["events"], performance_event)?;
    let densities = note_densities(&list, STEPS_PER_SECOND);
    let histograms = pitch_histograms(&list, STEPS_PER_SECOND);
    let mut worst = 0.0_f64;
    for (i, (density, sounding)) in densities.into_iter().zip(histograms).enumerate() {
        worst = worst.max(near(density, case["density"][i].as_f64().context("no density")?)?);
        let class = PerformanceControls::density_class(density);
        ensure!(json!(class) == case["density_class"][i], "class of density {density} is {class}");
        let cells = PerformanceControls::proportions(&sounding);
        for (got, expected) in [(sounding, "histogram"), (cells, "histogram_input")] {
            let expected = histogram(&case[expected][i])?;
            for (a, b) in got.into_iter().zip(expected) {
                worst = worst.max(near(a, b)?);
            }
        }
    }
    Ok(worst)
}

fn near(a: f64, b: f64) -> Result<f64> {
    let off = (a - b).abs();
    // Written so that a NaN fails.
    ensure!(off <= TOLERANCE, "{a}, expected {b}");
    Ok(off)
}
