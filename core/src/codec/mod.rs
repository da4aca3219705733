//! Quantised music ↔ the event sequences models speak ↔ network inputs and labels.
//!
//! One file per representation. Runs wherever its caller runs; holds no weights and draws no random numbers.
pub mod chords;
pub mod drums;
pub mod encoding;
pub mod events;
pub mod lead_sheet;
pub mod melody;
pub mod performance;
pub mod pianoroll;
pub mod polyphony;
#[cfg(test)]
mod testing;
pub mod vae;

pub use chords::ChordProgression;
pub use drums::{DrumTrack, PitchSet};
pub use events::{EventError, Limits, StepEvent, Steps};
pub use lead_sheet::LeadSheet;
pub use melody::{Melody, MelodyEvent, MelodyLimits};
pub use performance::{NoteEvent, NotePerformance, Performance, PerformanceEvent};
pub use pianoroll::{Frame, Pianoroll};
pub use polyphony::{PolyphonicEvent, Polyphony};
