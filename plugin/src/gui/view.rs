//! What the window shows ([`View`]) and what the musician did in it ([`Action`]).
//!
//! The window is a function from one to the other and holds nothing that must survive: the glue in `clips/`
//! fills the view before a frame and carries out the actions after it. Tests do the same without a host.

use descant_core::music::drum_map::{DrumMap, LANE_NAMES, Merge};
use descant_core::music::{ChordMark, Clip, ClipKind, Meter, Ticks};
use descant_core::tool::{Mix, Take, ToolKind};
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
    /// Most notes at once; lowest = any number.
    MostNotes,
    /// No pitch follows itself.
    NoRepeat,
    /// What Rewrite keeps: nothing, rhythm, rhythm and contour.
    Keep,
    /// Harmonise: read the primer once before.
    ListenFirst,
    /// Wild to safe, or custom.
    Search,
    /// Custom search: sequences kept.
    BeamSize,
    /// Custom search: copies of each.
    BranchFactor,
    /// Custom search: steps between choices.
    StepsPerIteration,
    /// Performances; lowest = as the model likes.
    NotesPerSecond,
    /// Performances: weight of a pitch class, from C on.
    PitchWeight(u8),
    /// How long each chord of the progression lasts.
    ChordLength,
    /// Off, Answer, Continuous.
    LiveMode,
    /// Silent bars that end a call.
    CallEnds,
    /// Bars of an answer; lowest = as the call.
    AnswerBars,
    /// Rising edge: silence at once.
    Panic,
    /// How far clips near a take lie from it.
    Distance,
    /// Positions of Interpolate, both ends included.
    Positions,
    /// All positions end to end in one take.
    Bake,
    /// The clips between A and B sound instead of the take.
    MorphPlays,
    /// Place from A to B.
    Morph,
    /// How much of a groove's timing.
    Timing,
    /// How much of a groove's dynamics.
    Dynamics,
    /// Groove leaves the clip's hits as they are and adds none.
    KeepHits,
    /// Hats that the clip has make way.
    ReplaceHats,
    /// What becomes of hits before beat one.
    Early,
    /// How much of a personal model.
    Own,
    /// The clips around a take sound instead of it.
    PadPlays,
    /// Place on the pad from left to right.
    PadX,
    /// Place on the pad from below.
    PadY,
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

/// Groups of the model page, in its order.
pub const FAMILIES: [&str; 8] =
    ["Drums", "Melody", "Improv", "Polyphony", "Pianoroll", "Performance", "MusicVAE", "GrooVAE"];

/// One entry of the model page.
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
    /// Whether it writes over chords.
    pub hears_chords: bool,
    /// Whether there are clips near and between its clips.
    pub latent: bool,
    /// Whether it can learn from the musician's clips.
    pub learns: bool,
    /// One of [`FAMILIES`].
    pub family: &'static str,
    /// The weights there are for it.
    pub weights: Vec<WeightsView>,
    /// Index of those that it plays.
    pub playing: Option<usize>,
    /// Name of weights that were chosen and are not on this computer.
    pub missing: Option<String>,
}

/// A set of weights of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsView {
    /// What the document calls them.
    pub key: String,
    /// Name for people, e.g. "Built in".
    pub name: String,
    /// The file; `None` inside the program.
    pub path: Option<PathBuf>,
    /// What they say about themselves, once it was read.
    pub card: Option<Arc<CardView>>,
}

/// What weights say about themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardView {
    /// What they learned from.
    pub data: Vec<String>,
    /// Licence; may be empty.
    pub licence: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Number of values.
    pub parameters: u64,
    /// The files that they were imported from.
    pub source: Vec<String>,
    /// Likelihood of music that they have not seen, in words.
    pub held_out: Option<String>,
    /// Quality gates.
    pub gates: Vec<GateView>,
    /// How they were made, if somebody made them their own.
    pub own: Option<OwnView>,
    /// Why they cannot be read, as a sentence.
    pub problem: Option<String>,
}

/// How weights of somebody's own were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnView {
    /// The weights that learnt, in words.
    pub base: String,
    /// Year-month-day; may be empty.
    pub date: String,
    /// Clips that were learnt.
    pub clips: usize,
    /// Pieces that those were cut into.
    pub pieces: usize,
    /// Steps of training.
    pub rounds: u32,
    /// Seed of the training, as a word.
    pub seed: String,
    /// Loss of the steps.
    pub curve: Vec<f32>,
}

/// A figure that weights have to reach.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GateView {
    /// What is measured.
    pub name: String,
    /// The figure.
    pub value: String,
    /// What it has to be.
    pub bound: String,
    /// Whether it is.
    pub pass: bool,
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

/// The chords of the next run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChordsView {
    /// Figures for the new bars, in order; none: the model's own choice.
    pub progression: Vec<String>,
    /// How long each of them lasts.
    pub every: Ticks,
    /// Chords under the primer, counted from its start.
    pub primer: Vec<ChordMark>,
}

/// The musician's drum kit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KitView {
    /// What is heard as which drum, and what drums are sent out as.
    pub map: DrumMap,
    /// Drums of the primer that models hear as one.
    pub merged: Vec<Merge>,
    /// Different drum pitches of the primer as it was played, ascending.
    pub primer: Vec<u8>,
}

impl KitView {
    /// What models do not hear of the primer as it was played, as a sentence.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let list = |pitches: &[u8]| pitches.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let merged: Vec<String> =
            self.merged.iter().map(|m| format!("{} ({})", LANE_NAMES[m.lane], list(&m.pitches))).collect();
        let unheard: Vec<u8> =
            self.primer.iter().copied().filter(|&pitch| self.map.lane(pitch).is_none()).collect();
        match (merged.is_empty(), unheard.is_empty()) {
            (true, true) => None,
            (false, true) => Some(format!("Models hear as one drum: {}.", merged.join(", "))),
            (true, false) => Some(format!("No lane hears {}.", list(&unheard))),
            (false, false) => Some(format!(
                "Models hear as one drum: {}. No lane hears {}.",
                merged.join(", "),
                list(&unheard)
            )),
        }
    }
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
    /// Of an interpolation: which of how many positions, from 1.
    pub part: Option<(u32, u32)>,
    /// Place in its run, from 1.
    pub index: u32,
    /// Of a part of a trio.
    pub trio: Option<TrioView>,
}

/// The trio that a take belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrioView {
    /// Its first take.
    pub first: u64,
    /// The take's place in it, from 0.
    pub part: usize,
    /// The trio's seed, as a word.
    pub seed: String,
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

/// The model that the chosen tool plays with.
#[derive(Clone, Debug, PartialEq)]
pub enum FitView {
    /// The chosen one.
    Chosen,
    /// Another one.
    Other {
        /// Its place among the models.
        model: usize,
        /// Why, as a sentence.
        why: String,
    },
    /// There are no weights for it, as a sentence.
    None(String),
}

/// The clips between A and B, decoded ahead.
#[derive(Clone, Debug, Default)]
pub struct MorphView {
    /// Their places from 0 to 1, in order; empty while there are none.
    pub places: Vec<f32>,
    /// The clip at the morph's place.
    pub clip: Option<Arc<Clip>>,
    /// They are being decoded.
    pub busy: bool,
    /// Why there are none, as a sentence.
    pub problem: Option<String>,
}

/// The clips around a take.
#[derive(Clone, Debug, Default)]
pub struct PadView {
    /// The take in the middle.
    pub take: u64,
    /// Its seed as a word.
    pub title: String,
    /// Seed of the directions, as a word.
    pub seed: String,
    /// Clips along a side; 0 while there are none.
    pub side: usize,
    /// The clip at the pad's place.
    pub clip: Option<Arc<Clip>>,
    /// They are being decoded.
    pub busy: bool,
    /// Why there are none, as a sentence.
    pub problem: Option<String>,
    /// Places that were saved.
    pub points: Vec<PointView>,
}

/// A saved place of the pad.
#[derive(Clone, Debug, PartialEq)]
pub struct PointView {
    /// Its name.
    pub name: String,
    /// Left (0) to right (1).
    pub x: f32,
    /// Down (0) to up (1).
    pub y: f32,
    /// It lies on the pad that is shown, not on one around another take or in other directions.
    pub here: bool,
}

/// The clips that a model shall learn from, and its training.
#[derive(Clone, Debug, Default)]
pub struct LessonView {
    /// The clips.
    pub clips: Vec<Arc<Clip>>,
    /// The part of the training that is done, 0..=1, while it runs.
    pub progress: Option<f32>,
    /// Loss of each round of the training that runs or ran last.
    pub curve: Vec<f32>,
    /// How that ended, as a sentence; empty while it runs.
    pub ended: Status,
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
    /// Bars that Rewrite leaves as they are, in order.
    pub locked: Vec<u32>,
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
    /// Chords of the next run.
    pub chords: ChordsView,
    /// What the live mode is doing, in words; empty when it is off.
    pub live: String,
    /// The drum kit.
    pub kit: KitView,
    /// Which model the chosen tool plays with.
    pub fit: FitView,
    /// Why tools cannot be used at all, by tool: there are no weights for them.
    pub without_weights: Vec<(ToolKind, String)>,
    /// Clip B.
    pub other: Option<Arc<Clip>>,
    /// The groove for melodies.
    pub guide: Option<Arc<Clip>>,
    /// What lies between A and B.
    pub morph: MorphView,
    /// What models learn from the musician.
    pub lesson: LessonView,
    /// The latent pad, if there is one.
    pub pad: Option<PadView>,
    /// Which parts of trios are heard.
    pub mix: Mix,
    /// MIDI channels of a trio's parts, from 1.
    pub channels: [u8; 3],
}

impl View {
    /// Whether a take sounds, alone or in its trio.
    #[must_use]
    pub fn sounds(&self, take: &TakeView) -> bool {
        let trio = |t: &TakeView| t.trio.as_ref().map(|trio| trio.first);
        let sounding = self.takes.iter().find(|t| Some(t.id) == self.sounding);
        sounding.is_some_and(|t| t.id == take.id || (trio(t).is_some() && trio(t) == trio(take)))
    }

    /// The parts of the trio whose take is shown.
    #[must_use]
    pub fn trio(&self) -> Option<[&TakeView; 3]> {
        let shown = self.takes.iter().find(|t| Some(t.id) == self.shown)?;
        let first = shown.trio.as_ref()?.first;
        let part = |part: usize| {
            let is = |t: &&TakeView| t.trio.as_ref().is_some_and(|t| (t.first, t.part) == (first, part));
            self.takes.iter().find(is)
        };
        Some([part(0)?, part(1)?, part(2)?])
    }

    /// The model that the chosen tool plays with; the chosen one where there is none.
    #[must_use]
    pub fn playing_model(&self) -> Option<&ModelView> {
        match self.fit {
            FitView::Other { model, .. } => self.models.get(model),
            _ => self.models.get(self.model),
        }
    }

    /// The weights that the chosen tool plays with, if they were made somebody's own.
    #[must_use]
    pub fn own_weights(&self) -> Option<&OwnView> {
        let model = self.playing_model()?;
        model.weights.get(model.playing?)?.card.as_ref()?.own.as_ref()
    }

    /// Why a tool cannot be used at all, as a sentence.
    #[must_use]
    pub fn without_weights(&self, tool: ToolKind) -> Option<&str> {
        self.without_weights.iter().find(|(of, _)| *of == tool).map(|(_, why)| why.as_str())
    }
}

/// A slot for a clip besides the primer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Clip B of Interpolate.
    B,
    /// The groove for melodies.
    Guide,
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
    /// All parts of the trio, as one file with a track each.
    Trio,
}

/// What was done with the latent pad.
#[derive(Clone, Debug, PartialEq)]
pub enum PadChange {
    /// It shall lie around this take.
    Around(u64),
    /// Other directions.
    Turn,
    /// It is closed.
    Close,
    /// The place is saved under a name; empty: the next number.
    Save(String),
    /// The pad of this saved place is wanted. Its place is set by the parameters.
    Recall(usize),
    /// This saved place is forgotten.
    Forget(usize),
    /// The clip at the place becomes a take.
    Keep,
}

/// A change of the clips that a model shall learn from.
#[derive(Clone, Debug, PartialEq)]
pub enum LessonChange {
    /// The primer is one of them.
    Primer,
    /// So is the shown take.
    Shown,
    /// The takes with a star are among them.
    Starred,
    /// So are the clips in these files.
    Files(Vec<PathBuf>),
    /// A dialog for such files.
    Choose,
    /// The clip of this place is not.
    Remove(usize),
    /// None is.
    Clear,
}

/// A change of the drum map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapChange {
    /// The kit of this place in [`DrumMap::kits`].
    Kit(usize),
    /// A lane is sent out as this pitch.
    Output {
        /// The lane, 0..9.
        lane: usize,
        /// MIDI pitch.
        pitch: u8,
    },
    /// A pitch means a lane, or nothing.
    Input {
        /// MIDI pitch.
        pitch: u8,
        /// The lane, 0..9.
        lane: Option<usize>,
    },
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
    /// Another part of the trio that sounds is to be looked at.
    LookAt(u64),
    /// Which parts of trios are heard.
    Mix(Mix),
    /// Star on or off.
    Star(u64),
    /// Remove a take (undoable).
    Delete(u64),
    /// New takes from this take's request with fresh seeds.
    MoreLikeThis(u64),
    /// The take becomes the primer.
    UseAsPrimer(u64),
    /// The take goes into a slot.
    Put(Place, u64),
    /// A slot is emptied.
    Empty(Place),
    /// A and B change places.
    SwapEnds,
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
    /// Lock a bar, from 0 on, against Rewrite, or free it.
    Lock(u32),
    /// Everything before this bar is locked, everything from it on is to be rewritten.
    RewriteFrom(u32),
    /// Ctrl-Z.
    Undo,
    /// Ctrl-Y.
    Redo,
    /// The progression for the new bars was typed in.
    Chords(String),
    /// The chords under the primer were typed in.
    PrimerChords(String),
    /// Find the chords under the primer from its notes.
    FindPrimerChords,
    /// Find the progression from what was played in.
    FindPlayedChords,
    /// The drum map was changed.
    DrumMap(MapChange),
    /// The model page was opened: its cards are wanted.
    LookAtModels,
    /// These weights shall play for a model.
    ChooseWeights {
        /// The model's id.
        model: String,
        /// Their key.
        weights: String,
    },
    /// Show a file of weights in the file manager.
    RevealWeights(PathBuf),
    /// "Import…": a dialog for checkpoints.
    Import,
    /// The clips to learn from were changed.
    Lesson(LessonChange),
    /// A model shall learn them.
    Personalise {
        /// The model's id.
        model: String,
        /// What the new weights are called.
        name: String,
    },
    /// It shall stop.
    StopLearning,
    /// The latent pad.
    Pad(PadChange),
}

impl From<(ParamId, Gesture)> for Action {
    fn from((id, gesture): (ParamId, Gesture)) -> Self {
        Self::Param(id, gesture)
    }
}
