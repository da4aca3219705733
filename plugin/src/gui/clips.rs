//! stub
use super::view::*;
#[derive(Default)] pub struct UiState;
pub fn show(_: &mut egui::Ui, _: &View, _: &mut UiState) -> Vec<Action> { vec![] }
