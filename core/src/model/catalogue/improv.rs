//! Melodies over chords: the configurations of Improv RNN (Magenta).
//!
//! Any thread; a table, nothing else.
use super::{Configuration, Family};
use crate::codec::encoding::ChordEncoding;
use crate::model::hparams::{EncodingParams, Hparams};
use crate::music::ClipKind;

/// In the order of a menu.
pub(super) fn configurations() -> Vec<Configuration> {
    let line = |id, name, about, layers: &[usize], attention, chords, melody| Configuration {
        id,
        family: Family::ImprovRnn,
        name,
        about,
        kind: ClipKind::Melody,
        hparams: Hparams {
            layers: layers.to_vec(),
            attention,
            whole: false,
            residual: false,
            steps_per_quarter: 4,
            encoding: EncodingParams::Improv { chords, melody: Box::new(melody) },
            transpose_to_key: None,
        },
    };
    let (min, max) = (48, 84);
    vec![
        line(
            "chord_pitches_improv",
            "Chord pitches improv RNN",
            "Writes melodies over any chords, from the pitches in them.",
            &[256, 256, 256],
            0,
            ChordEncoding::Pitches,
            EncodingParams::Melody { min, max },
        ),
        line(
            "attention_improv",
            "Attention improv RNN",
            "Writes melodies over triads that come back to what was played some bars ago.",
            &[128, 128, 128],
            40,
            ChordEncoding::Triad,
            EncodingParams::KeyMelody { min, max, distances: vec![16, 32], bits: 7 },
        ),
        line(
            "basic_improv",
            "Basic improv RNN",
            "Writes free melodies over triads.",
            &[64, 64],
            0,
            ChordEncoding::Triad,
            EncodingParams::Melody { min, max },
        ),
    ]
}
