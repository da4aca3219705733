//! What one instance holds: takes, primer, seed, and the way back.
//!
//! Plain data behind a lock that the audio thread never takes; changed by window, worker and state loading.
//! Knows neither host nor disk.

use super::chords::Chords;
use super::pad::Pad;
use crate::gui::view::PrimerOrigin;
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{ChordMark, Clip};
use descant_core::tool::{Mix, Take};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Seed of a new instance: its first take is the same everywhere.
pub const FIRST_SEED: u32 = 1;
/// Takes that are kept; beyond, the oldest without a star goes.
pub const MAX_TAKES: usize = 512;
/// Clips that a model can learn from.
pub const MAX_LESSON: usize = descant_core::tool::MAX_CLIPS;
/// Bars that can be locked: as many as a clip that is rewritten may have.
pub const MAX_LOCKED: usize = 64;
/// Takes of the live modes without a star that are kept: they come by themselves, and must not flood the history.
pub const MAX_LIVE: usize = 16;
/// Steps back.
const MAX_UNDO: usize = 64;

/// One take of the history.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Stable number in this document, from 1.
    pub id: u64,
    /// The take. A changed take is a new `Arc`.
    pub take: Arc<Take>,
    /// Starred by the musician.
    pub starred: bool,
    /// Place in its run, from 1.
    pub index: u32,
    /// Takes in its run.
    pub of: u32,
    /// Made by a live mode.
    pub live: bool,
    /// Of a part of a trio.
    pub trio: Option<Member>,
}

/// The trio that a take belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Number of its first take, the melody.
    pub first: u64,
    /// The trio's seed.
    pub seed: u32,
}

impl Entry {
    /// Its place in its trio, from 0.
    #[must_use]
    pub fn part(&self) -> Option<usize> {
        let part = usize::try_from(self.id.checked_sub(self.trio?.first)?).ok()?;
        (part < 3).then_some(part)
    }
}

/// What Continue starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct Primer {
    /// The clip; its name tells where it is from.
    pub clip: Arc<Clip>,
    /// Where it came from.
    pub origin: PrimerOrigin,
}

impl Primer {
    /// Whether its drums are those of the musician's kit: a take's are those of models, and edits are made among them.
    fn is_played(&self) -> bool {
        matches!(self.origin, PrimerOrigin::Captured | PrimerOrigin::File)
    }
}

/// What is saved, and what undo brings back. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Content {
    /// Oldest first.
    pub entries: Vec<Entry>,
    /// What Continue starts from.
    pub primer: Option<Primer>,
    /// Take in the roll.
    pub shown: Option<u64>,
    /// Take that the player plays.
    pub sounding: Option<u64>,
    /// Bars that Rewrite leaves as they are, from 0 on, in order.
    pub locked: Vec<u32>,
    /// Seed of the next run.
    pub seed: u32,
    /// Number of the next take.
    pub next_id: u64,
    /// Chords of the next run.
    pub chords: Chords,
    /// Weights chosen for a model, by its id; the model's first ones where nothing is chosen.
    pub weights: BTreeMap<String, String>,
    /// Which pitches of a primer are which drum, and which pitches drums are sent out as. The document holds drums as
    /// models know them.
    pub kit: DrumMap,
    /// The primer as it was played, where `kit` hears another one.
    pub as_played: Option<Arc<Clip>>,
    /// Clip B of Interpolate and the morph; A is the primer.
    pub other: Option<Arc<Clip>>,
    /// The drum clip whose feel Groove puts on melodies.
    pub guide: Option<Arc<Clip>>,
    /// What a model shall learn from.
    pub lesson: Vec<Arc<Clip>>,
    /// The latent pad.
    pub pad: Pad,
    /// Which parts of trios are heard.
    pub mix: Mix,
}

/// A place for a clip besides the primer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// See [`Content::other`].
    Other,
    /// See [`Content::guide`].
    Guide,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            primer: None,
            shown: None,
            sounding: None,
            locked: Vec::new(),
            seed: FIRST_SEED,
            next_id: 1,
            chords: Chords::default(),
            weights: BTreeMap::new(),
            kit: DrumMap::default(),
            as_played: None,
            other: None,
            guide: None,
            lesson: Vec::new(),
            pad: Pad::default(),
            mix: Mix::default(),
        }
    }
}

impl Content {
    /// The take of that number.
    #[must_use]
    pub fn entry(&self, id: u64) -> Option<&Entry> {
        self.entries.iter().find(|e| e.id == id)
    }

    /// The parts of the trio that a take belongs to, if all are there.
    #[must_use]
    pub fn trio(&self, id: u64) -> Option<[&Entry; 3]> {
        let member = self.entry(id)?.trio?;
        let part = |i: usize| {
            let part = self.entry(member.first.checked_add(i as u64)?)?;
            (part.trio == Some(member)).then_some(part)
        };
        Some([part(0)?, part(1)?, part(2)?])
    }

    /// The take that the player plays.
    #[must_use]
    pub fn sounding_entry(&self) -> Option<&Entry> {
        self.sounding.and_then(|id| self.entry(id))
    }

    /// The take in the roll.
    #[must_use]
    pub fn shown_entry(&self) -> Option<&Entry> {
        self.shown.and_then(|id| self.entry(id))
    }

    /// The primer as it was played, if it was: takes, and what was edited, have the drums of models.
    #[must_use]
    pub fn primer_as_played(&self) -> Option<&Clip> {
        let primer = self.primer.as_ref().filter(|p| p.is_played())?;
        Some(self.as_played.as_ref().unwrap_or(&primer.clip))
    }

    /// Sets the primer as `kit` hears it.
    fn hear(&mut self, played: Option<Primer>) {
        self.as_played = None;
        self.primer = played.map(|primer| {
            let heard = self.kit.heard(&primer.clip);
            if !primer.is_played() || heard == *primer.clip {
                return primer;
            }
            let heard = Primer { clip: Arc::new(heard), ..primer.clone() };
            self.as_played = Some(primer.clip);
            heard
        });
    }

    /// Keeps the last [`MAX_LIVE`] takes of the live modes, those with a star, and the one that sounds.
    fn thin_out(&mut self) {
        let passing = |e: &Entry| e.live && !e.starred;
        let mut left = self.entries.iter().filter(|e| passing(e)).count().saturating_sub(MAX_LIVE);
        let sounding = self.sounding;
        self.entries.retain(|e| {
            let goes = left > 0 && passing(e) && sounding != Some(e.id);
            left -= usize::from(goes);
            !goes
        });
        while self.entries.len() > MAX_TAKES {
            let oldest = self.entries.iter().position(|e| !e.starred).unwrap_or(0);
            self.entries.remove(oldest);
        }
    }

    fn drop_dangling(&mut self) {
        let entries = &self.entries;
        self.pad.keep(|take| entries.iter().any(|e| e.id == take));
        let newest = self.entries.last().map(|e| e.id);
        if self.shown.is_none_or(|id| self.entry(id).is_none()) {
            self.shown = newest;
        }
        if self.sounding.is_some_and(|id| self.entry(id).is_none()) {
            self.sounding = self.shown;
        }
    }
}

/// Content with undo and redo.
#[derive(Clone, Debug, Default)]
pub struct Document {
    content: Content,
    undo: Vec<Content>,
    redo: Vec<Content>,
}

impl Document {
    /// From a saved state; without a way back.
    #[must_use]
    pub fn from_content(mut content: Content) -> Self {
        content.next_id = content.entries.iter().map(|e| e.id + 1).max().unwrap_or(1).max(content.next_id);
        Self { content, ..Self::default() }
    }

    /// The present.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    fn remember(&mut self) {
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(self.content.clone());
        self.redo.clear();
    }

    /// Adds the takes of a run; the first is shown and sounds. `next_seed`: seed of the next run.
    pub fn add_takes(&mut self, takes: Vec<Take>, next_seed: u32) {
        let of = takes.len() as u32;
        self.add((1..).zip(takes).map(|(index, take)| (index, of, None, take)), next_seed);
    }

    /// The same of trios, each with its seed.
    pub fn add_trios(&mut self, trios: Vec<(u32, [Take; 3])>, next_seed: u32) {
        let of = trios.len() as u32;
        let all = (1..).zip(trios).flat_map(|(index, (seed, parts))| {
            parts.into_iter().enumerate().map(move |(part, take)| (index, of, Some((seed, part)), take))
        });
        self.add(all, next_seed);
    }

    /// Place in the run and their number, seed and part of a trio, take.
    fn add(&mut self, takes: impl Iterator<Item = (u32, u32, Option<(u32, usize)>, Take)>, next_seed: u32) {
        let mut takes = takes.peekable();
        if takes.peek().is_none() {
            return;
        }
        self.remember();
        let first = self.content.next_id;
        for (index, of, trio, take) in takes {
            let id = self.content.next_id;
            self.content.next_id += 1;
            let trio = trio.map(|(seed, part)| Member { first: id - part as u64, seed });
            let take = Arc::new(take);
            self.content.entries.push(Entry { id, take, starred: false, index, of, live: false, trio });
        }
        self.content.thin_out();
        self.content.shown = Some(first);
        self.content.sounding = Some(first);
        self.content.seed = next_seed;
        self.content.drop_dangling();
    }

    /// Adds a take of a live mode; its number. Such takes are no step of undo and redo, which neither bring them
    /// nor take them away, and only the last [`MAX_LIVE`] of them stay.
    pub fn add_live(&mut self, take: Take, next_seed: u32) -> u64 {
        let id = self.content.next_id;
        self.content.next_id += 1;
        let take = Arc::new(take);
        self.content.entries.push(Entry {
            id,
            take,
            starred: false,
            index: 1,
            of: 1,
            live: true,
            trio: None,
        });
        self.content.seed = next_seed;
        self.content.thin_out();
        self.content.drop_dangling();
        id
    }

    /// Takes a live take back that was not heard.
    pub fn withdraw(&mut self, id: u64) {
        self.content.entries.retain(|e| e.id != id || e.starred);
        self.content.drop_dangling();
    }

    /// Shows a take that does not sound, or not as a loop.
    pub fn look_at(&mut self, id: u64) {
        if self.content.entry(id).is_some() {
            self.content.shown = Some(id);
        }
    }

    /// Shows a take and lets it sound.
    pub fn show(&mut self, id: u64) {
        if self.content.entry(id).is_some() {
            self.content.shown = Some(id);
            self.content.sounding = Some(id);
        }
    }

    /// Stops the sounding take, after it was dragged into the host.
    pub fn silence(&mut self) {
        self.content.sounding = None;
    }

    /// Which parts of trios are heard. As what is shown, it is no step of undo and redo.
    pub fn set_mix(&mut self, mix: Mix) {
        self.content.mix = mix;
    }

    /// The numbers of a take and of the other parts of its trio.
    fn together(&self, id: u64) -> Vec<u64> {
        self.content.trio(id).map_or_else(|| vec![id], |parts| parts.map(|e| e.id).to_vec())
    }

    /// Star on or off; of a trio all parts.
    pub fn star(&mut self, id: u64) {
        let Some(starred) = self.content.entry(id).map(|e| !e.starred) else { return };
        self.remember();
        let together = self.together(id);
        for entry in self.content.entries.iter_mut().filter(|e| together.contains(&e.id)) {
            entry.starred = starred;
        }
    }

    /// Removes a take, with all parts of its trio. Its neighbour is shown instead.
    pub fn delete(&mut self, id: u64) {
        let together = self.together(id);
        let Some(place) = self.content.entries.iter().position(|e| together.contains(&e.id)) else { return };
        self.remember();
        self.content.entries.retain(|e| !together.contains(&e.id));
        if self.content.shown.is_some_and(|shown| together.contains(&shown)) {
            let last = self.content.entries.len().saturating_sub(1);
            self.content.shown = self.content.entries.get(place.min(last)).map(|e| e.id);
        }
        self.content.drop_dangling();
    }

    /// Replaces the primer. Its chords go with it, unless it is the same one with other notes.
    pub fn set_primer(&mut self, primer: Option<Primer>) {
        let edited = primer.as_ref().is_some_and(|p| p.origin == PrimerOrigin::Edited);
        let chords = if edited { self.content.chords.primer.clone() } else { Vec::new() };
        self.set_primer_over(primer, chords);
    }

    /// Replaces the primer by one with chords. Of one that was played the kit says which drums it has.
    pub fn set_primer_over(&mut self, primer: Option<Primer>, chords: Vec<ChordMark>) {
        if primer != self.content.primer || chords != self.content.chords.primer {
            self.remember();
            self.content.hear(primer);
            self.content.chords.primer = chords;
        }
    }

    /// Puts a clip into a slot, or empties it.
    pub fn set_slot(&mut self, slot: Slot, clip: Option<Arc<Clip>>) {
        let now = match slot {
            Slot::Other => &self.content.other,
            Slot::Guide => &self.content.guide,
        };
        if *now == clip {
            return;
        }
        self.remember();
        match slot {
            Slot::Other => self.content.other = clip,
            Slot::Guide => self.content.guide = clip,
        }
    }

    /// Adds clips to learn from, those that are not among them yet, as many as there is room for. How many were added.
    pub fn add_lesson(&mut self, clips: impl IntoIterator<Item = Arc<Clip>>) -> usize {
        let mut lesson = self.content.lesson.clone();
        for clip in clips {
            if lesson.len() < MAX_LESSON && !lesson.contains(&clip) {
                lesson.push(clip);
            }
        }
        let added = lesson.len() - self.content.lesson.len();
        if added > 0 {
            self.remember();
            self.content.lesson = lesson;
        }
        added
    }

    /// Takes one of the clips to learn from away, or all.
    pub fn drop_lesson(&mut self, place: Option<usize>) {
        let lesson = &self.content.lesson;
        if lesson.is_empty() || place.is_some_and(|place| place >= lesson.len()) {
            return;
        }
        self.remember();
        match place {
            Some(place) => drop(self.content.lesson.remove(place)),
            None => self.content.lesson.clear(),
        }
    }

    /// Changes the pad.
    pub fn set_pad(&mut self, change: impl FnOnce(&mut Pad)) {
        let mut pad = self.content.pad.clone();
        change(&mut pad);
        if pad != self.content.pad {
            self.remember();
            self.content.pad = pad;
            self.content.drop_dangling();
        }
    }

    /// The primer and clip B change places. Both stay as they are heard.
    pub fn swap_ends(&mut self) {
        if self.content.other.is_none() && self.content.primer.is_none() {
            return;
        }
        self.remember();
        let before = self.content.primer.take();
        let clip = self.content.other.take();
        self.content.primer = clip.map(|clip| Primer { clip, origin: PrimerOrigin::Take });
        self.content.other = before.map(|p| p.clip);
        self.content.as_played = None;
        self.content.chords.primer = Vec::new();
    }

    /// Another drum kit; a primer that was played on it is heard anew.
    pub fn set_kit(&mut self, kit: DrumMap) {
        if kit != self.content.kit {
            self.remember();
            let as_played = self.content.as_played.take();
            let played = self
                .content
                .primer
                .take()
                .map(|primer| Primer { clip: as_played.unwrap_or(primer.clip), origin: primer.origin });
            self.content.kit = kit;
            self.content.hear(played);
        }
    }

    /// Chords of the next run.
    pub fn set_chords(&mut self, chords: Chords) {
        if chords != self.content.chords {
            self.remember();
            self.content.chords = chords;
        }
    }

    /// Weights of a model.
    pub fn choose_weights(&mut self, model: &str, weights: &str) {
        if self.content.weights.get(model).is_none_or(|w| w != weights) {
            self.remember();
            self.content.weights.insert(model.to_owned(), weights.to_owned());
        }
    }

    /// Locks a bar, or frees it.
    pub fn lock(&mut self, bar: u32) {
        self.remember();
        match self.content.locked.binary_search(&bar) {
            Ok(place) => drop(self.content.locked.remove(place)),
            Err(place) => self.content.locked.insert(place, bar),
        }
    }

    /// Locks exactly these bars.
    pub fn lock_only(&mut self, bars: std::ops::Range<u32>) {
        let bars: Vec<u32> = bars.take(MAX_LOCKED).collect();
        if bars != self.content.locked {
            self.remember();
            self.content.locked = bars;
        }
    }

    /// New notes for a take.
    pub fn edit_take(&mut self, id: u64, clip: Clip) {
        if self.content.entry(id).is_none_or(|e| e.take.clip == clip) {
            return;
        }
        self.remember();
        if let Some(entry) = self.content.entries.iter_mut().find(|e| e.id == id) {
            let mut take = (*entry.take).clone();
            take.clip = clip;
            // It does not lie where it was written any more.
            take.origin = None;
            take.new_from = take.new_from.min(take.clip.length);
            entry.take = Arc::new(take);
        }
    }

    /// Seed of the next run.
    pub fn set_seed(&mut self, seed: u32) {
        if seed != self.content.seed {
            self.remember();
            self.content.seed = seed;
        }
    }

    /// Whether there is something to undo, and to redo.
    #[must_use]
    pub fn can(&self) -> (bool, bool) {
        (!self.undo.is_empty(), !self.redo.is_empty())
    }

    /// One step back.
    pub fn undo(&mut self) {
        if let Some(previous) = self.undo.pop() {
            let present = std::mem::replace(&mut self.content, previous);
            self.travel(present, |d| &mut d.redo);
        }
    }

    /// One step forward again.
    pub fn redo(&mut self) {
        if let Some(next) = self.redo.pop() {
            let present = std::mem::replace(&mut self.content, next);
            self.travel(present, |d| &mut d.undo);
        }
    }

    fn travel(&mut self, from: Content, stack: impl Fn(&mut Self) -> &mut Vec<Content>) {
        let came_since = from.entries.iter().filter(|e| e.live && e.id >= self.content.next_id);
        self.content.entries.extend(came_since.cloned());
        self.content.thin_out();
        // Numbers are never given twice, and what the musician looks at does not change if it is still there.
        self.content.next_id = self.content.next_id.max(from.next_id);
        self.content.mix = from.mix;
        if from.shown.is_some_and(|id| self.content.entry(id).is_some()) {
            self.content.shown = from.shown;
        }
        if from.sounding.is_none_or(|id| self.content.entry(id).is_some()) {
            self.content.sounding = from.sounding;
        }
        self.content.drop_dangling();
        stack(self).push(from);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use descant_core::music::{ClipKind, Meter, Note};
    use descant_core::tool::{Request, Score, ToolKind};

    pub(crate) fn take(seed: u32) -> Take {
        let note = Note { start: 0, pitch: 36, length: 7680, velocity: (seed % 127 + 1) as u8 };
        let clip = Clip {
            name: format!("Take {seed}"),
            kind: ClipKind::Drums,
            notes: vec![note],
            length: 4 * 30_720,
            meter: Meter::COMMON,
            tempo: Some(97.53),
        };
        let request = Request {
            tool: ToolKind::Generate,
            model: "drum_kit".into(),
            primer: None,
            bars: 1,
            variations: 2,
            temperature: 1.1,
            seed: 1,
            constraints: Default::default(),
            meter: Meter::COMMON,
            tempo: Some(97.53),
            ..Request::default()
        };
        Take {
            clip,
            new_from: 0,
            seed,
            score: Score { log_likelihood_per_step: -0.731, steps: 16 },
            request: Arc::new(request),
            notices: vec![],
            origin: None,
        }
    }

    fn a_trio(seed: u32) -> (u32, [Take; 3]) {
        (seed, [take(seed), take(seed + 1), take(seed + 2)])
    }

    #[test]
    fn a_trio_stays_together() {
        let mut doc = Document::default();
        doc.add_trios(vec![a_trio(10), a_trio(20)], 9);
        let parts = |doc: &Document, id| doc.content().trio(id).map(|parts| parts.map(|e| e.id));
        assert_eq!(
            (parts(&doc, 2), parts(&doc, 4), parts(&doc, 7)),
            (Some([1, 2, 3]), Some([4, 5, 6]), None)
        );
        let place = |e: &Entry| (e.index, e.of, e.part(), e.trio.map(|t| t.seed));
        assert_eq!(doc.content().entry(6).map(place), Some((2, 2, Some(2), Some(20))));
        doc.star(5);
        assert_eq!(doc.content().entries.iter().filter(|e| e.starred).count(), 3);
        doc.show(2);
        doc.set_mix(Mix { muted: [true; 3], ..Mix::default() });
        doc.delete(3);
        assert_eq!((doc.content().entries.len(), doc.content().shown), (3, Some(4)));
        doc.undo();
        assert_eq!(parts(&doc, 1), Some([1, 2, 3]));
        assert_eq!(doc.content().mix.muted, [true; 3], "what is heard is no step back");
    }

    #[test]
    fn a_run_is_undone_and_redone_as_one() {
        let mut doc = Document::default();
        doc.add_takes(vec![take(1), take(2)], 9);
        doc.add_takes(vec![take(3)], 10);
        assert_eq!((doc.content().entries.len(), doc.content().shown, doc.content().seed), (3, Some(3), 10));
        doc.undo();
        assert_eq!((doc.content().entries.len(), doc.content().seed), (2, 9));
        assert_eq!(doc.content().sounding, Some(1), "what sounded before is there again");
        doc.redo();
        assert_eq!((doc.content().entries.len(), doc.can()), (3, (true, false)));
        doc.undo();
        doc.undo();
        assert_eq!((doc.content().entries.len(), doc.content().shown), (0, None));
        doc.add_takes(vec![take(4)], 2);
        assert_eq!(doc.content().entries[0].id, 4, "a number is never given twice");
    }

    #[test]
    fn live_takes_stay_few_and_are_no_step_of_undo() {
        let mut doc = Document::default();
        doc.add_takes(vec![take(1), take(2)], 9);
        let ids: Vec<u64> = (0..40).map(|i| doc.add_live(take(100 + i), 9)).collect();
        assert_eq!(doc.content().entries.len(), 2 + MAX_LIVE);
        doc.star(ids[30]);
        doc.show(ids[39]);
        for i in 0..40 {
            doc.add_live(take(200 + i), 9);
        }
        let live =
            |d: &Document| d.content().entries.iter().filter(|e| e.live).map(|e| e.id).collect::<Vec<_>>();
        assert_eq!(live(&doc).len(), MAX_LIVE + 1, "and one with a star");
        assert!(live(&doc).contains(&ids[30]) && live(&doc).contains(&ids[39]), "what sounds stays");
        let newest = live(&doc).last().copied();
        doc.undo();
        doc.undo();
        assert_eq!(doc.can(), (false, true));
        assert_eq!(
            (live(&doc).last().copied(), doc.content().entries.len()),
            (newest, MAX_LIVE),
            "the run went"
        );
        doc.redo();
        doc.redo();
        assert!(live(&doc).contains(&ids[30]) && live(&doc).len() <= MAX_LIVE + 2);
    }

    #[test]
    fn deleting_the_shown_take_shows_its_neighbour_and_can_be_undone() {
        let mut doc = Document::default();
        doc.add_takes(vec![take(1), take(2), take(3)], 2);
        doc.show(2);
        doc.delete(2);
        assert_eq!((doc.content().shown, doc.content().sounding), (Some(3), Some(3)));
        doc.undo();
        assert_eq!(doc.content().entries.len(), 3);
    }

    #[test]
    fn chords_are_undone_and_go_with_their_primer() {
        let mut doc = Document::default();
        let typed = Chords::default().with_progression("C G7").expect("chords");
        doc.set_chords(typed.clone());
        doc.set_chords(typed.clone());
        let clip = Arc::new(take(1).clip);
        let primer = |origin| Some(Primer { clip: clip.clone(), origin });
        let mark = ChordMark { tick: 0, figure: "Dm".into() };
        doc.set_primer_over(primer(PrimerOrigin::File), vec![mark.clone()]);
        doc.set_primer(primer(PrimerOrigin::Edited));
        assert_eq!(doc.content().chords.primer, [mark], "other notes, the same chords");
        doc.set_primer(primer(PrimerOrigin::Captured));
        assert!(doc.content().chords.primer.is_empty());
        for _ in 0..3 {
            doc.undo();
        }
        assert_eq!(doc.content().chords, typed);
        doc.undo();
        assert_eq!((doc.content().chords.clone(), doc.can().0), (Chords::default(), false));
        doc.redo();
        assert_eq!(doc.content().chords, typed);
    }

    #[test]
    fn a_kit_hears_what_was_played_on_it_anew_and_can_be_undone() {
        let roland = DrumMap::kits()[1].1.clone();
        let mut doc = Document::default();
        let mut clip = take(1).clip;
        clip.notes.push(Note { start: 7680, pitch: 58, length: 7680, velocity: 90 });
        clip.notes.push(Note { start: 7680, pitch: 43, length: 7680, velocity: 80 });
        let pitches = |d: &Document| {
            let primer = d.content().primer.as_ref().expect("a primer");
            primer.clip.notes.iter().map(|n| n.pitch).collect::<Vec<_>>()
        };
        let primer = |origin| Some(Primer { clip: Arc::new(clip.clone()), origin });
        doc.set_primer(primer(PrimerOrigin::File));
        assert_eq!((pitches(&doc), doc.content().as_played.is_none()), (vec![36, 58, 43], true));
        doc.set_kit(roland.clone());
        // Rim and head of the low tom.
        assert_eq!(pitches(&doc), [36, 43, 45]);
        assert_eq!(doc.content().primer_as_played().map(|c| c.notes.len()), Some(3));
        doc.set_kit(DrumMap::default());
        assert_eq!((pitches(&doc), doc.content().as_played.is_none()), (vec![36, 58, 43], true));
        doc.undo();
        assert_eq!((pitches(&doc), &doc.content().kit), (vec![36, 43, 45], &roland));
        // A take has the drums of models, whatever the kit is.
        doc.set_primer(primer(PrimerOrigin::Take));
        assert_eq!((pitches(&doc), doc.content().primer_as_played().is_none()), (vec![36, 58, 43], true));
        doc.set_kit(roland);
        assert_eq!(doc.can(), (true, false), "the same kit is no step");
    }

    #[test]
    fn starred_takes_outlive_the_limit() {
        let mut doc = Document::default();
        doc.add_takes(vec![take(1)], 2);
        doc.star(1);
        for run in 0..MAX_TAKES as u32 / 16 + 1 {
            doc.add_takes((0..16).map(|i| take(run * 16 + i)).collect(), run);
        }
        assert_eq!(doc.content().entries.len(), MAX_TAKES);
        assert_eq!(doc.content().entries[0].id, 1);
    }

    #[test]
    fn an_edited_take_keeps_its_number_and_the_steps_back_are_bounded() {
        let mut doc = Document::default();
        doc.add_takes(vec![take(1)], 2);
        for i in 0..200 {
            let mut clip = doc.content().entries[0].take.clip.clone();
            clip.notes[0].pitch = i % 128;
            doc.edit_take(1, clip);
        }
        assert_eq!(doc.content().entries[0].id, 1);
        let mut steps = 0;
        while doc.can().0 {
            doc.undo();
            steps += 1;
        }
        assert_eq!(steps, MAX_UNDO);
    }
}
