//! [`Settings`]: what a musician sets; the same for all notes.
//!
//! Plain values, copied to the audio thread.
use super::envelope::Adsr;

/// See the file's head. What is out of range is held within it where it is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How notes come and go.
    pub adsr: Adsr,
    /// Voices at once, 1..=64. Each note takes as many as `unison` says.
    pub polyphony: u8,
    /// Voices per note, 1..=8.
    pub unison: u8,
    /// Cents between the outermost voices of a unison.
    pub detune: f32,
    /// Width of a unison between left and right, 0..=1.
    pub width: f32,
    /// How much softer notes are quieter, 0..=1.
    pub velocity: f32,
    /// How open the low pass is, 0..=1; 1: there is none.
    pub brightness: f32,
    /// How much softer notes are duller, 0..=1.
    pub velocity_brightness: f32,
    /// Semitones.
    pub tune: f32,
    /// Semitones of a full pitch bend.
    pub bend_range: f32,
    /// Seconds from one note's pitch to the next; 0: at once.
    pub glide: f32,
    /// -1..=1.
    pub pan: f32,
    /// Factor on all.
    pub gain: f32,
    /// Point of the morph, 0..=1 each.
    pub morph: (f32, f32),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            adsr: Adsr::default(),
            polyphony: 16,
            unison: 1,
            detune: 12.0,
            width: 0.6,
            velocity: 1.0,
            brightness: 1.0,
            velocity_brightness: 0.0,
            tune: 0.0,
            bend_range: 2.0,
            glide: 0.0,
            pan: 0.0,
            gain: 1.0,
            morph: (0.0, 0.0),
        }
    }
}
