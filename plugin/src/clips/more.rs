//! The parameters behind *More*: how a take is searched for, and what only some models can be told. Part of the one
//! table of [`super::params`]; the same rules hold.
//!
//! Read on any thread; values are atomics.

use super::params::{leading_number, switch, whole};
use descant_core::sampling::BeamOptions;
use descant_core::tool::{Keep, PerformanceControls};
use nice_plug::prelude::*;
use std::sync::Arc;

/// What stays of bars that are written anew.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kept {
    #[id = "nothing"]
    #[name = "Nothing"]
    Nothing,
    #[id = "rhythm"]
    #[name = "Rhythm"]
    Rhythm,
    #[id = "contour"]
    #[name = "Rhythm and contour"]
    Contour,
}

/// How likely a take has to be: from the first that is drawn to the best of many.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Search {
    #[id = "wild"]
    #[name = "Wild"]
    Wild,
    #[id = "free"]
    #[name = "Free"]
    Free,
    #[id = "careful"]
    #[name = "Careful"]
    Careful,
    #[id = "safe"]
    #[name = "Safe"]
    Safe,
    #[id = "custom"]
    #[name = "Custom"]
    Custom,
}

/// Weight of one pitch class, in per cent of the usual.
#[derive(Params)]
#[allow(missing_docs)]
pub struct PitchWeight {
    #[id = "pitch_weight"]
    pub weight: IntParam,
}

/// Names of the pitch classes from C on.
const PITCH_CLASSES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The usual weight of a pitch class, in per cent.
const USUAL: i32 = 100;

/// See the file's head.
#[derive(Params)]
#[allow(missing_docs)]
pub struct More {
    #[id = "most_notes"]
    pub most_notes: IntParam,
    #[id = "no_repeat"]
    pub no_repeat: BoolParam,
    #[id = "keep"]
    pub keep: EnumParam<Kept>,
    #[id = "listen_first"]
    pub listen_first: BoolParam,
    #[id = "search"]
    pub search: EnumParam<Search>,
    #[id = "beam_size"]
    pub beam_size: IntParam,
    #[id = "branch_factor"]
    pub branch_factor: IntParam,
    #[id = "steps_per_iteration"]
    pub steps_per_iteration: IntParam,
    #[id = "notes_per_second"]
    pub notes_per_second: IntParam,
    #[nested(array, group = "Pitch classes")]
    pub pitch_weights: [PitchWeight; 12],
}

/// A whole number whose lowest value has a name.
fn from_off(name: &str, off: &'static str, most: i32, unit: &'static str) -> IntParam {
    whole(name, 0, 0, most)
        .with_value_to_string(Arc::new(move |v| if v == 0 { off.into() } else { format!("{v}{unit}") }))
        .with_string_to_value(Arc::new(move |text| {
            if text.trim().eq_ignore_ascii_case(off) {
                return Some(0);
            }
            leading_number(text).map(|x| x.round() as i32)
        }))
}

impl Default for More {
    fn default() -> Self {
        let weight = |class: &str| {
            let name = format!("Weight {class}");
            let weight = whole(&name, USUAL, 0, 400)
                .with_value_to_string(Arc::new(|v| format!("{v} %")))
                .with_string_to_value(Arc::new(|text| leading_number(text).map(|x| x.round() as i32)));
            PitchWeight { weight }
        };
        Self {
            most_notes: from_off("Most notes at once", "Any", 10, ""),
            no_repeat: switch("No repeated notes", false),
            keep: EnumParam::new("Keep", Kept::Nothing),
            listen_first: switch("Listen first", false),
            search: EnumParam::new("Search", Search::Wild),
            beam_size: whole("Beam size", 2, 1, 8),
            branch_factor: whole("Branch factor", 2, 1, 8),
            steps_per_iteration: whole("Steps per iteration", 8, 1, 64),
            notes_per_second: from_off("Notes per second", "Auto", 30, " per second"),
            pitch_weights: PITCH_CLASSES.map(weight),
        }
    }
}

impl More {
    /// The weight of a pitch class from C on.
    #[must_use]
    pub fn weight(&self, class: usize) -> Option<&IntParam> {
        self.pitch_weights.get(class).map(|w| &w.weight)
    }

    /// How takes are searched for.
    #[must_use]
    pub fn beam(&self) -> BeamOptions {
        let (beam, branch, steps_per_iteration) = match self.search.value() {
            Search::Wild => (1, 1, 1),
            Search::Free => (2, 2, 16),
            Search::Careful => (2, 4, 8),
            Search::Safe => (4, 4, 4),
            Search::Custom => {
                let number = |p: &IntParam| usize::try_from(p.value()).unwrap_or(1).max(1);
                (number(&self.beam_size), number(&self.branch_factor), number(&self.steps_per_iteration))
            }
        };
        BeamOptions { beam, branch, steps_per_iteration }
    }

    /// What stays of bars that are written anew.
    #[must_use]
    pub fn kept(&self) -> Keep {
        match self.keep.value() {
            Kept::Nothing => Keep::Nothing,
            Kept::Rhythm => Keep::Rhythm,
            Kept::Contour => Keep::Contour,
        }
    }

    /// Most notes at once.
    #[must_use]
    pub fn polyphony(&self) -> Option<u8> {
        u8::try_from(self.most_notes.value()).ok().filter(|&most| most > 0)
    }

    /// What performance models are told. Weights that are all as usual are not told.
    #[must_use]
    pub fn performance(&self) -> PerformanceControls {
        let weights = self.pitch_weights.each_ref().map(|w| w.weight.value());
        let density = self.notes_per_second.value();
        PerformanceControls {
            density: (density > 0).then_some(f64::from(density)),
            pitch_classes: (weights.iter().any(|&w| w != weights[0]))
                .then(|| weights.map(|w| f64::from(w) / f64::from(USUAL))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_unless_it_is_set() {
        let more = More::default();
        assert_eq!(more.performance(), PerformanceControls::default());
        assert_eq!(
            (more.beam(), more.kept(), more.polyphony()),
            (BeamOptions::default(), Keep::Nothing, None)
        );
        let names: Vec<String> = more.param_map().into_iter().map(|(id, _, _)| id).collect();
        assert_eq!(names.last().map(String::as_str), Some("pitch_weight_12"));
    }
}
