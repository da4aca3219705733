//! Properties of a window of drumming. Pure; any thread.

use super::{BAR, Feature, groove_consistency, normalised, self_similarity};
use std::collections::BTreeSet;

const TYPES: usize = 9;

/// Metrical weight of each 16th of a 4/4 bar after Longuet-Higgins and Lee, 1984.
const WEIGHTS: [i32; BAR] = [0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4];

pub(super) fn features(window: &[u16]) -> Vec<Feature> {
    let hits: u32 = window.iter().map(|c| c.count_ones()).sum();
    let mut types = vec![0.0; TYPES];
    let mut positions = vec![0.0; BAR];
    for (step, &class) in window.iter().enumerate() {
        positions[step % BAR] += f64::from(class.count_ones());
        for (i, count) in types.iter_mut().enumerate() {
            *count += f64::from(class >> i & 1);
        }
    }
    let combinations: BTreeSet<u16> = window.iter().copied().collect();
    let onset: Vec<bool> = window.iter().map(|&c| c != 0).collect();
    let feature = |name, values| Feature { name, values };
    vec![
        feature("hit density", vec![f64::from(hits) / (window.len() as f64 / BAR as f64).max(1.0)]),
        feature("share per drum", normalised(types)),
        feature("onset positions", normalised(positions)),
        feature("combinations", vec![combinations.len() as f64]),
        feature("groove consistency", vec![groove_consistency(&onset)]),
        feature("self-similarity", vec![self_similarity(window, BAR, cosine)]),
    ]
}

pub(super) fn scalars(window: &[u16]) -> Vec<Feature> {
    let bars = window.chunks_exact(BAR);
    let count = bars.len().max(1) as f64;
    let empty = bars.clone().filter(|bar| bar.iter().all(|&c| c == 0)).count() as f64;
    let feature = |name, value: f64| Feature { name, values: vec![value] };
    vec![
        feature("syncopation", bars.map(syncopation).sum::<f64>() / count),
        feature(
            "empty steps",
            window.iter().filter(|&&c| c == 0).count() as f64 / window.len().max(1) as f64,
        ),
        feature("empty bars", empty / count),
    ]
}

/// Syncopation of a bar: for each onset, how much heavier the heaviest silent step before the next onset (around
/// the bar line) is than its own.
fn syncopation(bar: &[u16]) -> f64 {
    let onsets: Vec<usize> = (0..bar.len()).filter(|&i| bar[i] != 0).collect();
    let mut sum = 0;
    for (k, &on) in onsets.iter().enumerate() {
        let next = onsets.get(k + 1).copied().unwrap_or(onsets[0] + BAR);
        let heaviest = (on + 1..next).map(|i| WEIGHTS[i % BAR]).max();
        sum += heaviest.map_or(0, |h| (h - WEIGHTS[on]).max(0));
    }
    f64::from(sum)
}

/// Cosine of the angle between the hits of two bars. Two silent bars are alike, a silent one is like no other.
pub(super) fn cosine(a: &[u16], b: &[u16]) -> f64 {
    let hits = |bar: &[u16]| bar.iter().map(|c| c.count_ones()).sum::<u32>();
    let common: u32 = a.iter().zip(b).map(|(x, y)| (x & y).count_ones()).sum();
    match (hits(a), hits(b)) {
        (0, 0) => 1.0,
        (0, _) | (_, 0) => 0.0,
        (x, y) => f64::from(common) / (f64::from(x) * f64::from(y)).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bass on 1 and 3, snare on 2 and 4.
    fn backbeat() -> Vec<u16> {
        (0..16).map(|i| [1, 0, 0, 0, 2, 0, 0, 0][i % 8]).collect()
    }

    fn value<'a>(features: &'a [Feature], name: &str) -> &'a [f64] {
        &features.iter().find(|f| f.name == name).unwrap().values
    }

    #[test]
    fn a_backbeat_and_a_bass_only_bar_by_hand() {
        let mut window = backbeat();
        window.extend((0..16).map(|i| u16::from(i % 8 == 0)));
        let f = features(&window);
        assert_eq!(value(&f, "hit density"), [3.0]);
        assert_eq!(value(&f, "share per drum")[..3], [4.0 / 6.0, 2.0 / 6.0, 0.0]);
        let positions = value(&f, "onset positions");
        assert_eq!((positions[0], positions[4], positions[5]), (2.0 / 6.0, 1.0 / 6.0, 0.0));
        assert_eq!(value(&f, "combinations"), [3.0]);
        // The bars differ at steps 4 and 12.
        assert_eq!(value(&f, "groove consistency"), [1.0 - 2.0 / 16.0]);
        // 2 common hits of 4 and 2.
        assert!((value(&f, "self-similarity")[0] - 2.0 / 8.0_f64.sqrt()).abs() < 1e-15);
        let s = scalars(&window);
        assert_eq!(value(&s, "empty steps"), [26.0 / 32.0]);
        assert_eq!(value(&s, "empty bars"), [0.0]);
    }

    #[test]
    fn syncopation_counts_the_heavy_steps_that_stay_silent() {
        let bar = |on: &[usize]| -> Vec<u16> { (0..16).map(|i| u16::from(on.contains(&i))).collect() };
        // On the quarters nothing heavier lies between an onset and the next.
        assert_eq!(syncopation(&bar(&[0, 4, 8, 12])), 0.0);
        // Onset on step 14 (weight -3), next on 4: step 0 (weight 0) is silent between: 3. From 4 (-2) to 14: step
        // 8 (-1) is silent: 1.
        assert_eq!(syncopation(&bar(&[4, 14])), 4.0);
        assert_eq!(syncopation(&bar(&[])), 0.0);
    }
}
