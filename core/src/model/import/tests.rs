//! Recognition, refusals and what a card says, on formula weights.
use super::*;
use crate::checkpoint::save_bundle;
use crate::model::testing;
use crate::nn::Tensor;

fn opened(weights: Weights) -> Opened {
    Opened {
        format: Format::V1,
        weights,
        card: None,
        bundle: None,
        attention: None,
        js: None,
        step: None,
        files: Vec::new(),
    }
}

fn published(id: &str) -> (&'static Configuration, Weights) {
    let configuration = find(id).expect("in the catalogue");
    (configuration, testing::weights(&configuration.hparams, 3))
}

#[test]
fn every_published_shape_is_recognised() {
    for configuration in catalogue() {
        let weights = testing::weights(&configuration.hparams, 1);
        match card(&opened(weights), None) {
            Ok(card) => assert_eq!(card.configuration, configuration.id),
            // Two ways to feed the same network.
            Err(ImportError::SeveralShapes { choices }) => assert!(choices.contains(configuration.id)),
            Err(error) => panic!("{}: {error}", configuration.id),
        }
    }
}

#[test]
fn other_sizes_are_refused_with_what_it_could_be() {
    let (lookback, _) = published("lookback_rnn");
    let small = Hparams { layers: vec![64, 64], ..lookback.hparams.clone() };
    let small = opened(testing::weights(&small, 1));
    let error = card(&small, None).expect_err("has no published shape").to_string();
    assert!(error.contains("two layers of 64, 40 classes"), "{error}");
    assert!(error.ends_with("it could be lookback_rnn"), "{error}");
    let card = card(&small, Some(lookback)).expect("was named");
    let error = prune(&mut small.weights.clone(), &card).expect_err("does not fit");
    let expected = "this checkpoint has two layers of 64, lookback_rnn needs two layers of 128";
    assert_eq!(error.to_string(), expected);
    let error = super::card(&opened(Weights::new()), None).expect_err("is empty").to_string();
    assert!(error.contains("drum_kit, one_drum"), "{error}");
}

#[test]
fn a_bundle_brings_its_own_sizes_and_keeps_to_its_id() {
    let (attention, _) = published("attention_rnn");
    let hparams = Hparams { layers: vec![12, 10], attention: 6, ..attention.hparams.clone() };
    let details = BundleDetails { generator: "attention_rnn".into(), ..BundleDetails::default() };
    let bundle =
        Opened { bundle: Some(details.clone()), attention: Some(6), ..opened(testing::weights(&hparams, 1)) };
    assert_eq!(card(&bundle, None).expect("known").hparams, hparams);
    let (basic, _) = published("basic_rnn");
    let error = card(&bundle, Some(basic)).expect_err("is another").to_string();
    assert_eq!(error, "this checkpoint was made for attention_rnn, not for basic_rnn");
    let unknown = BundleDetails { generator: "novel".into(), ..details };
    let error = card(&Opened { bundle: Some(unknown), ..bundle }, None).expect_err("is unknown");
    assert!(matches!(error, ImportError::UnknownBundle { .. }), "{error}");
}

#[test]
fn missing_and_unexpected_tensors_are_named() {
    let (basic, mut weights) = published("basic_rnn");
    weights.insert("learning_rate", Tensor::f32([], vec![0.1]));
    let card = Card::of(basic);
    assert_eq!(prune(&mut weights, &card).expect("is whole"), ["learning_rate"]);
    let weights: Weights = weights
        .iter()
        .filter(|(name, _)| *name != "fully_connected/biases")
        .map(|(name, tensor)| (name.to_owned(), tensor.clone()))
        .collect();
    let error = prune(&mut weights.clone(), &card).expect_err("is not whole").to_string();
    assert_eq!(error, "this checkpoint is not whole: basic_rnn needs fully_connected/biases too");
}

#[test]
fn names_lose_their_ending_only() {
    for (path, expected) in [
        ("a/b.mag", "b"),
        ("model.ckpt-12.index", "model.ckpt-12"),
        ("model.ckpt-12", "model.ckpt-12"),
        ("run/train", "train"),
        ("/", "checkpoint"),
    ] {
        assert_eq!(name(Path::new(path)), expected);
    }
}

#[test]
fn bundles_carry_the_id_only_of_the_same_encoding() {
    let (drums, weights) = published("drum_kit");
    assert_eq!(bundle_details(&Card::of(drums)).generator, "drum_kit");
    let own = Card { hparams: testing::shipped_like_drums(), ..Card::of(drums) };
    assert_eq!(bundle_details(&own).generator, "descant_drum_kit");
    assert!(save_bundle(&weights, &own, &bundle_details(&own)).is_ok());
}
