//! All sounds that models know, and those of the primer: which of them the lane looked at hears. GUI thread.

use super::CAPTION;
use crate::gui::clips::Cx;
use crate::gui::drum_names;
use crate::gui::theme;
use crate::gui::view::{Action, KitView, MapChange};
use crate::gui::widgets::{focus_ring, icons, icons::Icon, text};
use descant_core::music::drum_map::{LANE_NAMES, SOUNDS};
use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

const ROW: f32 = 24.0;

/// The pitches listed, ascending: the 61 sounds, what the kit hears, what the primer has.
fn listed(kit: &KitView) -> Vec<u8> {
    let wanted =
        |p: &u8| SOUNDS.contains(p) || kit.map.lane(*p).is_some() || kit.primer.binary_search(p).is_ok();
    (0..128).filter(wanted).collect()
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let lane = cx.state.drum_map.lane;
    let pitches = listed(&cx.view.kit);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), CAPTION), Sense::hover());
    let words = format!("{} sounds · tick those of {}", pitches.len(), LANE_NAMES[lane]);
    let pos = row.left_center() + vec2(4.0, 0.0);
    text(ui.painter(), pos, Align2::LEFT_CENTER, &words, theme::font(theme::SMALL), theme::DIM, row.width());
    for pitch in pitches {
        sound(ui, pitch, lane, cx);
    }
}

fn sound(ui: &mut Ui, pitch: u8, lane: usize, cx: &mut Cx<'_>) {
    let kit = &cx.view.kit;
    let heard = kit.map.lane(pitch);
    let (on, played) = (heard == Some(lane), kit.primer.binary_search(&pitch).is_ok());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let label = drum_names::with_number(pitch);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, format!("Hears {label}")));
    let p = ui.painter();
    if response.hovered() {
        p.rect_filled(rect, theme::RADIUS, theme::fade(theme::RAISED, 0.55));
    }
    focus_ring(ui, rect.shrink(2.0), &response);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let tick = Rect::from_min_size(rect.min + vec2(4.0, 4.0), vec2(16.0, 16.0));
    if on {
        icons::paint(p, Icon::Tick, tick, theme::ACCENT);
    }
    if played {
        // A sound of the primer.
        p.circle_filled(pos2(rect.left() + 27.0, rect.center().y), 2.5, theme::PRIMER);
    }
    let other = heard.filter(|_| !on).map_or("", |lane| LANE_NAMES[lane]);
    let right = pos2(rect.right() - 6.0, rect.center().y);
    let font = theme::font(theme::SMALL);
    let end = match (other, heard) {
        ("", Some(_)) => right.x,
        ("", None) => text(p, right, Align2::RIGHT_CENTER, "no lane", font, theme::FAINT, 80.0).left(),
        (other, _) => text(p, right, Align2::RIGHT_CENTER, other, font, theme::DIM, 80.0).left(),
    };
    let pos = pos2(rect.left() + 34.0, rect.center().y);
    let colour = if heard.is_some() { theme::TEXT } else { theme::DIM };
    text(p, pos, Align2::LEFT_CENTER, &label, theme::font(theme::BODY), colour, end - pos.x - 6.0);
    let tip = match (on, played) {
        (true, _) => format!("{label}: {} hears it. A click frees it.", LANE_NAMES[lane]),
        (false, true) => format!("{label}, in the primer. A click makes it {}.", LANE_NAMES[lane]),
        (false, false) => format!("{label}. A click makes it {}.", LANE_NAMES[lane]),
    };
    if response.on_hover_text(tip).clicked() {
        let lane = (!on).then_some(lane);
        cx.out.push(Action::DrumMap(MapChange::Input { pitch, lane }));
    }
}
