//! The act: Generate, how much and how wild, how it sounds, and the way out to the DAW. The bottom bar. GUI thread.

use super::{Cx, blocked};
use crate::gui::theme;
use crate::gui::view::{Action, ParamId, Part};
use crate::gui::widgets::{button, choice, control, control::Control, icons::Icon, name, status, text};
use descant_core::tool::{ToolKind, trio::PARTS};
use egui::{Align2, Popup, Rect, Role, Sense, Ui, pos2, vec2};

/// Height of the bar.
pub(super) const HEIGHT: f32 = 104.0;
const STATUS: f32 = 26.0;

/// Enter and the big button.
pub(super) fn run(cx: &mut Cx<'_>) {
    if cx.view.progress.is_some() {
        cx.out.push(Action::Cancel);
    } else if blocked(cx.view).is_none() {
        cx.out.push(Action::Generate);
    }
}

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let wide = rect.width() >= 860.0;
    let gap = if wide { 12.0 } else { 8.0 };
    let top = rect.top() + 10.0;
    let mut x = rect.left() + 12.0;
    let mut cell = |w: f32| {
        let r = Rect::from_min_size(pos2(x, top), vec2(w, 44.0));
        x = r.right() + gap;
        r
    };

    generate(ui, cell(if wide { 148.0 } else { 124.0 }).translate(vec2(0.0, 4.0)), cx);
    let variations = cell(if wide { 72.0 } else { 56.0 });
    let temperature = cell(if wide { 76.0 } else { 70.0 });
    let length = cell(if wide { 84.0 } else { 66.0 });
    how_much(ui, variations, temperature, length, cx);
    swap(ui, cell(if wide { 124.0 } else { 66.0 }), wide, cx);

    // From the right: the way out, then how it sounds.
    let mut right = rect.right() - 12.0;
    let mut cell = |w: f32| {
        let r = Rect::from_min_size(pos2(right - w, top), vec2(w, 44.0));
        right = r.left() - gap;
        r
    };
    let reveal = square(cell(28.0));
    let save = square(cell(28.0).translate(vec2(gap - 4.0, 0.0)));
    let handle = cell(if wide { 144.0 } else { 112.0 });
    way_out(ui, handle, save, reveal, cx);
    let left = x;
    let sound = Rect::from_min_max(pos2(left.max(right - 148.0), top), pos2(right, top + 44.0));
    audition(ui, sound, cx);

    let foot = Rect::from_min_max(pos2(rect.left(), rect.bottom() - STATUS), rect.max);
    ui.painter().rect_filled(foot, 0.0, theme::GROUND);
    let free = super::live::show(ui, foot, cx);
    status(ui, foot.with_max_x(free), &cx.view.status);
}

/// The control part of a cell, under its caption.
fn body(cell: Rect) -> Rect {
    Rect::from_min_size(cell.min + vec2(0.0, 16.0), vec2(cell.width(), theme::CONTROL))
}

fn square(cell: Rect) -> Rect {
    body(cell)
}

fn generate(ui: &Ui, rect: Rect, cx: &mut Cx<'_>) {
    let clicked = if let Some(done) = cx.view.progress {
        button::act(ui, rect, "Cancel", "Stop writing; finished takes stay.", true, Some(done)).clicked()
    } else {
        let why = blocked(cx.view);
        let label = cx.view.tool.name();
        let tip = why.as_deref().unwrap_or("Write new takes. Key Enter.");
        button::act(ui, rect, label, tip, why.is_none(), None).clicked()
    };
    if clicked {
        run(cx);
    }
}

fn how_much(ui: &mut Ui, variations: Rect, temperature: Rect, length: Rect, cx: &mut Cx<'_>) {
    let state = cx.param(ParamId::Variations).clone();
    let positions = cx.view.tool == ToolKind::Interpolate;
    let tip = if positions {
        "Positions, on the left, says how many."
    } else {
        "How many takes are written at once."
    };
    let c = Control { id: ParamId::Variations, name: "Variations", tip, state: &state, enabled: !positions };
    control::field(ui, variations, &c, &mut cx.state.controls, cx.out);

    let heat = cx.param(ParamId::Temperature).clone();
    let tip = "How daring: low repeats the likely, high surprises. 1 is as learned.";
    let c = Control { id: ParamId::Temperature, name: "Temperature", tip, state: &heat, enabled: true };
    control::knob(ui, temperature, &c, &mut cx.state.controls, cx.out);
    let p = ui.painter();
    if heat.normalised <= 0.0 && !heat.text.is_empty() {
        let pos = pos2(variations.left(), variations.bottom() + 5.0);
        let room = temperature.right() - variations.left() + 8.0;
        let font = theme::font(theme::SMALL);
        let r = text(p, pos, Align2::LEFT_TOP, "0: all takes will be equal", font, theme::WARN, room);
        let response = ui.interact(r, ui.scope_id().with("greedy"), Sense::hover());
        name(ui, &response, Role::Label, "all takes will be equal");
    }

    let state = cx.param(ParamId::Bars).clone();
    let adds = cx.view.tool.adds_bars();
    let tip = if adds { "How many new bars are written." } else { "The takes are as long as their primer." };
    let c = Control { id: ParamId::Bars, name: "Length", tip, state: &state, enabled: adds };
    control::field(ui, length, &c, &mut cx.state.controls, cx.out);
    if let (ToolKind::Continue, Some(primer)) = (cx.view.tool, &cx.view.primer) {
        // The parameter runs over 1..=32 new bars.
        let new = control::index(&state) as u32 + 1;
        let old = primer.clip.bars();
        let sum = format!("{old} + {new} = {} bars", old + new);
        let pos = pos2(length.left(), length.bottom() + 5.0);
        let p = ui.painter();
        let r = text(
            p,
            pos,
            Align2::LEFT_TOP,
            &sum,
            theme::font(theme::SMALL),
            theme::DIM,
            length.width() + 24.0,
        );
        let response = ui.interact(r, ui.scope_id().with("total"), Sense::hover());
        name(ui, &response, Role::Label, &format!("primer {old} + new {new} = {} bars", old + new));
        response.on_hover_text("Bars of the primer, new bars, and how long the takes will be.");
    }
}

fn swap(ui: &mut Ui, cell: Rect, wide: bool, cx: &mut Cx<'_>) {
    let state = cx.param(ParamId::SwapQuantum).clone();
    crate::gui::widgets::caption(ui.painter(), cell.left_top(), "Swap", cell.width());
    let tip = "When a take you click starts to sound: at once, on the next beat, or on the next bar.";
    let chosen = control::index(&state);
    let picked = if wide {
        let labels: Vec<&str> = state.choices.iter().map(String::as_str).collect();
        choice::segmented(ui, body(cell), "Swap", tip, &labels, chosen)
    } else {
        choice::menu(ui, body(cell), "Swap", tip, &state.choices, chosen)
    };
    if let Some(i) = picked {
        control::set(cx.out, ParamId::SwapQuantum, control::position(i, state.choices.len()));
    }
}

/// Play and how loud the built-in sound is.
fn audition(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let playing = cx.param(ParamId::Play).normalised >= 0.5;
    let play = Rect::from_min_size(rect.min + vec2(0.0, 16.0), vec2(theme::CONTROL, theme::CONTROL));
    let tip = "Whether the clip plays along with the host.";
    let icon = if playing { Icon::Stop } else { Icon::Play };
    if button::toggle(ui, play, icon, "Play the clip", tip, playing).clicked() {
        control::set(cx.out, ParamId::Play, if playing { 0.0 } else { 1.0 });
    }
    let state = cx.param(ParamId::AuditionLevel).clone();
    let tip = "Loudness of the built-in sound. Off when an instrument on another track plays the notes.";
    let fader = Rect::from_min_max(pos2(play.right() + 6.0, rect.top()), rect.max);
    let c = Control { id: ParamId::AuditionLevel, name: "Audition", tip, state: &state, enabled: true };
    control::level(ui, fader, &c, &mut cx.state.controls, cx.out);
}

/// Drag handles, Save and Reveal for the shown take.
fn way_out(ui: &mut Ui, cell: Rect, save: Rect, reveal: Rect, cx: &mut Cx<'_>) {
    let take = cx.view.shown.and_then(|id| cx.view.takes.iter().find(|t| t.id == id));
    let trio = cx.view.trio().is_some();
    let parts = trio || take.is_some_and(|t| t.take.new_from > 0);
    let part = take.and_then(|t| t.trio.as_ref()).map_or("", |t| PARTS[t.part]);
    crate::gui::widgets::caption(ui.painter(), cell.left_top(), "Drag to a track", cell.width());
    let whole = body(cell);
    let half = (whole.width() - 4.0) / 2.0;
    let left = Rect::from_min_size(whole.min, vec2(half, whole.height()));
    let right = Rect::from_min_size(pos2(whole.right() - half, whole.top()), vec2(half, whole.height()));
    if trio {
        let tip = "Drag all three parts to your DAW, as one file with three tracks.";
        handle(ui, left, "All", tip, Part::Trio, true, cx);
        handle(ui, right, part, "Drag the part that you see to a track of your DAW.", Part::Whole, true, cx);
    } else if parts {
        handle(
            ui,
            left,
            if whole.width() > 130.0 { "Whole" } else { "All" },
            "Drag primer and new part to a track of your DAW.",
            Part::Whole,
            true,
            cx,
        );
        handle(ui, right, "New", "Drag only the new part to a track of your DAW.", Part::New, true, cx);
    } else {
        let tip = "Drag the clip to a track of your DAW, or to a folder.";
        handle(ui, whole, "Drag clip", tip, Part::Whole, take.is_some(), cx);
    }
    let response =
        button::icon(ui, save, Icon::Save, "Save…", "Save the clip as a MIDI file.", take.is_some());
    if parts {
        Popup::menu(&response).width(150.0).show(|ui| {
            let parts = match trio {
                true => [("Save all three…", Part::Trio), ("Save this part…", Part::Whole)],
                false => [("Save the whole clip…", Part::Whole), ("Save the new part…", Part::New)],
            };
            for (label, part) in parts {
                if choice::menu_row(ui, label, "", false, true) {
                    cx.out.push(Action::Save(part));
                    ui.close();
                }
            }
        });
    } else if response.clicked() {
        cx.out.push(Action::Save(Part::Whole));
    }
    let tip = "Show the clip's file in the file manager.";
    if button::icon(ui, reveal, Icon::Folder, "Reveal", tip, take.is_some()).clicked() {
        cx.out.push(Action::Reveal);
    }
}

fn handle(ui: &Ui, rect: Rect, label: &str, tip: &str, part: Part, enabled: bool, cx: &mut Cx<'_>) {
    let spoken = match part {
        Part::Whole => "Drag the clip",
        Part::New => "Drag the new part",
        Part::Trio => "Drag all parts",
    };
    let tip = if enabled { tip } else { "Nothing to drag yet: generate first." };
    if button::handle(ui, rect, label, spoken, tip, enabled) {
        cx.out.push(Action::DragOut(part));
    }
}
