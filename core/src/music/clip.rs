//! [`Clip`]: notes with an exact length, what a DAW calls a MIDI clip.

use super::{Meter, Ticks};
use serde::{Deserialize, Serialize};

/// One note. Its velocity and its exact position (grid step plus micro-timing, as one tick count) survive
/// every path through Descant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Note {
    /// Onset in ticks from the clip's start.
    pub start: Ticks,
    /// MIDI pitch 0..=127.
    pub pitch: u8,
    /// Duration in ticks, at least 1.
    pub length: Ticks,
    /// MIDI velocity 1..=127.
    pub velocity: u8,
}

impl Note {
    /// Tick after the note's last.
    #[must_use]
    pub fn end(&self) -> Ticks {
        self.start + self.length
    }
}

/// Whether pitches mean drum sounds (MIDI channel 10) or tones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClipKind {
    /// General MIDI drum sounds.
    Drums,
    /// A melody or other pitched part.
    #[default]
    Melody,
}

/// Notes with an exact length in ticks, a meter and a tempo hint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    /// Name as a track shows it.
    pub name: String,
    /// Drums or pitched.
    pub kind: ClipKind,
    /// Sorted by (start, pitch); every note starts within `0..length`.
    pub notes: Vec<Note>,
    /// Exact length in ticks.
    pub length: Ticks,
    /// Meter in which the clip's bars are counted.
    pub meter: Meter,
    /// Tempo in quarter notes per minute at which the clip was made, if known. Playback follows the host.
    pub tempo: Option<f64>,
}

impl Clip {
    /// Length in bars, rounded up.
    #[must_use]
    pub fn bars(&self) -> u32 {
        let bar = self.meter.bar_ticks();
        u32::try_from((self.length + bar - 1).div_euclid(bar)).unwrap_or(0)
    }

    /// Brings the notes into the documented order and drops those outside `0..length`.
    pub fn normalise(&mut self) {
        let length = self.length;
        self.notes.retain(|n| (0..length).contains(&n.start));
        self.notes.sort_unstable();
    }

    /// The same, and makes of the notes what MIDI can say: each ends with the clip at the latest, and where its pitch is
    /// struck again; of two that begin together the longer one is left, as loud as the louder.
    pub fn cut(&mut self) {
        self.normalise();
        let mut last: [Option<usize>; 256] = [None; 256];
        let mut cut: Vec<Note> = Vec::with_capacity(self.notes.len());
        for note in &self.notes {
            let note = Note { length: note.length.clamp(1, self.length - note.start), ..*note };
            let slot = &mut last[usize::from(note.pitch)];
            if let Some(earlier) = slot.map(|i| &mut cut[i]) {
                if earlier.start == note.start {
                    // Sorted by length, so the later is the longer one.
                    earlier.length = note.length;
                    earlier.velocity = earlier.velocity.max(note.velocity);
                    continue;
                }
                earlier.length = earlier.length.min(note.start - earlier.start);
            }
            *slot = Some(cut.len());
            cut.push(note);
        }
        self.notes = cut;
    }
}
