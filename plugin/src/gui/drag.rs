//! stub
use std::path::PathBuf;
pub struct DragHandle {}
#[derive(Debug, thiserror::Error)]
pub enum DragError { #[error("no")] Unavailable }
pub fn start_drag(paths: &[PathBuf]) -> Result<DragHandle, DragError> { let _ = paths; Err(DragError::Unavailable) }
