//! [`Model`]: weights that fit their card, ready to step.
//!
//! Worker thread; shared by reference, never changed. Building it is where a checkpoint is checked against
//! what it claims to be, in words a musician can act on.
use super::event_rnn::EventRnn;
use super::rnn_nade::RnnNade;
use super::{CacheParams, Card, Configuration, EncodingParams, Hparams, ModelEncoding, ModelError, find};
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
    stack: LstmStack,
    nade: Option<Nade>,
}

impl Model {
    /// Checks `weights` against `card` and packs them.
    ///
    /// # Errors
    /// Weights of another shape than the card's, or an impossible card.
    pub fn new(card: Card, weights: &Weights) -> Result<Self, ModelError> {
        let encoding = card.hparams.check()?;
        check_cache(card.cache)?;
        check_lean(card.chord_lean)?;
        let (input, output) = encoding.sizes();
        check_fit(&card, weights, input, output)?;
        let config = StackConfig {
            input,
            layers: card.hparams.layers.clone(),
            attention: card.hparams.attention,
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
        Ok(Self { card, encoding, stack, nade })
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
    #[must_use]
    pub fn rnn<'a, E: Event>(&'a self, encoding: &'a dyn Encoding<E>) -> EventRnn<'a, E> {
        EventRnn { encoding, stack: &self.stack, cache: self.card.cache }
    }

    /// Its network.
    #[must_use]
    pub fn stack(&self) -> &LstmStack {
        &self.stack
    }

    /// Its network and NADE, if it is an RNN-NADE.
    #[must_use]
    pub fn rnn_nade(&self) -> Option<RnnNade<'_>> {
        self.nade.as_ref().map(|nade| RnnNade { stack: &self.stack, nade })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;

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
    fn weights_decide_the_shape() {
        let configuration = find("drum_kit").expect("in the catalogue");
        let hparams = testing::shipped_like_drums();
        let card = Card { hparams: hparams.clone(), ..Card::of(configuration) };
        let model = Model::new(card, &testing::weights(&hparams, 1)).expect("fits its card");
        assert_eq!(model.encoding().sizes(), (512 * 3 + 6 + 2, 514));
    }
}
