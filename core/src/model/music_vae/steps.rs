//! [`Steps`]: a piece of music as the decoder writes it. Any thread.
use super::shape::Head;
use crate::codec::encoding::SparseVector;

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

    /// Decides on those hits of a groove's last step that `hit` knows.
    pub(super) fn give_hits(&mut self, head: &Head, hit: impl Fn(usize) -> Option<bool>) {
        if let (Self::Rows { values, width }, Head::Groove { drums }) = (self, head) {
            let last = values.len().saturating_sub(*width);
            for (drum, value) in values[last..].iter_mut().take(*drums).enumerate() {
                if let Some(given) = hit(drum) {
                    *value = f32::from(u8::from(given));
                }
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
