//! Descant Clips as CLAP and VST3 plugin: host glue, real-time side, worker and window.
//!
//! [`clips`] is what the host calls; [`bridge`] is all that crosses to and from the audio thread; [`worker`] runs
//! the tools; [`library`] holds the models; [`gui`] draws. [`keys`] is Descant Keys, which the bundle does not export before
//! there are weights for it.
pub mod bridge;
pub mod clips;
pub mod gui;
pub mod keys;
pub mod library;
pub mod worker;

pub use clips::Clips;
