//! Small models with weights from a formula, for tests of the rooms above. Never part of the product.
use super::{Card, EncodingParams, Hparams, LatentParams, Model, find};
use crate::nn::{Weights, formula};

/// Weights of any shape. Those of latent models are large enough for vectors to be heard.
pub(crate) fn weights(hparams: &Hparams, seed: u64) -> Weights {
    let variables = hparams.variables().expect("a possible shape");
    let (default, pattern, scale) = match hparams.encoding {
        EncodingParams::Latent(_) => (0.8, "mu/", 2.0),
        _ => (0.25, "fully_connected/", 1.0),
    };
    let scales = formula::Scales { default, patterns: vec![(pattern.into(), scale)] };
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

/// A latent model of a configuration with small layers and short vectors.
pub(crate) fn latent(id: &str) -> Model {
    latent_with(id, |_| {})
}

/// The same with something changed.
pub(crate) fn latent_with(id: &str, change: impl FnOnce(&mut LatentParams)) -> Model {
    model_with(id, |hparams| {
        hparams.layers = vec![20, 16];
        let EncodingParams::Latent(params) = &mut hparams.encoding else { panic!("{id} is not latent") };
        params.z = 8;
        params.encoder.iter_mut().for_each(|units| *units = 24);
        change(params);
    })
}
