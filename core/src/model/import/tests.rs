//! Recognition, refusals and what a card says, on formula weights.
use super::*;
use crate::checkpoint::save_bundle;
use crate::model::testing;
use crate::nn::Tensor;

pub(super) fn opened(weights: Weights) -> Opened {
    Opened {
        format: Format::V1,
        weights,
        card: None,
        bundle: None,
        attention: None,
        js: None,
        experiment: None,
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
    // Weights of the largest ones would take gigabytes.
    let small = |c: &&Configuration| c.hparams.layers.iter().all(|&units| units <= 512);
    for configuration in catalogue().iter().filter(small) {
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

#[test]
fn magenta_js_says_what_its_event_models_are() {
    let of = |text: &str, hparams: &Hparams| {
        let js = serde_json::from_str(text).expect("reads");
        card(&Opened { js: Some(js), ..opened(testing::weights(hparams, 1)) }, None)
    };
    let (basic, _) = published("basic_rnn");
    let hparams = Hparams {
        layers: vec![10, 9],
        encoding: EncodingParams::Melody { min: 0, max: 128 },
        ..basic.hparams.clone()
    };
    let melody = r#"{"type": "MusicRNN", "dataConverter": {"type": "MelodyConverter", "args": {"minPitch": 0, "maxPitch": 127}}}"#;
    let found = of(melody, &hparams).expect("is known");
    assert_eq!((found.configuration.as_str(), &found.hparams.layers), ("basic_rnn", &hparams.layers));
    assert_eq!(found.hparams.encoding, hparams.encoding);
    assert!(prune(&mut testing::weights(&hparams, 1), &found).is_ok());
    let (improv, _) = published("chord_pitches_improv");
    let chords = melody.replace("}}}", r#"}}, "chordEncoder": "PitchChordEncoder"}"#);
    let found = of(&chords, &improv.hparams).expect("is known");
    assert_eq!(found.configuration, "chord_pitches_improv");
    let drums = r#"{"type": "MusicRNN", "dataConverter": {"type": "DrumsOneHotConverter"},
        "auxInputs": [{"type": "BinaryCounter", "args": {"numBits": 6}}]}"#;
    let found = of(drums, &improv.hparams).expect("is known");
    let counted = EncodingParams::DrumsLookback { types: 9, distances: Vec::new(), bits: 6 };
    assert_eq!(found.hparams.encoding, counted);
    let error =
        of(&drums.replace("BinaryCounter", "Other"), &improv.hparams).expect_err("is unknown").to_string();
    assert_eq!(error, "this model needs inputs of its own, which Descant does not have");
}

#[test]
fn an_older_magenta_js_drum_model_attends_with_all_layers_and_keeps_its_kit() {
    let (drums, _) = published("drum_kit");
    let kit = vec![vec![36, 35], vec![38], vec![42, 44], vec![49, 57]];
    let encoding = EncodingParams::DrumKit { kit, bits: 3 };
    let hparams =
        Hparams { layers: vec![6; 3], attention: 4, whole: true, encoding, ..drums.hparams.clone() };
    let weights = testing::weights(&hparams, 1);
    let js = |length: &str| {
        let text = format!(
            r#"{{"type": "MusicRNN", "dataConverter": {{"type": "DrumsOneHotConverter",
            "args": {{"pitchClasses": [[36, 35], [38], [42, 44], [49, 57]]}}}}{length},
            "auxInputs": [{{"type": "BinaryCounter", "args": {{"numBits": 3}}}}]}}"#
        );
        serde_json::from_str(&text).expect("reads")
    };
    let of = |js, weights: &Weights| card(&Opened { js: Some(js), ..opened(weights.clone()) }, None);
    let found = of(js(r#", "attentionLength": 4"#), &weights).expect("is known");
    assert_eq!(found.hparams, hparams);
    let mut weights = js_rnn::as_run(weights);
    let bias = weights.get("rnn/attention_cell_wrapper/attention/bias").expect("stays");
    assert!(bias.to_f32().iter().all(|&value| value == 0.0));
    assert!(prune(&mut weights, &found).expect("is whole").is_empty());
    let model = crate::model::Model::new(found, &weights).expect("fits its card");
    assert_eq!(model.stack().expect("has layers").config().output, 16);
    let error = of(js(""), &weights).expect_err("is unsaid").to_string();
    assert_eq!(error, "this model needs an attention of unknown length, which Descant does not have");
}
