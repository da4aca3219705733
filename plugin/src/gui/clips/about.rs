//! The About overlay: what this is and whose work is in it. GUI thread.

use crate::gui::theme;
use crate::gui::widgets::button;
use egui::{Frame, Id, Modal, Rect, RichText, ScrollArea, Stroke, Ui, vec2};

/// Attribution texts: heading, then what the licence asks to say.
const CREDITS: [(&str, &str); 8] = [
    (
        "Groove MIDI Dataset (drum models)",
        "Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove with Inverse Sequence Transformations, ICML 2019. \
         CC BY 4.0. Changes: used to train model weights.",
    ),
    (
        "GiantMIDI-Piano (piano performances)",
        "Kong, Li, Chen, Wang: GiantMIDI-Piano, 2020. CC BY 4.0. Changes: sustained notes on a grid of 10 ms, used to \
         train model weights.",
    ),
    (
        "OpenScore Lieder and Quartets (melodies, voices)",
        "Scores transcribed by the OpenScore community. CC0 1.0.",
    ),
    ("OpenEWLD (melodies)", "Lead sheets in the public domain, from the Wikifonia collection."),
    (
        "Model designs",
        "After the published Magenta papers and descriptions; own code and own weights. Not affiliated with Google.",
    ),
    ("FluidR3 (audition sounds; notes that Keys learned from)", "Frank Wen. MIT licence."),
    ("Inter (typeface)", "The Inter Project Authors. SIL Open Font License 1.1."),
    (
        "Libraries",
        "egui, baseview, nice-plug, clap-sys, vst3, rtrb, midly, safetensors, x11rb and others, under MIT, \
         Apache-2.0, ISC, BSD or Zlib licences.",
    ),
];

/// A window in the middle over everything else; `true` when it should close.
pub(super) fn modal(ui: &Ui, id: &str, width: f32, add: impl FnOnce(&mut Ui)) -> bool {
    let frame = Frame::new()
        .fill(theme::PANEL)
        .stroke(Stroke::new(1.0, theme::LINE_STRONG))
        .corner_radius(theme::RADIUS + 2)
        .inner_margin(20);
    let response = Modal::new(Id::unique(id))
        .frame(frame)
        .backdrop_color(egui::Color32::from_black_alpha(150))
        .show(ui.ctx(), |ui| {
            ui.set_width(width.min(ui.ctx().content_rect().width() - 80.0));
            add(ui);
        });
    response.should_close()
}

pub(in crate::gui) fn show(ui: &Ui, product: &str, open: &mut bool) {
    let mut close = false;
    let closed = modal(ui, "about", 440.0, |ui| {
        ui.label(RichText::new(format!("Descant {product}")).font(theme::bold(theme::HUGE)));
        let line = format!("Version {} · MIT OR Apache-2.0", env!("CARGO_PKG_VERSION"));
        ui.label(RichText::new(line).color(theme::DIM));
        ui.add_space(8.0);
        let room = (ui.ctx().content_rect().height() - 220.0).max(120.0);
        ScrollArea::vertical().max_height(room).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for (title, words) in CREDITS {
                ui.label(RichText::new(title).font(theme::bold(theme::BODY)));
                ui.label(RichText::new(words).color(theme::DIM).font(theme::font(theme::BODY)));
                ui.add_space(8.0);
            }
        });
        ui.add_space(8.0);
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), egui::Sense::hover());
        let ok = Rect::from_min_size(row.right_top() - vec2(96.0, 0.0), vec2(96.0, 32.0));
        close = button::labelled(ui, ok, None, "Close", "", true).clicked();
    });
    if closed || close {
        *open = false;
    }
}
