//! Zip archives: names and where each file lies, from the directory at the end. Nothing is unpacked here.
//!
//! Worker thread or command line. Stored and deflated files, up to 4 GB; what lies in them has checksums of its own.
use super::CheckpointError;
use super::folder::{MAX_FILES, Member};
use super::source::Source;
use std::collections::BTreeMap;

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const END_BYTES: u64 = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: u64 = 30;
/// Longest directory: about a kilobyte for each file.
const MAX_DIRECTORY_BYTES: u64 = 16 << 20;

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::damaged(format!("the zip archive {what}"))
}

/// Whether the first bytes are those of a zip archive.
pub(super) fn recognise(head: &[u8]) -> bool {
    head.starts_with(&LOCAL)
}

fn u16_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b).into())
}

fn u32_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b).into())
}

/// The files of an archive.
///
/// # Errors
/// [`CheckpointError::Damaged`] and errors of reading.
pub(super) fn read(source: &Source) -> Result<BTreeMap<String, Member>, CheckpointError> {
    // A comment of up to 65535 bytes may follow the end record.
    let tail =
        source.read(source.len().saturating_sub(END_BYTES + 0xffff), source.len().min(END_BYTES + 0xffff))?;
    let end = tail.windows(4).rposition(|w| w == END).and_then(|at| tail.get(at..at + END_BYTES as usize));
    let end = end.ok_or_else(|| damaged("has no directory"))?;
    let (size, offset) = (u32_at(end, 12), u32_at(end, 16));
    if size > MAX_DIRECTORY_BYTES {
        return Err(damaged("has too many files"));
    }
    let directory = source.read(offset, size)?;
    let mut members = BTreeMap::new();
    let mut rest = directory.as_slice();
    while let Some((entry, after)) = rest.split_at_checked(ENTRY_BYTES) {
        let (name, extra, comment) = (u16_at(entry, 28), u16_at(entry, 30), u16_at(entry, 32));
        let (Some(bytes), Some(next)) =
            (after.get(..name as usize), after.get((name + extra + comment) as usize..))
        else {
            return Err(damaged("has a directory that ends too early"));
        };
        if !entry.starts_with(&ENTRY) {
            return Err(damaged("has an impossible directory"));
        }
        rest = next;
        let name = String::from_utf8_lossy(bytes).into_owned();
        let (flags, method) = (u16_at(entry, 8), u16_at(entry, 10));
        let (packed, length, local) = (u32_at(entry, 20), u32_at(entry, 24), u32_at(entry, 42));
        if name.ends_with('/') {
            continue;
        }
        let head = source.read(local, LOCAL_BYTES)?;
        let data = local + LOCAL_BYTES + u16_at(&head, 26) + u16_at(&head, 28);
        let data = source.slice(data, packed).filter(|_| head.starts_with(&LOCAL));
        let data = data.ok_or_else(|| damaged("has a file that lies outside"))?;
        let member = match method {
            _ if flags & 1 == 1 => return Err(CheckpointError::Encrypted),
            0 => Member::Stored(data),
            8 => Member::Deflated(data, length),
            _ => return Err(damaged("is packed in a way that is not known")),
        };
        members.insert(name, member);
        if members.len() > MAX_FILES {
            return Err(damaged("has too many files"));
        }
    }
    Ok(members)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::folder::Folder;
    use super::*;

    /// An archive, deflated or not.
    pub(in crate::checkpoint) fn zip(files: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for &(name, data) in files {
            let packed = if deflate { miniz_oxide::deflate::compress_to_vec(data, 6) } else { data.to_vec() };
            let mut common = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0];
            common.extend([0; 8]);
            common.extend((packed.len() as u32).to_le_bytes());
            common.extend((data.len() as u32).to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            common.extend([0, 0]);
            directory.extend(ENTRY);
            directory.extend([20, 0]);
            directory.extend(&common);
            directory.extend([0; 10]);
            directory.extend((out.len() as u32).to_le_bytes());
            directory.extend(name.as_bytes());
            out.extend(LOCAL);
            out.extend(common);
            out.extend(name.as_bytes());
            out.extend(packed);
        }
        let at = out.len() as u32;
        out.extend(&directory);
        out.extend(END);
        out.extend([0; 8]);
        out.extend((directory.len() as u32).to_le_bytes());
        out.extend(at.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    #[test]
    fn files_are_found_and_unpacked() {
        for deflate in [false, true] {
            let archive = zip(&[("a", b"first"), ("c/d", &[7; 6000])], deflate);
            assert!(recognise(&archive));
            let folder = Folder::Archive(read(&Source::memory(archive)).expect("reads"));
            assert_eq!(folder.names().expect("names"), ["a", "c/d"]);
            let of = |name: &str| folder.need(name).and_then(|s| s.read_all()).expect("unpacks");
            assert_eq!((of("a"), of("c/d")), (b"first".to_vec(), vec![7; 6000]));
            assert!(matches!(folder.need("e"), Err(CheckpointError::Missing(name)) if name == "e"));
        }
    }

    #[test]
    fn a_file_that_is_longer_than_it_says_is_refused() {
        let mut archive = zip(&[("a", &[7; 6000])], true);
        let at = archive.windows(4).position(|w| w == ENTRY).expect("has an entry");
        archive[at + 24..at + 28].copy_from_slice(&100u32.to_le_bytes());
        let folder = Folder::Archive(read(&Source::memory(archive)).expect("reads"));
        assert!(matches!(folder.get("a"), Err(CheckpointError::Damaged(_))));
    }
}
