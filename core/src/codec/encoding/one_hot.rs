//! One-hot classes of single events, and the encoding that uses nothing else.
//!
//! Pure maths; any thread. Knows no history.
use super::{Encoding, EncodingError, Event, History, SparseVector, cell};

/// Events ↔ classes, one at a time.
pub trait OneHot: Send + Sync + Clone + std::fmt::Debug {
    /// The events.
    type Event: Event;

    /// Number of classes.
    fn classes(&self) -> usize;

    /// The event that stands where nothing happens.
    fn default_event(&self) -> Self::Event;

    /// Class of an event.
    ///
    /// # Errors
    /// An event without a class.
    fn encode(&self, event: Self::Event) -> Result<usize, EncodingError>;

    /// Event of a class.
    ///
    /// # Errors
    /// [`EncodingError::NoSuchClass`].
    fn decode(&self, class: usize) -> Result<Self::Event, EncodingError>;
}

/// Input = one-hot of the event, label = its class.
#[derive(Clone, Debug)]
pub struct Direct<T>(pub T);

impl<T: OneHot> Encoding<T::Event> for Direct<T> {
    fn input_size(&self) -> usize {
        self.0.classes()
    }

    fn num_classes(&self) -> usize {
        self.0.classes()
    }

    fn default_event(&self) -> T::Event {
        self.0.default_event()
    }

    fn default_label(&self) -> usize {
        self.0.encode(self.0.default_event()).unwrap_or(0)
    }

    fn input(&self, history: &History<T::Event>, out: &mut SparseVector) -> Result<(), EncodingError> {
        let event = *history.events().last().ok_or(EncodingError::Empty)?;
        out.clear();
        out.push((cell(self.0.encode(event)?), 1.0));
        Ok(())
    }

    fn label(&self, events: &[T::Event], position: usize) -> Result<usize, EncodingError> {
        self.0.encode(*events.get(position).ok_or(EncodingError::Empty)?)
    }

    fn decode(&self, class: usize, _events: &[T::Event]) -> Result<T::Event, EncodingError> {
        self.0.decode(class)
    }
}
