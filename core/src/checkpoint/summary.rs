//! What a safetensors file says about itself, without its tensors: card, size, number of values.
//!
//! Any thread but the audio thread. Reads the header only, whose length is bounded; nothing is checked but that.
use super::CheckpointError;
use super::safetensors::{CARD_KEY, MAX_HEADER_BYTES};
use crate::model::Card;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// See the file's head.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The card, if there is one.
    pub card: Option<Card>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Values of all tensors.
    pub parameters: u64,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default, rename = "__metadata__")]
    metadata: BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, TensorHeader>,
}

#[derive(Deserialize)]
struct TensorHeader {
    shape: Vec<u64>,
}

/// Of a file.
///
/// # Errors
/// Reading fails, or this is no safetensors file.
pub fn summarise_file(path: &Path) -> Result<Summary, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.into(), source };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(CheckpointError::NotAFile(path.into()));
    }
    let mut file = File::open(path).map_err(io)?;
    let mut start = Vec::new();
    (&mut file).take(8).read_to_end(&mut start).map_err(io)?;
    (&mut file).take(header_length(&start)?).read_to_end(&mut start).map_err(io)?;
    summarise(&start, metadata.len())
}

/// Of the contents of a file.
///
/// # Errors
/// This is no safetensors file.
pub fn summarise_bytes(bytes: &[u8]) -> Result<Summary, CheckpointError> {
    summarise(bytes, bytes.len() as u64)
}

fn header_length(start: &[u8]) -> Result<u64, CheckpointError> {
    let length = start.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
    length
        .filter(|&n| n <= MAX_HEADER_BYTES)
        .ok_or_else(|| CheckpointError::Format("it has no header".into()))
}

fn summarise(start: &[u8], bytes: u64) -> Result<Summary, CheckpointError> {
    let format = |e: serde_json::Error| CheckpointError::Format(e.to_string());
    let length = usize::try_from(header_length(start)?).unwrap_or(usize::MAX);
    let text = start.get(8..).and_then(|rest| rest.get(..length));
    let text = text.ok_or_else(|| CheckpointError::Format("it is too short".into()))?;
    let header: Header = serde_json::from_slice(text).map_err(format)?;
    let card = header.metadata.get(CARD_KEY).map(|card| serde_json::from_str(card)).transpose();
    let values = |t: &TensorHeader| t.shape.iter().fold(1u64, |n, &side| n.saturating_mul(side));
    Ok(Summary {
        card: card.map_err(|e| CheckpointError::Card(e.to_string()))?,
        bytes,
        parameters: header.tensors.values().map(values).fold(0, u64::saturating_add),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::save_bytes;
    use crate::model::find;
    use crate::nn::{Tensor, Weights};

    #[test]
    fn a_file_is_summed_up_without_its_tensors() {
        let mut weights = Weights::new();
        weights.insert("a/kernel", Tensor::f32([2, 3], vec![1.0; 6]));
        weights.insert("b", Tensor::f32([4], vec![0.5; 4]).to_f16());
        let card = Card::of(find("basic_rnn").expect("in the catalogue"));
        let bytes = save_bytes(&weights, &card).expect("saves");
        let all = summarise_bytes(&bytes).expect("a header");
        assert_eq!((all.parameters, all.bytes), (10, bytes.len() as u64));
        assert_eq!(all.card.as_ref().map(|c| c.id.as_str()), Some("basic_rnn"));
        let path = std::env::temp_dir().join(format!("descant-summary-{}", std::process::id()));
        std::fs::write(&path, &bytes).expect("written");
        let of_file = summarise_file(&path);
        std::fs::remove_file(&path).expect("there");
        assert_eq!(of_file.expect("the same"), all);
    }

    #[test]
    fn what_has_no_header_is_refused() {
        let header = |n: u64| n.to_le_bytes().to_vec();
        for bytes in [vec![], header(u64::MAX), header(3), [header(2), b"[]".to_vec()].concat()] {
            assert!(matches!(summarise_bytes(&bytes), Err(CheckpointError::Format(_))), "{bytes:?}");
        }
        assert!(summarise_file(Path::new("/nowhere/at/all")).is_err());
        assert!(matches!(summarise_file(&std::env::temp_dir()), Err(CheckpointError::NotAFile(_))));
    }
}
