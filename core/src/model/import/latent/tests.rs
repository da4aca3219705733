//! Recognition on formula weights of other sizes than the published ones.
use super::*;
use crate::model::import::{JsArgs, JsConfig, JsControl, JsConverterSpec};
use crate::model::music_vae::{MusicVae, find};
use crate::nn::Storage;
use proptest::prelude::*;

fn weights(shape: &Shape) -> Weights {
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let count = shape.iter().product();
        (name, Tensor::f32(shape, vec![0.25; count]))
    };
    shape.variables().into_iter().map(tensor).collect()
}

fn config(text: &str) -> JsConfig {
    serde_json::from_str(text).expect("reads")
}

/// A published configuration with small layers.
fn small(id: &str) -> Shape {
    let mut shape = find(id).expect("listed").shape.clone();
    shape.encoder.units.iter_mut().for_each(|units| *units = 5);
    shape.decoder.units.iter_mut().enumerate().for_each(|(k, units)| *units = 3 + k);
    shape.z = 7;
    if let Head::Nade { hidden, .. } = &mut shape.head {
        *hidden = 2;
    }
    shape
}

#[test]
fn configurations_of_any_size_are_recognised_where_only_one_fits() {
    let of = |id: &str| {
        let all = recognise(weights(&small(id)), None, None);
        all.map(|r| (r.shape == small(id), r.music, r.configuration))
    };
    assert_eq!(
        of("nade-drums_2bar_full").expect("one"),
        (true, Music::Drums { kit: DrumKit::SixtyOne }, None)
    );
    assert_eq!(of("hierdec-trio_16bar").expect("one"), (true, Music::Trio, None));
    // The small and the big one differ in their sizes only.
    assert_eq!(of("cat-drums_2bar_big").expect("one"), (true, Music::Drums { kit: DrumKit::Nine }, None));
    let error = of("groovae_4bar").expect_err("several").to_string();
    assert!(error.contains("groovae_4bar, groovae_2bar_humanize"), "{error}");
    let chosen = recognise(weights(&small("groovae_2bar_humanize")), None, find("groovae_2bar_humanize"));
    let chosen = chosen.expect("named");
    assert_eq!(chosen.shape.steps, 32);
    let input = GrooveInput { humanize: true, ..GrooveInput::default() };
    assert_eq!(chosen.music, Music::Groove { input, hits_as_controls: false });
    let hits = recognise(weights(&small("groovae_2bar_hits_control_tfds")), None, None).expect("one");
    assert!(matches!(hits.music, Music::Groove { hits_as_controls: true, .. }));
}

#[test]
fn a_config_says_what_tensors_cannot() {
    let text = r#"{"type": "MusicVAE", "dataConverter": {"type": "TrioConverter", "args": {"numSteps": 64,
        "numSegments": 4, "melArgs": {"minPitch": 21, "maxPitch": 108}, "bassArgs": {"minPitch": 21, "maxPitch": 108},
        "drumsArgs": {}}}}"#;
    let mut shape = small("hierdec-trio_16bar");
    (shape.steps, shape.decoder.segments) = (64, 4);
    let found = recognise(weights(&shape), Some(&config(text)), None).expect("is one");
    assert_eq!((found.shape, found.music), (shape.clone(), Music::Trio));
    // Magenta.js needs no spread.
    let without = weights(&shape).into_iter().filter(|(name, _)| !name.contains("sigma")).collect();
    let found = recognise(without, Some(&config(text)), None).expect("is one");
    assert_eq!(found.weights.get("encoder/sigma/bias").map(Tensor::to_f32), Some(vec![NO_SPREAD; 7]));
    let tap = r#"{"type": "MusicVAE", "dataConverter": {"type": "GrooveConverter", "args": {"numSteps": 48, "tapify": true}}}"#;
    let mut shape = small("groovae_4bar");
    shape.steps = 48;
    let found = recognise(weights(&shape), Some(&config(tap)), None).expect("is one");
    assert_eq!(found.shape, shape);
    assert!(matches!(found.music, Music::Groove { input: GrooveInput { tapify: true, .. }, .. }));
}

#[test]
fn what_cannot_be_played_is_refused_in_words() {
    let shape = small("cat-mel_2bar_small");
    let refused = |text: &str| {
        recognise(weights(&shape), Some(&config(text)), None).expect_err("is refused").to_string()
    };
    let melody = r#"{"type": "MusicVAE", "dataConverter": {"type": "MelodyConverter",
        "args": {"numSteps": 32, "minPitch": 21, "maxPitch": 108}}}"#;
    assert!(recognise(weights(&shape), Some(&config(melody)), None).is_ok());
    assert!(refused(&melody.replace("MusicVAE", "OnsetsAndFrames")).contains("“OnsetsAndFrames”"));
    assert!(refused(&melody.replace("MelodyConverter", "PianoConverter")).contains("“PianoConverter”"));
    assert!(refused(&melody.replace("\"numSteps\": 32,", "")).contains("how long"));
    assert!(refused(&melody.replace("108", "100")).contains("has shape"));
    assert!(
        refused(
            &melody.replace("\"type\": \"MusicVAE\"", "\"type\": \"MusicVAE\", \"useBooleanDecoder\": true")
        )
        .contains("yes or no")
    );
    assert!(refused(&melody.replace("32", "18446744073709551615")).contains("makes sense"));
    let lacking =
        weights(&shape).into_iter().filter(|(name, _)| !name.ends_with("output_projection/bias")).collect();
    let error = recognise(lacking, Some(&config(melody)), None).expect_err("is not whole").to_string();
    assert_eq!(error, "this checkpoint is not whole: it needs decoder/output_projection/bias too");
    assert!(recognise(Weights::new(), None, None).expect_err("is empty").to_string().contains("no encoder"));
}

/// A number as files have it, or as none should.
fn number() -> impl Strategy<Value = usize> {
    prop_oneof![0usize..70, Just(64), Just(usize::MAX), any::<usize>()]
}

proptest! {
    #[test]
    fn no_config_makes_it_panic_or_hungry(
        kind in 0usize..8,
        (steps, segments, depth) in (number(), number(), number()),
        (low, high) in (any::<u8>(), any::<u8>()),
        drums in 0usize..140,
        flags in any::<[bool; 6]>(),
        shape in 0usize..23,
    ) {
        let kinds = ["MelodyConverter", "DrumsConverter", "DrumRollConverter", "DrumsOneHotConverter",
            "TrioConverter", "MultitrackConverter", "GrooveConverter", "?"];
        let pitches = JsArgs { min_pitch: Some(low), max_pitch: Some(high), ..JsArgs::default() };
        let args = JsArgs {
            num_steps: flags[0].then_some(steps),
            num_segments: flags[1].then_some(segments),
            pitch_classes: flags[2].then(|| vec![vec![40]; drums]),
            split_instruments: Some(flags[3]),
            mel_args: Some(Box::new(pitches.clone())),
            bass_args: Some(Box::new(pitches.clone())),
            ..pitches
        };
        let config = JsConfig {
            kind: "MusicVAE".into(),
            data_converter: JsConverterSpec { kind: kinds[kind].into(), args },
            condition_on_key: flags[4],
            extra_controls: vec![JsControl { name: "x".into(), depth }],
            chord_encoder: flags[5].then(|| "TriadChordEncoder".into()),
            ..JsConfig::default()
        };
        let mut published = configurations()[shape].shape.clone();
        (published.z, published.encoder.units, published.decoder.units) = (2, vec![2], vec![2]);
        if let Ok(found) = recognise(weights(&published), Some(&config), None) {
            prop_assert!(found.shape.check().is_ok());
            prop_assert!(MusicVae::new(found.shape, &found.weights, Storage::F32).is_ok());
        }
    }
}

#[test]
fn a_card_is_made_for_what_the_tools_can_play() {
    let card_of = |text: &str, shape: &Shape| {
        let found = recognise(weights(shape), Some(&config(text)), None).expect("is one");
        card(&found)
    };
    let melody = r#"{"type": "MusicVAE", "dataConverter": {"type": "MelodyConverter",
        "args": {"numSteps": 64, "minPitch": 21, "maxPitch": 108}}}"#;
    let shape = Shape { steps: 64, ..small("cat-mel_2bar_small") };
    let found = card_of(melody, &shape).expect("is played");
    assert_eq!(found.configuration, "mel_4bar_med");
    assert_eq!(found.hparams.variables().expect("possible"), shape.variables());
    let tap = r#"{"type": "MusicVAE", "dataConverter": {"type": "GrooveConverter",
        "args": {"numSteps": 16, "tapify": true}}}"#;
    let found = card_of(tap, &Shape { steps: 16, ..small("groovae_4bar") }).expect("is played");
    assert_eq!(found.configuration, "groovae_2bar_tap_fixed_velocity");
    let error = card_of(&melody.replace("64", "60"), &Shape { steps: 60, ..shape }).expect_err("is odd");
    assert!(error.to_string().contains("no whole bars"), "{error}");
    let drums = small("cat-drums_2bar_small");
    let found = card(&recognise(weights(&drums), None, None).expect("only one")).expect("is played");
    assert_eq!(found.configuration, "cat-drums_2bar_small");
}
