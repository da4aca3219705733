//! One instance's works, shared by host glue, window and worker: document, parameters, the way to the audio
//! thread, the worker thread and what it is doing.
//!
//! Any thread but the audio thread. Locks are held for moments only; nothing here computes music.

use super::document::{Content, Document, Entry};
use super::files::Files;
use super::lesson::Training;
use super::live::Stage;
use super::morph::{Ends, Morph};
use super::pad::{self, Around, Square};
use super::params::{ClipsParams, Tool};
use super::playable::{Playable, Start};
use crate::bridge::{GuiSide, NextClip, WorkerSide};
use crate::gui::view::{ParamId, Status, StatusKind};
use crate::library::{self, ModelInfo};
use crate::worker::{Command, Generator, Worker};
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{Clip, ClipKind, Ticks};
use descant_core::sampling::derive;
use descant_core::tool::{Cancel, ChordTrack, Infill, Request, SQUARE_SIDE, Take, ToolKind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What is going on, for the window.
#[derive(Default)]
pub struct Live {
    /// Progress of the running tool.
    pub progress: Option<f32>,
    /// Status line.
    pub status: Status,
    /// Stops the running tool.
    pub cancel: Option<Cancel>,
    /// A dropped song whose track is to be chosen.
    pub song: Option<super::import::OpenSong>,
    /// Parameters that the worker would like to be set (choice, index): only the window's thread can.
    pub wishes: Vec<(ParamId, usize)>,
    /// What the live mode is doing.
    pub stage: Stage,
    /// Take of the last answer.
    pub answer: Option<u64>,
}

#[derive(Default)]
struct Thread {
    waiting: Option<(WorkerSide, Receiver<Command>)>,
    running: Option<JoinHandle<()>>,
}

/// See the file's head.
pub struct Engine {
    /// Parameters and document.
    pub params: Arc<ClipsParams>,
    /// Way to the audio thread, clock, trigger.
    pub gui: GuiSide,
    /// The takes as files.
    pub files: Files,
    /// Makes takes.
    pub generator: Arc<dyn Generator>,
    commands: Sender<Command>,
    live: Mutex<Live>,
    morph: Arc<Mutex<Morph>>,
    square: Arc<Mutex<Square>>,
    training: Mutex<Training>,
    thread: Mutex<Thread>,
}

impl Engine {
    /// For one instance. Starts nothing.
    #[must_use]
    pub fn new(
        params: Arc<ClipsParams>,
        gui: GuiSide,
        worker: WorkerSide,
        generator: Arc<dyn Generator>,
    ) -> Arc<Self> {
        let (commands, receiver) = channel();
        let outbox = gui.outbox.clone();
        // Whoever loads a state hands over what shall sound before the host may go on.
        let morph: Arc<Mutex<Morph>> = Arc::default();
        let square: Arc<Mutex<Square>> = Arc::default();
        let before = (morph.clone(), square.clone());
        params.doc.when_loaded(move |content| {
            // The worker looks anew whether a morph or a pad plays.
            before.0.lock().unwrap_or_else(PoisonError::into_inner).plays = false;
            before.1.lock().unwrap_or_else(PoisonError::into_inner).plays = false;
            outbox.send(NextClip { clip: sounding(content), start: Start::Now });
        });
        Arc::new(Self {
            params,
            gui,
            files: Files::default(),
            generator,
            commands,
            live: Mutex::default(),
            morph,
            square,
            training: Mutex::default(),
            thread: Mutex::new(Thread { waiting: Some((worker, receiver)), running: None }),
        })
    }

    /// What is going on.
    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a model learns.
    pub fn training(&self) -> MutexGuard<'_, Training> {
        self.training.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the worker if it does not run yet.
    pub fn start(self: &Arc<Self>) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((side, commands)) = thread.waiting.take() {
            let worker = Worker::new(self.clone(), side);
            let spawned = std::thread::Builder::new()
                .name("descant worker".into())
                .spawn(move || worker.run(&commands));
            match spawned {
                Ok(handle) => thread.running = Some(handle),
                Err(_) => self.failed("The system could not start another thread."),
            }
        }
    }

    /// Stops the worker and waits for its end. It cannot be started again.
    pub fn stop(&self) {
        if let Some(cancel) = &self.live().cancel {
            cancel.cancel();
        }
        if let Some(cancel) = &self.training().cancel {
            cancel.cancel();
        }
        self.send(Command::Quit);
        let running = {
            let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            thread.waiting = None;
            thread.running.take()
        };
        if let Some(handle) = running {
            let _ = handle.join();
        }
    }

    /// To the worker.
    pub fn send(&self, command: Command) {
        // Fails only after `stop`, when nobody needs it any more.
        let _ = self.commands.send(command);
    }

    /// Status line.
    pub fn say(&self, kind: StatusKind, text: impl Into<String>) {
        self.live().status = Status { kind, text: text.into() };
    }

    /// Status line, for bad news; nothing runs any more.
    pub fn failed(&self, text: impl Into<String>) {
        let mut live = self.live();
        live.progress = None;
        live.cancel = None;
        live.status = Status { kind: StatusKind::Bad, text: text.into() };
    }

    /// Changes the document; if that changes what shall sound, tells the player.
    pub fn change<R>(&self, immediate: bool, f: impl FnOnce(&mut Document) -> R) -> R {
        self.params.doc.change(|document| {
            let morphs = self.morph().table().is_some();
            let plays = self.square().table().is_some() || morphs;
            let of = |d: &Document| {
                let content = d.content();
                let takes: Vec<&Entry> = match content.sounding_entry().filter(|_| !plays) {
                    Some(one) => content.trio(one.id).map_or_else(|| vec![one], Vec::from),
                    None => Vec::new(),
                };
                let told: Vec<_> = takes.iter().map(|e| (e.id, Arc::as_ptr(&e.take))).collect();
                let mix = (takes.len() > 1).then_some(content.mix);
                (plays || !takes.is_empty()).then(|| (told, mix, content.kit.clone()))
            };
            let before = of(document);
            let result = f(document);
            if of(document) != before {
                // Within the lock: clips reach the player in the order of the changes.
                let start = if immediate { Start::Now } else { Start::SwapPoint };
                self.gui.outbox.send(NextClip { clip: self.audible(document.content()), start });
            }
            result
        })
    }

    /// The morph. Never lock the document while this is held.
    pub fn morph(&self) -> MutexGuard<'_, Morph> {
        self.morph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clips around the take of the pad. As the morph.
    pub fn square(&self) -> MutexGuard<'_, Square> {
        self.square.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What shall sound: the pad, else the morph, if they play, else the take.
    fn audible(&self, content: &Content) -> Option<Arc<Playable>> {
        // One after the other: never both at once.
        let square = self.square().table().cloned();
        let morph = self.morph().table().cloned();
        match (square, morph) {
            (Some(table), _) => {
                Playable::pad(table.clips.iter().map(|c| &**c), SQUARE_SIDE, &content.kit).map(Arc::new)
            }
            (None, Some(table)) => {
                Playable::morph(table.clips.iter().map(|c| &**c), &content.kit).map(Arc::new)
            }
            (None, None) => sounding(content),
        }
    }

    /// Lets the morph or the pad play from the next swap point on, with what was decoded last, or what else sounds
    /// again. `set`: which, and whether.
    pub fn play_ahead(&self, set: impl FnOnce(&Self)) {
        self.params.doc.read(|document| {
            set(self);
            // Within the lock, as above.
            let clip = self.audible(document.content());
            self.gui.outbox.send(NextClip { clip, start: Start::SwapPoint });
        });
    }

    /// What the morph lies between, if it is wanted and there are two clips and a model for them.
    ///
    /// # Errors
    /// A sentence that says which weights are missing.
    pub fn ends(&self) -> Result<Option<Ends>, String> {
        if !self.params.between.morph_plays.value() && self.params.tool.value() != Tool::Interpolate {
            return Ok(None);
        }
        let content = self.params.doc.read(|d| d.content().clone());
        let (Some(a), Some(b)) = (content.primer.map(|p| p.clip), content.other) else { return Ok(None) };
        two_of_a_kind(&a, &b)?;
        let model = library::fitting(ToolKind::Interpolate, Some(a.kind), self.model())?.model;
        let choice = content.weights.get(&model.id).map(String::as_str);
        let weights = library::for_request(&model.id, choice)?;
        let every = self.chord_ticks();
        let chords = content.chords.track(every, true).filter(|_| model.hears_chords);
        Ok(Some(Ends { a, b, model: weights, chords }))
    }

    /// What the pad lies around, if it is wanted and there is a model for it.
    ///
    /// # Errors
    /// A sentence that says which weights are missing.
    pub fn around(&self) -> Result<Option<Around>, String> {
        if !self.params.between.pad_plays.value() && self.params.tool.value() != Tool::Generate {
            return Ok(None);
        }
        let content = self.params.doc.read(|d| d.content().clone());
        pad::around(self, &content)
    }

    /// What the parameters and the document ask for.
    pub fn request(&self) -> Result<Request, String> {
        let tool = self.params.tool_kind();
        let every = self.chord_ticks();
        let (other, guide) = self.params.doc.read(|d| (d.content().other.clone(), d.content().guide.clone()));
        let (primer, chords) = self.params.doc.read(|d| {
            let content = d.content();
            let primer = content.primer.as_ref().map(|p| (*p.clip).clone());
            match (tool, content.shown_entry()) {
                (ToolKind::Generate, _) => (None, content.chords.track(every, false)),
                (ToolKind::Rewrite, Some(shown)) => {
                    let own = shown.take.chords();
                    let under = ChordTrack { primer: own, ..ChordTrack::default() };
                    let chords = (!under.primer.is_empty()).then_some(under);
                    let chords = chords.or_else(|| content.chords.track(every, false));
                    (Some(shown.take.clip.clone()), chords)
                }
                _ => (primer, content.chords.track(every, true)),
            }
        });
        if tool.needs_primer() && primer.is_none() {
            let tool = tool.name();
            return Err(format!("{tool} needs a primer: play something in, drop a MIDI file or use a take."));
        }
        if let (ToolKind::Interpolate, Some(a)) = (tool, &primer) {
            let b = other.as_ref().ok_or("Interpolate needs a second clip: put a take into B (key B).")?;
            two_of_a_kind(a, b)?;
        }
        let guide = guide.filter(|_| primer.as_ref().is_some_and(|p| p.kind == ClipKind::Melody));
        let latent = self.params.between.told(tool, other.as_deref(), guide.as_deref());
        let variations = self.params.variations.value().clamp(1, 16) as u32;
        let request = self.asked(tool, primer, chords, self.params.new_bars(), variations)?;
        Ok(Request { latent, ..request })
    }

    /// What the parameters ask for, to go on from `primer`, or from nothing.
    pub fn request_for(&self, primer: Option<Clip>, bars: u32, variations: u32) -> Result<Request, String> {
        let tool = if primer.is_some() { ToolKind::Continue } else { ToolKind::Generate };
        let every = self.chord_ticks();
        let chords = self.params.doc.read(|d| d.content().chords.track(every, false));
        self.asked(tool, primer, chords, bars, variations)
    }

    fn asked(
        &self,
        tool: ToolKind,
        primer: Option<Clip>,
        chords: Option<ChordTrack>,
        bars: u32,
        variations: u32,
    ) -> Result<Request, String> {
        let fitting = || library::fitting(tool, primer.as_ref().map(|p| p.kind), self.model());
        let model = fitting()
            .or_else(|_| {
                // Files may have been put into the folder by hand.
                library::look();
                fitting()
            })?
            .model;
        let (choice, locked, seed) = self.params.doc.read(|d| {
            let content = d.content();
            (content.weights.get(&model.id).cloned(), content.locked.clone(), content.seed)
        });
        let weights = library::for_request(&model.id, choice.as_deref())?;
        let clock = self.gui.telemetry.read();
        Ok(Request {
            tool,
            model: weights,
            primer,
            bars,
            variations,
            temperature: self.params.temperature.value(),
            seed,
            constraints: self.params.constraints(),
            meter: clock.meter,
            tempo: Some(clock.tempo),
            performance: self.params.more.performance(),
            infill: Infill { locked, keep: self.params.more.kept() },
            listen_first: tool == ToolKind::Harmonise && self.params.more.listen_first.value(),
            search: self.params.more.beam(),
            chords: chords.filter(|_| model.hears_chords),
            latent: self.params.between.told(tool, None, None),
        })
    }

    /// How long each chord of the progression lasts in the meter of the new bars.
    #[must_use]
    pub fn chord_ticks(&self) -> Ticks {
        let primer = self.params.doc.read(|d| d.content().primer.as_ref().map(|p| p.clip.meter));
        let meter = primer.filter(|_| self.params.tool_kind() == ToolKind::Continue);
        self.params.chord_length.value().ticks(meter.unwrap_or_else(|| self.gui.telemetry.read().meter))
    }

    /// Adds a take of a live mode and sends it to the player: as `playable` makes it ready, to begin at `start`. Its
    /// number; `None` if a project was loaded since `loads`, or another clip was sent since `received`.
    pub fn deliver_live(
        &self,
        take: Take,
        loads: u64,
        received: Option<u64>,
        playable: impl FnOnce(u64, &DrumMap) -> Playable,
        start: Start,
    ) -> Option<u64> {
        let next = self.next_seed(take.seed, 1);
        self.params.doc.change(|document| {
            let overtaken = received.is_some_and(|received| received != self.gui.outbox.sent());
            if overtaken || self.params.doc.loads() != loads {
                return None;
            }
            let id = document.add_live(take, next);
            if let Start::Answer { .. } = start {
                // Nothing that a reopened project should play by itself.
                document.silence();
                document.look_at(id);
            }
            // Within the lock, as above.
            let clip = playable(id, &document.content().kit);
            self.gui.outbox.send(NextClip { clip: Some(Arc::new(clip)), start });
            Some(id)
        })
    }

    /// A take that a live mode sent has begun to sound; unless another was sent since `received`.
    pub fn follow(&self, take: u64, received: u64) {
        let known = |d: &Document| d.content().sounding == Some(take) || d.content().entry(take).is_none();
        if !self.params.doc.read(known) && self.gui.outbox.sent() == received {
            self.params.doc.change(|d| d.show(take));
        }
    }

    /// Panic: nothing sounds any more.
    pub fn silence(&self) {
        self.params.doc.change(|document| {
            document.silence();
            self.gui.outbox.send(NextClip { clip: None, start: Start::Now });
        });
    }

    /// The chosen model; `None` in a slot without one.
    fn model(&self) -> Option<&'static ModelInfo> {
        library::models().get(usize::try_from(self.params.model.value()).unwrap_or(0))
    }

    /// The model that the chosen tool plays with; `Err`: there is none, in words.
    ///
    /// # Errors
    /// A sentence.
    pub fn fitting(&self, content: &Content) -> Result<library::Fitting, String> {
        let tool = self.params.tool_kind();
        let shown = content.shown_entry().filter(|_| tool == ToolKind::Rewrite).map(|e| e.take.clip.kind);
        let primer = content.primer.as_ref().map(|p| p.clip.kind);
        library::fitting(tool, shown.or(primer).filter(|_| tool.needs_primer()), self.model())
    }

    /// The chosen model; `None` in a slot without one.
    #[must_use]
    pub fn chosen(&self) -> Option<&'static ModelInfo> {
        self.model()
    }

    /// What the chosen model writes.
    #[must_use]
    pub fn model_kind(&self) -> ClipKind {
        self.model().map_or(ClipKind::Melody, |m| m.kind)
    }

    /// Id of the chosen model; empty in a slot without one.
    #[must_use]
    pub fn model_id(&self) -> &'static str {
        self.model().map_or("", |m| &m.id)
    }

    /// A model got new weights: choose it.
    pub fn wish_for_model(&self, id: &str) {
        if let Some(slot) = library::models().iter().position(|m| m.id == id) {
            self.live().wishes.push((ParamId::Model, slot));
        }
    }

    /// Seed of the run after one with this seed.
    #[must_use]
    pub fn next_seed(&self, seed: u32, variations: u32) -> u32 {
        if self.params.seed_lock.value() { seed } else { derive(seed, variations) }
    }

    /// This tool is needed for what the musician did.
    pub fn wish_for_tool(&self, tool: Tool) {
        self.live().wishes.push((ParamId::Tool, tool as usize));
    }

    /// A primer of this kind was chosen: go to Continue, with a model that can continue it, unless the tool is one that
    /// starts from it and finds its model by itself.
    pub fn wish_for(&self, kind: ClipKind) {
        if !matches!(self.params.tool.value(), Tool::Generate | Tool::Continue | Tool::Rewrite) {
            return;
        }
        let mut live = self.live();
        live.wishes.push((ParamId::Tool, Tool::Continue as usize));
        let models = library::models();
        if self.model().is_none_or(|m| m.kind != kind)
            && let Some(fitting) = models.iter().position(|m| m.kind == kind && library::ready(&m.id))
        {
            live.wishes.push((ParamId::Model, fitting));
        }
    }
}

/// There is nothing between a melody and a drum clip.
fn two_of_a_kind(a: &Clip, b: &Clip) -> Result<(), String> {
    if a.kind == b.kind {
        return Ok(());
    }
    Err("One of A and B is a drum clip and the other a melody: Interpolate needs two of a kind.".into())
}

/// What shall sound, ready for the audio thread.
#[must_use]
pub fn sounding(content: &Content) -> Option<Arc<Playable>> {
    let sounding = content.sounding_entry()?;
    let playable = match content.trio(sounding.id) {
        Some(parts) => {
            let clips = parts.map(|e| &e.take.clip);
            Playable::trio(clips, sounding.id, |part| content.mix.hears(part), &content.kit)
        }
        None => Playable::on_kit(&sounding.take.clip, sounding.id, 0, &content.kit),
    };
    Some(Arc::new(playable))
}
