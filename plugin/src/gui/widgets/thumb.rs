//! Thumbnails of clips: every note as a dash, primer and new part told apart. GUI thread.

use crate::gui::{roll::lanes, theme};
use descant_core::music::{Clip, ClipKind, Ticks};
use egui::{Painter, Rect, Stroke, pos2};

/// Draws `clip` into `rect`; notes from `new_from` on are the model's.
pub fn paint(p: &Painter, rect: Rect, clip: &Clip, new_from: Ticks, alpha: f32) {
    p.rect_filled(rect, 4, theme::fade(theme::GROUND, alpha));
    let rect = rect.shrink2(egui::vec2(3.0, 4.0));
    if clip.length <= 0 || clip.notes.is_empty() {
        return;
    }
    let scale = rect.width() / clip.length as f32;
    let rows: Box<dyn Fn(u8) -> (f32, f32)> = match clip.kind {
        ClipKind::Drums => {
            let h = rect.height() / lanes::COUNT as f32;
            Box::new(move |pitch| {
                let lane = lanes::of(pitch).unwrap_or(lanes::COUNT - 1);
                ((lanes::COUNT - 1 - lane) as f32 * h, h)
            })
        }
        ClipKind::Melody => {
            let low = clip.notes.iter().map(|n| n.pitch).min().unwrap_or(60);
            let high = clip.notes.iter().map(|n| n.pitch).max().unwrap_or(72);
            // At least an octave, so that two neighbouring notes do not look like a leap.
            let spare = 12_u8.saturating_sub(high - low) / 2;
            let top = f32::from(high + spare);
            let h = rect.height() / (f32::from(high - low + 2 * spare) + 1.0);
            Box::new(move |pitch| ((top - f32::from(pitch)) * h, h))
        }
    };
    for n in &clip.notes {
        let (y, h) = rows(n.pitch);
        let x0 = rect.left() + n.start as f32 * scale;
        let length =
            if clip.kind == ClipKind::Drums { 2.0 } else { (n.length as f32 * scale - 0.5).max(1.5) };
        let colour = if n.start < new_from { theme::PRIMER } else { theme::GENERATED };
        let h = h.clamp(1.5, 4.0);
        let note = Rect::from_min_max(
            pos2(x0, rect.top() + y),
            pos2((x0 + length).min(rect.right()), rect.top() + y + h),
        );
        p.rect_filled(note, 0.5, theme::fade(colour, alpha * (0.45 + 0.55 * f32::from(n.velocity) / 127.0)));
    }
    if new_from > 0 && new_from < clip.length {
        let x = rect.left() + new_from as f32 * scale;
        p.vline(x, rect.y_range(), Stroke::new(1.0, theme::fade(theme::DIM, alpha)));
    }
}
