//! [`Steps`]: a piece of music as the decoder writes it. Any thread.
use super::shape::Head;
use crate::codec::encoding::SparseVector;
use crate::nn::math;

/// Steps of music.
#[derive(Clone, Debug, PartialEq)]
pub enum Steps {
    /// For each block of classes the class of every step: one block, or melody, bass and drums of a trio.
    Classes(Vec<Vec<u32>>),
    /// Numbers of every step, row after row: which keys sound (0 or 1); or hits (0 or 1), velocities (0..=1) and offsets
    /// (−1..=1, positive = early) of the drums.
    Rows {
        /// [steps × width].
        values: Vec<f32>,
        /// Numbers of a step.
        width: usize,
    },
}

impl Steps {
    /// No steps yet of what `head` gives.
    pub(super) fn none(head: &Head) -> Self {
        match head {
            Head::Categorical(blocks) => Self::Classes(vec![Vec::new(); blocks.len()]),
            head => Self::Rows { values: Vec::new(), width: head.width() },
        }
    }

    /// Number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(blocks) => blocks.iter().map(Vec::len).min().unwrap_or(0),
            Self::Rows { values, width } => values.len() / (*width).max(1),
        }
    }

    /// Whether there is no step.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether they are steps of what `head` gives.
    pub(super) fn fit(&self, head: &Head) -> bool {
        match (self, head) {
            (Self::Classes(classes), Head::Categorical(widths)) => {
                classes.len() == widths.len()
                    && classes.iter().zip(widths).all(|(classes, &width)| {
                        classes.len() == self.len() && classes.iter().all(|&c| (c as usize) < width)
                    })
            }
            (Self::Rows { width, .. }, Head::Nade { .. } | Head::Groove { .. }) => *width == head.width(),
            _ => false,
        }
    }

    /// Decides on those hits of a groove's last step that `hit` knows; `outputs` are what the network gave for it.
    ///
    /// The network is trained on squared errors over all drums, those that rest being 0: its velocity is that of a
    /// stroke times the stroke's probability. Where a stroke is certain, that probability is taken out again; a drum
    /// that rests has neither velocity nor offset, as in training.
    pub(super) fn give_hits(&mut self, head: &Head, outputs: &[f32], hit: impl Fn(usize) -> Option<bool>) {
        /// Less certain strokes are not made up for entirely: there the quotient of two small numbers says little.
        const LEAST: f32 = 0.25;
        let (Self::Rows { values, width }, Head::Groove { drums }) = (self, head) else { return };
        let last = values.len().saturating_sub(*width);
        let Some(row) = values.get_mut(last..).filter(|row| row.len() >= 3 * drums) else { return };
        for drum in 0..*drums {
            let Some(given) = hit(drum) else { continue };
            row[drum] = f32::from(u8::from(given));
            let probability = outputs.get(drum).map_or(1.0, |&logit| math::sigmoid(logit).max(LEAST));
            for (cell, least) in [(drums + drum, 0.0), (2 * drums + drum, -1.0)] {
                row[cell] = if given { (row[cell] / probability).clamp(least, 1.0) } else { 0.0 };
            }
        }
    }

    /// Replaces `cells` by the cells of a step that are not zero, block after block; none for a step that is not there.
    pub fn cells(&self, step: usize, head: &Head, cells: &mut SparseVector) {
        cells.clear();
        match (self, head) {
            (Self::Classes(classes), Head::Categorical(widths)) => {
                let mut first = 0;
                for (classes, &width) in classes.iter().zip(widths) {
                    cells.extend(classes.get(step).map(|&class| (first + class, 1.0)));
                    first += width as u32;
                }
            }
            (Self::Rows { values, width }, _) => {
                let row = values.get(step * width..(step + 1) * width).unwrap_or_default();
                cells
                    .extend((0..).zip(row).filter(|(_, value)| **value != 0.0).map(|(i, &value)| (i, value)));
            }
            _ => {}
        }
    }
}
