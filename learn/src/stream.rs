//! Pieces → stretches of parallel sequences for truncated back-propagation with carried state.
//!
//! Every epoch cuts each piece at bar lines into segments from a random bar on, shuffles them and deals them to the
//! sequences of the batch as they become free. A segment is a piece of its own: it starts from the zero state, its
//! lookbacks see silence before it, its counter begins at its first step; so the network learns to start anywhere.
//! The whole position is a value that a checkpoint stores. Pure; runs on the thread that trains.

use crate::encode::{Encoding, Reader};
use crate::lstm::FewHot;
use crate::rng::Rng;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A training sequence: event classes on the 16th grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where it comes from.
    pub id: String,
    /// Steps per bar.
    pub bar: usize,
    /// Event class of each step.
    pub events: Vec<u32>,
}

/// One stretch of a batch, time-major: row `t * sequences + b`.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Steps of the stretch.
    pub steps: usize,
    /// Sequences side by side.
    pub sequences: usize,
    /// Network inputs.
    pub input: Arc<FewHot>,
    /// Label of each row; meaningless where `share` is 0.
    pub labels: Vec<u32>,
    /// 1 for a row that counts, 0 for padding.
    pub share: Vec<f32>,
    /// Sequences that start anew with this stretch.
    pub reset: Vec<bool>,
    /// All labels that decode to the event of a row. Filled for evaluation only.
    pub aliases: Vec<Vec<u32>>,
}

/// A part of a piece that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Segment {
    piece: usize,
    from: usize,
    to: usize,
    /// Next step to read, counted from `from`.
    next: usize,
}

/// Where the reading of a set of pieces stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Epochs begun.
    pub epoch: u64,
    queue: Vec<Segment>,
    slots: Vec<Option<Segment>>,
    rng: u64,
}

impl Streams {
    /// `sequences` streams that draw from `seed`.
    #[must_use]
    pub fn new(sequences: usize, seed: u64) -> Self {
        Self { epoch: 0, queue: Vec::new(), slots: vec![None; sequences], rng: seed }
    }

    /// The next stretch of `steps` steps. Segments have at most `segment_bars` bars.
    ///
    /// # Panics
    /// If no piece has two steps.
    pub fn next(
        &mut self,
        pieces: &[Piece],
        encoding: &Encoding,
        steps: usize,
        segment_bars: usize,
    ) -> Batch {
        let mut reset = vec![false; self.slots.len()];
        for (b, reset) in reset.iter_mut().enumerate() {
            if self.slots[b].is_none() {
                if self.queue.is_empty() {
                    self.deal(pieces, segment_bars);
                }
                self.slots[b] = self.queue.pop();
                *reset = true;
            }
        }
        let batch = read(pieces, encoding, &self.slots, steps, reset, false);
        for slot in &mut self.slots {
            if let Some(segment) = slot {
                segment.next += steps;
                if segment.from + segment.next + 1 >= segment.to {
                    *slot = None;
                }
            }
        }
        batch
    }

    fn deal(&mut self, pieces: &[Piece], segment_bars: usize) {
        let mut rng = Rng(self.rng);
        for (piece, Piece { bar, events, .. }) in pieces.iter().enumerate() {
            let longest = segment_bars.max(1) * bar;
            let bars = events.len() / bar;
            let mut to = if bars > 1 { rng.below(bars.min(segment_bars)) * bar } else { 0 };
            let mut from = 0;
            while from < events.len() {
                if to > from + 1 {
                    self.queue.push(Segment { piece, from, to, next: 0 });
                }
                from = to;
                to = (to + longest).min(events.len());
            }
        }
        assert!(!self.queue.is_empty(), "no training piece has two steps");
        rng.shuffle(&mut self.queue);
        self.epoch += 1;
        self.rng = rng.0;
    }
}

fn read(
    pieces: &[Piece],
    encoding: &Encoding,
    slots: &[Option<Segment>],
    steps: usize,
    reset: Vec<bool>,
    with_aliases: bool,
) -> Batch {
    let mut input = FewHot::new();
    let (mut labels, mut share, mut aliases) = (Vec::new(), Vec::new(), Vec::new());
    let encodings: Vec<Encoding> = slots
        .iter()
        .map(|slot| slot.map_or_else(|| encoding.clone(), |s| encoding.for_bar(pieces[s.piece].bar)))
        .collect();
    let mut readers: Vec<Option<(Reader<'_>, Segment)>> = slots
        .iter()
        .zip(&encodings)
        .map(|(slot, encoding)| {
            slot.map(|s| (encoding.reader(&pieces[s.piece].events[s.from..s.to], s.next), s))
        })
        .collect();
    for t in 0..steps {
        for reader in &mut readers {
            let current = reader.as_mut().and_then(|(reader, Segment { from, to, next, .. })| {
                let at = *next + t;
                (at + 1 < *to - *from).then_some((reader, at))
            });
            if let Some((reader, at)) = current {
                reader.push_input(at, &mut input);
                labels.push(reader.label(at + 1));
                share.push(1.0);
                if with_aliases {
                    aliases.push(reader.aliases(at + 1));
                }
            } else {
                input.end_row();
                labels.push(0);
                share.push(0.0);
                if with_aliases {
                    aliases.push(Vec::new());
                }
            }
        }
    }
    Batch { steps, sequences: slots.len(), input: Arc::new(input), labels, share, reset, aliases }
}

/// Whole pieces for evaluation: groups of `sequences` pieces of like length, each group as its stretches in order.
#[must_use]
pub fn groups(pieces: &[Piece], sequences: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..pieces.len()).filter(|&p| pieces[p].events.len() > 1).collect();
    order.sort_by_key(|&p| (pieces[p].events.len(), p));
    order.chunks(sequences.max(1)).map(<[usize]>::to_vec).collect()
}

/// Stretch number `index` of a group of whole pieces, or `None` past their end.
#[must_use]
pub fn stretch(
    pieces: &[Piece],
    group: &[usize],
    encoding: &Encoding,
    steps: usize,
    index: usize,
) -> Option<Batch> {
    let longest = group.iter().map(|&p| pieces[p].events.len()).max()?;
    if index * steps + 1 >= longest {
        return None;
    }
    let slots: Vec<Option<Segment>> = group
        .iter()
        .map(|&piece| Some(Segment { piece, from: 0, to: pieces[piece].events.len(), next: index * steps }))
        .collect();
    Some(read(pieces, encoding, &slots, steps, vec![index == 0; group.len()], true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Lookback;

    fn pieces() -> (Vec<Piece>, Encoding) {
        let lengths = [40usize, 9, 64, 16, 2];
        let pieces = lengths
            .iter()
            .enumerate()
            .map(|(i, &n)| Piece {
                id: i.to_string(),
                bar: 16,
                events: (0..n).map(|s| ((s * (i + 1)) % 5) as u32).collect(),
            })
            .collect();
        let lookback = Lookback { classes: 5, default: 0, distances: vec![8], bits: 2 };
        (pieces, Encoding::Lookback(lookback))
    }

    #[test]
    fn evaluation_counts_every_step_but_the_first_of_each_piece() {
        let (pieces, encoding) = pieces();
        let mut counted = 0.0;
        for group in groups(&pieces, 2) {
            for index in 0.. {
                let Some(batch) = stretch(&pieces, &group, &encoding, 7, index) else { break };
                counted += batch.share.iter().sum::<f32>();
            }
        }
        assert_eq!(counted, (39 + 8 + 63 + 15 + 1) as f32);
    }

    #[test]
    fn a_stored_position_goes_on_with_the_same_stretches() {
        let (pieces, encoding) = pieces();
        let mut streams = Streams::new(3, 11);
        for _ in 0..20 {
            streams.next(&pieces, &encoding, 6, 4);
        }
        let stored = serde_json::to_string(&streams).expect("serialises");
        let mut again: Streams = serde_json::from_str(&stored).expect("reads back");
        for _ in 0..20 {
            let (a, b) = (streams.next(&pieces, &encoding, 6, 4), again.next(&pieces, &encoding, 6, 4));
            assert_eq!((a.labels, a.share, a.reset, a.input), (b.labels, b.share, b.reset, b.input));
        }
        assert!(streams.epoch > 1);
    }
}
