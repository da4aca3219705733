//! `descant generate`. Writes clips from nothing.

/// Options of `descant generate`.
#[derive(clap::Args)]
pub struct Args {}

/// # Errors
/// Always, until the command is built.
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("`generate` is not built yet")
}
