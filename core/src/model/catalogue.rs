//! The model configurations that Descant knows, with or without weights.
//!
//! Any thread; a table, nothing else. Shapes are those of the published models; a card may say otherwise.
//! Sources: Drums RNN, Melody RNN, Polyphony RNN, Pianoroll RNN-NADE, Improv RNN, Performance RNN, MusicVAE and GrooVAE
//! of the Magenta project (configurations of its main line).
mod improv;
mod latent;
mod performance;

use super::hparams::{EncodingParams, Hparams};
use crate::music::ClipKind;
use std::sync::LazyLock;

/// A model architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Drum patterns by an LSTM.
    DrumsRnn,
    /// Melodies by an LSTM.
    MelodyRnn,
    /// Several voices by an LSTM, note by note.
    PolyphonyRnn,
    /// Several voices by an LSTM and a NADE, step by step.
    PianorollRnnNade,
    /// Melodies over chords by an LSTM.
    ImprovRnn,
    /// Piano performances by an LSTM.
    PerformanceRnn,
    /// Bars from vectors.
    MusicVae,
    /// Drum grooves with dynamics and timing from vectors.
    GrooVae,
}

impl Family {
    /// Name in cards.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::DrumsRnn => "drums_rnn",
            Self::MelodyRnn => "melody_rnn",
            Self::PolyphonyRnn => "polyphony_rnn",
            Self::PianorollRnnNade => "pianoroll_rnn_nade",
            Self::ImprovRnn => "improv_rnn",
            Self::PerformanceRnn => "performance_rnn",
            Self::MusicVae => "music_vae",
            Self::GrooVae => "groovae",
        }
    }
}

/// One line of the catalogue.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Stable id, e.g. `drum_kit`.
    pub id: &'static str,
    /// Architecture.
    pub family: Family,
    /// Name for people.
    pub name: &'static str,
    /// One sentence: what it is for.
    pub about: &'static str,
    /// What it writes.
    pub kind: ClipKind,
    /// Shape of the published weights.
    pub hparams: Hparams,
}

static CATALOGUE: LazyLock<Vec<Configuration>> = LazyLock::new(|| {
    let drums = |layers: &[usize], attention, steps_per_quarter, encoding| Hparams {
        layers: layers.to_vec(),
        attention,
        whole: false,
        residual: false,
        steps_per_quarter,
        encoding,
        transpose_to_key: None,
    };
    let melody = |attention, encoding, transpose_to_key| Hparams {
        layers: vec![128, 128],
        attention,
        whole: false,
        residual: false,
        steps_per_quarter: 4,
        encoding,
        transpose_to_key,
    };
    let voices = |layers: &[usize], attention, encoding| Hparams {
        layers: layers.to_vec(),
        attention,
        whole: false,
        residual: false,
        steps_per_quarter: 4,
        encoding,
        transpose_to_key: None,
    };
    let (min, max) = (48, 84);
    let distances = || vec![16, 32];
    vec![
        Configuration {
            id: "drum_kit",
            family: Family::DrumsRnn,
            name: "Drum kit RNN",
            about: "Writes whole drum kit patterns on a 16th grid.",
            kind: ClipKind::Drums,
            hparams: drums(
                &[256, 256, 256],
                32,
                4,
                EncodingParams::DrumsLookback { types: 9, distances: vec![], bits: 6 },
            ),
        },
        Configuration {
            id: "one_drum",
            family: Family::DrumsRnn,
            name: "One drum RNN",
            about: "Writes the rhythm of a single drum on an 8th grid.",
            kind: ClipKind::Drums,
            hparams: drums(&[128, 128], 0, 2, EncodingParams::OneDrum),
        },
        Configuration {
            id: "attention_rnn",
            family: Family::MelodyRnn,
            name: "Attention melody RNN",
            about: "Writes melodies that come back to what was played some bars ago.",
            kind: ClipKind::Melody,
            hparams: melody(
                40,
                EncodingParams::KeyMelody { min, max, distances: distances(), bits: 7 },
                Some(0),
            ),
        },
        Configuration {
            id: "lookback_rnn",
            family: Family::MelodyRnn,
            name: "Lookback melody RNN",
            about: "Writes melodies that repeat and vary the last one or two bars.",
            kind: ClipKind::Melody,
            hparams: melody(
                0,
                EncodingParams::MelodyLookback { min, max, distances: distances(), bits: 5 },
                Some(0),
            ),
        },
        Configuration {
            id: "basic_rnn",
            family: Family::MelodyRnn,
            name: "Basic melody RNN",
            about: "Writes free melodies of three octaves without a plan.",
            kind: ClipKind::Melody,
            hparams: melody(0, EncodingParams::Melody { min, max }, Some(0)),
        },
        Configuration {
            id: "mono_rnn",
            family: Family::MelodyRnn,
            name: "Mono RNN",
            about: "Writes free melodies over all pitches, in the key that it hears.",
            kind: ClipKind::Melody,
            hparams: melody(0, EncodingParams::Melody { min: 0, max: 128 }, None),
        },
        Configuration {
            id: "polyphony",
            family: Family::PolyphonyRnn,
            name: "Polyphony RNN",
            about: "Writes several voices at once and harmonises melodies.",
            kind: ClipKind::Melody,
            hparams: voices(&[256, 256, 256], 0, EncodingParams::Polyphony),
        },
        Configuration {
            id: "rnn-nade",
            family: Family::PianorollRnnNade,
            name: "Pianoroll RNN-NADE",
            about: "Writes the keys of a piano that sound together, step by step.",
            kind: ClipKind::Melody,
            hparams: voices(&[128, 128, 128], 0, EncodingParams::Pianoroll { hidden: 128 }),
        },
        Configuration {
            id: "rnn-nade_attn",
            family: Family::PianorollRnnNade,
            name: "Attention pianoroll RNN-NADE",
            about: "Writes the keys of a piano that sound together, with an eye on the last two bars.",
            kind: ClipKind::Melody,
            hparams: voices(&[128, 128], 32, EncodingParams::Pianoroll { hidden: 128 }),
        },
    ]
    .into_iter()
    .chain(improv::configurations())
    .chain(performance::configurations())
    .chain(latent::configurations())
    .chain([bass()])
    .collect()
});

/// Bass lines, which no published model writes: `lookback_rnn` with the range of a bass guitar.
fn bass() -> Configuration {
    Configuration {
        id: "bass_rnn",
        family: Family::MelodyRnn,
        name: "Bass RNN",
        about: "Writes bass lines from E1 to G3 that repeat and vary the last one or two bars.",
        kind: ClipKind::Melody,
        hparams: Hparams {
            layers: vec![128, 128],
            attention: 0,
            whole: false,
            residual: false,
            steps_per_quarter: 4,
            encoding: EncodingParams::MelodyLookback { min: 28, max: 56, distances: vec![16, 32], bits: 5 },
            transpose_to_key: Some(0),
        },
    }
}

/// All configurations, in the order in which a menu shows them.
#[must_use]
pub fn catalogue() -> &'static [Configuration] {
    &CATALOGUE
}

/// The configuration with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Configuration> {
    CATALOGUE.iter().find(|c| c.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_published_models() {
        let sizes: Vec<(&str, (usize, usize))> = catalogue()
            .iter()
            .map(|c| (c.id, c.hparams.check().expect("a possible configuration").sizes()))
            .collect();
        assert_eq!(
            sizes,
            [
                ("drum_kit", (518, 512)),
                ("one_drum", (2, 2)),
                ("attention_rnn", (74, 40)),
                ("lookback_rnn", (121, 40)),
                ("basic_rnn", (38, 38)),
                ("mono_rnn", (130, 130)),
                ("polyphony", (259, 259)),
                ("rnn-nade", (88, 216)),
                ("rnn-nade_attn", (88, 216)),
                ("chord_pitches_improv", (75, 38)),
                ("attention_improv", (123, 40)),
                ("basic_improv", (87, 38)),
                ("performance_with_dynamics", (388, 388)),
                ("performance", (356, 356)),
                ("performance_with_dynamics_compact", (388, 388)),
                ("performance_with_dynamics_and_modulo_encoding", (16, 388)),
                ("performance_with_dynamics_and_note_encoding", (315, 315)),
                ("density_conditioned_performance_with_dynamics", (396, 388)),
                ("pitch_conditioned_performance_with_dynamics", (400, 388)),
                ("multiconditioned_performance_with_dynamics", (408, 388)),
                ("optional_multiconditioned_performance_with_dynamics", (409, 388)),
                ("cat-drums_2bar_small", (10, 512)),
                ("drums_4bar_med", (10, 512)),
                ("cat-mel_2bar_small", (90, 90)),
                ("mel_4bar_med", (90, 90)),
                ("cat-mel_2bar_med_chords", (139, 90)),
                ("hierdec-trio_16bar", (692, 692)),
                ("groovae_2bar_humanize", (27, 27)),
                ("groovae_4bar", (27, 27)),
                ("groovae_2bar_tap_fixed_velocity", (27, 27)),
                ("groovae_2bar_add_closed_hh", (27, 27)),
                ("bass_rnn", (97, 32)),
            ]
        );
    }
}
