//! The keyboard: which notes are ready, which is being rendered, which sound; played with the mouse. GUI thread.
use super::Cx;
use super::view::{Action, View};
use crate::gui::theme;
use crate::gui::widgets::{name, text};
use descant_core::music::pitch_name;
use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Height for a window of this height.
pub(super) fn height(window: f32) -> f32 {
    (0.13 * window).clamp(60.0, 110.0)
}

/// Whether a key is black.
fn is_black(pitch: u8) -> bool {
    matches!(pitch % 12, 1 | 3 | 6 | 8 | 10)
}

/// White keys below a pitch, counted from MIDI 0.
fn whites_below(pitch: u8) -> u32 {
    let of_octave = [0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6][usize::from(pitch % 12)];
    7 * u32::from(pitch / 12) + of_octave
}

/// Where a key is.
fn key(area: Rect, (low, high): (u8, u8), pitch: u8) -> Rect {
    let count = whites_below(high) + u32::from(!is_black(high)) - whites_below(low);
    let width = area.width() / count.max(1) as f32;
    let left = area.left() + width * (whites_below(pitch) - whites_below(low)) as f32;
    if is_black(pitch) {
        Rect::from_min_size(pos2(left - 0.3 * width, area.top()), vec2(0.6 * width, 0.6 * area.height()))
    } else {
        Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height()))
    }
}

/// The key at a place, and how hard it is struck: the lower, the harder.
fn struck(area: Rect, range: (u8, u8), at: Pos2) -> Option<(u8, f32)> {
    let hit =
        |black: bool| (range.0..=range.1).find(|&p| is_black(p) == black && key(area, range, p).contains(at));
    let pitch = hit(true).or_else(|| hit(false))?;
    let rect = key(area, range, pitch);
    Some((pitch, 0.35 + 0.65 * ((at.y - rect.top()) / rect.height()).clamp(0.0, 1.0)))
}

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let area = rect.shrink2(vec2(12.0, 6.0));
    let range = cx.view.range;
    let response = ui.interact(area, ui.scope_id().with("keys"), Sense::click_and_drag());
    name(ui, &response, Role::Group, "Keyboard");
    let down = response.is_pointer_button_down_on();
    let at = down.then(|| ui.input(|i| i.pointer.interact_pos())).flatten();
    let now = at.and_then(|at| struck(area, range, at));
    if now.map(|n| n.0) != cx.state.key {
        if let Some(key) = cx.state.key.take() {
            cx.out.push(Action::Key { key, velocity: 0.0 });
        }
        if let Some((key, velocity)) = now {
            cx.out.push(Action::Key { key, velocity });
            cx.state.key = Some(key);
        }
    }
    for black in [false, true] {
        for pitch in (range.0..=range.1).filter(|&p| is_black(p) == black) {
            paint(ui, key(area, range, pitch), pitch, cx.view);
        }
    }
    if let Some((pitch, _)) = response.hover_pos().and_then(|at| struck(area, range, at)) {
        let words = match state(cx.view, pitch) {
            State::Ready => "ready",
            State::Rendering => "being rendered: sounds repitched until then",
            State::Repitched => "sounds repitched from the nearest note that is ready",
            State::Waiting => "not rendered yet: sounds repitched",
        };
        response.on_hover_text(format!("{} ({pitch}): {words}.", pitch_name(pitch)));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Rendering,
    /// It sounds, and is not ready.
    Repitched,
    Waiting,
}

fn state(view: &View, pitch: u8) -> State {
    let bit = |bits: u128| bits >> pitch & 1 == 1;
    match () {
        () if bit(view.here()) => State::Ready,
        () if view.rendering == Some((view.place, pitch)) => State::Rendering,
        () if bit(view.held) => State::Repitched,
        () => State::Waiting,
    }
}

fn paint(ui: &Ui, rect: Rect, pitch: u8, view: &View) {
    let p = ui.painter();
    let (black, state) = (is_black(pitch), state(view, pitch));
    let sounds = view.held >> pitch & 1 == 1;
    let ready = state == State::Ready;
    let fill = match (sounds && ready, ready, black) {
        (true, ..) => theme::ACCENT,
        (_, true, false) => Color32::from_rgb(0xC9, 0xCE, 0xD6),
        (_, false, false) => Color32::from_rgb(0x4A, 0x52, 0x5E),
        (_, true, true) => Color32::from_rgb(0x2A, 0x30, 0x39),
        (_, false, true) => theme::GROUND,
    };
    let body = rect.shrink2(vec2(0.75, 0.0));
    let corners = egui::CornerRadius { nw: 0, ne: 0, sw: 3, se: 3 };
    p.rect_filled(body, corners, fill);
    p.rect_stroke(body, corners, Stroke::new(1.0, theme::GROUND), StrokeKind::Inside);
    let mark = pos2(rect.center().x, rect.bottom() - 7.0);
    match state {
        // A dot says ready, whatever the colours.
        State::Ready => {
            let ink = if black { theme::PRIMER } else { Color32::from_rgb(0x2F, 0x6F, 0xB0) };
            p.circle_filled(mark, 2.0, if sounds { theme::ON_ACCENT } else { ink });
        }
        State::Rendering => {
            p.circle_stroke(mark, 2.5, Stroke::new(1.2, theme::ACCENT));
        }
        State::Repitched | State::Waiting => {}
    }
    if sounds && !ready {
        p.rect_stroke(body, corners, Stroke::new(2.0, theme::ACCENT), StrokeKind::Inside);
    }
    if pitch.is_multiple_of(12) && rect.width() >= 16.0 {
        let ink = if fill == theme::ACCENT || ready { theme::ON_ACCENT } else { theme::TEXT };
        let font = theme::font(theme::SMALL);
        text(
            p,
            mark - vec2(0.0, 7.0),
            Align2::CENTER_BOTTOM,
            &pitch_name(pitch),
            font,
            ink,
            rect.width() + 6.0,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_struck_where_it_is() {
        let area = Rect::from_min_size(pos2(12.0, 400.0), vec2(876.0, 60.0));
        let range = (24, 84);
        for pitch in range.0..=range.1 {
            let rect = key(area, range, pitch);
            let low = pos2(rect.center().x, rect.bottom() - 1.0);
            assert_eq!(struck(area, range, low).map(|s| s.0), Some(pitch), "{pitch}");
        }
        let first = key(area, range, 24);
        assert!((first.left() - 12.0).abs() < 1e-3 && (key(area, range, 84).right() - 888.0).abs() < 1e-2);
        assert!((first.width() - 876.0 / 36.0).abs() < 1e-3, "36 white keys");
        let hard = |y: f32| struck(area, range, pos2(first.left() + 2.0, y)).expect("a key").1;
        assert!(hard(458.0) > 0.95 && hard(402.0) < 0.4);
        assert_eq!(struck(area, range, pos2(5.0, 430.0)), None);
    }
}
