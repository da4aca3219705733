//! The training loop: stretches → loss → clipped Adam → running mean of the weights, with evaluation, early stop and
//! the curve that goes into the metrics file.
//!
//! Deterministic: a seed and the same pieces give the same weights on one processor type. Runs on the caller's
//! thread; the caller decides when to store a checkpoint and whether to go on. Never prints.

use crate::learner::Learner;
use crate::lstm::State;
use crate::network::{Architecture, Network, Sums};
use crate::piece::{Augmentation, Piece};
use crate::rng::Rng;
use crate::stream::{Streams, groups, stretch};
use descant_core::codec::encoding::EncodingError;
use serde::{Deserialize, Serialize};

/// Everything that decides a run, besides the pieces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Updates after which the learning rate has come down to its floor.
    pub steps: u64,
    /// Update that the schedule of the learning rate begins after; above 0 in a run that goes on from a finished one.
    #[serde(default)]
    pub begin: u64,
    /// Sequences side by side.
    pub batch: usize,
    /// Steps of truncated back-propagation.
    pub unroll: usize,
    /// Longest segment, bars.
    pub segment_bars: usize,
    /// Share of layer outputs kept by dropout.
    pub keep: f32,
    /// Highest learning rate.
    pub rate: f32,
    /// Updates of linear warm-up.
    pub warmup: u64,
    /// Learning rate at the end, as a share of the highest.
    pub floor: f32,
    /// Largest norm of a gradient tensor.
    pub clip: f32,
    /// Decoupled weight decay.
    pub decay: f32,
    /// Decay of the running mean of the weights; 0 turns it off.
    pub mean: f32,
    /// Updates between evaluations.
    pub every: u64,
    /// Evaluations without a better one after which the run stops.
    pub patience: u32,
    /// Seed.
    pub seed: u64,
    /// How excerpts vary.
    #[serde(default)]
    pub augmentation: Augmentation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            steps: 4000,
            begin: 0,
            batch: 32,
            unroll: 64,
            segment_bars: 32,
            keep: 0.6,
            rate: 2e-3,
            warmup: 100,
            floor: 0.02,
            clip: 3.0,
            decay: 0.0,
            mean: 0.998,
            every: 130,
            patience: 12,
            seed: 1,
            augmentation: Augmentation::default(),
        }
    }
}

impl Settings {
    /// Learning rate of update `step` (from 1): warm-up, then half a cosine down to the floor.
    #[must_use]
    pub fn rate_at(&self, step: u64) -> f32 {
        let step = step.saturating_sub(self.begin);
        if step < self.warmup {
            return self.rate * step as f32 / self.warmup as f32;
        }
        let span = (self.steps - self.begin.min(self.steps)).saturating_sub(self.warmup).max(1) as f32;
        let along = ((step - self.warmup) as f32 / span).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f32::consts::PI * along).cos());
        self.rate * (self.floor + (1.0 - self.floor) * cosine)
    }
}

/// Likelihoods on a set of pieces, in nats per step of the network: a 16th, or one event of several voices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Of the labels, repeats being labels of their own.
    pub label_nll: f64,
    /// Of the events: every label that decodes to the event counts for it.
    pub event_nll: f64,
    /// Share of steps whose label was the most likely one.
    pub accuracy: f64,
    /// Steps scored.
    pub steps: u64,
}

/// A point of the training curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Updates made.
    pub step: u64,
    /// Epochs begun.
    pub epoch: u64,
    /// Seconds of training so far, evaluation included, interruptions not.
    pub seconds: f64,
    /// Mean training loss per label since the last point, with dropout.
    pub train: f64,
    /// Validation with the running mean of the weights.
    pub valid: Evaluation,
    /// Learning rate.
    pub rate: f32,
}

/// A run at some point of its life; a checkpoint stores all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// What decides the run.
    pub settings: Settings,
    /// The network being trained.
    pub network: Network,
    /// How its parameters change.
    pub learner: Learner,
    /// States carried between stretches, per layer.
    pub states: Vec<State>,
    /// What the run knows besides tensors.
    pub progress: Progress,
}

/// The scalar part of a [`Session`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Updates made.
    pub step: u64,
    /// Reading position.
    pub streams: Streams,
    /// Dropout generator.
    pub dropout: u64,
    /// Training loss of every update, in order.
    pub losses: Vec<f32>,
    /// Evaluations.
    pub curve: Vec<Point>,
    /// Lowest validation NLL of events so far.
    pub best: Option<f64>,
    /// Evaluations since then.
    pub stale: u32,
    /// Training seconds, of all stretches of the run.
    pub seconds: f64,
    /// Loss summed since the last point.
    pub since: (f64, u64),
}

impl Session {
    /// A run that has made no update yet.
    #[must_use]
    pub fn new(architecture: Architecture, settings: Settings) -> Self {
        let mut rng = Rng(settings.seed);
        let network = Network::new(architecture, &mut rng);
        Self {
            learner: Learner::new(&network.parameters),
            states: network.zero_states(settings.batch),
            progress: Progress {
                step: 0,
                streams: Streams::new(settings.batch, rng.next_u64()),
                dropout: rng.next_u64(),
                losses: Vec::new(),
                curve: Vec::new(),
                best: None,
                stale: 0,
                seconds: 0.0,
                since: (0.0, 0),
            },
            network,
            settings,
        }
    }

    /// One update. Returns its loss.
    ///
    /// # Errors
    /// A piece with a class that the encoding does not have.
    ///
    /// # Panics
    /// If no piece has two steps.
    pub fn update(&mut self, pieces: &[Piece]) -> Result<f32, EncodingError> {
        let Self { settings, network, learner, progress, .. } = self;
        let batch = progress.streams.next(
            pieces,
            &network.architecture.encoding,
            settings.unroll,
            settings.segment_bars,
            &settings.augmentation,
        )?;
        for (state, &units) in self.states.iter_mut().zip(&network.architecture.layers) {
            for (b, _) in batch.reset.iter().enumerate().filter(|(_, reset)| **reset) {
                state.reset(b, units);
            }
        }
        let mut dropout = Rng(progress.dropout);
        let found = network.step(&batch, std::mem::take(&mut self.states), settings.keep, &mut dropout);
        progress.dropout = dropout.0;
        progress.step += 1;
        self.states = found.states;
        learner.update(&mut network.parameters, &found.gradients, progress.step, settings);
        progress.losses.push(found.loss);
        progress.since.0 += f64::from(found.loss);
        progress.since.1 += 1;
        Ok(found.loss)
    }

    /// Goes on from the best weights with `settings`, whose `begin` and `steps` are set so that `steps` updates follow
    /// with a learning rate that rises and falls anew.
    pub fn again(&mut self, settings: Settings, steps: u64) {
        let begin = self.progress.step;
        self.network = self.best();
        self.learner.restart_mean();
        self.progress.stale = 0;
        self.settings = Settings { begin, steps: begin + steps, batch: self.settings.batch, ..settings };
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

    /// Adds a point to the curve and keeps the averaged weights if they are the best so far.
    ///
    /// # Errors
    /// A piece with a class that the encoding does not have.
    pub fn judge(&mut self, valid: &[Piece]) -> Result<Point, EncodingError> {
        let found = evaluate(&self.averaged(), valid)?;
        let Progress { since, step, streams, seconds, .. } = &mut self.progress;
        let point = Point {
            step: *step,
            epoch: streams.epoch,
            seconds: *seconds,
            train: since.0 / since.1.max(1) as f64,
            valid: found,
            rate: self.settings.rate_at(*step),
        };
        *since = (0.0, 0);
        self.progress.curve.push(point);
        if self.progress.best.is_none_or(|best| found.event_nll < best) {
            self.progress.best = Some(found.event_nll);
            self.progress.stale = 0;
            self.learner.keep_mean();
        } else {
            self.progress.stale += 1;
        }
        Ok(point)
    }

    /// Whether the run is at its end: all updates made, or no better evaluation for too long.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.progress.step >= self.settings.steps || self.progress.stale >= self.settings.patience
    }
}

/// Scores whole pieces from the zero state; the first step of a piece (of voices: the start event before them) is
/// given, not scored.
///
/// # Errors
/// A piece with a class that the encoding does not have.
pub fn evaluate(network: &Network, pieces: &[Piece]) -> Result<Evaluation, EncodingError> {
    const SEQUENCES: usize = 32;
    const STEPS: usize = 64;
    let mut sums = Sums::default();
    for group in groups(pieces, SEQUENCES) {
        let mut states = network.zero_states(group.len());
        for index in 0.. {
            let encoding = &network.architecture.encoding;
            let Some(batch) = stretch(pieces, &group, encoding, STEPS, index)? else { break };
            network.score(&batch, &mut states, &mut sums);
        }
    }
    let count = sums.count.max(1.0);
    Ok(Evaluation {
        label_nll: sums.label_nll / count,
        event_nll: sums.event_nll / count,
        accuracy: sums.right / count,
        steps: sums.count as u64,
    })
}
