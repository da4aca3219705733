//! The window of Keys: what it shows, beside what it showed when somebody last looked; and what the musician does in it,
//! by the names of its controls, with the actions that must follow.
mod keys_views;
mod shown;
mod window;

use descant_core::sound::along::Manner;
use descant_plugin::gui::keys::view::*;
use descant_plugin::gui::keys::{self, UiState};
use descant_plugin::gui::view::Gesture;
use egui::{Event, Key, Modifiers, vec2};
use keys_views::{first_open, full, playing, rendering, wrong};
use shown::{difference, shown};
use std::path::PathBuf;
use std::sync::Arc;

const SIZE: (f32, f32) = (900.0, 560.0);
const SMALL: (f32, f32) = (keys::MIN_SIZE.0 as f32, keys::MIN_SIZE.1 as f32);

#[test]
fn the_window_shows_what_it_showed() {
    let mut changed = Vec::new();
    for (name, view, size, open) in [
        ("keys_first_open", first_open(), SIZE, None),
        ("keys_playing", playing(), SIZE, None),
        ("keys_full", full(), SIZE, None),
        ("keys_full_small", full(), SMALL, None),
        ("keys_rendering", rendering(), SIZE, None),
        ("keys_wrong", wrong(), SIZE, None),
        ("keys_instruments", playing(), SIZE, Some("Instrument")),
    ] {
        let mut state = UiState::default();
        let now = shown(|ui| drop(keys::show(ui, &view, &mut state)), size, open);
        changed.extend(difference(name, &now));
    }
    assert!(changed.is_empty(), "{changed:#?}");
}

type Window = window::Window<View, UiState, Action>;

impl Window {
    fn open(view: View) -> Self {
        Self::new(view, vec2(SIZE.0, SIZE.1), keys::show)
    }
}

/// The last value of a gesture on a knob, which must begin and end once.
fn set_to(actions: &[Action], knob: Knob) -> Option<f32> {
    let of = actions.iter().filter_map(|a| match a {
        Action::Move(Target::Knob(k), gesture) if *k == knob => Some(gesture),
        _ => None,
    });
    let gestures: Vec<&Gesture> = of.collect();
    let count = |g: &Gesture| gestures.iter().filter(|x| **x == g).count();
    assert_eq!((count(&Gesture::Begin), count(&Gesture::End)), (1, 1), "{knob:?}: {gestures:?}");
    assert_eq!((gestures.first(), gestures.last()), (Some(&&Gesture::Begin), Some(&&Gesture::End)));
    gestures.iter().rev().find_map(|g| match g {
        Gesture::Set(v) => Some(*v),
        _ => None,
    })
}

#[test]
fn instruments_by_button_key_and_slot() {
    let mut w = Window::open(playing());
    assert_eq!(w.click("Random"), [Action::Random(0)]);
    assert_eq!(w.click("Instrument after"), [Action::Step(1)]);
    assert_eq!(w.click("Instrument before"), [Action::Step(-1)]);
    assert_eq!(w.click("Star"), [Action::Star(0)]);
    assert_eq!(w.click("Undo"), [Action::Undo]);
    assert_eq!(w.click("Redo"), [], "there is nothing");
    assert_eq!(w.click("Slot B: zano-kesa"), [Action::Hear(1)]);
    assert_eq!(w.click("Slot C: empty"), [Action::Random(2)]);
    assert_eq!(w.click("Random B"), [Action::Random(1)]);
    assert_eq!(w.click("Empty B"), [Action::Clear(1)]);
    assert_eq!(w.key(Key::B, Modifiers::NONE), [Action::Hear(1)]);
    assert_eq!(w.key(Key::D, Modifiers::NONE), [], "it is empty");
    assert_eq!(w.key(Key::R, Modifiers::NONE), [Action::Random(0)]);
    assert_eq!(w.key(Key::Z, Modifiers::CTRL), [Action::Undo]);
    assert_eq!(w.key(Key::Space, Modifiers::NONE), [], "that is the host's");
}

#[test]
fn an_instrument_is_chosen_from_the_list_and_named() {
    let mut w = Window::open(playing());
    assert_eq!(w.click("Instrument"), []);
    assert_eq!(w.click("Flute"), [Action::Choose { slot: 0, choice: 4 }]);
    let name = w.rect("Instrument").center();
    assert_eq!(w.double_click(name), []);
    w.0.event(Event::Text("Glass reed".into()));
    w.0.step();
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), [Action::Rename(0, "Glass reed".into())]);
}

#[test]
fn the_pad_moves_both_ways_and_a_double_click_resets() {
    let mut w = Window::open(full());
    let pad = w.rect("Morph pad");
    let actions = w.drag(pad.center(), pad.right_bottom() - vec2(1.0, 1.0), Modifiers::NONE);
    assert_eq!((set_to(&actions, Knob::MorphX), set_to(&actions, Knob::MorphY)), (Some(1.0), Some(1.0)));
    w.0.run_steps(40);
    let actions = w.drag(pad.center(), pad.center() - vec2(40.0, 0.0), Modifiers::NONE);
    let x = set_to(&actions, Knob::MorphX).expect("moved");
    assert!((x - (0.5 - 40.0 / (pad.width() - 36.0))).abs() < 1e-3, "{x}");
    let reset = |knob| Action::Move(Target::Knob(knob), Gesture::Reset);
    let actions = w.double_click(pad.center());
    assert!(actions.contains(&reset(Knob::MorphX)) && actions.contains(&reset(Knob::MorphY)), "{actions:?}");
}

#[test]
fn corners_of_the_envelope_are_dragged() {
    let mut w = Window::open(full());
    let at = w.rect("Decay and sustain handle").center();
    let actions = w.drag(at, at + vec2(-12.0, 15.0), Modifiers::NONE);
    let (decay, sustain) = (set_to(&actions, Knob::Decay), set_to(&actions, Knob::Sustain));
    assert!(
        decay < Some(0.47) && decay > Some(0.2) && sustain < Some(0.4) && sustain > Some(0.1),
        "{decay:?} {sustain:?}"
    );
    let at = w.rect("Attack handle").center();
    let actions = w.drag(at, at + vec2(30.0, 0.0), Modifiers::NONE);
    assert!(set_to(&actions, Knob::Attack) > Some(0.3));
}

#[test]
fn knobs_are_dragged_reset_and_typed() {
    let mut w = Window::open(full());
    let at = w.rect("Brightness").left_center() + vec2(14.0, 0.0);
    let actions = w.drag(at, at + vec2(0.0, 36.0), Modifiers::NONE);
    let value = set_to(&actions, Knob::Brightness).expect("moved");
    assert!((value - 0.8).abs() < 0.02, "{value}");
    assert!(w.double_click(at).contains(&Action::Move(Target::Knob(Knob::Brightness), Gesture::Reset)));
    w.0.run_steps(40);
    w.click("Voices");
    w.0.event(Event::Text("32".into()));
    w.0.step();
    let typed = Action::Move(Target::Knob(Knob::Voices), Gesture::Text("32".into()));
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), [typed]);
}

#[test]
fn the_keyboard_is_played_with_the_mouse() {
    let mut w = Window::open(playing());
    let keys = w.rect("Keyboard");
    let white = keys.width() / 36.0;
    let at = |n: f32| keys.left_bottom() + vec2((n + 0.5) * white, -3.0);
    w.press(at(21.0), Modifiers::NONE);
    let down = w.taken();
    let [Action::Key { key: 60, velocity }] = down.as_slice() else { panic!("{down:?}") };
    assert!(*velocity > 0.9, "at its lower end it is struck hard");
    w.0.event(Event::PointerMoved(at(22.0)));
    let slid = w.taken();
    assert!(
        matches!(slid[..], [Action::Key { key: 60, velocity: 0.0 }, Action::Key { key: 62, .. }]),
        "{slid:?}"
    );
    w.release(at(22.0), Modifiers::NONE);
    assert_eq!(w.taken(), [Action::Key { key: 62, velocity: 0.0 }]);
}

#[test]
fn along_the_clip() {
    let mut w = Window::open(playing());
    assert_eq!(w.click("Open MIDI file"), [Action::Open]);
    assert_eq!(w.click("Render"), [], "there is no file");
    let mut w = Window::open(full());
    assert_eq!(w.click("Render"), [Action::Render]);
    assert_eq!(w.click("New instruments"), [Action::NewSeed]);
    assert_eq!(w.click("Rules: Original"), [Action::Rules(Manner::Original)]);
    assert_eq!(w.click("Rules: Morph"), [Action::Rules(Manner::Morphing)]);
    assert_eq!(w.click("Save WAV…"), [Action::Save]);
    assert_eq!(w.click("Export keyboard…"), [Action::Export]);
    let handle = w.rect("Drag the sound").center();
    assert_eq!(w.drag(handle, handle - vec2(0.0, 80.0), Modifiers::NONE), [Action::DragOut]);
    let mut w = Window::open(rendering());
    assert_eq!(w.click("Cancel"), [Action::Cancel]);
    let path = PathBuf::from("song.mid");
    w.0.input_mut().dropped_files.push(Arc::new(Dropped(path.clone())));
    assert_eq!(w.taken(), [Action::Drop(vec![path])]);
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }
    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("not read here".into())
    }
}
