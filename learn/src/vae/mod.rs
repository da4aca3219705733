//! Training of the latent-vector models, MusicVAE and GrooVAE (`spec/vae.md` §5): [`task`] reads [`window`]s from the
//! corpora, [`network`] finds loss and gradients, [`session`] is the loop. Runs on the thread that trains.
//!
//! One hand-written chain of the kernels of [`crate::lstm`], without a graph: encoder and decoder share no layer, so
//! the order of the backward pass is plain. The figures of trained weights come from the core's own network.

mod head;
pub mod metrics;
pub mod network;
pub mod session;
pub mod task;
pub mod window;

#[cfg(test)]
mod tests;
