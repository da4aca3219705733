//! `a_quantise_extract.json`, the part about polyphonic sequences and piano rolls.

use super::a_quantise::{Got, sequence};
use super::rnn_case::{events, frame, polyphonic_event};
use anyhow::{Context, Result, bail};
use descant_core::codec::pianoroll::Longest;
use descant_core::codec::{EventError, Frame, Pianoroll, PolyphonicEvent, Polyphony};
use descant_core::music::{QuantiseError, Quantised};
use serde_json::{Value, json};

/// `extract_polyphony`.
pub fn extract_polyphony(q: &Quantised, params: &Value) -> Got {
    let lengths = count(params, "min_steps_discard").unwrap_or(0)
        ..=count(params, "max_steps_discard").unwrap_or(usize::MAX);
    let found = Polyphony::extract(q, start_step(params), lengths)?;
    let state = |p: &Polyphony| -> Got {
        Ok(json!({
            "start_step": p.start_step(), "end_step": p.end_step(), "num_steps": p.num_steps(),
            "steps_per_quarter": p.steps_per_quarter(), "events": polyphonic(p.events()),
            "sequence": sequence(&p.to_sequence(100, 120.0, None)?),
        }))
    };
    Ok(json!({ "sequences": found.iter().map(state).collect::<Result<Vec<_>, _>>()? }))
}

/// `poly_ops`; an error if the file makes no sense.
pub fn polyphony_ops(params: &Value) -> Result<Got> {
    let mut p = Polyphony::new(events(&params["events"], polyphonic_event)?, start_step(params), 4);
    let mut after = Vec::new();
    for op in params["ops"].as_array().into_iter().flatten() {
        match op[0].as_str() {
            Some("set_length") => p.set_length(op[1].as_u64().context("no length")?.try_into()?)?,
            Some("trim_end") => p.trim_trailing_end(),
            _ => bail!("unknown polyphony operation {op}"),
        }
        after.push(json!({ "events": polyphonic(p.events()), "num_steps": p.num_steps() }));
    }
    Ok(p.to_sequence(100, 120.0, None).map(|s| json!({ "after": after, "sequence": sequence(&s) })))
}

/// `extract_pianoroll`.
pub fn extract_pianoroll(q: &Quantised, params: &Value) -> Got {
    let longest = match (count(params, "max_steps_truncate"), count(params, "max_steps_discard")) {
        (None, None) => Longest::Any,
        (Some(max), None) => Longest::Truncate(max),
        (None, Some(max)) => Longest::Discard(max),
        // Our types cannot ask for both; the reference raises this.
        (Some(_), Some(_)) => return Err(QuantiseError::NoSteps.into()),
    };
    let min = count(params, "min_steps_discard").unwrap_or(0);
    let found = Pianoroll::extract(q, start_step(params), min, longest)?;
    let state = |r: &Pianoroll| {
        json!({
            "start_step": r.start_step(), "end_step": r.end_step(), "num_steps": r.len(),
            "steps_per_quarter": r.steps_per_quarter(), "events": frames(r.events()),
            "sequence": sequence(&r.to_sequence(100, 120.0)),
        })
    };
    Ok(json!({ "sequences": found.iter().map(state).collect::<Vec<_>>() }))
}

/// `roll_ops`; an error if the file makes no sense.
pub fn pianoroll_ops(params: &Value) -> Result<Got> {
    let mut roll = Pianoroll::on_grid(events(&params["events"], frame)?, start_step(params), 16, 4);
    let given = frames(roll.events());
    let mut after = Vec::new();
    for op in params["ops"].as_array().into_iter().flatten() {
        match op[0].as_str() {
            Some("set_length") => roll.set_length(op[1].as_u64().context("no length")?.try_into()?),
            _ => bail!("unknown piano roll operation {op}"),
        }
        after.push(json!({ "events": frames(roll.events()) }));
    }
    let rendered = sequence(&roll.to_sequence(100, 120.0));
    Ok(Ok::<_, EventError>(json!({ "events": given, "after": after, "sequence": rendered })))
}

fn start_step(params: &Value) -> i64 {
    params["start_step"].as_i64().unwrap_or(0)
}

fn count(params: &Value, key: &str) -> Option<usize> {
    params[key].as_u64().and_then(|n| usize::try_from(n).ok())
}

fn polyphonic(events: &[PolyphonicEvent]) -> Value {
    events.iter().map(|e| json!([e.numbers().0, e.numbers().1])).collect()
}

fn frames(frames: &[Frame]) -> Value {
    frames.iter().map(|f| f.keys().collect::<Value>()).collect()
}
