//! How events name notes, and what a channel's controllers stand at.
//!
//! Runs on the audio thread; plain values.

/// Which notes an event is for: `None` is any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// MIDI channel from 0.
    pub channel: Option<u8>,
    /// MIDI pitch.
    pub key: Option<u8>,
    /// The host's own number of a note.
    pub id: Option<i32>,
}

impl Which {
    /// The notes of a key on a channel.
    #[must_use]
    pub fn key(channel: u8, key: u8) -> Self {
        Self { channel: Some(channel), key: Some(key), id: None }
    }

    /// Whether a note is meant. A note whose number the host did not say may be any.
    pub(super) fn is(&self, channel: u8, key: u8, id: Option<i32>) -> bool {
        self.channel.is_none_or(|c| c == channel)
            && self.key.is_none_or(|k| k == key)
            && self.id.is_none_or(|wanted| id.is_none_or(|id| id == wanted))
    }
}

/// What a host can change about single notes while they sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expression {
    /// Semitones.
    Tuning(f32),
    /// Factor, 0..=4.
    Volume(f32),
    /// -1..=1.
    Pan(f32),
    /// 0..=1; 0.5 changes nothing.
    Brightness(f32),
    /// 0..=1.
    Vibrato(f32),
    /// 0..=1.
    Pressure(f32),
    /// 0..=1, as a fader; 1 changes nothing.
    Expression(f32),
}

/// Controllers of a channel, values 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Controller {
    /// Vibrato.
    ModWheel(f32),
    /// Louder.
    Pressure(f32),
    /// 0..=1; 0.5 is the middle.
    Bend(f32),
    /// Keys let go sound on.
    Sustain(bool),
    /// Keys that are down when it is pressed sound on.
    Sostenuto(bool),
    /// Volume pedal.
    Expression(f32),
    /// All of these as they were at first.
    Reset,
    /// All keys are let go.
    NotesOff,
    /// Silence, at once.
    SoundOff,
}

impl Controller {
    /// A MIDI controller number that means something here, with its value 0..=1.
    #[must_use]
    pub fn midi(number: u8, value: f32) -> Option<Self> {
        let pressed = value >= 0.5;
        Some(match number {
            1 => Self::ModWheel(value),
            11 => Self::Expression(value),
            64 => Self::Sustain(pressed),
            66 => Self::Sostenuto(pressed),
            120 => Self::SoundOff,
            121 => Self::Reset,
            123 => Self::NotesOff,
            _ => return None,
        })
    }
}

/// What a channel stands at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Channel {
    /// -1..=1.
    pub bend: f32,
    pub wheel: f32,
    pub pressure: f32,
    pub expression: f32,
    pub sustain: bool,
    pub sostenuto: bool,
    /// Pitch of its last note.
    pub last: Option<f32>,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            bend: 0.0,
            wheel: 0.0,
            pressure: 0.0,
            expression: 1.0,
            sustain: false,
            sostenuto: false,
            last: None,
        }
    }
}

/// What was changed about one note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Expressions {
    pub tuning: f32,
    pub volume: f32,
    pub pan: f32,
    pub brightness: f32,
    pub vibrato: f32,
    pub pressure: f32,
    pub expression: f32,
}

impl Default for Expressions {
    fn default() -> Self {
        Self {
            tuning: 0.0,
            volume: 1.0,
            pan: 0.0,
            brightness: 0.5,
            vibrato: 0.0,
            pressure: 0.0,
            expression: 1.0,
        }
    }
}

impl Expressions {
    pub fn set(&mut self, expression: Expression) {
        let unit = |x: f32| held(x, 0.0, 1.0);
        match expression {
            Expression::Tuning(x) => self.tuning = held(x, -120.0, 120.0),
            Expression::Volume(x) => self.volume = held(x, 0.0, 4.0),
            Expression::Pan(x) => self.pan = held(x, -1.0, 1.0),
            Expression::Brightness(x) => self.brightness = unit(x),
            Expression::Vibrato(x) => self.vibrato = unit(x),
            Expression::Pressure(x) => self.pressure = unit(x),
            Expression::Expression(x) => self.expression = unit(x),
        }
    }
}

/// Within a range, whatever a host sends.
pub(super) fn held(x: f32, low: f32, high: f32) -> f32 {
    if x.is_finite() { x.clamp(low, high) } else { low.max(0.0).min(high) }
}
