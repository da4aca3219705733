//! Tools of models with a latent space (MusicVAE, GrooVAE): Generate, Interpolate, Groove, Drumify, Hats.
//!
//! Worker thread. A clip is cut into pieces as long as the model's; each becomes a vector, and each vector a piece
//! again. Pieces in which nothing sounds pass through: they are neither heard nor written. These models know bars of 16
//! sixteenths only, and say so of others. Takes are a pure function of (model, request).
mod drumify;
mod feel;
mod generate;
mod groove;
mod hear;
mod interpolate;
mod notes;
mod personalise;
mod request;
mod seam;
mod square;
#[cfg(test)]
mod tests;

pub use interpolate::decode_positions;
pub use personalise::{Learnt, Lesson, MAX_CLIPS, USUAL_ROUNDS, learn};
pub(super) use request::check;
pub use request::{Early, Latent, MAX_POSITIONS, Near, Origin};
pub use square::{SQUARE_SIDE, decode_square};

use super::primer::{MAX_PRIMER_BARS, given};
use super::run::take;
use super::{Cancel, Request, Take, ToolError, ToolKind};
use crate::codec::encoding::SparseVector;
use crate::model::music_vae::{Example, MidiMe, MusicVae, Posterior, slerp};
use crate::model::{LatentMusic, LatentParams, Model};
use crate::music::{Clip, Meter, Note, STEPS_PER_QUARTER, TICKS_PER_QUARTER, Ticks};
use crate::nn::NnError;
use crate::sampling::Rng;
use std::sync::Arc;

/// A step of these models: a 16th.
const STEP: Ticks = TICKS_PER_QUARTER / STEPS_PER_QUARTER as Ticks;

/// A bar of these models.
const BAR: Ticks = 4 * TICKS_PER_QUARTER;

/// A request on its way through a latent model.
struct Job<'a> {
    model: &'a Model,
    params: &'a LatentParams,
    vae: &'a MusicVae,
    request: &'a Request,
}

/// Writes the takes of a request for a latent model, or of a tool that needs one.
pub(super) fn run(
    model: &Model,
    request: &Request,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<Take>, ToolError> {
    let job = Job::new(model, request)?;
    let name = || model.name().to_owned();
    match request.tool {
        ToolKind::Generate => generate::run(&job, cancel, progress),
        ToolKind::Interpolate => interpolate::run(&job, cancel, progress),
        ToolKind::Groove => groove::run(&job, cancel, progress),
        ToolKind::Drumify => drumify::drumify(&job, cancel, progress),
        ToolKind::Hats => drumify::hats(&job, cancel, progress),
        ToolKind::Continue => Err(ToolError::NoContinue(name())),
        ToolKind::Rewrite => Err(ToolError::NoInfill(name())),
        ToolKind::Harmonise => Err(ToolError::NotVoices(name())),
        ToolKind::Trio => Err(ToolError::NoTool(name())),
    }
}

impl<'a> Job<'a> {
    /// The job, if the model can do what is asked for.
    fn new(model: &'a Model, request: &'a Request) -> Result<Self, ToolError> {
        let other = |needed| Err(ToolError::OtherModel { tool: request.tool.name(), needed });
        let music = model.latent().map(|(params, _)| &params.music);
        if matches!(music, Some(LatentMusic::Trio { .. })) {
            return Err(ToolError::NoTool(model.name().to_owned()));
        }
        let (taps, adds, told) = match music {
            Some(LatentMusic::Groove { input, hits_as_controls, .. }) => {
                (input.tapify, input.add_drums != 0, *hits_as_controls)
            }
            _ => (false, false, false),
        };
        let grooves = matches!(music, Some(LatentMusic::Groove { .. }));
        match request.tool {
            ToolKind::Groove if !grooves || taps || adds => {
                return other("GrooVAE humanize or GrooVAE grooves");
            }
            ToolKind::Drumify if !taps => return other("GrooVAE drumify"),
            ToolKind::Hats if !adds => return other("GrooVAE hi-hats"),
            ToolKind::Generate | ToolKind::Interpolate | ToolKind::Drumify | ToolKind::Hats if told => {
                return Err(ToolError::NoTool(model.name().to_owned()));
            }
            _ => {}
        }
        match model.latent() {
            Some((params, vae)) => Ok(Self { model, params, vae, request }),
            None => other("a MusicVAE or GrooVAE model"),
        }
    }

    /// The primer, if the model can hear it at all.
    fn primer(&self) -> Result<Clip, ToolError> {
        let clip = given(self.request)?;
        self.audible(&clip)?;
        Ok(clip)
    }

    /// Whether the model knows bars like those of a clip and has room for it.
    fn audible(&self, clip: &Clip) -> Result<(), ToolError> {
        self.check_meter(clip.meter)?;
        if i64::from(clip.bars()) > MAX_PRIMER_BARS {
            return Err(ToolError::BadRequest(format!("the clip is longer than {MAX_PRIMER_BARS} bars")));
        }
        Ok(())
    }

    fn check_meter(&self, meter: Meter) -> Result<(), ToolError> {
        if meter.bar_ticks() == BAR {
            return Ok(());
        }
        Err(ToolError::LatentMeter { model: self.model.name().to_owned(), meter })
    }

    /// The small space of somebody's own, if the model has one and some of it was asked for.
    fn own(&self) -> Option<&MidiMe> {
        self.model.personal().filter(|_| self.request.latent.own > 0.0)
    }

    /// A place by the model's prior: a vector, and behind it one of the small space of somebody's own.
    fn prior(&self, seed: u32) -> Vec<f32> {
        let mut place = self.vae.prior(seed);
        let (rng, z) = (Rng::new(seed), place.len());
        let own = self.own().map_or(0, |own| own.shape().latent);
        place.extend((z..z + own).map(|i| rng.normal(u64::MAX, i as u64) as f32));
        place
    }

    /// A place at a vector of the large space.
    fn at(&self, vector: &[f32]) -> Result<Vec<f32>, NnError> {
        let mut place = vector.to_vec();
        if let Some(own) = self.own() {
            place.extend(own.forward(vector, &vec![0.0; own.shape().latent])?.mu);
        }
        Ok(place)
    }

    /// The vector that a place stands for: as much of the small space as was asked for.
    fn vector(&self, place: &[f32]) -> Result<Vec<f32>, NnError> {
        let (vector, rest) = place.split_at(self.params.z.min(place.len()));
        match self.own() {
            Some(own) => Ok(slerp(vector, &own.decode(rest)?, f64::from(self.request.latent.own))),
            None => Ok(vector.to_vec()),
        }
    }

    /// Steps of a piece.
    fn steps(&self) -> usize {
        self.params.steps()
    }

    /// Pieces that music of this length is cut into.
    fn pieces(&self, length: Ticks) -> usize {
        usize::try_from(length.max(1)).unwrap_or(usize::MAX).div_ceil(self.steps() * STEP as usize)
    }

    /// First step of a piece.
    fn first_step(&self, piece: usize) -> i64 {
        i64::try_from(piece * self.steps()).unwrap_or(0)
    }

    /// Where each piece that sounds lies. `controls`: the control of every step of all pieces, if the model takes any.
    fn encode(
        &self,
        pieces: &[Option<Vec<SparseVector>>],
        controls: &[SparseVector],
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Option<Posterior>>, ToolError> {
        let width = u32::try_from(self.params.input()).unwrap_or(u32::MAX);
        let segments = self.params.encoder_segments;
        let mut examples = Vec::new();
        for (piece, steps) in pieces.iter().enumerate() {
            let Some(steps) = steps else { continue };
            let uneven = || ToolError::BadRequest("the model's parts do not fit its steps".into());
            let example = Example::cut(steps.clone(), segments).ok_or_else(uneven)?;
            examples.push(example.with_control(width, self.control(controls, piece)));
        }
        let mut found = self.vae.encode(&examples, cancel, progress)?.into_iter();
        Ok(pieces.iter().map(|steps| steps.as_ref().and_then(|_| found.next())).collect())
    }

    /// The rows of a piece.
    fn control<'c>(&self, controls: &'c [SparseVector], piece: usize) -> &'c [SparseVector] {
        let from = (piece * self.steps()).min(controls.len());
        &controls[from..(from + self.steps()).min(controls.len())]
    }

    /// The request as its takes hold it.
    fn shared(&self) -> Arc<Request> {
        Arc::new(self.request.clone())
    }

    /// A take of these notes, some of which may begin a little before it.
    fn take(
        &self,
        notes: Vec<Note>,
        (length, meter): (Ticks, Meter),
        seed: u32,
        request: &Arc<Request>,
        notices: &[String],
    ) -> Take {
        let clip = self.clip(notes, length, meter);
        take(clip, 0, seed, (0.0, 0), request, notices)
    }

    fn clip(&self, mut notes: Vec<Note>, length: Ticks, meter: Meter) -> Clip {
        notes::settle(&mut notes, length, self.request.latent.early);
        let primer = self.request.primer.as_ref();
        let mut clip = Clip {
            name: String::new(),
            // A melody with a groove is still one, though the model knows drums only.
            kind: primer
                .filter(|_| self.request.tool == ToolKind::Groove)
                .map_or(self.model.kind(), |p| p.kind),
            notes,
            length,
            meter,
            tempo: self.request.tempo.or(primer.and_then(|p| p.tempo)),
        };
        // Hits move in time: what is heard and shown is what a MIDI file holds.
        clip.cut();
        clip
    }
}

/// A part of the whole progress.
fn part<'p>(progress: &'p mut dyn FnMut(f32), from: f32, to: f32) -> impl FnMut(f32) + 'p {
    move |done| progress(from + (to - from) * done)
}
