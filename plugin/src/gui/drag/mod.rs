//! Drag-out of files from the window to the host, a file manager, or anything else that takes files.
//!
//! On Linux the gesture runs on its own thread with its own X connection; the GUI thread never waits for it. On macOS
//! and Windows the system runs it and needs the window: `start_drag_in`. The files must exist before the gesture.
#[cfg(any(target_os = "macos", windows))]
mod native;
#[cfg(any(target_os = "macos", windows))]
pub use native::start_drag_in;

mod out;
mod uri;
#[cfg(all(unix, not(target_os = "macos")))]
mod x11;

pub use out::DragOut;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How a drag ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other program took the files.
    Dropped,
    /// Let go over nothing, refused, or Escape.
    Cancelled,
}

/// Why a drag failed, worded for a musician.
#[derive(Debug, thiserror::Error)]
pub enum DragError {
    /// Nothing to drag.
    #[error("There is no file to drag.")]
    NoFile,
    /// A file is missing or its path is relative.
    #[error("The file {0} cannot be dragged: it is not there.")]
    Missing(PathBuf),
    /// No display, or this platform has no drag here.
    #[error("Dragging is not available here ({0}). Use Save… instead.")]
    Unavailable(String),
    /// The display server or the other program stopped answering.
    #[error("The drag broke off ({0}). Use Save… instead.")]
    Broken(String),
}

/// A drag under way. Dropping it cancels the gesture and waits until its thread has ended, a few milliseconds: so
/// that no code of the plugin runs after the host unloads it. Keep it until [`DragHandle::poll`] tells the end.
#[derive(Debug)]
pub struct DragHandle {
    ended: Receiver<Result<Outcome, DragError>>,
    cancel: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl DragHandle {
    /// The end of the drag, told once; `None` while it goes on.
    pub fn poll(&mut self) -> Option<Result<Outcome, DragError>> {
        match self.ended.try_recv() {
            Ok(end) => Some(end),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(DragError::Broken("its thread ended".into()))),
        }
    }

    /// Waits for the end, at most `limit`. For tests and tools, never for the GUI thread.
    ///
    /// # Errors
    /// [`DragError::Broken`] when the drag failed or did not end in time.
    pub fn wait(&mut self, limit: Duration) -> Result<Outcome, DragError> {
        self.ended.recv_timeout(limit).unwrap_or_else(|e| Err(DragError::Broken(e.to_string())))
    }

    /// Asks the drag to end; [`DragHandle::poll`] tells when it has.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

impl Drop for DragHandle {
    fn drop(&mut self) {
        self.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has already been told by `poll`; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

fn check(paths: &[PathBuf]) -> Result<(), DragError> {
    if paths.is_empty() {
        return Err(DragError::NoFile);
    }
    match paths.iter().find(|p| !p.is_absolute() || !p.is_file()) {
        Some(missing) => Err(DragError::Missing(missing.clone())),
        None => Ok(()),
    }
}

/// Starts dragging `paths` (absolute, existing) with the mouse button that is down now. Returns at once.
///
/// On macOS and Windows use `start_drag_in`, which gets the window.
///
/// # Errors
/// [`DragError::NoFile`] or [`DragError::Missing`] for `paths`, [`DragError::Unavailable`] without a display.
pub fn start_drag(paths: &[PathBuf]) -> Result<DragHandle, DragError> {
    check(paths)?;
    start(paths)
}

/// Like [`start_drag`], on an X display by name instead of the one in the environment.
///
/// # Errors
/// As [`start_drag`]; a display that does not answer is told by [`DragHandle::poll`].
#[cfg(all(unix, not(target_os = "macos")))]
pub fn start_drag_on(display: &str, paths: &[PathBuf]) -> Result<DragHandle, DragError> {
    check(paths)?;
    spawn(Some(display.to_owned()), paths)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn start(paths: &[PathBuf]) -> Result<DragHandle, DragError> {
    if std::env::var_os("DISPLAY").is_none_or(|d| d.is_empty()) {
        return Err(DragError::Unavailable("no X display".into()));
    }
    spawn(None, paths)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn spawn(display: Option<String>, paths: &[PathBuf]) -> Result<DragHandle, DragError> {
    let list = uri::list(paths);
    let cancel = Arc::new(AtomicBool::new(false));
    let (tell, ended) = std::sync::mpsc::channel();
    let stop = cancel.clone();
    let thread = std::thread::Builder::new()
        .name("descant drag".into())
        .spawn(move || {
            // The receiver may be gone: then nobody wants to know.
            let _ = tell.send(x11::drag(display.as_deref(), &list, &stop));
        })
        .map_err(|e| DragError::Unavailable(e.to_string()))?;
    Ok(DragHandle { ended, cancel, thread: Some(thread) })
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn start(_paths: &[PathBuf]) -> Result<DragHandle, DragError> {
    Err(DragError::Unavailable("it needs the window".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_dragged_is_refused_before_the_gesture() {
        assert!(matches!(start_drag(&[]), Err(DragError::NoFile)));
        let relative = PathBuf::from("clip.mid");
        assert!(
            matches!(start_drag(std::slice::from_ref(&relative)), Err(DragError::Missing(p)) if p == relative)
        );
        let folder = std::env::temp_dir();
        assert!(matches!(start_drag(&[folder]), Err(DragError::Missing(_))));
    }
}
