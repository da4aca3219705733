//! Drum hits as classes: 2ⁿ combinations of n drum types.
//!
//! Pure maths; any thread. Source: Drums RNN (Magenta), `spec` 6.2 of the note-model notes.
use super::{DrumEvent, EncodingError, OneHot};

/// The nine drum types of Drums RNN; the first pitch of each is what its class decodes to.
pub const DEFAULT_DRUM_TYPES: [&[u8]; 9] = [
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

/// Classes of a drum step: bit `i` of the class is set when a pitch of type `i` is struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrumsOneHot {
    /// Representative pitch and member pitches of each type.
    types: Vec<(u8, DrumEvent)>,
    strict: bool,
}

impl DrumsOneHot {
    /// The first `n` of the [`DEFAULT_DRUM_TYPES`] (nine in all published models).
    ///
    /// # Errors
    /// `n` of 0 or above 9.
    pub fn standard(n: usize) -> Result<Self, EncodingError> {
        if n == 0 || n > DEFAULT_DRUM_TYPES.len() {
            return Err(EncodingError::BadParameters(format!("{n} drum types")));
        }
        let types = DEFAULT_DRUM_TYPES[..n]
            .iter()
            .map(|pitches| (pitches[0], pitches.iter().fold(0, |set, &p| set | (1 << p))))
            .collect();
        Ok(Self { types, strict: false })
    }

    /// Any drum at all, written as a hand clap (39).
    #[must_use]
    pub fn one_drum() -> Self {
        Self { types: vec![(39, DrumEvent::MAX)], strict: false }
    }

    /// Refuses pitches that belong to no type instead of ignoring them.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Number of drum types.
    #[must_use]
    pub fn types(&self) -> usize {
        self.types.len()
    }

    /// Pitches that belong to some type.
    #[must_use]
    pub fn known(&self) -> DrumEvent {
        self.types.iter().fold(0, |set, (_, members)| set | members)
    }
}

impl OneHot for DrumsOneHot {
    type Event = DrumEvent;

    fn classes(&self) -> usize {
        1 << self.types.len()
    }

    fn default_event(&self) -> DrumEvent {
        0
    }

    fn encode(&self, event: DrumEvent) -> Result<usize, EncodingError> {
        let unknown = event & !self.known();
        if self.strict && unknown != 0 {
            let pitch = u8::try_from(unknown.trailing_zeros()).unwrap_or(u8::MAX);
            return Err(EncodingError::UnknownDrum(pitch));
        }
        let class = self.types.iter().enumerate().filter(|(_, (_, members))| event & members != 0);
        Ok(class.fold(0, |class, (i, _)| class | (1 << i)))
    }

    fn decode(&self, class: usize) -> Result<DrumEvent, EncodingError> {
        if class >= self.classes() {
            return Err(EncodingError::NoSuchClass { class, classes: self.classes() });
        }
        let hit = self.types.iter().enumerate().filter(|(i, _)| class >> i & 1 == 1);
        Ok(hit.fold(0, |event, (_, (pitch, _))| event | (1 << pitch)))
    }
}
