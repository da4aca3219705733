//! The parameters of Descant Keys: one table whose ids, names and order never change once released (a test freezes them).
//! New parameters go to the end.
//!
//! Read on any thread; values are atomics.
use super::document::Store;
use super::state::Saved;
use crate::bridge::Trigger;
use crate::clips::params::{Visitor, leading_number, switch, whole};
use crate::gui::keys::view::Knob;
use descant_core::sound::instrument::{Adsr, Settings};
use nice_plug::params::persist::PersistentField;
use nice_plug::prelude::*;
use std::sync::{Arc, RwLock};

/// See the file's head.
#[derive(Params)]
#[allow(missing_docs)]
pub struct KeysParams {
    #[id = "morph_x"]
    pub morph_x: FloatParam,
    #[id = "morph_y"]
    pub morph_y: FloatParam,
    #[id = "attack"]
    pub attack: FloatParam,
    #[id = "decay"]
    pub decay: FloatParam,
    #[id = "sustain"]
    pub sustain: FloatParam,
    #[id = "release"]
    pub release: FloatParam,
    #[id = "brightness"]
    pub brightness: FloatParam,
    #[id = "velocity_level"]
    pub velocity: FloatParam,
    #[id = "velocity_brightness"]
    pub velocity_brightness: FloatParam,
    #[id = "tune"]
    pub tune: FloatParam,
    #[id = "bend_range"]
    pub bend_range: FloatParam,
    #[id = "glide"]
    pub glide: FloatParam,
    #[id = "voices"]
    pub voices: IntParam,
    #[id = "unison"]
    pub unison: IntParam,
    #[id = "detune"]
    pub detune: FloatParam,
    #[id = "width"]
    pub width: FloatParam,
    #[id = "pan"]
    pub pan: FloatParam,
    #[id = "gain"]
    pub gain: FloatParam,
    #[id = "random"]
    pub random: BoolParam,
    /// Counts edits of the document: the only way to tell a host that the project has changed.
    #[id = "revision"]
    pub revision: IntParam,
    /// Instruments.
    #[persist = "doc"]
    pub doc: Arc<Store>,
    /// Size of the window in points.
    #[persist = "window"]
    pub window: Arc<RwLock<(u32, u32)>>,
}

impl<'a> PersistentField<'a, Saved> for Arc<Store> {
    fn set(&self, saved: Saved) {
        // The parameters of this state have been set before: moving the trigger counts again from here on.
        crate::bridge::loading_state(false);
        self.load(saved);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Saved) -> R,
    {
        f(&self.saved())
    }
}

/// A number with its unit, read with or without it.
fn number(name: &str, default: f32, range: (f32, f32), step: f32, unit: &'static str) -> FloatParam {
    let digits = if step < 0.1 { 2 } else { usize::from(step < 1.0) };
    let (min, max) = range;
    FloatParam::new(name, default, FloatRange::Linear { min, max })
        .with_step_size(step)
        .with_value_to_string(formatters::v2s_f32_rounded(digits))
        .with_string_to_value(Arc::new(leading_number))
        .with_unit(unit)
}

/// A time in milliseconds, finer where it is short.
fn time(name: &str, default: f32, min: f32, max: f32) -> FloatParam {
    let factor = FloatRange::skew_factor(-2.0);
    FloatParam::new(name, default, FloatRange::Skewed { min, max, factor })
        .with_step_size(0.1)
        .with_value_to_string(formatters::v2s_f32_rounded(1))
        .with_string_to_value(Arc::new(leading_number))
        .with_unit(" ms")
}

fn percent(name: &str, default: f32) -> FloatParam {
    number(name, default, (0.0, 100.0), 0.1, " %")
}

impl KeysParams {
    /// With default values. `random` counts the presses of Random.
    #[must_use]
    pub fn new(random: Arc<Trigger>) -> Self {
        Self {
            morph_x: percent("Morph X", 0.0),
            morph_y: percent("Morph Y", 0.0),
            attack: time("Attack", 10.0, 0.0, 5_000.0),
            decay: time("Decay", 500.0, 0.0, 10_000.0),
            sustain: percent("Sustain", 100.0),
            release: time("Release", 300.0, 5.0, 10_000.0),
            brightness: percent("Brightness", 100.0),
            velocity: percent("Velocity to level", 100.0),
            velocity_brightness: percent("Velocity to brightness", 0.0),
            tune: number("Tune", 0.0, (-24.0, 24.0), 0.01, " st"),
            bend_range: number("Bend range", 2.0, (0.0, 48.0), 0.1, " st"),
            glide: time("Glide", 0.0, 0.0, 5_000.0),
            voices: whole("Voices", 16, 1, 64),
            unison: whole("Unison", 1, 1, 8),
            detune: number("Detune", 12.0, (0.0, 100.0), 0.1, " ct"),
            width: percent("Width", 60.0),
            pan: number("Pan", 0.0, (-100.0, 100.0), 0.1, " %"),
            gain: number("Gain", 0.0, (-60.0, 12.0), 0.1, " dB"),
            random: switch("Random", false).with_callback(Arc::new(move |on| random.parameter_changed(on))),
            revision: whole("Revision", 0, 0, crate::clips::params::REVISIONS).hide().non_automatable(),
            doc: Arc::default(),
            window: Arc::new(RwLock::new(crate::gui::keys::DEFAULT_SIZE)),
        }
    }

    /// Does something with the parameter of a control.
    pub fn visit<V: Visitor>(&self, knob: Knob, visitor: V) -> V::Result {
        let of: &FloatParam = match knob {
            Knob::Voices => return visitor.visit(&self.voices),
            Knob::Unison => return visitor.visit(&self.unison),
            Knob::MorphX => &self.morph_x,
            Knob::MorphY => &self.morph_y,
            Knob::Attack => &self.attack,
            Knob::Decay => &self.decay,
            Knob::Sustain => &self.sustain,
            Knob::Release => &self.release,
            Knob::Brightness => &self.brightness,
            Knob::Velocity => &self.velocity,
            Knob::VelocityBrightness => &self.velocity_brightness,
            Knob::Tune => &self.tune,
            Knob::BendRange => &self.bend_range,
            Knob::Glide => &self.glide,
            Knob::Detune => &self.detune,
            Knob::Width => &self.width,
            Knob::Pan => &self.pan,
            Knob::Gain => &self.gain,
        };
        visitor.visit(of)
    }

    /// As the voices want them.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let share = |p: &FloatParam| p.value() / 100.0;
        let seconds = |p: &FloatParam| p.value() / 1_000.0;
        Settings {
            adsr: Adsr {
                attack: seconds(&self.attack),
                decay: seconds(&self.decay),
                sustain: share(&self.sustain),
                release: seconds(&self.release),
            },
            polyphony: self.voices.value().clamp(1, 64) as u8,
            unison: self.unison.value().clamp(1, 8) as u8,
            detune: self.detune.value(),
            width: share(&self.width),
            velocity: share(&self.velocity),
            brightness: share(&self.brightness),
            velocity_brightness: share(&self.velocity_brightness),
            tune: self.tune.value(),
            bend_range: self.bend_range.value(),
            glide: seconds(&self.glide),
            pan: share(&self.pan),
            gain: 10.0_f32.powf(self.gain.value() / 20.0),
            morph: (share(&self.morph_x), share(&self.morph_y)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clips::params::tests::reads_what_it_shows;

    /// Ids and names as they will be released. Lines may be added at the end, nothing else may change.
    const FROZEN: [(&str, &str); 20] = [
        ("morph_x", "Morph X"),
        ("morph_y", "Morph Y"),
        ("attack", "Attack"),
        ("decay", "Decay"),
        ("sustain", "Sustain"),
        ("release", "Release"),
        ("brightness", "Brightness"),
        ("velocity_level", "Velocity to level"),
        ("velocity_brightness", "Velocity to brightness"),
        ("tune", "Tune"),
        ("bend_range", "Bend range"),
        ("glide", "Glide"),
        ("voices", "Voices"),
        ("unison", "Unison"),
        ("detune", "Detune"),
        ("width", "Width"),
        ("pan", "Pan"),
        ("gain", "Gain"),
        ("random", "Random"),
        ("revision", "Revision"),
    ];

    /// Does something with every parameter, in order.
    macro_rules! each {
        ($params:expr, $p:ident => $body:expr) => {
            each!(@ $params, $p => $body; morph_x morph_y attack decay sustain release brightness velocity
                velocity_brightness tune bend_range glide voices unison detune width pan gain random revision)
        };
        (@ $params:expr, $p:ident => $body:expr; $($field:ident)*) => {{
            let all = &$params;
            $({
                let $p = &all.$field;
                $body;
            })*
        }};
    }

    #[test]
    fn ids_and_names_are_frozen() {
        let params = KeysParams::new(Arc::default());
        let ids: Vec<String> = params.param_map().into_iter().map(|(id, _, _)| id).collect();
        assert_eq!(ids, FROZEN.map(|(id, _)| id));
        let mut names = Vec::new();
        each!(params, p => names.push(p.name().to_string()));
        assert_eq!(names, FROZEN.map(|(_, name)| name));
    }

    #[test]
    fn every_text_means_the_value_that_shows_it() {
        each!(KeysParams::new(Arc::default()), p => {
            reads_what_it_shows(p);
            assert_eq!(p.string_to_normalized_value("loud"), None, "{}", p.name());
        });
    }

    #[test]
    fn settings_are_in_the_units_of_the_voices() {
        let settings = KeysParams::new(Arc::default()).settings();
        let Settings { gain, .. } = settings;
        assert_eq!((Settings { gain: 1.0, ..settings }, gain), (Settings::default(), 1.0));
    }
}
