//! Properties of a window of a performance, in steps of 10 ms. Pure; any thread.

use super::melody::in_key;
use super::moments::{Moment, binned, compass, onset_steps, pitch_classes, struck};
use super::{Feature, Style, normalised};
use crate::codec::performance::STEPS_PER_SECOND;

/// Performances. What counts as a bar lasts two seconds.
#[derive(Clone, Copy, Debug)]
pub struct Playing;

const BAR: usize = 2 * STEPS_PER_SECOND as usize;
/// More notes than this count as so many.
const MOST: usize = 10;
/// Last steps of the bins of time.
const TIMES: [usize; 10] = [1, 2, 4, 6, 9, 14, 20, 30, 50, 100];
/// Velocities in a bin.
const VELOCITIES: u8 = 8;

impl Style for Playing {
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
        let seconds = (window.len() as f64 / f64::from(STEPS_PER_SECOND)).max(1.0);
        let mut sounding = vec![0.0; MOST + 1];
        window.iter().for_each(|m| sounding[(m.on.len() + m.held.len()).min(MOST)] += 1.0);
        let loud: Vec<f64> =
            window.iter().filter(|m| m.velocity > 0).map(|m| f64::from(m.velocity)).collect();
        let mut velocities = vec![0.0; 128 / usize::from(VELOCITIES)];
        for moment in window.iter().filter(|m| m.velocity > 0) {
            velocities[usize::from(moment.velocity.min(127) / VELOCITIES)] += 1.0;
        }
        let centre = mean(loud.iter().copied());
        let spread = mean(loud.iter().map(|v| (v - centre) * (v - centre))).sqrt();
        let onsets = onset_steps(window);
        let feature = |name, values| Feature { name, values };
        vec![
            feature("notes per second", vec![notes.len() as f64 / seconds]),
            feature("velocities", normalised(velocities)),
            feature("mean velocity", vec![centre]),
            feature("spread of velocities", vec![spread]),
            feature("time shifts", binned(onsets.windows(2).map(|w| w[1] - w[0]), &TIMES)),
            feature("note lengths", binned(notes.iter().map(|n| n.length), &TIMES)),
            feature("notes sounding", normalised(sounding)),
            feature("pitches", vec![pitches]),
            feature("pitch range", vec![range]),
            feature("mean pitch", vec![mean(notes.iter().map(|n| f64::from(n.pitch)))]),
            feature("pitch classes", pitch_classes(&notes)),
        ]
    }

    fn scalars(self, window: &[Moment]) -> Vec<Feature> {
        let notes = struck(window);
        let onsets = window.iter().filter(|m| !m.on.is_empty());
        let together = onsets.clone().filter(|m| m.on.len() > 1).count();
        let silent = window.iter().filter(|m| m.on.is_empty() && m.held.is_empty()).count();
        let feature = |name, value| Feature { name, values: vec![value] };
        vec![
            feature("in key", in_key(notes.iter().map(|n| i32::from(n.pitch)))),
            feature("struck together", together as f64 / onsets.count().max(1) as f64),
            feature("silence", silent as f64 / window.len().max(1) as f64),
        ]
    }

    /// Common share of the pitch classes that are struck.
    fn likeness(self, a: &[Moment], b: &[Moment]) -> f64 {
        let (a, b) = (pitch_classes(&struck(a)), pitch_classes(&struck(b)));
        a.iter().zip(&b).map(|(a, b)| a.min(*b)).sum()
    }

    /// The pitches in the order in which they are struck: timing and dynamics hide no copy.
    fn words(self, music: &[Moment]) -> Vec<u64> {
        music.iter().flat_map(|m| m.on.iter().map(u64::from)).collect()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0_u32);
    values.for_each(|v| {
        sum += v;
        count += 1;
    });
    sum / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::super::moments;
    use super::*;

    fn value(features: &[Feature], name: &str) -> Vec<f64> {
        features.iter().find(|f| f.name == name).map(|f| f.values.clone()).expect("a feature")
    }

    #[test]
    fn two_seconds_by_hand() {
        // C and E together, loud and soft; G 10 ms later; C again after a second.
        let notes = [(60, 80, 0, 50), (64, 40, 0, 2), (67, 60, 1, 200), (60, 64, 100, 130)];
        let window = moments(notes, 200);
        let f = Playing.features(&window);
        assert_eq!(value(&f, "notes per second"), [2.0]);
        let velocities = value(&f, "velocities");
        assert_eq!((velocities[10], velocities[7], velocities[8]), (1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0));
        assert_eq!(value(&f, "mean velocity"), [68.0]);
        let shifts = value(&f, "time shifts");
        assert_eq!((shifts[0], shifts[9]), (0.5, 0.5));
        let lengths = value(&f, "note lengths");
        assert_eq!((lengths[1], lengths[7], lengths[8], lengths[10]), (0.25, 0.25, 0.25, 0.25));
        assert_eq!(value(&f, "notes sounding")[3], 1.0 / 200.0);
        assert_eq!(value(&Playing.scalars(&window), "struck together"), [1.0 / 3.0]);
        assert_eq!(Playing.words(&window), [60, 64, 67, 60]);
        assert!((Playing.likeness(&window[..100], &window[100..]) - 1.0 / 3.0).abs() < 1e-15);
    }
}
