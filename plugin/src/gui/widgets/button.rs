//! Buttons: the one big act, plain ones with a label, small ones with an icon, toggles. GUI thread.

use super::icons::{self, Icon};
use crate::gui::theme;
use egui::{
    Align2, Color32, CursorIcon, PointerButton, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

/// Makes `rect` clickable under the name `label`. Space never clicks: it belongs to the host.
pub fn area(ui: &Ui, rect: Rect, label: &str, tip: &str, enabled: bool) -> Response {
    let id = ui.scope_id().with(("button", label));
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, id, sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    super::focus_ring(ui, rect, &response);
    if tip.is_empty() { response } else { response.on_hover_text(tip) }
}

/// Fill of a control that lies on a panel.
pub(in crate::gui) fn fill(response: &Response, enabled: bool) -> Color32 {
    match () {
        () if !enabled => theme::fade(theme::RAISED, 0.5),
        () if response.is_pointer_button_down_on() => theme::LINE,
        () if response.hovered() => theme::HOVER,
        () => theme::RAISED,
    }
}

/// A button with an icon and a label. `label` is also its accessible name.
pub fn labelled(ui: &Ui, rect: Rect, icon: Option<Icon>, label: &str, tip: &str, enabled: bool) -> Response {
    let response = area(ui, rect, label, tip, enabled);
    let p = ui.painter();
    p.rect_filled(rect, theme::RADIUS, fill(&response, enabled));
    p.rect_stroke(rect, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    let colour = if enabled { theme::TEXT } else { theme::FAINT };
    let galley = p.layout_no_wrap(label.to_owned(), theme::font(theme::BODY), colour);
    // The word matters more than its picture.
    let icon = icon.filter(|_| galley.size().x + 22.0 <= rect.width() - 10.0);
    let gap = if icon.is_some() { 16.0 + 6.0 } else { 0.0 };
    let room = rect.width() - 10.0 - gap;
    let width = galley.size().x.min(room) + gap;
    let mut x = rect.center().x - width / 2.0;
    if let Some(icon) = icon {
        let tint = if enabled { theme::DIM } else { theme::FAINT };
        icons::paint(p, icon, Rect::from_center_size(pos2(x + 8.0, rect.center().y), vec2(16.0, 16.0)), tint);
        x += gap;
    }
    let font = theme::font(theme::BODY);
    super::text(p, pos2(x, rect.center().y), Align2::LEFT_CENTER, label, font, colour, room + 1.0);
    response
}

/// A square button with only an icon; `label` is its accessible name and begins its tooltip.
pub fn icon(ui: &Ui, rect: Rect, icon: Icon, label: &str, tip: &str, enabled: bool) -> Response {
    let response = area(ui, rect, label, tip, enabled);
    if response.hovered() && enabled {
        ui.painter().rect_filled(rect, theme::RADIUS, fill(&response, enabled));
    }
    let colour = match () {
        () if !enabled => theme::LINE_STRONG,
        () if response.hovered() => theme::TEXT,
        () => theme::DIM,
    };
    icons::paint(ui.painter(), icon, rect, colour);
    response
}

/// An icon that is on or off: lit, and with a filled ground when on.
pub fn toggle(ui: &Ui, rect: Rect, icon: Icon, label: &str, tip: &str, on: bool) -> Response {
    let id = ui.scope_id().with(("toggle", label));
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, label));
    super::focus_ring(ui, rect, &response);
    let p = ui.painter();
    if on || response.hovered() {
        p.rect_filled(rect, theme::RADIUS, if on { theme::RAISED } else { fill(&response, true) });
    }
    if on {
        p.rect_stroke(rect, theme::RADIUS, Stroke::new(1.0, theme::LINE_STRONG), StrokeKind::Inside);
    }
    icons::paint(p, icon, rect, if on { theme::TEXT } else { theme::FAINT });
    response.on_hover_text(tip)
}

/// The act: Generate, or Cancel with progress 0..=1.
pub fn act(ui: &Ui, rect: Rect, label: &str, tip: &str, enabled: bool, progress: Option<f32>) -> Response {
    let response = area(ui, rect, label, tip, enabled);
    let p = ui.painter();
    let text = match progress {
        Some(done) => {
            p.rect_filled(rect, theme::RADIUS, fill(&response, true));
            let mut bar = rect;
            bar.set_width((rect.width() * done.clamp(0.0, 1.0)).max(f32::from(theme::RADIUS)));
            p.rect_filled(bar, theme::RADIUS, theme::fade(theme::ACCENT, 0.32));
            p.rect_stroke(rect, theme::RADIUS, Stroke::new(1.0, theme::ACCENT), StrokeKind::Inside);
            theme::TEXT
        }
        None if !enabled => {
            p.rect_filled(rect, theme::RADIUS, theme::RAISED);
            theme::FAINT
        }
        None => {
            let fill = if response.hovered() { theme::ACCENT_HOVER } else { theme::ACCENT };
            let pressed = if response.is_pointer_button_down_on() { 0.15 } else { 0.0 };
            p.rect_filled(rect, theme::RADIUS, theme::mix(fill, theme::GROUND, pressed));
            theme::ON_ACCENT
        }
    };
    let label = progress
        .map_or_else(|| label.to_owned(), |v| format!("{label} · {:.0} %", v.clamp(0.0, 1.0) * 100.0));
    let font = theme::bold(theme::LARGE);
    super::text(p, rect.center(), Align2::CENTER_CENTER, &label, font, text, rect.width() - 8.0);
    response
}

/// Something to drag out of the window, under the name `spoken`; whether a drag has begun.
pub fn handle(ui: &Ui, rect: Rect, label: &str, spoken: &str, tip: &str, enabled: bool) -> bool {
    let sense = if enabled { Sense::drag() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with(("handle", label)), sense);
    super::name(ui, &response, Role::Button, spoken);
    let p = ui.painter();
    let lit = enabled && (response.hovered() || response.dragged());
    p.rect_filled(rect, theme::RADIUS, if lit { theme::HOVER } else { theme::RAISED });
    let edge = if lit { theme::ACCENT } else { theme::LINE_STRONG };
    p.rect_stroke(
        rect,
        theme::RADIUS,
        Stroke::new(1.0, if enabled { edge } else { theme::LINE }),
        StrokeKind::Inside,
    );
    let c = if enabled { theme::TEXT } else { theme::FAINT };
    let grip = Rect::from_center_size(pos2(rect.left() + 11.0, rect.center().y), vec2(16.0, 16.0));
    icons::paint(p, Icon::Grip, grip, if enabled { theme::ACCENT } else { theme::FAINT });
    let pos = pos2(grip.right() + 1.0, rect.center().y);
    super::text(p, pos, Align2::LEFT_CENTER, label, theme::font(theme::BODY), c, rect.right() - pos.x - 2.0);
    let began = response.drag_started_by(PointerButton::Primary);
    response.on_hover_text(tip).on_hover_cursor(if enabled { CursorIcon::Grab } else { CursorIcon::Default });
    began
}
