//! One door for every kind of file with notes: [`read_song`] finds out what it is and reads it.
//!
//! Any thread. Works on bytes; opening files is the caller's business. The content decides, not the name.

use super::Song;
use super::abc::{self, AbcError};
use super::midi::{self, MidiError};
use super::musicxml::{self, MusicXmlError};
use super::text::{TextError, TextPrimer};
use std::borrow::Cow;

/// Largest file of any kind.
pub const MAX_SONG_BYTES: usize = musicxml::MAX_XML_BYTES;

/// Ends of the names of files that can be read, for file dialogs.
pub const SONG_EXTENSIONS: [&str; 9] = ["mid", "midi", "smf", "kar", "musicxml", "xml", "mxl", "abc", "txt"];

/// Why a file gives no song.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// More than [`MAX_SONG_BYTES`]; holds the size in bytes.
    #[error("the file is too large ({} MB; at most {} MB)", .0 >> 20, MAX_SONG_BYTES >> 20)]
    TooLarge(u64),
    /// None of the formats.
    #[error(
        "this is neither a MIDI file nor a MusicXML or ABC score nor a text primer such as [60,-2,67,-2]"
    )]
    Unknown,
    /// A damaged MIDI file.
    #[error(transparent)]
    Midi(#[from] MidiError),
    /// A damaged MusicXML score.
    #[error(transparent)]
    MusicXml(#[from] MusicXmlError),
    /// A damaged ABC tune.
    #[error(transparent)]
    Abc(#[from] AbcError),
    /// A text primer with a slip.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Reads a song from a MIDI file, a MusicXML score (plain or compressed), an ABC tune or a text primer. `name`:
/// the file's, which names a song that has no title of its own.
///
/// # Errors
/// See [`ReadError`]; nothing is read halfway, memory is bounded.
pub fn read_song(bytes: &[u8], name: &str) -> Result<Song, ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    if bytes.len() > MAX_SONG_BYTES {
        return Err(ReadError::TooLarge(bytes.len() as u64));
    }
    let mut song = read_any(bytes)?;
    if song.name.trim().is_empty() {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        song.name = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
    }
    Ok(song)
}

fn read_any(bytes: &[u8]) -> Result<Song, ReadError> {
    if bytes.starts_with(b"MThd") || bytes.starts_with(b"RIFF") {
        return Ok(midi::read(bytes)?);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(musicxml::read(bytes)?);
    }
    let text = decode(bytes);
    let trimmed = text.trim_start();
    if trimmed.starts_with('<') {
        return Ok(musicxml::read(bytes)?);
    }
    if abc::looks_like_abc(&text) {
        return Ok(abc::read(&text)?);
    }
    if trimmed.starts_with(['[', '(', '"', '\'']) {
        return Ok(text.parse::<TextPrimer>()?.song());
    }
    Err(ReadError::Unknown)
}

/// Text of a file: UTF-8 or, with a byte order mark, UTF-16; what is neither is taken as Latin-1.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    };
    match bytes {
        [0xFF, 0xFE, ..] => utf16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf16(u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
            }
        }
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
