//! What can be measured of a note without listening (research: data.md 3.3). Any thread; bounded by the note's length.

use descant_core::sound::spectral::{Framing, Spectral, SpectralError, Variant};
use realfft::RealFftPlanner;

/// Cents that are looked at on either side of a note, and the step between two looks.
const CENTS: i32 = 150;
const STEP: usize = 2;
/// Harmonics of the template.
const HARMONICS: u32 = 8;
/// Length of the transform.
const LENGTH: usize = 1 << 18;

/// How far a sound is out of tune: the shift in cents at which a template of eight harmonics of `hertz` fits best, looked
/// for in what sounds from 0.3 to 2.2 s. `None` for silence and for sounds that are too short.
#[must_use]
pub fn cents_off(sound: &[f32], rate: f64, hertz: f64) -> Option<f64> {
    let (from, to) = ((0.3 * rate) as usize, (2.2 * rate) as usize);
    let part = sound.get(from..to.min(LENGTH + from))?;
    let mut planner = RealFftPlanner::<f64>::new();
    let transform = planner.plan_fft_forward(LENGTH);
    let mut input = transform.make_input_vec();
    let mut bins = transform.make_output_vec();
    for (i, (to, x)) in input.iter_mut().zip(part).enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / part.len() as f64).cos();
        *to = window * f64::from(*x);
    }
    transform.process(&mut input, &mut bins).ok()?;
    let level: Vec<f64> = bins.iter().map(|c| c.norm()).collect();
    let peak = level.iter().copied().fold(0.0, f64::max);
    if !(peak > 1e-9 && peak.is_finite()) {
        return None;
    }
    let score = |cents: i32| {
        let shifted = hertz * (f64::from(cents) / 1200.0).exp2();
        let harmonics = (1..=HARMONICS).map(|h| f64::from(h) * shifted).take_while(|f| *f < 7800.0);
        let (mut sum, mut count) = (0.0, 0.0);
        for f in harmonics {
            let bin = (f * LENGTH as f64 / rate).round() as usize;
            let near = level.get(bin.saturating_sub(1)..bin + 2).unwrap_or_default();
            sum += (near.iter().copied().fold(0.0, f64::max) + 1e-4 * peak).ln();
            count += 1.0;
        }
        sum / f64::max(count, 1.0)
    };
    let best = (-CENTS..=CENTS).step_by(STEP).map(|cents| (cents, score(cents)));
    best.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(cents, _)| f64::from(cents))
}

/// Compares spectra of three sizes.
pub struct Distance {
    sizes: Vec<Spectral>,
}

/// How far apart two sounds are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Apart {
    /// Log-spectral distance over all bins, decibels.
    pub all: f64,
    /// The same over bins that are at most 60 dB below the reference's loudest.
    pub loud: f64,
}

impl Distance {
    /// For sounds of so many samples.
    ///
    /// # Errors
    /// [`SpectralError::Sizes`] for hardly any.
    pub fn new(samples: usize, rate: f64) -> Result<Self, SpectralError> {
        let spectral = |fft: usize| {
            let hop = fft / 4;
            let frames = samples.saturating_sub(fft).div_ceil(hop) + 1;
            Spectral::new(Framing { fft, hop, frames, samples }, rate, 64, Variant::Python)
        };
        Ok(Self { sizes: [512, 1024, 2048].into_iter().map(spectral).collect::<Result<_, _>>()? })
    }

    /// Mean over sizes and frames of the root mean square of the difference of spectra in decibels; of `sound` from
    /// `reference`, both with their highest peak at 0.7.
    ///
    /// # Errors
    /// [`SpectralError::Length`] for sounds of another length.
    pub fn of(&self, reference: &[f32], sound: &[f32]) -> Result<Apart, SpectralError> {
        let mut apart = Apart::default();
        for spectral in &self.sizes {
            let level = |sound: &[f32]| -> Result<Vec<f64>, SpectralError> {
                let stft = spectral.stft(&even(sound))?;
                Ok(stft.iter().map(|c| 20.0 * (c.norm() + 1e-4).log10()).collect())
            };
            let (a, b) = (level(reference)?, level(sound)?);
            let quiet = a.iter().copied().fold(f64::NEG_INFINITY, f64::max) - 60.0;
            let bins = spectral.framing().bins();
            let (mut all, mut loud, mut heard) = (0.0, 0.0, 0.0);
            for (a, b) in a.chunks_exact(bins).zip(b.chunks_exact(bins)) {
                let squares = a.iter().zip(b).map(|(a, b)| (a, (a - b) * (a - b)));
                all += (squares.clone().map(|(_, s)| s).sum::<f64>() / bins as f64).sqrt();
                let (sum, count) = squares
                    .filter(|(a, _)| **a > quiet)
                    .fold((0.0, 0.0), |(sum, count), (_, s)| (sum + s, count + 1.0));
                if count > 0.0 {
                    loud += (sum / count).sqrt();
                    heard += 1.0;
                }
            }
            let sizes = self.sizes.len() as f64;
            apart.all += all / (a.len() / bins) as f64 / sizes;
            apart.loud += loud / f64::max(heard, 1.0) / sizes;
        }
        Ok(apart)
    }

    /// Centre of the power spectrum, in octaves above 1 Hz.
    ///
    /// # Errors
    /// [`SpectralError::Length`] for a sound of another length.
    pub fn centre(&self, sound: &[f32], rate: f64) -> Result<f64, SpectralError> {
        let Some(spectral) = self.sizes.last() else { return Ok(0.0) };
        let (bins, spacing) = (spectral.framing().bins(), rate / spectral.framing().fft as f64);
        let (mut sum, mut total) = (0.0, 1e-12);
        for (i, c) in spectral.stft(sound)?.iter().enumerate() {
            let power = c.norm_sqr();
            sum += power * (i % bins + 1) as f64 * spacing;
            total += power;
        }
        Ok((sum / total).max(1.0).log2())
    }
}

/// The same sound with its highest peak at 0.7.
fn even(sound: &[f32]) -> Vec<f32> {
    let peak = sound.iter().fold(1e-9f32, |peak, x| peak.max(x.abs()));
    sound.iter().map(|x| 0.7 * x / peak).collect()
}

/// How much the sharpest corner of a sound stands out: its largest second difference against the root mean square of
/// those of the 512 samples around it, without its neighbours, which a click moves too. A click is a corner of hundreds; what is not a number is infinite.
#[must_use]
pub fn sharpest(sound: &[f32]) -> f64 {
    let corners: Vec<f64> =
        sound.windows(3).map(|w| f64::from(w[2]) - 2.0 * f64::from(w[1]) + f64::from(w[0])).collect();
    if !corners.iter().all(|c| c.is_finite()) {
        return f64::INFINITY;
    }
    let whole = (corners.iter().map(|c| c * c).sum::<f64>() / corners.len().max(1) as f64).sqrt();
    let stands_out = |part: &[f64]| {
        let sharper = |a: (usize, f64), b: (usize, f64)| if b.1 > a.1 { b } else { a };
        let (at, highest) = part.iter().map(|c| c.abs()).enumerate().fold((0, 0.0), sharper);
        let apart = part.iter().enumerate().filter(|(i, _)| i.abs_diff(at) > 2);
        let others = apart.map(|(_, c)| c * c).sum::<f64>();
        highest / ((others / part.len().max(2) as f64).sqrt() + 0.1 * whole + 1e-12)
    };
    corners.chunks(512).map(stands_out).fold(0.0, f64::max)
}

/// Mean of a sound as a share of its highest peak.
#[must_use]
pub fn offset(sound: &[f32]) -> f64 {
    let peak = sound.iter().fold(1e-9f32, |peak, x| peak.max(x.abs()));
    let mean = sound.iter().map(|&x| f64::from(x)).sum::<f64>() / sound.len().max(1) as f64;
    mean.abs() / f64::from(peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64) -> Vec<f32> {
        let value = |n: usize| {
            let turns = hertz * n as f64 / 16_000.0 * std::f64::consts::TAU;
            (0.4 * turns.sin() + 0.2 * (2.0 * turns).sin()) as f32
        };
        (0..48_000).map(value).collect()
    }

    #[test]
    fn tuning_of_tones() {
        for cents in [-60.0, 0.0, 14.0, 100.0f64] {
            let found = cents_off(&tone(220.0 * (cents / 1200.0).exp2()), 16_000.0, 220.0).expect("a tone");
            assert!((found - cents).abs() <= 4.0, "{cents}: {found}");
        }
        assert_eq!(cents_off(&[0.0; 48_000], 16_000.0, 220.0), None);
        assert_eq!(cents_off(&[0.1; 100], 16_000.0, 220.0), None);
    }

    #[test]
    fn distances_grow_with_difference_and_not_with_level() {
        let distance = Distance::new(48_000, 16_000.0).expect("sizes");
        let (a, near, far) = (tone(220.0), tone(222.0), tone(300.0));
        let quiet: Vec<f32> = a.iter().map(|x| 0.25 * x).collect();
        let of = |b: &[f32]| distance.of(&a, b).expect("fits");
        assert!(of(&quiet).all < 1e-3 && of(&near).all > 0.1 && of(&far).loud > 2.0 * of(&near).loud);
        assert!(distance.of(&a, &a[1..]).is_err());
        let centre = distance.centre(&tone(500.0), 16_000.0).expect("fits");
        // A fifth of the power lies an octave higher.
        assert!((centre - 600.0f64.log2()).abs() < 0.02, "{centre}");
    }

    #[test]
    fn clicks_and_offsets_are_found() {
        let clean = tone(220.0);
        let mut clicked = clean.clone();
        clicked[20_000] += 0.2;
        assert!(
            sharpest(&clean) < 20.0 && sharpest(&clicked) > 50.0,
            "{} {}",
            sharpest(&clean),
            sharpest(&clicked)
        );
        clicked[3] = f32::NAN;
        assert_eq!(sharpest(&clicked), f64::INFINITY);
        let shifted: Vec<f32> = clean.iter().map(|x| x + 0.06).collect();
        assert!(offset(&clean) < 1e-3 && offset(&shifted) > 0.05);
    }
}
