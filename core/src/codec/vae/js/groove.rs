//! Drums with velocities and micro-timing. Any thread.
use super::{inside, on_grid, seconds_per_step};
use crate::codec::encoding::SparseVector;
use crate::codec::vae::{Rows, STEPS_PER_QUARTER, VaeError};
use crate::music::{Grid, NoteSequence, SequenceNote, TempoMark};

/// The drum whose place taps take.
const TAP: usize = 3;

/// Instrument number of drums.
const INSTRUMENT: u32 = 9;

/// Drum notes ↔ hits, velocities and offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsGroove {
    /// Length.
    pub steps: usize,
    /// Pitches of each drum, first the one that is written.
    pub kit: Vec<Vec<u8>>,
    /// The encoder is told neither velocities nor micro-timing.
    pub humanize: bool,
    /// The encoder is told when something sounds, but not what, nor how loud.
    pub tapify: bool,
    /// Each drum is a step of its own.
    pub split: bool,
}

impl JsGroove {
    /// The steps as the encoder reads them; those of split drums one after the other.
    pub(super) fn steps(&self, ns: &NoteSequence) -> Result<Vec<SparseVector>, VaeError> {
        let q = on_grid(ns, STEPS_PER_QUARTER)?;
        let qpm = match q.grid {
            Grid::Beats { qpm, .. } => qpm,
            Grid::Seconds { .. } => crate::music::DEFAULT_QPM,
        };
        let step_length = seconds_per_step(qpm);
        let drums = self.kit.len();
        // Of every drum on every step the velocity and the offset of the loudest note.
        let mut loudest = vec![None; self.steps * drums];
        for (note, on_grid) in ns.notes.iter().zip(&q.notes) {
            let at = inside(on_grid.start_step, self.steps);
            let at = at.ok_or(VaeError::TooLong { steps: self.steps })?;
            let of_kit = || self.kit.iter().position(|pitches| pitches.contains(&note.pitch));
            let drum = if self.tapify { Some(TAP) } else { of_kit() };
            let cell = drum.filter(|&drum| drum < drums).map(|drum| at * drums + drum);
            let Some(cell) = cell.and_then(|cell| loudest.get_mut(cell)) else { continue };
            if cell.is_none_or(|(velocity, _)| note.velocity > velocity) {
                let early = on_grid.start_step as f64 * step_length - note.start_time;
                *cell = Some((note.velocity, 2.0 * early / step_length));
            }
        }
        let mut steps = vec![SparseVector::new(); if self.split { self.steps * drums } else { self.steps }];
        for (i, cell) in loudest.into_iter().enumerate() {
            let Some((velocity, offset)) = cell else { continue };
            let velocity = if self.humanize || self.tapify { 0.0 } else { f32::from(velocity) / 127.0 };
            let offset = if self.humanize { 0.0 } else { offset as f32 };
            let (step, place, width) = if self.split { (i, 0, 1) } else { (i / drums, i % drums, drums) };
            let values = [1.0, velocity, offset].into_iter().enumerate().filter(|(_, value)| *value != 0.0);
            steps[step].extend(values.map(|(part, value)| ((part * width + place) as u32, value)));
        }
        Ok(steps)
    }

    /// Hits above one half, each one step long; a note on the first step may begin before time 0.
    pub(super) fn notes(&self, rows: &Rows, qpm: f64) -> Result<NoteSequence, VaeError> {
        let (drums, step_length) = (self.kit.len(), seconds_per_step(qpm));
        let width = if self.split { 3 } else { 3 * drums };
        let mut notes = Vec::new();
        let mut count = 0;
        for (i, row) in rows.of_width(width)?.enumerate() {
            if !row.iter().all(|value| value.is_finite()) {
                return Err(VaeError::NotFinite);
            }
            let step = if self.split { i / drums.max(1) } else { i };
            count = step + 1;
            for (drum, pitches) in self.kit.iter().enumerate() {
                let values = match self.split {
                    true if i % drums == drum => [row[0], row[1], row[2]],
                    true => continue,
                    false => [row[drum], row[drums + drum], row[2 * drums + drum]],
                };
                let (&[hit, velocity, offset], Some(&pitch)) = (&values, pitches.first()) else { continue };
                if hit > 0.5 {
                    let start_time = (step as f64 - f64::from((offset / 2.0).clamp(-0.5, 0.5))) * step_length;
                    notes.push(SequenceNote {
                        pitch,
                        velocity: (127.0 * f64::from(velocity) + 0.5).floor().clamp(0.0, 127.0) as u8,
                        start_time,
                        end_time: start_time + step_length,
                        instrument: INSTRUMENT,
                        program: 0,
                        is_drum: true,
                    });
                }
            }
        }
        let total_time = count as f64 * step_length;
        Ok(NoteSequence {
            notes,
            total_time,
            tempos: vec![TempoMark { time: 0.0, qpm }],
            ..Default::default()
        })
    }
}
