//! Checkpoints that TensorFlow wrote, through the plugin's library: imported into the user's folder, loaded from there
//! as for a run, and the stored logits come out.
#![expect(clippy::print_stdout, reason = "how far off")]

#[path = "../../cli/src/golden/stored.rs"]
mod stored;

use anyhow::{Context as _, Result, anyhow, ensure};
use descant_core::tool::Cancel;
use descant_plugin::library;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_stored_checkpoint_gives_its_logits_through_the_library() -> Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/rnn");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clips-checkpoints");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    // SAFETY: this file holds one test; nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DESCANT_MODELS", &folder) };
    let doc: Value = serde_json::from_slice(&std::fs::read(golden.join("d_checkpoints.json"))?)?;
    let mut keys = BTreeSet::new();
    for model in stored::list(&doc["models"])? {
        let configuration = stored::configuration(model)?.context("in the catalogue")?;
        for name in model["files"].as_object().context("no files")?.keys() {
            // Data files come with their index.
            if name.contains(".data-") {
                continue;
            }
            let path = golden.join("ckpt").join(name);
            ensure!(library::is_checkpoint(&path), "{name} would not be opened as a checkpoint");
            let added = library::add(&path, Some(&configuration), &mut |_| {}, &Cancel::default())
                .map_err(|why| anyhow!("{why}"))?;
            ensure!(added.model == configuration.id, "{name} went to {}", added.model);
            let offered = library::weights(&added.model);
            ensure!(offered.iter().any(|w| w.key == added.weights), "{name} is not in the menu");
            let loaded = library::load(&added.weights).map_err(|why| anyhow!("{why}"))?;
            let off = stored::logits(&loaded, model).with_context(|| name.clone())?;
            println!("{name:32} {off:.1e} off");
            keys.insert(added.weights);
        }
    }
    ensure!(keys.len() == 8, "V1, V2, both with what training adds, and bundles: {keys:?}");
    Ok(())
}
