//! From logits to choices: seeded randomness, temperature, musical limits, beam search, likelihood.
//!
//! Worker thread. Knows classes and logits, not what they mean; holds no global generator: every draw is a
//! function of a seed and a position, so that takes do not depend on how they are batched.
mod beam;
mod choose;
mod density;
mod heads;
mod limits;
mod rng;
mod seed;

pub use beam::{BeamOptions, Scored, beam_search};
pub use choose::{greedy, log_probability, pick, probabilities};
pub use density::DensityControl;
pub use heads::Heads;
pub use limits::{Effect, limit};
pub use rng::{Replay, Rng, Uniforms};
pub use seed::{Seed, SeedError, derive};
