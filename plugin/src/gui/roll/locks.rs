//! Bars that Rewrite leaves as they are: a click on a bar's number locks it or frees it. GUI thread.

use super::Content;
use super::geometry::Geometry;
use crate::gui::theme;
use crate::gui::view::Action;
use crate::gui::widgets::{choice::menu_row, icons, icons::Icon};
use egui::{Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Locks in the ruler and the hatch over the bars, where the clip is one that Rewrite would start from.
pub fn show(ui: &Ui, g: &Geometry, c: &Content<'_>, out: &mut Vec<Action>) {
    let Some(locked) = c.locks else { return };
    let bar = c.clip.meter.bar_ticks();
    let (from, to) = g.visible();
    for n in from.max(0).div_euclid(bar)..c.clip.length.min(to + 1).div_euclid(bar) + 1 {
        let Ok(number) = u32::try_from(n) else { continue };
        if n * bar >= c.clip.length {
            break;
        }
        let ends =
            g.x(n * bar).max(g.ruler.left())..=g.x(((n + 1) * bar).min(c.clip.length)).min(g.ruler.right());
        if ends.end() - ends.start() < 4.0 {
            continue;
        }
        let cell = Rect::from_x_y_ranges(ends, g.ruler.y_range());
        let on = locked.contains(&number);
        let response = ui.interact(cell, ui.scope_id().with(("lock", number)), Sense::click());
        let name = format!("Lock bar {}", n + 1);
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, &name));
        if on {
            hatch(ui, g, cell);
        }
        if cell.width() > 40.0 && (on || response.hovered()) {
            let place =
                Rect::from_center_size(pos2(cell.left() + 28.0, cell.center().y - 1.0), vec2(16.0, 16.0));
            let (icon, colour) =
                if on { (Icon::Locked, theme::TEXT) } else { (Icon::Unlocked, theme::FAINT) };
            icons::paint(&ui.painter().with_clip_rect(g.ruler), icon, place, colour);
        }
        if response.clicked() {
            out.push(Action::Lock(number));
        }
        response.context_menu(|ui| {
            ui.set_width(196.0);
            if menu_row(ui, &format!("Rewrite from bar {} on", n + 1), "", false, true) {
                out.push(Action::RewriteFrom(number));
                ui.close();
            }
            if menu_row(ui, "Free all bars", "", false, !locked.is_empty()) {
                out.push(Action::RewriteFrom(0));
                ui.close();
            }
        });
        let tip = if on {
            "Locked: Rewrite leaves this bar as it is."
        } else {
            "Click to lock this bar against Rewrite."
        };
        response.on_hover_text(tip);
    }
}

/// Slanted lines over the notes of a locked bar.
fn hatch(ui: &Ui, g: &Geometry, cell: Rect) {
    const SPACING: usize = 10;
    let over = Rect::from_x_y_ranges(cell.x_range(), g.notes.y_range());
    let p = ui.painter().with_clip_rect(over);
    p.rect_filled(over, 0.0, theme::fade(theme::GROUND, 0.25));
    let reach = (over.width() + over.height()).ceil() as usize;
    for offset in (0..reach).step_by(SPACING) {
        let x = over.left() + offset as f32;
        let line = [pos2(x, over.top()), pos2(x - over.height(), over.bottom())];
        p.line_segment(line, Stroke::new(1.0, theme::fade(theme::DIM, 0.22)));
    }
}
