//! Chords as Magenta.js tells them to a model: a progression spread evenly over the steps. Any thread.
use super::VaeError;
use crate::codec::encoding::{ChordEncoding, ControlEncoding, SparseVector};
use crate::music::Chord;

/// How a model is told chords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsChords {
    /// Cells of a chord.
    pub encoding: ChordEncoding,
    /// Parts of a piece that are told the progression one by one, each after one step without a chord; 1 = the whole.
    pub parts: usize,
}

impl JsChords {
    /// The control of every step; `None` is no chord. Without any chord, none all along.
    ///
    /// # Errors
    /// A chord that the model does not know.
    pub fn controls(&self, chords: &[Option<Chord>], steps: usize) -> Result<Vec<SparseVector>, VaeError> {
        let rows = |count: usize| -> Result<Vec<SparseVector>, VaeError> {
            let row = |step| {
                let mut row = SparseVector::new();
                self.encoding.input(progression(chords, step, count), &mut row)?;
                Ok(row)
            };
            (0..count).map(row).collect()
        };
        if self.parts < 2 {
            return rows(steps);
        }
        let part = (steps / self.parts).max(1);
        let mut first = SparseVector::new();
        self.encoding.input(None, &mut first)?;
        let one: Vec<SparseVector> = std::iter::once(first).chain(rows(part - 1)?).collect();
        Ok(one.into_iter().cycle().take(part * self.parts).collect())
    }
}

/// The chord of a step when `chords` share `steps` steps.
#[must_use]
pub fn progression(chords: &[Option<Chord>], step: usize, steps: usize) -> Option<Chord> {
    chords.get(step * chords.len() / steps.max(1)).copied().flatten()
}
