//! The worker of Keys: one thread per instance that renders zones, in the order of [`super::plan`], and frees what the audio
//! thread has done with.
//!
//! Started on activation, never by a scan. It may take its time: nobody waits for it but an offline render. A note that is
//! needed now interrupts one that is rendered ahead. A panic in a model becomes a message.
use super::bridge::{Delivery, Stamp, WorkerSide};
use super::cache::{Cache, Key};
use super::compute::Compute;
use super::document::{Document, Origin};
use super::engine::Engine;
use super::engine::ZoneView;
use super::plan::{self, BUDGET, Next, Wanted};
use crate::gui::view::{Status, StatusKind};
use descant_core::model::gansynth::{GanSynth, Instrument, NoteError};
use descant_core::nn::conv::{Crew, Task};
use descant_core::sound::instrument::{Grid, POSITIONS, Position, Recording, Resampler, Zone};
use descant_core::sound::picture::{self, Pictures};
use descant_core::tool::Cancel;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the worker looks for what the audio thread wants: it cannot wake anybody.
const LOOK: Duration = Duration::from_millis(4);
/// The same while an offline render may wait for it.
const QUICK_LOOK: Duration = Duration::from_micros(100);
/// How far ahead of an automated morph zones are rendered.
const AHEAD: f32 = 0.5;
/// Threads for a note that is needed now.
const THREADS: usize = 2;

/// Makes notes. The product has GANSynth; tests bring their own.
pub trait Notes: Send + Sync {
    /// Name and version of the weights.
    fn model(&self) -> &str;
    /// Numbers of a vector.
    fn latent(&self) -> usize;
    /// Instruments that it knows by name.
    fn learned(&self) -> &[Instrument];
    /// Lowest and highest MIDI pitch.
    fn range(&self) -> (u8, u8);
    /// Samples per second.
    fn rate(&self) -> u32;
    /// The instrument of a seed.
    fn vector(&self, seed: u32) -> Vec<f32>;
    /// The network, if it is one that other processors know.
    fn gansynth(&self) -> Option<&GanSynth> {
        None
    }
    /// A note of an instrument.
    ///
    /// # Errors
    /// [`NoteError`].
    fn note(
        &self,
        vector: &[f32],
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError>;
    /// A note of an instrument that changes while it sounds: every `step` seconds it is the next of `way`. A model that
    /// cannot do so plays the first.
    ///
    /// # Errors
    /// [`NoteError`].
    fn morphing(
        &self,
        (way, _step): (&[Vec<f32>], f64),
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError> {
        self.note(way.first().map_or(&[], |z| z), pitch, crew, cancel)
    }
}

/// The vector of an instrument.
///
/// # Errors
/// The model has none: a sentence.
pub fn vector(notes: &dyn Notes, origin: &Origin) -> Result<Vec<f32>, String> {
    match origin {
        Origin::Seed(seed) => Ok(notes.vector(*seed)),
        Origin::Learned(name) => {
            let known = notes.learned().iter().find(|i| i.name == *name);
            known
                .map(|i| i.z.clone())
                .ok_or_else(|| format!("This model does not know the instrument “{name}”."))
        }
        Origin::Vector(z) if z.len() == notes.latent() => Ok(z.to_vec()),
        Origin::Vector(z) => Err(format!(
            "An instrument of your own has {} numbers, but this model needs {}.",
            z.len(),
            notes.latent()
        )),
    }
}

/// A loaded GANSynth.
pub struct Synthesis {
    /// Name and version of the weights.
    pub name: String,
    /// The model.
    pub model: GanSynth,
    /// Instruments that it knows by name.
    pub learned: Vec<Instrument>,
}

impl Notes for Synthesis {
    fn model(&self) -> &str {
        &self.name
    }

    fn latent(&self) -> usize {
        self.model.shape().latent
    }

    fn learned(&self) -> &[Instrument] {
        &self.learned
    }

    fn range(&self) -> (u8, u8) {
        (self.model.shape().lowest, self.model.shape().highest())
    }

    fn rate(&self) -> u32 {
        self.model.shape().rate
    }

    fn vector(&self, seed: u32) -> Vec<f32> {
        self.model.random_instrument(seed)
    }

    fn gansynth(&self) -> Option<&GanSynth> {
        Some(&self.model)
    }

    fn note(
        &self,
        vector: &[f32],
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError> {
        self.model.note(vector, pitch, crew, cancel)
    }

    fn morphing(
        &self,
        way: (&[Vec<f32>], f64),
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError> {
        self.model.morphing_note(way, pitch, crew, cancel)
    }
}

/// What the zones are made with, as long as neither instruments nor rate change.
struct Making {
    grid: Grid,
    range: (u8, u8),
    resampler: Resampler,
}

/// What the thread holds.
pub(super) struct Worker {
    engine: Arc<Engine>,
    side: WorkerSide,
    cache: Option<Cache>,
    compute: Compute,
    stamp: Option<Stamp>,
    making: Option<Making>,
    /// Pitches of each position that were sent, or cannot be made; and those that the pool may hold in all.
    done: [u128; POSITIONS],
    there: [u128; POSITIONS],
    /// Those that were sent, to be looked at.
    zones: HashMap<(Position, u8), Arc<Zone>>,
    pictures: Option<Pictures>,
    /// The zone whose pictures the window has.
    drawn: Option<((Position, u8), Arc<Zone>)>,
    point: (f32, f32),
    looked: Instant,
    /// What it found wrong last.
    complaint: String,
    /// What it said last about who renders.
    trouble: Option<String>,
}

impl Worker {
    pub fn new(engine: Arc<Engine>, side: WorkerSide) -> Self {
        Self {
            engine,
            side,
            cache: None,
            compute: Compute::default(),
            stamp: None,
            making: None,
            done: [0; POSITIONS],
            there: [0; POSITIONS],
            zones: HashMap::new(),
            pictures: None,
            drawn: None,
            point: (0.0, 0.0),
            looked: Instant::now(),
            complaint: String::new(),
            trouble: None,
        }
    }

    /// The thread.
    pub fn run(mut self) {
        self.cache = (self.engine.sources.cache)();
        while !self.engine.quits() {
            let round = catch_unwind(AssertUnwindSafe(|| self.round()));
            let busy = round.unwrap_or_else(|_| {
                self.fail(
                    "Something went wrong inside Descant while it rendered a note. What is ready plays on.",
                );
                // What panicked once would do so again.
                self.making = None;
                false
            });
            if !busy {
                let pause = if self.side.demand.in_a_hurry() { QUICK_LOOK } else { LOOK };
                std::thread::park_timeout(pause);
            }
        }
    }

    /// Looks at everything once and renders at most one zone; whether there may be more to do.
    fn round(&mut self) -> bool {
        self.side.tidy();
        self.change_instruments();
        if !self.renew() {
            return false;
        }
        let Some(wanted) = self.wanted() else { return false };
        let next = plan::next(&wanted, &self.done);
        if !next.is_some_and(|next| next.urgent) && self.draw(&wanted) {
            return true;
        }
        let count = |of: &[u128; POSITIONS]| of.iter().map(|bits| bits.count_ones() as usize).sum::<usize>();
        // Half a keyboard of the new instrument is better than the old one; and the pool must not overflow.
        let enough = next.is_none() || count(&self.done) > 30 || count(&self.there) >= BUDGET;
        if self.there != self.done && enough {
            if !self.side.send(Delivery::ForgetStale) {
                return false;
            }
            self.there = self.done;
        }
        let Some(next) = next else { return false };
        if let Some(position) = plan::spare(&wanted, &self.done) {
            if !self.side.send(Delivery::Forget(position)) {
                return false;
            }
            self.done[position.index()] = 0;
            self.there[position.index()] = 0;
            self.zones.retain(|(place, _), _| *place != position);
            self.engine.live().ready[position.index()] = 0;
        }
        self.side.room() > 0 && self.make(next, &wanted)
    }

    /// Program changes and presses of Random.
    fn change_instruments(&mut self) {
        let (count, program) = self.side.demand.program();
        if self.engine.programs_behind(count) {
            self.engine.store.change(|d| d.put(0, Some(Origin::Seed(u32::from(program)))));
            self.side.demand.program_done(count);
        }
        let asked = self.engine.random.asked();
        if self.engine.random_behind(asked) {
            let slot = self.engine.nearest_slot();
            self.engine.store.change(|d| d.random(slot));
            self.engine.random.answer(asked);
        }
    }

    /// Begins anew if instruments or rate have changed; whether there is anything to render.
    fn renew(&mut self) -> bool {
        let (slots, document) = self.engine.store.slots();
        let (count, rate) = self.side.demand.rate();
        let stamp = Stamp { document, rate: count };
        if self.stamp == Some(stamp) {
            return self.making.is_some();
        }
        if count == 0 || self.side.room() == 0 {
            return false;
        }
        let notes = match self.engine.notes() {
            Ok(notes) => notes,
            Err(why) => {
                self.stamp = Some(stamp);
                self.fail(&why);
                return false;
            }
        };
        let mut problem = None;
        let vectors = slots.map(|origin| match vector(&*notes, &origin?) {
            Ok(vector) => Some(vector),
            Err(why) => {
                problem = Some(why);
                None
            }
        });
        let grid = Grid::new(vectors.each_ref().map(Option::as_deref));
        let resampler = Resampler::new(f64::from(notes.rate()), Zone::rate_for(f64::from(rate)));
        let range = notes.range();
        self.stamp = Some(stamp);
        self.done = [0; POSITIONS];
        self.zones.clear();
        let axes = grid.as_ref().map(Grid::axes).unwrap_or_default();
        self.making = grid.map(|grid| Making { grid, range, resampler });
        if self.making.is_none() {
            self.side.demand.give_up(stamp);
        }
        self.side.send(Delivery::Renewed { axes, range, stamp });
        let mut live = self.engine.live();
        (live.axes, live.range, live.ready, live.rendering) = (axes, range, [0; POSITIONS], None);
        match problem {
            Some(text) => {
                self.complaint.clone_from(&text);
                live.status = Status { kind: StatusKind::Warn, text };
            }
            // What others said stays to be read.
            None if live.status.text == self.complaint => live.status = Status::default(),
            None => {}
        }
        self.making.is_some()
    }

    fn wanted(&mut self) -> Option<Wanted> {
        let making = self.making.as_ref()?;
        let demand = &self.side.demand;
        let point = demand.morph();
        let passed = self.looked.elapsed().as_secs_f32();
        let (mut soon, before) = (point, self.point);
        if passed > 0.0 && point != before {
            let on = |now: f32, before: f32| (now + (now - before) / passed * AHEAD).clamp(0.0, 1.0);
            soon = (on(point.0, before.0), on(point.1, before.1));
        }
        (self.point, self.looked) = (point, Instant::now());
        let (played, pitch) = demand.played();
        // Before anything was played: from the middle.
        let played = if played == 0 { 60 } else { pitch };
        Some(Wanted {
            played,
            held: demand.held(),
            point,
            soon,
            axes: making.grid.axes(),
            range: making.range,
        })
    }

    /// Renders a zone, or reads it from disk, and sends it; whether there may be more to do.
    fn make(&mut self, next: Next, wanted: &Wanted) -> bool {
        let (Ok(notes), Some(making)) = (self.engine.notes(), &self.making) else { return false };
        let Next { position, pitch, urgent } = next;
        let vector = making.grid.vector(position);
        let key = Key { model: notes.model(), vector: &vector, pitch };
        self.engine.live().rendering = Some((position, pitch));
        let mut compute = std::mem::take(&mut self.compute);
        let cached = self.cache.as_ref().and_then(|cache| cache.get(&key));
        let recording = match cached {
            Some(recording) => Ok(recording),
            None => {
                let cancel = Cancel::default();
                let stop = || self.overtaken(urgent, wanted);
                let threads = if urgent { THREADS } else { 1 };
                let crew = Watch { threads, cancel: &cancel, stop: &stop };
                compute.choose(self.engine.store.read(Document::compute));
                let note =
                    compute.note((&notes, &self.engine.sources.graphics), (&vector, pitch, urgent), || {
                        notes.note(&vector, pitch, &crew, &cancel)
                    });
                note.map(|sound| Recording::new(&sound, notes.rate())).inspect(|recording| {
                    if let Some(cache) = &mut self.cache {
                        cache.put(&key, recording);
                    }
                })
            }
        };
        self.compute = compute;
        let zone = match recording {
            Err(NoteError::Cancelled) => return true,
            Err(why) => Err(why.to_string()),
            Ok(recording) => Zone::new(&recording, pitch, &making.resampler).map_err(|why| why.to_string()),
        };
        match zone {
            Ok(zone) => {
                let zone = Arc::new(zone);
                self.zones.insert((position, pitch), zone.clone());
                self.side.send(Delivery::Zone { position, pitch, zone });
                self.there[position.index()] |= 1 << pitch;
            }
            Err(why) => self.fail(&format!("No sound for this instrument: {why}.")),
        }
        self.tell_who_renders();
        self.done[position.index()] |= 1 << pitch;
        self.show(position);
        true
    }

    fn tell_who_renders(&mut self) {
        let mut live = self.engine.live();
        live.compute = self.compute.view();
        let trouble = self.compute.trouble();
        if trouble != self.trouble {
            if let Some(text) = trouble.clone() {
                live.status = Status { kind: StatusKind::Warn, text };
            }
            self.trouble = trouble;
        }
    }

    /// Whether what is being rendered must wait for something else.
    fn overtaken(&self, urgent: bool, wanted: &Wanted) -> bool {
        let demand = &self.side.demand;
        if self.engine.quits() || self.stamp != Some(demand.stamp()) {
            return true;
        }
        let (played, pitch) = demand.played();
        let played = if played == 0 { wanted.played } else { pitch };
        let now = Wanted { played, held: demand.held(), point: demand.morph(), ..*wanted };
        !urgent && plan::next(&now, &self.done).is_some_and(|next| next.urgent)
    }

    fn show(&self, position: Position) {
        let mut live = self.engine.live();
        live.ready[position.index()] = self.done[position.index()] & self.there[position.index()];
        live.rendering = None;
    }

    /// Makes the pictures of the zone that was played last, for a window; whether it took any time.
    fn draw(&mut self, wanted: &Wanted) -> bool {
        if !self.engine.is_watched() {
            return false;
        }
        let pitch = wanted.played.clamp(wanted.range.0, wanted.range.1);
        let (x, y) = wanted.point;
        let heard = wanted.axes.corners(x, y).into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((position, _)) = heard else { return false };
        let Some(zone) = self.zones.get(&(position, pitch)) else { return false };
        let drawn = self.drawn.as_ref();
        if drawn.is_some_and(|(of, before)| *of == (position, pitch) && Arc::ptr_eq(before, zone)) {
            return false;
        }
        self.drawn = Some(((position, pitch), zone.clone()));
        let sound = zone.held((zone.rate() * picture::SAMPLES as f64 / picture::RATE) as usize);
        let sound = Resampler::new(zone.rate(), picture::RATE).run(&sound);
        if self.pictures.is_none() {
            self.pictures = Pictures::new().ok();
        }
        if let Some(pictures) = &self.pictures
            && let (Ok(spectrogram), Ok(rainbowgram)) =
                (pictures.spectrogram(&sound), pictures.rainbowgram(&sound))
        {
            let view = ZoneView { pitch, position, spectrogram, rainbowgram };
            self.engine.live().picture = Some(Arc::new(view));
        }
        true
    }

    fn fail(&mut self, why: &str) {
        why.clone_into(&mut self.complaint);
        self.engine.say(StatusKind::Bad, why);
        if let Some(stamp) = self.stamp {
            self.side.demand.give_up(stamp);
        }
    }
}

/// Does the parts of a note's layers, and looks before each layer whether something else has become more urgent.
struct Watch<'a> {
    threads: usize,
    cancel: &'a Cancel,
    stop: &'a dyn Fn() -> bool,
}

impl Crew for Watch<'_> {
    fn run<'a>(&self, tasks: Vec<Task<'a>>) {
        if (self.stop)() {
            self.cancel.cancel();
        }
        let threads = self.threads.min(tasks.len());
        let tasks = Mutex::new(tasks.into_iter());
        let work = || {
            loop {
                let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(task) = task else { break };
                task();
            }
        };
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| {
                scope.spawn(work);
            });
            work();
        });
    }
}
