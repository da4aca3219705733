//! Lookback: the network also sees what happened some steps before the next event, and may say "as then".
//!
//! Pure maths; any thread. Source: Lookback RNN and `drum_kit` (Magenta), `spec` 6.3 of the note-model notes.
use super::{
    Encoding, EncodingError, History, OneHot, SparseVector, cell, check_lookback, push_counter, repeats,
};

/// Lookback over a one-hot encoding. With no distances only the bar counter is added.
#[derive(Clone, Debug)]
pub struct Lookback<T> {
    one_hot: T,
    distances: Vec<usize>,
    bits: usize,
}

impl<T: OneHot> Lookback<T> {
    /// Looks back by each of `distances` steps and counts steps in `bits` binary digits.
    ///
    /// # Errors
    /// A distance of 0 or above 4096, more than 16 distances, or more than 32 bits.
    pub fn new(one_hot: T, distances: &[usize], bits: usize) -> Result<Self, EncodingError> {
        check_lookback(distances, bits)?;
        Ok(Self { one_hot, distances: distances.to_vec(), bits })
    }

    fn before(&self, events: &[T::Event], distance: usize) -> T::Event {
        events.len().checked_sub(distance).map_or_else(|| self.one_hot.default_event(), |at| events[at])
    }
}

impl<T: OneHot> Encoding<T::Event> for Lookback<T> {
    fn input_size(&self) -> usize {
        let classes = self.one_hot.classes();
        classes + self.distances.len() * (classes + 1) + self.bits
    }

    fn num_classes(&self) -> usize {
        self.one_hot.classes() + self.distances.len()
    }

    fn lookback_classes(&self) -> usize {
        self.distances.len()
    }

    fn default_event(&self) -> T::Event {
        self.one_hot.default_event()
    }

    fn default_label(&self) -> usize {
        self.one_hot.encode(self.one_hot.default_event()).unwrap_or(0)
    }

    fn input(&self, history: &History<T::Event>, out: &mut SparseVector) -> Result<(), EncodingError> {
        let events = history.events();
        let position = events.len().checked_sub(1).ok_or(EncodingError::Empty)?;
        let classes = self.one_hot.classes();
        out.clear();
        out.push((cell(self.one_hot.encode(events[position])?), 1.0));
        let mut offset = classes;
        for &distance in &self.distances {
            let class = self.one_hot.encode(self.before(events, distance))?;
            out.push((cell(offset + class), 1.0));
            offset += classes;
        }
        push_counter(position + 1, self.bits, offset, out);
        offset += self.bits;
        for (i, &distance) in self.distances.iter().enumerate() {
            if repeats(events, position, distance) {
                out.push((cell(offset + i), 1.0));
            }
        }
        Ok(())
    }

    fn label(&self, events: &[T::Event], position: usize) -> Result<usize, EncodingError> {
        let event = *events.get(position).ok_or(EncodingError::Empty)?;
        let classes = self.one_hot.classes();
        if let Some(&last) = self.distances.last()
            && position < last
            && event == self.one_hot.default_event()
        {
            return Ok(classes + self.distances.len() - 1);
        }
        for (i, &distance) in self.distances.iter().enumerate().rev() {
            if repeats(events, position, distance) {
                return Ok(classes + i);
            }
        }
        self.one_hot.encode(event)
    }

    fn decode(&self, class: usize, events: &[T::Event]) -> Result<T::Event, EncodingError> {
        let classes = self.one_hot.classes();
        if class < classes {
            return self.one_hot.decode(class);
        }
        match self.distances.get(class - classes) {
            Some(&distance) => Ok(self.before(events, distance)),
            None => Err(EncodingError::NoSuchClass { class, classes: self.num_classes() }),
        }
    }
}
