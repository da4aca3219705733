//! Music of any kind and converters for the tests of this room. Never part of the product.
use super::{Cut, DrumConverter, DrumKit, MelodyConverter};
use crate::music::{ControlChange, NoteSequence, SequenceNote, TempoMark, TextAnnotation, TimeSignature};
use proptest::prelude::*;

/// Mostly sensible seconds, a few that no file should hold.
fn time() -> impl Strategy<Value = f64> {
    let odd = prop::sample::select(vec![-1.0, 0.0, 1e9, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    prop_oneof![150 => 0.0..40.0f64, 50 => (0u32..300).prop_map(|s| f64::from(s) * 0.125), 1 => odd]
}

fn note(is_drum: Option<bool>) -> impl Strategy<Value = SequenceNote> {
    let drum = is_drum.map_or_else(|| any::<bool>().boxed(), |d| Just(d).boxed());
    (0u8..128, 0u8..128, time(), time(), 0u32..4, prop::sample::select(vec![0u8, 5, 33, 80]), drum).prop_map(
        |(pitch, velocity, start_time, length, instrument, program, is_drum)| {
            let end_time = start_time + length / 10.0;
            SequenceNote { pitch, velocity, start_time, end_time, instrument, program, is_drum }
        },
    )
}

/// Notes with changes of tempo and metre, chords and pedals. `is_drum`: all or none of the notes are drums.
pub(super) fn music(is_drum: Option<bool>) -> impl Strategy<Value = NoteSequence> {
    let tempo = (time(), prop::sample::select(vec![120.0, 90.0, 0.0, -60.0, f64::NAN]));
    let signature = (time(), prop::sample::select(vec![(4, 4), (4, 4), (3, 4), (8, 8), (0, 4), (4, 3)]));
    let chord = (time(), prop::sample::select(vec!["C", "Am", "Caug", "Bdim", "G7sus", "N.C.", "what"]));
    let control = (time(), 60u8..68, 0u8..128, 0u32..4);
    (
        prop::collection::vec(note(is_drum), 0..60),
        prop::collection::vec(tempo, 0..3),
        prop::collection::vec(signature, 0..3),
        prop::collection::vec(chord, 0..4),
        prop::collection::vec(control, 0..6),
        time(),
    )
        .prop_map(|(notes, tempos, signatures, chords, controls, total_time)| NoteSequence {
            notes,
            tempos: tempos.into_iter().map(|(time, qpm)| TempoMark { time, qpm }).collect(),
            time_signatures: signatures
                .into_iter()
                .map(|(time, (numerator, denominator))| TimeSignature { time, numerator, denominator })
                .collect(),
            text_annotations: chords
                .into_iter()
                .map(|(time, text)| TextAnnotation {
                    time,
                    text: text.to_owned(),
                    kind: TextAnnotation::CHORD_SYMBOL,
                })
                .collect(),
            control_changes: controls
                .into_iter()
                .map(|(time, number, value, instrument)| ControlChange { time, number, value, instrument })
                .collect(),
            total_time,
        })
}

/// The melody of all the music.
pub(super) fn whole() -> MelodyConverter {
    MelodyConverter { cut: Cut::WHOLE, ..MelodyConverter::default() }
}

/// The drums of all the music.
pub(super) fn whole_drums(kit: DrumKit, roll: bool) -> DrumConverter {
    DrumConverter { kit, roll_input: roll, roll_output: roll, cut: Cut::WHOLE }
}
