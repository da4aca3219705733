//! Polyphonic events as classes: 3 marks, 128 new notes, 128 continued notes.
//!
//! Pure maths; any thread. Source: Polyphony RNN (Magenta), `spec` 6.2 of the note-model notes.
use super::{EncodingError, OneHot};
use crate::codec::PolyphonicEvent;

const CLASSES: usize = 259;
/// Class of a new note of pitch 0.
const NEW: u8 = 3;
/// Class of a continued note of pitch 0.
const CONTINUED: u8 = NEW + 128;

/// 0 start, 1 end, 2 end of a step, 3 + pitch new, 131 + pitch continued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolyphonyOneHot;

impl OneHot for PolyphonyOneHot {
    type Event = PolyphonicEvent;

    fn classes(&self) -> usize {
        CLASSES
    }

    fn default_event(&self) -> PolyphonicEvent {
        PolyphonicEvent::StepEnd
    }

    fn encode(&self, event: PolyphonicEvent) -> Result<usize, EncodingError> {
        let outside = |pitch: u8| EncodingError::PitchOutOfRange { pitch: pitch.into(), low: 0, high: 127 };
        match event {
            PolyphonicEvent::Start => Ok(0),
            PolyphonicEvent::End => Ok(1),
            PolyphonicEvent::StepEnd => Ok(2),
            PolyphonicEvent::New(p) | PolyphonicEvent::Continued(p) if p > 127 => Err(outside(p)),
            PolyphonicEvent::New(p) => Ok(usize::from(NEW) + usize::from(p)),
            PolyphonicEvent::Continued(p) => Ok(usize::from(CONTINUED) + usize::from(p)),
        }
    }

    fn decode(&self, class: usize) -> Result<PolyphonicEvent, EncodingError> {
        let pitch = |first: u8| (class - usize::from(first)) as u8;
        match class {
            0 => Ok(PolyphonicEvent::Start),
            1 => Ok(PolyphonicEvent::End),
            2 => Ok(PolyphonicEvent::StepEnd),
            3..131 => Ok(PolyphonicEvent::New(pitch(NEW))),
            131..CLASSES => Ok(PolyphonicEvent::Continued(pitch(CONTINUED))),
            _ => Err(EncodingError::NoSuchClass { class, classes: CLASSES }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_the_class_of_its_event() {
        for class in 0..CLASSES {
            assert_eq!(PolyphonyOneHot.encode(PolyphonyOneHot.decode(class).expect("exists")), Ok(class));
        }
        assert!(PolyphonyOneHot.decode(CLASSES).is_err());
        assert!(PolyphonyOneHot.encode(PolyphonicEvent::New(128)).is_err());
    }
}
