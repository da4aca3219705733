//! File dialogs and the file manager, by the programs that the system has for it.
//!
//! Each call returns at once; waiting happens on a thread of its own, so that neither window nor worker is held
//! up. Where there is no dialog the result is still useful: a copy lands in the user's music folder.

use super::engine::Engine;
use crate::gui::view::StatusKind;
use crate::library::CHECKPOINT_ENDINGS;
use crate::worker::Command;
use descant_core::music::SONG_EXTENSIONS;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;

/// Asks for a MIDI file or score and sends it to the worker.
pub fn choose_file(engine: &Arc<Engine>) {
    choose(engine, SONG, Command::Open);
}

const SONG: Wanted =
    Wanted { title: "MIDI file or score", noun: "MIDI file", group: "Music", endings: &SONG_EXTENSIONS };

/// Asks for a MIDI file or score, and waits. For a thread of its own, see [`apart`].
pub(crate) fn ask_for_song() -> Answer {
    ask(&open_dialogs(SONG))
}

/// Asks for a MIDI file or score to learn from and sends it to the worker.
pub fn choose_lesson(engine: &Arc<Engine>) {
    let wanted = Wanted { title: "MIDI file or score to learn from", ..SONG };
    choose(engine, wanted, |path| Command::Lesson(vec![path]));
}

/// Asks for a checkpoint and sends it to the worker.
pub fn choose_checkpoint(engine: &Arc<Engine>) {
    let (title, endings) = ("Magenta checkpoint", &CHECKPOINT_ENDINGS);
    choose(engine, Wanted { title, noun: "checkpoint", group: "Checkpoints", endings }, Command::Open);
}

/// What a dialog asks for.
#[derive(Clone, Copy)]
struct Wanted {
    title: &'static str,
    /// Within a sentence.
    noun: &'static str,
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "its dialogs name no kinds of files"))]
    group: &'static str,
    endings: &'static [&'static str],
}

fn choose(engine: &Arc<Engine>, wanted: Wanted, then: fn(PathBuf) -> Command) {
    beside(engine, move |engine| match ask(&open_dialogs(wanted)) {
        Answer::Path(path) => engine.send(then(path)),
        Answer::Dismissed => {}
        Answer::NoDialog => {
            let text = format!("There is no file dialog here. Drop a {} on the window instead.", wanted.noun);
            engine.say(StatusKind::Info, text);
        }
    });
}

/// Asks where to save a copy of `from`, and saves it.
pub fn save_copy(engine: &Arc<Engine>, from: PathBuf) {
    beside(engine, move |engine| {
        if let Some((kind, text)) = ask_and_copy(&from) {
            engine.say(kind, text);
        }
    });
}

/// Asks where to save a copy of `from`, waits, and saves it; what became of it. For a thread of its own, see [`apart`].
pub(crate) fn ask_and_copy(from: &Path) -> Option<(StatusKind, String)> {
    let name = from.file_name().map(PathBuf::from).unwrap_or_else(|| "Descant.mid".into());
    let ending = name.extension().map(ToOwned::to_owned).unwrap_or_default();
    let home = music_folder();
    let to = match ask(&save_dialogs(&home.join(&name))) {
        Answer::Path(path) if path.extension().is_none() => path.with_extension(ending),
        Answer::Path(path) => path,
        Answer::Dismissed => return None,
        Answer::NoDialog => home.join(&name),
    };
    let made = to.parent().map_or(Ok(()), std::fs::create_dir_all);
    Some(match made.and_then(|()| std::fs::copy(from, &to)) {
        Ok(_) => (StatusKind::Good, format!("Saved as {}.", to.display())),
        Err(why) => (StatusKind::Bad, format!("Could not save {}: {why}.", to.display())),
    })
}

/// Shows a file in the file manager.
pub fn reveal(engine: &Arc<Engine>, path: &Path) {
    let path = path.to_path_buf();
    beside(engine, move |engine| {
        let shown = reveal_programs(&path).into_iter().any(|mut program| {
            // The file manager's own success code means nothing on some systems: that it could start is enough.
            quiet(&mut program)
                .spawn()
                .is_ok_and(|mut child| cfg!(windows) || child.wait().is_ok_and(|s| s.success()))
        });
        if !shown {
            engine.say(StatusKind::Info, format!("The file is at {}.", path.display()));
        }
    });
}

fn beside(engine: &Arc<Engine>, work: impl FnOnce(&Engine) + Send + 'static) {
    let shared = engine.clone();
    if !apart(move || work(&shared)) {
        engine.say(StatusKind::Bad, "The system could not start another thread.");
    }
}

/// Does something that waits, on a thread of its own; whether the system could start one.
pub(crate) fn apart(work: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new().name("descant dialog".into()).spawn(work).is_ok()
}

/// What a dialog gave.
pub(crate) enum Answer {
    Path(PathBuf),
    Dismissed,
    NoDialog,
}

fn quiet(program: &mut Process) -> &mut Process {
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// The first program that exists is asked; what it prints is the path.
fn ask(programs: &[(&str, Vec<String>)]) -> Answer {
    for (program, arguments) in programs {
        let output =
            Process::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
        if let Ok(output) = output {
            let text = String::from_utf8_lossy(&output.stdout);
            let path = text.trim_end_matches(['\r', '\n']);
            let chosen = output.status.success() && !path.is_empty();
            return if chosen { Answer::Path(path.into()) } else { Answer::Dismissed };
        }
    }
    Answer::NoDialog
}

/// Patterns of the files that can be opened, as the dialogs want them.
#[cfg(not(target_os = "macos"))]
fn patterns(wanted: Wanted, between: &str) -> String {
    let patterns: Vec<String> = wanted.endings.iter().map(|e| format!("*.{e}")).collect();
    patterns.join(between)
}

fn texts(parts: &[&str]) -> Vec<String> {
    parts.iter().map(ToString::to_string).collect()
}

#[cfg(target_os = "macos")]
fn open_dialogs(wanted: Wanted) -> Vec<(&'static str, Vec<String>)> {
    let types: String = wanted.endings.iter().map(|e| format!(", \"{e}\"")).collect();
    let title = wanted.title;
    let script = format!(
        r#"POSIX path of (choose file with prompt "{title}" of type {{"public.midi-audio"{types}}})"#
    );
    vec![("osascript", texts(&["-e", &script]))]
}

#[cfg(target_os = "macos")]
fn save_dialogs(to: &Path) -> Vec<(&'static str, Vec<String>)> {
    let name = to.file_name().map(|n| n.to_string_lossy().replace(['"', '\\'], "_")).unwrap_or_default();
    let script = format!(r#"POSIX path of (choose file name with prompt "Save take" default name "{name}")"#);
    vec![("osascript", texts(&["-e", &script]))]
}

#[cfg(target_os = "macos")]
fn reveal_programs(path: &Path) -> Vec<Process> {
    let mut open = Process::new("open");
    open.arg("-R").arg(path);
    vec![open]
}

#[cfg(windows)]
fn open_dialogs(wanted: Wanted) -> Vec<(&'static str, Vec<String>)> {
    let filter = format!("{}|{}", wanted.group, patterns(wanted, ";"));
    vec![windows_dialog("OpenFileDialog", wanted.title, "", &filter)]
}

#[cfg(windows)]
fn save_dialogs(to: &Path) -> Vec<(&'static str, Vec<String>)> {
    let name = to.to_string_lossy().replace('\'', "''");
    let ending = to.extension().map_or_else(|| "*".into(), |e| e.to_string_lossy());
    vec![windows_dialog("SaveFileDialog", "Save take", &name, &format!("Music|*.{ending}"))]
}

#[cfg(windows)]
fn windows_dialog(kind: &str, title: &str, name: &str, filter: &str) -> (&'static str, Vec<String>) {
    let script = format!(
        "Add-Type -AssemblyName System.Windows.Forms; [Console]::OutputEncoding = [Text.Encoding]::UTF8; \
         $d = New-Object System.Windows.Forms.{kind}; $d.Title = '{title}'; $d.Filter = '{filter}'; $d.FileName = '{name}'; \
         if ($d.ShowDialog() -eq 'OK') {{ [Console]::Write($d.FileName) }}"
    );
    ("powershell", texts(&["-NoProfile", "-STA", "-Command", &script]))
}

#[cfg(windows)]
fn reveal_programs(path: &Path) -> Vec<Process> {
    let mut explorer = Process::new("explorer");
    explorer.arg(format!("/select,{}", path.display()));
    vec![explorer]
}

#[cfg(not(any(windows, target_os = "macos")))]
fn open_dialogs(wanted: Wanted) -> Vec<(&'static str, Vec<String>)> {
    let (title, group, list) = (wanted.title, wanted.group, patterns(wanted, " "));
    // File names of DAWs are in capitals at times.
    let capitals = list.to_uppercase();
    let home = music_folder();
    let home = home.to_string_lossy();
    vec![
        (
            "zenity",
            texts(&[
                "--file-selection",
                &format!("--title={title}"),
                &format!("--file-filter={group} | {list} {capitals}"),
            ]),
        ),
        ("kdialog", texts(&["--getopenfilename", &home, &format!("{group} ({list})")])),
    ]
}

#[cfg(not(any(windows, target_os = "macos")))]
fn save_dialogs(to: &Path) -> Vec<(&'static str, Vec<String>)> {
    let ending = |to: &str| to.rsplit_once('.').map_or_else(|| "*".to_owned(), |(_, e)| e.to_owned());
    let to = to.to_string_lossy();
    let file = format!("--filename={to}");
    vec![
        ("zenity", texts(&["--file-selection", "--save", "--confirm-overwrite", "--title=Save take", &file])),
        ("kdialog", texts(&["--getsavefilename", &to, &format!("*.{}", ending(&to))])),
    ]
}

#[cfg(not(any(windows, target_os = "macos")))]
fn reveal_programs(path: &Path) -> Vec<Process> {
    let mut select = Process::new("dbus-send");
    let uri = format!("array:string:{}", file_uri(path));
    select.args(["--session", "--print-reply", "--dest=org.freedesktop.FileManager1", "--type=method_call"]);
    select.args(["/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems", &uri, "string:"]);
    let mut open = Process::new("xdg-open");
    open.arg(path.parent().unwrap_or(path));
    vec![select, open]
}

#[cfg(not(any(windows, target_os = "macos")))]
fn file_uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file://");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

pub(crate) fn music_folder() -> PathBuf {
    let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
    let home = home.map_or_else(std::env::temp_dir, PathBuf::from);
    let music = home.join("Music");
    if music.is_dir() { music.join("Descant") } else { home.join("Descant") }
}
