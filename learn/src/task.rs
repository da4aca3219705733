//! What each trainable model learns from: its architecture, its pieces per split, and the recipe that made the
//! weights that ship. Runs on the thread that trains; reads `assets/corpora` and nothing else.

use crate::corpora::{self, CorpusError};
use crate::encode::{Encoding, KeyMelody, Lookback};
use crate::network::Architecture;
use crate::stream::Piece;
use crate::trainer::Settings;
use descant_core::corpus::{Funnel, GrooveKind, MelodyOptions, Split};
use descant_core::model::{Configuration, EncodingParams, Hparams, find};
use descant_core::music::ClipKind;
use std::path::Path;

/// Why a task cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The name is not one that can be trained.
    #[error("there is no recipe for \"{0}\"; train one of: {list}", list = Task::IDS.join(", "))]
    Unknown(String),
    /// Its corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
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
}

impl Task {
    /// Ids of all recipes.
    pub const IDS: [&'static str; 3] = ["drum_kit", "lookback_rnn", "attention_rnn"];

    /// Reads the corpus of model `id` below `corpora`.
    ///
    /// # Errors
    /// An unknown id, or a corpus that cannot be read.
    pub fn open(id: &str, corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        match id {
            "drum_kit" => Self::drum_kit(corpora),
            "lookback_rnn" => Self::lookback_rnn(corpora, meters),
            "attention_rnn" => Self::attention_rnn(corpora, meters),
            _ => Err(TaskError::Unknown(id.to_owned())),
        }
    }

    /// The shape of `architecture` as a card tells it.
    #[must_use]
    pub fn hparams(&self, architecture: &Architecture) -> Hparams {
        let encoding = match (architecture.encoding.clone(), self.configuration.kind) {
            (Encoding::Lookback(Lookback { distances, bits, .. }), ClipKind::Drums) => {
                EncodingParams::DrumsLookback { types: 9, distances, bits }
            }
            (Encoding::Lookback(Lookback { distances, bits, .. }), ClipKind::Melody) => {
                EncodingParams::MelodyLookback { min: 48, max: 84, distances, bits }
            }
            (Encoding::KeyMelody(KeyMelody { min, max, distances, bits }), _) => {
                EncodingParams::KeyMelody { min, max, distances, bits }
            }
        };
        let published = self.configuration.hparams.clone();
        Hparams {
            layers: architecture.layers.clone(),
            attention: architecture.attention,
            encoding,
            ..published
        }
    }

    /// 4/4 grooves of Groove MIDI by its official split; the fills, a bar or two each, stay out.
    fn drum_kit(corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnel) = corpora::drums(corpora)?;
        let mut sets = Sets::default();
        for piece in pieces.into_iter().filter(|p| p.kind == GrooveKind::Beat) {
            let events = piece.classes.iter().map(|&c| u32::from(c)).collect();
            sets.push(piece.split, Piece { id: piece.id, bar: piece.steps_per_bar, events });
        }
        Ok(Self {
            id: "drum_kit",
            architecture: Architecture {
                encoding: Encoding::Lookback(Lookback::drum_kit()),
                layers: vec![256, 256],
                attention: 0,
            },
            settings: Settings { steps: 3000, ..Settings::default() },
            sets,
            funnels: vec![funnel],
            data: vec![
                "Groove MIDI Dataset, Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove with Inverse \
                 Sequence Transformations, ICML 2019, CC BY 4.0; changes: used to train model weights",
            ],
            licence: "MIT OR Apache-2.0; trained on the Groove MIDI Dataset (CC BY 4.0, attribution under data)",
            configuration: configuration("drum_kit")?,
        })
    }

    /// Vocal lines of OpenScore Lieder and the dated lead sheets of OpenEWLD in 4/4, 2/2 and 2/4 (or
    /// in all meters); validation and test are duple Lieder.
    fn lookback_rnn(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        let (pieces, funnels) = corpora::melodies(corpora, &MelodyOptions::default())?;
        let mut sets = Sets::default();
        for piece in pieces {
            let learned = piece.split == Split::Train && (meters == Meters::All || piece.is_duple());
            let judged =
                piece.split != Split::Train && piece.is_duple() && piece.id.starts_with("openscore-lieder");
            if !learned && !judged {
                continue;
            }
            let events = piece.classes().into_iter().map(u32::from).collect();
            sets.push(piece.split, Piece { id: piece.id, bar: piece.steps_per_bar, events });
        }
        Ok(Self {
            id: "lookback_rnn",
            architecture: Architecture {
                encoding: Encoding::Lookback(Lookback::melody()),
                layers: vec![256, 256],
                attention: 0,
            },
            settings: Settings { steps: 3000, keep: 0.5, every: 150, ..Settings::default() },
            sets,
            funnels,
            data: vec![
                "OpenScore Lieder Corpus (CC0 1.0): vocal lines",
                "OpenEWLD (MIT), lead sheets dated before 1931 or traditional",
            ],
            licence: "MIT OR Apache-2.0; trained on works in the public domain",
            configuration: configuration("lookback_rnn")?,
        })
    }

    /// The same melodies as `lookback_rnn`, in the published shape with attention over 40 steps.
    fn attention_rnn(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        Ok(Self {
            id: "attention_rnn",
            architecture: Architecture {
                encoding: Encoding::KeyMelody(KeyMelody::attention_rnn()),
                layers: vec![128, 128],
                attention: 40,
            },
            configuration: configuration("attention_rnn")?,
            ..Self::lookback_rnn(corpora, meters)?
        })
    }
}

fn configuration(id: &str) -> Result<&'static Configuration, TaskError> {
    find(id).ok_or_else(|| TaskError::Unknown(id.to_owned()))
}
