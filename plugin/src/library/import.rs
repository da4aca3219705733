//! Checkpoints that people already have → weights in the user's folder.
//!
//! Worker thread. Nothing is lost: weights that were there before stay beside the new ones under another name.

use super::{LOADED, look, name, sentence, user_folder};
use descant_core::checkpoint::{self, CheckpointError};
use descant_core::model::import::{ImportError, import};
use descant_core::model::{builtin, find};
use descant_core::tool::Cancel;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// What became of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The model that has new weights.
    pub model: String,
    /// What to tell the musician.
    pub text: String,
}

/// Endings of the files that hold a checkpoint, the best to open first.
const ENDINGS: [&str; 6] = ["mag", "index", "safetensors", "ckpt", "zip", "tar"];

/// Whether a dropped file or folder is a checkpoint by its name: then it is opened as one.
#[must_use]
pub fn is_checkpoint(path: &Path) -> bool {
    let file = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        // TensorFlow: `model.ckpt-1000`, `model.ckpt-1000.data-00000-of-00001`, and the note `checkpoint`.
        ENDINGS.contains(&ending) || name.contains(".ckpt") || name == "checkpoint"
    };
    if !path.is_dir() {
        return file(path);
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.take(MOST_ENTRIES).any(|entry| file(&entry.path()))
}

/// Entries of a folder that are looked at.
const MOST_ENTRIES: usize = 1000;

/// Imports the checkpoint at `path` into the user's folder. `chosen`: the model of the menu, which decides where the
/// checkpoint alone does not. `progress` rises to 1; `cancel` is looked at for every tensor.
///
/// # Errors
/// A sentence that names the file and says what to do.
pub fn add(
    path: &Path,
    chosen: &str,
    progress: &mut dyn FnMut(f32),
    cancel: &Cancel,
) -> Result<Added, String> {
    let folder = user_folder().ok_or("There is no folder for your models: set DESCANT_MODELS to one.")?;
    let added = add_to(&folder, path, chosen, progress, cancel)?;
    LOADED.lock().unwrap_or_else(PoisonError::into_inner).remove(&added.model);
    look();
    Ok(added)
}

fn add_to(
    folder: &Path,
    path: &Path,
    chosen: &str,
    progress: &mut dyn FnMut(f32),
    cancel: &Cancel,
) -> Result<Added, String> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let imported = match import(path, None, progress, cancel) {
        Err(ImportError::NoSuchShape { .. } | ImportError::SeveralShapes { .. })
            if find(chosen).is_some() =>
        {
            import(path, find(chosen), progress, cancel)
        }
        other => other,
    };
    let imported = imported.map_err(|why| match why {
        ImportError::Checkpoint(CheckpointError::Cancelled) => "Cancelled.".to_owned(),
        ImportError::NoSuchShape { .. } | ImportError::SeveralShapes { .. } => {
            format!("{file}: {why}. Choose it in the model menu and drop the file again.")
        }
        why => format!("{file}: {}", sentence(&why.to_string())),
    })?;
    let broken = |why: &dyn std::fmt::Display| format!("{file} was read, but not kept: {why}.");
    let card = imported.checkpoint.card.as_ref().ok_or_else(|| broken(&"it has no card"))?;
    let model = card.configuration.clone();
    fs::create_dir_all(folder).map_err(|e| broken(&e))?;
    let target = folder.join(format!("{model}.safetensors"));
    let fresh = folder.join(format!("{model}.new"));
    checkpoint::save_file(&fresh, &imported.checkpoint.weights, card).map_err(|e| broken(&e))?;
    let kept = set_aside(&target).map_err(|e| broken(&e))?;
    fs::rename(&fresh, &target).map_err(|e| broken(&e))?;
    let mut text = format!("Imported {file}: {} plays it now.", name(&model));
    if let Some(kept) = kept {
        text.push_str(&format!(" What was there is {}.", kept.display()));
    } else if builtin::has(&model) {
        text.push_str(&format!(" Delete {} to get Descant's own back.", target.display()));
    }
    Ok(Added { model, text })
}

/// Renames a file, if it is there, to a name that the library does not take for weights; the new path.
fn set_aside(path: &Path) -> std::io::Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    let free = (1..).map(|n| path.with_extension(format!("safetensors.before-{n}"))).find(|p| !p.exists());
    let Some(free) = free else { return Ok(None) };
    fs::rename(path, &free)?;
    Ok(Some(free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_known_by_their_names() {
        let folder = tempfile::tempdir().expect("temporary folder");
        assert!(!is_checkpoint(folder.path()), "an empty folder");
        fs::write(folder.path().join("model.ckpt-10.index"), b"").expect("a file");
        assert!(is_checkpoint(folder.path()));
        for name in
            ["a.mag", "A.MAG", "model.ckpt-10", "m.ckpt-10.data-00000-of-00001", "checkpoint", "w.zip"]
        {
            assert!(is_checkpoint(Path::new(name)), "{name}");
        }
        for name in ["song.mid", "score.mxl", "tune.abc", "mag", "checkpoint.txt"] {
            assert!(!is_checkpoint(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_bundle_becomes_weights_that_load_and_its_forerunner_stays() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rnn/ckpt");
        let add = |name: &str, chosen: &str| {
            add_to(folder.path(), &golden.join(name), chosen, &mut |_| {}, &Cancel::default())
        };
        let added = add("attention_small.mag", "drum_kit").expect("a whole bundle");
        assert_eq!(added.model, "attention_rnn");
        let file = folder.path().join("attention_rnn.safetensors");
        let checkpoint = checkpoint::load_file(&file).expect("written");
        descant_core::model::Model::from_checkpoint(checkpoint).expect("plays");
        let again = add("attention_small.mag", "drum_kit").expect("once more");
        assert!(again.text.contains("before-1"), "{}", again.text);
        // One that no published model has the shape of: the sentence says what to do, nothing is written.
        let why = add("drum_kit_small.mag", "drum_kit").expect_err("five of nine drums");
        assert!(why.starts_with("drum_kit_small.mag: ") && why.ends_with('.'), "{why}");
        assert!(!folder.path().join("drum_kit.safetensors").exists());
    }

    #[test]
    fn what_was_there_is_kept() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("drum_kit.safetensors");
        assert_eq!(set_aside(&path).expect("nothing to do"), None);
        for content in [b"one", b"two"] {
            fs::write(&path, content).expect("a file");
            let kept = set_aside(&path).expect("renamed").expect("there was one");
            assert_eq!(fs::read(kept).expect("kept"), content);
            assert!(!path.exists());
        }
    }
}
