//! The operations of `a_quantise_extract.json` on chords, lead sheets and performances.

use super::a_quantise::{Got, limits, melody_limits, parse_sequence, quantise, sequence, state, with};
use super::rnn_case::{events, performance_event};
use anyhow::{Context, Result};
use descant_core::codec::performance::{PerformanceGrid, PerformanceLimits, VelocityBins};
use descant_core::codec::{
    ChordProgression, EventError, LeadSheet, NoteEvent, NotePerformance, Performance, PerformanceEvent,
};
use descant_core::music::Quantised;
use serde_json::{Value, json};

/// `None` if the operation is not built; an error if the file makes no sense.
pub fn run_op(op: &str, case: &Value) -> Result<Option<Got>> {
    let params = &case["params"];
    let quantised = || -> Result<Result<Quantised, EventError>> {
        Ok(quantise(&parse_sequence(&case["input"])?, params).map_err(EventError::from))
    };
    Ok(Some(match op {
        "extract_chords" => quantised()?.and_then(|q| extract_chords(&q, params)),
        "chords_range" => quantised()?.and_then(|q| {
            let step = |key: &str| params[key].as_i64().unwrap_or(0);
            let found = ChordProgression::extract(&q, step("start_step"), step("end_step"))?;
            let mark = |a: &descant_core::music::TextAnnotation| json!([a.time, a.text]);
            let marks: Vec<Value> = found.to_annotations(0.0, 120.0).iter().map(mark).collect();
            Ok(with(chords(&found), &[("annotations", json!(marks))]))
        }),
        "transpose_chords" => {
            let figures = params["events"].as_array().context("no events")?;
            let figures = figures.iter().filter_map(|f| f.as_str().map(Into::into)).collect();
            let by = i32::try_from(params["amount"].as_i64().context("no amount")?)?;
            let moved = ChordProgression::on_grid(figures, 0, 16, 4).transposed(by);
            moved.map(|m| json!({ "events": figures_of(&m) })).map_err(EventError::from)
        }
        "extract_lead_sheets" => quantised()?.and_then(|q| {
            let required = params["require_chords"] == true;
            let found = LeadSheet::extract_all(&q, &melody_limits(params), required)?;
            let sheet = |s: &LeadSheet| {
                json!({
                    "melody": state(s.melody()), "chords": chords(s.chords()),
                    "sequence": sequence(&s.to_sequence(100, 0.0, 120.0)),
                })
            };
            Ok(json!({ "lead_sheets": found.iter().map(sheet).collect::<Vec<_>>() }))
        }),
        "extract_performance" => quantised()?.and_then(|q| extract_performance(&q, params)),
        "perf_ops" => perf_ops(params)?,
        _ => return Ok(None),
    }))
}

fn extract_chords(q: &Quantised, params: &Value) -> Got {
    let mut found = ChordProgression::extract(q, 0, q.total_steps)?;
    if let Some(max) = limits(&json!({ "max_steps_truncate": params["max_steps"] })).max_steps_truncate {
        found.truncate(max);
    }
    let keys = if params["all_transpositions"] == true { -6..6 } else { 0..1 };
    let all = keys.map(|by| Ok(chords(&found.transposed(by)?))).collect::<Result<Vec<_>, EventError>>()?;
    Ok(json!({ "progressions": all }))
}

fn figures_of(progression: &ChordProgression) -> Vec<&str> {
    progression.figures().iter().map(|f| &**f).collect()
}

fn chords(p: &ChordProgression) -> Value {
    json!({
        "start_step": p.start_step(), "end_step": p.end_step(), "steps_per_bar": p.steps_per_bar(),
        "steps_per_quarter": p.steps_per_quarter(), "events": figures_of(p),
    })
}

fn bins(value: &Value) -> VelocityBins {
    VelocityBins::new(value.as_u64().and_then(|n| u8::try_from(n).ok()).unwrap_or(0))
}

fn extract_performance(q: &Quantised, params: &Value) -> Got {
    let count = |key: &str| params[key].as_u64().and_then(|n| usize::try_from(n).ok());
    let limits = PerformanceLimits {
        start_step: params["start_step"].as_i64().unwrap_or(0),
        bins: bins(&params["num_velocity_bins"]),
        split_instruments: params["split_instruments"] == true,
        min_events: count("min_events_discard"),
        max_events: count("max_events_truncate"),
        max_steps: params["max_steps_truncate"].as_u64(),
    };
    let found = if params["note_performance"] == true {
        NotePerformance::extract_all(q, &limits)?.iter().map(whole_notes).collect()
    } else {
        Performance::extract_all(q, &limits)?.iter().map(performance).collect::<Vec<_>>()
    };
    Ok(json!({ "performances": found }))
}

fn performance(p: &Performance) -> Value {
    let rendered = sequence(&p.to_sequence(100, 120.0, None));
    let mut out = json!({
        "start_step": p.start_step(), "end_step": p.end_step(), "num_steps": p.num_steps(),
        "events": p.events().iter().map(|e| numbers(*e)).collect::<Vec<_>>(), "cls": "Performance",
        "max_shift_steps": p.grid().max_shift(), "program": p.program(), "is_drum": p.is_drum(),
        "sequence": rendered,
    });
    if let PerformanceGrid::Beats { steps_per_quarter } = p.grid() {
        out["cls"] = json!("MetricPerformance");
        out["steps_per_quarter"] = json!(steps_per_quarter);
    }
    out
}

fn numbers(event: PerformanceEvent) -> Value {
    json!(event.numbers())
}

fn whole_notes(p: &NotePerformance) -> Value {
    let event = |e: &NoteEvent| json!([[3, e.shift], [1, e.pitch], [4, e.velocity], [5, e.duration]]);
    json!({
        "start_step": p.start_step(), "end_step": p.end_step(), "num_steps": p.num_steps(),
        "events": p.events().iter().map(event).collect::<Vec<_>>(), "cls": "NotePerformance",
        "max_shift_steps": descant_core::codec::performance::MAX_NOTE_STEPS, "program": p.program(),
        "is_drum": p.is_drum(), "sequence": sequence(&p.to_sequence(None)),
    })
}

fn perf_ops(params: &Value) -> Result<Got> {
    let grid = PerformanceGrid::Seconds { steps_per_second: 100 };
    let start = params["start_step"].as_i64().unwrap_or(0);
    let given = events(&params["events"], performance_event)?;
    let mut p = Performance::new(given, start, grid, bins(&params["bins"]));
    let mut after = Vec::new();
    for op in params["ops"].as_array().into_iter().flatten() {
        let arg = op[1].as_u64().with_context(|| format!("argument of {op}"))?;
        match op[0].as_str().unwrap_or_default() {
            "set_length" => p.set_length(arg)?,
            "truncate" => p.truncate(usize::try_from(arg)?),
            other => anyhow::bail!("unknown performance operation {other}"),
        }
        let now: Vec<Value> = p.events().iter().map(|e| numbers(*e)).collect();
        after.push(json!({ "events": now, "num_steps": p.num_steps() }));
    }
    let sequence = sequence(&p.to_sequence(100, 120.0, params["max_note_duration"].as_f64()));
    Ok(Ok(json!({ "after": after, "sequence": sequence })))
}
