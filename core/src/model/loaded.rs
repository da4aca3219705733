//! [`Model`]: weights that fit their card, ready to step.
//!
//! Worker thread; shared by reference, never changed. Building it is where a checkpoint is checked against
//! what it claims to be, in words a musician can act on.
use super::event_rnn::EventRnn;
use super::music_vae::{MidiMe, MusicVae};
use super::rnn_nade::RnnNade;
use super::{
    CacheParams, Card, Configuration, EncodingParams, Hparams, LatentParams, ModelEncoding, ModelError, find,
};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::codec::encoding::{Encoding, Event};
use crate::codec::pianoroll::KEYS;
use crate::music::ClipKind;
use crate::nn::{LstmStack, Nade, StackConfig, Storage, Weights};

/// A loaded model.
#[derive(Debug)]
pub struct Model {
    card: Card,
    encoding: ModelEncoding,
    network: Network,
}

/// What a model computes with.
#[derive(Debug)]
enum Network {
    /// Events one by one.
    Events(Box<Events>),
    /// Bars from vectors.
    Latent(Box<Latent>),
}

/// A space of vectors, and perhaps a small one of somebody's own within it.
#[derive(Debug)]
struct Latent {
    vae: MusicVae,
    personal: Option<MidiMe>,
}

/// Layers that take a step for each event.
#[derive(Debug)]
struct Events {
    stack: LstmStack,
    nade: Option<Nade>,
}

impl Model {
    /// Checks `weights` against `card` and packs them.
    ///
    /// # Errors
    /// Weights of another shape than the card's, or an impossible card.
    pub fn new(card: Card, weights: &Weights) -> Result<Self, ModelError> {
        if matches!(card.hparams.encoding, EncodingParams::Sound(_)) {
            return Err(ModelError::NoClips(card.id.chars().take(60).collect()));
        }
        let encoding = card.hparams.check()?;
        check_cache(card.cache)?;
        check_lean(card.chord_lean)?;
        let (input, output) = encoding.sizes();
        check_fit(&card, weights, input, output)?;
        if let ModelEncoding::Latent(params) = &encoding {
            let shape = params.shape(&card.hparams.layers)?;
            let vae = MusicVae::new(shape, weights, Storage::AsStored)?;
            let personal = card.personal.as_ref().map(|own| own.load(params.z, weights)).transpose()?;
            return Ok(Self { card, encoding, network: Network::Latent(Box::new(Latent { vae, personal })) });
        }
        let config = StackConfig {
            input,
            layers: card.hparams.layers.clone(),
            attention: card.hparams.attention,
            whole: card.hparams.whole,
            residual: card.hparams.residual,
            output,
            storage: Storage::AsStored,
        };
        let (stack, nade) = match encoding {
            ModelEncoding::Pianoroll { hidden } => {
                (LstmStack::decoder(weights, &config)?, Some(Nade::new(weights, KEYS, hidden)?))
            }
            _ => (LstmStack::new(weights, &config)?, None),
        };
        Ok(Self { card, encoding, network: Network::Events(Box::new(Events { stack, nade })) })
    }

    /// The model of a checkpoint with a card.
    ///
    /// # Errors
    /// [`CheckpointError::NoCard`], or as [`Self::new`].
    pub fn from_checkpoint(checkpoint: Checkpoint) -> Result<Self, ModelError> {
        let card = checkpoint.card.ok_or(CheckpointError::NoCard)?;
        Self::new(card, &checkpoint.weights)
    }

    /// The model of weights without a card, made for `configuration` in its published shape.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_configuration(configuration: &Configuration, weights: &Weights) -> Result<Self, ModelError> {
        Self::new(Card::of(configuration), weights)
    }

    /// Holds the model to its chords by this much, see [`Card::chord_lean`].
    ///
    /// # Errors
    /// [`ModelError::Hparams`] outside 0..=8.
    pub fn set_chord_lean(&mut self, lean: f32) -> Result<(), ModelError> {
        check_lean(lean)?;
        self.card.chord_lean = lean;
        Ok(())
    }

    /// Switches the cache on, to other values, or off.
    ///
    /// # Errors
    /// Impossible values; nothing changes then.
    pub fn set_cache(&mut self, cache: Option<CacheParams>) -> Result<(), ModelError> {
        check_cache(cache)?;
        self.card.cache = cache;
        Ok(())
    }

    /// The card.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The shape.
    #[must_use]
    pub fn hparams(&self) -> &Hparams {
        &self.card.hparams
    }

    /// Name for people: the card's, else the catalogue's, else the id.
    #[must_use]
    pub fn name(&self) -> &str {
        if !self.card.name.is_empty() {
            return &self.card.name;
        }
        find(&self.card.configuration).map_or(&self.card.id, |c| c.name)
    }

    /// What it writes.
    #[must_use]
    pub fn kind(&self) -> ClipKind {
        self.card.hparams.encoding.kind()
    }

    /// Its encoding.
    #[must_use]
    pub fn encoding(&self) -> &ModelEncoding {
        &self.encoding
    }

    /// Ready to step through events of one of its [`Self::encoding`]s.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`] for a latent model.
    pub fn rnn<'a, E: Event>(&'a self, encoding: &'a dyn Encoding<E>) -> Result<EventRnn<'a, E>, ModelError> {
        let stack = self.stack().ok_or(ModelError::NoEvents)?;
        Ok(EventRnn { encoding, stack, cache: self.card.cache })
    }

    /// Its layers, if it writes event by event.
    #[must_use]
    pub fn stack(&self) -> Option<&LstmStack> {
        match &self.network {
            Network::Events(events) => Some(&events.stack),
            Network::Latent(_) => None,
        }
    }

    /// Its layers and NADE, if it is an RNN-NADE.
    #[must_use]
    pub fn rnn_nade(&self) -> Option<RnnNade<'_>> {
        let Network::Events(events) = &self.network else { return None };
        events.nade.as_ref().map(|nade| RnnNade { stack: &events.stack, nade })
    }

    /// What it reads and writes and its network, if it is a latent model.
    #[must_use]
    pub fn latent(&self) -> Option<(&LatentParams, &MusicVae)> {
        match (&self.encoding, &self.network) {
            (ModelEncoding::Latent(params), Network::Latent(latent)) => Some((params, &latent.vae)),
            _ => None,
        }
    }

    /// The small space of somebody's own, if it is a latent model with one.
    #[must_use]
    pub fn personal(&self) -> Option<&MidiMe> {
        match &self.network {
            Network::Latent(latent) => latent.personal.as_ref(),
            Network::Events(_) => None,
        }
    }
}

fn check_lean(lean: f32) -> Result<(), ModelError> {
    if (0.0..=8.0).contains(&lean) {
        return Ok(());
    }
    Err(ModelError::Hparams("it is held to its chords by an impossible amount".into()))
}

fn check_cache(cache: Option<CacheParams>) -> Result<(), ModelError> {
    if cache.is_some_and(|cache| !cache.is_valid()) {
        return Err(ModelError::Hparams("its cache has impossible values".into()));
    }
    Ok(())
}

/// Compares the coarse shape first, so that the message names what a musician chose and not a tensor.
pub(super) fn check_fit(
    card: &Card,
    weights: &Weights,
    inputs: usize,
    classes: usize,
) -> Result<(), ModelError> {
    let id = || card.configuration.chars().take(60).collect::<String>();
    let found = Hparams::layers_of(weights);
    if !found.is_empty() && found != card.hparams.layers {
        return Err(ModelError::Layers {
            id: id(),
            found: Hparams::layers_in_words(&found),
            needed: Hparams::layers_in_words(&card.hparams.layers),
        });
    }
    let words = |yes: bool| if yes { "with" } else { "without" };
    let attention = weights.iter().any(|(name, _)| name.contains("attention_cell_wrapper"));
    if !found.is_empty() && attention != (card.hparams.attention > 0) {
        return Err(ModelError::Attention {
            id: id(),
            found: words(attention),
            needed: words(card.hparams.attention > 0),
        });
    }
    if let EncodingParams::Latent(params) = &card.hparams.encoding {
        return check_latent(params, weights, id());
    }
    let shape = |name: &str, axis: usize| weights.get(name).and_then(|t| t.shape.get(axis).copied());
    let cell0 = if attention { "attention_cell_wrapper/" } else { "" };
    let (scope, output) = match card.hparams.encoding {
        EncodingParams::Pianoroll { .. } => ("decoder", "decoder/dense/bias"),
        _ => ("rnn", "fully_connected/biases"),
    };
    let kernel = format!("{scope}/multi_rnn_cell/cell_0/{cell0}basic_lstm_cell/kernel");
    if let (Some(rows), Some(found_classes), Some(&units)) =
        (shape(&kernel, 0), shape(output, 0), found.first())
        && !card.hparams.residual
    {
        let found_inputs = rows.saturating_sub(units);
        if (found_inputs, found_classes) != (inputs, classes) {
            return Err(ModelError::Width { id: id(), found_inputs, found_classes, inputs, classes });
        }
    }
    Ok(())
}

/// The same for a latent model: its encoder, vectors and steps.
fn check_latent(params: &LatentParams, weights: &Weights, id: String) -> Result<(), ModelError> {
    let size = |name: &str, axis: usize| weights.get(name).and_then(|t| t.shape.get(axis).copied());
    let forwards = "bidirectional_rnn/fw/multi_rnn_cell/cell_0/lstm_cell/";
    let scope = if params.encoder_segments > 1 { "encoder/hierarchical_level_0/" } else { "encoder/" };
    let units = |k: usize| size(&format!("{scope}cell_{k}/{forwards}bias"), 0).map(|n| n / 4);
    let encoder: Vec<usize> = (0..64).map_while(units).collect();
    let words = |layers: &[usize]| format!("an encoder of {}", Hparams::layers_in_words(layers));
    if !encoder.is_empty() && encoder != params.encoder {
        return Err(ModelError::Layers { id, found: words(&encoder), needed: words(&params.encoder) });
    }
    if let Some(z) = size("encoder/mu/bias", 0).filter(|&z| z != params.z) {
        let words = |z: usize| format!("vectors of {z} numbers");
        return Err(ModelError::Layers { id, found: words(z), needed: words(params.z) });
    }
    let rows = size(&format!("{scope}cell_0/{forwards}kernel"), 0);
    let (inputs, classes) = (params.input() + params.control(), params.head().outputs());
    let found_inputs = rows.zip(encoder.first()).map(|(rows, units)| rows.saturating_sub(*units));
    let found_classes =
        size("decoder/output_projection/bias", 0).or((params.decoder_segments > 1).then_some(classes));
    if let (Some(found_inputs), Some(found_classes)) = (found_inputs, found_classes)
        && (found_inputs, found_classes) != (inputs, classes)
    {
        return Err(ModelError::Width { id, found_inputs, found_classes, inputs, classes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LatentMusic, testing};

    #[test]
    fn the_wrong_depth_is_named_in_words() {
        let configuration = find("drum_kit").expect("in the catalogue");
        let small = Hparams { layers: vec![128, 128], attention: 0, ..configuration.hparams.clone() };
        let weights = testing::weights(&small, 1);
        let error = Model::of_configuration(configuration, &weights).expect_err("does not fit");
        let expected = "this checkpoint has two layers of 128, drum_kit needs three layers of 256";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_wrong_encoding_is_named_in_words() {
        let basic = find("basic_rnn").expect("in the catalogue");
        let lookback = find("lookback_rnn").expect("in the catalogue");
        let weights = testing::weights(&basic.hparams, 1);
        let error = Model::of_configuration(lookback, &weights).expect_err("does not fit");
        assert!(matches!(error, ModelError::Width { found_inputs: 38, inputs: 121, .. }), "{error}");
    }

    #[test]
    fn attention_is_noticed() {
        let attention = find("attention_rnn").expect("in the catalogue");
        let without = Hparams { attention: 0, ..attention.hparams.clone() };
        let weights = testing::weights(&without, 1);
        let error = Model::of_configuration(attention, &weights).expect_err("does not fit");
        assert!(matches!(error, ModelError::Attention { .. }), "{error}");
    }

    #[test]
    fn a_latent_model_says_in_words_what_does_not_fit() {
        let small = testing::latent("cat-drums_2bar_small").card().hparams.clone();
        let configuration = find("cat-drums_2bar_small").expect("in the catalogue");
        let fails = |change: &dyn Fn(&mut Hparams, &mut LatentParams)| {
            let mut other = small.clone();
            let EncodingParams::Latent(mut params) = other.encoding.clone() else { panic!("not latent") };
            change(&mut other, &mut params);
            other.encoding = EncodingParams::Latent(params);
            let card = Card { hparams: small.clone(), ..Card::of(configuration) };
            Model::new(card, &testing::weights(&other, 1)).expect_err("does not fit").to_string()
        };
        let said = fails(&|h, _| h.layers = vec![24]);
        assert_eq!(said, "this checkpoint has one layer of 24, cat-drums_2bar_small needs layers of 20, 16");
        let said = fails(&|_, p| p.encoder = vec![24, 24]);
        assert!(said.contains("an encoder of two layers of 24, cat-drums"), "{said}");
        let said = fails(&|_, p| p.z = 12);
        assert!(said.contains("has vectors of 12 numbers"), "{said}");
        let said = fails(&|_, p| p.music = LatentMusic::Melody { chords: false });
        assert!(said.contains("90 inputs and 90 classes"), "{said}");
    }

    #[test]
    fn a_latent_model_comes_from_its_file_and_has_no_events() {
        let model = testing::latent("cat-mel_2bar_small");
        let weights = testing::weights(model.hparams(), 7);
        let bytes = crate::checkpoint::save_bytes(&weights, model.card()).expect("bytes");
        let loaded =
            Model::from_checkpoint(crate::checkpoint::load_bytes(&bytes).expect("reads")).expect("fits");
        assert_eq!(loaded.hparams(), model.hparams());
        let (params, vae) = loaded.latent().expect("latent");
        assert_eq!((params.bars, vae.shape().z), (2, model.latent().expect("latent").1.shape().z));
        assert!(loaded.stack().is_none() && loaded.rnn_nade().is_none());
        assert_eq!(loaded.name(), "MusicVAE melody, 2 bars");
    }

    #[test]
    fn weights_decide_the_shape() {
        let configuration = find("drum_kit").expect("in the catalogue");
        let hparams = testing::shipped_like_drums();
        let card = Card { hparams: hparams.clone(), ..Card::of(configuration) };
        let model = Model::new(card, &testing::weights(&hparams, 1)).expect("fits its card");
        assert_eq!(model.encoding().sizes(), (512 * 3 + 6 + 2, 514));
    }
}
