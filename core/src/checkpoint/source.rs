//! [`Source`]: a stretch of bytes, in memory or in a file, that is read piece by piece.
//!
//! Worker thread or command line. A checkpoint may be many times larger than what is wanted of it (the optimiser
//! keeps two more values per weight), so nothing is read that is not asked for, and nothing is allocated for a
//! piece that does not lie inside the stretch.
use super::{CheckpointError, MAX_FILE_BYTES};
use crate::tool::Cancel;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Bytes {
    Memory(Arc<[u8]>),
    File(Arc<File>, Arc<Path>),
}

/// Bytes `start..start + len` of something.
#[derive(Clone, Debug)]
pub(super) struct Source {
    bytes: Bytes,
    start: u64,
    len: u64,
}

impl Source {
    /// Bytes in memory.
    pub(super) fn memory(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { start: 0, len: bytes.len() as u64, bytes: Bytes::Memory(bytes) }
    }

    /// A whole file.
    pub(super) fn file(path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io { path: path.into(), source };
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(CheckpointError::NotAFile(path.into()));
        }
        let file = File::open(path).map_err(io)?;
        Ok(Self { bytes: Bytes::File(Arc::new(file), path.into()), start: 0, len: metadata.len() })
    }

    /// Number of bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The file that the bytes lie in, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.bytes {
            Bytes::Memory(_) => None,
            Bytes::File(_, path) => Some(path),
        }
    }

    /// A part of it, or `None` if that does not lie inside.
    pub(super) fn slice(&self, at: u64, len: u64) -> Option<Self> {
        let inside = at.checked_add(len).is_some_and(|end| end <= self.len);
        inside.then(|| Self { bytes: self.bytes.clone(), start: self.start + at, len })
    }

    /// The bytes of a part.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`] when the part does not lie inside, [`CheckpointError::TooLarge`],
    /// [`CheckpointError::Io`].
    pub(super) fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, CheckpointError> {
        let part = self.slice(at, len).ok_or_else(|| CheckpointError::damaged("it ends too early"))?;
        if len > MAX_FILE_BYTES {
            return Err(CheckpointError::TooLarge(len));
        }
        let length = usize::try_from(len).map_err(|_| CheckpointError::TooLarge(len))?;
        match &part.bytes {
            Bytes::Memory(bytes) => {
                let start = usize::try_from(part.start).unwrap_or(usize::MAX);
                let piece = bytes.get(start..).and_then(|b| b.get(..length));
                piece.map(<[u8]>::to_vec).ok_or_else(|| CheckpointError::damaged("it ends too early"))
            }
            Bytes::File(file, path) => {
                let mut buffer = vec![0; length];
                let mut file = file.as_ref();
                let read = file.seek(SeekFrom::Start(part.start)).and_then(|_| file.read_exact(&mut buffer));
                read.map_err(|source| CheckpointError::Io { path: path.to_path_buf(), source })?;
                Ok(buffer)
            }
        }
    }

    /// All bytes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_all(&self) -> Result<Vec<u8>, CheckpointError> {
        self.read(0, self.len)
    }

    /// The first bytes, up to `most` of them.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn head(&self, most: u64) -> Result<Vec<u8>, CheckpointError> {
        self.read(0, self.len.min(most))
    }
}

/// SHA-256 of a file in hexadecimal, a piece at a time.
///
/// # Errors
/// [`CheckpointError::Io`], [`CheckpointError::NotAFile`], [`CheckpointError::Cancelled`].
pub fn file_sha256(path: &Path, cancel: &Cancel) -> Result<String, CheckpointError> {
    const PIECE: u64 = 1 << 20;
    let source = Source::file(path)?;
    let mut hash = Sha256::new();
    let mut at = 0;
    while at < source.len {
        if cancel.is_cancelled() {
            return Err(CheckpointError::Cancelled);
        }
        let piece = source.read(at, PIECE.min(source.len - at))?;
        at += piece.len() as u64;
        hash.update(piece);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_and_nothing_outside() {
        let source = Source::memory(*b"0123456789");
        assert_eq!(source.read(2, 3).expect("inside"), b"234");
        let part = source.slice(4, 4).expect("inside");
        assert_eq!(part.read(1, 3).expect("inside"), b"567");
        assert_eq!(part.head(100).expect("inside"), b"4567");
        assert!(part.read(1, 4).is_err());
        assert!(source.slice(8, 3).is_none());
        assert!(source.slice(u64::MAX, 2).is_none());
        assert!(source.read(0, u64::MAX).is_err());
    }

    #[test]
    fn hash_of_a_golden_file() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rnn/ckpt/drum_kit_small_v1.ckpt");
        let hash = file_sha256(&path, &Cancel::default()).expect("hashes");
        assert_eq!(hash, "342d004b0add5d2e852824f34842c73c6b781e110a17c2b9c79b1892b76658de");
    }
}
