//! The instrument of Descant Keys: notes that a model rendered, played as a sampler plays.
//!
//! From a worker's hands to sound: [`Recording`] (what the model gave, small enough to keep on disk) → [`Zone`] (at the
//! host's rate, looped) → [`Pool`] (the zones that there are, by place on the morph [`Grid`] and pitch) → [`Synth`] (the
//! voices that read them). The first two are a worker's; pool and synth are the audio thread's and neither allocate,
//! free, lock nor wait after construction.
mod align;
mod envelope;
mod grid;
mod looping;
mod notes;
mod pool;
mod recording;
mod resample;
mod settings;
mod synth;
mod voice;
mod zone;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use envelope::Adsr;
pub use grid::{Axes, Grid, POSITIONS, Position};
pub use notes::{Controller, Expression, Which};
pub use pool::{Choice, PLACES, Pool};
pub use recording::Recording;
pub use resample::Resampler;
pub use settings::Settings;
pub use synth::{MOST_VOICES, Synth};
pub use zone::{Zone, ZoneError};
