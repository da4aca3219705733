//! Which file is what: from a path, a folder or an archive to the parts of one checkpoint.
//!
//! Worker thread or command line. Contents decide; names only tell which files belong together.
use super::folder::Folder;
use super::js::{self, JsParts, MANIFEST};
use super::source::Source;
use super::table::Table;
use super::{CheckpointError, bundle, tar, v1, zip};
use std::collections::BTreeSet;
use std::path::Path;

/// Name of the text file in which TensorFlow notes the newest checkpoint.
const STATE: &str = "checkpoint";
/// Longest such file.
const MAX_STATE_BYTES: u64 = 1 << 20;
/// What is looked at to tell formats apart; a bundle's details lie within.
const HEAD_BYTES: u64 = 64 << 10;

/// The parts of a checkpoint.
#[derive(Debug)]
pub(super) enum Parts {
    /// A safetensors file.
    Safetensors(Source),
    /// A `.mag` file.
    Bundle(Source),
    /// V1, one file per shard.
    V1(Vec<Source>),
    /// V2: the index, and where its data files are and what their names begin with.
    V2(Source, Folder, String),
    /// Magenta.js: a list of weights and what lies beside it.
    Js(JsParts),
}

/// Finds the checkpoint that `path` means: a file, a folder, or a prefix as TensorFlow names checkpoints.
///
/// # Errors
/// [`CheckpointError::Unrecognised`], [`CheckpointError::Missing`], [`CheckpointError::Several`],
/// [`CheckpointError::NoCheckpoint`], or errors of reading.
pub(super) fn find(path: &Path) -> Result<Parts, CheckpointError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if path.is_dir() {
        return among(&Folder::Disk(path.into()), &path.display().to_string());
    }
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = Folder::Disk(beside.unwrap_or(Path::new(".")).into());
    if path.exists() {
        return file(Source::file(path)?, &folder, &name, true);
    }
    if belongs(&folder, &name) {
        return of_prefix(&folder, &name);
    }
    let not_found = std::io::Error::from(std::io::ErrorKind::NotFound);
    Err(CheckpointError::Io { path: path.into(), source: not_found })
}

/// What a file is. `leads`: whether it may be one that leads to others, an archive or a note; what it leads to may not,
/// or notes could lead to each other for ever.
pub(super) fn file(
    source: Source,
    folder: &Folder,
    name: &str,
    leads: bool,
) -> Result<Parts, CheckpointError> {
    let head = source.head(HEAD_BYTES)?;
    if leads && crate::zip::recognise(&head) {
        return among(&Folder::Archive(zip::read(&source)?), name);
    }
    if leads && tar::recognise(&head) {
        return among(&Folder::Archive(tar::read(&source)?), name);
    }
    if bundle::recognise(&head) {
        return Ok(Parts::Bundle(source));
    }
    if Table::recognise(&source)? {
        let first = Table::open(source.clone())?.first()?.map(|(_, value)| value).unwrap_or_default();
        if !v1::recognise(&first) {
            let prefix = name.strip_suffix(".index").ok_or(CheckpointError::IndexName)?;
            return Ok(Parts::V2(source, folder.clone(), prefix.into()));
        }
        return match shard(name) {
            Some((prefix, _, count)) => v1_shards(folder, prefix, count).map(Parts::V1),
            None => Ok(Parts::V1(vec![source])),
        };
    }
    if is_safetensors(&head, source.len()) {
        return Ok(Parts::Safetensors(source));
    }
    if js::recognise(name, &head) {
        return js::find(source, folder, name).map(Parts::Js);
    }
    if leads && head.starts_with(b"model_checkpoint_path:") {
        let prefix = of_note(&source.head(MAX_STATE_BYTES)?);
        let empty = || CheckpointError::damaged("its note of the newest checkpoint is empty");
        return of_prefix(folder, &prefix.ok_or_else(empty)?);
    }
    // Values without their index, or a graph: the rest may lie beside it.
    if let Some(prefix) = prefix(name)
        && prefix != name
        && belongs(folder, prefix)
    {
        return of_prefix(folder, prefix);
    }
    if let Some(list) = js::manifest_beside(name)
        && folder.has(&list)
    {
        return of_prefix(folder, &list);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        return Err(CheckpointError::Gzip(name.chars().take(200).collect()));
    }
    Err(CheckpointError::Unrecognised(name.chars().take(200).collect()))
}

/// A header's length and a header in JSON.
fn is_safetensors(head: &[u8], length: u64) -> bool {
    let Some((header, rest)) = head.split_first_chunk::<8>() else { return false };
    rest.first() == Some(&b'{') && u64::from_le_bytes(*header) <= length - 8
}

/// Takes `prefix-SSSSS-of-NNNNN` apart: prefix, S, N.
fn shard(name: &str) -> Option<(&str, u64, u64)> {
    let (rest, count) = name.rsplit_once("-of-")?;
    let (prefix, number) = rest.rsplit_once('-')?;
    if number.len() != 5 || count.len() != 5 {
        return None;
    }
    Some((prefix, number.parse().ok()?, count.parse().ok()?))
}

/// Prefix of the checkpoint that a file belongs to by its name, if it does to any.
fn prefix(name: &str) -> Option<&str> {
    let base = name.rsplit('/').next().unwrap_or(name);
    if base == STATE || base.starts_with('.') {
        return None;
    }
    if let Some(prefix) = name.strip_suffix(".index").or_else(|| name.strip_suffix(".meta")) {
        return Some(prefix);
    }
    if let Some((prefix, _, _)) = shard(name) {
        return Some(prefix.strip_suffix(".data").unwrap_or(prefix));
    }
    let known = [".mag", ".safetensors", MANIFEST].iter().any(|ending| base.ends_with(ending));
    (known || base.contains(".ckpt")).then_some(name)
}

/// The names `prefix-SSSSS-of-NNNNN` of a sharded V1 checkpoint.
fn v1_shards(folder: &Folder, prefix: &str, count: u64) -> Result<Vec<Source>, CheckpointError> {
    // More than any, and few enough to open.
    if count > 1000 {
        return Err(CheckpointError::damaged("it has too many files"));
    }
    (0..count).map(|number| folder.need(&format!("{prefix}-{number:05}-of-{count:05}"))).collect()
}

/// Whether a checkpoint of this prefix is in the folder.
fn belongs(folder: &Folder, prefix: &str) -> bool {
    folder.has(&format!("{prefix}.index")) || folder.has(prefix) || first_v1_shard(folder, prefix).is_some()
}

fn first_v1_shard(folder: &Folder, wanted: &str) -> Option<u64> {
    let names = folder.names().ok()?;
    names.iter().find_map(|name| shard(name).filter(|s| s.0 == wanted).map(|s| s.2))
}

/// The checkpoint of a prefix.
fn of_prefix(folder: &Folder, prefix: &str) -> Result<Parts, CheckpointError> {
    if let Some(index) = folder.get(&format!("{prefix}.index"))? {
        return Ok(Parts::V2(index, folder.clone(), prefix.into()));
    }
    if let Some(source) = folder.get(prefix)? {
        return file(source, folder, prefix, false);
    }
    match first_v1_shard(folder, prefix) {
        Some(count) => v1_shards(folder, prefix, count).map(Parts::V1),
        None => Err(CheckpointError::Missing(format!("{prefix}.index"))),
    }
}

/// The prefix that TensorFlow's note names as the newest. Where it was when training wrote the note is of no
/// interest: its last part is looked for beside the note.
fn of_note(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let path = text.lines().find_map(|line| line.trim().strip_prefix("model_checkpoint_path:"))?;
    let name = path.trim().trim_matches('"').rsplit(['/', '\\']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The checkpoint of a folder or archive: the one that the note names, the only one, or the one of the latest step.
fn among(folder: &Folder, name: &str) -> Result<Parts, CheckpointError> {
    // A training in stages ends with its last one.
    let names = match folder.last_stage()? {
        Some(stage) => folder.names_in(&stage)?,
        None => folder.names()?,
    };
    let has: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let shards: BTreeSet<&str> = names.iter().filter_map(|name| shard(name)).map(|s| s.0).collect();
    let whole = |prefix: &str| {
        has.contains(prefix) || shards.contains(prefix) || has.contains(format!("{prefix}.index").as_str())
    };
    let mut notes = names.iter().filter(|name| name.rsplit('/').next() == Some(STATE));
    if let (Some(note), None) = (notes.next(), notes.next()) {
        let beside = note.strip_suffix(STATE).unwrap_or_default();
        let text = folder.need(note)?.head(MAX_STATE_BYTES)?;
        let prefix = of_note(&text).map(|prefix| format!("{beside}{prefix}"));
        // One that was not copied along is looked past.
        if let Some(prefix) = prefix.filter(|prefix| whole(prefix)) {
            return of_prefix(folder, &prefix);
        }
    }
    // A graph alone is no checkpoint.
    let prefixes: BTreeSet<&str> =
        names.iter().filter_map(|name| prefix(name)).filter(|prefix| whole(prefix)).collect();
    let prefixes: Vec<&str> = prefixes.into_iter().collect();
    match latest(&prefixes) {
        Some(prefix) => of_prefix(folder, prefix),
        None if prefixes.is_empty() => Err(CheckpointError::NoCheckpoint(name.chars().take(200).collect())),
        None => {
            let more = if prefixes.len() > 8 { ", …" } else { "" };
            Err(CheckpointError::Several(prefixes[..prefixes.len().min(8)].join(", ") + more))
        }
    }
}

/// The only prefix, or that of the highest step if they are `stem-step` with one stem.
fn latest<'a>(prefixes: &[&'a str]) -> Option<&'a str> {
    if let [only] = prefixes {
        return Some(only);
    }
    let split = |prefix: &&'a str| {
        let (stem, step) = prefix.rsplit_once('-')?;
        Some((stem, step.parse::<u64>().ok()?, *prefix))
    };
    let steps: Vec<_> = prefixes.iter().map(split).collect::<Option<_>>()?;
    let stem = steps.first()?.0;
    if steps.iter().any(|s| s.0 != stem) {
        return None;
    }
    steps.iter().max_by_key(|s| s.1).map(|s| s.2)
}
