//! What the note that was played last looks like: loudness, frequency, or both as an ear hears them. GUI thread.
//!
//! The worker makes the numbers; here they get their colours, once per picture.
use super::Cx;
use crate::gui::theme;
use crate::gui::widgets::{choice, name, text};
use crate::keys::engine::ZoneView;
use descant_core::music::pitch_name;
use descant_core::sound::picture::{Dot, Picture};
use egui::{
    Align2, Color32, ColorImage, Rect, Role, Sense, StrokeKind, TextureHandle, TextureOptions, Ui, pos2, vec2,
};
use std::sync::Arc;

const TABS: f32 = 24.0;
/// Below this there is no room for a picture.
const LEAST: f32 = 36.0;

/// How it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Spectrum,
    Frequency,
    Rainbow,
}

const KINDS: [(Kind, &str); 3] =
    [(Kind::Spectrum, "Spectrum"), (Kind::Frequency, "Frequency"), (Kind::Rainbow, "Rainbow")];

/// The picture as the graphics card has it.
#[derive(Clone, Default)]
pub(super) struct PictureState {
    kind: Kind,
    shown: Option<(Kind, Arc<ZoneView>, TextureHandle)>,
}

pub(super) fn show(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>) {
    if rect.height() < TABS + LEAST {
        return;
    }
    let tabs = rect.with_max_y(rect.top() + TABS);
    let chosen = KINDS.iter().position(|(kind, _)| *kind == cx.state.picture.kind).unwrap_or(0);
    let tip = "The note played last, 4 seconds of it: how loud each pitch is; how far its frequency is from the middle of its band; or both, in steps of an ear.";
    let labels = KINDS.map(|(_, label)| label);
    if let Some(i) = choice::segmented(ui, tabs, "Picture", tip, &labels, chosen) {
        cx.state.picture.kind = KINDS[i].0;
    }
    let frame = rect.with_min_y(tabs.bottom() + 6.0);
    let p = ui.painter();
    p.rect_filled(frame, 4.0, Color32::BLACK);
    let response = ui.interact(frame, ui.scope_id().with("picture"), Sense::hover());
    let Some(view) = &cx.view.picture else {
        let font = theme::font(theme::SMALL);
        text(
            p,
            frame.center(),
            Align2::CENTER_CENTER,
            "Play a note to see it.",
            font,
            theme::DIM,
            frame.width(),
        );
        name(ui, &response, Role::Image, "No picture yet");
        return;
    };
    let state = &mut cx.state.picture;
    let fresh = |s: &(Kind, Arc<ZoneView>, TextureHandle)| s.0 == state.kind && Arc::ptr_eq(&s.1, view);
    if !state.shown.as_ref().is_some_and(fresh) {
        let image = image(view, state.kind);
        let texture = ui.ctx().load_texture("zone", image, TextureOptions::LINEAR);
        state.shown = Some((state.kind, view.clone(), texture));
    }
    let note = pitch_name(view.pitch);
    if let Some((_, _, texture)) = &state.shown {
        let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        p.image(texture.id(), frame.shrink(1.0), all, Color32::WHITE);
    }
    p.rect_stroke(frame, 4.0, theme::hairline(), StrokeKind::Inside);
    let plate = Rect::from_min_size(frame.min + vec2(5.0, 5.0), vec2(32.0, 17.0));
    p.rect_filled(plate, 3.0, theme::fade(theme::GROUND, 0.8));
    text(p, plate.center(), Align2::CENTER_CENTER, &note, theme::font(theme::SMALL), theme::TEXT, 30.0);
    name(ui, &response, Role::Image, &format!("{} of {note}", KINDS[chosen].1));
}

fn image(view: &ZoneView, kind: Kind) -> ColorImage {
    let (picture, colour): (&Picture, fn(Dot) -> Color32) = match kind {
        Kind::Spectrum => (&view.spectrogram, heat),
        Kind::Frequency => (&view.spectrogram, wheel),
        Kind::Rainbow => (&view.rainbowgram, rainbow),
    };
    let rows = picture.dots.chunks_exact(picture.columns.max(1)).rev();
    let pixels = rows.flatten().map(|dot| colour(*dot)).collect();
    ColorImage::new([picture.columns, picture.rows()], pixels)
}

/// Black over blue and amber to white.
fn heat([level, _]: Dot) -> Color32 {
    let stops = [Color32::BLACK, Color32::from_rgb(0x2B, 0x4F, 0x7A), theme::ACCENT, Color32::WHITE];
    // Noise 40 dB below the loudest place stays dark.
    let along = level.clamp(0.0, 1.0).powi(2) * 3.0;
    let at = (along as usize).min(2);
    theme::mix(stops[at], stops[at + 1], along - at as f32)
}

/// Blue below the middle, amber above it, as bright as it is loud.
fn wheel([level, turn]: Dot) -> Color32 {
    let far = turn.abs().min(1.0).sqrt();
    let side = if turn < 0.0 { theme::PRIMER } else { theme::ACCENT };
    theme::mix(Color32::BLACK, theme::mix(Color32::WHITE, side, far), level)
}

/// Violet over green to red by frequency, as bright as it is loud.
fn rainbow([level, turn]: Dot) -> Color32 {
    let x = 0.5 + 0.5 * turn.clamp(-1.0, 1.0);
    let part = |v: f32| (255.0 * v.clamp(0.0, 1.0) * level) as u8;
    let (green, blue) = ((std::f32::consts::PI * x).sin(), (std::f32::consts::FRAC_PI_2 * x).cos());
    Color32::from_rgb(part((2.0 * x - 0.5).abs()), part(green), part(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_black_and_high_pitches_are_at_the_top() {
        for colour in [heat, wheel, rainbow] {
            assert_eq!(colour([0.0, 0.7]), Color32::BLACK);
            assert_ne!(colour([1.0, 0.7]), Color32::BLACK);
        }
        assert_ne!(wheel([1.0, 0.5]), wheel([1.0, -0.5]));
        assert_eq!(rainbow([1.0, -1.0]), Color32::from_rgb(127, 0, 255));
        let picture = Picture { columns: 2, dots: vec![[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]] };
        let position = descant_core::sound::instrument::Position::FIRST;
        let view = ZoneView { pitch: 60, position, spectrogram: picture.clone(), rainbowgram: picture };
        let image = image(&view, Kind::Spectrum);
        assert_eq!(image.size, [2, 2]);
        assert_eq!(image.pixels, [Color32::BLACK, Color32::BLACK, Color32::WHITE, Color32::BLACK]);
    }
}
