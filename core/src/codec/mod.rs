//! Clips ↔ model events ↔ network inputs and labels.
pub mod encoding;
