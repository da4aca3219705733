//! The document as part of the host's project: versioned JSON, the same bytes for the same content.
//!
//! The host saves and loads on any thread but the audio thread, also while it plays. Loading hands the sounding
//! take to the player before it returns, so that a bounce that follows at once is complete. Every released
//! version stays readable; what cannot be read is refused and changes nothing.

use super::chords::Chords;
use super::document::{Content, Document, Entry, MAX_LESSON, MAX_LOCKED, Member, Primer};
use super::pad::Pad;
use crate::gui::view::PrimerOrigin;
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{ChordMark, Clip, Meter, Note, Ticks};
use descant_core::tool::{Mix, Origin, Request, Score, Take};
use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Version written by this build. 2: chords, and weights chosen for models.
pub const VERSION: u32 = 2;
/// Most models with weights of their own choice that are believed, and the longest of their names.
const MAX_WEIGHTS: (usize, usize) = (64, 200);
/// Longest clip that is believed, in ticks: an hour at 300 bpm.
const LONGEST: Ticks = 18_000 * 30_720;

/// The saved form. Requests are stored once and referred to by index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Format; 0 = nothing usable.
    pub version: u32,
    seed: u32,
    next_id: u64,
    shown: Option<u64>,
    sounding: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locked: Vec<u32>,
    primer: Option<SavedPrimer>,
    requests: Vec<Request>,
    takes: Vec<SavedTake>,
    progression: Vec<String>,
    primer_chords: Vec<ChordMark>,
    weights: BTreeMap<String, String>,
    /// Left out where it is the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    kit: Option<DrumMap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primer_as_played: Option<Clip>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<Clip>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guide: Option<Clip>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lesson: Vec<Clip>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pad: Option<Pad>,
    /// Left out where all is heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    mix: Option<Mix>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedPrimer {
    origin: SavedOrigin,
    clip: Clip,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedOrigin {
    Captured,
    File,
    Take,
    Edited,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedTake {
    id: u64,
    starred: bool,
    index: u32,
    of: u32,
    seed: u32,
    request: usize,
    new_from: Ticks,
    log_likelihood_per_step: f32,
    steps: u32,
    notices: Vec<String>,
    clip: Clip,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    live: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trio: Option<Member>,
}

impl Saved {
    /// The saved form of a document.
    #[must_use]
    pub fn of(content: &Content) -> Self {
        let mut requests: Vec<Arc<Request>> = Vec::new();
        let takes = content
            .entries
            .iter()
            .map(|entry| {
                let take = &entry.take;
                // Takes of one run follow each other, so the newest request is the likely one.
                let known =
                    requests.iter().rposition(|r| Arc::ptr_eq(r, &take.request) || **r == *take.request);
                let request = known.unwrap_or_else(|| {
                    requests.push(take.request.clone());
                    requests.len() - 1
                });
                SavedTake {
                    id: entry.id,
                    starred: entry.starred,
                    index: entry.index,
                    of: entry.of,
                    seed: take.seed,
                    request,
                    new_from: take.new_from,
                    log_likelihood_per_step: finite(take.score.log_likelihood_per_step),
                    steps: take.score.steps,
                    notices: take.notices.clone(),
                    clip: take.clip.clone(),
                    live: entry.live,
                    origin: take.origin.clone(),
                    trio: entry.trio,
                }
            })
            .collect();
        let primer = content.primer.as_ref().map(|p| SavedPrimer {
            origin: match p.origin {
                PrimerOrigin::Captured => SavedOrigin::Captured,
                PrimerOrigin::File => SavedOrigin::File,
                PrimerOrigin::Take => SavedOrigin::Take,
                PrimerOrigin::Edited => SavedOrigin::Edited,
            },
            clip: (*p.clip).clone(),
        });
        Self {
            version: VERSION,
            seed: content.seed,
            next_id: content.next_id,
            shown: content.shown,
            sounding: content.sounding,
            locked: content.locked.clone(),
            primer,
            requests: requests.into_iter().map(|r| (*r).clone()).collect(),
            takes,
            progression: content.chords.progression.clone(),
            primer_chords: content.chords.primer.clone(),
            weights: content.weights.clone(),
            kit: (content.kit != DrumMap::default()).then(|| content.kit.clone()),
            primer_as_played: content.as_played.as_deref().cloned(),
            other: content.other.as_deref().cloned(),
            guide: content.guide.as_deref().cloned(),
            pad: (content.pad != Pad::default()).then(|| content.pad.clone()),
            mix: (content.mix != Mix::default()).then_some(content.mix),
            lesson: content.lesson.iter().map(|clip| (**clip).clone()).collect(),
        }
    }

    /// The document, if this build can read it. Notes that no MIDI file could hold are left out.
    #[must_use]
    pub fn content(self) -> Option<Content> {
        if self.version == 0 || self.version > VERSION {
            return None;
        }
        let requests: Vec<Arc<Request>> = self.requests.into_iter().map(Arc::new).collect();
        let mut entries: Vec<Entry> = Vec::new();
        for saved in self.takes {
            let Some(request) = requests.get(saved.request) else { continue };
            let Some(clip) = credible(saved.clip) else { continue };
            if entries.iter().any(|e| e.id == saved.id) || saved.id == u64::MAX {
                continue;
            }
            let take = Take {
                new_from: saved.new_from.clamp(0, clip.length),
                clip,
                seed: saved.seed,
                score: Score { log_likelihood_per_step: saved.log_likelihood_per_step, steps: saved.steps },
                request: request.clone(),
                notices: saved.notices,
                origin: saved.origin,
            };
            let take = Arc::new(take);
            entries.push(Entry {
                id: saved.id,
                take,
                starred: saved.starred,
                index: saved.index,
                of: saved.of,
                live: saved.live,
                trio: saved.trio,
            });
        }
        let primer = self.primer.and_then(|p| {
            let origin = match p.origin {
                SavedOrigin::Captured => PrimerOrigin::Captured,
                SavedOrigin::File => PrimerOrigin::File,
                SavedOrigin::Take => PrimerOrigin::Take,
                SavedOrigin::Edited => PrimerOrigin::Edited,
            };
            credible(p.clip).map(|clip| Primer { clip: Arc::new(clip), origin })
        });
        let known = |id: Option<u64>| id.filter(|id| entries.iter().any(|e| e.id == *id));
        let pad = self.pad.unwrap_or_default().credible(|id| known(Some(id)).is_some());
        let (shown, sounding) = (known(self.shown), known(self.sounding));
        let mut locked = self.locked;
        locked.sort_unstable();
        locked.dedup();
        locked.truncate(MAX_LOCKED);
        let chords = Chords { progression: self.progression, primer: self.primer_chords };
        let mut weights = self.weights;
        weights.retain(|model, name| model.len().max(name.len()) <= MAX_WEIGHTS.1);
        let as_played = self.primer_as_played.filter(|_| primer.is_some()).and_then(credible);
        Some(Content {
            entries,
            primer,
            shown,
            sounding,
            locked,
            seed: self.seed,
            next_id: self.next_id,
            chords: chords.credible(LONGEST),
            weights: weights.into_iter().take(MAX_WEIGHTS.0).collect(),
            kit: self.kit.unwrap_or_default(),
            as_played: as_played.map(Arc::new),
            other: self.other.and_then(credible).map(Arc::new),
            pad,
            mix: self.mix.unwrap_or_default(),
            guide: self.guide.and_then(credible).map(Arc::new),
            lesson: self.lesson.into_iter().take(MAX_LESSON).filter_map(credible).map(Arc::new).collect(),
        })
    }
}

fn finite(x: f32) -> f32 {
    if x.is_finite() { x } else { 0.0 }
}

fn credible(mut clip: Clip) -> Option<Clip> {
    Meter::new(clip.meter.numerator, clip.meter.denominator)?;
    if !(1..=LONGEST).contains(&clip.length) {
        return None;
    }
    let good =
        |n: &Note| n.pitch < 128 && (1..=LONGEST).contains(&n.length) && (1..=127).contains(&n.velocity);
    clip.notes.retain(good);
    clip.normalise();
    clip.tempo = clip.tempo.filter(|t| t.is_finite() && *t > 0.0);
    Some(clip)
}

/// Called when a state has been loaded, on the loading thread, with the new content.
type Loaded = Box<dyn Fn(&Content) + Send + Sync>;

/// The document of one instance, shared by window, worker and the host's saving and loading.
#[derive(Default)]
pub struct DocStore {
    document: Mutex<Document>,
    generation: AtomicU64,
    loads: AtomicU64,
    refused: AtomicU64,
    on_load: OnceLock<Loaded>,
}

impl DocStore {
    /// What is to be done when a state has been loaded: hand the sounding take to the player. Once.
    pub fn when_loaded(&self, call: impl Fn(&Content) + Send + Sync + 'static) {
        let _ = self.on_load.set(Box::new(call));
    }

    fn lock(&self) -> MutexGuard<'_, Document> {
        self.document.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads.
    pub fn read<R>(&self, f: impl FnOnce(&Document) -> R) -> R {
        f(&self.lock())
    }

    /// Changes; the generation counts on.
    pub fn change<R>(&self, f: impl FnOnce(&mut Document) -> R) -> R {
        let result = f(&mut self.lock());
        self.generation.fetch_add(1, Ordering::Release);
        result
    }

    /// Counts changes, also loads.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Counts loaded states. A run that was started before a load must not add its takes after it.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Acquire)
    }

    /// Counts states that were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Acquire)
    }
}

impl<'a> PersistentField<'a, Saved> for Arc<DocStore> {
    fn set(&self, saved: Saved) {
        // The parameters of this state have been set before: moving the trigger counts again from here on.
        crate::bridge::loading_state(false);
        let Some(content) = saved.content() else {
            self.refused.fetch_add(1, Ordering::Release);
            return;
        };
        let document = Document::from_content(content);
        let previous = {
            let mut guard = self.lock();
            self.loads.fetch_add(1, Ordering::Release);
            self.generation.fetch_add(1, Ordering::Release);
            if let Some(call) = self.on_load.get() {
                call(document.content());
            }
            std::mem::replace(&mut *guard, document)
        };
        drop(previous); // many takes: freed after the lock
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Saved) -> R,
    {
        let content = self.read(|d| d.content().clone());
        f(&Saved::of(&content))
    }
}

/// Name of the document among the state's fields.
pub const FIELD: &str = "doc";

/// Before a state is loaded: makes sure that the document field can be read, so that [`PersistentField::set`] is
/// reached and ends what [`crate::bridge::loading_state`] began.
pub fn prepare(fields: &mut BTreeMap<String, String>) {
    let readable = fields.get(FIELD).is_some_and(|json| {
        // A list would be read as the fields in order.
        json.trim_start().starts_with('{') && serde_json::from_str::<Saved>(json).is_ok()
    });
    if !readable {
        fields.insert(FIELD.into(), r#"{"version":0}"#.into());
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Slot;
    use super::super::document::tests::take;
    use super::*;

    fn store() -> Arc<DocStore> {
        let store = Arc::new(DocStore::default());
        store.change(|d| {
            d.add_takes(vec![take(1), take(2), take(3)], 77);
            d.add_takes(vec![take(0xFFFF_FFFF)], 78);
            d.add_live(take(6), 78);
            d.star(2);
            let clip = Arc::new(take(5).clip);
            d.set_primer(Some(Primer { clip, origin: PrimerOrigin::File }));
            let mark = ChordMark { tick: 7, figure: "Dm".into() };
            d.set_chords(Chords { progression: vec!["C".into(), "G7".into()], primer: vec![mark] });
            d.choose_weights("drum_kit", "mine");
            let mut kit = DrumMap::kits()[1].1.clone();
            kit.set_output(0, 24).expect("free");
            kit.set_input(36, None).expect("free");
            d.set_kit(kit);
            d.set_slot(Slot::Other, Some(Arc::new(take(8).clip)));
            d.set_slot(Slot::Guide, Some(Arc::new(take(9).clip)));
            d.set_pad(|pad| {
                pad.around(2);
                pad.save("dark", (0.25, 1.0));
            });
            assert_eq!(d.add_lesson([5, 6, 5].map(|n| Arc::new(take(n).clip))), 2);
            d.show(2);
            d.lock(3);
            d.lock(0);
            d.silence();
        });
        store
    }

    fn json(store: &Arc<DocStore>) -> String {
        store.map(|saved| serde_json::to_string(saved).expect("plain data"))
    }

    #[test]
    fn saved_loaded_and_saved_again_is_the_same_text() {
        let first = json(&store());
        let other = Arc::new(DocStore::default());
        other.set(serde_json::from_str(&first).expect("own text"));
        assert_eq!(json(&other), first);
        other.read(|d| {
            assert_eq!((d.content().shown, d.content().sounding, d.content().seed), (Some(2), None, 78));
            assert!(d.content().entries[1].starred);
            assert_eq!(d.content().locked, [0, 3]);
            assert_eq!(d.content().chords.progression, ["C", "G7"]);
            assert_eq!(d.content().chords.primer[0].tick, 7);
            assert_eq!(d.content().weights["drum_kit"], "mine");
            let content = d.content();
            assert_eq!((content.kit.output(0), content.kit.lane(36)), (Some(24), None));
            let heard = content.primer.as_ref().map(|p| p.clip.notes.len());
            assert_eq!(content.other.as_deref(), Some(&take(8).clip));
            assert_eq!(content.guide.as_deref(), Some(&take(9).clip));
            assert_eq!(content.pad.centre.map(|c| c.take), Some(2));
            assert_eq!((content.pad.points[0].name.as_str(), content.pad.points[0].y), ("dark", 1.0));
            assert_eq!(
                content.lesson.iter().map(|c| &**c).collect::<Vec<_>>(),
                [&take(5).clip, &take(6).clip]
            );
            assert_eq!((heard, content.as_played.as_ref().map(|c| c.notes.len())), (Some(0), Some(1)));
        });
        assert!(first.matches("drum_kit").count() < 4, "a request is stored once");
    }

    #[test]
    fn states_of_the_first_version_still_load() {
        let mut old: serde_json::Value = serde_json::from_str(&json(&store())).expect("JSON");
        let fields = old.as_object_mut().expect("an object");
        for new in [
            "progression",
            "primer_chords",
            "weights",
            "kit",
            "primer_as_played",
            "other",
            "guide",
            "lesson",
            "pad",
        ] {
            fields.remove(new).expect("written now");
        }
        fields.insert("version".into(), 1.into());
        let content = serde_json::from_value::<Saved>(old).expect("reads").content().expect("is believed");
        assert_eq!((content.entries.len(), content.chords, content.weights.len()), (5, Chords::default(), 0));
        assert_eq!((content.kit, content.as_played), (DrumMap::default(), None));
    }

    #[test]
    fn what_cannot_be_read_changes_nothing() {
        let store = store();
        let before = json(&store);
        for text in [r#"{"version":0}"#, r#"{"version":3,"seed":3}"#, "{}"] {
            store.set(serde_json::from_str(text).expect("valid shape"));
        }
        assert_eq!((json(&store), store.refused(), store.loads()), (before, 3, 0));
    }

    #[test]
    fn a_broken_field_is_replaced_by_one_that_ends_the_load() {
        for broken in ["", "null", "[1,2]", "{\"version\":\"x\"}", "{"] {
            let mut fields = BTreeMap::from([(FIELD.to_string(), broken.to_string())]);
            prepare(&mut fields);
            let saved: Saved = serde_json::from_str(&fields[FIELD]).expect("readable now");
            assert_eq!(saved.content().map(|_| ()), None);
        }
    }

    #[test]
    fn impossible_clips_and_notes_are_left_out() {
        let store = store();
        let mut saved = store.read(|d| Saved::of(d.content()));
        saved.takes[0].clip.meter.numerator = 0;
        saved.takes[1].clip.notes[0].pitch = 200;
        saved.takes[2].request = 99;
        let content = saved.content().expect("the rest is fine");
        assert_eq!(content.entries.iter().map(|e| e.id).collect::<Vec<_>>(), [2, 4, 5]);
        assert!(content.entries[0].take.clip.notes.is_empty());
    }

    #[test]
    fn loading_tells_the_player_before_it_returns() {
        let text = json(&store());
        let other = Arc::new(DocStore::default());
        let heard = Arc::new(AtomicU64::new(0));
        let ear = heard.clone();
        other.when_loaded(move |content| ear.store(content.entries.len() as u64, Ordering::SeqCst));
        other.set(serde_json::from_str(&text).expect("own text"));
        assert_eq!(heard.load(Ordering::SeqCst), 5);
    }
}
