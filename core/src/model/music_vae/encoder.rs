//! Music → where it lies: bidirectional layers over steps, or over parts and then over their results, and two dense
//! layers (spec vae 5.2, 5.3, 5.9).
//!
//! Worker thread. An example's result does not depend on the others.
use super::MusicVae;
use super::shape::Shape;
use crate::codec::encoding::SparseVector;
use crate::model::ModelError;
use crate::model::event_rnn::WriteError;
use crate::nn::{Bidirectional, Dense, Isa, NnError, Storage, Weights, math};
use crate::tool::Cancel;

/// A piece of music as the encoder reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Steps of each part, at most `steps / segments` of them; one part where the encoder has no parts. A step lists its
    /// cells that are not zero: those of the input, then those of the control, whose indices begin at the input's width.
    pub segments: Vec<Vec<SparseVector>>,
}

impl Example {
    /// The parts of `steps` steps. `None` if they cannot be cut in so many equal parts.
    #[must_use]
    pub fn cut(steps: Vec<SparseVector>, segments: usize) -> Option<Self> {
        if segments == 0 || !steps.len().is_multiple_of(segments) {
            return None;
        }
        let length = (steps.len() / segments).max(1);
        let mut parts: Vec<Vec<SparseVector>> = steps.chunks(length).map(<[_]>::to_vec).collect();
        parts.resize(segments, Vec::new());
        Some(Self { segments: parts })
    }

    /// With the control of each step behind the input's `width` cells. Part `s` of `segments` takes the rows from
    /// `s * controls.len() / segments`; a row that is missing is a control of zeros.
    #[must_use]
    pub fn with_control(mut self, width: u32, controls: &[SparseVector]) -> Self {
        let length = controls.len() / self.segments.len().max(1);
        for (s, part) in self.segments.iter_mut().enumerate() {
            for (step, control) in part.iter_mut().zip(controls.get(s * length..).unwrap_or_default()) {
                step.extend(control.iter().map(|&(cell, value)| (width.saturating_add(cell), value)));
            }
        }
        self
    }
}

/// Where an example lies: a normal distribution without correlations.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// Mean of each dimension: the vector that stands for the example.
    pub mu: Vec<f32>,
    /// Standard deviation of each dimension.
    pub sigma: Vec<f32>,
}

impl Posterior {
    /// A vector drawn from it.
    #[must_use]
    pub fn sample(&self, seed: u32) -> Vec<f32> {
        let draws = super::normal(seed, self.mu.len());
        let all = self.mu.iter().zip(&self.sigma).zip(draws);
        all.map(|((&mu, &sigma), draw)| sigma.mul_add(draw, mu)).collect()
    }
}

/// The encoder's packed weights.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// From the steps up.
    levels: Vec<Bidirectional>,
    mu: Dense,
    sigma: Dense,
}

impl Network {
    pub(super) fn new(shape: &Shape, weights: &Weights, storage: Storage) -> Result<Self, ModelError> {
        let units = &shape.encoder.units;
        let mut input = shape.encoder_input();
        let mut levels = Vec::new();
        for scope in shape.encoder_levels() {
            levels.push(Bidirectional::new(weights, &scope, input, units, storage)?);
            input = shape.encoder_output();
        }
        let dense = |part: &str| {
            Dense::load(weights, &format!("encoder/{part}/"), shape.encoder_output(), shape.z, storage)
        };
        Ok(Self { levels, mu: dense("mu")?, sigma: dense("sigma")? })
    }
}

impl MusicVae {
    /// Where each example lies. `progress` is told the share that is done, 0..=1.
    ///
    /// # Errors
    /// Examples that do not fit the model; cancellation, looked at before every step; unusable weights.
    pub fn encode(
        &self,
        examples: &[Example],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Posterior>, WriteError> {
        let (parts, levels) = (self.shape.encoder.segments, &self.encoder.levels);
        let most = self.shape.steps / parts;
        for example in examples {
            if example.segments.len() != parts {
                let found = example.segments.len();
                return Err(NnError::Step { what: "parts", expected: parts, found }.into());
            }
            if let Some(long) = example.segments.iter().find(|part| part.len() > most) {
                let found = long.len();
                return Err(NnError::Step { what: "steps in a part at most", expected: most, found }.into());
            }
        }
        let sequences: Vec<&[SparseVector]> =
            examples.iter().flat_map(|example| example.segments.iter().map(Vec::as_slice)).collect();
        let longest = sequences.iter().map(|s| s.len()).max().unwrap_or(0);
        let upper = if levels.len() > 1 { parts } else { 0 };
        let total = 2 * (longest * self.shape.encoder.units.len() + upper);
        let mut done = 0;
        let mut tick = || {
            if cancel.is_cancelled() {
                return Err(WriteError::Cancelled);
            }
            done += 1;
            progress(done as f32 / total as f32);
            Ok(())
        };
        let mut hidden: Option<Vec<f32>> = None;
        for level in levels {
            hidden = Some(match &hidden {
                None => level.run(&sequences, &mut tick)?,
                Some(below) => level.run_dense(below, parts, &mut tick)?,
            });
        }
        let (hidden, z) = (hidden.unwrap_or_default(), self.shape.z);
        let mut mu = vec![0.0; examples.len() * z];
        let mut sigma = mu.clone();
        self.encoder.mu.run(Isa::best(), &hidden, &mut mu)?;
        self.encoder.sigma.run(Isa::best(), &hidden, &mut sigma)?;
        sigma.iter_mut().for_each(|s| *s = math::softplus(*s));
        if !mu.iter().chain(&sigma).all(|v| v.is_finite()) {
            return Err(WriteError::NotFinite);
        }
        let both = mu.chunks_exact(z).zip(sigma.chunks_exact(z));
        Ok(both.map(|(mu, sigma)| Posterior { mu: mu.to_vec(), sigma: sigma.to_vec() }).collect())
    }
}
