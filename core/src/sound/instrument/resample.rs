//! [`Resampler`]: sound at one rate → the same sound at another, by a windowed sinc.
//!
//! Worker threads. The kernel is tabled at [`PHASES`] places between two samples and interpolated linearly in between,
//! which leaves errors below −100 dB; it is 0 dB at 0 Hz whatever the place, and flat up to 86 % of the lower rate's
//! half.

/// Half of the kernel's length in samples of the lower rate.
const REACH: usize = 32;
/// Tabled places between two samples.
const PHASES: usize = 512;
/// Kaiser's parameter: side lobes at −100 dB.
const BETA: f64 = 10.0;
/// Middle of the transition, as a share of the lower rate's half.
const CUTOFF: f64 = 0.93;
/// Lowest and highest rate in Hz, whatever a host says.
const RATES: (f64, f64) = (1_000.0, 768_000.0);

/// From one rate to another.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// Samples of the input per sample of the output.
    step: f64,
    taps: usize,
    /// [phases + 1 × taps].
    table: Vec<f32>,
    to: f64,
}

impl Resampler {
    /// From `from` to `to` samples per second; both are held within 1,000..=768,000.
    #[must_use]
    pub fn new(from: f64, to: f64) -> Self {
        let held = |rate: f64| if rate.is_finite() { rate.clamp(RATES.0, RATES.1) } else { 48_000.0 };
        let (from, to) = (held(from), held(to));
        let scale = (to / from).min(1.0);
        let half = (REACH as f64 / scale).ceil() as usize;
        let taps = 2 * half;
        let mut table = Vec::with_capacity((PHASES + 1) * taps);
        for phase in 0..=PHASES {
            let place = half as f64 - 1.0 + phase as f64 / PHASES as f64;
            let row: Vec<f64> = (0..taps).map(|tap| kernel((tap as f64 - place) * scale)).collect();
            let sum: f64 = row.iter().sum();
            table.extend(row.iter().map(|x| (x / sum) as f32));
        }
        Self { step: from / to, taps, table, to }
    }

    /// Samples per second of the result.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.to
    }

    /// The sound at the other rate: its first sample is that of the input's first.
    #[must_use]
    pub fn run(&self, sound: &[f32]) -> Vec<f32> {
        let mut padded = vec![0.0; self.taps / 2 - 1];
        padded.extend_from_slice(sound);
        padded.resize(padded.len() + self.taps / 2 + 1, 0.0);
        let count = (sound.len() as f64 / self.step).ceil() as usize;
        (0..count).map(|i| self.at(&padded, i as f64 * self.step)).collect()
    }

    fn at(&self, padded: &[f32], place: f64) -> f32 {
        let first = place as usize;
        let phase = (place - first as f64) * PHASES as f64;
        let row = (phase as usize).min(PHASES - 1);
        let between = (phase - row as f64) as f32;
        let Some(sound) = padded.get(first..first + self.taps) else { return 0.0 };
        let rows = &self.table[row * self.taps..(row + 2) * self.taps];
        let low = dot(sound, &rows[..self.taps]);
        // Whole ratios hit the tabled places.
        if between == 0.0 {
            return low;
        }
        low + between * (dot(sound, &rows[self.taps..]) - low)
    }
}

/// The kernel at a distance in samples of the lower rate.
fn kernel(distance: f64) -> f64 {
    let share = distance / REACH as f64;
    if share.abs() >= 1.0 {
        return 0.0;
    }
    let x = std::f64::consts::PI * CUTOFF * distance;
    let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
    sinc * bessel(BETA * (1.0 - share * share).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind and order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1.0);
    while term > 1e-12 * sum {
        term *= (x / (2.0 * n)) * (x / (2.0 * n));
        sum += term;
        n += 1.0;
    }
    sum
}

/// Σ a·b in eight sums, so that the compiler can do them at once.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn sine(hertz: f64, rate: f64, count: usize) -> Vec<f32> {
        (0..count).map(|i| (TAU * hertz * i as f64 / rate).sin() as f32).collect()
    }

    /// Largest difference to the sine that it should be, away from the ends.
    fn error(hertz: f64, to: f64) -> f32 {
        let from = 16_000.0;
        let made = Resampler::new(from, to).run(&sine(hertz, from, 4_000));
        let wanted = sine(hertz, to, made.len());
        let edge = (100.0 * to / from) as usize;
        let inside = made.iter().zip(&wanted).skip(edge).take(made.len() - 2 * edge);
        inside.fold(0.0, |worst, (a, b)| worst.max((a - b).abs()))
    }

    #[test]
    fn sines_stay_sines_at_any_rate() {
        for to in [16_000.0, 22_050.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0, 47_999.7] {
            for hertz in [32.7, 440.0, 3_000.0, 6_500.0] {
                let error = error(hertz, to);
                assert!(error < 3e-5, "{hertz} Hz at {to}: {error}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        let made = Resampler::new(16_000.0, 8_000.0).run(&sine(5_000.0, 16_000.0, 8_000));
        assert!(made[200..3_800].iter().all(|x| x.abs() < 2e-5));
    }

    #[test]
    fn a_constant_stays_and_lengths_follow_the_ratio() {
        let resampler = Resampler::new(16_000.0, 44_100.0);
        let made = resampler.run(&[0.5; 1_600]);
        assert_eq!(made.len(), 4_410);
        assert!(made[200..4_200].iter().all(|x| (x - 0.5).abs() < 1e-6));
        assert!(resampler.run(&[]).is_empty());
        assert_eq!(Resampler::new(f64::NAN, 0.0).rate(), 1_000.0);
    }
}
