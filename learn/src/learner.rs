//! [`Learner`]: how parameters change from gradients, whatever the network: clipped Adam, a running mean of the weights,
//! and the weights that validated best. Its whole state is stored with a run. Runs on the thread that trains.

use crate::adam::{Moments, Settings as AdamSettings};
use crate::checkpoint::{CheckpointError, Stored};
use crate::network::Parameter;
use crate::trainer::Settings;

/// State beside the weights, each per parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Learner {
    /// Adam's moments.
    moments: Vec<Moments>,
    /// Running mean of the weights.
    mean: Vec<Vec<f32>>,
    /// The weights that validated best.
    best: Vec<Vec<f32>>,
}

impl Learner {
    /// Of parameters that were never updated.
    #[must_use]
    pub fn new(parameters: &[Parameter]) -> Self {
        let values: Vec<Vec<f32>> = parameters.iter().map(|p| p.values.clone()).collect();
        let moments = values.iter().map(|v| Moments::new(v.len())).collect();
        Self { moments, mean: values.clone(), best: values }
    }

    /// Applies update number `step` (from 1).
    pub fn update(
        &mut self,
        parameters: &mut [Parameter],
        gradients: &[Vec<f32>],
        step: u64,
        settings: &Settings,
    ) {
        let adam = AdamSettings { rate: settings.rate_at(step), clip: settings.clip, decay: settings.decay };
        // The mean starts as a plain average and slows down to its decay.
        let decay = settings.mean.min(step as f32 / (step as f32 + 10.0));
        let all = parameters.iter_mut().zip(&mut self.moments).zip(gradients).zip(&mut self.mean);
        for (((parameter, moments), gradient), mean) in all {
            moments.update(&mut parameter.values, gradient, step, adam);
            for (m, v) in mean.iter_mut().zip(&parameter.values) {
                *m = decay * *m + (1.0 - decay) * v;
            }
        }
    }

    /// The parameters with the running mean of their values.
    #[must_use]
    pub fn averaged(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        with(parameters, &self.mean)
    }

    /// The parameters with the values that validated best.
    #[must_use]
    pub fn best(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        with(parameters, &self.best)
    }

    /// The running mean is the best so far.
    pub fn keep_mean(&mut self) {
        self.best.clone_from(&self.mean);
    }

    /// The running mean begins anew from the best.
    pub fn restart_mean(&mut self) {
        self.mean.clone_from(&self.best);
    }

    /// Name, shape and values of everything that a run stores of its parameters.
    #[must_use]
    pub fn tensors<'a>(&'a self, parameters: &'a [Parameter]) -> Vec<(String, Vec<usize>, &'a [f32])> {
        let mut tensors = Vec::new();
        for (i, p) in parameters.iter().enumerate() {
            let Moments { first, second } = &self.moments[i];
            let all = [("value", &p.values), ("first", first), ("second", second)];
            for (kind, values) in all.into_iter().chain([("mean", &self.mean[i]), ("best", &self.best[i])]) {
                tensors.push((format!("{kind}/{}", p.name), p.shape.clone(), values.as_slice()));
            }
        }
        tensors
    }

    /// Reads what [`Self::tensors`] gave, the values into `parameters`.
    ///
    /// # Errors
    /// When a tensor is missing or has another size.
    pub fn load(stored: &Stored<'_>, parameters: &mut [Parameter]) -> Result<Self, CheckpointError> {
        let (mut moments, mut mean, mut best) = (Vec::new(), Vec::new(), Vec::new());
        for Parameter { name, values, .. } in parameters {
            let read = |kind: &str| stored.tensor(&format!("{kind}/{name}"), values.len());
            moments.push(Moments { first: read("first")?, second: read("second")? });
            mean.push(read("mean")?);
            best.push(read("best")?);
            *values = read("value")?;
        }
        Ok(Self { moments, mean, best })
    }
}

fn with(parameters: &[Parameter], values: &[Vec<f32>]) -> Vec<Parameter> {
    let all = parameters.iter().zip(values);
    all.map(|(p, values)| Parameter { values: values.clone(), name: p.name.clone(), shape: p.shape.clone() })
        .collect()
}
