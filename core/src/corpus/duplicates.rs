//! Finds songs that are mostly one already seen: other editions, other keys, the same tune under another name.
//! Pure; any thread. Without it a held-out song could be a training song in disguise.

use std::collections::{HashMap, HashSet};

/// Consecutive notes compared at a time: long enough that tunes by different hands rarely share one.
const GRAM: usize = 8;

/// The songs seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    names: Vec<String>,
    songs: HashMap<Vec<(i16, i16)>, Vec<usize>>,
}

impl Seen {
    /// The earlier song that holds more than half of this one's 8-note figures (intervals and distances, so in any
    /// key), if there is one; else remembers this song. `notes`: (onset, pitch), ascending.
    pub fn check(&mut self, name: &str, notes: &[(i64, i64)]) -> Option<&str> {
        let clip = |d: i64| i16::try_from(d.clamp(-999, 999)).unwrap_or_default();
        let steps: Vec<(i16, i16)> =
            notes.windows(2).map(|w| (clip(w[1].0 - w[0].0), clip(w[1].1 - w[0].1))).collect();
        let grams: HashSet<Vec<(i16, i16)>> = steps.windows(GRAM).map(<[_]>::to_vec).collect();
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for song in grams.iter().filter_map(|g| self.songs.get(g)).flatten() {
            *shared.entry(*song).or_default() += 1;
        }
        let best = shared.into_iter().max_by_key(|&(song, n)| (n, std::cmp::Reverse(song)));
        if let Some((song, _)) = best.filter(|&(_, n)| 2 * n > grams.len()) {
            return Some(&self.names[song]);
        }
        for gram in grams {
            self.songs.entry(gram).or_default().push(self.names.len());
        }
        self.names.push(name.to_owned());
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_tune_is_found_and_another_one_is_not() {
        let tune: Vec<(i64, i64)> = (0..40).map(|i| (i * 2 + i % 3, 60 + (i * i) % 11)).collect();
        let other: Vec<(i64, i64)> = (0..40).map(|i| (i * 3, 60 + (i * 7) % 12)).collect();
        let higher: Vec<(i64, i64)> = tune[4..].iter().map(|&(t, p)| (t + 64, p + 5)).collect();
        let mut seen = Seen::default();
        assert_eq!(seen.check("first", &tune), None);
        assert_eq!(seen.check("other", &other), None);
        assert_eq!(seen.check("again", &higher), Some("first"));
    }
}
