//! [`Shape`]: the sizes of a GANSynth, its variables, and how training blends its blocks (spec audio 1.2–1.4).
//!
//! Any thread; numbers and names only. Goes on cards as it is.
use crate::model::ModelError;
use crate::sound::spectral::Framing;
use serde::{Deserialize, Serialize};

/// Sizes of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Length of the vector that is an instrument.
    pub latent: usize,
    /// Lowest note, as MIDI counts.
    pub lowest: u8,
    /// Number of notes.
    pub pitches: u8,
    /// Frames and mel bands of the first block; every block after it has twice as many of both.
    pub start: [usize; 2],
    /// Channels of each block.
    pub channels: Vec<usize>,
    /// Samples of a note.
    pub samples: usize,
    /// Samples per second.
    pub rate: u32,
}

/// Channels of the result: magnitude and frequency.
pub(super) const COLOURS: usize = 2;

impl Shape {
    /// `mel_prog_hires`: both released models.
    #[must_use]
    pub fn released() -> Self {
        Self {
            latent: 256,
            lowest: 24,
            pitches: 61,
            start: [2, 16],
            channels: vec![256, 256, 256, 256, 128, 64, 32],
            samples: 64_000,
            rate: 16_000,
        }
    }

    /// Whether a network of these sizes can exist.
    ///
    /// # Errors
    /// [`ModelError::Hparams`], which says what is wrong.
    pub fn check(&self) -> Result<(), ModelError> {
        // Above any real model, and low enough that no product of sizes overflows and no image fills the memory.
        const MOST_CHANNELS: usize = 1 << 12;
        const MOST_PIXELS: usize = 1 << 20;
        // A block's activations: sixteen times those of the released models.
        const MOST_VALUES: usize = 1 << 26;
        let wrong = |what: &str| Err(ModelError::Hparams(what.into()));
        if !(1..=MOST_CHANNELS).contains(&self.latent)
            || self.channels.iter().any(|n| !(1..=MOST_CHANNELS).contains(n))
        {
            return wrong("a size is 0 or too large");
        }
        if self.pitches == 0 || self.lowest.saturating_add(self.pitches) > 128 {
            return wrong("its notes are not those of MIDI");
        }
        if self.channels.is_empty() || self.channels.len() > 10 {
            return wrong("it has no blocks or too many");
        }
        if self.start.iter().any(|n| !(1..=1 << 10).contains(n)) {
            return wrong("its first image is empty or too large");
        }
        if self.image().iter().product::<usize>() > MOST_PIXELS {
            return wrong("its image is too large");
        }
        let pixels = self.start.iter().product::<usize>();
        if self
            .channels
            .iter()
            .enumerate()
            .any(|(block, channels)| (pixels << (2 * block)) * channels > MOST_VALUES)
        {
            return wrong("its blocks are too large");
        }
        if self.rate == 0 || self.rate > 192_000 {
            return wrong("its sample rate is none");
        }
        Ok(())
    }

    /// Frames and mel bands of the result.
    #[must_use]
    pub fn image(&self) -> [usize; 2] {
        self.start.map(|n| n << (self.channels.len().saturating_sub(1)))
    }

    /// How the sound is cut into frames: each overlaps the next by three quarters.
    #[must_use]
    pub fn framing(&self) -> Framing {
        let [frames, bins] = self.image();
        Framing { fft: 2 * bins, hop: bins / 2, frames, samples: self.samples }
    }

    /// Numbers that the network reads: the instrument, then one place for each note.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.latent + usize::from(self.pitches)
    }

    /// Highest note.
    #[must_use]
    pub fn highest(&self) -> u8 {
        self.lowest.saturating_add(self.pitches.saturating_sub(1))
    }

    /// Progress of a finished training: only the last block is seen.
    #[must_use]
    pub fn finished(&self) -> f64 {
        self.channels.len().saturating_sub(1) as f64
    }

    /// Every variable of the generator and its shape, without the suffix of its moving average.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Vec<usize>)> {
        let mut all = Vec::new();
        let mut below = self.inputs();
        for (block, &channels) in self.channels.iter().enumerate() {
            let mut layer = |name: &str, height, width, inputs, outputs| {
                let prefix = format!("{}{name}/", scope(block));
                all.push((format!("{prefix}conv2d/kernel"), vec![height, width, inputs, outputs]));
                all.push((format!("{prefix}bias"), vec![outputs]));
            };
            let [height, width] = if block == 0 { self.start } else { [3, 3] };
            layer("conv0", height, width, below, channels);
            layer("conv1", 3, 3, channels, channels);
            layer("to_rgb", 1, 1, channels, COLOURS);
            below = channels;
        }
        all
    }
}

/// Scope of the variables of a block, counted from 0.
pub(super) fn scope(block: usize) -> String {
    format!("Generator/progressive_gan_generator/progressive_gan_block_{}/", block + 1)
}

/// How much of each of `blocks` blocks is seen at a stage of training: block `i` (from 0) comes and goes in a triangle
/// around progress `i`.
#[must_use]
pub fn alphas(progress: f64, blocks: usize) -> Vec<f64> {
    let last = blocks.saturating_sub(1) as f64;
    let progress = if progress.is_nan() { last } else { progress.clamp(0.0, last) };
    (0..blocks).map(|block| (1.0 - (progress - block as f64).abs()).max(0.0)).collect()
}

/// How training goes from block to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Images of a stage in which nothing changes.
    pub stable: u64,
    /// Images of a stage in which a block comes in.
    pub transition: u64,
}

impl Schedule {
    /// Progress after so many images in stage `stage` (from 0; even ones are stable).
    #[must_use]
    pub fn progress(self, stage: u32, image: u64) -> f64 {
        let blocks = u64::from(stage.div_ceil(2)) + 1;
        let images = blocks.saturating_mul(self.stable);
        let images = images.saturating_add((blocks - 1).saturating_mul(self.transition));
        let period = self.stable.saturating_add(self.transition).max(1);
        let image = image.min(images.saturating_sub(1));
        let within = (image % period).saturating_sub(self.stable) as f64;
        (image / period) as f64 + within / self.transition.max(1) as f64
    }
}
