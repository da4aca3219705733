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

/// [`PerformanceControls`] under a knob. The published classes are octaves of density, so that 8 and 15 notes per second
/// are the same to a model; here a density between the middles of two classes is told as a share of each.
#[derive(Clone, Copy, Debug)]
pub struct BlendedControls(pub PerformanceControls);

impl BlendedControls {
    /// The lower of the two classes, and the share of the next.
    fn density(notes_per_second: f64) -> (usize, f32) {
        // Class k is middle k - 1/2 octaves above one note per second; below its half there is only silence.
        let place = (notes_per_second.max(0.5).log2() + 0.5).clamp(0.0, DENSITIES.len() as f64);
        let class = place.floor();
        (class as usize, (place - class) as f32)
    }
}

impl ControlEncoding for BlendedControls {
    type Control = PerformanceControl;

    fn size(&self) -> usize {
        self.0.size()
    }

    fn input(&self, control: PerformanceControl, out: &mut SparseVector) -> Result<(), EncodingError> {
        let start = out.len();
        self.0.input(control, out)?;
        let (class, next) = Self::density(control.notes_per_second);
        if self.0.density && !(self.0.optional && control.disabled) {
            let first = usize::from(self.0.optional);
            out[start] = (cell(first + class), 1.0 - next);
            if next > 0.0 {
                out.insert(start + 1, (cell(first + class + 1), next));
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_between_two_classes_is_a_share_of_each() {
        let controls = PerformanceControls { density: true, pitch_histogram: true, optional: true };
        let told = |notes_per_second: f64, disabled| {
            let mut out = SparseVector::new();
            let control = PerformanceControl { notes_per_second, disabled, ..PerformanceControl::default() };
            BlendedControls(controls).input(control, &mut out).expect("fits");
            out.truncate(2);
            out
        };
        // 8 lies between the classes 4..8 and 8..16, whose cells are 4 and 5 after the switch.
        assert_eq!(told(8.0, false), [(4, 0.5), (5, 0.5)]);
        let middle = told(2.0 * std::f64::consts::SQRT_2, false);
        assert!(middle.iter().any(|&(cell, share)| cell == 3 && share > 0.99), "{middle:?}");
        assert_eq!((told(0.0, false)[0], told(1e9, false)[0]), ((1, 1.0), (8, 1.0)));
        assert_eq!(told(8.0, true), [(0, 1.0)]);
        let fifteen = told(15.0, false);
        assert!(fifteen[0].0 == 5 && fifteen[1].0 == 6 && (0.3..0.5).contains(&fifteen[1].1), "{fifteen:?}");
    }
}
