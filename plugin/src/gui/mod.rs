//! The windows: theme, widgets and pages. Runs on the host's GUI thread; knows neither voices nor models.
//!
//! A page is a function from [`view::View`] to [`view::Action`]s; what must survive the window lives elsewhere.
pub mod clips;
pub mod drag;
pub mod drum_names;
#[cfg(all(unix, not(target_os = "macos")))]
pub mod graphics;
pub mod host_window;
pub mod keys;
pub mod roll;
pub mod scale;
mod takes;
pub mod theme;
pub mod view;
pub mod widgets;
