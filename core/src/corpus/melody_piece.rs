//! A melody as the events a network learns from. Pure; any thread.

use super::Split;
use crate::codec::MelodyEvent;
use crate::music::Meter;

/// A melody on the 16th grid, moved to C major or A minor and into the range 48..84.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MelodyPiece {
    /// Corpus, song and, after `#`, the stretch of the song.
    pub id: String,
    /// Title of the song.
    pub title: String,
    /// Composer as the corpus names one.
    pub composer: String,
    /// Split, by title.
    pub split: Split,
    /// Meter as printed.
    pub meter: Meter,
    /// Sixteenths per bar.
    pub steps_per_bar: usize,
    /// One per 16th. A whole number of bars.
    pub events: Vec<MelodyEvent>,
    /// Chord of each 16th, as [`super::harmony`] numbers them; 0 is none.
    pub chords: Vec<u16>,
    /// Semitones that were added to the printed pitches.
    pub transposed: i32,
}

impl MelodyPiece {
    /// Whether its bars are 4/4, or fill a 4/4 bar or half of one (2/2, 2/4): what the reference models were
    /// trained on counts in 16 steps.
    #[must_use]
    pub fn is_duple(&self) -> bool {
        matches!((self.meter.numerator, self.meter.denominator), (4, 4) | (2, 2 | 4))
    }

    /// Bars as printed.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.events.len() / self.steps_per_bar
    }

    /// The events as classes of a one-hot over 48..84: 0 no event, 1 note-off, `2 + i` the pitch `48 + i`.
    #[must_use]
    pub fn classes(&self) -> Vec<u16> {
        let class = |event: &MelodyEvent| match event {
            MelodyEvent::NoEvent => 0,
            MelodyEvent::NoteOff => 1,
            MelodyEvent::Pitch(pitch) => u16::from(*pitch).saturating_sub(46),
        };
        self.events.iter().map(class).collect()
    }

    /// Note onsets.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.events.iter().filter(|e| e.pitch().is_some()).count()
    }
}

/// Lowest pitch and one above the highest of all melody models that move to C.
pub(super) const RANGE: (i64, i64) = (48, 84);

/// Semitones that bring a song to C major or A minor and near the middle of [`RANGE`], as the reference's squash:
/// the major key that holds most notes (the lowest on a tie), then whole octaves, halves to even.
pub(super) fn to_c(pitches: impl Iterator<Item = i64> + Clone) -> i64 {
    let (Some(lowest), Some(highest)) = (pitches.clone().min(), pitches.clone().max()) else { return 0 };
    let key = major_key(pitches);
    // Twice the distance between the centres keeps the halves whole.
    let twice = (RANGE.0 + RANGE.1 - 1) - (lowest + highest - 2 * key);
    let (octaves, rest) = (twice.div_euclid(24), twice.rem_euclid(24));
    let up = rest > 12 || (rest == 12 && octaves % 2 != 0);
    12 * (octaves + i64::from(up)) - key
}

/// The major key that holds most notes, the lowest on a tie.
pub(super) fn major_key(pitches: impl Iterator<Item = i64> + Clone) -> i64 {
    const MAJOR: [i64; 7] = [0, 2, 4, 5, 7, 9, 11];
    let fits = |key: i64| pitches.clone().filter(|p| MAJOR.contains(&(p - key).rem_euclid(12))).count();
    (0..12).rev().max_by_key(|&key| fits(key)).unwrap_or(0)
}

/// Folds a pitch into a range (lowest, one above the highest) by octaves.
pub(super) fn fold(pitch: i64, (low, high): (i64, i64)) -> i64 {
    if pitch < low {
        low + (pitch - low).rem_euclid(12)
    } else if pitch >= high {
        high - 12 + (pitch - high).rem_euclid(12)
    } else {
        pitch
    }
}

/// Writes notes (onset, end, pitch; ascending) as events. A note that is still sounding when the next one starts
/// ends there; one that ends before it leaves a note-off.
pub(super) fn events(notes: &[(i64, i64, i64)], length: i64) -> Vec<MelodyEvent> {
    let mut events = vec![MelodyEvent::NoEvent; usize::try_from(length).unwrap_or(0)];
    for (i, &(on, end, pitch)) in notes.iter().enumerate() {
        let next = notes.get(i + 1).map_or(length, |n| n.0);
        let at = |step: i64| usize::try_from(step).ok();
        if let Some(event) = at(on).and_then(|i| events.get_mut(i)) {
            *event = u8::try_from(pitch).map_or(MelodyEvent::NoEvent, MelodyEvent::Pitch);
        }
        if end < next
            && let Some(event) = at(end).and_then(|i| events.get_mut(i))
        {
            *event = MelodyEvent::NoteOff;
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoding::{MelodyOneHot, OneHot};

    fn numbered(events: &[i32]) -> Vec<MelodyEvent> {
        events.iter().map(|&e| MelodyEvent::try_from(e).unwrap()).collect()
    }

    #[test]
    fn a_song_in_d_major_moves_to_c_and_to_the_middle_of_the_range() {
        // D E F# G A B C# D: key 2; range 62..74 centres on 68, in C on 66, already nearest to 65.5.
        assert_eq!(to_c([62, 64, 66, 67, 69, 71, 73, 74].into_iter()), -2);
        // Two octaves higher it comes down by 24 more.
        assert_eq!(to_c([86, 88, 90, 91, 93, 95, 97, 98].into_iter()), -26);
        // A minor counts as C major.
        assert_eq!(to_c([57, 59, 60, 62, 64, 65, 67, 69].into_iter()), 0);
        assert_eq!(to_c(std::iter::empty()), 0);
    }

    #[test]
    fn pitches_outside_fold_into_the_nearest_octave() {
        assert_eq!([40, 47, 48, 83, 84, 90].map(|pitch| fold(pitch, RANGE)), [52, 59, 48, 83, 72, 78]);
    }

    #[test]
    fn classes_agree_with_the_one_hot_encoding() {
        let encoding = MelodyOneHot::new(48, 84).unwrap();
        let events = numbered(&[-2, -1, 48, 60, 83]);
        let expected: Vec<usize> = events.iter().map(|&e| encoding.encode(e).unwrap()).collect();
        let piece = MelodyPiece {
            id: String::new(),
            title: String::new(),
            composer: String::new(),
            split: Split::Train,
            meter: Meter::COMMON,
            steps_per_bar: 16,
            events,
            chords: Vec::new(),
            transposed: 0,
        };
        assert_eq!(piece.classes().into_iter().map(usize::from).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn legato_notes_need_no_note_off() {
        assert_eq!(
            events(&[(1, 3, 60), (3, 9, 62), (6, 7, 64)], 8),
            numbered(&[-2, 60, -2, 62, -2, -2, 64, -1])
        );
        assert_eq!(events(&[(0, 8, 60)], 4), numbered(&[60, -2, -2, -2]));
    }
}
