//! [`Experiment`]: what a released checkpoint says about itself in `experiment.json`, and which of its variables are the
//! model (spec audio 1.2, 1.4).
//!
//! Any thread; text and numbers only. A key that is missing has the original program's default.
use super::shape::Schedule;
use super::{Normaliser, Shape};
use crate::model::ModelError;
use crate::nn::Weights;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Suffix of a variable's moving average over training, which is what is played.
const AVERAGE: &str = "/ExponentialMovingAverage";
/// Scope of all variables of the generator.
const GENERATOR: &str = "Generator/";
/// Longest description that is read.
const MOST_BYTES: usize = 1 << 20;

/// A description of a model and of its training.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The sizes.
    pub shape: Shape,
    /// Between the network's numbers and the spectrogram's.
    pub normaliser: Normaliser,
    /// How training went from block to block; `None` if it trained all blocks at once.
    pub schedule: Option<Schedule>,
}

/// The keys that matter. Everything else is about training.
#[derive(Deserialize)]
#[serde(default)]
struct Keys {
    data_type: String,
    data_normalizer: String,
    sample_rate: u32,
    audio_length: usize,
    latent_vector_size: usize,
    start_height: usize,
    start_width: usize,
    num_resolutions: u32,
    scale_base: f64,
    scale_mode: String,
    kernel_size: usize,
    simple_arch: bool,
    to_rgb_activation: String,
    fmap_base: f64,
    fmap_decay: f64,
    fmap_max: f64,
    train_progressive: bool,
    stable_stage_num_images: u64,
    transition_stage_num_images: u64,
    mag_normalizer_a: f64,
    mag_normalizer_b: f64,
    p_normalizer_a: f64,
    p_normalizer_b: f64,
}

impl Default for Keys {
    fn default() -> Self {
        let Normaliser { magnitude, frequency } = Normaliser::default();
        Self {
            data_type: "mel".into(),
            data_normalizer: "specgrams_prespecified_normalizer".into(),
            sample_rate: 16_000,
            audio_length: 64_000,
            latent_vector_size: 256,
            start_height: 4,
            start_width: 8,
            num_resolutions: 7,
            scale_base: 2.0,
            scale_mode: "ALL".into(),
            kernel_size: 3,
            simple_arch: false,
            to_rgb_activation: "tanh".into(),
            fmap_base: 512.0,
            fmap_decay: 1.0,
            fmap_max: 128.0,
            train_progressive: true,
            stable_stage_num_images: 32,
            transition_stage_num_images: 32,
            mag_normalizer_a: magnitude.0,
            mag_normalizer_b: magnitude.1,
            p_normalizer_a: frequency.0,
            p_normalizer_b: frequency.1,
        }
    }
}

impl Experiment {
    /// Reads the contents of `experiment.json`.
    ///
    /// # Errors
    /// [`ModelError::Hparams`] for what is no description, or one of a model that Descant does not play.
    pub fn read(json: &str) -> Result<Self, ModelError> {
        let wrong = |what: &str| Err(ModelError::Hparams(what.into()));
        if json.len() > MOST_BYTES {
            return wrong("its experiment.json is too long");
        }
        let unreadable =
            |e: serde_json::Error| ModelError::Hparams(format!("its experiment.json does not read: {e}"));
        // An object and no list, which would be taken for the keys' values one after the other.
        let object: Map<String, Value> = serde_json::from_str(json).map_err(unreadable)?;
        let keys: Keys = serde_json::from_value(object.into()).map_err(unreadable)?;
        if keys.data_type != "mel" || !keys.data_normalizer.contains("prespecified") {
            return wrong("it writes other pictures than mel spectrograms with the published normalisation");
        }
        if keys.scale_base != 2.0 || keys.scale_mode != "ALL" || keys.kernel_size != 3 || keys.simple_arch {
            return wrong("its blocks are not of 3×3 convolutions that double the picture");
        }
        if keys.to_rgb_activation != "tanh" {
            return wrong("its pictures do not end in a tanh");
        }
        let normaliser = Normaliser {
            magnitude: (keys.mag_normalizer_a, keys.mag_normalizer_b),
            frequency: (keys.p_normalizer_a, keys.p_normalizer_b),
        };
        if [normaliser.magnitude, normaliser.frequency].iter().any(|n| n.0 == 0.0) {
            return wrong("its normalisation cannot be undone");
        }
        // The check of the shape wants fewer blocks still.
        let channels = (1..=keys.num_resolutions.min(16)).map(|block| {
            let narrowed = keys.fmap_base / (f64::from(block) * keys.fmap_decay).exp2();
            narrowed.min(keys.fmap_max) as usize
        });
        let shape = Shape {
            latent: keys.latent_vector_size,
            start: [keys.start_height, keys.start_width],
            channels: channels.collect(),
            samples: keys.audio_length,
            rate: keys.sample_rate,
            ..Shape::released()
        };
        shape.check()?;
        let (stable, transition) = (keys.stable_stage_num_images, keys.transition_stage_num_images);
        let schedule = keys.train_progressive.then_some(Schedule { stable, transition });
        Ok(Self { shape, normaliser, schedule })
    }

    /// How far training came with `images` images in stage `stage`: what [`super::GanSynth::new`] asks for.
    #[must_use]
    pub fn progress(&self, stage: u32, images: u64) -> f64 {
        let last = f64::from(stage.div_ceil(2));
        self.schedule.map_or(last, |schedule| schedule.progress(stage, images)).min(self.shape.finished())
    }
}

/// The generator's tensors of a checkpoint under their plain names: the moving average where there is one.
#[must_use]
pub fn averaged(weights: Weights) -> Weights {
    let mut plain = Weights::new();
    let mut averages = Weights::new();
    for (name, tensor) in weights.into_iter().filter(|(name, _)| name.starts_with(GENERATOR)) {
        match name.strip_suffix(AVERAGE) {
            Some(name) => averages.insert(name, tensor),
            None => plain.insert(name, tensor),
        }
    }
    averages.into_iter().for_each(|(name, tensor)| plain.insert(name, tensor));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Tensor;
    use proptest::prelude::*;

    const RELEASED: &str = r#"{
        "data_type": "mel", "data_normalizer": "specgrams_prespecified_normalizer", "start_height": 2, "start_width": 16,
        "fmap_base": 4096, "fmap_decay": 1.0, "fmap_max": 256, "stable_stage_num_images": 800000,
        "transition_stage_num_images": 800000, "batch_size_schedule": [8], "train_time_limit": null
    }"#;

    #[test]
    fn the_released_models_are_described() {
        let experiment = Experiment::read(RELEASED).expect("reads");
        assert_eq!(experiment.shape, Shape::released());
        assert_eq!(experiment.normaliser, Normaliser::default());
        assert_eq!(experiment.progress(12, 11_000_000), 6.0);
        assert_eq!(
            experiment.progress(12, 1_200_000),
            0.5,
            "a training that broke off shows the block that came in"
        );
        let at_once = r#"{ "train_progressive": false }"#;
        assert_eq!(Experiment::read(at_once).expect("reads").progress(12, 0), 6.0);
    }

    #[test]
    fn what_is_missing_has_the_default() {
        let shape = Experiment::read("{}").expect("reads").shape;
        assert_eq!((shape.start, shape.image()), ([4, 8], [256, 512]));
        assert_eq!(shape.channels, [128, 128, 64, 32, 16, 8, 4]);
    }

    #[test]
    fn other_models_are_refused() {
        for wrong in [
            r#"{ "data_type": "linear" }"#,
            r#"{ "data_normalizer": "specgrams_freq_normalizer" }"#,
            r#"{ "scale_mode": "H" }"#,
            r#"{ "kernel_size": 5 }"#,
            r#"{ "simple_arch": true }"#,
            r#"{ "to_rgb_activation": "linear" }"#,
            r#"{ "mag_normalizer_a": 0.0 }"#,
            r#"{ "num_resolutions": 4000000000 }"#,
            r#"{ "fmap_base": 1 }"#,
            r#"{ "start_height": -1 }"#,
            "[]",
        ] {
            assert!(matches!(Experiment::read(wrong), Err(ModelError::Hparams(_))), "{wrong}");
        }
        assert!(Experiment::read(&" ".repeat(MOST_BYTES + 1)).is_err());
    }

    #[test]
    fn moving_averages_go_before_what_training_moved() {
        let tensor = |value| Tensor::f32([1], vec![value]);
        let weights: Weights = [
            ("Discriminator/a/kernel", 1.0),
            ("Generator/a/kernel", 2.0),
            ("Generator/a/kernel/ExponentialMovingAverage", 3.0),
            ("Generator/b/bias", 4.0),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), tensor(value)))
        .collect();
        let expected: Weights = [("Generator/a/kernel", 3.0), ("Generator/b/bias", 4.0)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), tensor(value)))
            .collect();
        assert_eq!(averaged(weights), expected);
    }

    proptest! {
        #[test]
        fn any_text_is_a_description_or_a_sentence(
            key in "start_height|start_width|num_resolutions|fmap_base|fmap_decay|fmap_max|audio_length|sample_rate",
            value in any::<f64>(),
            text in ".{0,40}",
        ) {
            let _ = Experiment::read(&text);
            for value in [value.to_string(), (value as u32).to_string()] {
                if let Ok(experiment) = Experiment::read(&format!("{{\"{key}\": {value}}}")) {
                    prop_assert!(experiment.shape.check().is_ok());
                    prop_assert!(experiment.progress(12, 5).is_finite());
                }
            }
        }
    }
}
