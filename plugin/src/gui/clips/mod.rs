//! The page of Descant Clips: layout, keyboard, dropped files. Runs on the host's GUI thread.
//!
//! [`show`] draws a [`View`] and returns what the musician did. It never waits, and never touches the host, the
//! worker or files.
pub(super) mod about;
mod act;
mod chords;
mod drum_map;
mod header;
mod input;
mod lesson;
mod live;
mod models;
mod more;
mod morph;
mod pad;
mod slot;
mod song;
mod tool;
mod trio;

use super::roll::{self, RollState, edit};
use super::takes;
use super::theme;
use super::view::{Action, FitView, ParamId, ParamState, Place, View};
use super::widgets::{
    Command, command, control::ControlState, dropped_files, leave_space_to_the_host, paragraph, region, text,
};
use descant_core::music::{Clip, Note};
use descant_core::tool::{Take, ToolKind, trio::PARTS};
use egui::{Align2, Event, Key, Modifiers, Rect, StrokeKind, Ui, pos2, vec2};

/// What a window remembers between frames and may forget when it closes.
#[derive(Clone, Debug, Default)]
pub struct UiState {
    /// Piano roll and drum grid.
    pub roll: RollState,
    pub(super) controls: ControlState,
    pub(super) takes: takes::TakesState,
    /// Seed being typed.
    pub(super) seed: Option<String>,
    /// The roll shows the primer instead of the shown take.
    pub(super) primer_in_roll: bool,
    /// The take shown before this one, for the ghost.
    pub(super) ghost: Option<u64>,
    last_shown: Option<u64>,
    about: bool,
    song: song::SongState,
    chords: chords::ChordsState,
    models: models::ModelsState,
    drum_map: drum_map::DrumMapState,
    lesson: lesson::LessonState,
    pad: pad::PadState,
}

/// Smallest window that shows everything.
pub const MIN_SIZE: (u32, u32) = (720, 460);
/// Window size at 100 %.
pub const DEFAULT_SIZE: (u32, u32) = (980, 620);

/// What the parts of the page get.
pub(super) struct Cx<'a> {
    pub view: &'a View,
    pub state: &'a mut UiState,
    pub out: &'a mut Vec<Action>,
}

/// An absent parameter draws as an empty one.
static NO_PARAM: std::sync::LazyLock<ParamState> = std::sync::LazyLock::new(ParamState::default);

impl Cx<'_> {
    pub(super) fn param(&self, id: ParamId) -> &ParamState {
        self.view.params.get(&id).unwrap_or(&NO_PARAM)
    }
}

/// Why Generate cannot run now, in words for the musician; `None` when it can.
#[must_use]
pub fn blocked(view: &View) -> Option<String> {
    if let FitView::None(why) = &view.fit {
        return Some(why.clone());
    }
    let Some(model) = view.playing_model() else { return Some("No model is installed.".to_owned()) };
    if let Some(missing) = &model.missing {
        return Some(format!(
            "The weights “{missing}” of {} are not on this computer: drop their checkpoint on the window, or choose others under Models.",
            model.name
        ));
    }
    if !model.ready {
        return Some(format!(
            "{} needs weights: drop a checkpoint (.mag, TensorFlow, .safetensors) on the window, or choose another model.",
            model.name
        ));
    }
    let source = view.primer.is_some() || (view.tool == ToolKind::Rewrite && view.shown.is_some());
    if view.tool.needs_primer() && !source {
        return Some("Needs a clip first: play a few bars in, or drop a MIDI file here.".to_owned());
    }
    if view.tool == ToolKind::Interpolate && view.other.is_none() {
        return Some("Needs a second clip: put a take into B (key B).".to_owned());
    }
    None
}

/// Draws the page into `ui` and returns what the musician did in this frame.
///
/// [`theme::install`] must have been called on the context before its first frame.
pub fn show(ui: &mut Ui, view: &View, state: &mut UiState) -> Vec<Action> {
    let mut out = Vec::new();
    if state.last_shown != view.shown {
        state.ghost = state.last_shown;
        state.last_shown = view.shown;
        state.primer_in_roll = false;
        state.chords.rest();
    }
    state.chords.watch(view);
    // The page fills the window, whatever margins the frame around it has.
    let whole = ui.ctx().content_rect();
    ui.set_clip_rect(whole);
    let mut cx = Cx { view, state, out: &mut out };
    let overlay = cx.state.about || view.song.is_some();
    keyboard(ui, &mut cx, overlay);

    ui.painter().rect_filled(whole, 0.0, theme::GROUND);
    let regions = Regions::of(whole);
    region(ui, "header", regions.header, |ui| header::show(ui, regions.header, &mut cx));
    region(ui, "in", regions.input, |ui| input::show(ui, regions.input, &mut cx));
    let page = regions.music.union(regions.takes);
    if cx.state.lesson.is_open() {
        region(ui, "lesson", page, |ui| lesson::show(ui, page, &mut cx));
    } else if cx.state.models.is_open() {
        region(ui, "models", page, |ui| models::show(ui, page, &mut cx));
    } else if cx.state.drum_map.is_open() {
        region(ui, "drum map", page, |ui| drum_map::show(ui, page, &mut cx));
    } else {
        let mut rect = regions.music;
        if view.tool == ToolKind::Interpolate {
            let strip = rect.with_min_y(rect.bottom() - morph::HEIGHT);
            rect.max.y = strip.top() - 1.0;
            region(ui, "morph", strip, |ui| morph::show(ui, strip, &mut cx));
        }
        if view.tool == ToolKind::Generate && view.pad.is_some() {
            let strip = rect.with_min_y(rect.bottom() - pad::height(rect.height()));
            rect.max.y = strip.top() - 1.0;
            region(ui, "pad", strip, |ui| pad::show(ui, strip, &mut cx));
        }
        if let Some(parts) = view.trio().filter(|_| !cx.state.primer_in_roll) {
            let strip = rect.with_min_y(rect.bottom() - trio::HEIGHT);
            rect.max.y = strip.top() - 1.0;
            region(ui, "trio", strip, |ui| trio::show(ui, strip, parts, &mut cx));
        }
        region(ui, "music", rect, |ui| music(ui, rect, &mut cx));
        region(ui, "takes", regions.takes, |ui| takes::show(ui, regions.takes, &mut cx));
    }
    region(ui, "act", regions.act, |ui| act::show(ui, regions.act, &mut cx));
    let learns = cx.state.lesson.is_open();
    let words = match () {
        () if learns => "Drop to learn from it",
        () if cx.state.models.is_open() => "Drop to import it",
        () => "Drop to continue from it",
    };
    let paths = dropped_files(ui, whole, words);
    if !paths.is_empty() {
        cx.out.push(if learns { lesson::dropped(paths) } else { Action::Drop(paths) });
    }
    if cx.state.about {
        about::show(ui, "Clips", &mut cx.state.about);
    }
    song::show(ui, &mut cx);

    // An idle window costs nothing; a moving playhead or a run needs frames.
    if view.progress.is_some()
        || view.lesson.progress.is_some()
        || (view.transport.playing && view.transport.playhead.is_some())
    {
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(16));
    }
    out
}

/// Where things are.
struct Regions {
    header: Rect,
    input: Rect,
    music: Rect,
    takes: Rect,
    act: Rect,
}

impl Regions {
    fn of(r: Rect) -> Self {
        // Side panels give way before the music does.
        let t = ((r.width() - 720.0) / 260.0).clamp(0.0, 1.0);
        let (left, right) = (176.0 + 40.0 * t, 196.0 + 44.0 * t);
        let header = Rect::from_min_max(r.min, pos2(r.right(), r.top() + 44.0));
        let act = Rect::from_min_max(pos2(r.left(), r.bottom() - act::HEIGHT), r.max);
        let y = header.bottom() + 1.0..=act.top() - 1.0;
        Self {
            header,
            act,
            input: Rect::from_x_y_ranges(r.left()..=r.left() + left, y.clone()),
            music: Rect::from_x_y_ranges(r.left() + left + 1.0..=r.right() - right - 1.0, y.clone()),
            takes: Rect::from_x_y_ranges(r.right() - right..=r.right(), y),
        }
    }
}

fn music(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let view = cx.view;
    let take = view.shown.and_then(|id| view.takes.iter().find(|t| t.id == id));
    let ghost = cx.state.ghost.and_then(|id| view.takes.iter().find(|t| t.id == id));
    let rewrites = (view.tool == ToolKind::Rewrite).then_some(view.locked.as_slice());
    let primer = view.primer.as_ref();
    let show_primer = cx.state.primer_in_roll || (take.is_none() && view.tool.needs_primer());
    cx.state.roll.chord_click = None;
    if let Some(p) = primer.filter(|_| show_primer) {
        let content = roll::Content {
            take: None,
            clip: &p.clip,
            new_from: p.clip.length,
            kept: &[],
            ghost: None,
            playhead: None,
            title: "Primer",
            locks: rewrites.filter(|_| take.is_none()),
            chords: chords::over_primer(view, p.clip.length),
            before: None,
        };
        roll::show(ui, rect, &content, &mut cx.state.roll, cx.out);
    } else if let Some(t) = take {
        // Takes play their own notes; the playhead belongs to the one that sounds.
        let clip = &t.take.clip;
        let title = match &t.trio {
            Some(trio) => format!("{} · {}", PARTS[trio.part], trio.seed),
            None => t.seed.clone(),
        };
        let content = roll::Content {
            take: Some(t.id),
            clip,
            new_from: t.take.new_from,
            kept: kept(&t.take),
            ghost: before(&t.take).or(ghost.map(|g| &g.take.clip)).filter(|ghost| ghost.kind == clip.kind),
            playhead: view.transport.playhead.filter(|_| view.sounds(t)),
            title: &title,
            locks: rewrites,
            chords: chords::over_take(view, &cx.state.chords, t),
            before: before(&t.take)
                .map(|was| roll::timing::Before { clip: was, tempo: view.transport.tempo }),
        };
        roll::show(ui, rect, &content, &mut cx.state.roll, cx.out);
    } else {
        empty(ui, rect, cx);
    }
    if std::mem::take(&mut cx.state.roll.drum_map_click) {
        drum_map::open(cx);
    }
    if let Some(click) = cx.state.roll.chord_click.take() {
        chords::clicked(cx, click, take);
    }
    chords::show(ui, cx, take);
}

/// Notes of the primer that a tool left as they were.
fn kept(take: &Take) -> &[Note] {
    let request = &take.request;
    let primer = request.primer.as_ref().filter(|_| !request.tool.adds_bars());
    primer.map_or(&[], |clip| &clip.notes)
}

/// The clip as it was before it got its groove.
fn before(take: &Take) -> Option<&Clip> {
    take.request.primer.as_ref().filter(|_| take.request.tool == ToolKind::Groove)
}

/// Nothing to show yet: say what to do.
fn empty(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let p = ui.painter();
    let mut inner = rect.shrink(12.0);
    p.rect_filled(rect, 0.0, theme::GROUND);
    let bars = super::widgets::control::index(cx.param(ParamId::Bars)) as u32 + 1;
    if let Some(lane) = chords::over_nothing(cx.view, bars) {
        let area = inner.with_max_y(inner.top() + roll::chords::HEIGHT);
        let gutter = area.left() + 48.0;
        let scale = (area.right() - gutter) / lane.length.max(1) as f32;
        let x = |tick| gutter + tick as f32 * scale;
        cx.state.roll.chord_click = roll::chords::show(ui, area, gutter, x, &lane);
        inner.min = pos2(gutter, area.bottom());
    }
    let rows = 9;
    for i in 0..rows {
        let h = inner.height() / rows as f32;
        let y = inner.top() + h * i as f32;
        if i % 2 == 0 {
            p.rect_filled(
                Rect::from_x_y_ranges(inner.x_range(), y..=y + h),
                0.0,
                theme::fade(theme::PANEL, 0.6),
            );
        }
    }
    for i in 0..=16 {
        let x = inner.left() + inner.width() * i as f32 / 16.0;
        let line = if i % 4 == 0 { theme::LINE } else { theme::fade(theme::LINE, 0.45) };
        p.vline(p.round_to_pixel_center(x), inner.y_range(), egui::Stroke::new(1.0, line));
    }
    let n = cx.param(ParamId::Variations).text.clone();
    let (title, body) = match (cx.view.progress, cx.view.tool, blocked(cx.view)) {
        (Some(_), _, _) => ("Writing…".to_owned(), "The first take appears here.".to_owned()),
        (None, tool, Some(why)) if tool.needs_primer() && cx.view.primer.is_none() => {
            (format!("{} a clip", tool.name()), why)
        }
        (None, _, Some(why)) => ("Not ready".to_owned(), why),
        (None, _, None) => (
            "Press Generate".to_owned(),
            format!(
                "{n} clips appear on the right, on the beat of your song. Click one to hear it, drag it to a track."
            ),
        ),
    };
    let width = (rect.width() - 64.0).min(360.0);
    let card = Rect::from_center_size(rect.center(), vec2(width + 32.0, 104.0));
    p.rect_filled(card, f32::from(theme::RADIUS), theme::fade(theme::GROUND, 0.94));
    p.rect_stroke(card, f32::from(theme::RADIUS), theme::hairline(), StrokeKind::Inside);
    let pos = pos2(card.left() + 16.0, card.top() + 14.0);
    text(p, pos, Align2::LEFT_TOP, &title, theme::bold(theme::HUGE), theme::TEXT, width);
    paragraph(p, pos + vec2(0.0, 34.0), &body, theme::font(theme::BODY), theme::DIM, width, 3);
}

fn keyboard(ui: &Ui, cx: &mut Cx<'_>, overlay: bool) {
    let ctx = ui.ctx();
    if ctx.text_edit_focused() {
        return;
    }
    leave_space_to_the_host(ctx);
    if overlay {
        if ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
            if cx.state.about {
                cx.state.about = false;
            } else {
                cx.out.push(Action::DismissSong);
            }
        }
        return;
    }
    let unfocused = ctx.memory(|m| m.focused().is_none());
    let pressed = |key: Key| ctx.input(|i| i.key_pressed(key));
    if let Some(command) = command(ctx) {
        return match command {
            Command::Undo => cx.out.push(Action::Undo),
            Command::Redo => cx.out.push(Action::Redo),
            Command::Other => (),
        };
    }
    if cx.state.lesson.is_open() {
        return lesson::keys(ui, cx);
    }
    if cx.state.models.is_open() {
        return models::keys(ui, cx);
    }
    if cx.state.drum_map.is_open() {
        return drum_map::keys(ui, cx);
    }
    if unfocused {
        if pressed(Key::Enter) {
            act::run(cx);
        }
        let down = ctx.input(|i| i.num_presses(Key::ArrowDown)) as i64;
        let up = ctx.input(|i| i.num_presses(Key::ArrowUp)) as i64;
        if down != up {
            takes::step(cx, down - up);
        }
    }
    let numbers =
        [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
    for (tool, key) in numbers.into_iter().enumerate() {
        if pressed(key) {
            header::choose(cx, tool);
        }
    }
    if let Some(id) = cx.view.shown {
        if pressed(Key::A) {
            cx.out.push(Action::UseAsPrimer(id));
        }
        if pressed(Key::B) {
            cx.out.push(Action::Put(Place::B, id));
        }
    }
    if pressed(Key::S)
        && let Some(id) = cx.view.shown
    {
        cx.out.push(Action::Star(id));
    }
    if pressed(Key::Delete) || pressed(Key::Backspace) {
        delete(cx);
    }
    if pressed(Key::Plus) || pressed(Key::Equals) {
        cx.state.roll.zoom(1.0);
    }
    if pressed(Key::Minus) {
        cx.state.roll.zoom(-1.0);
    }
}

/// Del: the selected note, else the shown take.
fn delete(cx: &mut Cx<'_>) {
    let take = cx.view.takes.iter().find(|t| Some(t.id) == cx.view.shown);
    if let Some(i) = cx.state.roll.selected() {
        let in_primer = cx.state.primer_in_roll || take.is_none();
        let (id, clip) = match (&cx.view.primer, take) {
            (Some(p), _) if in_primer => (None, &*p.clip),
            (_, Some(t)) => (Some(t.id), &t.take.clip),
            _ => return,
        };
        if i < clip.notes.len() {
            cx.out.push(Action::Edit { take: id, clip: std::sync::Arc::new(edit::delete(clip, i)) });
        }
        cx.state.roll.deselect();
    } else if let Some(t) = take {
        cx.out.push(Action::Delete(t.id));
    }
}

/// Whether the frame's events hold a key press that the window used; the glue hands all others to the host.
#[must_use]
pub fn is_our_key(event: &Event) -> bool {
    matches!(
        event,
        Event::Key {
            key: Key::Enter
                | Key::ArrowUp
                | Key::ArrowDown
                | Key::ArrowLeft
                | Key::ArrowRight
                | Key::S
                | Key::Z
                | Key::Y
                | Key::Delete
                | Key::Backspace
                | Key::Num1
                | Key::Num2
                | Key::Num3
                | Key::Num4
                | Key::Plus
                | Key::Equals
                | Key::Minus
                | Key::Escape
                | Key::Tab,
            ..
        }
    )
}
