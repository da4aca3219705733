//! The roll: a piano roll for melodies, nine lanes for drums, with playhead, velocities and editing by mouse.
//!
//! Runs on the GUI thread. It shows one clip and turns gestures into [`Action::Edit`] with exact ticks; nothing
//! changes until the mouse is released. Only what is visible is painted.
//!
//! Mouse: double-click adds, drag moves, the right edge resizes, right-click deletes, Alt-press drags the
//! velocity; Alt held *during* a move or resize leaves the sixteenth grid. Wheel scrolls, Ctrl-wheel zooms.
pub mod chords;
pub mod edit;
pub mod geometry;
mod hand;
pub mod lanes;
mod locks;
mod paint;
mod structure;
pub mod timing;

use super::theme;
use super::view::Action;
use super::widgets::{button, icons::Icon, text};
use descant_core::music::{Clip, ClipKind, Note, Ticks, pitch_name};
use edit::NoteDrag;
use egui::{Align2, Event, Rect, Sense, Ui, pos2, vec2};
use geometry::{Geometry, SIXTEENTH};

/// What the roll shows in a frame.
pub struct Content<'a> {
    /// The take, or the primer when `None`.
    pub take: Option<u64>,
    /// Its notes.
    pub clip: &'a Clip,
    /// Notes from here on are the model's.
    pub new_from: Ticks,
    /// Sorted: notes that are the musician's wherever they lie, because a tool kept them.
    pub kept: &'a [Note],
    /// The clip shown before, drawn as outlines.
    pub ghost: Option<&'a Clip>,
    /// Playhead in the clip.
    pub playhead: Option<Ticks>,
    /// Title over the roll.
    pub title: &'a str,
    /// Bars that Rewrite leaves as they are; `None` where it would not start from this clip.
    pub locks: Option<&'a [u32]>,
    /// Chords over the notes.
    pub chords: Option<chords::Lane>,
    /// What the timing of a clip with a groove is compared with.
    pub before: Option<timing::Before<'a>>,
}

impl Content<'_> {
    /// Whether a note is the musician's.
    fn is_primer(&self, note: &Note) -> bool {
        note.start < self.new_from || self.kept.binary_search(note).is_ok()
    }
}

/// View settings and the drag in progress.
#[derive(Clone, Debug)]
pub struct RollState {
    /// 1 shows the whole clip.
    zoom: f32,
    /// Tick at the left edge.
    left: f64,
    /// Uppermost row and number of rows in view (melodies).
    rows: (f32, f32),
    last: Option<(Option<u64>, ClipKind)>,
    selected: Option<usize>,
    drag: Option<NoteDrag>,
    velocities: bool,
    ghost: bool,
    structure: bool,
    timing: bool,
    geometry: Option<Geometry>,
    /// Where the chord lane was clicked in the last frame.
    pub(super) chord_click: Option<chords::Click>,
    /// The drum map was asked for in the last frame.
    pub(super) drum_map_click: bool,
}

impl Default for RollState {
    fn default() -> Self {
        Self {
            zoom: 1.0,
            left: 0.0,
            rows: (48.0, 24.0),
            last: None,
            selected: None,
            drag: None,
            velocities: true,
            ghost: true,
            structure: false,
            timing: true,
            geometry: None,
            chord_click: None,
            drum_map_click: false,
        }
    }
}

impl RollState {
    /// Zooms about the middle: +1 in, −1 out.
    pub fn zoom(&mut self, steps: f32) {
        let middle = self.geometry.map_or(0.0, |g| g.tick(g.notes.center().x));
        self.zoom_at(middle, self.geometry.map_or(0.5, |_| 0.5), steps);
    }

    fn zoom_at(&mut self, tick: f64, share: f64, steps: f32) {
        let before = self.zoom;
        self.zoom = (self.zoom * 1.25_f32.powf(steps)).clamp(1.0, 64.0);
        if let Some(g) = self.geometry {
            let width = f64::from(g.notes.width()) / f64::from(g.scale) * f64::from(before / self.zoom);
            self.left = tick - width * share;
        }
    }

    /// The selected note's index in the shown clip.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.selected
    }

    /// Nothing is selected any more.
    pub fn deselect(&mut self) {
        self.selected = None;
    }

    /// Regions of the last frame.
    #[must_use]
    pub fn geometry(&self) -> Option<Geometry> {
        self.geometry
    }
}

const DRUM_MAP: &str = "Which sounds each lane hears, and what it is sent out as.";
const TOOLBAR: f32 = 32.0;
const RULER: f32 = 22.0;
/// Width of the lane names, and of the keyboard.
const KEYS: (f32, f32) = (82.0, 44.0);
/// Free space before the first and after the last tick.
const MARGIN: f32 = 6.0;

/// Shows the roll in `rect`.
pub fn show(ui: &mut Ui, rect: Rect, c: &Content<'_>, s: &mut RollState, out: &mut Vec<Action>) {
    let what = (c.take, c.clip.kind);
    if s.last != Some(what) {
        let kind_changed = s.last.is_none_or(|l| l.1 != c.clip.kind);
        s.last = Some(what);
        s.selected = None;
        s.drag = None;
        // The window of pitches stays where it is while it holds every note: nothing jumps between takes.
        let (top, rows) = s.rows;
        let outside = |n: &Note| !(top..top + rows - 1.0).contains(&(127.0 - f32::from(n.pitch)));
        if kind_changed || c.clip.notes.iter().any(outside) {
            s.rows = geometry::fit_rows(c.clip);
        }
    }
    let note_under = s.selected.filter(|&i| i < c.clip.notes.len()).map(|i| c.clip.notes[i]);
    toolbar(ui, Rect::from_min_size(rect.min, vec2(rect.width(), TOOLBAR)), c, s, note_under);

    let mut body = Rect::from_min_max(rect.min + vec2(0.0, TOOLBAR), rect.max);
    if s.structure && rect.width() > 2.0 * structure::WIDTH {
        let (music, right) = body.split_left_right_at_x(body.right() - structure::WIDTH);
        structure::show(ui, right, c);
        body = music;
    }
    wheel(ui, body, c, s);
    follow_playhead(c, s);
    let g = lay_out(body, c, s);
    s.geometry = Some(g);

    paint::grid(ui.painter(), &g, c);
    paint::ruler(ui.painter(), &g, c);
    s.chord_click = c.chords.as_ref().and_then(|lane| {
        let top = g.ruler.bottom();
        let area = Rect::from_x_y_ranges(body.x_range(), top..=top + chords::HEIGHT);
        chords::show(ui, area, g.notes.left(), |tick| g.x(tick), lane)
    });
    let sounding = |pitch: u8| {
        c.playhead
            .is_some_and(|t| c.clip.notes.iter().any(|n| n.pitch == pitch && (n.start..n.end()).contains(&t)))
    };
    paint::keys(ui.painter(), &g, sounding);
    if c.clip.kind == ClipKind::Drums {
        let names = ui.interact(g.keys, ui.scope_id().with("lane names"), Sense::CLICK);
        s.drum_map_click |= names.on_hover_text(DRUM_MAP).clicked();
    }
    if s.ghost
        && let Some(ghost) = c.ghost
    {
        paint::ghost(ui.painter(), &g, &ghost.notes);
    }
    hand::canvas(ui, &g, c, s, out);
    hand::notes(ui, &g, c, s, out);
    if let Some(before) = c.before.filter(|_| g.timing.height() > 0.0) {
        timing::show(ui, g.timing, &g, c.clip, before);
    }
    if s.velocities {
        hand::velocity_strip(ui, &g, c, s, out);
    }
    locks::show(ui, &g, c, out);
    let p = ui.painter();
    paint::boundary(p, &g, c.new_from);
    paint::overview(p, &g, c.clip.length);
    if let Some(tick) = c.playhead {
        paint::playhead(p, &g, tick);
    }
    hand::follow_drag(ui, &g, c, s, out);
}

fn lay_out(body: Rect, c: &Content<'_>, s: &mut RollState) -> Geometry {
    let strip = if s.velocities { (body.height() * 0.16).clamp(28.0, 56.0) } else { 0.0 };
    let gutter = body.left() + if c.clip.kind == ClipKind::Drums { KEYS.0 } else { KEYS.1 };
    let keys_x = body.left()..=gutter;
    let notes_x = gutter..=body.right();
    let top = body.top() + RULER;
    let lane = if s.timing && c.before.is_some() { timing::height(body.height()) } else { 0.0 };
    let under = body.bottom() - strip;
    let bottom = under - lane;
    let ruler = Rect::from_x_y_ranges(notes_x.clone(), body.top()..=top);
    let top = if c.chords.is_some() { top + chords::HEIGHT } else { top };
    let notes = Rect::from_x_y_ranges(notes_x.clone(), top..=bottom);
    let length = c.clip.length.max(SIXTEENTH) as f64;
    // At 1 the clip fills the width; at most 64 points per sixteenth.
    let fit = f64::from((notes.width() - 2.0 * MARGIN).max(16.0)) / length;
    let most = (64.0 / SIXTEENTH as f64 / fit).max(1.0) as f32;
    s.zoom = s.zoom.clamp(1.0, most);
    let scale = (fit * f64::from(s.zoom)) as f32;
    let in_view = f64::from(notes.width() / scale);
    let margin = f64::from(MARGIN / scale);
    s.left = s.left.clamp(-margin, (length + margin - in_view).max(-margin));
    let (row, first) = match c.clip.kind {
        ClipKind::Drums => (notes.height() / lanes::COUNT as f32, 0.0),
        ClipKind::Melody => {
            s.rows.1 = s.rows.1.clamp(12.0, 128.0);
            let row = (notes.height() / s.rows.1).max(5.0);
            let visible = notes.height() / row;
            s.rows.0 = s.rows.0.clamp(0.0, (128.0 - visible).max(0.0));
            (row, s.rows.0)
        }
    };
    Geometry {
        ruler,
        keys: Rect::from_x_y_ranges(keys_x, top..=bottom),
        notes,
        timing: Rect::from_x_y_ranges(notes_x.clone(), bottom..=under),
        velocities: Rect::from_x_y_ranges(notes_x, under..=body.bottom()),
        scale,
        left: s.left,
        row,
        top: first,
        kind: c.clip.kind,
    }
}

fn toolbar(ui: &Ui, rect: Rect, c: &Content<'_>, s: &mut RollState, selected: Option<Note>) {
    let mut x = rect.right() - 4.0;
    let mut place = |w: f32| {
        x -= w;
        Rect::from_min_size(pos2(x, rect.top() + 4.0), vec2(24.0, 24.0))
    };
    if button::icon(ui, place(24.0), Icon::Fit, "Show all", "Show the whole clip.", s.zoom > 1.0).clicked() {
        s.zoom = 1.0;
        s.rows = geometry::fit_rows(c.clip);
    }
    if button::icon(ui, place(26.0), Icon::ZoomIn, "Zoom in", "Zoom in. Key +, or Ctrl and wheel.", true)
        .clicked()
    {
        s.zoom(1.0);
    }
    if button::icon(
        ui,
        place(26.0),
        Icon::ZoomOut,
        "Zoom out",
        "Zoom out. Key −, or Ctrl and wheel.",
        s.zoom > 1.0,
    )
    .clicked()
    {
        s.zoom(-1.0);
    }
    let tip = "Show how hard each note is played; drag a stem to change it.";
    if button::toggle(ui, place(34.0), Icon::Bars, "Velocity strip", tip, s.velocities).clicked() {
        s.velocities = !s.velocities;
    }
    let tip = "Show the take you looked at before as outlines.";
    if button::toggle(ui, place(26.0), Icon::Ghost, "Ghost of the last take", tip, s.ghost).clicked() {
        s.ghost = !s.ghost;
    }
    if c.before.is_some() {
        let tip = "Show how early or late each note was and is, in milliseconds.";
        if button::toggle(ui, place(26.0), Icon::Clock, "Timing before and after", tip, s.timing).clicked() {
            s.timing = !s.timing;
        }
    }
    let tip = "Show how alike the bars are: the brighter, the more notes two bars share.";
    if button::toggle(ui, place(26.0), Icon::Structure, "Structure", tip, s.structure).clicked() {
        s.structure = !s.structure;
    }
    if c.clip.kind == ClipKind::Drums
        && button::icon(ui, place(26.0), Icon::Map, "Drum map", DRUM_MAP, true).clicked()
    {
        s.drum_map_click = true;
    }
    let room = x - rect.left() - 16.0;
    let pos = rect.left_center() + vec2(8.0, 0.0);
    let title =
        text(ui.painter(), pos, Align2::LEFT_CENTER, c.title, theme::bold(theme::BODY), theme::TEXT, room);
    let clip = c.clip;
    let facts = match selected {
        Some(n) => format!(
            "{} · velocity {} · {}",
            note_word(clip.kind, n.pitch),
            n.velocity,
            place_of(clip, n.start)
        ),
        None => {
            let (bars, notes) = (clip.bars(), clip.notes.len() as u32);
            let length = format!("{bars} {} · {}", plural(bars, "bar"), clip.meter);
            let full = format!("{length} · {notes} {}", plural(notes, "note"));
            let font = theme::font(theme::SMALL);
            let width = ui.painter().layout_no_wrap(full.clone(), font, theme::DIM).size().x;
            if width <= x - title.right() - 24.0 { full } else { length }
        }
    };
    let left = pos2(title.right() + 12.0, rect.center().y);
    if x - left.x > 60.0 {
        let font = theme::font(theme::SMALL);
        text(ui.painter(), left, Align2::LEFT_CENTER, &facts, font, theme::DIM, x - left.x - 12.0);
    }
}

fn plural(n: u32, word: &str) -> String {
    if n == 1 { word.to_owned() } else { format!("{word}s") }
}

fn note_word(kind: ClipKind, pitch: u8) -> String {
    match (kind, lanes::of(pitch)) {
        (ClipKind::Drums, Some(lane)) => lanes::NAMES[lane].to_owned(),
        (ClipKind::Drums, None) => format!("Drum {pitch}"),
        (ClipKind::Melody, _) => pitch_name(pitch),
    }
}

/// Bar, beat and sixteenth as musicians count them: "2.3.1".
fn place_of(clip: &Clip, tick: Ticks) -> String {
    let (bar, beat) = (clip.meter.bar_ticks(), clip.meter.beat_ticks());
    let in_bar = tick.rem_euclid(bar);
    format!("{}.{}.{}", tick.div_euclid(bar) + 1, in_bar / beat + 1, in_bar % beat / SIXTEENTH + 1)
}

fn wheel(ui: &Ui, body: Rect, c: &Content<'_>, s: &mut RollState) {
    let Some(g) = s.geometry else { return };
    if !ui.rect_contains_pointer(body) {
        return;
    }
    let events: Vec<_> = ui.input(|i| {
        let wheel = |e: &Event| match e {
            Event::MouseWheel { delta, modifiers, .. } => Some((*delta, *modifiers)),
            _ => None,
        };
        i.events.iter().filter_map(wheel).collect()
    });
    let pointer = ui.input(|i| i.pointer.hover_pos()).unwrap_or(body.center());
    for (delta, m) in events {
        let (dx, dy) = (delta.x.clamp(-3.0, 3.0), delta.y.clamp(-3.0, 3.0));
        let sixth = f64::from(g.notes.width() / g.scale) / 10.0;
        if m.command || m.ctrl {
            let share = f64::from((pointer.x - g.notes.left()) / g.notes.width()).clamp(0.0, 1.0);
            s.zoom_at(g.tick(pointer.x), share, dy);
        } else if m.alt && c.clip.kind == ClipKind::Melody {
            s.rows.1 = (s.rows.1 * 1.15_f32.powf(-dy)).clamp(12.0, 60.0);
        } else if m.shift || c.clip.kind == ClipKind::Drums {
            s.left -= f64::from(dx + dy) * sixth;
        } else {
            s.left -= f64::from(dx) * sixth;
            s.rows.0 -= dy * 2.0;
        }
    }
}

/// Turns the page when the playhead leaves a zoomed view, but never under the hand.
fn follow_playhead(c: &Content<'_>, s: &mut RollState) {
    let (Some(tick), Some(g), None) = (c.playhead, s.geometry, &s.drag) else { return };
    if s.zoom > 1.0 && !g.notes.x_range().contains(g.x(tick)) {
        s.left = tick as f64;
    }
}
