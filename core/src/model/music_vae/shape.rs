//! [`Shape`]: the sizes of a MusicVAE and the TensorFlow variables that follow from them (spec vae 1, 5.10).
//!
//! Any thread; numbers and names only.
use crate::model::ModelError;

/// Steps of music that become one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// Units of each layer in each direction, from the input up.
    pub units: Vec<usize>,
    /// Equal parts that are encoded one by one before their results are encoded as a sequence; 1 = the whole at once.
    pub segments: usize,
}

/// A vector that becomes steps of music.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoder {
    /// Units of each layer, from the input up; of the conductor too.
    pub units: Vec<usize>,
    /// Equal parts, each from an embedding of its own that a conductor gives; 1 = the whole at once, no conductor.
    pub segments: usize,
    /// Whether each block of classes has a network of its own.
    pub split: bool,
}

/// What a step of the output is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// One class of each block; the blocks' widths.
    Categorical(Vec<usize>),
    /// Keys that sound or not, each knowing those before it.
    Nade {
        /// Hidden units.
        hidden: usize,
        /// Number of keys.
        keys: usize,
    },
    /// Hit, velocity and offset of each drum.
    Groove {
        /// Number of drums.
        drums: usize,
    },
}

/// Sizes of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The encoder.
    pub encoder: Encoder,
    /// The decoder.
    pub decoder: Decoder,
    /// The output.
    pub head: Head,
    /// Length of the latent vector.
    pub z: usize,
    /// Cells of a step as the encoder reads it, without control.
    pub input: usize,
    /// Cells of a step's control (chords, hits); 0 = none.
    pub control: usize,
    /// Steps of an example.
    pub steps: usize,
}

impl Head {
    /// Cells of a step as the decoder writes and re-reads it.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Categorical(blocks) => blocks.iter().sum(),
            Self::Nade { keys, .. } => *keys,
            Self::Groove { drums } => 3 * drums,
        }
    }

    /// Values of a step that the network gives: logits, or the biases of a NADE (hidden units first).
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Self::Nade { hidden, keys } => hidden + keys,
            _ => self.width(),
        }
    }
}

/// A network of the decoder that writes steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Core {
    /// Scope of its variables.
    pub scope: String,
    /// Cells of a step that it writes and re-reads.
    pub width: usize,
    /// Values that it gives.
    pub outputs: usize,
}

impl Shape {
    /// Whether a network of these sizes can exist.
    ///
    /// # Errors
    /// [`ModelError::Hparams`], which says what is wrong.
    pub fn check(&self) -> Result<(), ModelError> {
        // Above any real model, and low enough that no product of two can overflow.
        const MOST: usize = 1 << 16;
        let wrong = |what: &str| Err(ModelError::Hparams(what.into()));
        let parts = match &self.head {
            Head::Categorical(blocks) => blocks.clone(),
            Head::Nade { hidden, keys } => vec![*hidden, *keys],
            Head::Groove { drums } => vec![*drums],
        };
        let (encoder, decoder) = (&self.encoder, &self.decoder);
        let sizes = encoder.units.iter().chain(&decoder.units).chain(&parts).copied();
        let mut sizes = sizes.chain([self.z, self.input, self.steps, encoder.segments, decoder.segments]);
        if encoder.units.is_empty() || decoder.units.is_empty() || parts.is_empty() {
            return wrong("it has no layers or no output");
        }
        if sizes.any(|n| !(1..=MOST).contains(&n)) || self.control > MOST || self.head.outputs() > MOST {
            return wrong("a size is 0 or too large");
        }
        if [encoder.segments, decoder.segments].iter().any(|s| !self.steps.is_multiple_of(*s)) {
            return wrong("its steps cannot be cut in so many parts");
        }
        if encoder.segments > 1 && encoder.units.len() > 1 {
            return wrong("the parts of its encoder have more than one layer");
        }
        if decoder.split && (decoder.segments == 1 || !matches!(self.head, Head::Categorical(_))) {
            return wrong("only a decoder of classes in parts has a network for each block");
        }
        Ok(())
    }

    /// Cells of a step that the encoder reads: the input, then the control.
    #[must_use]
    pub fn encoder_input(&self) -> usize {
        self.input + self.control
    }

    /// Scopes of the encoder's levels, from the steps up.
    pub(super) fn encoder_levels(&self) -> Vec<String> {
        match self.encoder.segments {
            1 => vec!["encoder/".into()],
            _ => (0..2).map(|level| format!("encoder/hierarchical_level_{level}/")).collect(),
        }
    }

    /// Width of the encoder's result, before the latent vector.
    pub(super) fn encoder_output(&self) -> usize {
        2 * self.encoder.units.last().copied().unwrap_or(0)
    }

    /// Length of the vector that a core is told: `z`, or a conductor's embedding.
    pub(super) fn embedding(&self) -> usize {
        match self.decoder.segments {
            1 => self.z,
            _ => self.decoder.units.last().copied().unwrap_or(0),
        }
    }

    /// Length of a decoder's state: c and h of each layer.
    pub(super) fn state(&self) -> usize {
        2 * self.decoder.units.iter().sum::<usize>()
    }

    /// The networks that write steps.
    pub(super) fn cores(&self) -> Vec<Core> {
        let core = |scope: &str, width, outputs| Core { scope: scope.into(), width, outputs };
        match &self.head {
            Head::Categorical(blocks) if self.decoder.split => (0..)
                .zip(blocks)
                .map(|(i, &width)| core(&format!("core_decoder/core_decoder_{i}/decoder/"), width, width))
                .collect(),
            head if self.decoder.segments > 1 => {
                vec![core("core_decoder/decoder/", head.width(), head.outputs())]
            }
            head => vec![core("decoder/", head.width(), head.outputs())],
        }
    }

    /// Every variable and its shape, training extras left out.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Vec<usize>)> {
        let mut all = Vec::new();
        let mut dense = |prefix: String, inputs: usize, outputs: usize| {
            all.push((format!("{prefix}kernel"), vec![inputs, outputs]));
            all.push((format!("{prefix}bias"), vec![outputs]));
        };
        let mut below = self.encoder_input();
        for scope in self.encoder_levels() {
            for (k, &units) in self.encoder.units.iter().enumerate() {
                for direction in ["fw", "bw"] {
                    let cell = format!("{scope}cell_{k}/bidirectional_rnn/{direction}/multi_rnn_cell/cell_0");
                    dense(format!("{cell}/lstm_cell/"), below + units, 4 * units);
                }
                below = 2 * units;
            }
        }
        for part in ["mu", "sigma"] {
            dense(format!("encoder/{part}/"), self.encoder_output(), self.z);
        }
        let mut stack = |initial: String, cells: String, from: usize, input: usize| {
            dense(initial, from, self.state());
            let mut below = input;
            for (k, &units) in self.decoder.units.iter().enumerate() {
                dense(format!("{cells}cell_{k}/lstm_cell/"), below + units, 4 * units);
                below = units;
            }
        };
        if self.decoder.segments > 1 {
            stack(format!("{CONDUCTOR}initial_state/"), CONDUCTOR.into(), self.z, 1);
        }
        let cores = self.cores();
        for Core { scope, width, .. } in &cores {
            let input = width + self.embedding() + self.control;
            let cells = format!("{scope}multi_rnn_cell/");
            stack(format!("{scope}z_to_initial_state/"), cells, self.embedding(), input);
        }
        let top = self.decoder.units.last().copied().unwrap_or(0);
        for Core { scope, outputs, .. } in &cores {
            dense(format!("{scope}output_projection/"), top, *outputs);
        }
        if let Head::Nade { hidden, keys } = self.head {
            for Core { scope, .. } in &cores {
                all.push((format!("{scope}nade/w_enc"), vec![keys, 1, hidden]));
                all.push((format!("{scope}nade/w_dec_t"), vec![keys, hidden, 1]));
            }
        }
        all
    }
}

/// Scope of the conductor's variables.
pub(super) const CONDUCTOR: &str = "decoder/hierarchical_level_0/";
