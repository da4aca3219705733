//! The library that hosts load: only the export macros.
#![allow(missing_docs, clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]
use descant_plugin::{Clips, Keys};

nice_plug::nice_export_clap!(Clips, Keys);
nice_plug::nice_export_vst3!(Clips, Keys);
