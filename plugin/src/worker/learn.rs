//! A model learns from the musician's clips: on a thread of its own, so that takes are written meanwhile.
//!
//! The worker starts it, looks whether it has ended, and waits for it when the instance goes.

use super::Worker;
use crate::clips::lesson::Training;
use crate::gui::view::{Status, StatusKind};
use crate::library::{self, Added, Own};
use descant_core::tool::Cancel;
use std::thread::JoinHandle;

/// A training under way.
pub(crate) struct Learning {
    thread: JoinHandle<Result<Added, String>>,
    cancel: Cancel,
    /// Loads of the document when it began.
    loads: u64,
}

impl Worker {
    /// Begins, unless one is under way.
    pub(super) fn begin_learning(&mut self, model: &str, name: String) {
        if self.learning.is_some() {
            return self.engine.say(StatusKind::Info, "A model is still learning: wait for it, or stop it.");
        }
        if let Err(why) = self.try_learning(model, name) {
            self.ended(StatusKind::Bad, why);
        }
    }

    fn try_learning(&mut self, model: &str, name: String) -> Result<(), String> {
        let engine = self.engine.clone();
        let content = engine.params.doc.read(|d| d.content().clone());
        if content.lesson.is_empty() {
            return Err("There are no clips to learn from yet: add some, or drop MIDI files here.".into());
        }
        let base = library::for_request(model, content.weights.get(model).map(String::as_str))?;
        let clips = content.lesson.iter().map(|clip| (**clip).clone()).collect();
        let own = Own { base, clips, name, seed: content.seed };
        let cancel = Cancel::default();
        *engine.training() =
            Training { progress: Some(0.0), cancel: Some(cancel.clone()), ..Training::default() };
        let (watched, stop) = (engine.clone(), cancel.clone());
        let work = move || {
            watched.generator.personalise(&own, &stop, &mut |done, loss| {
                let mut training = watched.training();
                training.progress = Some(done.clamp(0.0, 1.0));
                training.curve.extend(loss);
            })
        };
        let thread = std::thread::Builder::new().name("descant learning".into()).spawn(work);
        let thread = thread.map_err(|_| "The system could not start another thread.")?;
        self.learning = Some(Learning { thread, cancel, loads: engine.params.doc.loads() });
        Ok(())
    }

    /// Takes over what was learnt, if it is ready. `wait`: however long that takes.
    pub(super) fn end_learning(&mut self, wait: bool) {
        let Some(learning) = self.learning.take_if(|l| wait || l.thread.is_finished()) else { return };
        let engine = &self.engine;
        match learning.thread.join() {
            _ if learning.cancel.is_cancelled() => {
                self.ended(StatusKind::Info, "Stopped: nothing was kept.".into());
            }
            Err(_) => self.ended(StatusKind::Bad, "The model stumbled over these clips.".into()),
            Ok(Err(why)) => self.ended(StatusKind::Bad, why),
            Ok(Ok(added)) => {
                // Another project has its own choice.
                if engine.params.doc.loads() == learning.loads {
                    engine.change(false, |d| d.choose_weights(&added.model, &added.weights));
                    engine.wish_for_model(&added.model);
                }
                self.ended(StatusKind::Good, added.text);
            }
        }
    }

    fn ended(&self, kind: StatusKind, text: String) {
        {
            let mut training = self.engine.training();
            training.progress = None;
            training.cancel = None;
            training.ended = Status { kind, text: text.clone() };
        }
        self.engine.say(kind, text);
    }

    /// Stops what is under way and waits for its end. The instance goes.
    pub(super) fn stop_learning(&mut self) {
        if let Some(learning) = self.learning.take() {
            learning.cancel.cancel();
            // What it says is for nobody any more.
            let _ = learning.thread.join();
        }
    }
}
