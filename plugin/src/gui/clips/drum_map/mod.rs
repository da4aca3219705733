//! The drum map, over music and takes: the kit, what each lane is sent out as, and which sounds it hears. GUI thread.
//!
//! A click or the arrows choose a lane; beside the lanes lie all sounds that models know. Escape closes.

mod sounds;

use super::Cx;
use crate::gui::drum_names;
use crate::gui::theme;
use crate::gui::view::{Action, KitView, MapChange};
use crate::gui::widgets::{button, choice, focus_ring, icons, icons::Icon, text};
use descant_core::music::drum_map::{DrumMap, LANE_NAMES};
use egui::{Align2, Key, Popup, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// Where the page stands.
#[derive(Clone, Debug, Default)]
pub(super) struct DrumMapState {
    open: bool,
    /// The lane looked at.
    lane: usize,
}

const LANES: usize = LANE_NAMES.len();
const HEAD: f32 = 48.0;
const FOOT: f32 = 28.0;
const CAPTION: f32 = 22.0;
/// Lowest and highest row of a lane.
const ROW: (f32, f32) = (22.0, 34.0);

impl DrumMapState {
    /// Whether the page is over the music.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn close(&mut self) {
        self.open = false;
    }
}

/// Opens the page.
pub(super) fn open(cx: &mut Cx<'_>) {
    cx.state.chords.close();
    cx.state.drum_map.open = true;
}

/// The keys of the page.
pub(super) fn keys(ui: &Ui, cx: &mut Cx<'_>) {
    // A list that is open closes first.
    if ui.input(|i| i.key_pressed(Key::Escape)) && !Popup::is_any_open(ui.ctx()) {
        cx.state.drum_map.close();
        return;
    }
    if ui.memory(|m| m.focused().is_none()) {
        let presses = |key| ui.input(|i| i.num_presses(key)) as i64;
        // The lanes are listed from the highest down, as in the roll.
        let lane = cx.state.drum_map.lane as i64 + presses(Key::ArrowUp) - presses(Key::ArrowDown);
        cx.state.drum_map.lane = lane.clamp(0, LANES as i64 - 1) as usize;
    }
}

/// Draws the page.
pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let title = pos2(rect.left() + 16.0, rect.top() + HEAD / 2.0);
    text(ui.painter(), title, Align2::LEFT_CENTER, "Drum map", theme::bold(theme::HUGE), theme::TEXT, 140.0);
    head(ui, rect, cx);
    let body =
        Rect::from_min_max(pos2(rect.left(), rect.top() + HEAD), pos2(rect.right(), rect.bottom() - FOOT));
    ui.painter().hline(body.x_range(), body.top(), theme::hairline());
    ui.painter().hline(body.x_range(), body.bottom(), theme::hairline());
    foot(ui, Rect::from_min_max(pos2(rect.left(), body.bottom()), rect.max), &cx.view.kit);

    // The sounds give way before the lanes do.
    let t = ((body.width() - 543.0) / 220.0).clamp(0.0, 1.0);
    let split = body.right() - 196.0 - 44.0 * t;
    ui.painter().vline(split, body.y_range(), theme::hairline());
    let inside = body.y_range().shrink(1.0);
    column(ui, "lanes", Rect::from_x_y_ranges(body.left()..=split, inside), |ui| lanes(ui, cx));
    column(ui, "sounds", Rect::from_x_y_ranges(split..=body.right(), inside), |ui| sounds::show(ui, cx));
}

fn head(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let y = rect.top() + HEAD / 2.0;
    let mut right = rect.right() - 12.0;
    let mut place = |w: f32, h: f32| {
        let cell = Rect::from_center_size(pos2(right - w / 2.0, y), vec2(w, h));
        right = cell.left() - 8.0;
        cell
    };
    if button::icon(
        ui,
        place(28.0, 28.0),
        Icon::Close,
        "Close the drum map",
        "Back to the music. Key Esc.",
        true,
    )
    .clicked()
    {
        cx.state.drum_map.close();
    }
    let usual = cx.view.kit.map == DrumMap::default();
    let tip = "General MIDI again: every drum is heard and sent as models know it.";
    if button::labelled(ui, place(72.0, theme::CONTROL), None, "Reset", tip, !usual).clicked() {
        cx.out.push(Action::DrumMap(MapChange::Kit(0)));
    }
    let mut names: Vec<String> = DrumMap::kits().iter().map(|(name, _)| (*name).to_owned()).collect();
    let chosen = cx.view.kit.map.kit().unwrap_or(names.len());
    if chosen == names.len() {
        names.push("Custom".to_owned());
    }
    let tip = "Which kit plays in and is played: where it has its drums.";
    if let Some(kit) = choice::menu(ui, place(148.0, theme::CONTROL), "Kit", tip, &names, chosen)
        && kit != chosen
    {
        cx.out.push(Action::DrumMap(MapChange::Kit(kit)));
    }
}

/// What models hear as one, or what the page is for.
fn foot(ui: &Ui, rect: Rect, kit: &KitView) {
    let mut left = pos2(rect.left() + 16.0, rect.center().y);
    let (words, colour) = match kit.warning() {
        Some(words) => {
            let icon = Rect::from_center_size(left + vec2(8.0, 0.0), vec2(16.0, 16.0));
            icons::paint(ui.painter(), Icon::Warn, icon, theme::WARN);
            left.x += 24.0;
            (words, theme::TEXT)
        }
        None => {
            let words =
                "Choose a lane, then the sounds that it hears · arrows move · Esc goes back to the music";
            (words.to_owned(), theme::DIM)
        }
    };
    let room = rect.right() - 16.0 - left.x;
    text(ui.painter(), left, Align2::LEFT_CENTER, &words, theme::font(theme::SMALL), colour, room);
    let response = ui.interact(rect, ui.scope_id().with("foot"), Sense::hover());
    crate::gui::widgets::name(ui, &response, Role::Status, &words);
    response.on_hover_text(words);
}

fn column(ui: &mut Ui, name: &str, rect: Rect, add: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().id_salt(name).max_rect(rect.shrink2(vec2(8.0, 0.0))), |ui| {
        ui.shrink_clip_rect(rect);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt(name).auto_shrink(false).show(ui, |ui| {
            add(ui);
            ui.add_space(6.0);
        });
    });
}

/// Where the cells of a row begin: name, what is sent, what is heard.
fn cells(row: Rect) -> [f32; 3] {
    [row.left() + 18.0, row.left() + 112.0, row.left() + 274.0]
}

fn lanes(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), CAPTION), Sense::hover());
    for (x, word) in cells(row).into_iter().zip(["Lane", "is sent as", "hears"]) {
        let pos = pos2(x, row.center().y);
        text(ui.painter(), pos, Align2::LEFT_CENTER, word, theme::font(theme::SMALL), theme::DIM, 90.0);
    }
    let room = ui.available_height() - 6.0;
    let height = (room / LANES as f32).clamp(ROW.0, ROW.1);
    for lane in (0..LANES).rev() {
        lane_row(ui, lane, height, cx);
    }
}

fn lane_row(ui: &mut Ui, lane: usize, height: f32, cx: &mut Cx<'_>) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let here = cx.state.drum_map.lane == lane;
    let name = LANE_NAMES[lane];
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, here, format!("Lane: {name}")));
    let p = ui.painter();
    if here || response.hovered() {
        let fill = if here { theme::RAISED } else { theme::fade(theme::RAISED, 0.55) };
        p.rect_filled(rect.shrink2(vec2(0.0, 1.0)), theme::RADIUS, fill);
    }
    focus_ring(ui, rect.shrink(3.0), &response);
    if response.clicked() {
        cx.state.drum_map.lane = lane;
    }
    let [x_name, x_sent, x_heard] = cells(rect);
    let y = rect.center().y;
    let chip = Rect::from_center_size(pos2(rect.left() + 9.0, y), vec2(4.0, height * 0.5));
    p.rect_filled(chip, 2.0, theme::SERIES[lane % theme::SERIES.len()]);
    let font = if here { theme::bold(theme::BODY) } else { theme::font(theme::BODY) };
    let pos = pos2(x_name, y);
    text(p, pos, Align2::LEFT_CENTER, name, font, theme::TEXT, x_sent - x_name - 6.0);

    let map = &cx.view.kit.map;
    let heard: Vec<String> = map.inputs(lane).map(|pitch| pitch.to_string()).collect();
    let mut pos = pos2(x_heard, y);
    if cx.view.kit.merged.iter().any(|merge| merge.lane == lane) {
        let icon = Rect::from_center_size(pos + vec2(8.0, 0.0), vec2(16.0, 16.0));
        icons::paint(p, Icon::Warn, icon, theme::WARN);
        pos.x += 20.0;
    }
    let font = theme::font(theme::SMALL);
    text(p, pos, Align2::LEFT_CENTER, &heard.join(" "), font, theme::DIM, rect.right() - pos.x - 6.0);
    let field = vec2(150.0, (height - 3.0).min(theme::CONTROL));
    sent(ui, Rect::from_center_size(pos2(x_sent + 75.0, y), field), lane, cx);
}

/// The pitch that a lane is sent out as.
fn sent(ui: &mut Ui, rect: Rect, lane: usize, cx: &mut Cx<'_>) {
    let all: Vec<String> = (0..128).map(drum_names::with_number).collect();
    let now = usize::from(cx.view.kit.map.output(lane).unwrap_or(0));
    let name = format!("{} is sent as", LANE_NAMES[lane]);
    let tip = "What is played, auditioned and dragged out for this lane.";
    if let Some(pitch) = choice::menu(ui, rect, &name, tip, &all, now)
        && pitch != now
    {
        cx.out.push(Action::DrumMap(MapChange::Output { lane, pitch: pitch as u8 }));
    }
}
