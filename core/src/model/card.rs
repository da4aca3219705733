//! [`Card`]: what a weights file says about itself.
//!
//! Any thread. JSON text inside the file's metadata; unknown fields are kept out, missing ones are defaults,
//! so that cards of later versions still read.
use super::cache::CacheParams;
use super::hparams::Hparams;
use super::personal::PersonalParams;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Description of a set of weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of this format.
    #[serde(default = "version")]
    pub format: u32,
    /// Id of these weights, e.g. `drum_kit`; what a request names.
    pub id: String,
    /// Architecture, e.g. `drums_rnn`.
    pub architecture: String,
    /// Configuration of the catalogue that it is closest to, e.g. `drum_kit`.
    pub configuration: String,
    /// Actual shape.
    pub hparams: Hparams,
    /// Name for people; empty = the configuration's.
    #[serde(default)]
    pub name: String,
    /// What it was trained on.
    #[serde(default)]
    pub data: Vec<String>,
    /// Licence of the weights and attributions that they need.
    #[serde(default)]
    pub licence: String,
    /// How they were made: the command.
    #[serde(default)]
    pub command: String,
    /// Figures by name. Each value says what it needs to be repeated (temperature, N, seed).
    #[serde(default)]
    pub metrics: BTreeMap<String, serde_json::Value>,
    /// Temperature at which the figures hold and which a plugin starts from.
    #[serde(default = "one")]
    pub default_temperature: f32,
    /// How the model recalls what was played before; `None` = not beyond what its network does, as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheParams>,
    /// By how much a model that hears chords is held to them when it writes: added to the logits of pitches in the
    /// chord, taken from those of the others. 0 = as published.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub chord_lean: f32,
    /// A small space of somebody's own inside a latent model's; `None` = as trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<PersonalParams>,
    /// The files that these weights were imported from; empty for weights of our own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<SourceFile>,
    /// SHA-256 of the tensor data as stored, in hexadecimal; empty before saving.
    #[serde(default)]
    pub sha256: String,
}

/// A file that weights come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Name without folder.
    pub name: String,
    /// SHA-256 of the whole file in hexadecimal.
    pub sha256: String,
}

fn version() -> u32 {
    1
}

fn one() -> f32 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's way of asking
fn is_zero(x: &f32) -> bool {
    *x == 0.0
}

impl Card {
    /// A card for weights of a known configuration with its published shape.
    #[must_use]
    pub fn of(configuration: &super::Configuration) -> Self {
        let architecture = configuration.family.id().into();
        Self { architecture, ..Self::new(configuration.id, configuration.hparams.clone()) }
    }

    /// A card for weights that say nothing but their id and shape; the architecture is empty.
    pub(super) fn new(id: &str, hparams: Hparams) -> Self {
        Self {
            format: version(),
            id: id.into(),
            architecture: String::new(),
            configuration: id.into(),
            hparams,
            name: String::new(),
            data: Vec::new(),
            licence: String::new(),
            command: String::new(),
            metrics: BTreeMap::new(),
            default_temperature: one(),
            cache: None,
            chord_lean: 0.0,
            personal: None,
            source: Vec::new(),
            sha256: String::new(),
        }
    }
}
