//! [`Recording`]: a note as the model gave it, in 16 bits with a peak of its own.
//!
//! Worker threads. Whatever becomes of a note goes through this form first, so that one read from disk sounds the same, to
//! the bit, as one rendered just now.

/// Most samples that are believed: a minute at 48 kHz.
const MOST: usize = 2_880_000;

/// A note.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Samples per second.
    rate: u32,
    /// Largest magnitude.
    peak: f32,
    samples: Vec<i16>,
}

impl Recording {
    /// Of a sound; what is no number counts as silence, and what is beyond a minute at 48 kHz is cut off.
    #[must_use]
    pub fn new(sound: &[f32], rate: u32) -> Self {
        let sound = &sound[..sound.len().min(MOST)];
        let finite = |x: &f32| if x.is_finite() { *x } else { 0.0 };
        let peak = sound.iter().map(finite).fold(0.0_f32, |peak, x| peak.max(x.abs()));
        let scale = if peak > 0.0 { f32::from(i16::MAX) / peak } else { 0.0 };
        let samples = sound.iter().map(|x| (finite(x) * scale).round() as i16).collect();
        Self { rate: rate.max(1), peak, samples }
    }

    /// Samples per second.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The sound.
    #[must_use]
    pub fn sound(&self) -> Vec<f32> {
        let scale = self.peak / f32::from(i16::MAX);
        self.samples.iter().map(|&x| f32::from(x) * scale).collect()
    }

    /// Little-endian: rate (4 bytes), peak (4), samples (2 each).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 2 * self.samples.len());
        bytes.extend(self.rate.to_le_bytes());
        bytes.extend(self.peak.to_le_bytes());
        bytes.extend(self.samples.iter().flat_map(|x| x.to_le_bytes()));
        bytes
    }

    /// What [`Recording::to_bytes`] wrote; `None` if that cannot be.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (rate, rest) = bytes.split_first_chunk()?;
        let (peak, rest) = rest.split_first_chunk()?;
        let (samples, odd) = rest.as_chunks();
        let (rate, peak) = (u32::from_le_bytes(*rate), f32::from_le_bytes(*peak));
        if rate == 0 || !peak.is_finite() || peak < 0.0 || !odd.is_empty() || samples.len() > MOST {
            return None;
        }
        Some(Self { rate, peak, samples: samples.iter().map(|x| i16::from_le_bytes(*x)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sixteen_bits_of_the_peak() {
        let recording = Recording::new(&[0.0, 0.25, -0.5, f32::NAN, 0.1], 16_000);
        let sound = recording.sound();
        assert_eq!((sound[0], sound[2], sound[3], recording.rate()), (0.0, -0.5, 0.0, 16_000));
        assert!((sound[4] - 0.1).abs() < 0.5 / 32_767.0);
        assert_eq!(Recording::new(&[0.0; 3], 16_000).sound(), [0.0; 3]);
    }

    proptest! {
        #[test]
        fn bytes_make_the_same_recording(sound in proptest::collection::vec(-2.0_f32..2.0, 0..50)) {
            let recording = Recording::new(&sound, 16_000);
            prop_assert_eq!(Recording::from_bytes(&recording.to_bytes()), Some(recording));
        }

        #[test]
        fn any_bytes_are_a_recording_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(recording) = Recording::from_bytes(&bytes) {
                prop_assert!(recording.sound().iter().all(|x| x.is_finite()));
            }
        }
    }
}
