//! Our own widgets: knob, number field, level, buttons, choices, icons. GUI thread; no host types.

pub mod button;
pub mod choice;
pub mod control;
pub mod curve;
pub mod icons;
pub mod line;
pub mod thumb;

use super::theme;
use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Response, Role, Stroke, StrokeKind, Ui, WidgetInfo,
};

/// Text cut to `width` with an ellipsis. Returns the galley's rectangle.
pub(super) fn text(
    p: &Painter,
    pos: Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    c: Color32,
    width: f32,
) -> Rect {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, c);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(8.0));
    let galley = p.layout_job(job);
    let rect = anchor.anchor_size(pos, galley.size());
    p.galley(rect.min, galley, c);
    rect
}

/// Text wrapped to `width`, at most `rows` rows. Returns its height.
pub(super) fn paragraph(
    p: &Painter,
    pos: Pos2,
    text: &str,
    font: FontId,
    c: Color32,
    width: f32,
    rows: usize,
) -> f32 {
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), font, c, width);
    job.wrap.max_rows = rows;
    let galley = p.layout_job(job);
    let height = galley.size().y;
    p.galley(pos, galley, c);
    height
}

/// The ring that shows keyboard focus.
pub(super) fn focus_ring(ui: &Ui, rect: Rect, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect.expand(2.0),
            f32::from(theme::RADIUS) + 2.0,
            Stroke::new(1.5, theme::ACCENT),
            StrokeKind::Outside,
        );
    }
}

/// Gives a painted control its name for assistive technology and tests.
pub(super) fn name(ui: &Ui, response: &Response, role: Role, label: &str) {
    response.widget_info(|| WidgetInfo::labeled(role, ui.is_enabled(), label));
}

/// A small caption above a control.
pub(super) fn caption(p: &Painter, pos: Pos2, label: &str, width: f32) {
    text(p, pos, Align2::LEFT_TOP, label, theme::font(theme::SMALL), theme::DIM, width);
}
