//! What the window shows, text by text and control by control, beside what it showed when somebody last looked.
//!
//! A difference is a change of the product: look at it (`cargo xtask demo` makes pictures), then write the new files
//! with `DESCANT_SNAPSHOTS=write`. Text and places, not pixels: the same on every machine and readable in a review.

mod gui_views;

use descant_plugin::gui::clips::{self, UiState};
use descant_plugin::gui::theme;
use descant_plugin::gui::view::View;
use egui::{Shape, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::fmt::Write as _;
use std::path::Path;

/// Every text with the place of its left top corner, then every control with its place and size, in whole points.
fn shown(view: View, w: f32, h: f32, open: Option<&str>) -> String {
    let mut harness =
        Harness::builder().with_size(vec2(w, h)).with_context_setup(theme::install).build_ui_state(
            |ui, (view, state): &mut (View, UiState)| {
                clips::show(ui, view, state);
            },
            (view, UiState::default()),
        );
    harness.run_steps(3);
    for label in open.iter().flat_map(|open| open.split(" > ")) {
        harness.get_by_label(label).click();
        harness.run_steps(3);
    }
    let mut texts = Vec::new();
    for clipped in &harness.output().shapes {
        collect(&clipped.shape, &mut texts);
    }
    let mut out = String::new();
    for (x, y, text) in texts {
        let _ = writeln!(out, "{x:4} {y:4}  {text}");
    }
    let _ = writeln!(out);
    for node in harness.root().children_recursive() {
        let role = node.accesskit_node().role();
        let Some(label) = node.accesskit_node().label() else { continue };
        let r = node.rect();
        let _ = writeln!(
            out,
            "{:4} {:4} {:4} × {:3}  {role:?} {label}",
            r.left().round(),
            r.top().round(),
            r.width().round(),
            r.height().round()
        );
    }
    out
}

fn collect(shape: &Shape, texts: &mut Vec<(i32, i32, String)>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|s| collect(s, texts)),
        Shape::Text(t) if !t.galley.text().trim().is_empty() => {
            texts.push((t.pos.x.round() as i32, t.pos.y.round() as i32, t.galley.text().to_owned()));
        }
        _ => {}
    }
}

#[test]
fn the_window_shows_what_it_showed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut changed = Vec::new();
    for (name, view, (w, h), open) in [
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
        ("answering", gui_views::answering(), (720.0, 460.0), None),
    ] {
        let now = shown(view, w, h, open);
        let path = folder.join(format!("{name}.txt"));
        if std::env::var_os("DESCANT_SNAPSHOTS").is_some_and(|v| v == "write") {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, &now).expect("a snapshot");
        }
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        if now != before {
            let line = now.lines().zip(before.lines().chain(std::iter::repeat(""))).find(|(a, b)| a != b);
            changed.push(format!("{name}: {line:?}"));
        }
    }
    assert!(changed.is_empty(), "{changed:#?}");
}
