//! How a note comes and goes: a graph whose corners can be drawn, and its numbers. GUI thread.
use super::Cx;
use super::view::{Action, Knob, Target};
use crate::gui::theme;
use crate::gui::view::Gesture;
use crate::gui::widgets::name;
use egui::{CursorIcon, PointerButton, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

const GRAPH: f32 = 54.0;
/// Height of all.
pub(super) const HEIGHT: f32 = GRAPH + 8.0 + 44.0;
/// Parts of the width: longest attack, decay and release, and what is held.
const STAGE: f32 = 0.28;
const HELD: f32 = 0.16;
/// Room for the handles.
const EDGE: f32 = 7.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    graph(ui, rect.with_max_y(rect.top() + GRAPH), cx);
    let fields = [
        (Knob::Attack, "Attack", "How long a note takes to come."),
        (Knob::Decay, "Decay", "How long it takes from there down to what is held."),
        (Knob::Sustain, "Sustain", "How loud it is held."),
        (Knob::Release, "Release", "How long it sounds on after the key is let go."),
        (Knob::Velocity, "Velocity", "How much softer keys are quieter."),
    ];
    let width = (rect.width() - 8.0 * 4.0) / 5.0;
    for (i, (knob, title, tip)) in fields.into_iter().enumerate() {
        let left = pos2(rect.left() + (width + 8.0) * i as f32, rect.bottom() - 44.0);
        cx.field(ui, Rect::from_min_size(left, vec2(width, 44.0)), knob, (title, tip));
    }
}

fn graph(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let p = ui.painter();
    p.rect_filled(rect, theme::RADIUS, theme::GROUND);
    p.rect_stroke(rect, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    let field = rect.shrink(EDGE);
    let value = |knob| cx.knob_state(knob).normalised.clamp(0.0, 1.0);
    let stage = STAGE * field.width();
    let level = |share: f32| field.bottom() - field.height() * share;
    let begin = field.left_bottom();
    let top = pos2(begin.x + stage * value(Knob::Attack), field.top());
    let held = pos2(top.x + stage * value(Knob::Decay), level(value(Knob::Sustain)));
    let let_go = held + vec2(HELD * field.width(), 0.0);
    let end = pos2(let_go.x + stage * value(Knob::Release), field.bottom());
    let line = vec![begin, top, held, let_go, end];
    // Under the line, part by part: as a whole it is not convex.
    for pair in line.windows(2) {
        let foot = |at: Pos2| pos2(at.x, field.bottom());
        let part = vec![pair[0], pair[1], foot(pair[1]), foot(pair[0])];
        p.add(Shape::convex_polygon(part, theme::fade(theme::ACCENT, 0.12), Stroke::NONE));
    }
    p.line(line, Stroke::new(1.5, theme::ACCENT));

    let share = |x: f32, from: f32| ((x - from) / stage).clamp(0.0, 1.0);
    let up = |at: Pos2| ((field.bottom() - at.y) / field.height()).clamp(0.0, 1.0);
    let (from_top, from_let_go) = (top.x, let_go.x);
    handle(ui, top, "Attack handle", cx, &|at| vec![(Knob::Attack, share(at.x, begin.x))]);
    handle(ui, held, "Decay and sustain handle", cx, &|at| {
        vec![(Knob::Decay, share(at.x, from_top)), (Knob::Sustain, up(at))]
    });
    handle(ui, end, "Release handle", cx, &|at| vec![(Knob::Release, share(at.x, from_let_go))]);
}

/// A corner that can be dragged; `to` says what a place means. A double click resets.
fn handle(ui: &Ui, at: Pos2, title: &str, cx: &mut Cx<'_>, to: &dyn Fn(Pos2) -> Vec<(Knob, f32)>) {
    let area = Rect::from_center_size(at, vec2(18.0, 18.0));
    let response = ui.interact(area, ui.scope_id().with(title), Sense::click_and_drag());
    name(ui, &response, Role::Slider, title);
    let lit = response.hovered() || response.dragged();
    let p = ui.painter();
    p.circle_filled(at, if lit { 5.5 } else { 4.0 }, if lit { theme::ACCENT_HOVER } else { theme::ACCENT });
    p.circle_stroke(at, if lit { 5.5 } else { 4.0 }, Stroke::new(1.5, theme::GROUND));
    let knobs = |place: Pos2| to(place).into_iter();
    let mut push = |knob, gesture| cx.out.push(Action::Move(Target::Knob(knob), gesture));
    if response.double_clicked() {
        knobs(at).for_each(|(knob, _)| push(knob, Gesture::Reset));
    }
    if response.drag_started_by(PointerButton::Primary) {
        knobs(at).for_each(|(knob, _)| push(knob, Gesture::Begin));
    }
    if response.dragged_by(PointerButton::Primary)
        && response.drag_delta() != egui::Vec2::ZERO
        && let Some(place) = response.interact_pointer_pos()
    {
        knobs(place).for_each(|(knob, value)| push(knob, Gesture::Set(value)));
    }
    if response.drag_stopped() {
        knobs(at).for_each(|(knob, _)| push(knob, Gesture::End));
    }
    response.on_hover_cursor(CursorIcon::Grab);
}
