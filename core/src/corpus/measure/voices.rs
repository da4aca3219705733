//! Properties of a window of several voices on a grid of 16ths. Pure; any thread.

use super::melody::{entropy, in_key};
use super::moments::{Moment, binned, compass, onset_steps, pitch_classes, struck};
use super::{BAR, Feature, Style, normalised};
use crate::codec::PitchSet;

/// Several voices in bars of 16 steps.
#[derive(Clone, Copy, Debug)]
pub struct Voices;

/// More voices than this count as so many.
const MOST: usize = 8;

impl Style for Voices {
    type Step = Moment;

    fn bar(self) -> usize {
        BAR
    }

    fn repeats(self) -> bool {
        false
    }

    fn onsets(self, step: Moment) -> u32 {
        u32::try_from(step.on.len()).unwrap_or(u32::MAX)
    }

    fn features(self, window: &[Moment]) -> Vec<Feature> {
        let notes = struck(window);
        let (pitches, range) = compass(&notes);
        let classes = pitch_classes(&notes);
        let entropy = entropy(&classes);
        let mut sounding = vec![0.0; MOST + 1];
        let (mut positions, mut harmony) = (vec![0.0; BAR], vec![0.0; 12]);
        for (step, moment) in window.iter().enumerate() {
            let now = together(moment);
            sounding[now.len().min(MOST)] += 1.0;
            positions[step % BAR] += moment.on.len() as f64;
            let lowest = now.iter().next().unwrap_or(0);
            now.iter().skip(1).for_each(|p| harmony[usize::from((p - lowest) % 12)] += 1.0);
        }
        let onsets = onset_steps(window);
        let distances = onsets.windows(2).map(|w| w[1] - w[0]);
        let sixteen: Vec<usize> = (1..BAR).collect();
        let bars = (window.len() as f64 / BAR as f64).max(1.0);
        let feature = |name, values| Feature { name, values };
        vec![
            feature("pitches", vec![pitches]),
            feature("pitch range", vec![range]),
            feature("pitch classes", classes),
            feature("pitch-class entropy", vec![entropy]),
            feature("mean interval on top", vec![mean_interval(window)]),
            feature("intervals above the lowest", normalised(harmony)),
            feature("note lengths", binned(notes.iter().map(|n| n.length), &sixteen)),
            feature("onset distances", binned(distances, &sixteen)),
            feature("onset positions", normalised(positions)),
            feature("notes per bar", vec![notes.len() as f64 / bars]),
            feature("voices sounding", normalised(sounding)),
        ]
    }

    fn scalars(self, window: &[Moment]) -> Vec<Feature> {
        let notes = struck(window);
        let sounding: Vec<PitchSet> = window.iter().map(together).collect();
        let chords = sounding.iter().filter(|s| classes_of(**s).count_ones() > 1);
        let consonant = chords.clone().filter(|s| fits_a_triad(classes_of(**s))).count();
        let voices: usize = sounding.iter().map(|s| s.len()).sum();
        let silent = sounding.iter().filter(|s| s.is_empty()).count();
        let steps = window.len().max(1) as f64;
        let feature = |name, value| Feature { name, values: vec![value] };
        vec![
            feature("in key", in_key(notes.iter().map(|n| i32::from(n.pitch)))),
            feature("chords within a triad", consonant as f64 / chords.count().max(1) as f64),
            feature("mean voices sounding", voices as f64 / steps),
            feature("silent steps", silent as f64 / steps),
        ]
    }

    /// The share of equal steps.
    fn likeness(self, a: &[Moment], b: &[Moment]) -> f64 {
        a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len().max(1) as f64
    }

    fn words(self, music: &[Moment]) -> Vec<u64> {
        music.iter().map(word).collect()
    }
}

/// A number for what sounds and what of it is struck; different ones for different moments but for one in 2⁶⁰.
fn word(moment: &Moment) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, value: u64| (hash ^ value).wrapping_mul(FACTOR).rotate_left(29);
    let pitches = moment.on.iter().map(|p| 256 + u64::from(p));
    pitches.chain(moment.held.iter().map(u64::from)).fold(FACTOR, mix)
}

fn together(moment: &Moment) -> PitchSet {
    moment.on.iter().chain(moment.held.iter()).collect()
}

fn classes_of(pitches: PitchSet) -> u16 {
    pitches.iter().fold(0, |set, p| set | 1 << (p % 12))
}

/// Whether pitch classes belong to one major or minor triad.
fn fits_a_triad(classes: u16) -> bool {
    const MAJOR: u16 = 0b1001_0001;
    const MINOR: u16 = 0b1000_1001;
    let rotated = |set: u16, by: u32| (set << by | set >> (12 - by)) & 0xfff;
    (0..12).any(|root| [MAJOR, MINOR].iter().any(|&triad| classes & !rotated(triad, root) == 0))
}

/// Mean absolute interval between the highest notes of successive onsets.
fn mean_interval(window: &[Moment]) -> f64 {
    let top: Vec<i32> = window.iter().filter_map(|m| m.on.iter().last()).map(i32::from).collect();
    let intervals: f64 = top.windows(2).map(|w| f64::from((w[1] - w[0]).abs())).sum();
    intervals / (top.len().max(2) - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::moments;
    use super::*;

    fn value(features: &[Feature], name: &str) -> Vec<f64> {
        features.iter().find(|f| f.name == name).map(|f| f.values.clone()).expect("a feature")
    }

    /// C and E for half a bar, then D flat and G flat, struck a 16th apart.
    fn window() -> Vec<Moment> {
        moments([(60, 9, 0, 8), (64, 9, 0, 8), (61, 9, 8, 16), (66, 9, 9, 16)], 16)
    }

    #[test]
    fn two_voices_by_hand() {
        let f = Voices.features(&window());
        assert_eq!((value(&f, "pitches"), value(&f, "pitch range")), (vec![4.0], vec![6.0]));
        assert_eq!(value(&f, "notes per bar"), [4.0]);
        assert_eq!(value(&f, "mean interval on top"), [(3.0 + 5.0) / 2.0]);
        assert_eq!(value(&f, "voices sounding")[..3], [0.0, 1.0 / 16.0, 15.0 / 16.0]);
        let harmony = value(&f, "intervals above the lowest");
        assert_eq!((harmony[4], harmony[5]), (8.0 / 15.0, 7.0 / 15.0));
        assert_eq!(value(&f, "note lengths")[6..8], [0.25, 0.75]);
        assert_eq!(value(&f, "onset positions")[..2], [0.5, 0.0]);
        let s = Voices.scalars(&window());
        assert_eq!(value(&s, "chords within a triad"), [1.0], "a fourth is part of a triad");
        assert_eq!(value(&s, "in key"), [0.75]);
        assert_eq!(value(&s, "silent steps"), [0.0]);
    }

    #[test]
    fn triads_are_found_in_every_key_and_seconds_are_none() {
        for root in 0..12 {
            let set = |tones: [u16; 3]| tones.iter().fold(0, |s, t| s | 1 << ((t + root) % 12));
            assert!(fits_a_triad(set([0, 4, 7])) && fits_a_triad(set([0, 3, 7])));
            assert!(!fits_a_triad(set([0, 2, 7])) && !fits_a_triad(set([0, 4, 8])));
        }
    }

    #[test]
    fn struck_and_held_are_different_words() {
        let words = Voices.words(&window());
        assert_eq!((words[1], words.len()), (words[2], 16));
        assert!(words[0] != words[1] && words[7] != words[8]);
        assert_eq!(Voices.likeness(&window(), &window()), 1.0);
    }
}
