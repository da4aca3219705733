//! `fwd_*/case.json`: MusicVAE and GrooVAE networks from TensorFlow checkpoints, encoder and decoder.
//!
//! Each file gives three cases: the encoder, teacher forcing and mode decoding; every piece must be the same alone.
use super::c_forward::{count, list};
use super::vae_array::Array;
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::checkpoint;
use descant_core::codec::encoding::SparseVector;
use descant_core::model::music_vae::{
    DecodeOptions, Decoder, Encoder, Example, Head, MusicVae, Shape, Steps,
};
use descant_core::nn::Storage;
use descant_core::tool::Cancel;
use serde_json::Value;

/// Tolerance: absolute, and relative to the expected value.
const TOLERANCE: (f64, f64) = (2e-5, 1e-4);

/// Runs all parts of a case.
pub fn run(doc: &Value, report: &mut Report) {
    let name = doc["name"].as_str().unwrap_or("?").to_owned();
    let loaded = load(doc, report);
    type Check = fn(&Case<'_>) -> Result<f64>;
    let parts: [(&str, Check); 3] =
        [("encoder", encoder), ("teacher forcing", teacher_forcing), ("mode decode", mode_decode)];
    for (part, check) in parts {
        let outcome = match &loaded {
            Ok(case) => check(case).map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        report.case(&format!("{name}, {part}"), outcome);
    }
}

/// A case, ready to run.
struct Case<'a> {
    doc: &'a Value,
    model: MusicVae,
    batch: usize,
}

fn load<'a>(doc: &'a Value, report: &Report) -> Result<Case<'a>> {
    let shape = shape(&doc["hparams"])?;
    let named: Vec<(String, Vec<usize>)> = list(&doc["variables"])?
        .iter()
        .map(|v| {
            let name = v["name"].as_str().or(v[0].as_str()).context("a variable without name")?;
            let shape = if v["shape"].is_array() { &v["shape"] } else { &v[1] };
            Ok((name.to_owned(), list(shape)?.iter().map(count).collect::<Result<_>>()?))
        })
        .collect::<Result<_>>()?;
    let mut ours = shape.variables();
    let mut theirs: Vec<_> = named.into_iter().filter(|(name, _)| name != "global_step").collect();
    ours.sort();
    theirs.sort();
    ensure!(ours == theirs, "the variables are {theirs:?}, not {ours:?}");
    let path = report.folder().join("ckpt/model.ckpt");
    let opened = checkpoint::open(&path, &mut |_| {}, &Cancel::default())?;
    ensure!(opened.step == doc["global_step"].as_i64(), "training step {:?}", opened.step);
    ensure!(opened.weights.len() == ours.len(), "{} tensors in the checkpoint", opened.weights.len());
    let model = MusicVae::new(shape, &opened.weights, Storage::F32)?;
    Ok(Case { doc, model, batch: count(&doc["batch"])? })
}

fn shape(hparams: &Value) -> Result<Shape> {
    let units = |key: &str| list(&hparams[key])?.iter().map(count).collect::<Result<Vec<_>>>();
    let depths = if hparams["depths"].is_array() { Some(units("depths")?) } else { None };
    let segments = |kind: &str, levels: &str, index: usize| match hparams[kind] == "hierarchical" {
        true => count(&hparams[levels][index]),
        false => Ok(1),
    };
    let decoder_segments = segments("dec", "dec_levels", 0)?;
    let output = count(&hparams["out_depth"])?;
    let head = match hparams["head"].as_str().context("no head")? {
        "nade" => Head::Nade { hidden: count(&hparams["nade_hidden"])?, keys: output },
        "groove" => Head::Groove { drums: output / 3 },
        _ => Head::Categorical(depths.clone().unwrap_or_else(|| vec![output])),
    };
    Ok(Shape {
        encoder: Encoder { units: units("enc_rnn")?, segments: segments("enc", "enc_levels", 1)? },
        decoder: Decoder {
            units: units("dec_rnn")?,
            segments: decoder_segments,
            split: decoder_segments > 1 && depths.is_some(),
        },
        head,
        z: count(&hparams["z"])?,
        input: count(&hparams["in_depth"])?,
        control: count(&hparams["ctl"])?,
        steps: count(&hparams["seq_len"])?,
    })
}

/// Rows of numbers as lists of those that are not zero.
fn sparse(rows: &[f32], width: usize) -> Vec<SparseVector> {
    let row = |row: &[f32]| (0..).zip(row).filter(|(_, v)| **v != 0.0).map(|(i, &v)| (i, v)).collect();
    rows.chunks_exact(width).map(row).collect()
}

/// The control of every step; none if the model takes none.
fn control(value: &Value) -> Result<Vec<SparseVector>> {
    Ok(Array::read(value)?.map_or_else(Vec::new, |array| sparse(&array.values, array.shape[1])))
}

/// Classes of every step of each piece: a number, or one per block.
fn classes(labels: &Value) -> Result<Vec<Steps>> {
    let piece = |steps: &Value| -> Result<Steps> {
        let mut blocks: Vec<Vec<u32>> = Vec::new();
        for step in list(steps)? {
            let single = std::slice::from_ref(step);
            let classes = step.as_array().map_or(single, Vec::as_slice);
            blocks.resize(classes.len(), Vec::new());
            for (block, class) in blocks.iter_mut().zip(classes) {
                block.push(u32::try_from(count(class)?)?);
            }
        }
        Ok(Steps::Classes(blocks))
    };
    list(labels)?.iter().map(piece).collect()
}

/// Rows of every step of each piece.
fn rows(array: &Array) -> Vec<Steps> {
    let width = array.shape.last().copied().unwrap_or(1);
    (0..array.shape[0]).map(|i| Steps::Rows { values: array.part(i).to_vec(), width }).collect()
}

/// Largest difference, or which value is off by more than the tolerance.
fn compare(what: &str, ours: &[f32], expected: &[f32]) -> Result<f64> {
    ensure!(ours.len() == expected.len(), "{} {what}s, not {}", ours.len(), expected.len());
    let mut worst = 0.0_f64;
    for (i, (&a, &b)) in ours.iter().zip(expected).enumerate() {
        let (a, b) = (f64::from(a), f64::from(b));
        let off = (a - b).abs();
        // Written so that a NaN fails.
        ensure!(off <= TOLERANCE.0 + TOLERANCE.1 * b.abs(), "{what} {i} is {a}, not {b}");
        worst = worst.max(off);
    }
    Ok(worst)
}

/// What the encoder reads, in full length.
fn encoder_steps(case: &Case) -> Result<Vec<Vec<SparseVector>>> {
    let encoder = &case.doc["encoder"];
    if let Some(array) = Array::read(&encoder["input"])? {
        return Ok((0..case.batch).map(|i| sparse(array.part(i), array.shape[2])).collect());
    }
    let shape = case.model.shape();
    let mut all = Vec::new();
    for piece in classes(&encoder["labels"])? {
        let mut steps = vec![SparseVector::new(); piece.len()];
        for (i, cells) in steps.iter_mut().enumerate() {
            piece.cells(i, &shape.head, cells);
        }
        all.push(steps);
    }
    Ok(all)
}

fn encoder(case: &Case) -> Result<f64> {
    let (expected, shape) = (&case.doc["encoder"], case.model.shape());
    let control = control(&expected["control"])?;
    let (parts, width) = (shape.encoder.segments, u32::try_from(shape.input)?);
    let mut examples = Vec::new();
    for (steps, lengths) in encoder_steps(case)?.into_iter().zip(list(&expected["lengths"])?) {
        let example = Example::cut(steps, parts).context("it cannot be cut in parts")?;
        let mut example = example.with_control(width, &control);
        for (i, part) in example.segments.iter_mut().enumerate() {
            let length = match lengths.is_array() {
                true => count(&lengths[i])?,
                false => count(lengths)?.min(part.len()),
            };
            part.truncate(length);
        }
        examples.push(example);
    }
    let encode = |examples: &[Example]| case.model.encode(examples, &Cancel::default(), &mut |_| {});
    let found = encode(&examples)?;
    let mut worst = 0.0_f64;
    for (name, pick) in [("mu", 0), ("sigma", 1)] {
        let expected = Array::need(&expected[name], name)?;
        let ours: Vec<f32> =
            found.iter().flat_map(|p| if pick == 0 { &p.mu } else { &p.sigma }).copied().collect();
        worst = worst.max(compare(name, &ours, &expected.values)?);
    }
    for (example, posterior) in examples.iter().zip(&found) {
        ensure!(encode(std::slice::from_ref(example))?[0] == *posterior, "another result alone");
    }
    Ok(worst)
}

/// The vectors and, for each, the control of its steps.
fn vectors(case: &Case) -> Result<(Array, Vec<SparseVector>)> {
    let decoder = &case.doc["decoder"];
    Ok((Array::need(&decoder["z"], "z")?, control(&decoder["control"])?))
}

fn teacher_forcing(case: &Case) -> Result<f64> {
    let expected = &case.doc["decoder"]["teacher_forcing"];
    let (z, control) = vectors(case)?;
    let z: Vec<&[f32]> = (0..case.batch).map(|i| z.part(i)).collect();
    let controls = vec![control.as_slice(); if control.is_empty() { 0 } else { case.batch }];
    let source = if expected["target"].is_string() { &case.doc["encoder"] } else { expected };
    let targets = match case.model.shape().head {
        Head::Categorical(_) => classes(&source["labels"])?,
        _ => {
            let target = if expected["target"].is_string() { &source["input"] } else { &expected["target"] };
            rows(&Array::need(target, "target")?)
        }
    };
    let outputs = Array::need(&expected["outputs"], "outputs")?;
    let losses = Array::need(&expected["loss_per_sequence"], "losses")?;
    let cancel = Cancel::default();
    let found = case.model.forward(&z, &targets, &controls, &cancel, &mut |_| {})?;
    let mut worst = 0.0_f64;
    for (i, forward) in found.iter().enumerate() {
        worst = worst.max(compare(&format!("output of piece {i}"), &forward.outputs, outputs.part(i))?);
        compare("loss", &[forward.loss as f32], losses.part(i))?;
    }
    Ok(worst)
}

fn mode_decode(case: &Case) -> Result<f64> {
    let expected = &case.doc["decoder"]["mode_decode"];
    let (z, control) = vectors(case)?;
    let z: Vec<&[f32]> = (0..case.batch).map(|i| z.part(i)).collect();
    let pieces = match case.model.shape().head {
        Head::Categorical(_) => classes(&expected["labels"])?,
        _ => rows(&Array::need(&expected["samples"], "samples")?),
    };
    let outputs = Array::need(&expected["outputs"], "outputs")?;
    let length = pieces.first().map_or(0, Steps::len);
    let decode = |z: &[&[f32]]| {
        let controls = vec![control.as_slice(); if control.is_empty() { 0 } else { z.len() }];
        let options = DecodeOptions { temperature: 0.0, seeds: &[], controls: &controls, length };
        let mut seen = vec![Vec::new(); z.len()];
        let found =
            case.model.decode_seen(z, &options, &Cancel::default(), &mut |_| {}, &mut |piece, _, outputs| {
                seen[piece].extend_from_slice(outputs)
            });
        found.map(|found| (found, seen))
    };
    let (found, seen) = decode(&z)?;
    let mut worst = 0.0_f64;
    for (i, (ours, theirs)) in found.iter().zip(&pieces).enumerate() {
        match (ours, theirs) {
            (Steps::Rows { values: ours, .. }, Steps::Rows { values: theirs, .. }) => {
                worst = worst.max(compare(&format!("value of piece {i}"), ours, theirs)?);
            }
            _ => ensure!(ours == theirs, "piece {i} is {ours:?}, not {theirs:?}"),
        }
        worst = worst.max(compare(&format!("output of piece {i}"), &seen[i], outputs.part(i))?);
        let (alone, _) = decode(&z[i..=i])?;
        ensure!(alone[0] == *ours, "piece {i} is another one alone");
    }
    Ok(worst)
}
