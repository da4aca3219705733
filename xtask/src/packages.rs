//! System packages: installed by apt where we may, listed otherwise. Only Linux needs any.

use crate::Run as _;
use anyhow::{Result, bail};
use std::process::Command;

/// What the packages are needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Compiling: a C compiler for two small C libraries.
    Build,
    /// Compiling, and opening real windows on a private X server with software OpenGL, and painting with software Vulkan.
    Tests,
}

const BUILD: &[&str] = &["gcc", "libc6-dev"];
const TESTS: &[&str] = &[
    "xvfb",
    "libgl1",
    "libgl1-mesa-dri",
    "libx11-6",
    "libx11-xcb1",
    "libxcb1",
    "libxcursor1",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
    "mesa-vulkan-drivers",
];

/// Installs what is missing, or says what to install.
pub fn ensure(need: Need) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let mut wanted = BUILD.to_vec();
    if need == Need::Tests {
        wanted.extend(TESTS);
    }
    if Command::new("dpkg-query").arg("--version").output().is_err() {
        return without_dpkg(need);
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|p| !installed(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() {
        bail!("these packages are missing: {0}\n  sudo apt-get install {0}", missing.join(" "));
    }
    println!("installing {}", missing.join(" "));
    let apt = |args: &[&str]| {
        Command::new("apt-get")
            .args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300"])
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .run()
    };
    let mut install = vec!["install", "--no-install-recommends"];
    install.extend(&missing);
    // The package lists of a fresh image are often empty or stale: refresh them only when the install fails.
    if apt(&install).is_err() {
        apt(&["update"])?;
        apt(&install)?;
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status}", package])
        .output()
        .is_ok_and(|o| o.stdout == b"installed")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

/// Other distributions name packages differently: look for the programs and say what they are part of.
fn without_dpkg(need: Need) -> Result<()> {
    let found = |program: &str, flag: &str| Command::new(program).arg(flag).output().is_ok();
    if !found("cc", "--version") {
        bail!("a C compiler (cc) is missing: install gcc or clang with your package manager");
    }
    if need == Need::Tests && !found("Xvfb", "-help") {
        bail!("Xvfb is missing: install it, with Mesa's software OpenGL (llvmpipe) and libxkbcommon-x11");
    }
    Ok(())
}
