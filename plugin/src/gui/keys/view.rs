//! What the window of Keys shows ([`View`]) and what the musician did in it ([`Action`]).
//!
//! The window is a function from one to the other and holds nothing that must survive.
use crate::gui::view::{Gesture, ParamState, Status};
use crate::keys::compute::{Choice, ComputeView};
use crate::keys::engine::ZoneView;
use descant_core::sound::along::Manner;
use descant_core::sound::instrument::{Axes, POSITIONS};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The parameters that have a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Knob {
    MorphX,
    MorphY,
    Attack,
    Decay,
    Sustain,
    Release,
    Brightness,
    Velocity,
    VelocityBrightness,
    Tune,
    BendRange,
    Glide,
    Voices,
    Unison,
    Detune,
    Width,
    Pan,
    Gain,
}

/// All, for filling the view.
pub const KNOBS: [Knob; 18] = [
    Knob::MorphX,
    Knob::MorphY,
    Knob::Attack,
    Knob::Decay,
    Knob::Sustain,
    Knob::Release,
    Knob::Brightness,
    Knob::Velocity,
    Knob::VelocityBrightness,
    Knob::Tune,
    Knob::BendRange,
    Knob::Glide,
    Knob::Voices,
    Knob::Unison,
    Knob::Detune,
    Knob::Width,
    Knob::Pan,
    Knob::Gain,
];

/// What a control moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A parameter of the plugin.
    Knob(Knob),
    /// Seconds between instruments, along the clip.
    Spacing,
}

/// An instrument by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstrumentView {
    /// What it is called.
    pub name: String,
    /// Starred by the musician.
    pub starred: bool,
}

/// An entry of the list of instruments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceView {
    /// What it is called, and whether it has a star.
    pub instrument: InstrumentView,
    /// Where it is from.
    pub group: &'static str,
}

/// Along the clip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PieceView {
    /// What was dropped in.
    pub file: Option<String>,
    /// Its notes, or why it cannot be played, as a sentence.
    pub plan: Option<Result<PlanView, String>>,
    /// Whose rules hold.
    pub manner: Manner,
    /// Whether there is a sound of just this.
    pub rendered: bool,
    /// Seed of the instruments as a word.
    pub seed: String,
}

/// A piece and its instruments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanView {
    /// Notes that are played.
    pub notes: usize,
    /// Instruments.
    pub instruments: usize,
    /// Seconds between them, as they really are.
    pub spacing: f64,
    /// Moved by octaves.
    pub moved: usize,
    /// Not played.
    pub left_out: usize,
}

/// Everything one frame needs.
#[derive(Clone, Debug)]
pub struct View {
    /// Controls.
    pub params: HashMap<Target, ParamState>,
    /// The slots.
    pub slots: [Option<InstrumentView>; 4],
    /// The slot at whose corner the morph stands.
    pub nearest: usize,
    /// The instruments to choose from, and which of them is in the nearest slot.
    pub choices: Vec<ChoiceView>,
    /// See `choices`.
    pub chosen: Option<usize>,
    /// Where the sound stands on the pad.
    pub point: (f32, f32),
    /// Where the morph leads anywhere.
    pub axes: Axes,
    /// Pitches that are ready at each place of the pad, as bits.
    pub ready: Box<[u128; POSITIONS]>,
    /// The place that is heard most.
    pub place: usize,
    /// Lowest and highest pitch that is rendered.
    pub range: (u8, u8),
    /// The zone that is being rendered: its place and pitch.
    pub rendering: Option<(usize, u8)>,
    /// Keys that sound, as bits.
    pub held: u128,
    /// Name of the model; empty before it is loaded.
    pub model: String,
    /// What it runs on.
    pub compute: ComputeView,
    /// Pictures of the zone that was played last.
    pub picture: Option<Arc<ZoneView>>,
    /// Along the clip.
    pub piece: PieceView,
    /// Progress of the studio's work, 0..=1.
    pub progress: Option<f32>,
    /// Status line.
    pub status: Status,
    /// Whether undo and redo have something to do.
    pub can: (bool, bool),
}

impl View {
    /// Pitches that are ready where the morph stands, as bits.
    #[must_use]
    pub fn here(&self) -> u128 {
        self.ready.get(self.place).copied().unwrap_or(0)
    }

    /// How many pitches are rendered in all.
    #[must_use]
    pub fn pitches(&self) -> u32 {
        u32::from(self.range.1.saturating_sub(self.range.0)) + 1
    }
}

/// What the musician did.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A control was moved.
    Move(Target, Gesture),
    /// The morph goes to a slot's corner.
    Hear(usize),
    /// A random instrument into a slot.
    Random(usize),
    /// The instrument of this place in the list into a slot.
    Choose {
        /// The slot.
        slot: usize,
        /// Place in [`View::choices`].
        choice: usize,
    },
    /// A slot is emptied.
    Clear(usize),
    /// The instrument of a slot is called something else. A word that is a seed is that seed's instrument.
    Rename(usize, String),
    /// Star on or off for the instrument of a slot.
    Star(usize),
    /// Another instrument for the nearest slot, so many places further in the list.
    Step(i64),
    /// A key of the keyboard on the screen goes down, or up at velocity 0.
    Key {
        /// MIDI pitch.
        key: u8,
        /// 0..=1.
        velocity: f32,
    },
    /// Ctrl-Z.
    Undo,
    /// Ctrl-Y.
    Redo,
    /// Files dropped on the window.
    Drop(Vec<PathBuf>),
    /// "Open…" for a MIDI file.
    Open,
    /// Other instruments along the clip.
    NewSeed,
    /// Whose rules hold along the clip.
    Rules(Manner),
    /// Render the piece.
    Render,
    /// Write the keyboard of the nearest slot as a folder of WAV files with an SFZ file.
    Export,
    /// Stop rendering.
    Cancel,
    /// Drag the rendered sound out of the window.
    DragOut,
    /// "Save…" for it.
    Save,
    /// Who is to render the notes.
    Compute(Choice),
}

impl From<(Target, Gesture)> for Action {
    fn from((target, gesture): (Target, Gesture)) -> Self {
        Self::Move(target, gesture)
    }
}
