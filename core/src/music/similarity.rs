//! How much a clip repeats itself: every bar (or beat) compared with every other.
//!
//! Any thread. Two stretches are compared by what starts where in them: the number of onsets they share over the
//! number of onsets that either has (Jaccard's index). Lengths, velocities and timing finer than a 16th note (or
//! than the beat's own quarter, if that is finer) do not count.

use super::{Clip, Ticks};

/// Most stretches of a picture's side; longer clips are cut.
pub const MAX_STRETCHES: usize = 512;

/// What one row of the picture stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stretch {
    /// A bar.
    #[default]
    Bar,
    /// A beat of the meter.
    Beat,
}

/// A square of values 0..=1: row and column are stretches of the clip, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Similarity {
    size: usize,
    /// Row by row.
    values: Vec<f32>,
}

impl Similarity {
    /// Compares the stretches of a clip with each other. Two empty ones are alike (1), an empty one and another are
    /// not (0).
    #[must_use]
    pub fn of(clip: &Clip, stretch: Stretch) -> Self {
        let length = match stretch {
            Stretch::Bar => clip.meter.bar_ticks(),
            Stretch::Beat => clip.meter.beat_ticks(),
        };
        let step = length.min(clip.meter.beat_ticks()).min(super::TICKS_PER_QUARTER) / 4;
        let count = (clip.length.max(0) + length - 1).div_euclid(length);
        let size = usize::try_from(count).unwrap_or(MAX_STRETCHES).min(MAX_STRETCHES);
        let mut onsets: Vec<Vec<(Ticks, u8)>> = vec![Vec::new(); size];
        for note in &clip.notes {
            // A note that is played a little early belongs to the beat it is meant for.
            let at = (note.start + step / 2).div_euclid(step) * step;
            let set = usize::try_from(at.div_euclid(length)).ok().and_then(|i| onsets.get_mut(i));
            if let Some(set) = set {
                set.push((at.rem_euclid(length), note.pitch));
            }
        }
        for set in &mut onsets {
            set.sort_unstable();
            set.dedup();
        }
        let mut values = vec![1.0; size * size];
        for row in 0..size {
            for column in 0..row {
                let value = alike(&onsets[row], &onsets[column]);
                values[row * size + column] = value;
                values[column * size + row] = value;
            }
        }
        Self { size, values }
    }

    /// Number of rows and of columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// How alike two stretches are; 0 outside the square.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f32 {
        let inside = row < self.size && column < self.size;
        if inside { self.values[row * self.size + column] } else { 0.0 }
    }

    /// Mean likeness of stretches that are `lag` apart; `None` if the clip is not longer than that. High values at
    /// some lag are what listeners call structure.
    #[must_use]
    pub fn at_lag(&self, lag: usize) -> Option<f32> {
        let pairs = self.size.checked_sub(lag).filter(|&n| n > 0)?;
        let sum: f32 = (0..pairs).map(|i| self.at(i, i + lag)).sum();
        Some(sum / pairs as f32)
    }
}

/// Shared onsets over all onsets of two sorted lists without doubles.
fn alike(a: &[(Ticks, u8)], b: &[(Ticks, u8)]) -> f32 {
    let shared = a.iter().filter(|onset| b.binary_search(onset).is_ok()).count();
    match a.len() + b.len() - shared {
        0 => 1.0,
        either => shared as f32 / either as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Meter, Note, TICKS_PER_QUARTER as Q};

    fn clip(notes: &[(Ticks, u8)], bars: Ticks) -> Clip {
        let note = |&(sixteenth, pitch): &(Ticks, u8)| Note {
            start: sixteenth * Q / 4,
            pitch,
            length: Q / 4,
            velocity: 90,
        };
        Clip {
            notes: notes.iter().map(note).collect(),
            length: bars * 4 * Q,
            meter: Meter::COMMON,
            ..Clip::default()
        }
    }

    #[test]
    fn bars_are_compared_by_their_onsets() {
        // Bar 1: C at 0, E at 4. Bar 2: the same. Bar 3: C at 0, G at 4 and 8. Bar 4: empty. Bar 5: empty.
        let mut clip = clip(&[(0, 60), (4, 64), (16, 60), (20, 64), (32, 60), (36, 67), (40, 67)], 5);
        clip.notes[3].start += Q / 20;
        clip.notes[4].start -= Q / 20;
        let picture = Similarity::of(&clip, Stretch::Bar);
        assert_eq!(picture.size(), 5);
        let row = |r| (0..5).map(|c| picture.at(r, c)).collect::<Vec<_>>();
        // Bars 1 and 3 share one onset of four.
        assert_eq!(row(0), [1.0, 1.0, 0.25, 0.0, 0.0]);
        assert_eq!(row(2), [0.25, 0.25, 1.0, 0.0, 0.0]);
        assert_eq!(row(4), [0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(picture.at_lag(1), Some((1.0 + 0.25 + 0.0 + 1.0) / 4.0));
        assert_eq!((picture.at_lag(4), picture.at_lag(5)), (Some(0.0), None));
        assert_eq!(picture.at(0, 5), 0.0);
    }

    #[test]
    fn beats_follow_the_meter() {
        let mut clip = clip(&[(0, 60), (2, 60), (4, 60), (6, 62)], 1);
        assert_eq!(Similarity::of(&clip, Stretch::Beat).size(), 4);
        // Beat 1: C at 0 and 2. Beat 2: C at 0, D at 2: one of three.
        assert_eq!(Similarity::of(&clip, Stretch::Beat).at(0, 1), 1.0 / 3.0);
        clip.meter = Meter { numerator: 8, denominator: 8 };
        let eighths = Similarity::of(&clip, Stretch::Beat);
        assert_eq!((eighths.size(), eighths.at(0, 1), eighths.at(2, 3)), (8, 1.0, 0.0));
    }

    #[test]
    fn nothing_and_very_much_are_bounded() {
        assert_eq!(Similarity::of(&Clip::default(), Stretch::Bar).size(), 0);
        let long = clip(&[(0, 60)], 1_000_000);
        assert_eq!(Similarity::of(&long, Stretch::Beat).size(), MAX_STRETCHES);
    }
}
