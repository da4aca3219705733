//! Where ticks and pitches lie on the screen. Pure arithmetic for one frame of the roll.

use super::lanes;
use descant_core::music::{Clip, ClipKind, TICKS_PER_QUARTER, Ticks};
use egui::{Rect, pos2};

/// The grid that edits snap to: a sixteenth.
pub const SIXTEENTH: Ticks = TICKS_PER_QUARTER / 4;

/// Regions and scales of the roll in one frame.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Bar numbers.
    pub ruler: Rect,
    /// Lane names or piano keys.
    pub keys: Rect,
    /// The notes.
    pub notes: Rect,
    /// Early and late; zero height when hidden.
    pub timing: Rect,
    /// Velocity stems; zero height when hidden.
    pub velocities: Rect,
    /// Points per tick.
    pub scale: f32,
    /// Tick at the left edge of `notes`.
    pub left: f64,
    /// Height of a lane or semitone in points.
    pub row: f32,
    /// Upper edge of the topmost row, in rows counted down from the highest lane or pitch 127.
    pub top: f32,
    /// Lanes or semitones.
    pub kind: ClipKind,
}

impl Geometry {
    /// Screen position of a tick.
    #[must_use]
    pub fn x(&self, tick: Ticks) -> f32 {
        self.notes.left() + ((tick as f64 - self.left) * f64::from(self.scale)) as f32
    }

    /// Tick, not rounded to a grid, at a screen position.
    #[must_use]
    pub fn tick(&self, x: f32) -> f64 {
        self.left + f64::from(x - self.notes.left()) / f64::from(self.scale)
    }

    /// Ticks that can be seen.
    #[must_use]
    pub fn visible(&self) -> (Ticks, Ticks) {
        (self.tick(self.notes.left()).floor() as Ticks, self.tick(self.notes.right()).ceil() as Ticks)
    }

    /// Upper edge of the row with number `row`, counted down from the top.
    #[must_use]
    pub fn row_y(&self, row: usize) -> f32 {
        self.notes.top() + (row as f32 - self.top) * self.row
    }

    /// Row of a pitch, counted down from the top. Drum pitches outside the map share the lowest row.
    #[must_use]
    pub fn row_of(&self, pitch: u8) -> usize {
        match self.kind {
            ClipKind::Drums => lanes::COUNT - 1 - lanes::of(pitch).unwrap_or(0),
            ClipKind::Melody => 127 - usize::from(pitch.min(127)),
        }
    }

    /// Number of rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        if self.kind == ClipKind::Drums { lanes::COUNT } else { 128 }
    }

    /// Row under a screen position.
    #[must_use]
    pub fn row_at(&self, y: f32) -> usize {
        let row = ((y - self.notes.top()) / self.row + self.top).floor().max(0.0) as usize;
        row.min(self.rows() - 1)
    }

    /// The pitch that a new note in `row` gets.
    #[must_use]
    pub fn pitch_of(&self, row: usize) -> u8 {
        match self.kind {
            ClipKind::Drums => lanes::PITCHES[lanes::COUNT - 1 - row.min(lanes::COUNT - 1)],
            ClipKind::Melody => 127 - row.min(127) as u8,
        }
    }

    /// Rectangle of a note. Drum hits have no length to show: they fill a sixteenth at most.
    #[must_use]
    pub fn note(&self, start: Ticks, length: Ticks, pitch: u8) -> Rect {
        let y = self.row_y(self.row_of(pitch));
        let x = self.x(start);
        let width = match self.kind {
            ClipKind::Drums => (SIXTEENTH as f32 * self.scale - 2.0).clamp(4.0, 26.0),
            ClipKind::Melody => (length as f32 * self.scale - 1.0).max(3.0),
        };
        let inset = match self.kind {
            ClipKind::Drums => (self.row * 0.16).max((self.row - 24.0) / 2.0),
            ClipKind::Melody => 1.0,
        };
        Rect::from_min_max(pos2(x, y + inset), pos2(x + width, y + self.row - inset))
    }
}

/// Row window (top row, rows) that shows all pitches of a melody with some air, at least two octaves.
#[must_use]
pub fn fit_rows(clip: &Clip) -> (f32, f32) {
    let low = clip.notes.iter().map(|n| n.pitch).min().unwrap_or(55);
    let high = clip.notes.iter().map(|n| n.pitch).max().unwrap_or(77);
    let rows = (f32::from(high - low) + 7.0).max(24.0);
    let middle = 127.5 - (f32::from(high) + f32::from(low)) / 2.0;
    (middle - rows / 2.0, rows)
}
