//! A look into the plugin's saved state, as its own framework writes it: compressed JSON whose field `doc` holds
//! the document. Lets a test compare what sounds with what the plugin says it plays, and load a primer as a
//! reopened project would.

use anyhow::{Context as _, Result};
use descant_plugin::clips::document::Content;
use descant_plugin::clips::state::{FIELD, Saved};
use serde_json::Value;

/// The CLAP wrapper writes the length of what follows first.
const PREFIX: usize = size_of::<u64>();

/// The document inside a saved state of the CLAP plugin.
pub fn document(state: &[u8]) -> Result<Content> {
    content(&json(after_length(state)?)?)
}

/// The document inside a saved state of the VST3 plugin, which has no length before it.
pub fn vst3_document(state: &[u8]) -> Result<Content> {
    content(&json(state)?)
}

fn content(state: &Value) -> Result<Content> {
    let text = state["fields"][FIELD].as_str().context("the state holds no document")?;
    serde_json::from_str::<Saved>(text)?.content().context("the document is not readable")
}

/// The same state with another document.
pub fn with_document(state: &[u8], content: &Content) -> Result<Vec<u8>> {
    let mut state = json(after_length(state)?)?;
    state["fields"][FIELD] = Value::String(serde_json::to_string(&Saved::of(content))?);
    let plain = serde_json::to_vec(&state)?;
    let mut bytes = u64::try_from(plain.len())?.to_le_bytes().to_vec();
    bytes.extend(plain);
    Ok(bytes)
}

fn after_length(state: &[u8]) -> Result<&[u8]> {
    state.get(PREFIX..).context("the state is shorter than its length")
}

fn json(state: &[u8]) -> Result<Value> {
    let plain = zstd::decode_all(state).unwrap_or_else(|_| state.to_vec());
    Ok(serde_json::from_slice(&plain)?)
}
