//! Continuous parameters: what every knob, field and level does with mouse, wheel and keys, and their looks.
//!
//! One place decides the behaviour: drag, fine with Ctrl or Shift, wheel, double-click resets, click on the value
//! types it in, right-click menu, arrows when focused. GUI thread; talks to the host only through the actions of its page,
//! which are made of a parameter's name and a [`Gesture`].

use super::choice::menu_row;
use crate::gui::theme;
use crate::gui::view::{Gesture, ParamId, ParamState};
use egui::{
    Align2, CursorIcon, Event, EventFilter, Key, PointerButton, Rect, Response, Role, Sense, Stroke,
    StrokeKind, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

/// What a page calls its parameters.
pub trait Id: Copy + PartialEq + std::hash::Hash + std::fmt::Debug {}

impl<T: Copy + PartialEq + std::hash::Hash + std::fmt::Debug> Id for T {}

/// What must be remembered between frames while a control is being moved or typed into.
#[derive(Clone, Debug)]
pub struct ControlState<I = ParamId> {
    drag: Option<(I, f32)>,
    typing: Option<Typing<I>>,
}

impl<I> Default for ControlState<I> {
    fn default() -> Self {
        Self { drag: None, typing: None }
    }
}

#[derive(Clone, Debug)]
struct Typing<I> {
    id: I,
    text: String,
    focused: bool,
}

/// A parameter with its words.
pub struct Control<'a, I = ParamId> {
    /// Which parameter.
    pub id: I,
    /// Caption; also the accessible name.
    pub name: &'a str,
    /// One sentence for the tooltip.
    pub tip: &'a str,
    /// Where it stands.
    pub state: &'a ParamState,
    /// A greyed-out control shows its value and cannot be moved.
    pub enabled: bool,
}

/// A gesture that is over at once, as from a click or a wheel notch.
pub fn set<I: Id, A: From<(I, Gesture)>>(out: &mut Vec<A>, id: I, normalised: f32) {
    for g in [Gesture::Begin, Gesture::Set(normalised), Gesture::End] {
        out.push((id, g).into());
    }
}

/// Normalised position of value `index` of an enumeration with `count` values.
#[must_use]
pub fn position(index: usize, count: usize) -> f32 {
    if count < 2 { 0.0 } else { index as f32 / (count - 1) as f32 }
}

/// Index of the chosen value of a stepped parameter.
#[must_use]
pub fn index(state: &ParamState) -> usize {
    let steps = state.steps.unwrap_or_else(|| state.choices.len().saturating_sub(1));
    (state.normalised * steps as f32).round() as usize
}

fn snapped(v: f32, steps: Option<usize>) -> f32 {
    let v = v.clamp(0.0, 1.0);
    match steps {
        Some(n) if n > 0 => (v * n as f32).round() / n as f32,
        _ => v,
    }
}

/// Everything but the looks. `value` is the part of `rect` that a click opens for typing.
fn behave<I: Id, A: From<(I, Gesture)>>(
    ui: &mut Ui,
    rect: Rect,
    value: Rect,
    c: &Control<'_, I>,
    s: &mut ControlState<I>,
    out: &mut Vec<A>,
) -> Response {
    let id = ui.scope_id().with(("control", c.id));
    let sense = if c.enabled { Sense::click_and_drag() } else { Sense::hover() };
    let response = ui.interact(rect, id, sense);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::SpinButton, c.enabled, c.name);
        info.value = Some(f64::from(c.state.normalised));
        info.current_text_value = Some(c.state.text.clone());
        info
    });
    super::focus_ring(ui, rect, &response);
    if !c.enabled {
        return response.on_hover_text(c.tip);
    }
    let mut push = |g| out.push((c.id, g).into());

    // Drag: the unsnapped position is kept here, so that a stepped parameter needs no minimum speed.
    if response.drag_started_by(PointerButton::Primary) {
        s.drag = Some((c.id, c.state.normalised));
        s.typing = None;
        push(Gesture::Begin);
    }
    if let Some((drag, v)) = &mut s.drag
        && *drag == c.id
    {
        let fine = ui.input(|i| i.modifiers.command || i.modifiers.ctrl || i.modifiers.shift);
        let travel = c.state.steps.map_or(180.0, |n| (n as f32 * 7.0).clamp(90.0, 260.0));
        let d = response.drag_delta();
        let before = snapped(*v, c.state.steps);
        *v = (*v + (d.x - d.y) / travel * if fine { 0.1 } else { 1.0 }).clamp(0.0, 1.0);
        let after = snapped(*v, c.state.steps);
        if after != before {
            push(Gesture::Set(after));
        }
        if response.drag_stopped() || !ui.input(|i| i.pointer.primary_down()) {
            s.drag = None;
            push(Gesture::End);
        }
    }

    // The first click of a double click may already have opened the text field.
    let doubled = response.double_clicked()
        || (s.typing.as_ref().is_some_and(|t| t.id == c.id)
            && ui.input(|i| {
                i.pointer.button_double_clicked(PointerButton::Primary)
                    && i.pointer.interact_pos().is_some_and(|p| rect.contains(p))
            }));
    if doubled {
        s.typing = None;
        push(Gesture::Reset);
    } else if response.clicked() && response.interact_pointer_pos().is_none_or(|p| value.contains(p)) {
        s.typing = Some(Typing { id: c.id, text: c.state.text.clone(), focused: false });
    }

    if let Some(step) = nudge(ui, &response, id, c.state.steps) {
        let v = snapped(c.state.normalised + step, c.state.steps);
        if v != c.state.normalised {
            set(out, c.id, v);
        }
    }

    response.context_menu(|ui| {
        ui.set_width(160.0);
        if menu_row(ui, "Copy value", "", false, true) {
            ui.ctx().copy_text(c.state.text.clone());
            ui.close();
        }
        if menu_row(ui, "Type a value…", "", false, true) {
            s.typing = Some(Typing { id: c.id, text: c.state.text.clone(), focused: false });
            ui.close();
        }
        if menu_row(ui, "Reset", "", false, true) {
            out.push((c.id, Gesture::Reset).into());
            ui.close();
        }
    });
    let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
    if s.typing.as_ref().is_some_and(|t| t.id == c.id) { response } else { response.on_hover_text(c.tip) }
}

/// Movement by wheel notches or arrow keys, as a difference of the normalised position.
fn nudge(ui: &Ui, response: &Response, id: egui::Id, steps: Option<usize>) -> Option<f32> {
    let fine = ui.input(|i| i.modifiers.command || i.modifiers.ctrl || i.modifiers.shift);
    let unit = match steps {
        Some(n) if n > 0 => 1.0 / n as f32,
        _ if fine => 0.002,
        _ => 0.02,
    };
    let mut moved = 0.0;
    if response.hovered() {
        ui.input(|i| {
            for e in &i.events {
                if let Event::MouseWheel { delta, .. } = e {
                    let d = if delta.y == 0.0 { delta.x } else { delta.y };
                    moved += if d == 0.0 { 0.0 } else { d.signum() };
                }
            }
        });
    }
    if response.has_focus() {
        let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|m| m.set_focus_lock_filter(id, arrows));
        ui.input(|i| {
            let n = |k| i.num_presses(k) as f32;
            moved += n(Key::ArrowUp) + n(Key::ArrowRight) - n(Key::ArrowDown) - n(Key::ArrowLeft);
        });
    }
    (moved != 0.0).then_some(moved * unit)
}

/// The value as text, or the field to type it.
fn readout<I: Id, A: From<(I, Gesture)>>(
    ui: &mut Ui,
    rect: Rect,
    align: Align2,
    c: &Control<'_, I>,
    s: &mut ControlState<I>,
    out: &mut Vec<A>,
    font: egui::FontId,
) {
    let Some(typing) = s.typing.as_mut().filter(|t| t.id == c.id) else {
        let colour = if c.enabled { theme::TEXT } else { theme::FAINT };
        let pos = align.pos_in_rect(&rect);
        super::text(ui.painter(), pos, align, &c.state.text, font, colour, rect.width());
        return;
    };
    let id = ui.scope_id().with(("typing", c.id));
    let edit = TextEdit::singleline(&mut typing.text)
        .id(id)
        .font(theme::font(theme::BODY))
        .margin(egui::Margin::symmetric(4, 2))
        .desired_width(rect.width());
    let response = ui.put(rect.expand2(vec2(4.0, 2.0)), edit);
    if !typing.focused {
        typing.focused = true;
        response.request_focus();
        select_all(ui, id, &typing.text);
    } else if response.lost_focus() || !response.has_focus() {
        let cancelled = ui.input(|i| i.key_pressed(Key::Escape));
        if !cancelled && typing.text != c.state.text {
            out.push((c.id, Gesture::Text(typing.text.trim().to_owned())).into());
        }
        s.typing = None;
    }
}

/// Selects the whole text, so that typing replaces it.
pub(in crate::gui) fn select_all(ui: &Ui, id: egui::Id, text: &str) {
    let mut state = egui::text_edit::TextEditState::load(ui.ctx(), id).unwrap_or_default();
    let all = egui::text::CCursorRange::two(
        egui::text::CCursor::new(0),
        egui::text::CCursor::new(text.chars().count()),
    );
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), id);
}

/// A dial with the value beside it, under a caption.
pub fn knob<I: Id, A: From<(I, Gesture)>>(
    ui: &mut Ui,
    rect: Rect,
    c: &Control<'_, I>,
    s: &mut ControlState<I>,
    out: &mut Vec<A>,
) -> Response {
    super::caption(ui.painter(), rect.left_top(), c.name, rect.width());
    let body = Rect::from_min_size(rect.left_top() + vec2(0.0, 16.0), vec2(rect.width(), theme::CONTROL));
    let dial = Rect::from_min_size(body.min, vec2(theme::CONTROL, theme::CONTROL));
    let value = Rect::from_min_max(pos2(dial.right() + 8.0, body.top() + 4.0), body.max - vec2(0.0, 4.0));
    let response = behave(ui, body, value, c, s, out);

    let p = ui.painter();
    let (centre, r) = (dial.center(), dial.width() / 2.0 - 2.0);
    let angle = |v: f32| (135.0 + 270.0 * v).to_radians();
    let arc = |from: f32, to: f32| -> Vec<egui::Pos2> {
        let n = ((to - from).abs() * 40.0).ceil().max(1.0) as usize;
        (0..=n)
            .map(|i| angle(from + (to - from) * i as f32 / n as f32))
            .map(|a| centre + r * vec2(a.cos(), a.sin()))
            .collect()
    };
    let lit = match () {
        () if !c.enabled => theme::LINE_STRONG,
        () if response.hovered() || response.dragged() => theme::ACCENT_HOVER,
        () => theme::ACCENT,
    };
    p.circle_filled(centre, r - 3.5, if response.hovered() { theme::HOVER } else { theme::RAISED });
    p.line(arc(0.0, 1.0), Stroke::new(3.0, theme::LINE));
    p.line(arc(0.0, c.state.normalised.clamp(0.0, 1.0)), Stroke::new(3.0, lit));
    let a = angle(c.state.normalised);
    let dir = vec2(a.cos(), a.sin());
    p.line_segment([centre + dir * (r - 9.0), centre + dir * (r - 4.5)], Stroke::new(2.0, theme::TEXT));
    let d = angle(c.state.default);
    let d = vec2(d.cos(), d.sin());
    p.line_segment([centre + d * (r + 1.0), centre + d * (r + 3.0)], Stroke::new(1.0, theme::DIM));
    readout(ui, value, Align2::LEFT_CENTER, c, s, out, theme::font(theme::BODY));
    response
}

/// A number in a box with its position as a line at the foot, under a caption.
pub fn field<I: Id, A: From<(I, Gesture)>>(
    ui: &mut Ui,
    rect: Rect,
    c: &Control<'_, I>,
    s: &mut ControlState<I>,
    out: &mut Vec<A>,
) -> Response {
    super::caption(ui.painter(), rect.left_top(), c.name, rect.width());
    let body = Rect::from_min_size(rect.left_top() + vec2(0.0, 16.0), vec2(rect.width(), theme::CONTROL));
    let response = behave(ui, body, body, c, s, out);
    let p = ui.painter();
    p.rect_filled(body, theme::RADIUS, super::button::fill(&response, c.enabled));
    p.rect_stroke(body, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    if c.enabled {
        let x0 = body.left() + 6.0;
        let x1 = x0 + (body.width() - 12.0) * c.state.normalised.clamp(0.0, 1.0);
        let y = body.bottom() - 3.0;
        p.hline(x0..=body.right() - 6.0, y, Stroke::new(2.0, theme::LINE));
        p.hline(x0..=x1, y, Stroke::new(2.0, theme::fade(theme::ACCENT, 0.8)));
    }
    let value = Rect::from_min_max(body.min + vec2(8.0, 2.0), body.max - vec2(8.0, 5.0));
    readout(ui, value, Align2::LEFT_CENTER, c, s, out, theme::font(theme::BODY));
    response
}

/// An upright bar with a short label at its foot, for rows of weights.
pub fn bar<I: Id, A: From<(I, Gesture)>>(
    ui: &mut Ui,
    rect: Rect,
    label: &str,
    c: &Control<'_, I>,
    s: &mut ControlState<I>,
    out: &mut Vec<A>,
) -> Response {
    let (track, foot) = rect.split_top_bottom_at_y(rect.bottom() - 16.0);
    let response = behave(ui, rect, foot, c, s, out);
    let p = ui.painter();
    p.rect_filled(track, 3.0, super::button::fill(&response, c.enabled));
    let height = track.height() * c.state.normalised.clamp(0.0, 1.0);
    let full = Rect::from_min_max(pos2(track.left(), track.bottom() - height), track.max);
    let strength = if c.state.normalised == c.state.default { 0.45 } else { 0.9 };
    p.rect_filled(full, 3.0, theme::fade(theme::ACCENT, strength));
    p.hline(
        track.x_range(),
        track.bottom() - track.height() * c.state.default.clamp(0.0, 1.0),
        Stroke::new(1.0, theme::DIM),
    );
    if s.typing.as_ref().is_some_and(|t| t.id == c.id) {
        readout(
            ui,
            foot.expand2(vec2(10.0, 0.0)),
            Align2::CENTER_CENTER,
            c,
            s,
            out,
            theme::font(theme::SMALL),
        );
    } else {
        let font = theme::font(theme::SMALL);
        super::text(p, foot.center(), Align2::CENTER_CENTER, label, font, theme::DIM, rect.width() + 4.0);
    }
    response
}

/// A fader of lit bars, for loudness. Where there is no room for the value, it takes the caption's place while moved.
pub fn level<I: Id, A: From<(I, Gesture)>>(
    ui: &mut Ui,
    rect: Rect,
    c: &Control<'_, I>,
    s: &mut ControlState<I>,
    out: &mut Vec<A>,
) -> Response {
    let body = Rect::from_min_size(rect.left_top() + vec2(0.0, 16.0), vec2(rect.width(), theme::CONTROL));
    let roomy = body.width() >= 100.0;
    let value = Rect::from_min_max(pos2(body.right() - 56.0, body.top() + 4.0), body.max - vec2(0.0, 4.0));
    let response = behave(ui, body, if roomy { value } else { Rect::NOTHING }, c, s, out);
    let told = !roomy && (response.hovered() || response.dragged());
    super::caption(ui.painter(), rect.left_top(), if told { &c.state.text } else { c.name }, rect.width());
    let p = ui.painter();
    let right = if roomy { value.left() - 8.0 } else { body.right() };
    let bars = Rect::from_min_max(body.min + vec2(0.0, 4.0), pos2(right, body.bottom() - 4.0));
    let n = ((bars.width() + 2.0) / 6.0).floor().max(1.0) as usize;
    for i in 0..n {
        let on = (i as f32 + 0.5) / n as f32 <= c.state.normalised;
        let h = bars.height() * (0.35 + 0.65 * i as f32 / n as f32);
        let x = bars.left() + 6.0 * i as f32;
        let bar = Rect::from_min_max(pos2(x, bars.bottom() - h), pos2(x + 4.0, bars.bottom()));
        p.rect_filled(bar, 1.0, if on { theme::ACCENT } else { theme::LINE });
    }
    if roomy || s.typing.as_ref().is_some_and(|t| t.id == c.id) {
        readout(
            ui,
            if roomy { value } else { body },
            Align2::RIGHT_CENTER,
            c,
            s,
            out,
            theme::font(theme::BODY),
        );
    }
    response
}
