//! Conditioning: in front of each input stand cells that say what is wanted of the next event.
//!
//! Pure maths; any thread. Source: `spec` 6.6 of the note-model notes. The network, its stepping, sampling and
//! scoring know nothing of it: a [`Conditional`] is an [`Encoding`] like any other.
use super::{Encoding, EncodingError, Event, History, SparseVector, cell};

/// Control values ↔ the first cells of an input.
pub trait ControlEncoding: Send + Sync + std::fmt::Debug {
    /// One control value, e.g. a chord.
    type Control: Copy;

    /// Number of cells.
    fn size(&self) -> usize;

    /// Appends the cells of a value.
    ///
    /// # Errors
    /// A value that the encoding has no cells for.
    fn input(&self, control: Self::Control, out: &mut SparseVector) -> Result<(), EncodingError>;
}

/// Where control values come from: the value for the event that follows a history. Asked once per step, for each
/// take with its own history, so that values may follow a timeline of the host. It must be a pure function of
/// the history, or takes will depend on how they are batched.
pub type ControlSource<'a, E, C> = dyn Fn(&History<E>) -> Result<C, EncodingError> + Send + Sync + 'a;

/// An encoding with control values in front. Labels and decoding are the target's.
pub struct Conditional<'a, E: Event, K: ControlEncoding> {
    /// Control values ↔ cells.
    pub control: &'a K,
    /// The control values.
    pub source: &'a ControlSource<'a, E, K::Control>,
    /// Events ↔ the other cells, labels and classes.
    pub target: &'a dyn Encoding<E>,
}

/// Control values given in full: one per event, the first one unused because nothing is predicted there.
///
/// # Errors
/// The source fails with [`EncodingError::NoControl`] where the list ends: to choose an event after `n` events
/// it has to hold `n + 1` values.
pub fn listed<E: Event, C: Copy + Send + Sync>(
    controls: &[C],
) -> impl Fn(&History<E>) -> Result<C, EncodingError> + Send + Sync + '_ {
    |history| {
        let position = history.len();
        controls.get(position).copied().ok_or(EncodingError::NoControl(position))
    }
}

impl<E: Event, K: ControlEncoding> std::fmt::Debug for Conditional<'_, E, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conditional")
            .field("control", &self.control)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl<E: Event, K: ControlEncoding> Encoding<E> for Conditional<'_, E, K> {
    fn input_size(&self) -> usize {
        self.control.size() + self.target.input_size()
    }

    fn num_classes(&self) -> usize {
        self.target.num_classes()
    }

    fn heads(&self) -> Vec<usize> {
        self.target.heads()
    }

    fn lookback_classes(&self) -> usize {
        self.target.lookback_classes()
    }

    fn default_event(&self) -> E {
        self.target.default_event()
    }

    fn default_label(&self) -> usize {
        self.target.default_label()
    }

    fn input(&self, history: &History<E>, out: &mut SparseVector) -> Result<(), EncodingError> {
        self.target.input(history, out)?;
        let offset = cell(self.control.size());
        out.iter_mut().for_each(|(index, _)| *index += offset);
        self.control.input((self.source)(history)?, out)
    }

    fn label(&self, events: &[E], position: usize) -> Result<usize, EncodingError> {
        self.target.label(events, position)
    }

    fn decode(&self, class: usize, events: &[E]) -> Result<E, EncodingError> {
        self.target.decode(class, events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::MelodyEvent;
    use crate::codec::encoding::{ChordEncoding, Direct, MelodyOneHot};
    use crate::music::Chord;

    #[test]
    fn each_input_carries_the_control_of_the_next_event() {
        let target = Direct(MelodyOneHot::new(48, 84).expect("a range"));
        let chords = [Chord::of_figure("C"), Chord::of_figure("Am")].map(|c| c.expect("a chord"));
        let source = listed(&chords);
        let both = Conditional { control: &ChordEncoding::Triad, source: &source, target: &target };
        assert_eq!((both.input_size(), both.num_classes()), (87, 38));
        let mut out = SparseVector::new();
        both.input(&History::new(&[MelodyEvent::Pitch(48)]), &mut out).expect("has a control");
        assert_eq!(out, [(49 + 2, 1.0), (13 + 9, 1.0)]);
        let two = History::new(&[MelodyEvent::Pitch(48), MelodyEvent::NoteOff]);
        assert_eq!(both.input(&two, &mut out), Err(EncodingError::NoControl(2)));
    }
}
