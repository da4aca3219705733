//! safetensors files, f32 or f16, with a [`Card`] in their metadata under the key `descant`.
//!
//! Worker thread or command line. The header is bounded before it is parsed; tensors of other types (counters
//! of a training run) are passed over. The checksum covers the data section, everything after the header.
use super::CheckpointError;
use crate::model::Card;
use crate::nn::{Tensor, TensorData, Weights};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

/// Largest file that is read: ample for every model of this family (3×512 in f32 has 22 MB, the largest trio 1.7 GB).
pub const MAX_FILE_BYTES: u64 = 2 << 30;
pub(super) const MAX_HEADER_BYTES: u64 = 1 << 20;
pub(super) const CARD_KEY: &str = "descant";

/// Weights with their card.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The tensors.
    pub weights: Weights,
    /// The card, if the file has one.
    pub card: Option<Card>,
}

/// Reads a file.
///
/// # Errors
/// Anything that keeps it from being a whole, finite, undamaged checkpoint.
pub fn load_file(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.into(), source };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(CheckpointError::NotAFile(path.into()));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(CheckpointError::TooLarge(metadata.len()));
    }
    load_bytes(&std::fs::read(path).map_err(io)?)
}

/// Reads the contents of a file.
///
/// # Errors
/// As [`load_file`].
pub fn load_bytes(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let data = data_section(bytes)?;
    let format = |e: safetensors::SafeTensorError| CheckpointError::Format(e.to_string());
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(format)?;
    let file = SafeTensors::deserialize(bytes).map_err(format)?;
    let card = metadata.metadata().as_ref().and_then(|m| m.get(CARD_KEY));
    let card: Option<Card> = match card {
        Some(text) => Some(serde_json::from_str(text).map_err(|e| CheckpointError::Card(e.to_string()))?),
        None => None,
    };
    if let Some(card) = &card
        && !card.sha256.is_empty()
        && card.sha256 != checksum(data)
    {
        return Err(CheckpointError::Checksum);
    }
    let mut weights = Weights::new();
    for (name, view) in file.tensors() {
        if let Some(tensor) = tensor(&name, &view)? {
            weights.insert(name, tensor);
        }
    }
    Ok(Checkpoint { weights, card })
}

/// The bytes after the header, whose length is bounded here.
fn data_section(bytes: &[u8]) -> Result<&[u8], CheckpointError> {
    let short = || CheckpointError::Format("it is too short".into());
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES {
        return Err(CheckpointError::Format("its header is too long".into()));
    }
    usize::try_from(length).ok().and_then(|n| rest.get(n..)).ok_or_else(short)
}

fn checksum(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A float tensor, or `None` for another type.
fn tensor(name: &str, view: &TensorView<'_>) -> Result<Option<Tensor>, CheckpointError> {
    let data = match view.dtype() {
        Dtype::F32 => {
            let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            TensorData::F32(values.collect())
        }
        Dtype::F16 => {
            TensorData::F16(view.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]])).collect())
        }
        _ => return Ok(None),
    };
    let finite = match &data {
        TensorData::F32(values) => values.iter().all(|v| v.is_finite()),
        TensorData::F16(values) => values.iter().all(|v| v.is_finite()),
    };
    if !finite {
        return Err(CheckpointError::NotFinite(name.chars().take(120).collect()));
    }
    Ok(Some(Tensor { shape: view.shape().to_vec(), data }))
}

/// Writes weights with their card, whose checksum is filled in. Equal contents give equal bytes.
///
/// # Errors
/// [`CheckpointError::Format`] when a tensor's values do not fit its shape.
pub fn save_bytes(weights: &Weights, card: &Card) -> Result<Vec<u8>, CheckpointError> {
    let format = |e: safetensors::SafeTensorError| CheckpointError::Format(e.to_string());
    let raw: Vec<(&str, Dtype, &[usize], Vec<u8>)> = weights
        .iter()
        .map(|(name, tensor)| {
            let (dtype, bytes) = match &tensor.data {
                TensorData::F32(v) => (Dtype::F32, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
                TensorData::F16(v) => (Dtype::F16, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            };
            (name, dtype, tensor.shape.as_slice(), bytes)
        })
        .collect();
    let mut views = Vec::with_capacity(raw.len());
    for (name, dtype, shape, bytes) in &raw {
        views.push((*name, TensorView::new(*dtype, shape.to_vec(), bytes).map_err(format)?));
    }
    let bare = safetensors::serialize(views.iter().map(|(n, v)| (*n, v)), None).map_err(format)?;
    let card = Card { sha256: checksum(data_section(&bare)?), ..card.clone() };
    let text = serde_json::to_string(&card).map_err(|e| CheckpointError::Card(e.to_string()))?;
    let metadata = HashMap::from([(CARD_KEY.to_owned(), text)]);
    safetensors::serialize(views.iter().map(|(n, v)| (*n, v)), Some(metadata)).map_err(format)
}

/// Writes a file beside `path` and renames it there, so that a crash leaves the old file or the new one.
///
/// # Errors
/// As [`save_bytes`], and of writing.
pub fn save_file(path: &Path, weights: &Weights, card: &Card) -> Result<(), CheckpointError> {
    let bytes = save_bytes(weights, card)?;
    let io = |source| CheckpointError::Io { path: path.into(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes).map_err(io)?;
    std::fs::rename(&part, path).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::find;
    use proptest::prelude::*;

    fn sample() -> (Weights, Card) {
        let mut weights = Weights::new();
        weights.insert("a/kernel", Tensor::f32([2, 3], vec![1.0, -2.0, 3.5, 0.0, 1e-3, 7.0]));
        weights.insert("b", Tensor::f32([2], vec![0.5, -0.25]).to_f16());
        let card = Card::of(find("basic_rnn").expect("in the catalogue"));
        (weights, card)
    }

    #[test]
    fn what_was_saved_comes_back() {
        let (weights, card) = sample();
        let bytes = save_bytes(&weights, &card).expect("saves");
        let back = load_bytes(&bytes).expect("loads");
        assert_eq!(back.weights, weights);
        let read = back.card.expect("has a card");
        assert_eq!(read.sha256.len(), 64);
        assert_eq!(Card { sha256: String::new(), ..read }, card);
        assert_eq!(save_bytes(&weights, &card).expect("saves"), bytes, "equal contents, equal bytes");
    }

    #[test]
    fn a_changed_weight_is_noticed() {
        let (weights, card) = sample();
        let mut bytes = save_bytes(&weights, &card).expect("saves");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert!(matches!(load_bytes(&bytes), Err(CheckpointError::Checksum)));
    }

    #[test]
    fn weights_that_are_no_numbers_are_refused() {
        let (mut weights, card) = sample();
        weights.insert("a/kernel", Tensor::f32([1], vec![f32::NAN]));
        let bytes = save_bytes(&weights, &card).expect("saves");
        assert!(matches!(load_bytes(&bytes), Err(CheckpointError::NotFinite(name)) if name == "a/kernel"));
    }

    #[test]
    fn folders_missing_files_and_empty_files_are_refused() {
        assert!(matches!(load_file(&std::env::temp_dir()), Err(CheckpointError::NotAFile(_))));
        assert!(matches!(load_file(Path::new("/nowhere/at/all")), Err(CheckpointError::Io { .. })));
        assert!(matches!(load_bytes(&[]), Err(CheckpointError::Format(_))));
        assert!(matches!(load_bytes(&u64::MAX.to_le_bytes()), Err(CheckpointError::Format(_))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(load_bytes(&bytes).is_err());
        }

        #[test]
        fn mutated_files_never_panic(changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6), cut in 0usize..64) {
            let (weights, card) = sample();
            let mut bytes = save_bytes(&weights, &card).expect("saves");
            for (at, value) in changes {
                let at = usize::from(at) % bytes.len();
                bytes[at] = value;
            }
            bytes.truncate(bytes.len() - cut.min(bytes.len()));
            // Either refused, or still exactly the tensors that the checksum stands for.
            if let Ok(checkpoint) = load_bytes(&bytes)
                && checkpoint.card.is_some_and(|c| !c.sha256.is_empty())
            {
                prop_assert_eq!(cut, 0);
            }
        }
    }
}
