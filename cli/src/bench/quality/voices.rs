//! Judges models of several voices against the string quartets; here those of events, in [`super::roll`] piano rolls.

use super::Args;
use super::stream::{Corpus, Stream};
use super::verdict::{Judge, Verdict};
use super::written::{on_sixteenths, request, takes};
use anyhow::Context;
use descant_core::codec::encoding::{Encoding, OneHot, PolyphonyOneHot};
use descant_core::codec::{PolyphonicEvent, Polyphony};
use descant_core::corpus::measure::{BAR, Moment, Voices, moments};
use descant_core::model::Model;
use descant_core::tool::MAX_VARIATIONS;
use descant_learn::piece::Piece;
use descant_learn::task::{Meters, Task};
use serde_json::Value;
use std::path::Path;

/// A model of several voices and its corpus.
pub(super) struct VoicesJudge<'a> {
    pub(super) model: &'a Model,
    pub(super) file: &'a Path,
    pub(super) stream: Stream<Voices>,
}

impl<'a> VoicesJudge<'a> {
    /// Reads the corpus and lets the model predict it.
    ///
    /// # Errors
    /// An unreadable corpus.
    pub(super) fn new(
        model: &'a Model,
        encoding: &dyn Encoding<PolyphonicEvent>,
        file: &'a Path,
        args: &Args,
    ) -> anyhow::Result<Self> {
        let sets = Task::open("polyphony", &args.corpus, Meters::Duple)?.sets;
        let classes = |pieces: &[Piece]| pieces.iter().map(classes).collect::<anyhow::Result<Vec<_>>>();
        let steps = |pieces: &[Piece]| {
            // Bars of the scoreboard have 16 steps.
            let duple = pieces.iter().filter(|p| BAR.is_multiple_of(p.bar.max(1)));
            duple.map(in_steps).collect::<anyhow::Result<Vec<_>>>()
        };
        let corpus = Corpus {
            classes: [classes(&sets.train)?, classes(&sets.valid)?, classes(&sets.test)?],
            alphabet: PolyphonyOneHot.classes(),
            steps: [steps(&sets.train)?, steps(&sets.test)?],
        };
        let rnn = model.rnn(encoding)?;
        let score = |piece: &[u16]| Ok(rnn.log_likelihood(&events(piece)?)?);
        Ok(Self { model, file, stream: Stream::new(Voices, corpus, score, args)? })
    }
}

impl Judge for VoicesJudge<'_> {
    fn judge(&self, temperature: f32, args: &Args) -> anyhow::Result<Verdict> {
        let base = request(self.model, temperature, args.seed);
        let written = takes(self.model, &base, (args.samples, MAX_VARIATIONS), |_, _| {})?;
        let samples: Vec<Vec<Moment>> = written.iter().map(|t| on_sixteenths(&t.clip)).collect();
        let own = (Vec::new(), Value::Null);
        Ok(self.stream.judge((self.model, self.file), temperature, &samples, own, args))
    }
}

/// The classes of a piece, beginning with the start event.
fn classes(piece: &Piece) -> anyhow::Result<Vec<u16>> {
    let start = PolyphonyOneHot.encode(PolyphonicEvent::Start)?;
    let classes = std::iter::once(Ok(u16::try_from(start)?));
    Ok(classes.chain(piece.events.iter().map(|&c| u16::try_from(c))).collect::<Result<_, _>>()?)
}

fn events(classes: &[u16]) -> anyhow::Result<Vec<PolyphonicEvent>> {
    Ok(classes.iter().map(|&c| PolyphonyOneHot.decode(c.into())).collect::<Result<_, _>>()?)
}

fn in_steps(piece: &Piece) -> anyhow::Result<Vec<Moment>> {
    let mut events = events(&classes(piece)?)?;
    if events.last() != Some(&PolyphonicEvent::End) {
        events.push(PolyphonicEvent::End);
    }
    let voices = Polyphony::new(events, 0, 4);
    let notes = voices.notes().with_context(|| piece.id.clone())?;
    Ok(moments(notes.into_iter().map(|n| (n.pitch, 0, n.on, n.off)), voices.num_steps()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_has_the_moments_that_it_says() {
        // C and E; E sounds on under a new G; the part ends while it sounds.
        let piece =
            Piece { bar: 16, events: vec![3 + 64, 3 + 60, 2, 3 + 67, 131 + 64, 2], ..Piece::default() };
        let found = in_steps(&piece).expect("notes");
        let pitches: Vec<(Vec<u8>, Vec<u8>)> =
            found.iter().map(|m| (m.on.iter().collect(), m.held.iter().collect())).collect();
        assert_eq!(pitches, [(vec![60, 64], vec![]), (vec![67], vec![64])]);
    }
}
