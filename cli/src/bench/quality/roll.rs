//! Judges models of piano rolls against the string quartets.
//!
//! The corpus goes through frames too, so both sides strike and hold as a roll can say it. The baseline is
//! [`FrameMarkov`]: whole frames after the three before them, and key by key where those were never heard.

use super::Args;
use super::stream::{Likelihoods, Stream};
use super::voices::VoicesJudge;
use anyhow::Context;
use descant_core::codec::pianoroll::LOWEST_KEY;
use descant_core::codec::{Frame, Pianoroll};
use descant_core::corpus::markov::Nll;
use descant_core::corpus::markov_frames::FrameMarkov;
use descant_core::corpus::measure::{BAR, Moment, Voices, moments};
use descant_core::model::Model;
use descant_core::tool::Cancel;
use descant_learn::piece::Piece;
use descant_learn::task::{Meters, Task};
use std::path::Path;

impl<'a> VoicesJudge<'a> {
    /// Reads the corpus and lets the model predict it, beginning with the first step of each piece.
    ///
    /// # Errors
    /// An unreadable corpus.
    pub(super) fn of_rolls(model: &'a Model, file: &'a Path, args: &Args) -> anyhow::Result<Self> {
        let rnn = model.rnn_nade().context("this model has no NADE")?;
        let Task { sets, architecture, .. } = Task::open("rnn-nade", &args.corpus, Meters::Duple)?;
        let frames = |piece: &Piece| architecture.encoding.frames(piece);
        let all = |pieces: &[Piece]| pieces.iter().map(frames).collect::<Result<Vec<_>, _>>();
        let (train, validation, test) = (all(&sets.train)?, all(&sets.valid)?, all(&sets.test)?);
        let markov = FrameMarkov::train(train.iter().map(Vec::as_slice));
        let markov = markov.nll(test.iter().map(Vec::as_slice));
        let nll = |pieces: &[Vec<Frame>]| -> anyhow::Result<Nll> {
            let (mut sum, mut steps) = (0.0, 0);
            for piece in pieces {
                sum -= rnn.log_likelihoods(piece, &Cancel::default())?.iter().sum::<f64>();
                steps += piece.len();
            }
            Ok(Nll { per_step: sum / steps.max(1) as f64, steps })
        };
        let likelihoods = Likelihoods { unit: "step", markov, model: [nll(&validation)?, nll(&test)?] };
        let steps = |pieces: &[Piece], frames: Vec<Vec<Frame>>| -> Vec<Vec<Moment>> {
            // Bars of the scoreboard have 16 steps.
            let duple = pieces.iter().zip(frames).filter(|(p, _)| BAR.is_multiple_of(p.bar.max(1)));
            duple.map(|(_, frames)| in_steps(frames)).collect()
        };
        let steps = [steps(&sets.train, train), steps(&sets.test, test)];
        Ok(Self { model, file, stream: Stream::of(Voices, steps, likelihoods, args) })
    }
}

fn in_steps(frames: Vec<Frame>) -> Vec<Moment> {
    let roll = Pianoroll::new(frames);
    let notes = roll.notes().into_iter().map(|(key, on, off)| (LOWEST_KEY + key, 0, on, off));
    moments(notes, roll.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_struck_where_they_begin_and_held_after() {
        let frames = [vec![39], vec![39, 43], vec![], vec![39]];
        let found = in_steps(frames.into_iter().map(|keys: Vec<u8>| keys.into_iter().collect()).collect());
        let pitches: Vec<(Vec<u8>, Vec<u8>)> =
            found.iter().map(|m| (m.on.iter().collect(), m.held.iter().collect())).collect();
        assert_eq!(pitches, [(vec![60], vec![]), (vec![64], vec![60]), (vec![], vec![]), (vec![60], vec![])]);
    }
}
