//! The last column of the model page: a model's weights, and what the chosen ones say about themselves. GUI thread.

use super::{Row, choose, looked_at};
use crate::gui::clips::Cx;
use crate::gui::theme;
use crate::gui::view::{Action, CardView, GateView, WeightsView};
use crate::gui::widgets::{button, curve, icons, icons::Icon, name, text};
use egui::{Align2, Color32, Frame, Label, Margin, Rect, RichText, Role, Sense, Ui, pos2, vec2};

/// What to do for a model without weights.
const NEEDS: &str =
    "Needs weights: drop a Magenta checkpoint (.mag, TensorFlow, .safetensors) here, or import one.";

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some((slot, m)) = looked_at(cx) else { return };
    words(ui, &m.name, theme::bold(theme::LARGE), theme::TEXT);
    ui.add_space(4.0);
    words(ui, &m.about, theme::font(theme::BODY), theme::DIM);
    ui.add_space(8.0);
    if let Some(missing) = &m.missing {
        let told =
            format!("The weights “{missing}” are not on this computer: import them again or choose others.");
        warning(ui, &told);
    } else if m.weights.is_empty() {
        warning(ui, NEEDS);
    }
    if m.learns && m.ready {
        let (row, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), theme::CONTROL + 8.0), Sense::hover());
        let at = Rect::from_min_size(row.min + vec2(10.0, 0.0), vec2(140.0, theme::CONTROL));
        let tip = "Let this model learn from your own clips: some seconds, here on your computer.";
        if button::labelled(ui, at, Some(Icon::Starred), "Make it yours…", tip, true).clicked() {
            cx.state.lesson.open(&m.id);
        }
    }
    for (i, w) in m.weights.iter().enumerate() {
        let icon = (m.playing == Some(i)).then_some((Icon::Tick, theme::ACCENT));
        let own = w.card.as_ref().is_some_and(|card| card.own.is_some());
        let note = match w.path {
            _ if own => "yours",
            Some(_) => "imported",
            None => "",
        };
        let row = Row { spoken: "Weights", label: &w.name, note, column: 2, dim: false, icon };
        if row.show(ui, cx, i == cx.state.models.weights) {
            cx.state.models.column = 2;
            cx.state.models.weights = i;
            choose(cx, slot, Some(i));
        }
    }
    if let Some(w) = m.weights.get(cx.state.models.weights) {
        ui.add_space(8.0);
        facts(ui, w, cx);
    }
}

fn facts(ui: &mut Ui, w: &WeightsView, cx: &mut Cx<'_>) {
    if let Some(path) = &w.path {
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
        let at = pos2(row.left() + 10.0, row.top());
        text(ui.painter(), at, Align2::LEFT_TOP, "File", theme::font(theme::SMALL), theme::DIM, row.width());
        words(ui, &path.display().to_string(), theme::font(theme::SMALL), theme::TEXT);
        ui.add_space(4.0);
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::CONTROL), Sense::hover());
        let at = Rect::from_min_size(row.min + vec2(10.0, 0.0), vec2(100.0, theme::CONTROL));
        let tip = "Show the file in the file manager.";
        if button::labelled(ui, at, Some(Icon::Folder), "Reveal file", tip, true).clicked() {
            cx.out.push(Action::RevealWeights(path.clone()));
        }
        ui.add_space(8.0);
    }
    let Some(card) = &w.card else {
        return words(ui, "Reading…", theme::font(theme::SMALL), theme::DIM);
    };
    if let Some(problem) = &card.problem {
        return warning(ui, problem);
    }
    of_card(ui, card);
}

fn of_card(ui: &mut Ui, card: &CardView) {
    let size = format!("{} · {} parameters", bytes(card.bytes), count(card.parameters));
    fact(ui, "Size", &size);
    if let Some(own) = &card.own {
        let clips = if own.clips == 1 { "1 clip".into() } else { format!("{} clips", own.clips) };
        let day = if own.date.is_empty() { String::new() } else { format!("{}: ", own.date) };
        fact(
            ui,
            "Made yours",
            &format!(
                "{day}{} learnt from {clips} ({} pieces), {} rounds, seed {}",
                own.base, own.pieces, own.rounds, own.seed
            ),
        );
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 72.0), Sense::hover());
        let graph = Rect::from_min_max(row.min + vec2(10.0, 0.0), row.max - vec2(10.0, 8.0));
        curve::show(ui, graph, "Loss of the training", &own.curve, own.curve.len());
    }
    if let Some(held_out) = &card.held_out {
        fact(ui, "Music it has not seen", held_out);
    }
    if !card.data.is_empty() {
        fact(ui, "Learned from", &card.data.join("\n"));
    }
    let licence = if card.licence.is_empty() { "Not stated: ask whoever made them" } else { &card.licence };
    fact(ui, "Licence", licence);
    if !card.source.is_empty() {
        fact(ui, "Imported from", &card.source.join(", "));
    }
    if !card.gates.is_empty() {
        caption(ui, "Quality gates");
        card.gates.iter().for_each(|g| gate(ui, g));
    }
}

fn caption(ui: &mut Ui, label: &str) {
    words(ui, label, theme::font(theme::SMALL), theme::DIM);
    ui.add_space(2.0);
}

fn fact(ui: &mut Ui, label: &str, value: &str) {
    caption(ui, label);
    words(ui, value, theme::font(theme::BODY), theme::TEXT);
    ui.add_space(8.0);
}

fn words(ui: &mut Ui, told: &str, font: egui::FontId, colour: Color32) {
    indented(ui, 10, |ui| {
        ui.add(Label::new(RichText::new(told).font(font).color(colour)).wrap());
    });
}

fn warning(ui: &mut Ui, told: &str) {
    let icon = Rect::from_min_size(ui.cursor().min + vec2(8.0, 0.0), vec2(16.0, 16.0));
    icons::paint(ui.painter(), Icon::Warn, icon, theme::WARN);
    indented(ui, 30, |ui| {
        let told = RichText::new(told).font(theme::font(theme::BODY)).color(theme::TEXT);
        ui.add(Label::new(told).wrap());
    });
    ui.add_space(8.0);
}

fn indented(ui: &mut Ui, left: i8, add: impl FnOnce(&mut Ui)) {
    Frame::NONE.inner_margin(Margin { left, right: 10, top: 0, bottom: 0 }).show(ui, add);
}

/// One gate: passed or not, what, the figure and what it has to be.
fn gate(ui: &mut Ui, g: &GateView) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
    let passed = if g.pass { "passed" } else { "missed" };
    name(ui, &response, Role::Label, &format!("Gate {passed}: {}", g.name));
    let p = ui.painter();
    let (icon, tint) = if g.pass { (Icon::Tick, theme::GOOD) } else { (Icon::Warn, theme::WARN) };
    icons::paint(p, icon, Rect::from_min_size(rect.min + vec2(8.0, 0.0), vec2(16.0, 16.0)), tint);
    let left = rect.left() + 30.0;
    let room = rect.right() - left - 8.0;
    let font = theme::font(theme::SMALL);
    text(p, pos2(left, rect.top() + 1.0), Align2::LEFT_TOP, &g.name, font.clone(), theme::TEXT, room);
    let figures = format!("{}, has to be {}", g.value, g.bound);
    text(p, pos2(left, rect.top() + 16.0), Align2::LEFT_TOP, &figures, font, theme::DIM, room);
    response.on_hover_text(format!("{}: {figures}", g.name));
}

fn bytes(n: u64) -> String {
    let mb = n as f64 / 1e6;
    if mb < 0.1 { format!("{:.0} kB", n as f64 / 1e3) } else { format!("{mb:.1} MB") }
}

/// A number in groups of three digits.
fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        assert_eq!((bytes(5_011_084), bytes(12_300)), ("5.0 MB".into(), "12 kB".into()));
        assert_eq!(
            (count(0), count(999), count(1_000), count(2_503_170)),
            ("0".into(), "999".into(), "1,000".into(), "2,503,170".into())
        );
    }
}
