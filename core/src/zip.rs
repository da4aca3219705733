//! Zip archives: names and where each file lies, from the directory at the end. Nothing is unpacked here.
//!
//! Any thread. Reads through a closure, so that an archive may be bytes in memory or a file of gigabytes. Stored and
//! deflated files, up to 4 GB; nothing is allocated that the archive does not hold.

use std::ops::Range;

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const END_BYTES: u64 = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: u64 = 30;
/// Most files that are looked at.
const MAX_FILES: usize = 10_000;
/// Longest directory: about a kilobyte for each file.
const MAX_DIRECTORY_BYTES: u64 = 16 << 20;

/// Why an archive has no directory that can be used. `E`: what reading it may say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ZipError<E> {
    /// It makes no sense; what is wrong with "the archive".
    Damaged(&'static str),
    /// It needs a password.
    Encrypted,
    /// It cannot be read.
    Read(E),
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    Stored,
    /// By deflate.
    Deflated,
}

/// A file in an archive.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its name, with the folders inside the archive.
    pub name: String,
    /// How it is packed.
    pub packing: Packing,
    /// Where its packed bytes lie.
    pub data: Range<u64>,
    /// Its length when unpacked, as the archive says.
    pub length: u64,
    /// CRC-32 of the unpacked file.
    pub crc: u32,
}

/// Whether the first bytes are those of a zip archive.
pub(crate) fn recognise(head: &[u8]) -> bool {
    head.starts_with(&LOCAL)
}

fn u16_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b).into())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b))
}

/// The files of an archive of `len` bytes, in its order, folders left out. `read(at, n)` gives `n` bytes from `at`.
///
/// # Errors
/// [`ZipError`].
pub(crate) fn directory<E>(
    len: u64,
    mut read: impl FnMut(u64, u64) -> Result<Vec<u8>, E>,
) -> Result<Vec<Entry>, ZipError<E>> {
    // A part that reaches beyond the end is damage, whatever the reader would say.
    let mut read = |at: u64, n: u64| match at.checked_add(n) {
        Some(end) if end <= len => read(at, n).map_err(ZipError::Read),
        _ => Err(ZipError::Damaged("ends too early")),
    };
    // A comment of up to 65535 bytes may follow the end record.
    let most = len.min(END_BYTES + 0xffff);
    let tail = read(len - most, most)?;
    let end = tail.windows(4).rposition(|w| w == END).and_then(|at| tail.get(at..at + END_BYTES as usize));
    let end = end.ok_or(ZipError::Damaged("has no directory"))?;
    let (size, offset) = (u64::from(u32_at(end, 12)), u64::from(u32_at(end, 16)));
    if size > MAX_DIRECTORY_BYTES {
        return Err(ZipError::Damaged("has too many files"));
    }
    let directory = read(offset, size)?;
    let mut entries = Vec::new();
    let mut rest = directory.as_slice();
    while let Some((entry, after)) = rest.split_at_checked(ENTRY_BYTES) {
        let (name, extra, comment) = (u16_at(entry, 28), u16_at(entry, 30), u16_at(entry, 32));
        let (Some(bytes), Some(next)) =
            (after.get(..name as usize), after.get((name + extra + comment) as usize..))
        else {
            return Err(ZipError::Damaged("has a directory that ends too early"));
        };
        if !entry.starts_with(&ENTRY) {
            return Err(ZipError::Damaged("has an impossible directory"));
        }
        rest = next;
        let name = String::from_utf8_lossy(bytes).into_owned();
        if name.ends_with('/') {
            continue;
        }
        let (flags, method) = (u16_at(entry, 8), u16_at(entry, 10));
        let packing = match method {
            _ if flags & 1 == 1 => return Err(ZipError::Encrypted),
            0 => Packing::Stored,
            8 => Packing::Deflated,
            _ => return Err(ZipError::Damaged("is packed in a way that is not known")),
        };
        let (packed, local) = (u64::from(u32_at(entry, 20)), u64::from(u32_at(entry, 42)));
        let head = read(local, LOCAL_BYTES)?;
        let start = local + LOCAL_BYTES + u16_at(&head, 26) + u16_at(&head, 28);
        if !head.starts_with(&LOCAL) || start + packed > len {
            return Err(ZipError::Damaged("has a file that lies outside"));
        }
        let (length, crc) = (u64::from(u32_at(entry, 24)), u32_at(entry, 16));
        entries.push(Entry { name, packing, data: start..start + packed, length, crc });
        if entries.len() > MAX_FILES {
            return Err(ZipError::Damaged("has too many files"));
        }
    }
    Ok(entries)
}
