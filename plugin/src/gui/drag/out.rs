//! [`DragOut`]: the one drag of a window, from the frame that wishes for it to its end.
//!
//! The window's thread. On Linux the gesture has a thread of its own and begins at once. On macOS and Windows it needs
//! the window and must not begin within a frame: Windows runs its own message loop until the drop, which draws frames.

use super::{DragError, DragHandle, Outcome};
use nice_plug_egui::Frame;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The drag under way, if there is one. Letting it go ends the gesture.
#[derive(Debug, Default)]
pub struct DragOut(Arc<Mutex<Option<Result<DragHandle, DragError>>>>);

impl DragOut {
    /// Starts dragging the file at `path` (absolute, existing), now or when the frame is done. [`Self::poll`] tells what
    /// became of it.
    pub fn start(&self, path: PathBuf, frame: &mut Frame) {
        let slot = self.0.clone();
        let began = move |drag| {
            let before = slot.lock().unwrap_or_else(PoisonError::into_inner).replace(drag);
            // Its end may take a moment; nobody waits for it with the lock.
            drop(before);
        };
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            let _ = frame;
            began(super::start_drag(&[path]));
        }
        #[cfg(any(target_os = "macos", windows))]
        frame.after_frame(Box::new(move |window| began(super::start_drag_in(window, &[path]))));
    }

    /// The end of the drag, or why it did not begin, told once.
    pub fn poll(&self) -> Option<Result<Outcome, DragError>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = match slot.take()? {
            Err(why) => Err(why),
            Ok(mut drag) => match drag.poll() {
                None => {
                    *slot = Some(Ok(drag));
                    return None;
                }
                Some(end) => end,
            },
        };
        Some(end)
    }
}
