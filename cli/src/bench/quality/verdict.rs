//! What a judge of one family says of one model at one temperature.

use super::Args;
use descant_core::corpus::measure::Gate;
use serde_json::Value;

/// Gates and figures; everything else is on the terminal already.
pub(super) struct Verdict {
    pub(super) gates: Vec<Gate>,
    /// For the card, with what is needed to get them again but for the command.
    pub(super) figures: Value,
}

/// Real music of a model's family, and the model ready to write.
pub(super) trait Judge {
    /// Lets the model write at a temperature, measures and prints.
    ///
    /// # Errors
    /// A model that cannot write.
    fn judge(&self, temperature: f32, args: &Args) -> anyhow::Result<Verdict>;
}
