//! The takes as `.mid` files, ready to be dragged into the host.
//!
//! Written by the worker as soon as a take exists, by the window only if it was faster. The folder lives as long
//! as the instance: a host may read a dropped file late. Never on the audio thread.

use super::document::Entry;
use crate::gui::view::Part;
use crate::library;
use descant_core::music::drum_map::DrumMap;
use descant_core::music::midi::{self, WriteOptions};
use descant_core::music::{ChordMark, Clip, ClipKind};
use descant_core::sampling::Seed;
use descant_core::tool::{self, Take, file_name, trio};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// `Descant 3 of 8 [Generate] Drum kit RNN mavo-tiru`: file name (without `.mid`) and track name.
#[must_use]
pub fn take_name(take: &Take, index: usize, of: usize) -> String {
    file_name(&tool::take_name(take, index, of, &library::name(&take.request.model)))
}

/// `Descant trio 1 of 4 [Bass] mavo-tiru`; of the file with all parts without the brackets.
#[must_use]
pub fn trio_name(index: u32, of: u32, seed: u32, part: Option<&str>) -> String {
    let part = part.map_or_else(String::new, |part| format!("[{part}] "));
    file_name(&format!("Descant trio {index} of {of} {part}{}", Seed(seed)))
}

/// The clip of a part of a take: everything, or only what the model wrote.
#[must_use]
pub fn part_clip(take: &Take, part: Part) -> Clip {
    let mut clip = take.clip.clone();
    if part == Part::New && take.new_from > 0 && take.new_from < clip.length {
        clip.notes.retain(|n| n.start >= take.new_from);
        for note in &mut clip.notes {
            note.start -= take.new_from;
        }
        clip.length -= take.new_from;
    }
    clip
}

/// The files of a take.
struct Written {
    take: Arc<Take>,
    /// What its drums were written for.
    kit: DrumMap,
    paths: [PathBuf; 2],
}

impl Written {
    /// Whether the files are what would be written now.
    fn is_of(&self, take: &Arc<Take>, kit: &DrumMap) -> bool {
        Arc::ptr_eq(&self.take, take) && (take.clip.kind != ClipKind::Drums || self.kit == *kit)
    }
}

#[derive(Default)]
struct Shelf {
    folder: Option<TempDir>,
    written: BTreeMap<u64, Written>,
    /// Takes whose files somebody was given: those stay.
    given: BTreeSet<u64>,
    /// Files of trios.
    trios: u64,
}

/// See the file's head.
#[derive(Default)]
pub struct Files(Mutex<Shelf>);

impl Files {
    /// Writes the files of all takes that have none yet, or whose notes have changed, and removes those of takes that
    /// are gone and that nobody was given. Drums are written as `kit` plays them.
    pub fn write_all(&self, entries: &[Entry], kit: &DrumMap) -> io::Result<()> {
        self.lock().clear_away(entries);
        let missing = |entry: &&Entry| {
            let shelf = self.lock();
            shelf.written.get(&entry.id).is_none_or(|w| !w.is_of(&entry.take, kit))
        };
        entries.iter().filter(missing).try_for_each(|e| self.lock().write(e, Part::Whole, kit).map(drop))
    }

    /// The file of a take for somebody to use, written now if it is not there.
    pub fn path(&self, entry: &Entry, part: Part, kit: &DrumMap) -> io::Result<PathBuf> {
        let mut shelf = self.lock();
        shelf.given.insert(entry.id);
        shelf.write(entry, part, kit)
    }

    /// A file with a track for each part of a trio, written for somebody to use.
    pub fn trio(&self, parts: &[Entry; 3], kit: &DrumMap) -> io::Result<PathBuf> {
        let mut shelf = self.lock();
        let bytes = trio::write(parts.each_ref().map(|part| kit.played(&part.take.clip)));
        let bytes = bytes.map_err(io::Error::other)?;
        shelf.trios += 1;
        // A folder of its own each time: a dropped file is never overwritten.
        let folder = shelf.root()?.join(format!("trio-{}", shelf.trios));
        std::fs::create_dir_all(&folder)?;
        let first = &parts[0];
        let seed = first.trio.map_or(first.take.seed, |trio| trio.seed);
        let path = folder.join(format!("{}.mid", trio_name(first.index, first.of, seed, None)));
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Removes the files of takes that are gone, unless somebody was given them.
    fn clear_away(&mut self, entries: &[Entry]) {
        let (given, kept) = (&self.given, entries.iter().map(|e| e.id).collect::<BTreeSet<_>>());
        self.written.retain(|id, Written { paths, .. }| {
            let stays = kept.contains(id) || given.contains(id);
            for folder in paths.iter().filter(|_| !stays).filter_map(|p| p.parent()) {
                // Left behind, it goes with the instance.
                let _ = std::fs::remove_dir_all(folder);
            }
            stays
        });
    }

    /// The folder of all files.
    fn root(&mut self) -> io::Result<PathBuf> {
        if self.folder.is_none() {
            self.folder = Some(tempfile::Builder::new().prefix("descant-").tempdir()?);
        }
        Ok(self.folder.as_ref().map(|f| f.path().to_path_buf()).unwrap_or_default())
    }

    /// The file of a take, written now if it is not there.
    fn write(&mut self, entry: &Entry, part: Part, kit: &DrumMap) -> io::Result<PathBuf> {
        let place = usize::from(part == Part::New);
        if let Some(written) = self.written.get(&entry.id)
            && written.is_of(&entry.take, kit)
            && written.paths[place].is_file()
        {
            return Ok(written.paths[place].clone());
        }
        let root = self.root()?;
        // A folder per take and part, so that equal names never meet and a dropped file is never overwritten.
        let edition = self.written.get(&entry.id).map_or(0, |w| edition(&w.paths[0]) + 1);
        let paths = [Part::Whole, Part::New].map(|part| {
            let folder = format!("{}-{edition}{}", entry.id, if part == Part::New { "-new" } else { "" });
            root.join(folder).join(format!("{}.mid", file_name(&entry.take.clip.name)))
        });
        for (part, path) in [Part::Whole, Part::New].into_iter().zip(&paths) {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let clip = kit.played(&part_clip(&entry.take, part));
            let from = entry.take.clip.length - clip.length;
            let chords = ChordMark::within(&entry.take.chords(), from, clip.length);
            let bytes = midi::write_clip(&clip, WriteOptions { chords: &chords, ..WriteOptions::default() });
            std::fs::write(path, bytes.map_err(io::Error::other)?)?;
        }
        let path = paths[place].clone();
        self.written.insert(entry.id, Written { take: entry.take.clone(), kit: kit.clone(), paths });
        Ok(path)
    }
}

fn edition(path: &Path) -> u32 {
    let folder = path.parent().and_then(Path::file_name).and_then(|n| n.to_str());
    folder.and_then(|n| n.split('-').nth(1)).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::take;
    use super::*;
    use descant_core::music::{Note, TICKS_PER_QUARTER};
    use descant_core::tool::{ChordTrack, ToolKind};

    fn entry(id: u64, take: Take) -> Entry {
        Entry { id, take: Arc::new(take), starred: false, index: 3, of: 8, live: false, trio: None }
    }

    #[test]
    fn names_say_what_a_take_is() {
        let mut take = take(1);
        let seed = Seed(1).to_string();
        assert_eq!(take_name(&take, 3, 8), format!("Descant 3 of 8 [Generate] Drum kit RNN {seed}"));
        let mut request = (*take.request).clone();
        request.tool = ToolKind::Continue;
        let mut primer = take.clip.clone();
        primer.name = "My: groove/no. 1?".into();
        request.primer = Some(primer);
        take.request = Arc::new(request);
        assert_eq!(take_name(&take, 1, 1), format!("Descant 1 of 1 [My_ groove_no. 1_] Drum kit RNN {seed}"));
    }

    #[test]
    fn a_trio_is_a_file_of_three_tracks() {
        let files = Files::default();
        let part = |id: u64, kind| {
            let mut take = take(id as u32);
            take.clip.kind = kind;
            let trio = Some(super::super::document::Member { first: 1, seed: 5 });
            Entry { trio, ..entry(id, take) }
        };
        let parts = [part(1, ClipKind::Melody), part(2, ClipKind::Melody), part(3, ClipKind::Drums)];
        let mut kit = DrumMap::default();
        kit.set_output(0, 24).expect("free");
        let path = files.trio(&parts, &kit).expect("written");
        let name = format!("Descant trio 3 of 8 {}.mid", Seed(5));
        assert_eq!(path.file_name().and_then(|n| n.to_str()), Some(name.as_str()));
        let song = midi::read(&std::fs::read(&path).expect("there")).expect("a MIDI file");
        let tracks: Vec<_> =
            song.tracks.iter().map(|t| (t.name.as_str(), t.channel, t.notes[0].pitch)).collect();
        assert_eq!(tracks, [("Melody", 1, 36), ("Bass", 2, 36), ("Drums", 10, 24)]);
        assert_ne!(files.trio(&parts, &kit).expect("written"), path, "a dropped file stays as it was");
    }

    #[test]
    fn any_text_is_a_file_name() {
        for (text, name) in [("", "Descant"), ("...", "Descant"), ("a/b\\c\0", "a_b_c_"), (" x. ", "x")] {
            assert_eq!(file_name(text), name);
        }
        assert!(file_name(&"é".repeat(500)).len() <= 120);
    }

    #[test]
    fn the_file_holds_the_clip_under_the_same_name() {
        let files = Files::default();
        let mut take = take(5);
        take.clip.name = "Descant 3 of 8 [Generate] Drum kit RNN x".into();
        let entry = entry(1, take);
        let path = files.path(&entry, Part::Whole, &DrumMap::default()).expect("written");
        assert_eq!(
            path.file_name().and_then(|n| n.to_str()),
            Some("Descant 3 of 8 [Generate] Drum kit RNN x.mid")
        );
        let song = midi::read(&std::fs::read(&path).expect("there")).expect("a MIDI file");
        assert_eq!(song.tracks[0].name, entry.take.clip.name);
        assert_eq!(song.tracks[0].notes, entry.take.clip.notes);
        assert_eq!(files.path(&entry, Part::Whole, &DrumMap::default()).expect("still there"), path);
    }

    #[test]
    fn drums_leave_as_the_kit_plays_them() {
        let files = Files::default();
        let entry = entry(1, take(5));
        let mut kit = DrumMap::default();
        let usual = files.path(&entry, Part::Whole, &kit).expect("written");
        kit.set_output(0, 24).expect("free");
        files.write_all(std::slice::from_ref(&entry), &kit).expect("written");
        let other = files.path(&entry, Part::Whole, &kit).expect("there");
        let pitch = |path: &Path| {
            let song = midi::read(&std::fs::read(path).expect("there")).expect("a MIDI file");
            song.tracks[0].notes[0].pitch
        };
        assert_eq!((pitch(&usual), pitch(&other)), (36, 24), "a file that was given away stays as it was");
    }

    #[test]
    fn a_take_over_chords_leaves_with_them() {
        let bar = 4 * TICKS_PER_QUARTER;
        let mut take = take(5);
        take.clip.length = 4 * bar;
        take.clip.notes.push(Note { start: 2 * bar, pitch: 60, length: 100, velocity: 9 });
        take.new_from = 2 * bar;
        let mut request = (*take.request).clone();
        let primer = vec![ChordMark { tick: bar, figure: "Dm".into() }];
        request.chords = Some(ChordTrack { primer, ..ChordTrack::from_text("C G7", bar).expect("chords") });
        request.bars = 2;
        take.request = Arc::new(request);
        let files = Files::default();
        let entry = entry(1, take);
        let chords = |part| {
            let path = files.path(&entry, part, &DrumMap::default()).expect("written");
            let song = midi::read(&std::fs::read(path).expect("there")).expect("a MIDI file");
            song.chords.into_iter().map(|c| (c.tick / bar, c.figure)).collect::<Vec<_>>()
        };
        let named = |list: &[(i64, &str)]| -> Vec<(i64, String)> {
            list.iter().map(|&(at, figure)| (at, figure.to_owned())).collect()
        };
        assert_eq!(chords(Part::Whole), named(&[(1, "Dm"), (2, "C"), (3, "G7")]));
        assert_eq!(chords(Part::New), named(&[(0, "C"), (1, "G7")]));
    }

    #[test]
    fn the_new_part_begins_at_its_own_start() {
        let mut take = take(5);
        take.clip.notes.push(Note { start: 61_440, pitch: 38, length: 100, velocity: 9 });
        take.new_from = 61_440;
        let new = part_clip(&take, Part::New);
        assert_eq!((new.length, new.notes.len(), new.notes[0].start), (61_440, 1, 0));
        assert_eq!(part_clip(&take, Part::Whole), take.clip);
    }

    #[test]
    fn an_edited_take_gets_a_new_file_and_leaves_the_dropped_one() {
        let files = Files::default();
        let first = entry(1, take(5));
        let old = files.path(&first, Part::Whole, &DrumMap::default()).expect("written");
        let before = std::fs::read(&old).expect("there");
        let mut edited = take(5);
        edited.clip.notes[0].pitch = 50;
        let new = files.path(&entry(1, edited), Part::Whole, &DrumMap::default()).expect("written");
        assert_ne!(new, old);
        assert_eq!(std::fs::read(&old).expect("still there"), before);
    }

    #[test]
    fn files_of_takes_that_are_gone_go_unless_somebody_was_given_them() {
        let files = Files::default();
        let entries: Vec<Entry> = (1..=3).map(|id| entry(id, take(5))).collect();
        files.write_all(&entries, &DrumMap::default()).expect("written");
        let given = files.path(&entries[0], Part::New, &DrumMap::default()).expect("written");
        let folder = given.parent().and_then(Path::parent).expect("the folder of all").to_path_buf();
        files.write_all(&entries[2..], &DrumMap::default()).expect("written");
        let left = std::fs::read_dir(folder).expect("there").flatten().map(|e| e.file_name());
        let mut left: Vec<String> = left.filter_map(|n| n.into_string().ok()).collect();
        left.sort_unstable();
        assert_eq!(left, ["1-0", "1-0-new", "3-0", "3-0-new"]);
    }

    #[test]
    fn a_file_that_somebody_deleted_comes_back() {
        let files = Files::default();
        let entry = entry(1, take(5));
        std::fs::remove_file(files.path(&entry, Part::New, &DrumMap::default()).expect("written"))
            .expect("deleted");
        assert!(files.path(&entry, Part::New, &DrumMap::default()).expect("again").is_file());
    }
}
