//! The model page, over music and takes: families, their models, the weights of one and what those are. GUI thread.
//!
//! A click chooses; the arrows move about, Enter chooses what they reached and Escape closes.

mod card;

use super::Cx;
use crate::gui::theme;
use crate::gui::view::{Action, FAMILIES, ModelView, ParamId, View};
use crate::gui::widgets::{button, control, focus_ring, icons, icons::Icon, text};
use egui::{Align2, Key, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// Where the page stands.
#[derive(Clone, Debug, Default)]
pub(super) struct ModelsState {
    open: bool,
    column: usize,
    /// Slot of the model looked at.
    model: usize,
    /// Its weights looked at.
    weights: usize,
    /// What was playing in the last frame: an import chooses, too.
    playing: Option<(usize, Option<usize>)>,
    /// The row looked at shall be brought into view.
    reveal: bool,
}

const COLUMNS: usize = 3;
const ROW: f32 = 32.0;
const HEAD: f32 = 48.0;
const FOOT: f32 = 28.0;

impl ModelsState {
    /// Whether the page is over the music.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }
}

/// Opens the page at what is chosen, or closes it.
pub(super) fn toggle(cx: &mut Cx<'_>) {
    let s = &mut cx.state.models;
    *s = ModelsState { open: !s.open, column: 1, ..ModelsState::default() };
    if s.open {
        cx.state.chords.close();
        cx.state.drum_map.close();
        cx.out.push(Action::LookAtModels);
    }
}

/// Families that have models.
fn families(view: &View) -> Vec<&'static str> {
    FAMILIES.into_iter().filter(|family| view.models.iter().any(|m| m.family == *family)).collect()
}

/// Slots of a family's models.
fn of_family(view: &View, family: &str) -> Vec<usize> {
    (0..view.models.len()).filter(|&slot| view.models[slot].family == family).collect()
}

/// The keys of the page.
pub(super) fn keys(ui: &Ui, cx: &mut Cx<'_>) {
    let presses = |key| ui.input(|i| i.num_presses(key)) as i64;
    let pressed = |key| ui.input(|i| i.key_pressed(key));
    if pressed(Key::Escape) {
        cx.state.models.open = false;
        return;
    }
    if ui.memory(|m| m.focused().is_some()) {
        return;
    }
    let across = presses(Key::ArrowRight) - presses(Key::ArrowLeft);
    let down = presses(Key::ArrowDown) - presses(Key::ArrowUp);
    if across != 0 {
        let column = cx.state.models.column as i64 + across;
        cx.state.models.column = column.clamp(0, COLUMNS as i64 - 1) as usize;
    }
    if down != 0 {
        step(cx, down);
    }
    if pressed(Key::Enter) {
        let with_weights = cx.state.models.column == COLUMNS - 1;
        let (model, weights) = (cx.state.models.model, cx.state.models.weights);
        choose(cx, model, with_weights.then_some(weights));
        cx.state.models.open = false;
    }
}

/// Moves the row looked at in the column looked at.
fn step(cx: &mut Cx<'_>, by: i64) {
    let moved = |at: usize, count: usize| (at as i64 + by).clamp(0, count.saturating_sub(1) as i64) as usize;
    let Some(model) = cx.view.models.get(cx.state.models.model) else { return };
    let s = &mut cx.state.models;
    s.reveal = true;
    match s.column {
        0 => {
            let families = families(cx.view);
            let at = families.iter().position(|f| *f == model.family).unwrap_or(0);
            let slots = families.get(moved(at, families.len())).map(|f| of_family(cx.view, f));
            look_at(s, cx.view, slots.and_then(|s| s.first().copied()).unwrap_or(s.model));
        }
        1 => {
            let slots = of_family(cx.view, model.family);
            let at = slots.iter().position(|&slot| slot == s.model).unwrap_or(0);
            look_at(s, cx.view, slots.get(moved(at, slots.len())).copied().unwrap_or(s.model));
        }
        _ => s.weights = moved(s.weights, model.weights.len()),
    }
}

fn look_at(s: &mut ModelsState, view: &View, slot: usize) {
    if s.model != slot {
        s.model = slot;
        s.weights = view.models.get(slot).and_then(|m| m.playing).unwrap_or(0);
    }
}

/// Chooses a model, and weights of it.
fn choose(cx: &mut Cx<'_>, slot: usize, weights: Option<usize>) {
    let Some(model) = cx.view.models.get(slot) else { return };
    if let Some(w) = weights.and_then(|i| model.weights.get(i))
        && model.playing != weights
    {
        cx.out.push(Action::ChooseWeights { model: model.id.clone(), weights: w.key.clone() });
    }
    if slot != cx.view.model {
        // The parameter has more places than there are models.
        let places = cx.param(ParamId::Model).steps.map_or(cx.view.models.len(), |steps| steps + 1);
        control::set(cx.out, ParamId::Model, control::position(slot, places));
    }
}

/// Draws the page.
pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    follow(cx);
    let p = ui.painter();
    let title = pos2(rect.left() + 16.0, rect.top() + HEAD / 2.0);
    text(p, title, Align2::LEFT_CENTER, "Models", theme::bold(theme::HUGE), theme::TEXT, 120.0);
    let close = Rect::from_center_size(pos2(rect.right() - 26.0, title.y), vec2(28.0, 28.0));
    let import = Rect::from_min_size(pos2(close.left() - 108.0, close.top()), vec2(100.0, theme::CONTROL));
    let tip = "Import a checkpoint: Magenta (.mag), TensorFlow, .safetensors. It can also be dropped on the window.";
    if button::labelled(ui, import, Some(Icon::Folder), "Import…", tip, true).clicked() {
        cx.out.push(Action::Import);
    }
    if button::icon(ui, close, Icon::Close, "Close the models", "Back to the music. Key Esc.", true).clicked()
    {
        cx.state.models.open = false;
    }
    let body =
        Rect::from_min_max(pos2(rect.left(), rect.top() + HEAD), pos2(rect.right(), rect.bottom() - FOOT));
    ui.painter().hline(body.x_range(), body.top(), theme::hairline());
    ui.painter().hline(body.x_range(), body.bottom(), theme::hairline());
    let words = "Click or Enter chooses · arrows move · Esc goes back to the music";
    let foot = pos2(title.x, body.bottom() + FOOT / 2.0);
    let font = theme::font(theme::SMALL);
    text(ui.painter(), foot, Align2::LEFT_CENTER, words, font, theme::DIM, rect.width() - 32.0);

    // Side columns give way before the words do.
    let t = ((body.width() - 543.0) / 220.0).clamp(0.0, 1.0);
    let (first, second) = (108.0 + 28.0 * t, 172.0 + 60.0 * t);
    let x = [body.left(), body.left() + first, body.left() + first + second, body.right()];
    let column = |i: usize| Rect::from_x_y_ranges(x[i]..=x[i + 1], body.top() + 1.0..=body.bottom() - 1.0);
    for i in [1, 2] {
        ui.painter().vline(x[i], body.y_range(), theme::hairline());
    }
    in_column(ui, "families", column(0), |ui| family_rows(ui, cx));
    in_column(ui, "models", column(1), |ui| model_rows(ui, cx));
    in_column(ui, "weights", column(2), |ui| card::show(ui, cx));
    cx.state.models.reveal = false;
}

/// What plays is looked at, when the page opens and whenever it changes.
fn follow(cx: &mut Cx<'_>) {
    let now = (cx.view.model, cx.view.models.get(cx.view.model).and_then(|m| m.playing));
    let s = &mut cx.state.models;
    if s.playing.replace(now) != Some(now) {
        (s.model, s.weights) = (now.0, now.1.unwrap_or(0));
        s.reveal = true;
    }
}

fn in_column(ui: &mut Ui, name: &str, rect: Rect, add: impl FnOnce(&mut Ui)) {
    let inner = rect.shrink2(vec2(6.0, 0.0));
    ui.scope_builder(UiBuilder::new().id_salt(name).max_rect(inner), |ui| {
        ui.shrink_clip_rect(rect);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt(name).auto_shrink(false).show(ui, |ui| {
            ui.add_space(6.0);
            add(ui);
            ui.add_space(6.0);
        });
    });
}

fn family_rows(ui: &mut Ui, cx: &mut Cx<'_>) {
    let now = cx.view.models.get(cx.state.models.model).map_or("", |m| m.family);
    for family in families(cx.view) {
        let slots = of_family(cx.view, family);
        let ready = slots.iter().filter(|&&slot| cx.view.models[slot].ready).count();
        let note = format!("{ready}/{}", slots.len());
        let row =
            Row { spoken: "Family", label: family, note: &note, column: 0, dim: ready == 0, icon: None };
        if row.show(ui, cx, family == now) {
            cx.state.models.column = 0;
            look_at(&mut cx.state.models, cx.view, slots.first().copied().unwrap_or(0));
        }
    }
}

fn model_rows(ui: &mut Ui, cx: &mut Cx<'_>) {
    let view = cx.view;
    let Some(looked_at) = view.models.get(cx.state.models.model) else { return };
    for slot in of_family(view, looked_at.family) {
        let m = &view.models[slot];
        let icon = match (slot == view.model, m.ready) {
            (true, _) => Some((Icon::Tick, theme::ACCENT)),
            (false, false) => Some((Icon::Warn, theme::FAINT)),
            (false, true) => None,
        };
        let row = Row { spoken: "Model", label: &m.name, note: "", column: 1, dim: !m.ready, icon };
        if row.show(ui, cx, slot == cx.state.models.model) {
            cx.state.models.column = 1;
            look_at(&mut cx.state.models, view, slot);
            choose(cx, slot, None);
        }
    }
}

/// A row of a list.
struct Row<'a> {
    /// What kind of thing it is, for the accessible name.
    spoken: &'static str,
    label: &'a str,
    note: &'a str,
    column: usize,
    dim: bool,
    icon: Option<(Icon, egui::Color32)>,
}

impl Row<'_> {
    /// `true` when it was clicked. `here`: it is the one looked at.
    fn show(&self, ui: &mut Ui, cx: &Cx<'_>, here: bool) -> bool {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
        let label = format!("{}: {}", self.spoken, self.label);
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, here, &label));
        let s = &cx.state.models;
        if here && s.reveal {
            ui.scroll_to_rect(rect, None);
        }
        let p = ui.painter();
        let active = here && s.column == self.column;
        if here || response.hovered() {
            let fill = if here { theme::RAISED } else { theme::fade(theme::RAISED, 0.55) };
            p.rect_filled(rect.shrink2(vec2(0.0, 1.0)), theme::RADIUS, fill);
        }
        if active {
            let bar = Rect::from_min_size(rect.min + vec2(0.0, 8.0), vec2(3.0, ROW - 16.0));
            p.rect_filled(bar, 1.5, theme::ACCENT);
        }
        focus_ring(ui, rect.shrink(3.0), &response);
        let mut right = rect.right() - 8.0;
        if let Some((icon, tint)) = self.icon {
            let at = Rect::from_center_size(pos2(right - 8.0, rect.center().y), vec2(16.0, 16.0));
            icons::paint(p, icon, at, tint);
            right = at.left() - 4.0;
        }
        if !self.note.is_empty() {
            let pos = pos2(right, rect.center().y);
            let font = theme::font(theme::SMALL);
            right = text(p, pos, Align2::RIGHT_CENTER, self.note, font, theme::DIM, 60.0).left() - 6.0;
        }
        let font = if here { theme::bold(theme::BODY) } else { theme::font(theme::BODY) };
        let colour = if self.dim { theme::DIM } else { theme::TEXT };
        let pos = pos2(rect.left() + 10.0, rect.center().y);
        text(p, pos, Align2::LEFT_CENTER, self.label, font, colour, right - pos.x);
        response.on_hover_text(self.label).clicked()
    }
}

/// The model looked at.
fn looked_at<'a>(cx: &Cx<'a>) -> Option<(usize, &'a ModelView)> {
    let slot = cx.state.models.model;
    cx.view.models.get(slot).map(|m| (slot, m))
}
