//! Sound that Descant makes itself: [`Audition`], the instrument through which a clip is heard before it is on a track;
//! [`spectral`] and [`combine`], how GANSynth's pictures become notes and notes a piece; [`instrument`], how rendered notes
//! are played.
//!
//! The audio thread runs [`Audition`] and [`instrument::Synth`]: they neither allocate nor lock nor wait after construction. The rest is for worker
//! threads. Nothing here decides notes: ordinary floating-point maths is fine, unlike in the note paths.
pub mod along;
mod audition;
mod bank;
pub mod combine;
pub mod instrument;
mod kit;
pub mod picture;
mod room;
pub mod spectral;
mod voice;
mod warm;
pub mod wav;

pub use audition::{Audition, Sound};
