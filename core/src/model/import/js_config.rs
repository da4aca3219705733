//! [`JsConfig`]: what a Magenta.js checkpoint says about itself, in its `config.json`.
//!
//! Any thread; names and numbers as they are there, not checked. [`latent`](super::latent) makes sense of them.
use serde::{Deserialize, Serialize};

/// A `config.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JsConfig {
    /// `MusicVAE` or `MusicRNN`; other programs of the family have other names.
    #[serde(rename = "type")]
    pub kind: String,
    /// How music becomes steps.
    pub data_converter: JsConverterSpec,
    /// How chords are told, for a model that follows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chord_encoder: Option<String>,
    /// Each cell of a step is a yes or no of its own.
    pub use_boolean_decoder: bool,
    /// The model is told the key.
    pub condition_on_key: bool,
    /// What else the model is told.
    pub extra_controls: Vec<JsControl>,
    /// Window of the attention in steps (`MusicRNN`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention_length: Option<usize>,
    /// What else each step is told (`MusicRNN`).
    pub aux_inputs: Vec<JsAux>,
}

/// A converter by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsConverterSpec {
    /// Name of its class.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its arguments.
    pub args: JsArgs,
}

/// Arguments of a converter; which ones it looks at depends on the converter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JsArgs {
    /// Steps of an example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_steps: Option<usize>,
    /// Parts of an example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_segments: Option<usize>,
    /// Lowest pitch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_pitch: Option<u8>,
    /// Highest pitch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pitch: Option<u8>,
    /// Of notes that start together take the highest, instead of refusing them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_polyphony: Option<bool>,
    /// Pitches of each drum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pitch_classes: Option<Vec<Vec<u8>>>,
    /// Steps of a quarter note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_per_quarter: Option<u32>,
    /// Longest shift in steps (several instruments).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_steps: Option<u32>,
    /// Bins of velocity (several instruments).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_velocity_bins: Option<u32>,
    /// The encoder is told neither velocities nor micro-timing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub humanize: Option<bool>,
    /// The encoder is told when something sounds, not what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tapify: Option<bool>,
    /// Each drum is a step of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_instruments: Option<bool>,
    /// Of a trio's melody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mel_args: Option<Box<Self>>,
    /// Of a trio's bass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bass_args: Option<Box<Self>>,
    /// Of a trio's drums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drums_args: Option<Box<Self>>,
}

/// Cells of a step that the user sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsControl {
    /// Its name.
    pub name: String,
    /// Number of cells.
    pub depth: usize,
}

/// Cells of a step that follow from its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsAux {
    /// Name of its class.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its arguments.
    pub args: JsAuxArgs,
}

/// Arguments of a [`JsAux`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JsAuxArgs {
    /// Bits of a counter of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_bits: Option<usize>,
}
