//! What a musician has: notes in clips with an exact length, tempo and meter, and files of them.
//!
//! Time is counted in [`Ticks`], never in floating-point beats. No model knowledge lives here.
mod chord;
mod chord_kinds;
mod clip;
pub mod midi;
mod quantise;
mod scale;
mod sequence;
mod song;
mod tempo;
mod time;

pub use chord::{Chord, ChordError, ChordQuality, ChordSymbol, NO_CHORD};
pub use clip::{Clip, ClipKind, Note};
pub use quantise::{
    DEFAULT_QPM, Grid, QuantiseError, Quantised, QuantisedNote, QuantisedText, STEPS_PER_QUARTER,
    step_of_tick, step_of_time, steps_per_second, tick_of_step,
};
pub use scale::{KEYS, PitchClasses, Scale, key_from_name, pitch_from_name, pitch_name};
pub use sequence::{ControlChange, NoteSequence, SequenceNote, TempoMark, TextAnnotation, TimeSignature};
pub use song::{Song, Span, Texture, Track, Voices, top_line};
pub use tempo::{MeterMap, MeterSegment, TempoMap, TempoSegment, micros_per_quarter};
pub use time::{Meter, TICKS_PER_QUARTER, Ticks};
