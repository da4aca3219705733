//! Pieces → stretches of parallel sequences for truncated back-propagation with carried state.
//!
//! Every epoch cuts each piece at bar lines into segments from a random bar on, shuffles them and deals them to the
//! sequences of the batch as they become free. A segment is a piece of its own: it starts from the zero state, its
//! lookbacks see silence before it, its counter begins at its first step; so the network learns to start anywhere.
//! The whole position is a value that a checkpoint stores. Pure; runs on the thread that trains.

use crate::encode::{Encoding, Reader};
use crate::lstm::FewHot;
use crate::piece::{Augmentation, Piece, Variation};
use crate::rng::Rng;
use descant_core::codec::Frame;
use descant_core::codec::encoding::EncodingError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
    /// In place of labels, for a piano roll: the frame of each row.
    pub frames: Vec<Frame>,
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
    /// What is different from the piece.
    #[serde(default)]
    variation: Variation,
}

impl Segment {
    fn whole(piece: usize, pieces: &[Piece]) -> Self {
        Self { piece, from: 0, to: pieces[piece].events.len(), next: 0, variation: Variation::default() }
    }
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

    /// The next stretch of `steps` steps. Segments have at most `segment_bars` bars and vary as `augmentation` says.
    ///
    /// # Errors
    /// A piece with a class that the encoding does not have.
    ///
    /// # Panics
    /// If no piece has two steps.
    pub fn next(
        &mut self,
        pieces: &[Piece],
        encoding: &Encoding,
        steps: usize,
        segment_bars: usize,
        augmentation: &Augmentation,
    ) -> Result<Batch, EncodingError> {
        let mut reset = vec![false; self.slots.len()];
        for (b, reset) in reset.iter_mut().enumerate() {
            if self.slots[b].is_none() {
                if self.queue.is_empty() {
                    self.deal(pieces, encoding, segment_bars, augmentation);
                }
                self.slots[b] = self.queue.pop();
                *reset = true;
            }
        }
        let (batch, lengths) = read(pieces, encoding, &self.slots, steps, reset, false)?;
        for (slot, length) in self.slots.iter_mut().zip(lengths) {
            if let Some(segment) = slot {
                segment.next += steps;
                if segment.next + 1 >= length {
                    *slot = None;
                }
            }
        }
        Ok(batch)
    }

    fn deal(
        &mut self,
        pieces: &[Piece],
        encoding: &Encoding,
        segment_bars: usize,
        augmentation: &Augmentation,
    ) {
        let mut rng = Rng(self.rng);
        let longest = segment_bars.max(1);
        for (number, piece) in pieces.iter().enumerate() {
            let starts = piece.bar_starts(encoding);
            let at = |bar: usize| starts.get(bar).copied().unwrap_or(piece.events.len());
            // Bars to begin in. On a grid, an unfinished last bar is not among them.
            let bars = starts.len() - usize::from(!piece.events.len().is_multiple_of(piece.bar));
            let mut to = if bars > 1 { rng.below(bars.min(segment_bars)) } else { 0 };
            let mut from = 0;
            while at(from) < piece.events.len() {
                let range = at(from)..at(to);
                if range.len() > 1 {
                    let variation = augmentation.draw(&mut rng, piece, encoding, range.clone());
                    self.queue.push(Segment {
                        piece: number,
                        from: range.start,
                        to: range.end,
                        next: 0,
                        variation,
                    });
                }
                from = to;
                to += longest;
            }
        }
        assert!(!self.queue.is_empty(), "no training piece has two steps");
        rng.shuffle(&mut self.queue);
        self.epoch += 1;
        self.rng = rng.0;
    }
}

/// A slot's segment: its reader, its length and the next position.
type Reading = (Box<dyn Reader>, usize, usize);

/// The stretch of all slots, with the lengths of their segments.
fn read(
    pieces: &[Piece],
    encoding: &Encoding,
    slots: &[Option<Segment>],
    steps: usize,
    reset: Vec<bool>,
    with_aliases: bool,
) -> Result<(Batch, Vec<usize>), EncodingError> {
    let mut input = FewHot::new();
    let (mut labels, mut share, mut aliases) = (Vec::new(), Vec::new(), Vec::new());
    let mut frames = Vec::new();
    let open = |slot: &Option<Segment>| -> Result<Option<Reading>, EncodingError> {
        let Some(s) = slot else { return Ok(None) };
        let piece = &pieces[s.piece];
        let excerpt = piece.excerpt(encoding, s.from..s.to, s.variation);
        let reader = encoding.for_bar(piece.bar).reader(&excerpt, s.next)?;
        let length = reader.positions();
        Ok(Some((reader, length, s.next)))
    };
    let mut readers: Vec<Option<Reading>> = slots.iter().map(open).collect::<Result<_, _>>()?;
    for _ in 0..steps {
        for reading in &mut readers {
            if let Some((reader, length, at)) = reading
                && *at + 1 < *length
            {
                reader.push_input(*at, &mut input)?;
                labels.push(reader.label(*at + 1)?);
                frames.push(reader.frame(*at + 1));
                share.push(1.0);
                if with_aliases {
                    aliases.push(reader.aliases(*at + 1)?);
                }
                *at += 1;
            } else {
                input.end_row();
                labels.push(0);
                frames.push(Frame::EMPTY);
                share.push(0.0);
                if with_aliases {
                    aliases.push(Vec::new());
                }
            }
        }
    }
    let lengths = readers.iter().map(|r| r.as_ref().map_or(0, |(_, length, _)| *length)).collect();
    let batch = Batch {
        steps,
        sequences: slots.len(),
        input: Arc::new(input),
        labels,
        frames,
        share,
        reset,
        aliases,
    };
    Ok((batch, lengths))
}

/// Whole pieces for evaluation: groups of `sequences` pieces of like length, each group as its stretches in order.
#[must_use]
pub fn groups(pieces: &[Piece], sequences: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..pieces.len()).filter(|&p| pieces[p].events.len() > 1).collect();
    order.sort_by_key(|&p| (pieces[p].events.len(), p));
    order.chunks(sequences.max(1)).map(<[usize]>::to_vec).collect()
}

/// Stretch number `index` of a group of whole pieces, or `None` past their end.
///
/// # Errors
/// A piece with a class that the encoding does not have.
pub fn stretch(
    pieces: &[Piece],
    group: &[usize],
    encoding: &Encoding,
    steps: usize,
    index: usize,
) -> Result<Option<Batch>, EncodingError> {
    let slots: Vec<Option<Segment>> = group
        .iter()
        .map(|&piece| Some(Segment { next: index * steps, ..Segment::whole(piece, pieces) }))
        .collect();
    let (batch, lengths) = read(pieces, encoding, &slots, steps, vec![index == 0; group.len()], true)?;
    Ok(lengths.iter().any(|&length| index * steps + 1 < length).then_some(batch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::tests::small;
    use descant_core::model::EncodingParams;

    fn pieces() -> (Vec<Piece>, Encoding) {
        let lengths = [40usize, 9, 64, 16, 2];
        let pieces = lengths
            .iter()
            .enumerate()
            .map(|(i, &n)| Piece {
                id: i.to_string(),
                bar: 16,
                events: (0..n).map(|s| ((s * (i + 1)) % 5) as u32).collect(),
                chords: Vec::new(),
            })
            .collect();
        (pieces, small(&[8], 2))
    }

    #[test]
    fn evaluation_counts_every_step_but_the_first_of_each_piece() {
        let (pieces, encoding) = pieces();
        let mut counted = 0.0;
        for group in groups(&pieces, 2) {
            for index in 0.. {
                let found = stretch(&pieces, &group, &encoding, 7, index).expect("fits");
                let Some(batch) = found else { break };
                counted += batch.share.iter().sum::<f32>();
            }
        }
        assert_eq!(counted, (39 + 8 + 63 + 15 + 1) as f32);
    }

    #[test]
    fn a_stored_position_goes_on_with_the_same_stretches() {
        let (pieces, encoding) = pieces();
        let mut streams = Streams::new(3, 11);
        let augmentation = Augmentation { transpose: 1, low: 60, high: 62, ..Augmentation::default() };
        let next = |streams: &mut Streams| {
            streams.next(&pieces, &encoding, 6, 4, &augmentation).expect("the pieces fit the encoding")
        };
        for _ in 0..20 {
            next(&mut streams);
        }
        let stored = serde_json::to_string(&streams).expect("serialises");
        let mut again: Streams = serde_json::from_str(&stored).expect("reads back");
        for _ in 0..20 {
            let (a, b) = (next(&mut streams), next(&mut again));
            assert_eq!((a.labels, a.share, a.reset, a.input), (b.labels, b.share, b.reset, b.input));
        }
        assert!(streams.epoch > 1);
    }

    #[test]
    fn an_epoch_reads_every_bar_of_voices_once_and_each_excerpt_from_its_start_event() {
        let encoding = Encoding::new(EncodingParams::Polyphony).expect("possible");
        // Ten steps, two a bar, each with a note of its own; then the end.
        let events: Vec<u32> = (0..10u32).flat_map(|s| [3 + 60 + s, 2]).chain([1]).collect();
        let pieces = [Piece { bar: 2, events: events.clone(), ..Piece::default() }];
        let mut streams = Streams::new(1, 5);
        let (mut read, mut starts) = (Vec::new(), 0);
        while streams.epoch < 2 {
            let batch = streams.next(&pieces, &encoding, 3, 2, &Augmentation::default()).expect("fits");
            if streams.epoch == 2 {
                break;
            }
            if batch.reset[0] {
                starts += 1;
                assert!(batch.input.row(0).eq([(0, 1.0)]), "a start event");
            }
            read.extend(batch.labels.iter().zip(&batch.share).filter(|(_, s)| **s > 0.0).map(|(&l, _)| l));
        }
        assert!((2..=4).contains(&starts), "{starts} excerpts");
        let mut expected = events;
        expected.sort_unstable();
        read.sort_unstable();
        assert_eq!(read, expected);
    }
}
