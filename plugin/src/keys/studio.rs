//! [`Studio`]: long work for the window, one piece at a time on a thread of its own, with progress and cancel.
//!
//! Any thread but the audio thread. What is played goes on: zones have their own worker. Files lie in a folder that lives as
//! long as the instance, for a host may read a dropped file late.
use super::engine::Engine;
use crate::gui::view::StatusKind;
use descant_core::tool::Cancel;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// What a piece of work gets.
pub struct Task {
    /// Says when to stop.
    pub cancel: Cancel,
    progress: Arc<Mutex<f32>>,
}

impl Task {
    /// How far it is, 0..=1.
    pub fn progress(&self, done: f32) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = done;
    }
}

struct Running {
    thread: JoinHandle<()>,
    cancel: Cancel,
    progress: Arc<Mutex<f32>>,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    folder: Option<TempDir>,
    files: u32,
}

/// See the file's head.
#[derive(Default)]
pub struct Studio(Mutex<State>);

impl Studio {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins, unless something is being done already. `work` gives the words for the status line, or says why there are
    /// none; nothing is said of what was cancelled.
    pub fn start(
        &self,
        engine: &Arc<Engine>,
        work: impl FnOnce(&Arc<Engine>, &Task) -> Result<String, String> + Send + 'static,
    ) {
        let mut state = self.lock();
        if state.running.as_ref().is_some_and(|r| !r.thread.is_finished()) {
            return;
        }
        let (cancel, progress) = (Cancel::default(), Arc::new(Mutex::new(0.0)));
        let task = Task { cancel: cancel.clone(), progress: progress.clone() };
        let engine = engine.clone();
        let shared = engine.clone();
        let run = move || {
            let end = catch_unwind(AssertUnwindSafe(|| work(&shared, &task)))
                .unwrap_or_else(|_| Err("Something went wrong inside Descant while it rendered.".into()));
            match end {
                _ if task.cancel.is_cancelled() => shared.say(StatusKind::Info, "Cancelled."),
                Ok(text) => shared.say(StatusKind::Good, text),
                Err(text) => shared.say(StatusKind::Bad, text),
            }
        };
        match std::thread::Builder::new().name("descant studio".into()).spawn(run) {
            Ok(thread) => state.running = Some(Running { thread, cancel, progress }),
            Err(_) => engine.say(StatusKind::Bad, "The system could not start another thread."),
        }
    }

    /// How far the work is, while there is any.
    #[must_use]
    pub fn progress(&self) -> Option<f32> {
        let state = self.lock();
        let running = state.running.as_ref().filter(|r| !r.thread.is_finished())?;
        Some(*running.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the work to stop.
    pub fn cancel(&self) {
        if let Some(running) = &self.lock().running {
            running.cancel.cancel();
        }
    }

    /// Stops the work and waits for its end.
    pub fn stop(&self) {
        let running = self.lock().running.take();
        if let Some(Running { thread, cancel, .. }) = running {
            cancel.cancel();
            let _ = thread.join();
        }
    }

    /// A place for a new file of this name.
    ///
    /// # Errors
    /// Of the file system.
    pub fn place(&self, name: &str) -> std::io::Result<PathBuf> {
        let mut state = self.lock();
        if state.folder.is_none() {
            state.folder = Some(tempfile::Builder::new().prefix("descant-keys-").tempdir()?);
        }
        state.files += 1;
        let number = state.files.to_string();
        let folder = state.folder.as_ref().map(|f| f.path().join(number)).unwrap_or_default();
        std::fs::create_dir_all(&folder)?;
        Ok(folder.join(name))
    }
}
