//! Grooves: hits, velocities and micro-timing of nine drums, step by step.
//!
//! Any thread. Source: GrooVAE (Magenta), `spec` 4.6 of the latent-model notes. Velocities and offsets keep the full
//! precision of the network's numbers. Dropping notes at random, which one model did in training, belongs there.

use super::drums::lane;
use super::{MAX_EXAMPLES, QPM, Rows, STEPS_PER_BAR, STEPS_PER_QUARTER, VaeError};
use crate::codec::EventError;
use crate::codec::encoding::EncodingError;
use crate::music::drum_map::{Lanes, MAGENTA};
use crate::music::{Grid, NoteSequence, Quantised, SequenceNote, TempoMark};
use serde::{Deserialize, Serialize};

/// Number of drums.
const DRUMS: usize = 9;

/// The drum whose place taps take (open hi-hat).
pub const TAP: usize = 3;

/// Instrument number that the reference gives rendered drums.
const DRUM_INSTRUMENT: u32 = 9;

/// What the encoder is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrooveInput {
    /// Of every step only the loudest drum, as a tap without a sound.
    pub tapify: bool,
    /// Neither velocities nor micro-timing.
    pub humanize: bool,
    /// No velocities.
    pub fixed_velocities: bool,
    /// Not these drums (bit n is drum n), which the model adds.
    pub add_drums: u16,
}

/// How a step is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrooveLayout {
    /// 27 numbers: nine hits, nine velocities, nine offsets. All published models.
    #[default]
    Together,
    /// Each drum as a step of its own, one after the other: hit, velocity, offset. The control says which drum it is.
    Split,
    /// Nine hits, then velocity and offset of each drum in bins, one-hot.
    Binned {
        /// Bins of a velocity, at least 2.
        velocities: u32,
        /// Bins of an offset, at least 2.
        offsets: u32,
    },
}

/// Drum notes ↔ what groove models read and write. Every note counts as a drum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrooveConverter {
    /// The pitches of the nine drums: [`ROLAND`](crate::music::drum_map::ROLAND) in training, [`MAGENTA`] else.
    pub kit: &'static Lanes,
    /// Length of an example, at least 1.
    pub bars: u32,
    /// Steps from one example to the next; `None`: the length of an example.
    pub hop: Option<u32>,
    /// What the encoder is not told.
    pub input: GrooveInput,
    /// How a step is written.
    pub layout: GrooveLayout,
    /// The decoder is told the hits.
    pub hits_as_controls: bool,
}

impl Default for GrooveConverter {
    fn default() -> Self {
        Self {
            kit: &MAGENTA,
            bars: 2,
            hop: None,
            input: GrooveInput::default(),
            layout: GrooveLayout::default(),
            hits_as_controls: false,
        }
    }
}

/// A groove as a network reads and writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct GrooveExample {
    /// What the encoder reads.
    pub input: Rows,
    /// What the decoder writes.
    pub output: Rows,
    /// What both are told besides.
    pub control: Option<Rows>,
}

/// One drum on one step. Nothing is all zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GrooveHit {
    /// 1 if it is struck.
    pub hit: f64,
    /// 0 to 1.
    pub velocity: f64,
    /// -1 to 1: half a step late to half a step early.
    pub offset: f64,
}

/// The nine drums on one step.
pub type GrooveStep = [GrooveHit; DRUMS];

impl GrooveConverter {
    /// The windows of the music, one after the other; the last one only if it is full.
    ///
    /// # Errors
    /// A note that is none of the nine drums, or music for more than [`MAX_EXAMPLES`].
    pub fn to_tensors(&self, ns: &NoteSequence) -> Result<Vec<GrooveExample>, VaeError> {
        let Some(q) = super::on_grid(ns, STEPS_PER_QUARTER, STEPS_PER_BAR) else { return Ok(Vec::new()) };
        let window = self.bars.max(1) as usize * STEPS_PER_BAR as usize;
        let hop = self.hop.map_or(window, |hop| hop.max(1) as usize);
        let steps = self.steps(ns, &q, MAX_EXAMPLES * hop)?;
        let starts = (0..=steps.len()).step_by(hop).take_while(|start| start + window <= steps.len());
        Ok(starts.map(|start| self.example(&steps[start..start + window])).collect())
    }

    /// The loudest hit of every drum on every step, for whole bars; at most `max` steps.
    fn steps(&self, ns: &NoteSequence, q: &Quantised, max: usize) -> Result<Vec<GrooveStep>, VaeError> {
        let Grid::Beats { qpm, .. } = q.grid else { return Ok(Vec::new()) };
        let step_length = 60.0 / qpm / f64::from(STEPS_PER_QUARTER);
        let mut steps: Vec<GrooveStep> = Vec::new();
        for (note, on_grid) in ns.notes.iter().zip(&q.notes) {
            let drum = lane(self.kit, note.pitch).ok_or(EncodingError::UnknownDrum(note.pitch))?;
            let at = usize::try_from(on_grid.start_step)
                .ok()
                .filter(|&at| at < max && note.start_time.is_finite());
            let at = at.ok_or(EventError::TooLong)?;
            if at >= steps.len() {
                steps.resize((at + 1).next_multiple_of(STEPS_PER_BAR as usize), GrooveStep::default());
            }
            let cell = &mut steps[at][drum];
            let velocity = f64::from(note.velocity) / 127.0;
            if cell.hit == 0.0 || velocity > cell.velocity {
                let early = on_grid.start_step as f64 * step_length - note.start_time;
                *cell = GrooveHit { hit: 1.0, velocity, offset: 2.0 * early / step_length };
            }
        }
        Ok(steps)
    }

    fn example(&self, steps: &[GrooveStep]) -> GrooveExample {
        let input: Vec<GrooveStep> = steps.iter().map(|step| self.input.told(step)).collect();
        GrooveExample {
            input: self.layout.rows(&input),
            output: self.layout.rows(steps),
            control: self.control(steps),
        }
    }

    /// The hits, and which drum a step is for where each has its own.
    fn control(&self, steps: &[GrooveStep]) -> Option<Rows> {
        let hits = steps.iter().map(|step| step.map(|drum| drum.hit as f32));
        if self.layout != GrooveLayout::Split {
            return self.hits_as_controls.then(|| Rows { width: DRUMS, values: hits.flatten().collect() });
        }
        let mut values = Vec::new();
        for (drum, hit) in hits.flat_map(|hits| hits.into_iter().enumerate()) {
            values.extend(self.hits_as_controls.then_some(hit));
            values.extend((0..DRUMS).map(|d| f32::from(u8::from(d == drum))));
        }
        Some(Rows { width: DRUMS + usize::from(self.hits_as_controls), values })
    }

    /// Hits above one half, each one step long, at 120 quarter notes per minute, from rows of [`GrooveLayout::Together`].
    /// A note on the first step may begin before time 0. Quirk of the reference: the total time stays 0.
    ///
    /// # Errors
    /// Rows of another width, or numbers that are none.
    pub fn from_tensors(&self, output: &Rows) -> Result<NoteSequence, VaeError> {
        let step_length = 60.0 / QPM / f64::from(STEPS_PER_QUARTER);
        let mut notes = Vec::new();
        for (step, row) in output.of_width(3 * DRUMS)?.enumerate() {
            if !row.iter().all(|value| value.is_finite()) {
                return Err(VaeError::NotFinite);
            }
            for (drum, pitches) in self.kit.iter().enumerate().filter(|&(drum, _)| row[drum] > 0.5) {
                let early = f64::from((row[2 * DRUMS + drum] / 2.0).clamp(-0.5, 0.5));
                let start_time = (step as f64 - early) * step_length;
                notes.push(SequenceNote {
                    pitch: pitches[0],
                    velocity: (127.0 * row[DRUMS + drum]).round_ties_even().clamp(0.0, 127.0) as u8,
                    start_time,
                    end_time: start_time + step_length,
                    instrument: DRUM_INSTRUMENT,
                    program: 0,
                    is_drum: true,
                });
            }
        }
        Ok(NoteSequence { notes, tempos: vec![TempoMark { time: 0.0, qpm: QPM }], ..Default::default() })
    }
}

impl GrooveInput {
    /// What the encoder is told of a step.
    #[must_use]
    pub fn told(self, step: &GrooveStep) -> GrooveStep {
        let mut told = *step;
        if self.tapify {
            // Of equally loud drums the first: `max_by` takes the last, so go backwards.
            let loudest = step.iter().rev().max_by(|a, b| a.velocity.total_cmp(&b.velocity));
            told = GrooveStep::default();
            told[TAP] = loudest.copied().unwrap_or_default();
        }
        for (drum, hit) in told.iter_mut().enumerate() {
            if self.humanize {
                (hit.velocity, hit.offset) = (0.0, 0.0);
            }
            if self.fixed_velocities {
                hit.velocity = 0.0;
            }
            if self.add_drums >> drum & 1 == 1 {
                *hit = GrooveHit::default();
            }
        }
        told
    }
}

impl GrooveLayout {
    fn rows(self, steps: &[GrooveStep]) -> Rows {
        let parts = |step: &GrooveStep| {
            let column =
                |of: fn(&GrooveHit) -> f64| step.iter().map(|hit| of(hit) as f32).collect::<Vec<_>>();
            [column(|h| h.hit), column(|h| h.velocity), column(|h| h.offset)].concat()
        };
        match self {
            Self::Together => Rows { width: 3 * DRUMS, values: steps.iter().flat_map(parts).collect() },
            Self::Split => {
                let numbers = |hit: &GrooveHit| [hit.hit as f32, hit.velocity as f32, hit.offset as f32];
                Rows { width: 3, values: steps.iter().flatten().flat_map(numbers).collect() }
            }
            Self::Binned { velocities, offsets } => {
                let (velocities, offsets) = (velocities.max(2), offsets.max(2));
                let mut values = Vec::new();
                for step in steps {
                    values.extend(step.iter().map(|hit| hit.hit as f32));
                    step.iter().for_each(|hit| one_hot(hit.velocity, 0.0, velocities, &mut values));
                    step.iter().for_each(|hit| one_hot(hit.offset, -1.0, offsets, &mut values));
                }
                Rows { width: DRUMS * (1 + velocities as usize + offsets as usize), values }
            }
        }
    }
}

/// The bin of a value among `bins` (at least 2) edges from `min` to a little above 1: the first edge that is not below
/// it.
fn one_hot(value: f64, min: f64, bins: u32, into: &mut Vec<f32>) {
    const MAX: f64 = 1.0 + 1e-4;
    let width = (MAX - min) / f64::from(bins - 1);
    let bin = (0..bins - 1).filter(|&edge| min + f64::from(edge) * width < value).count();
    into.extend((0..bins as usize).map(|b| f32::from(u8::from(b == bin))));
}
