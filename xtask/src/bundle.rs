//! Building the plugin library and laying it out as `Descant.clap` and `Descant.vst3`.

use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};

const PACKAGE: &str = "descant-bundle";
const BUNDLES: [&str; 2] = ["Descant.clap", "Descant.vst3"];

/// Which build goes into the bundle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Profile `dist`, no guard: what users get and benches measure.
    Shipped,
    /// The test profile, aborting when the audio thread allocates: for tests and the demo.
    Guarded,
}

/// Builds and writes both bundles into `out`. `extra` goes to cargo (for instance `--target T`).
pub fn bundle(root: &Path, kind: Kind, extra: &[String], out: &Path) -> Result<()> {
    let mut args: Vec<String> = match kind {
        Kind::Shipped => vec!["--profile".into(), "dist".into()],
        Kind::Guarded => vec!["--profile".into(), "dev".into(), "--features".into(), GUARD.into()],
    };
    args.extend(extra.iter().cloned());
    nice_plug_xtask::build(&[PACKAGE.to_owned()], &args)?;
    // Cargo calls the folder of its `dev` profile `debug`.
    let args: Vec<String> = args.into_iter().map(|a| if a == "dev" { "debug".into() } else { a }).collect();
    let target = target_dir(root)?;
    nice_plug_xtask::bundle(&target, PACKAGE, &args, false)?;
    fs::create_dir_all(out)?;
    for name in BUNDLES {
        replace(&target.join("bundled").join(name), &out.join(name))?;
    }
    Ok(())
}

/// The feature that turns the allocation guard on.
pub const GUARD: &str = "descant-plugin/alloc-guard";

/// Where cargo builds.
pub fn target_dir(root: &Path) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// Copies both bundles into the user's plugin folders.
pub fn install(from: &Path) -> Result<()> {
    for (name, folder) in BUNDLES.into_iter().zip(plugin_folders()?) {
        fs::create_dir_all(&folder)?;
        replace(&from.join(name), &folder.join(name))?;
        println!("installed {}", folder.join(name).display());
    }
    Ok(())
}

/// The per-user folders for CLAP and VST3 that the two formats' specifications name.
fn plugin_folders() -> Result<[PathBuf; 2]> {
    let var =
        |name: &str| std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set"));
    Ok(if cfg!(target_os = "windows") {
        let common = var("LOCALAPPDATA")?.join("Programs").join("Common");
        [common.join("CLAP"), common.join("VST3")]
    } else if cfg!(target_os = "macos") {
        let plugins = var("HOME")?.join("Library/Audio/Plug-Ins");
        [plugins.join("CLAP"), plugins.join("VST3")]
    } else {
        let home = var("HOME")?;
        [home.join(".clap"), home.join(".vst3")]
    })
}

/// Copies a file or folder beside its goal and renames it: a host never sees half a bundle.
fn replace(from: &Path, to: &Path) -> Result<()> {
    ensure!(from.exists(), "{} was not built", from.display());
    let temporary = to.with_extension("new");
    remove(&temporary)?;
    copy(from, &temporary)?;
    remove(to)?;
    fs::rename(&temporary, to).with_context(|| format!("{} could not be written", to.display()))
}

fn remove(path: &Path) -> Result<()> {
    let result = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => bail!("{}: {e}", path.display()),
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        fs::copy(from, to)?;
    }
    Ok(())
}
