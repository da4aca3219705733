//! What the tools of latent models are told, in the place where other models have their limits. GUI thread.

use super::Cx;
use super::input::section;
use super::slot::{self, Slot};
use crate::gui::theme;
use crate::gui::view::{Action, PadChange, ParamId, Place, View};
use crate::gui::widgets::{button, caption, choice, control, control::Control};
use descant_core::music::ClipKind;
use descant_core::tool::ToolKind;
use egui::{Pos2, Rect, Ui, pos2, vec2};

const ROW: f32 = 44.0;
const TIMING: &str =
    "How much of the model's timing: 0 % leaves every note in its place, above 100 % it is overdone.";
const EARLY: &str =
    "What becomes of a hit before beat one: struck on the beat, or at the clip's end, as if it went round.";

/// Whether the chosen tool has settings of its own here.
pub(super) fn has_settings(view: &View) -> bool {
    match view.tool {
        ToolKind::Interpolate | ToolKind::Groove | ToolKind::Drumify | ToolKind::Hats | ToolKind::Trio => {
            true
        }
        ToolKind::Generate => view.playing_model().is_some_and(|m| m.latent),
        _ => false,
    }
}

pub(super) fn show(ui: &mut Ui, at: Pos2, w: f32, tight: bool, cx: &mut Cx<'_>) {
    let (x, mut y) = (at.x, at.y);
    if !tight {
        let note = if cx.view.tool == ToolKind::Generate { "more like this" } else { "" };
        section(ui, x, y, cx.view.tool.name(), note, w);
        y += 20.0;
    }
    let half = (w - 6.0) / 2.0;
    let gap = if tight { 6.0 } else { 10.0 };
    let cell = |row: f32, column: f32| {
        Rect::from_min_size(pos2(x + (half + 6.0) * column, y + (ROW + gap) * row), vec2(half, ROW))
    };
    let whole = |row: f32| Rect::from_min_size(pos2(x, y + (ROW + gap) * row), vec2(w, ROW));
    match cx.view.tool {
        ToolKind::Generate => {
            let tip = "How far the takes of More like this lie from the liked one: 0 % is the same place, 100 % anywhere.";
            if cx.view.own_weights().is_some() {
                field(ui, cell(0.0, 0.0), ParamId::Distance, "Distance", tip, cx);
                let tip = "How much of what it has learnt from you: 0 % is the model that it was made from.";
                field(ui, cell(0.0, 1.0), ParamId::Own, "Your own", tip, cx);
            } else {
                field(ui, whole(0.0), ParamId::Distance, "Distance", tip, cx);
            }
            let pad = Rect::from_min_size(whole(1.0).min, vec2(w, theme::CONTROL));
            let tip = "A square of clips around the shown take: move about in it by mouse or automation.";
            let shown = cx.view.shown.filter(|id| cx.view.pad.as_ref().is_none_or(|pad| pad.take != *id));
            if button::labelled(ui, pad, None, "Pad around this take", tip, shown.is_some()).clicked()
                && let Some(take) = shown
            {
                cx.out.push(Action::Pad(PadChange::Around(take)));
            }
        }
        ToolKind::Interpolate => {
            let tip = "How many clips from A to B, both ends included.";
            field(ui, cell(0.0, 0.0), ParamId::Positions, "Positions", tip, cx);
            let tip = "On: one take with all positions end to end. Off: a take for each position.";
            switch(ui, cell(0.0, 1.0), ParamId::Bake, "Bake", tip, ["Off", "On"], cx);
            let swap = Rect::from_min_size(whole(1.0).min, vec2(w, theme::CONTROL));
            let any = cx.view.primer.is_some() || cx.view.other.is_some();
            let tip = "A and B change places. A file that you drop goes into A.";
            if button::labelled(ui, swap, None, "Swap A and B", tip, any).clicked() {
                cx.out.push(Action::SwapEnds);
            }
        }
        ToolKind::Groove => {
            field(ui, cell(0.0, 0.0), ParamId::Timing, "Timing", TIMING, cx);
            let tip = "How much of the model's loud and soft: 0 % leaves every velocity, above 100 % it is overdone.";
            field(ui, cell(0.0, 1.0), ParamId::Dynamics, "Dynamics", tip, cx);
            if cx.view.primer.as_ref().is_some_and(|p| p.clip.kind == ClipKind::Melody) {
                guide(ui, whole(1.0), cx);
            } else {
                let tip =
                    "On: your hits stay, and none are added. Off: the model decides which drums are struck.";
                switch(ui, cell(1.0, 0.0), ParamId::KeepHits, "Keep my hits", tip, ["Off", "On"], cx);
                early(ui, cell(1.0, 1.0), cx);
            }
        }
        ToolKind::Trio => {
            let tip =
                "How much of the drummer's timing all three take over: 0 % leaves every note on the grid.";
            field(ui, cell(0.0, 0.0), ParamId::Timing, "Timing", tip, cx);
            let tip = "How much of the drummer's loud and soft: all of it for the drums, half of it for the others.";
            field(ui, cell(0.0, 1.0), ParamId::Dynamics, "Dynamics", tip, cx);
        }
        ToolKind::Drumify => {
            field(ui, cell(0.0, 0.0), ParamId::Timing, "Timing", TIMING, cx);
            early(ui, cell(0.0, 1.0), cx);
        }
        _ => {
            let tip = "On: hats that the clip has make way. Off: they stay, and new ones fill the gaps.";
            switch(ui, cell(0.0, 0.0), ParamId::ReplaceHats, "Replace hats", tip, ["Off", "On"], cx);
            field(ui, cell(0.0, 1.0), ParamId::Timing, "Timing", TIMING, cx);
        }
    }
}

/// The drum clip whose feel a melody takes over.
fn guide(ui: &Ui, rect: Rect, cx: &mut Cx<'_>) {
    caption(ui.painter(), rect.left_top(), "Groove taken from", rect.width());
    let view = cx.view;
    let shown = view.shown.and_then(|id| view.takes.iter().find(|t| t.id == id));
    let drums = shown.filter(|t| t.take.clip.kind == ClipKind::Drums);
    let slot = Slot {
        name: "Groove slot",
        empty: if drums.is_some() { "Take the shown drums" } else { "the model's own" },
        tip: "A drum clip whose timing and dynamics the melody takes over. Empty: the model makes a groove for the melody's rhythm.",
        clip: view.guide.as_deref(),
        fill: drums.map(|t| Action::Put(Place::Guide, t.id)),
        clear: Action::Empty(Place::Guide),
    };
    slot::show(ui, rect.with_min_y(rect.top() + 16.0), slot, cx);
}

fn field(ui: &mut Ui, rect: Rect, id: ParamId, name: &str, tip: &str, cx: &mut Cx<'_>) {
    let state = cx.param(id).clone();
    let c = Control { id, name, tip, state: &state, enabled: true };
    control::field(ui, rect, &c, &mut cx.state.controls, cx.out);
}

fn switch(ui: &Ui, rect: Rect, id: ParamId, name: &str, tip: &str, labels: [&str; 2], cx: &mut Cx<'_>) {
    caption(ui.painter(), rect.left_top(), name, rect.width());
    let body = Rect::from_min_size(rect.min + vec2(0.0, 16.0), vec2(rect.width(), theme::CONTROL));
    let on = usize::from(cx.param(id).normalised >= 0.5);
    if let Some(i) = choice::segmented(ui, body, name, tip, &labels, on) {
        control::set(cx.out, id, i as f32);
    }
}

fn early(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    caption(ui.painter(), rect.left_top(), "Early hits", rect.width());
    let body = Rect::from_min_size(rect.min + vec2(0.0, 16.0), vec2(rect.width(), theme::CONTROL));
    let state = cx.param(ParamId::Early).clone();
    if let Some(i) = choice::menu(ui, body, "Early hits", EARLY, &state.choices, control::index(&state)) {
        control::set(cx.out, ParamId::Early, control::position(i, state.choices.len()));
    }
}
