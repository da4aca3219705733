//! The models that an instance can use: the catalogue, with the weights inside the program or in the user's
//! folder.
//!
//! Any thread but the audio thread. Loaded models are shared by all instances of the process; listing them loads
//! nothing and opens no file, so that a scan stays cheap.

mod details;
mod fitting;
mod import;
mod personal;
mod weights;

pub use details::{card, know_own_cards, read_cards};
pub use fitting::{Fitting, fitting};
pub use import::{Added, CHECKPOINT_ENDINGS, add, is_checkpoint};
pub use personal::{Own, personalise};
pub use weights::{Weights, find, for_request, look, split, weights};

use crate::gui::view::FAMILIES;
use crate::worker::Generator;
use descant_core::checkpoint::{self, Checkpoint};
use descant_core::model::{
    Configuration, EncodingParams, Family, LatentMusic, Model, ModelError, builtin, catalogue,
};
use descant_core::music::{Clip, ClipKind};
use descant_core::tool::{self, Cancel, Request, Take, ToolError, trio};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Temperature of a model whose card names none.
const USUAL_TEMPERATURE: f32 = 1.0;

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
    /// Whether it writes over chords.
    pub hears_chords: bool,
    /// Whether its clips lie in a space, so that there are clips near and between them.
    pub latent: bool,
    /// Whether it can learn from the musician's clips.
    pub learns: bool,
    /// Group on the model page.
    pub family: &'static str,
}

fn family(family: Family) -> &'static str {
    match family {
        Family::DrumsRnn => FAMILIES[0],
        Family::MelodyRnn => FAMILIES[1],
        Family::ImprovRnn => FAMILIES[2],
        Family::PolyphonyRnn => FAMILIES[3],
        Family::PianorollRnnNade => FAMILIES[4],
        Family::PerformanceRnn => FAMILIES[5],
        Family::MusicVae => FAMILIES[6],
        Family::GrooVae => FAMILIES[7],
    }
}

static MODELS: LazyLock<Vec<ModelInfo>> = LazyLock::new(|| {
    let info = |c: &Configuration| ModelInfo {
        id: c.id.into(),
        name: c.name.into(),
        about: c.about.into(),
        kind: c.kind,
        hears_chords: match &c.hparams.encoding {
            EncodingParams::Improv { .. } => true,
            EncodingParams::Latent(params) => params.music == LatentMusic::Melody { chords: true },
            _ => false,
        },
        latent: matches!(c.hparams.encoding, EncodingParams::Latent(_)),
        learns: match &c.hparams.encoding {
            EncodingParams::Latent(params) => {
                matches!(params.music, LatentMusic::Melody { .. } | LatentMusic::Drums { .. })
            }
            _ => false,
        },
        family: family(c.family),
    };
    catalogue().iter().map(info).collect()
});

/// Loaded models by the key of their weights, for the whole process.
static LOADED: Mutex<BTreeMap<String, Arc<Model>>> = Mutex::new(BTreeMap::new());

/// All models in the order of the menu. The order never changes; new ones go to the end.
#[must_use]
pub fn models() -> &'static [ModelInfo] {
    &MODELS
}

/// Name for people of a model or its weights; the id itself for a model that this build does not know.
#[must_use]
pub fn name(key: &str) -> String {
    let (id, weights) = split(key);
    let model = models().iter().find(|m| m.id == id).map_or(id, |m| &m.name);
    match weights.filter(|&name| name != weights::BUILT_IN) {
        Some(name) => format!("{model} ({name})"),
        None => model.to_owned(),
    }
}

/// The model of a key.
#[must_use]
pub fn model_of(key: &str) -> Option<&'static ModelInfo> {
    let (id, _) = split(key);
    models().iter().find(|m| m.id == id)
}

/// Whether there are weights for a model, or those of a key.
#[must_use]
pub fn ready(key: &str) -> bool {
    find(key).is_some()
}

/// Temperature at which weights were measured, as their card says; the usual one until they are loaded.
#[must_use]
pub fn default_temperature(id: &str) -> f32 {
    // The window must not wait while the worker loads.
    let loaded = LOADED.try_lock().ok();
    loaded.and_then(|l| l.get(id).map(|m| m.card().default_temperature)).unwrap_or(USUAL_TEMPERATURE)
}

/// The user's folder of weights: `DESCANT_MODELS`, else the place that the system has for such things.
#[must_use]
pub fn user_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("DESCANT_MODELS") {
        return Some(folder.into());
    }
    let under = |variable: &str, rest: &str| std::env::var_os(variable).map(|v| PathBuf::from(v).join(rest));
    if cfg!(windows) {
        under("APPDATA", "Descant\\models")
    } else if cfg!(target_os = "macos") {
        under("HOME", "Library/Application Support/Descant/models")
    } else {
        under("XDG_DATA_HOME", "descant/models").or_else(|| under("HOME", ".local/share/descant/models"))
    }
}

/// The weights of a key, loaded now if no instance has used them yet.
///
/// # Errors
/// A sentence: they are not here, or cannot be used.
pub fn load(key: &str) -> Result<Arc<Model>, String> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(model) = loaded.get(key) {
        return Ok(model.clone());
    }
    let model = opened(key, Model::from_checkpoint)?;
    let model = Arc::new(model);
    loaded.insert(key.into(), model.clone());
    Ok(model)
}

/// Reads the weights of a key and makes something of them.
fn opened<T>(key: &str, make: impl FnOnce(Checkpoint) -> Result<T, ModelError>) -> Result<T, String> {
    let (id, chosen) = split(key);
    match weights::find_now(key) {
        Some(Weights { path: Some(path), .. }) => {
            let broken = |why: &dyn std::fmt::Display| format!("{} cannot be used: {why}.", path.display());
            let bytes = std::fs::read(&path).map_err(|e| broken(&e))?;
            let checkpoint = checkpoint::load_bytes(&bytes).map_err(|e| broken(&e))?;
            make(checkpoint).map_err(|e| broken(&e))
        }
        None if chosen.is_some() => Err(weights::missing(key)),
        _ => builtin::checkpoint(id).and_then(make).map_err(|e| sentence(&e.to_string())),
    }
}

/// The product's [`Generator`]: Descant's models.
pub struct Models;

impl Generator for Models {
    fn run(
        &self,
        request: &Request,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, String> {
        let model = load(&request.model)?;
        tool::run(&model, request, cancel, progress).map_err(said)
    }

    fn trios(
        &self,
        request: &Request,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<(u32, [Take; 3])>, String> {
        let play = |players: &trio::Players<'_>| trio::trios(players, request, cancel, progress);
        trio::with_players(&request.model, load, play)?.map_err(said)
    }

    fn between(
        &self,
        request: &Request,
        positions: &[f32],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        let model = load(&request.model)?;
        tool::decode_positions(&model, request, positions, cancel, progress).map_err(said)
    }

    fn around(
        &self,
        request: &Request,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        let model = load(&request.model)?;
        tool::decode_square(&model, request, cancel, progress).map_err(said)
    }

    fn personalise(
        &self,
        own: &Own,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32, Option<f32>),
    ) -> Result<Added, String> {
        personalise(own, cancel, progress)
    }
}

fn said(why: ToolError) -> String {
    match why {
        ToolError::Cancelled => "Cancelled.".into(),
        other => sentence(&other.to_string()),
    }
}

/// Errors of core are clauses; the status line shows sentences.
pub(crate) fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let text = format!("{first}{}", letters.as_str());
    if text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_has_room_and_every_name_is_its_own() {
        let names: std::collections::BTreeSet<&str> = models().iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names.len(), models().len());
        assert!(models().len() <= crate::clips::params::MODEL_SLOTS);
        assert_eq!(models()[0].id, "drum_kit", "the first model of a new instance");
    }

    #[test]
    fn a_model_that_nobody_has_is_an_answer_not_a_crash() {
        let why = load("no such model").expect_err("there is none");
        assert!(!why.is_empty());
        assert!(!ready("no such model"));
    }

    #[test]
    fn clauses_become_sentences() {
        assert_eq!(sentence("the range is empty"), "The range is empty.");
        assert_eq!(sentence("Why?"), "Why?");
        assert_eq!(sentence(""), ".");
    }
}
