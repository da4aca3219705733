//! What the window shows, text by text and control by control, beside what it showed when somebody last looked.
//!
//! A difference is a change of the product: look at it (`cargo xtask demo` makes pictures), then write the new files
//! with `DESCANT_SNAPSHOTS=write`. Text and places, not pixels: the same on every machine and readable in a review.

mod gui_views;
mod shown;

use descant_plugin::gui::clips::{self, UiState};
use shown::{difference, shown};

#[test]
fn the_window_shows_what_it_showed() {
    let mut changed = Vec::new();
    for (name, view, size, open) in [
        ("first_open", gui_views::first_open(), (980.0, 620.0), None),
        ("eight_takes", gui_views::eight_takes(), (980.0, 620.0), None),
        ("continued", gui_views::continued(), (980.0, 620.0), None),
        ("continued_small", gui_views::continued(), (720.0, 460.0), None),
        ("over_chords", gui_views::over_chords(), (980.0, 620.0), None),
        ("over_chords_small", gui_views::over_chords(), (720.0, 460.0), None),
        ("chord_card", gui_views::over_chords(), (980.0, 620.0), Some("Chords")),
        ("models", gui_views::two_weights(), (980.0, 620.0), Some("Model")),
        ("models_small", gui_views::two_weights(), (720.0, 460.0), Some("Model")),
        ("drum_map", gui_views::drum_map(), (980.0, 620.0), Some("Drum map")),
        ("drum_map_small", gui_views::drum_map(), (720.0, 460.0), Some("Drum map")),
        ("song", gui_views::song(), (980.0, 620.0), None),
        ("interpolate", gui_views::interpolate(), (980.0, 620.0), None),
        ("interpolate_small", gui_views::interpolate(), (720.0, 460.0), None),
        ("groove", gui_views::groove(), (980.0, 620.0), None),
        ("groove_small", gui_views::groove(), (720.0, 460.0), None),
        ("groove_of_a_melody", gui_views::groove_of_a_melody(), (980.0, 620.0), None),
        ("groove_of_a_melody_small", gui_views::groove_of_a_melody(), (720.0, 460.0), None),
        ("hats", gui_views::hats(), (980.0, 620.0), Some("More tools")),
        ("drumify_without_weights", gui_views::drumify_without_weights(), (980.0, 620.0), None),
        ("near", gui_views::near(), (980.0, 620.0), None),
        ("learning", gui_views::learning(), (980.0, 620.0), Some("Model > Make it yours…")),
        ("learnt_small", gui_views::learnt(), (720.0, 460.0), Some("Model > Make it yours…")),
        ("own_weights", gui_views::learnt(), (980.0, 620.0), Some("Model")),
        ("pad", gui_views::pad(), (980.0, 620.0), None),
        ("pad_small", gui_views::pad(), (720.0, 460.0), None),
        ("trio", gui_views::trio(), (980.0, 620.0), None),
        ("trio_small", gui_views::trio(), (720.0, 460.0), None),
        ("answering", gui_views::answering(), (720.0, 460.0), None),
    ] {
        let mut state = UiState::default();
        let now = shown(|ui| drop(clips::show(ui, &view, &mut state)), size, open);
        changed.extend(difference(name, &now));
    }
    assert!(changed.is_empty(), "{changed:#?}");
}
