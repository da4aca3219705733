//! Piano performances: the configurations of Performance RNN (Magenta).
//!
//! Any thread; a table, nothing else.
use super::{Configuration, Family};
use crate::codec::encoding::PerformanceControls;
use crate::model::hparams::{EncodingParams, Hparams};
use crate::music::ClipKind;

/// In the order of a menu.
pub(super) fn configurations() -> Vec<Configuration> {
    let line = |id, name, about, encoding| Configuration {
        id,
        family: Family::PerformanceRnn,
        name,
        about,
        kind: ClipKind::Melody,
        hparams: Hparams {
            layers: vec![512, 512, 512],
            attention: 0,
            whole: false,
            residual: false,
            steps_per_quarter: 4,
            encoding,
            transpose_to_key: None,
        },
    };
    let none = PerformanceControls::default();
    let events =
        |velocity_bins, modulo, controls| EncodingParams::Performance { velocity_bins, modulo, controls };
    let (density, pitch_histogram) = (true, true);
    vec![
        line(
            "performance_with_dynamics",
            "Performance RNN",
            "Plays the piano with expressive timing and dynamics.",
            events(32, false, none),
        ),
        line(
            "performance",
            "Performance RNN without dynamics",
            "Plays the piano with expressive timing, all notes equally loud.",
            events(0, false, none),
        ),
        line(
            "performance_with_dynamics_compact",
            "Compact performance RNN",
            "Plays the piano with expressive timing and dynamics; a file form for small programs.",
            events(32, false, none),
        ),
        line(
            "performance_with_dynamics_and_modulo_encoding",
            "Modulo performance RNN",
            "Plays the piano with expressive timing and dynamics, hearing octaves as alike.",
            events(32, true, none),
        ),
        line(
            "performance_with_dynamics_and_note_encoding",
            "Note performance RNN",
            "Plays the piano with expressive timing and dynamics, note by note.",
            EncodingParams::NotePerformance { velocity_bins: 32 },
        ),
        line(
            "density_conditioned_performance_with_dynamics",
            "Density performance RNN",
            "Plays the piano with as many notes per second as it is told.",
            events(32, false, PerformanceControls { density, ..none }),
        ),
        line(
            "pitch_conditioned_performance_with_dynamics",
            "Pitch performance RNN",
            "Plays the piano with the pitch classes that it is told.",
            events(32, false, PerformanceControls { pitch_histogram, ..none }),
        ),
        line(
            "multiconditioned_performance_with_dynamics",
            "Multi-conditioned performance RNN",
            "Plays the piano with the density and the pitch classes that it is told.",
            events(32, false, PerformanceControls { density, pitch_histogram, optional: false }),
        ),
        line(
            "optional_multiconditioned_performance_with_dynamics",
            "Optionally conditioned performance RNN",
            "Plays the piano with the density and the pitch classes that it is told, or freely.",
            events(32, false, PerformanceControls { density, pitch_histogram, optional: true }),
        ),
    ]
}
