//! A bar of several instruments, one after the other. Any thread.
use super::super::multitrack::{DRUMS, END, PROGRAM, STEPS_PER_BAR, bins, token};
use super::super::{MultitrackConverter, VaeError};
use crate::codec::Performance;
use crate::codec::encoding::SparseVector;
use crate::codec::performance::{PerformanceEvent, PerformanceLimits};
use crate::music::{NoteSequence, Quantised};

pub(super) use super::super::multitrack::STEPS_PER_QUARTER;

/// Notes ↔ the tokens of [`MultitrackConverter`], for other numbers of tracks and tokens too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsMultitrack {
    /// Most tracks.
    pub tracks: usize,
    /// Most tokens of a track, program and end among them; at least 2.
    pub tokens: usize,
}

impl JsMultitrack {
    /// The tokens of all tracks; rows after a track's end are empty. Quirks of the original: no velocity is written before
    /// the first note if that is in the top bin; events beyond the room of a track and tracks beyond the number are
    /// dropped.
    pub(super) fn steps(&self, q: &Quantised) -> Result<Vec<SparseVector>, VaeError> {
        let limits =
            PerformanceLimits { bins: bins(), split_instruments: true, ..PerformanceLimits::default() };
        let mut tracks = Vec::new();
        for mut performance in Performance::extract_all(q, &limits)? {
            let program = match (performance.is_drum(), performance.program()) {
                (Some(true), _) => DRUMS,
                (_, Some(program)) => PROGRAM + u32::from(program),
                (_, None) => return Err(VaeError::MixedTrack),
            };
            performance.set_length(STEPS_PER_BAR.into())?;
            tracks.push((program, performance));
        }
        tracks.sort_by_key(|track| track.0);
        let top = PerformanceEvent::Velocity(bins().count());
        let room = self.tokens.saturating_sub(2);
        let mut steps = Vec::with_capacity(self.tracks * self.tokens);
        for track in 0..self.tracks {
            let mut tokens = Vec::new();
            if let Some((program, performance)) = tracks.get(track) {
                let events = performance.events();
                let first = events.iter().position(|e| matches!(e, PerformanceEvent::Velocity(_)));
                let silent = first.filter(|&at| events[at] == top);
                let kept = events.iter().enumerate().filter(|&(i, _)| Some(i) != silent).take(room);
                tokens.push(*program);
                for (_, &event) in kept {
                    tokens.push(token(event)?);
                }
            }
            tokens.push(END);
            steps.extend(tokens.into_iter().map(|token| vec![(token, 1.0)]));
            steps.resize((track + 1) * self.tokens, SparseVector::new());
        }
        Ok(steps)
    }

    /// Notes of the tokens.
    pub(super) fn notes(&self, labels: &[u32], qpm: f64) -> Result<NoteSequence, VaeError> {
        let tracks: Vec<Vec<u32>> = labels.chunks(self.tokens.max(1)).map(<[_]>::to_vec).collect();
        let mut ns = MultitrackConverter::default().from_tensors(&tracks)?;
        // They are laid out at the tempo of the Python program.
        let scale = super::super::QPM / qpm;
        for note in &mut ns.notes {
            note.start_time *= scale;
            note.end_time *= scale;
        }
        ns.tempos.iter_mut().for_each(|tempo| tempo.qpm = qpm);
        ns.total_time = f64::from(STEPS_PER_BAR) / f64::from(STEPS_PER_QUARTER) * 60.0 / qpm;
        Ok(ns)
    }
}
