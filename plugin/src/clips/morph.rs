//! The morph: the clips between A and B, decoded ahead so that a parameter can play them without waiting.
//!
//! Plain data behind a lock that the audio thread never takes. The worker fills it ([`crate::worker`]); what plays is
//! a [`Playable`](super::playable::Playable) of all clips, from which the player chooses by itself.

use super::params::Tool;
use crate::gui::view::MorphView;
use descant_core::music::Clip;
use descant_core::tool::{ChordTrack, Latent, Request, ToolKind};
use std::sync::Arc;

/// Clips that are decoded, both ends included.
pub const POSITIONS: usize = 17;

/// What the clips between two depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct Ends {
    /// The clip at 0.
    pub a: Arc<Clip>,
    /// The clip at 1.
    pub b: Arc<Clip>,
    /// Key of the model's weights.
    pub model: String,
    /// Chords, for a model that hears them.
    pub chords: Option<ChordTrack>,
}

impl Ends {
    /// The request whose positions are decoded. Nothing is left to chance: A, B and the model decide.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            tool: ToolKind::Interpolate,
            model: self.model.clone(),
            primer: Some((*self.a).clone()),
            temperature: 0.0,
            meter: self.a.meter,
            tempo: self.a.tempo,
            chords: self.chords.clone(),
            latent: Latent { others: vec![(*self.b).clone()], ..Latent::default() },
            ..Request::default()
        }
    }
}

/// Places of the clips that are decoded, from 0 to 1.
pub fn places() -> impl Iterator<Item = f32> {
    (0..POSITIONS).map(|i| i as f32 / (POSITIONS - 1) as f32)
}

/// The clips between two.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What they follow from.
    pub ends: Ends,
    /// One for each of [`places`].
    pub clips: Vec<Arc<Clip>>,
}

/// See the file's head.
#[derive(Debug, Default)]
pub struct Morph {
    /// What was decoded last.
    pub decoded: Option<Arc<Table>>,
    /// It plays instead of the take.
    pub plays: bool,
    /// Decoding is under way.
    pub busy: bool,
    /// Why nothing could be decoded, as a sentence.
    pub problem: Option<String>,
}

impl Morph {
    /// What plays instead of the take, if anything does.
    #[must_use]
    pub fn table(&self) -> Option<&Arc<Table>> {
        self.decoded.as_ref().filter(|_| self.plays)
    }

    /// What the window shows, with the morph at `place`.
    #[must_use]
    pub fn view(&self, place: f32) -> MorphView {
        let clips = self.decoded.as_ref().map_or(&[][..], |table| &table.clips);
        let nearest = (place * clips.len().saturating_sub(1) as f32).round() as usize;
        MorphView {
            places: if clips.is_empty() { Vec::new() } else { places().collect() },
            clip: clips.get(nearest).cloned(),
            busy: self.busy,
            problem: self.problem.clone(),
        }
    }
}

/// Signs that what the morph follows from may have changed: generation and loads of the document, model, tool, switch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marks {
    /// Generation of the document.
    pub generation: u64,
    /// Loads of the document.
    pub loads: u64,
    /// Place in the model list.
    pub model: i32,
    /// The tool.
    pub tool: Tool,
    /// The switch.
    pub plays: bool,
}
