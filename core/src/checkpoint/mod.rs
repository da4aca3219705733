//! Bytes → weights, and back. One file per format.
//!
//! Worker thread or command line. Never panics on bad bytes, never allocates more than a file's size asks for.
//! [`open`] reads whatever [`find`] makes of a path: safetensors, TensorFlow V1 and V2, `.mag`, Magenta.js, also in
//! folders and archives. What the weights are is for [`crate::model::import`] to find out.
mod bundle;
mod crc32c;
mod find;
mod folder;
#[cfg(test)]
mod fuzz;
mod graph;
mod js;
mod names;
mod open;
mod protobuf;
mod safetensors;
mod slice_key;
mod slices;
mod snappy;
mod source;
mod summary;
mod table;
mod tar;
mod tensor_proto;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod v1;
mod v2;
mod zip;

pub use self::bundle::{BundleDetails, save_bundle};
pub use self::open::{ExperimentFile, Format, Opened, open};
pub use self::safetensors::{Checkpoint, MAX_FILE_BYTES, load_bytes, load_file, save_bytes, save_file};
pub use self::source::file_sha256;
pub use self::summary::{Summary, summarise_bytes, summarise_file};

use self::open::{Variable, Watch};
use std::path::PathBuf;

/// Most tensors of a checkpoint.
const MAX_TENSORS: usize = 100_000;

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
    /// The bytes contradict the format; says where.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(String),
    /// A checksum inside a TensorFlow file does not hold.
    #[error("the checkpoint is damaged: a part of it does not have its checksum; copy or download it again")]
    BlockChecksum,
    /// Written for readers of a later version.
    #[error("this checkpoint was written by a version of TensorFlow that is too new")]
    Version,
    /// Nothing of a checkpoint.
    #[error(
        "{0} is no checkpoint that Descant reads: it reads Magenta bundles (.mag), TensorFlow and Magenta.js checkpoints, also in a folder, tar or zip file, and .safetensors files"
    )]
    Unrecognised(String),
    /// Packed once more.
    #[error("{0} is packed with gzip: unpack it first")]
    Gzip(String),
    /// A zip file with a password.
    #[error("the zip archive needs a password: unpack it first")]
    Encrypted,
    /// An index whose data files cannot be named.
    #[error(
        "this is the index of a TensorFlow checkpoint under another name: it has to end in .index, so that its data files are found"
    )]
    IndexName,
    /// One of several files that belong together.
    #[error("{0} is missing: it belongs to this checkpoint and has to lie beside its other files")]
    Missing(String),
    /// A folder or archive without one.
    #[error("there is no checkpoint in {0}")]
    NoCheckpoint(String),
    /// A folder or archive with several.
    #[error("there is more than one checkpoint here, choose one: {0}")]
    Several(String),
    /// A folder that is no folder of checkpoints.
    #[error("{0} has too many files to look through: choose the checkpoint itself")]
    TooManyFiles(PathBuf),
    /// Someone asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl CheckpointError {
    fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}
