//! `descant bench kernels`. Speed of the kernels.

/// Options.
#[derive(clap::Args, Default)]
pub struct Args {}

/// # Errors
/// Always, until the command is built.
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("`bench kernels` is not built yet")
}
