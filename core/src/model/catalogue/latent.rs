//! Bars as vectors: the configurations of MusicVAE and GrooVAE (Magenta) that a musician can use here.
//!
//! Any thread; a table, nothing else. Shapes: [`music_vae::configurations`](crate::model::music_vae::configurations);
//! those of the four-bar models follow from the sizes of the files that Magenta.js plays.
use super::{Configuration, Family};
use crate::codec::vae::{DrumKit, GrooveInput};
use crate::model::hparams::{EncodingParams, Hparams};
use crate::model::latent::{LatentMusic, LatentParams};

/// In the order of a menu.
pub(super) fn configurations() -> Vec<Configuration> {
    let line = |id, family, name, about, layers: &[usize], params: LatentParams| Configuration {
        id,
        family,
        name,
        about,
        kind: params.music.kind(),
        hparams: Hparams {
            layers: layers.to_vec(),
            attention: 0,
            whole: false,
            residual: false,
            steps_per_quarter: 4,
            encoding: EncodingParams::Latent(params),
            transpose_to_key: None,
        },
    };
    let flat = |encoder: usize, bars, music| LatentParams {
        z: 256,
        encoder: vec![encoder],
        encoder_segments: 1,
        decoder_segments: 1,
        bars,
        music,
    };
    let drums = || LatentMusic::Drums { kit: DrumKit::Nine, nade: 0 };
    let melody = |chords| LatentMusic::Melody { chords };
    let trio = LatentParams {
        z: 512,
        encoder: vec![2048, 2048],
        decoder_segments: 16,
        ..flat(2048, 16, LatentMusic::Trio { split: true })
    };
    let vae = Family::MusicVae;
    let all = vec![
        line(
            "cat-drums_2bar_small",
            vae,
            "MusicVAE drums, 2 bars",
            "Writes drum patterns, and patterns between two of yours.",
            &[256, 256],
            flat(512, 2, drums()),
        ),
        line(
            "drums_4bar_med",
            vae,
            "MusicVAE drums, 4 bars",
            "Writes longer drum patterns, and patterns between two of yours.",
            &[1024, 1024, 1024],
            flat(1024, 4, drums()),
        ),
        line(
            "cat-mel_2bar_small",
            vae,
            "MusicVAE melody, 2 bars",
            "Writes melodies, and melodies between two of yours.",
            &[256, 256],
            flat(512, 2, melody(false)),
        ),
        line(
            "mel_4bar_med",
            vae,
            "MusicVAE melody, 4 bars",
            "Writes longer melodies, and melodies between two of yours.",
            &[1024, 1024, 1024],
            flat(1024, 4, melody(false)),
        ),
        line(
            "cat-mel_2bar_med_chords",
            vae,
            "MusicVAE melody over chords",
            "Writes melodies over triads, and melodies between two of yours.",
            &[512, 512, 512],
            flat(1024, 2, melody(true)),
        ),
        line(
            "hierdec-trio_16bar",
            vae,
            "MusicVAE trio, 16 bars",
            "Writes melody, bass and drums at once.",
            &[1024, 1024],
            trio,
        ),
    ];
    let groove = |id, name, about, bars, input| {
        let music = LatentMusic::Groove { kit: DrumKit::Nine, input, hits_as_controls: false };
        line(id, Family::GrooVae, name, about, &[256, 256], flat(512, bars, music))
    };
    let all_told = GrooveInput::default();
    let grooves = [
        groove(
            "groovae_2bar_humanize",
            "GrooVAE humanize",
            "Plays drums as a drummer would: a little early or late, louder and softer.",
            2,
            GrooveInput { humanize: true, ..all_told },
        ),
        groove(
            "groovae_4bar",
            "GrooVAE grooves, 4 bars",
            "Writes drum grooves with dynamics and timing, and grooves between two of yours.",
            4,
            all_told,
        ),
        groove(
            "groovae_2bar_tap_fixed_velocity",
            "GrooVAE drumify",
            "Makes a drum groove from any rhythm that you tap.",
            2,
            GrooveInput { tapify: true, fixed_velocities: true, ..all_told },
        ),
        groove(
            "groovae_2bar_add_closed_hh",
            "GrooVAE hi-hats",
            "Adds a closed hi-hat to the other drums.",
            2,
            GrooveInput { add_drums: 1 << 2, ..all_told },
        ),
    ];
    all.into_iter().chain(grooves).collect()
}
