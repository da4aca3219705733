//! The parameters of the tools of latent models: how near, what lies between, how much groove. Part of the one table
//! of [`super::params`]; the same rules hold.
//!
//! Read on any thread; values are atomics.

use super::params::{leading_number, switch, whole};
use super::playable::{MORPH, PAD};
use descant_core::music::Clip;
use descant_core::tool::{self, Latent, MAX_POSITIONS, ToolKind};
use nice_plug::prelude::*;
use std::sync::Arc;

/// Where a hit goes that a groove puts before beat one. Short names: the list is narrow.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Early {
    #[id = "on_the_beat"]
    #[name = "Start"]
    OnTheBeat,
    #[id = "to_the_end"]
    #[name = "End"]
    ToTheEnd,
}

/// See the file's head.
#[derive(Params)]
#[allow(missing_docs)]
pub struct Between {
    #[id = "distance"]
    pub distance: FloatParam,
    #[id = "positions"]
    pub positions: IntParam,
    #[id = "bake"]
    pub bake: BoolParam,
    /// The clips between A and B sound instead of the take.
    #[id = "morph_plays"]
    pub morph_plays: BoolParam,
    #[id = "morph"]
    pub morph: FloatParam,
    #[id = "timing"]
    pub timing: FloatParam,
    #[id = "dynamics"]
    pub dynamics: FloatParam,
    #[id = "keep_hits"]
    pub keep_hits: BoolParam,
    #[id = "replace_hats"]
    pub replace_hats: BoolParam,
    #[id = "early"]
    pub early: EnumParam<Early>,
    /// How much of a personal model.
    #[id = "own_amount"]
    pub own: FloatParam,
    /// The clips around a take sound instead of it.
    #[id = "pad_plays"]
    pub pad_plays: BoolParam,
    #[id = "pad_x"]
    pub pad_x: FloatParam,
    #[id = "pad_y"]
    pub pad_y: FloatParam,
}

/// A share in per cent.
fn share(name: &str, default: f32, most: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min: 0.0, max: most })
        .with_step_size(0.1)
        .with_value_to_string(Arc::new(|v| format!("{v:.1} %").replace(".0 %", " %")))
        .with_string_to_value(Arc::new(leading_number))
}

/// A place from one side (−100 %) over the middle to the other.
fn side(name: &str) -> FloatParam {
    // Not "-0 %".
    let text = |v: f32| if v.abs() < 0.05 { "0 %".into() } else { format!("{v:.1} %").replace(".0 %", " %") };
    FloatParam::new(name, 0.0, FloatRange::Linear { min: -100.0, max: 100.0 })
        .with_step_size(0.1)
        .with_value_to_string(Arc::new(text))
        .with_string_to_value(Arc::new(leading_number))
}

impl Default for Between {
    fn default() -> Self {
        Self {
            distance: share("Distance", 25.0, 100.0),
            positions: whole("Positions", 5, 3, MAX_POSITIONS as i32),
            bake: switch("Bake", false),
            morph_plays: switch("Morph plays", false),
            morph: share("Morph", 0.0, 100.0),
            timing: share("Timing", 100.0, 150.0),
            dynamics: share("Dynamics", 100.0, 150.0),
            keep_hits: switch("Keep hits", true),
            replace_hats: switch("Replace hats", true),
            early: EnumParam::new("Early hits", Early::OnTheBeat),
            own: share("Personal amount", 100.0, 100.0),
            pad_plays: switch("Pad plays", false),
            pad_x: side("Pad X"),
            pad_y: side("Pad Y"),
        }
    }
}

impl Between {
    /// How far clips near a take lie from it, 0..=1.
    #[must_use]
    pub fn radius(&self) -> f32 {
        (self.distance.value() / 100.0).clamp(0.0, 1.0)
    }

    /// How much of a personal model, 0..=1.
    #[must_use]
    pub fn own_share(&self) -> f32 {
        (self.own.value() / 100.0).clamp(0.0, 1.0)
    }

    /// The place on the pad, from left to right and from below, 0..=1 each.
    #[must_use]
    pub fn spot(&self) -> (f32, f32) {
        let share = |p: &FloatParam| (p.value() / 200.0 + 0.5).clamp(0.0, 1.0);
        (share(&self.pad_x), share(&self.pad_y))
    }

    /// What shall play of what is decoded ahead.
    #[must_use]
    pub fn ahead(&self) -> Option<u64> {
        match (self.pad_plays.value(), self.morph_plays.value()) {
            (true, _) => Some(PAD),
            (false, true) => Some(MORPH),
            (false, false) => None,
        }
    }

    /// The place of the morph from A (0) to B (1).
    #[must_use]
    pub fn place(&self) -> f32 {
        (self.morph.value() / 100.0).clamp(0.0, 1.0)
    }

    /// What a tool is told; the same as nothing for tools that are told nothing. `other`: clip B; `guide`: the groove to
    /// take over.
    #[must_use]
    pub fn told(&self, tool: ToolKind, other: Option<&Clip>, guide: Option<&Clip>) -> Latent {
        let early = match self.early.value() {
            Early::OnTheBeat => tool::Early::Clamp,
            Early::ToTheEnd => tool::Early::Wrap,
        };
        let amount = |p: &FloatParam| (p.value() / 100.0).clamp(0.0, 1.5);
        let nothing = Latent::default();
        match tool {
            ToolKind::Interpolate => Latent {
                others: other.into_iter().cloned().collect(),
                steps: self.positions.value().clamp(1, MAX_POSITIONS as i32) as u32,
                bake: self.bake.value(),
                early,
                ..nothing
            },
            ToolKind::Groove => Latent {
                timing: amount(&self.timing),
                dynamics: amount(&self.dynamics),
                keep_hits: self.keep_hits.value(),
                guide: guide.cloned(),
                early,
                ..nothing
            },
            ToolKind::Generate => Latent { own: self.own_share(), ..nothing },
            ToolKind::Trio => {
                Latent { timing: amount(&self.timing), dynamics: amount(&self.dynamics), ..nothing }
            }
            ToolKind::Drumify => Latent { timing: amount(&self.timing), early, ..nothing },
            ToolKind::Hats => {
                Latent { replace: self.replace_hats.value(), timing: amount(&self.timing), early, ..nothing }
            }
            _ => nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_told_its_own_settings_only() {
        let between = Between::default();
        let clip = Clip::default();
        for tool in [ToolKind::Generate, ToolKind::Continue, ToolKind::Rewrite, ToolKind::Harmonise] {
            assert!(between.told(tool, Some(&clip), Some(&clip)).is_default(), "{tool:?}");
        }
        let told = between.told(ToolKind::Interpolate, Some(&clip), Some(&clip));
        assert_eq!((told.others.len(), told.steps, told.bake, told.guide), (1, 5, false, None));
        let told = between.told(ToolKind::Groove, Some(&clip), Some(&clip));
        assert_eq!((told.timing, told.dynamics, told.keep_hits, told.others.len()), (1.0, 1.0, true, 0));
        assert!(told.guide.is_some());
        assert_eq!((between.radius(), between.place()), (0.25, 0.0));
        assert_eq!((between.spot(), between.ahead()), ((0.5, 0.5), None));
    }

    #[test]
    fn amounts_are_shown_in_per_cent() {
        let between = Between::default();
        assert_eq!(between.timing.normalized_value_to_string(1.0, true), "150 %");
        assert_eq!(between.morph.normalized_value_to_string(0.125, true), "12.5 %");
    }
}
