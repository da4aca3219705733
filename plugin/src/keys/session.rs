//! What the musician did in the window of Keys, carried out.
//!
//! The window's thread. Quick things happen here, slow ones are the worker's or the studio's. Parameters are not touched
//! here: only the host's parameter gestures may do that ([`super::editor`]).
use super::document::{Document, Origin};
use super::engine::Engine;
use super::piece::{self, SPACING};
use super::{export, show, vectors};
use crate::clips::shell::{self, Answer};
use crate::gui::keys::view::{Action, Knob, Target};
use crate::gui::view::{Gesture, StatusKind};
use descant_core::music::SONG_EXTENSIONS;
use descant_core::sampling::{Seed, derive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Something that only the window can do.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Begin a drag of this file out of the window.
    Drag(PathBuf),
    /// A gesture on a parameter.
    Param(Knob, Gesture),
}

/// Carries out one action; what is left for the window.
pub fn carry_out(engine: &Arc<Engine>, action: Action) -> Vec<Wish> {
    let store = &engine.store;
    match action {
        Action::Move(Target::Knob(knob), gesture) => return vec![Wish::Param(knob, gesture)],
        Action::Move(Target::Spacing, gesture) => space(engine, &gesture),
        Action::Hear(slot) => return hear(slot),
        Action::Random(slot) => {
            let seed = store.change(|d| d.random(slot));
            engine.say(StatusKind::Info, format!("{}: a new instrument, seed {seed}.", letter(slot)));
        }
        Action::Choose { slot, choice } => choose(engine, slot, |_| Some(choice)),
        Action::Step(by) => {
            let slot = engine.nearest_slot();
            let from_here = |now: usize| usize::try_from(now as i64 + by).unwrap_or(0);
            choose(engine, slot, |now| Some(now.map_or(0, from_here)));
        }
        Action::Clear(slot) => store.change(|d| d.put(slot, None)),
        Action::Rename(slot, text) => rename(engine, slot, &text),
        Action::Star(slot) => store.change(|d| {
            if let Some(origin) = d.slots().get(slot).cloned().flatten() {
                d.star(&origin);
            }
        }),
        Action::Key { key, velocity } => engine.press(key, velocity),
        Action::Undo => drop(store.change(Document::undo)),
        Action::Redo => drop(store.change(Document::redo)),
        Action::Drop(files) => drop_in(engine, &files),
        Action::Open => {
            let shared = engine.clone();
            shell::apart(move || match shell::ask_for_song() {
                Answer::Path(path) => open(&shared, &path),
                Answer::Dismissed => {}
                Answer::NoDialog => shared.say(
                    StatusKind::Info,
                    "There is no file dialog here. Drop a MIDI file on the window instead.",
                ),
            });
        }
        Action::NewSeed => engine.piece().change(|p| p.seed = derive(p.seed, 1)),
        Action::Rules(manner) => engine.piece().change(|p| p.manner = manner),
        Action::Render => engine.studio.start(engine, piece::render),
        Action::Export => {
            if let Some(origin) = store.slots().0[engine.nearest_slot()].clone() {
                let home = shell::music_folder();
                engine.studio.start(engine, move |engine, task| export::export(engine, task, &origin, &home));
            }
        }
        Action::Compute(choice) => store.change(|d| d.set_compute(choice)),
        Action::Cancel => engine.studio.cancel(),
        Action::DragOut => return engine.piece().wav.clone().map(Wish::Drag).into_iter().collect(),
        Action::Save => {
            if let Some(path) = engine.piece().wav.clone() {
                let shared = engine.clone();
                shell::apart(move || {
                    if let Some((kind, text)) = shell::ask_and_copy(&path) {
                        shared.say(kind, text);
                    }
                });
            }
        }
    }
    Vec::new()
}

fn letter(slot: usize) -> char {
    ['A', 'B', 'C', 'D'].get(slot).copied().unwrap_or('?')
}

/// The morph goes to a slot's corner.
fn hear(slot: usize) -> Vec<Wish> {
    let place = |far: bool| if far { 1.0 } else { 0.0 };
    [(Knob::MorphX, place(slot % 2 == 1)), (Knob::MorphY, place(slot / 2 == 1))]
        .into_iter()
        .flat_map(|(knob, to)| {
            [Gesture::Begin, Gesture::Set(to), Gesture::End].map(|gesture| Wish::Param(knob, gesture))
        })
        .collect()
}

/// An instrument of the list into a slot; `which` says its place, given that of the slot's own.
fn choose(engine: &Arc<Engine>, slot: usize, which: impl FnOnce(Option<usize>) -> Option<usize>) {
    let notes = engine.loaded();
    engine.store.change(|d| {
        let list = show::choices(d, notes.as_deref());
        let here = d.slots().get(slot).cloned().flatten();
        let now = list.iter().position(|(origin, _)| Some(origin) == here.as_ref());
        let to = which(now).and_then(|to| list.get(to.min(list.len().saturating_sub(1))));
        if let Some((origin, _)) = to {
            d.put(slot, Some(origin.clone()));
        }
    });
}

/// A name; but a word that is a seed brings that seed's instrument.
fn rename(engine: &Arc<Engine>, slot: usize, text: &str) {
    match text.parse::<Seed>() {
        Ok(Seed(seed)) => engine.store.change(|d| d.put(slot, Some(Origin::Seed(seed)))),
        Err(_) => engine.store.change(|d| {
            if let Some(origin) = d.slots().get(slot).cloned().flatten() {
                d.rename(&origin, text);
            }
        }),
    }
}

fn space(engine: &Arc<Engine>, gesture: &Gesture) {
    let seconds = match gesture {
        Gesture::Set(place) => Some(show::seconds(*place)),
        Gesture::Reset => Some(SPACING.0),
        Gesture::Text(text) => crate::clips::params::leading_number(text).map(f64::from),
        Gesture::Begin | Gesture::End => None,
    };
    if let Some(seconds) = seconds.filter(|s| s.is_finite()) {
        engine.piece().change(|p| p.spacing = seconds.clamp(SPACING.1, SPACING.2));
    }
}

fn drop_in(engine: &Arc<Engine>, files: &[PathBuf]) {
    let music = |p: &&PathBuf| {
        let ending = p.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        ending.is_some_and(|e| SONG_EXTENSIONS.contains(&e.as_str()))
    };
    let own = |p: &&PathBuf| {
        let ending = p.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        ending.is_some_and(|e| vectors::EXTENSIONS.contains(&e.as_str()))
    };
    if let Some(file) = files.iter().find(own) {
        let (shared, file) = (engine.clone(), file.clone());
        shell::apart(move || import(&shared, &file));
    } else if let Some(file) = files.iter().find(music).or(files.first()) {
        let (shared, file) = (engine.clone(), file.clone());
        shell::apart(move || open(&shared, &file));
    }
}

/// Instruments of the musician's own: the first into the nearest slot, all into the list. Waits for the disk.
fn import(engine: &Engine, path: &Path) {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let all = match vectors::read(path) {
        Ok(all) => all,
        Err(why) => return engine.say(StatusKind::Bad, format!("{file}: {why}.")),
    };
    if let Some(notes) = engine.loaded()
        && let Some(wrong) = all.iter().find(|v| v.values.len() != notes.latent())
    {
        let (found, needed) = (wrong.values.len(), notes.latent());
        let why = format!("{file}: an instrument of it has {found} numbers, but this model needs {needed}.");
        return engine.say(StatusKind::Bad, why);
    }
    let (slot, count) = (engine.nearest_slot(), all.len());
    engine.store.change(|d| {
        for (i, vector) in all.into_iter().enumerate().rev() {
            let name = match (vector.name.as_str(), count) {
                ("", 1) => stem.clone(),
                ("", _) => format!("{stem} {}", i + 1),
                (name, _) => name.to_owned(),
            };
            let origin = Origin::Vector(vector.values.into());
            d.rename(&origin, &name);
            if i == 0 {
                d.put(slot, Some(origin));
            }
        }
    });
    let text = match count {
        1 => format!("{}: your own instrument “{stem}”.", letter(slot)),
        _ => format!("{count} instruments of your own are in the list; {} has the first.", letter(slot)),
    };
    engine.say(StatusKind::Good, text);
}

/// Reads a file; waits for the disk.
fn open(engine: &Engine, path: &Path) {
    match piece::open(path) {
        Ok(opened) => {
            let text = format!(
                "{}: {} notes. Press Render to hear it along changing sounds.",
                opened.file,
                opened.notes.len()
            );
            engine.piece().change(|p| p.opened = Some(opened));
            engine.say(StatusKind::Good, text);
        }
        Err(why) => engine.say(StatusKind::Bad, why),
    }
}
