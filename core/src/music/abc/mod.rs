//! ABC tunes: [`read`] the text of one into a [`Song`](super::Song).
//!
//! Any thread. The part of the ABC standard 2.1 that tunes of one or a few voices use:
//! * fields X, T, M, L, Q, K and V, in the header, on lines of their own or in brackets within the music;
//! * notes with accidentals, octaves and lengths, rests (`z`, `x`, `Z`), broken rhythm (`>`, `<`), ties, tuplets,
//!   chords in brackets;
//! * chord symbols in quotes, kept as text;
//! * bar lines, repeats (also `:||:` and `|:: … ::|`), first and further endings.
//!
//! Everything else that would sound is counted in a notice. Of a file with several tunes the first is read.
mod field;
mod line;
mod signs;
mod tune;

use super::{ScoreError, Song};

/// Largest file, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// Why a tune cannot be read. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbcError {
    /// There is no key field, which ends every header.
    #[error("this is no ABC tune: there is no K: line, which must come before the music")]
    NoKey,
    /// A field whose value makes no sense.
    #[error("line {line}: “{field}” makes no sense")]
    Field {
        /// Line from 1.
        line: usize,
        /// The field as written, shortened.
        field: String,
    },
    /// A bracket or quote without its end.
    #[error("line {line}: “{open}” has no end")]
    Unclosed {
        /// Line from 1.
        line: usize,
        /// The opening sign.
        open: char,
    },
    /// Larger than 16 MB.
    #[error("the file is too large for an ABC tune (at most {} MB)", MAX_BYTES >> 20)]
    TooLarge,
    /// Fine as a text, but cannot be played.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// Whether a text looks like ABC: it has a line that starts with `X:` and a number, or one with `K:`.
#[must_use]
pub fn looks_like_abc(text: &str) -> bool {
    let number = |rest: &str| rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    text.lines().any(|line| line.starts_with("K:") || line.strip_prefix("X:").is_some_and(number))
}

/// Reads the first tune of a text.
///
/// # Errors
/// See [`AbcError`]; nothing is read halfway.
pub fn read(text: &str) -> Result<Song, AbcError> {
    if text.len() > MAX_BYTES {
        return Err(AbcError::TooLarge);
    }
    Ok(tune::score(text)?.play()?)
}

#[cfg(test)]
mod tests;
