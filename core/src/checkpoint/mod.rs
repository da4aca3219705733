//! Bytes → weights, and back. One file per format.
//!
//! Worker thread or command line. Never panics on bad bytes, never allocates more than a file's size asks for.
mod safetensors;

pub use self::safetensors::{Checkpoint, MAX_FILE_BYTES, load_bytes, load_file, save_bytes, save_file};

use std::path::PathBuf;

/// Why a checkpoint cannot be used; says what to do where there is something to do.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder or device.
    #[error("{0} is no file")]
    NotAFile(PathBuf),
    /// Larger than any model of this kind.
    #[error("the file has {0} bytes: more than any model that Descant plays")]
    TooLarge(u64),
    /// Not a safetensors file, or a damaged one.
    #[error("this is no safetensors file, or it is damaged ({0})")]
    Format(String),
    /// No card, so that nothing says which model it is.
    #[error(
        "this checkpoint has no Descant card, so nothing says which model it is: name the configuration it was made for"
    )]
    NoCard,
    /// The card does not read.
    #[error("the checkpoint's card does not read: {0}")]
    Card(String),
    /// Bytes changed since the file was written.
    #[error("the checkpoint is damaged: its contents do not have the checksum that its card names")]
    Checksum,
    /// NaN or infinity among the weights.
    #[error("the checkpoint is unusable: {0} contains values that are no numbers")]
    NotFinite(String),
}
