//! A training sequence, where it may be cut, and what an excerpt of it looks like to a network: transposed, and
//! beginning as a sequence of its kind begins. Pure; any thread.

use crate::encode::Encoding;
use crate::performed;
use crate::rng::Rng;
use descant_core::corpus::harmony;
use descant_core::model::EncodingParams;
use serde::{Deserialize, Serialize};

/// A training sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where it comes from.
    pub id: String,
    /// Steps per bar; of a performance, per second.
    pub bar: usize,
    /// Classes of the plain one-hot below the encoding, one after the other. A piano roll is kept as voices.
    pub events: Vec<u32>,
    /// Chord of each event, as `descant_core::corpus::harmony` numbers them; empty for most models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chords: Vec<u16>,
}

/// A part of a piece as a network reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Classes of the events.
    pub classes: Vec<u32>,
    /// Chord of each event, or empty.
    pub chords: Vec<u16>,
    /// Whether control values are withheld from a model that can do without.
    pub free: bool,
}

impl Excerpt {
    /// Events alone.
    #[must_use]
    pub fn of(classes: &[u32]) -> Self {
        Self { classes: classes.to_vec(), ..Self::default() }
    }
}

/// How an excerpt differs from the piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variation {
    /// Semitones that it is moved by.
    pub transpose: i32,
    /// Thousandths by which a performance is slower.
    pub slower: i32,
    /// See [`Excerpt::free`].
    pub free: bool,
}

/// How excerpts vary while a network learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Augmentation {
    /// Largest transposition up or down, semitones. 0 = none.
    pub transpose: i32,
    /// Lowest pitch that a transposition may lead to.
    pub low: i32,
    /// Highest pitch that it may lead to.
    pub high: i32,
    /// Performances become slower or faster by 0, half or all of this many thousandths.
    pub stretch: i32,
    /// Whether control values are withheld from every other excerpt.
    pub free: bool,
}

impl Augmentation {
    /// No transposition, with the range of `pieces` as bounds.
    #[must_use]
    pub fn within(pieces: &[Piece], encoding: &Encoding) -> Self {
        let ranges = pieces.iter().filter_map(|p| p.pitches(encoding, 0..p.events.len()));
        let (low, high) = ranges.fold((127, 0), |(low, high), range| (range.0.min(low), range.1.max(high)));
        Self { low, high, ..Self::default() }
    }

    /// Draws a variation of the events `range` of a piece.
    pub fn draw(
        &self,
        rng: &mut Rng,
        piece: &Piece,
        encoding: &Encoding,
        range: std::ops::Range<usize>,
    ) -> Variation {
        let mut variation = Variation::default();
        if self.transpose > 0 {
            let wanted = rng.below(2 * self.transpose as usize + 1) as i32 - self.transpose;
            variation.transpose = piece.possible(encoding, range, wanted, self);
        }
        if self.stretch > 0 {
            variation.slower = (rng.below(5) as i32 - 2) * self.stretch / 2;
        }
        if self.free {
            variation.free = rng.below(2) == 1;
        }
        variation
    }
}

/// Classes of polyphonic events, as `PolyphonyOneHot` numbers them.
mod voices {
    pub const START: u32 = 0;
    pub const STEP_END: u32 = 2;
    pub const NEW: u32 = 3;
    pub const CONTINUED: u32 = 131;
}

impl Piece {
    /// Positions at which a bar (of a performance: a second) begins.
    #[must_use]
    pub fn bar_starts(&self, encoding: &Encoding) -> Vec<usize> {
        match encoding.params() {
            EncodingParams::Polyphony | EncodingParams::Pianoroll { .. } => {
                let ends = (1..self.events.len()).filter(|&i| self.events[i - 1] == voices::STEP_END);
                let steps = std::iter::once(0).chain(ends).take_while(|&i| i + 1 < self.events.len().max(2));
                steps.step_by(self.bar).collect()
            }
            EncodingParams::Performance { .. } => performed::starts(&self.events, self.bar),
            _ => (0..self.events.len()).step_by(self.bar).collect(),
        }
    }

    /// The events `range` with a variation. Several voices begin with their start event, and notes that sound on over
    /// the beginning start there; a performance begins with its velocity and does not end what never started.
    #[must_use]
    pub fn excerpt(
        &self,
        encoding: &Encoding,
        range: std::ops::Range<usize>,
        variation: Variation,
    ) -> Excerpt {
        let params = encoding.params();
        let mut classes = match params {
            EncodingParams::Polyphony | EncodingParams::Pianoroll { .. } => {
                let mut classes = vec![voices::START];
                classes.extend_from_slice(&self.events[range.clone()]);
                let first = classes.iter().position(|&c| c == voices::STEP_END).unwrap_or(classes.len());
                for class in classes[..first].iter_mut().filter(|c| **c >= voices::CONTINUED) {
                    *class = *class - voices::CONTINUED + voices::NEW;
                }
                classes
            }
            EncodingParams::Performance { .. } => {
                performed::excerpt(&self.events, range.clone(), variation.slower)
            }
            _ => self.events[range.clone()].to_vec(),
        };
        let mut chords = self.chords.get(range).unwrap_or_default().to_vec();
        if variation.transpose != 0 {
            classes.iter_mut().for_each(|class| *class = transposed(params, *class, variation.transpose));
            chords.iter_mut().for_each(|chord| *chord = harmony::transposed(*chord, variation.transpose));
        }
        Excerpt { classes, chords, free: variation.free }
    }

    /// The piece in parts of `bars` bars, each a piece that begins as excerpts do.
    #[must_use]
    pub fn parts(&self, encoding: &Encoding, bars: usize) -> Vec<Self> {
        let starts: Vec<usize> = self.bar_starts(encoding).into_iter().step_by(bars.max(1)).collect();
        let ends = starts.iter().copied().skip(1).chain([self.events.len()]);
        // The start event that an excerpt has in front is put there again when the part is read.
        let voices =
            matches!(encoding.params(), EncodingParams::Polyphony | EncodingParams::Pianoroll { .. });
        let skip = usize::from(voices);
        let part = |(number, (&from, to)): (usize, (&usize, usize))| {
            let Excerpt { mut classes, chords, .. } = self.excerpt(encoding, from..to, Variation::default());
            let id = format!("{}/{number}", self.id);
            Self { id, bar: self.bar, events: classes.split_off(skip), chords }
        };
        starts.iter().zip(ends).enumerate().map(part).collect()
    }

    /// Lowest and highest pitch of the events `range`.
    fn pitches(&self, encoding: &Encoding, range: std::ops::Range<usize>) -> Option<(i32, i32)> {
        let mut pitches = self.events[range].iter().filter_map(|&class| pitch(encoding.params(), class));
        let first = pitches.next()?;
        Some(pitches.fold((first, first), |(low, high), p| (low.min(p), high.max(p))))
    }

    /// The transposition nearest to `wanted` that keeps the events `range` within the bounds; 0 if they are not
    /// within them now.
    #[must_use]
    pub fn possible(
        &self,
        encoding: &Encoding,
        range: std::ops::Range<usize>,
        wanted: i32,
        bounds: &Augmentation,
    ) -> i32 {
        match self.pitches(encoding, range) {
            Some((low, high)) if low >= bounds.low && high <= bounds.high => {
                wanted.clamp(bounds.low - low, bounds.high - high)
            }
            _ => 0,
        }
    }
}

/// First class of a run of pitches, and its lowest pitch.
fn run(params: &EncodingParams, class: u32) -> Option<(u32, i32)> {
    match *params {
        EncodingParams::Improv { ref melody, .. } => run(melody, class),
        EncodingParams::Melody { min, .. }
        | EncodingParams::MelodyLookback { min, .. }
        | EncodingParams::KeyMelody { min, .. } => (class >= 2).then_some((2, min)),
        EncodingParams::Performance { .. } if class < performed::OFF => Some((performed::ON, 0)),
        EncodingParams::Performance { .. } => (class < performed::SHIFT).then_some((performed::OFF, 0)),
        EncodingParams::Polyphony | EncodingParams::Pianoroll { .. } if class >= voices::CONTINUED => {
            Some((voices::CONTINUED, 0))
        }
        EncodingParams::Polyphony | EncodingParams::Pianoroll { .. } => {
            (class >= voices::NEW).then_some((voices::NEW, 0))
        }
        _ => None,
    }
}

fn pitch(params: &EncodingParams, class: u32) -> Option<i32> {
    run(params, class).map(|(first, lowest)| lowest + (class - first) as i32)
}

/// The class of the same event `semitones` higher. The caller keeps pitches within the model's range.
fn transposed(params: &EncodingParams, class: u32, semitones: i32) -> u32 {
    if run(params, class).is_some() { class.saturating_add_signed(semitones) } else { class }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polyphony() -> Encoding {
        Encoding::new(EncodingParams::Polyphony).expect("possible")
    }

    fn moved(transpose: i32) -> Variation {
        Variation { transpose, ..Variation::default() }
    }

    fn new(p: u32) -> u32 {
        voices::NEW + p
    }

    fn on(p: u32) -> u32 {
        voices::CONTINUED + p
    }

    /// Three steps: C and E; both sound on; E sounds on under a new G. Two steps are a bar.
    fn piece() -> Piece {
        let events = vec![new(64), new(60), 2, on(64), on(60), 2, new(67), on(64), 2, 1];
        Piece { bar: 2, events, ..Piece::default() }
    }

    #[test]
    fn bars_of_voices_are_counted_in_step_ends() {
        assert_eq!(piece().bar_starts(&polyphony()), [0, 6]);
        let single = Piece { bar: 1, ..piece() };
        assert_eq!(single.bar_starts(&polyphony()), [0, 3, 6]);
        let melody = crate::encode::tests::small(&[4], 2);
        let tune = Piece { bar: 4, events: vec![0; 9], ..Piece::default() };
        assert_eq!(tune.bar_starts(&melody), [0, 4, 8]);
    }

    #[test]
    fn an_excerpt_of_voices_starts_its_sounding_notes_anew_and_only_there() {
        let encoding = polyphony();
        assert_eq!(piece().excerpt(&encoding, 6..10, moved(0)).classes, [0, new(67), new(64), 2, 1]);
        assert_eq!(
            piece().excerpt(&encoding, 3..9, moved(-2)).classes,
            [0, new(62), new(58), 2, new(65), on(62), 2]
        );
    }

    #[test]
    fn parts_read_as_the_excerpts_that_they_are() {
        let encoding = polyphony();
        let parts = piece().parts(&encoding, 1);
        assert_eq!(parts.iter().map(|p| p.events.len()).collect::<Vec<_>>(), [6, 4]);
        assert_eq!(parts[1].excerpt(&encoding, 0..4, moved(0)), piece().excerpt(&encoding, 6..10, moved(0)));
        let bounds = Augmentation::within(&parts, &encoding);
        assert_eq!((bounds.low, bounds.high), (60, 67));
    }

    #[test]
    fn transposition_moves_pitches_alone_and_stays_in_bounds() {
        let melody = crate::encode::tests::small(&[4], 2);
        let tune = Piece { bar: 4, events: vec![0, 2, 1, 3], chords: vec![1, 1, 8, 0], ..Piece::default() };
        let higher = tune.excerpt(&melody, 0..4, moved(1));
        assert_eq!((higher.classes, higher.chords), (vec![0, 3, 1, 4], vec![2, 2, 9, 0]));
        let bounds = Augmentation { transpose: 5, low: 60, high: 62, ..Augmentation::default() };
        let possible = |wanted| tune.possible(&melody, 0..4, wanted, &bounds);
        assert_eq!([possible(3), possible(1), possible(-2)], [1, 1, 0]);
        let narrow = Augmentation { high: 60, ..bounds };
        assert_eq!(tune.possible(&melody, 0..4, 1, &narrow), 0);
    }
}
