//! Bytes of a MusicXML file → [`Song`]: finds the XML, its parts and their measures.
//!
//! Memory is bounded by [`MAX_XML_BYTES`] and [`MAX_NODES`]; entities of the file's own are refused, so none can
//! multiply. The XML parser has no recursion, so depth costs nothing.

use super::measure::Part;
use super::{MusicXmlError, archive};
use crate::music::Song;
use crate::music::score::Score;
use crate::music::source::decode;
use roxmltree::{Document, Node, ParsingOptions};

/// Largest score, unpacked.
pub const MAX_XML_BYTES: usize = 64 << 20;

/// Most XML elements and texts; a note has about twenty.
const MAX_NODES: u32 = 4_000_000;

/// Most parts.
const MAX_PARTS: usize = 1000;

/// Longest name, in characters.
const MAX_NAME: usize = 200;

/// Reads a score, plain or compressed, part-wise or time-wise. Every voice of every part becomes a track.
///
/// # Errors
/// See [`MusicXmlError`]; nothing is read halfway.
pub fn read(bytes: &[u8]) -> Result<Song, MusicXmlError> {
    let unpacked;
    let xml = if bytes.starts_with(b"PK") {
        unpacked = archive::score(bytes)?;
        &unpacked
    } else {
        bytes
    };
    if xml.len() > MAX_XML_BYTES {
        return Err(MusicXmlError::TooLarge);
    }
    let text = decode(xml);
    if text.contains("<!ENTITY") {
        return Err(MusicXmlError::Entities);
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|e| match e {
        roxmltree::Error::NodesLimitReached => MusicXmlError::TooLarge,
        other => MusicXmlError::Damaged(other.to_string()),
    })?;
    Ok(score(document.root_element())?.play()?)
}

/// First child element of a name.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|n| n.has_tag_name(name))
}

/// Trimmed text of the first child element of a name.
pub(super) fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim)
}

/// Finite number in the first child element of a name.
pub(super) fn number(node: Node, name: &str) -> Option<f64> {
    text(node, name)?.parse().ok().filter(|x: &f64| x.is_finite())
}

/// A name as the file has it, on one line and not too long.
fn clean(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").chars().take(MAX_NAME).collect()
}

fn score(root: Node) -> Result<Score, MusicXmlError> {
    let parts = match root.tag_name().name() {
        "score-partwise" => partwise(root),
        "score-timewise" => timewise(root),
        other => return Err(MusicXmlError::NotMusicXml(other.chars().take(40).collect())),
    };
    if parts.len() > MAX_PARTS {
        return Err(MusicXmlError::TooLarge);
    }
    let title =
        child(root, "work").and_then(|w| text(w, "work-title")).or_else(|| text(root, "movement-title"));
    let mut score = Score { name: clean(title.unwrap_or("")), ..Score::default() };
    let list = child(root, "part-list");
    for (id, measures) in parts {
        let about =
            list.and_then(|l| l.children().find(|n| n.has_tag_name("score-part") && n.attribute("id") == id));
        let name = about.and_then(|a| text(a, "part-name")).map(clean).unwrap_or_default();
        let mut part = Part::new(name, about);
        for (i, measure) in measures.into_iter().enumerate() {
            if score.bars.len() <= i {
                score.bars.resize_with(i + 1, Default::default);
            }
            part.measure(measure, i, &mut score)?;
        }
        part.finish(&mut score);
    }
    fill_empty_bars(&mut score);
    Ok(score)
}

/// Bars in which nothing is written last as long as their meter says.
fn fill_empty_bars(score: &mut Score) {
    let mut meter = crate::music::Meter::COMMON;
    for bar in &mut score.bars {
        meter = bar.meter.unwrap_or(meter);
        if bar.length == 0 {
            bar.length = meter.bar_ticks();
        }
    }
}

type PartNodes<'a, 'i> = Vec<(Option<&'a str>, Vec<Node<'a, 'i>>)>;

fn partwise<'a, 'i>(root: Node<'a, 'i>) -> PartNodes<'a, 'i> {
    let measures = |part: Node<'a, 'i>| part.children().filter(|n| n.has_tag_name("measure")).collect();
    let parts = root.children().filter(|n| n.has_tag_name("part"));
    parts.map(|part| (part.attribute("id"), measures(part))).collect()
}

/// Measures that hold parts, turned round. A part that a measure leaves out is taken as missing from the end.
fn timewise<'a, 'i>(root: Node<'a, 'i>) -> PartNodes<'a, 'i> {
    let mut parts: PartNodes<'a, 'i> = Vec::new();
    for measure in root.children().filter(|n| n.has_tag_name("measure")) {
        for part in measure.children().filter(|n| n.has_tag_name("part")) {
            let id = part.attribute("id");
            match parts.iter().position(|p| p.0 == id) {
                Some(known) => parts[known].1.push(part),
                None if parts.len() > MAX_PARTS => return parts,
                None => parts.push((id, vec![part])),
            }
        }
    }
    parts
}
