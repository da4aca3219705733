//! The worker: one thread per instance that runs the tools, reads files and frees what the audio thread has
//! done with.
//!
//! Started on activation or when the window opens first, never by a scan; stopped and joined when the instance
//! goes. It may take its time: nobody waits for it but an offline render. A panic in a model becomes a message.

mod jobs;
mod learn;
mod live;
mod morph;
#[cfg(test)]
mod tests;

use crate::bridge::{Heard, WorkerSide};
use crate::clips::capture::Capture;
use crate::clips::engine::Engine;
use crate::clips::live::Machine;
use crate::clips::morph::Marks;
use crate::library::{Added, Own};
use descant_core::music::{Clip, Ticks};
use descant_core::tool::{Cancel, Request, Take};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often the worker looks for what the audio thread has left: it cannot wake anybody.
const LOOK: Duration = Duration::from_millis(5);
/// The same while an offline render may wait for it.
const QUICK_LOOK: Duration = Duration::from_micros(100);

/// Makes takes. The product has one ([`crate::library::Models`]); tests bring their own.
pub trait Generator: Send + Sync {
    /// Takes for a request, or why there are none, in words for a musician. Looks at `cancel` often.
    fn run(
        &self,
        request: &Request,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, String>;

    /// Trios for a request, each with its seed: melody, bass and drums; or why there are none.
    fn trios(
        &self,
        _request: &Request,
        _cancel: &Cancel,
        _progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<(u32, [Take; 3])>, String> {
        Err("There is nobody to play a trio here.".into())
    }

    /// The clips at these positions between a request's primer (0) and its other clip (1), or why there are none.
    fn between(
        &self,
        _request: &Request,
        _positions: &[f32],
        _cancel: &Cancel,
        _progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        Err("There is nothing between clips here.".into())
    }

    /// The clips around the take that a request stays near, row by row, or why there are none.
    fn around(
        &self,
        _request: &Request,
        _cancel: &Cancel,
        _progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        Err("There is nothing around a take here.".into())
    }

    /// Weights of the musician's own, or why there are none. `progress` is told the part that is done, and losses.
    fn personalise(
        &self,
        _own: &Own,
        _cancel: &Cancel,
        _progress: &mut dyn FnMut(f32, Option<f32>),
    ) -> Result<Added, String> {
        Err("Nothing can be learnt here.".into())
    }
}

/// Sent by window and main thread, received by the worker.
#[derive(Debug)]
pub enum Command {
    /// Run the chosen tool.
    Run,
    /// Run the request of a take again with fresh seeds.
    MoreLike(u64),
    /// What was played in becomes the primer.
    Capture,
    /// A dropped or chosen file.
    Open(PathBuf),
    /// A track of the opened song becomes the primer.
    ChooseTrack {
        /// Index among the tracks with notes.
        track: usize,
        /// Keep only the highest notes.
        top_line: bool,
        /// Keep the file's tempo.
        file_tempo: bool,
    },
    /// The chords of what was played in become the progression.
    FindPlayedChords,
    /// The model page wants the cards of all weights.
    LookAtModels,
    /// The clips in these files are to be learnt from.
    Lesson(Vec<PathBuf>),
    /// A model shall learn.
    Learn {
        /// Its id.
        model: String,
        /// What the new weights are called.
        name: String,
    },
    /// The instance goes.
    Quit,
}

/// What the thread holds.
pub(crate) struct Worker {
    engine: Arc<Engine>,
    side: WorkerSide,
    capture: Capture,
    live: Machine,
    memory: live::Memory,
    /// Notes per bar that Continuous keeps to.
    notes_per_bar: Option<f32>,
    /// Loads of the document when the live modes last looked.
    loads: u64,
    answered: u64,
    /// Generation of the document whose takes are all on disk.
    written: u64,
    /// What the morph followed from when it was looked at last.
    morphed: Option<Marks>,
    /// The same of the pad.
    padded: Option<Marks>,
    /// A training under way.
    learning: Option<learn::Learning>,
}

impl Worker {
    pub(crate) fn new(engine: Arc<Engine>, side: WorkerSide) -> Self {
        let answered = engine.gui.trigger.asked();
        let loads = engine.params.doc.loads();
        let (capture, live) = (Capture::default(), Machine::default());
        let memory = live::Memory::default();
        Self {
            engine,
            side,
            capture,
            live,
            memory,
            notes_per_bar: None,
            loads,
            answered,
            written: 0,
            morphed: None,
            padded: None,
            learning: None,
        }
    }

    /// The thread.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        // Which model a tool plays with must not depend on whether a window was open.
        crate::library::look();
        crate::library::know_own_cards();
        loop {
            let pause = if self.side.in_a_hurry() { QUICK_LOOK } else { LOOK };
            let command = match commands.recv_timeout(pause) {
                Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => return self.stop_learning(),
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
            };
            self.side.begin_round();
            let done = catch_unwind(AssertUnwindSafe(|| {
                self.look();
                if let Some(command) = command {
                    self.carry_out(command);
                }
                self.answer_trigger();
                self.play_along();
                self.keep_morph();
                self.keep_pad();
                self.end_learning(false);
                self.write_files();
            }));
            if done.is_err() {
                self.engine
                    .failed("Something went wrong inside Descant. Your takes are safe; please try again.");
                self.live.failed();
            }
            self.side.caught_up();
        }
    }

    /// Frees clips, takes in what was heard.
    fn look(&mut self) {
        self.side.tidy();
        let mut any = false;
        while let Some(heard) = self.side.heard() {
            match heard {
                Heard::Note(note) => {
                    self.capture.add(note);
                    self.live.note(&note);
                    any = true;
                }
                Heard::Moment(moment) => {
                    let silent = Ticks::from(self.engine.params.call_ends.value().clamp(1, 4));
                    self.live.moment(&moment, silent, self.side.outbox.sent());
                    self.show_stage();
                }
            }
        }
        if any {
            self.engine.gui.telemetry.set_captured_bars(self.capture.bars());
        }
    }

    /// Any number of presses since the last run is one run.
    fn answer_trigger(&mut self) {
        let asked = self.engine.gui.trigger.asked();
        if asked > self.answered {
            self.answered = asked;
            // Answered even if the run panics: an offline render must go on.
            let _answer = Answer(self.engine.clone(), asked);
            self.run_tool(None);
        }
    }
}

struct Answer(Arc<Engine>, u64);

impl Drop for Answer {
    fn drop(&mut self) {
        self.0.gui.trigger.answer(self.1);
    }
}
