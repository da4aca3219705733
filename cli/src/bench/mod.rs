//! `descant bench`: speed, size and quality figures. Each bench prints ratios that were measured in one run.

mod kernels;

use clap::Subcommand;

/// Options of `descant bench`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Steps of the networks against the memory and arithmetic limits of this CPU, and against burn
    Kernels(kernels::Args),
}

/// Runs the chosen bench.
///
/// # Errors
/// If an answer is wrong while it is timed, or a network cannot be built.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.bench {
        Bench::Kernels(args) => kernels::run(&args),
    }
}
