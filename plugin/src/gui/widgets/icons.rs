//! Icons as drawn paths on a 16-point square, so that they are sharp at every scale. GUI thread.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

/// What the window can draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Solid triangle.
    Play,
    /// Solid square.
    Stop,
    /// Outline star.
    Star,
    /// Solid star.
    Starred,
    /// Six dots: take hold here.
    Grip,
    /// Arrow bent to the left.
    Undo,
    /// Arrow bent to the right.
    Redo,
    /// Bin.
    Delete,
    /// Two overlapping sheets with a plus: more of the same.
    More,
    /// Arrow into a box: take it as the start.
    Into,
    /// Closed lock.
    Locked,
    /// Open lock.
    Unlocked,
    /// Down-pointing chevron.
    Chevron,
    /// Circled i.
    Info,
    /// Tick.
    Tick,
    /// Triangle with a mark.
    Warn,
    /// Cross in a circle.
    Bad,
    /// Cross.
    Close,
    /// Ring of a recording.
    Record,
    /// Folder.
    Folder,
    /// Arrow down into a tray.
    Save,
    /// Loudspeaker.
    Speaker,
    /// Magnifier with plus.
    ZoomIn,
    /// Magnifier with minus.
    ZoomOut,
    /// Arrows to both sides: show everything.
    Fit,
    /// Rising bars: velocities.
    Bars,
    /// Dashed note: the take before.
    Ghost,
    /// Quarter note.
    Note,
    /// Three sliders: more settings.
    Sliders,
    /// Squares on a diagonal: structure.
    Structure,
    /// An arrow in and one out: the drum map.
    Map,
    /// Clock: early and late.
    Clock,
    /// Left-pointing chevron.
    Back,
    /// Right-pointing chevron.
    Forward,
    /// Die that shows five.
    Dice,
}

/// Draws `icon` in the middle of `rect`, 16 points wide.
#[allow(clippy::too_many_lines)]
pub fn paint(p: &Painter, icon: Icon, rect: Rect, c: Color32) {
    let o = rect.center() - vec2(8.0, 8.0);
    let at = |x: f32, y: f32| pos2(o.x + x, o.y + y);
    let pen = Stroke::new(1.5, c);
    let line = |points: &[(f32, f32)]| {
        p.line(points.iter().map(|&(x, y)| at(x, y)).collect(), pen);
    };
    let fill = |points: &[(f32, f32)]| {
        let points = points.iter().map(|&(x, y)| at(x, y)).collect();
        p.add(Shape::convex_polygon(points, c, Stroke::NONE));
    };
    let bar = |x: f32, y: f32, w: f32, h: f32| {
        p.rect_filled(Rect::from_min_size(at(x, y), vec2(w, h)), 0.5, c);
    };
    match icon {
        Icon::Play => fill(&[(4.5, 2.5), (13.0, 8.0), (4.5, 13.5)]),
        Icon::Stop => {
            p.rect_filled(Rect::from_min_size(at(3.5, 3.5), Vec2::splat(9.0)), 1.5, c);
        }
        Icon::Star => {
            p.add(Shape::closed_line(star(o), Stroke::new(1.3, c)));
        }
        Icon::Starred => {
            // A star is not convex: a fan of triangles, and an outline that smooths its edge.
            let points = star(o);
            let mut fan = egui::Mesh::default();
            fan.colored_vertex(at(8.0, 8.4), c);
            for &v in &points {
                fan.colored_vertex(v, c);
            }
            for i in 0..10 {
                fan.add_triangle(0, i + 1, (i + 1) % 10 + 1);
            }
            p.add(Shape::mesh(fan));
            p.add(Shape::closed_line(points, Stroke::new(1.3, c)));
        }
        Icon::Grip => {
            for x in [5.5, 10.5] {
                for y in [3.5, 8.0, 12.5] {
                    p.circle_filled(at(x, y), 1.4, c);
                }
            }
        }
        Icon::Undo => {
            line(&[(6.0, 3.0), (2.8, 6.2), (6.0, 9.4)]);
            p.line(arc(at(8.9, 9.6), 3.4, -90.0, 90.0), pen);
            line(&[(2.8, 6.2), (8.9, 6.2)]);
            line(&[(8.9, 13.0), (6.0, 13.0)]);
        }
        Icon::Redo => {
            line(&[(10.0, 3.0), (13.2, 6.2), (10.0, 9.4)]);
            p.line(arc(at(7.1, 9.6), 3.4, 90.0, 270.0), pen);
            line(&[(13.2, 6.2), (7.1, 6.2)]);
            line(&[(7.1, 13.0), (10.0, 13.0)]);
        }
        Icon::Delete => {
            line(&[(2.5, 4.5), (13.5, 4.5)]);
            line(&[(6.0, 4.5), (6.3, 2.5), (9.7, 2.5), (10.0, 4.5)]);
            line(&[(4.0, 4.5), (4.7, 13.5), (11.3, 13.5), (12.0, 4.5)]);
            line(&[(8.0, 7.0), (8.0, 11.0)]);
        }
        Icon::More => {
            line(&[(5.0, 10.5), (2.5, 10.5), (2.5, 2.5), (10.5, 2.5), (10.5, 5.0)]);
            let sheet = Rect::from_min_max(at(5.5, 5.5), at(13.5, 13.5));
            p.rect_stroke(sheet, 1.0, pen, egui::StrokeKind::Middle);
            line(&[(9.5, 7.5), (9.5, 11.5)]);
            line(&[(7.5, 9.5), (11.5, 9.5)]);
        }
        Icon::Into => {
            line(&[(6.0, 3.0), (2.5, 3.0), (2.5, 13.0), (6.0, 13.0)]);
            line(&[(14.0, 8.0), (6.0, 8.0)]);
            line(&[(9.0, 5.0), (6.0, 8.0), (9.0, 11.0)]);
        }
        Icon::Locked | Icon::Unlocked => {
            p.rect_filled(Rect::from_min_max(at(3.5, 7.0), at(12.5, 13.5)), 1.5, c);
            let left = if icon == Icon::Locked { 5.5 } else { 2.5 };
            let mut shackle = vec![at(left + 5.0, 7.0), at(left + 5.0, 5.2)];
            shackle.extend(arc(at(left + 2.5, 5.2), 2.5, 0.0, -180.0));
            if icon == Icon::Locked {
                shackle.push(at(left, 7.0));
            }
            p.line(shackle, pen);
        }
        Icon::Map => {
            line(&[(2.0, 5.0), (13.0, 5.0)]);
            line(&[(10.2, 2.2), (13.0, 5.0), (10.2, 7.8)]);
            line(&[(14.0, 11.0), (3.0, 11.0)]);
            line(&[(5.8, 8.2), (3.0, 11.0), (5.8, 13.8)]);
        }
        Icon::Back => line(&[(10.0, 4.0), (6.0, 8.0), (10.0, 12.0)]),
        Icon::Forward => line(&[(6.0, 4.0), (10.0, 8.0), (6.0, 12.0)]),
        Icon::Dice => {
            p.rect_stroke(
                Rect::from_min_max(at(2.2, 2.2), at(13.8, 13.8)),
                2.5,
                pen,
                egui::StrokeKind::Middle,
            );
            for (x, y) in [(5.2, 5.2), (10.8, 5.2), (8.0, 8.0), (5.2, 10.8), (10.8, 10.8)] {
                p.circle_filled(at(x, y), 1.15, c);
            }
        }
        Icon::Chevron => line(&[(4.5, 6.5), (8.0, 10.0), (11.5, 6.5)]),
        Icon::Info => {
            p.circle_stroke(at(8.0, 8.0), 6.2, Stroke::new(1.3, c));
            bar(7.25, 7.0, 1.5, 4.5);
            p.circle_filled(at(8.0, 4.9), 1.0, c);
        }
        Icon::Tick => line(&[(3.0, 8.5), (6.5, 12.0), (13.0, 4.5)]),
        Icon::Warn => {
            line(&[(8.0, 2.5), (14.0, 13.2), (2.0, 13.2), (8.0, 2.5), (10.0, 6.1)]);
            bar(7.25, 6.2, 1.5, 3.6);
            p.circle_filled(at(8.0, 11.3), 0.9, c);
        }
        Icon::Bad => {
            p.circle_stroke(at(8.0, 8.0), 6.2, pen);
            line(&[(5.8, 5.8), (10.2, 10.2)]);
            line(&[(10.2, 5.8), (5.8, 10.2)]);
        }
        Icon::Close => {
            line(&[(4.0, 4.0), (12.0, 12.0)]);
            line(&[(12.0, 4.0), (4.0, 12.0)]);
        }
        Icon::Record => {
            p.circle_stroke(at(8.0, 8.0), 5.8, pen);
            p.circle_filled(at(8.0, 8.0), 3.0, c);
        }
        Icon::Folder => {
            line(&[(2.0, 4.0), (6.2, 4.0), (7.8, 5.8), (14.0, 5.8), (14.0, 12.8), (2.0, 12.8), (2.0, 3.4)]);
        }
        Icon::Save => {
            line(&[(8.0, 2.5), (8.0, 9.5)]);
            line(&[(4.8, 6.5), (8.0, 9.7), (11.2, 6.5)]);
            line(&[(2.5, 10.5), (2.5, 13.5), (13.5, 13.5), (13.5, 10.5)]);
        }
        Icon::Speaker => {
            fill(&[(2.0, 6.0), (4.5, 6.0), (8.0, 3.0), (8.0, 13.0), (4.5, 10.0), (2.0, 10.0)]);
            p.line(arc(at(8.0, 8.0), 3.0, -50.0, 50.0), pen);
            p.line(arc(at(8.0, 8.0), 5.8, -50.0, 50.0), pen);
        }
        Icon::ZoomIn | Icon::ZoomOut => {
            p.circle_stroke(at(7.0, 7.0), 4.6, pen);
            line(&[(10.4, 10.4), (14.0, 14.0)]);
            line(&[(5.0, 7.0), (9.0, 7.0)]);
            if icon == Icon::ZoomIn {
                line(&[(7.0, 5.0), (7.0, 9.0)]);
            }
        }
        Icon::Fit => {
            line(&[(2.0, 3.0), (2.0, 13.0)]);
            line(&[(14.0, 3.0), (14.0, 13.0)]);
            line(&[(4.0, 8.0), (12.0, 8.0)]);
            line(&[(6.2, 5.8), (4.0, 8.0), (6.2, 10.2)]);
            line(&[(9.8, 5.8), (12.0, 8.0), (9.8, 10.2)]);
        }
        Icon::Bars => {
            bar(2.5, 9.0, 2.0, 4.5);
            bar(5.8, 5.0, 2.0, 8.5);
            bar(9.1, 7.0, 2.0, 6.5);
            bar(12.4, 3.0, 2.0, 10.5);
        }
        Icon::Ghost => {
            let r = Rect::from_min_max(at(2.5, 5.0), at(13.5, 11.0));
            let edge = [r.left_top(), r.right_top(), r.right_bottom(), r.left_bottom(), r.left_top()];
            p.extend(Shape::dashed_line(&edge, pen, 2.2, 1.8));
        }
        Icon::Note => {
            p.circle_filled(at(6.2, 12.0), 2.4, c);
            line(&[(8.3, 12.0), (8.3, 2.5)]);
        }
        Icon::Sliders => {
            for (y, x) in [(3.5, 11.0), (8.0, 5.0), (12.5, 9.0)] {
                line(&[(2.0, y), (14.0, y)]);
                p.circle_filled(at(x, y), 2.2, c);
            }
        }
        Icon::Clock => {
            p.circle_stroke(at(8.0, 8.0), 6.0, pen);
            line(&[(8.0, 4.4), (8.0, 8.0), (10.8, 9.6)]);
        }
        Icon::Structure => {
            for (x, y) in [(2.0, 2.0), (6.3, 6.3), (10.6, 10.6), (10.6, 2.0), (2.0, 10.6)] {
                bar(x, y, 3.4, 3.4);
            }
        }
    }
}

fn star(o: Pos2) -> Vec<Pos2> {
    (0..10)
        .map(|i| {
            let r = if i % 2 == 0 { 6.4 } else { 3.0 };
            let a = std::f32::consts::PI * (i as f32 / 5.0 - 0.5);
            pos2(o.x + 8.0 + r * a.cos(), o.y + 8.4 + r * a.sin())
        })
        .collect()
}

fn arc(centre: Pos2, r: f32, from_deg: f32, to_deg: f32) -> Vec<Pos2> {
    (0..=12)
        .map(|i| {
            let a = (from_deg + (to_deg - from_deg) * i as f32 / 12.0).to_radians();
            centre + r * vec2(a.cos(), a.sin())
        })
        .collect()
}
