//! Sequences and converter arguments as the files of the latent models write them.

use anyhow::{Context, Result, bail};
use descant_core::codec::vae::{Cut, Rows};
use descant_core::music::drum_map::{Lanes, MAGENTA, ROLAND};
use descant_core::music::{
    ControlChange, NoteSequence, SequenceNote, TempoMark, TextAnnotation, TimeSignature,
};
use serde_json::Value;
use std::ops::RangeInclusive;

/// A sequence.
pub fn sequence(input: &Value) -> Result<NoteSequence> {
    let float = |v: &Value| v.as_f64().with_context(|| format!("{v} is no number"));
    let int = |v: &Value| v.as_i64().with_context(|| format!("{v} is no integer"));
    let note = |n: &Value| -> Result<SequenceNote> {
        Ok(SequenceNote {
            pitch: int(&n["pitch"])?.try_into()?,
            velocity: int(&n["velocity"])?.try_into()?,
            start_time: float(&n["start"])?,
            end_time: float(&n["end"])?,
            instrument: int(&n["instrument"])?.try_into()?,
            program: int(&n["program"])?.try_into()?,
            is_drum: n["is_drum"] == true,
        })
    };
    let tempo =
        |t: &Value| -> Result<_> { Ok(TempoMark { time: float(&t["time"])?, qpm: float(&t["qpm"])? }) };
    let signature = |t: &Value| -> Result<_> {
        let (numerator, denominator) =
            (int(&t["numerator"])?.try_into()?, int(&t["denominator"])?.try_into()?);
        Ok(TimeSignature { time: float(&t["time"])?, numerator, denominator })
    };
    let chord = |c: &Value| -> Result<_> {
        let text = c["text"].as_str().context("chord without text")?.to_owned();
        Ok(TextAnnotation { time: float(&c["time"])?, text, kind: TextAnnotation::CHORD_SYMBOL })
    };
    let control = |c: &Value| -> Result<_> {
        Ok(ControlChange {
            time: float(&c["time"])?,
            number: int(&c["number"])?.try_into()?,
            value: int(&c["value"])?.try_into()?,
            instrument: int(&c["instrument"])?.try_into()?,
        })
    };
    Ok(NoteSequence {
        notes: list(input, "notes").map(note).collect::<Result<_>>()?,
        tempos: list(input, "tempos").map(tempo).collect::<Result<_>>()?,
        time_signatures: list(input, "time_signatures").map(signature).collect::<Result<_>>()?,
        text_annotations: list(input, "chords").map(chord).collect::<Result<_>>()?,
        control_changes: list(input, "control_changes").map(control).collect::<Result<_>>()?,
        total_time: float(&input["total_time"])?,
    })
}

/// The list of a key; none is empty.
fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    object[key].as_array().into_iter().flatten()
}

/// A number that may be missing.
pub fn optional(value: &Value) -> Result<Option<u32>> {
    let number = || value.as_u64().with_context(|| format!("{value} is no number"));
    if value.is_null() { Ok(None) } else { Ok(Some(number()?.try_into()?)) }
}

/// Class labels.
pub fn labels(value: &Value) -> Result<Vec<u32>> {
    let label = |v: &Value| Ok(v.as_u64().with_context(|| format!("{v} is no label"))?.try_into()?);
    value.as_array().context("no labels")?.iter().map(label).collect()
}

/// Lists of labels.
pub fn lists(value: &Value) -> Result<Vec<Vec<u32>>> {
    value.as_array().context("no lists of labels")?.iter().map(labels).collect()
}

/// Strings of zeros and ones, one per step.
pub fn rows(value: &Value) -> Result<Rows> {
    let texts = value.as_array().context("no rows")?;
    let width = texts.first().and_then(Value::as_str).map_or(0, str::len);
    let bits = texts.iter().filter_map(Value::as_str).flat_map(str::bytes);
    Ok(Rows { width, values: bits.map(|b| f32::from(u8::from(b == b'1'))).collect() })
}

/// First and last MIDI program.
pub fn programs(value: &Value) -> Result<Option<RangeInclusive<u8>>> {
    let Some(ends) = value.as_array() else { return Ok(None) };
    let end = |i: usize| {
        Ok::<_, anyhow::Error>(ends.get(i).and_then(Value::as_u64).context("no range")?.try_into()?)
    };
    Ok(Some(end(0)?..=end(1)?))
}

/// How tracks are cut. A gap that is null has no end, one that is missing is the default.
pub fn cut(args: &Value) -> Result<Cut> {
    let base = Cut::default();
    Ok(Cut {
        max_bars: optional(&args["max_bars"])?,
        slice_bars: optional(&args["slice_bars"])?,
        gap_bars: match args.get("gap_bars") {
            None => base.gap_bars,
            Some(gap) => gap.as_f64().unwrap_or(f64::INFINITY),
        },
        pad_to_total_time: args["pad_to_total_time"] == true,
        max_examples: optional(&args["max_tensors_per_notesequence"])?.map(|n| n as usize),
    })
}

/// The pitches of the nine drums in a mode.
pub fn kit(args: &Value, mode: &Value) -> Result<&'static Lanes> {
    let key = if mode == "infer" { "inference_pitch_classes" } else { "pitch_classes" };
    match args[key].as_str() {
        Some("roland9") => Ok(&ROLAND),
        Some("reduced9") => Ok(&MAGENTA),
        other => bail!("unknown drum classes {other:?}"),
    }
}
