//! Two old machines that write music, to compare networks with: a dice game and a Markov chain.
//!
//! Any thread. Pure functions of their input and a seed, like everything that draws lots here.
pub mod dice;
mod markov;

pub use markov::{MAX_ORDER, MarkovToy, ToyError};
