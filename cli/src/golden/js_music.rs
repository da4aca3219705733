//! Music as the files of Magenta.js write it: notes in steps (`qstart`, `qend`) or in seconds (`start`, `end`).
use anyhow::{Context, Result, ensure};
use descant_core::music::{NoteSequence, SequenceNote, TempoMark};
use serde_json::Value;

/// Tolerance of a time in seconds.
const TIME: f64 = 1e-4;

fn float(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("{value} is no number"))
}

/// A number of a note; 0 where it is not there.
fn number(note: &Value, key: &str) -> Result<u8> {
    Ok(note[key].as_u64().unwrap_or(0).try_into()?)
}

/// Seconds of a step.
fn step(doc: &Value, steps_per_quarter: u32) -> Result<f64> {
    Ok(60.0 / float(&doc["qpm"])? / f64::from(steps_per_quarter))
}

/// A sequence.
pub fn sequence(doc: &Value, steps_per_quarter: u32) -> Result<NoteSequence> {
    let step = step(doc, steps_per_quarter)?;
    let time = |note: &Value, steps: &str, seconds: &str| {
        if note[steps].is_null() { float(&note[seconds]) } else { Ok(float(&note[steps])? * step) }
    };
    let note = |n: &Value| -> Result<SequenceNote> {
        Ok(SequenceNote {
            pitch: number(n, "pitch")?,
            velocity: number(n, "velocity")?,
            start_time: time(n, "qstart", "start")?,
            end_time: time(n, "qend", "end")?,
            instrument: number(n, "instrument")?.into(),
            program: number(n, "program")?,
            is_drum: n["is_drum"] == true,
        })
    };
    Ok(NoteSequence {
        notes: doc["notes"].as_array().context("no notes")?.iter().map(note).collect::<Result<_>>()?,
        tempos: vec![TempoMark { time: 0.0, qpm: float(&doc["qpm"])? }],
        total_time: length(doc, step)?,
        ..NoteSequence::default()
    })
}

/// Length in seconds.
fn length(doc: &Value, step: f64) -> Result<f64> {
    if doc["total_time"].is_null() {
        Ok(float(&doc["total_quantized_steps"])? * step)
    } else {
        float(&doc["total_time"])
    }
}

/// Compares notes and length, in any order of the notes; the largest difference of a time. What the file does not say of
/// a note is not compared; velocities of notes in seconds may differ by one, where they are rounded.
pub fn compare(ours: &NoteSequence, doc: &Value, steps_per_quarter: u32) -> Result<f64> {
    let expected = sequence(doc, steps_per_quarter)?;
    let listed = doc["notes"].as_array().context("no notes")?;
    let says = |key: &str| listed.iter().any(|note| !note[key].is_null());
    let mut worst = (ours.total_time - expected.total_time).abs();
    ensure!(worst <= TIME, "{} seconds, not {}", ours.total_time, expected.total_time);
    let part = |n: &SequenceNote| if says("instrument") { n.instrument } else { 0 };
    let sorted = |mut notes: Vec<SequenceNote>| {
        // Times are compared on a grid that is finer than a step and coarser than the tolerance.
        let at = |time: f64| (time / step_of(TIME)).round() as i64;
        notes.sort_by_key(|n| (part(n), n.pitch, at(n.start_time), at(n.end_time), n.velocity));
        notes
    };
    let (ours, expected) = (sorted(ours.notes.clone()), sorted(expected.notes));
    ensure!(ours.len() == expected.len(), "{} notes, not {}", ours.len(), expected.len());
    for (a, b) in ours.iter().zip(&expected) {
        let off = (a.start_time - b.start_time).abs().max((a.end_time - b.end_time).abs());
        let same = a.pitch == b.pitch
            && off <= TIME
            && (!says("velocity") || a.velocity.abs_diff(b.velocity) <= 1)
            && (!says("program") || a.is_drum || a.program == b.program)
            && (!says("is_drum") || a.is_drum == b.is_drum)
            && part(a) == part(b);
        ensure!(same, "{a:?}, not {b:?}");
        worst = worst.max(off);
    }
    Ok(worst)
}

/// A grid for sorting.
fn step_of(tolerance: f64) -> f64 {
    10.0 * tolerance
}
