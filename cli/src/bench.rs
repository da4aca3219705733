//! `descant bench`. Speed, size and quality figures.

/// Options of `descant bench`.
#[derive(clap::Args)]
pub struct Args {}

/// # Errors
/// Always, until the command is built.
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("`bench` is not built yet")
}
