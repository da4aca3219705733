//! One instance's works, shared by host glue, window and worker: the document, what is played, the worker thread.
//!
//! Any thread but the audio thread. Locks are held for moments only.
use super::bridge::{Demand, WorkerSide};
use super::cache::Cache;
use super::document::Store;
use super::worker::{Notes, Worker};
use crate::bridge::Trigger;
use descant_core::sound::instrument::Position;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Loads the model, on the worker; or says why there is none, in words for a musician.
pub type Load = Box<dyn Fn() -> Result<Arc<dyn Notes>, String> + Send + Sync>;
/// Opens the cache, on the worker.
pub type OpenCache = Box<dyn Fn() -> Option<Cache> + Send + Sync>;

/// What is going on, for the window.
#[derive(Debug, Default)]
pub struct Live {
    /// What went wrong; empty if nothing did.
    pub status: String,
    /// Pitches that are ready, as bits, where a zone was rendered last.
    pub ready: u128,
    /// Where that was.
    pub position: Option<Position>,
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
    pub(super) load: Load,
    pub(super) cache: OpenCache,
    live: Mutex<Live>,
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
        load: Load,
        cache: OpenCache,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            demand: side.demand.clone(),
            random,
            load,
            cache,
            live: Mutex::default(),
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

    /// Starts the worker if it does not run yet.
    pub fn start(self: &Arc<Self>) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(side) = thread.waiting.take() {
            let worker = Worker::new(self.clone(), side);
            let spawned = std::thread::Builder::new().name("descant keys".into()).spawn(move || worker.run());
            match spawned {
                Ok(handle) => thread.running = Some(handle),
                Err(_) => self.live().status = "The system could not start another thread.".into(),
            }
        }
    }

    /// Stops the worker and waits for its end. It cannot be started again.
    pub fn stop(&self) {
        self.quit.store(true, Ordering::Release);
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
