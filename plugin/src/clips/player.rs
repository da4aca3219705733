//! The sample-accurate clip player.
//!
//! Runs on the audio thread. Turns the shown take into note events on the host's timeline: the take repeats on
//! its own length from bar lines, starts anywhere, follows loops and jumps, and swaps to a new take at a swap
//! point, at the end of the clip that plays, or on a bar line to play it once ([`Start`]). A note that was switched on is switched off, whatever happens. Never allocates, locks or frees: a clip
//! that is no longer needed waits in a slot until the caller takes it away.

use super::playable::{MORPH, PAD, Placed, Playable, Spot, Start, Who};
use super::timeline::{Cause, Grid, Plan, Segment};
use crate::bridge::Sounding;
use descant_core::music::{TICKS_PER_QUARTER, Ticks};
use std::sync::Arc;

/// Notes that may sound at once. More are not switched on.
pub const MAX_VOICES: usize = 256;
/// Where a host lands this little before a bar line, it means the line.
const NEARLY: Ticks = TICKS_PER_QUARTER / 64;
/// When a new take starts to sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quantum {
    /// At the next sample.
    Now,
    /// At the next beat.
    Beat,
    /// At the next bar line.
    #[default]
    Bar,
}

/// How to play a block.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The player is switched on and not bypassed.
    pub on: bool,
    /// When a new take starts to sound.
    pub quantum: Quantum,
    /// Where notes leave.
    pub channels: Channels,
    /// Place of the morph and on the pad.
    pub spot: Spot,
}

/// MIDI channels 0..=15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Of melodies.
    pub melodies: u8,
    /// Of the bass of a trio.
    pub bass: u8,
    /// Of drums.
    pub drums: u8,
}

impl Channels {
    /// From 1, in the order of a trio's parts.
    #[must_use]
    pub fn numbers(self) -> [u8; 3] {
        [self.melodies, self.bass, self.drums].map(|channel| channel + 1)
    }

    fn of(self, who: Who) -> u8 {
        let channel = match who {
            Who::Melody => self.melodies,
            Who::Bass => self.bass,
            Who::Drums => self.drums,
        };
        channel & 15
    }
}

/// A note event with its sample within the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Sample within the block.
    pub sample: u32,
    /// MIDI channel 0..=15.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// What the audition plays.
    pub sound: u8,
    /// Whether that is a drum.
    pub drum: bool,
    /// 1..=127 for on, `None` for off.
    pub velocity: Option<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    channel: u8,
    pitch: u8,
    sound: u8,
    drum: bool,
    /// Sample on the player's clock at which the note ends. Counted in samples when the note begins, so that no
    /// change of tempo, loop or clip can strand it.
    off_at: u64,
    /// The host had no room for the note-off: try again at the start of the next block.
    stuck: bool,
}

impl Voice {
    fn event(&self, sample: u32, velocity: Option<u8>) -> Event {
        let Self { channel, pitch, sound, drum, .. } = *self;
        Event { sample, channel, pitch, sound, drum, velocity }
    }
}

struct Pending {
    clip: Option<Arc<Playable>>,
    start: Start,
    /// It will never start; it waits to be taken away with the next clip.
    void: bool,
}

/// See the file's head.
pub struct Player {
    clip: Option<Placed>,
    pending: Option<Pending>,
    retired: Option<Arc<Playable>>,
    voices: [Voice; MAX_VOICES],
    sounding: usize,
    /// Samples since the player was made, at the start of the block.
    clock: u64,
    /// Onsets before this song position are done. Never moved back except by a start, jump or wrap: an onset is
    /// struck once however often the host corrects its position.
    frontier: Ticks,
    running: bool,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            clip: None,
            pending: None,
            retired: None,
            voices: [Voice::default(); MAX_VOICES],
            sounding: 0,
            clock: 0,
            frontier: 0,
            running: false,
        }
    }
}

impl Player {
    /// Gives the player its next clip (`None`: silence). Returns a clip that was waiting and is not needed any more.
    /// Call only when [`Player::take_retired`] has been emptied.
    pub fn set_clip(&mut self, clip: Option<Arc<Playable>>, start: Start) -> Option<Arc<Playable>> {
        let void = if let Start::Withdraw { line } = start {
            self.clip.iter_mut().for_each(|placed| placed.withdraw(line));
            true
        } else {
            false
        };
        self.pending.replace(Pending { clip, start, void }).and_then(|p| p.clip)
    }

    /// The clip that was replaced in the last block, to be freed elsewhere.
    pub fn take_retired(&mut self) -> Option<Arc<Playable>> {
        self.retired.take()
    }

    /// Position in its take of the clip that plays.
    #[must_use]
    pub fn playhead(&self, song: Ticks, grid: Grid) -> Option<Ticks> {
        self.clip.as_ref().and_then(|placed| placed.in_take(song, grid))
    }

    /// The clip that plays, counted in bars.
    #[must_use]
    pub fn now_playing(&self, song: Ticks, grid: Grid) -> Option<Sounding> {
        let placed = self.clip.as_ref().filter(|placed| song < placed.last_end())?;
        let bar = grid.meter.bar_ticks();
        Some(Sounding {
            take: placed.clip.take,
            once: placed.is_once(),
            bar: placed.local(song, grid) / bar,
            of: (placed.clip.length() + bar - 1) / bar,
        })
    }

    /// Whether a clip waits for its start.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.pending.as_ref().is_some_and(|p| !p.void)
    }

    /// [`MORPH`] or [`PAD`], if one of them plays or will next.
    #[must_use]
    pub fn ahead(&self) -> Option<u64> {
        let next = self.pending.as_ref().filter(|p| !p.void).map(|p| p.clip.as_ref());
        let clip = next.unwrap_or(self.clip.as_ref().map(|placed| &placed.clip))?;
        Some(clip.take).filter(|take| [MORPH, PAD].contains(take))
    }

    /// Silence at once, until another clip comes.
    pub fn panic(&mut self, emit: &mut impl FnMut(Event) -> bool) {
        self.release_all(0, emit);
        self.clip.iter_mut().for_each(Placed::end);
        self.pending.iter_mut().for_each(|p| p.void = true);
    }

    /// Notes that are on.
    #[must_use]
    pub fn sounding(&self) -> usize {
        self.sounding
    }

    /// Plays one block of `frames` samples. `emit` returns `false` when the host's buffer is full. Events come
    /// sorted by sample.
    pub fn process(
        &mut self,
        plan: &Plan,
        frames: u32,
        settings: Settings,
        emit: &mut impl FnMut(Event) -> bool,
    ) {
        self.retry_stuck(emit);
        if !plan.running {
            if self.running {
                self.release_all(0, emit);
            }
            self.finish_offs(0, frames, emit);
            self.end_answers();
            if self.pending.as_ref().is_some_and(|p| p.start != Start::ClipEnd) {
                self.swap(0, None, settings.spot, emit);
            }
        } else {
            if !settings.on {
                self.release_all(0, emit);
            }
            for (index, segment) in plan.segments().iter().enumerate() {
                self.play_segment(segment, plan.epoch.wrapping_add(index as u32), plan.grid, settings, emit);
            }
        }
        self.running = plan.running;
        self.clock += u64::from(frames);
    }

    fn play_segment(
        &mut self,
        segment: &Segment,
        epoch: u32,
        grid: Grid,
        settings: Settings,
        emit: &mut impl FnMut(Event) -> bool,
    ) {
        if segment.cause != Cause::Continue {
            self.release_all(segment.start, emit);
            // After a wrap the loop's first tick is struck even if its place falls between two samples.
            self.frontier = segment.floor.unwrap_or_else(|| segment.first_tick(segment.start));
            self.end_answers();
            // A loop may never reach the next bar line: its start is a swap point as well.
            let starts_at_line = self.pending.as_ref().is_some_and(|p| p.start == Start::ClipEnd);
            let line = starts_at_line.then(|| grid.line_before(self.frontier + NEARLY));
            self.swap(segment.start, line, settings.spot, emit);
            self.clip.iter_mut().for_each(|placed| placed.number = placed.clip.nearest(settings.spot));
        }
        let mut start = segment.start;
        while start < segment.end {
            let mut end = segment.end;
            if let Some((at, line)) = self.swap_point(segment, epoch, grid, settings.quantum, start) {
                if at <= start {
                    self.swap(start, line, settings.spot, emit);
                } else {
                    end = end.min(at);
                }
            }
            if let Some((at, number)) = self.turn_point(segment, grid, settings, start) {
                if at <= start {
                    self.release_all(start, emit);
                    self.clip.iter_mut().for_each(|placed| placed.number = number);
                } else {
                    end = end.min(at);
                }
            }
            let mut until = segment.first_tick(end);
            if let Some(ceiling) = segment.ceiling {
                until = until.min(ceiling);
            }
            if settings.on {
                self.play(segment, grid, settings, start..end, until, emit);
            }
            self.finish_offs(start, end, emit);
            self.frontier = self.frontier.max(until);
            start = end;
        }
    }

    /// Strikes the onsets from the frontier to `until`, with the note-offs that fall before each of them.
    fn play(
        &mut self,
        segment: &Segment,
        grid: Grid,
        settings: Settings,
        samples: std::ops::Range<u32>,
        until: Ticks,
        emit: &mut impl FnMut(Event) -> bool,
    ) {
        // The clip is moved out so that the voices can be changed while its notes are read; no count changes.
        let Some(placed) = self.clip.take() else { return };
        let (clip, until) = (&placed.clip, until.min(placed.last_end()));
        let notes = clip.notes_at(placed.number);
        let local = placed.local(self.frontier, grid);
        let mut base = self.frontier - local;
        let mut index = notes.partition_point(|n| n.start < local);
        while base < until && !notes.is_empty() {
            let Some(note) = notes.get(index) else {
                base += clip.length();
                index = 0;
                continue;
            };
            let tick = base + note.start;
            if tick >= until {
                break;
            }
            let who = clip.who(index);
            index += 1;
            let at = segment.sample(tick).clamp(i64::from(samples.start), i64::from(samples.end) - 1) as u32;
            let lasts = (segment.sample(tick + note.length) - segment.sample(tick)).max(1);
            self.finish_offs(samples.start, at + 1, emit);
            let voice = Voice {
                channel: settings.channels.of(who),
                pitch: note.pitch,
                sound: clip.sound(who, note.pitch),
                drum: who == Who::Drums,
                ..Voice::default()
            };
            self.strike(at, voice, note.velocity, lasts as u64, emit);
        }
        self.clip = Some(placed);
    }

    fn strike(
        &mut self,
        sample: u32,
        voice: Voice,
        velocity: u8,
        samples: u64,
        emit: &mut impl FnMut(Event) -> bool,
    ) {
        let same = |v: &Voice| v.channel == voice.channel && v.pitch == voice.pitch;
        if let Some(index) = self.voices[..self.sounding].iter().position(same)
            && !self.end_voice(index, sample, emit)
        {
            return; // no room even for the note-off: leave the key alone
        }
        if self.sounding == MAX_VOICES {
            return;
        }
        if emit(voice.event(sample, Some(velocity))) {
            let off_at = self.clock + u64::from(sample) + samples;
            self.voices[self.sounding] = Voice { off_at, ..voice };
            self.sounding += 1;
        }
    }

    /// Ends the notes due before `end`, in order of time and pitch.
    fn finish_offs(&mut self, start: u32, end: u32, emit: &mut impl FnMut(Event) -> bool) {
        loop {
            let limit = self.clock + u64::from(end);
            let due = (0..self.sounding)
                .filter(|&i| !self.voices[i].stuck && self.voices[i].off_at < limit)
                .min_by_key(|&i| (self.voices[i].off_at, self.voices[i].pitch, self.voices[i].channel));
            let Some(index) = due else { return };
            let sample = self.voices[index].off_at.saturating_sub(self.clock).max(u64::from(start));
            self.end_voice(index, sample as u32, emit);
        }
    }

    fn release_all(&mut self, sample: u32, emit: &mut impl FnMut(Event) -> bool) {
        for index in (0..self.sounding).rev() {
            if !self.voices[index].stuck {
                self.end_voice(index, sample, emit);
            }
        }
    }

    fn retry_stuck(&mut self, emit: &mut impl FnMut(Event) -> bool) {
        for index in (0..self.sounding).rev() {
            if self.voices[index].stuck {
                self.end_voice(index, 0, emit);
            }
        }
    }

    /// `false`: the host refused; the voice stays and is tried again.
    fn end_voice(&mut self, index: usize, sample: u32, emit: &mut impl FnMut(Event) -> bool) -> bool {
        if emit(self.voices[index].event(sample, None)) {
            self.sounding -= 1;
            self.voices[index] = self.voices[self.sounding];
            true
        } else {
            self.voices[index].stuck = true;
            false
        }
    }

    /// Takes up the waiting clip, if there is one; its first tick lies at `line`, if that is given.
    fn swap(&mut self, sample: u32, line: Option<Ticks>, spot: Spot, emit: &mut impl FnMut(Event) -> bool) {
        if self.pending.as_ref().is_none_or(|p| p.void) {
            return;
        }
        let Some(pending) = self.pending.take() else { return };
        self.release_all(sample, emit);
        debug_assert!(self.retired.is_none(), "one swap per block, and the caller empties the slot");
        let once = pending.start.is_answer();
        let placed = pending.clip.map(|clip| {
            let number = clip.nearest(spot);
            let mut placed = Placed::new(clip, line, once);
            placed.number = number;
            placed
        });
        self.retired = std::mem::replace(&mut self.clip, placed).map(|old| old.clip);
        if let Some(line) = line {
            self.frontier = self.frontier.max(line);
        }
    }

    /// Time was broken: an answer that sounds ends, and one that waits never starts.
    fn end_answers(&mut self) {
        self.clip.iter_mut().for_each(Placed::end_if_once);
        let answers = self.pending.iter_mut().filter(|p| p.start.is_answer());
        answers.for_each(|p| p.void = true);
    }

    /// Where a morph turns to another of its places, as a sample of the block that may lie after it, and to which.
    fn turn_point(
        &self,
        segment: &Segment,
        grid: Grid,
        settings: Settings,
        start: u32,
    ) -> Option<(u32, usize)> {
        let placed = self.clip.as_ref()?;
        let number = placed.clip.nearest(settings.spot);
        (number != placed.number).then(|| (swap_sample(segment, grid, settings.quantum, start), number))
    }

    /// Where the waiting clip starts, as a sample of the block that may lie after it, with the bar line on which its
    /// first tick then lies.
    fn swap_point(
        &mut self,
        segment: &Segment,
        epoch: u32,
        grid: Grid,
        quantum: Quantum,
        start: u32,
    ) -> Option<(u32, Option<Ticks>)> {
        let pending = self.pending.as_mut().filter(|p| !p.void)?;
        let here = segment.first_tick(start);
        let line = match pending.start {
            Start::Withdraw { .. } => return None,
            Start::Now => return Some((start, None)),
            Start::SwapPoint => return Some((swap_sample(segment, grid, quantum, start), None)),
            Start::Answer { epoch: of, .. } if of != epoch => {
                pending.void = true;
                return None;
            }
            Start::Answer { line, .. } => grid.line_from(here.max(line)),
            Start::ClipEnd => grid.line_from(self.clip.as_ref().map_or(here, |c| c.next_end(here, grid))),
        };
        let sample = segment.sample(line).max(i64::from(start));
        Some((u32::try_from(sample).unwrap_or(u32::MAX), Some(line)))
    }
}

/// Next swap point at or after `start`, as a sample of the block; may lie after the block.
fn swap_sample(segment: &Segment, grid: Grid, quantum: Quantum, start: u32) -> u32 {
    let unit = match quantum {
        Quantum::Now => return start,
        Quantum::Beat => grid.meter.beat_ticks(),
        Quantum::Bar => grid.meter.bar_ticks(),
    };
    let from = segment.first_tick(start) - grid.phase;
    let boundary = from.div_euclid(unit) * unit + if from.rem_euclid(unit) == 0 { 0 } else { unit };
    let sample = segment.sample(boundary + grid.phase).max(i64::from(start));
    u32::try_from(sample).unwrap_or(u32::MAX)
}
