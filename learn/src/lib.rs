//! Training and reference implementations on burn: the networks in autodiff, their custom operations, and the
//! loops that make the weights Descant ships. Used by the command line and by tests, never by the note path.

pub mod adam;
pub mod checkpoint;
pub mod encode;
pub mod lstm;
pub mod matrix;
pub mod network;
pub mod op;
pub mod reference;
pub mod rng;
pub mod stream;
pub mod trainer;
