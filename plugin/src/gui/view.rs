//! What the window shows ([`View`]) and what the musician did in it ([`Action`]).
//!
//! The window is a function from one to the other and holds nothing that must survive: the glue in `clips/`
//! fills the view before a frame and carries out the actions after it. Tests do the same without a host.

use descant_core::music::{Clip, ClipKind, Meter, Ticks};
use descant_core::tool::{Take, ToolKind};
use std::path::PathBuf;
use std::sync::Arc;

/// The plugin's parameters as the window sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamId {
    /// Generate or Continue.
    Tool,
    /// Which model.
    Model,
    /// 0..=2.
    Temperature,
    /// New bars, 1..=32.
    Bars,
    /// 1..=16.
    Variations,
    /// Onsets per bar; lowest position = free.
    Density,
    /// Tonic of the scale mask.
    Key,
    /// Scale mask; first = off.
    Scale,
    /// Lowest pitch.
    RangeLow,
    /// Highest pitch.
    RangeHigh,
    /// Keep the seed between runs.
    SeedLock,
    /// When a new take starts to sound: now, beat, bar.
    SwapQuantum,
    /// Audition volume; lowest = off.
    AuditionLevel,
    /// Player on.
    Play,
    /// Rising edge starts the tool.
    Generate,
    /// Host bypass.
    Bypass,
    /// Off, Answer, Continuous.
    LiveMode,
    /// Silent bars that end a call.
    CallEnds,
    /// Bars of an answer; lowest = as the call.
    AnswerBars,
    /// Rising edge: silence at once.
    Panic,
}

/// A parameter's state for drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParamState {
    /// 0..=1.
    pub normalised: f32,
    /// Default position, 0..=1.
    pub default: f32,
    /// Value with unit, as the host shows it.
    pub text: String,
    /// Number of steps between the ends of a stepped parameter.
    pub steps: Option<usize>,
    /// Names of the values of an enumeration, in order.
    pub choices: Vec<String>,
}

/// The host's clock as last seen on the audio thread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TransportView {
    /// Quarter notes per minute.
    pub tempo: f64,
    /// Time signature.
    pub meter: Meter,
    /// Bar number as musicians count, from 1.
    pub bar: i64,
    /// Whether time runs.
    pub playing: bool,
    /// `false`: the host gives no transport and the plugin runs on its own clock.
    pub host: bool,
    /// Playhead in the playing clip.
    pub playhead: Option<Ticks>,
}

/// One entry of the model menu.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelView {
    /// Id, e.g. `drum_kit`.
    pub id: String,
    /// Name for people, e.g. "Drum kit RNN".
    pub name: String,
    /// One sentence: what it is for.
    pub about: String,
    /// What it writes.
    pub kind: ClipKind,
    /// `false`: listed as "needs weights".
    pub ready: bool,
    /// Temperature the quality figures were measured at.
    pub default_temperature: f32,
}

/// Where a primer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrimerOrigin {
    /// Notes played in, from the rolling capture.
    Captured,
    /// A file dropped or opened.
    File,
    /// An earlier take.
    Take,
    /// Drawn or edited in the roll.
    Edited,
}

/// The clip that Continue starts from.
#[derive(Clone, Debug)]
pub struct PrimerView {
    /// The clip.
    pub clip: Arc<Clip>,
    /// Its origin.
    pub origin: PrimerOrigin,
}

/// One line of the take list.
#[derive(Clone, Debug)]
pub struct TakeView {
    /// Stable number of the take in this document.
    pub id: u64,
    /// The take.
    pub take: Arc<Take>,
    /// Its seed as a pronounceable word.
    pub seed: String,
    /// Starred by the musician.
    pub starred: bool,
}

/// A track of a dropped song.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackView {
    /// Track name, or "Track 3".
    pub name: String,
    /// Number of notes.
    pub notes: usize,
    /// Drums or pitched.
    pub kind: ClipKind,
    /// Whether notes sound together.
    pub polyphonic: bool,
    /// Length in bars.
    pub bars: u32,
}

/// A dropped song waiting for the musician's choice of track.
#[derive(Clone, Debug)]
pub struct SongView {
    /// File name without folder.
    pub file: String,
    /// Its tracks with notes.
    pub tracks: Vec<TrackView>,
    /// Preselected track.
    pub preselected: usize,
    /// The file's first tempo.
    pub tempo: f64,
    /// Whether the file has several tempos (beats are kept).
    pub tempo_changes: bool,
}

/// Mood of the status line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusKind {
    /// Plain information.
    #[default]
    Info,
    /// Something worked.
    Good,
    /// Worth knowing.
    Warn,
    /// It failed; the text says what to do.
    Bad,
}

/// The status line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Mood.
    pub kind: StatusKind,
    /// Plain words.
    pub text: String,
}

/// Everything one frame needs.
#[derive(Clone, Debug)]
pub struct View {
    /// Clock.
    pub transport: TransportView,
    /// The chosen tool.
    pub tool: ToolKind,
    /// All models of the catalogue.
    pub models: Vec<ModelView>,
    /// Index of the chosen model.
    pub model: usize,
    /// Parameter states.
    pub params: std::collections::HashMap<ParamId, ParamState>,
    /// Primer, if there is one.
    pub primer: Option<PrimerView>,
    /// Bars of playing held by the rolling capture.
    pub captured_bars: u32,
    /// Takes, oldest first.
    pub takes: Vec<TakeView>,
    /// Id of the take shown in the roll.
    pub shown: Option<u64>,
    /// Id of the take that the player plays; `None` after a drag-out, until a click.
    pub sounding: Option<u64>,
    /// Seed of the next run, as a word.
    pub seed: String,
    /// Progress 0..=1 while the worker runs.
    pub progress: Option<f32>,
    /// Status line.
    pub status: Status,
    /// Whether undo and redo have something to do.
    pub can_undo: bool,
    /// See `can_undo`.
    pub can_redo: bool,
    /// Track chooser, when a song with several tracks was dropped.
    pub song: Option<SongView>,
    /// What the live mode is doing, in words; empty when it is off.
    pub live: String,
}

/// How a control was moved.
#[derive(Clone, Debug, PartialEq)]
pub enum Gesture {
    /// Mouse down.
    Begin,
    /// New normalised value.
    Set(f32),
    /// Mouse up.
    End,
    /// Double click.
    Reset,
    /// Typed text.
    Text(String),
}

/// What is dragged or saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Primer and new part.
    Whole,
    /// Only what the model wrote.
    New,
}

/// What the musician did.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A control was moved.
    Param(ParamId, Gesture),
    /// The big button.
    Generate,
    /// The same button while the worker runs.
    Cancel,
    /// A take was clicked: show it and play it from the next swap point.
    Show(u64),
    /// Star on or off.
    Star(u64),
    /// Remove a take (undoable).
    Delete(u64),
    /// New takes from this take's request with fresh seeds.
    MoreLikeThis(u64),
    /// The take becomes the primer.
    UseAsPrimer(u64),
    /// The seed was typed in.
    Seed(String),
    /// Take over what was played in.
    Capture,
    /// Forget the primer.
    ClearPrimer,
    /// Files dropped on the window.
    Drop(Vec<PathBuf>),
    /// "Open…": the glue shows a file dialog without blocking.
    Open,
    /// Track chosen from a dropped song. `top_line`: of a chordal track, only the highest notes.
    ChooseTrack {
        /// Index in `SongView::tracks`.
        track: usize,
        /// Keep only the highest notes.
        top_line: bool,
        /// Take the file's tempo as the clip's tempo instead of the host's.
        file_tempo: bool,
    },
    /// The chooser was closed.
    DismissSong,
    /// Drag of the shown take began.
    DragOut(Part),
    /// "Save…".
    Save(Part),
    /// "Reveal": show the take's file in the file manager.
    Reveal,
    /// Notes of the shown take or the primer were edited: the clip after the edit.
    Edit {
        /// The take, or the primer when `None`.
        take: Option<u64>,
        /// The clip after the edit.
        clip: Arc<Clip>,
    },
    /// Ctrl-Z.
    Undo,
    /// Ctrl-Y.
    Redo,
}
