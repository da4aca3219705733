//! Model events → notes of a clip.
//!
//! Worker thread. Models without dynamics write velocity 100 and no micro-timing: exact grid positions.
use crate::codec::{MelodyEvent, PitchSet};
use crate::music::{Note, Ticks, tick_of_step};

/// Velocity of notes from models without dynamics.
pub(super) const VELOCITY: u8 = 100;

/// Where events lie in a clip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    /// Grid step of the first event, counted from the clip's start.
    pub first_step: i64,
    /// Grid of the model.
    pub steps_per_quarter: u32,
    /// Notes are cut here: the clip's exact end.
    pub end: Ticks,
}

impl Placement {
    fn note(self, from: usize, to: usize, pitch: u8) -> Option<Note> {
        let tick = |step: usize| {
            tick_of_step(self.first_step.saturating_add_unsigned(step as u64), self.steps_per_quarter)
        };
        let start = tick(from);
        let length = tick(to).min(self.end) - start;
        (length > 0).then_some(Note { start, pitch, length, velocity: VELOCITY })
    }
}

/// Every hit becomes a note of one step.
pub(super) fn drums(events: &[PitchSet], at: Placement) -> Vec<Note> {
    let hits = events.iter().enumerate().flat_map(|(step, set)| set.iter().map(move |pitch| (step, pitch)));
    hits.filter_map(|(step, pitch)| at.note(step, step + 1, pitch)).collect()
}

/// A pitch sounds until the next pitch, a note-off or the end. `sounding`: a pitch that is struck again at the
/// first event if nothing else happens there. Pitches are moved by `shift`; what leaves 0..=127 is left out.
pub(super) fn melody(events: &[MelodyEvent], sounding: Option<u8>, shift: i32, at: Placement) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut open = sounding.map(|pitch| (0, pitch));
    let mut close = |open: &mut Option<(usize, u8)>, to: usize| {
        if let Some((from, pitch)) = open.take()
            && let Ok(pitch @ 0..=127) = u8::try_from(i32::from(pitch) + shift)
        {
            notes.extend(at.note(from, to, pitch));
        }
    };
    for (step, event) in events.iter().enumerate() {
        match event {
            MelodyEvent::NoEvent => {}
            MelodyEvent::NoteOff => close(&mut open, step),
            MelodyEvent::Pitch(pitch) => {
                close(&mut open, step);
                open = Some((step, *pitch));
            }
        }
    }
    close(&mut open, events.len());
    notes
}

/// Notes of several voices: pitch, first step and step after the last.
pub(super) fn voices(notes: &[(u8, usize, usize)], at: Placement) -> Vec<Note> {
    notes.iter().filter_map(|&(pitch, on, off)| at.note(on, off, pitch)).collect()
}

/// The pitch that still sounds after `events`.
pub(super) fn sounding(events: &[MelodyEvent]) -> Option<u8> {
    events.iter().rev().find(|&&e| e != MelodyEvent::NoEvent).and_then(|e| e.pitch())
}

/// Number of grid steps that begin within `from_step..` and before tick `end`.
pub(super) fn steps_until(from_step: i64, end: Ticks, steps_per_quarter: u32) -> usize {
    usize::try_from(step_at_or_after(end, steps_per_quarter) - from_step).unwrap_or(0)
}

/// First grid step at or after `tick`.
pub(super) fn step_at_or_after(tick: Ticks, steps_per_quarter: u32) -> i64 {
    let spq = i64::from(steps_per_quarter);
    let quarter = crate::music::TICKS_PER_QUARTER;
    // Whole quarters first, so that no product can overflow.
    tick.div_euclid(quarter) * spq + (tick.rem_euclid(quarter) * spq + quarter - 1).div_euclid(quarter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use MelodyEvent::{NoEvent, NoteOff, Pitch};

    const STEP: Ticks = 7680;

    fn at(end: Ticks) -> Placement {
        Placement { first_step: 4, steps_per_quarter: 4, end }
    }

    #[test]
    fn melodies_close_notes_at_note_offs_pitches_and_the_end() {
        let events = [Pitch(60), NoEvent, NoteOff, Pitch(62), Pitch(64), NoEvent];
        let notes = melody(&events, None, 12, at(100 * STEP));
        let got: Vec<_> = notes.iter().map(|n| (n.start / STEP, n.pitch, n.length / STEP)).collect();
        assert_eq!(got, [(4, 72, 2), (7, 74, 1), (8, 76, 2)]);
    }

    #[test]
    fn a_sounding_note_is_struck_again() {
        let notes = melody(&[NoEvent, NoEvent, NoteOff], Some(60), 0, at(100 * STEP));
        assert_eq!((notes[0].start, notes[0].length), (4 * STEP, 2 * STEP));
        assert!(melody(&[NoteOff], Some(60), 0, at(100 * STEP)).is_empty());
    }

    #[test]
    fn notes_end_with_the_clip() {
        let notes = melody(&[Pitch(60), NoEvent], None, 0, at(5 * STEP + 10));
        assert_eq!(notes[0].length, STEP + 10);
        let set: PitchSet = [36, 42].into_iter().collect();
        assert_eq!(drums(&[set, set], at(5 * STEP)).len(), 2, "a hit at the end is outside");
    }

    #[test]
    fn steps_round_up() {
        assert_eq!(step_at_or_after(0, 4), 0);
        assert_eq!(step_at_or_after(1, 4), 1);
        assert_eq!(step_at_or_after(STEP, 4), 1);
        assert_eq!(step_at_or_after(3 * STEP / 2, 2), 1);
    }
}
