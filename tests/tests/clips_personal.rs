//! A model of the musician's own through the built plugin: written by the lesson, chosen by a project, found again by a
//! new instance, and missed in words where it is not.

use anyhow::{Context as _, Result, anyhow, ensure};
use descant_core::music::{Clip, ClipKind, Note, TICKS_PER_QUARTER as Q};
use descant_core::tool::{Cancel, Take};
use descant_plugin::clips::document::Content;
use descant_plugin::library::{self, Own};
use descant_tests::clips::{generate, open};
use descant_tests::state;
use std::path::Path;
use std::sync::Arc;

const MODEL: &str = "cat-mel_2bar_small";

/// Four bars of quarters on three high keys.
fn tune(n: i64) -> Clip {
    let note = |i: i64| Note {
        start: i * Q,
        pitch: [81, 83, 86][((i * (n + 1)) % 3) as usize],
        length: Q,
        velocity: 90,
    };
    Clip { kind: ClipKind::Melody, notes: (0..16).map(note).collect(), length: 16 * Q, ..Clip::default() }
}

fn takes(project: &Content, settings: &[(&str, &str)]) -> Result<Vec<Arc<Take>>> {
    let mut host = open()?;
    let loaded = state::with_document(&host.save()?, project)?;
    host.load(&loaded)?;
    let usual = [("Model", "MusicVAE melody, 2 bars"), ("Variations", "8"), ("Generate bars", "2")];
    let made = generate(&mut host, &[&usual, settings].concat())?;
    Ok(made.entries.into_iter().map(|e| e.take).collect())
}

/// Mean pitch of all notes.
fn height(takes: &[Arc<Take>]) -> f64 {
    let pitches = takes.iter().flat_map(|t| &t.clip.notes).map(|n| f64::from(n.pitch));
    pitches.clone().sum::<f64>() / pitches.count().max(1) as f64
}

#[test]
fn a_model_of_ones_own_is_learnt_chosen_and_found_again() -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clips-personal");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    // SAFETY: this file holds one test; nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DESCANT_MODELS", &folder) };
    let own =
        Own { base: MODEL.into(), clips: (0..6).map(tune).collect(), name: "high and even".into(), seed: 5 };
    let mut losses = Vec::new();
    let learnt = library::personalise(&own, &Cancel::default(), &mut |_, loss| losses.extend(loss));
    let added = learnt.map_err(|why| anyhow!("{why}"))?;
    ensure!(added.weights == format!("{MODEL}.high-and-even"), "{}", added.weights);
    ensure!(losses.last() < losses.first(), "nothing was learnt: {losses:?}");

    let mut project = Content::default();
    project.weights.insert(MODEL.into(), added.weights.clone());
    let mine = takes(&project, &[])?;
    ensure!(mine.len() == 8 && mine.iter().all(|t| t.request.model == added.weights));
    let plain = takes(&project, &[("Personal amount", "0 %")])?;
    let base = takes(&Content::default(), &[("Model", "MusicVAE melody, 2 bars")])?;
    // The plain model comes first in the list only while it is alone.
    let notes = |all: &[Arc<Take>]| all.iter().map(|t| t.clip.notes.clone()).collect::<Vec<_>>();
    ensure!(base.iter().all(|t| t.request.model == MODEL), "{}", base[0].request.model);
    ensure!(notes(&plain) == notes(&base), "at 0 % it is the model that it was made from");
    ensure!(height(&mine) > height(&base) + 6.0, "{} {}", height(&mine), height(&base));
    let liked = mine.first().context("a take")?;
    ensure!(liked.request.latent.own == 1.0 && liked.origin.is_some());

    // Gone: the project says which weights it wants, and no other play instead.
    std::fs::remove_file(folder.join(format!("{}.safetensors", added.weights)))?;
    ensure!(takes(&project, &[])?.is_empty(), "other weights played");
    let missing = library::for_request(MODEL, Some("cat-mel_2bar_small.never here"));
    ensure!(missing.is_err_and(|why| why.contains("never here")));
    Ok(())
}
