//! Bytes of a standard MIDI file → [`Song`]. Never panics, whatever the bytes; memory is bounded by
//! [`MAX_FILE_BYTES`] and [`MAX_NOTES`].
//!
//! What is done with notes that do not pair up, per track and channel:
//! * a note-on of velocity 0 is a note-off;
//! * a note-off without a note is passed over;
//! * a second note-on of a sounding pitch ends the first note there; at the same tick, both are one note of the
//!   higher velocity;
//! * a note-off at the very tick of its note-on gives the shortest note, unless that note-on has just ended an
//!   earlier one: then it was meant for that;
//! * a note without a note-off lasts to the end of its track, and a notice says so.

use super::MidiError;
use super::chords::{ChordReader, Kind};
use crate::music::quantise::div_round;
use crate::music::song::{Song, Track};
use crate::music::{Meter, MeterMap, Note, TICKS_PER_QUARTER, TempoMap, Ticks};
use midly::{EventIter, MetaMessage, MidiMessage, TrackEventKind};

/// Largest file that is read.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// Most notes that are read.
pub const MAX_NOTES: usize = 1_000_000;

/// Longest music, in quarter notes.
const MAX_QUARTERS: u64 = 1_000_000;

/// Longest name, in characters.
const MAX_NAME: usize = 200;

/// Reads a standard MIDI file of format 0 or 1 (also inside a RIFF wrapper). Every track and channel with notes
/// becomes one [`Track`].
///
/// # Errors
/// See [`MidiError`]; nothing is read halfway.
pub fn read(bytes: &[u8]) -> Result<Song, MidiError> {
    if bytes.is_empty() {
        return Err(MidiError::Empty);
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(MidiError::TooLarge(bytes.len() as u64));
    }
    let mut rest = unwrap_riff(bytes).unwrap_or(bytes);
    let header = match next_chunk(&mut rest) {
        Some(Ok((b"MThd", header))) => header,
        Some(Err(_)) if bytes.starts_with(b"MThd") => return Err(damaged("it ends within its header")),
        _ => return Err(MidiError::NotMidi),
    };
    let (format, division) = match *header {
        [f0, f1, _, _, d0, d1, ..] => (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([d0, d1])),
        _ => return Err(damaged("its header is too short")),
    };
    if format > 1 {
        return Err(MidiError::Format(format));
    }
    if division & 0x8000 != 0 {
        return Err(MidiError::Smpte);
    }
    if division == 0 {
        return Err(damaged("its header says zero ticks per quarter note"));
    }
    let mut reader = Reader::new(division);
    let mut chunks = 0;
    while let Some(chunk) = next_chunk(&mut rest) {
        match chunk {
            Ok((b"MTrk", data)) => {
                chunks += 1;
                reader.track(data, chunks)?;
            }
            Ok(_) => {}
            // Some writers pad the file; only missing music is damage.
            Err(tail) if chunks > 0 && tail.iter().all(|&b| b == 0) => break,
            Err(_) => return Err(damaged(&format!("it ends in the middle of track {}", chunks + 1))),
        }
    }
    if chunks == 0 {
        return Err(damaged("it has no tracks"));
    }
    Ok(reader.finish())
}

fn damaged(what: &str) -> MidiError {
    MidiError::Damaged(what.to_owned())
}

/// Takes the next chunk off `rest`: its type and data, or what is left if that is no whole chunk.
#[allow(clippy::type_complexity, reason = "named nowhere else")]
fn next_chunk<'a>(rest: &mut &'a [u8]) -> Option<Result<(&'a [u8; 4], &'a [u8]), &'a [u8]>> {
    let all = *rest;
    if all.is_empty() {
        return None;
    }
    *rest = &[];
    let whole = (|| {
        let (kind, after) = all.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        (length <= after.len()).then(|| (kind, after.split_at(length)))
    })();
    Some(match whole {
        Some((kind, (data, after))) => {
            *rest = after;
            Ok((kind, data))
        }
        None => Err(all),
    })
}

/// The MIDI file inside a RIFF file of type RMID.
fn unwrap_riff(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"RMID")?;
    loop {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let data = &after[..length.min(after.len())];
        if kind == b"data" {
            return Some(data);
        }
        rest = after.get(length.checked_add(length % 2)?..)?;
    }
}

/// UTF-8 if it is valid, else Latin-1; without control characters.
fn text(bytes: &[u8]) -> String {
    let latin = || bytes.iter().map(|&b| char::from(b)).collect();
    let all = std::str::from_utf8(bytes).map_or_else(|_| latin(), str::to_owned);
    let clean: String = all.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    clean.trim().to_owned()
}

/// A note that sounds.
#[derive(Clone, Copy)]
struct Sounding {
    start: Ticks,
    velocity: u8,
    /// Whether it ended an earlier note of its pitch when it started.
    retriggered: bool,
}

/// What one channel of the track being read has.
struct Channel {
    sounding: [Option<Sounding>; 128],
    notes: Vec<Note>,
    program: Option<u8>,
}

impl Channel {
    fn new() -> Self {
        Self { sounding: [None; 128], notes: Vec::new(), program: None }
    }

    fn end_note(&mut self, pitch: u8, s: Sounding, at: Ticks) {
        self.notes.push(Note { start: s.start, pitch, length: (at - s.start).max(1), velocity: s.velocity });
    }

    fn on(&mut self, pitch: u8, velocity: u8, at: Ticks) {
        let slot = usize::from(pitch);
        let mut new = Sounding { start: at, velocity, retriggered: false };
        if let Some(old) = self.sounding[slot] {
            if old.start == at {
                new = Sounding { velocity: old.velocity.max(velocity), ..old };
            } else {
                self.end_note(pitch, old, at);
                new.retriggered = true;
            }
        }
        self.sounding[slot] = Some(new);
    }

    fn off(&mut self, pitch: u8, at: Ticks) {
        let slot = &mut self.sounding[usize::from(pitch)];
        if let Some(s) = *slot {
            if s.start == at && s.retriggered {
                return;
            }
            *slot = None;
            self.end_note(pitch, s, at);
        }
    }

    /// Ends what still sounds; returns how much that was.
    fn end_all(&mut self, at: Ticks) -> usize {
        let mut hanging = 0;
        for pitch in 0..128u8 {
            if let Some(s) = self.sounding[usize::from(pitch)].take() {
                self.end_note(pitch, s, at);
                hanging += 1;
            }
        }
        hanging
    }
}

struct Reader {
    division: u16,
    song: Song,
    tempos: Vec<(Ticks, u32)>,
    meters: Vec<(Ticks, Meter)>,
    chords: ChordReader,
    notes: usize,
    hanging: usize,
    odd_meters: usize,
}

impl Reader {
    fn new(division: u16) -> Self {
        Self {
            division,
            song: Song::default(),
            tempos: Vec::new(),
            meters: Vec::new(),
            chords: ChordReader::default(),
            notes: 0,
            hanging: 0,
            odd_meters: 0,
        }
    }

    /// The file's tick in ours; from the absolute position, so that rounding never adds up.
    fn scale(&self, tick: u64) -> Result<Ticks, MidiError> {
        if tick > MAX_QUARTERS * u64::from(self.division) {
            return Err(MidiError::TooLong);
        }
        Ok(div_round(i128::from(tick) * i128::from(TICKS_PER_QUARTER), self.division.into()))
    }

    fn track(&mut self, data: &[u8], number: usize) -> Result<(), MidiError> {
        let mut channels: [Option<Box<Channel>>; 16] = Default::default();
        let (mut name, mut instrument) = (String::new(), String::new());
        let mut tick = 0u64;
        let mut at = 0;
        let mut events = EventIter::new(data);
        while !events.unread().is_empty() {
            // The parser turns an error into its end; that there were bytes left tells the two apart.
            let Some(Ok(event)) = events.next() else {
                return Err(damaged(&format!("track {number} makes no sense after tick {tick}")));
            };
            tick = tick.saturating_add(u64::from(event.delta.as_int()));
            at = self.scale(tick)?;
            match event.kind {
                TrackEventKind::Midi { channel, message } => {
                    let channel = &mut channels[usize::from(channel.as_int() & 15)];
                    match message {
                        MidiMessage::NoteOn { key, vel } if vel.as_int() > 0 => {
                            self.notes += 1;
                            if self.notes > MAX_NOTES {
                                return Err(MidiError::TooManyNotes);
                            }
                            let channel = channel.get_or_insert_with(|| Box::new(Channel::new()));
                            channel.on(key.as_int() & 127, vel.as_int() & 127, at);
                        }
                        MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
                            if let Some(channel) = channel {
                                channel.off(key.as_int() & 127, at);
                            }
                        }
                        MidiMessage::ProgramChange { program } => {
                            let channel = channel.get_or_insert_with(|| Box::new(Channel::new()));
                            channel.program.get_or_insert(program.as_int() & 127);
                        }
                        _ => {}
                    }
                }
                TrackEventKind::Meta(meta) => match meta {
                    MetaMessage::TrackName(bytes) if name.is_empty() => name = text(bytes),
                    MetaMessage::InstrumentName(bytes) if instrument.is_empty() => instrument = text(bytes),
                    MetaMessage::Text(bytes) => self.chords.word(Kind::Text, at, &text(bytes)),
                    MetaMessage::Lyric(bytes) => self.chords.word(Kind::Lyric, at, &text(bytes)),
                    MetaMessage::Marker(bytes) => self.chords.word(Kind::Marker, at, &text(bytes)),
                    MetaMessage::Tempo(micros) => self.tempos.push((at, micros.as_int())),
                    MetaMessage::TimeSignature(numerator, power, ..) => self.meter(at, numerator, power),
                    MetaMessage::EndOfTrack => break,
                    _ => {}
                },
                TrackEventKind::SysEx(_) | TrackEventKind::Escape(_) => {}
            }
        }
        self.chords.end_track();
        self.finish_track(channels, &name, &instrument, at);
        Ok(())
    }

    fn meter(&mut self, at: Ticks, numerator: u8, power: u8) {
        match 1u8.checked_shl(power.into()).and_then(|denominator| Meter::new(numerator, denominator)) {
            Some(meter) => self.meters.push((at, meter)),
            None => self.odd_meters += 1,
        }
    }

    fn finish_track(
        &mut self,
        channels: [Option<Box<Channel>>; 16],
        name: &str,
        instrument: &str,
        end: Ticks,
    ) {
        let mut parts = Vec::new();
        for (number, channel) in (1u8..).zip(channels) {
            if let Some(mut channel) = channel {
                self.hanging += channel.end_all(end);
                if !channel.notes.is_empty() {
                    parts.push((number, channel));
                }
            }
        }
        if parts.is_empty() && self.song.name.is_empty() {
            name.clone_into(&mut self.song.name);
        }
        let several = parts.len() > 1;
        for (channel, part) in parts {
            let Channel { mut notes, program, .. } = *part;
            notes.sort_unstable();
            let base = if name.is_empty() { instrument } else { name };
            let name = match base {
                "" => String::new(),
                base if several => format!("{base} (channel {channel})"),
                base => base.to_owned(),
            };
            let end = notes.iter().map(Note::end).max().unwrap_or(0).max(end);
            // A name that all channels share says nothing about one of them.
            let kind = Track::guess_kind(channel, if several { "" } else { base }, &notes);
            self.song.length = self.song.length.max(end);
            self.song.tracks.push(Track { name, channel, program, kind, notes, end });
        }
        self.song.length = self.song.length.max(end);
    }

    fn finish(mut self) -> Song {
        let song = &mut self.song;
        if !self.tempos.is_empty() {
            song.tempo = Some(TempoMap::from_changes(self.tempos));
        }
        song.meters = MeterMap::from_changes(self.meters);
        song.chords = self.chords.finish();
        if song.tempo_changes() {
            song.notices.push("The tempo changes on the way; beats are kept.".into());
        }
        if song.meters.segments().len() > 1 {
            song.notices.push("The time signature changes on the way.".into());
        }
        if self.odd_meters > 0 {
            song.notices.push("A time signature that makes no sense was passed over.".into());
        }
        if self.hanging > 0 {
            let (n, s) = (self.hanging, if self.hanging == 1 { "" } else { "s" });
            song.notices.push(format!("{n} note{s} without an end last to the end of the track."));
        }
        self.song
    }
}
