//! *More*: how takes are searched for, what Rewrite and Harmonise keep, what performance models are told. A panel
//! that opens from a button on the left. GUI thread.

use super::Cx;
use crate::gui::theme;
use crate::gui::view::{Action, ParamId};
use crate::gui::widgets::{button, choice, control, control::Control, icons::Icon, text};
use egui::{Align2, Frame, Popup, PopupCloseBehavior, Rect, Sense, Ui, pos2, vec2};

const WIDTH: f32 = 372.0;
/// A caption with a control under it.
const ROW: f32 = 44.0;
const GAP: f32 = 12.0;
/// Around everything.
const MARGIN: f32 = 8.0;
/// Height of the pitch-class editor.
const EDITOR: f32 = 84.0;
/// Place of "Custom" among the searches.
const CUSTOM: usize = 4;

/// The button, and the panel while it is open.
pub(super) fn show(ui: &Ui, rect: Rect, cx: &mut Cx<'_>) {
    let tip = "Search, what is kept, and what performance models are told.";
    let response = button::icon(ui, rect, Icon::Sliders, "More settings", tip, true);
    Popup::menu(&response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .width(WIDTH + 2.0 * MARGIN)
        .show(|ui| Frame::new().inner_margin(MARGIN).show(ui, |ui| panel(ui, cx)));
}

fn panel(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.spacing_mut().item_spacing.y = GAP;
    let labels = ["Wild", "Free", "Careful", "Safe", "Custom"];
    let tip = "Wild takes what is drawn first; the safer, the more candidates are written side by side and the likeliest kept.";
    options(ui, cx, ParamId::Search, ("Search", "drums and melodies"), tip, &labels);
    if control::index(cx.param(ParamId::Search)) == CUSTOM {
        let third = |i: usize, row: Rect| {
            let w = (row.width() - 16.0) / 3.0;
            Rect::from_min_size(pos2(row.left() + (w + 8.0) * i as f32, row.top()), vec2(w, ROW))
        };
        let row = row(ui, ROW);
        let fields = [
            (ParamId::BeamSize, "Beam size", "How many candidates are kept."),
            (ParamId::BranchFactor, "Branch factor", "How many copies of each go on."),
            (
                ParamId::StepsPerIteration,
                "Steps",
                "How many steps they are written before the best are kept.",
            ),
        ];
        for (i, (id, name, tip)) in fields.into_iter().enumerate() {
            field(ui, third(i, row), id, name, tip, cx);
        }
    }

    let two = row(ui, ROW);
    let half = (two.width() - 8.0) / 2.0;
    let left = Rect::from_min_size(two.min, vec2(half, ROW));
    let tip = "How many notes may sound at once; of drums: may be struck at once.";
    field(ui, left, ParamId::MostNotes, "Most notes at once", tip, cx);
    let right = Rect::from_min_size(pos2(left.right() + 8.0, two.top()), vec2(half, ROW));
    let tip = "No pitch, and no set of drums, follows itself.";
    switch(ui, right, ParamId::NoRepeat, "No repeated notes", tip, cx);

    let labels = ["Nothing", "Rhythm", "Contour"];
    let tip = "What stays of the bars that are written anew: their rhythm, or with it where the melody rises and falls.";
    options(ui, cx, ParamId::Keep, ("Rewrite keeps", ""), tip, &labels);
    locked(ui, cx);

    let two = row(ui, ROW);
    let left = Rect::from_min_size(two.min, vec2(half, ROW));
    let tip = "Harmonise reads the whole primer once before it begins.";
    switch(ui, left, ParamId::ListenFirst, "Harmonise listens first", tip, cx);
    let right = Rect::from_min_size(pos2(left.right() + 8.0, two.top()), vec2(half, ROW));
    let tip = "How many notes start per second, for performance models that can be told.";
    field(ui, right, ParamId::NotesPerSecond, "Performance density", tip, cx);
    weights(ui, cx);
}

/// A row of the panel.
fn row(ui: &mut Ui, height: f32) -> Rect {
    ui.allocate_exact_size(vec2(ui.available_width().min(WIDTH), height), Sense::hover()).0
}

/// The part of a row under its caption.
fn body(row: Rect) -> Rect {
    Rect::from_min_size(row.min + vec2(0.0, 16.0), vec2(row.width(), theme::CONTROL))
}

fn options(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    id: ParamId,
    (name, note): (&str, &str),
    tip: &str,
    labels: &[&str],
) {
    let rect = row(ui, ROW);
    crate::gui::widgets::caption(ui.painter(), rect.left_top(), name, rect.width());
    let font = theme::font(theme::SMALL);
    text(ui.painter(), rect.right_top(), Align2::RIGHT_TOP, note, font, theme::FAINT, rect.width() / 2.0);
    let chosen = control::index(cx.param(id));
    if let Some(i) = choice::segmented(ui, body(rect), name, tip, labels, chosen) {
        control::set(cx.out, id, control::position(i, labels.len()));
    }
}

fn field(ui: &mut Ui, rect: Rect, id: ParamId, name: &str, tip: &str, cx: &mut Cx<'_>) {
    let state = cx.param(id).clone();
    let c = Control { id, name, tip, state: &state, enabled: true };
    control::field(ui, rect, &c, &mut cx.state.controls, cx.out);
}

fn switch(ui: &Ui, rect: Rect, id: ParamId, name: &str, tip: &str, cx: &mut Cx<'_>) {
    crate::gui::widgets::caption(ui.painter(), rect.left_top(), name, rect.width());
    let on = usize::from(cx.param(id).normalised >= 0.5);
    if let Some(i) = choice::segmented(ui, body(rect), name, tip, &["Off", "On"], on) {
        control::set(cx.out, id, i as f32);
    }
}

/// Which bars are locked, and the way to free them.
fn locked(ui: &mut Ui, cx: &mut Cx<'_>) {
    let rect = row(ui, theme::CONTROL);
    let bars = &cx.view.locked;
    let words = match bars.as_slice() {
        [] => "No bar is locked: click bar numbers over the roll.".to_owned(),
        bars => {
            let list: Vec<String> = bars.iter().map(|bar| (bar + 1).to_string()).collect();
            format!("Locked: {}", list.join(", "))
        }
    };
    let pos = rect.left_center();
    let font = theme::font(theme::SMALL);
    text(ui.painter(), pos, Align2::LEFT_CENTER, &words, font, theme::DIM, rect.width() - 96.0);
    let free = Rect::from_min_max(pos2(rect.right() - 88.0, rect.top()), rect.max);
    let tip = "Free all bars: Rewrite writes the whole clip anew.";
    if button::labelled(ui, free, None, "Free all", tip, !bars.is_empty()).clicked() {
        cx.out.push(Action::RewriteFrom(0));
    }
}

/// Twelve bars, a pitch class each.
fn weights(ui: &mut Ui, cx: &mut Cx<'_>) {
    const NAMES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
    let rect = row(ui, EDITOR);
    let caption = "Pitch classes of performances";
    crate::gui::widgets::caption(ui.painter(), rect.left_top(), caption, rect.width());
    let cell = rect.width() / 12.0;
    for (class, name) in (0..12_u8).zip(NAMES) {
        let left = rect.left() + cell * f32::from(class);
        let bar =
            Rect::from_min_max(pos2(left + 1.0, rect.top() + 18.0), pos2(left + cell - 1.0, rect.bottom()));
        let id = ParamId::PitchWeight(class);
        let state = cx.param(id).clone();
        let tip = format!(
            "How much of {name} a performance shall have: {}. All alike: as the model likes.",
            state.text
        );
        let c = Control { id, name: &format!("Weight {name}"), tip: &tip, state: &state, enabled: true };
        control::bar(ui, bar, name, &c, &mut cx.state.controls, cx.out);
    }
}
