//! The live modes: at the right end of the bottom line their state in words and Panic, behind it a small panel with
//! their settings. GUI thread.

use super::Cx;
use crate::gui::theme;
use crate::gui::view::ParamId;
use crate::gui::widgets::{button, choice, control, control::Control, name, text};
use egui::{Align2, Popup, PopupCloseBehavior, Rect, Role, Sense, Ui, pos2, vec2};

/// Size of the panel.
const PANEL: egui::Vec2 = vec2(280.0, 112.0);
const MODES: &str = "Answer: play, stop for a bar, and it answers on the next bar line. Continuous: it writes the next clip while one plays, and changes over on the bar line.";

/// Draws into the right end of `rect`; returns where that begins.
pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) -> f32 {
    let on = control::index(cx.param(ParamId::LiveMode)) > 0;
    let row = rect.shrink2(vec2(12.0, 2.0));
    let mut right = row.right();
    let mut cell = |w: f32| {
        let r = Rect::from_min_max(pos2(right - w, row.top()), pos2(right, row.bottom()));
        right = r.left() - 6.0;
        r
    };
    let place = cell(96.0);
    let label = if on { cx.param(ParamId::LiveMode).text.clone() } else { "Live".to_owned() };
    let response =
        button::labelled(ui, place, None, &label, "Let it play along: Answer and Continuous.", true);
    Popup::menu(&response).width(PANEL.x).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(
        |ui| {
            let (panel, _) = ui.allocate_exact_size(PANEL, Sense::hover());
            settings(ui, panel, cx);
        },
    );
    if !on {
        return place.left() - 6.0;
    }
    let tip = "Silence at once: every note ends, and it listens anew.";
    if button::labelled(ui, cell(56.0), None, "Panic", tip, true).clicked() {
        // A press and its release: the rising edge counts.
        control::set(cx.out, ParamId::Panic, 1.0);
        control::set(cx.out, ParamId::Panic, 0.0);
    }
    let words = cell((rect.width() * 0.32).min(240.0));
    let font = theme::font(theme::SMALL);
    let p = ui.painter();
    let pos = pos2(words.right(), words.center().y);
    text(p, pos, Align2::RIGHT_CENTER, &cx.view.live, font, theme::TEXT, words.width());
    let response = ui.interact(words, ui.scope_id().with("live state"), Sense::hover());
    name(ui, &response, Role::Status, &cx.view.live);
    response.on_hover_text(cx.view.live.as_str());
    words.left() - 6.0
}

fn settings(ui: &mut Ui, panel: Rect, cx: &mut Cx<'_>) {
    let inner = panel.shrink(8.0);
    let state = cx.param(ParamId::LiveMode).clone();
    let labels: Vec<&str> = state.choices.iter().map(String::as_str).collect();
    let modes = Rect::from_min_size(inner.min, vec2(inner.width(), theme::CONTROL));
    let chosen = control::index(&state);
    if let Some(i) = choice::segmented(ui, modes, "Live mode", MODES, &labels, chosen) {
        control::set(cx.out, ParamId::LiveMode, control::position(i, labels.len()));
    }
    let half = (inner.width() - 8.0) / 2.0;
    for (i, (id, label, tip)) in [
        (ParamId::CallEnds, "Call ends after", "How long you must be silent before it answers."),
        (ParamId::AnswerBars, "Answer length", "How many bars it answers. Lowest: as many as you played."),
    ]
    .into_iter()
    .enumerate()
    {
        let state = cx.param(id).clone();
        let left = pos2(inner.left() + (half + 8.0) * i as f32, modes.bottom() + 10.0);
        let c = Control { id, name: label, tip, state: &state, enabled: chosen == 1 };
        control::field(ui, Rect::from_min_size(left, vec2(half, 44.0)), &c, &mut cx.state.controls, cx.out);
    }
}
