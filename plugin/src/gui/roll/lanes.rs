//! Rows of the roll: nine drum lanes, or semitones with their names. Pure functions.

/// Number of drum lanes.
pub const COUNT: usize = 9;

/// Names from the lowest lane up.
pub const NAMES: [&str; COUNT] =
    ["Kick", "Snare", "Closed hat", "Open hat", "Low tom", "Mid tom", "High tom", "Crash", "Ride"];

/// The pitch that a new hit in a lane gets: the representative of the class in the models' drum map.
pub const PITCHES: [u8; COUNT] = [36, 38, 42, 46, 45, 48, 50, 49, 51];

/// General MIDI (and Roland TD) drum pitches by lane, as the models group them.
const GROUPS: [&[u8]; COUNT] = [
    &[36, 35],
    &[38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85],
    &[42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22],
    &[46, 67, 72, 74, 79, 81, 26],
    &[45, 29, 41, 43, 61, 64, 84],
    &[48, 47, 60, 63, 77, 86, 87],
    &[50, 30, 62, 76, 83],
    &[49, 52, 55, 57, 58],
    &[51, 53, 59, 82],
];

/// The lane of a drum pitch; `None` for pitches outside the drum map.
#[must_use]
pub fn of(pitch: u8) -> Option<usize> {
    GROUPS.iter().position(|g| g.contains(&pitch))
}

/// A pitch as musicians write it, middle C being C4: "F♯3".
#[must_use]
pub fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
    format!("{}{}", NAMES[usize::from(pitch % 12)], i32::from(pitch) / 12 - 1)
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
    fn each_lane_holds_its_own_pitch_and_no_pitch_is_in_two() {
        for (lane, pitch) in PITCHES.into_iter().enumerate() {
            assert_eq!(of(pitch), Some(lane));
        }
        for pitch in 0..=127 {
            assert!(GROUPS.iter().filter(|g| g.contains(&pitch)).count() <= 1, "{pitch}");
        }
    }

    #[test]
    fn names_follow_middle_c_is_c4() {
        assert_eq!(pitch_name(60), "C4");
        assert_eq!(pitch_name(0), "C-1");
        assert_eq!(pitch_name(54), "F♯3");
    }
}
