//! The chord lane: one box per chord over the time that it covers. GUI thread; shows and tells what was clicked.
//!
//! Chords of the primer and of the new bars are told apart by colour and, like notes, by an outline.

use crate::gui::theme;
use crate::gui::widgets::{focus_ring, text};
use descant_core::music::{ChordMark, NO_CHORD, Ticks};
use descant_core::tool::ChordTrack;
use egui::{Align2, CursorIcon, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Height of the lane.
pub const HEIGHT: f32 = 24.0;
/// Most boxes: a damaged clip must not cost more.
const MAX_BOXES: usize = 4096;

/// Whose chord a box is, by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Of the primer's chords.
    Primer(usize),
    /// Of the progression for the new bars.
    New(usize),
}

/// A chord over the time that it covers.
#[derive(Clone, Debug, PartialEq)]
pub struct ChordBox {
    /// First tick.
    pub from: Ticks,
    /// Tick after the last.
    pub to: Ticks,
    /// As written.
    pub figure: String,
    /// Whose.
    pub owner: Owner,
}

/// What the lane shows in a frame.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// In order of time.
    pub boxes: Vec<ChordBox>,
    /// These are the chords of the next run, not those that the notes were written over.
    pub next: bool,
    /// Ticks that belong to the clip.
    pub length: Ticks,
}

/// Where the lane was clicked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Click {
    /// The chord, if it was one.
    pub owner: Option<Owner>,
    /// The box, or the lane.
    pub rect: Rect,
}

/// The chords of `track` in a clip whose first whole new bar begins at `line` and which ends at `end`.
#[must_use]
pub fn boxes(track: &ChordTrack, line: Ticks, end: Ticks) -> Vec<ChordBox> {
    let mut boxes = Vec::new();
    let mut add = |from: Ticks, to: Ticks, mark: &ChordMark, owner| {
        if from < to && boxes.len() < MAX_BOXES {
            boxes.push(ChordBox { from, to, figure: mark.figure.clone(), owner });
        }
    };
    for (i, mark) in track.primer.iter().enumerate() {
        let next = track.primer.get(i + 1).map_or(line, |m| m.tick.min(line));
        add(mark.tick, next, mark, Owner::Primer(i));
    }
    let Some(last) = track.chords.last() else { return boxes };
    let round = track.length.filter(|&length| length > 0);
    let mut start = line;
    for _ in 0..MAX_BOXES {
        if start >= end {
            break;
        }
        let stop = round.map_or(end, |length| start.saturating_add(length).min(end));
        let first = track.chords[0].tick;
        if round.is_some() && first > 0 {
            // A progression that goes round is at its last chord before its first.
            add(start, start.saturating_add(first).min(stop), last, Owner::New(track.chords.len() - 1));
        }
        for (i, mark) in track.chords.iter().enumerate() {
            let next = track.chords.get(i + 1).map_or(stop, |m| start.saturating_add(m.tick).min(stop));
            add(start.saturating_add(mark.tick), next, mark, Owner::New(i));
        }
        start = stop;
    }
    boxes
}

/// Draws the lane: `gutter` is the part left of the music, `x` the place of a tick. Returns what was clicked.
pub fn show(ui: &Ui, area: Rect, gutter: f32, x: impl Fn(Ticks) -> f32, lane: &Lane) -> Option<Click> {
    let p = ui.painter();
    p.rect_filled(area, 0.0, theme::PANEL);
    p.hline(area.x_range(), area.bottom() - 0.5, theme::hairline());
    let tip = if lane.next {
        "Chords of the next run; this clip was not written over them. Click to type a progression."
    } else {
        "Chords that the melody is written over. Click to type a progression, or click one chord."
    };
    let whole = ui.interact(area, ui.scope_id().with("chords"), Sense::click());
    let head = area.with_max_x(gutter);
    let button = ui.interact(head, ui.scope_id().with("chords head"), Sense::click());
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Chords"));
    focus_ring(ui, head.shrink(3.0), &button);
    let word = if lane.next { "Next" } else { "Chords" };
    let tint = if whole.hovered() || button.hovered() { theme::TEXT } else { theme::DIM };
    let pos = pos2(gutter - 4.0, area.center().y);
    text(p, pos, Align2::RIGHT_CENTER, word, theme::font(theme::SMALL), tint, head.width() - 4.0);
    let clicks = [whole, button].map(|r| r.on_hover_text(tip).on_hover_cursor(CursorIcon::Text).clicked());
    let mut clicked = clicks.contains(&true).then_some(Click { owner: None, rect: area });

    let music = Rect::from_min_max(pos2(gutter, area.top()), area.max);
    if lane.boxes.is_empty() {
        let words = "Click to type chords, like C G7 Am F";
        let pos = music.left_center() + vec2(8.0, 0.0);
        text(p, pos, Align2::LEFT_CENTER, words, theme::font(theme::SMALL), theme::DIM, music.width() - 12.0);
    }
    for (i, chord) in lane.boxes.iter().enumerate() {
        let (x0, x1) = (x(chord.from), x(chord.to));
        let rect = Rect::from_x_y_ranges(x0 + 1.0..=x1 - 1.0, area.top() + 3.0..=area.bottom() - 4.0);
        let seen = rect.intersect(music);
        if seen.is_positive() && one(ui, i, seen, chord, lane) {
            clicked = Some(Click { owner: Some(chord.owner), rect: seen });
        }
    }
    clicked
}

/// One box; `true` when it was clicked.
fn one(ui: &Ui, i: usize, rect: Rect, chord: &ChordBox, lane: &Lane) -> bool {
    let response = ui.interact(rect, ui.scope_id().with(("chord", i)), Sense::click());
    let whose = if matches!(chord.owner, Owner::Primer(_)) { "Primer chord" } else { "Chord" };
    let label = format!("{whose} {} {}", i + 1, chord.figure);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    let p = ui.painter();
    let primer = matches!(chord.owner, Owner::Primer(_));
    let hue = if primer { theme::PRIMER } else { theme::GENERATED };
    let silent = chord.figure == NO_CHORD;
    let strength = if lane.next || silent { 0.0 } else { 0.24 };
    let lit = if response.hovered() { strength + 0.14 } else { strength };
    p.rect_filled(rect, 3.0, theme::mix(theme::PANEL, hue, lit));
    // The primer's have an outline besides their colour, as its notes do; those of the next run a thin one.
    let edge = if primer || lane.next { theme::fade(hue, 0.8) } else { theme::fade(hue, 0.4) };
    p.rect_stroke(rect, 3.0, Stroke::new(1.0, edge), StrokeKind::Inside);
    focus_ring(ui, rect.shrink(2.0), &response);
    let words = if silent { theme::DIM } else { theme::TEXT };
    let font = theme::bold(theme::SMALL);
    let room = rect.width() - 6.0;
    if room >= 8.0 {
        let pos = pos2(rect.left() + 4.0, rect.center().y);
        text(p, pos, Align2::LEFT_CENTER, &chord.figure, font, words, room);
    }
    response.on_hover_text(format!("{} · click to change it", chord.figure)).clicked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::TICKS_PER_QUARTER as Q;

    const BAR: Ticks = 4 * Q;

    fn shown(track: &ChordTrack, line: Ticks, end: Ticks) -> Vec<(Ticks, Ticks, &str, Owner)> {
        let name = |figure: &str| -> &'static str {
            ["C", "G7", "Dm", "F"].into_iter().find(|f| *f == figure).expect("one of these")
        };
        let boxes = boxes(track, line, end).into_iter();
        boxes.map(|b| (b.from / Q, b.to / Q, name(&b.figure), b.owner)).collect()
    }

    #[test]
    fn a_progression_goes_round_until_the_clip_ends() {
        let track = ChordTrack::from_text("C G7", BAR).expect("chords");
        let expected = [(0, 4, "C", Owner::New(0)), (4, 8, "G7", Owner::New(1)), (8, 10, "C", Owner::New(0))];
        assert_eq!(shown(&track, 0, 10 * Q), expected);
        let stays = ChordTrack { length: None, ..track };
        assert_eq!(shown(&stays, 0, 10 * Q)[1], (4, 10, "G7", Owner::New(1)));
    }

    #[test]
    fn the_primers_chords_come_before_the_line() {
        let mark = |tick, figure: &str| ChordMark { tick, figure: figure.into() };
        let primer = vec![mark(Q, "Dm"), mark(3 * Q, "F")];
        let track = ChordTrack { primer, ..ChordTrack::from_text("C", BAR).expect("a chord") };
        let expected =
            [(1, 3, "Dm", Owner::Primer(0)), (3, 4, "F", Owner::Primer(1)), (4, 8, "C", Owner::New(0))];
        assert_eq!(shown(&track, BAR, 2 * BAR), expected);
        // Repeated from a primer whose first chord comes late: the last one before it.
        let late =
            ChordTrack { primer: vec![], chords: vec![mark(Q, "Dm"), mark(2 * Q, "F")], length: Some(BAR) };
        assert_eq!(shown(&late, 0, 2 * BAR)[3], (4, 5, "F", Owner::New(1)));
        let dense = ChordTrack::from_text("C G7", 1).expect("chords");
        assert!(boxes(&dense, 0, Ticks::MAX).len() <= MAX_BOXES);
    }
}
