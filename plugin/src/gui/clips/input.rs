//! What goes in: model, primer, limits. The left panel. GUI thread.

use super::{Cx, models, more, tool};
use crate::gui::theme;
use crate::gui::view::{Action, FitView, ParamId, PrimerOrigin};
use crate::gui::widgets::{
    button, choice, control, control::Control, icons, icons::Icon, name, paragraph, text, thumb,
};
use descant_core::music::ClipKind;
use descant_core::tool::ToolKind;
use egui::{Align2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let tight = rect.height() < 400.0;
    let gap = if tight { 8.0 } else { 16.0 };
    let pad = 12.0;
    let x = rect.left() + pad;
    let w = rect.width() - 2.0 * pad;
    let mut y = rect.top() + if tight { 8.0 } else { 12.0 };

    // Limits of melodies need the room that the words about the model would take.
    let settings = tool::has_settings(cx.view);
    let melody = cx.view.playing_model().is_some_and(|m| m.kind == ClipKind::Melody);
    let words = if tight && (melody || settings) { 64.0 } else { 94.0 };
    more::show(ui, Rect::from_min_size(pos2(x + w - 22.0, y - 4.0), vec2(22.0, 20.0)), cx);
    y = model(ui, Rect::from_min_size(pos2(x, y), vec2(w, words)), cx) + gap;
    // The picture takes what the fixed parts leave, within reason.
    let picture = if tight { 36.0 } else { (64.0 + (rect.height() - 470.0) * 0.4).clamp(52.0, 132.0) };
    y = primer(ui, pos2(x, y), w, picture, cx) + gap;
    if settings {
        tool::show(ui, pos2(x, y), w, tight, cx);
    } else {
        limits(ui, pos2(x, y), w, tight, cx);
    }
}

pub(super) fn section(ui: &Ui, x: f32, y: f32, label: &str, note: &str, w: f32) {
    let p = ui.painter();
    let left = text(p, pos2(x, y), Align2::LEFT_TOP, label, theme::bold(theme::SMALL), theme::TEXT, w);
    if !note.is_empty() {
        let room = x + w - left.right() - 8.0;
        text(p, pos2(x + w, y), Align2::RIGHT_TOP, note, theme::font(theme::SMALL), theme::DIM, room);
    }
}

fn model(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) -> f32 {
    let (x, w) = (rect.left(), rect.width());
    let view = cx.view;
    let chosen = view.playing_model();
    let imported = chosen.and_then(|m| m.weights.get(m.playing?)).filter(|w| w.path.is_some());
    let (note, why) = match &view.fit {
        FitView::Chosen => (imported.map_or_else(String::new, |w| w.name.clone()), None),
        FitView::Other { why, .. } => (format!("for {}", view.tool.name()), Some(why)),
        FitView::None(why) => (String::new(), Some(why)),
    };
    let lacks = matches!(view.fit, FitView::None(_));
    // Beside it lies the way to more settings.
    section(ui, x, rect.top(), "Model", &note, w - 26.0);
    let menu = Rect::from_min_size(pos2(x, rect.top() + 17.0), vec2(w, theme::CONTROL));
    let tip = "Which network writes, and with which weights. Opens the models.";
    if choice::opener(ui, menu, "Model", tip, chosen.map_or("", |m| &m.name)).clicked() {
        models::toggle(cx);
    }
    if let Some(m) = chosen {
        let p = ui.painter();
        let mut pos = pos2(x, menu.bottom() + 5.0);
        let mut rows = ((rect.bottom() - pos.y) / 14.0).floor().max(1.0) as usize;
        if !m.ready || lacks {
            icons::paint(
                p,
                Icon::Warn,
                Rect::from_min_size(pos - vec2(1.0, 1.0), vec2(16.0, 16.0)),
                theme::WARN,
            );
            let font = theme::font(theme::SMALL);
            let words = if lacks { "no weights for this tool" } else { "needs weights" };
            text(p, pos + vec2(20.0, 0.0), Align2::LEFT_TOP, words, font, theme::WARN, w - 20.0);
            pos.y += 16.0;
            rows = rows.saturating_sub(1);
        }
        if rows > 0 {
            paragraph(p, pos, why.unwrap_or(&m.about), theme::font(theme::SMALL), theme::DIM, w, rows);
        }
        let about = Rect::from_min_max(pos2(x, menu.bottom()), rect.max);
        let response = ui.interact(about, ui.scope_id().with("about model"), Sense::hover());
        if let Some(why) = why {
            name(ui, &response, Role::Label, why);
        }
        response.on_hover_text(why.map_or_else(|| m.about.clone(), |why| format!("{why}\n{}", m.about)));
    }
    rect.bottom()
}

fn origin(o: PrimerOrigin) -> &'static str {
    match o {
        PrimerOrigin::Captured => "played in",
        PrimerOrigin::File => "from file",
        PrimerOrigin::Take => "from a take",
        PrimerOrigin::Edited => "edited",
    }
}

fn primer(ui: &mut Ui, at: egui::Pos2, w: f32, height: f32, cx: &mut Cx<'_>) -> f32 {
    let (x, y) = (at.x, at.y);
    let view = cx.view;
    let note = match &view.primer {
        Some(p) => format!("{} · {}", bars(p.clip.bars()), origin(p.origin)),
        None if view.tool == ToolKind::Generate => "for Continue".to_owned(),
        None => String::new(),
    };
    section(ui, x, y, "Primer", &note, w);
    let frame = Rect::from_min_size(pos2(x, y + 17.0), vec2(w, height));
    let response = ui.interact(frame, ui.scope_id().with("primer"), Sense::click());
    let p = ui.painter();
    if let Some(primer) = &view.primer {
        name(ui, &response, Role::Button, "Show the primer");
        thumb::paint(p, frame, &primer.clip, primer.clip.length, 1.0);
        let lit = cx.state.primer_in_roll || response.hovered();
        let edge = if lit { Stroke::new(1.0, theme::PRIMER) } else { theme::hairline() };
        p.rect_stroke(frame, 4.0, edge, StrokeKind::Inside);
        if response.on_hover_text("Show the primer in the roll, where its notes can be edited.").clicked() {
            cx.state.primer_in_roll = !cx.state.primer_in_roll;
        }
        let clear = Rect::from_min_size(pos2(frame.right() - 24.0, frame.top() + 2.0), vec2(22.0, 22.0));
        ui.painter().rect_filled(clear.shrink(2.0), 4.0, theme::fade(theme::PANEL, 0.85));
        if button::icon(ui, clear, Icon::Close, "Clear the primer", "Forget the primer.", true).clicked() {
            cx.state.primer_in_roll = false;
            cx.out.push(Action::ClearPrimer);
        }
    } else {
        name(ui, &response, Role::Label, "No primer");
        let corners = [
            frame.left_top(),
            frame.right_top(),
            frame.right_bottom(),
            frame.left_bottom(),
            frame.left_top(),
        ];
        p.extend(Shape::dashed_line(&corners, Stroke::new(1.0, theme::LINE_STRONG), 4.0, 4.0));
        let font = theme::font(theme::SMALL);
        text(
            p,
            frame.center(),
            Align2::CENTER_CENTER,
            "Drop a MIDI file or score here",
            font,
            theme::DIM,
            w - 8.0,
        );
    }

    let row = frame.bottom() + 6.0;
    let half = (w - 6.0) / 2.0;
    let captured = view.captured_bars;
    let label = "Capture";
    let tip = if captured > 0 {
        format!("Take the last {} that you played in as the primer.", bars(captured))
    } else {
        "Nothing was played in yet: send notes to this track while the host plays.".to_owned()
    };
    let capture = Rect::from_min_size(pos2(x, row), vec2(half, theme::CONTROL));
    if button::labelled(ui, capture, Some(Icon::Record), label, &tip, captured > 0).clicked() {
        cx.out.push(Action::Capture);
    }
    let open = Rect::from_min_size(pos2(x + half + 6.0, row), vec2(half, theme::CONTROL));
    let tip = "Choose a MIDI, MusicXML or ABC file as the primer. Files can also be dropped on the window.";
    if button::labelled(ui, open, Some(Icon::Folder), "Open…", tip, true).clicked() {
        cx.out.push(Action::Open);
    }
    open.bottom()
}

fn bars(n: u32) -> String {
    format!("{n} {}", if n == 1 { "bar" } else { "bars" })
}

fn limits(ui: &mut Ui, at: egui::Pos2, w: f32, tight: bool, cx: &mut Cx<'_>) {
    let melody = cx.view.playing_model().is_some_and(|m| m.kind == ClipKind::Melody);
    let (x, mut y) = (at.x, at.y);
    if !tight {
        section(ui, x, y, "Limits", if melody { "" } else { "key and range: melodies" }, w);
        y += 20.0;
    }
    let half = (w - 6.0) / 2.0;
    let third = (w - 12.0) / 3.0;
    let density = |ui: &mut Ui, rect, cx: &mut Cx<'_>| {
        let state = cx.param(ParamId::Density).clone();
        let tip = "How many notes start per bar, roughly. Auto: Continue keeps to its primer, Generate to the model.";
        let c = Control { id: ParamId::Density, name: "Density", tip, state: &state, enabled: true };
        control::field(ui, rect, &c, &mut cx.state.controls, cx.out);
    };
    if !melody {
        density(ui, Rect::from_min_size(pos2(x, y), vec2(w, 44.0)), cx);
        return;
    }
    for (i, (id, label, tip)) in [
        (ParamId::Key, "Key", "Tonic of the scale that the notes are kept in."),
        (ParamId::Scale, "Scale", "Notes outside this scale are not written. Off leaves the model free."),
    ]
    .into_iter()
    .enumerate()
    {
        let left = x + (half + 6.0) * i as f32;
        crate::gui::widgets::caption(ui.painter(), pos2(left, y), label, half);
        let state = cx.param(id).clone();
        let rect = Rect::from_min_size(pos2(left, y + 16.0), vec2(half, theme::CONTROL));
        if let Some(i) = choice::menu(ui, rect, label, tip, &state.choices, control::index(&state)) {
            control::set(cx.out, id, control::position(i, state.choices.len()));
        }
    }
    y += 44.0 + if tight { 6.0 } else { 10.0 };
    let width = if tight { third } else { half };
    for (i, (id, label, tip)) in [
        (ParamId::RangeLow, "Lowest", "No note is written below this one."),
        (ParamId::RangeHigh, "Highest", "No note is written above this one."),
    ]
    .into_iter()
    .enumerate()
    {
        let state = cx.param(id).clone();
        let rect = Rect::from_min_size(pos2(x + (width + 6.0) * i as f32, y), vec2(width, 44.0));
        let c = Control { id, name: label, tip, state: &state, enabled: true };
        control::field(ui, rect, &c, &mut cx.state.controls, cx.out);
    }
    if tight {
        density(ui, Rect::from_min_size(pos2(x + 2.0 * (third + 6.0), y), vec2(third, 44.0)), cx);
    } else {
        density(ui, Rect::from_min_size(pos2(x, y + 54.0), vec2(w, 44.0)), cx);
    }
}
