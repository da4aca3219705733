//! Spectrogram files of the audio vectors: mel matrices, frequencies, transforms in both directions, whole sounds.
use super::c_forward::{count, flat, list, number};
use super::tensors::{Tensors, compare, compare_where, lcg, modulo_2, wide};
use super::{Outcome, Report};
use anyhow::{Context, Result, ensure};
use descant_core::model::gansynth::Normaliser;
use descant_core::sound::spectral::{
    Cell, Framing, MelBands, Sparse, Spectral, Variant, instantaneous_frequency, unwrap, wrapped_frequency,
};
use serde_json::Value;
use std::f64::consts::PI;
use std::path::Path;

/// Sound of all files has so many samples per second.
const RATE: f64 = 16_000.0;

/// Opens the file that `doc` names and notes what `check` finds, under the file's name.
pub(super) fn case(doc: &Value, report: &mut Report, check: fn(&Tensors) -> Result<f64>) {
    let path = Path::new(doc["file"].as_str().unwrap_or_default());
    let outcome = Tensors::read(path).and_then(|file| check(&file));
    let outcome = outcome.map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok);
    report.case(&path.file_stem().unwrap_or_default().to_string_lossy(), outcome);
}

/// The matrix that a key such as `256_128/W` names.
fn matrix(bands: &MelBands, which: &str) -> Sparse {
    if which == "W" { bands.to_mel().clone() } else { bands.from_mel().clone() }
}

/// `mel_matrix.safetensors`: every cell.
pub fn mel_matrix(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let mut worst = 0.0_f64;
        for name in file.names().filter_map(|name| name.strip_suffix("/row")) {
            let (size, which) = name.split_once('/').context("a matrix without a name")?;
            let (bins, mels) = size.split_once('_').context("a matrix without a size")?;
            let bands = MelBands::new(bins.parse()?, mels.parse()?, RATE)?;
            let matrix = matrix(&bands, which);
            let (rows, columns) =
                (file.positions(&format!("{name}/row"))?, file.positions(&format!("{name}/col"))?);
            let theirs: Vec<_> = rows.into_iter().zip(columns).collect();
            let ours: Vec<_> = matrix.cells().map(|(row, column, _)| (row, column)).collect();
            ensure!(ours == theirs, "{name}: other cells are not zero");
            let values: Vec<f64> = matrix.cells().map(|(.., value)| value).collect();
            worst = worst.max(compare(name, &values, &file.values(&format!("{name}/val"))?, 1e-10)?);
        }
        Ok(worst)
    });
}

/// `mel_matrix.json`: counts and sums.
pub fn mel_summary(doc: &Value, report: &mut Report) {
    for case in doc["matrices"].as_array().into_iter().flatten() {
        let key = case["key"].as_str().unwrap_or("?");
        let outcome = summary(case, key).map_or_else(|e| Outcome::Failed(format!("{e:#}")), Outcome::Ok);
        report.case(key, outcome);
    }
}

fn summary(case: &Value, key: &str) -> Result<f64> {
    let bands = MelBands::new(count(&case["bins"])?, count(&case["mels"])?, number(&case["sample_rate"])?)?;
    let matrix = matrix(&bands, key.split_once('/').context("no name")?.1);
    let cells: Vec<_> = matrix.cells().collect();
    ensure!(cells.len() == count(&case["nnz"])?, "{} cells", cells.len());
    let empty = |size: usize, at: fn(&(usize, usize, f64)) -> usize| {
        let mut seen = vec![false; size];
        cells.iter().for_each(|cell| seen[at(cell)] = true);
        seen.iter().filter(|seen| !**seen).count()
    };
    ensure!(empty(matrix.inputs(), |c| c.0) == count(&case["zero_rows"])?, "other rows are empty");
    ensure!(empty(matrix.outputs(), |c| c.1) == count(&case["zero_cols"])?, "other columns are empty");
    let ours = [
        cells.iter().map(|c| c.2).sum(),
        cells.iter().map(|c| c.2 * c.2).sum::<f64>().sqrt(),
        cells.iter().map(|c| c.2).fold(0.0, f64::max),
    ];
    let theirs = [number(&case["sum"])?, number(&case["frobenius"])?, number(&case["max"])?];
    let sums = compare("sum, norm or maximum", &ours, &theirs, 1e-9)?;
    let (first, last) = (flat(&case["first"])?, flat(&case["last"])?);
    let triples: Vec<f64> = cells.iter().flat_map(|c| [c.0 as f64, c.1 as f64, c.2]).collect();
    ensure!(triples.len() >= first.len().max(last.len()), "there are fewer cells");
    let head = compare("first cells", &triples[..first.len()], &first, 1e-10)?;
    Ok(sums.max(head).max(compare("last cells", &triples[triples.len() - last.len()..], &last, 1e-10)?))
}

/// `ifreq.safetensors`.
pub fn ifreq(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let phase = file.array("in/phase_f64")?;
        let bins = phase.shape.last().copied().unwrap_or(1);
        let run = |change: fn(&mut [f64], usize)| {
            let mut values = phase.values.clone();
            change(&mut values, bins);
            values
        };
        let unwrapped = run(unwrap);
        let mut worst = compare("unwrapped", &unwrapped, &file.values("out/unwrap_f64")?, 1e-12)?;
        for (name, change) in
            [("if", instantaneous_frequency as fn(&mut [f64], usize)), ("if_nounwrap", wrapped_frequency)]
        {
            let ours = run(change);
            let exact = file.values(&format!("out/{name}_f64"))?;
            worst = worst.max(compare(name, &ours, &exact, 1e-12)?);
            let single = file.values(&format!("out/{name}_f32"))?;
            compare_where(name, &ours, &single, 1e-5, modulo_2, |_| true)?;
        }
        let turns = |a: f64, b: f64| PI * modulo_2(a / PI, b / PI);
        compare_where("unwrapped", &unwrapped, &file.values("out/unwrap_f32")?, 1e-4, turns, |_| true)?;
        Ok(worst)
    });
}

fn spectral(file: &Tensors, mels: usize) -> Result<Spectral> {
    let shape = file.counts("spec_shape")?;
    let framing = Framing {
        fft: file.count("nfft")?,
        hop: file.count("nhop")?,
        frames: shape.first().copied().unwrap_or(0),
        samples: file.count("audio_length")?,
    };
    ensure!(shape.get(1) == Some(&framing.bins()), "bins {shape:?}");
    ensure!(framing.lead() == file.count("pad_left")?, "{} samples of silence", framing.lead());
    Ok(Spectral::new(framing, RATE, mels, Variant::Python)?)
}

fn cells(values: &[f64]) -> Vec<Cell> {
    values.as_chunks().0.to_vec()
}

fn channel(cells: &[Cell], which: usize) -> Vec<f64> {
    cells.iter().map(|cell| cell[which]).collect()
}

/// Logarithms and frequencies of `ours` against those of `theirs`, where `counts` says so.
fn image(
    what: &str,
    ours: &[Cell],
    theirs: &[Cell],
    tolerance: [f64; 2],
    counts: impl Fn(usize) -> bool,
) -> Result<f64> {
    let (a, b) = (channel(ours, 0), channel(theirs, 0));
    let log = compare_where(&format!("{what}, logarithm"), &a, &b, tolerance[0], |a, b| a - b, &counts)?;
    let (a, b) = (channel(ours, 1), channel(theirs, 1));
    let what = format!("{what}, frequency");
    Ok(log.max(compare_where(&what, &a, &b, tolerance[1], modulo_2, counts)?))
}

/// `specgrams_small.safetensors`, `specgrams_downscale2.safetensors`: all steps in both directions.
pub fn specgrams(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let bins = file.counts("spec_shape")?.get(1).copied().unwrap_or(0);
        let spectral = spectral(file, bins / file.count("mel_downscale")?.max(1))?;
        let framing = spectral.framing();
        let waves = file.array("in/wave")?;
        let mut worst = 0.0_f64;
        for (i, wave) in waves.values.chunks_exact(framing.samples).enumerate() {
            let part = |name: &str| file.array(name)?.part(i);
            let wave: Vec<f32> = wave.iter().map(|&x| x as f32).collect();
            let stft = spectral.stft(&wave)?;
            let (re, im) = (part("out/stft_re")?, part("out/stft_im")?);
            let ours: [Vec<f64>; 2] =
                [stft.iter().map(|c| c.re).collect(), stft.iter().map(|c| c.im).collect()];
            worst = worst.max(compare("real part", &ours[0], &re, 1e-5)?);
            worst = worst.max(compare("imaginary part", &ours[1], &im, 1e-5)?);

            let size: Vec<f64> = stft.iter().map(|c| c.norm()).collect();
            let loudest = size.iter().fold(0.0, |a: f64, &b| a.max(b));
            let heard = |i: usize| size[i] > 1e-3 * loudest;
            let spec = cells(&part("out/spec")?);
            worst = worst.max(image("spectrogram", &spectral.cells(&stft), &spec, [1e-4, 1e-3], heard)?);

            let mel = cells(&part("out/mel")?);
            worst = worst.max(image("mel", &spectral.to_mel(&spec)?, &mel, [1e-5, 1e-5], |_| true)?);
            let back = cells(&part("out/back_spec")?);
            worst = worst.max(image("from mel", &spectral.from_mel(&mel)?, &back, [1e-5, 1e-5], |_| true)?);

            let sounds = [
                ("out/wave_stft", spectral.sound(&stft)?),
                ("out/wave_spec", spectral.sound(&spectral.stft_of(&spec))?),
                ("out/wave_mel", spectral.render(&mel)?),
                ("out/wave_mel", spectral.sound(&spectral.stft_of(&spectral.from_mel(&mel)?))?),
            ];
            for (name, ours) in sounds {
                worst = worst.max(compare(name, &wide(&ours), &part(name)?, 1e-5)?);
            }
        }
        Ok(worst)
    });
}

/// `specgrams_full.safetensors`: a decaying tone at full size, there and back.
pub fn specgrams_full(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let bins = Framing::GANSYNTH.bins();
        let spectral = Spectral::new(Framing::GANSYNTH, RATE, bins, Variant::Python)?;
        let (f0, seed) = (file.number("f0")?, file.count("lcg_seed")?);
        let wave: Vec<f32> = (0..64_000)
            .zip(lcg(seed.try_into()?))
            .map(|(n, u)| {
                let t = f64::from(n) / RATE;
                let harmonics = (1..=8).map(|k| (2.0 * PI * f0 * f64::from(k) * t).sin() / f64::from(k));
                let level = (t / 0.01).min(1.0) * (-1.1 * t).exp() * 0.4;
                (level * harmonics.sum::<f64>() + 0.002 * (u - 0.5)) as f32
            })
            .collect();
        let every = |x: &[f32], step| wide(&x.iter().copied().step_by(step).collect::<Vec<_>>());
        let (step, theirs) = file.sampled("in/wave")?;
        compare("the tone", &every(&wave, step), &theirs.values, 1e-6)?;
        let stft = spectral.stft(&wave)?;
        let cells = spectral.cells(&stft);
        let mel = spectral.to_mel(&cells)?;
        let frames = file.positions("out/frames")?;
        let rows = |values: &[f64]| -> Vec<f64> {
            frames.iter().flat_map(|t| values[t * bins..(t + 1) * bins].to_vec()).collect()
        };
        let mut worst = 0.0_f64;
        let parts: [Vec<f64>; 3] = [
            stft.iter().map(|c| c.re).collect(),
            stft.iter().map(|c| c.im).collect(),
            stft.iter().map(|c| c.norm()).collect(),
        ];
        worst = worst.max(compare("real part", &rows(&parts[0]), &file.values("out/stft_re")?, 5e-5)?);
        worst = worst.max(compare("imaginary part", &rows(&parts[1]), &file.values("out/stft_im")?, 5e-5)?);
        let size = rows(&parts[2]);
        let (log, frequency) = (file.values("out/logmag")?, file.values("out/ifreq")?);
        let heard = |i: usize| size[i] > 1e-2;
        let plain = |a, b| a - b;
        worst = worst.max(compare_where("logarithm", &rows(&channel(&cells, 0)), &log, 1e-3, plain, heard)?);
        worst = worst.max(compare_where(
            "frequency",
            &rows(&channel(&cells, 1)),
            &frequency,
            1e-3,
            modulo_2,
            heard,
        )?);
        let (log, frequency) = (file.values("out/mel_logmag")?, file.values("out/mel_ifreq")?);
        worst = worst.max(compare("mel logarithm", &rows(&channel(&mel, 0)), &log, 2e-3)?);
        let heard = |i: usize| log[i].exp() > 1e-3;
        worst = worst.max(compare_where(
            "mel frequency",
            &rows(&channel(&mel, 1)),
            &frequency,
            1e-3,
            modulo_2,
            heard,
        )?);
        let means: Vec<f64> =
            channel(&mel, 0).chunks_exact(bins).map(|row| row.iter().sum::<f64>() / bins as f64).collect();
        worst = worst.max(compare("mean", &means, &file.values("out/mel_logmag_row_mean")?, 2e-3)?);
        let (step, theirs) = file.sampled("out/wave_from_mel")?;
        let back = every(&spectral.render(&mel)?, step);
        Ok(worst.max(compare("sound", &back, &theirs.values, 5e-5)?))
    });
}

/// The image of the full-size files, by their formula.
fn formula_image(file: &Tensors) -> Result<Vec<Cell>> {
    let peaks: Vec<f64> = list(&file.parameter("peaks")?)?.iter().map(number).collect::<Result<_>>()?;
    let seed = file.count("lcg_seed")?.try_into()?;
    let cell = |(i, u): (usize, f64)| {
        let (t, k) = (i / 1024, (i % 1024) as f64);
        let late = (t as f64 - 8.0).max(0.0);
        let peak = |(j, &peak): (usize, &f64)| 4.0 - 1.2 * j as f64 - 0.55 * (k - peak).abs() - 0.035 * late;
        let top = peaks.iter().enumerate().map(peak).fold(-11.0, f64::max);
        let m = top + 0.2 * (u - 0.5) - if t < 6 { 6.0 } else { 0.0 };
        let p = (0.5 * (k + 1.0) + 0.01 * (t % 7) as f64) % 2.0 - 1.0;
        [m, p].map(|x| f64::from(x as f32))
    };
    Ok((0..128 * 1024).zip(lcg(seed)).map(cell).collect())
}

/// `mel_inverse_full.safetensors`: sound of a mel image at full size.
pub fn mel_inverse_full(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let spectral = Spectral::new(Framing::GANSYNTH, RATE, 1024, Variant::Python)?;
        let mel = formula_image(file)?;
        let frames = file.positions("out/frames")?;
        let rows = |cells: &[Cell]| -> Vec<Cell> {
            frames.iter().flat_map(|t| cells[t * 1024..(t + 1) * 1024].to_vec()).collect()
        };
        let flat = |cells: Vec<Cell>| cells.as_flattened().to_vec();
        compare("the image", &flat(rows(&mel)), &file.values("in/image_frames")?, 2e-6)?;
        let linear = channel(&rows(&spectral.from_mel(&mel)?), 0);
        let worst = compare("logarithm", &linear, &file.values("out/logmag")?, 1e-5)?;
        let sound = wide(&spectral.render(&mel)?);
        let (step, expected) = file.sampled("out/wave")?;
        let ours: Vec<f64> = sound.iter().copied().step_by(step).collect();
        Ok(worst.max(compare("sound", &ours, &expected.values, 1e-5)?))
    });
}

/// `js_gansynth_inverse.safetensors`: the same in Magenta.js, from the image as the network gives it.
pub fn js_inverse(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let spectral = Spectral::new(Framing::GANSYNTH, RATE, 1024, Variant::MagentaJs)?;
        let normaliser = Normaliser::default();
        let network: Vec<[f32; 2]> = formula_image(file)?
            .into_iter()
            .map(|[m, p]| [m * normaliser.magnitude.0 + normaliser.magnitude.1, p * normaliser.frequency.0])
            .map(|cell| cell.map(|x| x as f32))
            .collect();
        let frame = wide(network[40 * 1024..41 * 1024].as_flattened());
        compare("the image", &frame, &file.values("in/image_frame40")?, 2e-6)?;
        let sound = spectral.render(&normaliser.cells(network.as_flattened()))?;
        ensure!(sound.len() == file.count("length")?, "{} samples", sound.len());
        let (step, theirs) = file.sampled("out/wave")?;
        let ours = wide(&sound.into_iter().step_by(step).collect::<Vec<_>>());
        compare("sound", &ours, &theirs.values, 1e-6)
    });
}

/// `normalizer.safetensors`.
pub fn normaliser(doc: &Value, report: &mut Report) {
    case(doc, report, |file| {
        let normaliser = Normaliser {
            magnitude: (file.number("mag_normalizer_a")?, file.number("mag_normalizer_b")?),
            frequency: (file.number("p_normalizer_a")?, file.number("p_normalizer_b")?),
        };
        ensure!(normaliser == Normaliser::default(), "not the released models' numbers");
        let x = file.values("in/x")?;
        let relative = |a: f64, b: f64| (a - b) / b.abs().max(1.0);
        let network = wide(&normaliser.network(&cells(&x)));
        let forward =
            compare_where("normalised", &network, &file.values("out/normalized")?, 1e-5, relative, |_| true)?;
        let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let back = normaliser.cells(&single).as_flattened().to_vec();
        let theirs = file.values("out/denormalized")?;
        Ok(forward.max(compare_where("de-normalised", &back, &theirs, 1e-5, relative, |_| true)?))
    });
}
