//! A line of text to type in. GUI thread.

use crate::gui::theme;
use egui::{Align2, Frame, Rect, Response, Role, StrokeKind, TextEdit, Ui, WidgetInfo, vec2};

/// A field in which `words` are edited. `label`: accessible name, tooltip, most characters.
pub fn edit(ui: &mut Ui, rect: Rect, label: (&str, &str, usize), words: &mut String) -> Response {
    let (name, tip, letters) = label;
    let p = ui.painter();
    p.rect_filled(rect, theme::RADIUS, theme::GROUND);
    p.rect_stroke(rect, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    let edit = TextEdit::singleline(words)
        .id(ui.scope_id().with(name))
        .frame(Frame::NONE)
        .font(theme::font(theme::BODY))
        .text_color(theme::TEXT)
        .align(Align2::LEFT_CENTER)
        .char_limit(letters)
        .desired_width(rect.width());
    let response = ui.put(rect.shrink2(vec2(8.0, 0.0)), edit);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, name);
        info.current_text_value = Some(words.clone());
        info
    });
    response.on_hover_text(tip)
}
