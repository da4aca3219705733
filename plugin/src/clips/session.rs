//! What the musician did in the window, carried out; and what the window shows.
//!
//! The window's thread. Quick things happen here, slow ones are sent to the worker. Parameters are not touched
//! here: only the host's parameter gestures may do that ([`super::editor`]).

use super::chords::{Chords, ChordsError};
use super::document::{Entry, Primer, Slot};
use super::engine::Engine;
use super::lesson;
use super::pad::{self, Pad};
use super::params::Tool;
use super::shell;
use crate::gui::view::{Action, MapChange, PadChange, Part, Place, PrimerOrigin, StatusKind};
use crate::library;
use crate::worker::Command;
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{Clip, ClipKind, SONG_EXTENSIONS};
use descant_core::sampling::Seed;
use std::path::PathBuf;
use std::sync::Arc;

/// Something that only the window can do.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Begin a drag of this file out of the window.
    Drag(PathBuf),
}

/// Carries out one action. Parameter gestures are the editor's business and are ignored here.
pub fn carry_out(engine: &Arc<Engine>, action: Action) -> Option<Wish> {
    match action {
        Action::Param(..) => {}
        Action::Generate => engine.send(Command::Run),
        Action::Cancel => {
            if let Some(cancel) = &engine.live().cancel {
                cancel.cancel();
            }
        }
        Action::Show(id) => engine.change(false, |d| d.show(id)),
        Action::LookAt(id) => engine.change(false, |d| d.look_at(id)),
        Action::Mix(mix) => engine.change(true, |d| d.set_mix(mix)),
        Action::Star(id) => engine.change(false, |d| d.star(id)),
        Action::Delete(id) => engine.change(false, |d| d.delete(id)),
        Action::MoreLikeThis(id) => engine.send(Command::MoreLike(id)),
        Action::UseAsPrimer(id) => use_as_primer(engine, id),
        Action::Put(place, id) => put(engine, place, id),
        Action::Empty(place) => engine.change(false, |d| d.set_slot(slot(place), None)),
        Action::SwapEnds => engine.change(false, |d| d.swap_ends()),
        Action::Seed(text) => match text.parse::<Seed>() {
            Ok(seed) => engine.change(false, |d| d.set_seed(seed.0)),
            Err(why) => engine.say(StatusKind::Bad, format!("{why}.")),
        },
        Action::Capture => engine.send(Command::Capture),
        Action::ClearPrimer => engine.change(false, |d| d.set_primer(None)),
        Action::Drop(files) => drop_in(engine, files),
        Action::Open => shell::choose_file(engine),
        Action::ChooseTrack { track, top_line, file_tempo } => {
            engine.send(Command::ChooseTrack { track, top_line, file_tempo });
        }
        Action::DismissSong => engine.live().song = None,
        Action::DragOut(part) => return drag_out(engine, part),
        Action::Save(part) => {
            if let Some(path) = shown_file(engine, part) {
                shell::save_copy(engine, path);
            }
        }
        Action::Reveal => {
            if let Some(path) = shown_file(engine, Part::Whole) {
                shell::reveal(engine, &path);
            }
        }
        Action::Edit { take, clip } => edit(engine, take, &clip),
        Action::Lock(bar) => engine.change(false, |d| d.lock(bar)),
        Action::RewriteFrom(bar) => {
            engine.change(false, |d| d.lock_only(0..bar));
            engine.wish_for_tool(Tool::Rewrite);
        }
        Action::Undo => travel(engine, true),
        Action::Redo => travel(engine, false),
        Action::Chords(text) => type_chords(engine, |chords| chords.with_progression(&text)),
        Action::PrimerChords(text) => {
            let every = engine.chord_ticks();
            type_chords(engine, |chords| chords.with_primer(&text, every));
        }
        Action::FindPrimerChords => find_primer_chords(engine),
        Action::FindPlayedChords => engine.send(Command::FindPlayedChords),
        Action::DrumMap(change) => change_map(engine, change),
        Action::LookAtModels => engine.send(Command::LookAtModels),
        Action::ChooseWeights { model, weights } => {
            engine.change(false, |d| d.choose_weights(&model, &weights));
        }
        Action::RevealWeights(path) => shell::reveal(engine, &path),
        Action::Import => shell::choose_checkpoint(engine),
        Action::Lesson(change) => lesson::change(engine, change),
        Action::Pad(change) => change_pad(engine, change),
        Action::Personalise { model, name } => engine.send(Command::Learn { model, name }),
        Action::StopLearning => {
            if let Some(cancel) = &engine.training().cancel {
                cancel.cancel();
            }
        }
    }
    None
}

fn travel(engine: &Arc<Engine>, back: bool) {
    engine.change(true, |d| if back { d.undo() } else { d.redo() });
}

fn use_as_primer(engine: &Arc<Engine>, id: u64) {
    let Some(take) = engine.params.doc.read(|d| d.content().entry(id).map(|e| e.take.clone())) else {
        return;
    };
    let mut clip = take.clip.clone();
    // The take's own name names its primer already; names must not grow with every round.
    clip.name = Seed(take.seed).to_string();
    let (kind, chords) = (clip.kind, take.chords());
    let primer = Primer { clip: Arc::new(clip), origin: PrimerOrigin::Take };
    engine.change(false, |d| d.set_primer_over(Some(primer), chords));
    engine.wish_for(kind);
}

fn slot(place: Place) -> Slot {
    match place {
        Place::B => Slot::Other,
        Place::Guide => Slot::Guide,
    }
}

/// A take's clip goes into a slot.
fn put(engine: &Arc<Engine>, place: Place, id: u64) {
    let Some(take) = engine.params.doc.read(|d| d.content().entry(id).map(|e| e.take.clone())) else {
        return;
    };
    let mut clip = take.clip.clone();
    clip.name = Seed(take.seed).to_string();
    if place == Place::Guide && clip.kind != ClipKind::Drums {
        return engine
            .say(StatusKind::Info, "The groove to take over is a drum clip; this take is a melody.");
    }
    engine.change(false, |d| d.set_slot(slot(place), Some(Arc::new(clip))));
    if place == Place::B {
        engine.wish_for_tool(Tool::Interpolate);
    }
}

fn change_pad(engine: &Arc<Engine>, change: PadChange) {
    let spot = engine.params.between.spot();
    let set = |change: &dyn Fn(&mut Pad)| engine.change(false, |d| d.set_pad(change));
    match change {
        PadChange::Around(take) => set(&|p| p.around(take)),
        PadChange::Turn => set(&Pad::turn),
        PadChange::Close => set(&|p| p.centre = None),
        PadChange::Save(name) => set(&|p| p.save(&name, spot)),
        PadChange::Recall(point) => {
            set(&|p| p.centre = p.points.get(point).map_or(p.centre, |point| Some(point.centre)));
        }
        PadChange::Forget(point) => set(&|p| {
            if point < p.points.len() {
                p.points.remove(point);
            }
        }),
        PadChange::Keep => pad::keep(engine),
    }
}

fn drop_in(engine: &Arc<Engine>, files: Vec<PathBuf>) {
    let count = files.len();
    // Of several files the first that looks like music, else like a checkpoint, which may come in parts; the worker
    // tells what is wrong with any other.
    let music = |p: &PathBuf| {
        let ending = p.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        ending.is_some_and(|e| SONG_EXTENSIONS.contains(&e.as_str()))
    };
    let song = files.iter().position(music);
    let place = song.or_else(|| files.iter().position(|p| library::is_checkpoint(p))).unwrap_or(0);
    if let Some(file) = files.into_iter().nth(place) {
        if count > 1 && song.is_some() {
            engine.say(
                StatusKind::Info,
                format!("{count} files dropped; taking the first MIDI file or score."),
            );
        }
        engine.send(Command::Open(file));
    }
}

fn shown_file(engine: &Arc<Engine>, part: Part) -> Option<PathBuf> {
    let (entry, trio, kit) = engine.params.doc.read(|d| {
        let content = d.content();
        let trio = content.shown.and_then(|id| content.trio(id)).map(|parts| parts.map(Entry::clone));
        (content.shown_entry().cloned(), trio, content.kit.clone())
    });
    let written = match (part, trio) {
        (Part::Trio, Some(trio)) => engine.files.trio(&trio, &kit),
        _ => engine.files.path(&entry?, part, &kit),
    };
    match written {
        Ok(path) => Some(path),
        Err(why) => {
            engine.say(StatusKind::Bad, format!("The take could not be written as a file: {why}."));
            None
        }
    }
}

fn drag_out(engine: &Arc<Engine>, part: Part) -> Option<Wish> {
    let path = shown_file(engine, part)?;
    // The host will play it from its track; twice would be once too often. A click on the take resumes.
    engine.change(true, |d| {
        let content = d.content();
        let trio = |id: Option<u64>| id.and_then(|id| content.entry(id)?.trio);
        let one_of_it = trio(content.shown).is_some() && trio(content.shown) == trio(content.sounding);
        if content.sounding == content.shown || one_of_it {
            d.silence();
        }
    });
    Some(Wish::Drag(path))
}

/// Changes the drum map, or says why that cannot be.
fn change_map(engine: &Arc<Engine>, change: MapChange) {
    let refused = engine.change(false, |d| {
        let mut kit = d.content().kit.clone();
        let changed = match change {
            MapChange::Kit(place) => {
                kit = DrumMap::kits().into_iter().nth(place).map_or(kit, |(_, map)| map);
                Ok(())
            }
            MapChange::Output { lane, pitch } => kit.set_output(lane, pitch),
            MapChange::Input { pitch, lane } => kit.set_input(pitch, lane),
        };
        if changed.is_ok() {
            d.set_kit(kit);
        }
        changed.err()
    });
    if let Some(why) = refused {
        engine.say(StatusKind::Bad, library::sentence(&why.to_string()));
    }
}

/// Takes typed chords over, or says which word is none.
fn type_chords(engine: &Arc<Engine>, typed: impl Fn(&Chords) -> Result<Chords, ChordsError>) {
    let refused = engine.change(false, |d| match typed(&d.content().chords) {
        Ok(chords) => {
            d.set_chords(chords);
            None
        }
        Err(why) => Some(why),
    });
    if let Some(why) = refused {
        engine.say(StatusKind::Bad, format!("{why}."));
    }
}

fn find_primer_chords(engine: &Arc<Engine>) {
    let every = engine.chord_ticks();
    let found = engine.change(false, |d| {
        let clip = d.content().primer.as_ref().map(|p| p.clip.clone())?;
        let chords = d.content().chords.found_in_primer(&clip, every);
        let count = chords.primer.len();
        d.set_chords(chords);
        Some(count)
    });
    match found {
        Some(1) => engine.say(StatusKind::Good, "Found 1 chord under the primer."),
        Some(count) => engine.say(StatusKind::Good, format!("Found {count} chords under the primer.")),
        None => engine.say(StatusKind::Info, "There is no primer to find chords under."),
    }
}

fn edit(engine: &Arc<Engine>, take: Option<u64>, clip: &Clip) {
    let mut clip = clip.clone();
    clip.notes.retain(|n| n.pitch < 128 && n.length > 0);
    clip.normalise();
    match take {
        Some(id) => {
            engine.change(true, |d| d.edit_take(id, clip));
        }
        None => {
            let primer = Primer { clip: Arc::new(clip), origin: PrimerOrigin::Edited };
            engine.change(false, |d| d.set_primer(Some(primer)));
        }
    }
}
