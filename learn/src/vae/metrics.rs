//! The metrics file beside shipped weights of a latent-vector model, and their card. Written by the command line.

use super::network::Network;
use super::session::{Evaluation, Point, Session, Settings, evaluate};
use super::task::Task;
use descant_core::model::Card;
use descant_core::model::music_vae::Shape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Everything known about a finished or running training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Id of the weights.
    pub model: String,
    /// Command that makes them again.
    pub command: String,
    /// Trained values.
    pub parameters: usize,
    /// What decided the run.
    pub settings: Settings,
    /// Training, validation and test windows.
    pub windows: [usize; 3],
    /// Corpora with licence and attribution.
    pub data: Vec<String>,
    /// Updates made.
    pub updates: u64,
    /// Training seconds on one thread of a shared machine.
    pub seconds: f64,
    /// The stored weights on the validation windows.
    pub valid: Evaluation,
    /// The stored weights on the test windows.
    pub test: Evaluation,
    /// Evaluations during the run.
    pub curve: Vec<Point>,
    /// Training loss of every update.
    pub losses: Vec<f32>,
}

impl Metrics {
    /// Evaluates `stored`, the weights as they will be stored, and gathers the rest from `session`.
    #[must_use]
    pub fn of(stored: &Network, session: &Session, task: &Task, command: String) -> Self {
        let [_, valid, test] = &task.sets;
        let progress = &session.progress;
        Self {
            model: task.id().into(),
            command,
            parameters: stored.size(),
            settings: session.settings.clone(),
            windows: task.sets.each_ref().map(Vec::len),
            data: task.data.iter().map(|&line| line.to_owned()).collect(),
            updates: progress.step,
            seconds: progress.seconds,
            valid: evaluate(stored, valid),
            test: evaluate(stored, test),
            curve: progress.curve.clone(),
            losses: progress.losses.clone(),
        }
    }

    /// The card of weights of this shape.
    #[must_use]
    pub fn card(&self, shape: &Shape, task: &Task) -> Card {
        let mut card = Card::of(task.configuration);
        card.hparams = task.hparams(shape);
        card.data = self.data.clone();
        card.licence = task.licence.into();
        card.command.clone_from(&self.command);
        let unit = "nats per window; reconstruction of one draw from the posterior, told the true steps";
        for (split, e) in [("validation", &self.valid), ("test", &self.test)] {
            let figure = json!({
                "reconstruction": e.reconstruction, "divergence": e.divergence, "accuracy": e.accuracy,
                "windows": e.windows, "unit": unit,
            });
            card.metrics.insert(split.into(), figure);
        }
        let seed = self.settings.run.seed;
        let training = json!({ "updates": self.updates, "parameters": self.parameters, "seed": seed });
        card.metrics.insert("training".into(), training);
        card
    }
}
