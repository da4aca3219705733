//! Performances: polyphonic music with expressive timing as a stream of note-ons, note-offs, time shifts and
//! velocity changes, or as a stream of whole notes.
//!
//! Any thread. Reference semantics, exactly (`spec` 4.6 of the note-model notes). Bounded: nothing longer than
//! [`MAX_STEPS`](super::events::MAX_STEPS) is made from a file.
mod control;
mod event;
mod extract;
mod notes;
mod sequence;
#[cfg(test)]
mod tests;

pub use control::{ControlTimeline, PerformanceControl, note_densities, pitch_histograms};
pub use event::{NoteEvent, PerformanceEvent, VelocityBins};
pub use extract::PerformanceLimits;
pub use notes::NotePerformance;
pub use sequence::{Performance, PerformanceGrid};

/// Resolution of the published models: a step is 10 ms.
pub const STEPS_PER_SECOND: u32 = 100;

/// Longest time shift of one event on a grid of seconds, in steps.
pub const MAX_SHIFT: u32 = 100;

/// Longest shift and longest duration of a [`NoteEvent`], in steps.
pub const MAX_NOTE_STEPS: u32 = 1000;
