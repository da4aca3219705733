//! Carries three edits to the plugin framework until upstream has them (why: docs/framework-patch.md).
//!
//! The framework's source is not part of this repository. Cargo fetches it for this program's lock file, we
//! copy it to `.patched/`, which the product's manifest names in `[patch.crates-io]`, and apply the edits.

use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};

const CRATE: &str = "nice-plug";
const VERSION: &str = "0.4.2";

/// One edit: `find` must occur exactly once in `file`.
struct Edit {
    file: &'static str,
    find: &'static str,
    replace: &'static str,
}

const EDITS: &[Edit] = &[
    // 1. Editor tasks run on the main thread or not at all: elsewhere the window may be half built or gone.
    Edit {
        file: "src/wrapper/vst3/inner.rs",
        find: "        // This function is always called from the main thread\n        match task {",
        replace: "        #[cfg(feature = \"editor\")]
        if matches!(task, Task::StateChanged | Task::ParameterValueChanged(..) | Task::CallMainThread)
            && !self.event_loop.borrow().as_ref().is_some_and(|l| l.is_main_thread())
        {
            return;
        }
        match task {",
    },
    // 2. A task of an instance that was dropped must not end the thread that all instances share.
    Edit {
        file: "src/event_loop/background_thread.rs",
        find: "                    );\n                    return;\n                }\n            },\n            Ok(Message::Shutdown) => return,",
        replace: "                    );\n                    continue;\n                }\n            },\n            Ok(Message::Shutdown) => return,",
    },
    // 3. A worker that is gone already must not abort the host when the last instance is dropped.
    Edit {
        file: "src/event_loop/background_thread.rs",
        find: "        self.tasks_sender
            .send(Message::Shutdown)
            .expect(\"Failed while sending worker thread shutdown request\");
        self.join_handle
            .take()
            // Only possible if the WorkerThread got dropped twice, somehow?
            .expect(\"Missing Worker thread JoinHandle\")
            .join()
            .expect(\"Worker thread panicked\");",
        replace: "        let _ = self.tasks_sender.send(Message::Shutdown);
        if let Some(handle) = self.join_handle.take() {
            let _ = handle.join();
        }",
    },
];

/// Makes `.patched/nice-plug` what it should be. Returns whether anything was written.
pub fn ensure(root: &Path) -> Result<bool> {
    let folder = root.join(".patched");
    let target = folder.join(CRATE);
    let stamp_file = folder.join("stamp");
    let stamp = stamp(root)?;
    if target.is_dir() && fs::read_to_string(&stamp_file).is_ok_and(|s| s == stamp) {
        return Ok(false);
    }
    let source = fetch(root)?;
    let temporary = folder.join(format!("{CRATE}.new"));
    if temporary.exists() {
        fs::remove_dir_all(&temporary)?;
    }
    copy(&source, &temporary).context("the framework's source could not be copied")?;
    for edit in EDITS {
        let path = temporary.join(edit.file);
        let text = fs::read_to_string(&path).with_context(|| format!("{} is missing", edit.file))?;
        fs::write(&path, apply(edit, &text)?)?;
    }
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::rename(&temporary, &target)?;
    fs::write(&stamp_file, stamp)?;
    Ok(true)
}

fn apply(edit: &Edit, text: &str) -> Result<String> {
    let times = text.matches(edit.find).count();
    ensure!(
        times == 1,
        "the patch of {CRATE} {VERSION} does not fit: {} has {times} places for an edit that needs one. \
         docs/framework-patch.md says what each edit does",
        edit.file
    );
    Ok(text.replacen(edit.find, edit.replace, 1))
}

/// Version, checksum and edits in one line: if it differs, the patched copy is made anew.
fn stamp(root: &Path) -> Result<String> {
    let lock = fs::read_to_string(root.join("xtask/Cargo.lock")).context("xtask/Cargo.lock is missing")?;
    let checksum = checksum(&lock).with_context(|| format!("xtask/Cargo.lock has no {CRATE} {VERSION}"))?;
    // FNV-1a: no secret, only "did the edits change".
    let hash = EDITS
        .iter()
        .flat_map(|e| [e.file, e.find, e.replace])
        .flat_map(str::bytes)
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    Ok(format!("{CRATE} {VERSION} {checksum} {hash:016x}\n"))
}

fn checksum(lock: &str) -> Option<&str> {
    let at = lock.find(&format!("name = \"{CRATE}\"\nversion = \"{VERSION}\""))?;
    let entry = lock[at..].split("\n\n").next()?;
    entry.split("checksum = \"").nth(1)?.split('"').next()
}

/// Asks cargo for the source; `--locked` makes it verify the checksum of the lock file.
fn fetch(root: &Path) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root.join("xtask/Cargo.toml"))
        .other_options(vec!["--locked".into()])
        .exec()
        .context("cargo could not fetch the plugin framework")?;
    for package in metadata.packages {
        if package.name.as_str() == CRATE && package.version.to_string() == VERSION {
            let manifest = package.manifest_path.into_std_path_buf();
            return manifest.parent().map(Path::to_path_buf).context("odd manifest path");
        }
    }
    bail!("{CRATE} {VERSION} is not in xtask/Cargo.lock");
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_does_not_match_exactly_once_is_refused() {
        let edit = &EDITS[0];
        assert!(apply(edit, "nothing of the kind").is_err());
        assert!(apply(edit, &format!("{0} {0}", edit.find)).is_err());
        assert_eq!(apply(edit, edit.find).unwrap(), edit.replace);
    }

    #[test]
    fn the_checksum_is_read_from_the_right_entry() {
        let lock = "[[package]]\nname = \"nice-plug\"\nversion = \"0.4.2\"\nsource = \"s\"\nchecksum = \"abc\"\n\n\
                    [[package]]\nname = \"x\"\nchecksum = \"def\"\n";
        assert_eq!(checksum(lock), Some("abc"));
        assert_eq!(checksum("[[package]]\nname = \"x\"\n"), None);
    }
}
