//! Painting of the roll: grid, keys, notes, velocities, playhead. GUI thread; reads, never edits.

use super::geometry::{Geometry, SIXTEENTH};
use super::{Content, lanes};
use crate::gui::theme;
use crate::gui::widgets::text;
use descant_core::music::{ClipKind, Note, Ticks, pitch_name};
use egui::{Align2, Color32, Painter, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

/// Rows, bar and beat lines, and the part behind the clip's end.
pub fn grid(p: &Painter, g: &Geometry, c: &Content<'_>) {
    let p = p.with_clip_rect(g.notes);
    p.rect_filled(g.notes, 0.0, theme::GROUND);
    for row in 0..g.rows() {
        let y = g.row_y(row);
        if y + g.row < g.notes.top() || y > g.notes.bottom() {
            continue;
        }
        let band = Rect::from_x_y_ranges(g.notes.x_range(), y..=y + g.row);
        let (dark, line) = match g.kind {
            ClipKind::Drums => (row % 2 == 1, true),
            ClipKind::Melody => {
                let pitch = g.pitch_of(row);
                (lanes::is_black(pitch), matches!(pitch % 12, 0 | 5))
            }
        };
        if !dark {
            p.rect_filled(band, 0.0, theme::fade(theme::PANEL, 0.75));
        }
        if line {
            p.hline(band.x_range(), band.bottom(), Stroke::new(1.0, theme::fade(theme::LINE, 0.8)));
        }
    }
    let meter = c.clip.meter;
    lines(&p, g, SIXTEENTH, 9.0, theme::fade(theme::LINE, 0.5));
    lines(&p, g, meter.beat_ticks(), 6.0, theme::LINE);
    lines(&p, g, meter.bar_ticks(), 3.0, theme::LINE_STRONG);
    let end = g.x(c.clip.length);
    if end < g.notes.right() {
        let after = Rect::from_min_max(pos2(end, g.notes.top()), g.notes.max);
        p.rect_filled(after, 0.0, theme::fade(theme::GROUND, 0.8));
    }
}

/// Vertical lines every `every` ticks, left out when closer than `least` points.
fn lines(p: &Painter, g: &Geometry, every: Ticks, least: f32, colour: Color32) {
    if every <= 0 || (every as f32) * g.scale < least {
        return;
    }
    let (from, to) = g.visible();
    let mut tick = from.max(0).div_euclid(every) * every;
    while tick <= to {
        p.vline(p.round_to_pixel_center(g.x(tick)), g.notes.y_range(), Stroke::new(1.0, colour));
        tick += every;
    }
}

/// Bar numbers, and above them which part is primer and which is new.
pub fn ruler(p: &Painter, g: &Geometry, c: &Content<'_>) {
    p.rect_filled(
        Rect::from_x_y_ranges(g.keys.left()..=g.ruler.right(), g.ruler.y_range()),
        0.0,
        theme::PANEL,
    );
    let p = p.with_clip_rect(g.ruler);
    let bar = c.clip.meter.bar_ticks();
    let width = bar as f32 * g.scale;
    // Numbers need about 28 points; longer clips number every 2nd, 4th … bar.
    let mut every = 1;
    while width * (every as f32) < 28.0 && every < 64 {
        every *= 2;
    }
    let (from, to) = g.visible();
    let mut n = from.max(0).div_euclid(bar);
    while n * bar <= to && n * bar < c.clip.length {
        let x = g.x(n * bar);
        p.vline(p.round_to_pixel_center(x), g.ruler.bottom() - 6.0..=g.ruler.bottom(), bar_pen());
        if n % every == 0 {
            let pos = pos2(x + 5.0, g.ruler.center().y - 1.0);
            let label = (n + 1).to_string();
            text(&p, pos, Align2::LEFT_CENTER, &label, theme::font(theme::SMALL), theme::DIM, 40.0);
        }
        n += 1;
    }
    let part = |a: Ticks, b: Ticks, colour: Color32, name: &str| {
        let (x0, x1) = (g.x(a).max(g.ruler.left()), g.x(b).min(g.ruler.right()));
        if x1 <= x0 {
            return;
        }
        p.hline(x0..=x1, g.ruler.bottom() - 1.0, Stroke::new(2.0, colour));
        // Only where the name cannot run into the number of the last bar.
        if width > 64.0 && x1 - x0 > 64.0 {
            let pos = pos2(x1 - 6.0, g.ruler.center().y - 1.0);
            text(&p, pos, Align2::RIGHT_CENTER, name, theme::font(theme::SMALL), colour, 60.0);
        }
    };
    if c.new_from > 0 {
        part(0, c.new_from.min(c.clip.length), theme::PRIMER, "primer");
    }
    if c.new_from < c.clip.length {
        part(c.new_from.max(0), c.clip.length, theme::GENERATED, "new");
    }
}

fn bar_pen() -> Stroke {
    Stroke::new(1.0, theme::LINE_STRONG)
}

/// Lane names with their colour, or a piano keyboard with the Cs named.
pub fn keys(p: &Painter, g: &Geometry, played: impl Fn(u8) -> bool) {
    let p = p.with_clip_rect(g.keys);
    p.rect_filled(g.keys, 0.0, theme::PANEL);
    for row in 0..g.rows() {
        let y = g.row_y(row);
        if y + g.row < g.keys.top() || y > g.keys.bottom() {
            continue;
        }
        let cell = Rect::from_x_y_ranges(g.keys.x_range(), y..=y + g.row);
        let pitch = g.pitch_of(row);
        match g.kind {
            ClipKind::Drums => {
                let lane = lanes::COUNT - 1 - row;
                let chip =
                    Rect::from_center_size(pos2(cell.left() + 9.0, cell.center().y), vec2(4.0, g.row * 0.5));
                p.rect_filled(chip, 2.0, theme::SERIES[lane % theme::SERIES.len()]);
                let pos = pos2(cell.left() + 18.0, cell.center().y);
                let font = theme::font(theme::SMALL);
                text(&p, pos, Align2::LEFT_CENTER, lanes::NAMES[lane], font, theme::DIM, cell.width() - 20.0);
                p.hline(cell.x_range(), cell.bottom(), Stroke::new(1.0, theme::fade(theme::LINE, 0.8)));
            }
            ClipKind::Melody => key(&p, cell, pitch, played(pitch)),
        }
    }
}

/// One piano key, seen from above with the player at the right.
fn key(p: &Painter, cell: Rect, pitch: u8, on: bool) {
    let ivory = Color32::from_rgb(0xC4, 0xC9, 0xD1);
    p.rect_filled(cell, 0.0, if on && !lanes::is_black(pitch) { theme::ACCENT } else { ivory });
    if lanes::is_black(pitch) {
        let mut top = cell;
        top.set_right(cell.left() + cell.width() * 0.5);
        p.rect_filled(top.shrink2(vec2(0.0, 0.5)), 1.0, if on { theme::ACCENT } else { theme::GROUND });
        p.hline(top.right()..=cell.right(), cell.center().y, Stroke::new(1.0, theme::FAINT));
    }
    if matches!(pitch % 12, 0 | 5) {
        p.hline(cell.x_range(), cell.bottom() - 0.5, Stroke::new(1.0, theme::FAINT));
    }
    if pitch.is_multiple_of(12) {
        // Taller than a thin row, so that the name stays readable.
        let pos = pos2(cell.right() - 3.0, cell.bottom() - cell.height().max(11.0) / 2.0 - 0.5);
        let font = theme::bold(theme::SMALL);
        text(p, pos, Align2::RIGHT_CENTER, &pitch_name(pitch), font, theme::ON_ACCENT, 40.0);
    }
}

/// Colour of a note: whose it is, and how hard it is struck.
fn colour(note: &Note, primer: bool) -> Color32 {
    let hue = if primer { theme::PRIMER } else { theme::GENERATED };
    theme::mix(theme::GROUND, hue, 0.42 + 0.58 * f32::from(note.velocity) / 127.0)
}

/// Notes of the take before, as outlines.
pub fn ghost(p: &Painter, g: &Geometry, notes: &[Note]) {
    let p = p.with_clip_rect(g.notes);
    for n in notes {
        let r = g.note(n.start, n.length, n.pitch);
        if r.intersects(g.notes) {
            p.rect_stroke(
                r.shrink(0.5),
                2.0,
                Stroke::new(1.0, theme::fade(theme::FAINT, 0.55)),
                StrokeKind::Inside,
            );
        }
    }
}

/// One note. Primer notes have an outline besides their colour, new ones have none.
pub fn note(p: &Painter, g: &Geometry, n: &Note, primer: bool, selected: bool, hovered: bool) {
    let r = g.note(n.start, n.length, n.pitch);
    let fill = colour(n, primer);
    p.rect_filled(r, 2.5, if hovered { theme::mix(fill, Color32::WHITE, 0.2) } else { fill });
    if primer {
        p.rect_stroke(r, 2.5, Stroke::new(1.0, theme::mix(fill, Color32::WHITE, 0.35)), StrokeKind::Inside);
    }
    if selected {
        p.rect_stroke(r, 2.5, Stroke::new(1.5, theme::TEXT), StrokeKind::Outside);
    }
    if g.kind == ClipKind::Melody && r.width() > 34.0 && g.row >= 13.0 {
        let pos = pos2(r.left().max(g.notes.left()) + 4.0, r.center().y);
        let font = theme::font(theme::SMALL);
        text(p, pos, Align2::LEFT_CENTER, &pitch_name(n.pitch), font, theme::ON_ACCENT, r.width() - 6.0);
    }
}

/// Velocity stems under the notes; each with whether it is the primer's and whether it is selected.
pub fn velocities<'n>(p: &Painter, g: &Geometry, notes: impl Iterator<Item = (&'n Note, bool, bool)>) {
    let area = g.velocities;
    let left = Rect::from_x_y_ranges(g.keys.x_range(), area.y_range());
    p.rect_filled(left, 0.0, theme::PANEL);
    let pos = pos2(left.right() - 6.0, left.center().y);
    let word = if left.width() < 60.0 { "Vel" } else { "Velocity" };
    text(p, pos, Align2::RIGHT_CENTER, word, theme::font(theme::SMALL), theme::DIM, left.width() - 8.0);
    let p = p.with_clip_rect(area);
    p.rect_filled(area, 0.0, theme::GROUND);
    p.hline(area.x_range(), area.top() + 0.5, theme::hairline());
    for (n, primer, selected) in notes {
        let x = g.x(n.start) + 2.0;
        let y = area.bottom() - (area.height() - 8.0) * f32::from(n.velocity) / 127.0;
        let c = if selected { theme::TEXT } else { colour(n, primer) };
        p.vline(x, y..=area.bottom(), Stroke::new(1.5, theme::fade(c, 0.75)));
        p.circle_filled(pos2(x, y), 2.8, c);
    }
}

/// The playhead, over everything.
pub fn playhead(p: &Painter, g: &Geometry, tick: Ticks) {
    let x = g.x(tick);
    if !g.notes.x_range().contains(x) {
        return;
    }
    let x = p.round_to_pixel_center(x);
    let bottom = g.velocities.bottom().max(g.notes.bottom());
    p.vline(x, g.ruler.bottom() - 4.0..=bottom, Stroke::new(1.5, theme::TEXT));
    let y = g.ruler.bottom();
    let head = vec![pos2(x - 5.0, y - 8.0), pos2(x + 5.0, y - 8.0), pos2(x, y - 1.0)];
    p.add(Shape::convex_polygon(head, theme::TEXT, Stroke::NONE));
}

/// The line between primer and new part.
pub fn boundary(p: &Painter, g: &Geometry, new_from: Ticks) {
    let x = g.x(new_from);
    if new_from > 0 && g.notes.x_range().contains(x) {
        let bottom = g.velocities.bottom().max(g.notes.bottom());
        let line = [pos2(x, g.notes.top()), pos2(x, bottom)];
        p.extend(Shape::dashed_line(&line, Stroke::new(1.0, theme::DIM), 4.0, 3.0));
    }
}

/// How much of the clip is in view, when not all of it is.
pub fn overview(p: &Painter, g: &Geometry, length: Ticks) {
    let whole = length as f32 * g.scale;
    if whole <= g.notes.width() || length <= 0 {
        return;
    }
    let share = g.notes.width() / whole;
    let from = (g.left / length as f64).max(0.0) as f32;
    let x0 = g.notes.left() + g.notes.width() * from.min(1.0 - share);
    let y = g.notes.bottom() - 3.0;
    p.hline(x0..=x0 + g.notes.width() * share, y, Stroke::new(3.0, theme::fade(theme::DIM, 0.6)));
}
