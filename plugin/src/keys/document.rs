//! The document of Keys: which instruments are in the slots, and which were there before.
//!
//! Any thread but the audio thread. An instrument is the seed of a random vector; a word names it.
use descant_core::sampling::derive;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Slots A, B, C and D: seeds.
pub type Slots = [Option<u32>; 4];

/// Steps that can be undone.
const MOST_STEPS: usize = 64;
/// Version of the saved form that this build writes.
pub const VERSION: u32 = 1;

/// See the file's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    slots: Slots,
    /// Seed of the next random instrument.
    next: u32,
    undone: Vec<Slots>,
    done: Vec<Slots>,
}

impl Default for Document {
    /// Two instruments, so that the morph leads somewhere.
    fn default() -> Self {
        Self { slots: [Some(1), Some(2), None, None], next: 3, undone: Vec::new(), done: Vec::new() }
    }
}

impl Document {
    /// The instruments.
    #[must_use]
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Other instruments; can be undone.
    pub fn set(&mut self, slots: Slots) {
        if slots != self.slots {
            self.done.push(std::mem::replace(&mut self.slots, slots));
            if self.done.len() > MOST_STEPS {
                self.done.remove(0);
            }
            self.undone.clear();
        }
    }

    /// Puts an instrument into a slot (0 = A), or empties it.
    pub fn put(&mut self, slot: usize, seed: Option<u32>) {
        let mut slots = self.slots;
        if let Some(place) = slots.get_mut(slot) {
            *place = seed;
            self.set(slots);
        }
    }

    /// An instrument that nobody heard before into a slot; its seed.
    pub fn random(&mut self, slot: usize) -> u32 {
        let seed = self.next;
        self.next = derive(seed, 1);
        self.put(slot, Some(seed));
        seed
    }

    /// Back to the instruments before; whether there were any.
    pub fn undo(&mut self) -> bool {
        let Some(slots) = self.done.pop() else { return false };
        self.undone.push(std::mem::replace(&mut self.slots, slots));
        true
    }

    /// Forward again; whether there is anything.
    pub fn redo(&mut self) -> bool {
        let Some(slots) = self.undone.pop() else { return false };
        self.done.push(std::mem::replace(&mut self.slots, slots));
        true
    }
}

/// The saved form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Format; 0 = nothing usable.
    pub version: u32,
    slots: Slots,
    next: u32,
    /// The latest last.
    history: Vec<Slots>,
}

impl Saved {
    fn of(document: &Document) -> Self {
        let history = document.done.clone();
        Self { version: VERSION, slots: document.slots, next: document.next, history }
    }

    /// The document, if this build can read it.
    fn document(self) -> Option<Document> {
        if !(1..=VERSION).contains(&self.version) {
            return None;
        }
        let mut done = self.history;
        done.drain(..done.len().saturating_sub(MOST_STEPS));
        Some(Document { slots: self.slots, next: self.next, done, undone: Vec::new() })
    }
}

/// The document of one instance, shared by window, worker and the host's saving and loading.
#[derive(Debug, Default)]
pub struct Store {
    document: Mutex<Document>,
    /// Counts changes of the slots.
    generation: Arc<AtomicU64>,
}

impl Store {
    fn lock(&self) -> MutexGuard<'_, Document> {
        self.document.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the generation is counted in: the audio thread looks at it too.
    #[must_use]
    pub fn generation(&self) -> Arc<AtomicU64> {
        self.generation.clone()
    }

    /// Reads.
    pub fn read<R>(&self, f: impl FnOnce(&Document) -> R) -> R {
        f(&self.lock())
    }

    /// The slots, and the generation that they are of.
    #[must_use]
    pub fn slots(&self) -> (Slots, u64) {
        let document = self.lock();
        (*document.slots(), self.generation.load(Ordering::Acquire))
    }

    /// Changes; if the slots change, the generation counts on.
    pub fn change<R>(&self, f: impl FnOnce(&mut Document) -> R) -> R {
        let mut document = self.lock();
        let before = *document.slots();
        let result = f(&mut document);
        if *document.slots() != before {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        result
    }

    /// The saved form.
    #[must_use]
    pub fn saved(&self) -> Saved {
        self.read(Saved::of)
    }

    /// Takes in a saved form; `false`: this build cannot read it, nothing has changed.
    pub fn load(&self, saved: Saved) -> bool {
        let loaded = saved.document().map(|document| self.change(|d| *d = document));
        loaded.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(store: &Store) -> String {
        serde_json::to_string(&store.saved()).expect("plain data")
    }

    #[test]
    fn random_instruments_are_new_and_can_be_undone() {
        let store = Store::default();
        let first = store.change(|d| d.random(0));
        let second = store.change(|d| d.random(0));
        assert!(first != second && store.slots() == ([Some(second), Some(2), None, None], 2));
        assert!(store.change(Document::undo) && store.slots().0[0] == Some(first));
        assert!(store.change(Document::undo) && store.slots().0[0] == Some(1));
        assert!(!store.change(Document::undo) && store.change(Document::redo));
        assert_eq!(store.slots(), ([Some(first), Some(2), None, None], 5));
        store.change(|d| d.put(3, Some(9)));
        assert!(!store.change(Document::redo), "another way was taken");
        store.change(|d| d.put(7, Some(9)));
        assert_eq!(store.slots().1, 6, "there is no such slot");
    }

    #[test]
    fn saved_loaded_and_saved_again_is_the_same_text() {
        let store = Store::default();
        store.change(|d| d.random(1));
        store.change(|d| d.put(2, Some(u32::MAX)));
        let first = text(&store);
        let other = Store::default();
        assert!(other.load(serde_json::from_str(&first).expect("own text")));
        assert_eq!((text(&other), other.slots().0), (first, store.slots().0));
        assert!(other.change(Document::undo), "the history is saved");
    }

    #[test]
    fn what_cannot_be_read_changes_nothing() {
        let store = Store::default();
        for broken in [r#"{"version":0}"#, r#"{"version":2,"slots":[9,9,9,9]}"#, "{}"] {
            assert!(!store.load(serde_json::from_str(broken).expect("valid shape")));
        }
        assert_eq!(
            (store.slots(), text(&store)),
            ((*Document::default().slots(), 0), text(&Store::default()))
        );
        let long = format!(r#"{{"version":1,"history":[{}]}}"#, vec!["[1,2,3,4]"; 1_000].join(","));
        assert!(store.load(serde_json::from_str(&long).expect("valid shape")));
        assert_eq!(store.saved().history.len(), MOST_STEPS);
    }
}
