//! [`run`]: checks a request, hands it to its tool, and makes takes of what comes back.
//!
//! Worker thread. Takes are a pure function of (model, request): no clock, no global randomness.
use super::{
    Cancel, ChordTrack, Constraints, Request, Score, Take, ToolKind, continue_clip, generate, infill, latent,
    performance, voices,
};
use crate::codec::encoding::Event;
use crate::model::event_rnn::{EventRnn, WriteError, WriteOptions, Written};
use crate::model::{LatentMusic, Model, ModelEncoding, ModelError};
use crate::music::{Clip, Meter, TICKS_PER_QUARTER, Ticks};
use crate::sampling::{BeamOptions, derive};
use std::borrow::Cow;
use std::sync::Arc;

/// Most new bars of a request.
pub const MAX_BARS: u32 = 32;
/// Most takes of a request.
pub const MAX_VARIATIONS: u32 = 16;

/// Widest search, and longest iteration of one.
pub const MAX_SEARCH: usize = 64;

/// Longest primer. Keeps sums of ticks far from overflow.
const LONGEST_PRIMER: Ticks = 1_000_000 * TICKS_PER_QUARTER;

/// Why there are no takes.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The run was stopped.
    #[error("stopped")]
    Cancelled,
    /// Continue without a primer.
    #[error("there is nothing to start from: play something in, drop a clip or pick a take first")]
    NoPrimer,
    /// A primer without notes.
    #[error("there is nothing to start from: the primer has no notes")]
    EmptyPrimer,
    /// A drum clip for a melody model.
    #[error("{0} writes melodies, but the primer is a drum clip: choose a drum model")]
    DrumPrimer(String),
    /// A model that no tool plays yet.
    #[error("{0} can be loaded, but not played from here yet: choose a drum or melody model")]
    NoTool(String),
    /// A model that cannot add voices.
    #[error("{0} cannot harmonise: choose a polyphony model")]
    NotVoices(String),
    /// A model that cannot write a clip's bars anew.
    #[error("{0} cannot write single bars anew: choose a drum, melody or improv model")]
    NoInfill(String),
    /// A tool of latent models with another model.
    #[error("{tool} needs a model that can do it: choose {needed}")]
    OtherModel {
        /// The tool.
        tool: &'static str,
        /// Models, in words.
        needed: &'static str,
    },
    /// Continue with a latent model.
    #[error("{0} cannot write on from a clip: choose Generate or Interpolate, or another model")]
    NoContinue(String),
    /// Another meter than a latent model's.
    #[error("{model} counts bars of 16 sixteenths, but here they are {meter}: choose 4/4 or 2/2")]
    LatentMeter {
        /// The model.
        model: String,
        /// The meter.
        meter: Meter,
    },
    /// A number outside its range.
    #[error("{0}")]
    BadRequest(String),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model's weights blow up.
    #[error("this model's weights are unusable: its output is not a number")]
    BrokenWeights,
}

impl From<WriteError> for ToolError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Cancelled => Self::Cancelled,
            WriteError::Model(model) => Self::Model(model),
            WriteError::NotFinite => Self::BrokenWeights,
        }
    }
}

impl From<crate::codec::encoding::EncodingError> for ToolError {
    fn from(error: crate::codec::encoding::EncodingError) -> Self {
        Self::Model(error.into())
    }
}

/// Writes the takes of a request, all variations side by side.
///
/// Take `i` depends on the model, the request and its own seed only: it is the same alone or as one of many.
/// `progress` is called with rising values up to 1, `cancel` is looked at at every step, and there between takes.
///
/// # Errors
/// [`ToolError`], worded for a musician.
pub fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    check(request)?;
    use ToolKind::{Drumify, Groove, Hats, Interpolate};
    let asked = request;
    let request = &heard(model, request);
    let mut takes = match (request.tool, model.encoding()) {
        (ToolKind::Trio, _) => Err(ToolError::BadRequest("one model alone plays no trio".into())),
        (_, ModelEncoding::Latent(_)) | (Interpolate | Groove | Drumify | Hats, _) => {
            latent::run(model, request, cancel, progress)
        }
        (ToolKind::Rewrite, _) => infill::run(model, request, cancel, progress),
        (ToolKind::Harmonise, _) => voices::harmonise(model, request, cancel, progress),
        (_, ModelEncoding::Performance { .. } | ModelEncoding::NotePerformance { .. }) => {
            performance::run(model, request, cancel, progress)
        }
        (ToolKind::Generate, _) => generate::run(model, request, cancel, progress),
        (ToolKind::Continue, _) => continue_clip::run(model, request, cancel, progress),
    }?;
    let unheard = unheard(model, asked);
    takes.iter_mut().for_each(|take| take.notices.extend(unheard.iter().map(|&n| n.to_owned())));
    Ok(takes)
}

/// The request as a take holds it: chords only if the model hears them, repeats allowed where there is nothing else.
fn heard<'a>(model: &Model, request: &'a Request) -> Cow<'a, Request> {
    let deaf = request.chords.is_some() && !hears_chords(model.encoding());
    let single = request.constraints.no_repeat && has_one_sound(model.encoding());
    if !deaf && !single {
        return Cow::Borrowed(request);
    }
    let mut heard = request.clone();
    if deaf {
        heard.chords = None;
    }
    if single {
        heard.constraints.no_repeat = false;
    }
    Cow::Owned(heard)
}

fn has_one_sound(encoding: &ModelEncoding) -> bool {
    matches!(encoding, ModelEncoding::Drums(drums) if drums.num_classes() <= 2)
}

fn hears_chords(encoding: &ModelEncoding) -> bool {
    match encoding {
        ModelEncoding::Improv { .. } => true,
        ModelEncoding::Latent(params) => params.music == LatentMusic::Melody { chords: true },
        _ => false,
    }
}

/// What was asked for and cannot be told to a model of this family.
fn unheard(model: &Model, request: &Request) -> Vec<&'static str> {
    use ModelEncoding::{Drums, Improv, Latent, Melody, NotePerformance, Performance, Pianoroll, Polyphony};
    let family = model.encoding();
    let told = &request.performance;
    let unheard = [
        (request.listen_first && request.tool != ToolKind::Harmonise, "only Harmonise listens first"),
        (
            request.chords.is_some() && !hears_chords(family),
            "this model does not hear chords: they were ignored",
        ),
        (
            (told.density.is_some() || told.pitch_classes.is_some())
                && !matches!(family, Performance { .. } | NotePerformance { .. }),
            "this model cannot be told notes per second or pitch classes: they were ignored",
        ),
        (
            request.constraints != Constraints::default() && matches!(family, Latent(_)),
            "this model cannot be held to a scale, a range, a density or other limits: they were ignored",
        ),
        (
            request.constraints.no_repeat && matches!(family, Polyphony(_) | Pianoroll { .. }),
            "voices may repeat pitches in this model",
        ),
        (
            request.constraints.no_repeat && has_one_sound(family),
            "this model has one sound only, so it may be repeated",
        ),
        (
            request.search.width() > 1 && !matches!(family, Drums(_) | Melody(_) | Improv { .. }),
            "this model's takes are written straight on, without a search for likelier ones",
        ),
    ];
    unheard.into_iter().filter_map(|(is, what)| is.then_some(what)).collect()
}

pub(super) fn check(request: &Request) -> Result<(), ToolError> {
    let bad = |what: &str| Err(ToolError::BadRequest(what.to_owned()));
    if !(1..=MAX_BARS).contains(&request.bars) {
        return bad("the number of new bars must be 1 to 32");
    }
    if !(1..=MAX_VARIATIONS).contains(&request.variations) {
        return bad("the number of variations must be 1 to 16");
    }
    if !(0.0..=2.0).contains(&request.temperature) {
        return bad("the temperature must be 0 to 2");
    }
    if request.constraints.density.is_some_and(|d| !(0.0..=1024.0).contains(&d)) {
        return bad("the density must be 0 or more onsets per bar");
    }
    let real = |m: Meter| Meter::new(m.numerator, m.denominator).is_some();
    if !real(request.meter) || request.primer.as_ref().is_some_and(|p| !real(p.meter)) {
        return bad("the meter is none: 1 to 99 over 1, 2, 4, 8, 16, 32 or 64");
    }
    if request.primer.as_ref().is_some_and(|p| p.length > LONGEST_PRIMER) {
        return bad("the primer is longer than a million quarter notes");
    }
    if request
        .latent
        .others
        .iter()
        .chain(&request.latent.guide)
        .any(|c| !real(c.meter) || c.length > LONGEST_PRIMER)
    {
        return bad("one of the other clips has an impossible meter or length");
    }
    if request.constraints.range.is_some_and(|(low, high)| low > high) {
        return bad("the lowest pitch is above the highest");
    }
    if request.constraints.polyphony == Some(0) {
        return bad("at least one note must be allowed at once");
    }
    let BeamOptions { beam, branch, steps_per_iteration } = request.search;
    let fits = |n: usize| (1..=MAX_SEARCH).contains(&n);
    if !fits(beam) || !fits(branch) || !fits(steps_per_iteration) || !fits(request.search.width()) {
        return bad("beam size, branch factor, their product and steps per iteration must be 1 to 64");
    }
    if request.performance.density.is_some_and(|d| !(0.0..=1000.0).contains(&d)) {
        return bad("the notes per second must be 0 to 1000");
    }
    let weights = request.performance.pitch_classes.iter().flatten();
    if weights.into_iter().any(|w| !(0.0..=1e6).contains(w)) {
        return bad("the weights of pitch classes must be 0 to a million");
    }
    latent::check(&request.latent)?;
    request.chords.as_ref().map_or(Ok(()), ChordTrack::check)
}

/// Seeds of a request's takes.
pub(super) fn seeds(request: &Request) -> Vec<u32> {
    (0..request.variations).map(|i| derive(request.seed, i)).collect()
}

/// Writes on from `primer`, one sequence per seed.
pub(super) fn write<E: Event>(
    rnn: EventRnn<'_, E>,
    primer: &[E],
    options: &WriteOptions<'_, E>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Written<E>>, ToolError> {
    let primed = rnn.prime(primer, cancel, |_, _| Ok(()))?;
    Ok(rnn.write(&primed, options, cancel, progress)?)
}

/// Puts a take together.
pub(super) fn take(
    clip: Clip,
    new_from: Ticks,
    seed: u32,
    (log_likelihood, steps): (f64, usize),
    request: &Arc<Request>,
    notices: &[String],
) -> Take {
    let per_step = if steps == 0 { 0.0 } else { log_likelihood / steps as f64 };
    Take {
        clip,
        new_from,
        seed,
        origin: None,
        score: Score {
            log_likelihood_per_step: per_step as f32,
            steps: u32::try_from(steps).unwrap_or(u32::MAX),
        },
        request: Arc::clone(request),
        notices: notices.to_vec(),
    }
}

/// A drum model always has drum classes; should a card manage otherwise, this is what is said.
pub(super) fn no_classes() -> ToolError {
    ToolError::Model(ModelError::Hparams("drums without drum classes".into()))
}
