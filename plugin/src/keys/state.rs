//! The saved form of [`Document`]: what a project holds.
//!
//! Any thread but the audio thread. Versioned; the same document gives the same bytes. Vectors are listed once and named
//! by their place. Whatever a project says, what comes out of it is bounded.
use super::compute::Choice;
use super::document::{Document, Kept, LONGEST_NAME, MOST_KEPT, MOST_STEPS, Origin, Slots, Store};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Version of the saved form that this build writes.
pub const VERSION: u32 = 1;
/// Numbers of a vector that are believed.
pub const LONGEST_VECTOR: usize = 4_096;

/// See the file's head.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Format; 0 = nothing usable.
    pub version: u32,
    slots: [Option<Named>; 4],
    next: u32,
    #[serde(skip_serializing_if = "is_auto")]
    compute: Choice,
    /// The latest last.
    history: Vec<[Option<Named>; 4]>,
    kept: Vec<SavedKept>,
    /// Those that [`Named::Vector`] means.
    vectors: Vec<Vec<f32>>,
}

/// An instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Seed(u32),
    Learned(String),
    /// Place in [`Saved::vectors`].
    Vector(usize),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedKept {
    origin: Named,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    starred: bool,
}

fn is_auto(choice: &Choice) -> bool {
    *choice == Choice::Auto
}

impl Saved {
    /// Of a document.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let mut vectors: Vec<Arc<[f32]>> = Vec::new();
        let mut name = |origin: &Origin| match origin {
            Origin::Seed(seed) => Named::Seed(*seed),
            Origin::Learned(name) => Named::Learned(name.clone()),
            Origin::Vector(z) => Named::Vector(vectors.iter().position(|v| v == z).unwrap_or_else(|| {
                vectors.push(z.clone());
                vectors.len() - 1
            })),
        };
        let mut all = |slots: &Slots| slots.each_ref().map(|slot| slot.as_ref().map(&mut name));
        let slots = all(&document.slots);
        let history = document.done.iter().map(&mut all).collect();
        let kept = document.kept.iter().map(|kept| SavedKept {
            origin: name(&kept.origin),
            name: kept.name.clone(),
            starred: kept.starred,
        });
        let kept = kept.collect();
        let vectors = vectors.into_iter().map(|z| z.to_vec()).collect();
        let Document { next, compute, .. } = *document;
        Self { version: VERSION, slots, next, compute, history, kept, vectors }
    }

    /// The document, if this build can read it.
    #[must_use]
    pub fn document(self) -> Option<Document> {
        if !(1..=VERSION).contains(&self.version) {
            return None;
        }
        let usable =
            |z: &Vec<f32>| (1..=LONGEST_VECTOR).contains(&z.len()) && z.iter().all(|x| x.is_finite());
        let vectors: Vec<Option<Arc<[f32]>>> =
            self.vectors.into_iter().map(|z| usable(&z).then(|| z.into())).collect();
        let cut = |name: String| name.chars().take(LONGEST_NAME).collect::<String>();
        let origin = |named: Named| match named {
            Named::Seed(seed) => Some(Origin::Seed(seed)),
            Named::Learned(name) => Some(Origin::Learned(cut(name))),
            Named::Vector(place) => vectors.get(place).cloned().flatten().map(Origin::Vector),
        };
        let all = |slots: [Option<Named>; 4]| slots.map(|slot| slot.and_then(origin));
        let mut done = self.history;
        done.drain(..done.len().saturating_sub(MOST_STEPS));
        let mut kept = self.kept;
        kept.drain(..kept.len().saturating_sub(MOST_KEPT));
        let kept = kept
            .into_iter()
            .filter_map(|k| Some(Kept { origin: origin(k.origin)?, name: cut(k.name), starred: k.starred }));
        Some(Document {
            slots: all(self.slots),
            next: self.next,
            compute: self.compute,
            kept: kept.collect(),
            done: done.into_iter().map(all).collect(),
            undone: Vec::new(),
        })
    }
}

impl Store {
    /// The saved form.
    #[must_use]
    pub fn saved(&self) -> Saved {
        self.read(Saved::of)
    }

    /// Takes in a saved form; `false`: this build cannot read it, nothing has changed.
    pub fn load(&self, saved: Saved) -> bool {
        let document = saved.document();
        document.map(|document| self.replace(document)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(store: &Store) -> String {
        serde_json::to_string(&store.saved()).expect("plain data")
    }

    #[test]
    fn saved_loaded_and_saved_again_is_the_same_text() {
        let store = Store::default();
        let own = Origin::Vector(vec![0.1, -2.5e-7, 3.0].into());
        store.change(|d| d.random(1));
        store.change(|d| d.put(2, Some(Origin::Seed(u32::MAX))));
        store.change(|d| d.put(3, Some(own.clone())));
        store.change(|d| d.put(3, Some(Origin::Learned("Flute".into()))));
        store.change(|d| d.put(0, Some(own.clone())));
        store.change(|d| d.rename(&own, "Mine"));
        store.change(|d| d.star(&own));
        store.change(|d| d.set_compute(Choice::Cpu));
        let first = text(&store);
        assert!(first.contains("[[0.1,-2.5e-7,3.0]]"), "listed once: {first}");
        let other = Store::default();
        assert!(other.load(serde_json::from_str(&first).expect("own text")));
        assert_eq!((text(&other), other.slots().0), (first, store.slots().0));
        assert_eq!(other.read(Document::compute), Choice::Cpu);
        assert_eq!(other.read(|d| (d.name(&own), d.is_starred(&own))), ("Mine".into(), true));
        assert_eq!(other.edits(), 0, "the host knows");
        assert!(other.change(Document::undo), "the history is saved");
        assert_eq!(other.slots().0[0], Store::default().slots().0[0]);
    }

    #[test]
    fn what_cannot_be_read_changes_nothing() {
        let store = Store::default();
        for broken in [r#"{"version":0}"#, r#"{"version":2,"next":9}"#, "{}"] {
            assert!(!store.load(serde_json::from_str(broken).expect("valid shape")));
        }
        let untouched = Store::default();
        assert_eq!((store.slots(), text(&store)), (untouched.slots(), text(&untouched)));
    }

    #[test]
    fn what_a_project_says_is_bounded() {
        let store = Store::default();
        let steps = vec![r#"[{"seed":1},null,null,{"seed":4}]"#; 1_000].join(",");
        let kept: Vec<String> = (0..1_000)
            .map(|i| format!(r#"{{"origin":{{"seed":{i}}},"name":"{}"}}"#, "x".repeat(500)))
            .collect();
        let long = format!(
            r#"{{"version":1,"slots":[{{"vector":0}},{{"vector":7}},{{"vector":1}},null],
                "history":[{steps}],"kept":[{}],"vectors":[[],[1.5]]}}"#,
            kept.join(",")
        );
        assert!(store.load(serde_json::from_str(&long).expect("valid shape")));
        let saved = store.saved();
        assert_eq!((saved.history.len(), saved.kept.len()), (MOST_STEPS, MOST_KEPT));
        assert!(saved.kept.iter().all(|k| k.name.len() == LONGEST_NAME));
        let z: Arc<[f32]> = vec![1.5].into();
        assert_eq!(store.slots().0, [None, None, Some(Origin::Vector(z)), None], "empty and missing ones go");
    }
}
