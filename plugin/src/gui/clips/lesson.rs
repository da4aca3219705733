//! *Make it yours*, over music and takes: the clips that a model shall learn from, and its training. GUI thread.
//!
//! Files dropped while it is open are learnt from. Escape closes.

use super::Cx;
use crate::gui::theme;
use crate::gui::view::{Action, LessonChange, ModelView, StatusKind};
use crate::gui::widgets::{button, caption, curve, icons, icons::Icon, line, name, paragraph, text, thumb};
use descant_core::music::{Clip, ClipKind};
use egui::{Align2, Key, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};

/// Where the page stands.
#[derive(Clone, Debug)]
pub(super) struct LessonState {
    open: bool,
    /// Id of the model that learns.
    model: String,
    /// What the new weights are called.
    name: String,
}

impl Default for LessonState {
    fn default() -> Self {
        Self { open: false, model: String::new(), name: "mine".into() }
    }
}

const HEAD: f32 = 48.0;
const ROW: f32 = 40.0;
/// Longest name.
const LETTERS: usize = 40;

impl LessonState {
    /// Whether the page is over the music.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Opens the page for a model.
    pub(super) fn open(&mut self, model: &str) {
        self.open = true;
        model.clone_into(&mut self.model);
    }
}

/// The keys of the page.
pub(super) fn keys(ui: &Ui, cx: &mut Cx<'_>) {
    if ui.input(|i| i.key_pressed(Key::Escape)) {
        cx.state.lesson.open = false;
    }
}

/// What becomes of dropped files.
pub(super) fn dropped(files: Vec<std::path::PathBuf>) -> Action {
    Action::Lesson(LessonChange::Files(files))
}

/// Draws the page.
pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let view = cx.view;
    let Some(model) = view.models.iter().find(|m| m.id == cx.state.lesson.model) else {
        cx.state.lesson.open = false;
        return;
    };
    let p = ui.painter();
    let title = pos2(rect.left() + 16.0, rect.top() + HEAD / 2.0);
    let font = theme::bold(theme::HUGE);
    let head = text(p, title, Align2::LEFT_CENTER, "Make it yours", font, theme::TEXT, 200.0);
    let close = Rect::from_center_size(pos2(rect.right() - 26.0, title.y), vec2(28.0, 28.0));
    let beside = pos2(head.right() + 14.0, title.y + 3.0);
    let room = close.left() - beside.x - 12.0;
    text(p, beside, Align2::LEFT_CENTER, &model.name, theme::font(theme::BODY), theme::DIM, room);
    if button::icon(ui, close, Icon::Close, "Close the lesson", "Back to the music. Key Esc.", true).clicked()
    {
        cx.state.lesson.open = false;
    }
    let body = rect.with_min_y(rect.top() + HEAD);
    ui.painter().hline(body.x_range(), body.top(), theme::hairline());
    let middle = body.left() + (body.width() * 0.5).round();
    ui.painter().vline(middle, body.y_range(), theme::hairline());
    let pad = vec2(16.0, 12.0);
    clips(ui, Rect::from_min_max(body.min + pad, pos2(middle - 12.0, body.bottom() - 8.0)), model, cx);
    training(ui, Rect::from_min_max(pos2(middle + 16.0, body.top() + pad.y), body.max - pad), model, cx);
}

/// What is learnt from, and the ways to add to it.
fn clips(ui: &mut Ui, rect: Rect, model: &ModelView, cx: &mut Cx<'_>) {
    let view = cx.view;
    let all = &view.lesson.clips;
    let fitting = all.iter().filter(|clip| clip.kind == model.kind).count();
    let p = ui.painter();
    let font = theme::bold(theme::SMALL);
    text(p, rect.min, Align2::LEFT_TOP, "Learn from", font, theme::TEXT, 120.0);
    let words = match (all.len(), all.len() - fitting) {
        (0, _) => "no clips yet".to_owned(),
        (n, 0) => clips_of(n),
        (n, others) => format!("{}, {others} of another kind", clips_of(n)),
    };
    let right = pos2(rect.right() - 26.0, rect.top());
    text(p, right, Align2::RIGHT_TOP, &words, theme::font(theme::SMALL), theme::DIM, rect.width() - 110.0);
    let clear = Rect::from_min_size(pos2(rect.right() - 22.0, rect.top() - 5.0), vec2(22.0, 22.0));
    if button::icon(ui, clear, Icon::Delete, "Forget all clips", "Start with no clips.", !all.is_empty())
        .clicked()
    {
        cx.out.push(Action::Lesson(LessonChange::Clear));
    }
    let row = Rect::from_min_size(rect.min + vec2(0.0, 20.0), vec2(rect.width(), theme::CONTROL));
    let ways = [
        ("Primer", "Learn from the primer.", view.primer.is_some(), LessonChange::Primer),
        ("Shown", "Learn from the shown take.", view.shown.is_some(), LessonChange::Shown),
        (
            "Starred",
            "Learn from all takes with a star.",
            view.takes.iter().any(|t| t.starred),
            LessonChange::Starred,
        ),
        ("Files…", "Learn from all tracks of a MIDI file or score.", true, LessonChange::Choose),
    ];
    let width = (row.width() - 18.0) / 4.0;
    for (i, (label, tip, enabled, change)) in ways.into_iter().enumerate() {
        let at =
            Rect::from_min_size(row.min + vec2((width + 6.0) * i as f32, 0.0), vec2(width, row.height()));
        if button::labelled(ui, at, None, label, tip, enabled).clicked() {
            cx.out.push(Action::Lesson(change));
        }
    }
    let list = rect.with_min_y(row.bottom() + 10.0);
    if all.is_empty() {
        let words = "Clips that sound the way you want: takes that you starred, the primer, your own MIDI files. Drop files here. A handful is enough.";
        paragraph(ui.painter(), list.min, words, theme::font(theme::BODY), theme::DIM, list.width(), 6);
        return;
    }
    ui.scope_builder(UiBuilder::new().id_salt("lesson list").max_rect(list), |ui| {
        ui.shrink_clip_rect(list);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt("lesson").auto_shrink(false).show(ui, |ui| {
            for (place, clip) in all.iter().enumerate() {
                clip_row(ui, place, clip, clip.kind == model.kind, cx);
            }
        });
    });
}

fn clips_of(n: usize) -> String {
    if n == 1 { "1 clip".into() } else { format!("{n} clips") }
}

fn clip_row(ui: &mut Ui, place: usize, clip: &Clip, fits: bool, cx: &mut Cx<'_>) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let title = if clip.name.trim().is_empty() { "clip" } else { clip.name.trim() };
    name(ui, &response, Role::Label, &format!("Lesson {}: {title}", place + 1));
    let p = ui.painter();
    let picture = Rect::from_min_size(rect.min + vec2(0.0, 4.0), vec2(72.0, ROW - 8.0));
    thumb::paint(p, picture, clip, clip.length, if fits { 1.0 } else { 0.35 });
    let left = picture.right() + 10.0;
    let room = rect.right() - left - 30.0;
    let colour = if fits { theme::TEXT } else { theme::FAINT };
    let font = theme::font(theme::BODY);
    text(p, pos2(left, rect.top() + 4.0), Align2::LEFT_TOP, title, font, colour, room);
    let bars = clip.bars();
    let facts = match (fits, clip.kind) {
        (true, _) => {
            format!("{bars} {} · {} notes", if bars == 1 { "bar" } else { "bars" }, clip.notes.len())
        }
        (false, ClipKind::Drums) => "drums: this model learns melodies".into(),
        (false, ClipKind::Melody) => "a melody: this model learns drums".into(),
    };
    let font = theme::font(theme::SMALL);
    text(p, pos2(left, rect.top() + 21.0), Align2::LEFT_TOP, &facts, font, theme::DIM, room);
    let close = Rect::from_center_size(pos2(rect.right() - 14.0, rect.center().y), vec2(22.0, 22.0));
    let label = format!("Forget clip {}", place + 1);
    if button::icon(ui, close, Icon::Close, &label, "Do not learn from it.", true).clicked() {
        cx.out.push(Action::Lesson(LessonChange::Remove(place)));
    }
}

/// Name, the act, and how it goes.
fn training(ui: &mut Ui, rect: Rect, model: &ModelView, cx: &mut Cx<'_>) {
    let lesson = &cx.view.lesson;
    let words = "It learns where your clips lie among all that it can write; Generate then stays there, as far as you like. The model itself is left as it is. Takes some seconds.";
    let font = theme::font(theme::SMALL);
    let height = paragraph(ui.painter(), rect.min, words, font, theme::DIM, rect.width(), 5);
    let mut y = rect.top() + height + 10.0;
    let act = Rect::from_min_size(pos2(rect.right() - 116.0, y + 16.0), vec2(116.0, theme::CONTROL));
    let field = Rect::from_min_max(pos2(rect.left(), act.top()), pos2(act.left() - 8.0, act.bottom()));
    caption(ui.painter(), pos2(rect.left(), y), "Name", field.width());
    let tip = "What the new weights are called among the others of this model.";
    let label = ("Name of the model", tip, LETTERS);
    line::edit(ui, field, label, &mut cx.state.lesson.name);
    let fitting = lesson.clips.iter().any(|clip| clip.kind == model.kind);
    if lesson.progress.is_some() {
        if button::act(ui, act, "Stop", "Stop learning; nothing is kept.", true, lesson.progress).clicked() {
            cx.out.push(Action::StopLearning);
        }
    } else {
        let tip = if fitting { "Learn from these clips." } else { "Add clips of the model's kind first." };
        if button::act(ui, act, "Learn", tip, fitting, None).clicked() {
            let name = cx.state.lesson.name.trim().to_owned();
            cx.out.push(Action::Personalise { model: model.id.clone(), name });
        }
    }
    y = act.bottom() + 14.0;
    let ended = &lesson.ended;
    let say = if ended.text.is_empty() { 0.0 } else { 50.0 };
    let graph = Rect::from_min_max(pos2(rect.left(), y), pos2(rect.right(), rect.bottom() - say));
    if graph.height() > 40.0 && (lesson.progress.is_some() || !lesson.curve.is_empty()) {
        caption(ui.painter(), graph.min, "How far its copies are from your clips (loss)", graph.width());
        let graph = graph.with_min_y(graph.top() + 16.0);
        let graph = graph.with_max_y(graph.bottom().min(graph.top() + 150.0));
        let rounds = if lesson.progress.is_some() { lesson.curve.len().max(100) } else { lesson.curve.len() };
        curve::show(ui, graph, "Loss curve", &lesson.curve, rounds);
        y = graph.bottom() + 8.0;
    }
    if !ended.text.is_empty() {
        let (icon, tint) = match ended.kind {
            StatusKind::Good => (Icon::Tick, theme::GOOD),
            StatusKind::Bad => (Icon::Bad, theme::BAD),
            StatusKind::Warn => (Icon::Warn, theme::WARN),
            StatusKind::Info => (Icon::Info, theme::DIM),
        };
        let at = Rect::from_min_size(pos2(rect.left(), y), vec2(16.0, 16.0));
        icons::paint(ui.painter(), icon, at, tint);
        let rows = ((rect.bottom() - y) / 15.0).max(1.0) as usize;
        let left = pos2(at.right() + 6.0, y);
        let width = rect.right() - left.x;
        paragraph(ui.painter(), left, &ended.text, theme::font(theme::SMALL), theme::TEXT, width, rows);
        let area = Rect::from_min_max(at.min, rect.max);
        let response = ui.interact(area, ui.scope_id().with("ended"), Sense::hover());
        name(ui, &response, Role::Label, &ended.text);
        response.on_hover_text(&ended.text);
    }
}
