//! The top line: the instrument that is heard, the model, how much of the keyboard is ready. GUI thread.
use super::Cx;
use super::view::Action;
use crate::gui::theme;
use crate::gui::widgets::control::select_all;
use crate::gui::widgets::{brand, button, choice, icons::Icon, name, text};
use crate::keys::compute::Choice;
use egui::{Align2, Popup, Rect, Role, ScrollArea, Sense, TextEdit, Ui, pos2, vec2};

const BUTTON: f32 = 28.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let (left, about) = brand(ui, rect, "Keys");
    cx.state.about |= about;
    let mut x = left + 8.0;
    let mut cell = |w: f32| {
        let r = Rect::from_min_size(pos2(x, rect.center().y - BUTTON / 2.0), vec2(w, BUTTON));
        x = r.right() + 2.0;
        r
    };
    let slot = cx.view.nearest;
    let instrument = cx.view.slots[slot].clone();
    let many = !cx.view.choices.is_empty();
    if button::icon(ui, cell(22.0), Icon::Back, "Instrument before", "The one before in the list.", many)
        .clicked()
    {
        cx.out.push(Action::Step(-1));
    }
    let wide = rect.width() >= 890.0;
    title(ui, cell(if wide { 168.0 } else { 138.0 }), cx);
    if button::icon(ui, cell(22.0), Icon::Forward, "Instrument after", "The next one in the list.", many)
        .clicked()
    {
        cx.out.push(Action::Step(1));
    }
    let tip = "An instrument that nobody has heard, by a seed that you can note down. Key R.";
    if button::labelled(ui, cell(90.0), Some(Icon::Dice), "Random", tip, true).clicked() {
        cx.out.push(Action::Random(slot));
    }
    let starred = instrument.as_ref().is_some_and(|i| i.starred);
    let icon = if starred { Icon::Starred } else { Icon::Star };
    if button::toggle(
        ui,
        cell(BUTTON),
        icon,
        "Star",
        "Keep this instrument at the top of the list. Key S.",
        starred,
    )
    .clicked()
        && instrument.is_some()
    {
        cx.out.push(Action::Star(slot));
    }
    let (undo, redo) = cx.view.can;
    if button::icon(ui, cell(BUTTON), Icon::Undo, "Undo", "The instruments before. Ctrl-Z.", undo).clicked() {
        cx.out.push(Action::Undo);
    }
    if button::icon(ui, cell(BUTTON), Icon::Redo, "Redo", "Forward again. Ctrl-Y.", redo).clicked() {
        cx.out.push(Action::Redo);
    }
    readiness(ui, rect.with_min_x(x + 8.0), cx);
}

/// The name: a click opens the list, a double click types another one.
fn title(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let slot = cx.view.nearest;
    let shown = cx.view.slots[slot].as_ref().map_or("—", |i| i.name.as_str());
    if let Some(typed) = cx.state.name.as_mut() {
        let id = ui.scope_id().with("name");
        let first = ui.memory(|m| m.focused()) != Some(id);
        let edit = TextEdit::singleline(typed)
            .id(id)
            .font(theme::bold(theme::BODY))
            .desired_width(rect.width() - 8.0);
        let response = ui.put(rect, edit);
        if first && !response.lost_focus() {
            response.request_focus();
            select_all(ui, id, typed);
        } else if response.lost_focus() {
            let cancelled = ui.input(|i| i.key_pressed(egui::Key::Escape));
            if !cancelled && typed.trim() != shown {
                cx.out.push(Action::Rename(slot, typed.trim().to_owned()));
            }
            cx.state.name = None;
        }
        return;
    }
    let tip = "The instrument where the morph stands. Click for the list; double-click to name it, or to type a seed.";
    let response = choice::opener(ui, rect, "Instrument", tip, shown);
    if response.double_clicked() {
        Popup::close_all(ui.ctx());
        cx.state.name = Some(shown.to_owned());
        return;
    }
    let mut picked = None;
    Popup::menu(&response).width(rect.width().max(220.0)).show(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for (i, entry) in cx.view.choices.iter().enumerate() {
                let note = if entry.instrument.starred { "starred" } else { entry.group };
                if choice::menu_row(ui, &entry.instrument.name, note, cx.view.chosen == Some(i), true) {
                    picked = Some(i);
                    ui.close();
                }
            }
        });
    });
    cx.out.extend(picked.map(|choice| Action::Choose { slot, choice }));
}

/// Model, what it runs on, and how many notes are ready, from the right edge inwards.
fn readiness(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    let p = &ui.painter().clone();
    let view = cx.view;
    let (ready, all) = (view.here().count_ones(), view.pitches());
    let y = rect.center().y;
    let bar = Rect::from_min_max(pos2(rect.right() - 68.0, y - 3.0), pos2(rect.right() - 12.0, y + 3.0));
    p.rect_filled(bar, 3.0, theme::LINE);
    let share = ready as f32 / all.max(1) as f32;
    let lit = bar.with_max_x(bar.left() + bar.width() * share);
    p.rect_filled(lit, 3.0, if ready >= all { theme::GOOD } else { theme::ACCENT });
    let words = format!("{ready}/{all} notes ready");
    let font = theme::font(theme::SMALL);
    let at = pos2(bar.left() - 8.0, y);
    let left = text(p, at, Align2::RIGHT_CENTER, &words, font.clone(), theme::DIM, rect.width()).left();
    let area = Rect::from_x_y_ranges(left..=bar.right(), rect.y_range());
    let response = ui.interact(area, ui.scope_id().with("ready"), Sense::hover());
    name(ui, &response, Role::Label, &words);
    response.on_hover_text(
        "Every key plays at once. Notes that are not ready yet sound repitched from the nearest one that is, and change over to their own.",
    );
    if view.model.is_empty() {
        return;
    }
    let words = format!("{} · {}", view.model, view.compute.used);
    let room = left - 16.0 - rect.left();
    if room < 60.0 {
        return;
    }
    let at = pos2(left - 16.0, y);
    let r = text(p, at, Align2::RIGHT_CENTER, &words, font, theme::FAINT, room);
    let response = ui.interact(r.expand(3.0), ui.scope_id().with("model"), Sense::click());
    name(ui, &response, Role::Button, &words);
    let why = &view.compute.why;
    let tip = format!("The network that renders the notes, and what it runs on. {why} Click to choose.");
    let response = response.on_hover_text(tip.replace("  ", " "));
    let rows = [
        (Choice::Auto, "Auto", "what is faster here"),
        (Choice::Cpu, "CPU", "main processor"),
        (Choice::Gpu, "GPU", "graphics processor"),
    ];
    Popup::menu(&response).width(220.0).show(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (choice, name, note) in rows {
            if choice::menu_row(ui, name, note, view.compute.choice == choice, true) {
                cx.out.push(Action::Compute(choice));
                ui.close();
            }
        }
    });
}
