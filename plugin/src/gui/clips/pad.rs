//! The latent pad under the roll: a square of clips around a take, saved places, the way to a take. GUI thread.

use super::Cx;
use crate::gui::theme;
use crate::gui::view::{Action, Gesture, PadChange, PadView, ParamId};
use crate::gui::widgets::{
    button, caption, control, control::Control, icons::Icon, line, name, paragraph, text, thumb,
};
use egui::{Align2, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

/// What is being typed.
#[derive(Clone, Debug, Default)]
pub(super) struct PadState {
    /// Name of the next point.
    name: String,
}

/// Longest name of a point.
const LETTERS: usize = 24;
const POINT: f32 = 24.0;

/// Height of the strip in a region of this height.
pub(super) fn height(region: f32) -> f32 {
    (region * 0.44).clamp(140.0, 208.0)
}

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let Some(pad) = &cx.view.pad else { return };
    let inner = rect.shrink2(vec2(8.0, 8.0));
    // In a small window the numbers need the room.
    let side = if inner.width() < 400.0 { inner.width() * 0.3 } else { inner.height() };
    let square = Rect::from_min_size(inner.min, vec2(side, side));
    let on = cx.param(ParamId::PadPlays).normalised >= 0.5;
    surface(ui, square, pad, on, cx);
    let list = (inner.width() * 0.26).clamp(80.0, 150.0);
    let right = inner.with_min_x(inner.right() - list);
    let middle = Rect::from_min_max(
        pos2(square.right() + 12.0, inner.top()),
        pos2(right.left() - 12.0, inner.bottom()),
    );
    place(ui, middle, pad, on, cx);
    points(ui, right, pad, cx);
}

/// The square itself.
fn surface(ui: &Ui, rect: Rect, pad: &PadView, on: bool, cx: &mut Cx<'_>) {
    let ready = pad.side > 1;
    let sense = if ready { Sense::click_and_drag() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with("pad surface"), sense);
    name(ui, &response, Role::Slider, "Latent pad");
    let p = ui.painter();
    p.rect_filled(rect, 4.0, theme::GROUND);
    p.rect_stroke(rect, 4.0, theme::hairline(), StrokeKind::Inside);
    let field = rect.shrink(8.0);
    let at = |x: f32, y: f32| pos2(field.left() + field.width() * x, field.bottom() - field.height() * y);
    if !ready {
        let words = match &pad.problem {
            Some(_) => "no clips",
            None => "decoding…",
        };
        let font = theme::font(theme::SMALL);
        text(p, rect.center(), Align2::CENTER_CENTER, words, font, theme::DIM, rect.width() - 12.0);
        return;
    }
    p.hline(field.x_range(), field.center().y, theme::hairline());
    p.vline(field.center().x, field.y_range(), theme::hairline());
    for i in 0..pad.side * pad.side {
        let share = |i: usize| i as f32 / (pad.side - 1) as f32;
        p.circle_filled(at(share(i % pad.side), share(i / pad.side)), 1.2, theme::LINE_STRONG);
    }
    // The take that the pad lies around.
    p.circle_stroke(at(0.5, 0.5), 5.0, Stroke::new(1.5, theme::PRIMER));
    for (i, point) in pad.points.iter().enumerate().filter(|(_, point)| point.here) {
        let spot = at(point.x, point.y);
        p.circle_stroke(spot, 4.0, Stroke::new(1.0, theme::DIM));
        let font = theme::font(theme::SMALL);
        let number = (i + 1).to_string();
        text(p, spot + vec2(6.0, 0.0), Align2::LEFT_CENTER, &number, font, theme::DIM, 20.0);
    }
    let (x, y) = (cx.param(ParamId::PadX).normalised, cx.param(ParamId::PadY).normalised);
    let colour = if on { theme::ACCENT } else { theme::DIM };
    let spot = at(x, y);
    p.hline(field.x_range(), spot.y, Stroke::new(1.0, theme::fade(colour, 0.4)));
    p.vline(spot.x, field.y_range(), Stroke::new(1.0, theme::fade(colour, 0.4)));
    p.circle_filled(spot, 6.0, colour);
    drag(&response, field, on, cx);
    response.on_hover_text(
        "Drag through the clips around the take; in the middle it is itself. They sound at the swap point.",
    );
}

/// The pointer sets both parameters; that is heard, so the pad begins to play.
fn drag(response: &egui::Response, field: Rect, on: bool, cx: &mut Cx<'_>) {
    let spot = response.interact_pointer_pos().map(|pos| {
        let x = ((pos.x - field.left()) / field.width()).clamp(0.0, 1.0);
        let y = ((field.bottom() - pos.y) / field.height()).clamp(0.0, 1.0);
        [(ParamId::PadX, x), (ParamId::PadY, y)]
    });
    let clicked = response.clicked();
    for id in [ParamId::PadX, ParamId::PadY].into_iter().filter(|_| response.drag_started()) {
        cx.out.push(Action::Param(id, Gesture::Begin));
    }
    for (id, value) in spot.into_iter().flatten() {
        if response.dragged() {
            cx.out.push(Action::Param(id, Gesture::Set(value)));
        } else if clicked {
            control::set(cx.out, id, value);
        }
    }
    for id in [ParamId::PadX, ParamId::PadY].into_iter().filter(|_| response.drag_stopped()) {
        cx.out.push(Action::Param(id, Gesture::End));
    }
    if !on && (clicked || response.drag_started()) {
        control::set(cx.out, ParamId::PadPlays, 1.0);
    }
}

/// The clip at the place, and what can be done with it.
fn place(ui: &mut Ui, rect: Rect, pad: &PadView, on: bool, cx: &mut Cx<'_>) {
    let narrow = rect.width() < 130.0;
    let p = ui.painter();
    let words = format!("Around {}", pad.title);
    text(p, rect.min, Align2::LEFT_TOP, &words, theme::bold(theme::SMALL), theme::TEXT, rect.width());
    let mut y = rect.top() + 18.0;
    if !narrow {
        let below = pos2(rect.left(), rect.top() + 15.0);
        let font = theme::font(theme::SMALL);
        text(p, below, Align2::LEFT_TOP, "two random directions", font, theme::DIM, rect.width());
        y += 14.0;
    }
    let control = |x: f32, y: f32| Rect::from_min_size(pos2(x, y), vec2(theme::CONTROL, theme::CONTROL));
    // With captions over the fields, the button stands at their height.
    let play = control(rect.left(), if narrow { y } else { y + 16.0 });
    let tip = "Play the clip at the pad's place instead of a take. Automation of Pad X and Pad Y is heard while this is on.";
    if button::toggle(ui, play, if on { Icon::Stop } else { Icon::Play }, "Play the pad", tip, on).clicked() {
        control::set(cx.out, ParamId::PadPlays, if on { 0.0 } else { 1.0 });
    }
    let keep = "The clip at the pad's place becomes a take.";
    let turn = format!("Two other random directions around the same take; now {}.", pad.seed);
    let (kept, turned) = if narrow {
        let at = |i: f32| control(rect.left() + 34.0 * i, y);
        let kept = button::icon(ui, at(1.0), Icon::Save, "Keep", keep, pad.clip.is_some()).clicked();
        let turned = button::icon(ui, at(2.0), Icon::Redo, "Turn", &turn, true).clicked();
        y = play.bottom() + 6.0;
        (kept, turned)
    } else {
        let half = (rect.width() - 6.0) / 2.0;
        let at =
            |x: f32| Rect::from_min_size(pos2(x, rect.bottom() - theme::CONTROL), vec2(half, theme::CONTROL));
        let kept = button::labelled(ui, at(rect.left()), None, "Keep", keep, pad.clip.is_some()).clicked();
        (kept, button::labelled(ui, at(rect.right() - half), None, "Turn", &turn, true).clicked())
    };
    if kept {
        cx.out.push(Action::Pad(PadChange::Keep));
    }
    if turned {
        cx.out.push(Action::Pad(PadChange::Turn));
    }
    let left = if narrow { rect.left() } else { play.right() + 6.0 };
    let width = ((rect.right() - left - 6.0) / 2.0).min(72.0);
    for (i, (id, label)) in [(ParamId::PadX, "X"), (ParamId::PadY, "Y")].into_iter().enumerate() {
        let at = pos2(left + (width + 6.0) * i as f32, y);
        let state = cx.param(id).clone();
        let tip = "Where on the pad: 0 % is the middle. Automate it: clips change at the swap point.";
        let c = Control { id, name: label, tip, state: &state, enabled: true };
        control::field(ui, Rect::from_min_size(at, vec2(width, 44.0)), &c, &mut cx.state.controls, cx.out);
    }
    let foot = if narrow { rect.bottom() } else { rect.bottom() - theme::CONTROL - 6.0 };
    let picture = Rect::from_min_max(pos2(rect.left(), y + 50.0), pos2(rect.right(), foot));
    match (&pad.clip, &pad.problem) {
        (_, Some(why)) => {
            let font = theme::font(theme::SMALL);
            paragraph(ui.painter(), picture.min, why, font, theme::WARN, picture.width(), 3);
        }
        (Some(clip), None) if picture.height() > 16.0 => {
            thumb::paint(ui.painter(), picture, clip, 0, if on { 1.0 } else { 0.6 });
        }
        _ => {}
    }
}

/// Places that were saved: a click goes there.
fn points(ui: &mut Ui, rect: Rect, pad: &PadView, cx: &mut Cx<'_>) {
    caption(ui.painter(), rect.min, "Saved places", rect.width() - 24.0);
    let close = Rect::from_min_size(pos2(rect.right() - 22.0, rect.top() - 5.0), vec2(22.0, 22.0));
    if button::icon(ui, close, Icon::Close, "Close the pad", "Back to takes only; saved places stay.", true)
        .clicked()
    {
        cx.out.push(Action::Pad(PadChange::Close));
        control::set(cx.out, ParamId::PadPlays, 0.0);
    }
    let foot = Rect::from_min_max(pos2(rect.left(), rect.bottom() - theme::CONTROL), rect.max);
    // Where there is no room for a name, places have numbers.
    let named = rect.width() > 120.0;
    let width = if named { 44.0 } else { rect.width() };
    let save = Rect::from_min_size(pos2(foot.right() - width, foot.top()), vec2(width, theme::CONTROL));
    let mut entered = false;
    if named {
        let field = foot.with_max_x(save.left() - 6.0);
        let label = ("Name of the place", "What the place is called; empty: the next number.", LETTERS);
        let typed = line::edit(ui, field, label, &mut cx.state.pad.name);
        entered = typed.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
    }
    let tip = "Save where the pad is.";
    if button::labelled(ui, save, None, "Save", tip, pad.side > 0).clicked() || entered {
        cx.out.push(Action::Pad(PadChange::Save(std::mem::take(&mut cx.state.pad.name))));
    }
    let list = Rect::from_min_max(pos2(rect.left(), rect.top() + 18.0), pos2(rect.right(), foot.top() - 4.0));
    ui.scope_builder(UiBuilder::new().id_salt("points").max_rect(list), |ui| {
        ui.shrink_clip_rect(list);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt("points").auto_shrink(false).show(ui, |ui| {
            for i in 0..pad.points.len() {
                point(ui, i, pad, cx);
            }
        });
    });
}

fn point(ui: &mut Ui, i: usize, pad: &PadView, cx: &mut Cx<'_>) {
    let point = &pad.points[i];
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), POINT), Sense::click());
    name(ui, &response, Role::Button, &format!("Go to {}", point.name));
    let p = ui.painter();
    if response.hovered() {
        p.rect_filled(rect, 4.0, theme::RAISED);
    }
    let number = (i + 1).to_string();
    let font = theme::font(theme::SMALL);
    let pos = rect.left_center() + vec2(4.0, 0.0);
    text(p, pos, Align2::LEFT_CENTER, &number, font, theme::DIM, 16.0);
    let colour = if point.here { theme::TEXT } else { theme::DIM };
    let room = rect.width() - 44.0;
    let font = theme::font(theme::BODY);
    text(p, pos + vec2(16.0, 0.0), Align2::LEFT_CENTER, &point.name, font, colour, room);
    let close = Rect::from_center_size(pos2(rect.right() - 12.0, rect.center().y), vec2(20.0, 20.0));
    let label = format!("Forget {}", point.name);
    if button::icon(ui, close, Icon::Close, &label, "Forget this place.", true).clicked() {
        cx.out.push(Action::Pad(PadChange::Forget(i)));
        return;
    }
    let tip = if point.here { "Go there." } else { "Go there: the pad moves around its take." };
    if response.on_hover_text(tip).clicked() {
        cx.out.push(Action::Pad(PadChange::Recall(i)));
        control::set(cx.out, ParamId::PadX, point.x);
        control::set(cx.out, ParamId::PadY, point.y);
    }
}
