//! How much of a set of windows is copied from the training pieces. Pure; any thread.

use super::Style;
use std::collections::HashSet;
use std::hash::Hash;

/// Copying from the training set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// Share of 2-bar windows that equal a 2-bar window of the training set, both on bar lines.
    pub copied: f64,
    /// Mean over windows of the longest run of words that also occurs in the training set, at any position.
    pub mean_run: f64,
    /// The longest of these runs.
    pub longest_run: usize,
}

impl Memory {
    /// Measures `windows` (of one length) against the training pieces.
    #[must_use]
    pub fn of<S: Style>(style: S, windows: &[&[S::Step]], training: &[Vec<S::Step>]) -> Self {
        let words: Vec<Vec<u64>> = windows.iter().map(|w| style.words(w)).collect();
        let taught: Vec<Vec<u64>> = training.iter().map(|p| style.words(p)).collect();
        let runs = longest_runs(&words, &taught);
        Self {
            copied: copied_share(windows, training, style.bar()),
            mean_run: runs.iter().sum::<usize>() as f64 / runs.len().max(1) as f64,
            longest_run: runs.into_iter().max().unwrap_or(0),
        }
    }
}

/// Share of the 2-bar halves of `windows` that occur, on bar lines, in the training pieces; `bar` is in steps.
#[must_use]
pub fn copied_share<T: Eq + Hash>(windows: &[&[T]], training: &[Vec<T>], bar: usize) -> f64 {
    let bar = bar.max(1);
    let known: HashSet<&[T]> = training.iter().flat_map(|p| p.windows(2 * bar).step_by(bar)).collect();
    let halves: Vec<&[T]> = windows.iter().flat_map(|w| w.chunks_exact(2 * bar)).collect();
    halves.iter().filter(|w| known.contains(*w)).count() as f64 / halves.len().max(1) as f64
}

/// For each window the length of its longest run of words that some training piece holds too.
///
/// Every stretch of `length` words of the training pieces is kept as a 61-bit polynomial hash; two different
/// stretches share one with a probability below 2⁻⁵⁰ for the sizes used here.
#[must_use]
pub fn longest_runs(windows: &[Vec<u64>], training: &[Vec<u64>]) -> Vec<usize> {
    let hashes: Vec<Hashes> = windows.iter().map(|w| Hashes::new(w)).collect();
    let taught: Vec<Hashes> = training.iter().map(|p| Hashes::new(p)).collect();
    let longest = windows.iter().map(|w| w.len()).max().unwrap_or(0);
    let mut best = vec![0; windows.len()];
    let mut power = 1;
    for length in 1..=longest {
        power = times(power, BASE);
        let mut known: HashSet<u64> = HashSet::new();
        for piece in &taught {
            known.extend(piece.all(length, power));
        }
        let mut grown = false;
        for (best, window) in best.iter_mut().zip(&hashes) {
            // A run of this length holds one that is a step shorter: windows that failed before stay out.
            if *best == length - 1 && window.all(length, power).any(|hash| known.contains(&hash)) {
                *best = length;
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    best
}

const PRIME: u64 = (1 << 61) - 1;
const BASE: u64 = 0x0b3a_94d1_27c5_f04b;

/// a · b modulo 2⁶¹ − 1.
fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let low = u64::try_from(product & u128::from(PRIME)).unwrap_or(0);
    let high = u64::try_from(product >> 61).unwrap_or(0);
    let sum = low + high;
    if sum >= PRIME { sum - PRIME } else { sum }
}

/// Hashes of all beginnings of a sequence.
struct Hashes(Vec<u64>);

impl Hashes {
    fn new(words: &[u64]) -> Self {
        let mut hashes = Vec::with_capacity(words.len() + 1);
        let mut hash = 0;
        hashes.push(hash);
        for &word in words {
            hash = (times(hash, BASE) + word % (PRIME - 1) + 1) % PRIME;
            hashes.push(hash);
        }
        Self(hashes)
    }

    /// Hashes of all stretches of a length, with `power` = BASE^length.
    fn all(&self, length: usize, power: u64) -> impl Iterator<Item = u64> {
        let ends = self.0.get(length..).unwrap_or_default();
        ends.iter().zip(&self.0).map(move |(end, start)| (end + PRIME - times(*start, power)) % PRIME)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::*;

    #[test]
    fn copies_are_found_on_bar_lines_only() {
        let training: Vec<u16> = (0..96).map(|i| i * 7 % 50).collect();
        let copy: Vec<u16> = training[16..48].to_vec();
        let shifted: Vec<u16> = training[20..52].to_vec();
        assert_eq!(copied_share(&[&copy, &shifted], &[training], 16), 0.5);
    }

    #[test]
    fn the_longest_common_run_may_lie_anywhere_but_not_across_pieces() {
        let training = vec![vec![1, 2, 3, 4, 5, 6], vec![7, 8, 9]];
        let windows: [&[u16]; 4] = [&[0, 3, 4, 5, 0], &[9, 9, 9, 9], &[5, 6, 7, 8], &[11, 12, 13, 14]];
        let words = |music: &[u16]| Language::Melody.words(music);
        let taught: Vec<_> = training.iter().map(|p: &Vec<u16>| words(p)).collect();
        assert_eq!(longest_runs(&windows.map(words), &taught), [3, 1, 2, 0]);
        let memory = Memory::of(Language::Melody, &windows, &training);
        assert_eq!((memory.mean_run, memory.longest_run), (1.5, 3));
    }
}
