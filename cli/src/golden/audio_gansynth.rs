//! GANSynth files of the audio vectors: the network with its sound, instruments along a piece, notes put together. Burn's
//! network and the shaders are held to the same images ([`super::others`]).
use super::audio_spectral::case;
use super::c_forward::{count, flat, list, number};
use super::others::{Others, report_absent};
use super::tensors::{Tensors, compare, lcg, wide};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::model::gansynth::{Anchors, GanSynth, Normaliser, Shape, alphas, instruments, slerp};
use descant_core::nn::conv::Alone;
use descant_core::nn::{Tensor, Weights};
use descant_core::sound::combine::{Note, combine, envelope};
use descant_core::tool::Cancel;
use serde_json::Value;
use std::f64::consts::PI;

fn shape(file: &Tensors) -> Result<Shape> {
    let start = file.counts("start")?;
    let shape = Shape {
        latent: file.count("latent")?,
        pitches: file.count("num_pitches")?.try_into()?,
        start: start.try_into().ok().context("not two sizes")?,
        channels: file.counts("channels")?,
        samples: file.count("audio_length")?,
        ..Shape::released()
    };
    let framing = shape.framing();
    ensure!(file.counts("final")? == shape.image(), "the image is {:?}", shape.image());
    ensure!(file.count("num_resolutions")? == shape.channels.len(), "{} blocks", shape.channels.len());
    ensure!((framing.fft, framing.hop) == (file.count("nfft")?, file.count("nhop")?), "{framing:?}");
    ensure!(framing.lead() == file.count("pad_left")?, "{} samples of silence", framing.lead());
    Ok(shape)
}

fn names(weights: &Weights, shape: &Shape) -> Result<()> {
    let mut ours = shape.variables();
    ours.sort();
    let theirs: Vec<_> = weights.iter().map(|(name, t)| (name.to_owned(), t.shape.clone())).collect();
    ensure!(ours == theirs, "the variables are {theirs:?}, not {ours:?}");
    Ok(())
}

/// Some rows of an image.
fn rows(image: &[f32], width: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|y| wide(&image[y * width * 2..(y + 1) * width * 2])).collect()
}

/// Compares a sound with every `step`-th sample of another, within `share` of its largest magnitude.
fn sound(ours: &[f32], step: usize, theirs: &[f64], share: f64) -> Result<f64> {
    let largest = theirs.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    let ours: Vec<f32> = ours.iter().copied().step_by(step).collect();
    Ok(compare("sound", &wide(&ours), theirs, share * largest)? / largest)
}

/// Compares the loudness of a sound.
fn loudness(ours: &[f32], theirs: f64, share: f64) -> Result<()> {
    let squares: f64 = ours.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let rms = (squares / ours.len() as f64).sqrt();
    ensure!((rms - theirs).abs() <= share * theirs, "a loudness of {rms}, not {theirs}");
    Ok(())
}

/// `generator_small.safetensors`, `generator_depth7.safetensors`: weights in the file, several stages of training.
pub fn generator(doc: &Value, report: &mut Report) {
    report_absent(report, false);
    case(doc, report, |file| {
        let (shape, weights) = (shape(file)?, file.weights()?);
        names(&weights, &shape)?;
        let normaliser = Normaliser {
            magnitude: (file.number("mag_normalizer_a")?, file.number("mag_normalizer_b")?),
            frequency: (file.number("p_normalizer_a")?, file.number("p_normalizer_b")?),
        };
        let (z, labels) = (file.floats("in/z")?, file.positions("in/label")?);
        let mut worst = 0.0_f64;
        for prefix in file.names().filter_map(|name| name.strip_suffix("/alpha")) {
            let progress: f64 = prefix.strip_prefix("out/p").context("no progress")?.parse()?;
            let ours = alphas(progress, shape.channels.len());
            compare("share", &ours, &file.values(&format!("{prefix}/alpha"))?, 1e-6)?;
            let model = GanSynth::new(shape.clone(), normaliser, &weights, progress)?;
            let others = Others::load(&shape, &weights, progress, model.generator())?;
            for (i, (z, label)) in z.chunks_exact(shape.latent).zip(&labels).enumerate() {
                let off = note(file, prefix, (&model, &others), z, *label, i);
                worst = worst.max(off.with_context(|| format!("progress {progress}, note {i}"))?);
            }
        }
        Ok(worst)
    });
}

/// One note of a generator file, in full or in parts.
fn note(
    file: &Tensors,
    prefix: &str,
    (model, others): (&GanSynth, &Others),
    z: &[f32],
    label: usize,
    i: usize,
) -> Result<f64> {
    let sampled = |name: &str| -> Result<(usize, Vec<f64>)> {
        let (step, array) = file.sampled(&format!("{prefix}/{name}"))?;
        Ok((step, array.part(i)?))
    };
    let part = |name: &str| file.array(&format!("{prefix}/{name}"))?.part(i);
    let pitch = model.shape().lowest + u8::try_from(label)?;
    let image = model.generator().image(z, pitch, &Alone, &Cancel::default())?;
    let ours = model.note(z, pitch, &Alone, &Cancel::default())?;
    let [_, width] = model.shape().image();
    if let Ok(expected) = part("image") {
        let off = compare("image", &wide(&image), &expected, 5e-5)?;
        others.compare(z, pitch, |image| compare("image", &wide(image), &expected, 5e-5))?;
        let cells = model.normaliser().cells(&image).as_flattened().to_vec();
        // The channel of magnitudes is stretched by 15.
        compare("de-normalised image", &cells, &part("denorm")?, 5e-5 * 16.0)?;
        return Ok(off.max(sound(&ours, 1, &part("wave")?, 1e-4)?));
    }
    let which = file.positions(&format!("{prefix}/rows"))?;
    let expected = part("image_rows")?;
    let off = compare("image", &rows(&image, width, &which), &expected, 2e-4)?;
    others.compare(z, pitch, |image| compare("image", &rows(image, width, &which), &expected, 2e-4))?;
    loudness(
        &ours,
        file.values(&format!("{prefix}/wave_rms"))?.get(i).copied().context("no loudness")?,
        1e-3,
    )?;
    let (step, theirs) = sampled("wave_every")?;
    Ok(off.max(sound(&ours, step, &theirs, 1e-3)?))
}

/// `generator_truesize.safetensors`: the size of the released models, weights by rule.
pub fn generator_truesize(doc: &Value, report: &mut Report) {
    report_absent(report, true);
    case(doc, report, |file| {
        let shape = Shape::released();
        let seed = u32::try_from(file.count("weight_base_seed")?)?;
        let mut variables = shape.variables();
        variables.sort();
        ensure!(variables.len() == file.count("num_variables")?, "{} variables", variables.len());
        let weights: Weights = (seed..)
            .zip(variables)
            .map(|(seed, (name, shape))| {
                let scale = if name.ends_with("kernel") { 3.0_f64.sqrt() } else { 0.2 };
                let values = lcg(seed).map(|u| (scale * (2.0 * u - 1.0)) as f32);
                let values = values.take(shape.iter().product()).collect();
                (name, Tensor::f32(shape, values))
            })
            .collect();
        let z: Vec<f32> =
            lcg(seed + 900).map(|u| (12.0_f64.sqrt() * (u - 0.5)) as f32).take(shape.latent).collect();
        let pitch = shape.lowest + u8::try_from(file.count("label")?)?;
        let finished = shape.finished();
        let model = GanSynth::new(shape.clone(), Normaliser::default(), &weights, finished)?;
        let others = Others::load(&shape, &weights, finished, model.generator())?;
        let image = model.generator().image(&z, pitch, &Alone, &Cancel::default())?;
        let (which, expected) = (file.positions("out/rows")?, file.values("out/image_rows")?);
        let mut worst = compare("image", &rows(&image, 1024, &which), &expected, 1e-4)?;
        others.compare(&z, pitch, |image| compare("image", &rows(image, 1024, &which), &expected, 1e-4))?;
        let mean = |row: &[f32], which: usize| {
            row.iter().skip(which).step_by(2).map(|&x| f64::from(x)).sum::<f64>() / 1024.0
        };
        let means: Vec<f64> = image.chunks_exact(2048).flat_map(|row| [mean(row, 0), mean(row, 1)]).collect();
        worst = worst.max(compare("mean of a row", &means, &file.values("out/image_row_mean")?, 1e-4)?);
        let ours = model.note(&z, pitch, &Alone, &Cancel::default())?;
        loudness(&ours, file.number("wave_rms")?, 2e-3)?;
        let (step, theirs) = file.sampled("out/wave_every")?;
        Ok(worst.max(sound(&ours, step, &theirs.values, 2e-3)?))
    });
}

/// `note_rendering.json`.
pub fn note_rendering(doc: &Value, report: &mut Report) {
    type Check = fn(&Value) -> Result<f64>;
    let parts: [(&str, Check); 4] =
        [("slerp", slerps), ("z_notes", along), ("envelope", envelopes), ("random_instruments", counts)];
    for (part, check) in parts {
        let outcome = check(&doc[part]).map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok);
        report.case(part, outcome);
    }
}

/// Tolerance of all numbers of `note_rendering.json`.
const EXACT: f64 = 1e-12;

fn slerps(doc: &Value) -> Result<f64> {
    let mut worst = 0.0_f64;
    for case in list(doc)? {
        let ours = slerp(&flat(&case["p0"])?, &flat(&case["p1"])?, number(&case["t"])?);
        worst = worst.max(compare("vector", &ours, &flat(&case["out"])?, EXACT)?);
    }
    Ok(worst)
}

fn along(doc: &Value) -> Result<f64> {
    let vectors = list(&doc["z_instruments"])?.iter().map(flat).collect::<Result<Vec<_>>>()?;
    let (times, latent) = (flat(&doc["t_instruments"])?, vectors.first().map_or(0, Vec::len));
    let even = Anchors::random(number(&doc["total_time"])?, 2.0, latent, 0);
    let mut worst = compare("time", even.times(), &times, EXACT)?;
    let anchors = Anchors::new(times, vectors).context("too few anchors")?;
    for (start, expected) in flat(&doc["start_times"])?.into_iter().zip(list(&doc["out"])?) {
        worst = worst.max(compare("vector", &anchors.at(start), &flat(expected)?, EXACT)?);
    }
    Ok(worst)
}

fn envelopes(doc: &Value) -> Result<f64> {
    let mut worst = 0.0_f64;
    for case in list(doc)? {
        let ours = envelope(number(&case["note_length"])?);
        ensure!(ours.len() == count(&case["total"])?, "{} samples", ours.len());
        compare("sum", &[ours.iter().sum()], &[number(&case["sum"])?], 1e-8)?;
        for sample in list(&case["samples"])? {
            let ours = ours.get(count(&sample[0])?).copied().context("too short")?;
            worst = worst.max(compare("sample", &[ours], &[number(&sample[1])?], EXACT)?);
        }
    }
    Ok(worst)
}

fn counts(doc: &Value) -> Result<f64> {
    for case in list(doc)? {
        let ours = instruments(number(&case["total_time"])?, number(&case["secs"])?);
        ensure!(ours == count(&case["n"])?, "{ours} instruments for {case}");
    }
    Ok(0.0)
}

/// `combine_notes.safetensors`.
pub fn combine_notes(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let parts =
            ["start", "end", "velocity", "freq", "tau"].map(|part| file.values(&format!("in/{part}")));
        let [start, end, velocity, frequency, decay] = parts;
        let (start, end, velocity, frequency, decay) = (start?, end?, velocity?, frequency?, decay?);
        let tone = |(&frequency, &decay): (&f64, &f64)| -> Vec<f32> {
            let at = |n: i32| {
                let t = f64::from(n) / 16_000.0;
                ((2.0 * PI * frequency * f64::from(n) / 16_000.0).sin() * (-t / decay).exp()) as f32
            };
            (0..64_000).map(at).collect()
        };
        let tones: Vec<Vec<f32>> = frequency.iter().zip(&decay).map(tone).collect();
        let notes: Vec<Note<'_>> = (0..tones.len())
            .map(|i| Note { sound: &tones[i], start: start[i], end: end[i], velocity: velocity[i] as u8 })
            .collect();
        let ours = combine(&notes)?;
        ensure!(ours.len() == file.count("length")?, "{} samples", ours.len());
        let sums = [
            ours.iter().fold(f64::MIN, |a, &b| a.max(b)),
            ours.iter().fold(f64::MAX, |a, &b| a.min(b)),
            ours.iter().sum(),
            ours.iter().map(|x| x * x).sum(),
        ];
        let theirs = [file.number("max")?, file.number("min")?, file.number("sum")?, file.number("sumsq")?];
        compare("sum", &sums, &theirs, 1e-6)?;
        let (step, theirs) = file.sampled("out/clip")?;
        let ours: Vec<f64> = ours.into_iter().step_by(step).collect();
        compare("sound", &ours, &theirs.values, 1e-9)
    });
}
