//! What a musician has: notes in clips with an exact length, tempo and meter, and files of them.
//!
//! Time is counted in [`Ticks`], never in floating-point beats. No model knowledge lives here.
mod clip;
mod time;

pub use clip::{Clip, ClipKind, Note};
pub use time::{Meter, TICKS_PER_QUARTER, Ticks};
