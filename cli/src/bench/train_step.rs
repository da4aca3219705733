//! `descant bench train-step`: cost of a training step against the bound that the measured matrix product sets.
//!
//! Only arguments and printing here; the work needs `descant-learn`, which is part of builds with the feature
//! `train`.

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Repeats; the shortest counts
    #[arg(long, default_value_t = 5)]
    repeats: usize,
}

impl Default for Args {
    fn default() -> Self {
        Self { repeats: 5 }
    }
}

/// Runs the command.
///
/// # Errors
/// The step costs more than it may.
#[cfg(feature = "train")]
pub fn run(args: Args) -> anyhow::Result<()> {
    let found = descant_learn::bench::train_step(args.repeats)?;
    let [layers, units, steps, batch, classes] = found.shape;
    println!(
        "training step, LSTM {layers}×{units}, {steps} steps, batch {batch}, {classes} classes, one thread"
    );
    println!("  product of 1024² matrices   {:8.1} GFLOP/s", found.gflops);
    println!("  step                        {:8.3} s", found.step);
    println!("  bound 1.3 × 0.462 × 184/rate {:7.3} s", found.aim);
    println!("  step / bound                {:8.2}", found.step / found.aim);
    // Seconds per note that PyTorch needed with a quarter of the released channels, on a processor with AVX-512.
    const PYTORCH: [f64; 4] = [0.014, 0.029, 0.053, 0.118];
    let channels = [64, 64, 64, 64, 32, 16, 8];
    println!("GANSynth, a note forward and back, a quarter of the released channels, one thread");
    for (pace, pytorch) in descant_learn::gansynth::bench::paces(&channels, args.repeats).iter().zip(PYTORCH)
    {
        let work = 2e-9 * pace.multiply_adds as f64;
        println!(
            "  {:4} × {:4}   forward {:.4} s ({:5.1} GFLOP/s), both {:.4} s ({:5.1} GFLOP/s), PyTorch {pytorch:.3} s",
            pace.picture[0],
            pace.picture[1],
            pace.forward,
            work / pace.forward,
            pace.both,
            3.0 * work / pace.both,
        );
    }
    anyhow::ensure!(found.step <= found.aim, "a training step costs more than it may");
    Ok(())
}

/// Says that this build cannot train.
///
/// # Errors
/// Always.
#[cfg(not(feature = "train"))]
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("this build cannot train: build descant-cli with --features train")
}
