//! [`Frequencies`]: what the network's second colour stands for.
//!
//! Worker threads; numbers only.
use super::Shape;
use crate::sound::spectral::{Cell, Harmonics, Spectral, SpectralError};
use serde::{Deserialize, Serialize};

/// What the frequency of a cell is told against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequencies {
    /// Nothing, as in the released models.
    #[default]
    Absolute,
    /// The harmonics of the note that is played, which the label tells: our own weights.
    Harmonic,
}

impl Frequencies {
    /// The harmonics of the MIDI note `pitch`, in equal temperament at 440 Hz.
    ///
    /// # Errors
    /// [`SpectralError::Sizes`] for a note above half the rate.
    pub fn harmonics(spectral: &Spectral, shape: &Shape, pitch: u8) -> Result<Harmonics, SpectralError> {
        let hertz = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        spectral.harmonics(hertz, f64::from(shape.rate))
    }

    /// Cells of the note `pitch` as the network tells them → sound.
    ///
    /// # Errors
    /// As [`Self::harmonics`].
    pub fn render(
        self,
        spectral: &Spectral,
        shape: &Shape,
        pitch: u8,
        cells: &[Cell],
    ) -> Result<Vec<f32>, SpectralError> {
        match self {
            Self::Absolute => spectral.render(cells),
            Self::Harmonic => spectral.render_relative(cells, &Self::harmonics(spectral, shape, pitch)?),
        }
    }
}
