//! Choices: segmented control for few, menu for many, tabs for the tools. GUI thread.

use super::icons::{self, Icon};
use crate::gui::theme;
use egui::{
    Align2, Popup, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

/// Height of a row of a menu.
const MENU_ROW: f32 = 26.0;
/// Width of a letter of a menu, for its own width.
const LETTER: f32 = 7.5;
/// Greatest height of a menu.
const LIST: f32 = 300.0;

/// A row of a menu; `true` when it was chosen.
pub fn menu_row(ui: &mut Ui, label: &str, note: &str, chosen: bool, enabled: bool) -> bool {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), MENU_ROW), sense);
    response.widget_info(|| WidgetInfo::selected(Role::MenuItem, enabled, chosen, label));
    let p = ui.painter();
    if (response.hovered() || response.has_focus()) && enabled {
        p.rect_filled(rect, 4.0, theme::HOVER);
    }
    if chosen {
        let tick = Rect::from_min_size(rect.left_top() + vec2(4.0, 5.0), vec2(16.0, 16.0));
        icons::paint(p, Icon::Tick, tick, theme::ACCENT);
    }
    let colour = if enabled { theme::TEXT } else { theme::FAINT };
    let left = pos2(rect.left() + 26.0, rect.center().y);
    let font = theme::font(theme::BODY);
    let used = super::text(p, left, Align2::LEFT_CENTER, label, font, colour, rect.right() - left.x - 8.0);
    if !note.is_empty() {
        let right = pos2(rect.right() - 8.0, rect.center().y);
        let font = theme::font(theme::SMALL);
        super::text(
            p,
            right,
            Align2::RIGHT_CENTER,
            note,
            font,
            theme::DIM,
            rect.right() - used.right() - 16.0,
        );
    }
    response.clicked()
}

/// A box with the chosen value, whose click opens something to choose from.
pub fn opener(ui: &Ui, rect: Rect, name: &str, tip: &str, label: &str) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(("menu", name)), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, name);
        info.current_text_value = Some(label.to_owned());
        info
    });
    super::focus_ring(ui, rect, &response);
    let p = ui.painter();
    p.rect_filled(rect, theme::RADIUS, super::button::fill(&response, true));
    p.rect_stroke(rect, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    let left = pos2(rect.left() + 8.0, rect.center().y);
    super::text(
        p,
        left,
        Align2::LEFT_CENTER,
        label,
        theme::font(theme::BODY),
        theme::TEXT,
        rect.width() - 32.0,
    );
    let chevron = Rect::from_center_size(pos2(rect.right() - 14.0, rect.center().y), vec2(16.0, 16.0));
    icons::paint(p, Icon::Chevron, chevron, theme::DIM);
    response.on_hover_text(tip)
}

/// A box that opens a list; returns the index that was chosen.
pub fn menu(
    ui: &mut Ui,
    rect: Rect,
    name: &str,
    tip: &str,
    entries: &[String],
    chosen: usize,
) -> Option<usize> {
    let label = entries.get(chosen).map_or("", String::as_str);
    let response = opener(ui, rect, name, tip, label);

    let mut picked = None;
    let longest = entries.iter().map(|e| e.chars().count()).max().unwrap_or(0);
    let width = (longest as f32 * LETTER + 34.0).clamp(132.0, 240.0);
    Popup::menu(&response).width(rect.width().max(width)).show(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut list = ScrollArea::vertical().max_height(LIST);
        if response.clicked() {
            // What is chosen lies in the middle of a long list that opens.
            let middle = chosen as f32 * MENU_ROW - (LIST - MENU_ROW) / 2.0;
            list = list.vertical_scroll_offset(middle.max(0.0));
        }
        list.show(ui, |ui| {
            for (i, e) in entries.iter().enumerate() {
                if menu_row(ui, e, "", i == chosen, true) {
                    picked = Some(i);
                    ui.close();
                }
            }
        });
    });
    picked
}

/// Few values side by side; returns the index that was clicked.
pub fn segmented(
    ui: &Ui,
    rect: Rect,
    name: &str,
    tip: &str,
    labels: &[&str],
    chosen: usize,
) -> Option<usize> {
    let p = ui.painter();
    p.rect_filled(rect, theme::RADIUS, theme::GROUND);
    p.rect_stroke(rect, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    let w = (rect.width() - 4.0) / labels.len().max(1) as f32;
    let mut picked = None;
    for (i, label) in labels.iter().enumerate() {
        let cell = Rect::from_min_size(
            rect.left_top() + vec2(2.0 + w * i as f32, 2.0),
            vec2(w, rect.height() - 4.0),
        );
        let response = segment(ui, cell, name, label, i == chosen);
        let on = i == chosen;
        if on {
            p.rect_filled(cell, f32::from(theme::RADIUS) - 2.0, theme::HOVER);
        }
        let colour = if on || response.hovered() { theme::TEXT } else { theme::DIM };
        super::text(p, cell.center(), Align2::CENTER_CENTER, label, theme::font(theme::BODY), colour, w);
        if response.on_hover_text(tip).clicked() {
            picked = Some(i);
        }
    }
    picked
}

fn segment(ui: &Ui, cell: Rect, group: &str, label: &str, on: bool) -> Response {
    let response = ui.interact(cell, ui.scope_id().with(("segment", group, label)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, format!("{group}: {label}")));
    super::focus_ring(ui, cell, &response);
    response
}

/// A tab.
pub struct Tab<'a> {
    /// What it says.
    pub label: &'a str,
    /// Its tooltip.
    pub tip: &'a str,
    /// Whether it can be chosen.
    pub enabled: bool,
}

/// Tabs with a line under the chosen one, laid out from `left`; returns the index that was clicked and the
/// right edge.
pub fn tabs(
    ui: &Ui,
    left: egui::Pos2,
    height: f32,
    labels: &[Tab<'_>],
    chosen: usize,
) -> (Option<usize>, f32) {
    let mut x = left.x;
    let mut picked = None;
    for (i, Tab { label, tip, enabled }) in labels.iter().enumerate() {
        let on = i == chosen;
        let cell = tab_cell(ui, pos2(x, left.y), height, label, 0.0);
        let response = segment(ui, cell, "Tool", label, on);
        tab_face(ui, cell, label, on, *enabled, response.hovered());
        if response.on_hover_text(*tip).clicked() && *enabled {
            picked = Some(i);
        }
        x = cell.right();
    }
    (picked, x)
}

/// Where a tab with `more` points beside its label lies.
fn tab_cell(ui: &Ui, left: egui::Pos2, height: f32, label: &str, more: f32) -> Rect {
    // The bold weight is measured, so that nothing moves when the choice does.
    let width = ui.painter().layout_no_wrap(label.to_owned(), theme::bold(theme::BODY), theme::TEXT).size().x;
    Rect::from_min_size(left, vec2(width + 20.0 + more, height))
}

fn tab_face(ui: &Ui, cell: Rect, label: &str, on: bool, enabled: bool, hovered: bool) {
    let font = if on { theme::bold(theme::BODY) } else { theme::font(theme::BODY) };
    let colour = match () {
        () if !enabled => theme::FAINT,
        () if on || hovered => theme::TEXT,
        () => theme::DIM,
    };
    super::text(ui.painter(), cell.center(), Align2::CENTER_CENTER, label, font, colour, cell.width() - 16.0);
    if on {
        let y = cell.bottom() - 1.0;
        ui.painter().hline(cell.left() + 10.0..=cell.right() - 10.0, y, Stroke::new(2.0, theme::ACCENT));
    }
}

/// A last tab that opens a menu of those that have no place of their own. `chosen`: the one of them that is chosen.
/// Returns the index that was clicked and the right edge.
pub fn more_tabs(
    ui: &Ui,
    left: egui::Pos2,
    height: f32,
    labels: &[Tab<'_>],
    chosen: Option<usize>,
) -> (Option<usize>, f32) {
    let label = chosen.and_then(|i| labels.get(i)).map_or("More", |tab| tab.label);
    let cell = tab_cell(ui, left, height, label, 14.0);
    let response = ui.interact(cell, ui.scope_id().with("more tools"), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, "More tools");
        info.current_text_value = chosen.map(|_| label.to_owned());
        info
    });
    super::focus_ring(ui, cell, &response);
    let word = cell.with_max_x(cell.right() - 12.0);
    tab_face(ui, word, label, chosen.is_some(), true, response.hovered());
    let chevron = Rect::from_center_size(pos2(cell.right() - 12.0, cell.center().y), vec2(16.0, 16.0));
    icons::paint(ui.painter(), Icon::Chevron, chevron, theme::DIM);
    let mut picked = None;
    Popup::menu(&response).width(200.0).show(|ui| {
        for (i, tab) in labels.iter().enumerate() {
            if menu_row(ui, tab.label, "", chosen == Some(i), tab.enabled) {
                picked = Some(i);
                ui.close();
            }
        }
    });
    response.on_hover_text("More tools.");
    (picked, cell.right())
}
