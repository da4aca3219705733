//! A place for a clip: its picture, or an invitation to put the shown take there. GUI thread.

use super::Cx;
use crate::gui::theme;
use crate::gui::view::Action;
use crate::gui::widgets::{button, icons::Icon, name, text, thumb};
use descant_core::music::Clip;
use egui::{Align2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

/// A slot with its words and what becomes of clicks.
pub(super) struct Slot<'a> {
    /// Name, also of the button that empties it.
    pub name: &'a str,
    /// What an empty slot says.
    pub empty: &'a str,
    /// Tooltip.
    pub tip: &'a str,
    /// What is in it.
    pub clip: Option<&'a Clip>,
    /// What a click on the empty slot does.
    pub fill: Option<Action>,
    /// What emptying does.
    pub clear: Action,
}

/// Draws a slot; whether a clip in it was clicked.
pub(super) fn show(ui: &Ui, rect: Rect, slot: Slot<'_>, cx: &mut Cx<'_>) -> bool {
    let response = ui.interact(rect, ui.scope_id().with(("slot", slot.name)), Sense::click());
    name(ui, &response, Role::Button, slot.name);
    let p = ui.painter();
    let hovered = response.hovered();
    let edge = Stroke::new(1.0, if hovered { theme::ACCENT } else { theme::LINE_STRONG });
    let Some(clip) = slot.clip else {
        let corners =
            [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
        p.extend(Shape::dashed_line(&corners, edge, 4.0, 4.0));
        let font = theme::font(theme::SMALL);
        text(p, rect.center(), Align2::CENTER_CENTER, slot.empty, font, theme::DIM, rect.width() - 8.0);
        if response.on_hover_text(slot.tip).clicked() {
            cx.out.extend(slot.fill);
        }
        return false;
    };
    thumb::paint(p, rect, clip, clip.length, 1.0);
    p.rect_stroke(rect, 4.0, edge, StrokeKind::Inside);
    let clicked = response.on_hover_text(slot.tip).clicked();
    let close = Rect::from_min_size(pos2(rect.right() - 22.0, rect.top()), vec2(22.0, 22.0));
    ui.painter().rect_filled(close.shrink(3.0), 4.0, theme::fade(theme::PANEL, 0.85));
    if button::icon(ui, close, Icon::Close, &format!("Empty {}", slot.name), "Take the clip out.", true)
        .clicked()
    {
        cx.out.push(slot.clear);
    }
    clicked
}
