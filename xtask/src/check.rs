//! Formatting, lints and tests: what CI runs.

use crate::bundle::{self, GUARD, Kind};
use crate::{Run as _, cargo};
use anyhow::{Result, bail};
use std::path::Path;

const XTASK: [&str; 2] = ["--manifest-path", "xtask/Cargo.toml"];

/// Everything that must hold before a change lands. `extra` narrows the last step, e.g. `-p descant-core`.
pub fn test(root: &Path, extra: &[String]) -> Result<()> {
    step("formatting");
    cargo(&["fmt", "--all", "--check"]).run()?;
    cargo(&["fmt", "--check"]).args(XTASK).run()?;
    step("lints");
    // Features as for the tests, so that dependencies are compiled once.
    cargo(&["clippy", "--workspace", "--all-targets", "--features", GUARD, "--", "-D", "warnings"]).run()?;
    cargo(&["clippy", "--all-targets"]).args(XTASK).args(["--", "-D", "warnings"]).run()?;
    step("bundle under test");
    let out = root.join("target/test-bundle");
    bundle::bundle(root, Kind::Guarded, &[], &out)?;
    step("tests");
    cargo(&["test", "-q"]).args(XTASK).run()?;
    let mut tests = cargo(&["test", "--features", GUARD]);
    if extra.is_empty() {
        tests.arg("--workspace");
    }
    tests
        .args(extra)
        .env("DESCANT_BUNDLE", out.join("Descant.clap"))
        .env("DESCANT_BUNDLE_VST3", out.join("Descant.vst3"))
        .run()
}

/// Licences, bans and sources. Not part of the tests: cargo-deny is a program of its own.
pub fn deny() -> Result<()> {
    if cargo(&["deny", "--version"]).output().map_or(true, |o| !o.status.success()) {
        bail!("cargo-deny is not installed: cargo install --locked cargo-deny");
    }
    cargo(&["deny", "check", "bans", "licenses", "sources"]).run()
}

fn step(name: &str) {
    println!("── {name}");
}
