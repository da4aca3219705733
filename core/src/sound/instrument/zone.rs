//! [`Zone`]: one pitch of an instrument, ready to be read by voices at the host's rate.
//!
//! Made by a worker, read by the audio thread, which neither changes nor frees it. 16 bits per sample: an instrument of 61
//! notes takes 17 MB at 48 kHz.
use super::looping::Loop;
use super::recording::Recording;
use super::resample::Resampler;

/// Above this rate in Hz a zone has half the host's, or a quarter: what the models give ends at 8 kHz.
const HIGHEST_RATE: f64 = 96_000.0;
/// Samples after the loop's end that a cubic may touch.
const GUARD: usize = 3;
/// Quieter notes are not made as loud as the others: they hold nothing but noise.
const QUIETEST: f32 = 1e-3;

/// Why a note makes no zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// Too short to be a note.
    #[error("the model gave a note without sound")]
    Empty,
}

/// See the file's head. Its loudest sample is ±1 before the loop takes hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// A zero, so that a sound begins with its first sample and not before; the sound up to the loop's end; [`GUARD`]
    /// samples more.
    samples: Box<[i16]>,
    scale: f32,
    root: u8,
    rate: f64,
    start: usize,
    end: usize,
    decay: f32,
}

impl Zone {
    /// The rate at which zones are kept for a host's rate, both in Hz.
    #[must_use]
    pub fn rate_for(host: f64) -> f64 {
        let mut rate = if host.is_finite() { host.clamp(1_000.0, 768_000.0) } else { 48_000.0 };
        while rate > HIGHEST_RATE {
            rate *= 0.5;
        }
        rate
    }

    /// Of a note at MIDI pitch `root`; `resampler` leads from its rate to [`Zone::rate_for`] the host's.
    ///
    /// # Errors
    /// [`ZoneError`].
    pub fn new(note: &Recording, root: u8, resampler: &Resampler) -> Result<Self, ZoneError> {
        let sound = note.sound();
        let found = Loop::find(&sound).ok_or(ZoneError::Empty)?;
        let rate = resampler.rate();
        let sound = resampler.run(&sound);
        if sound.len() < 4 {
            return Err(ZoneError::Empty);
        }
        let found = found.at_rate(&sound, rate / f64::from(note.rate()));
        let mut made = found.bake(&sound);
        let loudest = |x: &[f32]| x.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let heard = loudest(&sound[..found.end]).max(QUIETEST);
        made.extend_from_within(found.start..(found.start + GUARD).min(found.end));
        made.resize(found.end + GUARD, 0.0);
        let peak = loudest(&made).max(f32::MIN_POSITIVE);
        let full = f32::from(i16::MAX);
        Ok(Self {
            samples: std::iter::once(0.0).chain(made).map(|x| (x / peak * full).round() as i16).collect(),
            scale: peak / heard / full,
            root,
            rate,
            start: found.start,
            end: found.end,
            decay: found.decay as f32,
        })
    }

    /// A plain tone at middle C, to be heard for the moment until a model gave its first note.
    #[must_use]
    pub fn plain() -> Self {
        const RATE: f64 = 48_000.0;
        const CYCLES: f64 = 60.0;
        let hertz = 440.0 * (-9.0_f64 / 12.0).exp2();
        // A whole number of samples, less than 0.1 cent off.
        let length = (CYCLES * RATE / hertz).round() as usize;
        let turn = CYCLES * std::f64::consts::TAU / length as f64;
        let sample = |i: usize| {
            (1..=4).map(|n| (f64::from(n) * turn * i as f64).sin() / f64::from(n * n)).sum::<f64>()
        };
        let made: Vec<f64> = (0..2 * length + GUARD).map(sample).collect();
        let peak = made.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let full = f64::from(i16::MAX);
        Self {
            samples: std::iter::once(0.0).chain(made).map(|x| (x / peak * full).round() as i16).collect(),
            scale: 1.0 / full as f32,
            root: 60,
            rate: RATE,
            start: length,
            end: 2 * length,
            decay: 0.0,
        }
    }

    /// The MIDI pitch that it was rendered at.
    #[must_use]
    pub fn root(&self) -> u8 {
        self.root
    }

    /// Samples per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// First sample of the loop and the one after its last.
    #[must_use]
    pub fn loop_points(&self) -> (usize, usize) {
        (self.start, self.end)
    }

    /// Nepers per sample by which a note fades from the loop's start on; not in the samples.
    #[must_use]
    pub fn decay(&self) -> f32 {
        self.decay
    }

    /// What a key that is held sounds like, without envelope: so many samples at [`Zone::rate`], loop and fading included.
    #[must_use]
    pub fn held(&self, samples: usize) -> Vec<f32> {
        let length = self.end - self.start;
        let sample = |i: usize| {
            let beyond = i.saturating_sub(self.start);
            let index = if i < self.end { i } else { self.start + beyond % length.max(1) };
            self.read(index, 0.0) * (-self.decay * beyond as f32).exp()
        };
        (0..samples).map(sample).collect()
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        2 * self.samples.len()
    }

    /// The sound at `index + fraction`, by a cubic through four samples; at fraction 0 it is sample `index` itself.
    /// `index` must lie before the loop's end: beyond it is silence.
    #[inline]
    #[must_use]
    pub fn read(&self, index: usize, fraction: f32) -> f32 {
        let Some(near) = self.samples.get(index..).and_then(|s| s.first_chunk()) else { return 0.0 };
        let [a, b, c, d] = near.map(f32::from);
        let slope = 0.5 * (c - a);
        let e = b - c;
        let f = slope + e;
        let g = f + e + 0.5 * (d - b);
        (((g * fraction - (g + f)) * fraction + slope) * fraction + b) * self.scale
    }
}
