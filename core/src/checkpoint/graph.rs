//! What only the graph of a `.mag` file says: how many steps its attention looks back.
//!
//! Worker thread or command line. The graph makes the zero state of the attention wrapper from constants, the
//! largest of which is the length of its memory: window × units.
use super::CheckpointError;
use super::protobuf::{Fields, Value};
use super::tensor_proto::{Dtype, Values};

/// Part of the names of the nodes that make the zero state.
const ZERO_STATE: &str = "AttentionCellWrapperZeroState/";
const INT32: u64 = 3;
/// Longest window that is believed.
const MAX_WINDOW: usize = 1024;

/// The attention window of a MetaGraphDef for a first layer of `units`; `None` if nothing in it tells.
///
/// # Errors
/// [`CheckpointError::Damaged`].
pub(super) fn attention_window(meta_graph: &[u8], units: usize) -> Result<Option<usize>, CheckpointError> {
    let mut largest = 0;
    for field in Fields(meta_graph) {
        let (2, graph) = field? else { continue };
        for field in Fields(graph.bytes()?) {
            let (1, node) = field? else { continue };
            largest = largest.max(constant(node.bytes()?)?);
        }
    }
    let memory = usize::try_from(largest).unwrap_or(0);
    let window = memory.checked_div(units).filter(|window| window * units == memory);
    Ok(window.filter(|window| (1..=MAX_WINDOW).contains(window)))
}

/// The largest number of a NodeDef that is an integer constant of the zero state, else 0.
fn constant(node: &[u8]) -> Result<i64, CheckpointError> {
    let (mut of_state, mut constant, mut value) = (false, false, None);
    for field in Fields(node) {
        match field? {
            (1, name) => of_state = name.text()?.contains(ZERO_STATE),
            (2, operation) => constant = operation.text()? == "Const",
            // A map entry: key and AttrValue.
            (5, attribute) => {
                let mut named = false;
                for field in Fields(attribute.bytes()?) {
                    match field? {
                        (1, key) => named = key.text()? == "value",
                        (2, Value::Bytes(attribute)) if named => value = Some(attribute),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let (true, true, Some(value)) = (of_state, constant, value) else { return Ok(0) };
    for field in Fields(value) {
        let (8, tensor) = field? else { continue };
        let tensor = tensor.bytes()?;
        let int32 = Fields(tensor).any(|field| matches!(field, Ok((1, Value::Varint(INT32)))));
        if int32 && let Values::Integers(numbers) = Values::from_message(Dtype::I32, tensor)? {
            return Ok(numbers.into_iter().max().unwrap_or(0));
        }
    }
    Ok(0)
}
