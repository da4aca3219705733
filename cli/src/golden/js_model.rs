//! [`JsVae`]: a checkpoint of Magenta.js at work, as that program uses it.
use super::js_checkpoints::opened;
use anyhow::{Context, Result};
use descant_core::codec::encoding::SparseVector;
use descant_core::codec::vae::Rows;
use descant_core::codec::vae::js::Written;
use descant_core::model::import::JsArgs;
use descant_core::model::import::latent::{JsModel, recognise};
use descant_core::model::music_vae::{DecodeOptions, Example, MusicVae, Steps};
use descant_core::music::{Chord, NoteSequence};
use descant_core::nn::Storage;
use descant_core::tool::Cancel;
use std::path::Path;

/// A model with its converter.
pub struct JsVae {
    /// The network.
    pub model: MusicVae,
    /// Converter and controls.
    pub js: JsModel,
}

impl JsVae {
    /// Loads a folder, with other arguments of its converter than it says.
    pub fn load(folder: &Path, change: impl FnOnce(&mut JsArgs)) -> Result<Self> {
        let opened = opened(folder)?;
        let mut config = opened.js.context("no config.json")?;
        change(&mut config.data_converter.args);
        let recognised = recognise(opened.weights, Some(&config), None)?;
        let model = MusicVae::new(recognised.shape, &recognised.weights, Storage::F32)?;
        Ok(Self { model, js: recognised.js.context("no model of Magenta.js")? })
    }

    /// The control of every step; none if the model takes none.
    fn controls(&self, chords: &[Option<Chord>]) -> Result<Vec<SparseVector>> {
        let steps = self.model.shape().steps;
        Ok(self.js.chords.map(|how| how.controls(chords, steps)).transpose()?.unwrap_or_default())
    }

    /// The mean of where the music lies.
    pub fn encode(&self, music: &NoteSequence, chords: &[Option<Chord>]) -> Result<Vec<f32>> {
        let shape = self.model.shape();
        let segments = self.js.converter.to_parts(music, shape.encoder.segments)?;
        let example = Example { segments }.with_control(u32::try_from(shape.input)?, &self.controls(chords)?);
        let found = self.model.encode(&[example], &Cancel::default(), &mut |_| {})?;
        Ok(found.into_iter().next().context("nothing came of it")?.mu)
    }

    /// The most likely steps from a vector.
    pub fn steps(&self, z: &[f32], chords: &[Option<Chord>]) -> Result<Steps> {
        let control = self.controls(chords)?;
        let controls = vec![control.as_slice(); usize::from(!control.is_empty())];
        let length = self.model.shape().steps;
        let options = DecodeOptions { temperature: 0.0, seeds: &[], controls: &controls, length };
        let found = self.model.decode(&[z], &options, &Cancel::default(), &mut |_| {})?;
        found.into_iter().next().context("nothing came of it")
    }

    /// The most likely music from a vector.
    pub fn decode(&self, z: &[f32], chords: &[Option<Chord>], qpm: f64) -> Result<NoteSequence> {
        Ok(match self.steps(z, chords)? {
            Steps::Classes(blocks) => self.js.converter.from_steps(Written::Classes(&blocks), qpm)?,
            Steps::Rows { values, width } => {
                self.js.converter.from_steps(Written::Rows(&Rows { width, values }), qpm)?
            }
        })
    }
}
