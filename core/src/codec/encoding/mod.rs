//! Musical events ↔ network inputs, labels and classes: one-hot, lookback and key-melody encodings.
//!
//! Pure maths without weights or randomness; runs on the worker (generation) and in training. All answers are
//! those of the published models, including their oddities: `tests/golden/b_encodings.json` holds them to it.
//!
//! An encoding never re-reads the whole past: what it must remember besides the events is the small
//! [`Event::Scan`] kept in a [`History`], so that one step costs the same at bar 1 and at bar 100.
mod chords;
mod conditional;
mod drums;
mod heads;
mod key_melody;
mod lookback;
mod melody;
mod note_performance;
mod one_hot;
mod performance;
mod performance_control;
mod polyphony;

pub use chords::ChordEncoding;
pub use conditional::{Conditional, ControlEncoding, ControlSource, listed};
pub use drums::{DEFAULT_DRUM_TYPES, DrumsOneHot};
pub use heads::{join_heads, split_heads};
pub use key_melody::KeyMelody;
pub use lookback::Lookback;
pub use melody::{MelodyOneHot, MelodyScan};
pub use note_performance::NoteEncoding;
pub use one_hot::{Direct, OneHot};
pub use performance::{PerformanceModulo, PerformanceOneHot, PerformanceScan};
pub use performance_control::{BlendedControls, PerformanceControls};
pub use polyphony::PolyphonyOneHot;

use super::{MelodyEvent, PitchSet, PolyphonicEvent};

/// A sparse vector: `(index, value)`, each index at most once, every other cell 0.
pub type SparseVector = Vec<(u32, f32)>;

/// Why an event sequence does not fit an encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// A pitch that the model has no class for.
    #[error("pitch {pitch} is outside the model's range {low} to {high}")]
    PitchOutOfRange {
        /// The offending event.
        pitch: i32,
        /// Lowest pitch of the model.
        low: i32,
        /// Highest pitch of the model.
        high: i32,
    },
    /// A drum pitch that no drum class contains (strict encodings only).
    #[error("drum pitch {0} belongs to none of the model's drum classes")]
    UnknownDrum(u8),
    /// The encoding was asked for with impossible parameters.
    #[error("the encoding's parameters are impossible: {0}")]
    BadParameters(String),
    /// An empty history has no input.
    #[error("there is no event to encode yet")]
    Empty,
    /// A class that the encoding does not have.
    #[error("class {class} does not exist: the encoding has {classes}")]
    NoSuchClass {
        /// The class asked for.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A chord that the model has no class for.
    #[error("this model knows only {0}; choose a simpler chord")]
    UnknownChord(&'static str),
    /// A value that the encoding cannot express.
    #[error("a {what} of {value} does not fit the model: it knows {low} to {high}")]
    OutOfRange {
        /// What it is, e.g. "time shift".
        what: &'static str,
        /// The value.
        value: u32,
        /// Lowest value.
        low: u32,
        /// Highest value.
        high: u32,
    },
    /// The control sequence is too short.
    #[error("there is no chord or control value for event {0}")]
    NoControl(usize),
}

/// An event of a sequence on a grid.
pub trait Event: Copy + Eq + std::fmt::Debug + Send + Sync + 'static {
    /// What some encoding must remember about all events so far, updated in constant time.
    type Scan: Clone + Default + std::fmt::Debug + Send + Sync;

    /// Takes the next event into account.
    fn scan(scan: &mut Self::Scan, event: Self);

    /// Grid steps that the event spans.
    fn steps(self) -> usize {
        1
    }
}

impl Event for MelodyEvent {
    type Scan = MelodyScan;

    fn scan(scan: &mut MelodyScan, event: Self) {
        scan.push(event);
    }
}

impl Event for PitchSet {
    type Scan = ();

    fn scan((): &mut (), _event: Self) {}
}

impl Event for PolyphonicEvent {
    type Scan = ();

    fn scan((): &mut (), _event: Self) {}

    fn steps(self) -> usize {
        usize::from(self == Self::StepEnd)
    }
}

/// The events so far with the running state that encodings need.
#[derive(Clone, Debug)]
pub struct History<E: Event> {
    events: Vec<E>,
    scan: E::Scan,
}

impl<E: Event> Default for History<E> {
    fn default() -> Self {
        Self { events: Vec::new(), scan: E::Scan::default() }
    }
}

impl<E: Event> History<E> {
    /// The history of these events.
    #[must_use]
    pub fn new(events: &[E]) -> Self {
        let mut history = Self::default();
        for &event in events {
            history.push(event);
        }
        history
    }

    /// Appends an event.
    pub fn push(&mut self, event: E) {
        E::scan(&mut self.scan, event);
        self.events.push(event);
    }

    /// All events, oldest first.
    #[must_use]
    pub fn events(&self) -> &[E] {
        &self.events
    }

    /// The running state after the last event.
    #[must_use]
    pub fn scan(&self) -> &E::Scan {
        &self.scan
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is no event yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// Events ↔ what a network reads and writes.
pub trait Encoding<E: Event>: Send + Sync + std::fmt::Debug {
    /// Width of the input vector.
    fn input_size(&self) -> usize;

    /// Number of classes of the output softmax; with several heads the sum of their widths.
    fn num_classes(&self) -> usize;

    /// Widths of the output's softmaxes, in order. Nearly all encodings have one. With several, the classes that
    /// [`Self::label`] and [`Self::decode`] speak of are joint ones, see [`join_heads`].
    fn heads(&self) -> Vec<usize> {
        vec![self.num_classes()]
    }

    /// How many of the last classes mean "as some steps ago", so that their event depends on the history.
    fn lookback_classes(&self) -> usize {
        0
    }

    /// The event that stands where nothing happens.
    fn default_event(&self) -> E;

    /// Label of the default event without lookback.
    fn default_label(&self) -> usize;

    /// Replaces `out` by the input at the last event of `history`.
    ///
    /// # Errors
    /// [`EncodingError::Empty`] without events, or an event that the encoding has no class for.
    fn input(&self, history: &History<E>, out: &mut SparseVector) -> Result<(), EncodingError>;

    /// Class of `events[position]`, seen from the events before it.
    ///
    /// # Errors
    /// An event that the encoding has no class for, or `position` outside `events`.
    fn label(&self, events: &[E], position: usize) -> Result<usize, EncodingError>;

    /// The event that `class` means after `events`.
    ///
    /// # Errors
    /// [`EncodingError::NoSuchClass`].
    fn decode(&self, class: usize, events: &[E]) -> Result<E, EncodingError>;

    /// Inputs at every position of `events`, and the labels of every position.
    ///
    /// Training pairs `inputs[i]` with `labels[i + 1]`.
    ///
    /// # Errors
    /// As [`Self::input`].
    fn encode_all(&self, events: &[E]) -> Result<(Vec<SparseVector>, Vec<usize>), EncodingError> {
        let mut history = History::default();
        let mut inputs = Vec::with_capacity(events.len());
        let mut labels = Vec::with_capacity(events.len());
        for (position, &event) in events.iter().enumerate() {
            history.push(event);
            let mut input = SparseVector::new();
            self.input(&history, &mut input)?;
            inputs.push(input);
            labels.push(self.label(events, position)?);
        }
        Ok((inputs, labels))
    }
}

/// Whether `events[position]` repeats the event `distance` steps before it.
fn repeats<E: Event>(events: &[E], position: usize, distance: usize) -> bool {
    position >= distance && events[position] == events[position - distance]
}

/// Appends `bits` cells from `offset`: +1 where bit `i` of `n` is set, else −1, lowest bit first.
fn push_counter(n: usize, bits: usize, offset: usize, out: &mut SparseVector) {
    for bit in 0..bits {
        let set = bit < usize::BITS as usize && (n >> bit) & 1 == 1;
        out.push((cell(offset + bit), if set { 1.0 } else { -1.0 }));
    }
}

/// Index of a cell. Inputs are a few thousand cells wide at most: sizes are checked where encodings are built.
fn cell(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Checks lookback distances and counter bits, which may come from a file.
fn check_lookback(distances: &[usize], bits: usize) -> Result<(), EncodingError> {
    if distances.iter().any(|&d| d == 0 || d > 4096) || distances.len() > 16 {
        return Err(EncodingError::BadParameters(format!("lookback distances {distances:?}")));
    }
    if bits > 32 {
        return Err(EncodingError::BadParameters(format!("{bits} counter bits")));
    }
    Ok(())
}
