//! MusicXML scores, plain or compressed (`.mxl`): [`read`] them into a [`Song`](super::Song).
//!
//! Any thread. Works on bytes; opening files is the caller's business. Read: parts and their voices, notes with
//! ties, percussion, transposing instruments, chord symbols, tempo, meter, key, loudness, repeats and endings.
//! Everything else that sounds is counted in a notice: grace notes, jumps such as D.C., and so on.
mod archive;
mod harmony;
mod measure;
mod read;
mod values;

pub use read::{MAX_XML_BYTES, read};

use super::ScoreError;

/// Why a score cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MusicXmlError {
    /// XML, but of another kind; holds its outermost element.
    #[error("this is no MusicXML score, but “{0}”")]
    NotMusicXml(String),
    /// Unpacked larger than [`MAX_XML_BYTES`], or with too many elements.
    #[error("the score is too large (at most {} MB of XML)", MAX_XML_BYTES >> 20)]
    TooLarge,
    /// The XML makes no sense; says where.
    #[error("the score is damaged: {0}")]
    Damaged(String),
    /// It defines abbreviations of its own, which no notation program writes.
    #[error("the score defines XML entities, which can hide anything; save it again in a notation program")]
    Entities,
    /// The compressed file makes no sense; says why.
    #[error("the compressed score is damaged: {0}")]
    Archive(&'static str),
    /// Fine as a file, but cannot be played.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

#[cfg(test)]
mod tests;
