//! The recipes of the latent-vector models: shape, windows per split, settings. Runs on the thread that trains; reads
//! `assets/corpora` and nothing else.
//!
//! Networks are smaller than the published ones: on this much data and time they learn far more per second, and their
//! files fit in the plugin.

use super::session::Settings;
use super::window::{self, Window};
use crate::corpora;
use crate::task::TaskError;
use crate::trainer;
use descant_core::codec::vae::{GrooveConverter, GrooveInput, MELODY_CLASSES};
use descant_core::corpus::{Funnel, MelodyOptions, Split};
use descant_core::model::music_vae::{Decoder, Encoder, Head, Shape};
use descant_core::music::drum_map::ROLAND;
use std::path::Path;

/// A latent-vector model that can be trained here.
#[derive(Clone, Debug)]
pub struct Task {
    /// Configuration, e.g. `cat-drums_2bar_small`; id of the weights.
    pub id: &'static str,
    /// Sizes of the network.
    pub shape: Shape,
    /// Recipe of the shipped weights.
    pub settings: Settings,
    /// Training, validation and test windows.
    pub sets: [Vec<Window>; 3],
    /// What was read and what was left out.
    pub funnels: Vec<Funnel>,
    /// The data in words, with licence and attribution.
    pub data: Vec<&'static str>,
    /// Licence of the weights.
    pub licence: &'static str,
}

const GROOVE_MIDI: &str = "Groove MIDI Dataset, Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove with Inverse \
                           Sequence Transformations, ICML 2019, CC BY 4.0; changes: used to train model weights";

impl Task {
    /// Ids of all recipes.
    pub const IDS: [&'static str; 8] = [
        "cat-drums_2bar_small",
        "cat-mel_2bar_small",
        "drums_4bar",
        "mel_4bar",
        "groovae_2bar_humanize",
        "groovae_2bar_tap_fixed_velocity",
        "groovae_2bar_add_closed_hh",
        "groovae_4bar",
    ];

    /// Reads the corpus of model `id` below `corpora`.
    ///
    /// # Errors
    /// An unknown id, or a corpus that cannot be read.
    pub fn open(id: &str, corpora: &Path) -> Result<Self, TaskError> {
        let Some(&id) = Self::IDS.iter().find(|i| **i == id) else {
            return Err(TaskError::Unknown(id.to_owned()));
        };
        let bars = if id.contains("4bar") { 4 } else { 2 };
        if id.contains("mel") {
            return Self::melody(id, bars, corpora);
        }
        let input = match id {
            "groovae_2bar_humanize" => GrooveInput { humanize: true, ..GrooveInput::default() },
            "groovae_2bar_tap_fixed_velocity" => {
                GrooveInput { tapify: true, fixed_velocities: true, ..GrooveInput::default() }
            }
            "groovae_2bar_add_closed_hh" => GrooveInput { add_drums: 1 << 2, ..GrooveInput::default() },
            "groovae_4bar" => GrooveInput::default(),
            _ => return Self::drums(id, bars, corpora),
        };
        Self::groove(id, bars, input, corpora)
    }

    /// 4/4 grooves and fills of Groove MIDI by its official split.
    fn drums(id: &'static str, bars: usize, corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnel) = corpora::drums(corpora)?;
        let mut sets: [Vec<Window>; 3] = Default::default();
        for piece in pieces.iter().filter(|p| p.steps_per_bar == window::BAR) {
            sets[index(piece.split)].extend(window::of_drums(piece, bars));
        }
        Ok(Self {
            id,
            shape: shape(bars, [128, 64], &[128, 128], 10, Head::Categorical(vec![512])),
            settings: Settings { free_bits: 24.0 * bars as f32, ..settings(8000) },
            sets,
            funnels: vec![funnel],
            data: vec![GROOVE_MIDI],
            licence: "MIT OR Apache-2.0; trained on the Groove MIDI Dataset (CC BY 4.0, attribution under data)",
        })
    }

    /// The same recordings with velocities and micro-timing, without what `input` keeps from the encoder.
    fn groove(id: &'static str, bars: usize, input: GrooveInput, corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnel) = corpora::drums(corpora)?;
        let converter = GrooveConverter {
            kit: &ROLAND,
            bars: bars as u32,
            hop: Some(window::BAR as u32),
            input,
            ..GrooveConverter::default()
        };
        let mut sets: [Vec<Window>; 3] = Default::default();
        for piece in pieces.iter().filter(|p| p.steps_per_bar == window::BAR) {
            sets[index(piece.split)].extend(window::of_groove(piece, &converter)?);
        }
        let recipe = settings(6000);
        Ok(Self {
            id,
            shape: shape(bars, [128, 64], &[192, 192], 27, Head::Groove { drums: 9 }),
            // Dropout as published is 0.3 of everything kept; a network of this size does not need that much.
            settings: Settings {
                free_bits: 48.0,
                own_steps: 0.0,
                run: trainer::Settings { keep: 0.7, ..recipe.run },
                ..recipe
            },
            sets,
            funnels: vec![funnel],
            data: vec![GROOVE_MIDI],
            licence: "MIT OR Apache-2.0; trained on the Groove MIDI Dataset (CC BY 4.0, attribution under data)",
        })
    }

    /// Vocal lines of OpenScore Lieder and the dated lead sheets of OpenEWLD in 4/4, 2/2 and 2/4, in all keys.
    fn melody(id: &'static str, bars: usize, corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnels) = corpora::melodies(corpora, &MelodyOptions::default())?;
        let mut sets: [Vec<Window>; 3] = Default::default();
        for piece in pieces.iter().filter(|p| p.is_duple()) {
            sets[index(piece.split)].extend(window::of_melody(piece, bars));
        }
        let classes = MELODY_CLASSES;
        Ok(Self {
            id,
            shape: shape(bars, [128, 64], &[128, 128], classes, Head::Categorical(vec![classes])),
            settings: Settings { free_bits: 24.0 * bars as f32, ..settings(10_000) },
            sets,
            funnels,
            data: vec![
                "OpenScore Lieder Corpus (CC0 1.0): vocal lines",
                "OpenEWLD (MIT), lead sheets dated before 1931 or traditional",
            ],
            licence: "MIT OR Apache-2.0; trained on works in the public domain",
        })
    }
}

fn settings(steps: u64) -> Settings {
    let run = trainer::Settings {
        steps,
        batch: 32,
        keep: 1.0,
        rate: 2e-3,
        warmup: 100,
        clip: 1.0,
        every: 400,
        ..trainer::Settings::default()
    };
    Settings { run, beta: 0.2, free_bits: 48.0, own_steps: 600.0 }
}

/// Encoder units, then length of the vector; decoder layers.
fn shape(bars: usize, [encoder, z]: [usize; 2], decoder: &[usize], input: usize, head: Head) -> Shape {
    Shape {
        encoder: Encoder { units: vec![encoder], segments: 1 },
        decoder: Decoder { units: decoder.to_vec(), segments: 1, split: false },
        head,
        z,
        input,
        control: 0,
        steps: bars * window::BAR,
    }
}

fn index(split: Split) -> usize {
    match split {
        Split::Train => 0,
        Split::Validation => 1,
        Split::Test => 2,
    }
}
