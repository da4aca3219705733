//! Whether the inputs of a forward case follow from its events and control values.

use super::b_encodings::sparse;
use super::rnn_case::{
    chord, drum_event, events, melody_event, note_event, performance_event, polyphonic_event, shape,
    step_control,
};
use anyhow::{Result, ensure};
use descant_core::codec::encoding::{Conditional, Encoding, Event, listed};
use descant_core::model::ModelEncoding;
use descant_core::nn::Weights;
use serde_json::Value;

/// Compares them; nothing to do for a configuration that is not built.
pub fn check(case: &Value, weights: &Weights) -> Result<()> {
    let Some((_, hparams)) = shape(case, weights)? else { return Ok(()) };
    let given = &case["events"];
    match hparams.check()? {
        ModelEncoding::Drums(encoding) => compare(encoding.as_ref(), &events(given, drum_event)?, case),
        ModelEncoding::Melody(encoding) => compare(encoding.as_ref(), &events(given, melody_event)?, case),
        ModelEncoding::Polyphony(encoding) => {
            compare(encoding.as_ref(), &events(given, polyphonic_event)?, case)
        }
        ModelEncoding::Pianoroll { .. } | ModelEncoding::Latent(_) => Ok(()),
        ModelEncoding::Improv { chords, melody } => {
            let controls = events(&case["control"], chord)?;
            let source = listed(&controls);
            let encoding = Conditional { control: &chords, source: &source, target: melody.as_ref() };
            compare(&encoding, &events(given, melody_event)?, case)
        }
        ModelEncoding::Performance { controls: takes, events: target, .. } => {
            let list = events(given, performance_event)?;
            let controls = match &case["control"] {
                Value::Null => vec![Default::default(); list.len() + 1],
                control => events(control, |v| step_control(v, takes))?,
            };
            let source = listed(&controls);
            let encoding = Conditional { control: &takes, source: &source, target: target.as_ref() };
            compare(&encoding, &list, case)
        }
        ModelEncoding::NotePerformance { notes, .. } => compare(&notes, &events(given, note_event)?, case),
    }
}

fn compare<E: Event>(encoding: &dyn Encoding<E>, events: &[E], case: &Value) -> Result<()> {
    let (inputs, _) = encoding.encode_all(events)?;
    ensure!(case["inputs"].as_array().map(Vec::len) == Some(inputs.len()), "{} inputs", inputs.len());
    for (position, mut input) in inputs.into_iter().enumerate() {
        let mut expected = sparse(&case["inputs"][position])?;
        if case["input_size"] == 1 {
            expected = expected.iter().map(|cell| (cell.1 as u32, 1.0)).collect();
        }
        input.sort_by_key(|cell| cell.0);
        ensure!(input == expected, "input at {position}: {input:?}, expected {expected:?}");
    }
    Ok(())
}
