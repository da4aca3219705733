//! Networks on the CPU: weights by name, packed kernels, the LSTM stack that every event model steps through.
//!
//! Runs on the worker thread (or any other that is not the audio thread); knows no music. The same inputs give
//! the same bits on every instruction set, batch size and thread count: each output is one chain of fused
//! multiply-adds in a fixed order that starts at the bias, and the activations are our own ([`math`]).
//!
//! From the outside in: [`Weights`] (what a checkpoint holds) → [`LstmStack::new`] (packs them once) →
//! [`LstmStack::state`] → [`LstmStack::step`] per event for a whole batch of takes.
//! Never here: reading files, randomness, `unsafe` outside [`simd`].

mod attention;
mod bidirectional;
#[cfg(test)]
mod bidirectional_tests;
pub mod conv;
mod dense;
mod error;
pub mod formula;
mod lstm;
pub mod math;
mod nade;
mod pack;
pub mod probe;
pub mod simd;
mod stack;
mod state;
#[cfg(test)]
mod tests;
mod weights;

pub use bidirectional::Bidirectional;
pub use dense::Dense;
pub use error::NnError;
pub use nade::{Nade, NadeRoom};
pub use pack::Storage;
pub use simd::Isa;
pub use stack::{Context, LANES_AT_ONCE, LstmStack, StackConfig};
pub use state::StackState;
pub use weights::{Tensor, TensorData, Weights};
