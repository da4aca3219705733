//! The published configurations of MusicVAE and GrooVAE as data (spec vae 1).
//!
//! Any thread. What a configuration's steps mean is for its converter to know ([`crate::codec`]).
use super::shape::{Decoder, Encoder, Head, Shape};
use std::sync::LazyLock;

/// A published configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// Name in the original program.
    pub id: &'static str,
    /// Sizes.
    pub shape: Shape,
}

/// All configurations, in the order of the original program's list.
#[must_use]
pub fn configurations() -> &'static [Configuration] {
    &CONFIGURATIONS
}

/// The configuration of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Configuration> {
    configurations().iter().find(|c| c.id == id)
}

static CONFIGURATIONS: LazyLock<Vec<Configuration>> = LazyLock::new(|| {
    let mut all = melodies();
    all.extend(drums());
    all.extend(trios());
    all.extend(long_melodies());
    all.extend(performances());
    all.extend(grooves());
    all
});

/// Classes of a melody's step.
const MELODY: usize = 90;
/// Classes of a drum step: the sets of nine drums.
const DRUM_SETS: usize = 512;
/// Classes of a performance's event.
const PERFORMANCE: usize = 490;
/// Chords of a control.
const CHORDS: usize = 49;

fn flat(units: &[usize]) -> Encoder {
    Encoder { units: units.to_vec(), segments: 1 }
}

fn decoder(units: usize, layers: usize, segments: usize) -> Decoder {
    Decoder { units: vec![units; layers], segments, split: false }
}

fn melodies() -> Vec<Configuration> {
    let two_bars = |id, encoder: usize, units, layers, z, control| Configuration {
        id,
        shape: Shape {
            encoder: flat(&[encoder]),
            decoder: decoder(units, layers, 1),
            head: Head::Categorical(vec![MELODY]),
            z,
            input: MELODY,
            control,
            steps: 32,
        },
    };
    vec![
        two_bars("cat-mel_2bar_small", 512, 256, 2, 256, 0),
        two_bars("cat-mel_2bar_big", 2048, 2048, 3, 512, 0),
        two_bars("cat-mel_2bar_med_chords", 1024, 512, 3, 256, CHORDS),
    ]
}

fn drums() -> Vec<Configuration> {
    let two_bars = |id, encoder: usize, units, layers, z, head, drums: usize| Configuration {
        id,
        shape: Shape {
            encoder: flat(&[encoder]),
            decoder: decoder(units, layers, 1),
            head,
            z,
            // One cell more tells that nothing sounds.
            input: drums + 1,
            control: 0,
            steps: 32,
        },
    };
    let sets = || Head::Categorical(vec![DRUM_SETS]);
    let nade = |keys| Head::Nade { hidden: 128, keys };
    vec![
        two_bars("cat-drums_2bar_small", 512, 256, 2, 256, sets(), 9),
        two_bars("cat-drums_2bar_big", 2048, 2048, 3, 512, sets(), 9),
        two_bars("nade-drums_2bar_reduced", 1024, 512, 2, 256, nade(9), 9),
        two_bars("nade-drums_2bar_full", 1024, 512, 2, 256, nade(61), 61),
    ]
}

fn trios() -> Vec<Configuration> {
    let trio = |id, encoder, decoder| Configuration {
        id,
        shape: Shape {
            encoder,
            decoder,
            head: Head::Categorical(vec![MELODY, MELODY, DRUM_SETS]),
            z: 512,
            input: 2 * MELODY + DRUM_SETS,
            control: 0,
            steps: 256,
        },
    };
    let split = || Decoder { split: true, ..decoder(1024, 2, 16) };
    vec![
        trio("flat-trio_16bar", flat(&[2048, 2048]), decoder(2048, 3, 1)),
        trio("hierdec-trio_16bar", flat(&[2048, 2048]), split()),
        trio("hier-trio_16bar", Encoder { units: vec![1024], segments: 16 }, split()),
    ]
}

fn long_melodies() -> Vec<Configuration> {
    let melody = |id, encoder, decoder| Configuration {
        id,
        shape: Shape {
            encoder,
            decoder,
            head: Head::Categorical(vec![MELODY]),
            z: 512,
            input: MELODY,
            control: 0,
            steps: 256,
        },
    };
    vec![
        melody("flat-mel_16bar", flat(&[2048, 2048]), decoder(2048, 3, 1)),
        melody("hierdec-mel_16bar", flat(&[2048, 2048]), decoder(1024, 2, 16)),
        melody("hier-mel_16bar", Encoder { units: vec![1024], segments: 16 }, decoder(1024, 2, 16)),
    ]
}

fn performances() -> Vec<Configuration> {
    let bar = |id, encoder: usize, units, control| Configuration {
        id,
        shape: Shape {
            encoder: Encoder { units: vec![encoder], segments: 8 },
            decoder: decoder(units, 3, 8),
            head: Head::Categorical(vec![PERFORMANCE]),
            z: 512,
            input: PERFORMANCE,
            control,
            steps: 512,
        },
    };
    vec![
        bar("hier-multiperf_vel_1bar_med", 1024, 512, 0),
        bar("hier-multiperf_vel_1bar_big", 2048, 1024, 0),
        bar("hier-multiperf_vel_1bar_med_chords", 1024, 512, CHORDS),
        bar("hier-multiperf_vel_1bar_big_chords", 2048, 1024, CHORDS),
    ]
}

fn grooves() -> Vec<Configuration> {
    let groove = |id, bars: usize, control| Configuration {
        id,
        shape: Shape {
            encoder: flat(&[512]),
            decoder: decoder(256, 2, 1),
            head: Head::Groove { drums: 9 },
            z: 256,
            input: 27,
            control,
            steps: 16 * bars,
        },
    };
    vec![
        groove("groovae_4bar", 4, 0),
        groove("groovae_2bar_humanize", 2, 0),
        groove("groovae_2bar_tap_fixed_velocity", 2, 0),
        groove("groovae_2bar_tap_fixed_velocity_note_dropout", 2, 0),
        groove("groovae_2bar_add_closed_hh", 2, 0),
        groove("groovae_2bar_hits_control_tfds", 2, 9),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_configuration_has_the_published_number_of_parameters() {
        let published = [
            ("cat-mel_2bar_small", 4_423_770),
            ("cat-mel_2bar_big", 134_571_098),
            ("cat-mel_2bar_med_chords", 17_478_234),
            ("cat-drums_2bar_small", 4_636_672),
            ("cat-drums_2bar_big", 137_582_080),
            ("nade-drums_2bar_reduced", 13_819_273),
            ("nade-drums_2bar_full", 14_391_741),
            ("flat-trio_16bar", 251_279_028),
            ("hierdec-trio_16bar", 230_975_156),
            ("hier-trio_16bar", 122_529_460),
            ("flat-mel_16bar", 235_250_778),
            ("hierdec-mel_16bar", 176_061_530),
            ("hier-mel_16bar", 72_547_418),
            ("hier-multiperf_vel_1bar_med", 55_638_506),
            ("hier-multiperf_vel_1bar_big", 204_598_762),
            ("hier-multiperf_vel_1bar_med_chords", 56_140_266),
            ("hier-multiperf_vel_1bar_big_chords", 205_602_282),
            ("groovae_4bar", 4_085_019),
            ("groovae_2bar_humanize", 4_085_019),
            ("groovae_2bar_tap_fixed_velocity", 4_085_019),
            ("groovae_2bar_tap_fixed_velocity_note_dropout", 4_085_019),
            ("groovae_2bar_add_closed_hh", 4_085_019),
            ("groovae_2bar_hits_control_tfds", 4_131_099),
        ];
        let count = |shape: &Shape| -> usize {
            shape.variables().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
        };
        let ours: Vec<(&str, usize)> = configurations().iter().map(|c| (c.id, count(&c.shape))).collect();
        assert_eq!(ours, published);
    }

    #[test]
    fn every_configuration_can_exist_and_names_no_variable_twice() {
        for configuration in configurations() {
            configuration.shape.check().expect(configuration.id);
            let variables = configuration.shape.variables();
            let names: BTreeSet<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names.len(), variables.len(), "{}", configuration.id);
        }
    }

    #[test]
    fn variables_of_a_big_melody_model_are_those_of_its_checkpoint() {
        let variables = find("cat-mel_2bar_big").expect("listed").shape.variables();
        let shape = |name: &str| {
            variables.iter().find(|(n, _)| n == name).map(|(_, shape)| shape.clone()).expect(name)
        };
        assert_eq!(shape("decoder/z_to_initial_state/kernel"), [512, 12288]);
        assert_eq!(shape("decoder/multi_rnn_cell/cell_0/lstm_cell/kernel"), [2650, 8192]);
        assert_eq!(shape("decoder/multi_rnn_cell/cell_2/lstm_cell/kernel"), [4096, 8192]);
        assert_eq!(shape("decoder/output_projection/kernel"), [2048, 90]);
        let forwards = "encoder/cell_0/bidirectional_rnn/fw/multi_rnn_cell/cell_0/lstm_cell/kernel";
        assert_eq!(shape(forwards), [2138, 8192]);
        assert_eq!(shape("encoder/mu/kernel"), [4096, 512]);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let shape = &find("hierdec-trio_16bar").expect("listed").shape;
        let with = |change: fn(&mut Shape)| {
            let mut shape = shape.clone();
            change(&mut shape);
            shape.check()
        };
        assert!(with(|_| ()).is_ok());
        assert!(with(|s| s.z = 0).is_err());
        assert!(with(|s| s.input = usize::MAX).is_err());
        assert!(with(|s| s.control = usize::MAX).is_err());
        assert!(with(|s| s.encoder.units.clear()).is_err());
        assert!(with(|s| s.decoder.units = vec![8, 0]).is_err());
        assert!(with(|s| s.decoder.segments = 7).is_err());
        assert!(with(|s| s.decoder.segments = 0).is_err());
        assert!(with(|s| s.encoder.segments = 16).is_err(), "two layers");
        assert!(with(|s| s.head = Head::Groove { drums: 9 }).is_err(), "split");
        assert!(with(|s| s.head = Head::Categorical(vec![])).is_err());
    }
}
