//! `descant golden`: runs every golden file of a folder against the library.
//!
//! [`FILES`] maps a file's name to the code that understands it. Formats and tolerances: `README.md` beside
//! the files. Never writes; a file it does not know is a failure, so nothing is passed over in silence.
mod a_quantise;
mod a_sheets;
mod audio_gansynth;
mod audio_spectral;
mod b_chords;
mod b_conditional;
mod b_encodings;
mod c_forward;
mod c_inputs;
mod c_nade;
mod d_checkpoints;
mod e_loglik;
mod f_generate;
mod f_generate_voices;
mod js_cases;
mod js_checkpoints;
mod js_model;
mod js_music;
mod midime;
mod others;
mod report;
mod rnn_case;
mod stored;
mod studio_cases;
mod tensors;
mod vae_array;
mod vae_cases;
mod vae_converters;
mod vae_forward;
mod vae_interpolation;
mod voices;

pub use report::{Outcome, Report};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Options of `descant golden`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with golden files; sub-folders are included
    #[arg(default_value = "tests/golden")]
    dir: PathBuf,
    /// Skip cases whose operation, family or configuration is not built yet, instead of failing
    #[arg(long)]
    known_only: bool,
}

/// One kind of golden file.
struct File {
    /// Name of the file.
    name: &'static str,
    /// Runs its cases.
    run: fn(&Value, &mut Report),
    /// Files and folders beside it that its cases read.
    refers: &'static [&'static str],
}

/// Every golden file we know.
const FILES: &[File] = &[
    File { name: "a_quantise_extract.json", run: a_quantise::run, refers: &[] },
    File { name: "b_chords.json", run: b_chords::run, refers: &[] },
    File { name: "b_encodings.json", run: b_encodings::run, refers: &[] },
    File { name: "c_forward_full.json", run: c_forward::run_full, refers: &[] },
    File { name: "c_forward_small.json", run: c_forward::run_small, refers: &[] },
    File { name: "c_nade.json", run: c_nade::run, refers: &[] },
    File { name: "case.json", run: vae_forward::run, refers: &["ckpt"] },
    File { name: "c_weight_formula.json", run: c_forward::run_formula, refers: &[] },
    File { name: "d_checkpoints.json", run: d_checkpoints::run, refers: &["ckpt"] },
    File { name: "e_loglik.json", run: e_loglik::run, refers: &[] },
    File { name: "f_generate.json", run: f_generate::run, refers: &[] },
    File { name: "converters_melody.json", run: vae_converters::run, refers: &[] },
    File { name: "converters_drums.json", run: vae_converters::run, refers: &[] },
    File { name: "converters_groove.json", run: vae_converters::run, refers: &[] },
    File { name: "converters_trio.json", run: vae_converters::run, refers: &[] },
    File { name: "converters_multiperf.json", run: vae_converters::run, refers: &[] },
    File { name: "interpolation.json", run: vae_interpolation::run, refers: &[] },
    File { name: "weights_manifest.json", run: js_checkpoints::run, refers: &[] },
    File { name: "dequantized.json", run: js_checkpoints::run_dequantised, refers: &[] },
    File { name: "js_cases.json", run: js_cases::run, refers: &[] },
    File { name: "midime.json", run: midime::run, refers: &[] },
    File { name: "studio_cases.json", run: studio_cases::run, refers: &[] },
    File { name: "combine_notes.safetensors", run: audio_gansynth::combine_notes, refers: &[] },
    File { name: "generator_depth7.safetensors", run: audio_gansynth::generator, refers: &[] },
    File { name: "generator_small.safetensors", run: audio_gansynth::generator, refers: &[] },
    File { name: "generator_truesize.safetensors", run: audio_gansynth::generator_truesize, refers: &[] },
    File { name: "note_rendering.json", run: audio_gansynth::note_rendering, refers: &[] },
    File { name: "ifreq.safetensors", run: audio_spectral::ifreq, refers: &[] },
    File { name: "js_gansynth_inverse.safetensors", run: audio_spectral::js_inverse, refers: &[] },
    File { name: "mel_inverse_full.safetensors", run: audio_spectral::mel_inverse_full, refers: &[] },
    File { name: "mel_matrix.json", run: audio_spectral::mel_summary, refers: &[] },
    File { name: "mel_matrix.safetensors", run: audio_spectral::mel_matrix, refers: &[] },
    File { name: "normalizer.safetensors", run: audio_spectral::normaliser, refers: &[] },
    File { name: "specgrams_downscale2.safetensors", run: audio_spectral::specgrams, refers: &[] },
    File { name: "specgrams_full.safetensors", run: audio_spectral::specgrams_full, refers: &[] },
    File { name: "specgrams_small.safetensors", run: audio_spectral::specgrams, refers: &[] },
];

/// Runs all files under `args.dir` and prints one line each.
///
/// # Errors
/// If a case fails, a file is unknown or unreadable, or there was no case at all.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut paths = Vec::new();
    collect(&args.dir, &mut paths).with_context(|| format!("cannot list {}", args.dir.display()))?;
    let mut explained = BTreeSet::new();
    let mut unknown = Vec::new();
    let (mut ran, mut skipped, mut failed) = (0, 0, 0);
    for path in &paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "README.md" {
            continue;
        }
        let Some(file) = FILES.iter().find(|f| f.name == name) else {
            unknown.push(path);
            continue;
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut report = Report::new(args.known_only, folder.clone());
        explained.extend(file.refers.iter().map(|r| folder.join(r)));
        match read(path) {
            Ok(doc) => (file.run)(&doc, &mut report),
            Err(error) => report.case("(file)", Outcome::Failed(format!("{error:#}"))),
        }
        explained.extend(report.used().iter().map(|name| folder.join(name)));
        println!("{}: {report}", path.display());
        for line in report.absent() {
            println!("  SKIPPED {line}");
        }
        for line in report.failures() {
            println!("  FAILED {line}");
        }
        ran += report.ok();
        skipped += report.skipped();
        failed += report.failures().len();
    }
    unknown.retain(|p| !explained.iter().any(|e| p.starts_with(e)));
    for path in &unknown {
        println!("{}: UNKNOWN, no code reads it", path.display());
    }
    println!("total: {ran} ok, {skipped} skipped, {failed} failed, {} unknown files", unknown.len());
    ensure!(failed == 0 && unknown.is_empty(), "golden vectors do not match");
    if ran + skipped == 0 {
        bail!("no case at all in {}", args.dir.display());
    }
    Ok(())
}

fn collect(dir: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), into)?;
        } else {
            into.push(entry.path());
        }
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Value> {
    if path.extension().is_some_and(|e| e == "safetensors") {
        // Its arrays are for the code that runs it.
        return Ok(serde_json::json!({ "file": path }));
    }
    let doc: Value = serde_json::from_slice(&std::fs::read(path)?).context("is not JSON")?;
    // The files of the latent models do not say which format they are.
    ensure!(doc.get("format").is_none_or(|f| f == 1), "has format {}, expected 1", doc["format"]);
    // The vectors of MusicVAE have no such number.
    ensure!(doc["format"] == 1 || doc["format"].is_null(), "has format {}, expected 1", doc["format"]);
    Ok(doc)
}
