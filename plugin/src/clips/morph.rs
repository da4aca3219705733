//! What is decoded ahead, so that parameters can play it without waiting: the clips between A and B (the morph), and
//! the clips around a take (the pad, [`super::pad`]).
//!
//! Plain data behind locks that the audio thread never takes. The worker fills it ([`crate::worker`]); what plays is
//! a [`Playable`](super::playable::Playable) of all clips, from which the player chooses by itself.

use super::params::Tool;
use crate::gui::view::MorphView;
use descant_core::music::Clip;
use descant_core::tool::{ChordTrack, Latent, Request, ToolKind};
use std::sync::Arc;

/// Clips that are decoded between A and B, both included.
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

/// Decoded clips.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<K> {
    /// What they follow from.
    pub of: K,
    /// One for each place, in order.
    pub clips: Vec<Arc<Clip>>,
}

/// See the file's head.
#[derive(Debug)]
pub struct Ahead<K> {
    /// What was decoded last.
    pub decoded: Option<Arc<Table<K>>>,
    /// It plays instead of the take.
    pub plays: bool,
    /// Decoding is under way.
    pub busy: bool,
    /// Why nothing could be decoded, as a sentence.
    pub problem: Option<String>,
}

impl<K> Default for Ahead<K> {
    fn default() -> Self {
        Self { decoded: None, plays: false, busy: false, problem: None }
    }
}

/// The clips between A and B.
pub type Morph = Ahead<Ends>;

impl<K> Ahead<K> {
    /// What plays instead of the take, if anything does.
    #[must_use]
    pub fn table(&self) -> Option<&Arc<Table<K>>> {
        self.decoded.as_ref().filter(|_| self.plays)
    }

    /// What was decoded last.
    #[must_use]
    pub fn clips(&self) -> &[Arc<Clip>] {
        self.decoded.as_ref().map_or(&[][..], |table| &table.clips)
    }
}

impl Morph {
    /// What the window shows, with the morph at `place`.
    #[must_use]
    pub fn view(&self, place: f32) -> MorphView {
        let clips = self.clips();
        let nearest = (place * clips.len().saturating_sub(1) as f32).round() as usize;
        MorphView {
            places: if clips.is_empty() { Vec::new() } else { places().collect() },
            clip: clips.get(nearest).cloned(),
            busy: self.busy,
            problem: self.problem.clone(),
        }
    }
}

/// Signs that what is decoded ahead may have changed: generation and loads of the document, model, tool, switches.
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
    /// The switch of the morph, and that of the pad.
    pub plays: (bool, bool),
}
