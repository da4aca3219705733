//! A constant-Q transform: filters whose width is a part of their pitch, as an ear's is.
//!
//! Worker threads; 64-bit. Each filter is a Hann window over a turning wheel. Its spectrum has a closed form and is narrow,
//! so that one Fourier transform per column serves all filters (Brown and Puckette, "An efficient algorithm for the
//! calculation of a constant Q transform", 1992). Louder by the root of its length, as in the source's library.
use super::RATE;
use crate::sound::spectral::{Complex64, SpectralError};
use realfft::{RealFftPlanner, RealToComplex};
use std::f64::consts::PI;
use std::sync::Arc;

/// Samples from column to column.
const HOP: usize = 256;
/// Filters: six octaves from C2.
const FILTERS: usize = 240;
const PER_OCTAVE: f64 = 40.0;
const LOWEST: f64 = 65.406_391_325_149_66;
/// Length of the filters: their bandwidths touch at 1.
const SCALE: f64 = 0.8;
/// Samples of a Fourier transform: the longest filter has 11,197.
const FRAME: usize = 16_384;
/// Half the width of what is kept of a filter's spectrum, in widths of the window's own.
const REACH: f64 = 4.0;

struct Filter {
    /// Its first bin.
    first: usize,
    values: Vec<f64>,
}

/// See the file's head.
pub(super) struct ConstantQ {
    fourier: Arc<dyn RealToComplex<f64>>,
    filters: Vec<Filter>,
}

impl ConstantQ {
    pub fn new() -> Self {
        Self {
            fourier: RealFftPlanner::new().plan_fft_forward(FRAME),
            filters: (0..FILTERS).map(filter).collect(),
        }
    }

    /// The number of columns, and the filters' outputs, row by row.
    pub fn run(&self, sound: &[f32]) -> Result<(usize, Vec<Complex64>), SpectralError> {
        let columns = sound.len() / HOP;
        let mut out = vec![Complex64::default(); columns * FILTERS];
        let (mut frame, mut bins) = (self.fourier.make_input_vec(), self.fourier.make_output_vec());
        let mut padded = vec![0.0; FRAME / 2];
        padded.extend(sound.iter().map(|&x| f64::from(x)));
        padded.resize(sound.len() + FRAME, 0.0);
        for column in 0..columns {
            frame.copy_from_slice(&padded[column * HOP..][..FRAME]);
            self.fourier
                .process(&mut frame, &mut bins)
                .map_err(|_| SpectralError::Sizes("the transform was given other sizes"))?;
            for (row, filter) in self.filters.iter().enumerate() {
                let spectrum = bins[filter.first..].iter().zip(&filter.values);
                out[row * columns + column] = spectrum.map(|(z, a)| z * a).sum();
            }
        }
        Ok((columns, out))
    }
}

/// The spectrum of a filter around the middle of a frame.
fn filter(row: usize) -> Filter {
    let hertz = LOWEST * (row as f64 / PER_OCTAVE).exp2();
    let quality = SCALE / ((1.0 / PER_OCTAVE).exp2() - 1.0);
    let length = quality * RATE / hertz;
    let bins_per_width = FRAME as f64 / length;
    let centre = hertz / RATE * FRAME as f64;
    let first = (centre - REACH * bins_per_width).ceil().max(0.0) as usize;
    let last = ((centre + REACH * bins_per_width) as usize).min(FRAME / 2);
    let value = |bin: usize| {
        let u = (bin as f64 - centre) / bins_per_width;
        let hann = sinc(u) + 0.5 * (sinc(u - 1.0) + sinc(u + 1.0));
        // Around the middle of the frame instead of its beginning: every other bin is turned by half.
        let side = if bin.is_multiple_of(2) { 1.0 } else { -1.0 };
        side * hann * length.sqrt() / FRAME as f64
    };
    Filter { first, values: (first..=last).map(value).collect() }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}
