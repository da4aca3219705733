//! Writing events with beam search as the reference does: every score with the temperature, drawn step by step,
//! sequence by sequence, head by head.
//!
//! Any thread. Knows events and classes only.
use super::{CompatError, GenerateOptions};
use crate::codec::encoding::Event;
use crate::model::event_rnn::{EventRnn, Primed, WriteError};
use crate::sampling::{Heads, Scored, Uniforms, beam_search};
use crate::tool::Cancel;

/// What was drawn.
#[derive(Default)]
pub(super) struct Drawn {
    /// Classes in the order in which they were drawn, one per head.
    pub classes: Vec<usize>,
    /// Score of each round.
    pub scores: Vec<f32>,
    /// Events asked for in each round.
    pub new_events: Vec<usize>,
}

/// One or more rounds of writing.
pub(super) struct Search<'a> {
    options: &'a GenerateOptions,
    uniforms: &'a mut dyn Uniforms,
    /// What was drawn so far.
    pub drawn: Drawn,
}

impl<'a> Search<'a> {
    pub(super) fn new(options: &'a GenerateOptions, uniforms: &'a mut dyn Uniforms) -> Self {
        Self { options, uniforms, drawn: Drawn::default() }
    }

    /// A round: `seed` and `new_events` events after it.
    pub(super) fn write<E: Event>(
        &mut self,
        rnn: &EventRnn<'_, E>,
        seed: &[E],
        new_events: usize,
    ) -> Result<Vec<E>, CompatError> {
        let temperature = self.options.temperature;
        let heads = Heads::new(rnn.encoding.heads());
        let mut row = Vec::new();
        let mut score = 0.0f32;
        let primed = rnn.prime(seed, &Cancel::default(), |position, logits| {
            heads.probabilities(logits, temperature, &mut row);
            score += heads.log_probability(&row, rnn.encoding.label(seed, position)?);
            Ok(())
        })?;
        let classes = &mut self.drawn.classes;
        let uniforms = &mut *self.uniforms;
        let start = Candidate { primed, score, pending: None };
        let best = beam_search(start, new_events, self.options.beam, |candidates| {
            for candidate in candidates {
                let step = classes.len() as u64;
                candidate.settle(rnn)?;
                heads.probabilities(&candidate.primed.logits, temperature, &mut row);
                let class = heads.pick(&row, |head| uniforms.uniform(step, head), |c| classes.push(c));
                candidate.score += heads.log_probability(&row, class);
                candidate.pending = Some(rnn.encoding.decode(class, candidate.primed.history.events())?);
            }
            Ok::<(), WriteError>(())
        })?;
        self.drawn.scores.push(best.score);
        self.drawn.new_events.push(new_events);
        let mut events = best.primed.history.events().to_vec();
        events.extend(best.pending);
        Ok(events)
    }
}

/// A sequence of the beam search. The network is stepped only when a sequence goes on.
#[derive(Clone)]
struct Candidate<E: Event> {
    primed: Primed<E>,
    score: f32,
    pending: Option<E>,
}

impl<E: Event> Candidate<E> {
    fn settle(&mut self, rnn: &EventRnn<'_, E>) -> Result<(), WriteError> {
        match self.pending.take() {
            Some(event) => rnn.advance(&mut self.primed, event),
            None => Ok(()),
        }
    }
}

impl<E: Event> Scored for Candidate<E> {
    fn score(&self) -> f32 {
        self.score
    }
}
