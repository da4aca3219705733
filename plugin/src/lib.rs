//! Descant Clips and Descant Keys as CLAP and VST3 plugins: host glue, real-time side, workers and windows.
//!
//! [`clips`] and [`keys`] are what the host calls; [`bridge`] is all that crosses to and from the audio thread of Clips
//! ([`keys::bridge`] is that of Keys); [`worker`] runs the tools; [`library`] holds the models; [`gui`] draws.
pub mod bridge;
pub mod clips;
pub mod gui;
pub mod keys;
pub mod library;
pub mod worker;

pub use clips::Clips;
pub use keys::Keys;
