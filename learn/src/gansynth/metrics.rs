//! The metrics file beside shipped weights of GANSynth, and their card. Written by the command line.

use super::data::Spectra;
use super::loss::NORMALISER;
use super::network::Network;
use super::notes::Program;
use super::session::{Point, Session, Settings};
use crate::network::Parameter;
use descant_core::model::gansynth::{Frequencies, Instrument, OURS, SPECTRA, Shape, SoundParams};
use descant_core::model::{Card, ModelError};
use serde::Serialize;
use serde_json::json;

/// Everything known about a finished or running training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Id of the weights.
    pub model: String,
    /// Command that makes them again.
    pub command: String,
    /// Trained values.
    pub parameters: usize,
    /// Sizes.
    pub shape: Shape,
    /// What decided the run.
    pub settings: Settings,
    /// Names of the instruments.
    pub instruments: Vec<String>,
    /// Updates made.
    pub updates: u64,
    /// Training seconds on a shared machine.
    pub seconds: f64,
    /// Evaluations during the run.
    pub curve: Vec<Point>,
}

impl Metrics {
    /// Of a run on these instruments.
    #[must_use]
    pub fn of(session: &Session, programs: &[Program], command: String) -> Self {
        Self {
            model: OURS.into(),
            command,
            parameters: session.network.size(),
            shape: session.network.shape.clone(),
            settings: session.settings.clone(),
            instruments: programs.iter().map(|p| p.name.to_owned()).collect(),
            updates: session.progress.step,
            seconds: session.progress.seconds,
            curve: session.progress.curve.clone(),
        }
    }
    /// What a card says of the weights: sizes, and the instruments that they learned by name.
    fn params(&self, network: &Network) -> SoundParams {
        let vectors = network.instruments().chunks_exact(self.shape.latent.max(1));
        // Three decimals are far finer than the noise that they were learned with.
        let rounded = |z: &[f32]| z.iter().map(|x| (x * 1e3).round() / 1e3).collect();
        let instruments = self.instruments.iter().zip(vectors);
        let params = SoundParams::new(&self.shape, NORMALISER, Frequencies::Harmonic);
        SoundParams {
            instruments: instruments
                .map(|(name, z)| Instrument { name: name.clone(), z: rounded(z) })
                .collect(),
            spectra: true,
            ..params
        }
    }

    /// The card of `network`.
    ///
    /// # Errors
    /// Never for a network made here.
    pub fn card(&self, network: &Network) -> Result<Card, ModelError> {
        let params = self.params(network);
        params.shape(&self.shape.channels)?;
        let mut card = params.card(OURS, &self.shape.channels);
        card.name = "GANSynth".into();
        card.data = vec![format!(
            "FluidR3 GM (Frank Wen; MIT), {} instruments, notes {} to {}, held 3 of 4 s, reverb and chorus off",
            self.instruments.len(),
            self.shape.lowest,
            self.shape.highest()
        )];
        card.licence = "MIT OR Apache-2.0; trained on notes of FluidR3 GM (MIT)".into();
        card.command.clone_from(&self.command);
        if let Some(point) = self.curve.last() {
            let figure = json!({
                "decibels": point.valid.mean_decibels(), "next_note_decibels": point.neighbour,
                "frequencies": point.valid.off(), "training_decibels": point.train.mean_decibels(),
                "unit": "mean difference of mel magnitudes on held-out (instrument, note) pairs; 1 - cos of frequencies",
            });
            card.metrics.insert("held_out".into(), figure);
        }
        let training = json!({
            "updates": self.updates, "parameters": self.parameters, "seed": self.settings.run.seed,
            "seconds": self.seconds.round(),
        });
        card.metrics.insert("training".into(), training);
        Ok(card)
    }

    /// The parameters that are stored: what a finished generator shows, and the spectra.
    #[must_use]
    pub fn stored(&self, network: Network, spectra: &Spectra) -> Vec<Parameter> {
        let seen = self.params(&network).variables(&self.shape.channels).unwrap_or_default();
        let mut parameters = network.parameters;
        for (name, shape) in &seen {
            if name == SPECTRA {
                let (name, shape, values) = (name.clone(), shape.clone(), spectra.values.clone());
                parameters.push(Parameter { name, shape, values });
            }
        }
        parameters.retain(|p| seen.iter().any(|(name, _)| *name == p.name));
        parameters
    }
}
