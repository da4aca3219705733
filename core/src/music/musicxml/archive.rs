//! The score inside a compressed MusicXML file: a zip archive with a table of contents.
//!
//! Only what such files need: entries stored or deflated, found by the archive's directory. Nothing larger than
//! [`MAX_XML_BYTES`] is unpacked, whatever the sizes in the file say.

use super::{MAX_XML_BYTES, MusicXmlError};
use crate::zip::{Entry, Packing, ZipError, directory};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use std::ops::Range;

/// Where a container says what the score's name is.
const CONTAINER: &str = "META-INF/container.xml";

/// The bytes of the score: the file that the container names, else the first `.xml` or `.musicxml` outside
/// `META-INF`.
pub(super) fn score(zip: &[u8]) -> Result<Vec<u8>, MusicXmlError> {
    let part = |at: u64, n: u64| slice(zip, at..at + n).map(<[u8]>::to_vec);
    let entries = directory(zip.len() as u64, part).map_err(|error| match error {
        ZipError::Damaged(_) => MusicXmlError::Archive("its list of files makes no sense"),
        ZipError::Encrypted => MusicXmlError::Archive("it is locked by a password"),
        ZipError::Read(error) => error,
    })?;
    let by_name = |name: &str| entries.iter().find(|e| e.name == name);
    let named = match by_name(CONTAINER) {
        Some(container) => root_file(&unpack(zip, container)?),
        None => None,
    };
    let is_score = |e: &&Entry| {
        let name = e.name.to_ascii_lowercase();
        !name.starts_with("meta-inf/") && (name.ends_with(".xml") || name.ends_with(".musicxml"))
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

fn slice(zip: &[u8], part: Range<u64>) -> Result<&[u8], MusicXmlError> {
    let at = |n| usize::try_from(n).unwrap_or(usize::MAX);
    zip.get(at(part.start)..at(part.end)).ok_or(MusicXmlError::Archive("a file in it is cut off"))
}

fn unpack(zip: &[u8], entry: &Entry) -> Result<Vec<u8>, MusicXmlError> {
    let packed = slice(zip, entry.data.clone())?;
    let bytes = match entry.packing {
        Packing::Stored if packed.len() > MAX_XML_BYTES => return Err(MusicXmlError::TooLarge),
        Packing::Stored => packed.to_vec(),
        Packing::Deflated => {
            decompress_to_vec_with_limit(packed, MAX_XML_BYTES).map_err(|e| match e.status {
                TINFLStatus::HasMoreOutput => MusicXmlError::TooLarge,
                _ => MusicXmlError::Archive("a file in it cannot be unpacked"),
            })?
        }
    };
    if crc32fast::hash(&bytes) != entry.crc {
        return Err(MusicXmlError::Archive("a checksum is wrong"));
    }
    Ok(bytes)
}
