//! The reference's generator around Drums RNN and Melody RNN, quirks included: sections in seconds, cut-offs,
//! beam search, scores with temperature.
//!
//! For parity tests and imports of old workflows, on any thread; the product's own rules are in `tool`. Held
//! to the original by the golden file `f_generate.json`; rules: sections 9 and 10 of the note-model notes.
use super::event_rnn::{EventRnn, Primed, WriteError};
use super::{Hparams, ModelEncoding};
use crate::codec::encoding::Event;
use crate::codec::{
    DrumTrack, EventError, Limits, Melody, MelodyEvent, MelodyLimits, PitchSet, StepEvent, Steps,
};
use crate::music::{DEFAULT_QPM, NoteSequence, QuantiseError, Quantised, step_of_time, steps_per_second};
use crate::nn::LstmStack;
use crate::sampling::{BeamOptions, Scored, Uniforms, beam_search, log_probability, pick, probabilities};
use crate::tool::Cancel;

/// A stretch of time in seconds, the end exclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Start.
    pub start: f64,
    /// End.
    pub end: f64,
}

/// What is asked of the generator.
#[derive(Clone, Debug)]
pub struct GenerateOptions {
    /// Which part of the input is the primer; at most one.
    pub input_sections: Vec<Section>,
    /// What to write; exactly one.
    pub generate_sections: Vec<Section>,
    /// Softmax temperature, above 0.
    pub temperature: f32,
    /// Beam search.
    pub beam: BeamOptions,
}

/// What the generator made, with what parity tests look at.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Primer and new part.
    pub sequence: NoteSequence,
    /// Classes in the order in which they were drawn.
    pub classes: Vec<usize>,
    /// Score of the winning sequence.
    pub score: f32,
    /// Number of new events.
    pub new_events: usize,
}

/// Why the generator refuses.
#[derive(Debug, thiserror::Error)]
pub enum CompatError {
    /// Wrong number of sections, or a primer that reaches into the part to write.
    #[error("{0}")]
    Sections(&'static str),
    /// Nothing to write.
    #[error("the part to write has no steps")]
    NothingToWrite,
    /// The input does not quantise.
    #[error(transparent)]
    Quantise(#[from] QuantiseError),
    /// The input has no event sequence.
    #[error(transparent)]
    Events(#[from] EventError),
    /// Stepping failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A generator that cannot begin from nothing.
    #[error("this model needs a primer with notes")]
    EmptyPrimer,
    /// A model whose family has a generator of its own.
    #[error("this model is neither a drum nor a melody model")]
    OtherFamily,
    /// The result is longer than asked for.
    #[error("the result ends after the part to write")]
    TooLong,
}

/// Runs the reference's generator.
///
/// # Errors
/// As [`CompatError`].
pub fn generate(
    hparams: &Hparams,
    encoding: &ModelEncoding,
    stack: &LstmStack,
    input: &NoteSequence,
    options: &GenerateOptions,
    uniforms: &mut dyn Uniforms,
) -> Result<Generated, CompatError> {
    let [section] = options.generate_sections[..] else {
        return Err(CompatError::Sections("exactly one section must be written"));
    };
    if options.input_sections.len() > 1 {
        return Err(CompatError::Sections("there is more than one input section"));
    }
    let qpm = input.tempos.first().map_or(DEFAULT_QPM, |t| t.qpm);
    let spq = hparams.steps_per_quarter;
    let sps = steps_per_second(spq, qpm);
    let (primer, search_start) = match options.input_sections.first() {
        Some(s) => (input.trim(s.start, s.end), step_of_time(s.start, sps, 0.0)),
        None => (input.clone(), 0),
    };
    let last_end = primer.notes.iter().map(|n| n.end_time).fold(0.0, f64::max);
    if last_end > section.start {
        return Err(CompatError::Sections("the primer ends after the part to write begins"));
    }
    let quantised = Quantised::relative(&primer, spq)?;
    let start_step = step_of_time(section.start, sps, 0.0);
    let end_step = step_of_time(section.end, sps, 1.0);
    let limits = Limits { search_start, min_bars: 0, gap_bars: f64::INFINITY, ..Limits::default() };
    let bar = quantised.steps_per_bar()?;
    let run = Run { options, bar, spq, start_step, end_step };
    let (sequence, drawn) = match encoding {
        ModelEncoding::Drums(encoding) => {
            let found = DrumTrack::extract_all(&quantised, true, &limits)?;
            let seed = run.seed(found.into_iter().next())?;
            let rnn = EventRnn { encoding: encoding.as_ref(), stack, cache: None };
            let (events, drawn) = run.write(&rnn, &seed, uniforms)?;
            let track = DrumTrack::on_grid(events, seed.start_step(), bar, spq);
            (track.to_sequence(100, 0.0, qpm), drawn)
        }
        ModelEncoding::Melody(encoding) => {
            let limits = MelodyLimits { common: limits, min_unique_pitches: 1, ..MelodyLimits::default() };
            let found = Melody::extract_all(&quantised, &limits)?;
            let mut seed = run.seed(found.into_iter().next())?;
            let (min, max) = hparams.encoding.note_range().unwrap_or((0, 128));
            let amount = seed.squash(clamp(min), clamp(max), hparams.transpose_to_key);
            let rnn = EventRnn { encoding: encoding.as_ref(), stack, cache: None };
            let (events, drawn) = run.write(&rnn, &seed, uniforms)?;
            let mut melody = Melody::on_grid(events, seed.start_step(), bar, spq);
            melody.transpose(-amount, 0, 128);
            (melody.to_sequence(100, 0.0, qpm), drawn)
        }
        ModelEncoding::Polyphony(_) | ModelEncoding::Pianoroll { .. } => {
            return Err(CompatError::OtherFamily);
        }
    };
    if sequence.total_time > section.end + 1e-5 {
        return Err(CompatError::TooLong);
    }
    Ok(Generated { sequence, classes: drawn.classes, score: drawn.score, new_events: drawn.new_events })
}

fn clamp(pitch: i32) -> u8 {
    u8::try_from(pitch.clamp(0, 128)).unwrap_or(0)
}

/// What was drawn.
struct Drawn {
    classes: Vec<usize>,
    score: f32,
    new_events: usize,
}

/// One call of the generator.
struct Run<'a> {
    options: &'a GenerateOptions,
    bar: u32,
    spq: u32,
    start_step: i64,
    end_step: i64,
}

/// Events that every model starts from.
trait Kind: StepEvent + Event {}
impl Kind for PitchSet {}
impl Kind for MelodyEvent {}

impl Run<'_> {
    /// The primer's events, lengthened or cut to where the new part begins.
    fn seed<E: Kind>(&self, found: Option<Steps<E>>) -> Result<Steps<E>, CompatError> {
        let mut seed = found
            .unwrap_or_else(|| Steps::on_grid(Vec::new(), (self.start_step - 1).max(0), self.bar, self.spq));
        let length = usize::try_from(self.start_step - seed.start_step())
            .ok()
            .filter(|&n| n <= crate::codec::events::MAX_STEPS)
            .ok_or(EventError::TooLong)?;
        seed.set_length(length);
        Ok(seed)
    }

    fn write<E: Kind>(
        &self,
        rnn: &EventRnn<'_, E>,
        seed: &Steps<E>,
        uniforms: &mut dyn Uniforms,
    ) -> Result<(Vec<E>, Drawn), CompatError> {
        let new_events = usize::try_from(self.end_step - seed.end_step())
            .ok()
            .filter(|&n| n > 0 && n <= crate::codec::events::MAX_STEPS)
            .ok_or(CompatError::NothingToWrite)?;
        let temperature = self.options.temperature;
        let mut row = Vec::new();
        let mut score = 0.0f32;
        let primed = rnn.prime(seed.events(), &Cancel::default(), |position, logits| {
            probabilities(logits, temperature, &mut row);
            score += log_probability(&row, rnn.encoding.label(seed.events(), position)?);
            Ok(())
        })?;
        let mut classes = Vec::new();
        let start = Candidate { primed, score, pending: None };
        let best = beam_search(start, new_events, self.options.beam, |candidates| {
            for candidate in candidates {
                let step = classes.len() as u64;
                candidate.settle(rnn)?;
                probabilities(&candidate.primed.logits, temperature, &mut row);
                let class = pick(&row, uniforms.uniform(step, 0));
                candidate.score += log_probability(&row, class);
                candidate.pending = Some(rnn.encoding.decode(class, candidate.primed.history.events())?);
                classes.push(class);
            }
            Ok::<(), WriteError>(())
        })?;
        let mut events = best.primed.history.events().to_vec();
        events.extend(best.pending);
        Ok((events, Drawn { classes, score: best.score, new_events }))
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
