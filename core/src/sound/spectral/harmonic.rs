//! [`Harmonics`]: phases told against those of a note's own harmonics.
//!
//! Worker threads; 64-bit. Our own addition to the source's format: who knows which note it is knows how fast the phase
//! of each bin turns, and what remains to be told is how far a partial strays from its harmonic. A network that tells
//! nothing (0 everywhere) is then in tune. Nearness of a Hann window's bins to their harmonic is a slope of half a turn
//! per bin, so bins of one partial lie under one window; and frequencies are averaged over a mel band by power instead of
//! added up, so that loud partials are not blurred by the noise around them.
use super::{Cell, Complex64, FLOOR, Spectral, SpectralError};
use std::f64::consts::PI;

/// What a note's harmonics do to the phases of linear bins and mel bands, in half turns.
#[derive(Clone, Debug, PartialEq)]
pub struct Harmonics {
    /// Of each linear bin in the first frame.
    bin_start: Vec<f64>,
    /// Of each linear bin from frame to frame, -1..=1.
    bin_step: Vec<f64>,
    /// Of each band in the first frame.
    start: Vec<f64>,
    /// Of each band from frame to frame.
    step: Vec<f64>,
    /// What a band adds up to if each of its bins turns by 1.
    width: Vec<f64>,
}

impl Harmonics {
    /// Cells whose frequency is told against these harmonics → mel cells as [`Spectral::render`] reads them.
    #[must_use]
    pub fn absolute(&self, relative: &[Cell]) -> Vec<Cell> {
        let bands = self.width.len().max(1);
        let cell = |(i, &[magnitude, stray]): (usize, &Cell)| {
            let (frame, band) = (i / bands, i % bands);
            let own = if frame == 0 { self.start[band] } else { self.step[band] };
            [magnitude, own + self.width[band] * stray]
        };
        relative.iter().enumerate().map(cell).collect()
    }
}

impl Spectral {
    /// The harmonics of a note of `hertz` at `rate` samples per second.
    ///
    /// # Errors
    /// [`SpectralError::Sizes`] for a note that has none below half the rate.
    pub fn harmonics(&self, hertz: f64, rate: f64) -> Result<Harmonics, SpectralError> {
        let framing = self.framing();
        let most = (rate / 2.0 / hertz).floor();
        if !(most >= 1.0 && most.is_finite()) {
            return Err(SpectralError::Sizes("a note without harmonics"));
        }
        let spacing = rate / framing.fft as f64;
        let nearest = |bin: usize| {
            // The bin of 0 Hz is not among them.
            let own = (bin + 1) as f64 * spacing;
            (own, (own / hertz).round().clamp(1.0, most) * hertz)
        };
        let bins = 0..framing.bins();
        let bin_start: Vec<f64> =
            bins.clone().map(nearest).map(|(own, harmonic)| (harmonic - own) / spacing).collect();
        let bin_step: Vec<f64> =
            bins.map(nearest).map(|(_, f)| wrap(2.0 * f * framing.hop as f64 / rate)).collect();
        let to = self.mel().to_mel();
        let (start, step) = (to.rows(&bin_start)?, to.rows(&bin_step)?);
        let width = to.rows(&vec![1.0; framing.bins()])?;
        Ok(Harmonics { bin_start, bin_step, start, step, width })
    }

    /// Spectrum [frames × bins] → mel cells [frames × bands]: logarithm of the power, and how far the phase strays from
    /// `harmonics` since the last frame, -1..=1 half turns. Bins that are silent do not stray.
    ///
    /// # Errors
    /// [`SpectralError::Length`].
    pub fn relative(&self, stft: &[Complex64], harmonics: &Harmonics) -> Result<Vec<Cell>, SpectralError> {
        let bins = self.framing().bins();
        let to = self.mel().to_mel();
        let loudest = stft.iter().map(|c| c.norm_sqr()).fold(0.0, f64::max);
        let mut last = vec![0.0; bins];
        let mut cells = Vec::with_capacity(stft.len() / bins.max(1) * to.outputs());
        for (t, row) in stft.chunks_exact(bins.max(1)).enumerate() {
            let mut stray = Vec::with_capacity(bins);
            for ((c, last), (start, step)) in
                row.iter().zip(&mut last).zip(harmonics.bin_start.iter().zip(&harmonics.bin_step))
            {
                if c.norm_sqr() <= loudest * SILENT {
                    stray.push(0.0);
                    continue;
                }
                let phase = wrap(c.arg() / PI - start - step * t as f64);
                stray.push(wrap(phase - *last));
                *last = phase;
            }
            let power: Vec<f64> = row.iter().map(|c| c.norm_sqr()).collect();
            let moved = to.rows(&power.iter().zip(&stray).map(|(p, s)| p * s).collect::<Vec<_>>())?;
            let power = to.rows(&power)?;
            cells.extend(power.iter().zip(moved).map(|(&p, m)| {
                let floor = loudest * SILENT + f64::MIN_POSITIVE;
                [(p + FLOOR).ln(), m / (p + floor)]
            }));
        }
        Ok(cells)
    }
}

/// Below this share of the loudest power a bin is silent.
const SILENT: f64 = 1e-14;

/// Half turns → -1..=1.
fn wrap(x: f64) -> f64 {
    x - 2.0 * (x / 2.0).round()
}
