//! What a note costs while GANSynth is trained. Runs on the caller's thread. Used by `descant bench train-step`.

use super::data::{Picture, Spectra};
use super::loss::Target;
use super::network::{Input, Network};
use crate::rng::Rng;
use descant_core::model::gansynth::Shape;
use std::time::Instant;

/// Least times of a note at one size, seconds of wall time on one thread.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Rows and columns of the picture.
    pub picture: [usize; 2],
    /// Activations and losses.
    pub forward: f64,
    /// The same and all gradients.
    pub both: f64,
    /// Multiplications and additions of `forward`; `both` does three times as many.
    pub multiply_adds: usize,
}

/// The paces of the four finest pictures, with blocks of `channels`; the least of `repeats`.
#[must_use]
pub fn paces(channels: &[usize], repeats: usize) -> Vec<Pace> {
    let shape = Shape { channels: channels.to_vec(), latent: 16, ..Shape::released() };
    let network = Network::new(shape.clone(), 1, &mut Rng(1));
    let [height, width] = shape.image();
    let picture = Picture { magnitude: vec![100; height * width], stray: vec![3; height * width] };
    let spectra = Spectra::flat(&shape);
    let note = Input { z: network.instruments().to_vec(), pitch: 60 };
    let blocks = channels.len();
    let pace = |block: usize| {
        let (packed, mut work) = (network.pack(block), network.workspace(block));
        let target = Target::new(&picture, spectra.of(60), 1 << (blocks - 1 - block));
        let mut gradients: Vec<Vec<f32>> =
            network.parameters.iter().map(|p| vec![0.0; p.values.len()]).collect();
        let (mut forward, mut both) = (f64::MAX, f64::MAX);
        for _ in 0..repeats.max(1) {
            let clock = Instant::now();
            network.score(&packed, &note, &target, &mut work);
            forward = forward.min(clock.elapsed().as_secs_f64());
            let clock = Instant::now();
            network.learn(&packed, (&note, &target), (0.1, 1.0), &mut work, &mut gradients);
            both = both.min(clock.elapsed().as_secs_f64());
        }
        let picture = shape.start.map(|n| n << block);
        Pace { picture, forward, both, multiply_adds: packed.multiply_adds(&shape) }
    };
    (blocks.saturating_sub(4)..blocks).map(pace).collect()
}
