//! [`Normaliser`]: between what the network writes (-1..1) and mel cells (spec audio 1.2).
//!
//! Worker threads; numbers only.
use crate::sound::spectral::Cell;
use serde::{Deserialize, Serialize};

/// Scale and offset of both channels: network = cell · scale + offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normaliser {
    /// Of the logarithm of the power.
    pub magnitude: (f64, f64),
    /// Of the instantaneous frequency.
    pub frequency: (f64, f64),
}

impl Default for Normaliser {
    /// The released models'.
    fn default() -> Self {
        Self { magnitude: (0.066_137_166_172_6, 0.113_718_730_221), frequency: (0.8, 0.0) }
    }
}

impl Normaliser {
    fn channels(&self) -> [(f64, f64); 2] {
        [self.magnitude, self.frequency]
    }

    /// Mel cells → what the network should write, cut to -1..=1.
    #[must_use]
    pub fn network(&self, cells: &[Cell]) -> Vec<f32> {
        let [m, f] = self.channels();
        let scaled = |x: f64, (scale, offset): (f64, f64)| (x * scale + offset).clamp(-1.0, 1.0) as f32;
        cells.iter().flat_map(|cell| [scaled(cell[0], m), scaled(cell[1], f)]).collect()
    }

    /// What the network wrote, both channels by turns → mel cells.
    #[must_use]
    pub fn cells(&self, network: &[f32]) -> Vec<Cell> {
        let [m, f] = self.channels();
        let back = |x: f32, (scale, offset): (f64, f64)| (f64::from(x) - offset) / scale;
        network
            .as_chunks()
            .0
            .iter()
            .map(|&[magnitude, frequency]| [back(magnitude, m), back(frequency, f)])
            .collect()
    }
}
