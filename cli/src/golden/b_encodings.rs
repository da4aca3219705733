//! `b_encodings.json`: events ↔ inputs, labels and classes.

use super::b_conditional;
use super::rnn_case::{
    drum_event, events, frame, melody_event, note_event, performance_event, polyphonic_event,
};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::codec::encoding::{
    ChordEncoding, Conditional, Direct, DrumsOneHot, Encoding, EncodingError, Event, History, MelodyOneHot,
    OneHot, PerformanceControls, SparseVector, listed, split_heads,
};
use descant_core::codec::performance::{PerformanceGrid, STEPS_PER_SECOND};
use descant_core::codec::pianoroll::KEYS;
use descant_core::codec::{
    ChordProgression, EventError, Frame, LeadSheet, Melody, MelodyEvent, NoteEvent, NotePerformance,
    Performance, PerformanceEvent, PitchSet, PolyphonicEvent,
};
use descant_core::model::{EncodingParams, ModelEncoding};
use descant_core::music::Chord;
use serde_json::{Value, json};

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    let list = |key: &str| doc[key].as_array().cloned().unwrap_or_default();
    for (i, case) in list("cases").iter().enumerate() {
        let name = case["encoder"].as_str().unwrap_or("?");
        if name == "pianoroll" {
            report.case(&format!("{name} #{i}"), outcome(name, pianoroll(case).map(Some)));
            continue;
        }
        report.case(&format!("{name} #{i}"), outcome(name, with_encoding(name, case, Check::Whole)));
    }
    for table in list("decode_tables") {
        let name = table["encoder"].as_str().unwrap_or("?");
        report.case(&format!("decode {name}"), outcome(name, with_encoding(name, &table, Check::Decodes)));
    }
    for case in list("errors") {
        let name = case["case"].as_str().unwrap_or("?");
        report.case(name, outcome(name, error_case(name, &case["error"])));
    }
    b_conditional::run(doc, report);
}

pub(super) fn outcome(name: &str, result: Result<Option<()>>) -> Outcome {
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
        n if n.starts_with("performance_") || n.starts_with("note_performance_") => {
            let digits = |part: &str| part.parse::<u8>().ok();
            let velocity_bins = n.split('_').find_map(digits)?;
            match n.starts_with("note") {
                true => EncodingParams::NotePerformance { velocity_bins },
                false => EncodingParams::Performance {
                    velocity_bins,
                    modulo: n.contains("modulo"),
                    controls: PerformanceControls::default(),
                },
            }
        }
        "polyphony" => EncodingParams::Polyphony,
        _ => return None,
    })
}

/// What to compare.
#[derive(Clone, Copy)]
enum Check {
    Whole,
    Decodes,
}

impl Check {
    fn run<E: Event>(
        self,
        e: &dyn Encoding<E>,
        case: &Value,
        parse: &Parse<E>,
        steps: &Steps<E>,
    ) -> Result<()> {
        match self {
            Self::Whole => whole(e, case, parse, steps),
            Self::Decodes => decodes(e, case, parse),
        }
    }
}

/// Checks the encoding of a case; `None` if it is not built.
fn with_encoding(name: &str, case: &Value, check: Check) -> Result<Option<()>> {
    if let Some(chords) = chord_encoding(name) {
        return b_conditional::chords(chords, case).map(Some);
    }
    let Some(params) = params(name, case) else { return Ok(None) };
    match params.build()? {
        ModelEncoding::Drums(e) => check.run(e.as_ref(), case, &drum_event, &|e| e.len() as u64),
        ModelEncoding::Melody(e) => check.run(e.as_ref(), case, &melody_event, &|e| e.len() as u64),
        ModelEncoding::Performance { bins, events, .. } => {
            let grid = PerformanceGrid::Seconds { steps_per_second: STEPS_PER_SECOND };
            let steps = move |e: &[_]| Performance::new(e.to_vec(), 0, grid, bins).num_steps();
            check.run(events.as_ref(), case, &performance_event, &steps)
        }
        ModelEncoding::NotePerformance { bins, notes } => {
            let steps =
                move |e: &[_]| NotePerformance::new(e.to_vec(), 0, STEPS_PER_SECOND, bins).num_steps();
            check.run(&notes, case, &note_event, &steps)
        }
        ModelEncoding::Polyphony(e) => {
            let steps = |e: &[PolyphonicEvent]| e.iter().map(|e| e.steps() as u64).sum();
            check.run(e.as_ref(), case, &polyphonic_event, &steps)
        }
        ModelEncoding::Improv { .. } | ModelEncoding::Pianoroll { .. } | ModelEncoding::Latent(_) => {
            return Ok(None);
        }
    }
    .map(Some)
}

fn chord_encoding(name: &str) -> Option<ChordEncoding> {
    match name {
        "chord_triad" => Some(ChordEncoding::Triad),
        "chord_majmin" => Some(ChordEncoding::MajorMinor),
        "chord_pitches" => Some(ChordEncoding::Pitches),
        _ => None,
    }
}

type Parse<E> = dyn Fn(&Value) -> Result<E>;
type Steps<E> = dyn Fn(&[E]) -> u64;

/// A class as the file writes it: a number, or a list with one per head.
fn class_value<E: Event>(encoding: &dyn Encoding<E>, class: usize) -> Value {
    match &encoding.heads()[..] {
        [_] => json!(class),
        heads => json!(split_heads(class, heads)),
    }
}

/// Sizes, inputs, labels and decoded events of a whole sequence.
fn whole<E: Event>(
    encoding: &dyn Encoding<E>,
    case: &Value,
    parse: &Parse<E>,
    steps: &Steps<E>,
) -> Result<()> {
    let same = |what: &str, got: Value, expected: &Value| {
        ensure!(got == *expected, "{what} {got}, expected {expected}");
        Ok(())
    };
    // The index encoding: one cell holds the class, which the network expands. Our inputs are sparse as it is.
    let index = case["input_size"] == 1;
    let heads = encoding.heads();
    if !index {
        same("input size", json!(encoding.input_size()), &case["input_size"])?;
    }
    let classes = if heads.len() == 1 { json!(encoding.num_classes()) } else { json!(heads) };
    same("classes", classes, &case["num_classes"])?;
    same("default label", class_value(encoding, encoding.default_label()), &case["default_label"])?;
    let events = events(&case["events"], parse)?;
    same("steps", json!(steps(&events)), &case["num_steps"])?;
    let mut history = History::default();
    let mut input = SparseVector::new();
    for (position, &event) in events.iter().enumerate() {
        let before = history.events().to_vec();
        history.push(event);
        encoding.input(&history, &mut input)?;
        let mut expected = sparse(&case["inputs"][position])?;
        if index {
            expected = expected.iter().map(|cell| (cell.1 as u32, 1.0)).collect();
        }
        input.sort_by_key(|cell| cell.0);
        ensure!(input == expected, "input at {position}: {input:?}, expected {expected:?}");
        let label = encoding.label(&events, position)?;
        same(&format!("label at {position}"), class_value(encoding, label), &case["labels"][position])?;
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

pub(super) fn sparse(value: &Value) -> Result<SparseVector> {
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
        "triad Csus" => ChordEncoding::Triad.class(Chord::of_figure("Csus")?).is_err(),
        "majmin Cdim" => ChordEncoding::MajorMinor.class(Chord::of_figure("Cdim")?).is_err(),
        "conditional encode length mismatch" => {
            let chords = ChordProgression::from_text("C", 3, 16, 4)?;
            LeadSheet::new(Melody::from_numbers(&[60, -2])?, chords).is_err()
        }
        "conditional get_inputs control not longer" => {
            let source = listed(&[None, None]);
            let target = Direct(MelodyOneHot::new(48, 84)?);
            let encoding = Conditional { control: &ChordEncoding::Triad, source: &source, target: &target };
            let events = Melody::from_numbers(&[60, -2])?;
            encoding.encode_all(events.events()).is_err()
        }
        _ => {
            if let Some(event) = name.strip_prefix("melody_48_84 encode ") {
                melody(event.parse()?).is_err()
            } else if let Some((kind, value)) =
                name.strip_prefix("performance event ").and_then(|e| e.split_once(' '))
            {
                performance_error(kind.parse()?, value.parse()?)
            } else {
                return Ok(None);
            }
        }
    };
    ensure!(failed != expected.is_null(), "failed: {failed}, expected {expected}");
    Ok(Some(()))
}

/// Whether there is no performance event of this type and value. Durations belong to whole notes.
fn performance_error(kind: i64, value: i64) -> bool {
    match kind {
        5 => NoteEvent::from_numbers(0, 60, 1, value).is_err(),
        _ => PerformanceEvent::from_numbers(kind, value).is_err(),
    }
}
