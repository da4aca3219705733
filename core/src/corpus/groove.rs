//! Groove MIDI: human drumming as classes per 16th, and every hit with its velocity and its exact time.
//!
//! Any thread; opens no files. The grid follows the file's own ticks (the drummers played to a metronome), so the
//! tempo never enters and no rounding of seconds can move a hit.

use super::{Funnel, Split};
use crate::codec::encoding::{DrumsOneHot, OneHot};
use crate::music::{Meter, TICKS_PER_QUARTER, Ticks};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};

/// One file of the corpus, unpacked.
#[derive(Clone, Debug)]
pub struct GrooveFile {
    /// Path below the corpus folder, as `info.csv` names it.
    pub path: String,
    /// The standard MIDI file.
    pub bytes: Vec<u8>,
}

/// What a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrooveKind {
    /// A groove, usually many bars.
    Beat,
    /// A fill, usually one or two bars.
    Fill,
}

/// One drum stroke as it was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Exact onset in ticks from the start of the recording.
    pub start: Ticks,
    /// The grid step it is quantised to; `start - step * TICKS_PER_QUARTER / 4` is its micro-timing.
    pub step: u32,
    /// Pitch as recorded.
    pub pitch: u8,
    /// MIDI velocity 1..=127.
    pub velocity: u8,
}

/// A recording as a sequence of drum classes.
#[derive(Clone, Debug, PartialEq)]
pub struct DrumPiece {
    /// Its id in the corpus.
    pub id: String,
    /// Style as the corpus names it, e.g. `funk/groove1`.
    pub style: String,
    /// Tempo of the metronome in quarter notes per minute.
    pub tempo: f64,
    /// Official split.
    pub split: Split,
    /// Groove or fill.
    pub kind: GrooveKind,
    /// Meter.
    pub meter: Meter,
    /// Sixteenths per bar.
    pub steps_per_bar: usize,
    /// Class 0..512 of each 16th: bit `i` is set when a drum of type `i` is struck. A whole number of bars.
    pub classes: Vec<u16>,
    /// Every stroke, sorted by time.
    pub hits: Vec<Hit>,
}

impl DrumPiece {
    /// Bars.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.classes.len() / self.steps_per_bar
    }
}

/// Why the corpus cannot be read at all; single bad recordings only appear in the funnel.
#[derive(Debug, thiserror::Error)]
pub enum GrooveError {
    /// The table of recordings lacks a column.
    #[error("the list of recordings (info.csv) has no column \"{0}\"")]
    NoColumn(&'static str),
}

/// Reads the recordings that `info.csv` lists: 4/4 grooves and fills. Other meters are few (12 files) and stay
/// out with a reason.
///
/// # Errors
/// `info` lacks a column that is needed.
pub fn groove_pieces(info: &str, files: &[GrooveFile]) -> Result<(Vec<DrumPiece>, Funnel), GrooveError> {
    let mut lines = info.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().trim().split(',').collect();
    let find = |name| header.iter().position(|h| *h == name).ok_or(GrooveError::NoColumn(name));
    let (id, style, bpm, kind) = (find("id")?, find("style")?, find("bpm")?, find("beat_type")?);
    let (meter, path, split) = (find("time_signature")?, find("midi_filename")?, find("split")?);

    let mut funnel = Funnel::new("groove-midi");
    let mut pieces = Vec::new();
    for line in lines.filter(|l| !l.trim().is_empty()) {
        let row: Vec<&str> = line.trim().split(',').collect();
        let cell = |i: usize| row.get(i).copied().unwrap_or_default();
        funnel.seen += 1;
        let row = Row {
            id: cell(id),
            style: cell(style),
            tempo: cell(bpm),
            kind: cell(kind),
            meter: cell(meter),
            split: cell(split),
        };
        let file = files.iter().find(|f| f.path == cell(path));
        match piece(&row, file) {
            Ok(piece) => {
                let kind = if piece.kind == GrooveKind::Beat { "beats" } else { "fills" };
                let label = format!("{} {} {kind}", piece.split, piece.meter);
                funnel.keep(label, piece.bars(), piece.hits.len());
                pieces.push(piece);
            }
            Err(reason) => funnel.reject(cell(id), reason, cell(meter)),
        }
    }
    Ok((pieces, funnel))
}

/// The cells of one line of `info.csv`.
struct Row<'a> {
    id: &'a str,
    style: &'a str,
    tempo: &'a str,
    kind: &'a str,
    meter: &'a str,
    split: &'a str,
}

fn piece(row: &Row<'_>, file: Option<&GrooveFile>) -> Result<DrumPiece, &'static str> {
    if row.meter != "4-4" {
        return Err("not in 4/4");
    }
    let kind = match row.kind {
        "beat" => GrooveKind::Beat,
        "fill" => GrooveKind::Fill,
        _ => return Err("neither a beat nor a fill"),
    };
    let split = Split::from_name(row.split).ok_or("no known split")?;
    let tempo = row.tempo.parse().map_err(|_| "no tempo")?;
    let hits = hits(&file.ok_or("its MIDI file is missing")?.bytes)?;
    let last = hits.iter().map(|h| h.step as usize).max().ok_or("no drum strokes")?;
    let meter = Meter::COMMON;
    let steps_per_bar = 16;
    let encoding = DrumsOneHot::standard(9).map_err(|_| "no drum types")?.strict();
    let mut classes = vec![0; (last / steps_per_bar + 1) * steps_per_bar];
    for hit in &hits {
        let class = encoding.encode(std::iter::once(hit.pitch).collect()).ok();
        classes[hit.step as usize] |=
            class.and_then(|c| u16::try_from(c).ok()).ok_or("a drum of no known type")?;
    }
    let (id, style) = (row.id.to_owned(), row.style.to_owned());
    Ok(DrumPiece { id, style, tempo, split, kind, meter, steps_per_bar, classes, hits })
}

/// All note-ons of a file, sorted by time, on the 16th grid (halves round up, as the reference quantises).
fn hits(bytes: &[u8]) -> Result<Vec<Hit>, &'static str> {
    const UNREADABLE: &str = "not a readable MIDI file";
    let smf = Smf::parse(bytes).map_err(|_| UNREADABLE)?;
    let Timing::Metrical(division) = smf.header.timing else {
        return Err("time is in seconds, not in beats");
    };
    let division = Ticks::from(division.as_int());
    if division == 0 {
        return Err(UNREADABLE);
    }
    let mut hits = Vec::new();
    for track in &smf.tracks {
        let mut at: Ticks = 0;
        for event in track {
            at += Ticks::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Midi { message: MidiMessage::NoteOn { key, vel }, .. } if vel > 0 => {
                    let step = u32::try_from((8 * at + division) / (2 * division)).map_err(|_| UNREADABLE)?;
                    let start = at * TICKS_PER_QUARTER / division;
                    hits.push(Hit { start, step, pitch: key.as_int(), velocity: vel.as_int() });
                }
                TrackEventKind::Meta(MetaMessage::EndOfTrack) => break,
                _ => {}
            }
        }
    }
    // Nobody drums for a day; a step count beyond that is a damaged file and must not become an allocation.
    if hits.iter().any(|h| h.step > 1 << 20) {
        return Err(UNREADABLE);
    }
    hits.sort_by_key(|h| (h.start, h.pitch));
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "drummer,id,style,bpm,beat_type,time_signature,midi_filename,split\n\
        d1,d1/1,rock,120,beat,4-4,d1/1.mid,test\n\
        d1,d1/2,rock,120,beat,6-8,d1/2.mid,train\n\
        d1,d1/3,rock,120,beat,4-4,d1/3.mid,train\n\
        d1,d1/4,rock,120,fill,4-4,d1/4.mid,train\n";

    /// A format-0 file at 480 ticks per quarter with note-ons (delta, pitch, velocity).
    fn midi(notes: &[(u16, u8, u8)]) -> Vec<u8> {
        let mut track = Vec::new();
        for &(delta, pitch, velocity) in notes {
            track.extend([0x80 | (delta >> 7) as u8, (delta & 0x7f) as u8, 0x99, pitch, velocity]);
        }
        track.extend([0, 0xff, 0x2f, 0]);
        let mut file = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk".to_vec();
        file.extend(u32::try_from(track.len()).unwrap().to_be_bytes());
        file.extend(track);
        file
    }

    #[test]
    fn hits_fall_on_the_nearest_sixteenth_with_their_exact_time_kept() {
        // 59 ticks after a step rounds down, 60 (exactly half) rounds up; a velocity of 0 is a note-off.
        let bytes = midi(&[(0, 36, 100), (59, 38, 90), (1, 42, 80), (1860, 22, 70), (0, 36, 0)]);
        let files = [GrooveFile { path: "d1/1.mid".into(), bytes }];
        let (pieces, funnel) = groove_pieces(INFO, &files).unwrap();
        let piece = &pieces[0];
        assert_eq!((piece.split, piece.kind, piece.bars()), (Split::Test, GrooveKind::Beat, 2));
        assert_eq!(&piece.classes[..2], &[0b11, 0b100]);
        assert_eq!(piece.classes[16], 0b100);
        assert_eq!(piece.classes.iter().filter(|&&c| c != 0).count(), 3);
        let exact: Vec<(Ticks, u32, u8)> = piece.hits.iter().map(|h| (h.start, h.step, h.velocity)).collect();
        assert_eq!(exact, [(0, 0, 100), (59 * 64, 0, 90), (60 * 64, 1, 80), (1920 * 64, 16, 70)]);
        assert_eq!(
            funnel.reasons(),
            [("its MIDI file is missing".to_owned(), 2), ("not in 4/4".to_owned(), 1)]
        );
    }

    #[test]
    fn damaged_or_empty_recordings_get_a_reason() {
        let file = |bytes: Vec<u8>| [GrooveFile { path: "d1/1.mid".into(), bytes }];
        let reason = |files: &[GrooveFile]| groove_pieces(INFO, files).unwrap().1.rejected[0].reason.clone();
        assert_eq!(reason(&file(b"noise".to_vec())), "not a readable MIDI file");
        assert_eq!(reason(&file(midi(&[]))), "no drum strokes");
        assert_eq!(reason(&file(midi(&[(0, 100, 1)]))), "a drum of no known type");
    }
}
