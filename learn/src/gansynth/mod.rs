//! GANSynth's generator, trained by reconstruction: every instrument is a vector that is learned beside the network
//! (Bojanowski et al., "Optimizing the Latent Space of Generative Networks", 2018), coarse pictures first.
//!
//! [`notes`] → [`data`] (what is learned) → [`network`] on [`conv`] and [`plane`], compared by [`loss`] → [`session`] →
//! [`metrics`]. What came of it is for [`mod@judge`], by [`measure`]. Gradients are written by hand; burn has only the
//! [`reference`].

pub mod bench;
pub mod conv;
pub mod data;
pub mod judge;
pub mod loss;
pub mod measure;
pub mod metrics;
pub mod network;
pub mod notes;
pub mod plane;
pub mod reference;
pub mod session;
#[cfg(test)]
mod tests;
