//! Adam with every gradient clipped to a norm of its own, on plain slices (`spec/rnn.md` §8.7).
//!
//! Written here rather than taken from burn so that a checkpoint holds its whole state and resumes bit by bit, and
//! because one fused pass over a parameter is all it takes. Runs on the thread that trains.

use crate::matrix::vectorised;

/// Constants of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Learning rate of this step.
    pub rate: f32,
    /// Largest norm of a gradient; larger ones are scaled down to it.
    pub clip: f32,
    /// Decoupled weight decay per step, times the rate. 0 for none.
    pub decay: f32,
}

/// Moments of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Running mean of the gradient.
    pub first: Vec<f32>,
    /// Running mean of its square.
    pub second: Vec<f32>,
}

impl Moments {
    /// Of a parameter with `len` elements that was never updated.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len] }
    }

    /// Applies update number `step` (from 1) to `values`. Returns the norm of the gradient before clipping.
    pub fn update(&mut self, values: &mut [f32], gradient: &[f32], step: u64, settings: Settings) -> f32 {
        const B1: f32 = 0.9;
        const B2: f32 = 0.999;
        const EPSILON: f32 = 1e-8;
        let norm = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt() as f32;
        let scale = if norm > settings.clip { settings.clip / norm } else { 1.0 };
        let step = i32::try_from(step).unwrap_or(i32::MAX);
        let correct1 = (1.0 - f64::from(B1).powi(step)) as f32;
        let correct2 = (1.0 - f64::from(B2).powi(step)) as f32;
        let rate = settings.rate * correct2.sqrt() / correct1;
        let shrink = 1.0 - settings.rate * settings.decay;
        vectorised(|| {
            let moments = self.first.iter_mut().zip(self.second.iter_mut());
            for ((value, &g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
                let g = g * scale;
                *m = B1 * *m + (1.0 - B1) * g;
                *v = B2 * *v + (1.0 - B2) * g * g;
                *value = *value * shrink - rate * *m / (v.sqrt() + EPSILON);
            }
        });
        norm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadratic_is_minimised_whatever_its_scale() {
        let mut values = vec![4.0f32, -3.0];
        let mut moments = Moments::new(2);
        for step in 1..=2000 {
            let gradient = [2.0 * values[0], 2000.0 * values[1]];
            moments.update(&mut values, &gradient, step, Settings { rate: 0.02, clip: 3.0, decay: 0.0 });
        }
        assert!(values.iter().all(|v| v.abs() < 1e-2), "{values:?}");
    }

    #[test]
    fn the_first_update_is_one_rate_in_the_direction_of_the_sign() {
        let mut values = vec![1.0f32, 1.0];
        let norm = Moments::new(2).update(
            &mut values,
            &[30.0, -40.0],
            1,
            Settings { rate: 0.1, clip: 5.0, decay: 0.0 },
        );
        assert_eq!(norm, 50.0);
        assert!((values[0] - 0.9).abs() < 1e-5 && (values[1] - 1.1).abs() < 1e-5, "{values:?}");
    }
}
