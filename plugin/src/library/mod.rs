//! The models that an instance can use: the catalogue, with or without weights.
//!
//! Any thread but the audio thread. Loaded models are shared by all instances of the process; listing them loads
//! nothing, so that a scan stays cheap.

use descant_core::music::ClipKind;
use std::sync::LazyLock;

/// One model of the menu.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Stable id, e.g. `drum_kit`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What it writes.
    pub kind: ClipKind,
    /// Whether there are weights.
    pub ready: bool,
    /// Temperature at which it was measured.
    pub default_temperature: f32,
}

static MODELS: LazyLock<Vec<ModelInfo>> = LazyLock::new(Vec::new);

/// All models in the order of the menu. The order never changes; new ones go to the end.
#[must_use]
pub fn models() -> &'static [ModelInfo] {
    &MODELS
}
