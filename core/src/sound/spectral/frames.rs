//! Sound ↔ short spectra: frames, windows, Fourier transforms, overlap-add (spec audio 1.5).
//!
//! Worker threads. Silence is put before the sound so that the frames end where the sound ends.
use super::{Complex64, SpectralError, TURN};
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// How sound is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Samples of a frame; even.
    pub fft: usize,
    /// Samples from one frame to the next.
    pub hop: usize,
    /// Number of frames.
    pub frames: usize,
    /// Samples of the sound.
    pub samples: usize,
}

impl Framing {
    /// What the released models were trained on: 4 s at 16 kHz in 128 frames of 1024 bins.
    pub const GANSYNTH: Self = Self { fft: 2048, hop: 512, frames: 128, samples: 64_000 };

    /// Bins of a frame: all but that of 0 Hz.
    #[must_use]
    pub fn bins(self) -> usize {
        self.fft / 2
    }

    /// Samples that the frames cover.
    fn covered(self) -> usize {
        self.hop * self.frames.saturating_sub(1) + self.fft
    }

    /// Silence before the sound, in samples.
    #[must_use]
    pub fn lead(self) -> usize {
        self.covered().saturating_sub(self.samples)
    }

    fn check(self) -> Result<(), SpectralError> {
        let wrong = |what| Err(SpectralError::Sizes(what));
        if !(4..=1 << 16).contains(&self.fft) || self.fft % 2 == 1 {
            return wrong("a frame has an odd number of samples, too few or too many");
        }
        if self.hop == 0 || self.hop > self.fft / 2 {
            return wrong("its frames do not overlap by half");
        }
        if self.frames == 0 || self.samples == 0 {
            return wrong("it has no frames");
        }
        // Half an hour at 16 kHz, in spectra of 1 GB.
        if self.frames > 1 << 16 || self.covered() > 1 << 25 {
            return wrong("it has too many frames");
        }
        if self.samples > self.covered() {
            return wrong("its frames do not cover the sound");
        }
        Ok(())
    }
}

/// Whose arithmetic the way to sound follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// The original program.
    #[default]
    Python,
    /// Magenta.js: no floor under magnitudes, another window, and the last `lead` samples are lost.
    MagentaJs,
}

#[derive(Clone)]
pub(super) struct Frames {
    pub framing: Framing,
    pub variant: Variant,
    analysis: Vec<f64>,
    synthesis: Vec<f64>,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

impl Frames {
    pub(super) fn new(framing: Framing, variant: Variant) -> Result<Self, SpectralError> {
        framing.check()?;
        let analysis = hann(framing.fft, framing.fft);
        // The transforms do not divide by their length.
        let length = framing.fft as f64;
        let synthesis = match variant {
            Variant::Python => {
                let mut energy = vec![0.0; framing.hop];
                analysis.iter().enumerate().for_each(|(n, w)| energy[n % framing.hop] += w * w);
                analysis.iter().enumerate().map(|(n, w)| w / (energy[n % framing.hop] * length)).collect()
            }
            Variant::MagentaJs => {
                hann(framing.fft, framing.fft - 1).into_iter().map(|w| w / (1.5 * length)).collect()
            }
        };
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) =
            (planner.plan_fft_forward(framing.fft), planner.plan_fft_inverse(framing.fft));
        Ok(Self { framing, variant, analysis, synthesis, forward, inverse })
    }

    pub(super) fn analyse(&self, sound: &[f32]) -> Result<Vec<Complex64>, SpectralError> {
        let Framing { hop, frames, samples, .. } = self.framing;
        length("samples", samples, sound.len())?;
        let mut padded = vec![0.0; self.framing.lead()];
        padded.extend(sound.iter().map(|&x| f64::from(x)));
        let mut frame = self.forward.make_input_vec();
        let mut bins = self.forward.make_output_vec();
        let mut stft = Vec::with_capacity(frames * self.framing.bins());
        for t in 0..frames {
            for ((x, sound), window) in frame.iter_mut().zip(&padded[t * hop..]).zip(&self.analysis) {
                *x = sound * window;
            }
            transformed(self.forward.process(&mut frame, &mut bins))?;
            stft.extend_from_slice(&bins[1..]);
        }
        Ok(stft)
    }

    pub(super) fn synthesise(&self, stft: &[Complex64]) -> Result<Vec<f32>, SpectralError> {
        let Framing { hop, frames, .. } = self.framing;
        length("spectral values", frames * self.framing.bins(), stft.len())?;
        let mut sum = vec![0.0; self.framing.covered()];
        let mut bins = self.inverse.make_input_vec();
        let mut frame = self.inverse.make_output_vec();
        for (t, spectrum) in stft.chunks_exact(self.framing.bins()).enumerate() {
            bins[0] = Complex64::default();
            bins[1..].copy_from_slice(spectrum);
            // A real sound has no imaginary part at half the rate.
            if let Some(last) = bins.last_mut() {
                last.im = 0.0;
            }
            transformed(self.inverse.process(&mut bins, &mut frame))?;
            for ((sum, x), window) in sum[t * hop..].iter_mut().zip(&frame).zip(&self.synthesis) {
                *sum += x * window;
            }
        }
        let end = match self.variant {
            Variant::Python => sum.len(),
            Variant::MagentaJs => self.framing.samples,
        };
        Ok(sum.get(self.framing.lead()..end).unwrap_or_default().iter().map(|&x| x as f32).collect())
    }
}

/// `length` values of a Hann window with this period.
fn hann(length: usize, period: usize) -> Vec<f64> {
    (0..length).map(|n| 0.5 - 0.5 * (TURN * n as f64 / period as f64).cos()).collect()
}

fn length(what: &'static str, expected: usize, found: usize) -> Result<(), SpectralError> {
    if expected == found { Ok(()) } else { Err(SpectralError::Length { what, expected, found }) }
}

fn transformed(result: Result<(), realfft::FftError>) -> Result<(), SpectralError> {
    result.map_err(|_| SpectralError::Sizes("the transform was given other sizes"))
}
