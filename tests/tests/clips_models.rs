//! Weights of one's own in a host: chosen, used, kept by the project; and a melody over typed chords with them.

use anyhow::{Context as _, Result};
use descant_core::checkpoint::save_file;
use descant_core::model::{Card, find};
use descant_core::nn::formula;
use descant_core::tool::Take;
use descant_plugin::clips::document::Content;
use descant_tests::clips::{generate, open};
use descant_tests::host::Host;
use descant_tests::state;
use std::path::Path;

/// Weights by formula for a model of the catalogue.
fn write(folder: &Path, model: &str, name: &str, seed: u64) -> Result<()> {
    let configuration = find(model).context("in the catalogue")?;
    let variables = configuration.hparams.variables()?;
    // Large enough for the choice of weights to be heard.
    let scales = formula::Scales { default: 1.0, patterns: Vec::new() };
    let named = variables.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    let weights = formula::weights(named, seed, &scales);
    save_file(&folder.join(format!("{model}.{name}.safetensors")), &weights, &Card::of(configuration))?;
    Ok(())
}

/// A new instance whose project has chosen weights and chords.
fn project(weights: &str, progression: &[&str]) -> Result<Host> {
    let mut host = open()?;
    let mut content = Content::default();
    let chosen = ["one_drum", "drum_kit"].map(|model| (model.to_owned(), format!("{model}.{weights}")));
    content.weights.extend(chosen);
    content.chords.progression = progression.iter().map(ToString::to_string).collect();
    let loaded = state::with_document(&host.save()?, &content)?;
    host.load(&loaded)?;
    Ok(host)
}

fn first(host: &mut Host, model: &str) -> Result<Take> {
    let content = generate(host, &[("Model", model), ("Variations", "1"), ("Generate bars", "2")])?;
    let entry = content.entries.last().context("no take")?;
    Ok((*entry.take).clone())
}

#[test]
fn chosen_weights_are_used_and_kept() -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clips-models");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    // SAFETY: this file holds one test; nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DESCANT_MODELS", &folder) };
    for (name, seed) in [("first", 1), ("second", 2)] {
        write(&folder, "one_drum", name, seed)?;
    }
    write(&folder, "basic_improv", "own", 3)?;

    // Two sets for one model give other notes from the same seed, and say whose they are.
    let drum = "One drum RNN";
    let mut one = project("first", &[])?;
    let mut two = project("second", &["C", "G7"])?;
    let (a, b) = (first(&mut one, drum)?, first(&mut two, drum)?);
    assert_eq!((a.request.model.as_str(), b.request.model.as_str()), ("one_drum.first", "one_drum.second"));
    assert_eq!(a.seed, b.seed);
    assert_ne!(a.clip.notes, b.clip.notes);
    assert!(b.clip.name.contains("One drum RNN (second)"), "{}", b.clip.name);

    // A reopened project is the same to the byte and goes on with its weights.
    let saved = two.save()?;
    let mut again = open()?;
    again.load(&saved)?;
    assert_eq!(again.save()?, saved);
    assert_eq!(first(&mut again, drum)?.request.model, "one_drum.second");

    // Weights that are not here are no reason to play others.
    let mut gone = project("third", &[])?;
    assert!(first(&mut gone, drum).is_err());
    let mut inside = project("built-in", &[])?;
    assert_eq!(first(&mut inside, "Drum kit RNN")?.request.model, "drum_kit.built-in");

    // A melody over the project's chords, with the only weights that there are for it.
    let melody = first(&mut again, "Basic improv RNN")?;
    assert_eq!(melody.request.model, "basic_improv.own");
    let figures: Vec<_> = melody.chords().into_iter().map(|c| c.figure).collect();
    assert_eq!(figures, ["C", "G7"]);
    Ok(())
}
