//! The windows: theme, widgets and pages. Runs on the host's GUI thread; knows neither voices nor models.
pub mod clips;
pub mod drag;
pub mod theme;
pub mod view;
