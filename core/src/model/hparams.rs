//! [`Hparams`]: the shape of a network and its encoding, as a card tells it.
//!
//! Any thread. Weights decide the shape: everything downstream is built from these values, never from the
//! name of a configuration. They may come from a file, so [`Hparams::check`] bounds them first.
use super::ModelError;
use super::gansynth::SoundParams;
use super::latent::LatentParams;
use crate::codec::encoding::{
    ChordEncoding, ControlEncoding, Direct, DrumsOneHot, Encoding, EncodingError, KeyMelody, Lookback,
    MelodyOneHot, NoteEncoding, PerformanceControls, PerformanceModulo, PerformanceOneHot, PolyphonyOneHot,
};
use crate::codec::performance::VelocityBins;
use crate::codec::pianoroll::KEYS;
use crate::codec::{MelodyEvent, PerformanceEvent, PitchSet, PolyphonicEvent};
use crate::music::{ClipKind, STEPS_PER_QUARTER};
use crate::nn::Weights;
use serde::{Deserialize, Serialize};

/// How events are written into and read from the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EncodingParams {
    /// Any drum or none.
    OneDrum,
    /// Combinations of drum types.
    Drums {
        /// How many of the standard drum types, 1..=9.
        types: usize,
    },
    /// Combinations of drum types with bar counter and, where there are distances, lookback.
    DrumsLookback {
        /// How many of the standard drum types, 1..=9.
        types: usize,
        /// Distances in steps; may be empty.
        distances: Vec<usize>,
        /// Bits of the bar counter.
        bits: usize,
    },
    /// Combinations of the drums of a kit of its own, with bar counter if it has bits.
    DrumKit {
        /// Pitches of each drum, 1..=9 of them; first the one that is played.
        kit: Vec<Vec<u8>>,
        /// Bits of the bar counter; 0 = none.
        bits: usize,
    },
    /// Melody events.
    Melody {
        /// Lowest pitch.
        min: i32,
        /// One above the highest pitch.
        max: i32,
    },
    /// Melody events with lookback.
    MelodyLookback {
        /// Lowest pitch.
        min: i32,
        /// One above the highest pitch.
        max: i32,
        /// Distances in steps.
        distances: Vec<usize>,
        /// Bits of the bar counter.
        bits: usize,
    },
    /// Melody with the keys that fit.
    KeyMelody {
        /// Lowest pitch.
        min: i32,
        /// One above the highest pitch.
        max: i32,
        /// Distances in steps.
        distances: Vec<usize>,
        /// Bits of the bar counter.
        bits: usize,
    },
    /// Polyphonic events.
    Polyphony,
    /// Sets of piano keys, decided one after the other by a NADE.
    Pianoroll {
        /// Hidden units of the NADE, 1..=4096.
        hidden: usize,
    },
    /// A melody over chords.
    Improv {
        /// How the chords are told.
        chords: ChordEncoding,
        /// Any of the melody encodings.
        melody: Box<Self>,
    },
    /// Performance events on a grid of 10 ms.
    Performance {
        /// Velocity bins, 0..=127; 0 = no velocities.
        velocity_bins: u8,
        /// Inputs that place values on circles, instead of one-hot.
        #[serde(default)]
        modulo: bool,
        /// What the model can be told.
        #[serde(default)]
        controls: PerformanceControls,
    },
    /// Performances of whole notes on a grid of 10 ms.
    NotePerformance {
        /// Velocity bins, 1..=127.
        velocity_bins: u8,
    },
    /// Bars as vectors.
    Latent(LatentParams),
    /// Notes as sounds. There is nothing to encode: the model is a [`GanSynth`](super::gansynth::GanSynth).
    Sound(Box<SoundParams>),
}

/// An encoding for one kind of music.
#[derive(Debug)]
pub enum ModelEncoding {
    /// Drums.
    Drums(Box<dyn Encoding<PitchSet>>),
    /// Melodies.
    Melody(Box<dyn Encoding<MelodyEvent>>),
    /// Several voices as a stream of events.
    Polyphony(Box<dyn Encoding<PolyphonicEvent>>),
    /// Several voices as frames of 88 keys. There are no classes: the network gives the biases of a NADE.
    Pianoroll {
        /// Hidden units of the NADE.
        hidden: usize,
    },
    /// Melodies over chords: a [`Conditional`](crate::codec::encoding::Conditional) joins the two.
    Improv {
        /// Chords ↔ the first cells of an input.
        chords: ChordEncoding,
        /// Events ↔ the others.
        melody: Box<dyn Encoding<MelodyEvent>>,
    },
    /// Performances, perhaps under control.
    Performance {
        /// How velocities are written.
        bins: VelocityBins,
        /// Control values ↔ the first cells of an input; none for most models.
        controls: PerformanceControls,
        /// Events ↔ the others.
        events: Box<dyn Encoding<PerformanceEvent>>,
    },
    /// Performances of whole notes.
    NotePerformance {
        /// How velocities are written.
        bins: VelocityBins,
        /// Events ↔ inputs and classes.
        notes: NoteEncoding,
    },
    /// Bars as vectors. There are no events: the network is a [`MusicVae`](super::music_vae::MusicVae).
    Latent(LatentParams),
}

impl ModelEncoding {
    /// Width of the network's input and of its output: its classes, or the biases of its NADE.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        match self {
            Self::Drums(e) => (e.input_size(), e.num_classes()),
            Self::Melody(e) => (e.input_size(), e.num_classes()),
            Self::Improv { chords, melody } => (chords.size() + melody.input_size(), melody.num_classes()),
            Self::Performance { controls, events, .. } => {
                (controls.size() + events.input_size(), events.num_classes())
            }
            Self::NotePerformance { notes, .. } => (notes.input_size(), notes.num_classes()),
            Self::Polyphony(e) => (e.input_size(), e.num_classes()),
            Self::Pianoroll { hidden } => (KEYS, hidden + KEYS),
            Self::Latent(params) => (params.input() + params.control(), params.head().outputs()),
        }
    }
}

impl EncodingParams {
    /// Drums or melody.
    #[must_use]
    pub fn kind(&self) -> ClipKind {
        match self {
            Self::OneDrum | Self::Drums { .. } | Self::DrumsLookback { .. } | Self::DrumKit { .. } => {
                ClipKind::Drums
            }
            Self::Melody { .. } | Self::MelodyLookback { .. } | Self::KeyMelody { .. } => ClipKind::Melody,
            Self::Improv { .. } | Self::Performance { .. } | Self::NotePerformance { .. } => ClipKind::Melody,
            Self::Polyphony | Self::Pianoroll { .. } => ClipKind::Melody,
            Self::Latent(params) => params.music.kind(),
            // Whatever has pitches.
            Self::Sound(_) => ClipKind::Melody,
        }
    }

    /// Pitches `min..max` of a melody encoding.
    #[must_use]
    pub fn note_range(&self) -> Option<(i32, i32)> {
        if let Self::Improv { melody, .. } = self {
            return melody.melody_range();
        }
        self.melody_range()
    }

    fn melody_range(&self) -> Option<(i32, i32)> {
        match *self {
            Self::Melody { min, max }
            | Self::MelodyLookback { min, max, .. }
            | Self::KeyMelody { min, max, .. } => Some((min, max)),
            _ => None,
        }
    }

    /// The one-hot classes of a drum encoding.
    ///
    /// # Errors
    /// Impossible parameters. `Ok(None)` for melodies.
    pub fn drum_classes(&self) -> Result<Option<DrumsOneHot>, EncodingError> {
        match self {
            Self::OneDrum => Ok(Some(DrumsOneHot::one_drum())),
            Self::Drums { types } | Self::DrumsLookback { types, .. } => {
                DrumsOneHot::standard(*types).map(Some)
            }
            Self::DrumKit { kit, .. } => DrumsOneHot::of(kit).map(Some),
            _ => Ok(None),
        }
    }

    /// Builds the encoding.
    ///
    /// # Errors
    /// Impossible parameters.
    pub fn build(&self) -> Result<ModelEncoding, EncodingError> {
        Ok(match self {
            Self::OneDrum => ModelEncoding::Drums(Box::new(Direct(DrumsOneHot::one_drum()))),
            Self::Drums { types } => ModelEncoding::Drums(Box::new(Direct(DrumsOneHot::standard(*types)?))),
            Self::DrumsLookback { types, distances, bits } => ModelEncoding::Drums(Box::new(Lookback::new(
                DrumsOneHot::standard(*types)?,
                distances,
                *bits,
            )?)),
            Self::DrumKit { kit, bits: 0 } => ModelEncoding::Drums(Box::new(Direct(DrumsOneHot::of(kit)?))),
            Self::DrumKit { kit, bits } => {
                ModelEncoding::Drums(Box::new(Lookback::new(DrumsOneHot::of(kit)?, &[], *bits)?))
            }
            Self::Melody { min, max } => {
                ModelEncoding::Melody(Box::new(Direct(MelodyOneHot::new(*min, *max)?)))
            }
            Self::MelodyLookback { min, max, distances, bits } => {
                let one_hot = MelodyOneHot::new(*min, *max)?;
                ModelEncoding::Melody(Box::new(Lookback::new(one_hot, distances, *bits)?))
            }
            Self::KeyMelody { min, max, distances, bits } => {
                ModelEncoding::Melody(Box::new(KeyMelody::new(*min, *max, distances, *bits)?))
            }
            Self::Improv { chords, melody } => match **melody {
                Self::Melody { .. } | Self::MelodyLookback { .. } | Self::KeyMelody { .. } => {
                    let ModelEncoding::Melody(melody) = melody.build()? else { return Err(no_melody()) };
                    ModelEncoding::Improv { chords: *chords, melody }
                }
                _ => return Err(no_melody()),
            },
            Self::Performance { velocity_bins, modulo, controls } => {
                let bins = velocities(*velocity_bins)?;
                let one_hot = PerformanceOneHot::new(bins);
                let events: Box<dyn Encoding<PerformanceEvent>> =
                    if *modulo { Box::new(PerformanceModulo(one_hot)) } else { Box::new(Direct(one_hot)) };
                ModelEncoding::Performance { bins, controls: *controls, events }
            }
            Self::NotePerformance { velocity_bins } => {
                let bins = velocities(*velocity_bins)?;
                ModelEncoding::NotePerformance { bins, notes: NoteEncoding::new(bins)? }
            }
            Self::Polyphony => ModelEncoding::Polyphony(Box::new(Direct(PolyphonyOneHot))),
            Self::Pianoroll { hidden } if (1..=4096).contains(hidden) => {
                ModelEncoding::Pianoroll { hidden: *hidden }
            }
            Self::Pianoroll { hidden } => {
                return Err(EncodingError::BadParameters(format!("{hidden} hidden units of a NADE")));
            }
            Self::Latent(params) => {
                params.check()?;
                ModelEncoding::Latent(params.clone())
            }
            Self::Sound(_) => return Err(EncodingError::BadParameters("sounds, which are no events".into())),
        })
    }
}

fn velocities(bins: u8) -> Result<VelocityBins, EncodingError> {
    if bins > 127 {
        return Err(EncodingError::BadParameters(format!("{bins} velocity bins")));
    }
    Ok(VelocityBins::new(bins))
}

fn no_melody() -> EncodingError {
    EncodingError::BadParameters("chords need a melody over them".into())
}

/// The shape of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hparams {
    /// Units of each LSTM layer, input side first; of latent models those of the decoder, of GANSynth the channels of
    /// each block.
    pub layers: Vec<usize>,
    /// Attention window in steps; 0 = none.
    #[serde(default)]
    pub attention: usize,
    /// Whether the attention is around all layers and not only the first, as in some older checkpoints.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Residual connections between layers.
    #[serde(default)]
    pub residual: bool,
    /// Grid steps per quarter note.
    pub steps_per_quarter: u32,
    /// Inputs and classes.
    pub encoding: EncodingParams,
    /// Major key (0 = C) that melodies are transposed to for the model; `None` = as they are.
    #[serde(default)]
    pub transpose_to_key: Option<u8>,
}

impl Hparams {
    /// Builds the encoding and bounds everything, so that a file cannot ask for absurd amounts of memory.
    ///
    /// # Errors
    /// [`ModelError::Hparams`] or [`ModelError::Encoding`].
    pub fn check(&self) -> Result<ModelEncoding, ModelError> {
        let wrong = |what: String| Err(ModelError::Hparams(what));
        if self.layers.is_empty() || self.layers.len() > 8 {
            return wrong(format!("{} layers", self.layers.len()));
        }
        if let Some(units) = self.layers.iter().find(|&&u| u == 0 || u > 4096) {
            return wrong(format!("a layer of {units} units"));
        }
        if self.attention > 1024 {
            return wrong(format!("an attention window of {} steps", self.attention));
        }
        let even = self.layers.iter().all(|units| *units == self.layers[0]);
        if self.whole && (self.attention == 0 || self.residual || !even) {
            return wrong("an attention around all layers, which are not of one size".into());
        }
        if !(1..=24).contains(&self.steps_per_quarter) {
            return wrong(format!("{} steps per quarter note", self.steps_per_quarter));
        }
        if self.transpose_to_key.is_some_and(|key| key > 11) {
            return wrong("a key that is none of the twelve".into());
        }
        if let Some((min, max)) = self.encoding.note_range()
            && max - min < 12
        {
            return wrong("a note range of less than an octave".into());
        }
        if let EncodingParams::Latent(params) = &self.encoding {
            if self.attention > 0 || self.residual || self.transpose_to_key.is_some() {
                return wrong("a latent model with attention, residual connections or a key".into());
            }
            if self.steps_per_quarter != STEPS_PER_QUARTER {
                return wrong("a latent model on another grid than 16ths".into());
            }
            params.shape(&self.layers)?;
        }
        Ok(self.encoding.build()?)
    }

    /// Every variable of the network with its shape, named as in the published checkpoints.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn variables(&self) -> Result<Vec<(String, Vec<usize>)>, ModelError> {
        if let EncodingParams::Sound(params) = &self.encoding {
            return params.variables(&self.layers);
        }
        let (inputs, outputs) = self.check()?.sizes();
        if let EncodingParams::Latent(params) = &self.encoding {
            return Ok(params.shape(&self.layers)?.variables());
        }
        let nade = match self.encoding {
            EncodingParams::Pianoroll { hidden } => Some(hidden),
            _ => None,
        };
        let scope = if nade.is_some() { "decoder" } else { "rnn" };
        let mut all = Vec::new();
        let mut width = inputs;
        let around = if self.whole { "attention_cell_wrapper/" } else { "" };
        for (k, &u) in self.layers.iter().enumerate() {
            let mut prefix = format!("{scope}/{around}multi_rnn_cell/cell_{k}/");
            if self.residual && (k == 0 || self.layers[k - 1] != u) {
                prefix.push_str("input_projection_wrapper/");
                all.push((format!("{prefix}kernel"), vec![width, u]));
                all.push((format!("{prefix}bias"), vec![u]));
                width = u;
            }
            if k == 0 && self.attention > 0 {
                let cells = if self.whole { self.layers.len() } else { 1 };
                let wrapper = if self.whole { format!("{scope}/") } else { prefix.clone() };
                let wrapper = wrapper + "attention_cell_wrapper/";
                all.push((format!("{wrapper}kernel"), vec![width + u, width]));
                all.push((format!("{wrapper}bias"), vec![width]));
                all.push((format!("{wrapper}attention/attn_w"), vec![1, 1, u, u]));
                all.push((format!("{wrapper}attention/attn_v"), vec![u]));
                all.push((format!("{wrapper}attention/kernel"), vec![2 * cells * u, u]));
                all.push((format!("{wrapper}attention/bias"), vec![u]));
                all.push((format!("{wrapper}attn_output_projection/kernel"), vec![2 * u, u]));
                all.push((format!("{wrapper}attn_output_projection/bias"), vec![u]));
                if !self.whole {
                    prefix = wrapper;
                }
            }
            all.push((format!("{prefix}basic_lstm_cell/kernel"), vec![width + u, 4 * u]));
            all.push((format!("{prefix}basic_lstm_cell/bias"), vec![4 * u]));
            width = u;
        }
        if let Some(hidden) = nade {
            all.push(("decoder/dense/kernel".into(), vec![width, outputs]));
            all.push(("decoder/dense/bias".into(), vec![outputs]));
            all.push(("nade/w_enc".into(), vec![KEYS, 1, hidden]));
            all.push(("nade/w_dec_t".into(), vec![KEYS, hidden, 1]));
        } else {
            all.push(("fully_connected/weights".into(), vec![width, outputs]));
            all.push(("fully_connected/biases".into(), vec![outputs]));
        }
        Ok(all)
    }

    /// "two layers of 128", for messages.
    #[must_use]
    pub fn layers_in_words(layers: &[usize]) -> String {
        const NUMBERS: [&str; 9] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"];
        match layers {
            [] => "no layers".into(),
            [one] => format!("one layer of {one}"),
            [first, rest @ ..] if rest.iter().all(|u| u == first) && layers.len() < NUMBERS.len() => {
                format!("{} layers of {first}", NUMBERS[layers.len()])
            }
            _ => {
                let list: Vec<String> = layers.iter().map(ToString::to_string).collect();
                format!("layers of {}", list.join(", "))
            }
        }
    }

    /// The layer sizes that `weights` have, from the LSTM biases; independent of what any card says.
    #[must_use]
    pub fn layers_of(weights: &Weights) -> Vec<usize> {
        let mut layers = Vec::new();
        while layers.len() < 64 {
            let scopes = ["rnn", "decoder", "rnn/attention_cell_wrapper"];
            let prefixes = scopes.map(|s| format!("{s}/multi_rnn_cell/cell_{}/", layers.len()));
            let bias = weights.iter().find(|(name, _)| {
                prefixes.iter().any(|prefix| name.starts_with(prefix))
                    && (name.ends_with("lstm_cell/bias") || name.ends_with("lstm_cell/biases"))
            });
            let Some((_, tensor)) = bias else { break };
            layers.push(tensor.shape.first().map_or(0, |n| n / 4));
        }
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::find;

    #[test]
    fn shapes_are_those_of_the_published_checkpoints() {
        let shape = |id: &str, name: &str| {
            let hparams = &find(id).expect("in the catalogue").hparams;
            let variables = hparams.variables().expect("possible");
            variables.into_iter().find(|(n, _)| n == name).map(|(_, shape)| shape)
        };
        let cell0 = "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper/";
        assert_eq!(shape("drum_kit", &format!("{cell0}kernel")), Some(vec![774, 518]));
        assert_eq!(shape("drum_kit", &format!("{cell0}basic_lstm_cell/kernel")), Some(vec![774, 1024]));
        assert_eq!(shape("drum_kit", &format!("{cell0}attention/attn_w")), Some(vec![1, 1, 256, 256]));
        assert_eq!(shape("drum_kit", "fully_connected/weights"), Some(vec![256, 512]));
        assert_eq!(shape("attention_rnn", &format!("{cell0}kernel")), Some(vec![202, 74]));
        assert_eq!(shape("attention_rnn", &format!("{cell0}basic_lstm_cell/kernel")), Some(vec![202, 512]));
        assert_eq!(shape("attention_rnn", "fully_connected/weights"), Some(vec![128, 40]));
        assert_eq!(
            shape("lookback_rnn", "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel"),
            Some(vec![249, 512])
        );
        assert_eq!(
            shape("polyphony", "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel"),
            Some(vec![515, 1024])
        );
        assert_eq!(shape("rnn-nade", "decoder/multi_rnn_cell/cell_0/basic_lstm_cell/bias"), Some(vec![512]));
        assert_eq!(shape("rnn-nade", "decoder/dense/kernel"), Some(vec![128, 216]));
        assert_eq!(shape("rnn-nade", "nade/w_dec_t"), Some(vec![88, 128, 1]));
    }

    #[test]
    fn absurd_shapes_are_refused() {
        let good = find("basic_rnn").expect("in the catalogue").hparams.clone();
        for bad in [
            Hparams { layers: vec![], ..good.clone() },
            Hparams { layers: vec![1 << 40], ..good.clone() },
            Hparams { attention: usize::MAX, ..good.clone() },
            Hparams { steps_per_quarter: 0, ..good.clone() },
            Hparams { transpose_to_key: Some(12), ..good.clone() },
            Hparams { encoding: EncodingParams::Melody { min: 60, max: 61 }, ..good.clone() },
            Hparams { encoding: EncodingParams::Drums { types: 64 }, ..good.clone() },
            Hparams { encoding: EncodingParams::Pianoroll { hidden: 0 }, ..good.clone() },
            Hparams { encoding: EncodingParams::Pianoroll { hidden: usize::MAX }, ..good.clone() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn layers_read_like_words() {
        assert_eq!(Hparams::layers_in_words(&[256, 256, 256]), "three layers of 256");
        assert_eq!(Hparams::layers_in_words(&[64, 32]), "layers of 64, 32");
    }
}
