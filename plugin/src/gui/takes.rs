//! What came out: the list of takes with their seeds, the seed of the next run, undo and redo. GUI thread.
//!
//! Runs are shown newest first, the takes of one run in their order.

use super::clips::Cx;
use super::theme;
use super::view::{Action, ParamId, Part, Place, TakeView, View};
use super::widgets::{button, choice, control, icons, icons::Icon, name, paragraph, text, thumb};
use descant_core::tool::ToolKind;
use egui::{
    Align2, CursorIcon, Key, PointerButton, Rect, Role, ScrollArea, Sense, StrokeKind, TextEdit, Ui,
    WidgetInfo, pos2, vec2,
};
use std::collections::HashMap;
use std::sync::Arc;

/// When takes arrived, for their fade, and which one to bring into view.
#[derive(Clone, Debug, Default)]
pub struct TakesState {
    arrived: HashMap<u64, f64>,
    primed: bool,
    reveal: Option<u64>,
}

const ROW: f32 = 52.0;
const TOOLS: f32 = 34.0;
const RUN: f32 = 24.0;

/// Takes in display order: runs newest first, takes of a run in order, of a trio only the first. `true` marks the first
/// of a run.
fn order(view: &View) -> Vec<(&TakeView, bool)> {
    let mut runs: Vec<Vec<&TakeView>> = Vec::new();
    for t in view.takes.iter().filter(|t| t.trio.as_ref().is_none_or(|trio| trio.first == t.id)) {
        match runs.last_mut() {
            Some(run) if same_run(run[0], t) => run.push(t),
            _ => runs.push(vec![t]),
        }
    }
    runs.into_iter().rev().flat_map(|run| run.into_iter().enumerate().map(|(i, t)| (t, i == 0))).collect()
}

fn same_run(a: &TakeView, b: &TakeView) -> bool {
    let same = || Arc::ptr_eq(&a.take.request, &b.take.request) || a.take.request == b.take.request;
    // The requests of a trio's parts have its own seed.
    match (&a.trio, &b.trio) {
        (None, None) => same(),
        (Some(_), Some(_)) => b.index > 1,
        _ => false,
    }
}

/// Moves the choice by `by` rows, as the arrow keys do.
pub(super) fn step(cx: &mut Cx<'_>, by: i64) {
    let order = order(cx.view);
    let Some(last) = order.len().checked_sub(1) else { return };
    let now = order.iter().position(|(t, _)| is_shown(cx.view, t));
    let next = now.map_or(0, |i| (i as i64 + by).clamp(0, last as i64) as usize);
    let id = order[next].0.id;
    cx.state.takes.reveal = Some(id);
    hear(cx, id);
}

/// Whether a take is shown, or a part of the trio that it stands for.
fn is_shown(view: &View, t: &TakeView) -> bool {
    view.shown == Some(t.id) || t.trio.is_some() && view.trio().is_some_and(|parts| parts[0].id == t.id)
}

/// Shows a take and lets it sound, instead of the morph or the pad if that plays.
fn hear(cx: &mut Cx<'_>, id: u64) {
    cx.out.push(Action::Show(id));
    for plays in [ParamId::MorphPlays, ParamId::PadPlays] {
        if cx.param(plays).normalised >= 0.5 {
            control::set(cx.out, plays, 0.0);
        }
    }
}

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let view = cx.view;
    let p = ui.painter();
    let title = pos2(rect.left() + 12.0, rect.top() + 18.0);
    let head = text(p, title, Align2::LEFT_CENTER, "Takes", theme::bold(theme::BODY), theme::TEXT, 80.0);
    if !view.takes.is_empty() {
        let pos = pos2(head.right() + 8.0, title.y);
        let count = order(view).len().to_string();
        text(p, pos, Align2::LEFT_CENTER, &count, theme::font(theme::BODY), theme::DIM, 60.0);
    }
    let at =
        |i: f32| Rect::from_min_size(pos2(rect.right() - 8.0 - 28.0 * i, rect.top() + 4.0), vec2(28.0, 28.0));
    if button::icon(ui, at(2.0), Icon::Undo, "Undo", "Take the last change back. Ctrl-Z.", view.can_undo)
        .clicked()
    {
        cx.out.push(Action::Undo);
    }
    if button::icon(ui, at(1.0), Icon::Redo, "Redo", "Do it again. Ctrl-Y.", view.can_redo).clicked() {
        cx.out.push(Action::Redo);
    }
    seed(
        ui,
        Rect::from_min_size(pos2(rect.left() + 12.0, rect.top() + 36.0), vec2(rect.width() - 20.0, 28.0)),
        cx,
    );

    let list = Rect::from_min_max(pos2(rect.left(), rect.top() + 72.0), rect.max);
    ui.painter().hline(list.x_range(), list.top(), theme::hairline());
    if view.takes.is_empty() {
        let pos = list.min + vec2(12.0, 14.0);
        let words = "Takes are kept here with their seed. Click one to hear it, star the good ones.";
        paragraph(ui.painter(), pos, words, theme::font(theme::SMALL), theme::DIM, rect.width() - 24.0, 4);
        cx.state.takes.primed = true;
        return;
    }
    fade_in(ui, cx);
    let list = list.with_min_y(list.top() + 1.0);
    ui.scope_builder(egui::UiBuilder::new().id_salt("list").max_rect(list), |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for (t, first) in order(view) {
                if first {
                    run_head(ui, t);
                }
                row(ui, t, cx);
            }
        });
    });
}

/// The seed of the next run: type a word to get its take back, lock it to keep it.
fn seed(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let label = text(
        ui.painter(),
        rect.left_center(),
        Align2::LEFT_CENTER,
        "Seed",
        theme::font(theme::SMALL),
        theme::DIM,
        40.0,
    );
    let lock = Rect::from_min_size(pos2(rect.right() - 28.0, rect.top()), vec2(28.0, 28.0));
    let locked = cx.param(ParamId::SeedLock).normalised >= 0.5;
    let icon = if locked { Icon::Locked } else { Icon::Unlocked };
    let tip = "Locked: the next run uses this seed again. Open: each run gets a new one.";
    if button::toggle(ui, lock, icon, "Lock the seed", tip, locked).clicked() {
        control::set(cx.out, ParamId::SeedLock, if locked { 0.0 } else { 1.0 });
    }

    let field =
        Rect::from_min_max(pos2(label.right() + 8.0, rect.top()), pos2(lock.left() - 6.0, rect.bottom()));
    let id = ui.scope_id().with("seed");
    let p = ui.painter();
    p.rect_filled(field, theme::RADIUS, theme::GROUND);
    p.rect_stroke(field, theme::RADIUS, theme::hairline(), StrokeKind::Inside);
    let mut words = cx.state.seed.clone().unwrap_or_else(|| cx.view.seed.clone());
    let edit = TextEdit::singleline(&mut words)
        .id(id)
        .frame(egui::Frame::NONE)
        .font(theme::font(theme::BODY))
        .text_color(theme::TEXT)
        .align(Align2::LEFT_CENTER)
        .desired_width(field.width());
    let response = ui.put(field.shrink2(vec2(8.0, 0.0)), edit);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, "Seed");
        info.current_text_value = Some(words.clone());
        info
    });
    if response.gained_focus() {
        control::select_all(ui, id, &words);
        cx.state.seed = Some(words);
    } else if response.has_focus() {
        cx.state.seed = Some(words);
    } else if let Some(typed) = cx.state.seed.take() {
        let typed = typed.trim().to_lowercase();
        let cancelled = ui.input(|i| i.key_pressed(Key::Escape));
        if !cancelled && !typed.is_empty() && typed != cx.view.seed {
            cx.out.push(Action::Seed(typed));
        }
    }
    response
        .on_hover_text("Seed of the next run. Type the seed of a take, and its run comes back note by note.");
}

fn fade_in(ui: &Ui, cx: &mut Cx<'_>) {
    let now = ui.input(|i| i.time);
    let s = &mut cx.state.takes;
    // Takes that were there when the window opened do not arrive: they are.
    let when = if s.primed { now } else { f64::NEG_INFINITY };
    s.primed = true;
    let view = cx.view;
    s.arrived.retain(|id, _| view.takes.iter().any(|t| t.id == *id));
    for t in &view.takes {
        s.arrived.entry(t.id).or_insert(when);
    }
    if s.arrived.values().any(|t| now - t < 0.12) {
        ui.ctx().request_repaint();
    }
}

fn run_head(ui: &mut Ui, first: &TakeView) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), RUN), Sense::hover());
    let r = &first.take.request;
    // Weights of one's own are behind a dot.
    let model = r.model.replace('_', " ").replacen('.', ", ", 1);
    let words = match &first.trio {
        Some(_) => format!("Trio · melody, bass, drums · {:.2}", r.temperature),
        None => format!("{} · {model} · {:.2}", r.tool.name(), r.temperature),
    };
    let pos = pos2(rect.left() + 12.0, rect.center().y + 2.0);
    text(
        ui.painter(),
        pos,
        Align2::LEFT_CENTER,
        &words,
        theme::font(theme::SMALL),
        theme::FAINT,
        rect.width() - 20.0,
    );
}

/// Whether the model said how expected the notes are.
fn is_scored(t: &TakeView) -> bool {
    t.take.score.steps > 0 && t.trio.is_none()
}

/// The seed of a take, or of the trio that it stands for.
fn seed_of(t: &TakeView) -> &str {
    t.trio.as_ref().map_or(&t.seed, |trio| &trio.seed)
}

fn score(t: &TakeView) -> String {
    format!("{:.2}", t.take.score.log_likelihood_per_step).replace('-', "−")
}

fn row(ui: &mut Ui, t: &TakeView, cx: &mut Cx<'_>) {
    let shown = is_shown(cx.view, t);
    let height = if shown { ROW + TOOLS } else { ROW };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    if cx.state.takes.reveal == Some(t.id) {
        cx.state.takes.reveal = None;
        ui.scroll_to_rect(rect, None);
    }
    if !ui.is_rect_visible(rect) {
        return;
    }
    ui.push_id(t.id, |ui| row_in_view(ui, rect, &response, t, shown, cx));
}

fn row_in_view(
    ui: &mut Ui,
    rect: Rect,
    response: &egui::Response,
    t: &TakeView,
    shown: bool,
    cx: &mut Cx<'_>,
) {
    let sounding = cx.view.sounds(t);
    let kind = if t.trio.is_some() { "Trio" } else { "Take" };
    let spoken = format!("{kind} {}", seed_of(t));
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, shown, &spoken));
    let age = ui.input(|i| i.time) - cx.state.takes.arrived.get(&t.id).copied().unwrap_or(f64::NEG_INFINITY);
    let alpha = (age / 0.12).clamp(0.0, 1.0) as f32;
    let p = ui.painter();
    let card = rect.shrink2(vec2(6.0, 1.0));
    if shown || response.hovered() {
        p.rect_filled(
            card,
            theme::RADIUS,
            if shown { theme::RAISED } else { theme::fade(theme::RAISED, 0.55) },
        );
    }
    if shown {
        let bar = Rect::from_min_size(card.min + vec2(0.0, 8.0), vec2(3.0, ROW - 18.0));
        p.rect_filled(bar, 1.5, theme::ACCENT);
    }
    super::widgets::focus_ring(ui, card.shrink(2.0), response);
    let line = Rect::from_min_size(rect.min, vec2(rect.width(), ROW));
    let y = line.center().y;
    let narrow = line.width() < 220.0;

    let star = Rect::from_center_size(pos2(line.left() + 22.0, y), vec2(26.0, 26.0));
    let starred = ui.interact(star, ui.scope_id().with("star"), Sense::click());
    starred.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, t.starred, format!("Star {}", t.seed)));
    let (icon, colour) = match (t.starred, starred.hovered()) {
        (true, _) => (Icon::Starred, theme::ACCENT),
        (false, true) => (Icon::Star, theme::TEXT),
        (false, false) => (Icon::Star, theme::FAINT),
    };
    icons::paint(ui.painter(), icon, star, theme::fade(colour, alpha));
    if starred.on_hover_text("Star this take. Key S.").clicked() {
        cx.out.push(Action::Star(t.id));
    }

    let picture =
        Rect::from_min_size(pos2(star.right() + 1.0, y - 18.0), vec2(if narrow { 36.0 } else { 50.0 }, 36.0));
    thumb::paint(ui.painter(), picture, &t.take.clip, t.take.new_from, alpha);

    let grip = Rect::from_center_size(pos2(line.right() - 17.0, y), vec2(20.0, 36.0));
    let words =
        Rect::from_min_max(pos2(picture.right() + 8.0, line.top()), pos2(grip.left() - 2.0, line.bottom()));
    let p = ui.painter();
    let font = if shown { theme::bold(theme::BODY) } else { theme::font(theme::BODY) };
    let c = theme::fade(theme::TEXT, alpha);
    let room = words.width() - if sounding && !narrow { 20.0 } else { 0.0 };
    let first = text(p, pos2(words.left(), y - 9.0), Align2::LEFT_CENTER, seed_of(t), font, c, room);
    let n = t.take.clip.bars();
    let bars = format!("{n} {}", if n == 1 { "bar" } else { "bars" });
    let facts = match t.part {
        Some((place, of)) => format!("{bars} · {place} of {of}"),
        None if t.trio.is_some() && !narrow => format!("{bars} · three parts"),
        None if narrow || !is_scored(t) => bars,
        None => format!("{bars} · score {}", score(t)),
    };
    let c = theme::fade(theme::DIM, alpha);
    let second = text(
        p,
        pos2(words.left(), y + 9.0),
        Align2::LEFT_CENTER,
        &facts,
        theme::font(theme::SMALL),
        c,
        words.width(),
    );
    if sounding {
        // Beside the shorter line, so that the seed stays readable.
        let beside = if narrow { second } else { first };
        let at = Rect::from_center_size(pos2(beside.right() + 12.0, beside.center().y), vec2(16.0, 16.0));
        icons::paint(p, Icon::Speaker, at, theme::ACCENT);
    }

    let drag = ui.interact(grip, ui.scope_id().with("grip"), Sense::drag());
    name(ui, &drag, Role::Button, &format!("Drag {}", t.seed));
    let lit = if drag.hovered() { theme::ACCENT } else { theme::FAINT };
    icons::paint(ui.painter(), Icon::Grip, grip, theme::fade(lit, alpha));
    if drag.drag_started_by(PointerButton::Primary) {
        if !shown {
            cx.out.push(Action::Show(t.id));
        }
        cx.out.push(Action::DragOut(if t.trio.is_some() { Part::Trio } else { Part::Whole }));
    }
    drag.on_hover_text("Drag this take to a track of your DAW.").on_hover_cursor(CursorIcon::Grab);

    if shown {
        tools(ui, rect, t, cx);
    }
    if response.clicked() {
        hear(cx, t.id);
    }
    context_menu(response, t, cx);
    let mut tip = "Click to hear it.".to_owned();
    if is_scored(t) {
        let words = "per step: how expected the notes are to the model, not how good they are.";
        tip.push_str(&format!(" Model score {} {words}", score(t)));
    }
    for notice in &t.take.notices {
        tip.push('\n');
        tip.push_str(notice);
    }
    response.clone().on_hover_text(tip);
}

/// What can be done with the shown take, in a second line under it.
fn tools(ui: &Ui, rect: Rect, t: &TakeView, cx: &mut Cx<'_>) {
    let mut x = rect.left() + 28.0;
    let y = rect.top() + ROW - 3.0;
    let mut place = |w: f32| {
        let r = Rect::from_min_size(pos2(x, y), vec2(w, 28.0));
        x = r.right() + 2.0;
        r
    };
    let tip = "New takes with these settings and fresh seeds.";
    if button::icon(ui, place(28.0), Icon::More, "More like this", tip, true).clicked() {
        cx.out.push(Action::MoreLikeThis(t.id));
    }
    let tip = "Use this take as the primer of Continue.";
    if button::icon(ui, place(28.0), Icon::Into, "Use as primer", tip, true).clicked() {
        cx.out.push(Action::UseAsPrimer(t.id));
    }
    if cx.view.tool == ToolKind::Interpolate {
        let tip = "Put this take into B, the other end of Interpolate and the morph. Key B.";
        if button::labelled(ui, place(28.0), None, "B", tip, true).clicked() {
            cx.out.push(Action::Put(Place::B, t.id));
        }
    }
    let tip = "Remove this take; Undo brings it back. Key Del.";
    if button::icon(ui, place(28.0), Icon::Delete, "Delete the take", tip, true).clicked() {
        cx.out.push(Action::Delete(t.id));
    }
    let pos = pos2(rect.right() - 14.0, y + 14.0);
    let room = pos.x - place(0.0).left();
    let sounding = cx.view.sounds(t);
    let words = match sounding {
        true if is_scored(t) => format!("model score {}", score(t)),
        true => String::new(),
        false => "click to hear".to_owned(),
    };
    let font = theme::font(theme::SMALL);
    if ui.painter().layout_no_wrap(words.clone(), font.clone(), theme::DIM).size().x <= room {
        text(ui.painter(), pos, Align2::RIGHT_CENTER, &words, font, theme::DIM, room);
    }
}

fn context_menu(response: &egui::Response, t: &TakeView, cx: &mut Cx<'_>) {
    response.context_menu(|ui| {
        ui.set_width(190.0);
        let star = if t.starred { "Remove the star" } else { "Star" };
        for (label, action) in [
            (star, Action::Star(t.id)),
            ("More like this", Action::MoreLikeThis(t.id)),
            ("Use as primer", Action::UseAsPrimer(t.id)),
            ("Put into B", Action::Put(Place::B, t.id)),
            ("Use its groove", Action::Put(Place::Guide, t.id)),
            ("Delete", Action::Delete(t.id)),
        ] {
            if choice::menu_row(ui, label, "", false, true) {
                cx.out.push(action);
                ui.close();
            }
        }
        if choice::menu_row(ui, "Copy the seed", seed_of(t), false, true) {
            ui.ctx().copy_text(seed_of(t).to_owned());
            ui.close();
        }
    });
}
