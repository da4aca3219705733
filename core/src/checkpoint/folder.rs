//! [`Folder`]: files by name, in a folder or in a tar or zip archive.
//!
//! Worker thread or command line. Only what is asked for is opened, and nothing outside the folder ever is.
use super::source::Source;
use super::{CheckpointError, MAX_FILE_BYTES};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most files that are looked at.
pub(super) const MAX_FILES: usize = 10_000;

/// A file in an archive.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// As it is.
    Stored(Source),
    /// Deflated, with its length afterwards.
    Deflated(Source, u64),
}

impl Member {
    fn open(&self) -> Result<Source, CheckpointError> {
        match self {
            Self::Stored(source) => Ok(source.clone()),
            Self::Deflated(source, length) => inflate(&source.read_all()?, *length).map(Source::memory),
        }
    }
}

fn inflate(bytes: &[u8], length: u64) -> Result<Vec<u8>, CheckpointError> {
    if length > MAX_FILE_BYTES {
        return Err(CheckpointError::TooLarge(length));
    }
    let most = usize::try_from(length).map_err(|_| CheckpointError::TooLarge(length))?;
    match miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, most) {
        Ok(out) if out.len() == most => Ok(out),
        _ => Err(CheckpointError::damaged("a packed file of the archive cannot be unpacked")),
    }
}

/// The number of a folder of a stage, by its path.
pub(super) fn stage_of(path: &str) -> Option<u32> {
    let number = path.rsplit('/').next()?.strip_prefix("stage_")?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    number.parse().ok()
}

/// Files that may belong together.
#[derive(Clone, Debug)]
pub(super) enum Folder {
    /// On disk, without its sub-folders.
    Disk(PathBuf),
    /// In an archive, with the folders inside it.
    Archive(BTreeMap<String, Member>),
}

impl Folder {
    /// The file of this name, if there is one.
    ///
    /// # Errors
    /// One that cannot be opened or unpacked.
    pub(super) fn get(&self, name: &str) -> Result<Option<Source>, CheckpointError> {
        match self {
            Self::Disk(folder) => {
                let path = folder.join(name);
                if path.is_file() { Source::file(&path).map(Some) } else { Ok(None) }
            }
            Self::Archive(members) => members.get(name).map(Member::open).transpose(),
        }
    }

    /// Whether there is a file of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Disk(folder) => folder.join(name).is_file(),
            Self::Archive(members) => members.contains_key(name),
        }
    }

    /// The file of this name.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`], or as [`Self::get`].
    pub(super) fn need(&self, name: &str) -> Result<Source, CheckpointError> {
        self.get(name)?.ok_or_else(|| CheckpointError::Missing(name.chars().take(200).collect()))
    }

    /// The last of the folders `stage_00000`, `stage_00001`, … that GANSynth's training leaves in its own, with its slash
    /// and, in an archive, with the folders that it lies in.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub(super) fn last_stage(&self) -> Result<Option<String>, CheckpointError> {
        let mut found: Option<(u32, String)> = None;
        let mut see = |name: &str| {
            if let Some(number) = stage_of(name)
                && found.as_ref().is_none_or(|(last, _)| number > *last)
            {
                found = Some((number, format!("{name}/")));
            }
        };
        match self {
            Self::Archive(members) => {
                members.keys().filter_map(|name| name.rsplit_once('/')).for_each(|(folder, _)| see(folder));
            }
            Self::Disk(folder) => {
                let io = |source| CheckpointError::Io { path: folder.clone(), source };
                for entry in std::fs::read_dir(folder).map_err(io)?.take(MAX_FILES) {
                    let entry = entry.map_err(io)?;
                    if let Some(name) = entry.file_name().to_str().filter(|_| entry.path().is_dir()) {
                        see(name);
                    }
                }
            }
        }
        Ok(found.map(|(_, name)| name))
    }

    /// All names in `place`, sorted: a folder of this one with its slash.
    ///
    /// # Errors
    /// As [`Self::names`].
    pub(super) fn names_in(&self, place: &str) -> Result<Vec<String>, CheckpointError> {
        let mut names = match self {
            Self::Archive(_) => self.names()?,
            Self::Disk(folder) => {
                let names = Self::Disk(folder.join(place)).names()?;
                names.into_iter().map(|name| format!("{place}{name}")).collect()
            }
        };
        names.retain(|name| name.starts_with(place));
        Ok(names)
    }

    /// All names, sorted. Those that are no text are left out.
    ///
    /// # Errors
    /// A folder that cannot be listed or has too many files.
    pub(super) fn names(&self) -> Result<Vec<String>, CheckpointError> {
        let folder = match self {
            Self::Archive(members) => return Ok(members.keys().cloned().collect()),
            Self::Disk(folder) => folder,
        };
        let io = |source| CheckpointError::Io { path: folder.clone(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            // Through `metadata`, so that links to files count as files.
            if entry.path().is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
            if names.len() > MAX_FILES {
                return Err(CheckpointError::TooManyFiles(folder.clone()));
            }
        }
        names.sort();
        Ok(names)
    }
}
