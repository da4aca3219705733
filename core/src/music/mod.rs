//! What a musician has: notes in clips with an exact length, tempo and meter, and files of them.
//!
//! Time is counted in [`Ticks`], never in floating-point beats. No model knowledge lives here.
pub mod abc;
mod chord;
mod chord_finder;
mod chord_kinds;
mod clip;
pub mod drum_map;
pub mod midi;
pub mod musicxml;
mod quantise;
mod scale;
mod score;
mod sequence;
pub mod similarity;
mod song;
mod source;
mod split;
mod sustain;
mod tempo;
pub mod text;
mod time;

pub use chord::{Chord, ChordError, ChordQuality, ChordSymbol, NO_CHORD};
pub use chord_finder::{find_chords, find_progression};
pub use clip::{Clip, ClipKind, Note};
pub use quantise::{
    DEFAULT_QPM, Grid, QuantiseError, Quantised, QuantisedNote, QuantisedText, STEPS_PER_QUARTER,
    step_of_tick, step_of_time, steps_per_second, tick_of_step,
};
pub use scale::{KEYS, PitchClasses, Scale, key_from_name, pitch_from_name, pitch_name};
pub use score::ScoreError;
pub use sequence::{ControlChange, NoteSequence, SequenceNote, TempoMark, TextAnnotation, TimeSignature};
pub use song::{ChordMark, Song, Span, Texture, Track, Voices, top_line};
pub use source::{MAX_SONG_BYTES, ReadError, SONG_EXTENSIONS, read_song};
pub use tempo::{MeterMap, MeterSegment, TempoMap, TempoSegment, micros_per_quarter};
pub use time::{Meter, TICKS_PER_QUARTER, Ticks};
