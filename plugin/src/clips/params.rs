//! The parameters of Descant Clips: one table whose ids, names and order never change once released (a test
//! freezes them). New parameters go to the end.
//!
//! Read on any thread; values are atomics.

use super::between::Between;
use super::more::More;
use super::player::{Channels, Quantum};
use super::state::DocStore;
use crate::bridge::Trigger;
use crate::gui::view::ParamId;
use crate::library;
use descant_core::music::{self, Meter, PitchClasses, Ticks};
use descant_core::tool::{Constraints, ToolKind};
use nice_plug::prelude::*;
use std::sync::{Arc, RwLock};

/// Places in the model list. More than there are models, so that a new one moves no automation.
pub const MODEL_SLOTS: usize = 64;
/// Smallest window in logical points.
pub const MIN_WINDOW: (u32, u32) = (720, 460);
/// Window of a new instance.
pub const FIRST_WINDOW: (u32, u32) = (980, 620);

/// Tool choice.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Tool {
    #[id = "generate"]
    #[name = "Generate"]
    Generate,
    #[id = "continue"]
    #[name = "Continue"]
    Continue,
    #[id = "interpolate"]
    #[name = "Interpolate"]
    Interpolate,
    #[id = "groove"]
    #[name = "Groove"]
    Groove,
    #[id = "drumify"]
    #[name = "Drumify"]
    Drumify,
    #[id = "rewrite"]
    #[name = "Rewrite"]
    Rewrite,
    #[id = "harmonise"]
    #[name = "Harmonise"]
    Harmonise,
    #[id = "hats"]
    #[name = "Hats"]
    Hats,
    #[id = "trio"]
    #[name = "Trio"]
    Trio,
}

/// Tonic.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Key {
    #[name = "C"]
    C,
    #[name = "C#"]
    Cs,
    #[name = "D"]
    D,
    #[name = "D#"]
    Ds,
    #[name = "E"]
    E,
    #[name = "F"]
    F,
    #[name = "F#"]
    Fs,
    #[name = "G"]
    G,
    #[name = "G#"]
    Gs,
    #[name = "A"]
    A,
    #[name = "A#"]
    As,
    #[name = "B"]
    B,
}

/// Scale mask.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scale {
    #[id = "off"]
    #[name = "All notes"]
    Off,
    #[id = "major"]
    #[name = "Major"]
    Major,
    #[id = "minor"]
    #[name = "Minor"]
    Minor,
    #[id = "harmonic_minor"]
    #[name = "Harmonic minor"]
    HarmonicMinor,
    #[id = "melodic_minor"]
    #[name = "Melodic minor"]
    MelodicMinor,
    #[id = "dorian"]
    #[name = "Dorian"]
    Dorian,
    #[id = "phrygian"]
    #[name = "Phrygian"]
    Phrygian,
    #[id = "lydian"]
    #[name = "Lydian"]
    Lydian,
    #[id = "mixolydian"]
    #[name = "Mixolydian"]
    Mixolydian,
    #[id = "major_pentatonic"]
    #[name = "Major pentatonic"]
    MajorPentatonic,
    #[id = "minor_pentatonic"]
    #[name = "Minor pentatonic"]
    MinorPentatonic,
    #[id = "blues"]
    #[name = "Blues"]
    Blues,
}

impl Scale {
    /// The mask for a tonic; `None`: every pitch class.
    #[must_use]
    pub fn mask(self, key: Key) -> Option<PitchClasses> {
        let scale = match self {
            Self::Off => return None,
            Self::Major => music::Scale::Major,
            Self::Minor => music::Scale::NaturalMinor,
            Self::HarmonicMinor => music::Scale::HarmonicMinor,
            Self::MelodicMinor => music::Scale::MelodicMinor,
            Self::Dorian => music::Scale::Dorian,
            Self::Phrygian => music::Scale::Phrygian,
            Self::Lydian => music::Scale::Lydian,
            Self::Mixolydian => music::Scale::Mixolydian,
            Self::MajorPentatonic => music::Scale::MajorPentatonic,
            Self::MinorPentatonic => music::Scale::MinorPentatonic,
            Self::Blues => music::Scale::Blues,
        };
        Some(scale.in_key(key as u8))
    }
}

/// Swap point.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Swap {
    #[id = "now"]
    #[name = "Now"]
    Now,
    #[id = "beat"]
    #[name = "Beat"]
    Beat,
    #[id = "bar"]
    #[name = "Bar"]
    Bar,
}

/// How long each chord of a progression lasts.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ChordLength {
    #[id = "beat"]
    #[name = "1 beat"]
    Beat,
    #[id = "two_beats"]
    #[name = "2 beats"]
    TwoBeats,
    #[id = "bar"]
    #[name = "1 bar"]
    Bar,
    #[id = "two_bars"]
    #[name = "2 bars"]
    TwoBars,
    #[id = "four_bars"]
    #[name = "4 bars"]
    FourBars,
}

impl ChordLength {
    /// In a meter.
    #[must_use]
    pub fn ticks(self, meter: Meter) -> Ticks {
        match self {
            Self::Beat => meter.beat_ticks(),
            Self::TwoBeats => 2 * meter.beat_ticks(),
            Self::Bar => meter.bar_ticks(),
            Self::TwoBars => 2 * meter.bar_ticks(),
            Self::FourBars => 4 * meter.bar_ticks(),
        }
    }
}

/// What the plugin does by itself while the host plays.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LiveMode {
    /// Nothing.
    #[default]
    #[id = "off"]
    #[name = "Off"]
    Off,
    /// It answers what is played in.
    #[id = "answer"]
    #[name = "Answer"]
    Answer,
    /// It writes the next clip while one plays.
    #[id = "continuous"]
    #[name = "Continuous"]
    Continuous,
}

/// See the file's head.
#[derive(Params)]
#[allow(missing_docs)]
pub struct ClipsParams {
    #[id = "temperature"]
    pub temperature: FloatParam,
    #[id = "tool"]
    pub tool: EnumParam<Tool>,
    #[id = "model"]
    pub model: IntParam,
    #[id = "bars"]
    pub bars: IntParam,
    #[id = "continue_bars"]
    pub continue_bars: IntParam,
    #[id = "variations"]
    pub variations: IntParam,
    #[id = "density"]
    pub density: IntParam,
    #[id = "key"]
    pub key: EnumParam<Key>,
    #[id = "scale"]
    pub scale: EnumParam<Scale>,
    #[id = "range_low"]
    pub range_low: IntParam,
    #[id = "range_high"]
    pub range_high: IntParam,
    #[id = "seed_lock"]
    pub seed_lock: BoolParam,
    #[id = "swap"]
    pub swap: EnumParam<Swap>,
    #[id = "audition"]
    pub audition: FloatParam,
    #[id = "play"]
    pub play: BoolParam,
    #[id = "generate"]
    pub generate: BoolParam,
    #[id = "bypass"]
    pub bypass: BoolParam,
    #[id = "own_tempo"]
    pub own_tempo: FloatParam,
    #[id = "melody_channel"]
    pub melody_channel: IntParam,
    #[id = "drum_channel"]
    pub drum_channel: IntParam,
    /// Counts edits of the document: the only way to tell a host that the project has changed.
    #[id = "revision"]
    pub revision: IntParam,
    /// Search, and what only some models can be told.
    #[nested(group = "More")]
    pub more: More,
    #[id = "chord_length"]
    pub chord_length: EnumParam<ChordLength>,
    #[id = "live_mode"]
    pub live_mode: EnumParam<LiveMode>,
    #[id = "call_ends"]
    pub call_ends: IntParam,
    #[id = "answer_bars"]
    pub answer_bars: IntParam,
    #[id = "panic"]
    pub panic: BoolParam,
    /// What the tools of latent models are told.
    #[nested(group = "Between and groove")]
    pub between: Between,
    #[id = "bass_channel"]
    pub bass_channel: IntParam,
    /// Counts the presses of Panic.
    pub panics: Arc<Trigger>,
    /// Takes, primer, seed.
    #[persist = "doc"]
    pub doc: Arc<DocStore>,
    /// Window size in logical points.
    #[persist = "window"]
    pub window: Arc<RwLock<(u32, u32)>>,
}

pub(crate) fn whole(name: &str, default: i32, min: i32, max: i32) -> IntParam {
    IntParam::new(name, default, IntRange::Linear { min, max })
}

/// On or off; the framework's own would read any text as off.
pub(crate) fn switch(name: &str, default: bool) -> BoolParam {
    BoolParam::new(name, default)
        .with_value_to_string(Arc::new(|on| if on { "On".into() } else { "Off".into() }))
        .with_string_to_value(Arc::new(|text| match text.trim().to_ascii_lowercase().as_str() {
            "on" | "1" | "true" | "yes" => Some(true),
            "off" | "0" | "false" | "no" => Some(false),
            _ => None,
        }))
}

/// A number of bars; 0, where it is allowed, has a word of its own.
fn bars(name: &str, default: i32, min: i32, max: i32, unit: &'static str, zero: &'static str) -> IntParam {
    whole(name, default, min, max)
        .with_value_to_string(Arc::new(move |n| match n {
            0 => zero.into(),
            1 => format!("1 {unit}"),
            n => format!("{n} {unit}s"),
        }))
        .with_string_to_value(Arc::new(move |text| {
            if !zero.is_empty() && text.trim().eq_ignore_ascii_case(zero) {
                return Some(0);
            }
            leading_number(text).map(|x| x.round() as i32)
        }))
}

fn rounded(name: &str, default: f32, min: f32, max: f32, digits: usize) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min, max })
        .with_value_to_string(formatters::v2s_f32_rounded(digits))
        .with_string_to_value(Arc::new(leading_number))
}

/// The number at the start of a text, whatever unit follows.
pub(crate) fn leading_number(text: &str) -> Option<f32> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c))).unwrap_or(text.len());
    text[..end].parse().ok().filter(|x: &f32| x.is_finite())
}

fn pitch(name: &str, default: i32) -> IntParam {
    whole(name, default, 0, 127)
        .with_value_to_string(Arc::new(|p| music::pitch_name(p.clamp(0, 127) as u8)))
        .with_string_to_value(Arc::new(|text| music::pitch_from_name(text).map(i32::from)))
}

impl ClipsParams {
    /// With default values. `trigger` counts the presses of Generate.
    #[must_use]
    pub fn new(trigger: Arc<Trigger>) -> Self {
        let panics = Arc::new(Trigger::default());
        let pressed = panics.clone();
        Self {
            temperature: rounded("Temperature", 1.0, 0.0, 2.0, 2).with_step_size(0.01),
            tool: EnumParam::new("Tool", Tool::Generate),
            model: whole("Model", 0, 0, MODEL_SLOTS as i32 - 1)
                .with_value_to_string(Arc::new(model_name))
                .with_string_to_value(Arc::new(parse_model)),
            bars: whole("Generate bars", 4, 1, 32),
            continue_bars: whole("Continue bars", 2, 1, 32),
            variations: whole("Variations", 8, 1, 16),
            density: whole("Density", 0, 0, 32)
                .with_value_to_string(Arc::new(
                    |v| if v == 0 { "Auto".into() } else { format!("{v} per bar") },
                ))
                .with_string_to_value(Arc::new(|text| {
                    if text.trim().eq_ignore_ascii_case("auto") {
                        return Some(0);
                    }
                    leading_number(text).map(|x| x.round() as i32)
                })),
            key: EnumParam::new("Key", Key::C),
            scale: EnumParam::new("Scale", Scale::Off),
            range_low: pitch("Lowest note", 0),
            range_high: pitch("Highest note", 127),
            seed_lock: switch("Seed lock", false),
            swap: EnumParam::new("Swap at", Swap::Bar),
            audition: rounded("Audition", 0.0, 0.0, 100.0, 1)
                .with_step_size(0.1)
                .with_value_to_string(Arc::new(|v| if v < 0.05 { "Off".into() } else { format!("{v:.1} %") }))
                .with_string_to_value(Arc::new(|text| {
                    if text.trim().eq_ignore_ascii_case("off") { Some(0.0) } else { leading_number(text) }
                })),
            play: switch("Play", true),
            generate: switch("Generate", false)
                .with_callback(Arc::new(move |on| trigger.parameter_changed(on))),
            bypass: switch("Bypass", false).make_bypass(),
            own_tempo: rounded("Own tempo", 120.0, 20.0, 300.0, 1).with_step_size(0.1).with_unit(" bpm"),
            melody_channel: whole("Melody channel", 1, 1, 16),
            drum_channel: whole("Drum channel", 10, 1, 16),
            revision: whole("Revision", 0, 0, REVISIONS).hide().non_automatable(),
            more: More::default(),
            chord_length: EnumParam::new("Chord length", ChordLength::Bar),
            live_mode: EnumParam::new("Live mode", LiveMode::Off),
            call_ends: bars("Call ends after", 1, 1, 4, "silent bar", ""),
            answer_bars: bars("Answer length", 0, 0, 16, "bar", "As the call"),
            panic: switch("Panic", false).with_callback(Arc::new(move |on| pressed.parameter_changed(on))),
            panics,
            between: Between::default(),
            bass_channel: whole("Bass channel", 2, 1, 16),
            doc: Arc::default(),
            window: Arc::new(RwLock::new(FIRST_WINDOW)),
        }
    }

    /// The tool chosen.
    #[must_use]
    pub fn tool_kind(&self) -> ToolKind {
        match self.tool.value() {
            Tool::Generate => ToolKind::Generate,
            Tool::Continue => ToolKind::Continue,
            Tool::Interpolate => ToolKind::Interpolate,
            Tool::Groove => ToolKind::Groove,
            Tool::Drumify => ToolKind::Drumify,
            Tool::Rewrite => ToolKind::Rewrite,
            Tool::Harmonise => ToolKind::Harmonise,
            Tool::Hats => ToolKind::Hats,
            Tool::Trio => ToolKind::Trio,
        }
    }

    /// New bars of the chosen tool.
    #[must_use]
    pub fn new_bars(&self) -> u32 {
        let bars = match self.tool.value() {
            Tool::Continue => self.continue_bars.value(),
            // The others add none.
            _ => self.bars.value(),
        };
        bars.clamp(1, 32) as u32
    }

    /// When a new take starts to sound.
    #[must_use]
    pub fn quantum(&self) -> Quantum {
        match self.swap.value() {
            Swap::Now => Quantum::Now,
            Swap::Beat => Quantum::Beat,
            Swap::Bar => Quantum::Bar,
        }
    }

    /// Masks as set.
    #[must_use]
    pub fn constraints(&self) -> Constraints {
        let (low, high) = (self.range_low.value(), self.range_high.value());
        let (low, high) = (low.min(high) as u8, low.max(high) as u8);
        let density = self.density.value();
        Constraints {
            scale: self.scale.value().mask(self.key.value()),
            range: ((low, high) != (0, 127)).then_some((low, high)),
            density: (density > 0).then_some(density as f32),
            polyphony: self.more.polyphony(),
            no_repeat: self.more.no_repeat.value(),
        }
    }

    /// Where notes leave.
    #[must_use]
    pub fn channels(&self) -> Channels {
        let channel = |p: &IntParam| (p.value().clamp(1, 16) - 1) as u8;
        Channels {
            melodies: channel(&self.melody_channel),
            bass: channel(&self.bass_channel),
            drums: channel(&self.drum_channel),
        }
    }

    /// Visits the parameter behind a control of the window. `Bars` is the one of the chosen tool.
    pub fn visit<V: Visitor>(&self, id: ParamId, visitor: V) -> V::Result {
        match id {
            ParamId::Tool => visitor.visit(&self.tool),
            ParamId::Model => visitor.visit(&self.model),
            ParamId::Temperature => visitor.visit(&self.temperature),
            ParamId::Bars => match self.tool.value() {
                Tool::Continue => visitor.visit(&self.continue_bars),
                _ => visitor.visit(&self.bars),
            },
            ParamId::Variations => visitor.visit(&self.variations),
            ParamId::Density => visitor.visit(&self.density),
            ParamId::Key => visitor.visit(&self.key),
            ParamId::Scale => visitor.visit(&self.scale),
            ParamId::RangeLow => visitor.visit(&self.range_low),
            ParamId::RangeHigh => visitor.visit(&self.range_high),
            ParamId::SeedLock => visitor.visit(&self.seed_lock),
            ParamId::SwapQuantum => visitor.visit(&self.swap),
            ParamId::AuditionLevel => visitor.visit(&self.audition),
            ParamId::Play => visitor.visit(&self.play),
            ParamId::Generate => visitor.visit(&self.generate),
            ParamId::Bypass => visitor.visit(&self.bypass),
            ParamId::MostNotes => visitor.visit(&self.more.most_notes),
            ParamId::NoRepeat => visitor.visit(&self.more.no_repeat),
            ParamId::Keep => visitor.visit(&self.more.keep),
            ParamId::ListenFirst => visitor.visit(&self.more.listen_first),
            ParamId::Search => visitor.visit(&self.more.search),
            ParamId::BeamSize => visitor.visit(&self.more.beam_size),
            ParamId::BranchFactor => visitor.visit(&self.more.branch_factor),
            ParamId::StepsPerIteration => visitor.visit(&self.more.steps_per_iteration),
            ParamId::NotesPerSecond => visitor.visit(&self.more.notes_per_second),
            ParamId::PitchWeight(class) => {
                let last = &self.more.pitch_weights[11].weight;
                visitor.visit(self.more.weight(usize::from(class)).unwrap_or(last))
            }
            ParamId::ChordLength => visitor.visit(&self.chord_length),
            ParamId::LiveMode => visitor.visit(&self.live_mode),
            ParamId::CallEnds => visitor.visit(&self.call_ends),
            ParamId::AnswerBars => visitor.visit(&self.answer_bars),
            ParamId::Panic => visitor.visit(&self.panic),
            ParamId::Distance => visitor.visit(&self.between.distance),
            ParamId::Positions => visitor.visit(&self.between.positions),
            ParamId::Bake => visitor.visit(&self.between.bake),
            ParamId::MorphPlays => visitor.visit(&self.between.morph_plays),
            ParamId::Morph => visitor.visit(&self.between.morph),
            ParamId::Timing => visitor.visit(&self.between.timing),
            ParamId::Dynamics => visitor.visit(&self.between.dynamics),
            ParamId::KeepHits => visitor.visit(&self.between.keep_hits),
            ParamId::ReplaceHats => visitor.visit(&self.between.replace_hats),
            ParamId::Early => visitor.visit(&self.between.early),
            ParamId::Own => visitor.visit(&self.between.own),
            ParamId::PadPlays => visitor.visit(&self.between.pad_plays),
            ParamId::PadX => visitor.visit(&self.between.pad_x),
            ParamId::PadY => visitor.visit(&self.between.pad_y),
        }
    }
}

/// Something done with a parameter of any type.
pub trait Visitor {
    /// What comes of it.
    type Result;
    /// Does it.
    fn visit<P: Param>(self, param: &P) -> Self::Result;
}

/// Revisions count round and round.
pub const REVISIONS: i32 = 65_535;

fn model_name(slot: i32) -> String {
    let name = usize::try_from(slot).ok().and_then(|s| library::models().get(s)).map(|m| m.name.to_string());
    name.unwrap_or_else(|| format!("Slot {}", slot + 1))
}

fn parse_model(text: &str) -> Option<i32> {
    let text = text.trim();
    let named = library::models().iter().position(|m| m.name.eq_ignore_ascii_case(text) || m.id == text);
    let slot = || {
        text.get(..5).filter(|p| p.eq_ignore_ascii_case("slot ")).and_then(|_| text[5..].trim().parse().ok())
    };
    named.map(|i| i as i32 + 1).or_else(slot).map(|s| s - 1).filter(|s| (0..MODEL_SLOTS as i32).contains(s))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Ids, names and order as released. Lines may be added at the end, nothing else may change.
    const FROZEN: [(&str, &str); 62] = [
        ("temperature", "Temperature"),
        ("tool", "Tool"),
        ("model", "Model"),
        ("bars", "Generate bars"),
        ("continue_bars", "Continue bars"),
        ("variations", "Variations"),
        ("density", "Density"),
        ("key", "Key"),
        ("scale", "Scale"),
        ("range_low", "Lowest note"),
        ("range_high", "Highest note"),
        ("seed_lock", "Seed lock"),
        ("swap", "Swap at"),
        ("audition", "Audition"),
        ("play", "Play"),
        ("generate", "Generate"),
        ("bypass", "Bypass"),
        ("own_tempo", "Own tempo"),
        ("melody_channel", "Melody channel"),
        ("drum_channel", "Drum channel"),
        ("revision", "Revision"),
        ("most_notes", "Most notes at once"),
        ("no_repeat", "No repeated notes"),
        ("keep", "Keep"),
        ("listen_first", "Listen first"),
        ("search", "Search"),
        ("beam_size", "Beam size"),
        ("branch_factor", "Branch factor"),
        ("steps_per_iteration", "Steps per iteration"),
        ("notes_per_second", "Notes per second"),
        ("pitch_weight_1", "Weight C"),
        ("pitch_weight_2", "Weight C#"),
        ("pitch_weight_3", "Weight D"),
        ("pitch_weight_4", "Weight D#"),
        ("pitch_weight_5", "Weight E"),
        ("pitch_weight_6", "Weight F"),
        ("pitch_weight_7", "Weight F#"),
        ("pitch_weight_8", "Weight G"),
        ("pitch_weight_9", "Weight G#"),
        ("pitch_weight_10", "Weight A"),
        ("pitch_weight_11", "Weight A#"),
        ("pitch_weight_12", "Weight B"),
        ("chord_length", "Chord length"),
        ("live_mode", "Live mode"),
        ("call_ends", "Call ends after"),
        ("answer_bars", "Answer length"),
        ("panic", "Panic"),
        ("distance", "Distance"),
        ("positions", "Positions"),
        ("bake", "Bake"),
        ("morph_plays", "Morph plays"),
        ("morph", "Morph"),
        ("timing", "Timing"),
        ("dynamics", "Dynamics"),
        ("keep_hits", "Keep hits"),
        ("replace_hats", "Replace hats"),
        ("early", "Early hits"),
        ("own_amount", "Personal amount"),
        ("pad_plays", "Pad plays"),
        ("pad_x", "Pad X"),
        ("pad_y", "Pad Y"),
        ("bass_channel", "Bass channel"),
    ];

    fn params() -> ClipsParams {
        ClipsParams::new(Arc::default())
    }

    macro_rules! each {
        ($params:expr, $p:ident => $body:expr) => {
            each!(@ $params, $p => $body;
                temperature tool model bars continue_bars variations density key scale range_low range_high
                seed_lock swap audition play generate bypass own_tempo melody_channel drum_channel revision
                more.most_notes more.no_repeat more.keep more.listen_first more.search more.beam_size
                more.branch_factor more.steps_per_iteration more.notes_per_second; chord_length
                live_mode call_ends answer_bars panic;
                distance positions bake morph_plays morph timing dynamics keep_hits replace_hats early own
                pad_plays pad_x pad_y)
        };
        (@ $params:expr, $p:ident => $body:expr; $($field:ident $(.$inner:ident)?)*; $($later:ident)*;
            $($between:ident)*) => {{
            let all = &$params;
            $({
                let $p = &all.$field$(.$inner)?;
                $body
            })*
            for class in 0..12 {
                let $p = all.more.weight(class).expect("twelve pitch classes");
                $body
            }
            $({
                let $p = &all.$later;
                $body
            })*
            $({
                let $p = &all.between.$between;
                $body
            })*
            {
                let $p = &all.bass_channel;
                $body
            }
        }};
    }

    #[test]
    fn ids_names_and_order_are_frozen() {
        let params = params();
        let ids: Vec<String> = params.param_map().into_iter().map(|(id, _, _)| id).collect();
        assert_eq!(ids, FROZEN.map(|(id, _)| id));
        let mut names = Vec::new();
        each!(params, p => names.push(p.name().to_string()));
        assert_eq!(names, FROZEN.map(|(_, name)| name));
    }

    /// Every text that a parameter shows means the value that shows it.
    pub(crate) fn reads_what_it_shows(p: &impl Param) {
        for i in 0..=1000 {
            let text = p.normalized_value_to_string(i as f32 / 1000.0, true);
            let back = p.string_to_normalized_value(&text);
            let back = back.unwrap_or_else(|| panic!("{}: cannot read {text:?}", p.name()));
            assert_eq!(p.normalized_value_to_string(back, true), text, "{}", p.name());
        }
    }

    #[test]
    fn every_text_means_the_value_that_shows_it() {
        each!(params(), p => {
            reads_what_it_shows(p);
        });
    }

    #[test]
    fn nonsense_is_not_a_value() {
        each!(params(), p => {
            for text in ["", "é", "slo", "slot é", "H7", "Bb", "NaN", "inf"] {
                assert_eq!(p.string_to_normalized_value(text), None, "{} read {text:?}", p.name());
            }
        });
    }

    #[test]
    fn defaults_are_those_of_the_manual() {
        let p = params();
        assert_eq!(p.temperature.value(), 1.0);
        assert_eq!((p.bars.value(), p.continue_bars.value(), p.variations.value()), (4, 2, 8));
        assert_eq!(p.channels(), Channels { melodies: 0, bass: 1, drums: 9 });
        assert_eq!(p.constraints(), Constraints::default());
        assert!(p.play.value() && !p.generate.value() && !p.bypass.value());
        assert_eq!((p.live_mode.value(), p.call_ends.value(), p.answer_bars.value()), (LiveMode::Off, 1, 0));
    }

    #[test]
    fn a_chord_lasts_as_long_as_its_meter_says() {
        let p = params();
        assert_eq!(p.chord_length.value(), ChordLength::Bar);
        let waltz = Meter { numerator: 3, denominator: 4 };
        let quarters = |length: ChordLength| length.ticks(waltz) / music::TICKS_PER_QUARTER;
        let all = [
            ChordLength::Beat,
            ChordLength::TwoBeats,
            ChordLength::Bar,
            ChordLength::TwoBars,
            ChordLength::FourBars,
        ];
        assert_eq!(all.map(quarters), [1, 2, 3, 6, 12]);
    }

    #[test]
    fn a_scale_is_turned_to_its_tonic() {
        assert_eq!(Scale::Major.mask(Key::C), Some(PitchClasses(0b1010_1011_0101)));
        let d_major = [2, 4, 6, 7, 9, 11, 1].iter().fold(0, |m, p| m | 1 << p);
        assert_eq!(Scale::Major.mask(Key::D), Some(PitchClasses(d_major)));
        assert_eq!(Scale::Off.mask(Key::D), None);
    }
}
