//! How often music repeats its own bars: what small models lose first. Pure; any thread.

use super::{Interval, Style, bootstrap, self_similarity};

/// Repetition in windows of several bars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repetition {
    /// Share of adjacent bars that are exactly equal and not silent, of all adjacent bars. Silence does not count
    /// as a repeat: a model that stops playing would otherwise pass for one that remembers.
    pub adjacent: Interval,
    /// Share of windows in which any two bars are equal and not silent.
    pub any: f64,
    /// Mean likeness over all pairs of bars of a window.
    pub similarity: Interval,
}

/// Measures groups of windows; each group (a piece, or one generated sample) is one independent observation.
#[must_use]
pub fn repetition<S: Style>(style: S, groups: &[Vec<&[S::Step]>], seed: u64) -> Repetition {
    let (mut adjacent, mut similarity) = (Vec::new(), Vec::new());
    let (mut any, mut windows) = (0_u32, 0_u32);
    for group in groups {
        let (mut equal, mut pairs, mut alike) = (0_u32, 0_u32, 0.0);
        for window in group {
            let bars: Vec<&[S::Step]> = window.chunks_exact(style.bar()).collect();
            let sounds = |bar: &[S::Step]| bar.iter().any(|&step| style.onsets(step) > 0);
            let repeats = |pair: &[&[S::Step]]| pair[0] == pair[1] && sounds(pair[0]);
            equal += u32::try_from(bars.windows(2).filter(|p| repeats(p)).count()).unwrap_or(0);
            pairs += u32::try_from(bars.len().saturating_sub(1)).unwrap_or(0);
            let twice = bars.iter().enumerate().any(|(i, a)| sounds(a) && bars[i + 1..].contains(a));
            any += u32::from(twice);
            windows += 1;
            alike += self_similarity(window, style.bar(), |a, b| style.likeness(a, b));
        }
        adjacent.push((f64::from(equal), f64::from(pairs)));
        similarity.push((alike, group.len() as f64));
    }
    Repetition {
        adjacent: bootstrap(&adjacent, seed),
        any: f64::from(any) / f64::from(windows.max(1)),
        similarity: bootstrap(&similarity, seed.wrapping_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BAR, Language};
    use super::*;

    #[test]
    fn repeats_are_counted_and_silence_is_not_one() {
        let bar = |class: u16| vec![class; BAR];
        let window: Vec<u16> = [bar(1), bar(1), bar(0), bar(0)].concat();
        let other: Vec<u16> = [bar(1), bar(2), bar(4), bar(1)].concat();
        let r = repetition(Language::Drums, &[vec![&window], vec![&other]], 1);
        // One of six adjacent pairs; both windows hold an equal pair somewhere.
        assert_eq!((r.adjacent.mean, r.any), (1.0 / 6.0, 1.0));
        // Window 1: equal pairs 1-2 and 3-4 of six; window 2: one of six.
        assert!((r.similarity.mean - (2.0 / 6.0 + 1.0 / 6.0) / 2.0).abs() < 1e-15);
        assert!(r.adjacent.low <= r.adjacent.mean && r.adjacent.mean <= r.adjacent.high);
    }
}
