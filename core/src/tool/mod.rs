//! What a musician asks for: one [`Request`] in, [`Take`]s out, with progress and cancellation.
//!
//! Worker thread or command line. Musical decisions live here: where the new part begins, what a default
//! primer is, what limits mean. No host, window or file types. [`run`] is the way in.
mod assemble;
mod cancel;
mod continue_clip;
mod generate;
mod harmony;
#[cfg(test)]
mod improv_tests;
mod infill;
mod latent;
mod limits;
mod mix;
mod name;
mod performance;
mod primer;
mod rules;
mod run;
#[cfg(test)]
mod tests;
pub mod trio;
mod voices;

pub use cancel::Cancel;
pub use harmony::ChordTrack;
pub use infill::{Infill, Keep};
pub use latent::{
    Early, Latent, Learnt, Lesson, MAX_CLIPS, MAX_POSITIONS, Near, Origin, SQUARE_SIDE, USUAL_ROUNDS,
    decode_positions, decode_square, learn,
};
pub use mix::Mix;
pub use name::{file_name, take_name};
pub use primer::MAX_PRIMER_BARS;
pub use run::{MAX_BARS, MAX_SEARCH, MAX_VARIATIONS, ToolError, run};
pub use voices::MAX_VOICES;

pub use crate::music::PitchClasses;
use crate::music::{ChordMark, Clip, Meter, Ticks};
use crate::sampling::BeamOptions;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which tool made, or shall make, a take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ToolKind {
    /// Write a clip from nothing.
    #[default]
    Generate,
    /// Write on from a primer, without a gap; the primer stays as it is.
    Continue,
    /// Write bars of the primer anew ([`Request::infill`] says which); the others stay as they are.
    Rewrite,
    /// Add voices to the primer, which stays as it is.
    Harmonise,
    /// Write what lies between the primer and other clips (latent models).
    Interpolate,
    /// Play the primer as a drummer would: when notes begin and how hard they are struck (GrooVAE).
    Groove,
    /// Make a drum groove from the primer's rhythm (GrooVAE).
    Drumify,
    /// Add hi-hats, or what else the model adds, to the primer's drums (GrooVAE).
    Hats,
    /// Write melody, bass and drums at once ([`trio`]).
    Trio,
}

impl ToolKind {
    /// Name on screen and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Generate => "Generate",
            Self::Continue => "Continue",
            Self::Rewrite => "Rewrite",
            Self::Harmonise => "Harmonise",
            Self::Interpolate => "Interpolate",
            Self::Groove => "Groove",
            Self::Drumify => "Drumify",
            Self::Hats => "Hats",
            Self::Trio => "Trio",
        }
    }

    /// Whether it starts from a primer.
    #[must_use]
    pub fn needs_primer(self) -> bool {
        !matches!(self, Self::Generate | Self::Trio)
    }

    /// Whether it adds new bars; otherwise takes are as long as the primer.
    #[must_use]
    pub fn adds_bars(self) -> bool {
        matches!(self, Self::Generate | Self::Continue | Self::Trio)
    }
}

/// Limits put on the model's choices as masks on its logits. `None` leaves the model free.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Constraints {
    /// Allowed pitch classes (melodies).
    pub scale: Option<PitchClasses>,
    /// Lowest and highest pitch, both inclusive (melodies).
    pub range: Option<(u8, u8)>,
    /// Note onsets per bar to aim at.
    pub density: Option<f32>,
    /// Most notes that sound at once, at least 1; of drums: that are struck at once.
    #[serde(default)]
    pub polyphony: Option<u8>,
    /// No pitch (of drums: no set of drums) follows itself.
    #[serde(default)]
    pub no_repeat: bool,
}

/// What a performance model can be told besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerformanceControls {
    /// Notes per second.
    pub density: Option<f64>,
    /// Weights of the pitch classes from C on, 0 or more; only their proportions count.
    pub pitch_classes: Option<[f64; 12]>,
}

/// Everything that decides what is written. Equal requests give equal takes on every machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The tool.
    pub tool: ToolKind,
    /// Model id, e.g. `drum_kit`; for weights of one's own followed by a dot and their name.
    pub model: String,
    /// What the tools but Generate start from.
    pub primer: Option<Clip>,
    /// Number of *new* bars, 1..=32, of tools that add some.
    pub bars: u32,
    /// Number of takes, 1..=16. Take `i` uses the `i`-th seed derived from `seed`.
    pub variations: u32,
    /// Softmax temperature 0..=2; 0 is greedy: all takes are equal.
    pub temperature: f32,
    /// Seed of the first take.
    pub seed: u32,
    /// Masks.
    pub constraints: Constraints,
    /// Meter of the new bars when there is no primer to take it from.
    pub meter: Meter,
    /// Tempo hint written into the takes.
    pub tempo: Option<f64>,
    /// Chords for models that write over chords. A take's request holds those that it was written over, given or
    /// not.
    #[serde(default)]
    pub chords: Option<ChordTrack>,
    /// For models of performances that can be told.
    #[serde(default)]
    pub performance: PerformanceControls,
    /// Which bars Rewrite writes anew, and how.
    #[serde(default)]
    pub infill: Infill,
    /// Harmonise: the model reads the primer once before it begins.
    #[serde(default)]
    pub listen_first: bool,
    /// Each take is the likeliest of several (models of drums and of one voice).
    #[serde(default)]
    pub search: BeamOptions,
    /// For latent models and their tools.
    #[serde(default, skip_serializing_if = "Latent::is_default")]
    pub latent: Latent,
}

impl Default for Request {
    /// Four bars of 4/4 from nothing, one take, the model free.
    fn default() -> Self {
        Self {
            tool: ToolKind::Generate,
            model: String::new(),
            primer: None,
            bars: 4,
            variations: 1,
            temperature: 1.0,
            seed: 1,
            constraints: Constraints::default(),
            meter: Meter::COMMON,
            tempo: None,
            chords: None,
            performance: PerformanceControls::default(),
            infill: Infill::default(),
            listen_first: false,
            search: BeamOptions::default(),
            latent: Latent::default(),
        }
    }
}

/// How well a take fits the model: a model score, not a measure of quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean natural-log likelihood per generated event, at temperature 1 and before masks.
    pub log_likelihood_per_step: f32,
    /// Number of generated events.
    pub steps: u32,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Take {
    /// Primer (if any) and what was written, in one clip.
    pub clip: Clip,
    /// Tick at which the written part begins; 0 for Generate.
    pub new_from: Ticks,
    /// This take's own seed: the request with it as `seed` gives this take as its first.
    pub seed: u32,
    /// Model score.
    pub score: Score,
    /// What was asked for. Shared by the takes of one run.
    pub request: Arc<Request>,
    /// What the musician should know, e.g. "3 notes were shifted by octaves".
    pub notices: Vec<String>,
    /// Where a generated take lies in its model's latent space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Take {
    /// The request for clips like this one, from a latent model of the same kind: `radius` 0 is the same place, 1
    /// anywhere. A take that no latent model generated is heard by the model like any clip.
    #[must_use]
    pub fn more_like_this(&self, radius: f32) -> Request {
        let near = self.origin.clone().map_or(Near::Primer, Near::Take);
        let primer = (near == Near::Primer).then(|| self.clip.clone());
        Request {
            tool: ToolKind::Generate,
            primer,
            bars: self.clip.bars().clamp(1, MAX_BARS),
            meter: self.clip.meter,
            latent: Latent { near, radius, ..self.request.latent.clone() },
            ..(*self.request).clone()
        }
    }

    /// The chords that the take was written over, from its start on; none for models that hear none.
    #[must_use]
    pub fn chords(&self) -> Vec<ChordMark> {
        let new = self.clip.meter.bar_ticks() * Ticks::from(self.request.bars);
        let line = if self.request.tool.adds_bars() { self.clip.length - new } else { 0 };
        self.request.chords.as_ref().map_or_else(Vec::new, |track| track.marks(line, self.clip.length))
    }
}
