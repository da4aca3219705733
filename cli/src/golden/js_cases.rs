//! `js_cases.json`: what Magenta.js makes of music and of its own checkpoints.
use super::c_forward::{count, list};
use super::js_checkpoints::opened;
use super::js_model::JsVae;
use super::js_music::{compare, sequence};
use super::vae_array::Array;
use super::vae_cases::{labels, lists};
use super::{Outcome, Report};
use anyhow::{Context, Result, bail, ensure};
use descant_core::codec::encoding::SparseVector;
use descant_core::codec::vae::Rows;
use descant_core::codec::vae::js::{JsConverter, Written, contour, rhythm};
use descant_core::model::Model;
use descant_core::model::import::latent::js_converter;
use descant_core::model::import::{JsConfig, import};
use descant_core::model::music_vae::{Blend, Steps, path};
use descant_core::music::{Chord, NoteSequence, Quantised};
use descant_core::nn::math;
use descant_core::tool::Cancel;
use serde_json::{Value, json};
use std::path::Path;

/// Tolerance of a value that a network gives: absolute, and relative to the expected value.
const TOLERANCE: (f64, f64) = (2e-5, 1e-4);

/// Runs all cases of the file.
pub fn run(doc: &Value, report: &mut Report) {
    let folder = report.folder().to_owned();
    let mut case = |id: String, result: Result<f64>| {
        report.case(&id, result.map_or_else(|error| Outcome::Failed(format!("{error:#}")), Outcome::Ok));
    };
    for converter in doc["converters"].as_array().into_iter().flatten() {
        case(converter["name"].to_string(), to_tensor(converter));
    }
    if !doc["groove_from_tensor"].is_null() {
        case("groove_from_tensor".into(), from_tensor(&doc["groove_from_tensor"]));
    }
    for model in doc["models"].as_array().into_iter().flatten() {
        let name = model["checkpoint"].as_str().unwrap_or("?");
        for (part, result) in checkpoint(model, &folder) {
            case(format!("{name}, {part}"), result);
        }
    }
    for rnn in doc["rnn"].as_array().into_iter().flatten() {
        let name = rnn["checkpoint"].as_str().unwrap_or("?");
        case(format!("{name}, {} steps", rnn["steps"]), continued(rnn, &folder));
    }
}

fn close(what: &str, ours: &[f32], expected: &[f32]) -> Result<f64> {
    ensure!(ours.len() == expected.len(), "{} {what}s, not {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (i, (&a, &b)) in ours.iter().zip(expected).enumerate() {
        let off = f64::from((a - b).abs());
        ensure!(off <= TOLERANCE.0 + TOLERANCE.1 * f64::from(b.abs()), "{what} {i} is {a}, not {b}");
        worst = worst.max(off);
    }
    Ok(worst)
}

/// A converter of a `config.json`.
fn converter(spec: &Value) -> Result<JsConverter> {
    let config: JsConfig = serde_json::from_value(json!({ "type": "MusicVAE", "dataConverter": spec }))?;
    Ok(js_converter(&config)?)
}

/// Steps as rows.
fn dense(steps: &[SparseVector], width: usize) -> Result<Vec<f32>> {
    let mut rows = vec![0.0; steps.len() * width];
    for (row, step) in rows.chunks_exact_mut(width).zip(steps) {
        for &(cell, value) in step {
            *row.get_mut(cell as usize).with_context(|| format!("cell {cell} of {width}"))? = value;
        }
    }
    Ok(rows)
}

fn to_tensor(case: &Value) -> Result<f64> {
    let mut spec = case["spec"].clone();
    let kind = spec["type"].as_str().context("no type")?.to_owned();
    let control = kind.strip_prefix("Melody").and_then(|kind| kind.strip_suffix("Converter")).unwrap_or("");
    if !control.is_empty() {
        spec["type"] = json!("MelodyConverter");
    }
    let grid = u32::try_from(case["steps_per_quarter"].as_u64().unwrap_or(4))?;
    let (converter, music) = (converter(&spec)?, sequence(&case["input"], grid)?);
    let steps = match (converter.to_steps(&music), case["error"].as_str()) {
        (Err(_), Some(_)) => return Ok(0.0),
        (Ok(_), Some(error)) => bail!("no error, expected {error}"),
        (steps, None) => steps?,
    };
    let melody = || match &converter {
        JsConverter::Melody(melody) => Ok(melody.labels(&Quantised::relative(&music, grid)?)?),
        _ => bail!("no melody"),
    };
    match control {
        "Rhythm" => {
            return close("value", &rhythm(&melody()?), &Array::need(&case["values"], "values")?.values);
        }
        "Shape" => {
            let ways: Vec<SparseVector> =
                contour(&melody()?).into_iter().map(|way| vec![(way.into(), 1.0)]).collect();
            return close("value", &dense(&ways, 3)?, &Array::need(&case["values"], "values")?.values);
        }
        _ => {}
    }
    let (length, width) = (count(&case["shape"][0])?, count(&case["shape"][1])?);
    ensure!(steps.len() == length, "{} steps, not {length}", steps.len());
    if let Some(values) = Array::read(&case["values"])? {
        return close("value", &dense(&steps, width)?, &values.values);
    }
    // A row of zeros has its largest value in the first cell.
    let class = |step: &SparseVector| step.first().map_or(0, |&(cell, _)| cell);
    if let Ok(expected) = labels(&case["labels"]) {
        let ours: Vec<u32> = steps.iter().map(class).collect();
        ensure!(ours == expected, "{ours:?}, not {expected:?}");
        let sums: Vec<u32> = steps.iter().map(|step| step.len() as u32).collect();
        ensure!(sums == labels(&case["row_sums"])?, "other rows are zeros");
        return Ok(0.0);
    }
    let expected = lists(&case["labels"])?;
    let mut first = 0;
    for (block, expected) in expected.iter().enumerate() {
        let ours: Vec<u32> =
            steps.iter().filter_map(|step| step.get(block)).map(|&(cell, _)| cell - first).collect();
        ensure!(ours == *expected, "part {block}: {ours:?}, not {expected:?}");
        first += 90;
    }
    Ok(0.0)
}

fn from_tensor(case: &Value) -> Result<f64> {
    let Array { shape, values } = Array::need(&case["values"], "values")?;
    let converter = converter(&json!({ "type": "GrooveConverter", "args": { "numSteps": shape[0] } }))?;
    let qpm = case["qpm"].as_f64().context("no tempo")?;
    let ours = converter.from_steps(Written::Rows(&Rows { width: shape[1], values }), qpm)?;
    compare(&ours, &case["expect"], 4)
}

/// The cases of a checkpoint.
fn checkpoint(case: &Value, folder: &Path) -> Vec<(&'static str, Result<f64>)> {
    let name = case["checkpoint"].as_str().unwrap_or("?");
    let vae = match JsVae::load(&folder.join(name), |_| {}) {
        Ok(vae) => vae,
        Err(error) => return vec![("loading", Err(error))],
    };
    let mut parts =
        vec![("encoder", encoder(case, &vae).map(|found| found.1)), ("decoder", decoder(case, &vae, folder))];
    if case["interpolate3"].is_array() {
        parts.push(("interpolation", interpolation(case, &vae)));
    }
    parts
}

fn chords(case: &Value) -> Result<Vec<Option<Chord>>> {
    let figures = case["controls"]["chordProgression"].as_array().into_iter().flatten();
    figures.map(|figure| Ok(Chord::of_figure(figure.as_str().context("no figure")?)?)).collect()
}

fn grid(vae: &JsVae) -> u32 {
    if matches!(vae.js.converter, JsConverter::Multitrack(_)) { 24 } else { 4 }
}

/// The vectors of the inputs, and how far they are off.
fn encoder(case: &Value, vae: &JsVae) -> Result<(Vec<Vec<f32>>, f64)> {
    let expected = Array::need(&case["mu"], "mu")?;
    let (mut all, mut worst) = (Vec::new(), 0.0_f64);
    for (i, input) in list(&case["inputs"])?.iter().enumerate() {
        let mu = vae.encode(&sequence(input, grid(vae))?, &chords(case)?)?;
        worst = worst.max(close("mu", &mu, expected.part(i))?);
        all.push(mu);
    }
    Ok((all, worst))
}

fn decoder(case: &Value, vae: &JsVae, folder: &Path) -> Result<f64> {
    let place = case["z"].as_str().and_then(|text| text.strip_prefix("decoder.z of ")).context("no z")?;
    let doc: Value = serde_json::from_slice(&std::fs::read(folder.join(place)).context(place.to_owned())?)?;
    let z = Array::need(&doc["decoder"]["z"], "z")?;
    let values = Array::read(&case["decode_values"])?;
    let decoded = list(&case["decoded"])?;
    let mut worst = 0.0_f64;
    for (i, expected) in decoded.iter().enumerate() {
        match (vae.steps(z.part(i), &chords(case)?)?, &values) {
            (Steps::Rows { values: ours, .. }, Some(values)) => {
                worst = worst.max(close("value", &ours, values.part(i))?);
            }
            (Steps::Classes(blocks), _) => {
                for (block, ours) in blocks.iter().enumerate() {
                    let theirs = list(&case["decode_labels"][i])?.iter();
                    let theirs = theirs.map(|label| if label.is_array() { &label[block] } else { label });
                    let theirs: Vec<u32> =
                        theirs.map(|label| Ok(u32::try_from(count(label)?)?)).collect::<Result<_>>()?;
                    ensure!(*ours == theirs, "piece {i}, part {block}: {ours:?}, not {theirs:?}");
                }
            }
            _ => bail!("a decoder of another kind"),
        }
        worst = worst.max(notes(vae, z.part(i), case, expected)?);
    }
    Ok(worst)
}

fn notes(vae: &JsVae, z: &[f32], case: &Value, expected: &Value) -> Result<f64> {
    let qpm = expected["qpm"].as_f64().context("no tempo")?;
    compare(&vae.decode(z, &chords(case)?, qpm)?, expected, grid(vae))
}

fn interpolation(case: &Value, vae: &JsVae) -> Result<f64> {
    let (ends, _) = encoder(case, vae)?;
    let [a, b] = ends.as_slice() else { bail!("{} ends", ends.len()) };
    let expected = list(&case["interpolate3"])?;
    let mut worst = 0.0_f64;
    for (z, expected) in path(a, b, expected.len(), Blend::Line).iter().zip(expected) {
        worst = worst.max(notes(vae, z, case, expected)?);
    }
    Ok(worst)
}

// ---- MusicRNN ----

/// The largest difference.
fn continued(case: &Value, folder: &Path) -> Result<f64> {
    let folder = folder.join(case["checkpoint"].as_str().context("no checkpoint")?);
    let steps = count(&case["steps"])?;
    let input = sequence(&case["input"], 4)?;
    let (probabilities, ours) = continuation(&folder, &input, steps)?;
    let expected = Array::need(&case["probs"], "probabilities")?;
    let worst = close("probability", &probabilities, &expected.values)?;
    Ok(worst.max(compare(&ours, &case["expect"], 4)?))
}

/// The most likely continuation of music, and the probabilities of its steps.
pub fn continuation(folder: &Path, input: &NoteSequence, steps: usize) -> Result<(Vec<f32>, NoteSequence)> {
    let mut config = opened(folder)?.js.context("no config.json")?;
    config.data_converter.args.num_steps = None;
    let converter = js_converter(&config)?;
    let model = Model::from_checkpoint(import(folder, None, &mut |_| {}, &Cancel::default())?.checkpoint)?;
    let stack = model.stack().context("no layers")?;
    let mut state = stack.state(1);
    let mut logits = vec![0.0; stack.config().output];
    // A counter of steps follows the events, lowest bit first; the first step is 1.
    let bits = config.aux_inputs.first().and_then(|aux| aux.args.num_bits).unwrap_or(0);
    let (classes, mut fed) = (u32::try_from(logits.len())?, 0_usize);
    let mut feed = |mut step: SparseVector, logits: &mut [f32]| {
        fed += 1;
        let bit = |i: u32| (classes + i, if fed >> i & 1 == 1 { 1.0 } else { -1.0 });
        step.extend((0..u32::try_from(bits)?).map(bit));
        anyhow::Ok(stack.step(&mut state, &[&step], logits)?)
    };
    for step in converter.to_steps(input)? {
        feed(step, &mut logits)?;
    }
    let (mut all, mut classes) = (Vec::new(), Vec::new());
    for _ in 0..steps {
        let mut row = vec![0.0; logits.len()];
        math::softmax_into(&logits, 1.0, &mut row);
        all.extend_from_slice(&row);
        let mut best = 0;
        for (class, &value) in row.iter().enumerate() {
            if value > row[best] {
                best = class;
            }
        }
        let class = u32::try_from(best)?;
        classes.push(class);
        feed(vec![(class, 1.0)], &mut logits)?;
    }
    let qpm = input.tempos.first().map_or(120.0, |tempo| tempo.qpm);
    Ok((all, converter.from_steps(Written::Classes(&[classes]), qpm)?))
}
