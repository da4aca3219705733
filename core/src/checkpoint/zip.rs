//! A checkpoint in a zip archive.
//!
//! Worker thread or command line. What lies in the archive has checksums of its own.
use super::CheckpointError;
use super::folder::Member;
use super::source::Source;
use crate::zip::{Packing, ZipError, directory};
use std::collections::BTreeMap;

/// The files of an archive.
///
/// # Errors
/// [`CheckpointError::Damaged`], [`CheckpointError::Encrypted`], and errors of reading.
pub(super) fn read(source: &Source) -> Result<BTreeMap<String, Member>, CheckpointError> {
    let entries = directory(source.len(), |at, n| source.read(at, n)).map_err(|error| match error {
        ZipError::Damaged(what) => damaged(what),
        ZipError::Encrypted => CheckpointError::Encrypted,
        ZipError::Read(error) => error,
    })?;
    let member = |entry: crate::zip::Entry| {
        let data = source.slice(entry.data.start, entry.data.end - entry.data.start);
        let data = data.ok_or_else(|| damaged("has a file that lies outside"))?;
        let member = match entry.packing {
            Packing::Stored => Member::Stored(data),
            Packing::Deflated => Member::Deflated(data, entry.length),
        };
        Ok((entry.name, member))
    };
    entries.into_iter().map(member).collect()
}

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::damaged(format!("the zip archive {what}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::folder::Folder;
    use super::*;
    use crate::zip::recognise;

    const LOCAL: [u8; 4] = *b"PK\x03\x04";
    const ENTRY: [u8; 4] = *b"PK\x01\x02";
    const END: [u8; 4] = *b"PK\x05\x06";

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
