//! A song that was dropped in.
use crate::gui::view::TrackView;
pub struct OpenSong { pub file: String, pub preselected: usize, tracks: Vec<TrackView> }
impl OpenSong {
    pub fn tracks(&self) -> &[TrackView] { &self.tracks }
    pub fn only_choice(&self) -> Option<usize> { None }
    pub fn tempo(&self) -> f64 { 120.0 }
    pub fn tempo_changes(&self) -> bool { false }
    pub fn remark(&self) -> String { String::new() }
    pub fn clip(&self, _: usize, _: bool, _: bool) -> Result<descant_core::music::Clip, String> { Err(String::new()) }
}
pub fn open(_: &std::path::Path) -> Result<OpenSong, String> { Err(String::new()) }
