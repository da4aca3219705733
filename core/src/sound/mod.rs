//! Sound that Descant makes itself: [`Audition`], the instrument through which a clip is heard before it is on a track.
//!
//! The audio thread runs it. Nothing here allocates, locks or waits after construction, and nothing here decides notes:
//! ordinary floating-point maths is fine, unlike in the note paths.
mod audition;
mod bank;
pub mod combine;
mod kit;
mod room;
pub mod spectral;
mod voice;
mod warm;

pub use audition::{Audition, Sound};
