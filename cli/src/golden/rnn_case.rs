//! What the golden files of the event models have in common: shapes, formula weights, events.
use anyhow::{Context, Result, ensure};
use descant_core::codec::encoding::PerformanceControls;
use descant_core::codec::performance::PerformanceControl;
use descant_core::codec::{Frame, MelodyEvent, NoteEvent, PerformanceEvent, PitchSet, PolyphonicEvent};
use descant_core::model::{Card, Configuration, EncodingParams, Hparams, Model, find};
use descant_core::music::{Chord, NoteSequence, SequenceNote, TempoMark, TextAnnotation, TimeSignature};
use descant_core::nn::{Tensor, TensorData, Weights, formula};
use serde_json::Value;

/// The model of a case; `None` if its configuration is not built.
pub fn model(case: &Value) -> Result<Option<Model>> {
    let weights = weights(case)?;
    let Some((configuration, hparams)) = shape(case, &weights)? else { return Ok(None) };
    let card = Card { hparams, ..Card::of(configuration) };
    Ok(Some(Model::new(card, &weights)?))
}

/// Configuration and shape of a case; `None` if its configuration is not built.
pub fn shape(case: &Value, weights: &Weights) -> Result<Option<(&'static Configuration, Hparams)>> {
    let config = case["config"].as_str().context("no config")?;
    let Some(configuration) = find(config) else { return Ok(None) };
    let mut hparams = Hparams {
        layers: case["layers"].as_array().into_iter().flatten().filter_map(count).collect(),
        attention: count(&case["attn_length"]).unwrap_or(0),
        whole: false,
        residual: case["residual"] == true,
        ..configuration.hparams.clone()
    };
    // Small drum cases use only the first drum types; the output layer tells how many.
    let classes = weights.get("fully_connected/biases").and_then(|t| t.shape.first().copied());
    if let (EncodingParams::DrumsLookback { types, .. }, Some(classes)) = (&mut hparams.encoding, classes) {
        *types = classes.ilog2() as usize;
    }
    if let (EncodingParams::Pianoroll { hidden }, Some(given)) =
        (&mut hparams.encoding, count(&case["nade_hidden"]))
    {
        *hidden = given;
    }
    Ok(Some((configuration, hparams)))
}

/// Formula weights of a case, with single values overridden where it says so.
pub fn weights(case: &Value) -> Result<Weights> {
    let mut variables = Vec::new();
    for variable in case["variables"].as_array().context("no variables")? {
        let name = variable[0].as_str().context("a variable without name")?;
        let shape: Vec<usize> = variable[1].as_array().into_iter().flatten().filter_map(count).collect();
        variables.push((name, shape));
    }
    let scales = case["scales"].as_object().context("no scales")?;
    let scale = |v: &Value| v.as_f64().map_or(1.0, |v| v as f32);
    let scales = formula::Scales {
        default: scale(&case["scales"]["default"]),
        patterns: scales
            .iter()
            .filter(|(k, _)| *k != "default")
            .map(|(k, v)| (k.clone(), scale(v)))
            .collect(),
    };
    let seed: u64 = case["seed"].as_str().context("no seed")?.parse()?;
    let named = variables.iter().map(|(name, shape)| (*name, shape.as_slice()));
    let mut weights = formula::weights(named, seed, &scales);
    for (name, values) in case["overrides"].as_object().into_iter().flatten() {
        let tensor = weights.get(name).with_context(|| format!("no variable {name} to override"))?;
        let mut data = tensor.to_f32();
        for (index, value) in values.as_object().into_iter().flatten() {
            let cell = data.get_mut(index.parse::<usize>()?).context("override outside the variable")?;
            *cell = value.as_f64().context("override without value")? as f32;
        }
        let shape = tensor.shape.clone();
        weights.insert(name.clone(), Tensor { shape, data: TensorData::F32(data) });
    }
    Ok(weights)
}

fn count(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|n| usize::try_from(n).ok())
}

/// A melody event.
pub fn melody_event(value: &Value) -> Result<MelodyEvent> {
    let number = value.as_i64().and_then(|n| i32::try_from(n).ok());
    Ok(number.with_context(|| format!("{value} is no melody event"))?.try_into()?)
}

/// A drum event.
pub fn drum_event(value: &Value) -> Result<PitchSet> {
    let pitches = value.as_array().with_context(|| format!("{value} is no drum event"))?;
    let numbers: Vec<i32> = pitches.iter().filter_map(|p| p.as_i64()?.try_into().ok()).collect();
    ensure!(numbers.len() == pitches.len(), "{value} is no drum event");
    Ok(PitchSet::from_numbers(&numbers)?)
}

/// A performance event: type and value.
pub fn performance_event(value: &Value) -> Result<PerformanceEvent> {
    let number = |i: usize| value[i].as_i64().with_context(|| format!("{value} is no performance event"));
    Ok(PerformanceEvent::from_numbers(number(0)?, number(1)?)?)
}

/// A whole note: shift, pitch, velocity bin, duration, each as type and value.
pub fn note_event(value: &Value) -> Result<NoteEvent> {
    let number = |i: usize, kind: i64| {
        let right = value[i][0].as_i64() == Some(kind);
        value[i][1].as_i64().filter(|_| right).with_context(|| format!("{value} is no whole note"))
    };
    Ok(NoteEvent::from_numbers(number(0, 3)?, number(1, 1)?, number(2, 4)?, number(3, 5)?)?)
}

/// A chord figure as it sounds.
pub fn chord(value: &Value) -> Result<Option<Chord>> {
    Ok(Chord::of_figure(value.as_str().with_context(|| format!("{value} is no figure"))?)?)
}

/// Twelve weights of pitch classes.
pub fn histogram(value: &Value) -> Result<[f64; 12]> {
    let weights: Vec<f64> = value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    weights.try_into().ok().with_context(|| format!("{value} is no histogram"))
}

/// Control values of a step: `[disabled, values]` where control is optional, else the values.
pub fn step_control(value: &Value, takes: PerformanceControls) -> Result<PerformanceControl> {
    match takes.optional {
        true => control(&value[1], value[0] == true, takes),
        false => control(value, false, takes),
    }
}

/// The control values that a model takes, in the file's order: density, histogram. `null` = the defaults.
pub fn control(values: &Value, disabled: bool, takes: PerformanceControls) -> Result<PerformanceControl> {
    let mut control = PerformanceControl { disabled, ..PerformanceControl::default() };
    let mut values = values.as_array().into_iter().flatten();
    if takes.density
        && let Some(density) = values.next()
    {
        control.notes_per_second = density.as_f64().context("no density")?;
    }
    if takes.pitch_histogram
        && let Some(weights) = values.next()
    {
        control.pitch_histogram = histogram(weights)?;
    }
    Ok(control)
}

/// A polyphonic event: type, and pitch or null.
pub fn polyphonic_event(value: &Value) -> Result<PolyphonicEvent> {
    let number = |v: &Value| v.as_i64().and_then(|n| i32::try_from(n).ok());
    let kind = number(&value[0]).with_context(|| format!("{value} is no polyphonic event"))?;
    Ok(PolyphonicEvent::from_numbers(kind, number(&value[1]).unwrap_or(0))?)
}

/// A frame of a piano roll.
pub fn frame(value: &Value) -> Result<Frame> {
    let keys = value.as_array().with_context(|| format!("{value} is no frame"))?;
    let key = |k: &Value| k.as_u64().and_then(|k| u8::try_from(k).ok()).filter(|&k| k < 88);
    keys.iter().map(|k| key(k).with_context(|| format!("{k} is no key"))).collect()
}

/// A list of events.
pub fn events<E>(value: &Value, event: impl Fn(&Value) -> Result<E>) -> Result<Vec<E>> {
    value.as_array().with_context(|| format!("{value} is no event list"))?.iter().map(event).collect()
}

/// A note sequence as generators take it: notes, tempos, time signatures, texts.
pub fn sequence(input: &Value) -> Result<NoteSequence> {
    let list = |key: &str| input[key].as_array().cloned().unwrap_or_default();
    let float = |v: &Value| v.as_f64().with_context(|| format!("{v} is no number"));
    let small = |v: &Value| v.as_i64().and_then(|n| i32::try_from(n).ok()).with_context(|| format!("{v}"));
    let note = |n: &Value| -> Result<SequenceNote> {
        Ok(SequenceNote {
            pitch: small(&n[0])?.try_into()?,
            velocity: small(&n[1])?.try_into()?,
            start_time: float(&n[2])?,
            end_time: float(&n[3])?,
            instrument: n[4].as_u64().unwrap_or(0).try_into()?,
            program: n[5].as_u64().unwrap_or(0).try_into()?,
            is_drum: n[6] == true,
        })
    };
    let signature = |t: &Value| -> Result<TimeSignature> {
        Ok(TimeSignature { time: float(&t[0])?, numerator: small(&t[1])?, denominator: small(&t[2])? })
    };
    let tempo =
        |t: &Value| -> Result<TempoMark> { Ok(TempoMark { time: float(&t[0])?, qpm: float(&t[1])? }) };
    let text = |a: &Value| -> Result<TextAnnotation> {
        let text = a[1].as_str().context("annotation without text")?.to_owned();
        Ok(TextAnnotation { time: float(&a[0])?, text, kind: small(&a[2])? })
    };
    Ok(NoteSequence {
        notes: list("notes").iter().map(note).collect::<Result<_>>()?,
        tempos: list("tempos").iter().map(tempo).collect::<Result<_>>()?,
        time_signatures: list("time_signatures").iter().map(signature).collect::<Result<_>>()?,
        text_annotations: list("text_annotations").iter().map(text).collect::<Result<_>>()?,
        total_time: float(&input["total_time"])?,
        ..NoteSequence::default()
    })
}
