//! [`Song`]: a file of music with its tracks, tempo and meter, and how one of its tracks becomes a [`Clip`].
//!
//! Any thread but the audio thread. Never reads or writes bytes: that is `midi`.

use super::{Clip, ClipKind, MeterMap, Note, Scale, TICKS_PER_QUARTER, TempoMap, Ticks};
use serde::{Deserialize, Serialize};

/// Notes of one track and channel of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// Name as the file has it; may be empty. [`Track::title`] never is.
    pub name: String,
    /// MIDI channel 1..=16.
    pub channel: u8,
    /// MIDI program 0..=127 that is set first, if any.
    pub program: Option<u8>,
    /// Drums or pitched, by channel, name and notes.
    pub kind: ClipKind,
    /// Sorted by (start, pitch), never empty.
    pub notes: Vec<Note>,
    /// Where the track ends, at or after its last note's end.
    pub end: Ticks,
}

/// How many notes sound together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texture {
    /// Drum sounds.
    Drums,
    /// One note at a time (short overlaps as in legato playing are allowed).
    Mono,
    /// Chords or several voices.
    Poly,
}

/// Which notes of a track become the clip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Voices {
    /// All.
    #[default]
    All,
    /// One at a time: the highest.
    TopLine,
}

/// Which stretch of a song becomes the clip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// What suits the file: all of a file with one track (a clip, whose rests are meant), the sounding bars of
    /// one track among several.
    #[default]
    Auto,
    /// From the song's start to the track's end.
    Whole,
    /// From the bar of the first note to the bar of the last one.
    Sounding,
}

/// A chord symbol over the music, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChordMark {
    /// From here on, until the next one.
    pub tick: Ticks,
    /// For example "Am7", "F#m7b5/C", or "N.C." for none. Nobody has checked that it can be read.
    pub figure: String,
}

impl ChordMark {
    /// Those of `marks` (by tick) that hold in the `length` ticks from `start` on, counted from there. A chord that
    /// holds there already is at tick 0.
    #[must_use]
    pub fn within(marks: &[Self], start: Ticks, length: Ticks) -> Vec<Self> {
        let first = marks.partition_point(|c| c.tick <= start).saturating_sub(1);
        let inside = marks[first..].iter().take_while(|c| c.tick < start.saturating_add(length));
        inside.map(|c| Self { tick: (c.tick - start).max(0), figure: c.figure.clone() }).collect()
    }
}

/// A file of music.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Song {
    /// Name of the piece; may be empty.
    pub name: String,
    /// Tracks that have notes, in the file's order; one per channel.
    pub tracks: Vec<Track>,
    /// The tempo over time. `None` if the file does not say.
    pub tempo: Option<TempoMap>,
    /// The meter over time; 4/4 if the file does not say.
    pub meters: MeterMap,
    /// End of the longest track.
    pub length: Ticks,
    /// What the musician should know, e.g. that some notes never ended.
    pub notices: Vec<String>,
    /// Chord symbols by tick, if the file has some.
    pub chords: Vec<ChordMark>,
    /// Key note (0 = C) and scale at the start, if a score says.
    pub key: Option<(u8, Scale)>,
    /// The length is meant to the tick: a whole track may end within a bar.
    pub exact_length: bool,
}

/// Onsets within this distance (a 64th note) count as struck together: played chords are never exact.
const TOGETHER: Ticks = TICKS_PER_QUARTER / 16;

/// Notes may overlap by this (a 32nd note) and still be one line: legato playing.
const LEGATO: Ticks = TICKS_PER_QUARTER / 8;

/// A held note may hang over a bar line by this (a 16th note) without making another bar.
const OVERHANG: Ticks = TICKS_PER_QUARTER / 4;

impl Track {
    /// The name, or one made from what is known.
    #[must_use]
    pub fn title(&self) -> String {
        match (self.name.trim(), self.kind) {
            ("", ClipKind::Drums) => "Drums".into(),
            ("", ClipKind::Melody) => format!("Channel {}", self.channel),
            (name, _) => name.into(),
        }
    }

    /// Drums, one line, or chords.
    #[must_use]
    pub fn texture(&self) -> Texture {
        match self.kind {
            ClipKind::Drums => Texture::Drums,
            // One stray double note in twenty does not make a chordal track.
            ClipKind::Melody if self.overlapped() * 20 <= self.notes.len() => Texture::Mono,
            ClipKind::Melody => Texture::Poly,
        }
    }

    /// The largest number of notes that sound at one time, counting only overlaps longer than legato playing.
    #[must_use]
    pub fn polyphony(&self) -> usize {
        let ends = self.notes.iter().map(|n| (released(n), 0, -1));
        let mut edges: Vec<_> = self.notes.iter().map(|n| (n.start, 1, 1)).chain(ends).collect();
        edges.sort_unstable();
        let (mut now, mut most) = (0i64, 0);
        for (_, _, change) in edges {
            now += change;
            most = most.max(now);
        }
        usize::try_from(most).unwrap_or(0).max(usize::from(!self.notes.is_empty()))
    }

    /// Number of notes that start while another sounds.
    fn overlapped(&self) -> usize {
        let mut until = Ticks::MIN;
        let starts_in_another = |n: &&Note| {
            let inside = n.start < until;
            until = until.max(released(n));
            inside
        };
        self.notes.iter().filter(starts_in_another).count()
    }

    /// What kind of part this is, from what the file tells: channel 10 is drums; DAWs export drum tracks on
    /// channel 1, too, so names count, and so do notes that only a drum kit would play.
    #[must_use]
    pub fn guess_kind(channel: u8, name: &str, notes: &[Note]) -> ClipKind {
        let name = name.to_lowercase();
        let named = |words: &[&str]| words.iter().any(|w| name.contains(w));
        let drums = channel == 10
            || named(&["drum", "perc", "beat", "groove", "kit ", "schlagzeug", "batter"])
            || (!named(&["bass", "piano", "keys", "lead", "synth", "guitar", "vocal"]) && plays_a_kit(notes));
        if drums { ClipKind::Drums } else { ClipKind::Melody }
    }
}

/// From when on another note may start without counting as sounding together with `note`.
fn released(note: &Note) -> Ticks {
    note.end() - LEGATO.min(note.length / 2)
}

/// Kick, snare and hi-hat, nothing outside a General MIDI kit, nothing held.
fn plays_a_kit(notes: &[Note]) -> bool {
    let any = |set: &[u8]| notes.iter().any(|n| set.contains(&n.pitch));
    any(&[35, 36])
        && any(&[37, 38, 39, 40])
        && any(&[42, 44, 46])
        && notes.iter().all(|n| (27..=87).contains(&n.pitch) && n.length <= TICKS_PER_QUARTER)
}

/// The highest notes, one at a time: of notes struck together the highest, none that starts below one that
/// still sounds. A note ends where the next one starts.
#[must_use]
pub fn top_line(notes: &[Note]) -> Vec<Note> {
    let mut sorted = notes.to_vec();
    sorted.sort_unstable();
    let mut line: Vec<Note> = Vec::new();
    for note in sorted {
        if let Some(top) = line.last_mut() {
            let below = note.pitch <= top.pitch;
            if note.start - top.start <= TOGETHER {
                if !below {
                    *top = Note { start: top.start, length: note.end() - top.start, ..note };
                }
                continue;
            }
            if below && note.start + LEGATO < top.end() {
                continue;
            }
            top.length = top.length.min(note.start - top.start);
        }
        line.push(note);
    }
    line
}

impl Song {
    /// Whether the tempo changes on the way.
    #[must_use]
    pub fn tempo_changes(&self) -> bool {
        self.tempo.as_ref().is_some_and(|t| t.segments().len() > 1)
    }

    /// The track that most likely is wanted for a drum or melody model. Of tracks of that kind, for drums the
    /// one with most notes; for melodies one in a singing range, with one note at a time, that plays through
    /// most of the song, or is named like a melody. If there is none of the kind, the best of all others; `None`
    /// only if there is no track.
    #[must_use]
    pub fn best_track(&self, kind: ClipKind) -> Option<usize> {
        let score = |t: &Track| match kind {
            ClipKind::Drums => t.notes.len() as f64,
            ClipKind::Melody => self.melody_score(t),
        };
        let best = |of_kind: bool| {
            let candidates = self.tracks.iter().enumerate().filter(|(_, t)| (t.kind == kind) == of_kind);
            // The first of equals.
            candidates.rev().max_by(|a, b| score(a.1).total_cmp(&score(b.1))).map(|(i, _)| i)
        };
        best(true).or_else(|| best(false))
    }

    /// The larger, the more a track looks like the tune.
    fn melody_score(&self, track: &Track) -> f64 {
        let count = track.notes.len().max(1) as f64;
        let name = track.name.to_lowercase();
        let named = |words: &[&str]| f64::from(u8::from(words.iter().any(|w| name.contains(w))));
        let tune = named(&["melod", "lead", "vocal", "voice", "vox", "sing", "solo", "theme", "tune"]);
        let ground = named(&["bass", "pad", "chord", "comp", "strings", "arp"]);
        let mean = track.notes.iter().map(|n| f64::from(n.pitch)).sum::<f64>() / count;
        let out_of_voice = ((54.0 - mean).max(mean - 84.0) / 12.0).clamp(0.0, 1.0);
        let one_line = 1.0 - (track.overlapped() as f64 / count).min(1.0);
        let mut bars: Vec<i64> = track.notes.iter().map(|n| self.meters.bar(n.start).0).collect();
        bars.dedup();
        let played = bars.len() as f64 / (self.meters.bar(self.length).0 + 1).max(1) as f64;
        let enough = (count / 16.0).min(1.0);
        2.0 * one_line + played.min(1.0) + enough + 2.0 * tune - 1.5 * ground - 1.5 * out_of_voice
    }

    /// Whether a span of a track is the whole of it, and where it begins.
    fn span_start(&self, track: &Track, span: Span) -> Option<(bool, Ticks)> {
        let whole = match span {
            Span::Auto => self.tracks.len() == 1,
            Span::Whole => true,
            Span::Sounding => false,
        };
        let first = track.notes.first()?.start;
        Some((whole, if whole { 0 } else { self.meters.bar(first).1 }))
    }

    /// The chord symbols over the first `length` ticks of the clip that [`Self::track_to_clip`] makes of a track,
    /// counted from the clip's start. A chord that holds there already is at tick 0. Empty if there are none.
    #[must_use]
    pub fn track_chords(&self, index: usize, span: Span, length: Ticks) -> Vec<ChordMark> {
        let Some((_, start)) = self.tracks.get(index).and_then(|track| self.span_start(track, span)) else {
            return Vec::new();
        };
        ChordMark::within(&self.chords, start, length)
    }

    /// A track as a clip of whole bars (or as it is, if its length is meant exactly). Beats stay beats whatever the tempo does; the clip's tempo is the one
    /// at its start. Its meter is the one at its start, too. `None` if there is no such track.
    #[must_use]
    pub fn track_to_clip(&self, index: usize, voices: Voices, span: Span) -> Option<Clip> {
        let track = self.tracks.get(index)?;
        let notes = match voices {
            Voices::All => track.notes.clone(),
            Voices::TopLine => top_line(&track.notes),
        };
        let (whole, start) = self.span_start(track, span)?;
        let meter = self.meters.at(start).meter;
        let bar = meter.bar_ticks();
        let last_onset = notes.iter().map(|n| n.start).max()?;
        let last_end = notes.iter().map(Note::end).max()?;
        let mut end = (last_onset + 1).max(last_end - OVERHANG);
        if whole {
            end = end.max(track.end.saturating_sub(OVERHANG));
        }
        let bars = (end - start + bar - 1).div_euclid(bar).max(1);
        let length = if whole && self.exact_length { track.end.max(last_onset + 1) } else { bars * bar };
        let moved = |n: &Note| {
            let start = n.start - start;
            Note { start, length: n.length.min(length - start), ..*n }
        };
        let mut clip = Clip {
            name: track.title(),
            kind: track.kind,
            notes: notes.iter().map(moved).collect(),
            length,
            meter,
            tempo: self.tempo.as_ref().map(|t| t.at(start).qpm()),
        };
        clip.normalise();
        Some(clip)
    }
}

#[cfg(test)]
#[path = "song_tests.rs"]
mod tests;
