//! Foreign checkpoints → weights with a card: which configuration they are of, and whether they are whole.
//!
//! Worker thread or command line. A card or a bundle's id says what a checkpoint is; else its shapes do, compared
//! with every line of the catalogue through [`Hparams::variables`]; else whoever asks has to.
mod js_config;
mod js_rnn;
pub mod latent;
mod sound;

pub use js_config::{JsArgs, JsAux, JsAuxArgs, JsConfig, JsControl, JsConverterSpec};
pub use sound::SoundError;

use super::loaded::check_fit;
use super::{
    Card, Configuration, EncodingParams, Hparams, ModelError, SourceFile, catalogue, find, music_vae,
};
use crate::checkpoint::{self, BundleDetails, Checkpoint, CheckpointError, Format, Opened, file_sha256};
use crate::nn::{NnError, Weights};
use crate::tool::Cancel;
use std::collections::BTreeSet;
use std::path::Path;

/// Why a checkpoint was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file itself.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Of Magenta.js, or in a space of vectors, and nothing that can be played.
    #[error(transparent)]
    Latent(#[from] latent::LatentError),
    /// It is not what it was said to be.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A GANSynth that Descant does not play.
    #[error(transparent)]
    Sound(#[from] SoundError),
    /// It says of itself that it is something else.
    #[error("this checkpoint was made for {found}, not for {chosen}")]
    OtherModel {
        /// Id in the file.
        found: String,
        /// Id asked for.
        chosen: String,
    },
    /// A bundle of a model that is not in the catalogue.
    #[error("this bundle was made for “{id}”, which Descant does not play; it plays {known}")]
    UnknownBundle {
        /// Id in the file.
        id: String,
        /// All ids.
        known: String,
    },
    /// No id, and no published model of this shape.
    #[error(
        "nothing in this checkpoint says which model it is, and no published one has its shape ({shape}): name the configuration it was made for; it could be {choices}"
    )]
    NoSuchShape {
        /// The shape in words.
        shape: String,
        /// Ids, those with fitting inputs and classes if there are any.
        choices: String,
    },
    /// No id, and the shape of several models.
    #[error(
        "nothing in this checkpoint says which model it is: name the configuration; its shape fits {choices}"
    )]
    SeveralShapes {
        /// Ids.
        choices: String,
    },
    /// Not whole.
    #[error("this checkpoint is not whole: {id} needs {names} too")]
    MissingTensors {
        /// The configuration.
        id: String,
        /// Names of variables.
        names: String,
    },
}

/// What came of a checkpoint.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Weights that fit their card. The card's licence is empty unless the file had one: only its owner knows it.
    pub checkpoint: Checkpoint,
    /// How it was stored.
    pub format: Format,
    /// A name for the file it is saved to, without ending.
    pub name: String,
    /// Tensors that are no part of the model.
    pub passed_over: Vec<String>,
    /// Training step, if it was kept.
    pub step: Option<i64>,
}

/// Imports the checkpoint at `path` (file, folder, archive or prefix). `choice`: the configuration it was made for,
/// with other sizes than the published ones where its `hparams` say so; `None` = as the file says or its shapes
/// tell. A bundle always has its own sizes. `progress` is told the part that is done, 0..=1; it and `cancel` are
/// looked at for every tensor.
///
/// # Errors
/// [`ImportError`]; [`CheckpointError::Cancelled`] within it.
pub fn import(
    path: &Path,
    choice: Option<&Configuration>,
    progress: &mut dyn FnMut(f32),
    cancel: &Cancel,
) -> Result<Imported, ImportError> {
    let mut opened = checkpoint::open(path, progress, cancel)?;
    let (mut card, passed_over) = if sound::is_sound(&opened) {
        sound::card(&mut opened, choice)?
    } else if is_latent(&opened) {
        latent_card(&mut opened, choice)?
    } else {
        if opened.js.is_some() {
            opened.weights = js_rnn::as_run(std::mem::take(&mut opened.weights));
        }
        let card = card(&opened, choice)?;
        let passed_over = prune(&mut opened.weights, &card)?;
        (card, passed_over)
    };
    let name = name(path);
    if opened.card.is_none() {
        card.name = match find(&card.configuration) {
            Some(configuration) => format!("{} ({name})", configuration.name),
            None if matches!(card.hparams.encoding, EncodingParams::Sound(_)) => format!("GANSynth ({name})"),
            None => name.clone(),
        };
        let step = opened.step.map_or_else(String::new, |step| format!(", training step {step}"));
        card.command = format!("imported from a {}{step}", opened.format.name());
        for path in &opened.files {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            card.source.push(SourceFile { name, sha256: file_sha256(path, cancel)? });
        }
    }
    progress(1.0);
    Ok(Imported {
        checkpoint: Checkpoint { weights: opened.weights, card: Some(card) },
        format: opened.format,
        name,
        passed_over,
        step: opened.step,
    })
}

/// What a bundle of these weights says about itself. It has the id of the configuration only if the original program
/// would feed its network the same way.
#[must_use]
pub fn bundle_details(card: &Card) -> BundleDetails {
    let original = find(&card.configuration).filter(|c| {
        c.hparams.encoding == card.hparams.encoding
            && c.hparams.steps_per_quarter == card.hparams.steps_per_quarter
            && c.hparams.transpose_to_key == card.hparams.transpose_to_key
    });
    BundleDetails {
        generator: original
            .map_or_else(|| format!("descant_{}", card.configuration), |c| bundle_id(c.id).into()),
        generator_description: find(&card.configuration).map_or_else(String::new, |c| c.about.into()),
        description: card.name.clone(),
    }
}

/// The id that a bundle of a configuration carries. The compact form of an encoding has none of its own.
fn bundle_id(id: &str) -> &str {
    id.strip_suffix("_compact").unwrap_or(id)
}

/// A name from a path: without the ending that only tells the format.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let endings = [".mag", ".safetensors", ".index", ".meta", ".tar", ".zip"];
    let bare = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    if bare.is_empty() { "checkpoint".into() } else { bare.into() }
}

fn ids<'a>(configurations: impl IntoIterator<Item = &'a Configuration>) -> String {
    configurations.into_iter().map(|c| c.id).collect::<Vec<_>>().join(", ")
}

/// Whether it is a MusicVAE that does not say so itself in a card.
fn is_latent(opened: &Opened) -> bool {
    let said = opened.js.as_ref().is_some_and(|js| js.kind != "MusicRNN");
    opened.card.is_none() && (said || opened.weights.iter().any(|(name, _)| name.starts_with("encoder/mu/")))
}

/// The card of a MusicVAE; leaves the tensors of the model. The names of what was dropped.
fn latent_card(
    opened: &mut Opened,
    choice: Option<&Configuration>,
) -> Result<(Card, Vec<String>), ImportError> {
    let weights = std::mem::take(&mut opened.weights);
    let published = choice.and_then(|choice| music_vae::find(choice.id));
    let found = latent::recognise(weights, opened.js.as_ref(), published)?;
    let card = latent::card(&found)?;
    opened.weights = found.weights;
    match choice {
        Some(choice) if choice.family.id() != card.architecture => {
            Err(ImportError::OtherModel { found: card.id, chosen: choice.id.into() })
        }
        Some(choice) if matches!(choice.hparams.encoding, EncodingParams::Latent(_)) => {
            let (id, hparams) = (Card::of(choice), card.hparams);
            Ok((Card { hparams, ..id }, found.passed_over))
        }
        _ => Ok((card, found.passed_over)),
    }
}

/// The card of a checkpoint.
fn card(opened: &Opened, choice: Option<&Configuration>) -> Result<Card, ImportError> {
    let weights = &opened.weights;
    let other = |found: &str, choice: &Configuration| ImportError::OtherModel {
        found: found.chars().take(60).collect(),
        chosen: choice.id.into(),
    };
    if let Some(card) = &opened.card {
        return match choice {
            Some(choice) if ![&card.id, &card.configuration].iter().any(|id| *id == choice.id) => {
                Err(other(&card.id, choice))
            }
            _ => Ok(card.clone()),
        };
    }
    if let Some(js) = opened.js.as_ref().filter(|js| js.kind == "MusicRNN") {
        let card = js_rnn::card(js, weights)?;
        return match choice {
            Some(choice) if choice.id != card.id => Err(other(&card.id, choice)),
            _ => Ok(card),
        };
    }
    let Some(bundle) = &opened.bundle else {
        let configuration = choice.map_or_else(|| by_shape(weights), Ok)?;
        return Ok(Card::of(configuration));
    };
    let id = &bundle.generator;
    let configuration = match choice {
        Some(choice) if bundle_id(choice.id) == id => choice,
        Some(choice) => return Err(other(id, choice)),
        None => find(id).ok_or_else(|| ImportError::UnknownBundle {
            id: id.chars().take(60).collect(),
            known: ids(catalogue()),
        })?,
    };
    let hparams = sized(&configuration.hparams, weights, opened.attention);
    Ok(Card { hparams, ..Card::of(configuration) })
}

/// `hparams` with the layers that `weights` have and the window that is known or was published.
fn sized(hparams: &Hparams, weights: &Weights, window: Option<usize>) -> Hparams {
    let attention = weights.iter().any(|(name, _)| name.contains("attention_cell_wrapper"));
    let window = window.unwrap_or(hparams.attention);
    Hparams {
        layers: Hparams::layers_of(weights),
        attention: if attention { window } else { 0 },
        ..hparams.clone()
    }
}

/// The configuration whose published shape the weights have.
fn by_shape(weights: &Weights) -> Result<&'static Configuration, ImportError> {
    let fitting: Vec<&Configuration> = catalogue().iter().filter(|c| fits(&c.hparams, weights)).collect();
    match fitting[..] {
        [only] => Ok(only),
        [] => {
            let near = |c: &&Configuration| fits(&sized(&c.hparams, weights, None), weights);
            let near: Vec<&Configuration> = catalogue().iter().filter(near).collect();
            let choices = if near.is_empty() { ids(catalogue()) } else { ids(near) };
            Err(ImportError::NoSuchShape { shape: shape_in_words(weights), choices })
        }
        _ => Err(ImportError::SeveralShapes { choices: ids(fitting) }),
    }
}

/// Whether every variable is there in its shape.
fn fits(hparams: &Hparams, weights: &Weights) -> bool {
    let has = |(name, shape): &(String, Vec<usize>)| weights.get(name).is_some_and(|t| t.shape == *shape);
    hparams.variables().is_ok_and(|variables| variables.iter().all(has))
}

fn shape_in_words(weights: &Weights) -> String {
    let layers = Hparams::layers_of(weights);
    let classes = weights.get("fully_connected/biases").and_then(|t| t.shape.first().copied());
    match (layers.as_slice(), classes) {
        ([], _) => format!("{} tensors, and none of the layers of these models", weights.len()),
        (_, None) => Hparams::layers_in_words(&layers),
        (_, Some(classes)) => format!("{}, {classes} classes", Hparams::layers_in_words(&layers)),
    }
}

/// Checks the weights against the card and drops what is no part of the model; the names of what was dropped.
fn prune(weights: &mut Weights, card: &Card) -> Result<Vec<String>, ImportError> {
    if !matches!(card.hparams.encoding, EncodingParams::Sound(_)) {
        let (inputs, classes) = card.hparams.check()?.sizes();
        check_fit(card, weights, inputs, classes)?;
    }
    let variables = card.hparams.variables()?;
    let mut missing = Vec::new();
    for (name, shape) in &variables {
        match weights.get(name) {
            Some(tensor) if tensor.shape != *shape => {
                let (name, expected, found) = (name.clone(), shape.clone(), tensor.shape.clone());
                return Err(ModelError::from(NnError::Shape { name, expected, found }).into());
            }
            Some(_) => {}
            None => missing.push(name.as_str()),
        }
    }
    if !missing.is_empty() {
        let id = card.configuration.chars().take(60).collect();
        return Err(ImportError::MissingTensors { id, names: missing.join(", ") });
    }
    let needed: BTreeSet<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    let mut passed_over = Vec::new();
    let mut keep = |name: &str| {
        let keep = needed.contains(name);
        if !keep {
            passed_over.push(name.chars().take(120).collect());
        }
        keep
    };
    *weights = std::mem::take(weights).into_iter().filter(|(name, _)| keep(name)).collect();
    Ok(passed_over)
}

#[cfg(test)]
mod tests;
