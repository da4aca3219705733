//! `descant continue`. Writes on from a clip.

/// Options of `descant continue`.
#[derive(clap::Args)]
pub struct Args {}

/// # Errors
/// Always, until the command is built.
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("`continue` is not built yet")
}
