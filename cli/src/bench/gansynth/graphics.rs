//! The same notes on the graphics processor, one by one and in batches. On the clock: the processor does other things.
use super::weights;
use anyhow::{Result, ensure};
use descant_core::model::gansynth::{Generator, Shape};
use descant_core::nn::conv::Alone;
use descant_core::tool::Cancel;
use descant_gpu::{Accept, Gpu, Network};
use std::time::Instant;

/// Notes at once.
const BATCHES: [usize; 3] = [1, 4, 16];

/// Prints opening, the first note, and ms per note of batches; or why not.
pub fn measure(repeats: usize) -> Result<()> {
    let begun = Instant::now();
    let gpu = match Gpu::open(Accept::Hardware) {
        Ok(gpu) => gpu,
        Err(why) => {
            println!("graphics processor: not measured ({why})");
            return Ok(());
        }
    };
    println!("{}: opened in {:.0} ms", gpu.name(), begun.elapsed().as_secs_f64() * 1e3);
    let full = Shape::released();
    let small = Shape { channels: full.channels.iter().map(|&c| c.min(128)).collect(), ..full.clone() };
    for (name, shape) in [("released size", full), ("at most 128 channels", small)] {
        let finished = shape.finished();
        let generator = Generator::new(shape.clone(), &weights(&shape), finished)?;
        let begun = Instant::now();
        let network = Network::new(gpu.clone(), &generator)?;
        let z: Vec<f32> = (0..shape.latent).map(|i| (i as f32).sin()).collect();
        let image = network.images(&[(&z, 60)])?.concat();
        print!("{name:30} first note {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
        let expected = generator.image(&z, 60, &Alone, &Cancel::default())?;
        let off = image.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        ensure!(off < 1e-3, "the graphics processor paints another image: {off}");
        for batch in BATCHES {
            let notes = vec![(&*z, 60); batch];
            let mut least = f64::INFINITY;
            for _ in 0..repeats {
                let begun = Instant::now();
                network.images(&notes)?;
                least = least.min(begun.elapsed().as_secs_f64());
            }
            let each = least / batch as f64;
            print!(", {batch} at once {:.2} ms each ({:.0} notes per second)", each * 1e3, 1.0 / each);
        }
        println!();
    }
    Ok(())
}
