//! The tools whose weights the musician brings: found in the user's folder and used without being chosen. The weights
//! here are made by a formula, so only what the tools promise is checked, not the music.

use anyhow::{Context as _, Result, ensure};
use descant_core::checkpoint::save_file;
use descant_core::model::{Card, find};
use descant_core::music::{Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER as Q, Ticks};
use descant_core::nn::formula;
use descant_core::tool::Take;
use descant_plugin::clips::document::{Content, Primer};
use descant_plugin::gui::view::PrimerOrigin;
use descant_tests::clips::{generate, open};
use descant_tests::state;
use std::path::Path;
use std::sync::Arc;

const BAR: Ticks = 4 * Q;
const S: Ticks = Q / 4;

fn write(folder: &Path, model: &str) -> Result<()> {
    let configuration = find(model).context("in the catalogue")?;
    let variables = configuration.hparams.variables()?;
    let scales = formula::Scales { default: 0.8, patterns: vec![("mu/".into(), 2.0)] };
    let named = variables.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    let weights = formula::weights(named, 3, &scales);
    save_file(&folder.join(format!("{model}.own.safetensors")), &weights, &Card::of(configuration))?;
    Ok(())
}

/// Two bars whose notes lie a little off the grid.
fn clip(kind: ClipKind, pitches: &[u8]) -> Clip {
    let note = |(i, &pitch): (Ticks, &u8)| Note {
        start: i * 3 * S + [0, 200, 500][(i % 3) as usize],
        pitch,
        length: S,
        velocity: 60 + i as u8,
    };
    let mut clip = Clip {
        name: "clip".into(),
        kind,
        notes: (0..).zip(pitches).map(note).collect(),
        length: 2 * BAR,
        meter: Meter::COMMON,
        tempo: Some(120.0),
    };
    clip.normalise();
    clip
}

fn takes(a: &Clip, b: Option<&Clip>, settings: &[(&str, &str)]) -> Result<Vec<Arc<Take>>> {
    let mut host = open()?;
    let primer = Some(Primer { clip: Arc::new(a.clone()), origin: PrimerOrigin::Take });
    let content = Content { primer, other: b.cloned().map(Arc::new), ..Content::default() };
    let loaded = state::with_document(&host.save()?, &content)?;
    host.load(&loaded)?;
    let content =
        generate(&mut host, &[&[("Variations", "2"), ("Model", "Drum kit RNN")], settings].concat())?;
    let takes: Vec<_> = content.entries.into_iter().map(|e| e.take).collect();
    ensure!(!takes.is_empty(), "{settings:?}: no take");
    Ok(takes)
}

#[test]
fn weights_of_ones_own_play_the_tools_that_need_them() -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clips-latent-own");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    // SAFETY: this file holds one test; nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DESCANT_MODELS", &folder) };
    let drums = clip(ClipKind::Drums, &[36, 38, 36, 49, 38, 36, 51, 38, 36, 36]);
    let bass = clip(ClipKind::Melody, &[36, 43, 41, 36, 48, 43, 40, 36, 38, 36]);
    let models = ["cat-mel_2bar_small", "groovae_2bar_tap_fixed_velocity", "groovae_2bar_add_closed_hh"];
    for model in models {
        write(&folder, model)?;
    }
    descant_plugin::library::look();

    // Drumify keeps the time of every tap, whatever was tapped on; without the model's timing the rest is on the grid.
    for source in [&drums, &bass] {
        for take in takes(source, None, &[("Tool", "Drumify"), ("Timing", "0 %")])? {
            ensure!(take.request.model.starts_with(models[1]), "{}", take.request.model);
            ensure!(take.clip.kind == ClipKind::Drums && take.clip.length == source.length);
            for note in &take.clip.notes {
                let step = (note.start + S / 2) / S;
                let tap = source.notes.iter().find(|n| (n.start + S / 2) / S == step);
                ensure!(tap.is_none_or(|tap| tap.start == note.start), "{note:?} is not on its tap");
            }
        }
    }
    // Hats leaves all other drums as they are.
    for take in takes(&drums, None, &[("Tool", "Hats")])? {
        ensure!(take.request.model.starts_with(models[2]), "{}", take.request.model);
        let others = take.clip.notes.iter().filter(|n| n.pitch != 42).copied();
        ensure!(others.collect::<Vec<_>>() == drums.notes && take.clip.length == drums.length);
    }
    // Between two melodies, and from nothing.
    let tune = clip(ClipKind::Melody, &[72, 74, 76, 72, 79, 76, 74, 71, 72]);
    let between = takes(&bass, Some(&tune), &[("Tool", "Interpolate"), ("Positions", "4")])?;
    ensure!(between.len() == 4 && between.iter().all(|t| t.clip.kind == ClipKind::Melody));
    ensure!(between.iter().all(|t| t.clip.length == 2 * BAR && t.request.model.starts_with(models[0])));
    let settings = [("Tool", "Generate"), ("Model", "MusicVAE melody, 2 bars"), ("Generate bars", "5")];
    for take in takes(&bass, None, &settings)? {
        ensure!(take.origin.is_some() && take.clip.length == 5 * BAR, "{:?}", take.origin);
    }
    Ok(())
}
