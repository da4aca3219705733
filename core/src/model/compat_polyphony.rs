//! The reference's generator around Polyphony RNN, quirks included: conditioning on the primer, putting the
//! primer into the new part as a melody to harmonise, and asking again until there are enough steps.
//!
//! For parity and for settings of old workflows, any thread; rules: 10.5 of the note-model notes, held by
//! `f_generate.json`. What musicians get instead: [`super::polyphony_rnn`].
use super::compat::{CompatError, GenerateOptions};
use super::compat_sections::Sections;
use super::event_rnn::{EventRnn, Primed, WriteError};
use crate::codec::polyphony::{MAX_EVENTS, count_steps};
use crate::codec::{EventError, PolyphonicEvent, Polyphony};
use crate::music::{NoteSequence, Quantised};
use crate::sampling::{Scored, Uniforms, beam_search, log_probability, pick, probabilities};
use crate::tool::Cancel;

/// Events asked for per missing step.
const EVENTS_PER_STEP: usize = 5;
/// How often the generator asks for more. The reference asks for ever.
const MAX_ROUNDS: usize = 256;

/// What is special about this generator. The default is the reference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolyphonyOptions {
    /// The model has read the primer when it begins.
    pub condition_on_primer: bool,
    /// The primer's notes are put into the new part, step by step from its beginning.
    pub inject_primer: bool,
}

impl Default for PolyphonyOptions {
    fn default() -> Self {
        Self { condition_on_primer: false, inject_primer: true }
    }
}

/// What the generator made, with what parity tests look at.
#[derive(Clone, Debug)]
pub struct GeneratedPolyphony {
    /// Primer and new part.
    pub sequence: NoteSequence,
    /// Classes in the order in which they were drawn.
    pub classes: Vec<usize>,
    /// Number of events asked for in each round.
    pub requested: Vec<usize>,
    /// Score of the winning sequence of each round.
    pub scores: Vec<f32>,
    /// All events after the last round.
    pub events: Vec<PolyphonicEvent>,
}

/// Runs the reference's generator on a model with `steps_per_quarter`.
///
/// # Errors
/// As [`CompatError`].
pub fn generate(
    rnn: EventRnn<'_, PolyphonicEvent>,
    steps_per_quarter: u32,
    input: &NoteSequence,
    options: &GenerateOptions,
    special: PolyphonyOptions,
    uniforms: &mut dyn Uniforms,
) -> Result<GeneratedPolyphony, CompatError> {
    let sections =
        Sections::read(input, &options.input_sections, &options.generate_sections, steps_per_quarter)?;
    let quantised = Quantised::relative(&sections.primer, steps_per_quarter)?;
    let found = Polyphony::extract(&quantised, sections.input_start_step, 0..=usize::MAX)?;
    let mut primer =
        found.unwrap_or_else(|| Polyphony::new(Vec::new(), sections.start_step, steps_per_quarter));
    primer.set_length(sections.steps_before(primer.start_step())?)?;
    primer.trim_trailing_end();
    let seed = if special.condition_on_primer {
        primer.clone()
    } else {
        Polyphony::new(Vec::new(), sections.start_step, steps_per_quarter)
    };
    let seed_steps = seed.num_steps();
    let total = seed_steps + sections.new_steps()?;
    let melody = special.inject_primer.then(|| Melody { events: primer.events(), begins: seed_steps });
    let mut out = GeneratedPolyphony {
        sequence: NoteSequence::default(),
        classes: Vec::new(),
        requested: Vec::new(),
        scores: Vec::new(),
        events: seed.events().to_vec(),
    };
    while let missing @ 1.. = total.saturating_sub(count_steps(&out.events)) {
        if out.requested.len() == MAX_ROUNDS || out.events.len() > MAX_EVENTS {
            return Err(EventError::TooLong.into());
        }
        out.requested.push(EVENTS_PER_STEP * missing);
        let best =
            round(rnn, &out.events, EVENTS_PER_STEP * missing, melody, options, &mut out.classes, uniforms)?;
        out.scores.push(best.score);
        out.events = best.events;
    }
    let mut written = Polyphony::new(out.events.clone(), seed.start_step(), steps_per_quarter);
    written.set_length(total)?;
    let base = (!special.condition_on_primer).then_some(&sections.primer);
    out.sequence = sections.check(written.to_sequence(100, sections.qpm, base)?)?;
    Ok(out)
}

/// Appends `new_events` drawn events to `seed`, and the melody's along with them.
fn round(
    rnn: EventRnn<'_, PolyphonicEvent>,
    seed: &[PolyphonicEvent],
    new_events: usize,
    melody: Option<Melody<'_>>,
    options: &GenerateOptions,
    classes: &mut Vec<usize>,
    uniforms: &mut dyn Uniforms,
) -> Result<Candidate, CompatError> {
    let temperature = options.temperature;
    let mut events = seed.to_vec();
    if let Some(melody) = melody {
        melody.inject(&mut events);
    }
    let mut row = Vec::new();
    let mut score = 0.0f32;
    let primed = rnn.prime(&events, &Cancel::default(), |position, logits| {
        probabilities(logits, temperature, &mut row);
        score += log_probability(&row, rnn.encoding.label(&events, position)?);
        Ok(())
    })?;
    let start = Candidate { primed, events, score };
    let best = beam_search(start, new_events, options.beam, |candidates| {
        for candidate in candidates {
            candidate.catch_up(rnn, temperature, &mut row)?;
            probabilities(&candidate.primed.logits, temperature, &mut row);
            let class = pick(&row, uniforms.uniform(classes.len() as u64, 0));
            candidate.score += log_probability(&row, class);
            candidate.events.push(rnn.encoding.decode(class, &candidate.events)?);
            if let Some(melody) = melody {
                melody.inject(&mut candidate.events);
            }
            classes.push(class);
        }
        Ok::<(), WriteError>(())
    })?;
    Ok(best)
}

/// A melody to harmonise.
#[derive(Clone, Copy)]
struct Melody<'a> {
    events: &'a [PolyphonicEvent],
    /// Steps before its first.
    begins: usize,
}

impl Melody<'_> {
    /// At the beginning of a step, appends what the melody has in that step.
    fn inject(self, events: &mut Vec<PolyphonicEvent>) {
        let at_step = matches!(events[..], [PolyphonicEvent::Start])
            || events.last() == Some(&PolyphonicEvent::StepEnd);
        if !at_step {
            return;
        }
        let now = count_steps(events);
        let mut step = self.begins;
        for (i, &event) in self.events.iter().enumerate() {
            step += usize::from(event == PolyphonicEvent::StepEnd);
            if step == now {
                let rest = self.events[i + 1..].iter();
                events.extend(rest.take_while(|e| **e != PolyphonicEvent::StepEnd));
                return;
            }
        }
    }
}

/// A sequence of the beam search. The network is stepped only when a sequence goes on.
#[derive(Clone)]
struct Candidate {
    /// The network after some of the events.
    primed: Primed<PolyphonicEvent>,
    events: Vec<PolyphonicEvent>,
    score: f32,
}

impl Candidate {
    /// Feeds the events that the network has not seen. All but the first of them were not drawn: they are scored.
    fn catch_up(
        &mut self,
        rnn: EventRnn<'_, PolyphonicEvent>,
        temperature: f32,
        row: &mut Vec<f32>,
    ) -> Result<(), WriteError> {
        let seen = self.primed.history.len();
        for position in seen..self.events.len() {
            if position > seen {
                probabilities(&self.primed.logits, temperature, row);
                self.score += log_probability(row, rnn.encoding.label(&self.events, position)?);
            }
            rnn.advance(&mut self.primed, self.events[position])?;
        }
        Ok(())
    }
}

impl Scored for Candidate {
    fn score(&self) -> f32 {
        self.score
    }
}
