//! One instance's works, shared by host glue, window and worker: the document, what is played, the worker thread.
//!
//! Any thread but the audio thread. Locks are held for moments only.
use super::bridge::{Demand, Press, WindowSide, WorkerSide};
use super::cache::Cache;
use super::compute::{ComputeView, OpenRenderer};
use super::document::Store;
use super::piece::Piece;
use super::studio::Studio;
use super::worker::{Notes, Worker};
use crate::bridge::Trigger;
use crate::gui::view::{Status, StatusKind};
use descant_core::sound::instrument::{Axes, POSITIONS, Position};
use descant_core::sound::picture::Picture;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Loads the model, on the worker; or says why there is none, in words for a musician.
pub type Load = Box<dyn Fn() -> Result<Arc<dyn Notes>, String> + Send + Sync>;
/// Opens the cache, on the worker.
pub type OpenCache = Box<dyn Fn() -> Option<Cache> + Send + Sync>;

/// Where an instance's means come from; each is asked on the worker, when it is needed.
pub struct Sources {
    /// The model.
    pub load: Load,
    /// Notes on disk.
    pub cache: OpenCache,
    /// The graphics processor.
    pub graphics: OpenRenderer,
}

/// Pictures of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneView {
    /// MIDI pitch.
    pub pitch: u8,
    /// On the morph grid.
    pub position: Position,
    /// Loudness and frequency over time.
    pub spectrogram: Picture,
    /// The same as an ear hears it.
    pub rainbowgram: Picture,
}

/// What is going on, for the window.
#[derive(Debug)]
pub struct Live {
    /// Status line.
    pub status: Status,
    /// Pitches that are ready at each place, as bits.
    pub ready: [u128; POSITIONS],
    /// Where the morph leads anywhere.
    pub axes: Axes,
    /// Lowest and highest pitch that is rendered.
    pub range: (u8, u8),
    /// The zone that is being rendered.
    pub rendering: Option<(Position, u8)>,
    /// Who renders.
    pub compute: ComputeView,
    /// The zone that was played last.
    pub picture: Option<Arc<ZoneView>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            status: Status::default(),
            ready: [0; POSITIONS],
            axes: Axes::default(),
            range: (24, 84),
            rendering: None,
            compute: ComputeView::default(),
            picture: None,
        }
    }
}

#[derive(Default)]
struct Thread {
    waiting: Option<WorkerSide>,
    running: Option<JoinHandle<()>>,
}

/// See the file's head.
pub struct Engine {
    /// The document.
    pub store: Arc<Store>,
    /// What is played.
    pub demand: Arc<Demand>,
    /// The `Random` parameter.
    pub random: Arc<Trigger>,
    /// Renders whole pieces and folders.
    pub studio: Studio,
    pub(super) sources: Sources,
    notes: Mutex<Option<Arc<dyn Notes>>>,
    keyboard: Mutex<WindowSide>,
    piece: Mutex<Piece>,
    live: Mutex<Live>,
    /// Windows that are open.
    windows: AtomicUsize,
    quit: AtomicBool,
    programs: AtomicU64,
    randoms: AtomicU64,
    thread: Mutex<Thread>,
}

impl Engine {
    /// For one instance. Starts nothing.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        random: Arc<Trigger>,
        side: WorkerSide,
        keyboard: WindowSide,
        sources: Sources,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            demand: side.demand.clone(),
            random,
            studio: Studio::default(),
            sources,
            notes: Mutex::default(),
            keyboard: Mutex::new(keyboard),
            piece: Mutex::default(),
            live: Mutex::default(),
            windows: AtomicUsize::new(0),
            quit: AtomicBool::new(false),
            programs: AtomicU64::new(0),
            randoms: AtomicU64::new(0),
            thread: Mutex::new(Thread { waiting: Some(side), running: None }),
        })
    }

    /// What is going on.
    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Along the clip.
    pub fn piece(&self) -> MutexGuard<'_, Piece> {
        self.piece.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Status line.
    pub fn say(&self, kind: StatusKind, text: impl Into<String>) {
        self.live().status = Status { kind, text: text.into() };
    }

    /// The model, loaded now if it is not there yet: for worker threads.
    ///
    /// # Errors
    /// Why there is none, in words for a musician.
    pub fn notes(&self) -> Result<Arc<dyn Notes>, String> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        match &*notes {
            Some(notes) => Ok(notes.clone()),
            None => Ok(notes.insert((self.sources.load)()?).clone()),
        }
    }

    /// The model if it is there, and nobody is just loading it.
    pub fn loaded(&self) -> Option<Arc<dyn Notes>> {
        self.notes.try_lock().ok().and_then(|notes| notes.clone())
    }

    /// A key of the window goes down, or up at velocity 0.
    pub fn press(&self, key: u8, velocity: f32) {
        self.keyboard.lock().unwrap_or_else(PoisonError::into_inner).press(Press { key, velocity });
    }

    /// A window has opened, or closed: only for one are pictures made.
    pub fn window(&self, open: bool) {
        if open {
            self.windows.fetch_add(1, Ordering::AcqRel);
        } else {
            self.windows.fetch_sub(1, Ordering::AcqRel);
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        self.windows.load(Ordering::Acquire) > 0
    }

    /// Starts the worker if it does not run yet.
    pub fn start(self: &Arc<Self>) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(side) = thread.waiting.take() {
            let worker = Worker::new(self.clone(), side);
            let spawned = std::thread::Builder::new().name("descant keys".into()).spawn(move || worker.run());
            match spawned {
                Ok(handle) => thread.running = Some(handle),
                Err(_) => self.say(StatusKind::Bad, "The system could not start another thread."),
            }
        }
    }

    /// Stops the worker and waits for its end. It cannot be started again.
    pub fn stop(&self) {
        self.quit.store(true, Ordering::Release);
        self.studio.stop();
        let running = {
            let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            thread.waiting = None;
            thread.running.take()
        };
        if let Some(handle) = running {
            handle.thread().unpark();
            let _ = handle.join();
        }
    }

    pub(super) fn quits(&self) -> bool {
        self.quit.load(Ordering::Acquire)
    }

    /// Worker: whether there were program changes since the last call.
    pub(super) fn programs_behind(&self, count: u64) -> bool {
        self.programs.swap(count, Ordering::AcqRel) != count
    }

    /// Worker: whether Random was pressed since the last call.
    pub(super) fn random_behind(&self, count: u64) -> bool {
        self.randoms.swap(count, Ordering::AcqRel) != count
    }

    /// The slot at the corner where the morph stands; an empty one is not heard there.
    #[must_use]
    pub fn nearest_slot(&self) -> usize {
        let (x, y) = self.demand.morph();
        let slots = self.store.slots().0;
        let wanted = usize::from(x > 0.5) + 2 * usize::from(y > 0.5);
        // Its neighbour in the row, then the other row: as the grid fills empty corners.
        [wanted, wanted ^ 1, wanted ^ 2, wanted ^ 3]
            .into_iter()
            .find(|&slot| slots[slot].is_some())
            .unwrap_or(0)
    }
}
