//! What each trainable model learns from: its architecture, its pieces per split, and the recipe that made the
//! weights that ship. Runs on the thread that trains; reads `assets/corpora` and nothing else.

mod drums;
mod melodies;
mod performances;
mod voices;

use crate::corpora::CorpusError;
use crate::network::Architecture;
use crate::piece::Piece;
use crate::trainer::Settings;
use descant_core::codec::EventError;
use descant_core::codec::encoding::EncodingError;
use descant_core::codec::vae::VaeError;
use descant_core::corpus::{Funnel, Split};
use descant_core::model::{Configuration, Hparams, find};
use descant_core::music::QuantiseError;
use std::path::Path;

/// Why a task cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The name is not one that can be trained.
    #[error("there is no recipe for \"{0}\"; train one of: {list}", list = [&Task::IDS[..], &crate::vae::task::Task::IDS].concat().join(", "))]
    Unknown(String),
    /// Its corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The corpus does not fit the model.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Notes of the corpus do not fit the grid.
    #[error(transparent)]
    Grid(#[from] QuantiseError),
    /// Notes of the corpus make no sequence.
    #[error(transparent)]
    Events(#[from] EventError),
    /// Music of the corpus makes no examples.
    #[error(transparent)]
    Windows(#[from] VaeError),
}

/// Pieces per split.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    /// Learned from.
    pub train: Vec<Piece>,
    /// Early stopping.
    pub valid: Vec<Piece>,
    /// Reported figures.
    pub test: Vec<Piece>,
}

impl Sets {
    fn push(&mut self, split: Split, piece: Piece) {
        match split {
            Split::Train => self.train.push(piece),
            Split::Validation => self.valid.push(piece),
            Split::Test => self.test.push(piece),
        }
    }
}

/// Meters of the training pieces of a melody model; validation and test are duple in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Meters {
    /// 4/4, 2/2 and 2/4, as the reference models.
    #[default]
    Duple,
    /// All that fit the 16th grid, each looking back by bars of its own length.
    All,
}

/// A model that can be trained here.
#[derive(Clone, Debug)]
pub struct Task {
    /// Id of the weights, as requests name them.
    pub id: &'static str,
    /// Shape of the network.
    pub architecture: Architecture,
    /// Recipe of the shipped weights.
    pub settings: Settings,
    /// Pieces.
    pub sets: Sets,
    /// What was read and what was left out.
    pub funnels: Vec<Funnel>,
    /// The data in words, one line per corpus, with licence and attribution.
    pub data: Vec<&'static str>,
    /// Licence of the weights, with the attributions that it needs.
    pub licence: &'static str,
    /// Line of the catalogue that the weights belong to.
    pub configuration: &'static Configuration,
    /// Major key that all pieces are in, where that is not what the catalogue says.
    pub key: Option<u8>,
}

impl Task {
    /// Ids of all recipes.
    pub const IDS: [&'static str; 11] = [
        "drum_kit",
        "one_drum",
        "lookback_rnn",
        "attention_rnn",
        "basic_rnn",
        "mono_rnn",
        "bass_rnn",
        "chord_pitches_improv",
        "polyphony",
        "rnn-nade",
        "optional_multiconditioned_performance_with_dynamics",
    ];

    /// Reads the corpus of model `id` below `corpora`.
    ///
    /// # Errors
    /// An unknown id, or a corpus that cannot be read.
    pub fn open(id: &str, corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        match id {
            "drum_kit" => Self::drum_kit(corpora),
            "one_drum" => Self::one_drum(corpora),
            "lookback_rnn" => Self::lookback_rnn(corpora, meters),
            "attention_rnn" => Self::attention_rnn(corpora, meters),
            "basic_rnn" => Self::basic_rnn(corpora, meters),
            "mono_rnn" => Self::mono_rnn(corpora, meters),
            "bass_rnn" => Self::bass_rnn(corpora, meters),
            "chord_pitches_improv" => Self::chord_pitches_improv(corpora, meters),
            "polyphony" => Self::polyphony(corpora),
            "rnn-nade" => Self::rnn_nade(corpora),
            "optional_multiconditioned_performance_with_dynamics" => Self::optional_multiconditioned(corpora),
            _ => Err(TaskError::Unknown(id.to_owned())),
        }
    }

    /// The shape of `architecture` as a card tells it.
    #[must_use]
    pub fn hparams(&self, architecture: &Architecture) -> Hparams {
        let published = self.configuration.hparams.clone();
        Hparams {
            layers: architecture.layers.clone(),
            attention: architecture.attention,
            encoding: architecture.encoding.params().clone(),
            transpose_to_key: self.key.or(published.transpose_to_key),
            ..published
        }
    }
}

fn configuration(id: &str) -> Result<&'static Configuration, TaskError> {
    find(id).ok_or_else(|| TaskError::Unknown(id.to_owned()))
}
