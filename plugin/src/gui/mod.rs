//! The windows: theme, widgets and pages. Runs on the host's GUI thread; knows neither voices nor models.
pub mod view;
