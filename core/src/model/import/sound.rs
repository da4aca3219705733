//! Checkpoints of GANSynth, of TensorFlow and of Magenta.js → weights with a card.
//!
//! Worker thread or command line. The tensors say the sizes; `experiment.json`, where there is one, has to agree and says
//! how colours are scaled and how far training came. Magenta.js has none: what it plays is finished and scaled as the
//! released models. Of every variable the moving average is taken where there is one.
use super::{ImportError, prune};
use crate::checkpoint::Opened;
use crate::model::gansynth::{
    Experiment, Frequencies, GanSynth, Normaliser, OURS, Shape, SoundParams, averaged,
};
use crate::model::{Card, Configuration, EncodingParams};
use crate::nn::Weights;

/// Why a GANSynth cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    /// Tensors that make no generator.
    #[error("this is no GANSynth that Descant plays: {0}")]
    Shape(String),
    /// The description speaks of another network.
    #[error(
        "its experiment.json speaks of another model than the checkpoint is of ({described} there, {found} here): the two do not belong together"
    )]
    Contradiction {
        /// Sizes in `experiment.json`.
        described: String,
        /// Sizes of the tensors.
        found: String,
    },
}

/// Whether it is a GANSynth.
pub(super) fn is_sound(opened: &Opened) -> bool {
    match &opened.card {
        Some(card) => matches!(card.hparams.encoding, EncodingParams::Sound(_)),
        None => opened.weights.iter().any(|(name, _)| name.starts_with(SCOPE)),
    }
}

const SCOPE: &str = "Generator/progressive_gan_generator/";

/// The card of a GANSynth; leaves the tensors of the model. The names of what was dropped.
///
/// # Errors
/// [`ImportError`], as for every model.
pub(super) fn card(
    opened: &mut Opened,
    choice: Option<&Configuration>,
) -> Result<(Card, Vec<String>), ImportError> {
    if let Some(choice) = choice {
        return Err(ImportError::OtherModel { found: OURS.into(), chosen: choice.id.into() });
    }
    let card = match &opened.card {
        Some(card) => card.clone(),
        None => {
            opened.weights = averaged(std::mem::take(&mut opened.weights));
            foreign(opened)?
        }
    };
    let passed_over = prune(&mut opened.weights, &card)?;
    // Sizes that fit each other may still be none of a note.
    GanSynth::load(&card, &opened.weights)?;
    Ok((card, passed_over))
}

/// The card of a checkpoint without one.
fn foreign(opened: &Opened) -> Result<Card, ImportError> {
    let shape = shape(&opened.weights)?;
    let Some(file) = &opened.experiment else {
        let params = SoundParams::new(&shape, Normaliser::default(), Frequencies::Absolute);
        return Ok(params.card(OURS, &shape.channels));
    };
    let experiment = Experiment::read(&file.text)?;
    let described = Shape { lowest: shape.lowest, pitches: shape.pitches, ..experiment.shape.clone() };
    let same = described.latent == shape.latent
        && described.start == shape.start
        && described.channels.starts_with(&shape.channels);
    if !same {
        let (described, found) = (in_words(&described), in_words(&shape));
        return Err(SoundError::Contradiction { described, found }.into());
    }
    // Stages of which the checkpoint has no block yet.
    let blocks = described.channels.len();
    let last = 2 * blocks.saturating_sub(1) as u32;
    let images = opened.step.map_or(u64::MAX, |step| u64::try_from(step).unwrap_or(0));
    let progress = experiment.progress(file.stage.unwrap_or(last), images);
    let mut params = SoundParams::new(&described, experiment.normaliser, Frequencies::Absolute);
    params.progress = (progress < described.finished()).then_some(progress);
    Ok(params.card(OURS, &described.channels))
}

fn in_words(shape: &Shape) -> String {
    let channels: Vec<String> = shape.channels.iter().map(ToString::to_string).collect();
    let [height, width] = shape.start;
    format!(
        "vectors of {}, a first image of {height} by {width}, channels {}",
        shape.latent,
        channels.join(", ")
    )
}

/// The sizes that the tensors have; notes are those of the released models.
fn shape(weights: &Weights) -> Result<Shape, SoundError> {
    let wrong = |what: &str| SoundError::Shape(what.to_owned());
    let of = |block: usize, layer: &str| {
        let tensor = weights.get(&format!("{SCOPE}progressive_gan_block_{block}/{layer}/conv2d/kernel"))?;
        <[usize; 4]>::try_from(tensor.shape.as_slice()).ok()
    };
    let [height, width, inputs, _] = of(1, "conv0").ok_or_else(|| wrong("its first layer is missing"))?;
    let channels: Vec<usize> =
        (1..=16).map_while(|block| of(block, "conv1")).map(|kernel| kernel[3]).collect();
    let released = Shape::released();
    let latent = inputs.checked_sub(usize::from(released.pitches)).filter(|&latent| latent > 0);
    let latent = latent.ok_or_else(|| wrong("its first layer has too few inputs for notes 24 to 84"))?;
    let shape = Shape { latent, start: [height, width], channels, ..released };
    shape.check().map_err(|error| wrong(&error.to_string()))?;
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::testing::{Temporary, write_v2};
    use crate::checkpoint::{CheckpointError, ExperimentFile};
    use crate::model::import::tests::opened;
    use crate::model::import::{Imported, import};
    use crate::nn::conv::Alone;
    use crate::nn::{Tensor, formula};
    use crate::tool::Cancel;
    use proptest::prelude::*;
    use std::fs;
    use std::path::Path;

    const EXPERIMENT: &str = r#"{"latent_vector_size": 6, "start_height": 2, "start_width": 16, "num_resolutions": 3,
        "fmap_base": 32, "fmap_max": 12, "audio_length": 320,
        "stable_stage_num_images": 100, "transition_stage_num_images": 100}"#;

    fn tiny() -> Shape {
        Shape { latent: 6, channels: vec![12, 8, 4], samples: 320, ..Shape::released() }
    }

    /// Everything that training leaves: raw values, their averages, moments, a judge.
    fn trained() -> Weights {
        trained_of(&tiny())
    }

    fn trained_of(shape: &Shape) -> Weights {
        let variables = shape.variables();
        let values = |seed| {
            let scales = formula::Scales { default: 0.25, patterns: vec![("kernel".into(), 2.0)] };
            formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), seed, &scales)
        };
        let mut all: Weights = values(3).into_iter().collect();
        for (name, tensor) in values(4) {
            all.insert(format!("{name}/ExponentialMovingAverage"), tensor.clone());
            all.insert(format!("{name}/Adam"), tensor);
        }
        all.insert("Discriminator/a/kernel", Tensor::f32([2], vec![1.0, 2.0]));
        all.insert("Discriminator/a/kernel/ExponentialMovingAverage", Tensor::f32([1], vec![1.0]));
        all
    }

    fn folder(root: &Path, stages: &[(&str, i64)], experiment: Option<&str>) {
        if let Some(text) = experiment {
            fs::write(root.join("experiment.json"), text).expect("writes");
        }
        for (stage, step) in stages {
            let place = root.join(stage);
            fs::create_dir_all(&place).expect("a folder");
            for (name, bytes) in write_v2("model.ckpt", &trained(), *step) {
                fs::write(place.join(name), bytes).expect("writes");
            }
        }
    }

    fn read(path: &Path) -> Result<Imported, ImportError> {
        import(path, None, &mut |_| {}, &Cancel::default())
    }

    /// The picture of a note, straight from the averages.
    fn expected(progress: f64) -> Vec<f32> {
        let model =
            GanSynth::new(tiny(), Normaliser::default(), &averaged(trained()), progress).expect("fits");
        model.generator().image(&[0.5; 6], 60, &Alone, &Cancel::default()).expect("an image")
    }

    fn played(imported: &Imported) -> Vec<f32> {
        let model = GanSynth::from_checkpoint(&imported.checkpoint).expect("loads");
        model.generator().image(&[0.5; 6], 60, &Alone, &Cancel::default()).expect("an image")
    }

    #[test]
    fn the_last_stage_is_imported_with_averages_and_blended_blocks() {
        let root = Temporary::new("sound-0");
        folder(
            root.path(),
            &[("stage_00000", 50), ("stage_00004", 9_999), ("stage_00003", 1)],
            Some(EXPERIMENT),
        );
        let imported = read(root.path()).expect("imports");
        assert_eq!((imported.step, played(&imported)), (Some(9_999), expected(2.0)));
        let card = imported.checkpoint.card.as_ref().expect("a card");
        assert_eq!((card.id.as_str(), card.hparams.layers.as_slice()), (OURS, [12, 8, 4].as_slice()));
        assert!(card.name.starts_with("GANSynth ("), "{}", card.name);
        assert_eq!(card.source.len(), 3, "index, values and experiment.json");
        assert!(imported.checkpoint.weights.iter().all(|(name, _)| !name.contains("Exponential")));
        // Training broke off while the last block came in: half of both is seen.
        let early = Temporary::new("sound-1");
        folder(early.path(), &[("stage_00003", 350)], Some(EXPERIMENT));
        assert_eq!(played(&read(early.path()).expect("imports")), expected(1.5));
        // What was imported is imported again.
        let file = root.path().join("mine.safetensors");
        crate::checkpoint::save_file(&file, &imported.checkpoint.weights, card).expect("writes");
        assert_eq!(played(&read(&file).expect("imports")), expected(2.0));
    }

    #[test]
    fn a_folder_of_magenta_js_has_averages_only() {
        let root = Temporary::new("sound-2");
        let shape = Shape { latent: 6, channels: vec![4, 4, 4, 4, 4, 4, 2], ..Shape::released() };
        let weights = averaged(trained_of(&shape));
        let (mut bytes, mut list) = (Vec::new(), Vec::new());
        for (name, tensor) in weights.iter() {
            bytes.extend(tensor.to_f32().iter().flat_map(|x| x.to_le_bytes()));
            let name = format!("{name}/ExponentialMovingAverage");
            list.push(serde_json::json!({"name": name, "shape": tensor.shape, "dtype": "float32"}));
        }
        let manifest = serde_json::json!([{"paths": ["group1-shard1of1.bin"], "weights": list}]);
        fs::write(root.path().join("weights_manifest.json"), manifest.to_string()).expect("writes");
        fs::write(root.path().join("group1-shard1of1.bin"), bytes).expect("writes");
        let imported = read(root.path()).expect("imports");
        let card = imported.checkpoint.card.as_ref().expect("a card");
        assert!(
            matches!(&card.hparams.encoding, EncodingParams::Sound(p) if p.latent == 6 && p.samples == 64_000)
        );
        assert_eq!(imported.checkpoint.weights.len(), 30, "the colours of the last block only");
        // Nothing says that its notes are shorter, so a smaller image is none of a note.
        let error = card_of(averaged(trained())).expect_err("is refused").to_string();
        assert!(error.contains("impossible model"), "{error}");
    }

    proptest! {
        #[test]
        fn any_tensors_are_a_model_or_a_sentence(
            shapes in proptest::collection::vec(proptest::collection::vec(0..9_usize, 0..5), 4),
            channels in proptest::option::of(0..400_usize),
            text in proptest::option::of(prop_oneof![Just(EXPERIMENT.to_owned()), ".{0,20}"]),
            step in proptest::option::of(any::<i64>()),
        ) {
            let names = ["1/conv0/conv2d/kernel", "1/conv1/conv2d/kernel", "2/conv1/conv2d/kernel", "1/conv0/bias"];
            let mut weights: Weights = names
                .into_iter()
                .zip(shapes)
                .map(|(name, shape)| {
                    let count = shape.iter().product();
                    (format!("{SCOPE}progressive_gan_block_{name}"), Tensor::f32(shape, vec![0.5; count]))
                })
                .collect();
            if let Some(inputs) = channels {
                let name = format!("{SCOPE}progressive_gan_block_1/conv0/conv2d/kernel");
                weights.insert(name, Tensor::f32([2, 16, inputs, 1], vec![0.5; 32 * inputs]));
            }
            let experiment = text.map(|text| ExperimentFile { text, stage: Some(4) });
            let mut opened = Opened { experiment, step, ..opened(weights) };
            if let Ok((card, _)) = card(&mut opened, None) {
                prop_assert!(GanSynth::load(&card, &opened.weights).is_ok());
            }
        }
    }

    fn card_of(weights: Weights) -> Result<(Card, Vec<String>), ImportError> {
        card(&mut opened(weights), None)
    }

    #[test]
    fn wrong_checkpoints_are_refused_by_a_sentence() {
        let refused = |experiment: Option<&str>, change: &dyn Fn(&Path)| {
            let root = Temporary::new("sound-3");
            folder(root.path(), &[("stage_00004", 600)], experiment);
            change(root.path());
            read(root.path()).expect_err("is refused").to_string()
        };
        let other = refused(Some(&EXPERIMENT.replace("\"fmap_max\": 12", "\"fmap_max\": 10")), &|_| ());
        assert!(other.contains("channels 10, 8, 4 there") && other.contains("12, 8, 4 here"), "{other}");
        let linear = refused(Some(r#"{"data_type": "linear"}"#), &|_| ());
        assert!(linear.contains("other pictures than mel spectrograms"), "{linear}");
        assert!(refused(Some("["), &|_| ()).contains("experiment.json does not read"));
        let gone = |root: &Path| {
            fs::remove_file(root.join("stage_00004/model.ckpt.data-00000-of-00001")).expect("was there")
        };
        assert!(refused(Some(EXPERIMENT), &gone).contains("data-00000-of-00001 is missing"));
        let cut = |root: &Path| {
            let path = root.join("stage_00004/model.ckpt.data-00000-of-00001");
            let bytes = fs::read(&path).expect("was there");
            fs::write(path, &bytes[..bytes.len() / 2]).expect("writes");
        };
        assert!(refused(Some(EXPERIMENT), &cut).contains("damaged"));
        let weights: Weights =
            trained().into_iter().filter(|(name, _)| !name.contains("block_2/conv0/bias")).collect();
        let error = card_of(weights).expect_err("not whole").to_string();
        assert!(error.contains("not whole") && error.contains("block_2/conv0/bias"), "{error}");
        let drums = crate::model::find("drum_kit");
        let error = card(&mut opened(trained()), drums).expect_err("another").to_string();
        assert_eq!(error, "this checkpoint was made for gansynth, not for drum_kit");
        let cancel = Cancel::default();
        cancel.cancel();
        let root = Temporary::new("sound-4");
        folder(root.path(), &[("stage_00004", 600)], None);
        let error = import(root.path(), None, &mut |_| {}, &cancel).expect_err("stopped");
        assert!(matches!(error, ImportError::Checkpoint(CheckpointError::Cancelled)));
    }
}
