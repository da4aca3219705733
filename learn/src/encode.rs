//! Event classes → few-hot network inputs and labels, by the lookback encoding (`spec/rnn.md` §6.3) or the key melody
//! encoding (§6.4).
//!
//! Training keeps events as class indices. Lookback also lives in the core codec, made for one position at a time;
//! here it is written on indices, because training needs it by the million, and a test holds the two together. Key
//! melody is the core's own. Pure; runs anywhere.

use crate::lstm::FewHot;
use descant_core::codec::MelodyEvent;
use descant_core::codec::encoding::{self as codec, Encoding as _, EncodingError, History};
use serde::{Deserialize, Serialize};

/// What goes into a network and comes out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Encoding {
    /// One-hot with lookback.
    Lookback(Lookback),
    /// Melody with the keys that fit.
    KeyMelody(KeyMelody),
}

/// Parameters of the key melody encoding. Events are the classes of a one-hot over `min..max`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMelody {
    /// Lowest pitch.
    pub min: i32,
    /// One above the highest pitch.
    pub max: i32,
    /// How far back to look, in steps, ascending.
    pub distances: Vec<usize>,
    /// Bits of the position counter.
    pub bits: usize,
}

impl KeyMelody {
    /// `attention_rnn`.
    #[must_use]
    pub fn attention_rnn() -> Self {
        Self { min: 48, max: 84, distances: vec![16, 32], bits: 7 }
    }

    fn range(&self) -> usize {
        usize::try_from(self.max - self.min).unwrap_or(0)
    }

    fn codec(&self) -> Result<codec::KeyMelody, EncodingError> {
        codec::KeyMelody::new(self.min, self.max, &self.distances, self.bits)
    }

    fn event(&self, class: u32) -> MelodyEvent {
        match class {
            0 => MelodyEvent::NoEvent,
            1 => MelodyEvent::NoteOff,
            pitch => MelodyEvent::Pitch((pitch as i32 - 2 + self.min).clamp(0, 127) as u8),
        }
    }
}

impl Encoding {
    /// Width of a network input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        match self {
            Self::Lookback(lookback) => lookback.inputs(),
            Self::KeyMelody(key) => key.range() + 4 + key.distances.len() + key.bits + 1 + 24,
        }
    }

    /// Number of labels.
    #[must_use]
    pub fn labels(&self) -> usize {
        match self {
            Self::Lookback(lookback) => lookback.labels(),
            Self::KeyMelody(key) => key.range() + 2 + key.distances.len(),
        }
    }

    /// The encoding for bars of `bar` steps: lookback distances of one and two 16-step bars become one and two bars
    /// of that length, or two and four where the bars are shorter than twelve steps. 4/4, 2/2 and 2/4 keep theirs.
    #[must_use]
    pub fn for_bar(&self, bar: usize) -> Self {
        let unit = if bar < 12 { 2 * bar } else { bar };
        let mut scaled = self.clone();
        let (Self::Lookback(Lookback { distances, .. }) | Self::KeyMelody(KeyMelody { distances, .. })) =
            &mut scaled;
        distances.iter_mut().for_each(|d| *d = (*d * unit / 16).max(1));
        scaled
    }

    /// Reads `events`, a whole sequence, from `position` on.
    #[must_use]
    pub fn reader<'a>(&'a self, events: &'a [u32], position: usize) -> Reader<'a> {
        match self {
            Self::Lookback(lookback) => Reader::Lookback { lookback, events },
            Self::KeyMelody(key) => {
                let events: Vec<MelodyEvent> = events.iter().map(|&class| key.event(class)).collect();
                let history = History::new(&events[..position.min(events.len())]);
                Reader::KeyMelody { key, codec: key.codec().ok(), events, history }
            }
        }
    }
}

/// Inputs and labels of one sequence, position by position.
#[derive(Debug)]
pub enum Reader<'a> {
    /// See [`Encoding::Lookback`].
    Lookback {
        /// The encoding.
        lookback: &'a Lookback,
        /// The sequence.
        events: &'a [u32],
    },
    /// See [`Encoding::KeyMelody`].
    KeyMelody {
        /// Parameters.
        key: &'a KeyMelody,
        /// The core's encoding; `None` for impossible parameters, whose inputs are empty.
        codec: Option<codec::KeyMelody>,
        /// The sequence.
        events: Vec<MelodyEvent>,
        /// What was read so far.
        history: History<MelodyEvent>,
    },
}

impl Reader<'_> {
    /// Appends the input row at `position`. Positions must be asked for in order, each once.
    pub fn push_input(&mut self, position: usize, rows: &mut FewHot) {
        match self {
            Self::Lookback { lookback, events } => lookback.push_input(events, position, rows),
            Self::KeyMelody { codec, events, history, .. } => {
                history.push(events[position]);
                let mut cells = Vec::new();
                if codec.as_ref().is_some_and(|codec| codec.input(history, &mut cells).is_ok()) {
                    for (column, value) in cells {
                        rows.push(column as usize, value);
                    }
                }
                rows.end_row();
            }
        }
    }

    /// The label of the event at `position`.
    #[must_use]
    pub fn label(&self, position: usize) -> u32 {
        match self {
            Self::Lookback { lookback, events } => lookback.label(events, position),
            Self::KeyMelody { codec, events, .. } => {
                codec.as_ref().and_then(|codec| codec.label(events, position).ok()).unwrap_or(0) as u32
            }
        }
    }

    /// All labels that decode to the event at `position`: their probabilities add up to that of the event.
    #[must_use]
    pub fn aliases(&self, position: usize) -> Vec<u32> {
        match self {
            Self::Lookback { lookback, events } => lookback.aliases(events, position).collect(),
            Self::KeyMelody { key, events, .. } => {
                let event = events[position];
                let range = key.range();
                let own = match event {
                    MelodyEvent::NoEvent => range,
                    MelodyEvent::NoteOff => range + 1,
                    MelodyEvent::Pitch(pitch) => usize::try_from(i32::from(pitch) - key.min).unwrap_or(0),
                };
                let repeats = key.distances.iter().enumerate().filter(|&(_, &d)| {
                    position.checked_sub(d).map_or(MelodyEvent::NoEvent, |at| events[at]) == event
                });
                std::iter::once(own).chain(repeats.map(|(i, _)| range + 2 + i)).map(|c| c as u32).collect()
            }
        }
    }
}

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
        let at = |bar| match Encoding::Lookback(Lookback::melody()).for_bar(bar) {
            Encoding::Lookback(lookback) => lookback.distances,
            Encoding::KeyMelody(key) => key.distances,
        };
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
    fn key_melody_rows_have_the_width_and_the_labels_of_the_codec() {
        let key = KeyMelody::attention_rnn();
        let codec = key.codec().expect("possible");
        let encoding = Encoding::KeyMelody(key);
        assert_eq!((encoding.inputs(), encoding.labels()), (codec.input_size(), codec.num_classes()));
        let classes: Vec<u32> = (0..60).map(|i| [14, 0, 1, 16, 18, 0, 0][i * i % 7]).collect();
        let mut whole = FewHot::new();
        let mut reader = encoding.reader(&classes, 0);
        (0..59).for_each(|p| reader.push_input(p, &mut whole));
        let mut rest = FewHot::new();
        let mut late = encoding.reader(&classes, 40);
        (40..59).for_each(|p| late.push_input(p, &mut rest));
        for r in 0..19 {
            assert!(rest.row(r).eq(whole.row(40 + r)), "row {r}");
        }
        for p in 1..60 {
            assert!(reader.aliases(p).contains(&reader.label(p)), "position {p}");
        }
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
