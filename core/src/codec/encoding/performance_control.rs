//! What a performance model is told, as the first cells of its input.
//!
//! Pure maths; any thread. Source: conditioned Performance RNN (Magenta), `spec` 6.7 of the note-model notes.
use super::{ControlEncoding, EncodingError, SparseVector, cell};
use crate::codec::performance::PerformanceControl;
use serde::{Deserialize, Serialize};

/// Lowest note densities of the classes after the first.
const DENSITIES: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Which control values a performance model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerformanceControls {
    /// Notes per second, as one of 8 classes.
    pub density: bool,
    /// Proportions of the pitch classes, 12 cells.
    pub pitch_histogram: bool,
    /// A first cell can switch the others off.
    pub optional: bool,
}

impl PerformanceControls {
    /// Class of a note density.
    #[must_use]
    pub fn density_class(notes_per_second: f64) -> usize {
        DENSITIES.iter().position(|&d| d > notes_per_second).unwrap_or(DENSITIES.len())
    }

    /// Proportions of the pitch classes; equal ones if there is nothing.
    #[must_use]
    pub fn proportions(weights: &[f64; 12]) -> [f64; 12] {
        let sum: f64 = weights.iter().sum();
        if sum > 0.0 { weights.map(|w| w / sum) } else { [1.0 / 12.0; 12] }
    }
}

impl ControlEncoding for PerformanceControls {
    type Control = PerformanceControl;

    fn size(&self) -> usize {
        usize::from(self.optional)
            + if self.density { DENSITIES.len() + 1 } else { 0 }
            + if self.pitch_histogram { 12 } else { 0 }
    }

    fn input(&self, control: PerformanceControl, out: &mut SparseVector) -> Result<(), EncodingError> {
        if self.optional && control.disabled {
            out.push((0, 1.0));
            return Ok(());
        }
        let mut offset = usize::from(self.optional);
        if self.density {
            out.push((cell(offset + Self::density_class(control.notes_per_second)), 1.0));
            offset += DENSITIES.len() + 1;
        }
        if self.pitch_histogram {
            let proportions = Self::proportions(&control.pitch_histogram);
            let cells = proportions.iter().enumerate().filter(|c| *c.1 != 0.0);
            out.extend(cells.map(|(i, &p)| (cell(offset + i), p as f32)));
        }
        Ok(())
    }
}
