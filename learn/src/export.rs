//! Trained weights → the file that ships: f16 (or f32) tensors under their TensorFlow names, with a card.
//! Runs on the thread that trains; needs no burn.

use crate::metrics::Metrics;
use crate::network::{Network, Parameter};
use crate::task::Task;
use descant_core::checkpoint::{CheckpointError, save_bytes};
use descant_core::model::Card;
use descant_core::nn::{Tensor, Weights};
use half::f16;
use serde_json::json;

/// How the numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Half the size; what ships.
    F16,
    /// As trained.
    F32,
}

/// Every value rounded as it will be stored, so that figures speak of the shipped file.
#[must_use]
pub fn rounded(mut parameters: Vec<Parameter>, precision: Precision) -> Vec<Parameter> {
    if precision == Precision::F16 {
        for value in parameters.iter_mut().flat_map(|p| &mut p.values) {
            *value = f16::from_f32(*value).to_f32();
        }
    }
    parameters
}

/// The card of `network`, trained on `task` with the figures in `metrics`.
#[must_use]
pub fn card(network: &Network, task: &Task, metrics: &Metrics) -> Card {
    let mut card = Card::of(task.configuration);
    card.hparams = task.hparams(&network.architecture);
    card.data = metrics.data.clone();
    card.licence = task.licence.into();
    card.command.clone_from(&metrics.command);
    let step = network.architecture.encoding.unit();
    let unit = format!("nats per {step}, temperature 1, whole pieces from the zero state");
    let figure = |e: &crate::trainer::Evaluation, split: &str| {
        json!({
            "event_nll": e.event_nll, "label_nll": e.label_nll, "accuracy": e.accuracy, "steps": e.steps,
            "split": split, "unit": unit,
            "seed": metrics.settings.seed,
        })
    };
    card.metrics.insert("test".into(), figure(&metrics.test, "test"));
    card.metrics.insert("validation".into(), figure(&metrics.valid, "validation"));
    card.metrics.insert(
        "training".into(),
        json!({ "updates": metrics.best_step, "parameters": metrics.parameters, "seed": metrics.settings.seed }),
    );
    card
}

/// The bytes of the file.
///
/// # Errors
/// Never for a network made here; the writer checks shapes all the same.
pub fn bytes(
    parameters: &[Parameter],
    card: &Card,
    precision: Precision,
) -> Result<Vec<u8>, CheckpointError> {
    let mut weights = Weights::new();
    for Parameter { name, shape, values } in parameters {
        let tensor = match precision {
            Precision::F32 => Tensor::f32(shape.clone(), values.clone()),
            Precision::F16 => Tensor::f16(shape.clone(), values.iter().map(|&v| f16::from_f32(v)).collect()),
        };
        weights.insert(name.clone(), tensor);
    }
    save_bytes(&weights, card)
}
