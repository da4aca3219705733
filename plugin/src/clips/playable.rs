//! A clip made ready for the audio thread, when it begins, and its place on the timeline.
//!
//! Made on worker or window, read on the audio thread. Plain data and arithmetic.

use super::timeline::Grid;
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{Clip, ClipKind, Note, TICKS_PER_QUARTER, Ticks};
use descant_core::tool::trio;
use std::sync::Arc;

/// Shortest repeat: keeps the number of repeats in a block small.
const SHORTEST: Ticks = TICKS_PER_QUARTER / 64;

/// A clip made ready for the audio thread.
#[derive(Debug, PartialEq)]
pub struct Playable {
    /// Take that it was made of.
    pub take: u64,
    /// Sorted by start.
    pub(super) notes: Box<[Note]>,
    /// At least [`SHORTEST`].
    length: Ticks,
    /// Where it begins within its take.
    offset: Ticks,
    /// Drums or pitched.
    pub kind: ClipKind,
    /// What each pitch sounds like in the audition; `None`: like itself.
    sounds: Option<Box<[u8; 128]>>,
    /// Of a morph: its other places in order, `notes` being the first. Places whose notes are those of the one before
    /// are `None`.
    further: Box<[Option<Box<[Note]>>]>,
    /// Of a pad: places in a row; 0 for anything else.
    across: usize,
    /// Of a trio: whose each note is; empty for anything else.
    parts: Box<[u8]>,
}

/// Who plays a note: what decides its channel and its sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A melody.
    Melody,
    /// The bass of a trio.
    Bass,
    /// Drums.
    Drums,
}

/// Number that stands for the morph where a take's number is expected; takes count from 1.
pub const MORPH: u64 = 0;
/// The same for the pad.
pub const PAD: u64 = u64::MAX;

/// Where the parameters stand that choose among the clips of a morph or a pad: all 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spot {
    /// From A to B.
    pub morph: f32,
    /// From left to right, from the lowest row up.
    pub pad: (f32, f32),
}

impl Playable {
    /// Keeps what can be played: pitches to 127, onsets within the clip.
    #[must_use]
    pub fn new(clip: &Clip, take: u64) -> Self {
        let length = clip.length.max(SHORTEST);
        let mut notes: Vec<Note> = clip
            .notes
            .iter()
            .filter(|n| n.pitch < 128 && (0..length).contains(&n.start))
            .map(|n| Note { length: n.length.max(1), velocity: n.velocity.clamp(1, 127), ..*n })
            .collect();
        notes.sort_unstable();
        Self {
            take,
            notes: notes.into_boxed_slice(),
            length,
            offset: 0,
            kind: clip.kind,
            sounds: None,
            further: Box::default(),
            across: 0,
            parts: Box::default(),
        }
    }

    /// The parts of a trio, of one length, that are heard.
    #[must_use]
    pub fn trio(clips: [&Clip; 3], take: u64, heard: impl Fn(usize) -> bool, kit: &DrumMap) -> Self {
        let drums = Self::on_kit(clips[trio::DRUMS], take, 0, kit);
        let mut all: Vec<(Note, u8)> = Vec::new();
        for (part, clip) in clips.into_iter().enumerate().filter(|(part, _)| heard(*part)) {
            let notes = if part == trio::DRUMS { drums.notes.clone() } else { Self::new(clip, take).notes };
            all.extend(notes.iter().map(|note| (*note, part as u8)));
        }
        all.sort_unstable();
        let (notes, parts): (Vec<Note>, Vec<u8>) = all.into_iter().unzip();
        Self { notes: notes.into(), parts: parts.into(), kind: ClipKind::Melody, ..drums }
    }

    /// Who plays the note of that number.
    pub(super) fn who(&self, index: usize) -> Who {
        match (self.parts.get(index).map(|&part| usize::from(part)), self.kind) {
            (Some(trio::DRUMS), _) | (None, ClipKind::Drums) => Who::Drums,
            (Some(trio::BASS), _) => Who::Bass,
            _ => Who::Melody,
        }
    }

    /// Clips of one length and kind, from which the player chooses by the place of the morph; `None` without a clip.
    #[must_use]
    pub fn morph<'c>(clips: impl IntoIterator<Item = &'c Clip>, kit: &DrumMap) -> Option<Self> {
        Self::several(clips, (MORPH, 0), kit)
    }

    /// The same by the place on a pad, which has `across` of the clips in a row, the lowest first.
    #[must_use]
    pub fn pad<'c>(clips: impl IntoIterator<Item = &'c Clip>, across: usize, kit: &DrumMap) -> Option<Self> {
        Self::several(clips, (PAD, across), kit)
    }

    fn several<'c>(
        clips: impl IntoIterator<Item = &'c Clip>,
        (take, across): (u64, usize),
        kit: &DrumMap,
    ) -> Option<Self> {
        let mut clips = clips.into_iter();
        let first = Self::on_kit(clips.next()?, take, 0, kit);
        let mut before = first.notes.clone();
        let further = clips.map(|clip| {
            let notes = Self::new(&kit.played(clip), take).notes;
            let new = notes != before;
            before.clone_from(&notes);
            new.then_some(notes)
        });
        let further = further.collect();
        Some(Self { further, across, ..first })
    }

    /// Number of the nearest place: equal neighbours are one.
    #[must_use]
    pub fn nearest(&self, spot: Spot) -> usize {
        let index = |share: f32, last: usize| (share.clamp(0.0, 1.0) * last as f32).round() as usize;
        let nearest = match self.across {
            0 => index(spot.morph, self.further.len()),
            across => {
                let rows = (self.further.len() + 1) / across;
                index(spot.pad.1, rows.saturating_sub(1)) * across + index(spot.pad.0, across - 1)
            }
        };
        let new = |i: &usize| *i == 0 || self.further.get(*i - 1).is_some_and(Option::is_some);
        (0..=nearest.min(self.further.len())).rev().find(new).unwrap_or(0)
    }

    /// Notes of the place of that number, sorted by start.
    #[must_use]
    pub fn notes_at(&self, number: usize) -> &[Note] {
        let further = number.checked_sub(1).and_then(|i| self.further.get(i)?.as_deref());
        further.unwrap_or(&self.notes)
    }

    /// The clip is the part of its take from `offset` on.
    #[must_use]
    pub fn part(clip: &Clip, take: u64, offset: Ticks) -> Self {
        Self { offset, ..Self::new(clip, take) }
    }

    /// As [`Self::part`], its drums sent out as `kit` plays them. The audition plays what they mean.
    #[must_use]
    pub fn on_kit(clip: &Clip, take: u64, offset: Ticks, kit: &DrumMap) -> Self {
        let sounds = || Box::new(std::array::from_fn(|pitch| kit.sound(pitch as u8)));
        let sounds = (clip.kind == ClipKind::Drums).then(sounds);
        Self { sounds, ..Self::part(&kit.played(clip), take, offset) }
    }

    /// The pitch that the audition plays for one that is sent out.
    #[must_use]
    pub fn sound(&self, who: Who, pitch: u8) -> u8 {
        let sounds = self.sounds.as_ref().filter(|_| who == Who::Drums);
        let sound = sounds.and_then(|sounds| sounds.get(usize::from(pitch)));
        sound.copied().unwrap_or(pitch)
    }

    /// Length in ticks after which the clip repeats.
    #[must_use]
    pub fn length(&self) -> Ticks {
        self.length
    }
}

/// When a clip begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the next block, in step with the song.
    Now,
    /// At the next swap point, in step with the song.
    #[default]
    SwapPoint,
    /// With its first tick on the bar line at which the clip that plays has come to its end; with none, on the next
    /// bar line.
    ClipEnd,
    /// With its first tick on the first bar line from `line` on, and once. Void after a start, stop, jump or loop
    /// end.
    Answer {
        /// Not before this song position.
        line: Ticks,
        /// See [`super::timeline::Plan::epoch`].
        epoch: u32,
    },
    /// Never: the answer that was to start from `line` on is not wanted, and what else plays goes on.
    Withdraw {
        /// Bar line of the answer.
        line: Ticks,
    },
}

impl Start {
    /// Whether it is about an answer: such a clip is never repeated.
    #[must_use]
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Answer { .. } | Self::Withdraw { .. })
    }
}

/// A clip in its place on the timeline.
#[derive(Debug)]
pub(super) struct Placed {
    pub clip: Arc<Playable>,
    /// Song position of the clip's first tick. `None`: in step with the song's bar lines.
    origin: Option<Ticks>,
    once: bool,
    /// It is silent from now on.
    over: bool,
    /// Of a morph: number of the place that plays.
    pub number: usize,
}

impl Placed {
    /// `line`: where the clip's first tick lies; `once`: it does not repeat.
    pub fn new(clip: Arc<Playable>, line: Option<Ticks>, once: bool) -> Self {
        Self { clip, origin: line, once, over: false, number: 0 }
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.over = true;
    }

    /// Ends it unless it repeats.
    pub fn end_if_once(&mut self) {
        self.over |= self.once;
    }

    /// Ends it if it began at `line` or later and does not repeat.
    pub fn withdraw(&mut self, line: Ticks) {
        self.over |= self.once && self.origin >= Some(line);
    }

    /// Whether it does not repeat.
    pub fn is_once(&self) -> bool {
        self.once
    }

    fn origin(&self, grid: Grid) -> Ticks {
        self.origin.unwrap_or(grid.phase)
    }

    /// Position in the clip at a song position.
    pub fn local(&self, song: Ticks, grid: Grid) -> Ticks {
        (song - self.origin(grid)).rem_euclid(self.clip.length)
    }

    /// Position in its take at a song position; `None` when it is over.
    pub fn in_take(&self, song: Ticks, grid: Grid) -> Option<Ticks> {
        (song < self.last_end()).then(|| self.clip.offset + self.local(song, grid))
    }

    /// Onsets from this song position on are not played.
    pub fn last_end(&self) -> Ticks {
        match (self.over, self.once, self.origin) {
            (true, ..) => Ticks::MIN,
            (false, true, Some(origin)) => origin + self.clip.length,
            _ => Ticks::MAX,
        }
    }

    /// The first end of the clip after a song position; the position itself if it is over, or if the clip just ends
    /// there.
    pub fn next_end(&self, song: Ticks, grid: Grid) -> Ticks {
        if song >= self.last_end() {
            return song;
        }
        let origin = self.origin(grid);
        match (song - origin).rem_euclid(self.clip.length) {
            0 if song > origin => song,
            local => song - local + self.clip.length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::tool::Mix;

    #[test]
    fn a_trio_knows_who_plays_each_note() {
        let clip = |kind, pitch, starts: &[Ticks]| Clip {
            kind,
            length: 4 * TICKS_PER_QUARTER,
            notes: starts.iter().map(|&start| Note { start, pitch, length: 10, velocity: 90 }).collect(),
            ..Clip::default()
        };
        let melody = clip(ClipKind::Melody, 72, &[0, 100]);
        let bass = clip(ClipKind::Melody, 36, &[0, 50]);
        let drums = clip(ClipKind::Drums, 36, &[0, 100]);
        let mut kit = DrumMap::default();
        kit.set_output(0, 24).expect("free");
        let heard = |mix: Mix| {
            let trio = Playable::trio([&melody, &bass, &drums], 7, |part| mix.hears(part), &kit);
            let notes = trio.notes.iter().enumerate();
            notes
                .map(|(i, n)| (n.start, n.pitch, trio.who(i), trio.sound(trio.who(i), n.pitch)))
                .collect::<Vec<_>>()
        };
        let all = [
            (0, 24, Who::Drums, 36),
            (0, 36, Who::Bass, 36),
            (0, 72, Who::Melody, 72),
            (50, 36, Who::Bass, 36),
            (100, 24, Who::Drums, 36),
            (100, 72, Who::Melody, 72),
        ];
        assert_eq!(heard(Mix::default()), all);
        let solo = heard(Mix { solo: [false, true, false], ..Mix::default() });
        assert_eq!(solo, [all[1], all[3]]);
        assert_eq!(heard(Mix { muted: [true; 3], ..Mix::default() }), []);
    }
}
