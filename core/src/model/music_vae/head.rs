//! From what the network gives to a step of music: the most likely one, a drawn one, or how well a given one fits
//! (spec vae 5.6, 5.7).
//!
//! Worker thread. Uniforms come from the caller, by the number of a block, key or drum.
use super::shape::{Head, Shape};
use super::steps::Steps;
use crate::model::ModelError;
use crate::nn::{Nade, NadeRoom, NnError, Weights, math};
use crate::sampling::{greedy, log_probability, pick, probabilities};

/// Keeps the logarithm of a NADE's probability finite, as in training.
const NADE_EPSILON: f32 = 1e-6;
/// The same for the hits of a groove.
const GROOVE_EPSILON: f32 = 1e-7;

/// How a step is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Choice {
    /// The most likely class; a hit or key where its probability is above, or for keys at least, one half.
    Mode,
    /// By chance, logits divided by this, which is above 0.
    Temperature(f32),
}

impl Choice {
    /// 0 and what is no temperature at all mean no chance.
    pub(super) fn new(temperature: f32) -> Self {
        if temperature > 0.0 { Self::Temperature(temperature.max(1e-6)) } else { Self::Mode }
    }

    /// Whether something of this logit happens; `least` decides on a logit of exactly 0 without chance.
    fn happens(self, logit: f32, least: bool, uniform: impl FnOnce() -> f64) -> bool {
        match self {
            Self::Mode if least => math::sigmoid(logit) >= 0.5,
            Self::Mode => logit > 0.0,
            Self::Temperature(t) => uniform() < f64::from(math::sigmoid(logit / t)),
        }
    }
}

/// A head, and room to work in.
#[derive(Clone, Debug)]
pub(super) struct Chooser<'a> {
    head: &'a Head,
    nade: Option<&'a Nade>,
    room: NadeRoom,
    row: Vec<f32>,
}

impl<'a> Chooser<'a> {
    pub(super) fn new(head: &'a Head, nade: Option<&'a Nade>) -> Self {
        Self { head, nade, room: NadeRoom::default(), row: Vec::new() }
    }

    /// Chooses a step from the network's `outputs` and appends it to `steps`, which are of this head.
    pub(super) fn choose(
        &mut self,
        outputs: &[f32],
        choice: Choice,
        uniform: impl Fn(u64) -> f64,
        steps: &mut Steps,
    ) -> Result<(), NnError> {
        match (self.head, steps) {
            (Head::Categorical(widths), Steps::Classes(blocks)) => {
                let mut rest = outputs;
                for (block, (classes, &width)) in (0..).zip(blocks.iter_mut().zip(widths)) {
                    let (logits, further) = rest.split_at(width);
                    let class = match choice {
                        Choice::Mode => greedy(logits),
                        Choice::Temperature(t) => {
                            probabilities(logits, t, &mut self.row);
                            pick(&self.row, uniform(block))
                        }
                    };
                    classes.push(class as u32);
                    rest = further;
                }
            }
            (Head::Groove { drums }, Steps::Rows { values, .. }) => {
                let (hits, rest) = outputs.split_at(*drums);
                let (velocities, offsets) = rest.split_at(*drums);
                let hit = |(drum, &logit)| f32::from(choice.happens(logit, false, || uniform(drum)));
                values.extend((0..).zip(hits).map(hit));
                values.extend(velocities.iter().map(|&v| math::sigmoid(v)));
                values.extend(offsets.iter().map(|&o| math::tanh(o)));
            }
            (Head::Nade { .. }, Steps::Rows { values, .. }) => {
                let Some(nade) = self.nade else { return Err(NnError::State) };
                nade.walk(outputs, &mut self.room, |key, logit| {
                    let sounds = choice.happens(logit, true, || uniform(key as u64));
                    values.push(f32::from(sounds));
                    sounds
                })?;
            }
            _ => return Err(NnError::State),
        }
        Ok(())
    }

    /// Reconstruction loss of step `step` of `target`, which is of this head, given the network's `outputs`: the negative
    /// natural-log probability, for velocities and offsets the squared errors.
    pub(super) fn loss(&mut self, outputs: &[f32], target: &Steps, step: usize) -> Result<f64, NnError> {
        let mut sum = 0.0;
        match (self.head, target) {
            (Head::Categorical(widths), Steps::Classes(blocks)) => {
                let mut rest = outputs;
                for (classes, &width) in blocks.iter().zip(widths) {
                    let (logits, further) = rest.split_at(width);
                    probabilities(logits, 1.0, &mut self.row);
                    let class = classes.get(step).map_or(0, |&class| class as usize);
                    sum -= f64::from(log_probability(&self.row, class));
                    rest = further;
                }
            }
            (Head::Groove { drums }, Steps::Rows { values, width }) => {
                let target = values.get(step * width..).unwrap_or_default();
                for (i, (&output, &target)) in outputs.iter().zip(target).enumerate() {
                    sum += f64::from(match i / drums {
                        0 => {
                            let p = math::sigmoid(output);
                            let (hit, none) = (p + GROOVE_EPSILON, 1.0 - p + GROOVE_EPSILON);
                            -target * math::ln(hit) - (1.0 - target) * math::ln(none)
                        }
                        1 => (math::sigmoid(output) - target).powi(2),
                        _ => (math::tanh(output) - target).powi(2),
                    });
                }
            }
            (Head::Nade { .. }, Steps::Rows { values, width }) => {
                let Some(nade) = self.nade else { return Err(NnError::State) };
                nade.walk(outputs, &mut self.room, |key, logit| {
                    let sounds = values.get(step * width + key).is_some_and(|&v| v > 0.5);
                    let p = math::sigmoid(logit);
                    sum -= f64::from(math::ln(NADE_EPSILON + if sounds { p } else { 1.0 - p }));
                    sounds
                })?;
            }
            _ => return Err(NnError::State),
        }
        Ok(sum)
    }
}

/// The NADE of a shape that has one.
pub(super) fn nade(shape: &Shape, weights: &Weights) -> Result<Option<Nade>, ModelError> {
    let Head::Nade { hidden, keys } = shape.head else { return Ok(None) };
    let scope = shape.cores().into_iter().next().map_or_else(String::new, |core| core.scope);
    Ok(Some(Nade::scoped(weights, &scope, keys, hidden)?))
}
