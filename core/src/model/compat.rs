//! The reference's generators, quirks included: sections in seconds, cut-offs, beam search, scores with
//! temperature. Drums and melodies are here, other families in files of their own.
//!
//! For parity tests and imports of old workflows, on any thread; the product's own rules are in `tool`. Held
//! to the original by the golden file `f_generate.json`; rules: sections 9 and 10 of the note-model notes.
mod improv;
mod performance;
mod search;

use super::event_rnn::{EventRnn, WriteError};
use super::{Hparams, ModelEncoding};
use crate::codec::encoding::Encoding;
use crate::codec::performance::ControlTimeline;
use crate::codec::{
    DrumTrack, EventError, Limits, Melody, MelodyEvent, MelodyLimits, PitchSet, StepEvent, Steps,
};
use crate::music::{
    ChordError, DEFAULT_QPM, NoteSequence, QuantiseError, Quantised, step_of_time, steps_per_second,
};
use crate::nn::LstmStack;
use crate::sampling::{BeamOptions, Uniforms};
use search::{Drawn, Search};

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
    /// What performance models are told.
    pub controls: ControlTimeline,
    /// Performances: write until the section is full, instead of one round of the expected number of events.
    pub fill: bool,
}

/// What the generator made, with what parity tests look at.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Primer and new part.
    pub sequence: NoteSequence,
    /// Classes in the order in which they were drawn.
    pub classes: Vec<usize>,
    /// Score of the winning sequence of each round; all but performances take one round at most.
    pub scores: Vec<f32>,
    /// Number of new events asked for in each round.
    pub new_events: Vec<usize>,
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
    /// A figure that is no chord.
    #[error(transparent)]
    Chord(#[from] ChordError),
    /// Chords that do not cover the part to write.
    #[error("the chords have to begin with the melody and last until the end of the part to write")]
    ChordsTooShort,
    /// A model that needs notes to go on from.
    #[error("this model cannot begin with silence: give it some notes")]
    NeedsNotes,
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
    let call = Call { hparams, stack, input, section, options };
    let (sequence, drawn) = match encoding {
        ModelEncoding::Drums(encoding) => call.drums(encoding.as_ref(), uniforms),
        ModelEncoding::Melody(encoding) => call.melody(encoding.as_ref(), uniforms),
        ModelEncoding::Improv { chords, melody } => call.improv(*chords, melody.as_ref(), uniforms),
        ModelEncoding::Performance { bins, controls, events } => {
            call.performance(*bins, *controls, events.as_ref(), uniforms)
        }
        ModelEncoding::NotePerformance { bins, notes } => call.note_performance(*bins, notes, uniforms),
        ModelEncoding::Polyphony(_) | ModelEncoding::Pianoroll { .. } | ModelEncoding::Latent(_) => {
            Err(CompatError::OtherFamily)
        }
    }?;
    if sequence.total_time > section.end + 1e-5 {
        return Err(CompatError::TooLong);
    }
    Ok(Generated { sequence, classes: drawn.classes, scores: drawn.scores, new_events: drawn.new_events })
}

/// One call of the generator.
struct Call<'a> {
    hparams: &'a Hparams,
    stack: &'a LstmStack,
    input: &'a NoteSequence,
    section: Section,
    options: &'a GenerateOptions,
}

/// The primer of a call on a grid of beats, and what to look for in it.
struct Primer {
    quantised: Quantised,
    limits: Limits,
    run: Run,
    qpm: f64,
}

impl Call<'_> {
    /// Puts a primer on the grid.
    fn primer(&self, primer: &NoteSequence) -> Result<Primer, CompatError> {
        let qpm = self.input.tempos.first().map_or(DEFAULT_QPM, |t| t.qpm);
        let spq = self.hparams.steps_per_quarter;
        let sps = steps_per_second(spq, qpm);
        let from = self.options.input_sections.first();
        let search_start = from.map_or(0, |s| step_of_time(s.start, sps, 0.0));
        let quantised = Quantised::relative(primer, spq)?;
        let run = Run {
            bar: quantised.steps_per_bar()?,
            spq,
            start_step: step_of_time(self.section.start, sps, 0.0),
            end_step: step_of_time(self.section.end, sps, 1.0),
        };
        let limits = Limits { search_start, min_bars: 0, gap_bars: f64::INFINITY, ..Limits::default() };
        Ok(Primer { quantised, limits, run, qpm })
    }

    /// The part of the input that is the primer; without a section all of it.
    fn whole_primer(&self) -> Result<NoteSequence, CompatError> {
        let primer = match self.options.input_sections.first() {
            Some(s) => self.input.trim(s.start, s.end),
            None => self.input.clone(),
        };
        if last_end(&primer) > self.section.start {
            return Err(CompatError::Sections("the primer ends after the part to write begins"));
        }
        Ok(primer)
    }

    fn drums(
        &self,
        encoding: &dyn Encoding<PitchSet>,
        uniforms: &mut dyn Uniforms,
    ) -> Result<(NoteSequence, Drawn), CompatError> {
        let Primer { quantised, limits, run, qpm } = self.primer(&self.whole_primer()?)?;
        let found = DrumTrack::extract_all(&quantised, true, &limits)?;
        let seed = run.seed(found.into_iter().next())?;
        let mut search = Search::new(self.options, uniforms);
        let rnn = EventRnn { encoding, stack: self.stack, cache: None };
        let events = search.write(&rnn, seed.events(), run.new_events(seed.end_step())?)?;
        let track = DrumTrack::on_grid(events, seed.start_step(), run.bar, run.spq);
        Ok((track.to_sequence(100, 0.0, qpm), search.drawn))
    }

    /// The primer's melody, ready to go on.
    fn melody_seed(&self, primer: &Primer) -> Result<Melody, CompatError> {
        let limits = MelodyLimits { common: primer.limits, min_unique_pitches: 1, ..MelodyLimits::default() };
        primer.run.seed(Melody::extract_all(&primer.quantised, &limits)?.into_iter().next())
    }

    /// Pitches `min..max` of the model.
    fn range(&self) -> (u8, u8) {
        let (min, max) = self.hparams.encoding.note_range().unwrap_or((0, 128));
        (clamp(min), clamp(max))
    }

    fn melody(
        &self,
        encoding: &dyn Encoding<MelodyEvent>,
        uniforms: &mut dyn Uniforms,
    ) -> Result<(NoteSequence, Drawn), CompatError> {
        let primer = self.primer(&self.whole_primer()?)?;
        let mut seed = self.melody_seed(&primer)?;
        let (min, max) = self.range();
        let amount = seed.squash(min, max, self.hparams.transpose_to_key);
        let mut search = Search::new(self.options, uniforms);
        let rnn = EventRnn { encoding, stack: self.stack, cache: None };
        let events = search.write(&rnn, seed.events(), primer.run.new_events(seed.end_step())?)?;
        let mut melody = Melody::on_grid(events, seed.start_step(), primer.run.bar, primer.run.spq);
        melody.transpose(-amount, 0, 128);
        Ok((melody.to_sequence(100, 0.0, primer.qpm), search.drawn))
    }
}

/// When the last note ends.
fn last_end(ns: &NoteSequence) -> f64 {
    ns.notes.iter().map(|n| n.end_time).fold(0.0, f64::max)
}

fn clamp(pitch: i32) -> u8 {
    u8::try_from(pitch.clamp(0, 128)).unwrap_or(0)
}

/// Where the steps of a call lie.
struct Run {
    bar: u32,
    spq: u32,
    start_step: i64,
    end_step: i64,
}

impl Run {
    /// The primer's events, lengthened or cut to where the new part begins.
    fn seed<E: StepEvent>(&self, found: Option<Steps<E>>) -> Result<Steps<E>, CompatError> {
        let mut seed = found
            .unwrap_or_else(|| Steps::on_grid(Vec::new(), (self.start_step - 1).max(0), self.bar, self.spq));
        let length = usize::try_from(self.start_step - seed.start_step())
            .ok()
            .filter(|&n| n <= crate::codec::events::MAX_STEPS)
            .ok_or(EventError::TooLong)?;
        seed.set_length(length);
        Ok(seed)
    }

    /// How many events follow a seed of steps.
    fn new_events(&self, seed_end: i64) -> Result<usize, CompatError> {
        usize::try_from(self.end_step - seed_end)
            .ok()
            .filter(|&n| n > 0 && n <= crate::codec::events::MAX_STEPS)
            .ok_or(CompatError::NothingToWrite)
    }
}
