//! The recipes of the latent-vector models: shape, windows per split, settings. Runs on the thread that trains; reads
//! `assets/corpora` and nothing else.
//!
//! Networks are smaller than the published ones: on this much data and time they learn far more per second, and their
//! files fit in the plugin.

use super::session::Settings;
use super::window::{self, Window};
use crate::corpora;
use crate::task::TaskError;
use crate::trainer;
use descant_core::codec::vae::{GrooveConverter, GrooveInput};
use descant_core::corpus::{Funnel, MelodyOptions, Split};
use descant_core::model::music_vae::Shape;
use descant_core::model::{
    Configuration, EncodingParams, Hparams, LatentMusic, LatentParams, ModelError, find,
};
use descant_core::music::drum_map::ROLAND;
use std::path::Path;

/// A latent-vector model that can be trained here.
#[derive(Clone, Debug)]
pub struct Task {
    /// Line of the catalogue that the weights belong to.
    pub configuration: &'static Configuration,
    /// What the network is made of; smaller than the catalogue says.
    pub params: LatentParams,
    /// Units of the decoder's layers.
    pub layers: Vec<usize>,
    /// Recipe of the shipped weights.
    pub settings: Settings,
    /// Training, validation and test windows.
    pub sets: [Vec<Window>; 3],
    /// What was read and what was left out.
    pub funnels: Vec<Funnel>,
    /// The data in words, with licence and attribution.
    pub data: Vec<&'static str>,
    /// Licence of the weights.
    pub licence: &'static str,
}

const GROOVE_MIDI: &str = "Groove MIDI Dataset, Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove with Inverse \
                           Sequence Transformations, ICML 2019, CC BY 4.0; changes: used to train model weights";

impl Task {
    /// Ids of all recipes.
    pub const IDS: [&'static str; 8] = [
        "cat-drums_2bar_small",
        "cat-mel_2bar_small",
        "drums_4bar_med",
        "mel_4bar_med",
        "groovae_2bar_humanize",
        "groovae_2bar_tap_fixed_velocity",
        "groovae_2bar_add_closed_hh",
        "groovae_4bar",
    ];

    /// Reads the corpus of model `id` below `corpora`.
    ///
    /// # Errors
    /// An unknown id, or a corpus that cannot be read.
    pub fn open(id: &str, corpora: &Path) -> Result<Self, TaskError> {
        let unknown = || TaskError::Unknown(id.to_owned());
        let configuration =
            Self::IDS.iter().find(|i| **i == id).and_then(|id| find(id)).ok_or_else(unknown)?;
        let EncodingParams::Latent(published) = &configuration.hparams.encoding else {
            return Err(unknown());
        };
        let params = LatentParams { z: 64, encoder: vec![128], ..published.clone() };
        let bars = params.bars as usize;
        let task = Self {
            configuration,
            params,
            layers: vec![128, 128],
            settings: settings(8000, 24.0 * bars as f32),
            sets: Default::default(),
            funnels: Vec::new(),
            data: vec![GROOVE_MIDI],
            licence: "MIT OR Apache-2.0; trained on the Groove MIDI Dataset (CC BY 4.0, attribution under data)",
        };
        match &published.music {
            LatentMusic::Melody { .. } => task.melody(bars, corpora),
            LatentMusic::Groove { input, .. } => task.groove(bars, *input, corpora),
            LatentMusic::Drums { .. } => task.drums(bars, corpora),
            LatentMusic::Trio { .. } => Err(unknown()),
        }
    }

    /// Id of the weights.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.configuration.id
    }

    /// Sizes of the network.
    ///
    /// # Errors
    /// Never for the recipes here.
    pub fn shape(&self) -> Result<Shape, ModelError> {
        self.params.shape(&self.layers)
    }

    /// The shape of a network of this task as a card tells it.
    #[must_use]
    pub fn hparams(&self, shape: &Shape) -> Hparams {
        let params = LatentParams { z: shape.z, encoder: shape.encoder.units.clone(), ..self.params.clone() };
        Hparams {
            layers: shape.decoder.units.clone(),
            encoding: EncodingParams::Latent(params),
            ..self.configuration.hparams.clone()
        }
    }

    /// 4/4 grooves and fills of Groove MIDI by its official split.
    fn drums(mut self, bars: usize, corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnel) = corpora::drums(corpora)?;
        for piece in pieces.iter().filter(|p| p.steps_per_bar == window::BAR) {
            self.sets[index(piece.split)].extend(window::of_drums(piece, bars));
        }
        Ok(Self { funnels: vec![funnel], ..self })
    }

    /// The same recordings with velocities and micro-timing, without what `input` keeps from the encoder.
    fn groove(mut self, bars: usize, input: GrooveInput, corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnel) = corpora::drums(corpora)?;
        let hop = Some(window::BAR as u32);
        let converter =
            GrooveConverter { kit: &ROLAND, bars: bars as u32, hop, input, ..GrooveConverter::default() };
        for piece in pieces.iter().filter(|p| p.steps_per_bar == window::BAR) {
            self.sets[index(piece.split)].extend(window::of_groove(piece, &converter)?);
        }
        // Published is dropout that keeps 0.3; a network of this size does not need that much.
        let recipe = settings(6000, 48.0);
        let run = trainer::Settings { keep: 0.7, ..recipe.run };
        let settings = Settings { own_steps: 0.0, run, ..recipe };
        Ok(Self { layers: vec![192, 192], settings, funnels: vec![funnel], ..self })
    }

    /// Vocal lines of OpenScore Lieder and the dated lead sheets of OpenEWLD in 4/4, 2/2 and 2/4, in all keys.
    fn melody(mut self, bars: usize, corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnels) = corpora::melodies(corpora, &MelodyOptions::default())?;
        for piece in pieces.iter().filter(|p| p.is_duple()) {
            self.sets[index(piece.split)].extend(window::of_melody(piece, bars));
        }
        Ok(Self {
            settings: settings(10_000, 24.0 * bars as f32),
            funnels,
            data: vec![
                "OpenScore Lieder Corpus (CC0 1.0): vocal lines",
                "OpenEWLD (MIT), lead sheets dated before 1931 or traditional",
            ],
            licence: "MIT OR Apache-2.0; trained on works in the public domain",
            ..self
        })
    }
}

fn settings(steps: u64, free_bits: f32) -> Settings {
    let run = trainer::Settings {
        steps,
        batch: 32,
        keep: 1.0,
        rate: 2e-3,
        warmup: 100,
        clip: 1.0,
        every: 400,
        ..trainer::Settings::default()
    };
    Settings { run, beta: 0.2, free_bits, own_steps: 600.0 }
}

fn index(split: Split) -> usize {
    match split {
        Split::Train => 0,
        Split::Validation => 1,
        Split::Test => 2,
    }
}
