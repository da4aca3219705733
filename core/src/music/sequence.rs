//! [`NoteSequence`]: notes timed in seconds, as the reference implementation keeps them.
//!
//! Exists for compatibility (golden vectors, note-sequence files). The product's own path is [`Clip`] with
//! integer ticks, which nothing here touches.
//!
//! [`Clip`]: super::Clip

/// A note in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SequenceNote {
    /// MIDI pitch 0..=127.
    pub pitch: u8,
    /// MIDI velocity; 0 is possible and means a note that extraction passes over.
    pub velocity: u8,
    /// Onset in seconds.
    pub start_time: f64,
    /// End in seconds.
    pub end_time: f64,
    /// Number that keeps parts apart.
    pub instrument: u32,
    /// MIDI program 0..=127.
    pub program: u8,
    /// Whether the pitch means a drum sound.
    pub is_drum: bool,
}

/// A tempo from `time` on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TempoMark {
    /// Seconds.
    pub time: f64,
    /// Quarter notes per minute.
    pub qpm: f64,
}

/// A time signature from `time` on. Unlike [`Meter`](super::Meter) it can hold nonsense, which quantisation
/// refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeSignature {
    /// Seconds.
    pub time: f64,
    /// Beats per bar.
    pub numerator: i32,
    /// Note value of a beat.
    pub denominator: i32,
}

/// A text at a point in time.
#[derive(Clone, Debug, PartialEq)]
pub struct TextAnnotation {
    /// Seconds.
    pub time: f64,
    /// The text, e.g. a chord figure.
    pub text: String,
    /// What the text means: 1 is a chord symbol, 2 a beat.
    pub kind: i32,
}

impl TextAnnotation {
    /// [`Self::kind`] of a chord symbol.
    pub const CHORD_SYMBOL: i32 = 1;
}

/// A controller value at a point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControlChange {
    /// Seconds.
    pub time: f64,
    /// Controller number 0..=127.
    pub number: u8,
    /// Value 0..=127.
    pub value: u8,
    /// Number that keeps parts apart; it acts on the notes of this part.
    pub instrument: u32,
}

/// Notes in seconds with what else is needed to quantise them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoteSequence {
    /// In file order.
    pub notes: Vec<SequenceNote>,
    /// In file order; none means 120 throughout.
    pub tempos: Vec<TempoMark>,
    /// In file order; none means 4/4 throughout.
    pub time_signatures: Vec<TimeSignature>,
    /// In file order.
    pub text_annotations: Vec<TextAnnotation>,
    /// In file order.
    pub control_changes: Vec<ControlChange>,
    /// Length in seconds.
    pub total_time: f64,
}

impl NoteSequence {
    /// The notes that start within `start..end`, cut at `end`. Times stay as they are, and so does everything
    /// but notes and total time.
    #[must_use]
    pub fn trim(&self, start: f64, end: f64) -> Self {
        let inside = |n: &&SequenceNote| start <= n.start_time && n.start_time < end;
        let cut = |n: &SequenceNote| SequenceNote { end_time: n.end_time.min(end), ..*n };
        Self {
            notes: self.notes.iter().filter(inside).map(cut).collect(),
            total_time: self.total_time.min(end),
            ..self.clone()
        }
    }
}
