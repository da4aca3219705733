//! Carries a few edits to the plugin framework and its window until upstream has them (why: docs/framework-patch.md).
//!
//! Their source is not part of this repository. Cargo fetches it for this program's lock file, we copy it to
//! `.patched/`, which the product's manifest names in `[patch.crates-io]`, and apply the edits.

use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// A crate with edits.
struct Patch {
    name: &'static str,
    version: &'static str,
    edits: &'static [Edit],
}

const PATCHES: [Patch; 2] = [
    Patch { name: "nice-plug", version: "0.4.2", edits: FRAMEWORK },
    Patch { name: "egui-baseview", version: "0.9.0", edits: WINDOW },
];

/// One edit: `find` must occur exactly once in `file`.
struct Edit {
    file: &'static str,
    find: &'static str,
    replace: &'static str,
}

const FRAMEWORK: &[Edit] = &[
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
    // 5. The plugin is activated for the mode that the host has just set up, not for the one before.
    Edit {
        file: "src/wrapper/vst3/wrapper.rs",
        find: "            process_mode: self.inner.current_process_mode.load(),\n        }));\n\n        #[allow(clippy::unnecessary_cast)]\n        const K_REALTIME",
        replace: "            process_mode: match setup.processMode {
                n if n == ProcessModes_::kOffline as i32 => ProcessMode::Offline,
                n if n == ProcessModes_::kPrefetch as i32 => ProcessMode::Buffered,
                _ => ProcessMode::Realtime,
            },
        }));

        #[allow(clippy::unnecessary_cast)]
        const K_REALTIME",
    },
    // 6. The host asked for the size before there was a window that knows the screen's scale: it is told anew.
    Edit {
        file: "src/wrapper/vst3/view.rs",
        find: "            match self.editor.upgrade().unwrap().lock().spawn(
                Some(parent_handle),
                false,",
        replace: "            let editor = self.editor.upgrade().unwrap();
            let told = editor.lock().size();
            let spawned = editor.lock().spawn(
                Some(parent_handle),
                false,",
    },
    Edit {
        file: "src/wrapper/vst3/view.rs",
        find: "            ) {
                Ok(editor_window) => match editor_window.handle.show(&editor_window.window) {
                    Ok(()) => {
                        *window = Some(Fragile::new(editor_window));
                        inner.is_editor_open.store(true, Ordering::SeqCst);
",
        replace: "            );
            match spawned {
                Ok(editor_window) => match editor_window.handle.show(&editor_window.window) {
                    Ok(()) => {
                        *window = Some(Fragile::new(editor_window));
                        inner.is_editor_open.store(true, Ordering::SeqCst);
                        drop(window); // the host may answer at once
                        let size = editor.lock().size();
                        if size != told {
                            let task = Task::RequestResize { size: size.into(), scale_factor: 1.0 };
                            if let Err(task) = self.do_maybe_in_run_loop(task)
                                && !inner.schedule_gui(task)
                            {
                                crate::nice_error!(\"Failed to post Task::RequestResize\");
                            }
                        }
",
    },
    // 7. A scale that the host names before it attaches the window is kept for that window.
    Edit {
        file: "src/wrapper/vst3/view.rs",
        find: "                self.fallback_scale_factor.store(Some(scale_factor));
                kResultOk
            }
        } else {
            kResultFalse
        }",
        replace: "                self.fallback_scale_factor.store(Some(scale_factor));
                kResultOk
            }
        } else {
            self.fallback_scale_factor.store(Some(scale_factor));
            kResultOk
        }",
    },
];

const WINDOW: &[Edit] = &[
    // 8. Something can be done with the window between frames, when nothing of it is borrowed.
    Edit {
        file: "src/window.rs",
        find: "    clear_color: Rgba,\n    key_capture: KeyCapture,\n}",
        replace:
            "    clear_color: Rgba,\n    key_capture: KeyCapture,\n    after_frame: Option<AfterFrame>,\n}

/// Something to be done with the window between frames.
pub type AfterFrame = Box<dyn FnOnce(&WindowContext)>;",
    },
    Edit {
        file: "src/window.rs",
        find: "            key_capture: Default::default(),
        }
    }
",
        replace: "            key_capture: Default::default(),
            after_frame: None,
        }
    }

    /// Does something with the window soon after this frame, when other frames may be drawn meanwhile.
    pub fn after_frame(&mut self, task: AfterFrame) {
        self.after_frame = Some(task);
    }
",
    },
    Edit {
        file: "src/window.rs",
        find: "        if timer == self.poll_repaint_timer_handle {
            self.poll_repaint_timer();
",
        replace: "        if timer == self.poll_repaint_timer_handle {
            self.poll_repaint_timer();
            let task = self.inner.borrow_mut().frame.after_frame.take();
            if let Some(task) = task {
                task(&self.window);
            }
",
    },
    // 4. Files dropped on the window reach the page; the window's own events had them already.
    Edit {
        file: "src/window.rs",
        find: "                _ => do_repaint = false,\n            },\n            baseview::Event::Keyboard(event) => {",
        replace: "                baseview::MouseEvent::DragEntered { data, .. }
                | baseview::MouseEvent::DragMoved { data, .. } => {
                    let hovered = dropped_paths(data).map(|path| egui::HoveredFile {
                        path: Some(path),
                        ..Default::default()
                    });
                    egui_input.hovered_files = hovered.collect();
                }
                baseview::MouseEvent::DragLeft => egui_input.hovered_files.clear(),
                baseview::MouseEvent::DragDropped { data, .. } => {
                    egui_input.hovered_files.clear();
                    for path in dropped_paths(data) {
                        egui_input.dropped_files.push(Arc::new(PathOnDisk(path)));
                    }
                }
                _ => do_repaint = false,
            },
            baseview::Event::Keyboard(event) => {",
    },
    Edit {
        file: "src/window.rs",
        find: "            baseview::Event::Mouse(_) => {\n                let egui_ctx",
        replace: "            baseview::Event::Mouse(
                baseview::MouseEvent::DragEntered { data, .. }
                | baseview::MouseEvent::DragMoved { data, .. }
                | baseview::MouseEvent::DragDropped { data, .. },
            ) if dropped_paths(data).next().is_some() => {
                EventStatus::AcceptDrop(baseview::DropEffect::Copy)
            }
            baseview::Event::Mouse(_) => {
                let egui_ctx",
    },
    Edit {
        file: "src/window.rs",
        find: "use crate::App;\n",
        replace: "use crate::App;

fn dropped_paths(data: &baseview::DropData) -> impl Iterator<Item = std::path::PathBuf> {
    match data {
        baseview::DropData::Files(paths) => paths.clone(),
        _ => Vec::new(),
    }
    .into_iter()
}

/// A dropped file by its path.
#[derive(Debug)]
struct PathOnDisk(std::path::PathBuf);

impl egui::DroppedFile for PathOnDisk {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}
",
    },
];

/// Makes the crates in `.patched/` what they should be. Returns whether anything was written.
pub fn ensure(root: &Path) -> Result<bool> {
    let mut written = false;
    for patch in &PATCHES {
        written |= patch.ensure(root)?;
    }
    Ok(written)
}

impl Patch {
    fn ensure(&self, root: &Path) -> Result<bool> {
        let folder = root.join(".patched");
        let target = folder.join(self.name);
        let stamp_file = folder.join(format!("{}.stamp", self.name));
        let stamp = self.stamp(root)?;
        if target.is_dir() && fs::read_to_string(&stamp_file).is_ok_and(|s| s == stamp) {
            return Ok(false);
        }
        let source = self.fetch(root)?;
        let temporary = folder.join(format!("{}.new", self.name));
        if temporary.exists() {
            fs::remove_dir_all(&temporary)?;
        }
        copy(&source, &temporary)
            .with_context(|| format!("the source of {} could not be copied", self.name))?;
        for edit in self.edits {
            let path = temporary.join(edit.file);
            let text = fs::read_to_string(&path).with_context(|| format!("{} is missing", edit.file))?;
            fs::write(&path, self.apply(edit, &text)?)?;
        }
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        fs::rename(&temporary, &target)?;
        fs::write(&stamp_file, stamp)?;
        Ok(true)
    }

    fn apply(&self, edit: &Edit, text: &str) -> Result<String> {
        let times = text.matches(edit.find).count();
        ensure!(
            times == 1,
            "the patch of {} {} does not fit: {} has {times} places for an edit that needs one. \
             docs/framework-patch.md says what each edit does",
            self.name,
            self.version,
            edit.file
        );
        Ok(text.replacen(edit.find, edit.replace, 1))
    }

    /// Version, checksum and edits in one line: if it differs, the patched copy is made anew.
    fn stamp(&self, root: &Path) -> Result<String> {
        let (name, version) = (self.name, self.version);
        let lock =
            fs::read_to_string(root.join("xtask/Cargo.lock")).context("xtask/Cargo.lock is missing")?;
        let checksum =
            self.checksum(&lock).with_context(|| format!("xtask/Cargo.lock has no {name} {version}"))?;
        // FNV-1a: no secret, only "did the edits change".
        let hash = self
            .edits
            .iter()
            .flat_map(|e| [e.file, e.find, e.replace])
            .flat_map(str::bytes)
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Ok(format!("{name} {version} {checksum} {hash:016x}\n"))
    }

    fn checksum<'l>(&self, lock: &'l str) -> Option<&'l str> {
        let at = lock.find(&format!("name = \"{}\"\nversion = \"{}\"", self.name, self.version))?;
        let entry = lock[at..].split("\n\n").next()?;
        entry.split("checksum = \"").nth(1)?.split('"').next()
    }

    /// Asks cargo for the source; `--locked` makes it verify the checksum of the lock file.
    fn fetch(&self, root: &Path) -> Result<PathBuf> {
        let metadata = cargo_metadata::MetadataCommand::new()
            .manifest_path(root.join("xtask/Cargo.toml"))
            .other_options(vec!["--locked".into()])
            .exec()
            .context("cargo could not fetch the plugin framework")?;
        for package in metadata.packages {
            if package.name.as_str() == self.name && package.version.to_string() == self.version {
                let manifest = package.manifest_path.into_std_path_buf();
                return manifest.parent().map(Path::to_path_buf).context("odd manifest path");
            }
        }
        bail!("{} {} is not in xtask/Cargo.lock", self.name, self.version);
    }
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
        let patch = &PATCHES[0];
        let edit = &patch.edits[0];
        assert!(patch.apply(edit, "nothing of the kind").is_err());
        assert!(patch.apply(edit, &format!("{0} {0}", edit.find)).is_err());
        assert_eq!(patch.apply(edit, edit.find).unwrap(), edit.replace);
    }

    #[test]
    fn the_checksum_is_read_from_the_right_entry() {
        let lock = "[[package]]\nname = \"nice-plug\"\nversion = \"0.4.2\"\nsource = \"s\"\nchecksum = \"abc\"\n\n\
                    [[package]]\nname = \"x\"\nchecksum = \"def\"\n";
        assert_eq!(PATCHES[0].checksum(lock), Some("abc"));
        assert_eq!(PATCHES[0].checksum("[[package]]\nname = \"x\"\n"), None);
    }
}
