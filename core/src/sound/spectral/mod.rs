//! Spectrograms as GANSynth hears: sound ↔ frames of log magnitude and instantaneous frequency, linear or mel
//! (spec audio 1.5–1.7).
//!
//! Worker threads; 64-bit inside, for phases grow over hundreds of radians. From the outside in: [`Spectral`] holds the
//! tables of one size; [`Spectral::render`] is all that a player needs, the other methods are its steps and their
//! inverses, which training and the golden files (`specgrams_*`, `mel_inverse_full`, `js_gansynth_inverse`) use.
mod frames;
mod harmonic;
mod mel;
mod phase;
#[cfg(test)]
mod tests;

pub use frames::{Framing, Variant};
pub use harmonic::Harmonics;
pub use mel::{MelBands, Sparse};
pub use phase::{accumulate, instantaneous_frequency, unwrap, wrapped_frequency};
pub use realfft::num_complex::Complex64;

use frames::Frames;
use std::f64::consts::PI;

/// One time and frequency: natural logarithm of a magnitude (of a power, if mel), and instantaneous frequency in
/// half turns per frame.
pub type Cell = [f64; 2];

/// Keeps logarithms finite.
const FLOOR: f64 = 1e-6;

/// Why a spectrogram cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpectralError {
    /// Sizes that do not go together.
    #[error("these sizes make no spectrogram: {0}")]
    Sizes(&'static str),
    /// Data of another size.
    #[error("this spectrogram needs {expected} {what}, but got {found}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// Count needed.
        expected: usize,
        /// Count given.
        found: usize,
    },
}

/// Tables for spectrograms of one size.
#[derive(Clone)]
pub struct Spectral {
    frames: Frames,
    mel: MelBands,
}

impl Spectral {
    /// Tables for sound of `rate` samples per second, cut as `framing` says, with `mels` mel bands.
    ///
    /// # Errors
    /// [`SpectralError::Sizes`].
    pub fn new(framing: Framing, rate: f64, mels: usize, variant: Variant) -> Result<Self, SpectralError> {
        let frames = Frames::new(framing, variant)?;
        Ok(Self { frames, mel: MelBands::new(framing.bins(), mels, rate)? })
    }

    /// The size.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.frames.framing
    }

    /// The mel bands.
    #[must_use]
    pub fn mel(&self) -> &MelBands {
        &self.mel
    }

    /// Sound [samples] → spectrum [frames × bins], without the bin of 0 Hz.
    ///
    /// # Errors
    /// [`SpectralError::Length`].
    pub fn stft(&self, sound: &[f32]) -> Result<Vec<Complex64>, SpectralError> {
        self.frames.analyse(sound)
    }

    /// Spectrum [frames × bins] → sound: what overlapping windows of it add up to.
    ///
    /// # Errors
    /// [`SpectralError::Length`].
    pub fn sound(&self, stft: &[Complex64]) -> Result<Vec<f32>, SpectralError> {
        self.frames.synthesise(stft)
    }

    /// Spectrum → log magnitude and instantaneous frequency.
    #[must_use]
    pub fn cells(&self, stft: &[Complex64]) -> Vec<Cell> {
        let mut phase: Vec<f64> = stft.iter().map(|c| c.arg()).collect();
        instantaneous_frequency(&mut phase, self.framing().bins());
        stft.iter().zip(phase).map(|(c, f)| [(c.norm() + FLOOR).ln(), f]).collect()
    }

    /// Log magnitude and instantaneous frequency → spectrum.
    #[must_use]
    pub fn stft_of(&self, cells: &[Cell]) -> Vec<Complex64> {
        let mut phase: Vec<f64> = cells.iter().map(|c| c[1]).collect();
        accumulate(&mut phase, self.framing().bins());
        cells.iter().zip(phase).map(|(c, phase)| Complex64::from_polar(c[0].exp(), phase)).collect()
    }

    /// Cells of linear bins → cells of mel bands, with the logarithm of power in place of that of magnitude.
    ///
    /// # Errors
    /// [`SpectralError::Length`].
    pub fn to_mel(&self, cells: &[Cell]) -> Result<Vec<Cell>, SpectralError> {
        let to = self.mel.to_mel();
        let power = to.rows(&cells.iter().map(|c| (2.0 * c[0]).exp()).collect::<Vec<_>>())?;
        let mut phase: Vec<f64> = cells.iter().map(|c| c[1]).collect();
        accumulate(&mut phase, to.inputs());
        let mut phase = to.rows(&phase)?;
        instantaneous_frequency(&mut phase, to.outputs());
        Ok(power.iter().zip(phase).map(|(p, f)| [(p + FLOOR).ln(), f]).collect())
    }

    /// Cells of mel bands → cells of linear bins.
    ///
    /// # Errors
    /// [`SpectralError::Length`].
    pub fn from_mel(&self, cells: &[Cell]) -> Result<Vec<Cell>, SpectralError> {
        let (power, mut phase) = self.linear(cells)?;
        instantaneous_frequency(&mut phase, self.framing().bins());
        Ok(power.iter().zip(phase).map(|(p, f)| [0.5 * (p + FLOOR).ln(), f]).collect())
    }

    /// Cells of mel bands [frames × bands] → sound [samples].
    ///
    /// # Errors
    /// [`SpectralError::Length`].
    pub fn render(&self, mel: &[Cell]) -> Result<Vec<f32>, SpectralError> {
        let floor = match self.frames.variant {
            Variant::Python => FLOOR,
            Variant::MagentaJs => 0.0,
        };
        let (power, phase) = self.linear(mel)?;
        // Down to the frequencies and up again would change the phases by whole turns only.
        let stft: Vec<Complex64> = power
            .iter()
            .zip(phase)
            .map(|(p, phase)| Complex64::from_polar((p + floor).sqrt(), phase))
            .collect();
        self.sound(&stft)
    }

    /// Power and phase of linear bins.
    fn linear(&self, mel: &[Cell]) -> Result<(Vec<f64>, Vec<f64>), SpectralError> {
        let from = self.mel.from_mel();
        let power = from.rows(&mel.iter().map(|c| c[0].exp()).collect::<Vec<_>>())?;
        let mut phase: Vec<f64> = mel.iter().map(|c| c[1]).collect();
        accumulate(&mut phase, from.inputs());
        Ok((power, from.rows(&phase)?))
    }
}

/// A turn in radians.
const TURN: f64 = 2.0 * PI;
