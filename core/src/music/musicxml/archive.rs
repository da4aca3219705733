//! The score inside a compressed MusicXML file: a zip archive with a table of contents.
//!
//! Only what such files need: entries stored or deflated, found by the archive's directory. Nothing larger than
//! [`MAX_XML_BYTES`] is unpacked, whatever the sizes in the file say.

use super::{MAX_XML_BYTES, MusicXmlError};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

/// Where a container says what the score's name is.
const CONTAINER: &str = "META-INF/container.xml";

/// Most entries that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// An entry of the archive's directory.
struct Entry<'a> {
    name: &'a [u8],
    method: u16,
    crc: u32,
    /// Offset of the entry's own header.
    header: usize,
    /// Packed size in bytes.
    size: usize,
}

/// The bytes of the score: the file that the container names, else the first `.xml` or `.musicxml` outside
/// `META-INF`.
pub(super) fn score(zip: &[u8]) -> Result<Vec<u8>, MusicXmlError> {
    let entries = directory(zip).ok_or(MusicXmlError::Archive("its list of files makes no sense"))?;
    let by_name = |name: &str| entries.iter().find(|e| e.name == name.as_bytes());
    let named = match by_name(CONTAINER) {
        Some(container) => root_file(&unpack(zip, container)?),
        None => None,
    };
    let is_score = |e: &&Entry| {
        let name = e.name.to_ascii_lowercase();
        !name.starts_with(b"meta-inf/") && (name.ends_with(b".xml") || name.ends_with(b".musicxml"))
    };
    let entry = named.as_deref().and_then(by_name).or_else(|| entries.iter().find(is_score));
    unpack(zip, entry.ok_or(MusicXmlError::Archive("there is no score in it"))?)
}

/// The path of the first root file of a container. A container that cannot be read names nothing.
fn root_file(container: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(container).ok()?;
    let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).ok()?;
    let root = document.descendants().find(|n| n.tag_name().name() == "rootfile")?;
    root.attribute("full-path").map(str::to_owned)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

/// The entries that the directory at the archive's end lists.
fn directory(zip: &[u8]) -> Option<Vec<Entry<'_>>> {
    const END: &[u8] = b"PK\x05\x06";
    const END_SIZE: usize = 22;
    // The end record may be followed by a comment of up to 64 KB.
    let last = zip.len().checked_sub(END_SIZE)?;
    let end = (last.saturating_sub(0xFFFF)..=last).rev().find(|&at| zip[at..].starts_with(END))?;
    let count = usize::from(u16_at(zip, end + 10)?).min(MAX_ENTRIES);
    let mut at = size_at(zip, end + 16)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        if !zip.get(at..)?.starts_with(b"PK\x01\x02") {
            return None;
        }
        let name_size = usize::from(u16_at(zip, at + 28)?);
        let rest = usize::from(u16_at(zip, at + 30)?) + usize::from(u16_at(zip, at + 32)?);
        entries.push(Entry {
            name: zip.get(at + 46..at + 46 + name_size)?,
            method: u16_at(zip, at + 10)?,
            crc: u32_at(zip, at + 16)?,
            header: size_at(zip, at + 42)?,
            size: size_at(zip, at + 20)?,
        });
        at += 46 + name_size + rest;
    }
    Some(entries)
}

fn packed<'a>(zip: &'a [u8], entry: &Entry) -> Option<&'a [u8]> {
    if !zip.get(entry.header..)?.starts_with(b"PK\x03\x04") {
        return None;
    }
    let name = usize::from(u16_at(zip, entry.header + 26)?);
    let extra = usize::from(u16_at(zip, entry.header + 28)?);
    let start = entry.header + 30 + name + extra;
    zip.get(start..start.checked_add(entry.size)?)
}

fn unpack(zip: &[u8], entry: &Entry) -> Result<Vec<u8>, MusicXmlError> {
    let packed = packed(zip, entry).ok_or(MusicXmlError::Archive("a file in it is cut off"))?;
    let bytes = match entry.method {
        0 if packed.len() > MAX_XML_BYTES => return Err(MusicXmlError::TooLarge),
        0 => packed.to_vec(),
        8 => decompress_to_vec_with_limit(packed, MAX_XML_BYTES).map_err(|e| match e.status {
            TINFLStatus::HasMoreOutput => MusicXmlError::TooLarge,
            _ => MusicXmlError::Archive("a file in it cannot be unpacked"),
        })?,
        _ => return Err(MusicXmlError::Archive("it is packed in a way that MusicXML does not allow")),
    };
    if crc32fast::hash(&bytes) != entry.crc {
        return Err(MusicXmlError::Archive("a checksum is wrong"));
    }
    Ok(bytes)
}
