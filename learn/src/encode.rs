//! Event classes → few-hot network inputs and labels, by the lookback encoding of `spec/rnn.md` §6.3.
//!
//! The same encoding lives in the core codec, made for one position at a time; training needs it by the million and
//! few-hot, so it is written here on class indices and a test holds the two together. Pure; runs anywhere.

use crate::lstm::FewHot;
use serde::{Deserialize, Serialize};

/// A lookback encoding over one-hot events. `distances` empty and `bits` 0 make it a plain one-hot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookback {
    /// Classes of the one-hot encoding below.
    pub classes: usize,
    /// Class of the default event (silence, no event).
    pub default: u32,
    /// How far back to look, in steps, ascending.
    pub distances: Vec<usize>,
    /// Bits of the position counter.
    pub bits: usize,
}

impl Lookback {
    /// Drum kit: 512 combinations of nine drums, one and two bars of 16 steps back, six counter bits.
    #[must_use]
    pub fn drum_kit() -> Self {
        Self { classes: 512, default: 0, distances: vec![16, 32], bits: 6 }
    }

    /// `lookback_rnn`: no event, note off and 36 pitches (48..84).
    #[must_use]
    pub fn melody() -> Self {
        Self { classes: 38, default: 0, distances: vec![16, 32], bits: 5 }
    }

    /// The encoding for bars of `bar` steps: lookback distances of one and two 16-step bars become one and two bars
    /// of that length, or two and four where the bars are shorter than twelve steps. 4/4, 2/2 and 2/4 keep theirs.
    #[must_use]
    pub fn for_bar(&self, bar: usize) -> Self {
        let unit = if bar < 12 { 2 * bar } else { bar };
        let distances = self.distances.iter().map(|&d| (d * unit / 16).max(1)).collect();
        Self { distances, ..self.clone() }
    }

    /// Width of a network input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.classes * (1 + self.distances.len()) + self.bits + self.distances.len()
    }

    /// Number of labels: the classes, then one "as `distances[i]` ago" each.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.classes + self.distances.len()
    }

    /// Appends the input row at `position` of `events`.
    pub fn push_input(&self, events: &[u32], position: usize, rows: &mut FewHot) {
        rows.push(events[position] as usize, 1.0);
        for (i, &d) in self.distances.iter().enumerate() {
            let event = (position + 1).checked_sub(d).map_or(self.default, |at| events[at]);
            rows.push(self.classes * (1 + i) + event as usize, 1.0);
        }
        let counter = self.classes * (1 + self.distances.len());
        for bit in 0..self.bits {
            let odd = ((position + 1) >> bit) & 1 == 1;
            rows.push(counter + bit, if odd { 1.0 } else { -1.0 });
        }
        for i in 0..self.distances.len() {
            if self.repeats(events, position, i) {
                rows.push(counter + self.bits + i, 1.0);
            }
        }
        rows.end_row();
    }

    /// The label of the event at `position`.
    #[must_use]
    pub fn label(&self, events: &[u32], position: usize) -> u32 {
        if let Some(&last) = self.distances.last()
            && position < last
            && events[position] == self.default
        {
            return (self.labels() - 1) as u32;
        }
        (0..self.distances.len())
            .rev()
            .find(|&i| self.repeats(events, position, i))
            .map_or(events[position], |i| (self.classes + i) as u32)
    }

    /// All labels that decode to the event at `position`: their probabilities add up to that of the event.
    pub fn aliases(&self, events: &[u32], position: usize) -> impl Iterator<Item = u32> + '_ {
        let event = events[position];
        let before: Vec<u32> = self
            .distances
            .iter()
            .map(|&d| position.checked_sub(d).map_or(self.default, |at| events[at]))
            .collect();
        std::iter::once(event).chain(
            before
                .into_iter()
                .enumerate()
                .filter(move |&(_, past)| past == event)
                .map(|(i, _)| (self.classes + i) as u32),
        )
    }

    fn repeats(&self, events: &[u32], position: usize, distance: usize) -> bool {
        position.checked_sub(self.distances[distance]).is_some_and(|at| events[at] == events[position])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Lookback {
        Lookback { classes: 3, default: 0, distances: vec![2, 4], bits: 3 }
    }

    #[test]
    fn inputs_hold_the_event_its_lookbacks_the_counter_and_the_repeats() {
        let encoding = small();
        let events = [1, 2, 1, 2, 1, 0];
        let mut rows = FewHot::new();
        encoding.push_input(&events, 0, &mut rows);
        encoding.push_input(&events, 4, &mut rows);
        let dense = |r: usize| {
            let mut row = vec![0.0; encoding.inputs()];
            rows.row(r).for_each(|(c, v)| row[c] = v);
            row
        };
        // event 1; lookbacks before the start are silence; n = 1 is 100 (lowest bit first); nothing repeats
        assert_eq!(dense(0), [0., 1., 0., 1., 0., 0., 1., 0., 0., 1., -1., -1., 0., 0.]);
        // event 1; two and four before the next one: events 3 and 1; n = 5 is 101; both repeat
        assert_eq!(dense(1), [0., 1., 0., 0., 0., 1., 0., 0., 1., 1., -1., 1., 1., 1.]);
    }

    #[test]
    fn triple_bars_look_back_by_their_own_length_and_duple_bars_as_ever() {
        let at = |bar| Lookback::melody().for_bar(bar).distances;
        assert_eq!(
            [at(16), at(8), at(12), at(6), at(24)],
            [[16, 32], [16, 32], [12, 24], [12, 24], [24, 48]]
        );
    }

    #[test]
    fn labels_prefer_the_farthest_repeat_and_early_silence_is_a_repeat() {
        let encoding = small();
        let events = [0, 2, 1, 2, 1, 2, 0];
        let labels: Vec<u32> = (0..7).map(|p| encoding.label(&events, p)).collect();
        assert_eq!(labels, [4, 2, 1, 3, 3, 4, 0]);
    }

    #[test]
    fn every_label_is_among_the_aliases_of_its_event() {
        let encoding = small();
        let events = [0, 2, 1, 2, 1, 2, 0, 0, 1, 0, 0, 2, 0, 0];
        for p in 0..events.len() {
            let label = encoding.label(&events, p);
            assert!(encoding.aliases(&events, p).any(|a| a == label), "position {p}");
        }
    }
}
