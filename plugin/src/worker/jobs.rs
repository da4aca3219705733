//! What the worker does: run a tool, take over what was played in, read files, write files.

use super::{Command, Worker};
use crate::clips::document::{Document, Primer};
use crate::clips::files;
use crate::clips::import;
use crate::clips::lesson;
use crate::clips::show;
use crate::gui::view::{PrimerOrigin, StatusKind};
use crate::library;
use descant_core::music::ClipKind;
use descant_core::tool::{Cancel, Request, Take, ToolKind, trio};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

/// How long work ended.
enum Done<T> {
    With(T),
    Failed(String),
    Cancelled,
    Panicked,
}

impl Worker {
    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Run => self.run_tool(None),
            Command::MoreLike(take) => self.run_tool(Some(take)),
            Command::Capture => self.take_over_played(),
            Command::Open(path) => self.open(&path),
            Command::ChooseTrack { track, top_line, file_tempo } => {
                self.choose_track(track, top_line, file_tempo);
            }
            Command::FindPlayedChords => self.find_played_chords(),
            Command::LookAtModels => library::read_cards(),
            Command::Lesson(files) => lesson::open(&self.engine, &files),
            Command::Learn { model, name } => self.begin_learning(&model, name),
            Command::Quit => {}
        }
    }

    /// Runs the chosen tool, or the request of `like` with fresh seeds.
    pub(super) fn run_tool(&mut self, like: Option<u64>) {
        let engine = self.engine.clone();
        let request = match like {
            None => engine.request(),
            Some(id) => self.request_like(id),
        };
        let request = match request {
            Ok(request) => request,
            Err(why) => return engine.failed(why),
        };
        let loads = engine.params.doc.loads();
        let started = Instant::now();
        if request.tool == ToolKind::Trio {
            return self.run_trio(&request, loads, started);
        }
        let run =
            |cancel: &Cancel, progress: &mut dyn FnMut(f32)| engine.generator.run(&request, cancel, progress);
        match self.written(run) {
            Some(takes) if takes.is_empty() => engine.failed("The model wrote nothing."),
            Some(takes) => self.deliver(&request, takes, loads, started),
            None => {}
        }
    }

    /// What a model writes; otherwise says why there is nothing.
    fn written<T>(
        &mut self,
        run: impl FnOnce(&Cancel, &mut dyn FnMut(f32)) -> Result<T, String>,
    ) -> Option<T> {
        match self.long_work(run) {
            Done::With(written) => return Some(written),
            Done::Cancelled => self.engine.say(StatusKind::Info, "Cancelled."),
            Done::Panicked => {
                self.engine.failed("The model stumbled over this request. Your takes are safe.");
            }
            Done::Failed(why) => self.engine.failed(why),
        }
        None
    }

    fn run_trio(&mut self, request: &Request, loads: u64, started: Instant) {
        let engine = self.engine.clone();
        let run = |cancel: &Cancel, progress: &mut dyn FnMut(f32)| {
            engine.generator.trios(request, cancel, progress)
        };
        let Some(mut trios) = self.written(run) else { return };
        let of = trios.len() as u32;
        for (index, (seed, parts)) in (1..).zip(&mut trios) {
            for (take, name) in parts.iter_mut().zip(trio::PARTS) {
                take.clip.name = files::trio_name(index, of, *seed, Some(name));
            }
        }
        let notices: Vec<String> =
            trios.iter().flat_map(|(_, parts)| parts).flat_map(|take| take.notices.clone()).collect();
        let next = engine.next_seed(request.seed, request.variations);
        if self.add(loads, |d| d.add_trios(trios, next)) {
            let trios = if of == 1 { "1 trio".into() } else { format!("{of} trios") };
            self.report(format!("{trios} in {} ms.", started.elapsed().as_millis()), &notices);
        }
    }

    /// Adds takes to the document, unless another project was loaded since: they belong to the old one.
    fn add(&self, loads: u64, add: impl FnOnce(&mut Document)) -> bool {
        let engine = &self.engine;
        engine.change(false, |d| {
            let same_project = engine.params.doc.loads() == loads;
            if same_project {
                add(d);
            }
            same_project
        })
    }

    /// What came of a run, and each thing that the musician should know once.
    fn report(&self, mut text: String, notices: &[String]) {
        let mut said: Vec<&String> = Vec::new();
        for notice in notices {
            if !said.contains(&notice) {
                text.push(' ');
                text.push_str(&library::sentence(notice));
                said.push(notice);
            }
        }
        self.engine.say(if notices.is_empty() { StatusKind::Good } else { StatusKind::Warn }, text);
    }

    /// Work that shows its progress and can be cancelled.
    fn long_work<T>(
        &mut self,
        work: impl FnOnce(&Cancel, &mut dyn FnMut(f32)) -> Result<T, String>,
    ) -> Done<T> {
        let engine = self.engine.clone();
        let cancel = Cancel::default();
        {
            let mut live = engine.live();
            live.progress = Some(0.0);
            live.cancel = Some(cancel.clone());
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            work(&cancel, &mut |progress| {
                engine.live().progress = Some(progress.clamp(0.0, 1.0));
                self.look(); // long work must not fill the rings
            })
        }));
        let mut live = engine.live();
        live.progress = None;
        live.cancel = None;
        match result {
            _ if cancel.is_cancelled() => Done::Cancelled,
            Err(_) => Done::Panicked,
            Ok(Err(why)) => Done::Failed(why),
            Ok(Ok(value)) => Done::With(value),
        }
    }

    fn request_like(&self, id: u64) -> Result<Request, String> {
        let engine = &self.engine;
        let (take, seed) = engine.params.doc.read(|d| {
            let content = d.content();
            (content.entry(id).map(|e| e.take.clone()), content.seed)
        });
        let take = take.ok_or("That take is gone.")?;
        // With a locked seed "more like this" would give the same takes again.
        let seed = if seed == take.request.seed { descant_core::sampling::derive(seed, 16) } else { seed };
        let variations = engine.params.variations.value().clamp(1, 16) as u32;
        // What lies in a space has neighbours; other models are asked the same again.
        let in_a_space = library::model_of(&take.request.model).is_some_and(|m| m.latent);
        let request = if in_a_space && take.request.tool == ToolKind::Generate {
            take.more_like_this(engine.params.between.radius())
        } else {
            (*take.request).clone()
        };
        Ok(Request { seed, variations, ..request })
    }

    fn deliver(&self, request: &Request, mut takes: Vec<Take>, loads: u64, started: Instant) {
        let engine = &self.engine;
        let of = takes.len();
        for (index, take) in (1..).zip(&mut takes) {
            take.clip.name = files::take_name(take, index, of);
        }
        let notices: Vec<String> = takes.iter().flat_map(|take| take.notices.clone()).collect();
        let next = engine.next_seed(request.seed, request.variations);
        if !self.add(loads, |d| d.add_takes(takes, next)) {
            return;
        }
        let millis = started.elapsed().as_millis();
        let model = library::name(&request.model);
        let takes = if of == 1 { "1 take".into() } else { format!("{of} takes") };
        let mut text = format!("{takes} by {model} in {millis} ms.");
        if request.temperature == 0.0 && of > 1 {
            text.push_str(" At temperature 0 all takes are equal.");
        }
        self.report(text, &notices);
    }

    /// Every take exists as a file before anybody can start to drag it: also one that was edited, brought back
    /// or loaded.
    pub(super) fn write_files(&mut self) {
        let generation = self.engine.params.doc.generation();
        if generation == self.written {
            return;
        }
        self.written = generation;
        let (entries, kit) =
            self.engine.params.doc.read(|d| (d.content().entries.clone(), d.content().kit.clone()));
        if let Err(why) = self.engine.files.write_all(&entries, &kit) {
            self.engine.say(StatusKind::Warn, format!("The takes could not be written for dragging: {why}."));
        }
    }

    fn take_over_played(&mut self) {
        let engine = self.engine.clone();
        match self.capture.clip(engine.model_kind()) {
            Some(clip) => {
                let mut text = format!("Took over {} notes in {} bars.", clip.notes.len(), clip.bars());
                self.set_primer(clip.into(), PrimerOrigin::Captured);
                let kind = self.warn_of_drums(&mut text, StatusKind::Good);
                engine.say(kind, text);
            }
            None => engine.say(StatusKind::Info, "Nothing was played in yet."),
        }
    }

    fn find_played_chords(&self) {
        let engine = &self.engine;
        let Some(clip) = self.capture.clip(ClipKind::Melody) else {
            return engine.say(StatusKind::Info, "Nothing was played in yet.");
        };
        let every = engine.chord_ticks();
        let text = engine.change(false, |d| {
            let chords = d.content().chords.found_in_playing(&clip, every);
            let text = chords.progression.join(" ");
            d.set_chords(chords);
            text
        });
        engine.say(StatusKind::Good, format!("You played {text}."));
    }

    fn set_primer(&self, clip: std::sync::Arc<descant_core::music::Clip>, origin: PrimerOrigin) {
        let kind = clip.kind;
        self.engine.change(false, |d| d.set_primer(Some(Primer { clip, origin })));
        self.engine.wish_for(kind);
    }

    fn import(&mut self, path: &Path) {
        let engine = self.engine.clone();
        let chosen = descant_core::model::find(engine.model_id());
        let work =
            |cancel: &Cancel, progress: &mut dyn FnMut(f32)| library::add(path, chosen, progress, cancel);
        match self.long_work(work) {
            Done::Cancelled => engine.say(StatusKind::Info, "Cancelled."),
            Done::Panicked => engine.failed("That checkpoint cannot be read. Your models are as before."),
            Done::Failed(why) => engine.failed(why),
            Done::With(added) => {
                engine.change(false, |d| d.choose_weights(&added.model, &added.weights));
                engine.wish_for_model(&added.model);
                engine.say(StatusKind::Good, added.text);
            }
        }
    }

    fn open(&mut self, path: &Path) {
        if library::is_checkpoint(path) {
            return self.import(path);
        }
        let engine = &self.engine;
        match import::open(path, engine.model_kind()) {
            Err(why) => engine.say(StatusKind::Bad, why),
            Ok(song) => {
                if let Some(track) = song.only_choice() {
                    engine.live().song = Some(song);
                    self.choose_track(track, false, false);
                } else {
                    let text = format!("{} has {} tracks. Choose one.", song.file, song.tracks().len());
                    engine.live().song = Some(song);
                    engine.say(StatusKind::Info, text);
                }
            }
        }
    }

    fn choose_track(&self, track: usize, top_line: bool, file_tempo: bool) {
        let engine = &self.engine;
        let Some(song) = engine.live().song.take() else { return };
        let host_tempo = engine.gui.telemetry.read().tempo;
        match song.clip(track, top_line, file_tempo, host_tempo) {
            Ok(clip) => {
                let mut text = format!("{}: {} notes in {} bars.", clip.name, clip.notes.len(), clip.bars());
                let remarks = song.remarks();
                for remark in &remarks {
                    text.push(' ');
                    text.push_str(remark);
                }
                let (kind, chords) = (clip.kind, song.chords(track, clip.length));
                let primer = Primer { clip: clip.into(), origin: PrimerOrigin::File };
                engine.change(false, |d| d.set_primer_over(Some(primer), chords));
                engine.wish_for(kind);
                let mood = if remarks.is_empty() { StatusKind::Good } else { StatusKind::Warn };
                let mood = self.warn_of_drums(&mut text, mood);
                engine.say(mood, text);
            }
            Err(why) => engine.say(StatusKind::Bad, why),
        }
    }

    /// Adds what models do not hear of the new primer's drums.
    fn warn_of_drums(&self, text: &mut String, mood: StatusKind) -> StatusKind {
        match self.engine.params.doc.read(|d| show::kit(d.content())).warning() {
            Some(warning) => {
                text.push(' ');
                text.push_str(&warning);
                StatusKind::Warn
            }
            None => mood,
        }
    }
}
