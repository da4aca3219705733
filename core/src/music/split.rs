//! A [`NoteSequence`] in pieces: where tempo or time signature change, or every so many seconds.
//!
//! Any thread. Source: the converters of MusicVAE (Magenta), `spec` 4.1 and 4.7 of the latent-model notes. Pieces
//! without notes are left out, so that the result is never larger than the sequence.

use super::quantise::DEFAULT_QPM;
use super::{NoteSequence, SequenceNote, TempoMark, TextAnnotation, TimeSignature};

/// Begin and end of a piece in seconds.
type Span = (f64, f64);

/// What can change.
enum Change {
    Signature(i32, i32),
    Tempo(f64),
}

impl NoteSequence {
    /// Pieces of one tempo and one time signature, each from time 0 on and as long as its last note. Notes are cut
    /// where a piece ends. What starts at or after [`Self::total_time`] is left out. Of the rest only tempos, time
    /// signatures and chord symbols are kept.
    #[must_use]
    pub fn split_at_changes(&self) -> Vec<Self> {
        let signatures =
            self.time_signatures.iter().map(|s| (s.time, Change::Signature(s.numerator, s.denominator)));
        let tempos = self.tempos.iter().map(|t| (t.time, Change::Tempo(t.qpm)));
        let mut changes: Vec<_> = signatures.chain(tempos).filter(|c| c.0 < self.total_time).collect();
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut signature, mut qpm) = ((4, 4), DEFAULT_QPM);
        let mut times = vec![0.0];
        let mut latest = 0.0;
        for (time, change) in changes {
            let differs = match change {
                Change::Signature(n, d) => std::mem::replace(&mut signature, (n, d)) != (n, d),
                Change::Tempo(new) => std::mem::replace(&mut qpm, new) != new,
            };
            if differs && time > latest {
                times.push(time);
                latest = time;
            }
        }
        if self.total_time > latest {
            times.push(self.total_time);
        }
        self.cut(|time| {
            let next = times.partition_point(|&t| t <= time);
            let end = *times.get(next)?;
            Some((*times.get(next.checked_sub(1)?)?, end))
        })
    }

    /// Pieces of `seconds`, otherwise as [`Self::split_at_changes`]. None if `seconds` is no positive number.
    #[must_use]
    pub fn split_every(&self, seconds: f64) -> Vec<Self> {
        if !(seconds.is_finite() && seconds > 0.0) {
            return Vec::new();
        }
        // Sums as the reference has them; they are not always the product.
        let begin = |piece: f64| if piece < 1.0 { 0.0 } else { seconds + (piece - 1.0) * seconds };
        self.cut(|time| {
            if !(0.0..self.total_time).contains(&time) {
                return None;
            }
            let mut piece = (time / seconds).floor();
            if begin(piece) > time {
                piece -= 1.0;
            } else if begin(piece + 1.0) <= time {
                piece += 1.0;
            }
            Some((begin(piece), begin(piece + 1.0).min(self.total_time)))
        })
    }

    /// The pieces in which notes start. `span_at`: the piece to which a time belongs.
    fn cut(&self, span_at: impl Fn(f64) -> Option<Span>) -> Vec<Self> {
        let mut notes = self.notes.clone();
        notes.sort_by(|a, b| a.start_time.total_cmp(&b.start_time));
        let mut signatures = self.time_signatures.clone();
        signatures.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut tempos = self.tempos.clone();
        tempos.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut chords: Vec<TextAnnotation> = self.text_annotations.clone();
        chords.retain(|a| a.kind == TextAnnotation::CHORD_SYMBOL);
        chords.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut pieces: Vec<(Span, Self)> = Vec::new();
        for note in notes {
            let Some(span) = span_at(note.start_time) else { continue };
            if pieces.last().is_none_or(|last| last.0 != span) {
                let at = |s: &TimeSignature, time| TimeSignature { time, ..*s };
                let piece = Self {
                    time_signatures: within(&signatures, span, |s| s.time, at),
                    tempos: within(&tempos, span, |t| t.time, |t, time| TempoMark { time, ..*t }),
                    text_annotations: within(
                        &chords,
                        span,
                        |a| a.time,
                        |a, time| TextAnnotation { time, ..a.clone() },
                    ),
                    ..Self::default()
                };
                pieces.push((span, piece));
            }
            let Some((_, piece)) = pieces.last_mut() else { continue };
            let end_time = note.end_time.min(span.1) - span.0;
            piece.total_time = piece.total_time.max(end_time);
            piece.notes.push(SequenceNote { start_time: note.start_time - span.0, end_time, ..note });
        }
        pieces.into_iter().map(|(_, piece)| piece).collect()
    }
}

/// Of events in order of time the one that holds when the span begins, and those within it.
fn within<T>(
    events: &[T],
    (begin, end): Span,
    time: impl Fn(&T) -> f64,
    at: impl Fn(&T, f64) -> T,
) -> Vec<T> {
    let first = events.partition_point(|e| time(e) <= begin);
    let holds = events[..first].last().map(|e| at(e, 0.0));
    let inside = events[first..].iter().take_while(|e| time(e) < end).map(|e| at(e, time(e) - begin));
    holds.into_iter().chain(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(start_time: f64, end_time: f64) -> SequenceNote {
        SequenceNote { pitch: 60, velocity: 90, start_time, end_time, ..SequenceNote::default() }
    }

    fn times(piece: &NoteSequence) -> Vec<(f64, f64)> {
        piece.notes.iter().map(|n| (n.start_time, n.end_time)).collect()
    }

    #[test]
    fn a_change_cuts_notes_and_what_holds_goes_on() {
        let kind = TextAnnotation::CHORD_SYMBOL;
        let chord = |time, text: &str| TextAnnotation { time, text: text.to_owned(), kind };
        let ns = NoteSequence {
            notes: vec![note(5.0, 6.0), note(1.0, 3.0), note(7.0, 9.0), note(8.0, 9.0)],
            // The second is no change, the last is too late.
            tempos: [(0.0, 90.0), (1.0, 90.0), (2.0, 100.0), (8.0, 60.0)]
                .map(|(time, qpm)| TempoMark { time, qpm })
                .to_vec(),
            time_signatures: vec![TimeSignature { time: 6.0, numerator: 3, denominator: 4 }],
            text_annotations: vec![chord(0.5, "C"), chord(2.5, "F"), chord(6.0, "G")],
            total_time: 8.0,
            ..NoteSequence::default()
        };
        let pieces = ns.split_at_changes();
        let found: Vec<_> = pieces.iter().map(times).collect();
        assert_eq!(found, [vec![(1.0, 2.0)], vec![(3.0, 4.0)], vec![(1.0, 2.0)]]);
        let qpm: Vec<Vec<f64>> = pieces.iter().map(|p| p.tempos.iter().map(|t| t.qpm).collect()).collect();
        assert_eq!(qpm, [vec![90.0, 90.0], vec![100.0], vec![100.0]]);
        let signatures: Vec<usize> = pieces.iter().map(|p| p.time_signatures.len()).collect();
        assert_eq!(signatures, [0, 0, 1]);
        let chords: Vec<Vec<(f64, &str)>> = pieces
            .iter()
            .map(|p| p.text_annotations.iter().map(|a| (a.time, a.text.as_str())).collect())
            .collect();
        assert_eq!(chords, [vec![(0.5, "C")], vec![(0.0, "C"), (0.5, "F")], vec![(0.0, "G")]]);
        assert_eq!(pieces.iter().map(|p| p.total_time).collect::<Vec<_>>(), [2.0, 4.0, 2.0]);
    }

    #[test]
    fn music_of_no_length_has_no_pieces() {
        let ns = NoteSequence { notes: vec![note(0.0, 1.0)], ..NoteSequence::default() };
        assert!(ns.split_at_changes().is_empty());
        assert!(ns.split_every(2.0).is_empty());
    }

    #[test]
    fn pieces_of_equal_length_leave_out_silence() {
        let notes = vec![note(-1.0, 0.5), note(0.0, 5.0), note(2.0, 2.5), note(1e12, 1e12 + 1.0)];
        let ns = NoteSequence { notes, total_time: f64::INFINITY, ..NoteSequence::default() };
        let found: Vec<_> = ns.split_every(2.0).iter().map(times).collect();
        assert_eq!(found, [vec![(0.0, 2.0)], vec![(0.0, 0.5)], vec![(0.0, 1.0)]]);
        assert!(ns.split_every(f64::NAN).is_empty() && ns.split_every(0.0).is_empty());
    }
}
