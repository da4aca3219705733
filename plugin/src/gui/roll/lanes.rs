//! Rows of the roll: nine drum lanes, or semitones with their names. Pure functions.

use descant_core::codec::encoding::DEFAULT_DRUM_TYPES;

/// Number of drum lanes.
pub const COUNT: usize = 9;

/// Names from the lowest lane up.
pub const NAMES: [&str; COUNT] =
    ["Kick", "Snare", "Closed hat", "Open hat", "Low tom", "Mid tom", "High tom", "Crash", "Ride"];

/// The pitch that a new hit in a lane gets: the representative of the class in the models' drum map.
pub const PITCHES: [u8; COUNT] = [36, 38, 42, 46, 45, 48, 50, 49, 51];

/// The lane of a drum pitch; `None` for pitches outside the drum map.
#[must_use]
pub fn of(pitch: u8) -> Option<usize> {
    DEFAULT_DRUM_TYPES.iter().position(|group| group.contains(&pitch))
}

/// Whether a pitch is a black key.
#[must_use]
pub fn is_black(pitch: u8) -> bool {
    matches!(pitch % 12, 1 | 3 | 6 | 8 | 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lane_is_the_class_whose_representative_it_writes() {
        for (lane, pitch) in PITCHES.into_iter().enumerate() {
            assert_eq!(of(pitch), Some(lane));
            assert_eq!(DEFAULT_DRUM_TYPES[lane][0], pitch);
        }
        assert_eq!(of(0), None);
    }
}
