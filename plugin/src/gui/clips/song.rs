//! The track chooser: a dropped song has several tracks, one becomes the primer. GUI thread.

use super::{Cx, about::modal};
use crate::gui::theme;
use crate::gui::view::{Action, SongView, TrackView};
use crate::gui::widgets::{button, icons, icons::Icon, text};
use descant_core::music::ClipKind;
use egui::{
    Align2, Key, Modifiers, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

/// Choices made so far in the open chooser.
#[derive(Clone, Debug, Default)]
pub(super) struct SongState {
    file: Option<String>,
    track: usize,
    top_line: bool,
    file_tempo: bool,
}

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>) {
    let Some(song) = &cx.view.song else {
        cx.state.song.file = None;
        return;
    };
    let s = &mut cx.state.song;
    if s.file.as_ref() != Some(&song.file) {
        *s = SongState {
            file: Some(song.file.clone()),
            track: song.preselected,
            top_line: true,
            file_tempo: false,
        };
    }
    let mut done = None;
    let closed = modal(ui, "song", 480.0, |ui| done = content(ui, song, s));
    match done {
        Some(action) => cx.out.push(action),
        None if closed => cx.out.push(Action::DismissSong),
        None => {}
    }
}

/// Whether Enter was pressed with nothing in focus that would take it.
fn enter(ui: &Ui) -> bool {
    ui.memory(|m| m.focused().is_none()) && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter))
}

/// Up and down choose a track, as in every list.
fn arrows(ui: &Ui, song: &SongView, s: &mut SongState) {
    let presses = |key| ui.input(|i| i.num_presses(key));
    let last = song.tracks.len().saturating_sub(1);
    s.track = (s.track + presses(Key::ArrowDown)).saturating_sub(presses(Key::ArrowUp)).min(last);
}

fn content(ui: &mut Ui, song: &SongView, s: &mut SongState) -> Option<Action> {
    arrows(ui, song, s);
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.label(RichText::new("Which track?").font(theme::bold(theme::HUGE)));
    ui.label(RichText::new(format!("{} · one track becomes the primer.", song.file)).color(theme::DIM));
    ui.add_space(8.0);
    let room = (ui.ctx().content_rect().height() - 320.0).max(100.0);
    ScrollArea::vertical().max_height(room).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for (i, track) in song.tracks.iter().enumerate() {
            if track_row(ui, track, i == s.track) {
                s.track = i;
            }
        }
    });
    ui.add_space(8.0);
    let chordal = song.tracks.get(s.track).is_some_and(|t| t.polyphonic && t.kind == ClipKind::Melody);
    if chordal {
        check(
            ui,
            "Top line only",
            "Keep the highest note of each chord: melody models write one voice.",
            &mut s.top_line,
        );
    }
    let tempo = format!("Use the file's tempo ({:.1})", song.tempo);
    check(ui, &tempo, "Otherwise the clip follows the tempo of your project.", &mut s.file_tempo);
    if song.tempo_changes {
        ui.label(
            RichText::new("The file changes tempo. Beats are kept, the changes are not.")
                .color(theme::DIM)
                .font(theme::font(theme::SMALL)),
        );
    }
    ui.add_space(8.0);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
    let ok = Rect::from_min_size(row.right_top() - vec2(152.0, 0.0), vec2(152.0, 36.0));
    let cancel = Rect::from_min_size(pos2(ok.left() - 104.0, row.top()), vec2(96.0, 36.0));
    if button::labelled(ui, cancel, None, "Cancel", "", true).clicked() {
        return Some(Action::DismissSong);
    }
    let used = button::act(ui, ok, "Use track", "Take this track as the primer.", true, None).clicked();
    if used || enter(ui) {
        let top_line = s.top_line && chordal;
        return Some(Action::ChooseTrack { track: s.track, top_line, file_tempo: s.file_tempo });
    }
    None
}

fn track_row(ui: &mut Ui, t: &TrackView, chosen: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::click());
    response
        .widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, format!("Track {}", t.name)));
    let p = ui.painter();
    if chosen || response.hovered() {
        p.rect_filled(
            rect,
            theme::RADIUS,
            if chosen { theme::RAISED } else { theme::fade(theme::RAISED, 0.5) },
        );
    }
    let dot = pos2(rect.left() + 16.0, rect.center().y);
    p.circle_stroke(dot, 6.0, Stroke::new(1.5, if chosen { theme::ACCENT } else { theme::LINE_STRONG }));
    if chosen {
        p.circle_filled(dot, 3.0, theme::ACCENT);
    }
    let what = match (t.kind, t.polyphonic) {
        (ClipKind::Drums, _) => "drums",
        (ClipKind::Melody, true) => "chords",
        (ClipKind::Melody, false) => "one voice",
    };
    let y = rect.center().y;
    let bars = if t.bars == 1 { "bar" } else { "bars" };
    let facts = format!("{what} · {} notes · {} {bars}", t.notes, t.bars);
    let right = pos2(rect.right() - 12.0, y);
    let facts = text(
        p,
        right,
        Align2::RIGHT_CENTER,
        &facts,
        theme::font(theme::SMALL),
        theme::DIM,
        rect.width() * 0.55,
    );
    let font = if chosen { theme::bold(theme::BODY) } else { theme::font(theme::BODY) };
    let left = pos2(rect.left() + 32.0, y);
    text(p, left, Align2::LEFT_CENTER, &t.name, font, theme::TEXT, facts.left() - left.x - 12.0);
    response.clicked()
}

fn check(ui: &mut Ui, label: &str, tip: &str, on: &mut bool) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, *on, label));
    let p = ui.painter();
    let square = Rect::from_center_size(pos2(rect.left() + 16.0, rect.center().y), vec2(16.0, 16.0));
    let edge = if response.hovered() { theme::DIM } else { theme::LINE_STRONG };
    p.rect_filled(square, 4.0, if *on { theme::ACCENT } else { theme::GROUND });
    p.rect_stroke(square, 4.0, Stroke::new(1.0, if *on { theme::ACCENT } else { edge }), StrokeKind::Inside);
    if *on {
        icons::paint(p, Icon::Tick, square, theme::ON_ACCENT);
    }
    let pos = pos2(rect.left() + 32.0, rect.center().y);
    text(p, pos, Align2::LEFT_CENTER, label, theme::font(theme::BODY), theme::TEXT, rect.width() - 40.0);
    if response.on_hover_text(tip).clicked() {
        *on = !*on;
    }
}
