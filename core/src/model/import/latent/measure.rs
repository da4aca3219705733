//! [`Measured`]: what the tensors of a MusicVAE say about its sizes. Any thread.
use super::LatentError;
use crate::nn::Weights;

/// More layers than any model has.
const MOST_LAYERS: usize = 64;

/// Sizes that tensors tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// Units of each layer of the encoder in each direction.
    pub encoder: Vec<usize>,
    /// The encoder reads parts, then their results.
    pub encoder_in_parts: bool,
    /// Units of each layer of the decoder.
    pub decoder: Vec<usize>,
    /// A conductor leads the decoder from part to part.
    pub conductor: bool,
    /// Networks of the decoder: one for each block, or one.
    pub cores: usize,
    /// Length of the vector.
    pub z: usize,
    /// Hidden units of the NADE.
    pub nade: Option<usize>,
}

impl Measured {
    /// Of tensors under today's names.
    ///
    /// # Errors
    /// [`LatentError::NotLatent`]; [`LatentError::Unsupported`] for parts that no network here has.
    pub(super) fn of(weights: &Weights) -> Result<Self, LatentError> {
        let extent = |name: &str, axis: usize| weights.get(name).and_then(|t| t.shape.get(axis)).copied();
        let units = |bias: &dyn Fn(usize) -> String| -> Vec<usize> {
            (0..MOST_LAYERS).map_while(|k| extent(&bias(k), 0)).map(|values| values / 4).collect()
        };
        if weights.iter().any(|(name, _)| name.contains("control_preprocessing/")) {
            return Err(LatentError::Unsupported("a network that reads its chords first".into()));
        }
        let forwards = "bidirectional_rnn/fw/multi_rnn_cell/cell_0/lstm_cell/bias";
        let flat = units(&|k| format!("encoder/cell_{k}/{forwards}"));
        let encoder_in_parts = flat.is_empty();
        let encoder = match encoder_in_parts {
            true => units(&|k| format!("encoder/hierarchical_level_0/cell_{k}/{forwards}")),
            false => flat,
        };
        let has_core = |i: usize| {
            let scope = format!("core_decoder/core_decoder_{i}/decoder/");
            weights.iter().any(|(name, _)| name.starts_with(&scope))
        };
        let split = (0..MOST_LAYERS).take_while(|&i| has_core(i)).count();
        let conductor = weights.iter().any(|(name, _)| name.starts_with("decoder/hierarchical_level_0/"));
        let scope = match (split, conductor) {
            (1.., _) => "core_decoder/core_decoder_0/decoder/",
            (0, true) => "core_decoder/decoder/",
            (0, false) => "decoder/",
        };
        let decoder = units(&|k| format!("{scope}multi_rnn_cell/cell_{k}/lstm_cell/bias"));
        if encoder.is_empty() {
            return Err(LatentError::NotLatent("encoder"));
        }
        if decoder.is_empty() {
            return Err(LatentError::NotLatent("decoder"));
        }
        let z = extent("encoder/mu/bias", 0).ok_or(LatentError::NotLatent("encoder/mu/bias"))?;
        let nade = extent(&format!("{scope}nade/w_enc"), 2);
        Ok(Self { encoder, encoder_in_parts, decoder, conductor, cores: split.max(1), z, nade })
    }
}
