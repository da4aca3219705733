//! [`recognise`]: which MusicVAE or GrooVAE a checkpoint holds, from what it says about itself and from its shapes.
//!
//! Worker thread or command line; pure. Sizes of layers are read off the tensors, so that other sizes than the published
//! ones work too. What tensors cannot tell (length of a piece, number of its parts, what a step means) comes from a
//! Magenta.js `config.json`, from the configuration that was chosen, or from the only published one that fits.
mod card;
mod js;
mod measure;
mod names;
#[cfg(test)]
mod tests;

pub use card::card;
pub use js::{chords as js_chords, converter as js_converter};

use super::JsConfig;
use crate::codec::encoding::ChordEncoding;
use crate::codec::vae::js::{JsChords, JsConverter};
use crate::codec::vae::{DrumKit, GrooveInput};
use crate::model::ModelError;
use crate::model::music_vae::{Configuration, Head, Shape, configurations};
use crate::nn::{Tensor, Weights};
use measure::Measured;
use std::collections::BTreeSet;

/// Bias of a spread that was not stored: softplus makes nothing of it, so that a drawn vector is the mean.
const NO_SPREAD: f32 = -30.0;

/// Why a checkpoint is no model that can be played.
#[derive(Debug, thiserror::Error)]
pub enum LatentError {
    /// Of another program.
    #[error("this checkpoint is of “{0}”; Descant plays MusicVAE and MusicRNN of Magenta.js")]
    OtherProgram(String),
    /// Something that no network here has.
    #[error("this model needs {0}, which Descant does not have")]
    Unsupported(String),
    /// No layers of such a model.
    #[error("this is no MusicVAE: it has no {0}")]
    NotLatent(&'static str),
    /// A `config.json` that leaves something out.
    #[error("the checkpoint's config.json does not say {0}")]
    Unsaid(&'static str),
    /// Not whole.
    #[error("this checkpoint is not whole: it needs {0} too")]
    Missing(String),
    /// A tensor that does not fit the rest.
    #[error("{name} has shape {found:?}; the music that this model is said to be made for needs {needed:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// As it is.
        found: Vec<usize>,
        /// As it should be.
        needed: Vec<usize>,
    },
    /// Nothing says which of several models it is, or it is none of them.
    #[error(
        "nothing in this checkpoint says which MusicVAE it is: name the configuration it was made for; it could be {choices}"
    )]
    Unnamed {
        /// Ids.
        choices: String,
    },
    /// Sizes that no network has.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What a step of a model means, for a converter of [`codec::vae`](crate::codec::vae).
#[derive(Clone, Debug, PartialEq)]
pub enum Music {
    /// A melody event.
    Melody,
    /// The drums that sound; the head says whether they are classes or a roll.
    Drums {
        /// The drums. Those of Magenta.js have a table of their own, see [`Recognised::js`].
        kit: DrumKit,
    },
    /// Hits, velocities and offsets.
    Groove {
        /// What the encoder is not told.
        input: GrooveInput,
        /// The model is told the hits.
        hits_as_controls: bool,
    },
    /// Melody, bass and drums.
    Trio,
    /// A bar of several instruments.
    Performances,
}

/// A model of Magenta.js beyond its sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsModel {
    /// Notes ↔ steps.
    pub converter: JsConverter,
    /// Chords come first in a step's control.
    pub chords: Option<JsChords>,
    /// The key comes next, one-hot.
    pub key: bool,
    /// What comes last: name and number of cells.
    pub extra: Vec<(String, usize)>,
}

/// A checkpoint that was recognised.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// The tensors of [`Shape::variables`] and nothing else.
    pub weights: Weights,
    /// Tensors that are no part of the model.
    pub passed_over: Vec<String>,
    /// Sizes.
    pub shape: Shape,
    /// What a step means.
    pub music: Music,
    /// How the model is told chords.
    pub chords: Option<ChordEncoding>,
    /// The published configuration that it is, if it is one of Python's.
    pub configuration: Option<&'static str>,
    /// For a checkpoint of Magenta.js how that converts, and with which table of drums.
    pub js: Option<JsModel>,
}

/// What is known of a model besides its tensors.
struct Facts {
    shape: Shape,
    music: Music,
    chords: Option<ChordEncoding>,
    configuration: Option<&'static str>,
    js: Option<JsModel>,
}

/// Recognises the model of `weights`. `js`: what its `config.json` says; `choice`: what somebody says.
///
/// # Errors
/// [`LatentError`].
pub fn recognise(
    weights: Weights,
    js: Option<&JsConfig>,
    choice: Option<&'static Configuration>,
) -> Result<Recognised, LatentError> {
    let mut weights = names::todays(weights);
    let measured = Measured::of(&weights)?;
    let facts = match (js, choice) {
        (Some(config), _) => js::facts(config, &measured)?,
        (None, Some(choice)) => published(choice, &measured),
        (None, None) => only_published(&weights, &measured)?,
    };
    facts.shape.check()?;
    if facts.js.is_some() {
        add_spread(&mut weights, &facts.shape);
    }
    let passed_over = prune(&mut weights, &facts.shape)?;
    let Facts { shape, music, chords, configuration, js } = facts;
    Ok(Recognised { weights, passed_over, shape, music, chords, configuration, js })
}

/// A published configuration in the sizes of the tensors.
fn published(choice: &'static Configuration, measured: &Measured) -> Facts {
    let mut shape = choice.shape.clone();
    shape.encoder.units.clone_from(&measured.encoder);
    shape.decoder.units.clone_from(&measured.decoder);
    shape.z = measured.z;
    if let (Head::Nade { hidden, .. }, Some(found)) = (&mut shape.head, measured.nade) {
        *hidden = found;
    }
    let id = choice.id;
    let groove = |input| Music::Groove { input, hits_as_controls: id.contains("hits_control") };
    let music = match (&shape.head, id) {
        (Head::Groove { .. }, _) => groove(GrooveInput {
            tapify: id.contains("tap_fixed_velocity"),
            fixed_velocities: id.contains("tap_fixed_velocity"),
            humanize: id.contains("humanize"),
            // The closed hi-hat.
            add_drums: if id.contains("add_closed_hh") { 1 << 2 } else { 0 },
        }),
        (Head::Nade { keys: 61, .. }, _) => Music::Drums { kit: DrumKit::SixtyOne },
        (Head::Categorical(blocks), _) if blocks.len() == 3 => Music::Trio,
        _ if id.contains("multiperf") => Music::Performances,
        _ if id.contains("drums") => Music::Drums { kit: DrumKit::Nine },
        _ => Music::Melody,
    };
    let chords = id.ends_with("_chords").then_some(ChordEncoding::Triad);
    let whole = shape == choice.shape;
    Facts { shape, music, chords, configuration: whole.then_some(id), js: None }
}

/// The only published configuration that fits: in its own sizes, else in those of the tensors. Several that differ in
/// their sizes alone are one.
fn only_published(weights: &Weights, measured: &Measured) -> Result<Facts, LatentError> {
    let has = |(name, shape): &(String, Vec<usize>)| weights.get(name).is_some_and(|t| t.shape == *shape);
    let fits = |shape: &Shape| shape.check().is_ok() && shape.variables().iter().all(has);
    let mut fitting: Vec<_> = configurations().iter().filter(|c| fits(&c.shape)).collect();
    if fitting.is_empty() {
        fitting = configurations().iter().filter(|c| fits(&published(c, measured).shape)).collect();
    }
    if let Some((first, others)) = fitting.split_first() {
        let facts = published(first, measured);
        let same = |other: &Facts| {
            (&other.shape, &other.music, other.chords) == (&facts.shape, &facts.music, facts.chords)
        };
        if others.iter().all(|other| same(&published(other, measured))) {
            return Ok(facts);
        }
    }
    let ids = if fitting.is_empty() { configurations().iter().collect() } else { fitting };
    let ids: Vec<&str> = ids.into_iter().map(|c| c.id).collect();
    Err(LatentError::Unnamed { choices: ids.join(", ") })
}

/// Magenta.js reads the mean only, and some checkpoints have nothing else.
fn add_spread(weights: &mut Weights, shape: &Shape) {
    for (name, shape) in shape.variables() {
        let Some(part) = name.strip_prefix("encoder/sigma/") else { continue };
        // As large as the mean's, so that nothing larger than the file is made.
        let like = weights.get(&format!("encoder/mu/{part}")).is_some_and(|mean| mean.shape == shape);
        if like && weights.get(&name).is_none() {
            let value = if part == "bias" { NO_SPREAD } else { 0.0 };
            let count = shape.iter().product();
            weights.insert(name, Tensor::f32(shape, vec![value; count]));
        }
    }
}

/// Checks the tensors and drops what is no part of the model; the names of what was dropped.
fn prune(weights: &mut Weights, shape: &Shape) -> Result<Vec<String>, LatentError> {
    let variables = shape.variables();
    let mut missing = Vec::new();
    for (name, needed) in &variables {
        match weights.get(name) {
            Some(tensor) if tensor.shape != *needed => {
                let (found, needed) = (tensor.shape.clone(), needed.clone());
                return Err(LatentError::Shape { name: name.clone(), found, needed });
            }
            Some(_) => {}
            None => missing.push(name.as_str()),
        }
    }
    if !missing.is_empty() {
        let more = if missing.len() > 8 { ", …" } else { "" };
        return Err(LatentError::Missing(missing[..missing.len().min(8)].join(", ") + more));
    }
    let needed: BTreeSet<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    let mut passed_over = Vec::new();
    let all = std::mem::take(weights).into_iter();
    *weights = all
        .filter(|(name, _)| {
            let keep = needed.contains(name.as_str());
            if !keep {
                passed_over.push(name.chars().take(120).collect());
            }
            keep
        })
        .collect();
    Ok(passed_over)
}
