//! Whole-product tests and the demo: an in-process host that loads the *built* bundle and drives it as a DAW
//! would — transport, notes, parameters, state, window.
//!
//! [`host`] is the CLAP host, [`transport`] its clock, [`window`] a private X server for real windows,
//! [`bundle`] says where the bundle under test lies.
pub mod bench;
pub mod bundle;
pub mod checks;
pub mod clips;
pub mod demo;
pub mod host;
pub mod keys;
pub mod random;
pub mod session;
pub mod state;
pub mod transport;
#[cfg(target_os = "linux")]
pub mod vst3_host;
#[cfg(target_os = "linux")]
pub mod window;
