//! Checkpoints that people already have → weights in the user's folder.
//!
//! Worker thread. Nothing is lost: weights that were there before stay, the new ones get a name of their own.

use super::weights::{BUILT_IN, ENDING};
use super::{LOADED, look, name, read_cards, sentence, user_folder};
use descant_core::checkpoint::{self, CheckpointError};
use descant_core::model::import::{ImportError, import};
use descant_core::model::{Card, Configuration, EncodingParams};
use descant_core::nn::Weights;
use descant_core::tool::Cancel;
use std::fs;
use std::path::Path;
use std::sync::PoisonError;

/// What became of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The model that has new weights.
    pub model: String,
    /// Their key.
    pub weights: String,
    /// What to tell the musician.
    pub text: String,
}

/// Endings of the files that hold a checkpoint, the best to open first.
pub const CHECKPOINT_ENDINGS: [&str; 6] = ["mag", "index", "safetensors", "ckpt", "zip", "tar"];

/// Whether a dropped file or folder is a checkpoint by its name: then it is opened as one.
#[must_use]
pub fn is_checkpoint(path: &Path) -> bool {
    let file = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        // TensorFlow: `model.ckpt-1000`, `model.ckpt-1000.data-00000-of-00001`, and the note `checkpoint`.
        CHECKPOINT_ENDINGS.contains(&ending) || name.contains(".ckpt") || name == "checkpoint"
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
/// checkpoint alone does not; it may have other sizes than the published ones. `progress` rises to 1; `cancel` is looked at for every tensor.
///
/// # Errors
/// A sentence that names the file and says what to do.
pub fn add(
    path: &Path,
    chosen: Option<&Configuration>,
    progress: &mut dyn FnMut(f32),
    cancel: &Cancel,
) -> Result<Added, String> {
    let folder = user_folder().ok_or("There is no folder for your models: set DESCANT_MODELS to one.")?;
    let added = add_to(&folder, path, chosen, progress, cancel)?;
    took_over(&added);
    Ok(added)
}

/// There are new weights: everybody may know.
pub(super) fn took_over(added: &Added) {
    LOADED.lock().unwrap_or_else(PoisonError::into_inner).remove(&added.model);
    look();
    read_cards();
}

fn add_to(
    folder: &Path,
    path: &Path,
    chosen: Option<&Configuration>,
    progress: &mut dyn FnMut(f32),
    cancel: &Cancel,
) -> Result<Added, String> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let imported = import(path, None, progress, cancel).or_else(|why| match chosen {
        Some(chosen) if !matches!(why, ImportError::Checkpoint(_)) => {
            import(path, Some(chosen), progress, cancel).map_err(|other| match other {
                // It says itself for which model it is, and what is wrong with it.
                ImportError::OtherModel { .. } => why,
                other => other,
            })
        }
        _ => Err(why),
    });
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
    let kept = save(folder, &model, &imported.name, &imported.checkpoint.weights, card);
    let (weights, again) = kept.map_err(|why| broken(&why))?;
    if matches!(card.hparams.encoding, EncodingParams::Sound(_)) {
        return Err(format!("{file} plays sounds and writes no clips: it is kept for Descant Keys."));
    }
    let played = name(&weights);
    let text = if again {
        format!("{file} was imported before: {played} plays it now.")
    } else {
        format!("Imported {file}: {played} plays it now. Others are under Models.")
    };
    Ok(Added { model, weights, text })
}

/// Writes weights of `model` under the first free name from `wished` on; the key, and whether they were there already.
pub(super) fn save(
    folder: &Path,
    model: &str,
    wished: &str,
    weights: &Weights,
    card: &Card,
) -> Result<(String, bool), String> {
    fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let fresh = folder.join(format!("{model}.new"));
    checkpoint::save_file(&fresh, weights, card).map_err(|e| e.to_string())?;
    keep(folder, &fresh, model, wished).map_err(|e| e.to_string())
}

/// Gives the file `fresh` the first free name of `model` and `wished`; the key, and whether it was there already.
fn keep(folder: &Path, fresh: &Path, model: &str, wished: &str) -> std::io::Result<(String, bool)> {
    let bytes = fs::read(fresh)?;
    let wished = file_part(wished);
    for n in 1..=MOST_ENTRIES {
        let name = if n == 1 { wished.clone() } else { format!("{wished}-{n}") };
        let key = format!("{model}.{name}");
        let target = folder.join(format!("{key}.{ENDING}"));
        if name == BUILT_IN {
            continue;
        }
        if !target.exists() {
            fs::rename(fresh, &target)?;
            return Ok((key, false));
        }
        if fs::read(&target)? == bytes {
            fs::remove_file(fresh)?;
            return Ok((key, true));
        }
    }
    Err(std::io::Error::other("there are too many weights of this name"))
}

/// A part of a file's name that every system takes.
fn file_part(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
    let part: String = text.chars().map(plain).take(60).collect();
    let part = part.trim_matches('-');
    if part.is_empty() { "weights".into() } else { part.into() }
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
            let chosen = descant_core::model::find(chosen);
            add_to(folder.path(), &golden.join(name), chosen, &mut |_| {}, &Cancel::default())
        };
        let added = add("attention_small.mag", "drum_kit").expect("a whole bundle");
        assert_eq!(added.model, "attention_rnn");
        assert_eq!(added.weights, "attention_rnn.attention_small");
        let file = folder.path().join("attention_rnn.attention_small.safetensors");
        let checkpoint = checkpoint::load_file(&file).expect("written");
        descant_core::model::Model::from_checkpoint(checkpoint).expect("plays");
        let again = add("attention_small.mag", "drum_kit").expect("once more");
        assert!(again.text.contains("before") && again.weights == added.weights, "{}", again.text);
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            1,
            "nothing twice, nothing left over"
        );
        // One that no published model has the shape of: the sentence says what to do, nothing is written.
        let why = add("drum_kit_small.mag", "drum_kit").expect_err("five of nine drums");
        assert!(why.starts_with("drum_kit_small.mag: ") && why.ends_with('.'), "{why}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn other_weights_of_the_same_name_lie_beside_each_other() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let fresh = folder.path().join("drum_kit.new");
        let kept = |content: &[u8], name: &str| {
            fs::write(&fresh, content).expect("a file");
            keep(folder.path(), &fresh, "drum_kit", name).expect("kept")
        };
        assert_eq!(kept(b"one", "jazz, live"), ("drum_kit.jazz--live".to_owned(), false));
        assert_eq!(kept(b"two", "jazz, live"), ("drum_kit.jazz--live-2".to_owned(), false));
        assert_eq!(kept(b"one", "jazz, live"), ("drum_kit.jazz--live".to_owned(), true));
        assert_eq!(
            kept(b"one", "built-in"),
            ("drum_kit.built-in-2".to_owned(), false),
            "a name that is taken"
        );
        assert_eq!(kept(b"one", "../.."), ("drum_kit.weights".to_owned(), false));
    }
}
