//! Quantised music ↔ the event sequences models speak ↔ network inputs and labels.
//!
//! One file per representation. Runs wherever its caller runs; holds no weights and draws no random numbers.
pub mod drums;
pub mod encoding;
pub mod events;
pub mod melody;
pub mod pianoroll;
pub mod polyphony;

pub use drums::{DrumTrack, PitchSet};
pub use events::{EventError, Limits, StepEvent, Steps};
pub use melody::{Melody, MelodyEvent, MelodyLimits};
pub use pianoroll::{Frame, Pianoroll};
pub use polyphony::{PolyphonicEvent, Polyphony};
