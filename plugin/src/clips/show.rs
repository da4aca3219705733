//! Fills the window's [`View`] from the engine. The window's thread, once per frame; changes nothing.

use super::document::Content;
use super::engine::Engine;
use super::live::Stage;
use crate::gui::host_window::State;
use crate::gui::view::{
    ChordsView, FitView, KitView, ModelView, ParamId, PrimerView, SongView, TakeView, TransportView,
    TrioView, View, WeightsView,
};
use crate::library::{self, ModelInfo};
use descant_core::music::ClipKind;
use descant_core::sampling::Seed;
use descant_core::tool::ToolKind;
use std::collections::HashMap;

/// All controls of the window.
pub const CONTROLS: [ParamId; 56] = [
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
    ParamId::MostNotes,
    ParamId::NoRepeat,
    ParamId::Keep,
    ParamId::ListenFirst,
    ParamId::Search,
    ParamId::BeamSize,
    ParamId::BranchFactor,
    ParamId::StepsPerIteration,
    ParamId::NotesPerSecond,
    ParamId::PitchWeight(0),
    ParamId::PitchWeight(1),
    ParamId::PitchWeight(2),
    ParamId::PitchWeight(3),
    ParamId::PitchWeight(4),
    ParamId::PitchWeight(5),
    ParamId::PitchWeight(6),
    ParamId::PitchWeight(7),
    ParamId::PitchWeight(8),
    ParamId::PitchWeight(9),
    ParamId::PitchWeight(10),
    ParamId::PitchWeight(11),
    ParamId::ChordLength,
    ParamId::LiveMode,
    ParamId::CallEnds,
    ParamId::AnswerBars,
    ParamId::Panic,
    ParamId::Distance,
    ParamId::Positions,
    ParamId::Bake,
    ParamId::MorphPlays,
    ParamId::Morph,
    ParamId::Timing,
    ParamId::Dynamics,
    ParamId::KeepHits,
    ParamId::ReplaceHats,
    ParamId::Early,
    ParamId::Own,
    ParamId::PadPlays,
    ParamId::PadX,
    ParamId::PadY,
];

/// All tools, in the order of the header.
pub const TOOLS: [ToolKind; 9] = [
    ToolKind::Generate,
    ToolKind::Continue,
    ToolKind::Interpolate,
    ToolKind::Groove,
    ToolKind::Drumify,
    ToolKind::Rewrite,
    ToolKind::Harmonise,
    ToolKind::Hats,
    ToolKind::Trio,
];

/// What the window shows now.
#[must_use]
pub fn view(engine: &Engine) -> View {
    let params = &engine.params;
    let mut states = HashMap::new();
    for id in CONTROLS {
        use ParamId::{ChordLength, Early, Keep, Key, LiveMode, Scale, Search, SwapQuantum, Tool};
        let choices =
            matches!(id, Tool | Key | Scale | SwapQuantum | Keep | Search | ChordLength | LiveMode | Early);
        let mut state = params.visit(id, State { choices });
        if id == ParamId::Model {
            state.choices = library::models().iter().map(|m| m.name.clone()).collect();
        }
        states.insert(id, state);
    }
    let clock = engine.gui.telemetry.read();
    let (content, (can_undo, can_redo)) = params.doc.read(|d| (d.content().clone(), d.can()));
    let live = engine.live();
    let kit = kit(&content);
    let fit = match engine.fitting(&content) {
        Ok(library::Fitting { why: None, .. }) => FitView::Chosen,
        Ok(library::Fitting { model, why: Some(why) }) => {
            let place = library::models().iter().position(|m| m.id == model.id);
            FitView::Other { model: place.unwrap_or(0), why }
        }
        Err(why) => FitView::None(why),
    };
    let lacks = |tool: &ToolKind| Some((*tool, library::fitting(*tool, None, engine.chosen()).err()?));
    let without_weights = TOOLS[2..].iter().filter_map(lacks).collect();
    let (morph, morphs) = {
        let morph = engine.morph();
        (morph.view(params.between.place()), morph.table().is_some())
    };
    let morphs = morphs || engine.square().table().is_some();
    let pad = super::pad::view(engine, &content);
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
        models: library::models().iter().map(|m| model(m, content.weights.get(&m.id))).collect(),
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
                part: (e.take.request.tool == ToolKind::Interpolate && e.of > 1).then_some((e.index, e.of)),
                index: e.index,
                trio: e.part().zip(e.trio).map(|(part, trio)| TrioView {
                    first: trio.first,
                    part,
                    seed: Seed(trio.seed).to_string(),
                }),
                take: e.take,
                starred: e.starred,
            })
            .collect(),
        shown: content.shown,
        locked: content.locked,
        sounding: match live.stage {
            Stage::Answering(..) => live.answer,
            _ if morphs => None,
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
        chords: ChordsView {
            progression: content.chords.progression,
            every: engine.chord_ticks(),
            primer: content.chords.primer,
        },
        kit,
        fit,
        without_weights,
        morph,
        pad,
        other: content.other,
        guide: content.guide,
        lesson: engine.training().view(content.lesson),
        mix: content.mix,
        channels: params.channels().numbers(),
    }
}

/// The drum kit, and what it makes of the primer.
pub(crate) fn kit(content: &Content) -> KitView {
    let played = content.primer_as_played().filter(|clip| clip.kind == ClipKind::Drums);
    let mut primer: Vec<u8> = played.iter().flat_map(|clip| &clip.notes).map(|n| n.pitch).collect();
    primer.sort_unstable();
    primer.dedup();
    let map = content.kit.clone();
    KitView { merged: map.merges(primer.iter().copied()), map, primer }
}

/// A model, with the weights that the document chose for it.
fn model(m: &ModelInfo, choice: Option<&String>) -> ModelView {
    let all = library::weights(&m.id);
    let playing = match choice {
        Some(key) => all.iter().position(|w| w.key == *key),
        None => (!all.is_empty()).then_some(0),
    };
    let name = |key: &String| library::split(key).1.unwrap_or(key).to_owned();
    ModelView {
        id: m.id.clone(),
        name: m.name.clone(),
        about: m.about.clone(),
        kind: m.kind,
        ready: playing.is_some(),
        default_temperature: library::default_temperature(playing.map_or(&m.id, |i| &all[i].key)),
        hears_chords: m.hears_chords,
        latent: m.latent,
        learns: m.learns,
        family: m.family,
        playing,
        missing: choice.filter(|_| playing.is_none()).map(name),
        weights: all
            .into_iter()
            .map(|w| WeightsView { card: library::card(&w.key), key: w.key, name: w.name, path: w.path })
            .collect(),
    }
}
