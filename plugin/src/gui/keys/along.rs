//! Along the clip: a dropped file, how often the instrument changes, Render, and the way out of the sound. GUI thread.
use super::Cx;
use super::view::{Action, Target};
use crate::gui::theme;
use crate::gui::widgets::{button, caption, choice, control, icons::Icon, name, text};
use descant_core::sound::along::Manner;
use egui::{Align2, Rect, Role, Sense, Shape, Stroke, Ui, pos2, vec2};

/// Height of the strip.
pub(super) const HEIGHT: f32 = 62.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let wide = rect.width() >= 890.0;
    let top = rect.top() + 8.0;
    let mut x = rect.left() + 12.0;
    let mut cell = |w: f32| {
        let r = Rect::from_min_size(pos2(x, top), vec2(w, 44.0));
        x = r.right() + 8.0;
        r
    };
    let (file, spacing, seed, rules) = (
        cell(if wide { 172.0 } else { 132.0 }),
        cell(66.0),
        cell(28.0),
        cell(if wide { 178.0 } else { 166.0 }),
    );
    source(ui, file, cx);
    let tip = "How many seconds until the next instrument. Each note takes the sound of where it begins.";
    cx.control(ui, spacing, control::field, Target::Spacing, ("Every", tip), true);
    let tip = format!("Other instruments along the clip; these are {}.", cx.view.piece.seed);
    if button::icon(ui, body(seed), Icon::Dice, "New instruments", &tip, true).clicked() {
        cx.out.push(Action::NewSeed);
    }
    caption(ui.painter(), rules.left_top(), "Rules", rules.width());
    let tip = "Musical: nothing is dropped, the last end is the end. Morph: so too, and a note goes on changing while it is held. Original: as the published program does it, with its oddities.";
    let manners = [Manner::Musical, Manner::Morphing, Manner::Original];
    let now = manners.iter().position(|m| *m == cx.view.piece.manner).unwrap_or(0);
    let picked = choice::segmented(ui, body(rules), "Rules", tip, &["Musical", "Morph", "Original"], now);
    cx.out.extend(picked.and_then(|i| manners.get(i)).map(|m| Action::Rules(*m)));

    let mut right = rect.right() - 12.0;
    let mut cell = |w: f32| {
        let r = Rect::from_min_size(pos2(right - w, top), vec2(w, 44.0));
        right = r.left() - 8.0;
        r
    };
    let (export, save, handle) = (cell(28.0), cell(28.0), cell(96.0));
    let render = cell(if wide { 116.0 } else { 96.0 });
    let idle = cx.view.progress.is_none();
    let tip =
        "Write the instrument that is heard as a folder: a WAV per key and an SFZ file, for any sampler.";
    if button::icon(ui, body(export), Icon::Folder, "Export keyboard…", tip, idle).clicked() {
        cx.out.push(Action::Export);
    }
    let done = cx.view.piece.rendered;
    if button::icon(ui, body(save), Icon::Save, "Save WAV…", "Save the rendered sound.", done).clicked() {
        cx.out.push(Action::Save);
    }
    let tip =
        if done { "Drag the sound to a track of your DAW." } else { "Nothing to drag yet: render first." };
    if button::handle(ui, body(handle), "Drag WAV", "Drag the sound", tip, done) {
        cx.out.push(Action::DragOut);
    }
    act(ui, render.translate(vec2(0.0, 6.0)), cx);
    words(ui, Rect::from_min_max(pos2(x, top), pos2(right, top + 44.0)), cx);
}

/// The control part of a cell, under its caption.
fn body(cell: Rect) -> Rect {
    Rect::from_min_size(cell.min + vec2(0.0, 16.0), vec2(cell.width(), theme::CONTROL))
}

fn source(ui: &Ui, cell: Rect, cx: &mut Cx<'_>) {
    caption(ui.painter(), cell.left_top(), "Along the clip", cell.width());
    let area = body(cell);
    if let Some(file) = &cx.view.piece.file {
        let tip = "The file whose notes are played. Click or drop for another one.";
        if button::labelled(ui, area, Some(Icon::Note), file, tip, true).clicked() {
            cx.out.push(Action::Open);
        }
        return;
    }
    let response = ui.interact(area, ui.scope_id().with("drop"), Sense::click());
    name(ui, &response, Role::Button, "Open MIDI file");
    let p = ui.painter();
    let edge = Stroke::new(1.0, if response.hovered() { theme::ACCENT } else { theme::LINE_STRONG });
    let corners =
        [area.left_top(), area.right_top(), area.right_bottom(), area.left_bottom(), area.left_top()];
    p.extend(Shape::dashed_line(&corners, edge, 4.0, 4.0));
    let font = theme::font(theme::SMALL);
    text(p, area.center(), Align2::CENTER_CENTER, "Drop a MIDI file", font, theme::DIM, area.width() - 8.0);
    if response.on_hover_text("A MIDI file or score, played by instruments that change on its way.").clicked()
    {
        cx.out.push(Action::Open);
    }
}

fn act(ui: &Ui, cell: Rect, cx: &mut Cx<'_>) {
    let area = Rect::from_min_size(cell.min, vec2(cell.width(), 38.0));
    if let Some(done) = cx.view.progress {
        if button::act(ui, area, "Cancel", "Stop rendering.", true, Some(done)).clicked() {
            cx.out.push(Action::Cancel);
        }
        return;
    }
    let why = match &cx.view.piece.plan {
        None => Some("Drop a MIDI file first."),
        Some(Err(why)) => Some(why.as_str()),
        Some(Ok(_)) => None,
    };
    let tip = why.unwrap_or("Render the piece to a WAV file.");
    if button::act(ui, area, "Render", tip, why.is_none(), None).clicked() {
        cx.out.push(Action::Render);
    }
}

/// How many instruments and how far apart they really are; what cannot be played as it is.
fn words(ui: &Ui, area: Rect, cx: &Cx<'_>) {
    if area.width() < 60.0 {
        return;
    }
    let (first, second, bad) = match &cx.view.piece.plan {
        None => return,
        Some(Err(why)) => (why.clone(), String::new(), true),
        Some(Ok(plan)) => {
            let second = match (plan.moved, plan.left_out) {
                (0, 0) => format!("{} notes", plan.notes),
                (moved, 0) => format!("{moved} of {} notes moved", plan.notes),
                (_, out) => format!("{out} notes left out"),
            };
            (format!("{} sounds, {:.2} s", plan.instruments, plan.spacing), second, false)
        }
    };
    let p = ui.painter();
    let font = theme::font(theme::SMALL);
    let colour = if bad { theme::WARN } else { theme::TEXT };
    let at = pos2(area.left(), area.top() + 20.0);
    text(p, at, Align2::LEFT_TOP, &first, font.clone(), colour, area.width());
    text(p, at + vec2(0.0, 14.0), Align2::LEFT_TOP, &second, font, theme::DIM, area.width());
    let response = ui.interact(area, ui.scope_id().with("plan"), Sense::hover());
    let spoken = if second.is_empty() { first } else { format!("{first}; {second}") };
    name(ui, &response, Role::Label, &spoken);
    response.on_hover_text(format!("{spoken}. The distance is what it really is: instruments are spread evenly from the beginning to the end."));
}
