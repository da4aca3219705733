//! The document of Keys: which instruments are in the slots, which were there before, and what they are called.
//!
//! Any thread but the audio thread. Only a change of the slots counts the generation on: a new name renders nothing anew.
use super::compute::Choice;
use super::presets::{self, PRESETS};
use descant_core::sampling::{Seed, derive};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where an instrument's vector comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// Random numbers.
    Seed(u32),
    /// The model knows it by this name.
    Learned(String),
    /// Numbers of the musician's own.
    Vector(Arc<[f32]>),
}

/// Slots A, B, C and D.
pub type Slots = [Option<Origin>; 4];

/// An instrument that was in a slot once.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Which.
    pub origin: Origin,
    /// What the musician calls it; may be empty.
    pub name: String,
    /// Starred by the musician.
    pub starred: bool,
}

/// Steps that can be undone.
pub const MOST_STEPS: usize = 64;
/// Instruments that are kept; beyond, the oldest goes that has neither star nor name.
pub const MOST_KEPT: usize = 256;
/// Letters of a name.
pub const LONGEST_NAME: usize = 40;

/// See the file's head.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub(super) slots: Slots,
    /// Seed of the next random instrument.
    pub(super) next: u32,
    /// Who is to render; undo leaves it alone.
    pub(super) compute: Choice,
    /// The latest last.
    pub(super) done: Vec<Slots>,
    pub(super) undone: Vec<Slots>,
    /// The latest last.
    pub(super) kept: Vec<Kept>,
}

/// Seed of the first random instrument: none of the presets has it.
const FIRST_SEED: u32 = 1_000;

impl Default for Document {
    /// Two instruments, so that the morph leads somewhere.
    fn default() -> Self {
        let [first, second, ..] = PRESETS.map(|preset| Some(preset.origin()));
        let slots = [first, second, None, None];
        Self {
            slots,
            next: FIRST_SEED,
            compute: Choice::Auto,
            done: Vec::new(),
            undone: Vec::new(),
            kept: Vec::new(),
        }
    }
}

impl Document {
    /// The instruments.
    #[must_use]
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Who is to render.
    #[must_use]
    pub fn compute(&self) -> Choice {
        self.compute
    }

    /// Who is to render from now on.
    pub fn set_compute(&mut self, choice: Choice) {
        self.compute = choice;
    }

    /// The instruments that were in a slot, the latest last.
    #[must_use]
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Whether there is anything to undo, and to redo.
    #[must_use]
    pub fn can(&self) -> (bool, bool) {
        (!self.done.is_empty(), !self.undone.is_empty())
    }

    /// Other instruments; can be undone.
    pub fn set(&mut self, slots: Slots) {
        if slots != self.slots {
            for origin in slots.iter().flatten() {
                self.keep(origin);
            }
            self.done.push(std::mem::replace(&mut self.slots, slots));
            if self.done.len() > MOST_STEPS {
                self.done.remove(0);
            }
            self.undone.clear();
        }
    }

    /// Puts an instrument into a slot (0 = A), or empties it.
    pub fn put(&mut self, slot: usize, origin: Option<Origin>) {
        let mut slots = self.slots.clone();
        if let Some(place) = slots.get_mut(slot) {
            *place = origin;
            self.set(slots);
        }
    }

    /// An instrument that nobody heard before into a slot; its seed.
    pub fn random(&mut self, slot: usize) -> Seed {
        let seed = self.next;
        self.next = derive(seed, 1);
        self.put(slot, Some(Origin::Seed(seed)));
        Seed(seed)
    }

    /// Two slots change their instruments.
    pub fn swap(&mut self, a: usize, b: usize) {
        let mut slots = self.slots.clone();
        if a.max(b) < slots.len() {
            slots.swap(a, b);
            self.set(slots);
        }
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

    /// What an instrument is called: by the musician, else by the table, else by its seed or the model.
    #[must_use]
    pub fn name(&self, origin: &Origin) -> String {
        let own = self.kept.iter().find(|k| k.origin == *origin).map(|k| k.name.as_str());
        match (own.filter(|name| !name.is_empty()).or_else(|| presets::name(origin)), origin) {
            (Some(name), _) => name.to_owned(),
            (None, Origin::Seed(seed)) => Seed(*seed).to_string(),
            (None, Origin::Learned(name)) => name.clone(),
            (None, Origin::Vector(_)) => "Own vector".to_owned(),
        }
    }

    /// Whether an instrument has a star.
    #[must_use]
    pub fn is_starred(&self, origin: &Origin) -> bool {
        self.kept.iter().any(|k| k.starred && k.origin == *origin)
    }

    /// Calls an instrument something else; nothing: as it was called at first.
    pub fn rename(&mut self, origin: &Origin, name: &str) {
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        self.keep(origin).name = name;
    }

    /// Star on or off.
    pub fn star(&mut self, origin: &Origin) {
        let kept = self.keep(origin);
        kept.starred = !kept.starred;
    }

    /// The entry of an instrument, made now if there is none.
    fn keep(&mut self, origin: &Origin) -> &mut Kept {
        let place = self.kept.iter().position(|k| k.origin == *origin).unwrap_or_else(|| {
            if self.kept.len() >= MOST_KEPT {
                let plain = |k: &Kept| !k.starred && k.name.is_empty();
                self.kept.remove(self.kept.iter().position(plain).unwrap_or(0));
            }
            self.kept.push(Kept { origin: origin.clone(), name: String::new(), starred: false });
            self.kept.len() - 1
        });
        &mut self.kept[place]
    }
}

/// The document of one instance, shared by window, worker and the host's saving and loading.
#[derive(Debug, Default)]
pub struct Store {
    document: Mutex<Document>,
    /// Counts changes of the slots.
    generation: Arc<AtomicU64>,
    /// Counts changes of anything by somebody else than a host that loads.
    edits: AtomicU64,
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

    /// Counts edits, of which a host wants to be told.
    #[must_use]
    pub fn edits(&self) -> u64 {
        self.edits.load(Ordering::Acquire)
    }

    /// Reads.
    pub fn read<R>(&self, f: impl FnOnce(&Document) -> R) -> R {
        f(&self.lock())
    }

    /// The slots, and the generation that they are of.
    #[must_use]
    pub fn slots(&self) -> (Slots, u64) {
        let document = self.lock();
        (document.slots().clone(), self.generation.load(Ordering::Acquire))
    }

    /// Changes; if the slots change, the generation counts on.
    pub fn change<R>(&self, f: impl FnOnce(&mut Document) -> R) -> R {
        self.edits.fetch_add(1, Ordering::AcqRel);
        self.with(f)
    }

    fn with<R>(&self, f: impl FnOnce(&mut Document) -> R) -> R {
        let mut document = self.lock();
        let before = document.slots().clone();
        let result = f(&mut document);
        if *document.slots() != before {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        result
    }

    /// Takes in what a host has loaded.
    pub fn replace(&self, document: Document) {
        self.with(|d| *d = document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_instruments_are_new_and_can_be_undone() {
        let store = Store::default();
        let [a, b] = [0, 1].map(|i: usize| Some(PRESETS[i].origin()));
        let seed = |Seed(seed): Seed| Some(Origin::Seed(seed));
        let first = seed(store.change(|d| d.random(0)));
        let second = seed(store.change(|d| d.random(0)));
        assert!(first != second && store.slots() == ([second.clone(), b.clone(), None, None], 2));
        assert!(store.change(Document::undo) && store.slots().0[0] == first);
        assert!(store.change(Document::undo) && store.slots().0[0] == a);
        assert!(!store.change(Document::undo) && store.change(Document::redo));
        assert_eq!(store.slots(), ([first, b, None, None], 5));
        store.change(|d| d.put(3, Some(Origin::Seed(9))));
        assert!(!store.change(Document::redo), "another way was taken");
        store.change(|d| d.put(7, Some(Origin::Seed(9))));
        assert_eq!(store.slots().1, 6, "there is no such slot");
    }

    #[test]
    fn names_and_stars_belong_to_instruments_and_render_nothing_anew() {
        let store = Store::default();
        let (seed, own) = (Origin::Seed(7_777), Origin::Vector(vec![1.0, 2.0].into()));
        assert_eq!(store.read(|d| d.name(&seed)), Seed(7_777).to_string());
        assert_eq!(store.read(|d| d.name(&own)), "Own vector");
        store.change(|d| d.rename(&seed, "  Glass\treed  "));
        store.change(|d| d.star(&own));
        assert_eq!(store.read(|d| (d.name(&seed), d.is_starred(&seed))), ("Glassreed".into(), false));
        assert!(store.read(|d| d.is_starred(&own)));
        assert_eq!((store.slots().1, store.edits()), (0, 2));
        store.change(|d| d.put(0, Some(seed.clone())));
        store.change(|d| d.swap(0, 1));
        assert_eq!(store.slots().0[1], Some(seed.clone()));
        store.change(|d| d.rename(&seed, ""));
        assert_eq!(store.read(|d| d.name(&seed)), Seed(7_777).to_string());
    }

    #[test]
    fn what_has_a_star_or_a_name_is_kept() {
        let mut document = Document::default();
        document.star(&Origin::Seed(5_000));
        document.rename(&Origin::Seed(5_001), "mine");
        for seed in 0..3 * MOST_KEPT as u32 {
            document.put(0, Some(Origin::Seed(seed)));
        }
        assert_eq!((document.kept().len(), document.done.len()), (MOST_KEPT, MOST_STEPS));
        assert!(document.is_starred(&Origin::Seed(5_000)));
        assert_eq!(document.name(&Origin::Seed(5_001)), "mine");
    }
}
