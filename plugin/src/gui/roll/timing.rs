//! The timing lane: how early or late each note was before and is after it got its groove, in milliseconds. GUI thread.
//!
//! On the roll a hundredth of a second is less than a point; here it has a scale of its own. Up is late.

use super::geometry::{Geometry, SIXTEENTH};
use crate::gui::theme;
use crate::gui::widgets::{name, text};
use descant_core::music::{Clip, ClipKind, Note, TICKS_PER_QUARTER, Ticks};
use egui::{Align2, Rect, Role, Sense, Stroke, Ui, pos2, vec2};

/// What the lane compares with.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// The clip as it was.
    pub clip: &'a Clip,
    /// Quarter notes per minute at which it plays.
    pub tempo: f64,
}

/// A note that may have moved.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moved {
    /// The sixteenth that it belongs to, and its pitch.
    grid: Ticks,
    pitch: u8,
    /// Milliseconds after the sixteenth; before: negative. `None`: the note was not there.
    before: Option<f32>,
    after: f32,
}

/// Ends of the scale in milliseconds, the first that holds all is taken.
const SCALES: [f32; 5] = [10.0, 20.0, 40.0, 80.0, 160.0];

/// Height of the lane under a body of this height.
pub(super) fn height(body: f32) -> f32 {
    (body * 0.24).clamp(52.0, 96.0)
}

/// Pairs the notes of each pitch in order where there are as many as before, else each with the nearest one.
fn moved(before: &Clip, after: &Clip, tempo: f64) -> Vec<Moved> {
    let ms = 60_000.0 / (tempo.max(1.0) * TICKS_PER_QUARTER as f64);
    let late = |tick: Ticks, grid: Ticks| ((tick - grid) as f64 * ms) as f32;
    let grid = |tick: Ticks| (tick + SIXTEENTH / 2).div_euclid(SIXTEENTH) * SIXTEENTH;
    let of = |clip: &Clip, pitch: u8| -> Vec<Note> {
        let mut notes: Vec<Note> = clip.notes.iter().filter(|n| n.pitch == pitch).copied().collect();
        notes.sort_unstable();
        notes
    };
    let mut pitches: Vec<u8> = after.notes.iter().map(|n| n.pitch).collect();
    pitches.sort_unstable();
    pitches.dedup();
    let mut all = Vec::with_capacity(after.notes.len());
    for pitch in pitches {
        let (old, new) = (of(before, pitch), of(after, pitch));
        for (i, note) in new.iter().enumerate() {
            let was = if old.len() == new.len() {
                old.get(i)
            } else {
                let far = |o: &&Note| (o.start - note.start).abs();
                old.iter().min_by_key(far).filter(|o| far(o) <= SIXTEENTH / 2)
            };
            let grid = grid(was.map_or(note.start, |was| was.start));
            let before = was.map(|was| late(was.start, grid));
            all.push(Moved { grid, pitch, before, after: late(note.start, grid) });
        }
    }
    all
}

/// Mean and spread.
fn summary(values: impl Iterator<Item = f32> + Clone) -> Option<(f32, f32)> {
    let count = values.clone().count();
    if count == 0 {
        return None;
    }
    let mean = values.clone().sum::<f32>() / count as f32;
    let square = values.map(|v| (v - mean) * (v - mean)).sum::<f32>() / count as f32;
    Some((mean, square.sqrt()))
}

/// "4 ms late, ± 9".
fn words((mean, spread): (f32, f32)) -> String {
    let side = if mean < 0.0 { "early" } else { "late" };
    match mean.abs().round() {
        0.0 => format!("on the grid, ± {spread:.0} ms"),
        mean => format!("{mean:.0} ms {side}, ± {spread:.0}"),
    }
}

/// Draws the lane.
pub(super) fn show(ui: &Ui, area: Rect, g: &Geometry, clip: &Clip, before: Before<'_>) {
    let notes = moved(before.clip, clip, before.tempo);
    let was = summary(notes.iter().filter_map(|n| n.before)).map(words).unwrap_or_default();
    let is = summary(notes.iter().map(|n| n.after)).map(words).unwrap_or_default();
    let response = ui.interact(area, ui.scope_id().with("timing"), Sense::hover());
    name(ui, &response, Role::Label, &format!("Timing: before {was}; after {is}"));
    let p = ui.painter();
    let gutter = Rect::from_x_y_ranges(g.keys.x_range(), area.y_range());
    p.rect_filled(gutter, 0.0, theme::PANEL);
    p.rect_filled(area, 0.0, theme::GROUND);
    p.hline(gutter.left()..=area.right(), area.top() + 0.5, theme::hairline());

    let most = notes.iter().flat_map(|n| [n.before.unwrap_or(0.0).abs(), n.after.abs()]).fold(0.0, f32::max);
    let scale = SCALES.into_iter().find(|scale| *scale >= most).unwrap_or(SCALES[SCALES.len() - 1]);
    let inner = area.shrink2(vec2(0.0, 9.0));
    let y = |late: f32| inner.center().y - (late / scale).clamp(-1.0, 1.0) * inner.height() / 2.0;
    let font = theme::font(theme::SMALL);
    let wide = gutter.width() > 60.0;
    for (late, label) in [
        (scale, if wide { format!("late {scale:.0} ms") } else { format!("+{scale:.0} ms") }),
        (0.0, "0".into()),
        (-scale, if wide { format!("early {scale:.0}") } else { format!("−{scale:.0}") }),
    ] {
        let pen = if late == 0.0 { theme::LINE_STRONG } else { theme::LINE };
        p.hline(area.x_range(), p.round_to_pixel_center(y(late)), Stroke::new(1.0, pen));
        let at = pos2(gutter.right() - 5.0, y(late));
        text(p, at, Align2::RIGHT_CENTER, &label, font.clone(), theme::DIM, gutter.width() - 6.0);
    }
    let lane = p.with_clip_rect(area);
    for note in &notes {
        // Drums that are struck together stand side by side.
        let aside = match clip.kind {
            ClipKind::Drums => 1.8 * (super::lanes::of(note.pitch).unwrap_or(0) as f32 - 4.0),
            ClipKind::Melody => 2.0,
        };
        let x = g.x(note.grid) + aside;
        let now = pos2(x, y(note.after));
        if let Some(before) = note.before {
            let then = pos2(x, y(before));
            lane.line_segment([then, now], Stroke::new(1.0, theme::fade(theme::GENERATED, 0.6)));
            lane.circle_stroke(then, 2.2, Stroke::new(1.0, theme::PRIMER));
        }
        lane.circle_filled(now, 2.4, theme::GENERATED);
    }
    let legend = format!("before: {was}   after: {is}");
    let pos = area.right_top() + vec2(-6.0, 3.0);
    let galley = p.layout_no_wrap(legend.clone(), font.clone(), theme::DIM);
    let back = Align2::RIGHT_TOP.anchor_size(pos, galley.size()).expand2(vec2(4.0, 1.0));
    if back.left() > area.left() {
        p.rect_filled(back, 3.0, theme::fade(theme::GROUND, 0.85));
        text(p, pos, Align2::RIGHT_TOP, &legend, font, theme::DIM, area.width());
    }
    response.on_hover_text("Rings: how early or late the notes were. Dots: how they are now. Up is late.");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(notes: &[(Ticks, u8)]) -> Clip {
        let note = |&(start, pitch): &(Ticks, u8)| Note { start, pitch, length: SIXTEENTH, velocity: 90 };
        Clip { notes: notes.iter().map(note).collect(), length: 16 * SIXTEENTH, ..Clip::default() }
    }

    #[test]
    fn notes_are_paired_and_measured_in_milliseconds() {
        // At 125 a sixteenth lasts 120 ms.
        let tick = SIXTEENTH / 120;
        let before = clip(&[(0, 36), (SIXTEENTH, 42), (4 * SIXTEENTH + 5 * tick, 36)]);
        let after =
            clip(&[(10 * tick, 36), (SIXTEENTH - 20 * tick, 42), (4 * SIXTEENTH, 36), (9 * SIXTEENTH, 50)]);
        let mut found = moved(&before, &after, 125.0);
        found.sort_by_key(|m| m.grid);
        let near = |a: f32, b: f32| assert!((a - b).abs() < 0.1, "{a} {b}");
        let want = [(0, 0.0, 10.0), (1, 0.0, -20.0), (4, 5.0, 0.0)];
        for (m, (step, was, is)) in found.iter().zip(want) {
            assert_eq!(m.grid, step * SIXTEENTH);
            near(m.before.expect("was there"), was);
            near(m.after, is);
        }
        assert_eq!((found[3].grid, found[3].before), (9 * SIXTEENTH, None), "a new note");
        // Of another number of notes the nearest one counts, if it is near.
        let fewer = clip(&[(4 * SIXTEENTH, 36)]);
        let found = moved(&before, &fewer, 125.0);
        near(found[0].before.expect("near"), 5.0);
        assert_eq!(moved(&clip(&[(0, 36), (SIXTEENTH, 36)]), &fewer, 125.0)[0].before, None);
    }

    #[test]
    fn it_is_said_in_words() {
        let said = |values: &[f32]| summary(values.iter().copied()).map(words);
        assert_eq!(said(&[10.0, 20.0]).as_deref(), Some("15 ms late, ± 5"));
        assert_eq!(said(&[-7.0, -7.0]).as_deref(), Some("7 ms early, ± 0"));
        assert_eq!(said(&[3.0, -3.0]).as_deref(), Some("on the grid, ± 3 ms"));
        assert_eq!(said(&[]), None);
    }
}
