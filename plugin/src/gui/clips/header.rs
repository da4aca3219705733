//! The top line: name, tools, the host's clock. GUI thread.

use super::Cx;
use crate::gui::theme;
use crate::gui::view::ParamId;
use crate::gui::widgets::{brand, choice, control, icons, icons::Icon, name, text};
use descant_core::music::Meter;
use descant_core::tool::ToolKind;
use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Tools with a tab of their own; the others lie behind *More*.
const TABS: usize = 5;

/// The tools with what they do, in the order of the parameter.
pub(super) const TOOLS: [(ToolKind, &str); 9] = [
    (ToolKind::Generate, "Write clips from nothing. Key 1."),
    (ToolKind::Continue, "Write on from a clip: its notes stay, new bars follow without a gap. Key 2."),
    (ToolKind::Interpolate, "Write what lies between two clips, and morph from one to the other. Key 3."),
    (
        ToolKind::Groove,
        "Play the primer as a drummer would: a little early or late, louder and softer. Key 4.",
    ),
    (ToolKind::Drumify, "Make a drum groove from the rhythm of the primer. Key 5."),
    (ToolKind::Rewrite, "Write bars of the shown clip anew; those that you lock stay. Key 6."),
    (ToolKind::Harmonise, "Add voices to the primer, whose notes all stay. Key 7."),
    (ToolKind::Hats, "Add closed hi-hats to the primer's drums. Key 8."),
    (ToolKind::Trio, "Write melody, bass and drums at once, over the same chords and in one groove. Key 9."),
];

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let (left, about) = brand(ui, rect, "Clips");
    cx.state.about |= about;
    let tab = |&(tool, tip): &(ToolKind, &'static str)| {
        let why = cx.view.without_weights(tool);
        choice::Tab { label: tool.name(), tip: why.unwrap_or(tip), enabled: why.is_none() }
    };
    let tabs: Vec<choice::Tab<'_>> = TOOLS.iter().map(tab).collect();
    let chosen = TOOLS.iter().position(|(tool, _)| *tool == cx.view.tool).unwrap_or(0);
    let place = pos2(left, rect.top());
    let (picked, right) = choice::tabs(ui, place, rect.height(), &tabs[..TABS], chosen);
    let (more, right) = choice::more_tabs(
        ui,
        pos2(right, rect.top()),
        rect.height(),
        &tabs[TABS..],
        chosen.checked_sub(TABS),
    );
    if let Some(i) = picked.or(more.map(|i| i + TABS)) {
        choose(cx, i);
    }
    clock(ui, rect, right + 8.0, cx);
}

/// Chooses a tool by its place, unless there are no weights for it.
pub(super) fn choose(cx: &mut Cx<'_>, place: usize) {
    if TOOLS.get(place).is_some_and(|(tool, _)| cx.view.without_weights(*tool).is_none()) {
        control::set(cx.out, ParamId::Tool, control::position(place, TOOLS.len()));
    }
}

/// The meter that new bars are counted in.
fn meter(cx: &Cx<'_>) -> Meter {
    match (&cx.view.primer, cx.view.tool) {
        (Some(p), tool) if tool.needs_primer() => p.clip.meter,
        _ => cx.view.transport.meter,
    }
}

/// Tempo, meter, bar and whose clock it is, from the right edge inwards; whatever has no room is left out.
fn clock(ui: &mut Ui, rect: Rect, least: f32, cx: &Cx<'_>) {
    let t = cx.view.transport;
    let p = ui.painter().clone();
    let y = rect.center().y;
    let mut x = rect.right() - 12.0;
    let label = |x: f32, s: &str, c| {
        text(&p, pos2(x, y), Align2::RIGHT_CENTER, s, theme::font(theme::BODY), c, 120.0).left()
    };

    let from = x;
    x = label(x, if t.host { "host" } else { "free" }, theme::DIM);
    let dot = pos2(x - 10.0, y);
    match (t.playing, t.host) {
        (true, _) => p.circle_filled(dot, 4.0, theme::GOOD),
        (false, true) => p.circle_filled(dot, 4.0, theme::FAINT),
        (false, false) => p.circle_stroke(dot, 3.5, Stroke::new(1.5, theme::FAINT)),
    };
    let area = Rect::from_x_y_ranges(dot.x - 6.0..=from, rect.y_range());
    let response = ui.interact(area, ui.scope_id().with("clock"), Sense::hover());
    let state = if t.playing { "playing" } else { "stopped" };
    name(ui, &response, Role::Label, &format!("{} clock, {state}", if t.host { "Host" } else { "Free" }));
    response.on_hover_text(if t.host {
        "The host's transport drives the clip."
    } else {
        "The host gives no transport: Descant runs on its own clock."
    });
    x = dot.x - 18.0;
    if x - 60.0 < least {
        return;
    }
    x = text(
        &p,
        pos2(x - 24.0, y),
        Align2::LEFT_CENTER,
        &t.bar.to_string(),
        theme::font(theme::BODY),
        theme::TEXT,
        40.0,
    )
    .left()
        - 5.0;
    x = label(x, "bar", theme::DIM) - 16.0;
    if x - 28.0 < least {
        return;
    }
    x = label(x, &t.meter.to_string(), theme::TEXT) - 16.0;
    if x - 80.0 < least {
        return;
    }
    x = label(x, &format!("{:.1}", t.tempo), theme::TEXT) - 5.0;
    x = label(x, "=", theme::DIM) - 3.0;
    icons::paint(&p, Icon::Note, Rect::from_center_size(pos2(x - 7.0, y), vec2(16.0, 16.0)), theme::DIM);
    x -= 24.0;

    let meter = meter(cx);
    if meter != Meter::COMMON && x - least > 96.0 {
        let badge = Rect::from_center_size(pos2(x - 48.0, y), vec2(92.0, 20.0));
        p.rect_stroke(badge, 10.0, Stroke::new(1.0, theme::WARN), StrokeKind::Inside);
        let font = theme::font(theme::SMALL);
        text(&p, badge.center(), Align2::CENTER_CENTER, "trained in 4/4", font, theme::WARN, 88.0);
        let response = ui.interact(badge, ui.scope_id().with("badge"), Sense::hover());
        name(ui, &response, Role::Label, "trained in 4/4");
        response.on_hover_text(format!(
            "The model learned from music in 4/4. In {meter} it writes bars of the right length, with less sense of the beat."
        ));
    }
}
