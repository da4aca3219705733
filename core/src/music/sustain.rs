//! The sustain pedal: a [`NoteSequence`] with its notes as long as they sound.
//!
//! Any thread. Source: note-seq (Magenta), of which the multi-instrument converter makes use (`spec` 4.7 of the
//! latent-model notes).

use super::{NoteSequence, SequenceNote};
use std::collections::BTreeMap;

/// Controller of the sustain pedal, and the value from which on it is down.
const SUSTAIN: (u8, u8) = (64, 64);

/// What happens at a time, in the order in which simultaneous things count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Down,
    Up,
    On,
    Off,
}

/// A part while it plays.
#[derive(Default)]
struct Part {
    down: bool,
    /// Notes that sound, by pitch.
    sounding: BTreeMap<u8, Vec<usize>>,
}

impl NoteSequence {
    /// The sequence with the pedal put into the notes: a note let go while the pedal of its instrument is down
    /// sounds until the pedal goes up or, with the pedal down, its pitch is struck again; without either, until the
    /// last thing that happens. Drums stay as they are. The pedal's movements are kept.
    #[must_use]
    pub fn sustained(&self) -> Self {
        let mut happenings = Vec::new();
        for c in self.control_changes.iter().filter(|c| c.number == SUSTAIN.0) {
            let what = if c.value >= SUSTAIN.1 { Happening::Down } else { Happening::Up };
            happenings.push((c.time, what, c.instrument, 0));
        }
        if happenings.is_empty() {
            return self.clone();
        }
        for (i, n) in self.notes.iter().enumerate().filter(|(_, n)| !n.is_drum) {
            happenings.push((n.start_time, Happening::On, n.instrument, i));
            happenings.push((n.end_time, Happening::Off, n.instrument, i));
        }
        happenings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut notes = self.notes.clone();
        let mut total_time = self.total_time;
        let mut parts: BTreeMap<u32, Part> = BTreeMap::new();
        let mut gone = vec![false; notes.len()];
        let last = happenings.last().map_or(0.0, |h| h.0);
        for (time, what, instrument, i) in happenings {
            let part = parts.entry(instrument).or_default();
            match what {
                Happening::Down => part.down = true,
                Happening::Up => {
                    part.down = false;
                    for sounding in part.sounding.values_mut() {
                        sounding.retain(|&i| {
                            let held = notes[i].end_time < time;
                            if held {
                                notes[i].end_time = time;
                                total_time = total_time.max(time);
                            }
                            !held
                        });
                    }
                }
                Happening::On => {
                    let sounding = part.sounding.entry(notes[i].pitch).or_default();
                    if part.down {
                        for i in sounding.drain(..) {
                            notes[i].end_time = time;
                            gone[i] = notes[i].start_time == time;
                        }
                    }
                    sounding.push(i);
                }
                Happening::Off if part.down => {}
                Happening::Off => {
                    if let Some(sounding) = part.sounding.get_mut(&notes[i].pitch) {
                        sounding.retain(|&other| other != i);
                    }
                }
            }
        }
        for i in parts.into_values().flat_map(|p| p.sounding.into_values().flatten()) {
            notes[i].end_time = last;
            total_time = last;
        }
        let kept = |(n, gone): (SequenceNote, bool)| (!gone).then_some(n);
        Self { notes: notes.into_iter().zip(gone).filter_map(kept).collect(), total_time, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::ControlChange;

    /// Ends of the notes, given as (pitch, start, end, instrument), with a pedal of instrument 0.
    fn ends(notes: &[(u8, f64, f64, u32)], pedal: &[(f64, u8)]) -> (Vec<f64>, f64) {
        let note = |&(pitch, start_time, end_time, instrument): &(u8, f64, f64, u32)| SequenceNote {
            pitch,
            velocity: 90,
            start_time,
            end_time,
            instrument,
            program: 0,
            is_drum: instrument == 9,
        };
        let control = |&(time, value): &(f64, u8)| ControlChange { time, number: 64, value, instrument: 0 };
        let ns = NoteSequence {
            notes: notes.iter().map(note).collect(),
            control_changes: pedal.iter().map(control).collect(),
            total_time: notes.iter().map(|n| n.2).fold(0.0, f64::max),
            ..NoteSequence::default()
        };
        let out = ns.sustained();
        (out.notes.iter().map(|n| n.end_time).collect(), out.total_time)
    }

    #[test]
    fn a_note_sounds_until_the_pedal_goes_up() {
        let notes = [(60, 0.0, 1.0, 0), (62, 0.0, 5.0, 0), (60, 0.0, 1.0, 1), (60, 0.0, 1.0, 9)];
        assert_eq!(ends(&notes, &[(0.5, 64), (3.0, 63)]), (vec![3.0, 5.0, 1.0, 1.0], 5.0));
        // Let go before the pedal goes down.
        assert_eq!(ends(&notes, &[(1.5, 64), (7.0, 0)]).0[..2], [1.0, 7.0]);
    }

    #[test]
    fn a_pitch_struck_again_ends_the_one_before() {
        let notes = [(60, 0.0, 1.0, 0), (60, 2.0, 2.5, 0), (60, 2.0, 3.0, 0)];
        assert_eq!(ends(&notes, &[(0.5, 127), (4.0, 0)]).0, [2.0, 4.0], "and of two at once one is left");
    }

    #[test]
    fn a_pedal_that_stays_down_holds_to_the_end() {
        let notes = [(60, 0.0, 1.0, 0), (64, 2.0, 3.0, 1)];
        assert_eq!(ends(&notes, &[(0.5, 127)]), (vec![3.0, 3.0], 3.0));
    }
}
