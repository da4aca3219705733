//! The structure of a clip: a square that shows how alike every two bars are. GUI thread.

use super::Content;
use crate::gui::theme;
use crate::gui::widgets::{name, text};
use descant_core::music::similarity::{Similarity, Stretch};
use egui::{Align2, Rect, Role, Sense, StrokeKind, Ui, pos2, vec2};

/// Width that the roll gives up for it.
pub const WIDTH: f32 = 176.0;
const PAD: f32 = 12.0;
/// Room for the words.
const WORDS: f32 = 40.0;

/// Draws the square into `rect`.
pub fn show(ui: &Ui, rect: Rect, c: &Content<'_>) {
    let p = ui.painter();
    p.rect_filled(rect, 0.0, theme::PANEL);
    let side = (rect.width() - 2.0 * PAD).min(rect.height() - 2.0 * PAD - WORDS).max(16.0);
    let square = Rect::from_min_size(rect.min + vec2(PAD, PAD + 18.0), vec2(side, side));
    let title = "Structure, bar by bar";
    let pos = pos2(square.left(), rect.top() + PAD);
    text(p, pos, Align2::LEFT_TOP, title, theme::bold(theme::SMALL), theme::TEXT, side);
    let picture = Similarity::of(c.clip, Stretch::Bar);
    let n = picture.size().max(1);
    let cell = side / n as f32;
    p.rect_filled(square, 0.0, theme::GROUND);
    for row in 0..n {
        for column in 0..n {
            let corner = square.min + vec2(cell * column as f32, cell * row as f32);
            let area = Rect::from_min_size(corner, vec2(cell, cell));
            let inset = if cell > 6.0 { 0.5 } else { 0.0 };
            p.rect_filled(area.shrink(inset), 0.0, theme::fade(theme::ACCENT, picture.at(row, column)));
        }
    }
    p.rect_stroke(square, 0.0, theme::hairline(), StrokeKind::Outside);
    let response = ui.interact(square, ui.scope_id().with("structure"), Sense::hover());
    let mean = mean(&picture);
    let words = match mean {
        Some(mean) => format!("Bars share {:.0} % of their notes", mean * 100.0),
        None => "One bar".to_owned(),
    };
    name(ui, &response, Role::Image, &format!("Structure: {words}"));
    let under = pos2(square.left(), square.bottom() + 6.0);
    text(p, under, Align2::LEFT_TOP, &words, theme::font(theme::SMALL), theme::DIM, side);
    if let Some(at) = response.hover_pos() {
        let place = |d: f32| ((d / cell) as usize).min(n - 1);
        let (row, column) = (place(at.y - square.top()), place(at.x - square.left()));
        let share = picture.at(row, column) * 100.0;
        response.on_hover_text(format!(
            "Bars {} and {}: {share:.0} % of the notes in common",
            row + 1,
            column + 1
        ));
    }
}

/// Mean over all pairs of different bars.
fn mean(picture: &Similarity) -> Option<f32> {
    let n = picture.size();
    let pairs = || (0..n).flat_map(|row| (0..row).map(move |column| (row, column)));
    let count = pairs().count();
    (count > 0).then(|| pairs().map(|(row, column)| picture.at(row, column)).sum::<f32>() / count as f32)
}
