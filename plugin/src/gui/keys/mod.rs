//! The page of Descant Keys: layout, keyboard shortcuts, dropped files. Runs on the host's GUI thread.
//!
//! [`show`] draws a [`View`] and returns what the musician did. It never waits, and never touches the host, the worker or
//! files.
mod along;
mod envelope;
mod header;
mod keyboard;
mod pad;
mod picture;
mod slots;
mod tone;
pub mod view;

use super::clips::about;
use super::theme;
use super::view::ParamState;
use super::widgets::control::{self, Control, ControlState};
use super::widgets::{Command, command, dropped_files, leave_space_to_the_host, region, status};
use egui::{Key, Modifiers, Rect, Ui, pos2};
use std::time::Duration;
use view::{Action, Knob, Target, View};

/// Smallest window that shows everything.
pub const MIN_SIZE: (u32, u32) = (860, 520);
/// Window size at 100 %.
pub const DEFAULT_SIZE: (u32, u32) = (900, 560);

const HEADER: f32 = 44.0;
const STATUS: f32 = 24.0;

/// What a window remembers between frames and may forget when it closes.
#[derive(Clone, Default)]
pub struct UiState {
    controls: ControlState<Target>,
    /// Name being typed.
    name: Option<String>,
    /// Key that the mouse holds.
    key: Option<u8>,
    picture: picture::PictureState,
    about: bool,
}

impl UiState {
    /// The key that the mouse held, which it lets go.
    pub fn release(&mut self) -> Option<u8> {
        self.key.take()
    }
}

/// What the parts of the page get.
struct Cx<'a> {
    view: &'a View,
    state: &'a mut UiState,
    out: &'a mut Vec<Action>,
}

/// An absent parameter draws as an empty one.
static NO_PARAM: std::sync::LazyLock<ParamState> = std::sync::LazyLock::new(ParamState::default);

/// How a control looks.
type Face =
    fn(&mut Ui, Rect, &Control<'_, Target>, &mut ControlState<Target>, &mut Vec<Action>) -> egui::Response;

impl Cx<'_> {
    fn param(&self, target: Target) -> &ParamState {
        self.view.params.get(&target).unwrap_or(&NO_PARAM)
    }

    fn knob_state(&self, knob: Knob) -> &ParamState {
        self.param(Target::Knob(knob))
    }

    /// A control with its words.
    fn control(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        face: Face,
        target: Target,
        (name, tip): (&str, &str),
        on: bool,
    ) {
        let state = self.param(target).clone();
        let control = Control { id: target, name, tip, state: &state, enabled: on };
        face(ui, rect, &control, &mut self.state.controls, self.out);
    }

    fn field(&mut self, ui: &mut Ui, rect: Rect, knob: Knob, words: (&str, &str)) {
        self.control(ui, rect, control::field, Target::Knob(knob), words, true);
    }

    fn dial(&mut self, ui: &mut Ui, rect: Rect, knob: Knob, words: (&str, &str), on: bool) {
        self.control(ui, rect, control::knob, Target::Knob(knob), words, on);
    }
}

/// Draws the page into `ui` and returns what the musician did in this frame.
///
/// [`theme::install`] must have been called on the context before its first frame.
pub fn show(ui: &mut Ui, view: &View, state: &mut UiState) -> Vec<Action> {
    let mut out = Vec::new();
    // The page fills the window, whatever margins the frame around it has.
    let whole = ui.ctx().content_rect();
    ui.set_clip_rect(whole);
    let mut cx = Cx { view, state, out: &mut out };
    shortcuts(ui, &mut cx);
    ui.painter().rect_filled(whole, 0.0, theme::GROUND);
    let r = Regions::of(whole);
    region(ui, "header", r.header, |ui| header::show(ui, r.header, &mut cx));
    region(ui, "slots", r.slots, |ui| slots::show(ui, r.slots, &mut cx));
    region(ui, "morph", r.pad, |ui| pad::show(ui, r.pad, &mut cx));
    region(ui, "sound", r.sound, |ui| sound(ui, r.sound, &mut cx));
    region(ui, "keyboard", r.keyboard, |ui| keyboard::show(ui, r.keyboard, &mut cx));
    region(ui, "along", r.along, |ui| along::show(ui, r.along, &mut cx));
    status(ui, r.status, &view.status);
    let paths = dropped_files(ui, whole, "Drop to play it along");
    if !paths.is_empty() {
        cx.out.push(Action::Drop(paths));
    }
    if cx.state.about {
        about::show(ui, "Keys", &mut cx.state.about);
    }
    if view.held != 0 || view.progress.is_some() || cx.state.key.is_some() {
        ui.ctx().request_repaint_after(Duration::from_millis(16));
    }
    out
}

/// Where things are.
struct Regions {
    header: Rect,
    slots: Rect,
    pad: Rect,
    sound: Rect,
    keyboard: Rect,
    along: Rect,
    status: Rect,
}

impl Regions {
    fn of(r: Rect) -> Self {
        let band = |top: f32, bottom: f32| Rect::from_x_y_ranges(r.x_range(), top..=bottom);
        let status = band(r.bottom() - STATUS, r.bottom());
        let along = band(status.top() - along::HEIGHT, status.top());
        let keys = band(along.top() - 1.0 - keyboard::height(r.height()), along.top() - 1.0);
        let header = band(r.top(), r.top() + HEADER);
        let body = header.bottom() + 1.0..=keys.top() - 1.0;
        let left = 186.0 + 14.0 * ((r.width() - 860.0) / 40.0).clamp(0.0, 1.0);
        // The pad is square; what is left over belongs to the sound.
        let pad =
            (body.end() - body.start() - pad::BELOW).min(0.28 * r.width()).max(150.0) + 2.0 * pad::MARGIN;
        let (x1, x2) = (r.left() + left, r.left() + left + 1.0 + pad);
        let column =
            |from: f32, to: f32| Rect::from_min_max(pos2(from, *body.start()), pos2(to, *body.end()));
        Self {
            header,
            slots: column(r.left(), x1),
            pad: column(x1 + 1.0, x2),
            sound: column(x2 + 1.0, r.right()),
            keyboard: keys,
            along,
            status,
        }
    }
}

/// Envelope, tone and picture, one under the other.
fn sound(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let inner = rect.shrink2(egui::vec2(12.0, 10.0));
    let top = inner.with_max_y(inner.top() + envelope::HEIGHT);
    envelope::show(ui, top, cx);
    let middle =
        Rect::from_min_size(pos2(inner.left(), top.bottom() + 10.0), egui::vec2(inner.width(), tone::HEIGHT));
    tone::show(ui, middle, cx);
    picture::show(ui, inner.with_min_y(middle.bottom() + 10.0), cx);
}

fn shortcuts(ui: &Ui, cx: &mut Cx<'_>) {
    let ctx = ui.ctx();
    if ctx.text_edit_focused() {
        return;
    }
    leave_space_to_the_host(ctx);
    if cx.state.about && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
        cx.state.about = false;
    }
    let pressed = |key: Key| ctx.input(|i| i.key_pressed(key));
    if let Some(command) = command(ctx) {
        return match command {
            Command::Undo => cx.out.push(Action::Undo),
            Command::Redo => cx.out.push(Action::Redo),
            Command::Other => (),
        };
    }
    for (slot, key) in [Key::A, Key::B, Key::C, Key::D].into_iter().enumerate() {
        if pressed(key) && cx.view.slots[slot].is_some() {
            cx.out.push(Action::Hear(slot));
        }
    }
    if pressed(Key::S) {
        cx.out.push(Action::Star(cx.view.nearest));
    }
    if pressed(Key::R) {
        cx.out.push(Action::Random(cx.view.nearest));
    }
    if pressed(Key::Delete) || pressed(Key::Backspace) {
        cx.out.push(Action::Clear(cx.view.nearest));
    }
}
