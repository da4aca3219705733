//! A curve over the steps of something that is made smaller, its first and last value named. GUI thread.

use crate::gui::theme;
use egui::{Align2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

/// Draws `values` as the first of `of` steps. `label`: the accessible name.
pub fn show(ui: &Ui, rect: Rect, label: &str, values: &[f32], of: usize) {
    let response = ui.interact(rect, ui.scope_id().with(label), Sense::hover());
    super::name(ui, &response, Role::Label, label);
    let p = ui.painter();
    p.rect_filled(rect, 4.0, theme::GROUND);
    p.rect_stroke(rect, 4.0, theme::hairline(), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(8.0, 8.0));
    let most = values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let x = |i: usize| inner.left() + inner.width() * i as f32 / of.saturating_sub(1).max(1) as f32;
    let y = |value: f32| inner.bottom() - inner.height() * (value / most).clamp(0.0, 1.0);
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return };
    let points = values.iter().enumerate().map(|(i, &value)| pos2(x(i), y(value))).collect();
    p.add(Shape::line(points, Stroke::new(1.5, theme::ACCENT)));
    let end = pos2(x(values.len() - 1), y(*last));
    p.circle_filled(end, 3.0, theme::ACCENT);
    let font = theme::font(theme::SMALL);
    let words = format!("{first:.1} → {last:.1}");
    super::text(p, inner.right_top(), Align2::RIGHT_TOP, &words, font, theme::DIM, inner.width());
}
