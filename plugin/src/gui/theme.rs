//! The look: colour tokens, type scale, spacing grid, fonts. Runs on the GUI thread.
//!
//! Every colour and size in the window comes from here; widgets never invent their own.

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Shadow, Stroke, TextStyle,
};
use std::sync::Arc;

/// Window background.
pub const GROUND: Color32 = Color32::from_rgb(0x14, 0x16, 0x1A);
/// Regions.
pub const PANEL: Color32 = Color32::from_rgb(0x1B, 0x1E, 0x24);
/// Controls.
pub const RAISED: Color32 = Color32::from_rgb(0x25, 0x2A, 0x32);
/// Controls under the pointer.
pub const HOVER: Color32 = Color32::from_rgb(0x2F, 0x36, 0x40);
/// Hairlines.
pub const LINE: Color32 = Color32::from_rgb(0x2E, 0x34, 0x3D);
/// Bar lines and outlines of controls.
pub const LINE_STRONG: Color32 = Color32::from_rgb(0x43, 0x4B, 0x57);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(0xE8, 0xEA, 0xED);
/// Secondary text.
pub const DIM: Color32 = Color32::from_rgb(0xA9, 0xB0, 0xBA);
/// Text that may be overlooked; never carries information alone.
pub const FAINT: Color32 = Color32::from_rgb(0x84, 0x8D, 0x99);
/// The act, the playhead, focus.
pub const ACCENT: Color32 = Color32::from_rgb(0xFF, 0xB4, 0x54);
/// The accent under the pointer.
pub const ACCENT_HOVER: Color32 = Color32::from_rgb(0xFF, 0xC6, 0x7D);
/// Text on the accent.
pub const ON_ACCENT: Color32 = Color32::from_rgb(0x1E, 0x15, 0x07);
/// Notes that came from the musician.
pub const PRIMER: Color32 = Color32::from_rgb(0x6C, 0xB6, 0xFF);
/// Notes that the model wrote.
pub const GENERATED: Color32 = ACCENT;
/// It worked.
pub const GOOD: Color32 = Color32::from_rgb(0x7B, 0xD8, 0x8F);
/// Worth knowing.
pub const WARN: Color32 = Color32::from_rgb(0xF2, 0xC9, 0x4C);
/// It failed.
pub const BAD: Color32 = Color32::from_rgb(0xFF, 0x6B, 0x6B);

/// Eight colours of equal lightness that stay apart for colour-blind eyes; lanes and instruments.
pub const SERIES: [Color32; 8] = [
    Color32::from_rgb(0x6F, 0xA8, 0xDC),
    Color32::from_rgb(0xE0, 0x8E, 0x45),
    Color32::from_rgb(0x5F, 0xBF, 0xA5),
    Color32::from_rgb(0xD9, 0x7B, 0xA6),
    Color32::from_rgb(0xC2, 0xB2, 0x4A),
    Color32::from_rgb(0x9B, 0x8F, 0xE0),
    Color32::from_rgb(0x6B, 0xB8, 0x5F),
    Color32::from_rgb(0x55, 0xB4, 0xCB),
];

/// The spacing grid in points.
pub const GRID: f32 = 4.0;
/// Corner radius of controls and regions.
pub const RADIUS: u8 = 6;
/// Height of a control.
pub const CONTROL: f32 = 28.0;

/// Type sizes: captions, body, headings, the biggest thing.
pub const SMALL: f32 = 11.0;
/// See [`SMALL`].
pub const BODY: f32 = 13.0;
/// See [`SMALL`].
pub const LARGE: f32 = 16.0;
/// See [`SMALL`].
pub const HUGE: f32 = 22.0;

const BOLD: &str = "semibold";

/// The text face in a size of the type scale.
#[must_use]
pub fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// The heavier face in a size of the type scale.
#[must_use]
pub fn bold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(BOLD.into()))
}

/// A hairline.
#[must_use]
pub fn hairline() -> Stroke {
    Stroke::new(1.0, LINE)
}

/// `colour` at `alpha` 0..=1 over whatever lies below.
#[must_use]
pub fn fade(colour: Color32, alpha: f32) -> Color32 {
    colour.gamma_multiply(alpha.clamp(0.0, 1.0))
}

/// `colour` mixed with `towards`; `t` 0..=1.
#[must_use]
pub fn mix(colour: Color32, towards: Color32, t: f32) -> Color32 {
    colour.lerp_to_gamma(towards, t.clamp(0.0, 1.0))
}

/// Installs fonts and style. To be called once per window, before its first frame.
pub fn install(ctx: &Context) {
    let mut fonts = FontDefinitions::empty();
    let faces: [(&str, &'static [u8]); 2] = [
        ("inter", include_bytes!("../../../assets/fonts/Inter-Regular.otf")),
        ("inter-semibold", include_bytes!("../../../assets/fonts/Inter-SemiBold.otf")),
    ];
    for (name, bytes) in faces {
        fonts.font_data.insert(name.into(), Arc::new(FontData::from_static(bytes)));
    }
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec!["inter".into()]);
    }
    fonts.families.insert(FontFamily::Name(BOLD.into()), vec!["inter-semibold".into(), "inter".into()]);
    ctx.set_fonts(fonts);
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(style);
}

fn style(style: &mut egui::Style) {
    style.text_styles = [
        (TextStyle::Small, font(SMALL)),
        (TextStyle::Body, font(BODY)),
        (TextStyle::Button, font(BODY)),
        (TextStyle::Monospace, font(BODY)),
        (TextStyle::Heading, bold(LARGE)),
    ]
    .into();
    style.animation_time = 0.12;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.6;

    let s = &mut style.spacing;
    s.item_spacing = egui::vec2(2.0 * GRID, GRID);
    s.button_padding = egui::vec2(2.0 * GRID, GRID);
    s.menu_margin = egui::Margin::same(4);
    s.interact_size = egui::vec2(CONTROL, CONTROL);
    s.tooltip_width = 260.0;
    s.scroll = egui::style::ScrollStyle::thin();

    let v = &mut style.visuals;
    *v = egui::Visuals::dark();
    v.override_text_color = Some(TEXT);
    v.panel_fill = GROUND;
    v.window_fill = PANEL;
    v.window_stroke = Stroke::new(1.0, LINE_STRONG);
    v.window_corner_radius = CornerRadius::same(RADIUS + 2);
    v.menu_corner_radius = CornerRadius::same(RADIUS);
    v.extreme_bg_color = GROUND;
    v.faint_bg_color = RAISED;
    v.hyperlink_color = PRIMER;
    v.selection.bg_fill = fade(ACCENT, 0.35);
    v.selection.stroke = Stroke::new(1.0, ACCENT);
    v.text_cursor.stroke = Stroke::new(1.5, ACCENT);
    let shadow = Shadow { offset: [0, 6], blur: 20, spread: 0, color: Color32::from_black_alpha(120) };
    v.popup_shadow = shadow;
    v.window_shadow = shadow;
    for w in [
        &mut v.widgets.noninteractive,
        &mut v.widgets.inactive,
        &mut v.widgets.hovered,
        &mut v.widgets.active,
        &mut v.widgets.open,
    ] {
        w.corner_radius = CornerRadius::same(RADIUS);
        w.expansion = 0.0;
        w.bg_fill = RAISED;
        w.weak_bg_fill = RAISED;
        w.bg_stroke = Stroke::new(1.0, LINE);
        w.fg_stroke = Stroke::new(1.0, TEXT);
    }
    v.widgets.hovered.weak_bg_fill = HOVER;
    v.widgets.hovered.bg_fill = HOVER;
    v.widgets.active.weak_bg_fill = HOVER;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(c: Color32) -> f32 {
        let lin = |v: u8| {
            let v = f32::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * lin(c.r()) + 0.7152 * lin(c.g()) + 0.0722 * lin(c.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_on_every_surface() {
        for surface in [GROUND, PANEL, RAISED] {
            for (name, text) in [("text", TEXT), ("dim", DIM), ("warn", WARN), ("bad", BAD), ("good", GOOD)] {
                assert!(contrast(text, surface) >= 4.5, "{name} on {surface:?}: {}", contrast(text, surface));
            }
        }
        assert!(contrast(FAINT, PANEL) >= 4.5, "faint: {}", contrast(FAINT, PANEL));
        assert!(contrast(ON_ACCENT, ACCENT) >= 4.5);
    }
}
