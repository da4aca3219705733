//! GANSynth: a point in a space of sounds and a pitch → 4 s of that note (Engel et al., "GANSynth: Adversarial Neural
//! Audio Synthesis", 2019; spec audio 1).
//!
//! Worker threads; cancelled between layers. [`Shape`] says the sizes ([`Shape::released`]: configuration
//! `mel_prog_hires`), [`GanSynth`] is a loaded model, [`Anchors`] the way of instruments through a piece. What the
//! network writes is a picture of mel magnitudes and frequencies; [`crate::sound::spectral`] makes it sound. Weights with a
//! card ([`SoundParams`]) load by [`GanSynth::from_checkpoint`]; a note is [`GanSynth::note`]. Parity is
//! held by the golden files `generator_*` and `note_rendering.json`.
mod anchors;
mod experiment;
mod frequencies;
mod generator;
mod normalise;
mod params;
mod shape;
#[cfg(test)]
mod tests;

pub use anchors::{Anchors, instruments, slerp};
pub use experiment::{Experiment, averaged};
pub use frequencies::Frequencies;
pub use generator::Generator;
pub use normalise::Normaliser;
pub use params::{ARCHITECTURE, Instrument, OURS, RELEASED, SPECTRA, SoundParams};
pub use shape::{Schedule, Shape, alphas};

use super::ModelError;
use crate::nn::Weights;
use crate::nn::conv::Crew;
use crate::sampling::Rng;
use crate::sound::spectral::{Spectral, SpectralError, Variant};
use crate::tool::Cancel;

/// Why there is no note.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// [`Cancel::cancel`] was called.
    #[error("cancelled")]
    Cancelled,
    /// The model has no such note.
    #[error("this model plays the notes {lowest} to {highest}, not {pitch}")]
    Pitch {
        /// Asked for.
        pitch: u8,
        /// Lowest note of the model.
        lowest: u8,
        /// Highest note of the model.
        highest: u8,
    },
    /// A vector of another model.
    #[error("this instrument has {found} numbers, but the model needs {expected}")]
    Latent {
        /// Numbers needed.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// A vector or weights that blow up.
    #[error("the sound is not a number: the model's weights or the instrument are unusable")]
    NotFinite,
    /// Sizes that do not fit.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Sizes that do not fit.
    #[error(transparent)]
    Spectral(#[from] SpectralError),
}

impl From<crate::nn::NnError> for NoteError {
    fn from(error: crate::nn::NnError) -> Self {
        Self::Model(error.into())
    }
}

/// A loaded model.
#[derive(Clone)]
pub struct GanSynth {
    generator: Generator,
    normaliser: Normaliser,
    frequencies: Frequencies,
    /// What magnitudes are told against, [notes × bands]; `None` = nothing.
    spectra: Option<Vec<f32>>,
    spectral: Spectral,
}

impl GanSynth {
    /// Packs the tensors of a checkpoint, under the names of [`Shape::variables`]. `progress` is how far training came,
    /// see [`Schedule::progress`]; [`Shape::finished`] for a released model.
    ///
    /// # Errors
    /// An impossible shape; a tensor that is missing or has another shape.
    pub fn new(
        shape: Shape,
        normaliser: Normaliser,
        weights: &Weights,
        progress: f64,
    ) -> Result<Self, ModelError> {
        let impossible = |e: SpectralError| ModelError::Hparams(e.to_string());
        let generator = Generator::new(shape, weights, progress)?;
        let shape = generator.shape();
        let [_, bands] = shape.image();
        let spectral = Spectral::new(shape.framing(), f64::from(shape.rate), bands, Variant::Python);
        let frequencies = Frequencies::Absolute;
        Ok(Self {
            spectral: spectral.map_err(impossible)?,
            normaliser,
            frequencies,
            spectra: None,
            generator,
        })
    }

    /// The same model whose frequencies are told against something else.
    #[must_use]
    pub fn with_frequencies(mut self, frequencies: Frequencies) -> Self {
        self.frequencies = frequencies;
        self
    }

    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        self.generator.shape()
    }

    /// Between the network's numbers and the spectrogram's.
    #[must_use]
    pub fn normaliser(&self) -> &Normaliser {
        &self.normaliser
    }

    /// The network alone.
    #[must_use]
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// An instrument that nobody heard before: N(0, 1) in every dimension.
    #[must_use]
    pub fn random_instrument(&self, seed: u32) -> Vec<f32> {
        normal(seed, 0, self.shape().latent).map(|x| x as f32).collect()
    }

    /// The note `pitch` of the instrument `z`: [`Shape::samples`] samples, [`Shape::rate`] per second, not normalised.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn note(
        &self,
        z: &[f32],
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError> {
        self.sound(&self.generator.image(z, pitch, crew, cancel)?, pitch)
    }

    /// A note of an instrument that changes while it sounds: after every `step` seconds it is the next of `way` (at least
    /// one), at last the last one; between two of them, what lies between their pictures.
    ///
    /// # Errors
    /// [`NoteError`]; [`NoteError::Latent`] for no vector at all.
    pub fn morphing_note(
        &self,
        (way, step): (&[Vec<f32>], f64),
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError> {
        let images = way.iter().map(|z| self.generator.image(z, pitch, crew, cancel));
        let mut images = images.collect::<Result<Vec<_>, _>>()?.into_iter();
        let nothing = NoteError::Latent { expected: self.shape().latent, found: 0 };
        let mut image = images.next().ok_or(nothing)?;
        let [_, bands] = self.shape().image();
        let hop = self.shape().framing().hop as f64 / f64::from(self.shape().rate);
        for (n, next) in images.enumerate() {
            let rows = image.chunks_exact_mut(2 * bands).zip(next.chunks_exact(2 * bands));
            for (frame, (row, next)) in rows.enumerate() {
                let share = (frame as f64 * hop / step - n as f64).clamp(0.0, 1.0) as f32;
                row.iter_mut().zip(next).for_each(|(value, next)| *value += share * (next - *value));
            }
        }
        self.sound(&image, pitch)
    }

    /// The sound of an image that was made of a note `pitch`, here or by another processor.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn sound(&self, image: &[f32], pitch: u8) -> Result<Vec<f32>, NoteError> {
        let (lowest, highest) = (self.shape().lowest, self.shape().highest());
        if !(lowest..=highest).contains(&pitch) {
            return Err(NoteError::Pitch { pitch, lowest, highest });
        }
        let mut cells = self.normaliser.cells(image);
        if let Some(spectra) = &self.spectra {
            let [_, bands] = self.shape().image();
            let spectrum = &spectra[usize::from(pitch - lowest) * bands..][..bands];
            for row in cells.chunks_exact_mut(bands) {
                row.iter_mut().zip(spectrum).for_each(|(cell, mean)| cell[0] += f64::from(*mean));
            }
        }
        let sound = self.frequencies.render(&self.spectral, self.shape(), pitch, &cells)?;
        if sound.iter().all(|x| x.is_finite()) { Ok(sound) } else { Err(NoteError::NotFinite) }
    }
}

/// `count` draws of N(0, 1) of the `row`-th vector of a seed.
fn normal(seed: u32, row: usize, count: usize) -> impl Iterator<Item = f64> {
    let rng = Rng::new(seed);
    (0..count).map(move |i| rng.normal(row as u64, i as u64))
}
