//! Small models with weights from a formula, for tests of the rooms above. Never part of the product.
use super::{Card, EncodingParams, Hparams, Model, find};
use crate::nn::{Weights, formula};

/// Weights of any shape.
pub(crate) fn weights(hparams: &Hparams, seed: u64) -> Weights {
    let variables = hparams.variables().expect("a possible shape");
    let scales = formula::Scales { default: 0.25, patterns: vec![("fully_connected/".into(), 1.0)] };
    let variables = variables.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    formula::weights(variables, seed, &scales)
}

/// The shape that is trained for shipping.
pub(crate) fn shipped_like_drums() -> Hparams {
    Hparams {
        layers: vec![24, 24],
        attention: 0,
        encoding: EncodingParams::DrumsLookback { types: 9, distances: vec![16, 32], bits: 6 },
        ..find("drum_kit").expect("in the catalogue").hparams.clone()
    }
}

/// A model of a configuration with its encoding but small layers.
pub(crate) fn model(id: &str) -> Model {
    model_with(id, |_| {})
}

/// The same with something changed.
pub(crate) fn model_with(id: &str, change: impl FnOnce(&mut Hparams)) -> Model {
    let configuration = find(id).expect("in the catalogue");
    let mut hparams = if id == "drum_kit" {
        shipped_like_drums()
    } else {
        let attention = configuration.hparams.attention.min(8);
        Hparams { layers: vec![24, 24], attention, ..configuration.hparams.clone() }
    };
    change(&mut hparams);
    let card = Card { hparams: hparams.clone(), ..Card::of(configuration) };
    Model::new(card, &weights(&hparams, 7)).expect("fits its card")
}
