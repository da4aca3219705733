//! MusicVAE and GrooVAE: music ↔ a vector in a space where what lies close sounds alike.
//!
//! Worker thread. Papers: Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term Structure in Music"
//! (2018); Gillick et al., "Learning to Groove with Inverse Sequence Transformations" (2019); Simon et al., "Learning a
//! Latent Space of Multitrack Measures" (2018). Configurations: [`configurations`]; parity is held by the golden files
//! `vae/fwd_*/case.json` and `vae/interpolation.json`. Knows steps as classes or rows of numbers; what they mean is for a
//! converter ([`crate::codec`]), what a musician asks for is for a tool.
mod configurations;
mod decoder;
mod encoder;
mod head;
mod interpolate;
mod midime;
mod shape;
mod steps;
#[cfg(test)]
mod tests;

pub use configurations::{Configuration, configurations, find};
pub use decoder::{DecodeOptions, Forward};
pub use encoder::{Example, Posterior};
pub use interpolate::{Blend, blend, grid, path, slerp};
pub use midime::{MidiMe, MidiMeLoss, MidiMePass, MidiMeShape};
pub use shape::{Decoder, Encoder, Head, Shape};
pub use steps::Steps;

use super::ModelError;
use crate::nn::{Storage, Weights};
use crate::sampling::Rng;

/// A loaded model.
#[derive(Clone, Debug)]
pub struct MusicVae {
    shape: Shape,
    encoder: encoder::Network,
    decoder: decoder::Network,
}

impl MusicVae {
    /// Packs the tensors of a checkpoint, under the names of [`Shape::variables`].
    ///
    /// # Errors
    /// An impossible shape; a tensor that is missing or has another shape.
    pub fn new(shape: Shape, weights: &Weights, storage: Storage) -> Result<Self, ModelError> {
        shape.check()?;
        let encoder = encoder::Network::new(&shape, weights, storage)?;
        let decoder = decoder::Network::new(&shape, weights, storage)?;
        Ok(Self { shape, encoder, decoder })
    }

    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// A vector of the prior, N(0, 1) in every dimension: what to decode for something new.
    #[must_use]
    pub fn prior(&self, seed: u32) -> Vec<f32> {
        normal(seed, self.shape.z).collect()
    }
}

/// `count` draws of N(0, 1), at a position that no step of music has.
fn normal(seed: u32, count: usize) -> impl Iterator<Item = f32> {
    let rng = Rng::new(seed);
    (0..count).map(move |i| rng.normal(u64::MAX, i as u64) as f32)
}
