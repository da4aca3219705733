//! The hand on the roll: what the mouse does to notes and velocities. GUI thread.
//!
//! A drag lives in [`RollState`]; the edit is handed over when the button is released, and only if it changed anything.

use super::edit::{self, Mode, NoteDrag};
use super::geometry::{Geometry, SIXTEENTH};
use super::{Content, RollState, note_word, paint, place_of};
use crate::gui::view::Action;
use descant_core::music::{Clip, ClipKind, Note};
use egui::{CursorIcon, Key, PointerButton, Pos2, Response, Role, Sense, Ui, WidgetInfo, pos2};
use std::sync::Arc;

/// The empty part of the roll: double-click adds, click deselects.
pub(super) fn canvas(ui: &Ui, g: &Geometry, c: &Content<'_>, s: &mut RollState, out: &mut Vec<Action>) {
    let response = ui.interact(g.notes, ui.scope_id().with("roll"), Sense::click());
    let label = if g.kind == ClipKind::Drums { "Drum grid" } else { "Piano roll" };
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, label));
    let Some(at) = response.interact_pointer_pos() else { return };
    if response.double_clicked() {
        let free = ui.input(|i| i.modifiers.alt);
        let pitch = g.pitch_of(g.row_at(at.y));
        if let Some(clip) = edit::add(c.clip, g.tick(at.x), pitch, free) {
            push_edit(c, clip, out);
        }
    } else if response.clicked() {
        s.selected = None;
    }
}

fn push_edit(c: &Content<'_>, clip: Clip, out: &mut Vec<Action>) {
    if clip != *c.clip {
        out.push(Action::Edit { take: c.take, clip: Arc::new(clip) });
    }
}

pub(super) fn notes(ui: &Ui, g: &Geometry, c: &Content<'_>, s: &mut RollState, out: &mut Vec<Action>) {
    let p = ui.painter().with_clip_rect(g.notes);
    let (from, to) = g.visible();
    for (i, n) in c.clip.notes.iter().enumerate() {
        // Drum hits are drawn longer than a short note is.
        if n.start > to || n.end().max(n.start + SIXTEENTH) < from {
            continue;
        }
        let now = s.drag.filter(|d| d.index == i).map_or(*n, |d| d.now);
        let r = g.note(n.start, n.length, n.pitch).intersect(g.notes);
        if r.is_positive() {
            let response = ui.interact(r, ui.scope_id().with(("note", i)), Sense::click_and_drag());
            note_gestures(ui, g, i, n, &response, c, s, out);
            paint::note(&p, g, &now, c.is_primer(&now), s.selected == Some(i), response.hovered());
        } else if now != *n {
            paint::note(&p, g, &now, c.is_primer(&now), true, false);
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn note_gestures(
    ui: &Ui,
    g: &Geometry,
    i: usize,
    n: &Note,
    response: &Response,
    c: &Content<'_>,
    s: &mut RollState,
    out: &mut Vec<Action>,
) {
    response.widget_info(|| {
        let label = format!("Note {} at {}", note_word(g.kind, n.pitch), place_of(c.clip, n.start));
        WidgetInfo::selected(Role::ListItem, true, s.selected == Some(i), label)
    });
    let edge = |at: Pos2| {
        g.kind == ClipKind::Melody && at.x > response.rect.right() - 6.0 && response.rect.width() > 10.0
    };
    if let Some(at) = response.hover_pos() {
        let alt = ui.input(|i| i.modifiers.alt);
        ui.ctx().set_cursor_icon(match () {
            () if alt => CursorIcon::ResizeVertical,
            () if edge(at) => CursorIcon::ResizeHorizontal,
            () => CursorIcon::Grab,
        });
    }
    if response.clicked() {
        s.selected = Some(i);
    }
    if response.secondary_clicked() {
        s.selected = None;
        push_edit(c, edit::delete(c.clip, i), out);
    }
    if response.drag_started_by(PointerButton::Primary) {
        let (grab, alt) = ui.input(|i| (i.pointer.press_origin(), i.modifiers.alt));
        let grab = grab.or(response.interact_pointer_pos()).unwrap_or(response.rect.center());
        let mode = match () {
            () if alt => Mode::Velocity,
            () if edge(grab) => Mode::Resize,
            () => Mode::Move,
        };
        s.selected = Some(i);
        s.drag = Some(NoteDrag { index: i, mode, from: *n, now: *n, grab });
    }
}

/// Takes hold of the stem nearest to the mouse; its note's velocity follows.
pub(super) fn velocity_strip(
    ui: &Ui,
    g: &Geometry,
    c: &Content<'_>,
    s: &mut RollState,
    out: &mut Vec<Action>,
) {
    let response = ui.interact(g.velocities, ui.scope_id().with("velocities"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Velocity"));
    let height = g.velocities.height() - 8.0;
    let velocity = |y: f32| ((g.velocities.bottom() - y) / height * 127.0).round().clamp(1.0, 127.0) as u8;
    if response.drag_started_by(PointerButton::Primary) || response.clicked() {
        let at = ui.input(|i| i.pointer.press_origin()).or(response.interact_pointer_pos());
        let at = at.unwrap_or(response.rect.center());
        let distance = |n: &Note| (g.x(n.start) + 2.0 - at.x).abs();
        let near = |i: &usize| c.clip.notes.get(*i).is_some_and(|n| distance(n) < 9.0);
        // Of notes struck together, the selected one goes first.
        let nearest = || {
            let all = c.clip.notes.iter().enumerate().filter(|(_, n)| distance(n) < 9.0);
            all.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map(|(i, _)| i)
        };
        if let Some(i) = s.selected.filter(near).or_else(nearest) {
            let from = c.clip.notes[i];
            s.selected = Some(i);
            if response.clicked() {
                let now = Note { velocity: velocity(at.y), ..from };
                push_edit(c, edit::replace(c.clip, i, now), out);
            } else {
                // Held at its own height, so that the stem's head follows the mouse exactly.
                s.drag = Some(NoteDrag {
                    index: i,
                    mode: Mode::Velocity,
                    from,
                    now: from,
                    grab: pos2(f32::NAN, at.y),
                });
            }
        }
    }
    if let Some(d) = &mut s.drag
        && d.mode == Mode::Velocity
        && d.grab.x.is_nan()
        && let Some(at) = response.interact_pointer_pos()
    {
        d.now.velocity = velocity(at.y);
    }
    let drag = s.drag;
    let (from, to) = g.visible();
    let shown =
        c.clip.notes.iter().enumerate().filter(|(_, n)| (from..=to).contains(&n.start)).map(|(i, n)| {
            let note = drag.as_ref().filter(|d| d.index == i).map_or(n, |d| &d.now);
            (note, c.is_primer(note), s.selected == Some(i))
        });
    paint::velocities(ui.painter(), g, shown);
}

/// Moves the dragged note with the mouse and hands the edit over when it is released.
pub(super) fn follow_drag(ui: &Ui, g: &Geometry, c: &Content<'_>, s: &mut RollState, out: &mut Vec<Action>) {
    let Some(drag) = &mut s.drag else { return };
    let (pointer, down, free, escape) = ui.input(|i| {
        (i.pointer.interact_pos(), i.pointer.primary_down(), i.modifiers.alt, i.key_pressed(Key::Escape))
    });
    if escape {
        s.drag = None;
        return;
    }
    if let Some(at) = pointer
        && !drag.grab.x.is_nan()
    {
        drag.follow(g, c.clip, at, free);
    }
    if !down {
        let drag = *drag;
        s.drag = None;
        if c.clip.notes.get(drag.index) == Some(&drag.from) && drag.now != drag.from {
            let after = edit::replace(c.clip, drag.index, drag.now);
            s.selected = after.notes.iter().position(|n| *n == drag.now);
            push_edit(c, after, out);
        }
    }
}
