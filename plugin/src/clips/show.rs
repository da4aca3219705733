//! Fills the window's [`View`] from the engine. The window's thread, once per frame; changes nothing.

use super::engine::Engine;
use super::live::Stage;
use super::params::Visitor;
use crate::gui::view::{ModelView, ParamId, ParamState, PrimerView, SongView, TakeView, TransportView, View};
use crate::library;
use descant_core::sampling::Seed;
use nice_plug::prelude::Param;
use std::collections::HashMap;

/// All controls of the window.
pub const CONTROLS: [ParamId; 20] = [
    ParamId::Tool,
    ParamId::Model,
    ParamId::Temperature,
    ParamId::Bars,
    ParamId::Variations,
    ParamId::Density,
    ParamId::Key,
    ParamId::Scale,
    ParamId::RangeLow,
    ParamId::RangeHigh,
    ParamId::SeedLock,
    ParamId::SwapQuantum,
    ParamId::AuditionLevel,
    ParamId::Play,
    ParamId::Generate,
    ParamId::Bypass,
    ParamId::LiveMode,
    ParamId::CallEnds,
    ParamId::AnswerBars,
    ParamId::Panic,
];

struct State {
    choices: bool,
}

impl Visitor for State {
    type Result = ParamState;

    fn visit<P: Param>(self, param: &P) -> ParamState {
        let steps = param.step_count();
        let names = |steps: usize| {
            let place = |i: usize| i as f32 / steps as f32;
            (0..=steps).map(|i| param.normalized_value_to_string(place(i), true)).collect()
        };
        ParamState {
            normalised: param.unmodulated_normalized_value(),
            default: param.default_normalized_value(),
            text: param.normalized_value_to_string(param.unmodulated_normalized_value(), true),
            steps,
            choices: steps.filter(|_| self.choices).map(names).unwrap_or_default(),
        }
    }
}

/// What the window shows now.
#[must_use]
pub fn view(engine: &Engine) -> View {
    let params = &engine.params;
    let mut states = HashMap::new();
    for id in CONTROLS {
        let choices = matches!(
            id,
            ParamId::Tool | ParamId::Key | ParamId::Scale | ParamId::SwapQuantum | ParamId::LiveMode
        );
        let mut state = params.visit(id, State { choices });
        if id == ParamId::Model {
            state.choices = library::models().iter().map(|m| m.name.clone()).collect();
        }
        states.insert(id, state);
    }
    let clock = engine.gui.telemetry.read();
    let (content, (can_undo, can_redo)) = params.doc.read(|d| (d.content().clone(), d.can()));
    let live = engine.live();
    View {
        transport: TransportView {
            tempo: clock.tempo,
            meter: clock.meter,
            bar: clock.bar,
            playing: clock.playing,
            host: clock.host,
            playhead: clock.playhead,
        },
        tool: params.tool_kind(),
        models: library::models()
            .iter()
            .map(|m| ModelView {
                id: m.id.clone(),
                name: m.name.clone(),
                about: m.about.clone(),
                kind: m.kind,
                ready: library::ready(&m.id),
                default_temperature: library::default_temperature(&m.id),
            })
            .collect(),
        model: usize::try_from(params.model.value()).unwrap_or(0),
        params: states,
        primer: content.primer.map(|p| PrimerView { clip: p.clip, origin: p.origin }),
        captured_bars: engine.gui.telemetry.captured_bars(),
        takes: content
            .entries
            .into_iter()
            .map(|e| TakeView {
                id: e.id,
                seed: Seed(e.take.seed).to_string(),
                take: e.take,
                starred: e.starred,
            })
            .collect(),
        shown: content.shown,
        sounding: match live.stage {
            Stage::Answering(..) => live.answer,
            _ => content.sounding,
        },
        seed: Seed(content.seed).to_string(),
        progress: live.progress,
        status: live.status.clone(),
        live: live.stage.to_string(),
        can_undo,
        can_redo,
        song: live.song.as_ref().map(|s| SongView {
            file: s.file.clone(),
            tracks: s.tracks().to_vec(),
            preselected: s.preselected,
            tempo: s.tempo(),
            tempo_changes: s.tempo_changes(),
        }),
    }
}
