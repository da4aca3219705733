//! stub
pub fn install(_: &egui::Context) {}
