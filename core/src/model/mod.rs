//! Models: a card, an encoding and a network that belong together.
//!
//! Worker thread. [`catalogue`] lists what Descant knows, [`builtin`] what it carries, [`Model`] is one loaded
//! set of weights; [`event_rnn`] steps it. No user-level options here: those are `tool`'s.
pub mod builtin;
mod cache;
mod card;
mod catalogue;
pub mod compat;
pub mod compat_pianoroll;
pub mod compat_polyphony;
mod compat_sections;
#[cfg(test)]
mod conditional_tests;
pub mod event_rnn;
pub mod gansynth;
mod hparams;
pub mod import;
mod latent;
mod loaded;
pub mod music_vae;
pub mod personal;
pub mod polyphony_rnn;
pub mod rnn_nade;
#[cfg(test)]
pub(crate) mod testing;

pub use cache::CacheParams;
pub use card::{Card, SourceFile};
pub use catalogue::{Configuration, Family, catalogue, find};
pub use hparams::{EncodingParams, Hparams, ModelEncoding};
pub use latent::{LatentMusic, LatentParams, STEPS_PER_BAR};
pub use loaded::Model;

use crate::checkpoint::CheckpointError;
use crate::codec::encoding::EncodingError;
use crate::nn::NnError;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Listed, but there are no weights for it here.
    #[error("{0} needs weights: none are built in, import a checkpoint first")]
    NeedsWeights(String),
    /// Not in the catalogue.
    #[error("there is no model called “{0}”")]
    Unknown(String),
    /// The card describes something impossible.
    #[error("the card describes an impossible model: {0}")]
    Hparams(String),
    /// The encoding's parameters are impossible, or an event does not fit.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Weights of another depth or width than asked for.
    #[error("this checkpoint has {found}, {id} needs {needed}")]
    Layers {
        /// What was asked for.
        id: String,
        /// Layers in the weights, in words.
        found: String,
        /// Layers needed, in words.
        needed: String,
    },
    /// Weights with or without attention where the model has it the other way round.
    #[error("this checkpoint was made {found} attention, {id} needs weights made {needed}")]
    Attention {
        /// What was asked for.
        id: String,
        /// "with" or "without".
        found: &'static str,
        /// "with" or "without".
        needed: &'static str,
    },
    /// Weights for another number of inputs or classes.
    #[error(
        "this checkpoint has {found_inputs} inputs and {found_classes} classes, {id} needs {inputs} and {classes}: it was made for another encoding"
    )]
    Width {
        /// What was asked for.
        id: String,
        /// Inputs of the weights.
        found_inputs: usize,
        /// Classes of the weights.
        found_classes: usize,
        /// Inputs needed.
        inputs: usize,
        /// Classes needed.
        classes: usize,
    },
    /// Asked for events one by one, which a latent model does not write.
    #[error("this model writes whole bars from a vector, not event by event")]
    NoEvents,
    /// Asked for clips, which a model of sounds does not write.
    #[error("{0} plays sounds and writes no clips: use it in Descant Keys")]
    NoClips(String),
    /// Asked for sounds, which only GANSynth plays.
    #[error("{0} writes clips and plays no sounds")]
    NoSounds(String),
    /// A tensor is missing or has another shape.
    #[error(transparent)]
    Network(#[from] NnError),
    /// The file itself.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}
