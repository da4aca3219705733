//! Standard MIDI files: [`read`] them into a [`Song`](super::Song), write clips as them.
//!
//! Any thread but the audio thread. Works on bytes; opening files is the caller's business.
mod chords;
mod read;
mod write;

pub use read::{MAX_FILE_BYTES, MAX_NOTES, read};
pub use write::{Layout, WriteOptions, write_clip, write_clips};

/// Why a file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MidiError {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// It starts like something else.
    #[error("this is not a MIDI file")]
    NotMidi,
    /// More than [`MAX_FILE_BYTES`]; holds the size in bytes.
    #[error("the file is too large for a MIDI file ({} MB; at most {} MB)", .0 >> 20, MAX_FILE_BYTES >> 20)]
    TooLarge(u64),
    /// More than [`MAX_NOTES`].
    #[error("the file has more than {MAX_NOTES} notes")]
    TooManyNotes,
    /// Longer than a million quarter notes.
    #[error("the music is longer than a million beats; the file is probably damaged")]
    TooLong,
    /// Times in frames instead of beats.
    #[error(
        "this file counts film frames (SMPTE), not beats, so bars cannot be found; export it again with \
         “ticks per quarter note” timing"
    )]
    Smpte,
    /// Format 2, or a number that does not exist.
    #[error(
        "this is a MIDI file of format {0}, which holds patterns without a common timeline; export it as \
         format 0 or 1"
    )]
    Format(u16),
    /// The bytes make no sense; says where.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// It does not fit a MIDI file; says what.
    #[error("this cannot be written as a MIDI file: {0}")]
    Unwritable(String),
}

#[cfg(test)]
mod chord_tests;
#[cfg(test)]
mod tests;
