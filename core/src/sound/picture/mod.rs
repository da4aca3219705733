//! What a sound looks like: loudness and frequency over time, as GANSynth hears it ([`Pictures::spectrogram`]) and as an ear
//! does ([`Pictures::rainbowgram`]; requirements VZ-07).
//!
//! Worker threads. Numbers only: who draws chooses the colours. What is looked at is 4 s at 16 kHz.
mod constant_q;

use super::spectral::{Framing, Spectral, SpectralError, Variant};
use constant_q::ConstantQ;

/// Samples per second of what is looked at.
pub const RATE: f64 = 16_000.0;
/// Samples of what is looked at.
pub const SAMPLES: usize = Framing::GANSYNTH.samples;
/// What is this much quieter than the loudest place is black, in dB.
const RANGE: f64 = 70.0;
/// Rows of a spectrogram, and the frequencies of the lowest and the highest in Hz.
const ROWS: usize = 120;
const LOW: f64 = 50.0;
const HIGH: f64 = 8_000.0;

/// A place of a picture: how loud, 0 (nothing) to 1 (the loudest place); and how far the phase turns from one column to
/// the next beyond whole turns, in half turns, -1 to 1.
pub type Dot = [f32; 2];

/// A picture: time from left to right, pitch from the bottom to the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Places from left to right.
    pub columns: usize,
    /// Row by row, the lowest first.
    pub dots: Vec<Dot>,
}

impl Picture {
    /// Places from the bottom to the top.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.dots.len() / self.columns.max(1)
    }

    /// Of magnitudes and phase turns.
    fn of(columns: usize, values: Vec<(f64, f64)>) -> Self {
        let loudest = values.iter().fold(f64::MIN_POSITIVE, |most, v| most.max(v.0));
        let level = |m: f64| (20.0 * (m / loudest).max(1e-30).log10() / RANGE + 1.0).clamp(0.0, 1.0);
        Self {
            columns,
            dots: values.into_iter().map(|(m, turn)| [level(m) as f32, wrapped(turn) as f32]).collect(),
        }
    }
}

/// Half turns without whole turns, -1..=1.
fn wrapped(turn: f64) -> f64 {
    turn - 2.0 * (turn / 2.0).round()
}

/// The tables for pictures.
pub struct Pictures {
    spectral: Spectral,
    constant_q: ConstantQ,
}

impl Pictures {
    /// The tables.
    ///
    /// # Errors
    /// None that can happen: the sizes are constants.
    pub fn new() -> Result<Self, SpectralError> {
        let framing = Framing::GANSYNTH;
        let spectral = Spectral::new(framing, RATE, framing.bins(), Variant::Python)?;
        Ok(Self { spectral, constant_q: ConstantQ::new() })
    }

    /// Frames of the size that GANSynth writes, pitches on a logarithmic scale from 50 Hz to 8 kHz. What lacks to 4 s is
    /// silence, what is beyond is cut off.
    ///
    /// # Errors
    /// None that can happen.
    pub fn spectrogram(&self, sound: &[f32]) -> Result<Picture, SpectralError> {
        let Framing { frames, .. } = self.spectral.framing();
        let bins = self.spectral.framing().bins();
        let stft = self.spectral.stft(&whole(sound))?;
        let cells = self.spectral.cells(&stft);
        let step = (HIGH / LOW).powf(1.0 / ROWS as f64);
        // Bin `i` is that of (i + 1) × rate ÷ frame.
        let bin = |hertz: f64| (hertz * 2.0 * bins as f64 / RATE - 1.0).clamp(0.0, bins as f64 - 1.0);
        let mut values = Vec::with_capacity(ROWS * frames);
        for row in 0..ROWS {
            let low = LOW * step.powi(row as i32);
            let (from, to) = (bin(low).round() as usize, bin(low * step).round() as usize);
            for frame in cells.chunks_exact(bins) {
                let loudest = frame[from..to.max(from + 1)].iter().max_by(|a, b| a[0].total_cmp(&b[0]));
                values.push(loudest.map_or((0.0, 0.0), |cell| (cell[0].exp(), cell[1])));
            }
        }
        Ok(Picture::of(frames, values))
    }

    /// Six octaves from C2 in 40 steps each, a column every 256 samples: lines are notes and their overtones, colours of
    /// one line that stay are a frequency that stays.
    ///
    /// # Errors
    /// None that can happen.
    pub fn rainbowgram(&self, sound: &[f32]) -> Result<Picture, SpectralError> {
        let (columns, spectra) = self.constant_q.run(&whole(sound))?;
        let mut values = Vec::with_capacity(spectra.len());
        for row in spectra.chunks_exact(columns) {
            let mut before = 0.0;
            for z in row {
                let phase = z.arg() / std::f64::consts::PI;
                values.push((z.norm(), phase - std::mem::replace(&mut before, phase)));
            }
        }
        Ok(Picture::of(columns, values))
    }
}

fn whole(sound: &[f32]) -> Vec<f32> {
    let mut sound = sound[..sound.len().min(SAMPLES)].to_vec();
    sound.resize(SAMPLES, 0.0);
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn sine(hertz: f64) -> Vec<f32> {
        (0..SAMPLES).map(|i| (TAU * hertz * i as f64 / RATE).sin() as f32).collect()
    }

    fn column(picture: &Picture, column: usize) -> Vec<Dot> {
        (0..picture.rows()).map(|row| picture.dots[row * picture.columns + column]).collect()
    }

    fn loudest(dots: &[Dot]) -> usize {
        (0..dots.len()).max_by(|&a, &b| dots[a][0].total_cmp(&dots[b][0])).expect("rows")
    }

    /// T-VZ-01.
    #[test]
    fn a_sine_is_one_bright_line_of_one_colour() {
        let pictures = Pictures::new().expect("sizes");
        let picture = pictures.rainbowgram(&sine(440.0)).expect("sizes");
        assert_eq!((picture.rows(), picture.columns), (240, 250));
        for t in 30..220 {
            let dots = column(&picture, t);
            // 2.75 octaves above C2.
            assert_eq!(loudest(&dots), 110, "column {t}");
            assert!(dots[110][0] > 0.99 && dots[100][0] < 0.6 && dots[125][0] < 0.6, "column {t}");
            // 7.04 turns in 256 samples.
            assert!((dots[110][1] - 0.08).abs() < 1e-3, "column {t}: {}", dots[110][1]);
        }
    }

    /// T-VZ-02.
    #[test]
    fn a_click_is_a_column() {
        let pictures = Pictures::new().expect("sizes");
        let mut click = vec![0.0; SAMPLES];
        click[32_000] = 1.0;
        let picture = pictures.rainbowgram(&click).expect("sizes");
        let (at, later) = (column(&picture, 125), column(&picture, 175));
        assert!(at[120..].iter().all(|dot| dot[0] > 0.7), "all pitches at once");
        assert!(later[120..].iter().all(|dot| dot[0] == 0.0), "and none 0.8 s later");
        let spectrogram = pictures.spectrogram(&click).expect("sizes");
        // 32,000 samples and the silence before: the frames around number 67.
        let (at, later) = (column(&spectrogram, 66), column(&spectrogram, 80));
        assert!(at.iter().all(|dot| dot[0] > 0.9) && later.iter().all(|dot| dot[0] < 0.1));
    }

    #[test]
    fn a_spectrogram_is_loudest_where_the_sound_is() {
        let pictures = Pictures::new().expect("sizes");
        let picture = pictures.spectrogram(&sine(1_000.0)).expect("sizes");
        assert_eq!((picture.rows(), picture.columns), (ROWS, 128));
        let step = (HIGH / LOW).ln() / ROWS as f64;
        let row = ((1_000.0 / LOW).ln() / step) as usize;
        let dots = column(&picture, 64);
        assert_eq!(loudest(&dots), row);
        // 32 whole turns from frame to frame.
        assert!(dots[row][1].abs() < 1e-3, "{}", dots[row][1]);
    }

    #[test]
    fn silence_and_sounds_of_any_length_have_pictures() {
        let pictures = Pictures::new().expect("sizes");
        for sound in [vec![], vec![0.0; 10], vec![0.5; 70_000]] {
            for picture in [pictures.spectrogram(&sound), pictures.rainbowgram(&sound)] {
                let picture = picture.expect("sizes");
                assert!(picture.dots.as_flattened().iter().all(|x| x.is_finite()));
            }
        }
    }
}
