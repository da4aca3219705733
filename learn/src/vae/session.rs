//! The training loop of the latent-vector models: windows → losses → clipped Adam → running mean of the weights, with
//! evaluation, early stop and the curve that goes into the metrics file; a run is stored whole and resumes bit by bit.
//! Runs on the caller's thread. Never prints.

use super::network::{Losses, Network, Objective};
use super::window::{Example, Window};
use crate::checkpoint::{CheckpointError, Stored, store};
use crate::learner::Learner;
use crate::rng::Rng;
use crate::trainer;
use descant_core::model::music_vae::Shape;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Everything that decides a run, besides the windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Batch, learning rate, number of updates and the like. What concerns long pieces is not looked at.
    pub run: trainer::Settings,
    /// Weight of the divergence from the prior.
    pub beta: f32,
    /// Divergence per example that costs nothing, in bits.
    pub free_bits: f32,
    /// k of the inverse sigmoid by which the decoder comes to read its own steps (`spec/vae.md` §5.11): half of them
    /// after about k ln k updates. 0: it never does.
    pub own_steps: f32,
}

impl Settings {
    fn objective(&self, step: u64) -> Objective {
        let k = self.own_steps;
        let own_steps = if k > 0.0 { 1.0 - k / (k + (step as f32 / k).min(60.0).exp()) } else { 0.0 };
        Objective { beta: self.beta, free_bits: self.free_bits, keep: self.run.keep, own_steps }
    }
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Updates made.
    pub step: u64,
    /// Passes over the training windows begun.
    pub epoch: u64,
    /// Training seconds so far.
    pub seconds: f64,
    /// Mean training loss since the last point.
    pub train: f64,
    /// On the validation windows.
    pub valid: Evaluation,
}

/// Means over windows, nats per window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Reconstruction of a draw from the posterior, told the true steps.
    pub reconstruction: f64,
    /// Divergence from the prior.
    pub divergence: f64,
    /// Share of steps (hits) that were the most likely.
    pub accuracy: f64,
    /// Windows.
    pub windows: usize,
}

/// State of a run besides its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Updates made.
    pub step: u64,
    /// Passes begun.
    pub epoch: u64,
    /// Windows of this pass that were used.
    pub used: usize,
    /// State of the random generator at the start of this pass, and now.
    pub random: [u64; 2],
    /// The curve.
    pub curve: Vec<Point>,
    /// Lowest validation loss.
    pub best: Option<f64>,
    /// Evaluations since.
    pub stale: u32,
    /// Training seconds.
    pub seconds: f64,
    /// Losses since the last point.
    pub since: (f64, u64),
    /// Loss of every update.
    pub losses: Vec<f32>,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Session {
    /// What decides it.
    pub settings: Settings,
    /// The weights.
    pub network: Network,
    /// Where it stands.
    pub progress: Progress,
    learner: Learner,
    /// Windows of this pass in their order; empty = not shuffled yet.
    order: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    layers: [Vec<usize>; 2],
    z: usize,
    settings: Settings,
    progress: Progress,
}

impl Session {
    /// A run that has made no update.
    #[must_use]
    pub fn new(shape: Shape, settings: Settings) -> Self {
        let mut rng = Rng(settings.run.seed);
        let network = Network::new(shape, &mut rng);
        let random = rng.next_u64();
        Self {
            settings,
            learner: Learner::new(&network.parameters),
            network,
            progress: Progress {
                step: 0,
                epoch: 0,
                used: 0,
                random: [random; 2],
                curve: Vec::new(),
                best: None,
                stale: 0,
                seconds: 0.0,
                since: (0.0, 0),
                losses: Vec::new(),
            },
            order: Vec::new(),
        }
    }

    /// One update. Returns its loss, nats per window.
    pub fn update(&mut self, windows: &[Window]) -> f32 {
        let batch = self.settings.run.batch.min(windows.len());
        if self.order.is_empty() {
            self.shuffle(windows.len());
        }
        if self.progress.used + batch > windows.len() {
            self.progress.epoch += 1;
            (self.progress.used, self.progress.random[0]) = (0, self.progress.random[1]);
            self.shuffle(windows.len());
        }
        let Progress { used, random, .. } = &mut self.progress;
        let mut rng = Rng(random[1]);
        let chosen = &self.order[*used..*used + batch];
        let examples: Vec<Example> = chosen.iter().map(|&i| windows[i].varied(&mut rng)).collect();
        *used += batch;
        let objective = self.settings.objective(self.progress.step);
        let (losses, gradients) = self.network.step(&examples, &objective, &mut rng);
        self.progress.random[1] = rng.0;
        self.progress.step += 1;
        let (step, run) = (self.progress.step, &self.settings.run);
        self.learner.update(&mut self.network.parameters, &gradients, step, run);
        let loss = losses.total(&objective);
        self.progress.losses.push(loss);
        self.progress.since.0 += f64::from(loss);
        self.progress.since.1 += 1;
        loss
    }

    /// The order of this pass.
    fn shuffle(&mut self, windows: usize) {
        self.order = (0..windows).collect();
        Rng(self.progress.random[0] ^ 0x5bd1_e995).shuffle(&mut self.order);
    }

    /// The network with the running mean of its weights.
    #[must_use]
    pub fn averaged(&self) -> Network {
        Network { parameters: self.learner.averaged(&self.network.parameters), ..self.network.clone() }
    }

    /// The network that validated best.
    #[must_use]
    pub fn best(&self) -> Network {
        Network { parameters: self.learner.best(&self.network.parameters), ..self.network.clone() }
    }

    /// Goes on from the best weights for `steps` more updates, the learning rate rising and falling anew.
    pub fn again(&mut self, settings: Settings, steps: u64) {
        let begin = self.progress.step;
        self.network = self.best();
        self.learner.restart_mean();
        self.progress.stale = 0;
        let batch = self.settings.run.batch;
        let run = trainer::Settings { begin, steps: begin + steps, batch, ..settings.run };
        self.settings = Settings { run, ..settings };
    }

    /// Adds a point to the curve and keeps the averaged weights if they are the best so far.
    pub fn judge(&mut self, valid: &[Window]) -> Point {
        let found = evaluate(&self.averaged(), valid);
        let Progress { since, step, epoch, seconds, .. } = &mut self.progress;
        let (step, epoch, seconds) = (*step, *epoch, *seconds);
        let point = Point { step, epoch, seconds, train: since.0 / since.1.max(1) as f64, valid: found };
        *since = (0.0, 0);
        self.progress.curve.push(point);
        // What training makes small.
        let free = f64::from(self.settings.free_bits) * std::f64::consts::LN_2;
        let loss = found.reconstruction + f64::from(self.settings.beta) * (found.divergence - free).max(0.0);
        if self.progress.best.is_none_or(|best| loss < best) {
            self.progress.best = Some(loss);
            self.progress.stale = 0;
            self.learner.keep_mean();
        } else {
            self.progress.stale += 1;
        }
        point
    }

    /// Whether the run is at its end: all updates made, or no better evaluation for too long.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.progress.step >= self.settings.run.steps || self.progress.stale >= self.settings.run.patience
    }

    /// Stores the run.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let Shape { encoder, decoder, z, .. } = &self.network.shape;
        let header = Header {
            layers: [encoder.units.clone(), decoder.units.clone()],
            z: *z,
            settings: self.settings.clone(),
            progress: self.progress.clone(),
        };
        store(path, &serde_json::to_string(&header)?, &self.learner.tensors(&self.network.parameters))
    }

    /// Reads a run back; it goes on exactly where it was stored. Sizes of the layers are the run's, the rest of `shape`
    /// is the task's.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn load(path: &Path, shape: &Shape) -> Result<Self, CheckpointError> {
        let bytes = std::fs::read(path)?;
        let stored = Stored::new(&bytes)?;
        let Header { layers: [encoder, decoder], z, settings, progress } =
            serde_json::from_str(stored.header())?;
        let mut shape = shape.clone();
        (shape.encoder.units, shape.decoder.units, shape.z) = (encoder, decoder, z);
        let mut session = Self::new(shape, settings);
        session.learner = Learner::load(&stored, &mut session.network.parameters)?;
        session.progress = progress;
        Ok(session)
    }
}

/// Scores windows, each by one draw from its posterior, always the same.
#[must_use]
pub fn evaluate(network: &Network, windows: &[Window]) -> Evaluation {
    let mut rng = Rng(1);
    let mut sum = Evaluation { windows: windows.len(), ..Evaluation::default() };
    for group in windows.chunks(64) {
        let examples: Vec<Example> = group.iter().map(Window::example).collect();
        let Losses { reconstruction, divergence, right } = network.score(&examples, &mut rng);
        let share = group.len() as f64 / windows.len() as f64;
        sum.reconstruction += share * f64::from(reconstruction);
        sum.divergence += share * f64::from(divergence);
        sum.accuracy += share * f64::from(right);
    }
    sum
}
