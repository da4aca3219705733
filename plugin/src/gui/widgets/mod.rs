//! Our own widgets: knob, number field, level, buttons, choices, icons. GUI thread; no host types.

pub mod button;
pub mod choice;
pub mod control;
pub mod curve;
pub mod icons;
pub mod line;
pub mod thumb;

use super::theme;
use super::view::{Status, StatusKind};
use egui::{
    Align2, Color32, Context, FontId, Key, Modifiers, Painter, Pos2, Rect, Response, Role, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use icons::Icon;
use std::path::PathBuf;

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

/// The status line.
pub(super) fn status(ui: &Ui, rect: Rect, s: &Status) {
    let p = ui.painter();
    let (icon, colour) = match s.kind {
        StatusKind::Info => (None, theme::DIM),
        StatusKind::Good => (Some(Icon::Tick), theme::GOOD),
        StatusKind::Warn => (Some(Icon::Warn), theme::WARN),
        StatusKind::Bad => (Some(Icon::Bad), theme::BAD),
    };
    let mut x = rect.left() + 12.0;
    if let Some(icon) = icon {
        let place = Rect::from_center_size(pos2(x + 8.0, rect.center().y), vec2(16.0, 16.0));
        icons::paint(p, icon, place, colour);
        x += 24.0;
    }
    let words = if s.kind == StatusKind::Bad { theme::TEXT } else { theme::DIM };
    let font = theme::font(theme::SMALL);
    let room = rect.right() - x - 12.0;
    text(p, pos2(x, rect.center().y), Align2::LEFT_CENTER, &s.text, font, words, room);
    let response = ui.interact(rect, ui.scope_id().with("status"), Sense::hover());
    name(ui, &response, Role::Status, &s.text);
    response.on_hover_text(s.text.as_str());
}

/// One region: its own ids, clipped to its own rectangle.
pub(super) fn region(ui: &mut Ui, name: &str, rect: Rect, add: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().id_salt(name).max_rect(rect), |ui| {
        ui.shrink_clip_rect(rect);
        ui.painter().rect_filled(rect, 0.0, theme::PANEL);
        add(ui);
    });
}

/// Files let go over the window; while they hover, a frame with these words.
pub(super) fn dropped_files(ui: &Ui, whole: Rect, words: &str) -> Vec<PathBuf> {
    let (paths, hovering) = ui.input(|i| {
        let paths: Vec<_> = i.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect();
        (paths, !i.raw.hovered_files.is_empty())
    });
    if hovering {
        let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
        let p = ui.ctx().layer_painter(layer);
        p.rect_filled(whole, 0.0, Color32::from_black_alpha(150));
        p.rect_stroke(whole.shrink(10.0), 8.0, Stroke::new(2.0, theme::PRIMER), StrokeKind::Inside);
        let font = theme::bold(theme::HUGE);
        text(&p, whole.center(), Align2::CENTER_CENTER, words, font, theme::TEXT, whole.width());
    }
    paths
}

/// Space belongs to the host's transport, even when a button has the keyboard focus.
pub(super) fn leave_space_to_the_host(ctx: &Context) {
    ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Space));
}

/// What keys mean while Ctrl or Cmd is held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Undo,
    Redo,
    /// Nothing here; nor do they mean what they mean alone.
    Other,
}

/// What is commanded in this frame; none if neither Ctrl nor Cmd is held.
pub(super) fn command(ctx: &Context) -> Option<Command> {
    ctx.input(|i| {
        let pressed = |key| i.key_pressed(key);
        (i.modifiers.command || i.modifiers.ctrl).then(|| match () {
            () if pressed(Key::Y) || (pressed(Key::Z) && i.modifiers.shift) => Command::Redo,
            () if pressed(Key::Z) => Command::Undo,
            () => Command::Other,
        })
    })
}

/// Mark and name of a product at the left of a header; a click shall open About.
pub(super) fn brand(ui: &Ui, rect: Rect, product: &str) -> (f32, bool) {
    let p = ui.painter();
    let mark = Rect::from_center_size(pos2(rect.left() + 22.0, rect.center().y), vec2(20.0, 20.0));
    // A held voice below and a second one rising over it: a descant.
    let y = mark.bottom() - 4.0;
    p.hline(mark.left()..=mark.right(), y, Stroke::new(3.0, theme::PRIMER));
    for (i, h) in [5.0, 10.0, 15.0].into_iter().enumerate() {
        let x = mark.left() + 7.0 * i as f32;
        p.hline(x..=x + 5.5, y - h, Stroke::new(3.0, theme::ACCENT));
    }
    let pos = pos2(mark.right() + 10.0, rect.center().y);
    let first = text(p, pos, Align2::LEFT_CENTER, "Descant", theme::bold(theme::LARGE), theme::TEXT, 120.0);
    let pos = pos2(first.right() + 5.0, rect.center().y);
    let second = text(p, pos, Align2::LEFT_CENTER, product, theme::font(theme::LARGE), theme::DIM, 80.0);
    let area = Rect::from_x_y_ranges(rect.left() + 8.0..=second.right() + 4.0, rect.y_range());
    let response = ui.interact(area, ui.scope_id().with("about"), Sense::click());
    name(ui, &response, Role::Button, "About Descant");
    let tip = "Version, licences, and whose music the models learned from.";
    (second.right() + 8.0, response.on_hover_text(tip).clicked())
}
