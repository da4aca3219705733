//! `descant train`. Trains weights.

/// Options of `descant train`.
#[derive(clap::Args)]
pub struct Args {}

/// # Errors
/// Always, until the command is built.
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("`train` is not built yet")
}
