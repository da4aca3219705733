//! Training and reference implementations on burn: the networks in autodiff, their custom operations, and the
//! loops that make the weights Descant ships. Used by the command line and by tests, never by the note path.
//!
//! [`corpora`] → [`task`] (what a model learns from) → [`mod@piece`], [`stream`] and [`encode`] (stretches of inputs and labels) →
//! [`network`] on the custom operations of [`op`] ([`lstm`], [`matrix`]) → [`trainer`] with [`adam`] →
//! [`checkpoint`]. [`mod@reference`] is the same network in plain burn.

pub mod adam;
pub mod attention;
pub mod bench;
pub mod checkpoint;
pub mod corpora;
pub mod encode;
pub mod export;
pub mod gansynth;
pub mod learner;
pub mod lstm;
pub mod matrix;
pub mod metrics;
pub mod nade;
pub mod network;
pub mod op;
pub mod performed;
pub mod piece;
pub mod reference;
pub mod rng;
pub mod stream;
pub mod task;
pub mod trainer;
pub mod vae;
