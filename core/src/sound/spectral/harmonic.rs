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
    fn absolute(&self, relative: &[Cell]) -> Vec<Cell> {
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

    /// Cells whose frequency is told against `harmonics` → sound. What [`Self::relative`] cannot tell from silence is silent.
    ///
    /// # Errors
    /// [`SpectralError::Length`].
    pub fn render_relative(
        &self,
        relative: &[Cell],
        harmonics: &Harmonics,
    ) -> Result<Vec<f32>, SpectralError> {
        let mut cells = harmonics.absolute(relative);
        let silence = (2.0 * FLOOR).ln();
        cells.iter_mut().filter(|c| c[0] <= silence).for_each(|c| c[0] = f64::NEG_INFINITY);
        let (power, phase) = self.linear(&cells)?;
        let stft = power.iter().zip(phase).map(|(p, phase)| Complex64::from_polar(p.sqrt(), phase));
        self.sound(&stft.collect::<Vec<_>>())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::spectral::{Framing, Variant};
    use std::f64::consts::TAU;

    const RATE: f64 = 16_000.0;

    fn spectral() -> Spectral {
        let framing = Framing { fft: 256, hop: 64, frames: 60, samples: 3800 };
        Spectral::new(framing, RATE, 128, Variant::Python).expect("sizes")
    }

    fn tone(hertz: f64) -> Vec<f32> {
        (0..3800).map(|n| (0.5 * (TAU * hertz * f64::from(n) / RATE).cos()) as f32).collect()
    }

    #[test]
    fn harmonics_by_hand() {
        // Bins are 62.5 Hz apart; a hop of 64 samples is 8.8 half turns of 1100 Hz.
        let harmonics = spectral().harmonics(1100.0, RATE).expect("below half the rate");
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        // Bin 18 has 1125 Hz.
        close(harmonics.bin_start[17], -0.4);
        close(harmonics.bin_step[17], 0.8);
        // Bin 26, of 1625 Hz, is still nearest to it, bin 27 to the second harmonic.
        close(harmonics.bin_start[25], -8.4);
        close(harmonics.bin_start[26], 8.2);
        close(harmonics.bin_step[26], 2.0 * 2200.0 * 64.0 / RATE - 18.0);
        for none in [0.0, -5.0, 8001.0, f64::NAN, f64::INFINITY] {
            assert!(spectral().harmonics(none, RATE).is_err(), "{none}");
        }
    }

    #[test]
    fn a_tone_in_tune_strays_nowhere_and_one_beside_by_its_difference() {
        let spectral = spectral();
        let harmonics = spectral.harmonics(1100.0, RATE).expect("possible");
        for (hertz, expected) in [(1100.0, 0.0), (1110.0, 2.0 * 10.0 * 64.0 / RATE)] {
            let stft = spectral.stft(&tone(hertz)).expect("fits");
            let cells = spectral.relative(&stft, &harmonics).expect("fits");
            let frame = &cells[30 * 128..][..128];
            let loud: Vec<f64> = frame.iter().filter(|c| c[0] > 2.0).map(|c| c[1]).collect();
            assert!(!loud.is_empty() && loud.iter().all(|s| (s - expected).abs() < 0.01), "{loud:?}");
        }
        let silent = spectral.relative(&spectral.stft(&vec![0.0; 3800]).expect("fits"), &harmonics);
        assert!(silent.expect("fits").iter().all(|c| c[0].is_finite() && c[1] == 0.0));
    }

    #[test]
    fn magnitudes_alone_sound_in_tune() {
        let spectral = spectral();
        let harmonics = spectral.harmonics(1100.0, RATE).expect("possible");
        let cells =
            spectral.relative(&spectral.stft(&tone(1093.0)).expect("fits"), &harmonics).expect("fits");
        let flat: Vec<Cell> = cells.iter().map(|c| [c[0], 0.0]).collect();
        let sound = spectral.render_relative(&flat, &harmonics).expect("fits");
        let at = |hertz: f64| {
            let turn = |n: usize| TAU * hertz * n as f64 / RATE;
            let part = |f: fn(f64) -> f64| {
                sound[500..3300].iter().enumerate().map(|(n, x)| f64::from(*x) * f(turn(n))).sum::<f64>()
            };
            part(f64::cos).hypot(part(f64::sin)) / 1400.0
        };
        // The tone's level was 0.5; mel bands blur it a little.
        assert!((0.35..0.55).contains(&at(1100.0)), "{}", at(1100.0));
        assert!(at(1093.0) < 0.5 * at(1100.0));
    }

    #[test]
    fn silence_comes_back_as_silence() {
        let spectral = spectral();
        let harmonics = spectral.harmonics(1100.0, RATE).expect("possible");
        let mut sound = tone(1100.0);
        sound[1900..].fill(0.0);
        let cells = spectral.relative(&spectral.stft(&sound).expect("fits"), &harmonics).expect("fits");
        let again = spectral.render_relative(&cells, &harmonics).expect("fits");
        assert!(again[1000..1500].iter().any(|x| x.abs() > 0.2));
        assert!(again[2300..].iter().all(|x| *x == 0.0));
    }
}
