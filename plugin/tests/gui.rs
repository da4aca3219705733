//! What the musician does in the window, by the names of its controls, and the actions that must follow.

#[allow(dead_code, reason = "some views are for the snapshots only")]
mod gui_views;
mod window;

use descant_core::music::{Meter, TICKS_PER_QUARTER};
use descant_core::tool::Mix;
use descant_plugin::gui::clips::{self, UiState};
use descant_plugin::gui::roll::{geometry::Geometry, lanes};
use descant_plugin::gui::view::*;
use egui::{Event, Key, Modifiers, Pos2, pos2, vec2};
use egui_kittest::kittest::Queryable;
use gui_views::{
    SEEDS, answering, continued, drum_map, drumify_without_weights, eight_takes, first_open, groove,
    groove_of_a_melody, hats, interpolate, learning, learnt, melody, near, over_chords, pad, song, trio,
    two_weights,
};
use std::path::PathBuf;
use std::sync::Arc;

const SIXTEENTH: i64 = TICKS_PER_QUARTER / 4;

type Window = window::Window<View, UiState, Action>;

impl Window {
    fn open(view: View) -> Self {
        Self::sized(view, 980.0, 620.0)
    }

    fn sized(view: View, w: f32, h: f32) -> Self {
        Self::new(view, vec2(w, h), clips::show)
    }

    /// A click on a control that a list would have to be scrolled for, or whose middle another one covers.
    fn press_far(&mut self, label: &str) -> Vec<Action> {
        self.0.get_by_label(label).click_accesskit();
        self.taken()
    }

    fn centre(&self, label: &str) -> Pos2 {
        self.rect(label).center()
    }

    fn geometry(&self) -> Geometry {
        self.0.state().state.roll.geometry().expect("the roll was drawn")
    }

    fn type_in(&mut self, words: &str) -> Vec<Action> {
        self.0.event(Event::Text(words.to_owned()));
        self.0.step();
        self.key(Key::Enter, Modifiers::NONE)
    }
}

fn set(id: ParamId, v: f32) -> Vec<Action> {
    [Gesture::Begin, Gesture::Set(v), Gesture::End].map(|g| Action::Param(id, g)).to_vec()
}

fn edited(actions: &[Action]) -> (Option<u64>, Arc<descant_core::music::Clip>) {
    match actions {
        [Action::Edit { take, clip }] => (*take, clip.clone()),
        other => panic!("one edit expected: {other:?}"),
    }
}

#[test]
fn generate_by_button_and_by_enter() {
    let mut w = Window::open(first_open());
    assert_eq!(w.click("Generate"), [Action::Generate]);
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), [Action::Generate]);
}

#[test]
fn the_button_cancels_while_the_worker_runs() {
    let mut view = first_open();
    view.progress = Some(0.3);
    let mut w = Window::open(view);
    assert!(w.0.query_by_label("Generate").is_none());
    assert_eq!(w.click("Cancel"), [Action::Cancel]);
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), [Action::Cancel]);
}

#[test]
fn nothing_runs_without_weights_or_without_a_clip_to_continue() {
    let mut view = first_open();
    view.model = 1;
    let mut w = Window::open(view.clone());
    assert_eq!(w.click("Generate"), []);
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), []);
    assert!(clips::blocked(&view).is_some_and(|why| why.contains("needs weights")));

    view.model = 0;
    view.tool = descant_core::tool::ToolKind::Continue;
    let mut w = Window::open(view.clone());
    assert_eq!(w.click("Continue"), []);
    assert!(clips::blocked(&view).is_some_and(|why| why.contains("drop a MIDI file here")));
    assert_eq!(clips::blocked(&continued()), None);
}

#[test]
fn tools_by_tab_and_by_number() {
    let mut w = Window::open(first_open());
    assert_eq!(w.click("Tool: Interpolate"), set(ParamId::Tool, 2.0 / 8.0));
    assert_eq!(w.click("Tool: Generate"), set(ParamId::Tool, 0.0));
    assert_eq!(w.click("More tools"), []);
    assert_eq!(w.click("Harmonise"), set(ParamId::Tool, 6.0 / 8.0));
    assert_eq!(w.key(Key::Num2, Modifiers::NONE), set(ParamId::Tool, 1.0 / 8.0));
    assert_eq!(w.key(Key::Num8, Modifiers::NONE), set(ParamId::Tool, 7.0 / 8.0));
    assert_eq!(w.key(Key::Num9, Modifiers::NONE), set(ParamId::Tool, 1.0));
    assert_eq!(w.key(Key::Num1, Modifiers::NONE), set(ParamId::Tool, 0.0));
}

#[test]
fn a_trio_is_one_row_and_three_parts() {
    let mut w = Window::open(trio());
    assert!(w.0.query_by_label("Take mavo-tiru").is_none());
    assert_eq!(w.click("Part Melody"), [Action::LookAt(4)]);
    assert_eq!(w.click("Part Bass"), [], "it is shown already");
    let mix = |muted, solo| [Action::Mix(Mix { muted, solo })];
    assert_eq!(w.click("Mute Drums"), mix([false; 3], [false; 3]));
    assert_eq!(w.click("Mute Melody"), mix([true, false, true], [false; 3]));
    assert_eq!(w.click("Solo Bass"), mix([false, false, true], [false, true, false]));
    let below = vec2(0.0, 80.0);
    let at = w.centre("Drag Drums");
    assert_eq!(w.drag(at, at + below, Modifiers::NONE), [Action::LookAt(6), Action::DragOut(Part::Whole)]);
    let at = w.centre("Drag all parts");
    assert_eq!(w.drag(at, at + below, Modifiers::NONE), [Action::DragOut(Part::Trio)]);
    let at = w.centre("Drag the clip");
    assert_eq!(w.drag(at, at + below, Modifiers::NONE), [Action::DragOut(Part::Whole)]);
    assert_eq!(w.click("Trio kiro-vami"), [Action::Show(7)]);
    assert_eq!(
        w.key(Key::ArrowDown, Modifiers::NONE),
        [Action::Show(7)],
        "from the trio whose bass is shown"
    );
}

#[test]
fn a_tool_without_weights_cannot_be_chosen_and_says_why() {
    let mut w = Window::open(hats());
    assert_eq!(w.click("Tool: Drumify"), []);
    assert_eq!(w.key(Key::Num5, Modifiers::NONE), []);
    let why = clips::blocked(&drumify_without_weights()).expect("no weights");
    assert!(why.starts_with("Drumify needs weights"), "{why}");
    assert_eq!(clips::blocked(&groove()), None, "another model plays than the chosen one");
}

#[test]
fn clips_go_into_a_and_b_and_out_again() {
    let mut w = Window::open(interpolate());
    assert_eq!(w.key(Key::B, Modifiers::NONE), [Action::Put(Place::B, 2)]);
    assert_eq!(w.key(Key::A, Modifiers::NONE), [Action::UseAsPrimer(2)]);
    assert_eq!(w.click("Empty Clip B"), [Action::Empty(Place::B)]);
    assert_eq!(w.click("Swap A and B"), [Action::SwapEnds]);
    let mut view = interpolate();
    view.other = None;
    let mut w = Window::open(view.clone());
    assert_eq!(w.click("Clip B"), [Action::Put(Place::B, 2)]);
    assert!(clips::blocked(&view).is_some_and(|why| why.contains("second clip")));
}

#[test]
fn the_settings_of_the_latent_tools_are_where_others_have_limits() {
    let mut w = Window::open(groove());
    assert_eq!(w.click("Keep my hits: Off"), set(ParamId::KeepHits, 0.0));
    let mut w = Window::open(groove_of_a_melody());
    assert_eq!(w.click("Empty Groove slot"), [Action::Empty(Place::Guide)]);
    let w = Window::open(near());
    assert!(w.0.query_by_label("Distance").is_some() && w.0.query_by_label("Density").is_none());
}

#[test]
fn the_morph_is_dragged_and_a_take_that_is_clicked_ends_it() {
    let mut w = Window::open(interpolate());
    let bar = w.0.get_by_label("From A to B: 17 clips ready").rect();
    let at = |share: f32| pos2(bar.left() + 3.0 + (bar.width() - 6.0) * share, bar.center().y);
    let actions = w.drag(at(0.4), at(0.75), Modifiers::NONE);
    assert_eq!(actions.first(), Some(&Action::Param(ParamId::Morph, Gesture::Begin)));
    assert_eq!(actions.last(), Some(&Action::Param(ParamId::Morph, Gesture::End)));
    let mut places = actions.iter().filter_map(|a| match a {
        Action::Param(ParamId::Morph, Gesture::Set(place)) => Some(*place),
        _ => None,
    });
    assert!(places.next_back().is_some_and(|place| (place - 0.75).abs() < 0.01), "{actions:?}");
    let actions = w.click(&format!("Take {}", SEEDS[3]));
    assert!(actions.contains(&Action::Show(4)) && actions.ends_with(&set(ParamId::MorphPlays, 0.0)));

    let mut view = interpolate();
    view.params.insert(ParamId::MorphPlays, ParamState { steps: Some(1), ..ParamState::default() });
    let mut w = Window::open(view);
    let actions = w.drag(at(0.4), at(0.6), Modifiers::NONE);
    assert!(actions.contains(&Action::Param(ParamId::MorphPlays, Gesture::Set(1.0))), "it is heard");
}

#[test]
fn a_knob_is_dragged_nudged_reset_and_typed_into() {
    let mut w = Window::open(first_open());
    let dial = w.0.get_by_label("Temperature").rect().left_center() + vec2(14.0, 0.0);
    let actions = w.drag(dial, dial - vec2(0.0, 36.0), Modifiers::NONE);
    assert_eq!(actions.first(), Some(&Action::Param(ParamId::Temperature, Gesture::Begin)));
    assert_eq!(actions.last(), Some(&Action::Param(ParamId::Temperature, Gesture::End)));
    let last = |actions: &[Action]| {
        let mut sets = actions.iter().filter_map(|a| match a {
            Action::Param(ParamId::Temperature, Gesture::Set(v)) => Some(*v),
            _ => None,
        });
        sets.next_back().expect("a new value")
    };
    let coarse = last(&actions) - 0.5;
    let fine = last(&w.drag(dial, dial - vec2(0.0, 36.0), Modifiers::SHIFT)) - 0.5;
    assert!(coarse > 0.1 && fine > 0.0 && (coarse / fine - 10.0).abs() < 0.5, "{coarse} {fine}");

    let wheel = Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, 1.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    };
    w.0.hover_at(dial);
    w.0.step();
    w.0.event(wheel);
    assert_eq!(w.taken(), set(ParamId::Temperature, 0.52));

    assert_eq!(w.double_click(dial), [Action::Param(ParamId::Temperature, Gesture::Reset)]);

    let value = w.0.get_by_label("Temperature").rect().right_center() - vec2(20.0, 0.0);
    w.press(value, Modifiers::NONE);
    w.release(value, Modifiers::NONE);
    w.frames();
    assert_eq!(w.type_in("1.25"), [Action::Param(ParamId::Temperature, Gesture::Text("1.25".into()))]);
}

#[test]
fn enter_in_a_text_field_does_not_generate_and_escape_takes_nothing_over() {
    let mut w = Window::open(first_open());
    w.click("Variations");
    w.0.event(Event::Text("3".into()));
    w.0.step();
    assert_eq!(w.key(Key::Escape, Modifiers::NONE), []);
    w.pause();
    w.click("Variations");
    assert_eq!(w.type_in("3"), [Action::Param(ParamId::Variations, Gesture::Text("3".into()))]);
}

#[test]
fn a_stepped_field_goes_by_whole_steps() {
    let mut w = Window::open(first_open());
    let at = w.centre("Length");
    let actions = w.drag(at, at - vec2(0.0, 50.0), Modifiers::NONE);
    let sets: Vec<f32> = actions
        .iter()
        .filter_map(|a| match a {
            Action::Param(ParamId::Bars, Gesture::Set(v)) => Some(*v),
            _ => None,
        })
        .collect();
    assert!(!sets.is_empty());
    for v in sets {
        let step = v * 31.0;
        assert!((step - step.round()).abs() < 1e-4, "{step}");
    }
}

#[test]
fn every_choice_and_switch_reaches_its_parameter() {
    let mut w = Window::open(continued());
    assert_eq!(w.click("Swap: Now"), set(ParamId::SwapQuantum, 0.0));
    assert_eq!(w.click("Play the clip"), set(ParamId::Play, 0.0));
    assert_eq!(w.click("Lock the seed"), set(ParamId::SeedLock, 1.0));
    for (menu, entry, id, value) in
        [("Key", "F♯", ParamId::Key, 6.0 / 11.0), ("Scale", "Minor", ParamId::Scale, 2.0 / 5.0)]
    {
        assert_eq!(w.click(menu), [], "opening {menu} changes nothing");
        assert_eq!(w.click(entry), set(id, value), "{menu}");
    }
    for (label, id) in [
        ("Lowest", ParamId::RangeLow),
        ("Highest", ParamId::RangeHigh),
        ("Density", ParamId::Density),
        ("Audition", ParamId::AuditionLevel),
    ] {
        let at = w.0.get_by_label(label).rect().left_center() + vec2(10.0, 0.0);
        assert_eq!(w.double_click(at), [Action::Param(id, Gesture::Reset)], "{label}");
    }
}

#[test]
fn the_right_click_menu_copies_and_resets() {
    let mut w = Window::open(first_open());
    w.0.get_by_label("Temperature").click_secondary();
    w.frames();
    assert_eq!(w.click("Reset"), [Action::Param(ParamId::Temperature, Gesture::Reset)]);
}

#[test]
fn takes_are_shown_starred_deleted_and_reused() {
    let mut w = Window::open(eight_takes());
    assert_eq!(w.click(&format!("Take {}", SEEDS[0])), [Action::Show(1)]);
    assert_eq!(w.click(&format!("Star {}", SEEDS[2])), [Action::Star(3)]);
    assert_eq!(w.click("More like this"), [Action::MoreLikeThis(2)]);
    assert_eq!(w.click("Use as primer"), [Action::UseAsPrimer(2)]);
    assert_eq!(w.click("Delete the take"), [Action::Delete(2)]);
    assert_eq!(w.click("Undo"), [Action::Undo]);
    assert_eq!(w.click("Redo"), [], "there is nothing to redo");
    w.0.state_mut().view.can_redo = true;
    assert_eq!(w.click("Redo"), [Action::Redo]);
}

#[test]
fn takes_by_keyboard() {
    let mut w = Window::open(eight_takes());
    assert_eq!(w.key(Key::ArrowDown, Modifiers::NONE), [Action::Show(3)]);
    assert_eq!(w.key(Key::ArrowUp, Modifiers::NONE), [Action::Show(1)]);
    assert_eq!(w.key(Key::S, Modifiers::NONE), [Action::Star(2)]);
    assert_eq!(w.key(Key::Delete, Modifiers::NONE), [Action::Delete(2)]);
    assert_eq!(w.key(Key::Z, Modifiers::COMMAND), [Action::Undo]);
    assert_eq!(w.key(Key::Y, Modifiers::COMMAND), [Action::Redo]);
}

#[test]
fn space_stays_with_the_host_even_when_a_button_has_the_focus() {
    let mut w = Window::open(first_open());
    w.0.get_by_label("Generate").focus();
    w.frames();
    assert_eq!(w.key(Key::Space, Modifiers::NONE), []);
}

#[test]
fn a_typed_seed_is_taken_over_once() {
    let mut w = Window::open(first_open());
    w.click("Seed");
    assert_eq!(w.type_in("Pela-Suno"), [Action::Seed("pela-suno".into())]);
    assert_eq!(w.taken(), []);
}

#[test]
fn primer_buttons() {
    let mut view = continued();
    view.shown = None;
    let mut w = Window::open(view);
    assert_eq!(w.click("Capture"), [Action::Capture]);
    assert_eq!(w.click("Open…"), [Action::Open]);
    assert_eq!(w.click("Clear the primer"), [Action::ClearPrimer]);
    let mut w = Window::open(first_open());
    assert_eq!(w.click("Capture"), [], "nothing was played in");
}

#[test]
fn files_dropped_on_the_window_are_handed_over() {
    let mut w = Window::open(first_open());
    let file = Arc::new(Dropped(PathBuf::from("/music/song.mid")));
    w.0.input_mut().dropped_files.push(file);
    assert_eq!(w.taken(), [Action::Drop(vec![PathBuf::from("/music/song.mid")])]);
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

#[test]
fn the_way_out_to_the_daw() {
    let mut w = Window::open(eight_takes());
    let at = w.centre("Drag the clip");
    assert_eq!(w.drag(at, at - vec2(60.0, 60.0), Modifiers::NONE), [Action::DragOut(Part::Whole)]);
    assert_eq!(w.click("Save…"), [Action::Save(Part::Whole)]);
    assert_eq!(w.click("Reveal"), [Action::Reveal]);
    let at = w.centre(&format!("Drag {}", SEEDS[3]));
    let actions = w.drag(at, at - vec2(80.0, 20.0), Modifiers::NONE);
    assert_eq!(actions, [Action::Show(4), Action::DragOut(Part::Whole)]);

    let mut w = Window::open(continued());
    let at = w.centre("Drag the new part");
    assert_eq!(w.drag(at, at - vec2(60.0, 60.0), Modifiers::NONE), [Action::DragOut(Part::New)]);
    w.click("Save…");
    assert_eq!(w.click("Save the new part…"), [Action::Save(Part::New)]);

    let mut w = Window::open(first_open());
    let at = w.centre("Drag the clip");
    assert_eq!(w.drag(at, at - vec2(60.0, 60.0), Modifiers::NONE), [], "there is nothing to drag");
}

#[test]
fn a_double_click_in_the_drum_grid_adds_a_hit_on_the_grid() {
    let mut w = Window::open(eight_takes());
    let before = w.0.state().view.takes[1].take.clip.clone();
    let g = w.geometry();
    let crash = 7;
    let start = 37 * SIXTEENTH;
    let at = pos2(g.x(start) + 3.0, g.row_y(lanes::COUNT - 1 - crash) + g.row / 2.0);
    let (take, clip) = edited(&w.double_click(at));
    assert_eq!(take, Some(2));
    assert_eq!(clip.notes.len(), before.notes.len() + 1);
    let added = clip.notes.iter().find(|n| !before.notes.contains(n)).expect("the new hit");
    assert_eq!((added.start, added.pitch, added.length), (start, 49, SIXTEENTH));
}

#[test]
fn a_note_is_moved_by_whole_sixteenths_and_semitones() {
    let mut w = Window::open(continued());
    let take = w.0.state().view.takes[2].clone();
    let g = w.geometry();
    let seen = |n: &&descant_core::music::Note| n.length >= 4 * SIXTEENTH && n.start >= take.take.new_from;
    let note = *take.take.clip.notes.iter().find(seen).expect("a long note");
    let from = g.note(note.start, note.length, note.pitch).center();
    let to = from + vec2(g.scale * SIXTEENTH as f32 * 2.2, -g.row * 2.0);
    let (id, clip) = edited(&w.drag(from, to, Modifiers::NONE));
    assert_eq!(id, Some(3));
    let moved =
        descant_core::music::Note { start: note.start + 2 * SIXTEENTH, pitch: note.pitch + 2, ..note };
    assert!(clip.notes.contains(&moved) && !clip.notes.contains(&note), "{moved:?}");
}

#[test]
fn a_note_is_resized_at_its_end_and_its_velocity_dragged() {
    let mut w = Window::open(continued());
    let take = w.0.state().view.takes[2].clone();
    let g = w.geometry();
    let note = *take.take.clip.notes.iter().find(|n| n.length >= 4 * SIXTEENTH).expect("a long note");
    let r = g.note(note.start, note.length, note.pitch);
    let edge = pos2(r.right() - 2.0, r.center().y);
    let to = edge - vec2(g.scale * SIXTEENTH as f32 * 2.0, 0.0);
    let (_, clip) = edited(&w.drag(edge, to, Modifiers::NONE));
    let shorter = descant_core::music::Note { length: note.length - 2 * SIXTEENTH, ..note };
    assert!(clip.notes.contains(&shorter));

    let (_, clip) = edited(&w.drag(r.center(), r.center() - vec2(0.0, 12.0), Modifiers::ALT));
    let louder = descant_core::music::Note { velocity: note.velocity + 12, ..note };
    assert!(clip.notes.contains(&louder));

    let stem = pos2(g.x(note.start) + 2.0, g.velocities.center().y);
    let (_, clip) = edited(&w.drag(stem, pos2(stem.x, g.velocities.bottom()), Modifiers::NONE));
    let soft = descant_core::music::Note { velocity: 1, ..note };
    assert!(clip.notes.contains(&soft), "the stem under the mouse belongs to the note");
}

#[test]
fn a_note_is_deleted_by_right_click_and_by_key_before_the_take_is() {
    let mut w = Window::open(eight_takes());
    let clip = w.0.state().view.takes[1].take.clip.clone();
    let name = "Note Crash at 1.1.1";
    let crash = clip.notes.iter().position(|n| n.pitch == 49).expect("a crash");
    w.0.get_by_label(name).click_secondary();
    let (_, after) = edited(&w.taken());
    assert_eq!(after.notes.len(), clip.notes.len() - 1);
    assert!(!after.notes.contains(&clip.notes[crash]));

    assert_eq!(w.click(name), []);
    let (_, after) = edited(&w.key(Key::Delete, Modifiers::NONE));
    assert!(!after.notes.contains(&clip.notes[crash]));
    assert_eq!(w.key(Key::Delete, Modifiers::NONE), [Action::Delete(2)], "nothing is selected any more");
}

#[test]
fn the_primer_is_edited_as_the_primer() {
    let mut w = Window::open(continued());
    w.click("Show the primer");
    let clip = melody(2, 1);
    let note = clip.notes[0];
    let at = w.geometry().note(note.start, note.length, note.pitch).center();
    w.0.event(Event::PointerMoved(at));
    w.0.step();
    let button = egui::PointerButton::Secondary;
    for pressed in [true, false] {
        w.0.event(Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
    }
    let (take, after) = edited(&w.taken());
    assert_eq!(take, None);
    assert_eq!(after.notes, clip.notes[1..]);
}

#[test]
fn an_escaped_drag_changes_nothing() {
    let mut w = Window::open(eight_takes());
    let at = w.centre("Note Crash at 1.1.1");
    w.press(at, Modifiers::NONE);
    w.0.event(Event::PointerMoved(at + vec2(80.0, 0.0)));
    w.0.step();
    w.0.key_press(Key::Escape);
    w.0.step();
    w.release(at + vec2(80.0, 0.0), Modifiers::NONE);
    assert_eq!(w.taken(), []);
}

#[test]
fn zoom_shows_less_and_the_page_follows_the_playhead() {
    let mut w = Window::open(eight_takes());
    let whole = w.geometry();
    for _ in 0..6 {
        w.key(Key::Plus, Modifiers::NONE);
    }
    let close = w.geometry();
    assert!(close.scale > 3.0 * whole.scale);
    let end = w.0.state().view.takes[1].take.clip.length - SIXTEENTH;
    w.0.state_mut().view.transport.playhead = Some(end);
    w.frames();
    let g = w.geometry();
    assert!(g.notes.x_range().contains(g.x(end)));
    for _ in 0..9 {
        w.key(Key::Minus, Modifiers::NONE);
    }
    assert!((w.geometry().scale / whole.scale - 1.0).abs() < 1e-3);
}

#[test]
fn the_song_chooser_preselects_and_asks_for_the_top_line_of_chords() {
    let choose = |track, top_line, file_tempo| [Action::ChooseTrack { track, top_line, file_tempo }];
    let mut w = Window::open(song());
    assert_eq!(w.click("Use track"), choose(3, false, false));
    w.click("Track Rhodes");
    assert_eq!(w.click("Use track"), choose(2, true, false));
    w.click("Top line only");
    w.click("Use the file's tempo (96.0)");
    assert_eq!(w.click("Use track"), choose(2, false, true));
    assert_eq!(w.click("Cancel"), [Action::DismissSong]);
    let enter = w.key(Key::Enter, Modifiers::NONE);
    assert_eq!(enter, choose(2, false, true), "Enter takes the track and does not reach the page below");
    w.key(Key::ArrowDown, Modifiers::NONE);
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), choose(3, false, true));
    assert_eq!(w.key(Key::Escape, Modifiers::NONE), [Action::DismissSong]);
}

#[test]
fn about_names_whose_music_the_models_learned_from() {
    let mut w = Window::open(first_open());
    assert_eq!(w.click("About Descant"), []);
    let credit = w.0.get_by_label_contains("Learning to Groove with Inverse Sequence Transformations");
    assert!(credit.rect().width() > 100.0);
    w.click("Close");
    assert!(w.0.query_by_label("Close").is_none());
}

#[test]
fn the_live_modes_are_chosen_in_their_panel_and_panic_is_at_hand() {
    let mut window = Window::open(first_open());
    assert!(window.0.query_by_label("Panic").is_none(), "nothing to silence");
    window.click("Live");
    assert_eq!(window.click("Live mode: Answer"), set(ParamId::LiveMode, 0.5));
    assert_eq!(window.click("Live mode: Continuous"), set(ParamId::LiveMode, 1.0), "the panel stays open");
    let mut window = Window::open(answering());
    window.0.get_by_label("Answering, bar 2 of 4");
    let edge = [set(ParamId::Panic, 1.0), set(ParamId::Panic, 0.0)].concat();
    assert_eq!(window.click("Panic"), edge);
    window.click("Answer");
    window.double_click(window.centre("Answer length"));
    assert!(window.0.query_by_label("Call ends after").is_some());
}

#[test]
fn the_window_says_what_it_will_do() {
    let mut view = continued();
    let heat = view.params.get_mut(&ParamId::Temperature).expect("temperature");
    heat.normalised = 0.0;
    let w = Window::open(view.clone());
    w.0.get_by_label("primer 2 + new 4 = 6 bars");
    w.0.get_by_label("all takes will be equal");
    assert!(w.0.query_by_label("trained in 4/4").is_none());
    view.tool = descant_core::tool::ToolKind::Generate;
    view.transport.meter = Meter::new(7, 8).expect("a meter");
    let w = Window::open(view);
    w.0.get_by_label("trained in 4/4");
    w.0.get_by_label("Host clock, stopped");
}

#[test]
fn everything_fits_into_the_smallest_window() {
    for view in [first_open(), eight_takes(), continued()] {
        let (w, h) = clips::MIN_SIZE;
        let window = Window::sized(view, w as f32, h as f32);
        let labels = [
            "Model",
            "Capture",
            "Open…",
            "Density",
            "Variations",
            "Temperature",
            "Length",
            "Swap",
            "Audition",
            "Play the clip",
            "Drag the clip",
            "Save…",
            "Reveal",
            "Undo",
            "Redo",
            "Seed",
            "Lock the seed",
        ];
        let screen = egui::Rect::from_min_size(Pos2::ZERO, vec2(w as f32, h as f32));
        let rects: Vec<_> = labels.iter().map(|l| (l, window.0.get_by_label(l).rect())).collect();
        for (label, r) in &rects {
            assert!(screen.contains_rect(*r) && r.width() >= 20.0, "{label}: {r:?}");
        }
        for (i, (a, ra)) in rects.iter().enumerate() {
            for (b, rb) in &rects[i + 1..] {
                let shared = ra.intersect(*rb);
                assert!(
                    shared.width() <= 0.5 || shared.height() <= 0.5,
                    "{a} and {b} overlap: {ra:?} {rb:?}"
                );
            }
        }
    }
}

#[test]
fn bars_are_locked_by_their_numbers_for_rewrite_only() {
    let mut view = eight_takes();
    let w = Window::open(view.clone());
    assert!(w.0.query_by_label("Lock bar 2").is_none());
    view.tool = descant_core::tool::ToolKind::Rewrite;
    view.locked = vec![1];
    let mut w = Window::open(view);
    assert_eq!(w.click("Lock bar 2"), [Action::Lock(1)]);
    assert_eq!(w.click("Lock bar 4"), [Action::Lock(3)]);
    assert_eq!(w.click("Rewrite"), [Action::Generate]);
    w.0.get_by_label("Lock bar 3").click_secondary();
    w.frames();
    assert_eq!(w.click("Rewrite from bar 3 on"), [Action::RewriteFrom(2)]);
}

#[test]
fn more_settings_open_on_a_button() {
    let mut view = eight_takes();
    view.locked = vec![0, 2];
    let mut w = Window::open(view.clone());
    assert_eq!(w.click("More settings"), []);
    assert_eq!(w.click("Search: Safe"), set(ParamId::Search, 0.75));
    assert_eq!(w.click("Rewrite keeps: Rhythm"), set(ParamId::Keep, 0.5));
    assert_eq!(w.click("No repeated notes: On"), set(ParamId::NoRepeat, 1.0));
    assert_eq!(w.click("Free all"), [Action::RewriteFrom(0)]);
    assert!(w.0.query_by_label("Beam size").is_none(), "only a custom search has numbers");
    let weight = w.centre("Weight F♯");
    let actions = w.drag(weight, weight - vec2(0.0, 60.0), Modifiers::NONE);
    assert_eq!(actions.first(), Some(&Action::Param(ParamId::PitchWeight(6), Gesture::Begin)));

    view.params.insert(ParamId::Search, ParamState { normalised: 1.0, steps: Some(4), ..Default::default() });
    let mut w = Window::open(view);
    w.click("More settings");
    assert!(w.0.query_by_label("Beam size").is_some() && w.0.query_by_label("Steps").is_some());
}

#[test]
fn the_structure_of_a_take_is_drawn_beside_the_roll() {
    let mut w = Window::open(eight_takes());
    assert!(w.0.query_by_label_contains("Structure: ").is_none());
    w.click("Structure");
    assert!(w.0.query_by_label_contains("Structure: Bars share").is_some());
}

#[test]
fn a_click_on_a_chord_changes_that_chord() {
    let mut w = Window::open(over_chords());
    assert_eq!(w.click("Chord 4 Am7"), [], "opening changes nothing");
    assert_eq!(w.type_in("E7"), [Action::Chords("C E7 F G7".into())]);
    w.pause();
    w.click("Primer chord 2 G7");
    assert_eq!(w.type_in("Db7"), [Action::PrimerChords("Dm7 Db7".into())]);
    w.pause();
    w.click("Chord 5 F");
    w.0.event(Event::Text("x".into()));
    w.0.step();
    assert_eq!(w.key(Key::Escape, Modifiers::NONE), [], "Escape takes nothing over");
    assert!(w.0.query_by_label("Chord").is_none());
}

#[test]
fn a_click_on_the_lane_opens_the_whole_progression() {
    let mut w = Window::open(over_chords());
    w.click("Chords");
    assert_eq!(w.type_in("C | F"), [Action::Chords("C | F".into())]);
    assert!(w.0.query_by_label("Chords of the new bars").is_none(), "Enter closes");
    w.pause();
    w.click("Chords");
    w.click("Chords under the primer");
    assert_eq!(w.type_in("Gm C7"), [Action::PrimerChords("Gm C7".into())]);
    w.pause();
    w.click("Chords");
    assert_eq!(w.click("Recognise"), [Action::FindPrimerChords]);
    assert_eq!(w.click("As played"), [Action::FindPlayedChords]);
    assert_eq!(w.click("Chord length: 2 bars"), set(ParamId::ChordLength, 0.75));
    w.key(Key::Escape, Modifiers::NONE);
    assert!(w.0.query_by_label("Chord length: 2 bars").is_none());
}

#[test]
fn the_lane_shows_the_next_runs_chords_once_they_are_typed() {
    let mut view = over_chords();
    view.chords.progression = vec!["Gm".into()];
    let mut w = Window::open(view);
    w.click("Chord 4 Am7");
    assert_eq!(w.type_in("H7"), [Action::Chords("C H7 F G7".into())], "the take's own chords are changed");
    w.0.get_by_label("Chord 4 Am7"); // refused: nothing has changed
    w.0.state_mut().view.chords.progression = ["C", "E7", "F", "G7"].map(String::from).to_vec();
    w.frames();
    w.0.get_by_label("Chord 4 E7");
    w.0.state_mut().view.shown = Some(4);
    w.frames();
    w.0.get_by_label("Chord 4 Am7");
}

#[test]
fn chords_are_typed_before_there_is_a_take_and_only_for_models_that_hear_them() {
    let mut view = first_open();
    assert!(Window::open(view.clone()).0.query_by_label("Chords").is_none());
    view.model = 4;
    let mut w = Window::open(view);
    w.click("Chords");
    assert!(w.0.query_by_label("Recognise").is_none(), "there is no primer");
    assert_eq!(w.type_in("C G7 Am F"), [Action::Chords("C G7 Am F".into())]);
    w.0.state_mut().view.chords.progression = ["C", "G7"].map(String::from).to_vec();
    w.frames();
    let (first, last) = (w.0.get_by_label("Chord 1 C").rect(), w.0.get_by_label("Chord 4 G7").rect());
    assert!((first.width() - last.width()).abs() < 1.0 && last.left() > first.right());
}

#[test]
fn the_model_page_is_opened_walked_and_chosen_from_by_keyboard() {
    let mut w = Window::open(two_weights());
    assert_eq!(w.click("Model"), [Action::LookAtModels]);
    w.0.get_by_label("Weights: Built in");
    assert!(w.0.query_by_label("Drum grid").is_none() && w.0.query_by_label("Undo").is_none());
    // Down to the model without weights, and away without choosing it.
    w.key(Key::ArrowDown, Modifiers::NONE);
    w.0.get_by_label_contains("Needs weights: drop a Magenta checkpoint");
    assert_eq!(w.key(Key::Escape, Modifiers::NONE), []);
    assert!(w.0.query_by_label("Model: One drum RNN").is_none(), "closed");
    // The second weights of the drums.
    w.click("Model");
    w.key(Key::ArrowRight, Modifiers::NONE);
    w.key(Key::ArrowDown, Modifiers::NONE);
    let chosen = Action::ChooseWeights { model: "drum_kit".into(), weights: "drum_kit.jazz".into() };
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), [chosen]);
    assert!(w.0.query_by_label("Weights: jazz").is_none(), "Enter closes");
    // Another family's second model.
    w.click("Model");
    w.key(Key::ArrowLeft, Modifiers::NONE);
    w.key(Key::ArrowDown, Modifiers::NONE);
    w.key(Key::ArrowRight, Modifiers::NONE);
    w.key(Key::ArrowDown, Modifiers::NONE);
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), set(ParamId::Model, 3.0 / 63.0));
    assert_eq!(w.key(Key::Enter, Modifiers::NONE), [Action::Generate], "the page is gone");
}

#[test]
fn the_model_page_is_used_by_mouse() {
    let mut w = Window::open(two_weights());
    w.click("Model");
    let chosen = Action::ChooseWeights { model: "drum_kit".into(), weights: "drum_kit.jazz".into() };
    assert_eq!(w.click("Weights: jazz"), [chosen]);
    let file = "/home/ada/.local/share/descant/models/drum_kit.jazz.safetensors";
    assert_eq!(w.click("Reveal file"), [Action::RevealWeights(PathBuf::from(file))]);
    assert_eq!(w.click("Import…"), [Action::Import]);
    assert_eq!(w.click("Family: Improv"), [], "looking is not choosing");
    assert_eq!(w.click("Model: Chord pitches improv RNN"), set(ParamId::Model, 4.0 / 63.0));
    w.click("Close the models");
    w.click("Model");
    w.0.get_by_label("Gate passed: mean overlapping area");
    w.0.get_by_label("Gate missed: adjacent equal bars");
    // What an import chooses is looked at.
    w.0.state_mut().view.models[0].playing = Some(1);
    w.frames();
    w.0.get_by_label("Reveal file");
    w.click("Model");
    assert!(w.0.query_by_label("Reveal file").is_none(), "the same button closes");
}

#[test]
fn weights_that_were_chosen_and_are_gone_are_named() {
    let mut view = two_weights();
    view.models[0].ready = false;
    view.models[0].playing = None;
    view.models[0].missing = Some("jazz".into());
    assert!(clips::blocked(&view).is_some_and(|why| why.contains("“jazz”")));
    let mut w = Window::open(view);
    assert_eq!(w.click("Generate"), []);
    w.click("Model");
    w.0.get_by_label_contains("The weights “jazz” are not on this computer");
}

#[test]
fn the_drum_map_is_opened_walked_and_changed() {
    let mut w = Window::open(drum_map());
    let lane = |w: &Window, name: &str| w.0.get_by_label(&format!("Lane: {name}")).rect();
    assert_eq!(w.click("Drum map"), []);
    assert!(w.0.query_by_label("Drum grid").is_none() && lane(&w, "Ride").top() < lane(&w, "Kick").top());
    w.0.get_by_label_contains("hear as one drum: Kick (35, 36), Snare (38, 40). No lane hears 3.");
    // The lane looked at hears what is ticked.
    assert_eq!(
        w.press_far("Hears 58 Vibraslap"),
        [Action::DrumMap(MapChange::Input { pitch: 58, lane: Some(0) })],
        "the kick takes it"
    );
    assert_eq!(
        w.press_far("Hears 35 Acoustic bass drum"),
        [Action::DrumMap(MapChange::Input { pitch: 35, lane: None })]
    );
    w.key(Key::ArrowUp, Modifiers::NONE);
    assert_eq!(w.press_far("Hears 3 D#-2"), [Action::DrumMap(MapChange::Input { pitch: 3, lane: Some(1) })]);
    w.press_far("Lane: Low tom");
    assert_eq!(
        w.press_far("Hears 45 Low tom"),
        [Action::DrumMap(MapChange::Input { pitch: 45, lane: Some(4) })]
    );
    w.click("Low tom is sent as");
    // The list opens at what is chosen.
    w.0.get_by_label("43 High floor tom");
    assert_eq!(w.click("45 Low tom"), [Action::DrumMap(MapChange::Output { lane: 4, pitch: 45 })]);
    assert_eq!(w.click("Reset"), [Action::DrumMap(MapChange::Kit(0))]);
    w.click("Kit");
    assert_eq!(w.click("magenta.js"), [Action::DrumMap(MapChange::Kit(2))]);
    assert_eq!(w.key(Key::Escape, Modifiers::NONE), []);
    assert!(w.0.query_by_label("Kit").is_none(), "closed");
    // Another page takes its place.
    w.click("Drum map");
    w.click("Model");
    assert!(w.0.query_by_label("Kit").is_none());
}

#[test]
fn lane_names_open_the_drum_map_and_a_kit_of_ones_own_is_custom() {
    let mut view = eight_takes();
    view.kit.map.set_output(0, 24).expect("free");
    let mut w = Window::open(view);
    let names = w.0.state().state.roll.geometry().expect("a roll").keys;
    w.press(names.center(), Modifiers::NONE);
    w.release(names.center(), Modifiers::NONE);
    w.frames();
    w.0.get_by_label("Lane: Kick");
    assert_eq!(w.0.get_by_label("Kit").value().as_deref(), Some("Custom"));
    assert_eq!(w.0.get_by_label("Kick is sent as").value().as_deref(), Some("24 C0"));
    // A melody has no drum map.
    let w = Window::open(continued());
    assert!(w.0.query_by_label("Drum map").is_none());
}

#[test]
fn clips_to_learn_from_are_added_and_forgotten() {
    let mut view = learning();
    view.lesson.progress = None;
    let mut w = Window::open(view);
    w.click("Model");
    w.click("Make it yours…");
    let lesson = |change| [Action::Lesson(change)];
    assert_eq!(w.click("Shown"), lesson(LessonChange::Shown));
    assert_eq!(w.click("Starred"), lesson(LessonChange::Starred));
    assert_eq!(w.click("Primer"), [], "there is none");
    assert_eq!(w.click("Files…"), lesson(LessonChange::Choose));
    assert_eq!(w.click("Forget clip 2"), lesson(LessonChange::Remove(1)));
    assert_eq!(w.click("Forget all clips"), lesson(LessonChange::Clear));
    let model = "cat-drums_2bar_small".to_owned();
    let learn = |name: &str| [Action::Personalise { model: model.clone(), name: name.into() }];
    assert_eq!(w.click("Learn"), learn("mine"));
    w.click("Name of the model");
    w.0.event(Event::Text(" late".into()));
    w.0.step();
    assert_eq!(w.key(Key::Escape, Modifiers::NONE), []);
    // Escape leaves the field, then the page.
    w.frames();
    w.key(Key::Escape, Modifiers::NONE);
    assert!(w.0.query_by_label("Learn").is_none());
}

#[test]
fn learning_can_be_stopped_and_needs_clips_of_its_kind() {
    let mut w = Window::open(learning());
    w.click("Model");
    w.click("Make it yours…");
    assert_eq!(w.click("Stop"), [Action::StopLearning]);
    let mut view = learning();
    view.lesson.progress = None;
    view.lesson.clips.retain(|clip| clip.kind == descant_core::music::ClipKind::Melody);
    let mut w = Window::open(view);
    w.click("Model");
    w.click("Make it yours…");
    assert_eq!(w.click("Learn"), []);
}

#[test]
fn the_amount_shows_for_weights_of_ones_own_only() {
    assert!(Window::open(near()).0.query_by_label("Your own").is_none());
    let mut w = Window::open(learnt());
    let from = w.centre("Your own");
    let moved = w.drag(from, from + vec2(0.0, 30.0), Modifiers::NONE);
    assert!(moved.iter().any(|a| matches!(a, Action::Param(ParamId::Own, Gesture::Set(v)) if *v < 1.0)));
}

#[test]
fn the_pad_sets_both_parameters_and_saves_places() {
    let mut view = pad();
    view.params.get_mut(&ParamId::PadPlays).expect("a switch").normalised = 0.0;
    let mut w = Window::open(view);
    let square = w.0.get_by_label("Latent pad").rect();
    w.press(square.center(), Modifiers::NONE);
    w.release(square.center(), Modifiers::NONE);
    let expected: Vec<Action> = [(ParamId::PadX, 0.5), (ParamId::PadY, 0.5), (ParamId::PadPlays, 1.0)]
        .into_iter()
        .flat_map(|(id, v)| set(id, v))
        .collect();
    assert_eq!(w.taken(), expected);
    w.pause();
    let moved = w.drag(square.center(), square.right_top() + vec2(-8.0, 8.0), Modifiers::NONE);
    for id in [ParamId::PadX, ParamId::PadY] {
        assert_eq!(moved.iter().filter(|a| **a == Action::Param(id, Gesture::Begin)).count(), 1);
        let last = moved.iter().rev().find_map(|a| match a {
            Action::Param(of, Gesture::Set(v)) if *of == id => Some(*v),
            _ => None,
        });
        assert_eq!(last, Some(1.0), "{id:?}");
        assert_eq!(moved.iter().filter(|a| **a == Action::Param(id, Gesture::End)).count(), 1);
    }
    let pad = |change| [Action::Pad(change)];
    assert_eq!(w.click("Keep"), pad(PadChange::Keep));
    assert_eq!(w.click("Turn"), pad(PadChange::Turn));
    assert_eq!(w.click("Save"), pad(PadChange::Save(String::new())));
    let there: Vec<Action> = pad(PadChange::Recall(0))
        .into_iter()
        .chain(set(ParamId::PadX, 0.25))
        .chain(set(ParamId::PadY, 0.875))
        .collect();
    assert_eq!(w.click("Go to Point 1"), there);
    assert_eq!(w.click("Forget Point 1"), pad(PadChange::Forget(0)));
}

#[test]
fn the_pad_is_whole_in_the_smallest_window() {
    let (w, h) = clips::MIN_SIZE;
    let window = Window::sized(pad(), w as f32, h as f32);
    let square = window.0.get_by_label("Latent pad").rect();
    let end = window.0.get_by_label("Generate").rect().top();
    for label in ["Play the pad", "Keep", "Turn", "X", "Y", "Save", "Close the pad"] {
        let r = window.0.get_by_label(label).rect();
        assert!(r.left() >= square.right() && r.bottom() <= end, "{label}: {r:?}");
        assert!(r.width() >= 22.0, "{label}: {r:?}");
    }
}

#[test]
fn a_pad_is_opened_around_the_shown_take() {
    let mut w = Window::open(near());
    assert_eq!(w.click("Pad around this take"), [Action::Pad(PadChange::Around(2))]);
    let mut w = Window::open(pad());
    assert_eq!(w.click("Pad around this take"), [], "it is there already");
}
