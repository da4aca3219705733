//! `descant dataset`: what the corpora give a model to learn from, and what stayed out and why.
//!
//! Reads `assets/corpora` through `descant-learn`, which is only part of builds with the feature `train`.

use std::path::PathBuf;

/// Options of `descant dataset`.
#[derive(clap::Args)]
pub struct Args {
    /// Model whose pieces are wanted, e.g. drum_kit, lookback_rnn, polyphony
    model: String,
    /// Folder of the corpora
    #[arg(long, default_value = "assets/corpora")]
    corpus: PathBuf,
    /// List every piece that stayed out
    #[arg(long)]
    each: bool,
    /// Write the pieces here, one JSON object per line: split, id, steps per bar, event classes
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Unknown model, unreadable corpus, or a file that cannot be written.
#[cfg(feature = "train")]
pub fn run(args: Args) -> anyhow::Result<()> {
    use anyhow::Context;
    use std::io::Write;

    let task =
        descant_learn::task::Task::open(&args.model, &args.corpus, descant_learn::task::Meters::default())?;
    for funnel in &task.funnels {
        println!("{}", funnel.report(args.each));
    }
    let sets = [("train", &task.sets.train), ("validation", &task.sets.valid), ("test", &task.sets.test)];
    let unit = task.architecture.encoding.unit();
    for (name, pieces) in sets {
        let steps: usize = pieces.iter().map(|p| p.events.len()).sum();
        println!("{name}: {} pieces, {steps} steps (one per {unit})", pieces.len());
    }
    if let Some(path) = &args.out {
        let failed = || format!("cannot write {}", path.display());
        let mut file = std::io::BufWriter::new(std::fs::File::create(path).with_context(failed)?);
        for (split, pieces) in sets {
            for piece in pieces {
                let line = serde_json::json!({ "split": split, "piece": piece });
                writeln!(file, "{line}").with_context(failed)?;
            }
        }
        file.flush().with_context(failed)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Says that this build cannot read corpora.
///
/// # Errors
/// Always.
#[cfg(not(feature = "train"))]
pub fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("this build cannot read corpora: build descant-cli with --features train")
}
