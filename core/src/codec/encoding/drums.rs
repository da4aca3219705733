//! Drum hits as classes: 2ⁿ combinations of n drum types.
//!
//! Pure maths; any thread. Source: Drums RNN (Magenta), `spec` 6.2 of the note-model notes.
use super::{EncodingError, OneHot};
use crate::codec::PitchSet;

/// The nine drum types of Drums RNN; the first pitch of each is what its class decodes to.
pub use crate::music::drum_map::MAGENTA as DEFAULT_DRUM_TYPES;

/// Classes of a drum step: bit `i` of the class is set when a pitch of type `i` is struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrumsOneHot {
    /// What each type decodes to.
    representatives: Vec<u8>,
    /// Class of each pitch alone; 0 = of no type.
    class_of: [u16; 128],
    strict: bool,
}

impl DrumsOneHot {
    /// The first `n` of the [`DEFAULT_DRUM_TYPES`] (nine in all published models).
    ///
    /// # Errors
    /// `n` of 0 or above 9.
    pub fn standard(n: usize) -> Result<Self, EncodingError> {
        let types = DEFAULT_DRUM_TYPES.get(..n).ok_or_else(|| too_many(n))?;
        Self::of(types)
    }

    /// Types of these pitches each, first the one that it decodes to.
    ///
    /// # Errors
    /// No type or more than nine, a type without pitches, a pitch above 127.
    pub fn of(types: &[impl AsRef<[u8]>]) -> Result<Self, EncodingError> {
        if types.is_empty() || types.len() > DEFAULT_DRUM_TYPES.len() {
            return Err(too_many(types.len()));
        }
        let (mut class_of, mut representatives) = ([0; 128], Vec::new());
        for (i, pitches) in types.iter().enumerate() {
            let pitches = pitches.as_ref();
            let first =
                pitches.first().ok_or_else(|| EncodingError::BadParameters("an empty drum type".into()))?;
            representatives.push(*first);
            for &pitch in pitches {
                let class = class_of.get_mut(usize::from(pitch));
                *class.ok_or_else(|| EncodingError::BadParameters(format!("a drum of pitch {pitch}")))? |=
                    1 << i;
            }
        }
        Ok(Self { representatives, class_of, strict: false })
    }

    /// Any drum at all, written as a hand clap (39).
    #[must_use]
    pub fn one_drum() -> Self {
        Self { representatives: vec![39], class_of: [1; 128], strict: false }
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
        self.representatives.len()
    }

    /// Whether `pitch` belongs to some type.
    #[must_use]
    pub fn knows(&self, pitch: u8) -> bool {
        self.class_of.get(usize::from(pitch)).is_some_and(|&class| class != 0)
    }
}

fn too_many(types: usize) -> EncodingError {
    EncodingError::BadParameters(format!("{types} drum types"))
}

impl OneHot for DrumsOneHot {
    type Event = PitchSet;

    fn classes(&self) -> usize {
        1 << self.representatives.len()
    }

    fn default_event(&self) -> PitchSet {
        PitchSet::EMPTY
    }

    fn encode(&self, event: PitchSet) -> Result<usize, EncodingError> {
        let mut class = 0;
        for pitch in event.iter() {
            if self.strict && !self.knows(pitch) {
                return Err(EncodingError::UnknownDrum(pitch));
            }
            class |= self.class_of[usize::from(pitch)];
        }
        Ok(usize::from(class))
    }

    fn decode(&self, class: usize) -> Result<PitchSet, EncodingError> {
        if class >= self.classes() {
            return Err(EncodingError::NoSuchClass { class, classes: self.classes() });
        }
        let hit = self.representatives.iter().enumerate().filter(|(i, _)| class >> i & 1 == 1);
        Ok(hit.map(|(_, &pitch)| pitch).collect())
    }
}
