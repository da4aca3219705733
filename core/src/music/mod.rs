//! What a musician has: notes in clips with an exact length, tempo and meter, and files of them.
//!
//! Time is counted in [`Ticks`], never in floating-point beats. No model knowledge lives here.
mod clip;
mod quantise;
mod sequence;
mod time;

pub use clip::{Clip, ClipKind, Note};
pub use quantise::{
    DEFAULT_QPM, Grid, QuantiseError, Quantised, QuantisedNote, QuantisedText, STEPS_PER_QUARTER,
    step_of_tick, step_of_time, steps_per_second, tick_of_step,
};
pub use sequence::{ControlChange, NoteSequence, SequenceNote, TempoMark, TextAnnotation, TimeSignature};
pub use time::{Meter, TICKS_PER_QUARTER, Ticks};
