//! `.mag` files: Magenta's GeneratorBundle, a V1 checkpoint with the id of the model that it is for.
//!
//! Worker thread or command line. A bundle that Descant writes also has a [`Card`] in a field that other readers
//! pass over, and no graph, which only the original program runs.
use super::protobuf::{Fields, put_bytes, varint};
use super::source::Source;
use super::{CheckpointError, v1};
use crate::model::Card;
use crate::nn::Weights;

const DETAILS: u64 = 1;
const CHECKPOINT: u64 = 2;
const GRAPH: u64 = 3;
const DESCRIPTION: u64 = 4;
/// Ours; no message of the original has a number near it.
const CARD: u64 = 5000;

/// Longest text.
const MAX_TEXT_BYTES: u64 = 1 << 20;
/// Most checkpoint files; bundles have one.
const MAX_CHECKPOINTS: usize = 1000;

/// What a bundle says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleDetails {
    /// Id of the generator that it is for, e.g. `attention_rnn`.
    pub generator: String,
    /// The generator in a sentence.
    pub generator_description: String,
    /// This bundle in a sentence.
    pub description: String,
}

/// An opened bundle.
#[derive(Clone, Debug, Default)]
pub(super) struct Bundle {
    pub details: BundleDetails,
    /// V1 checkpoints.
    pub checkpoints: Vec<Source>,
    /// A MetaGraphDef.
    pub graph: Option<Source>,
    /// Descant's card.
    pub card: Option<Card>,
}

/// Whether the file begins like a bundle: with details that name a generator.
pub(super) fn recognise(head: &[u8]) -> bool {
    let Some((&0x0a, mut rest)) = head.split_first() else { return false };
    let details = varint(&mut rest).ok().and_then(|length| rest.get(..usize::try_from(length).ok()?));
    details.and_then(|bytes| generator(bytes).ok()).is_some_and(|(id, _)| !id.is_empty())
}

/// Id and description.
fn generator(message: &[u8]) -> Result<(String, String), CheckpointError> {
    let (mut id, mut description) = (String::new(), String::new());
    for field in Fields(message) {
        match field? {
            (1, value) => id = value.text()?.into(),
            (2, value) => description = value.text()?.into(),
            _ => {}
        }
    }
    Ok((id, description))
}

/// Reads everything but the checkpoint and the graph, of which it notes where they lie.
///
/// # Errors
/// [`CheckpointError::Damaged`], [`CheckpointError::Card`], errors of reading.
pub(super) fn open(source: &Source) -> Result<Bundle, CheckpointError> {
    let damaged = || CheckpointError::damaged("the bundle ends too early or has fields that cannot be");
    let mut bundle = Bundle::default();
    let mut at = 0;
    while at < source.len() {
        // A tag and a length take ten bytes each at most.
        let head = source.read(at, (source.len() - at).min(20))?;
        let mut rest = head.as_slice();
        let tag = varint(&mut rest)?;
        let length = match tag & 7 {
            0 => varint(&mut rest).map(|_| 0)?,
            1 => 8,
            2 => varint(&mut rest)?,
            5 => 4,
            _ => return Err(damaged()),
        };
        let from = at + (head.len() - rest.len()) as u64;
        let data = source.slice(from, length).ok_or_else(damaged)?;
        at = from + length;
        match (tag >> 3, tag & 7) {
            (DETAILS | DESCRIPTION | CARD, 2) if length > MAX_TEXT_BYTES => return Err(damaged()),
            (DETAILS, 2) => {
                let (id, description) = generator(&data.read_all()?)?;
                bundle.details.generator = id;
                bundle.details.generator_description = description;
            }
            (DESCRIPTION, 2) => bundle.details.description = generator(&data.read_all()?)?.0,
            (CHECKPOINT, 2) if bundle.checkpoints.len() == MAX_CHECKPOINTS => return Err(damaged()),
            (CHECKPOINT, 2) => bundle.checkpoints.push(data),
            (GRAPH, 2) => bundle.graph = Some(data),
            (CARD, 2) => {
                let card = serde_json::from_slice(&data.read_all()?);
                bundle.card = Some(card.map_err(|e| CheckpointError::Card(e.to_string()))?);
            }
            _ => {}
        }
    }
    if bundle.checkpoints.is_empty() {
        return Err(CheckpointError::damaged("the bundle has no checkpoint"));
    }
    Ok(bundle)
}

/// Writes a bundle: the weights as 32-bit floats, which is exact, with `card`.
///
/// # Errors
/// [`CheckpointError::Card`] for one that cannot be written as text.
pub fn save_bundle(
    weights: &Weights,
    card: &Card,
    details: &BundleDetails,
) -> Result<Vec<u8>, CheckpointError> {
    let card = serde_json::to_vec(&Card { sha256: String::new(), ..card.clone() });
    let card = card.map_err(|e| CheckpointError::Card(e.to_string()))?;
    let mut generator = Vec::new();
    put_bytes(&mut generator, 1, details.generator.as_bytes());
    put_bytes(&mut generator, 2, details.generator_description.as_bytes());
    let mut description = Vec::new();
    put_bytes(&mut description, 1, details.description.as_bytes());
    let mut out = Vec::new();
    put_bytes(&mut out, DETAILS, &generator);
    put_bytes(&mut out, CHECKPOINT, &v1::write(weights));
    put_bytes(&mut out, DESCRIPTION, &description);
    put_bytes(&mut out, CARD, &card);
    Ok(out)
}
