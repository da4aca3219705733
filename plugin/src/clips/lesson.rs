//! The clips that a model shall learn from, and how far it is.
//!
//! Window and worker. The clips are part of the document; the training is watched through a lock that the audio thread
//! never takes.

use super::document::Primer;
use super::engine::Engine;
use super::import;
use super::shell;
use crate::gui::view::{LessonChange, LessonView, Status, StatusKind};
use crate::worker::Command;
use descant_core::music::Clip;
use descant_core::sampling::Seed;
use descant_core::tool::Cancel;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A training that runs, or the last one.
#[derive(Debug, Default)]
pub struct Training {
    /// The part that is done, while it runs.
    pub progress: Option<f32>,
    /// Loss of each round.
    pub curve: Vec<f32>,
    /// Stops it.
    pub cancel: Option<Cancel>,
    /// How it ended.
    pub ended: Status,
}

impl Training {
    /// What the window shows.
    #[must_use]
    pub fn view(&self, clips: Vec<Arc<Clip>>) -> LessonView {
        LessonView { clips, progress: self.progress, curve: self.curve.clone(), ended: self.ended.clone() }
    }
}

/// Carries out a change; files are read by the worker.
pub fn change(engine: &Arc<Engine>, change: LessonChange) {
    let content = || engine.params.doc.read(|d| d.content().clone());
    let take = |e: &super::document::Entry| {
        let mut clip = e.take.clip.clone();
        clip.name = Seed(e.take.seed).to_string();
        Arc::new(clip)
    };
    let (clips, none): (Vec<Arc<Clip>>, _) = match change {
        LessonChange::Primer => {
            let clip = content().primer.map(|Primer { clip, .. }| clip);
            (clip.into_iter().collect(), "There is no primer.")
        }
        LessonChange::Shown => (content().shown_entry().map(take).into_iter().collect(), "No take is shown."),
        LessonChange::Starred => {
            let content = content();
            let starred = content.entries.iter().filter(|e| e.starred);
            (starred.map(take).collect(), "No take has a star yet: star those that you like.")
        }
        LessonChange::Files(files) => return engine.send(Command::Lesson(files)),
        LessonChange::Choose => return shell::choose_lesson(engine),
        LessonChange::Remove(place) => return engine.change(false, |d| d.drop_lesson(Some(place))),
        LessonChange::Clear => return engine.change(false, |d| d.drop_lesson(None)),
    };
    if clips.is_empty() {
        return engine.say(StatusKind::Info, none);
    }
    let added = engine.change(false, |d| d.add_lesson(clips));
    told(engine, added);
}

/// Adds all tracks of some files. Worker.
pub fn open(engine: &Engine, files: &[PathBuf]) {
    let tempo = engine.gui.telemetry.read().tempo;
    let kind = engine.model_kind();
    let mut added = 0;
    for path in files.iter().take(super::document::MAX_LESSON) {
        match tracks(path, kind, tempo) {
            Ok(clips) => added += engine.change(false, |d| d.add_lesson(clips)),
            Err(why) => return engine.say(StatusKind::Bad, why),
        }
    }
    told(engine, added);
}

fn tracks(path: &Path, kind: descant_core::music::ClipKind, tempo: f64) -> Result<Vec<Arc<Clip>>, String> {
    let song = import::open(path, kind)?;
    (0..song.tracks().len()).map(|track| song.clip(track, false, true, tempo).map(Arc::new)).collect()
}

fn told(engine: &Engine, added: usize) {
    match added {
        0 => engine.say(StatusKind::Info, "They are among the clips already, or there is no more room."),
        1 => engine.say(StatusKind::Good, "1 clip was added to learn from."),
        n => engine.say(StatusKind::Good, format!("{n} clips were added to learn from.")),
    }
}
