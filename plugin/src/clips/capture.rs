//! The rolling capture: what was played in lately, as a clip on the host's grid.
//!
//! Runs on the worker. Keeps raw events with their song positions, so that micro-timing survives; decides about
//! bars only when a clip is asked for. Never hears the plugin's own notes.

use crate::bridge::Played;
use descant_core::music::{Clip, ClipKind, Note, TICKS_PER_QUARTER, Ticks};
use std::collections::VecDeque;

/// Bars that are kept.
pub const MAX_BARS: Ticks = 16;
/// Events that are kept: far more than anybody plays in 16 bars.
const MAX_EVENTS: usize = 8192;
/// A note played this little before a bar line was meant for it.
pub const EARLY: Ticks = TICKS_PER_QUARTER / 8;

/// See the file's head.
#[derive(Debug, Default)]
pub struct Capture {
    events: VecDeque<Played>,
}

impl Capture {
    /// Adds an event in the order of playing.
    pub fn add(&mut self, event: Played) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The newest stretch without a start, stop, jump or loop end that holds notes.
    fn stretch(&self) -> Option<impl Iterator<Item = &Played> + Clone> {
        let epoch = self.events.iter().rev().find(|e| e.velocity.is_some())?.epoch;
        Some(self.events.iter().filter(move |e| e.epoch == epoch))
    }

    /// Whole bars that [`Capture::clip`] would give.
    #[must_use]
    pub fn bars(&self) -> u32 {
        self.frame().map_or(0, |f| u32::try_from(f.bars).unwrap_or(0))
    }

    fn frame(&self) -> Option<Frame> {
        let stretch = self.stretch()?;
        let mut onsets = stretch.filter(|e| e.velocity.is_some());
        let first = onsets.next()?;
        let last = onsets.last().unwrap_or(first);
        let bar = last.grid.meter.bar_ticks();
        let phase = last.grid.phase;
        let first_tick = first.tick.round() as Ticks;
        let last_tick = last.tick.round() as Ticks;
        // Without a running host there are no bar lines: the first note makes one.
        let mut origin = if last.running {
            (first_tick + EARLY - phase).div_euclid(bar) * bar + phase
        } else {
            first_tick
        };
        let mut bars = (last_tick - origin).max(0) / bar + 1;
        if bars > MAX_BARS {
            origin += (bars - MAX_BARS) * bar;
            bars = MAX_BARS;
        }
        Some(Frame { origin, bars, bar })
    }

    /// What was played, from bar line to bar line. `kind`: what the musician is working on; notes on channel 10
    /// are drums in any case. `None` when nothing was played.
    #[must_use]
    pub fn clip(&self, kind: ClipKind) -> Option<Clip> {
        self.cut(&self.frame()?, kind)
    }

    /// What was played in the bars from song position `from` to `to`, at most the last [`MAX_BARS`] of them, if that
    /// is in the newest stretch.
    #[must_use]
    pub fn between(&self, from: Ticks, to: Ticks, kind: ClipKind) -> Option<Clip> {
        let bar = self.stretch()?.last()?.grid.meter.bar_ticks();
        let bars = ((to - from) / bar).min(MAX_BARS);
        self.cut(&Frame { origin: to - bars * bar, bars, bar }, kind)
    }

    fn cut(&self, frame: &Frame, kind: ClipKind) -> Option<Clip> {
        let &Frame { origin, bars, bar } = frame;
        let stretch = self.stretch()?;
        let length = bars * bar;
        let mut notes: Vec<Note> = Vec::new();
        let mut open: Vec<(u8, usize)> = Vec::new();
        let (mut drums, mut last) = (0, None);
        for event in stretch.clone() {
            last = Some(event);
            let at = event.tick.round() as Ticks - origin;
            let key = |o: &(u8, usize)| o.0 == event.channel && notes[o.1].pitch == event.pitch;
            if let Some(place) = open.iter().position(key) {
                let (_, note) = open.swap_remove(place);
                notes[note].length = (at - notes[note].start).max(1);
            }
            if let Some(velocity) = event.velocity
                && (-EARLY..length).contains(&at)
            {
                drums += usize::from(event.channel == 9);
                open.push((event.channel, notes.len()));
                let velocity = velocity.clamp(1, 127);
                notes.push(Note {
                    start: at.max(0),
                    pitch: event.pitch,
                    length: TICKS_PER_QUARTER,
                    velocity,
                });
            }
        }
        let last = last?;
        let kind = if drums * 2 > notes.len() { ClipKind::Drums } else { kind };
        let mut clip = Clip {
            name: "Played in".into(),
            kind,
            notes,
            length,
            meter: last.grid.meter,
            tempo: Some(last.tempo),
        };
        for note in &mut clip.notes {
            note.length = note.length.min(length - note.start).max(1);
        }
        clip.normalise();
        (!clip.notes.is_empty()).then_some(clip)
    }
}

struct Frame {
    origin: Ticks,
    bars: Ticks,
    bar: Ticks,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clips::timeline::Grid;
    use descant_core::music::Meter;

    const Q: Ticks = TICKS_PER_QUARTER;

    fn event(tick: Ticks, pitch: u8, on: bool) -> Played {
        Played {
            tick: tick as f64,
            epoch: 1,
            running: true,
            channel: 0,
            pitch,
            velocity: on.then_some(90),
            grid: Grid::default(),
            tempo: 97.5,
        }
    }

    fn note(capture: &mut Capture, start: Ticks, length: Ticks, pitch: u8) {
        capture.add(event(start, pitch, true));
        capture.add(event(start + length, pitch, false));
    }

    #[test]
    fn a_swung_phrase_keeps_its_micro_timing_and_its_bars() {
        let mut capture = Capture::default();
        note(&mut capture, 8 * Q + 77, Q / 2, 60);
        note(&mut capture, 9 * Q + Q * 2 / 3 + 13, Q / 3, 62);
        note(&mut capture, 12 * Q - 40, Q, 64);
        let clip = capture.clip(ClipKind::Melody).expect("three notes");
        assert_eq!((clip.length, clip.meter, clip.tempo), (4 * Q, Meter::COMMON, Some(97.5)));
        let starts: Vec<Ticks> = clip.notes.iter().map(|n| n.start).collect();
        assert_eq!(starts, [77, Q + Q * 2 / 3 + 13, 4 * Q - 40]);
        assert_eq!(clip.notes[2].length, 40, "the last note ends with the clip");
        assert_eq!(capture.bars(), 1);
    }

    #[test]
    fn a_note_just_before_the_bar_line_opens_the_bar() {
        let mut capture = Capture::default();
        note(&mut capture, 4 * Q - 200, Q, 36);
        note(&mut capture, 6 * Q, Q, 38);
        let clip = capture.clip(ClipKind::Drums).expect("two notes");
        assert_eq!((clip.notes[0].start, clip.notes[1].start, clip.length), (0, 2 * Q, 4 * Q));
    }

    #[test]
    fn only_the_last_sixteen_bars_are_kept() {
        let mut capture = Capture::default();
        for beat in 0..80 {
            note(&mut capture, beat * Q, Q / 2, 60);
        }
        let clip = capture.clip(ClipKind::Melody).expect("many notes");
        assert_eq!((clip.bars(), clip.notes.len(), capture.bars()), (16, 64, 16));
    }

    #[test]
    fn each_pass_of_a_loop_stands_for_itself_and_an_empty_pass_forgets_nothing() {
        let mut capture = Capture::default();
        note(&mut capture, 0, Q, 60);
        let mut second = event(Q, 62, true);
        second.epoch = 2;
        capture.add(second);
        let mut off = event(2 * Q, 62, false);
        off.epoch = 3;
        capture.add(off);
        let clip = capture.clip(ClipKind::Melody).expect("second pass");
        assert_eq!(clip.notes.iter().map(|n| n.pitch).collect::<Vec<_>>(), [62]);
    }

    #[test]
    fn without_a_running_host_the_first_note_is_the_bar_line() {
        let mut capture = Capture::default();
        for (i, tick) in [1234, 1234 + 3 * Q].into_iter().enumerate() {
            let mut on = event(tick, 60 + i as u8, true);
            on.running = false;
            on.grid = Grid { meter: Meter { numerator: 3, denominator: 4 }, phase: 0 };
            capture.add(on);
        }
        let clip = capture.clip(ClipKind::Melody).expect("two notes");
        assert_eq!((clip.notes[0].start, clip.notes[1].start, clip.bars()), (0, 3 * Q, 2));
    }

    #[test]
    fn a_call_holds_its_own_bars_and_not_those_before() {
        let mut capture = Capture::default();
        for (bar, pitch) in [(0, 60), (1, 61), (4, 62), (5, 63)] {
            note(&mut capture, bar * 4 * Q, Q, pitch);
        }
        let call = capture.between(16 * Q, 24 * Q, ClipKind::Drums).expect("two notes");
        let notes: Vec<(Ticks, u8)> = call.notes.iter().map(|n| (n.start, n.pitch)).collect();
        assert_eq!((notes, call.bars(), call.kind), (vec![(0, 62), (4 * Q, 63)], 2, ClipKind::Drums));
        assert_eq!(capture.between(-400 * Q, 24 * Q, ClipKind::Melody).map(|c| c.bars()), Some(16));
        assert!(capture.between(8 * Q, 16 * Q, ClipKind::Melody).is_none());
    }

    #[test]
    fn nothing_played_is_no_clip() {
        let mut capture = Capture::default();
        assert!(capture.clip(ClipKind::Melody).is_none());
        capture.add(event(0, 60, false));
        assert!(capture.clip(ClipKind::Melody).is_none());
        assert_eq!(capture.bars(), 0);
    }

    #[test]
    fn drums_are_known_by_their_channel() {
        let mut capture = Capture::default();
        let mut on = event(0, 36, true);
        on.channel = 9;
        capture.add(on);
        assert_eq!(capture.clip(ClipKind::Melody).map(|c| c.kind), Some(ClipKind::Drums));
    }
}
