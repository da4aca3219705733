//! `descant bench train-step`. Speed of a training step.

/// Options.
#[derive(clap::Args, Default)]
pub struct Args {}

/// # Errors
/// Always, until the command is built.
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("`bench train-step` is not built yet")
}
