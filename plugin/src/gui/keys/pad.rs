//! The morph pad: four instruments at its corners, the places between them that are rendered, and where the sound stands.
//! GUI thread.
use super::Cx;
use super::slots::{LETTERS, corner};
use super::view::{Action, Knob, Target};
use crate::gui::theme;
use crate::gui::view::Gesture;
use crate::gui::widgets::{focus_ring, name, text};
use descant_core::sound::instrument::Position;
use egui::{
    Align2, CursorIcon, EventFilter, Key, PointerButton, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui,
    pos2, vec2,
};

/// Around the pad.
pub(super) const MARGIN: f32 = 12.0;
/// Height of what lies below the square: two rows of fields.
pub(super) const BELOW: f32 = 2.0 * (44.0 + 8.0) + 20.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let side = rect.width() - 2.0 * MARGIN;
    let square = Rect::from_min_size(pos2(rect.left() + MARGIN, rect.top() + 10.0), vec2(side, side));
    pad(ui, square, cx);
    let half = (side - 8.0) / 2.0;
    let cell = |row: usize, column: usize| {
        let at = vec2((half + 8.0) * column as f32, 8.0 + 52.0 * row as f32);
        Rect::from_min_size(square.left_bottom() + at, vec2(half, 44.0))
    };
    cx.field(
        ui,
        cell(0, 0),
        Knob::MorphX,
        ("Morph X", "From A (0 %) to B (100 %), or from C to D. Automate it."),
    );
    cx.field(ui, cell(0, 1), Knob::MorphY, ("Morph Y", "From A and B (0 %) down to C and D (100 %)."));
    cx.field(ui, cell(1, 0), Knob::Glide, ("Glide", "How long a note slides from the one before."));
    cx.field(ui, cell(1, 1), Knob::BendRange, ("Bend range", "How far the pitch wheel bends."));
}

fn pad(ui: &mut Ui, square: Rect, cx: &mut Cx<'_>) {
    let response = ui.interact(square, ui.scope_id().with("pad"), Sense::click_and_drag());
    name(ui, &response, Role::Slider, "Morph pad");
    focus_ring(ui, square, &response);
    // The corners of the field lie inside the frame, so that the point is whole there.
    let field = square.shrink(18.0);
    let at = |(x, y): (f32, f32)| pos2(field.left() + field.width() * x, field.top() + field.height() * y);
    let target = (cx.knob_state(Knob::MorphX).normalised, cx.knob_state(Knob::MorphY).normalised);
    moved(ui, &response, field, target, cx);

    let p = ui.painter().with_clip_rect(square);
    p.rect_filled(square, theme::RADIUS, theme::GROUND);
    p.rect_stroke(square, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    for share in [0.25, 0.5, 0.75] {
        let hair = Stroke::new(1.0, theme::fade(theme::LINE, 0.6));
        p.vline(p.round_to_pixel_center(at((share, 0.0)).x), field.y_range(), hair);
        p.hline(field.x_range(), p.round_to_pixel_center(at((0.0, share)).y), hair);
    }
    let pitches = cx.view.pitches() as f32;
    for position in Position::all() {
        let (x, y) = position.place();
        let axes = cx.view.axes;
        if (x > 0.0 && !axes.x) || (y > 0.0 && !axes.y) {
            continue;
        }
        let ready = cx.view.ready[position.index()].count_ones() as f32 / pitches;
        if ready > 0.0 {
            p.circle_filled(at((x, y)), 2.0 + 2.0 * ready, theme::fade(theme::PRIMER, 0.45 + 0.55 * ready));
        } else {
            p.circle_stroke(at((x, y)), 2.0, Stroke::new(1.0, theme::LINE_STRONG));
        }
    }
    for (slot, letter) in LETTERS.into_iter().enumerate() {
        let (x, y) = corner(slot);
        let filled = cx.view.slots[slot].is_some();
        let colour = if filled { theme::TEXT } else { theme::FAINT };
        let place = at((x, y)) + vec2(if x > 0.5 { 10.0 } else { -10.0 }, if y > 0.5 { 10.0 } else { -10.0 });
        text(&p, place, Align2::CENTER_CENTER, letter, theme::bold(theme::SMALL), colour, 16.0);
    }
    if !cx.view.axes.y {
        let words = if cx.view.axes.x { "Fill C or D to morph down" } else { "Fill two slots to morph" };
        let font = theme::font(theme::SMALL);
        text(&p, at((0.5, 0.55)), Align2::CENTER_CENTER, words, font, theme::FAINT, field.width());
    }
    let sounding = at(cx.view.point);
    if cx.view.point != target {
        p.line_segment([sounding, at(target)], Stroke::new(1.0, theme::fade(theme::ACCENT, 0.5)));
        p.circle_stroke(at(target), 8.0, Stroke::new(1.0, theme::fade(theme::ACCENT, 0.7)));
    }
    p.circle_filled(sounding, 6.5, theme::ACCENT);
    p.circle_stroke(sounding, 6.5, Stroke::new(1.5, theme::GROUND));
    response.on_hover_cursor(CursorIcon::Crosshair).on_hover_text(
        "Drag between the instruments. Filled dots are places that are rendered; the others sound like their neighbours until they are.",
    );
}

/// Drag, fine drag, double click, arrows.
fn moved(ui: &Ui, response: &egui::Response, field: Rect, now: (f32, f32), cx: &mut Cx<'_>) {
    let mut both = |x: Gesture, y: Gesture| {
        cx.out.push(Action::Move(Target::Knob(Knob::MorphX), x));
        cx.out.push(Action::Move(Target::Knob(Knob::MorphY), y));
    };
    if response.double_clicked() {
        return both(Gesture::Reset, Gesture::Reset);
    }
    let place = |at: Pos2| {
        let share = |v: f32, from: f32, size: f32| ((v - from) / size).clamp(0.0, 1.0);
        (share(at.x, field.left(), field.width()), share(at.y, field.top(), field.height()))
    };
    let set = |(x, y): (f32, f32)| (Gesture::Set(x), Gesture::Set(y));
    if response.drag_started_by(PointerButton::Primary) {
        both(Gesture::Begin, Gesture::Begin);
    }
    if response.dragged_by(PointerButton::Primary) {
        let fine = ui.input(|i| i.modifiers.command || i.modifiers.ctrl || i.modifiers.shift);
        let delta = response.drag_delta();
        let to = match response.interact_pointer_pos() {
            _ if fine => {
                let by = |now: f32, d: f32, size: f32| (now + 0.1 * d / size).clamp(0.0, 1.0);
                (by(now.0, delta.x, field.width()), by(now.1, delta.y, field.height()))
            }
            Some(at) => place(at),
            None => now,
        };
        if to != now {
            let (x, y) = set(to);
            both(x, y);
        }
    }
    if response.drag_stopped() {
        both(Gesture::End, Gesture::End);
    }
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        both(Gesture::Begin, Gesture::Begin);
        let (x, y) = set(place(at));
        both(x, y);
        both(Gesture::End, Gesture::End);
    }
    if response.has_focus() {
        let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, arrows));
        let count = |key| ui.input(|i| i.num_presses(key)) as f32 * 0.02;
        let (x, y) =
            (count(Key::ArrowRight) - count(Key::ArrowLeft), count(Key::ArrowDown) - count(Key::ArrowUp));
        if (x, y) != (0.0, 0.0) {
            both(Gesture::Begin, Gesture::Begin);
            let (x, y) = set(((now.0 + x).clamp(0.0, 1.0), (now.1 + y).clamp(0.0, 1.0)));
            both(x, y);
            both(Gesture::End, Gesture::End);
        }
    }
}
