//! Steers the number of onsets per bar by a bias on classes with onsets.
//!
//! Worker thread. A proportional-integral controller: the bias follows how many onsets the take is behind (or
//! ahead of) the wanted density. It moves slowly against a bar, so that the model still decides *where* the
//! onsets fall. Sums and products only: the same on every machine.

/// Bias per missing onset.
const PROPORTIONAL: f32 = 0.35;
/// Share of that which stays for the rest of the take, per step.
const INTEGRAL: f32 = 0.03;
/// Bounds of the bias: beyond ±8 the model has no say left.
const BOUND: f32 = 8.0;

/// The controller of one take.
#[derive(Clone, Copy, Debug)]
pub struct DensityControl {
    wanted_per_step: f32,
    behind: f32,
    held: f32,
}

impl DensityControl {
    /// Aims at `per_bar` onsets in bars of `steps_per_bar` steps.
    #[must_use]
    pub fn new(per_bar: f32, steps_per_bar: f32) -> Self {
        Self { wanted_per_step: per_bar.max(0.0) / steps_per_bar.max(1.0), behind: 0.0, held: 0.0 }
    }

    /// Bias per onset for the next step.
    #[must_use]
    pub fn bias(&self) -> f32 {
        (self.held + PROPORTIONAL * self.behind).clamp(-BOUND, BOUND)
    }

    /// Takes the onsets of a step into account.
    pub fn record(&mut self, onsets: u8) {
        self.behind += self.wanted_per_step - f32::from(onsets);
        self.held = (self.held + INTEGRAL * self.behind).clamp(-BOUND, BOUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::{Effect, Rng, limit, pick, probabilities};

    /// Onsets per bar of 16 steps over 64 bars of a model with a fixed chance of an onset.
    fn run(model_logit: f32, wanted: f32) -> f32 {
        let mut control = DensityControl::new(wanted, 16.0);
        let mut onsets = 0.0;
        let mut p = Vec::new();
        for step in 0..64 * 16 {
            let mut logits = [0.0, model_logit];
            let effect = |class| Effect { forbidden: false, onsets: u8::from(class == 1) };
            assert!(limit(&mut logits, control.bias(), effect));
            probabilities(&logits, 1.0, &mut p);
            let onset = pick(&p, Rng::new(3).at(step, 0)) == 1;
            control.record(u8::from(onset));
            onsets += f32::from(u8::from(onset));
        }
        onsets / 64.0
    }

    #[test]
    fn the_wanted_density_is_reached_from_above_and_below() {
        for wanted in [2.0, 6.0, 12.0] {
            for model_logit in [-3.0, 0.0, 2.0] {
                let got = run(model_logit, wanted);
                assert!((got - wanted).abs() < 0.5, "wanted {wanted}, logit {model_logit}, got {got}");
            }
        }
    }

    #[test]
    fn nothing_wanted_means_almost_nothing_written() {
        assert!(run(0.0, 0.0) < 0.3);
    }
}
