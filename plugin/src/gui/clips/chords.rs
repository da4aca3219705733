//! Typing chords: one in its box, or the whole progression in a card under the lane. GUI thread.

use super::Cx;
use crate::gui::roll::chords::{Click, Lane, Owner, boxes};
use crate::gui::theme;
use crate::gui::view::{Action, ParamId, TakeView, View};
use crate::gui::widgets::{button, caption, choice, control, text};
use descant_core::music::{ChordMark, Clip, Ticks};
use descant_core::tool::{ChordTrack, ToolKind};
use egui::{
    Align2, Area, Frame, Id, Key, Order, Rect, Role, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use std::sync::Arc;

/// What is being typed.
#[derive(Clone, Debug, Default)]
pub(super) struct ChordsState {
    one: Option<One>,
    card: Option<Card>,
    /// The chords have changed since another take was shown: the lane shows those of the next run.
    typed: bool,
    /// Progression, primer and its chords of the last frame.
    known: Option<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    progression: Vec<String>,
    primer: Option<Arc<Clip>>,
    under: Vec<ChordMark>,
}

#[derive(Clone, Debug)]
struct One {
    owner: Owner,
    rect: Rect,
    text: String,
    focused: bool,
}

#[derive(Clone, Debug)]
struct Card {
    lane: Rect,
    /// Typed, and not taken over yet.
    new: Option<String>,
    /// As `new`.
    primer: Option<String>,
    focused: bool,
    /// The frame of the click that opened it must not close it.
    fresh: bool,
}

impl ChordsState {
    /// Another take is shown: its own chords count.
    pub(super) fn rest(&mut self) {
        self.typed = false;
        self.one = None;
    }

    /// Closes what is open.
    pub(super) fn close(&mut self) {
        self.one = None;
        self.card = None;
    }

    /// Notices other chords, however they came. A new primer brings its own, which nobody has typed.
    pub(super) fn watch(&mut self, view: &View) {
        let primer = view.primer.as_ref().map(|p| &p.clip);
        if let Some(known) = &self.known {
            let same = known.progression == view.chords.progression && known.under == view.chords.primer;
            let same_primer = match (primer, &known.primer) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            if same && same_primer {
                return;
            }
            self.typed |= same_primer;
        }
        let (progression, under) = (view.chords.progression.clone(), view.chords.primer.clone());
        self.known = Some(Known { progression, primer: primer.cloned(), under });
    }
}

/// The next run's chords.
fn next(view: &View, with_primer: bool) -> ChordTrack {
    let c = &view.chords;
    let place = |i: usize| c.every.saturating_mul(i as Ticks);
    let marks = c.progression.iter().enumerate();
    ChordTrack {
        primer: if with_primer { c.primer.clone() } else { Vec::new() },
        chords: marks.map(|(i, f)| ChordMark { tick: place(i), figure: f.clone() }).collect(),
        length: (!c.progression.is_empty()).then(|| place(c.progression.len())),
    }
}

fn hears(view: &View) -> bool {
    view.models.get(view.model).is_some_and(|m| m.hears_chords)
}

/// The lane over a take: what it was written over, until other chords are typed.
pub(super) fn over_take(view: &View, s: &ChordsState, t: &TakeView) -> Option<Lane> {
    let take = &t.take;
    let own = take.request.chords.as_ref();
    if own.is_none() && !hears(view) {
        return None;
    }
    let length = take.clip.length;
    let new = take.clip.meter.bar_ticks() * Ticks::from(take.request.bars);
    let line = if take.request.tool.adds_bars() { length - new } else { 0 };
    let (line, next) = (line.max(0), next(view, take.new_from > 0));
    let changed = own.is_none_or(|own| own.chords != next.chords || own.primer != next.primer);
    let next_run = own.is_none() || (s.typed && changed);
    let boxes = boxes(own.filter(|_| !next_run).unwrap_or(&next), line, length);
    Some(Lane { boxes, next: next_run, length })
}

/// The lane over the primer.
pub(super) fn over_primer(view: &View, length: Ticks) -> Option<Lane> {
    let track = ChordTrack { chords: Vec::new(), length: None, ..next(view, true) };
    let any = hears(view) || !track.primer.is_empty();
    any.then(|| Lane { boxes: boxes(&track, length, length), next: false, length })
}

/// The lane over bars that are still to be written.
pub(super) fn over_nothing(view: &View, bars: u32) -> Option<Lane> {
    let length = view.transport.meter.bar_ticks() * Ticks::from(bars.max(1));
    hears(view).then(|| Lane { boxes: boxes(&next(view, false), 0, length), next: false, length })
}

/// The lane was clicked: a chord opens in its box where its place is known, else the card opens.
pub(super) fn clicked(cx: &mut Cx<'_>, click: Click, shown: Option<&TakeView>) {
    cx.state.chords.close();
    let text = click.owner.and_then(|owner| match owner {
        Owner::Primer(i) => cx.view.chords.primer.get(i).map(|m| m.figure.clone()),
        Owner::New(i) => progression(cx, shown).get(i).cloned(),
    });
    let text = text.filter(|_| !foreign(cx, shown, click.owner));
    match (click.owner, text) {
        (Some(owner), Some(text)) => {
            // Tall enough for a line of text.
            let rect = click.rect.expand2(vec2(0.0, 3.0));
            let rect = rect.with_max_x(rect.right().max(rect.left() + 72.0));
            cx.state.chords.one = Some(One { owner, rect, text, focused: false });
        }
        _ => {
            let lane = click.rect;
            cx.state.chords.card = Some(Card { lane, new: None, primer: None, focused: false, fresh: true });
        }
    }
}

/// Whether a box shows a chord that is not the document's and has no place in it.
fn foreign(cx: &Cx<'_>, shown: Option<&TakeView>, owner: Option<Owner>) -> bool {
    let own = shown.and_then(|t| t.take.request.chords.as_ref()).filter(|_| !cx.state.chords.typed);
    match (own, owner) {
        (Some(own), Some(Owner::Primer(_))) => own.primer != cx.view.chords.primer,
        (Some(own), Some(Owner::New(_))) => !even(own),
        _ => false,
    }
}

/// Whether a take's chords are a progression that can be typed: all of one length.
fn even(track: &ChordTrack) -> bool {
    let n = track.chords.len() as Ticks;
    let Some(length) = track.length.filter(|_| n > 0) else { return false };
    length % n == 0 && track.chords.iter().zip(0..).all(|(c, i)| c.tick == length / n * i)
}

/// The progression that the lane shows.
fn progression(cx: &Cx<'_>, shown: Option<&TakeView>) -> Vec<String> {
    let own =
        shown.and_then(|t| t.take.request.chords.as_ref()).filter(|own| !cx.state.chords.typed && even(own));
    own.map_or_else(
        || cx.view.chords.progression.clone(),
        |own| own.chords.iter().map(|c| c.figure.clone()).collect(),
    )
}

/// What is open, over the page.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, shown: Option<&TakeView>) {
    one(ui, cx, shown);
    card(ui, cx);
}

fn one(ui: &mut Ui, cx: &mut Cx<'_>, shown: Option<&TakeView>) {
    let Some(mut open) = cx.state.chords.one.take() else { return };
    let id = ui.scope_id().with("one chord");
    let (done, escaped) = line(ui, open.rect, id, &mut open.text, &mut open.focused);
    if !done {
        cx.state.chords.one = Some(open);
        return;
    }
    if escaped {
        return;
    }
    let replaced = |mut figures: Vec<String>, i: usize| {
        let changed = figures.get(i).is_some_and(|f| f != open.text.trim());
        if let Some(figure) = figures.get_mut(i) {
            *figure = open.text.trim().to_owned();
        }
        changed.then(|| figures.join(" "))
    };
    match open.owner {
        Owner::Primer(i) => {
            let figures = cx.view.chords.primer.iter().map(|m| m.figure.clone()).collect();
            cx.out.extend(replaced(figures, i).map(Action::PrimerChords));
        }
        Owner::New(i) => cx.out.extend(replaced(progression(cx, shown), i).map(Action::Chords)),
    }
}

/// A line of text being typed. Whether it is over, and whether Escape ended it.
fn line(ui: &mut Ui, rect: Rect, id: Id, words: &mut String, focused: &mut bool) -> (bool, bool) {
    let p = ui.painter();
    p.rect_filled(rect, 4.0, theme::GROUND);
    p.rect_stroke(rect, 4.0, Stroke::new(1.0, theme::ACCENT), egui::StrokeKind::Inside);
    let response = edit(ui, rect, id, "Chord", "", words);
    if !*focused {
        *focused = true;
        response.request_focus();
        control::select_all(ui, id, words);
        return (false, false);
    }
    let over = response.lost_focus() || !response.has_focus();
    (over, over && ui.input(|i| i.key_pressed(Key::Escape)))
}

fn edit(ui: &mut Ui, rect: Rect, id: Id, name: &str, hint: &str, words: &mut String) -> egui::Response {
    let edit = TextEdit::singleline(words)
        .id(id)
        .frame(Frame::NONE)
        .font(theme::font(theme::BODY))
        .text_color(theme::TEXT)
        .hint_text(egui::RichText::new(hint).color(theme::FAINT))
        .align(Align2::LEFT_CENTER)
        .desired_width(rect.width());
    let response = ui.put(rect.shrink2(vec2(6.0, 0.0)), edit);
    let value = words.clone();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, name);
        info.current_text_value = Some(value.clone());
        info
    });
    response
}

/// The whole progression, how long its chords are, the primer's chords, and where they can be found.
fn card(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(mut open) = cx.state.chords.card.take() else { return };
    let primer = cx.view.primer.is_some() && cx.view.tool == ToolKind::Continue;
    let width = (ui.max_rect().width() - 16.0).min(360.0);
    let height = if primer { 196.0 } else { 144.0 };
    let left = ui.max_rect().left() + 8.0;
    let corner = pos2(left, open.lane.bottom() + 4.0);
    let mut keep = true;
    let area = Area::new(Id::unique("chord card")).order(Order::Foreground).fixed_pos(corner).constrain(true);
    let response = area.show(ui.ctx(), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::click());
        let p = ui.painter();
        p.rect_filled(rect, f32::from(theme::RADIUS) + 2.0, theme::PANEL);
        let edge = Stroke::new(1.0, theme::LINE_STRONG);
        p.rect_stroke(rect, f32::from(theme::RADIUS) + 2.0, edge, egui::StrokeKind::Inside);
        keep = content(ui, rect.shrink(12.0), cx, &mut open, primer);
        rect
    });
    let outside = ui.input(|i| {
        i.pointer.any_pressed() && i.pointer.interact_pos().is_some_and(|at| !response.inner.contains(at))
    });
    let typing = ui.ctx().text_edit_focused();
    let escaped = !typing && ui.input(|i| i.key_pressed(Key::Escape));
    if std::mem::take(&mut open.fresh) || (keep && !outside && !escaped) {
        cx.state.chords.card = Some(open);
    } else {
        // What was typed and not entered counts all the same.
        commit(cx, open);
    }
}

fn commit(cx: &mut Cx<'_>, card: Card) {
    if let Some(text) = card.new.filter(|t| t.trim() != cx.view.chords.progression.join(" ")) {
        cx.out.push(Action::Chords(text.trim().to_owned()));
    }
    if let Some(text) = card.primer.filter(|t| t.trim() != primer_text(cx.view)) {
        cx.out.push(Action::PrimerChords(text.trim().to_owned()));
    }
}

fn primer_text(view: &View) -> String {
    let figures: Vec<&str> = view.chords.primer.iter().map(|m| m.figure.as_str()).collect();
    figures.join(" ")
}

/// `false` when it shall close.
fn content(ui: &mut Ui, r: Rect, cx: &mut Cx<'_>, open: &mut Card, primer: bool) -> bool {
    let p = ui.painter().clone();
    let find = 84.0;
    let mut y = r.top();
    let mut keep = true;
    caption(&p, pos2(r.left(), y), "Chords of the new bars, over and over", r.width());
    y += 18.0;
    let field = Rect::from_min_size(pos2(r.left(), y), vec2(r.width() - find - 8.0, theme::CONTROL));
    let now = cx.view.chords.progression.join(" ");
    keep &= typed(ui, field, "Chords of the new bars", "C G7 Am F", &now, &mut open.new, &mut open.focused);
    let played = cx.view.captured_bars > 0;
    let tip = if played {
        "Find the chords in what you played in."
    } else {
        "Nothing was played in yet: send notes to this track while the host plays."
    };
    let at = Rect::from_min_size(pos2(field.right() + 8.0, y), vec2(find, theme::CONTROL));
    if button::labelled(ui, at, None, "As played", tip, played).clicked() {
        open.new = None;
        cx.out.push(Action::FindPlayedChords);
    }
    y += theme::CONTROL + 8.0;
    if primer {
        caption(&p, pos2(r.left(), y), "Chords under the primer", r.width());
        y += 18.0;
        let field = Rect::from_min_size(pos2(r.left(), y), vec2(r.width() - find - 8.0, theme::CONTROL));
        let now = primer_text(cx.view);
        let name = "Chords under the primer";
        keep &= typed(ui, field, name, "none", &now, &mut open.primer, &mut true);
        let at = Rect::from_min_size(pos2(field.right() + 8.0, y), vec2(find, theme::CONTROL));
        let tip = "Find the chords that the primer's notes spell.";
        if button::labelled(ui, at, None, "Recognise", tip, true).clicked() {
            open.primer = None;
            cx.out.push(Action::FindPrimerChords);
        }
        y += theme::CONTROL + 6.0;
    }
    caption(&p, pos2(r.left(), y), "Each lasts", r.width());
    y += 18.0;
    let state = cx.param(ParamId::ChordLength).clone();
    let labels: Vec<&str> = state.choices.iter().map(String::as_str).collect();
    let tip = "How long each chord of the progression lasts.";
    let row = Rect::from_min_size(pos2(r.left(), y), vec2(r.width(), theme::CONTROL));
    if let Some(i) = choice::segmented(ui, row, "Chord length", tip, &labels, control::index(&state)) {
        control::set(cx.out, ParamId::ChordLength, control::position(i, state.choices.len()));
        cx.state.chords.typed = true;
    }
    let words = "Write C, Am7, F#m7b5 or G/B, and N.C. for none.";
    text(
        &p,
        pos2(r.left(), y + 33.0),
        Align2::LEFT_TOP,
        words,
        theme::font(theme::SMALL),
        theme::DIM,
        r.width(),
    );
    keep
}

/// A field of the card; `false` when Enter or Escape ended it.
fn typed(
    ui: &mut Ui,
    rect: Rect,
    name: &str,
    hint: &str,
    now: &str,
    field: &mut Option<String>,
    focused: &mut bool,
) -> bool {
    let p = ui.painter();
    p.rect_filled(rect, theme::RADIUS, theme::GROUND);
    p.rect_stroke(rect, theme::RADIUS, theme::hairline(), egui::StrokeKind::Inside);
    let id = ui.scope_id().with(name);
    let mut words = field.clone().unwrap_or_else(|| now.to_owned());
    let response = edit(ui, rect, id, name, hint, &mut words);
    if !*focused {
        *focused = true;
        response.request_focus();
    }
    if response.gained_focus() {
        control::select_all(ui, id, &words);
    }
    if response.changed() {
        *field = Some(words);
    }
    let (enter, escape) = ui.input(|i| (i.key_pressed(Key::Enter), i.key_pressed(Key::Escape)));
    if response.lost_focus() && escape {
        *field = None;
    }
    !(response.lost_focus() && (enter || escape))
}
