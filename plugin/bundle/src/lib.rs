//! The library that hosts load: only the export macros.
//!
//! Keys is in the bundles of tests and demo. It is not shipped before its weights pass their gates (`docs/gansynth.md`).
#![allow(missing_docs, clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]
use descant_plugin::Clips;
#[cfg(debug_assertions)]
use descant_plugin::Keys;

#[cfg(debug_assertions)]
nice_plug::nice_export_clap!(Clips, Keys);
#[cfg(debug_assertions)]
nice_plug::nice_export_vst3!(Clips, Keys);
#[cfg(not(debug_assertions))]
nice_plug::nice_export_clap!(Clips);
#[cfg(not(debug_assertions))]
nice_plug::nice_export_vst3!(Clips);
