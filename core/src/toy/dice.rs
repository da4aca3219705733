//! The musical dice game of the 18th century: two dice and a table choose each of the sixteen measures of a waltz.
//!
//! The table is the one printed under Mozart's name in 1793. The measures are not: the old ones are replaced by
//! measures of our own, one per cell, made from the harmony of the column and the figure of the row. As in the old
//! game all measures of the 8th and of the 16th column are closes, and sound alike.

use crate::music::{Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER, Ticks};
use crate::sampling::Rng;

/// Throws, and measures, of a waltz.
pub const THROWS: usize = 16;

/// Number of the measure by the sum of two dice (rows: 2 to 12) and throw (columns).
pub const TABLE: [[u8; THROWS]; 11] = [
    [96, 22, 141, 41, 105, 122, 11, 30, 70, 121, 26, 9, 112, 49, 109, 14],
    [32, 6, 128, 63, 146, 46, 134, 81, 117, 39, 126, 56, 174, 18, 116, 83],
    [69, 95, 158, 13, 153, 55, 110, 24, 66, 139, 15, 132, 73, 58, 145, 79],
    [40, 17, 113, 85, 161, 2, 159, 100, 90, 176, 7, 34, 67, 160, 52, 170],
    [148, 74, 163, 45, 80, 97, 36, 107, 25, 143, 64, 125, 76, 136, 1, 93],
    [104, 157, 27, 167, 154, 68, 118, 91, 138, 71, 150, 29, 101, 162, 23, 151],
    [152, 60, 171, 53, 99, 133, 21, 127, 16, 155, 57, 175, 43, 168, 89, 172],
    [119, 84, 114, 50, 140, 86, 169, 94, 120, 88, 48, 166, 51, 115, 72, 111],
    [98, 142, 42, 156, 75, 129, 62, 123, 65, 77, 19, 82, 137, 38, 149, 8],
    [3, 87, 165, 61, 135, 47, 147, 33, 102, 4, 31, 164, 144, 59, 173, 78],
    [54, 130, 10, 103, 28, 37, 106, 5, 35, 20, 108, 92, 12, 124, 44, 131],
];

/// Number of the measure, 1..=176, of a throw (from 0) whose dice add up to `sum`; `None` where there is none.
#[must_use]
pub fn measure(throw: usize, sum: u8) -> Option<u8> {
    let row = usize::from(sum.checked_sub(2)?);
    TABLE.get(row)?.get(throw).copied()
}

/// Sums of two dice, 2..=12, for all throws.
#[must_use]
pub fn roll(seed: u32) -> [u8; THROWS] {
    let rng = Rng::new(seed);
    let mut sums = [0; THROWS];
    for (throw, sum) in (0u64..).zip(&mut sums) {
        // A draw is below 1, so a die shows at most 6.
        let die = |head| 1 + (rng.at(throw, head) * 6.0) as u8;
        *sum = die(0) + die(1);
    }
    sums
}

/// A harmony: four tones for the melody, ascending, and two for the bass.
struct Harmony {
    tones: [u8; 4],
    bass: [u8; 2],
}

const TONIC: Harmony = Harmony { tones: [72, 76, 79, 84], bass: [48, 55] };
const DOMINANT: Harmony = Harmony { tones: [71, 74, 77, 79], bass: [43, 53] };
const SECOND_DOMINANT: Harmony = Harmony { tones: [72, 74, 78, 81], bass: [50, 54] };
const ON_FIFTH: Harmony = Harmony { tones: [71, 74, 79, 83], bass: [43, 50] };
const SUBDOMINANT: Harmony = Harmony { tones: [72, 77, 81, 84], bass: [41, 48] };
const CADENCE: Harmony = Harmony { tones: [67, 72, 76, 79], bass: [43, 52] };

/// Harmony of each column: to the key of the fifth and back.
const PLAN: [&Harmony; THROWS] = [
    &TONIC,
    &TONIC,
    &DOMINANT,
    &TONIC,
    &TONIC,
    &SECOND_DOMINANT,
    &SECOND_DOMINANT,
    &ON_FIFTH,
    &DOMINANT,
    &TONIC,
    &DOMINANT,
    &TONIC,
    &SUBDOMINANT,
    &CADENCE,
    &DOMINANT,
    &TONIC,
];

/// Columns that close a part.
const CLOSES: [usize; 2] = [7, 15];

/// A tone of a figure: start and length in 16ths, index of the harmony's tone.
type Tone = (Ticks, Ticks, usize);

/// Figure of each row; a measure has six 16ths.
const FIGURES: [&[Tone]; 11] = [
    &[(0, 2, 0), (2, 2, 1), (4, 2, 2)],
    &[(0, 2, 2), (2, 2, 1), (4, 2, 0)],
    &[(0, 1, 0), (1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 1, 2), (5, 1, 1)],
    &[(0, 3, 2), (3, 1, 1), (4, 2, 0)],
    &[(0, 4, 1), (4, 2, 2)],
    &[(0, 2, 2), (2, 4, 1)],
    &[(0, 2, 0), (2, 2, 2), (4, 2, 1)],
    &[(0, 1, 2), (1, 1, 1), (2, 1, 0), (3, 1, 1), (4, 1, 2), (5, 1, 3)],
    &[(0, 2, 2), (2, 2, 2), (4, 2, 1)],
    &[(0, 1, 0), (1, 1, 1), (2, 2, 2), (4, 2, 1)],
    &[(0, 2, 3), (2, 2, 2), (4, 2, 0)],
];

/// How a part closes.
const CLOSE: &[Tone] = &[(0, 4, 0)];

const BASS: &[Tone] = &[(0, 4, 0), (4, 2, 1)];

/// Melody and bass of a waltz of sixteen measures in 3/8, in C major. `None` if a sum is not 2..=12.
#[must_use]
pub fn waltz(sums: &[u8; THROWS]) -> Option<[Clip; 2]> {
    let meter = Meter { numerator: 3, denominator: 8 };
    let bar = meter.bar_ticks();
    let (mut melody, mut bass) = (Vec::new(), Vec::new());
    for (throw, &sum) in sums.iter().enumerate() {
        measure(throw, sum)?;
        let start = Ticks::try_from(throw).ok()? * bar;
        let harmony = PLAN[throw];
        let figure = if CLOSES.contains(&throw) { CLOSE } else { FIGURES[usize::from(sum - 2)] };
        melody.extend(notes(figure, &harmony.tones, start, 96));
        bass.extend(notes(BASS, &harmony.bass, start, 80));
    }
    let clip = |name: &str, notes| Clip {
        name: name.to_owned(),
        kind: ClipKind::Melody,
        notes,
        length: bar * THROWS as Ticks,
        meter,
        tempo: Some(90.0),
    };
    Some([clip("Dice waltz", melody), clip("Dice waltz bass", bass)])
}

fn notes<'a>(
    figure: &'a [Tone],
    tones: &'a [u8],
    from: Ticks,
    velocity: u8,
) -> impl Iterator<Item = Note> + 'a {
    const SIXTEENTH: Ticks = TICKS_PER_QUARTER / 4;
    figure.iter().map(move |&(start, length, tone)| Note {
        start: from + start * SIXTEENTH,
        pitch: tones[tone],
        length: length * SIXTEENTH,
        velocity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_books() {
        assert_eq!((measure(0, 2), measure(0, 3)), (Some(96), Some(32)));
        assert_eq!((measure(1, 2), measure(1, 3)), (Some(22), Some(6)));
        assert_eq!((measure(0, 1), measure(0, 13), measure(16, 2)), (None, None, None));
        let mut all: Vec<u8> = TABLE.iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (1..=176).collect::<Vec<u8>>(), "each measure once");
    }

    #[test]
    fn dice_fall_as_two_dice_do() {
        let mut counts = [0u32; 13];
        (0..1000).flat_map(roll).for_each(|sum| counts[usize::from(sum)] += 1);
        assert_eq!(counts[0] + counts[1], 0);
        // 16,000 throws: 444 of 2 and of 12 expected, 2667 of 7; five standard deviations either way.
        assert!((340..=550).contains(&counts[2]) && (340..=550).contains(&counts[12]), "{counts:?}");
        assert!((2430..=2910).contains(&counts[7]), "{counts:?}");
        assert_eq!(roll(5), roll(5));
        assert_ne!(roll(5), roll(6));
    }

    #[test]
    fn a_waltz_has_the_measures_that_were_thrown() {
        let mut sums = [7; THROWS];
        (sums[0], sums[1]) = (2, 3);
        let [melody, bass] = waltz(&sums).expect("two dice");
        assert_eq!((melody.bars(), melody.meter.to_string()), (16, "3/8".into()));
        let eighth = TICKS_PER_QUARTER / 2;
        let first: Vec<_> = melody.notes.iter().take(6).map(|n| (n.start / eighth, n.pitch)).collect();
        assert_eq!(first, [(0, 72), (1, 76), (2, 79), (3, 79), (4, 76), (5, 72)]);
        assert_eq!(bass.notes.len(), 32);
        let last = melody.notes.last().expect("notes");
        assert_eq!((last.start, last.pitch), (15 * melody.meter.bar_ticks(), 72), "it ends on the key note");
        assert_eq!(waltz(&[13; THROWS]), None);
    }
}
