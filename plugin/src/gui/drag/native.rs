//! Drag-out on macOS and Windows by the crate `drag`: the system runs the gesture and draws the picture.
//!
//! Windows: `DoDragDrop` is modal and pumps messages. Inside a frame it would enter the window again, so [`super::DragOut`]
//! calls it on the window's thread between frames. macOS: it returns at once; the main thread, too.

use super::{DragError, DragHandle, Outcome, check};
use drag::{DragItem, DragResult, Image, Options};
use raw_window_handle::HasWindowHandle;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Notes in a frame, drawn under the pointer.
const PICTURE: &[u8] = include_bytes!("clip.png");

/// Starts dragging `paths` (absolute, existing) out of `window`.
///
/// # Errors
/// [`DragError::NoFile`] or [`DragError::Missing`] for `paths`, [`DragError::Unavailable`] when the system refuses.
pub fn start_drag_in<W: HasWindowHandle>(window: &W, paths: &[PathBuf]) -> Result<DragHandle, DragError> {
    check(paths)?;
    let (tell, ended) = std::sync::mpsc::channel();
    let done = move |result: DragResult, _at| {
        let outcome = match result {
            DragResult::Dropped => Outcome::Dropped,
            DragResult::Cancel => Outcome::Cancelled,
        };
        // The receiver may be gone: then nobody wants to know.
        let _ = tell.send(Ok(outcome));
    };
    let picture = Image::Raw(PICTURE.to_vec());
    drag::start_drag(window, DragItem::Files(paths.to_vec()), picture, done, Options::default())
        .map_err(|e| DragError::Unavailable(e.to_string()))?;
    Ok(DragHandle { ended, cancel: Arc::new(AtomicBool::new(false)), thread: None })
}
