//! [`SoundParams`]: what a GANSynth is made of, as a card tells it; and from a weights file to a model that plays.
//!
//! Any thread; [`GanSynth::from_checkpoint`] on worker threads. The channels of the blocks are the card's `layers`.
use super::shape::scope;
use super::{Frequencies, GanSynth, Normaliser, Shape};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::model::{Card, EncodingParams, Hparams, ModelError};
use crate::nn::Weights;
use serde::{Deserialize, Serialize};

/// Architecture in cards.
pub const ARCHITECTURE: &str = "gansynth";
/// Id of our own weights.
pub const OURS: &str = "gansynth";
/// Ids of the released models.
pub const RELEASED: [&str; 2] = ["acoustic_only", "all_instruments"];
/// Tensor of [`SoundParams::spectra`]: natural logarithm of power, [notes × bands].
pub const SPECTRA: &str = "spectra";
/// Most named instruments of a card.
const MOST_INSTRUMENTS: usize = 1000;

/// A vector with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Name for people.
    pub name: String,
    /// As many numbers as the model's vectors have.
    pub z: Vec<f32>,
}

/// A model that plays notes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundParams {
    /// Length of the vector that is an instrument.
    pub latent: usize,
    /// Lowest note, as MIDI counts.
    pub lowest: u8,
    /// Number of notes.
    pub pitches: u8,
    /// Frames and mel bands of the first block.
    pub start: [usize; 2],
    /// Samples of a note.
    pub samples: usize,
    /// Samples per second.
    pub rate: u32,
    /// Between the network's numbers and the spectrogram's.
    #[serde(default)]
    pub normaliser: Normaliser,
    /// What frequencies are told against.
    #[serde(default)]
    pub frequencies: Frequencies,
    /// Whether magnitudes are told against a spectrum of the note that is played, which is the weights' [`SPECTRA`].
    #[serde(default)]
    pub spectra: bool,
    /// How far training came, see [`super::alphas`]; `None` = to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// Instruments that it learned, if it has any that are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<Instrument>,
}

impl SoundParams {
    /// Of a finished model of this shape, without instruments.
    #[must_use]
    pub fn new(shape: &Shape, normaliser: Normaliser, frequencies: Frequencies) -> Self {
        Self {
            latent: shape.latent,
            lowest: shape.lowest,
            pitches: shape.pitches,
            start: shape.start,
            samples: shape.samples,
            rate: shape.rate,
            normaliser,
            frequencies,
            spectra: false,
            progress: None,
            instruments: Vec::new(),
        }
    }

    /// The sizes, with blocks of these channels.
    ///
    /// # Errors
    /// [`ModelError::Hparams`] for what cannot be.
    pub fn shape(&self, channels: &[usize]) -> Result<Shape, ModelError> {
        let wrong = |what: &str| Err(ModelError::Hparams(what.into()));
        let shape = Shape {
            latent: self.latent,
            lowest: self.lowest,
            pitches: self.pitches,
            start: self.start,
            channels: channels.to_vec(),
            samples: self.samples,
            rate: self.rate,
        };
        shape.check()?;
        let Normaliser { magnitude, frequency } = self.normaliser;
        let scales = [magnitude, frequency];
        if scales.iter().any(|s| s.0 == 0.0 || !s.0.is_finite() || !s.1.is_finite()) {
            return wrong("its normalisation cannot be undone");
        }
        if self.instruments.len() > MOST_INSTRUMENTS {
            return wrong("it has too many instruments");
        }
        if self.instruments.iter().any(|i| i.z.len() != self.latent || !i.z.iter().all(|x| x.is_finite())) {
            return wrong("one of its instruments is no vector of its own");
        }
        Ok(shape)
    }

    /// How far training came.
    #[must_use]
    pub fn progress_of(&self, shape: &Shape) -> f64 {
        self.progress.unwrap_or_else(|| shape.finished())
    }

    /// The variables that are seen, and their shapes.
    ///
    /// # Errors
    /// As [`Self::shape`].
    pub fn variables(&self, channels: &[usize]) -> Result<Vec<(String, Vec<usize>)>, ModelError> {
        let shape = self.shape(channels)?;
        let alphas = super::alphas(self.progress_of(&shape), channels.len());
        let last = alphas.iter().rposition(|&alpha| alpha > 0.0).unwrap_or(0);
        let seen = |(name, _): &(String, Vec<usize>)| {
            let block = (0..=last).find(|&block| name.starts_with(&scope(block)));
            block.is_some_and(|block| alphas[block] > 0.0 || !name.contains("/to_rgb/"))
        };
        let spectra = self.spectra.then(|| (SPECTRA.to_owned(), spectra_shape(&shape)));
        Ok(shape.variables().into_iter().filter(seen).chain(spectra).collect())
    }

    /// The card of weights with blocks of these channels.
    #[must_use]
    pub fn card(self, id: &str, channels: &[usize]) -> Card {
        let hparams = Hparams {
            layers: channels.to_vec(),
            attention: 0,
            whole: false,
            residual: false,
            steps_per_quarter: crate::music::STEPS_PER_QUARTER,
            encoding: EncodingParams::Sound(Box::new(self)),
            transpose_to_key: None,
        };
        Card { architecture: ARCHITECTURE.into(), ..Card::new(id, hparams) }
    }
}

fn spectra_shape(shape: &Shape) -> Vec<usize> {
    vec![usize::from(shape.pitches), shape.image()[1]]
}

impl GanSynth {
    /// The model of a weights file with a card.
    ///
    /// # Errors
    /// [`CheckpointError::NoCard`]; [`ModelError::NoSounds`] for the card of another kind of model; an impossible card;
    /// weights that do not fit it.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let card = checkpoint.card.as_ref().ok_or(CheckpointError::NoCard)?;
        Self::load(card, &checkpoint.weights)
    }

    /// The same from its parts.
    ///
    /// # Errors
    /// As [`Self::from_checkpoint`].
    pub fn load(card: &Card, weights: &Weights) -> Result<Self, ModelError> {
        let EncodingParams::Sound(params) = &card.hparams.encoding else {
            return Err(ModelError::NoSounds(card.id.chars().take(60).collect()));
        };
        let shape = params.shape(&card.hparams.layers)?;
        let progress = params.progress_of(&shape);
        let spectra = if params.spectra {
            let values = weights.find(&[SPECTRA.into()], &spectra_shape(&shape))?.to_f32();
            if !values.iter().all(|x| x.is_finite()) {
                return Err(ModelError::Hparams("the spectra of its notes are no numbers".into()));
            }
            Some(values)
        } else {
            None
        };
        let model = Self::new(shape, params.normaliser, weights, progress)?;
        Ok(Self { spectra, ..model.with_frequencies(params.frequencies) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{load_bytes, save_bytes};
    use crate::model::Model;
    use crate::nn::conv::Alone;
    use crate::nn::formula;
    use crate::tool::Cancel;

    fn tiny() -> (SoundParams, Vec<usize>) {
        let channels = vec![16, 16, 8];
        let shape = Shape { latent: 4, channels: channels.clone(), samples: 320, ..Shape::released() };
        (SoundParams::new(&shape, Normaliser::default(), Frequencies::Harmonic), channels)
    }

    fn weights(params: &SoundParams, channels: &[usize]) -> Weights {
        let variables = params.variables(channels).expect("possible");
        let scales = formula::Scales { default: 0.25, patterns: vec![("kernel".into(), 2.0)] };
        formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 3, &scales)
    }

    #[test]
    fn a_weights_file_with_a_card_plays() {
        let (mut params, channels) = tiny();
        params.instruments.push(Instrument { name: "Bell".into(), z: vec![0.5, -1.0, 0.25, 2.0] });
        let weights = weights(&params, &channels);
        assert!(weights.iter().all(|(name, _)| !name.contains("to_rgb") || name.contains("block_3/")));
        let bytes = save_bytes(&weights, &params.clone().card(OURS, &channels)).expect("writes");
        let checkpoint = load_bytes(&bytes).expect("reads");
        let card = checkpoint.card.clone().expect("a card");
        assert_eq!(card.hparams.encoding, EncodingParams::Sound(Box::new(params.clone())));
        let model = GanSynth::from_checkpoint(&checkpoint).expect("fits");
        let z = &params.instruments[0].z;
        let note = model.note(z, 60, &Alone, &Cancel::default()).expect("a note");
        assert_eq!(note.len(), 320);
        // Told against nothing, the same picture is another sound.
        let other = model.with_frequencies(Frequencies::Absolute);
        assert_ne!(other.note(z, 60, &Alone, &Cancel::default()).expect("a note"), note);
        let error = Model::from_checkpoint(checkpoint).expect_err("writes no clips").to_string();
        assert_eq!(error, "gansynth plays sounds and writes no clips: use it in Descant Keys");
    }

    #[test]
    fn magnitudes_are_told_against_the_spectrum_of_their_note() {
        let (mut params, channels) = tiny();
        let energy = |params: &SoundParams, weights: &Weights, pitch| {
            let model = GanSynth::load(&params.clone().card(OURS, &channels), weights)?;
            let note = model.note(&[0.5; 4], pitch, &Alone, &Cancel::default()).expect("a note");
            Ok::<f64, ModelError>(note.iter().map(|x| f64::from(x * x)).sum())
        };
        let mut weights = weights(&params, &channels);
        let plain = energy(&params, &weights, 60).expect("fits");
        params.spectra = true;
        assert!(energy(&params, &weights, 60).is_err(), "no spectra");
        let shape = spectra_shape(&params.shape(&channels).expect("possible"));
        // Every note above 60 has four times the power.
        let quarter = shape[1] * usize::from(61 - params.lowest);
        let mut values: Vec<f32> =
            (0..shape[0] * shape[1]).map(|i| if i < quarter { 0.0 } else { 4f32.ln() }).collect();
        weights.insert(SPECTRA, crate::nn::Tensor::f32(shape.clone(), values.clone()));
        assert_eq!(energy(&params, &weights, 60).expect("fits"), plain);
        let louder = energy(&params, &weights, 61).expect("fits");
        params.spectra = false;
        let ratio = louder / energy(&params, &weights, 61).expect("fits");
        assert!((ratio - 4.0).abs() < 0.1, "{ratio}");
        params.spectra = true;
        values[7] = f32::NAN;
        weights.insert(SPECTRA, crate::nn::Tensor::f32(shape, values));
        assert!(matches!(energy(&params, &weights, 60), Err(ModelError::Hparams(_))));
    }

    #[test]
    fn cards_of_other_models_and_impossible_ones_are_refused() {
        let (params, channels) = tiny();
        let weights = weights(&params, &channels);
        let drums = Card::of(crate::model::find("drum_kit").expect("in the catalogue"));
        let error = GanSynth::load(&drums, &weights).err().expect("no sounds").to_string();
        assert_eq!(error, "drum_kit writes clips and plays no sounds");
        let z = |z| vec![Instrument { name: String::new(), z }];
        let normaliser = Normaliser { magnitude: (0.0, 1.0), ..Normaliser::default() };
        for wrong in [
            SoundParams { latent: 0, ..params.clone() },
            SoundParams { pitches: 0, ..params.clone() },
            SoundParams { start: [0, 1 << 60], ..params.clone() },
            SoundParams { normaliser, ..params.clone() },
            SoundParams { instruments: z(vec![0.0]), ..params.clone() },
            SoundParams { instruments: z(vec![f32::NAN; 4]), ..params.clone() },
        ] {
            let card = wrong.clone().card(OURS, &channels);
            assert!(matches!(GanSynth::load(&card, &weights), Err(ModelError::Hparams(_))), "{wrong:?}");
        }
        assert!(GanSynth::load(&params.clone().card(OURS, &[16, 16]), &weights).is_err());
        assert!(GanSynth::load(&params.card(OURS, &[1 << 40]), &weights).is_err());
    }
}
