//! [`LatentParams`]: what a MusicVAE or GrooVAE is made of and what music it reads, as a card tells it.
//!
//! Any thread. The sizes of inputs and outputs follow from the music, so that a card cannot contradict itself; the
//! units of the decoder are the card's `layers`. Source: configurations of MusicVAE (`spec` 1 of the latent-model
//! notes).
use super::ModelError;
use super::music_vae::{Decoder, Encoder, Head, Shape};
use crate::codec::encoding::EncodingError;
use crate::codec::vae::{DrumKit, GrooveInput, MELODY_CLASSES, TRIAD_CLASSES};
use crate::music::ClipKind;
use serde::{Deserialize, Serialize};

/// Steps of a bar: these models know bars of 16 sixteenths only.
pub const STEPS_PER_BAR: usize = 16;

/// Longest piece that becomes one vector, in bars.
const MOST_BARS: u32 = 64;

/// A model in whose latent space a piece of some bars is one vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentParams {
    /// Length of a vector.
    pub z: usize,
    /// Units of each layer of the encoder in each direction, input side first.
    pub encoder: Vec<usize>,
    /// Equal parts that the encoder reads one by one; 1 = the whole at once.
    #[serde(default = "one")]
    pub encoder_segments: usize,
    /// Equal parts that a conductor leads the decoder through; 1 = no conductor.
    #[serde(default = "one")]
    pub decoder_segments: usize,
    /// Bars of a piece.
    pub bars: u32,
    /// What a step is.
    pub music: LatentMusic,
}

/// What a step of a latent model is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LatentMusic {
    /// An event of a melody of the 88 keys.
    Melody {
        /// The model follows triads.
        #[serde(default)]
        chords: bool,
    },
    /// The drums that are struck.
    Drums {
        /// Which sounds the model tells apart.
        #[serde(default)]
        kit: DrumKit,
        /// Hidden units of the NADE that decides on one drum after the other; 0 = one class per set of drums.
        #[serde(default)]
        nade: usize,
    },
    /// The drums that are struck, how hard, and how early or late.
    Groove {
        /// Which sounds the model tells apart: nine in any case.
        #[serde(default)]
        kit: DrumKit,
        /// What the encoder is not told, and so what the model is for.
        #[serde(default)]
        input: GrooveInput,
        /// The model is told the hits besides.
        #[serde(default)]
        hits_as_controls: bool,
    },
    /// Melody, bass and drums.
    Trio {
        /// Each part has a decoder of its own.
        #[serde(default)]
        split: bool,
    },
}

fn one() -> usize {
    1
}

impl LatentMusic {
    /// Drums or melody; of a trio the leading part.
    #[must_use]
    pub fn kind(&self) -> ClipKind {
        match self {
            Self::Drums { .. } | Self::Groove { .. } => ClipKind::Drums,
            Self::Melody { .. } | Self::Trio { .. } => ClipKind::Melody,
        }
    }
}

impl LatentParams {
    /// Steps of a piece.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.bars as usize * STEPS_PER_BAR
    }

    /// Cells of a step as the encoder reads it.
    #[must_use]
    pub fn input(&self) -> usize {
        match &self.music {
            // One cell more tells that nothing sounds.
            LatentMusic::Drums { kit, .. } => kit.classes() + 1,
            _ => self.head().width(),
        }
    }

    /// Cells of a step's control; 0 = none.
    #[must_use]
    pub fn control(&self) -> usize {
        match &self.music {
            LatentMusic::Melody { chords: true } => TRIAD_CLASSES,
            LatentMusic::Groove { kit, hits_as_controls: true, .. } => kit.classes(),
            _ => 0,
        }
    }

    /// What a step of the output is made of.
    #[must_use]
    pub fn head(&self) -> Head {
        let sets = |kit: DrumKit| 1 << kit.classes().min(16);
        match &self.music {
            LatentMusic::Melody { .. } => Head::Categorical(vec![MELODY_CLASSES]),
            LatentMusic::Drums { kit, nade: 0 } => Head::Categorical(vec![sets(*kit)]),
            LatentMusic::Drums { kit, nade } => Head::Nade { hidden: *nade, keys: kit.classes() },
            LatentMusic::Groove { kit, .. } => Head::Groove { drums: kit.classes() },
            LatentMusic::Trio { .. } => {
                Head::Categorical(vec![MELODY_CLASSES, MELODY_CLASSES, sets(DrumKit::Nine)])
            }
        }
    }

    /// Whether the music makes sense.
    ///
    /// # Errors
    /// [`EncodingError::BadParameters`], which says what is wrong.
    pub fn check(&self) -> Result<(), EncodingError> {
        let wrong = |what: &str| Err(EncodingError::BadParameters(what.into()));
        if !(1..=MOST_BARS).contains(&self.bars) {
            return wrong("a piece has to be 1 to 64 bars long");
        }
        match &self.music {
            LatentMusic::Drums { kit: DrumKit::SixtyOne, nade: 0 } => {
                wrong("61 drum sounds need a NADE, not classes")
            }
            LatentMusic::Groove { kit: DrumKit::SixtyOne, .. } => wrong("a groove has nine drums"),
            _ => Ok(()),
        }
    }

    /// The sizes of the network, whose decoder has these layers.
    ///
    /// # Errors
    /// [`ModelError`], which says what is wrong.
    pub fn shape(&self, layers: &[usize]) -> Result<Shape, ModelError> {
        self.check()?;
        let shape = Shape {
            encoder: Encoder { units: self.encoder.clone(), segments: self.encoder_segments },
            decoder: Decoder {
                units: layers.to_vec(),
                segments: self.decoder_segments,
                split: self.music == (LatentMusic::Trio { split: true }),
            },
            head: self.head(),
            z: self.z,
            input: self.input(),
            control: self.control(),
            steps: self.steps(),
        };
        shape.check()?;
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EncodingParams, Family, Hparams, ModelEncoding, catalogue, find, music_vae};

    fn latent() -> impl Iterator<Item = &'static crate::model::Configuration> {
        catalogue().iter().filter(|c| matches!(c.family, Family::MusicVae | Family::GrooVae))
    }

    #[test]
    fn the_catalogue_has_the_published_shapes() {
        let mut known = 0;
        for configuration in latent() {
            let EncodingParams::Latent(params) = &configuration.hparams.encoding else {
                panic!("not latent")
            };
            let shape = params.shape(&configuration.hparams.layers).expect(configuration.id);
            if let Some(published) = music_vae::find(configuration.id) {
                assert_eq!(shape, published.shape, "{}", configuration.id);
                known += 1;
            }
        }
        assert_eq!((known, latent().count()), (8, 10));
    }

    #[test]
    fn a_card_survives_its_text_and_says_little() {
        for configuration in latent() {
            let text = serde_json::to_string(&configuration.hparams).expect("text");
            assert_eq!(serde_json::from_str::<Hparams>(&text).expect(&text), configuration.hparams);
        }
        let text = r#"{"layers":[64,48],"steps_per_quarter":4,"encoding":
            {"kind":"latent","z":24,"encoder":[96],"bars":2,"music":{"kind":"drums"}}}"#;
        let hparams: Hparams = serde_json::from_str(text).expect("reads");
        let ModelEncoding::Latent(params) = hparams.check().expect("possible") else { panic!("not latent") };
        let shape = params.shape(&hparams.layers).expect("possible");
        assert_eq!((shape.input, shape.control, shape.steps, shape.z), (10, 0, 32, 24));
        assert_eq!(shape.head, Head::Categorical(vec![512]));
        assert_eq!(hparams.variables().expect("possible"), shape.variables());
    }

    #[test]
    fn absurd_cards_are_refused() {
        let good = find("cat-drums_2bar_small").expect("in the catalogue").hparams.clone();
        let with = |change: &dyn Fn(&mut Hparams, &mut LatentParams)| {
            let mut hparams = good.clone();
            let EncodingParams::Latent(mut params) = hparams.encoding.clone() else { panic!("not latent") };
            change(&mut hparams, &mut params);
            hparams.encoding = EncodingParams::Latent(params);
            hparams.check().map(|_| ())
        };
        assert!(with(&|_, _| ()).is_ok());
        assert!(with(&|h, _| h.layers = vec![]).is_err());
        assert!(with(&|h, _| h.layers = vec![1 << 40]).is_err());
        assert!(with(&|h, _| h.attention = 8).is_err());
        assert!(with(&|h, _| h.residual = true).is_err());
        assert!(with(&|h, _| h.steps_per_quarter = 12).is_err());
        assert!(with(&|h, _| h.transpose_to_key = Some(0)).is_err());
        assert!(with(&|_, p| p.z = 0).is_err());
        assert!(with(&|_, p| p.z = usize::MAX).is_err());
        assert!(with(&|_, p| p.encoder = vec![]).is_err());
        assert!(with(&|_, p| p.bars = 0).is_err());
        assert!(with(&|_, p| p.bars = u32::MAX).is_err());
        assert!(with(&|_, p| p.decoder_segments = 3).is_err());
        let music = |music: LatentMusic| with(&move |_, p: &mut LatentParams| p.music = music.clone());
        assert!(music(LatentMusic::Drums { kit: DrumKit::SixtyOne, nade: 16 }).is_ok());
        assert!(music(LatentMusic::Drums { kit: DrumKit::SixtyOne, nade: 0 }).is_err());
        assert!(music(LatentMusic::Drums { kit: DrumKit::Nine, nade: usize::MAX }).is_err());
        let (input, kit) = (GrooveInput::default(), DrumKit::SixtyOne);
        assert!(music(LatentMusic::Groove { kit, input, hits_as_controls: false }).is_err());
        assert!(music(LatentMusic::Trio { split: true }).is_err(), "no conductor");
    }
}
