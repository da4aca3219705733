//! Tar archives: names and where each file lies. Nothing is copied.
//!
//! Worker thread or command line. Knows ustar and the long names of GNU and pax.
use super::CheckpointError;
use super::folder::{MAX_FILES, Member};
use super::source::Source;
use std::collections::BTreeMap;

const BLOCK: u64 = 512;
/// Longest extended header: a path with some attributes.
const MAX_EXTENDED_BYTES: u64 = 64 << 10;

fn damaged() -> CheckpointError {
    CheckpointError::damaged("the tar archive has an impossible header")
}

/// Whether the first bytes are those of a tar archive.
pub(super) fn recognise(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar") && checksum_holds(head)
}

/// The header's bytes, its checksum counted as blanks, sum up to its checksum.
fn checksum_holds(header: &[u8]) -> bool {
    let Some(header) = header.get(..BLOCK as usize) else { return false };
    let plain =
        header.iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u64::from(b) });
    octal(&header[148..156]) == Some(plain.sum())
}

/// A number in octal digits between blanks and zeros.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    u64::from_str_radix(text, 8).ok()
}

/// A size: octal, or binary when its first bit is set.
fn size(field: &[u8]) -> Option<u64> {
    match field {
        [0x80, rest @ ..] => {
            rest.iter().try_fold(0u64, |n, &byte| n.checked_mul(256)?.checked_add(byte.into()))
        }
        _ => octal(field),
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// The files of an archive.
///
/// # Errors
/// [`CheckpointError::Damaged`] and errors of reading.
pub(super) fn read(source: &Source) -> Result<BTreeMap<String, Member>, CheckpointError> {
    let mut members = BTreeMap::new();
    let mut long_name = None;
    let mut at = 0;
    while source.len() - at >= BLOCK {
        let header = source.read(at, BLOCK)?;
        if header.iter().all(|&b| b == 0) {
            break;
        }
        if !checksum_holds(&header) {
            return Err(damaged());
        }
        let size = size(&header[124..136]).ok_or_else(damaged)?;
        let data = source.slice(at + BLOCK, size).ok_or_else(damaged)?;
        match header[156] {
            // GNU: the data are the name of the next file. Pax: lines of "length key=value".
            b'L' | b'x' if size > MAX_EXTENDED_BYTES => return Err(damaged()),
            b'L' => long_name = Some(text(&data.read_all()?)),
            b'x' => long_name = pax_path(&data.read_all()?).or(long_name),
            0 | b'0' | b'7' => {
                let prefix =
                    if &header[257..262] == b"ustar" { text(&header[345..500]) } else { String::new() };
                let name = text(&header[..100]);
                let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                let name = long_name.take().unwrap_or(name);
                members.insert(name.trim_start_matches("./").to_owned(), Member::Stored(data));
                if members.len() > MAX_FILES {
                    return Err(CheckpointError::damaged("the archive has too many files"));
                }
            }
            _ => long_name = None,
        }
        let next = size.checked_next_multiple_of(BLOCK).and_then(|size| (at + BLOCK).checked_add(size));
        // The last file's padding may be missing.
        at = next.ok_or_else(damaged)?.min(source.len());
    }
    Ok(members)
}

/// The path of a pax header.
fn pax_path(mut lines: &[u8]) -> Option<String> {
    while let Some(blank) = lines.iter().position(|&b| b == b' ') {
        let length: usize = std::str::from_utf8(&lines[..blank]).ok()?.parse().ok()?;
        let line = lines.get(blank + 1..length)?;
        if let Some(path) = line.strip_prefix(b"path=") {
            return Some(String::from_utf8_lossy(path.strip_suffix(b"\n").unwrap_or(path)).into_owned());
        }
        lines = &lines[length..];
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An archive; names of more than 100 bytes get a pax header.
    pub(in crate::checkpoint) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for &(name, data) in files {
            if name.len() > 100 {
                let rest = format!(" path={name}\n");
                // The length counts its own three digits.
                let line = format!("{}{rest}", rest.len() + 3);
                put(&mut out, "pax", b'x', line.as_bytes());
            }
            put(&mut out, &name[..name.len().min(100)], b'0', data);
        }
        out.extend([0; 1024]);
        out
    }

    fn put(out: &mut Vec<u8>, name: &str, kind: u8, data: &[u8]) {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = kind;
        header[257..262].copy_from_slice(b"ustar");
        let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend(header);
        out.extend(data);
        out.resize(out.len().next_multiple_of(512), 0);
    }

    #[test]
    fn files_are_found_by_name() {
        let long = format!("{}/model.ckpt-5.index", "deep/".repeat(30));
        let archive = tar(&[("./a", b"first"), (&long, b"second"), ("c/d", &[7; 600])]);
        assert!(recognise(&archive));
        let members = read(&Source::memory(archive)).expect("reads");
        let of = |name: &str| match members.get(name) {
            Some(Member::Stored(source)) => source.read_all().expect("reads"),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!((of("a"), of(&long), of("c/d")), (b"first".to_vec(), b"second".to_vec(), vec![7; 600]));
    }

    #[test]
    fn a_size_beyond_the_archive_is_refused() {
        let mut archive = tar(&[("a", b"first")]);
        archive.truncate(514);
        assert!(read(&Source::memory(archive)).is_err());
    }

    #[test]
    fn binary_sizes() {
        assert_eq!(size(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]), Some(258));
        assert_eq!(size(b"00000001750\0"), Some(1000));
        assert_eq!(size(b"nonsense    "), None);
        assert_eq!(size(&[0x80, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2]), None);
    }
}
