//! `a_quantise_extract.json`: quantisation and the event sequences extracted from it.

use super::{Outcome, Report, voices};
use anyhow::{Context, Result, ensure};
use descant_core::codec::{
    DrumTrack, EventError, Limits, Melody, MelodyEvent, MelodyLimits, PitchSet, StepEvent, Steps,
};
use descant_core::music::{
    ControlChange, Grid, NoteSequence, QuantiseError, Quantised, SequenceNote, TempoMark, TextAnnotation,
    TimeSignature, step_of_time,
};
use serde_json::{Value, json};

/// Times may differ by so much; everything else is exact.
const TIME_TOLERANCE: f64 = 1e-9;

/// What the operation of a case gave: JSON in the shape of `expected`, or the error's name.
pub(super) type Got = Result<Value, EventError>;

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    for case in doc["cases"].as_array().into_iter().flatten() {
        let id = case["id"].as_str().unwrap_or("?");
        let op = case["op"].as_str().unwrap_or_default();
        let outcome = match run_op(op, case) {
            Err(error) => Outcome::Failed(format!("{error:#}")),
            Ok(None) => Outcome::NotBuilt(op.to_owned()),
            Ok(Some(got)) => compare(&got, &case["expected"]),
        };
        report.case(id, outcome);
    }
}

/// `None` if the operation is not built; an error if the file makes no sense.
fn run_op(op: &str, case: &Value) -> Result<Option<Got>> {
    let params = &case["params"];
    let input = || parse_sequence(&case["input"]);
    Ok(Some(match op {
        "quantize_to_step" => {
            let number = |key: &str| params[key].as_f64().with_context(|| format!("no {key}"));
            Ok(json!({ "step": step_of_time(number("t")?, number("sps")?, number("cutoff")?) }))
        }
        "quantize" => {
            let input = input()?;
            quantise(&input, params).map(|q| quantised(&input, &q)).map_err(EventError::from)
        }
        "trim" => {
            let number = |key: &str| params[key].as_f64().with_context(|| format!("no {key}"));
            Ok(sequence(&input()?.trim(number("start")?, number("end")?)))
        }
        "extract_melodies" => quantise(&input()?, params).map_err(EventError::from).and_then(|q| {
            let found = Melody::extract_all(&q, &melody_limits(params))?;
            let melody = |m: &Melody| {
                let rendered = m.to_sequence(100, 0.0, 120.0);
                with(state(m), &[("notes", notes(&rendered)), ("total_time", json!(rendered.total_time))])
            };
            Ok(json!({ "melodies": found.iter().map(melody).collect::<Vec<_>>() }))
        }),
        "extract_drums" => quantise(&input()?, params).map_err(EventError::from).and_then(|q| {
            let any_note = params["ignore_is_drum"] == true;
            let found = DrumTrack::extract_all(&q, any_note, &limits(params))?;
            let track = |t: &DrumTrack| with(state(t), &[("notes", notes(&t.to_sequence(100, 0.0, 120.0)))]);
            Ok(json!({ "tracks": found.iter().map(track).collect::<Vec<_>>() }))
        }),
        "melody_ops" => melody_ops(params)?,
        "extract_polyphony" => quantise(&input()?, params)
            .map_err(EventError::from)
            .and_then(|q| voices::extract_polyphony(&q, params)),
        "poly_ops" => voices::polyphony_ops(params)?,
        "extract_pianoroll" => quantise(&input()?, params)
            .map_err(EventError::from)
            .and_then(|q| voices::extract_pianoroll(&q, params)),
        "roll_ops" => voices::pianoroll_ops(params)?,
        _ => return super::a_sheets::run_op(op, case),
    }))
}

pub(super) fn quantise(input: &NoteSequence, params: &Value) -> Result<Quantised, QuantiseError> {
    let number = |key: &str| params[key].as_u64().and_then(|n| u32::try_from(n).ok());
    match (number("steps_per_quarter"), number("steps_per_second")) {
        (Some(spq), _) => Quantised::relative(input, spq),
        (_, Some(sps)) => Quantised::absolute(input, sps),
        // Our types cannot hold an extraction from notes that are on no grid; the reference raises this.
        (None, None) => Err(QuantiseError::NoBars),
    }
}

pub(super) fn limits(params: &Value) -> Limits {
    let usize_of = |key: &str| params[key].as_u64().and_then(|n| usize::try_from(n).ok());
    let base = Limits::default();
    Limits {
        search_start: params["search_start_step"].as_i64().unwrap_or(base.search_start),
        min_bars: params["min_bars"].as_u64().map_or(base.min_bars, |n| n as u32),
        max_steps_truncate: usize_of("max_steps_truncate"),
        max_steps_discard: usize_of("max_steps_discard"),
        gap_bars: if params["gap_bars"] == "inf" {
            f64::INFINITY
        } else {
            params["gap_bars"].as_f64().unwrap_or(base.gap_bars)
        },
        pad_end: params["pad_end"] == true,
    }
}

pub(super) fn melody_limits(params: &Value) -> MelodyLimits {
    let base = MelodyLimits::default();
    MelodyLimits {
        common: limits(params),
        min_unique_pitches: params["min_unique_pitches"]
            .as_u64()
            .map_or(base.min_unique_pitches, |n| n as usize),
        ignore_polyphonic: params["ignore_polyphonic_notes"].as_bool().unwrap_or(base.ignore_polyphonic),
        filter_drums: params["filter_drums"].as_bool().unwrap_or(base.filter_drums),
    }
}

fn melody_ops(params: &Value) -> Result<Got> {
    let numbers = params["events"].as_array().context("no events")?;
    let numbers: Vec<i32> = numbers.iter().filter_map(|n| n.as_i64()?.try_into().ok()).collect();
    let start_step = params["start_step"].as_i64().unwrap_or(0);
    let mut melody = match Melody::from_numbers(&numbers) {
        Ok(m) => Melody::on_grid(m.events().to_vec(), start_step, 16, 4),
        Err(error) => return Ok(Err(error)),
    };
    let mut after = Vec::new();
    for op in params["ops"].as_array().into_iter().flatten() {
        let arg = |i: usize| op[i].as_i64().with_context(|| format!("argument {i} of {op}"));
        let mut returned = Value::Null;
        match op[0].as_str().unwrap_or_default() {
            "set_length" if op[2].as_i64().unwrap_or(0) != 0 => {
                melody.set_length_from_left(arg(1)?.try_into()?)
            }
            "set_length" => melody.set_length(arg(1)?.try_into()?),
            "increase_resolution" => melody.increase_resolution(arg(1)?.try_into()?)?,
            "append" => melody.push(MelodyEvent::try_from(i32::try_from(arg(1)?)?)?),
            "major_key" => returned = json!(melody.major_key()),
            "key_histogram" => returned = json!(melody.major_key_histogram()),
            "squash" => {
                let key = op[3].as_u64().map(u8::try_from).transpose()?;
                returned = json!(melody.squash(arg(1)?.try_into()?, arg(2)?.try_into()?, key));
            }
            "transpose" => {
                let min = op[2].as_u64().unwrap_or(0).try_into()?;
                melody.transpose(arg(1)?.try_into()?, min, op[3].as_u64().unwrap_or(128).try_into()?);
            }
            other => return Err(anyhow::anyhow!("unknown melody operation {other}")),
        }
        after.push(with(state(&melody), &[("returned", returned)]));
    }
    Ok(Ok(json!({ "after": after, "sequence": sequence(&melody.to_sequence(100, 0.0, 120.0)) })))
}

// ---- our types as the file writes them ----

/// An event as the file writes it.
pub(super) trait ToJson: StepEvent {
    fn to_json(self) -> Value;
}

impl ToJson for MelodyEvent {
    fn to_json(self) -> Value {
        json!(self.number())
    }
}

impl ToJson for PitchSet {
    fn to_json(self) -> Value {
        self.iter().collect()
    }
}

pub(super) fn state<E: ToJson>(s: &Steps<E>) -> Value {
    json!({
        "start_step": s.start_step(), "end_step": s.end_step(), "steps_per_bar": s.steps_per_bar(),
        "steps_per_quarter": s.steps_per_quarter(),
        "events": s.events().iter().map(|e| e.to_json()).collect::<Vec<_>>(),
    })
}

pub(super) fn with(mut object: Value, more: &[(&str, Value)]) -> Value {
    for (key, value) in more {
        object[*key] = value.clone();
    }
    object
}

fn note(n: &SequenceNote) -> Vec<Value> {
    let drum = json!(n.is_drum);
    vec![
        json!(n.pitch),
        json!(n.velocity),
        json!(n.start_time),
        json!(n.end_time),
        json!(n.instrument),
        json!(n.program),
        drum,
    ]
}

/// The notes sorted by all fields.
pub(super) fn notes(ns: &NoteSequence) -> Value {
    let key = |n: &SequenceNote| (n.pitch, n.velocity);
    let mut sorted = ns.notes.clone();
    sorted.sort_by(|a, b| {
        let times = a.start_time.total_cmp(&b.start_time).then(a.end_time.total_cmp(&b.end_time));
        key(a).cmp(&key(b)).then(times).then(a.instrument.cmp(&b.instrument))
    });
    sorted.iter().map(note).collect()
}

fn tempos(ns: &NoteSequence) -> Value {
    ns.tempos.iter().map(|t| json!([t.time, t.qpm])).collect()
}

pub(super) fn sequence(ns: &NoteSequence) -> Value {
    let mut out = json!({ "notes": notes(ns), "total_time": ns.total_time, "tempos": tempos(ns) });
    if !ns.text_annotations.is_empty() {
        out["text_annotations"] =
            ns.text_annotations.iter().map(|a| json!([a.time, a.text, a.kind])).collect();
    }
    out
}

fn quantised(input: &NoteSequence, q: &Quantised) -> Value {
    let with_steps = |(n, s): (&SequenceNote, &descant_core::music::QuantisedNote)| {
        let mut out = note(n);
        out.extend([json!(s.start_step), json!(s.end_step)]);
        out
    };
    let mut out = json!({
        "notes": input.notes.iter().zip(&q.notes).map(with_steps).collect::<Vec<_>>(),
        "total_time": input.total_time,
        "total_quantized_steps": q.total_steps,
        "control_steps": q.control_steps,
    });
    if !q.texts.is_empty() {
        let text = |(a, t): (&TextAnnotation, _)| -> Value {
            let t: &descant_core::music::QuantisedText = t;
            json!([a.time, t.text, t.kind, t.step])
        };
        out["text_annotations"] = input.text_annotations.iter().zip(&q.texts).map(text).collect();
    }
    match q.grid {
        Grid::Seconds { .. } => {
            let signature = |t: &TimeSignature| json!([t.time, t.numerator, t.denominator]);
            out["tempos"] = tempos(input);
            out["time_signatures"] = input.time_signatures.iter().map(signature).collect();
        }
        Grid::Beats { qpm, numerator, denominator, .. } => {
            out["tempos"] = json!([[0.0, qpm]]);
            out["time_signatures"] = json!([[0.0, numerator, denominator]]);
            out["steps_per_bar"] = json!(q.bar_length().unwrap_or(f64::NAN));
        }
    }
    out
}

// ---- the file's input as our types ----

pub(super) fn parse_sequence(input: &Value) -> Result<NoteSequence> {
    let list = |key: &str| input[key].as_array().cloned().unwrap_or_default();
    let float = |v: &Value| v.as_f64().with_context(|| format!("{v} is no number"));
    let int = |v: &Value| v.as_i64().with_context(|| format!("{v} is no integer"));
    let note = |n: &Value| -> Result<SequenceNote> {
        ensure!(n.is_array(), "{n} is no note");
        Ok(SequenceNote {
            pitch: int(&n[0])?.try_into()?,
            velocity: int(&n[1])?.try_into()?,
            start_time: float(&n[2])?,
            end_time: float(&n[3])?,
            instrument: n[4].as_u64().unwrap_or(0).try_into()?,
            program: n[5].as_u64().unwrap_or(0).try_into()?,
            is_drum: n[6] == true,
        })
    };
    let signature = |t: &Value| -> Result<TimeSignature> {
        let (numerator, denominator) = (int(&t[1])?.try_into()?, int(&t[2])?.try_into()?);
        Ok(TimeSignature { time: float(&t[0])?, numerator, denominator })
    };
    let text = |a: &Value| -> Result<TextAnnotation> {
        let text = a[1].as_str().context("annotation without text")?.to_owned();
        Ok(TextAnnotation { time: float(&a[0])?, text, kind: int(&a[2])?.try_into()? })
    };
    let control = |c: &Value| -> Result<ControlChange> {
        Ok(ControlChange {
            time: float(&c[0])?,
            number: int(&c[1])?.try_into()?,
            value: int(&c[2])?.try_into()?,
            instrument: 0,
        })
    };
    let tempo =
        |t: &Value| -> Result<TempoMark> { Ok(TempoMark { time: float(&t[0])?, qpm: float(&t[1])? }) };
    Ok(NoteSequence {
        notes: list("notes").iter().map(note).collect::<Result<_>>()?,
        tempos: list("tempos").iter().map(tempo).collect::<Result<_>>()?,
        time_signatures: list("time_signatures").iter().map(signature).collect::<Result<_>>()?,
        text_annotations: list("text_annotations").iter().map(text).collect::<Result<_>>()?,
        control_changes: list("control_changes").iter().map(control).collect::<Result<_>>()?,
        total_time: float(&input["total_time"])?,
    })
}

// ---- comparison ----

fn compare(got: &Got, expected: &Value) -> Outcome {
    let got = match got {
        Ok(value) => value.clone(),
        Err(error) => json!({ "error": reference_name(error) }),
    };
    let mut largest = 0.0;
    match difference(&got, expected, "", &mut largest) {
        None => Outcome::Ok(largest),
        Some(what) => Outcome::Failed(what),
    }
}

/// The exception that the reference raises in the place of our error.
fn reference_name(error: &EventError) -> &'static str {
    match error {
        EventError::Event(_) | EventError::Pitch(_) => "ValueError",
        EventError::EventType(_) | EventError::Unfinished => "ValueError",
        EventError::Polyphonic => "PolyphonicMelodyError",
        EventError::BackwardNote => "BadNoteError",
        EventError::TooLong => "MemoryError",
        EventError::Chord(_) => "ChordSymbolError",
        EventError::UnknownChord { .. } => "ChordEncodingError",
        EventError::CoincidentChords => "CoincidentChordsError",
        EventError::NoSteps => "BadChordError",
        EventError::MelodyChordsMismatch => "MelodyChordsMismatchError",
        EventError::PerformanceEvent(..) | EventError::NeedsSeconds => "ValueError",
        EventError::Quantise(e) => match e {
            QuantiseError::MultipleTempos => "MultipleTempoError",
            QuantiseError::MultipleTimeSignatures => "MultipleTimeSignatureError",
            QuantiseError::BadTimeSignature(..) => "BadTimeSignatureError",
            QuantiseError::NegativeTime => "NegativeTimeError",
            QuantiseError::NoBars => "QuantizationStatusError",
            QuantiseError::BarNotWhole(_) => "NonIntegerStepsPerBarError",
            QuantiseError::NoSteps => "ValueError",
        },
    }
}

/// Where the two first differ, if they do. Numbers that either side writes with a fraction are times.
pub(super) fn difference(got: &Value, expected: &Value, path: &str, largest: &mut f64) -> Option<String> {
    match (got, expected) {
        (Value::Object(g), Value::Object(e)) => {
            let keys: std::collections::BTreeSet<_> = g.keys().chain(e.keys()).collect();
            // A missing list is an empty one.
            let at = |o: &serde_json::Map<String, Value>, k: &str| match o.get(k) {
                Some(Value::Array(a)) if a.is_empty() => Value::Null,
                v => v.cloned().unwrap_or(Value::Null),
            };
            keys.into_iter().find_map(|k| difference(&at(g, k), &at(e, k), &format!("{path}.{k}"), largest))
        }
        (Value::Array(g), Value::Array(e)) if g.len() == e.len() => g
            .iter()
            .zip(e)
            .enumerate()
            .find_map(|(i, (g, e))| difference(g, e, &format!("{path}[{i}]"), largest)),
        (Value::Number(g), Value::Number(e)) if g.is_f64() || e.is_f64() => {
            let error = (g.as_f64()? - e.as_f64()?).abs();
            *largest = largest.max(error);
            (error > TIME_TOLERANCE).then(|| format!("{path}: got {g}, expected {e}"))
        }
        _ => (got != expected).then(|| format!("{path}: got {got}, expected {expected}")),
    }
}
