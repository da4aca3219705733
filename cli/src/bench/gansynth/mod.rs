//! `descant bench gansynth`: what a note costs, of the released size and of one with at most 128 channels.
//!
//! Weights are from a formula. The work counts what is really multiplied: doubling and convolving in one takes 4 of 9
//! products. One thread is timed in CPU time where the system tells it, several on the clock, so only on a quiet machine
//! do they compare. While timing, the answers are checked: several threads against one, same bits; ONNX Runtime's beside
//! ours.

#[cfg(feature = "gpu")]
mod graphics;
mod onnx;

use super::models::least;
use anyhow::{Result, ensure};
use descant_core::model::gansynth::{GanSynth, Normaliser, Shape};
use descant_core::nn::conv::{Alone, Crew, Task};
use descant_core::nn::{Isa, Weights, formula, probe};
use descant_core::tool::Cancel;
use std::hint::black_box;
use std::sync::Mutex;
use std::time::Instant;

/// Options of `descant bench gansynth`.
#[derive(clap::Args)]
pub struct Args {
    /// How often each figure is measured; the least counts
    #[arg(long, default_value_t = Args::default().repeats)]
    repeats: usize,
    /// Threads of the parallel figures
    #[arg(long, default_value_t = Args::default().threads)]
    threads: usize,
}

impl Default for Args {
    fn default() -> Self {
        Self { repeats: 5, threads: 2 }
    }
}

/// Products of the original's convolutions at the released size.
const NOMINAL: f64 = 14.07e9;

/// Runs the bench.
///
/// # Errors
/// If several threads give another answer than one.
pub fn run(args: &Args) -> Result<()> {
    let (isa, repeats) = (Isa::best(), args.repeats.max(1));
    let crew = Threads(args.threads.clamp(1, 64));
    let rounds = 40_000;
    let peak = least(repeats, || {
        black_box(probe::multiply(isa, black_box(rounds)));
        Ok(())
    })?;
    // Micros to thousands of millions per second.
    let peak = (rounds * probe::MULTIPLIED) as f64 / peak / 1e3;
    println!(
        "{}, {:.1} GFLOP/s at most on one thread; ms per note, least of {repeats} repeats",
        isa.name(),
        2.0 * peak
    );
    println!(
        "{:30} {:>6} {:>9} {:>9} {:>8} {:>10} {:>10} {:>7}",
        "", "GFLOP", "1 thread", "GFLOP/s", "of peak", "inversion", "threads", "faster"
    );
    let full = Shape::released();
    let small = Shape { channels: full.channels.iter().map(|&c| c.min(128)).collect(), ..full.clone() };
    let mut reached = 0.0;
    for (name, shape) in [("released size", full), ("at most 128 channels", small)] {
        let weights = weights(&shape);
        let finished = shape.finished();
        let model = GanSynth::new(shape, Normaliser::default(), &weights, finished)?;
        let z = model.random_instrument(1);
        let cancel = Cancel::default();
        let image = |crew: &dyn Crew| model.generator().image(&z, 60, crew, &cancel);
        let expected = image(&Alone)?;
        let one = least(repeats, || {
            black_box(image(&Alone)?);
            Ok(())
        })? / 1e3;
        let whole = least(repeats, || {
            black_box(model.note(&z, 60, &Alone, &cancel)?);
            Ok(())
        })? / 1e3;
        let mut many = f64::INFINITY;
        for _ in 0..repeats {
            let start = Instant::now();
            let found = image(&crew)?;
            many = many.min(start.elapsed().as_secs_f64() * 1e3);
            ensure!(found == expected, "{} threads give another image than one", crew.0);
        }
        let work = model.generator().multiply_adds() as f64;
        let rate = work / one / 1e6;
        println!(
            "{name:30} {:6.2} {one:9.1} {:9.1} {:7.0} % {:10.1} {many:7.1} ×{} {:7.2}",
            2.0 * work / 1e9,
            2.0 * rate,
            100.0 * rate / peak,
            whole - one,
            crew.0,
            one / many
        );
        if reached == 0.0 {
            reached = NOMINAL / one / 1e6;
            let shape = model.generator().shape();
            let given = onnx::Given { shape, weights: &weights, z: &z, pitch: 60, image: &expected };
            match onnx::measure(&given, repeats, crew.0) {
                Ok(theirs) => println!(
                    "{:30} {:6} {:9.1} {:31} {:7.1} ×{}  ours takes {:.2} of it on one thread, {:.2} on {} (goal with AVX-512: at most 0.7)",
                    format!("  ONNX Runtime {}", theirs.version),
                    "",
                    theirs.one,
                    "",
                    theirs.many,
                    crew.0,
                    one / theirs.one,
                    many / theirs.many,
                    crew.0
                ),
                Err(why) => println!("  ONNX Runtime: not measured ({why:#})"),
            }
        }
    }
    graphics::measure(repeats)?;
    println!("as if all nine taps were multiplied: {:.1} GFLOP/s at the released size", 2.0 * reached);
    Ok(())
}

/// Without the part for graphics processors.
#[cfg(not(feature = "gpu"))]
mod graphics {
    pub fn measure(_: usize) -> anyhow::Result<()> {
        println!("graphics processor: not measured (this build is without it)");
        Ok(())
    }
}

fn weights(shape: &Shape) -> Weights {
    let variables = shape.variables();
    let scales = formula::Scales { default: 1.0, patterns: vec![("bias".to_owned(), 0.125)] };
    formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 1, &scales)
}

/// So many threads for every piece of work, which take its parts one by one.
struct Threads(usize);

impl Crew for Threads {
    fn run<'a>(&self, tasks: Vec<Task<'a>>) {
        let threads = self.0.min(tasks.len());
        let tasks = Mutex::new(tasks.into_iter());
        let work = || {
            loop {
                // A panic of another thread spoils no task that is still waiting.
                let task = tasks.lock().unwrap_or_else(|e| e.into_inner()).next();
                let Some(task) = task else { break };
                task();
            }
        };
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| {
                scope.spawn(work);
            });
            work();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_do_every_task_once() {
        let mut done = [0; 50];
        Threads(3).run(done.iter_mut().map(|n| Box::new(move || *n += 1) as Task<'_>).collect());
        assert_eq!(done, [1; 50]);
        Threads(3).run(Vec::new());
    }
}
