//! Rendered notes on disk, so that a project that is opened again plays at once.
//!
//! Worker threads; several at once, also of several processes. A file is named by what it holds the note of: model, vector,
//! pitch and [`VERSION`]. It is written beside its place and moved there whole; it begins with a sum over what follows, and
//! what does not agree with it is deleted and rendered again. A full cache loses what was used longest ago.
use descant_core::sound::instrument::Recording;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Counts changes of how notes are rendered or stored.
const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"DsctNote";
/// Ending of the files.
const ENDING: &str = "note";
/// Largest file that is believed in bytes.
const MOST: u64 = 1 << 24;
/// Bytes that are kept, about 60 instruments.
pub const CAP: u64 = 512 << 20;

/// What a note is of.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Name and version of the weights.
    pub model: &'a str,
    /// The instrument.
    pub vector: &'a [f32],
    /// MIDI pitch.
    pub pitch: u8,
}

impl Key<'_> {
    fn name(&self) -> String {
        let mut sum = Sha256::new();
        sum.update(VERSION.to_le_bytes());
        sum.update((self.model.len() as u64).to_le_bytes());
        sum.update(self.model.as_bytes());
        self.vector.iter().for_each(|x| sum.update(x.to_le_bytes()));
        sum.update([self.pitch]);
        let hex: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}.{ENDING}")
    }
}

/// A folder of notes.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    cap: u64,
    /// Bytes there, as far as is known.
    bytes: u64,
}

impl Cache {
    /// The folder, which need not exist, with at most `cap` bytes of notes.
    #[must_use]
    pub fn new(folder: PathBuf, cap: u64) -> Self {
        let bytes = files(&folder).iter().map(|f| f.1).sum();
        Self { folder, cap, bytes }
    }

    /// The user's cache, if the system has a place for it.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folder = var("DESCANT_CACHE").or_else(|| {
            let base = if cfg!(target_os = "macos") {
                var("HOME").map(|home| home.join("Library/Caches"))
            } else if cfg!(windows) {
                var("LOCALAPPDATA")
            } else {
                var("XDG_CACHE_HOME").or_else(|| var("HOME").map(|home| home.join(".cache")))
            };
            base.map(|base| base.join("descant"))
        })?;
        Some(Self::new(folder.join("notes"), CAP))
    }

    /// The note, if it is here and whole.
    #[must_use]
    pub fn get(&self, key: &Key<'_>) -> Option<Recording> {
        let path = self.folder.join(key.name());
        let length = fs::metadata(&path).ok()?.len();
        let note = fs::read(&path).ok().filter(|_| length <= MOST).and_then(|bytes| open(&bytes));
        if note.is_some() {
            // So that what is used stays.
            let _ = File::options().append(true).open(&path).and_then(|f| f.set_modified(SystemTime::now()));
        } else {
            let _ = fs::remove_file(&path);
        }
        note
    }

    /// Keeps a note. That it cannot is no reason to stop: it will be rendered again.
    pub fn put(&mut self, key: &Key<'_>, note: &Recording) {
        let payload = note.to_bytes();
        let length = (MAGIC.len() + 32 + payload.len()) as u64;
        if length > self.cap.min(MOST) {
            return;
        }
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(MAGIC)?;
            file.write_all(&Sha256::digest(&payload))?;
            file.write_all(&payload)?;
            file.persist(self.folder.join(key.name())).map_err(|e| e.error)?;
            Ok(())
        };
        if write().is_ok() {
            self.bytes += length;
        }
        if self.bytes > self.cap {
            self.bytes = shrink(&self.folder, self.cap - self.cap / 8);
        }
    }
}

/// What is in a file, if it is whole.
fn open(bytes: &[u8]) -> Option<Recording> {
    let (sum, payload) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
    let whole = Sha256::digest(payload).as_slice() == sum;
    whole.then(|| Recording::from_bytes(payload)).flatten()
}

/// The notes in a folder: path, bytes, last use.
fn files(folder: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let notes = entries.filter(|e| e.path().extension().is_some_and(|x| x == ENDING));
    notes
        .filter_map(|e| {
            let about = e.metadata().ok()?;
            Some((e.path(), about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
        })
        .collect()
}

/// Deletes what was used longest ago until at most `target` bytes are left; how many are.
fn shrink(folder: &Path, target: u64) -> u64 {
    let mut files = files(folder);
    files.sort_by_key(|f| f.2);
    let mut bytes: u64 = files.iter().map(|f| f.1).sum();
    for (path, length, _) in files {
        if bytes <= target {
            break;
        }
        if fs::remove_file(path).is_ok() {
            bytes -= length;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn note(level: f32) -> Recording {
        Recording::new(&[level, -level, 0.5 * level], 16_000)
    }

    fn key(pitch: u8) -> Key<'static> {
        Key { model: "tiny 1", vector: &[0.5, -1.0], pitch }
    }

    #[test]
    fn notes_come_back_and_only_under_their_own_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cache = Cache::new(folder.path().join("notes"), 10_000);
        assert_eq!(cache.get(&key(60)), None);
        cache.put(&key(60), &note(0.7));
        assert_eq!(cache.get(&key(60)), Some(note(0.7)));
        let others = [key(61), Key { model: "tiny 2", ..key(60) }, Key { vector: &[0.5, 1.0], ..key(60) }];
        assert!(others.iter().all(|other| cache.get(other).is_none()));
        assert_eq!(Cache::new(folder.path().join("notes"), 10_000).bytes, 40 + 14);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed_and_the_file_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cache = Cache::new(folder.path().into(), 10_000);
        cache.put(&key(60), &note(0.7));
        let path = folder.path().join(key(60).name());
        let whole = fs::read(&path).expect("written");
        for bit in 0..8 * whole.len() {
            let mut broken = whole.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&broken), None, "bit {bit}");
        }
        for length in 0..whole.len() {
            assert_eq!(open(&whole[..length]), None, "{length} bytes");
        }
        fs::write(&path, &whole[..20]).expect("writes");
        assert_eq!((cache.get(&key(60)), path.exists()), (None, false));
    }

    #[test]
    fn a_full_cache_loses_what_was_used_longest_ago() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cache = Cache::new(folder.path().into(), 4 * 54);
        let age = |pitch: u8, seconds: u64| {
            let file =
                File::options().append(true).open(folder.path().join(key(pitch).name())).expect("there");
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("sets");
        };
        for pitch in 60..64 {
            cache.put(&key(pitch), &note(0.7));
            age(pitch, 1_000 - u64::from(pitch));
        }
        assert!(cache.get(&key(60)).is_some(), "used just now");
        cache.put(&key(64), &note(0.7));
        let left: Vec<u8> = (60..65).filter(|&p| cache.get(&key(p)).is_some()).collect();
        assert_eq!(left, [60, 63, 64]);
        assert!(cache.bytes <= 4 * 54);
    }
}
