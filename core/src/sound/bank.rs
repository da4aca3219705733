//! The recorded sounds, read in place from the embedded files (format: `assets/audition/README.md`).
//!
//! Runs on the audio thread; never copies, decodes ahead or allocates.

/// Samples per block of the embedded format; a block is one exponent byte more than that.
const BLOCK: usize = 32;

/// One recorded sound, mono, peak 1.
#[derive(Debug)]
pub(super) struct Zone {
    data: &'static [u8],
    /// Frames per second of the recording.
    pub rate: u32,
    /// MIDI pitch that was recorded; for drums the pitch at which it plays as recorded.
    pub root: u8,
}

/// 2^(−k/8), k = 0..8, over the full scale of a signed byte.
const SCALE: [f32; 8] = [
    1.0 / 127.0,
    0.917_004 / 127.0,
    0.840_896_4 / 127.0,
    0.771_105_4 / 127.0,
    std::f32::consts::FRAC_1_SQRT_2 / 127.0,
    0.648_419_8 / 127.0,
    0.594_603_54 / 127.0,
    0.545_253_9 / 127.0,
];

impl Zone {
    /// Number of samples, including up to 31 zeros that fill the last block.
    pub fn len(&self) -> usize {
        self.data.len() / (BLOCK + 1) * BLOCK
    }

    /// Sample `index`; 0 outside the recording.
    #[inline]
    fn at(&self, index: isize) -> f32 {
        let Ok(index) = usize::try_from(index) else { return 0.0 };
        let block = index / BLOCK * (BLOCK + 1);
        let (Some(&exponent), Some(&value)) =
            (self.data.get(block), self.data.get(block + 1 + index % BLOCK))
        else {
            return 0.0;
        };
        // 2^(−e/8) = 2^(−(e mod 8)/8) · 2^(−⌊e/8⌋); the second factor is written into the float's exponent.
        let octave = f32::from_bits((127 - u32::from(exponent >> 3)) << 23);
        f32::from(value.cast_signed()) * SCALE[usize::from(exponent & 7)] * octave
    }

    /// The sound at `index + fraction`, by a cubic through four samples. At fraction 0 it is sample `index` itself,
    /// so that a sound begins with its first sample and not before.
    #[inline]
    pub fn read(&self, index: usize, fraction: f32) -> f32 {
        let i = index.min(self.len() + 2) as isize;
        let (a, b, c, d) = (self.at(i - 1), self.at(i), self.at(i + 1), self.at(i + 2));
        let slope = 0.5 * (c - a);
        let e = b - c;
        let f = slope + e;
        let g = f + e + 0.5 * (d - b);
        ((g * fraction - (g + f)) * fraction + slope) * fraction + b
    }
}

macro_rules! zones {
    ($($(#[$doc:meta])* $name:ident = $file:literal, $rate:literal, $root:literal;)*) => {
        $($(#[$doc])* pub(super) static $name: Zone = Zone {
            data: include_bytes!(concat!("../../../assets/audition/", $file, ".bfp")),
            rate: $rate,
            root: $root,
        };)*
        #[cfg(test)]
        pub(super) static ALL: &[&Zone] = &[$(&$name),*];
    };
}

zones! {
    KICK = "kick", 44_100, 36;
    SNARE = "snare", 44_100, 38;
    RIM = "rim", 44_100, 37;
    CLAP = "clap", 44_100, 39;
    HAT_CLOSED = "hat_closed", 44_100, 42;
    HAT_PEDAL = "hat_pedal", 44_100, 44;
    HAT_OPEN = "hat_open", 44_100, 46;
    TOM_FLOOR = "tom_floor", 44_100, 41;
    TOM_LOW = "tom_low", 44_100, 45;
    TOM_MID = "tom_mid", 44_100, 47;
    TOM_HIGH = "tom_high", 44_100, 50;
    CRASH = "crash", 44_100, 49;
    RIDE = "ride", 44_100, 51;
    RIDE_BELL = "ride_bell", 44_100, 53;
    TAMBOURINE = "tambourine", 44_100, 54;
    COWBELL = "cowbell", 44_100, 56;
    BONGO = "bongo", 44_100, 60;
    CONGA = "conga", 44_100, 63;
    SHAKER = "shaker", 44_100, 70;
    KEYS_36 = "keys_36", 22_050, 36;
    KEYS_48 = "keys_48", 22_050, 48;
    KEYS_60 = "keys_60", 22_050, 60;
    KEYS_72 = "keys_72", 22_050, 72;
    KEYS_84 = "keys_84", 22_050, 84;
}

/// The electric-piano recording nearest to `pitch`.
pub(super) fn keys(pitch: u8) -> &'static Zone {
    match pitch {
        0..=41 => &KEYS_36,
        42..=53 => &KEYS_48,
        54..=65 => &KEYS_60,
        66..=77 => &KEYS_72,
        _ => &KEYS_84,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_whole_starts_at_once_and_reaches_full_scale() {
        for zone in ALL {
            assert_eq!(zone.data.len() % (BLOCK + 1), 0);
            assert!(zone.at(0).abs() >= 0.04, "root {}: first sample {}", zone.root, zone.at(0));
            let peak = (0..zone.len()).map(|i| zone.read(i, 0.0).abs()).fold(0.0, f32::max);
            assert!((0.98..=1.01).contains(&peak), "root {}: peak {peak}", zone.root);
            let end = zone.read(zone.len() - 1, 0.0).abs();
            assert!(end < 0.001, "root {}: ends at {end}", zone.root);
        }
    }

    #[test]
    fn reading_between_samples_follows_the_curve_and_is_silent_outside() {
        let (a, b) = (KICK.read(400, 0.0), KICK.read(401, 0.0));
        let middle = KICK.read(400, 0.5);
        assert!((middle - 0.5 * (a + b)).abs() < 0.05, "{a} {middle} {b}");
        assert!(KICK.read(KICK.len() + 5, 0.3).abs() < f32::EPSILON);
        assert!(KICK.read(usize::MAX / 2, 0.3).abs() < f32::EPSILON);
    }
}
