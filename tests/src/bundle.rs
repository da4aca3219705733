//! Where the bundle under test lies.

use anyhow::{Context as _, Result, ensure};
use std::path::PathBuf;

/// The `.clap` to test, from `DESCANT_BUNDLE`. Never guessed: a stale file would be tested instead.
pub fn clap() -> Result<PathBuf> {
    from_variable("DESCANT_BUNDLE")
}

/// The `.vst3` to test, from `DESCANT_BUNDLE_VST3`.
pub fn vst3() -> Result<PathBuf> {
    from_variable("DESCANT_BUNDLE_VST3")
}

fn from_variable(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os(name)
        .map(PathBuf::from)
        .with_context(|| format!("{name} is not set: run the tests by `cargo xtask test`"))?;
    ensure!(path.exists(), "{} does not exist: run the tests by `cargo xtask test`", path.display());
    Ok(path)
}
