//! Descant Clips as CLAP and VST3 plugin: host glue, real-time side, worker and window.
pub mod gui;
