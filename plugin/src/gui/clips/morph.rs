//! The morph under the roll: A, the way from A to B with a tick for every clip that is decoded, and B. GUI thread.

use super::Cx;
use super::slot::{self, Slot};
use crate::gui::theme;
use crate::gui::view::{Action, Gesture, ParamId, Place};
use crate::gui::widgets::{button, caption, control, control::Control, icons::Icon, name, text, thumb};
use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Height of the strip.
pub(super) const HEIGHT: f32 = 84.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let inner = rect.shrink2(vec2(8.0, 6.0));
    let width = (inner.width() * 0.2).clamp(64.0, 128.0);
    let (left, right) = (inner.with_max_x(inner.left() + width), inner.with_min_x(inner.right() - width));
    ends(ui, left, right, cx);
    let centre = Rect::from_x_y_ranges(left.right() + 10.0..=right.left() - 10.0, inner.y_range());
    let row = Rect::from_center_size(centre.center(), vec2(centre.width(), 60.0));
    let on = cx.param(ParamId::MorphPlays).normalised >= 0.5;
    let play = Rect::from_min_size(row.min + vec2(0.0, 16.0), vec2(theme::CONTROL, theme::CONTROL));
    let tip = "Play the clip at the morph's place instead of a take. Automation of Morph is heard while this is on.";
    if button::toggle(ui, play, if on { Icon::Stop } else { Icon::Play }, "Play the morph", tip, on).clicked()
    {
        control::set(cx.out, ParamId::MorphPlays, if on { 0.0 } else { 1.0 });
    }
    let state = cx.param(ParamId::Morph).clone();
    let tip = "Where between A (0 %) and B (100 %). Automate it: clips change at the swap point.";
    let c = Control { id: ParamId::Morph, name: "Morph", tip, state: &state, enabled: true };
    let field = Rect::from_min_size(pos2(play.right() + 6.0, row.top()), vec2(62.0, 44.0));
    control::field(ui, field, &c, &mut cx.state.controls, cx.out);
    bar(ui, row.with_min_x(field.right() + 8.0), state.normalised, on, cx);
}

/// The two clips.
fn ends(ui: &Ui, left: Rect, right: Rect, cx: &mut Cx<'_>) {
    let below = |r: Rect| r.with_min_y(r.top() + 16.0);
    let view = cx.view;
    caption(ui.painter(), left.left_top(), "A", left.width());
    let a = Slot {
        name: "Clip A",
        empty: "take → A",
        tip: "The primer. While it is empty, a click puts the shown take here. Key A.",
        clip: view.primer.as_ref().map(|p| &*p.clip),
        fill: view.shown.map(Action::UseAsPrimer),
        clear: Action::ClearPrimer,
    };
    if slot::show(ui, below(left), a, cx) {
        cx.state.primer_in_roll = !cx.state.primer_in_roll;
    }
    caption(ui.painter(), right.left_top(), "B", right.width());
    let b = Slot {
        name: "Clip B",
        empty: "take → B",
        tip: "The other end. A click on the empty place puts the shown take here. Key B.",
        clip: view.other.as_deref(),
        fill: view.shown.map(|id| Action::Put(Place::B, id)),
        clear: Action::Empty(Place::B),
    };
    slot::show(ui, below(right), b, cx);
}

/// The bar: ticks at the decoded places, the clip at the morph's place, and where that is.
fn bar(ui: &Ui, rect: Rect, place: f32, on: bool, cx: &mut Cx<'_>) {
    let morph = &cx.view.morph;
    let words = match morph {
        m if m.busy => "decoding…".to_owned(),
        m if m.problem.is_some() => m.problem.clone().unwrap_or_default(),
        m if m.places.is_empty() => "needs A and B".to_owned(),
        m => format!("{} clips ready", m.places.len()),
    };
    caption(ui.painter(), rect.left_top(), &words, rect.width());
    let track = Rect::from_min_max(rect.min + vec2(0.0, 16.0), rect.max);
    let enabled = !morph.places.is_empty();
    let sense = if enabled { Sense::click_and_drag() } else { Sense::hover() };
    let response = ui.interact(track, ui.scope_id().with("morph bar"), sense);
    name(ui, &response, Role::Slider, &format!("From A to B: {words}"));
    let p = ui.painter();
    match &morph.clip {
        Some(clip) => thumb::paint(p, track, clip, 0, if on { 1.0 } else { 0.6 }),
        None => {
            p.rect_filled(track, 4.0, theme::GROUND);
        }
    }
    p.rect_stroke(track, 4.0, theme::hairline(), StrokeKind::Inside);
    let x = |share: f32| track.left() + 3.0 + (track.width() - 6.0) * share;
    for &tick in &morph.places {
        p.vline(x(tick), track.bottom() - 7.0..=track.bottom() - 2.0, Stroke::new(1.0, theme::DIM));
    }
    if enabled {
        let colour = if on { theme::ACCENT } else { theme::DIM };
        p.vline(x(place), track.y_range(), Stroke::new(2.0, colour));
        p.circle_filled(pos2(x(place), track.bottom() - 5.0), 4.0, colour);
        drag(&response, track, on, cx);
    } else {
        let font = theme::font(theme::SMALL);
        let tip = "put two clips into A and B";
        text(p, track.center(), Align2::CENTER_CENTER, tip, font, theme::FAINT, track.width() - 8.0);
    }
    response.on_hover_text("Drag: from A to B through the clips between. They sound at the swap point.");
}

/// The pointer sets the place; that is heard, so the morph begins to play.
fn drag(response: &egui::Response, track: Rect, on: bool, cx: &mut Cx<'_>) {
    let place = response
        .interact_pointer_pos()
        .map(|pos| ((pos.x - track.left() - 3.0) / (track.width() - 6.0)).clamp(0.0, 1.0));
    let mut push = |gesture| cx.out.push(Action::Param(ParamId::Morph, gesture));
    if response.drag_started() {
        push(Gesture::Begin);
    }
    if let Some(place) = place.filter(|_| response.dragged()) {
        push(Gesture::Set(place));
    }
    if response.drag_stopped() {
        push(Gesture::End);
    }
    let clicked = response.clicked();
    if let Some(place) = place.filter(|_| clicked) {
        control::set(cx.out, ParamId::Morph, place);
    }
    if !on && (clicked || response.drag_started()) {
        control::set(cx.out, ParamId::MorphPlays, 1.0);
    }
}
