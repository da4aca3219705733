//! What a page shows, text by text and control by control, and whether that is what it showed when somebody last looked.
//!
//! Text and places, not pixels: the same on every machine and readable in a review.
use descant_plugin::gui::theme;
use egui::{Shape, Ui, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::fmt::Write as _;
use std::path::Path;

/// Every text with the place of its left top corner, then every control with its place and size, in whole points.
/// `open`: what is clicked first; of several things, `" > "` between them.
pub fn shown(page: impl FnMut(&mut Ui), (w, h): (f32, f32), open: Option<&str>) -> String {
    let mut harness =
        Harness::builder().with_size(vec2(w, h)).with_context_setup(theme::install).build_ui(page);
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

/// The first line that is not as in the snapshot of that name; writes the snapshot if `DESCANT_SNAPSHOTS=write`.
pub fn difference(name: &str, now: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let path = folder.join(format!("{name}.txt"));
    if std::env::var_os("DESCANT_SNAPSHOTS").is_some_and(|v| v == "write") {
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(&path, now).expect("a snapshot");
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    (now != before).then(|| {
        let line = now.lines().zip(before.lines().chain(std::iter::repeat(""))).find(|(a, b)| a != b);
        format!("{name}: {line:?}")
    })
}
