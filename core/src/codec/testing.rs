//! Music on a grid for the tests of this room. Never part of the product.
use crate::music::{Grid, Quantised, QuantisedNote};

/// Notes as (pitch, first step, step after the last), four steps to a quarter note.
pub(super) fn quantised(notes: &[(u8, i64, i64)]) -> Quantised {
    let note = |&(pitch, start_step, end_step): &(u8, i64, i64)| QuantisedNote {
        pitch,
        velocity: 90,
        start_step,
        end_step,
        start_offset: 0,
        end_offset: 0,
        onset_rank: 0,
        instrument: 0,
        program: 0,
        is_drum: false,
    };
    Quantised {
        grid: Grid::Beats { steps_per_quarter: 4, qpm: 120.0, numerator: 4, denominator: 4 },
        notes: notes.iter().map(note).collect(),
        texts: vec![],
        control_steps: vec![],
        total_steps: notes.iter().map(|n| n.2).max().unwrap_or(0),
    }
}
