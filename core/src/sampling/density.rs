//! Steers the number of onsets per bar, and where in the bar they fall, by a bias on classes with onsets.
//!
//! Worker thread. A proportional-integral controller: the bias follows how many onsets the take is behind (or
//! ahead of) the wanted density. It moves slowly against a bar, so that the model still decides *where* the
//! onsets fall; a primer to be followed adds a bias per place in the bar. Sums and products only: the same on every
//! machine.
use std::sync::Arc;

/// Bias per missing onset.
const PROPORTIONAL: f32 = 0.35;
/// Share of that which stays for the rest of the take, per step.
const INTEGRAL: f32 = 0.03;
/// Bounds of the bias: beyond ±8 the model has no say left.
const BOUND: f32 = 8.0;
/// How firmly a primer's density is kept, against one that was asked for.
const GENTLE: f32 = 0.6;
/// Bias between a place where every bar of a long primer has an onset and one where none has.
const PLACE: f32 = 1.25;

/// The controller of one take.
#[derive(Clone, Debug)]
pub struct DensityControl {
    wanted_per_step: f32,
    firmness: f32,
    /// Bias per onset at each step of the bar; empty for none.
    places: Arc<[f32]>,
    step: usize,
    behind: f32,
    held: f32,
}

impl DensityControl {
    /// Aims at `per_bar` onsets in bars of `steps_per_bar` steps.
    #[must_use]
    pub fn new(per_bar: f32, steps_per_bar: f32) -> Self {
        let wanted_per_step = per_bar.max(0.0) / steps_per_bar.max(1.0);
        Self { wanted_per_step, firmness: 1.0, places: Arc::default(), step: 0, behind: 0.0, held: 0.0 }
    }

    /// Gently keeps the density of a primer that begins on a bar line, and where in the bar its onsets fall.
    /// `onsets` counts those of each step. `None` for less than a bar of `bar` steps, and for silence: neither
    /// tells a density.
    #[must_use]
    pub fn like(onsets: &[u8], bar: usize) -> Option<Self> {
        let total: u32 = onsets.iter().map(|&n| u32::from(n)).sum();
        if bar == 0 || onsets.len() < bar || total == 0 {
            return None;
        }
        let wanted_per_step = total as f32 / onsets.len() as f32;
        Some(Self { wanted_per_step, firmness: GENTLE, ..Self::new(0.0, 1.0) }.placed_like(onsets, bar))
    }

    /// Adds the places of a primer's onsets, as in [`Self::like`], to a density that was asked for.
    #[must_use]
    pub fn placed_like(self, onsets: &[u8], bar: usize) -> Self {
        if bar == 0 || onsets.len() < bar {
            return self;
        }
        let bars = onsets.len() as f32 / bar as f32;
        // The first bars are weak evidence.
        let strength = PLACE * bars / (bars + 1.0);
        let share = |place: usize| {
            let struck = onsets.iter().skip(place).step_by(bar).filter(|&&n| n > 0).count();
            struck as f32 / bars
        };
        let mean = (0..bar).map(share).sum::<f32>() / bar as f32;
        let places = (0..bar).map(|place| strength * (share(place) - mean)).collect();
        Self { places, step: onsets.len(), ..self }
    }

    /// Bias per onset for the next step.
    #[must_use]
    pub fn bias(&self) -> f32 {
        let place = self.step.checked_rem(self.places.len()).map_or(0.0, |place| self.places[place]);
        (self.firmness * (self.held + PROPORTIONAL * self.behind) + place).clamp(-BOUND, BOUND)
    }

    /// Takes the onsets of a step into account.
    pub fn record(&mut self, onsets: u8) {
        self.step += 1;
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
        steer(model_logit, DensityControl::new(wanted, 16.0)).iter().sum::<f32>()
    }

    /// The same per place in the bar.
    fn steer(model_logit: f32, mut control: DensityControl) -> [f32; 16] {
        let mut onsets = [0.0; 16];
        let mut p = Vec::new();
        for step in 0..64 * 16_usize {
            let mut logits = [0.0, model_logit];
            let effect = |class| Effect { onsets: u8::from(class == 1), ..Effect::default() };
            assert!(limit(&mut logits, control.bias(), effect));
            probabilities(&logits, 1.0, &mut p);
            let onset = pick(&p, Rng::new(3).at(step as u64, 0)) == 1;
            control.record(u8::from(onset));
            onsets[step % 16] += f32::from(u8::from(onset)) / 64.0;
        }
        onsets
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

    #[test]
    fn a_primer_is_followed_in_number_and_place() {
        // Off-beat eighths, two bars.
        let primer: Vec<u8> = (0..32).map(|step| u8::from(step % 4 == 2)).collect();
        for model_logit in [-2.0, 0.0, 2.0] {
            let places = steer(model_logit, DensityControl::like(&primer, 16).expect("two bars of notes"));
            let total: f32 = places.iter().sum();
            assert!((total - 4.0).abs() < 0.5, "{total} onsets per bar");
            let off_beat = (2..16).step_by(4).map(|i| places[i]).sum::<f32>() / 4.0;
            let elsewhere = (total - 4.0 * off_beat) / 12.0;
            assert!(off_beat > 1.5 * elsewhere, "{off_beat} against {elsewhere}");
        }
    }

    #[test]
    fn too_little_to_follow() {
        assert!(DensityControl::like(&[1; 15], 16).is_none());
        assert!(DensityControl::like(&[0; 64], 16).is_none());
        assert!(DensityControl::like(&[1; 64], 0).is_none());
    }

    #[test]
    fn places_by_hand() {
        // Every bar has its first step, one of two its third; 2 bars count for 2/3.
        let control = DensityControl::new(3.0, 4.0).placed_like(&[1, 0, 2, 0, 1, 0, 0, 0], 4);
        let strength = PLACE * 2.0 / 3.0;
        let wanted = [1.0, 0.0, 0.5, 0.0].map(|share| strength * (share - 0.375));
        assert_eq!(control.places[..], wanted);
        assert_eq!(control.bias(), wanted[0]);
    }
}
