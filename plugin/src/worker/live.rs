//! The live modes at work: what [`crate::clips::live`] decides is written by the model and sent to the player.
//!
//! A clip without a note, or one that came before, is written again with the next seed, a few times.

use super::Worker;
use crate::clips::files;
use crate::clips::live::{Call, Task};
use crate::clips::playable::{Playable, Start};
use crate::gui::view::StatusKind;
use crate::library;
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{Clip, Note, Ticks};
use descant_core::sampling::{Seed, derive};
use descant_core::tool::{Cancel, Request, Take};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How often a clip is written anew before it is taken as it is.
const ATTEMPTS: u32 = 8;

/// A take, and the bars of it that are new.
struct Written {
    take: Take,
    part: Clip,
    /// Where the part begins in the take.
    from: Ticks,
}

impl Worker {
    /// Does what the live mode asks for.
    pub(super) fn play_along(&mut self) {
        let loads = self.engine.params.doc.loads();
        if std::mem::replace(&mut self.loads, loads) != loads {
            self.live.forget();
            self.notes_per_bar = None;
        }
        while let Some(task) = self.live.next_task() {
            match task {
                Task::Answer { ticket, call, line, epoch } => {
                    self.answer(ticket, call, Start::Answer { line, epoch })
                }
                Task::Next { ticket, after, received } => self.write_next(ticket, after, received),
                Task::Withdraw { line } => self.withdraw(line),
                Task::Follow { take, received } => self.engine.follow(take, received),
                Task::Hush => self.engine.change(false, |d| d.silence()),
                Task::Silence => self.engine.silence(),
            }
            self.look();
        }
        self.show_stage();
    }

    pub(super) fn show_stage(&self) {
        self.engine.live().stage = self.live.stage();
    }

    fn answer(&mut self, ticket: u64, call: Call, start: Start) {
        let engine = self.engine.clone();
        let Some(call) = self.capture.between(call.from, call.to, engine.model_kind()) else {
            return self.live.failed();
        };
        let call = engine.params.doc.read(|d| d.content().kit.heard(&call));
        let bars = match engine.params.answer_bars.value().clamp(0, 16) as u32 {
            0 => call.bars(),
            bars => bars,
        };
        if let Some(written) = self.write(ticket, Some(call), bars, None) {
            let answer = self.send(written, None, start);
            engine.live().answer = answer;
        }
    }

    fn write_next(&mut self, ticket: u64, after: Option<u64>, received: u64) {
        let bars = self.engine.params.new_bars();
        let kind = self.engine.model_kind();
        let entry = after.and_then(|id| self.engine.params.doc.read(|d| d.content().entry(id).cloned()));
        // A model for other music than what sounds begins anew.
        let entry = entry.filter(|e| e.take.clip.kind == kind);
        // Each clip follows the one before, and a model alone drifts to sparser music: so all keep to the number of
        // notes of the one that the musician chose, or of the first.
        if let Some(clip) =
            entry.as_ref().filter(|e| !e.live || self.notes_per_bar.is_none()).map(|e| &e.take.clip)
        {
            self.notes_per_bar = Some(clip.notes.len() as f32 / clip.bars().max(1) as f32);
        }
        let density = self.notes_per_bar.filter(|_| entry.is_some());
        let primer = entry.and_then(|e| last_bars(&e.take, bars));
        if let Some(written) = self.write(ticket, primer, bars, density) {
            self.send(written, Some(received), Start::ClipEnd);
        }
    }

    fn withdraw(&mut self, line: Ticks) {
        let start = Start::Withdraw { line };
        self.engine.gui.outbox.send(crate::bridge::NextClip { clip: None, start });
        if let Some(id) = self.engine.live().answer.take() {
            self.engine.params.doc.change(|d| d.withdraw(id));
        }
    }

    fn send(&mut self, written: Written, received: Option<u64>, start: Start) -> Option<u64> {
        let Written { mut take, part, from } = written;
        take.clip.name = files::take_name(&take, 1, 1);
        self.memory.remember(&part.notes);
        let playable = |id, kit: &DrumMap| Playable::on_kit(&part, id, from, kit);
        let id = self.engine.deliver_live(take, self.loads, received, playable, start);
        self.live.done();
        id
    }

    /// Writes `bars` new bars, with so many notes in each unless the musician has set a density. `None`: there are
    /// none, or nobody wants them any more.
    fn write(
        &mut self,
        ticket: u64,
        primer: Option<Clip>,
        bars: u32,
        density: Option<f32>,
    ) -> Option<Written> {
        let engine = self.engine.clone();
        let mut request = match engine.request_for(primer, bars, 1) {
            Ok(request) => request,
            Err(why) => return self.give_up(why),
        };
        request.constraints.density = request.constraints.density.or(density);
        let once = engine.params.seed_lock.value() || request.temperature <= 0.0;
        let mut best: Option<Written> = None;
        for _ in 0..if once { 1 } else { ATTEMPTS } {
            let takes = match self.run_quietly(ticket, &request) {
                Ok(takes) => takes,
                Err(_) if !self.live.wants(ticket) => return None,
                Err(why) => return self.give_up(why),
            };
            if let Some(written) = takes.into_iter().next().map(|take| new_bars(take, bars)) {
                let fresh = !written.part.notes.is_empty() && !self.memory.knows(&written.part.notes);
                if fresh || best.as_ref().is_none_or(|b| b.part.notes.is_empty()) {
                    best = Some(written);
                }
                if fresh {
                    break;
                }
            }
            request.seed = derive(request.seed, 1);
        }
        match best.filter(|b| !b.part.notes.is_empty()) {
            Some(written) if self.live.wants(ticket) => Some(written),
            Some(_) => None,
            None => self.give_up(format!("{} wrote only rests.", library::name(&request.model))),
        }
    }

    fn give_up<T>(&mut self, why: String) -> Option<T> {
        self.live.failed();
        self.engine.say(StatusKind::Warn, why);
        None
    }

    /// Runs the model; ends early when what was asked for is not wanted any more.
    fn run_quietly(&mut self, ticket: u64, request: &Request) -> Result<Vec<Take>, String> {
        let engine = self.engine.clone();
        let cancel = Cancel::default();
        engine.live().cancel = Some(cancel.clone());
        let result = catch_unwind(AssertUnwindSafe(|| {
            engine.generator.run(request, &cancel, &mut |_| {
                self.look();
                if !self.live.wants(ticket) {
                    cancel.cancel();
                }
            })
        }));
        engine.live().cancel = None;
        result.unwrap_or_else(|_| Err("The model stumbled over this clip.".into()))
    }
}

/// What the live modes have written lately, as checksums: no clip shall come twice.
#[derive(Debug, Default)]
pub(super) struct Memory(VecDeque<u64>);

/// Clips that are remembered: hours of them.
const REMEMBERED: usize = 4096;

impl Memory {
    fn checksum(notes: &[Note]) -> u64 {
        let mut hasher = DefaultHasher::new();
        notes.hash(&mut hasher);
        hasher.finish()
    }

    fn knows(&self, notes: &[Note]) -> bool {
        self.0.contains(&Self::checksum(notes))
    }

    fn remember(&mut self, notes: &[Note]) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(Self::checksum(notes));
    }
}

/// Where the last `bars` bars of a take begin, and their notes from there.
fn new_notes(take: &Take, bars: u32) -> (Ticks, Vec<Note>) {
    let from = (take.clip.length - take.clip.meter.bar_ticks() * Ticks::from(bars)).max(0);
    let notes = take.clip.notes.iter().filter(|n| n.start >= from);
    (from, notes.map(|n| Note { start: n.start - from, ..*n }).collect())
}

fn new_bars(take: Take, bars: u32) -> Written {
    let (from, notes) = new_notes(&take, bars);
    let part = Clip { notes, length: take.clip.length - from, ..take.clip.clone() };
    Written { take, part, from }
}

/// The last bars of a take as a primer: only so many that neither memory nor time grows, but all where those hold no
/// note. Its name is short, for names must not grow with every clip.
fn last_bars(take: &Take, bars: u32) -> Option<Clip> {
    let all = take.clip.bars();
    let name = Seed(take.seed).to_string();
    [bars, all].into_iter().find_map(|bars| {
        let (from, notes) = new_notes(take, bars.min(all));
        let length = take.clip.length - from;
        (!notes.is_empty()).then(|| Clip { name: name.clone(), notes, length, ..take.clip.clone() })
    })
}
