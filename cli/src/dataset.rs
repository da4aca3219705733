//! `descant dataset`. Folders of music to training pieces.

/// Options of `descant dataset`.
#[derive(clap::Args)]
pub struct Args {}

/// # Errors
/// Always, until the command is built.
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("`dataset` is not built yet")
}
