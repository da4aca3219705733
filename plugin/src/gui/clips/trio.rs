//! The parts of the shown trio under the roll: which one the roll shows, which are heard, and the way out. GUI thread.

use super::Cx;
use crate::gui::theme;
use crate::gui::view::{Action, Part, TakeView};
use crate::gui::widgets::{icons, icons::Icon, name, text, thumb};
use descant_core::tool::trio::PARTS;
use egui::{
    Align2, Color32, CursorIcon, PointerButton, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

/// Height of the strip.
pub(super) const HEIGHT: f32 = 62.0;
const BUTTON: f32 = 22.0;

pub(super) fn show(ui: &Ui, rect: Rect, parts: [&TakeView; 3], cx: &mut Cx<'_>) {
    ui.painter().rect_filled(rect, 0.0, theme::PANEL);
    let inner = rect.shrink2(vec2(8.0, 6.0));
    let width = (inner.width() - 12.0) / 3.0;
    for (part, take) in parts.into_iter().enumerate() {
        let lane = Rect::from_min_size(
            pos2(inner.left() + (width + 6.0) * part as f32, inner.top()),
            vec2(width, inner.height()),
        );
        self::lane(ui, lane, part, take, cx);
    }
}

/// A part: its picture, whether it is heard, its handle.
fn lane(ui: &Ui, rect: Rect, part: usize, take: &TakeView, cx: &mut Cx<'_>) {
    let (shown, heard) = (cx.view.shown == Some(take.id), cx.view.mix.hears(part));
    let response = ui.interact(rect, ui.scope_id().with(("part", part)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, shown, format!("Part {}", PARTS[part])));
    let p = ui.painter();
    p.rect_filled(rect, theme::RADIUS, if shown { theme::RAISED } else { theme::GROUND });
    let edge = match () {
        () if shown => theme::ACCENT,
        () if response.hovered() => theme::LINE_STRONG,
        () => theme::LINE,
    };
    p.rect_stroke(rect, theme::RADIUS, Stroke::new(1.0, edge), StrokeKind::Inside);
    crate::gui::widgets::focus_ring(ui, rect, &response);

    let head = Rect::from_min_size(rect.min + vec2(6.0, 3.0), vec2(rect.width() - 10.0, BUTTON));
    let cell = |from_right: f32| {
        let right = head.right() - from_right * (BUTTON + 1.0);
        Rect::from_min_max(pos2(right - BUTTON, head.top()), pos2(right, head.bottom()))
    };
    let grip = cell(0.0);
    let colour = if heard { theme::TEXT } else { theme::FAINT };
    let font = if shown { theme::bold(theme::BODY) } else { theme::font(theme::BODY) };
    let room = cell(2.0).left() - head.left() - 4.0;
    let word = text(p, head.left_center(), Align2::LEFT_CENTER, PARTS[part], font, colour, room);
    let channel = format!("ch {}", cx.view.channels[part]);
    let small = theme::font(theme::SMALL);
    if word.width() + 8.0 + p.layout_no_wrap(channel.clone(), small.clone(), theme::FAINT).size().x <= room {
        let at = pos2(word.right() + 8.0, head.center().y);
        text(p, at, Align2::LEFT_CENTER, &channel, small, theme::FAINT, room);
    }
    let picture = Rect::from_min_max(pos2(rect.left() + 4.0, head.bottom() + 1.0), rect.max - vec2(4.0, 4.0));
    thumb::paint(p, picture, &take.take.clip, 0, if heard { 1.0 } else { 0.3 });

    let mut mix = cx.view.mix;
    let mute = ("Mute", "M", "Do not play this part.", theme::WARN, &mut mix.muted[part]);
    let changed = lit(ui, cell(2.0), part, mute);
    let solo = ("Solo", "S", "Play only this part, and others with S.", theme::GOOD, &mut mix.solo[part]);
    if lit(ui, cell(1.0), part, solo) || changed {
        cx.out.push(Action::Mix(mix));
    }

    let drag = ui.interact(grip, ui.scope_id().with(("grip", part)), Sense::drag());
    name(ui, &drag, Role::Button, &format!("Drag {}", PARTS[part]));
    let tint = if drag.hovered() { theme::ACCENT } else { theme::DIM };
    icons::paint(ui.painter(), Icon::Grip, grip, tint);
    if drag.drag_started_by(PointerButton::Primary) {
        if !shown {
            cx.out.push(Action::LookAt(take.id));
        }
        cx.out.push(Action::DragOut(Part::Whole));
    }
    drag.on_hover_text("Drag this part to a track of your DAW.").on_hover_cursor(CursorIcon::Grab);
    if response.clicked() && !shown {
        cx.out.push(Action::LookAt(take.id));
    }
    response.on_hover_text("Show this part above, to look at it and to edit it.");
}

/// A letter that is lit or not; whether it was switched.
fn lit(
    ui: &Ui,
    rect: Rect,
    part: usize,
    (label, letter, tip, colour, on): (&str, &str, &str, Color32, &mut bool),
) -> bool {
    let label = format!("{label} {}", PARTS[part]);
    let response = ui.interact(rect, ui.scope_id().with(&label), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, *on, &label));
    crate::gui::widgets::focus_ring(ui, rect, &response);
    let p = ui.painter();
    let body = rect.shrink(2.0);
    let fill = match () {
        () if *on => colour,
        () if response.hovered() => theme::HOVER,
        () => theme::RAISED,
    };
    p.rect_filled(body, 4.0, fill);
    let ink = if *on { theme::ON_ACCENT } else { theme::DIM };
    text(p, body.center(), Align2::CENTER_CENTER, letter, theme::bold(theme::SMALL), ink, body.width());
    let clicked = response.on_hover_text(tip).clicked();
    *on ^= clicked;
    clicked
}
