//! Clips → bytes of a standard MIDI file. Equal clips give equal bytes.
//!
//! The file ends exactly where the clip does; notes that would sound beyond are ended there, and notes outside
//! the clip are left out. Of two notes of one pitch that overlap, the first ends where the second starts: MIDI
//! cannot say anything else.

use super::MidiError;
use crate::music::{ChordMark, Clip, ClipKind, Note, TICKS_PER_QUARTER, Ticks, micros_per_quarter};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};

/// How tracks lie in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Format 0, one track; for one clip. Every program makes exactly one track of it.
    #[default]
    Single,
    /// Format 1, one track per clip; the first also carries tempo and meter, so that none is empty.
    Parallel,
}

/// How to write. The default suits one clip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions<'a> {
    /// MIDI channel 1..=16; `None` is 10 for drums and 1 for melodies.
    pub channel: Option<u8>,
    /// How tracks lie in the file.
    pub layout: Layout,
    /// Chord symbols over the clip, by tick; written as texts in the first track.
    pub chords: &'a [ChordMark],
}

/// Ticks per quarter note that DAWs know best. Finer ones are tried only if it cannot hold a clip's ticks.
const DIVISIONS: [u16; 6] = [960, 1920, 3840, 7680, 15_360, 30_720];

/// Velocity of note-offs.
const RELEASE: u8 = 64;

/// The bytes of a file with one clip: its name as the track name, its tempo if it has one, its meter, its notes
/// and its exact length; over it the chords of the options.
///
/// # Errors
/// [`MidiError::Unwritable`] if the clip's length is not positive or the channel is not 1..=16.
pub fn write_clip(clip: &Clip, options: WriteOptions<'_>) -> Result<Vec<u8>, MidiError> {
    write_tracks(std::slice::from_ref(clip), options)
}

/// The bytes of a format-1 file with one track per clip, all starting together. Tempo and meter are the first
/// clip's. Melodies take channels 1, 2, … in order (passing over 10), drums 10.
///
/// # Errors
/// [`MidiError::Unwritable`] if there is no clip or a length is not positive.
pub fn write_clips(clips: &[Clip]) -> Result<Vec<u8>, MidiError> {
    write_tracks(clips, WriteOptions { layout: Layout::Parallel, ..WriteOptions::default() })
}

fn write_tracks(clips: &[Clip], options: WriteOptions<'_>) -> Result<Vec<u8>, MidiError> {
    let bad = |what: &str| Err(MidiError::Unwritable(what.to_owned()));
    if clips.is_empty() {
        return bad("there is no clip");
    }
    if clips.iter().any(|c| c.length <= 0) {
        return bad("a clip has no length");
    }
    if options.channel.is_some_and(|c| !(1..=16).contains(&c)) {
        return bad("MIDI channels go from 1 to 16");
    }
    let mut chords: Vec<&ChordMark> =
        options.chords.iter().filter(|c| (0..clips[0].length).contains(&c.tick)).collect();
    chords.sort_by_key(|c| c.tick);
    let parts: Vec<Vec<Note>> = clips.iter().map(playable).collect();
    let times = || {
        let notes = parts.iter().flatten().flat_map(|n| [n.start, n.end()]);
        notes.chain(clips.iter().map(|c| c.length)).chain(chords.iter().map(|c| c.tick))
    };
    let fits = |division: &&u16| {
        let step = TICKS_PER_QUARTER / Ticks::from(**division);
        times().all(|t| t % step == 0)
    };
    // The last division is our own resolution, which holds every tick.
    let division = *DIVISIONS.iter().find(fits).unwrap_or(&DIVISIONS[DIVISIONS.len() - 1]);
    let mut melodies = (1u8..=16).filter(|&c| c != 10).cycle();
    let mut tracks = Vec::with_capacity(clips.len());
    for (i, (clip, notes)) in clips.iter().zip(&parts).enumerate() {
        let default = match clip.kind {
            ClipKind::Drums => 10,
            ClipKind::Melody => melodies.next().unwrap_or(1),
        };
        let channel = u4::from_int_lossy(options.channel.unwrap_or(default) - 1);
        let leads = (i == 0).then_some(chords.as_slice());
        tracks.push(track(clip, notes, leads, channel, TICKS_PER_QUARTER / Ticks::from(division)));
    }
    let format = match options.layout {
        Layout::Single => Format::SingleTrack,
        Layout::Parallel => Format::Parallel,
    };
    let header = Header::new(format, Timing::Metrical(u15::from_int_lossy(division)));
    let mut bytes = Vec::new();
    midly::write_std(&header, &tracks, &mut bytes).map_err(|e| MidiError::Unwritable(e.to_string()))?;
    Ok(bytes)
}

/// The clip's notes as MIDI can play them: within the clip, in range, no pitch overlapping itself; sorted.
fn playable(clip: &Clip) -> Vec<Note> {
    let in_range = clip.notes.iter().filter(|n| n.pitch < 128);
    let notes = in_range.map(|n| Note { velocity: n.velocity.clamp(1, 127), ..*n }).collect();
    let mut cut = Clip { notes, ..clip.clone() };
    cut.cut();
    cut.notes
}

/// Events of one track; of the first one, which `leads`, with tempo, meter and these chords. `step`: our ticks per
/// tick of the file.
fn track<'a>(
    clip: &'a Clip,
    notes: &[Note],
    leads: Option<&[&'a ChordMark]>,
    channel: u4,
    step: Ticks,
) -> Vec<TrackEvent<'a>> {
    let mut out = Out { events: Vec::with_capacity(2 * notes.len() + 4), tick: 0 };
    if !clip.name.is_empty() {
        out.meta(0, MetaMessage::TrackName(clip.name.as_bytes()));
    }
    if leads.is_some() {
        if let Some(qpm) = clip.tempo.filter(|q| q.is_finite() && *q > 0.0) {
            out.meta(0, MetaMessage::Tempo(u24::from_int_lossy(micros_per_quarter(qpm))));
        }
        let (numerator, denominator) = (clip.meter.numerator, clip.meter.denominator.max(1));
        // 24 MIDI clocks make a quarter note, so this many make a beat.
        let clocks = (96 / denominator).max(1);
        let power = u8::try_from(denominator.trailing_zeros()).unwrap_or(2);
        out.meta(0, MetaMessage::TimeSignature(numerator, power, clocks, 8));
    }
    // Note-offs go before note-ons of the same tick.
    let offs = notes.iter().map(|n| (n.end(), false, n.pitch, RELEASE));
    let mut edges: Vec<_> = notes.iter().map(|n| (n.start, true, n.pitch, n.velocity)).chain(offs).collect();
    edges.sort_unstable();
    let mut chords = leads.unwrap_or_default().iter().peekable();
    for (at, on, pitch, velocity) in edges {
        while let Some(chord) = chords.next_if(|c| c.tick <= at) {
            out.chord(chord, step);
        }
        let (key, vel) = (u7::from_int_lossy(pitch), u7::from_int_lossy(velocity));
        let message = if on { MidiMessage::NoteOn { key, vel } } else { MidiMessage::NoteOff { key, vel } };
        out.push(at / step, TrackEventKind::Midi { channel, message });
    }
    chords.for_each(|chord| out.chord(chord, step));
    out.meta(clip.length / step, MetaMessage::EndOfTrack);
    out.events
}

struct Out<'a> {
    events: Vec<TrackEvent<'a>>,
    tick: Ticks,
}

impl<'a> Out<'a> {
    fn push(&mut self, at: Ticks, kind: TrackEventKind<'a>) {
        const LONGEST: u32 = (1 << 28) - 1;
        // A rest too long for one event is filled up with empty texts, which nothing shows.
        while at - self.tick > Ticks::from(LONGEST) {
            let kind = TrackEventKind::Meta(MetaMessage::Text(b""));
            self.events.push(TrackEvent { delta: u28::from_int_lossy(LONGEST), kind });
            self.tick += Ticks::from(LONGEST);
        }
        let delta = u28::from_int_lossy(u32::try_from(at - self.tick).unwrap_or(0));
        self.events.push(TrackEvent { delta, kind });
        self.tick = at;
    }

    fn chord(&mut self, chord: &'a ChordMark, step: Ticks) {
        self.meta(chord.tick / step, MetaMessage::Text(chord.figure.as_bytes()));
    }

    fn meta(&mut self, at: Ticks, message: MetaMessage<'a>) {
        self.push(at, TrackEventKind::Meta(message));
    }
}
