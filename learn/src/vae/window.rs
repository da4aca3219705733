//! [`Window`]: some bars of the corpora, and [`Example`], what a network makes of them: cells that the encoder reads, the
//! steps that the decoder should write. Runs on the thread that trains.

use crate::rng::Rng;
use descant_core::codec::MelodyEvent;
use descant_core::codec::encoding::SparseVector;
use descant_core::codec::vae::{GrooveConverter, GrooveExample, MELODY_CLASSES, Rows, VaeError};
use descant_core::corpus::{DrumPiece, MelodyPiece};
use descant_core::model::music_vae::Steps;
use descant_core::music::{NoteSequence, SequenceNote, TICKS_PER_QUARTER, TempoMark};
use std::collections::HashSet;

/// Sixteenths of a bar.
pub const BAR: usize = 16;

/// Farthest that a melody is moved while it is learned, semitones.
const TRANSPOSE: i64 = 6;

/// Lowest pitch that has a melody class; its class is 2.
const LOWEST: i64 = 21;

/// An example of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Cells of each step as the encoder reads it.
    pub input: Vec<SparseVector>,
    /// Cells of each step's control as the decoder reads it, from 0 on; empty for none.
    pub control: Vec<SparseVector>,
    /// What the decoder should write.
    pub target: Steps,
}

/// Some bars to learn from.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// A class 0..512 for each 16th, bit `i` being drum `i`.
    Drums(Vec<u32>),
    /// A class 0..90 for each 16th.
    Melody(Vec<u32>),
    /// Hits with velocities and offsets.
    Groove(GrooveExample),
}

impl Window {
    /// As it is learned: melodies in a key by chance.
    #[must_use]
    pub fn varied(&self, rng: &mut Rng) -> Example {
        let Self::Melody(classes) = self else { return self.example() };
        let pitches = || classes.iter().filter(|&&c| c >= 2).map(|&c| i64::from(c));
        let (low, high) = (pitches().min().unwrap_or(2), pitches().max().unwrap_or(2));
        let from = (-TRANSPOSE).max(2 - low);
        let to = (TRANSPOSE - 1).min(MELODY_CLASSES as i64 - 1 - high).max(from);
        let shift = from + rng.below((to - from + 1) as usize) as i64;
        let moved = classes.iter().map(|&c| if c >= 2 { (i64::from(c) + shift) as u32 } else { c });
        Self::Melody(moved.collect()).example()
    }

    /// As it is.
    #[must_use]
    pub fn example(&self) -> Example {
        let classes = |input, classes: &[u32]| Example {
            input,
            control: Vec::new(),
            target: Steps::Classes(vec![classes.to_vec()]),
        };
        match self {
            Self::Drums(steps) => {
                let cells = |&class: &u32| -> SparseVector {
                    let hits = (0..9).filter(|drum| class >> drum & 1 == 1);
                    // A cell of its own says that nothing sounds.
                    if class == 0 { vec![(9, 1.0)] } else { hits.map(|drum| (drum, 1.0)).collect() }
                };
                classes(steps.iter().map(cells).collect(), steps)
            }
            Self::Melody(steps) => classes(steps.iter().map(|&class| vec![(class, 1.0)]).collect(), steps),
            Self::Groove(GrooveExample { input, output, control }) => {
                let control = control.as_ref().map(cells).unwrap_or_default();
                let width = input.width as u32;
                let mut input = cells(input);
                for (step, control) in input.iter_mut().zip(&control) {
                    step.extend(control.iter().map(|&(cell, value)| (width + cell, value)));
                }
                let target = Steps::Rows { values: output.values.clone(), width: output.width };
                Example { input, control, target }
            }
        }
    }
}

fn cells(rows: &Rows) -> Vec<SparseVector> {
    let row = |row: &[f32]| (0..).zip(row).filter(|c| *c.1 != 0.0).map(|(i, &v)| (i, v)).collect();
    rows.iter().map(row).collect()
}

/// Starts of the windows of `bars` bars in `steps` steps: every bar line.
fn starts(steps: usize, bars: usize) -> impl Iterator<Item = usize> {
    (0..=steps).step_by(BAR).take_while(move |start| start + bars * BAR <= steps)
}

/// Each different window of a drum recording in 4/4 that has a hit.
#[must_use]
pub fn of_drums(piece: &DrumPiece, bars: usize) -> Vec<Window> {
    let mut seen = HashSet::new();
    let cut = |start: usize| piece.classes[start..start + bars * BAR].iter().map(|&c| u32::from(c)).collect();
    let windows = starts(piece.classes.len(), bars).map(cut);
    windows
        .filter(|w: &Vec<u32>| w.iter().any(|&c| c > 0) && seen.insert(w.clone()))
        .map(Window::Drums)
        .collect()
}

/// Each different window of a melody that has a note. A note that is held from before is a rest, as published.
#[must_use]
pub fn of_melody(piece: &MelodyPiece, bars: usize) -> Vec<Window> {
    let mut seen = HashSet::new();
    let class = |event: &MelodyEvent| match event {
        MelodyEvent::NoEvent => 0,
        MelodyEvent::NoteOff => 1,
        MelodyEvent::Pitch(pitch) => {
            let mut pitch = i64::from(*pitch);
            while pitch < LOWEST {
                pitch += 12;
            }
            while pitch > LOWEST + MELODY_CLASSES as i64 - 3 {
                pitch -= 12;
            }
            (pitch - LOWEST + 2) as u32
        }
    };
    let cut = |start: usize| -> Vec<u32> {
        let mut steps: Vec<u32> = piece.events[start..start + bars * BAR].iter().map(class).collect();
        let first = steps.iter().position(|&c| c >= 2).unwrap_or(steps.len());
        steps[..first].fill(0);
        steps
    };
    let windows = starts(piece.events.len(), bars).map(cut);
    windows.filter(|w| w.iter().any(|&c| c >= 2) && seen.insert(w.clone())).map(Window::Melody).collect()
}

/// The windows of a drum recording as `converter` makes them. Strokes of what is none of its drums are left out.
///
/// # Errors
/// Music that is too long.
pub fn of_groove(piece: &DrumPiece, converter: &GrooveConverter) -> Result<Vec<Window>, VaeError> {
    // The tempo cancels out: offsets are shares of a step.
    let seconds = |ticks| ticks as f64 / TICKS_PER_QUARTER as f64 * 0.5;
    let known = |pitch: u8| converter.kit.iter().any(|lane| lane.contains(&pitch));
    let note = |hit: &descant_core::corpus::Hit| SequenceNote {
        pitch: hit.pitch,
        velocity: hit.velocity,
        start_time: seconds(hit.start),
        end_time: seconds(hit.start) + 0.1,
        instrument: 9,
        program: 0,
        is_drum: true,
    };
    let notes: Vec<SequenceNote> = piece.hits.iter().filter(|h| known(h.pitch)).map(note).collect();
    let total_time = notes.iter().map(|n| n.end_time).fold(0.0, f64::max);
    let tempos = vec![TempoMark { time: 0.0, qpm: 120.0 }];
    let ns = NoteSequence { notes, tempos, total_time, ..NoteSequence::default() };
    let heard = |e: &GrooveExample| e.output.values.iter().any(|&v| v != 0.0);
    Ok(converter.to_tensors(&ns)?.into_iter().filter(heard).map(Window::Groove).collect())
}
