//! Edits of notes by mouse, as pure steps on a clip. Ticks are exact; the grid is a sixteenth unless free.

use super::geometry::{Geometry, SIXTEENTH};
use descant_core::music::{Clip, ClipKind, Note, Ticks};
use egui::Pos2;

/// What a drag changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Position and pitch.
    Move,
    /// The end.
    Resize,
    /// How hard.
    Velocity,
}

/// A note being dragged: the clip stays as it is until the mouse is released.
#[derive(Clone, Copy, Debug)]
pub struct NoteDrag {
    /// Its index in the clip.
    pub index: usize,
    /// What changes.
    pub mode: Mode,
    /// The note as it was.
    pub from: Note,
    /// The note as it would become.
    pub now: Note,
    /// Where the mouse took hold.
    pub grab: Pos2,
}

fn snap(ticks: f64, free: bool) -> Ticks {
    if free { ticks.round() as Ticks } else { (ticks / SIXTEENTH as f64).round() as Ticks * SIXTEENTH }
}

impl NoteDrag {
    /// Follows the mouse. `free`: no grid. A move goes by whole grid steps, so micro-timing stays with the note.
    pub fn follow(&mut self, g: &Geometry, clip: &Clip, pointer: Pos2, free: bool) {
        self.now = self.from;
        match self.mode {
            Mode::Move => {
                let by = snap(g.tick(pointer.x) - g.tick(self.grab.x), free);
                self.now.start = (self.from.start + by).clamp(0, (clip.length - 1).max(0));
                let rows = g.row_at(pointer.y) as i64 - g.row_at(self.grab.y) as i64;
                if rows != 0 {
                    let row = (g.row_of(self.from.pitch) as i64 + rows).clamp(0, g.rows() as i64 - 1);
                    self.now.pitch = g.pitch_of(row as usize);
                }
            }
            Mode::Resize => {
                let by = g.tick(pointer.x) - g.tick(self.grab.x);
                let end = snap(self.from.end() as f64 + by, free);
                let least = if free { 1 } else { SIXTEENTH };
                let most = (clip.length - self.from.start).max(1);
                self.now.length = (end - self.from.start).clamp(least.min(most), most);
            }
            Mode::Velocity => {
                let by = (self.grab.y - pointer.y).round() as i64;
                self.now.velocity = (i64::from(self.from.velocity) + by).clamp(1, 127) as u8;
            }
        }
    }
}

/// The clip with note `index` replaced. A note of the same pitch and onset is replaced too: it would sound as one.
#[must_use]
pub fn replace(clip: &Clip, index: usize, note: Note) -> Clip {
    let mut after = clip.clone();
    if index < after.notes.len() {
        after.notes.remove(index);
    }
    insert(&mut after, note);
    after
}

/// The clip without note `index`.
#[must_use]
pub fn delete(clip: &Clip, index: usize) -> Clip {
    let mut after = clip.clone();
    if index < after.notes.len() {
        after.notes.remove(index);
    }
    after
}

/// The clip with a new note in the grid cell at `tick` (exactly at it when `free`).
#[must_use]
pub fn add(clip: &Clip, tick: f64, pitch: u8, free: bool) -> Option<Clip> {
    let start =
        if free { tick.round() as Ticks } else { (tick / SIXTEENTH as f64).floor() as Ticks * SIXTEENTH };
    if !(0..clip.length).contains(&start) {
        return None;
    }
    let length = if clip.kind == ClipKind::Drums { SIXTEENTH } else { 2 * SIXTEENTH };
    let mut after = clip.clone();
    insert(&mut after, Note { start, pitch, length: length.min(clip.length - start), velocity: 100 });
    Some(after)
}

fn insert(clip: &mut Clip, note: Note) {
    clip.notes.retain(|n| (n.start, n.pitch) != (note.start, note.pitch));
    clip.notes.push(note);
    clip.normalise();
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::Meter;
    use egui::{Rect, pos2};

    fn clip() -> Clip {
        let note = |start, pitch| Note { start, pitch, length: SIXTEENTH, velocity: 90 };
        Clip {
            notes: vec![note(37, 60), note(4 * SIXTEENTH, 62)],
            length: 16 * SIXTEENTH,
            meter: Meter::COMMON,
            ..Clip::default()
        }
    }

    fn geometry() -> Geometry {
        let notes = Rect::from_min_max(pos2(0.0, 0.0), pos2(320.0, 240.0));
        let scale = 20.0 / SIXTEENTH as f32;
        Geometry {
            ruler: notes,
            keys: notes,
            notes,
            timing: notes,
            velocities: notes,
            scale,
            left: 0.0,
            row: 10.0,
            top: 55.0,
            kind: ClipKind::Melody,
        }
    }

    fn drag(mode: Mode, from: Note, to: Pos2, free: bool) -> Note {
        let grab = pos2(5.0, 100.0);
        let mut d = NoteDrag { index: 0, mode, from, now: from, grab };
        d.follow(&geometry(), &clip(), to, free);
        d.now
    }

    #[test]
    fn a_move_keeps_the_micro_timing_of_the_note() {
        let from = clip().notes[0];
        let now = drag(Mode::Move, from, pos2(5.0 + 43.0, 80.0), false);
        assert_eq!(now.start, 37 + 2 * SIXTEENTH);
        assert_eq!(now.pitch, 62);
        assert_eq!((now.length, now.velocity), (from.length, from.velocity));
    }

    #[test]
    fn a_free_move_lands_between_the_grid_lines_and_never_outside_the_clip() {
        let from = clip().notes[0];
        let now = drag(Mode::Move, from, pos2(6.0, 100.0), true);
        assert_eq!(now.start, 37 + SIXTEENTH / 20);
        assert_eq!(drag(Mode::Move, from, pos2(-4000.0, 100.0), false).start, 0);
        assert_eq!(drag(Mode::Move, from, pos2(4000.0, 100.0), false).start, clip().length - 1);
    }

    #[test]
    fn a_resize_snaps_the_end_and_stays_inside() {
        let from = clip().notes[1];
        assert_eq!(drag(Mode::Resize, from, pos2(5.0 + 39.0, 0.0), false).length, 3 * SIXTEENTH);
        assert_eq!(drag(Mode::Resize, from, pos2(-900.0, 0.0), false).length, SIXTEENTH);
        assert_eq!(drag(Mode::Resize, from, pos2(9000.0, 0.0), false).end(), clip().length);
    }

    #[test]
    fn notes_stay_sorted_and_never_double() {
        let moved = Note { start: 4 * SIXTEENTH, pitch: 62, length: 5, velocity: 1 };
        let after = replace(&clip(), 0, moved);
        assert_eq!(after.notes, vec![moved]);
        let after = add(&clip(), SIXTEENTH as f64 * 2.9, 50, false).expect("inside");
        assert_eq!(after.notes[1].start, 2 * SIXTEENTH);
        assert!(add(&clip(), clip().length as f64, 50, false).is_none());
        assert_eq!(delete(&clip(), 1).notes.len(), 1);
        assert_eq!(delete(&clip(), 9), clip());
    }
}
