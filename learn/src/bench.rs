//! Cost of a training step against the bound that the matrix product of the same run sets.
//! Runs on the caller's thread, one thread only. Used by `descant bench train-step`.

use crate::adam::{Moments, Settings};
use crate::encode::Encoding;
use crate::matrix::{Mat, product};
use crate::network::{Architecture, Network};
use crate::piece::{Augmentation, Piece};
use crate::rng::Rng;
use crate::stream::Streams;
use descant_core::codec::encoding::EncodingError;
use descant_core::model::EncodingParams;
use std::time::{Duration, Instant};

/// Figures of one run, all minima over the repeats.
#[derive(Clone, Copy, Debug)]
pub struct TrainStep {
    /// Layers × units, steps, batch, classes of the step.
    pub shape: [usize; 5],
    /// One step: stretch, forward, backward, Adam. Seconds of wall time.
    pub step: f64,
    /// One-thread product of two 1024² matrices.
    pub gflops: f64,
    /// What the step may cost: 1.3 × 0.462 s × 184 / `gflops`. PyTorch needed 0.462 s where the product reached
    /// 184 GFLOP/s.
    pub aim: f64,
}

/// Rate of the f32 product of two 1024² matrices on one thread, GFLOP/s; the best of `repeats`.
#[must_use]
pub fn product_rate(repeats: usize) -> f64 {
    const N: usize = 1024;
    let mut rng = Rng(1);
    let mut values = || (0..N * N).map(|_| rng.uniform() - 0.5).collect::<Vec<f32>>();
    let (a, b, mut c) = (values(), values(), vec![0.0; N * N]);
    let best = shortest(repeats, || product(&mut c, Mat::new(&a, N, N), Mat::new(&b, N, N), false));
    2.0 * (N * N * N) as f64 / best / 1e9
}

fn shortest(repeats: usize, mut work: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..repeats.max(1) {
        let clock = Instant::now();
        work();
        best = best.min(clock.elapsed());
    }
    best.as_secs_f64()
}

/// Times a step of 2×256 LSTM, 128 steps, batch 64, 90 classes. Product and step take turns, so that both see the
/// same machine.
///
/// # Errors
/// Never: the events are made for the encoding.
pub fn train_step(repeats: usize) -> Result<TrainStep, EncodingError> {
    const CLASSES: usize = 90;
    let encoding = Encoding::new(EncodingParams::Melody { min: 20, max: 108 })?;
    let architecture = Architecture { encoding: encoding.clone(), layers: vec![256, 256], attention: 0 };
    let mut rng = Rng(3);
    let pieces: Vec<Piece> = (0..64)
        .map(|i| Piece {
            id: i.to_string(),
            bar: 16,
            events: (0..4096).map(|_| rng.below(CLASSES) as u32).collect(),
            chords: Vec::new(),
        })
        .collect();
    let mut network = Network::new(architecture, &mut rng);
    let mut moments: Vec<Moments> = network.parameters.iter().map(|p| Moments::new(p.values.len())).collect();
    let mut streams = Streams::new(64, 1);
    let settings = Settings { rate: 1e-3, clip: 5.0, decay: 0.0 };
    let (mut step, mut gflops, mut count) = (f64::MAX, 0.0f64, 0);
    for _ in 0..repeats.max(1) {
        gflops = gflops.max(product_rate(3));
        let clock = Instant::now();
        let batch = streams.next(&pieces, &encoding, 128, 256, &Augmentation::default())?;
        let reading = clock.elapsed().as_secs_f64();
        let work = shortest(1, || {
            let states = network.zero_states(64);
            let found = network.step(&batch, states, 1.0, &mut rng);
            count += 1;
            for ((parameter, moments), gradient) in
                network.parameters.iter_mut().zip(&mut moments).zip(&found.gradients)
            {
                moments.update(&mut parameter.values, gradient, count, settings);
            }
        });
        step = step.min(reading + work);
    }
    Ok(TrainStep { shape: [2, 256, 128, 64, CLASSES], step, gflops, aim: 1.3 * 0.462 * 184.0 / gflops })
}
