//! The drum kit's mix: which recording, tuning, level and place each General MIDI drum pitch has.
//!
//! Runs on the audio thread; pure look-up.
use super::bank::{self, Zone};

/// What a hit does to sounds that still ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choke {
    /// Rings over anything.
    None,
    /// A closed or pedalled hi-hat: ends the open one.
    ClosesHat,
    /// The open hi-hat: ended by a closed one and by itself.
    OpenHat,
    /// A cymbal: ended softly by the next hit on itself, so that a roll does not pile up.
    Cymbal,
}

/// How one drum pitch sounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub zone: &'static Zone,
    /// Semitones away from the recording.
    pub tune: f32,
    /// Peak at velocity 127.
    pub gain: f32,
    /// −1 left … 1 right, as the audience sees a kit.
    pub pan: f32,
    pub choke: Choke,
}

const fn hit(zone: &'static Zone, tune: f32, gain: f32, pan: f32, choke: Choke) -> Hit {
    Hit { zone, tune, gain, pan, choke }
}

/// The sound of drum `pitch` (0..=127). Every pitch has one: those outside the General MIDI kit play the sound of the drum
/// class that the models put them in, or the rim when they are in none.
pub(super) fn hit_for(pitch: u8) -> Hit {
    use Choke::{ClosesHat, Cymbal, None as Free, OpenHat};
    match pitch {
        36 => hit(&bank::KICK, 0.0, 0.37, 0.0, Free),
        35 => hit(&bank::KICK, -2.0, 0.37, 0.0, Free),
        38 | 33 | 34 => hit(&bank::SNARE, 0.0, 0.30, -0.05, Free),
        40 => hit(&bank::SNARE, 1.5, 0.30, -0.05, Free),
        37 | 31 | 32 => hit(&bank::RIM, 0.0, 0.20, -0.12, Free),
        39 | 27 | 28 => hit(&bank::CLAP, 0.0, 0.25, 0.08, Free),
        42 | 22 => hit(&bank::HAT_CLOSED, 0.0, 0.12, 0.28, ClosesHat),
        44 => hit(&bank::HAT_PEDAL, 0.0, 0.11, 0.28, ClosesHat),
        46 | 26 => hit(&bank::HAT_OPEN, 0.0, 0.14, 0.28, OpenHat),
        41 => hit(&bank::TOM_FLOOR, 0.0, 0.29, -0.40, Free),
        43 | 29 => hit(&bank::TOM_FLOOR, 2.0, 0.28, -0.32, Free),
        45 => hit(&bank::TOM_LOW, 0.0, 0.27, -0.20, Free),
        47 => hit(&bank::TOM_MID, 0.0, 0.27, 0.0, Free),
        48 => hit(&bank::TOM_MID, 1.5, 0.26, 0.12, Free),
        50 | 30 => hit(&bank::TOM_HIGH, 0.0, 0.26, 0.24, Free),
        49 => hit(&bank::CRASH, 0.0, 0.17, -0.45, Cymbal),
        57 => hit(&bank::CRASH, -1.5, 0.17, 0.50, Cymbal),
        55 => hit(&bank::CRASH, 5.0, 0.13, -0.20, Cymbal),
        52 => hit(&bank::CRASH, -4.0, 0.16, 0.55, Cymbal),
        51 => hit(&bank::RIDE, 0.0, 0.14, -0.35, Cymbal),
        59 => hit(&bank::RIDE, -1.5, 0.14, -0.50, Cymbal),
        53 => hit(&bank::RIDE_BELL, 0.0, 0.14, -0.35, Cymbal),
        80 => hit(&bank::RIDE_BELL, 9.0, 0.07, 0.3, Cymbal),
        81 | 84 => hit(&bank::RIDE_BELL, 8.0, 0.08, 0.3, Cymbal),
        54 | 83 => hit(&bank::TAMBOURINE, 0.0, 0.14, 0.15, Free),
        56 => hit(&bank::COWBELL, 0.0, 0.15, 0.15, Free),
        67 => hit(&bank::COWBELL, 5.0, 0.12, 0.25, Free),
        68 => hit(&bank::COWBELL, 0.5, 0.12, 0.25, Free),
        60 => hit(&bank::BONGO, 0.0, 0.20, 0.18, Free),
        61 => hit(&bank::BONGO, -5.0, 0.20, 0.10, Free),
        62 => hit(&bank::CONGA, 2.0, 0.20, -0.15, Free),
        63 | 78 => hit(&bank::CONGA, 0.0, 0.21, -0.20, Free),
        64 | 79 => hit(&bank::CONGA, -5.0, 0.22, -0.25, Free),
        65 => hit(&bank::TOM_HIGH, 5.0, 0.20, 0.1, Free),
        66 => hit(&bank::TOM_HIGH, 1.0, 0.20, 0.0, Free),
        69 => hit(&bank::SHAKER, -2.0, 0.13, 0.2, Free),
        70 | 82 => hit(&bank::SHAKER, 0.0, 0.13, 0.2, Free),
        71..=74 => hit(&bank::SHAKER, -5.0, 0.10, 0.2, Free),
        75 => hit(&bank::RIM, 9.0, 0.17, -0.12, Free),
        76 => hit(&bank::RIM, 5.0, 0.17, 0.12, Free),
        77 => hit(&bank::RIM, 0.5, 0.17, 0.12, Free),
        86 => hit(&bank::TOM_LOW, -4.0, 0.24, 0.0, Free),
        87 => hit(&bank::TOM_LOW, -6.0, 0.26, 0.0, Free),
        58 => hit(&bank::TAMBOURINE, -7.0, 0.12, 0.2, Free),
        85 => hit(&bank::RIM, 3.0, 0.18, 0.2, Free),
        _ => hit(&bank::RIM, -2.0, 0.15, 0.0, Free),
    }
}
