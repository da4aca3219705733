//! Slots A to D: what is in each, how much of it is ready, another one, away with it. GUI thread.
use super::Cx;
use super::view::{Action, View};
use crate::gui::theme;
use crate::gui::widgets::{button, icons, icons::Icon, name, text};
use egui::{Align2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

/// Names of the slots.
pub(super) const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

/// Place of a slot's corner on the pad, 0..=1 each.
pub(super) fn corner(slot: usize) -> (f32, f32) {
    ((slot % 2) as f32, (slot / 2) as f32)
}

/// Pitches of a slot that are ready, as bits.
fn ready(view: &View, slot: usize) -> u128 {
    let (x, y) = corner(slot);
    let at = view.axes.corners(x, y)[0].0.index();
    view.ready.get(at).copied().unwrap_or(0)
}

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let inner = rect.shrink2(vec2(8.0, 8.0));
    let height = ((inner.height() - 24.0) / 4.0).min(84.0);
    for (slot, letter) in LETTERS.into_iter().enumerate() {
        let top = inner.top() + (height + 8.0) * slot as f32;
        let card = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), height));
        match cx.view.slots[slot].is_some() {
            true => filled(ui, card, slot, letter, cx),
            false => empty(ui, card, slot, letter, cx),
        }
    }
}

fn filled(ui: &mut Ui, card: Rect, slot: usize, letter: &str, cx: &mut Cx<'_>) {
    let Some(instrument) = cx.view.slots[slot].clone() else { return };
    let response = ui.interact(card, ui.scope_id().with(("slot", letter)), Sense::click());
    name(ui, &response, Role::Button, &format!("Slot {letter}: {}", instrument.name));
    let nearest = cx.view.nearest == slot;
    let p = ui.painter();
    p.rect_filled(card, theme::RADIUS, if response.hovered() { theme::HOVER } else { theme::RAISED });
    let edge = if nearest { Stroke::new(1.5, theme::ACCENT) } else { theme::hairline() };
    p.rect_stroke(card, theme::RADIUS, edge, StrokeKind::Inside);
    badge(ui, card, letter, nearest);
    let p = ui.painter();
    let left = card.left() + 38.0;
    let y = card.top() + 17.0;
    let star = if instrument.starred { 18.0 } else { 0.0 };
    let words = text(
        p,
        pos2(left, y),
        Align2::LEFT_CENTER,
        &instrument.name,
        theme::bold(theme::BODY),
        theme::TEXT,
        card.right() - left - 8.0 - star,
    );
    if instrument.starred {
        let at = Rect::from_center_size(pos2(words.right() + 11.0, y), vec2(16.0, 16.0));
        icons::paint(p, Icon::Starred, at, theme::ACCENT);
    }
    let (ready, all) = (ready(cx.view, slot).count_ones(), cx.view.pitches());
    let bar =
        Rect::from_min_size(pos2(left, card.bottom() - 14.0), vec2((card.width() - 108.0).max(24.0), 4.0));
    p.rect_filled(bar, 2.0, theme::LINE);
    let lit = bar.with_max_x(bar.left() + bar.width() * ready as f32 / all.max(1) as f32);
    p.rect_filled(lit, 2.0, if ready >= all { theme::GOOD } else { theme::ACCENT });
    let note = if ready >= all { "all ready".to_owned() } else { format!("{ready} ready") };
    let font = theme::font(theme::SMALL);
    text(p, pos2(left, bar.top() - 3.0), Align2::LEFT_BOTTOM, &note, font, theme::DIM, bar.width() + 20.0);
    if response
        .on_hover_text(format!("Hear {} alone: the morph goes to its corner. Key {letter}.", instrument.name))
        .clicked()
    {
        cx.out.push(Action::Hear(slot));
    }
    let close = Rect::from_min_size(pos2(card.right() - 30.0, card.bottom() - 28.0), vec2(24.0, 24.0));
    let dice = close.translate(vec2(-26.0, 0.0));
    if button::icon(ui, dice, Icon::Dice, &format!("Random {letter}"), "A random instrument here.", true)
        .clicked()
    {
        cx.out.push(Action::Random(slot));
    }
    if button::icon(ui, close, Icon::Close, &format!("Empty {letter}"), "Take the instrument out.", true)
        .clicked()
    {
        cx.out.push(Action::Clear(slot));
    }
}

fn badge(ui: &Ui, card: Rect, letter: &str, lit: bool) {
    let p = ui.painter();
    let badge = Rect::from_min_size(card.min + vec2(8.0, 6.0), vec2(22.0, 22.0));
    let (fill, ink) = if lit { (theme::ACCENT, theme::ON_ACCENT) } else { (theme::GROUND, theme::DIM) };
    p.rect_filled(badge, 4.0, fill);
    text(p, badge.center(), Align2::CENTER_CENTER, letter, theme::bold(theme::BODY), ink, 20.0);
}

fn empty(ui: &Ui, card: Rect, slot: usize, letter: &str, cx: &mut Cx<'_>) {
    let response = ui.interact(card, ui.scope_id().with(("slot", letter)), Sense::click());
    name(ui, &response, Role::Button, &format!("Slot {letter}: empty"));
    let edge = Stroke::new(1.0, if response.hovered() { theme::ACCENT } else { theme::LINE_STRONG });
    let corners =
        [card.left_top(), card.right_top(), card.right_bottom(), card.left_bottom(), card.left_top()];
    ui.painter().extend(Shape::dashed_line(&corners, edge, 4.0, 4.0));
    badge(ui, card, letter, false);
    let p = ui.painter();
    let font = theme::font(theme::SMALL);
    let words = "Click for a random one";
    let at = pos2(card.left() + 38.0, card.top() + 17.0);
    text(p, at, Align2::LEFT_CENTER, words, font, theme::DIM, card.width() - 46.0);
    if response
        .on_hover_text("Empty. A click puts a random instrument here, and the morph leads to it.")
        .clicked()
    {
        cx.out.push(Action::Random(slot));
    }
}
