//! `b_encodings.json`: events ↔ inputs, labels and classes.

use super::rnn_case::{drum_event, events, frame, melody_event, polyphonic_event};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::codec::encoding::{DrumsOneHot, EncodingError, Event, MelodyOneHot, OneHot, SparseVector};
use descant_core::codec::encoding::{Encoding, History};
use descant_core::codec::pianoroll::KEYS;
use descant_core::codec::{EventError, Frame, MelodyEvent, PitchSet, PolyphonicEvent};
use descant_core::model::{EncodingParams, ModelEncoding};
use serde_json::Value;

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    let list = |key: &str| doc[key].as_array().cloned().unwrap_or_default();
    for (i, case) in list("cases").iter().enumerate() {
        let name = case["encoder"].as_str().unwrap_or("?");
        if name == "pianoroll" {
            report.case(&format!("{name} #{i}"), outcome(name, pianoroll(case).map(Some)));
            continue;
        }
        report.case(&format!("{name} #{i}"), outcome(name, with_encoding(name, case, whole, whole, whole)));
    }
    for table in list("decode_tables") {
        let name = table["encoder"].as_str().unwrap_or("?");
        report.case(
            &format!("decode {name}"),
            outcome(name, with_encoding(name, &table, decodes, decodes, decodes)),
        );
    }
    for case in list("errors") {
        let name = case["case"].as_str().unwrap_or("?");
        report.case(name, outcome(name, error_case(name, &case["error"])));
    }
    for (key, count) in [("conditional", list("conditional").len()), ("controls", list("controls").len())] {
        for i in 0..count {
            report.case(&format!("{key} #{i}"), Outcome::NotBuilt(key.into()));
        }
    }
}

fn outcome(name: &str, result: Result<Option<()>>) -> Outcome {
    match result {
        Ok(Some(())) => Outcome::Ok(0.0),
        Ok(None) => Outcome::NotBuilt(name.into()),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

/// The encoding of a case by its name; sizes that a decode table leaves out are those of the models.
fn params(name: &str, case: &Value) -> Option<EncodingParams> {
    let params = &case["params"];
    let count = |v: &Value| v.as_u64().and_then(|n| usize::try_from(n).ok());
    let distances = || match params["lookback"].as_array() {
        Some(list) => list.iter().filter_map(count).collect(),
        None => vec![16, 32],
    };
    let bits = |default| count(&params["bits"]).unwrap_or(default);
    let bounds = name.rsplit_once('_').and_then(|(rest, max)| Some((rest.rsplit('_').next()?, max)));
    let bound =
        |given: &Value, named: &str| given.as_i64().or_else(|| named.parse().ok()).unwrap_or(0) as i32;
    let (low, high) = bounds.unwrap_or_default();
    let (min, max) = (bound(&params["min_note"], low), bound(&params["max_note"], high));
    Some(match name {
        "one_drum" => EncodingParams::OneDrum,
        "drums_one_hot_512" => EncodingParams::Drums { types: 9 },
        "drum_kit" | "drums_lookback" => {
            EncodingParams::DrumsLookback { types: 9, distances: distances(), bits: bits(6) }
        }
        n if n.starts_with("melody_one_hot") => EncodingParams::Melody { min, max },
        n if n.starts_with("melody_lookback") => {
            EncodingParams::MelodyLookback { min, max, distances: distances(), bits: bits(5) }
        }
        n if n.starts_with("key_melody") => {
            EncodingParams::KeyMelody { min, max, distances: distances(), bits: bits(7) }
        }
        "polyphony" => EncodingParams::Polyphony,
        _ => return None,
    })
}

/// Calls the check for the encoding's kind of events; `None` if the encoding is not built.
fn with_encoding(
    name: &str,
    case: &Value,
    drums: impl Fn(&dyn Encoding<PitchSet>, &Value, &Parse<PitchSet>) -> Result<()>,
    melody: impl Fn(&dyn Encoding<MelodyEvent>, &Value, &Parse<MelodyEvent>) -> Result<()>,
    polyphony: impl Fn(&dyn Encoding<PolyphonicEvent>, &Value, &Parse<PolyphonicEvent>) -> Result<()>,
) -> Result<Option<()>> {
    let Some(params) = params(name, case) else { return Ok(None) };
    match params.build()? {
        ModelEncoding::Drums(e) => drums(e.as_ref(), case, &drum_event),
        ModelEncoding::Melody(e) => melody(e.as_ref(), case, &melody_event),
        ModelEncoding::Polyphony(e) => polyphony(e.as_ref(), case, &polyphonic_event),
        ModelEncoding::Pianoroll { .. } => return Ok(None),
    }
    .map(Some)
}

type Parse<E> = dyn Fn(&Value) -> Result<E>;

/// Sizes, inputs, labels and decoded events of a whole sequence.
fn whole<E: Event>(encoding: &dyn Encoding<E>, case: &Value, parse: &Parse<E>) -> Result<()> {
    let same = |what: &str, got: usize, expected: &Value| {
        ensure!(expected.as_u64() == Some(got as u64), "{what} {got}, expected {expected}");
        Ok(())
    };
    same("input size", encoding.input_size(), &case["input_size"])?;
    same("classes", encoding.num_classes(), &case["num_classes"])?;
    same("default label", encoding.default_label(), &case["default_label"])?;
    let events = events(&case["events"], parse)?;
    same("steps", events.iter().map(|e| e.steps()).sum(), &case["num_steps"])?;
    let mut history = History::default();
    let mut input = SparseVector::new();
    for (position, &event) in events.iter().enumerate() {
        let before = history.events().to_vec();
        history.push(event);
        encoding.input(&history, &mut input)?;
        let expected = sparse(&case["inputs"][position])?;
        input.sort_by_key(|cell| cell.0);
        ensure!(input == expected, "input at {position}: {input:?}, expected {expected:?}");
        let label = encoding.label(&events, position)?;
        same(&format!("label at {position}"), label, &case["labels"][position])?;
        let decoded = encoding.decode(label, &before)?;
        let expected = parse(&case["decoded"][position])?;
        ensure!(decoded == expected, "decoded at {position}: {decoded:?}, expected {expected:?}");
    }
    Ok(())
}

/// Inputs and labels of frames; the labels are written in decimal, because they do not fit a JSON number.
fn pianoroll(case: &Value) -> Result<()> {
    let frames = events(&case["events"], frame)?;
    ensure!(case["input_size"] == KEYS && case["num_classes"] == format!("2^{KEYS}"), "other sizes");
    ensure!(case["default_label"].as_u64().map(u128::from) == Some(Frame::EMPTY.label()), "default label");
    let mut input = SparseVector::new();
    for (position, &given) in frames.iter().enumerate() {
        given.input(&mut input);
        let expected = sparse(&case["inputs"][position])?;
        ensure!(input == expected, "input at {position}: {input:?}, expected {expected:?}");
        let label: u128 = case["labels"][position].as_str().context("no label")?.parse()?;
        ensure!(given.label() == label, "label at {position}: {}, expected {label}", given.label());
        let decoded = Frame::from_label(label);
        ensure!(decoded == Some(frame(&case["decoded"][position])?), "decoded at {position}: {decoded:?}");
    }
    Ok(())
}

/// The event of every class after a fixed history.
fn decodes<E: Event>(encoding: &dyn Encoding<E>, case: &Value, parse: &Parse<E>) -> Result<()> {
    let history = events(&case["history"], parse)?;
    let expected = events(&case["events"], parse)?;
    ensure!(encoding.num_classes() == expected.len(), "{} classes", encoding.num_classes());
    for (class, &expected) in expected.iter().enumerate() {
        let event = encoding.decode(class, &history)?;
        ensure!(event == expected, "class {class} is {event:?}, expected {expected:?}");
    }
    Ok(())
}

fn sparse(value: &Value) -> Result<SparseVector> {
    let cell = |cell: &Value| {
        let index = cell[0].as_u64().and_then(|n| u32::try_from(n).ok()).context("no index")?;
        Ok((index, cell[1].as_f64().context("no value")? as f32))
    };
    value.as_array().context("no vector")?.iter().map(cell).collect()
}

/// Cases named by a sentence: what must raise and what must not.
fn error_case(name: &str, expected: &Value) -> Result<Option<()>> {
    let melody = |event: i32| -> Result<usize> {
        Ok(MelodyOneHot::new(48, 84)?.encode(MelodyEvent::try_from(event)?)?)
    };
    let strict = |pitches: &[u8]| -> Result<usize, EncodingError> {
        DrumsOneHot::standard(9)?.strict().encode(pitches.iter().copied().collect())
    };
    let failed = match name {
        "melody min_note -1" => MelodyOneHot::new(-1, 84).is_err(),
        "melody max_note 129" => MelodyOneHot::new(48, 129).is_err(),
        "melody 60..60" => MelodyOneHot::new(60, 60).is_err(),
        "drums strict [36,1]" => strict(&[36, 1]) == Err(EncodingError::UnknownDrum(1)),
        "drums strict [36]" => strict(&[36]).is_err(),
        "drum track pitch 128" => PitchSet::from_numbers(&[128]).is_err(),
        "polyphonic event 5 60" => PolyphonicEvent::from_numbers(5, 60) == Err(EventError::EventType(5)),
        "polyphonic event 3 128" => PolyphonicEvent::from_numbers(3, 128) == Err(EventError::Pitch(128)),
        "polyphonic event -1 0" => PolyphonicEvent::from_numbers(-1, 0) == Err(EventError::EventType(-1)),
        _ => match name.strip_prefix("melody_48_84 encode ") {
            Some(event) => melody(event.parse()?).is_err(),
            None => return Ok(None),
        },
    };
    ensure!(failed != expected.is_null(), "failed: {failed}, expected {expected}");
    Ok(Some(()))
}
