//! Tests of worker, engine and session together, with a generator of their own. The worker's jobs run on the
//! test's thread, so that nothing has to be waited for; one test runs the real thread.

mod learn;
mod live;
mod morph;
mod pad;
mod trio;

use super::*;
use crate::bridge::{AudioSide, Played, Trigger, bridge};
use crate::clips::document::Primer;
use crate::clips::params::{ClipsParams, Tool};
use crate::clips::session;
use crate::clips::timeline::Grid;
use crate::gui::view::{Action, MapChange, ParamId, Part, PrimerOrigin, StatusKind};
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{ChordMark, Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER as Q, midi};
use descant_core::sampling::derive;
use descant_core::tool::Score;
use nice_plug::prelude::{EnumParam, IntParam, IntRange};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

/// One note per take; its pitch is the take's place.
struct Simple;

impl Generator for Simple {
    fn run(&self, request: &Request, _: &Cancel, progress: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
        if request.model == "rnn-nade_attn" {
            return Err("This model has no weights yet.".into());
        }
        assert_ne!(request.model, "mono_rnn", "the test's broken model");
        let shared = Arc::new(request.clone());
        progress(0.5);
        let old = request.primer.clone().unwrap_or_default();
        Ok((0..request.variations)
            .map(|i| {
                let note = Note { start: old.length, pitch: 36 + i as u8, length: Q / 4, velocity: 99 };
                let mut clip = Clip {
                    name: String::new(),
                    kind: ClipKind::Drums,
                    notes: old.notes.clone(),
                    length: old.length + i64::from(request.bars) * 4 * Q,
                    meter: Meter::COMMON,
                    tempo: request.tempo,
                };
                clip.notes.push(note);
                Take {
                    clip,
                    new_from: old.length,
                    seed: derive(request.seed, i),
                    score: Score::default(),
                    request: shared.clone(),
                    notices: vec![],
                    origin: None,
                }
            })
            .collect())
    }
}

struct Bench {
    engine: Arc<Engine>,
    audio: AudioSide,
    worker: Worker,
}

/// An instance whose worker is driven by the test. What the window sends is thrown away by its own channel.
fn bench(generator: impl Generator + 'static) -> Bench {
    bench_with(generator, |_| {})
}

fn bench_with(generator: impl Generator + 'static, set: impl Fn(&mut ClipsParams)) -> Bench {
    let trigger = Arc::new(Trigger::default());
    let mut params = ClipsParams::new(trigger.clone());
    set(&mut params);
    let params = Arc::new(params);
    let (audio, side, gui) = bridge(trigger.clone());
    // The engine starts its own worker only when asked; here it gets a spare side and the test the real one.
    let (_, spare, _) = bridge(trigger);
    let engine = Engine::new(params, gui, spare, Arc::new(generator));
    let worker = Worker::new(engine.clone(), side);
    Bench { engine, audio, worker }
}

impl Bench {
    fn status(&self) -> (StatusKind, String) {
        let live = self.engine.live();
        (live.status.kind, live.status.text.clone())
    }

    fn seeds(&self) -> Vec<u32> {
        self.engine.params.doc.read(|d| d.content().entries.iter().map(|e| e.take.seed).collect())
    }

    fn heard(&mut self) -> Option<Option<u64>> {
        self.audio.next_clip().map(|next| {
            let take = next.clip.as_ref().map(|c| c.take);
            self.audio.discard(next.clip);
            take
        })
    }
}

#[test]
fn a_run_gives_takes_that_are_shown_heard_and_on_disk() {
    let mut bench = bench(Simple);
    bench.worker.carry_out(Command::Run);
    let (kind, text) = bench.status();
    assert_eq!(kind, StatusKind::Good, "{text}");
    assert!(text.starts_with("8 takes by Drum kit RNN in "), "{text}");
    assert_eq!(
        bench.seeds(),
        (0..8).map(|i| derive(1, i)).collect::<Vec<_>>(),
        "the first seed is the same everywhere"
    );
    assert_eq!(bench.heard(), Some(Some(1)));
    bench.worker.write_files();
    let entries = bench.engine.params.doc.read(|d| d.content().entries.clone());
    for entry in &entries {
        let path = bench.engine.files.path(entry, Part::Whole, &DrumMap::default()).expect("a file");
        let name = path.file_stem().and_then(|n| n.to_str()).expect("a name").to_string();
        assert_eq!(name, entry.take.clip.name);
        let song = midi::read(&std::fs::read(&path).expect("written")).expect("a MIDI file");
        assert_eq!(song.tracks[0].notes, entry.take.clip.notes);
    }
    bench.worker.carry_out(Command::Run);
    let seeds = bench.seeds();
    assert_eq!(seeds[8], derive(1, 8), "the next run goes on with fresh seeds");
    assert_eq!(seeds.iter().collect::<std::collections::BTreeSet<_>>().len(), 16);
}

#[test]
fn pressing_the_parameter_runs_once_however_often_it_was_pressed() {
    let mut bench = bench(Simple);
    let trigger = bench.engine.gui.trigger.clone();
    trigger.arm();
    for on in [true, false, true, false, true] {
        trigger.parameter_changed(on);
    }
    bench.worker.answer_trigger();
    bench.worker.answer_trigger();
    assert_eq!(bench.seeds().len(), 8);
    assert!(trigger.wait(Duration::ZERO), "and every press is answered");
}

#[test]
fn what_goes_wrong_is_a_sentence_and_loses_nothing() {
    let slot = |id: &str| crate::library::models().iter().position(|m| m.id == id).expect("in the catalogue");
    let free = crate::library::models().len();
    for (slot, words) in
        [(slot("rnn-nade_attn"), "no weights"), (slot("mono_rnn"), "stumbled"), (free, "slot")]
    {
        let range = IntRange::Linear { min: 0, max: free as i32 };
        let mut bench = bench_with(Simple, |p| p.model = IntParam::new("Model", slot as i32, range));
        bench.engine.change(false, |d| d.add_takes(vec![crate::clips::document::tests::take(7)], 1));
        bench.worker.carry_out(Command::Run);
        let (kind, text) = bench.status();
        assert!(kind == StatusKind::Bad && text.contains(words), "{text}");
        assert_eq!(bench.engine.live().progress, None);
        assert_eq!(bench.seeds(), [7]);
    }
    let mut bench = bench(Simple);
    bench.worker.carry_out(Command::MoreLike(99));
    assert!(bench.status().1.contains("gone"));
}

#[test]
fn continue_needs_a_primer_and_leaves_it_as_it_is() {
    let mut bench = bench_with(Simple, |p| p.tool = EnumParam::new("Tool", Tool::Continue));
    bench.worker.carry_out(Command::Run);
    assert!(bench.status().1.contains("primer"), "{:?}", bench.status());
    let clip = Arc::new(crate::clips::document::tests::take(7).clip);
    let primer = Primer { clip: clip.clone(), origin: PrimerOrigin::File };
    bench.engine.change(false, |d| d.set_primer(Some(primer)));
    bench.worker.carry_out(Command::Run);
    session::carry_out(&bench.engine, Action::UseAsPrimer(2));
    assert_eq!(bench.engine.live().wishes, [(ParamId::Tool, 1)], "the window goes to Continue");
    let take = bench.engine.params.doc.read(|d| d.content().entries[1].take.clone());
    assert_eq!((take.new_from, take.request.bars, take.clip.notes[0]), (clip.length, 2, clip.notes[0]));
    let primer = bench.engine.params.doc.read(|d| d.content().primer.clone()).expect("a primer");
    assert_eq!(primer.clip.notes, take.clip.notes);
    session::carry_out(&bench.engine, Action::ClearPrimer);
    session::carry_out(&bench.engine, Action::Undo);
    assert!(bench.engine.params.doc.read(|d| d.content().primer.is_some()));
}

#[test]
fn more_like_this_keeps_the_request_and_takes_fresh_seeds() {
    let mut bench = bench(Simple);
    bench.worker.carry_out(Command::Run);
    bench.worker.carry_out(Command::MoreLike(3));
    let seeds = bench.seeds();
    assert_eq!(seeds.len(), 16);
    assert_eq!(seeds.iter().collect::<std::collections::BTreeSet<_>>().len(), 16, "no seed twice");
}

#[test]
fn what_was_played_in_becomes_the_primer() {
    let mut bench = bench(Simple);
    bench.worker.carry_out(Command::Capture);
    assert!(bench.status().1.contains("Nothing"));
    for (tick, velocity) in [(0, Some(90)), (Q, None), (2 * Q, Some(80)), (3 * Q, None)] {
        bench.audio.played(Played {
            tick: tick as f64,
            epoch: 4,
            running: true,
            channel: 0,
            pitch: 38,
            velocity,
            grid: Grid::default(),
            tempo: 100.0,
        });
    }
    bench.worker.look();
    assert_eq!(bench.engine.gui.telemetry.captured_bars(), 1);
    bench.worker.carry_out(Command::Capture);
    let primer = bench.engine.params.doc.read(|d| d.content().primer.clone()).expect("a primer");
    assert_eq!(
        (primer.clip.kind, primer.clip.notes.len(), primer.clip.tempo),
        (ClipKind::Drums, 2, Some(100.0))
    );
}

#[test]
fn a_song_waits_for_its_track_and_a_bad_file_changes_nothing() {
    let mut bench = bench(Simple);
    let folder = tempfile::tempdir().expect("temporary folder");
    let bad = folder.path().join("noise.mid");
    std::fs::write(&bad, [0x42; 100]).expect("temporary file");
    bench.worker.carry_out(Command::Open(bad));
    assert!(bench.status().0 == StatusKind::Bad && bench.status().1.contains("noise.mid"));
    let part = |kind, pitch| Clip {
        name: "Part".into(),
        kind,
        notes: vec![Note { start: 0, pitch, length: Q, velocity: 90 }],
        length: 4 * Q,
        meter: Meter::COMMON,
        tempo: Some(90.0),
    };
    let bytes = midi::write_clips(&[part(ClipKind::Drums, 36), part(ClipKind::Melody, 64)]).expect("a file");
    let song = folder.path().join("song.mid");
    std::fs::write(&song, bytes).expect("temporary file");
    bench.worker.carry_out(Command::Open(song));
    let view = crate::clips::show::view(&bench.engine).song.expect("a choice");
    assert_eq!((view.tracks.len(), view.preselected, view.file.as_str()), (2, 0, "song.mid"));
    bench.worker.carry_out(Command::ChooseTrack { track: 1, top_line: false, file_tempo: false });
    let primer = bench.engine.params.doc.read(|d| d.content().primer.clone()).expect("a primer");
    assert_eq!((primer.clip.notes[0].pitch, primer.clip.tempo), (64, Some(120.0)), "at the host's tempo");
    assert!(bench.engine.live().song.is_none());
}

#[test]
fn drums_are_read_by_the_kit_and_what_models_cannot_tell_apart_is_said() {
    let mut bench = bench_with(Simple, |p| p.tool = EnumParam::new("Tool", Tool::Continue));
    let note = |i: i64, pitch| Note { start: i * Q, pitch, length: Q, velocity: 90 };
    let part = Clip {
        name: "Pads".into(),
        kind: ClipKind::Drums,
        notes: vec![note(0, 36), note(1, 43), note(2, 58), note(3, 3)],
        length: 4 * Q,
        meter: Meter::COMMON,
        tempo: None,
    };
    let folder = tempfile::tempdir().expect("temporary folder");
    let song = folder.path().join("pads.mid");
    std::fs::write(&song, midi::write_clips(&[part]).expect("a file")).expect("temporary file");
    session::carry_out(&bench.engine, Action::DrumMap(MapChange::Kit(1)));
    bench.worker.carry_out(Command::Open(song));
    let (kind, text) = bench.status();
    assert!(kind == StatusKind::Warn && text.contains("Low tom (43, 58). No lane hears 3."), "{text}");
    let heard = |bench: &Bench| {
        let primer = bench.engine.request().expect("possible").primer.expect("the file");
        primer.notes.iter().map(|n| n.pitch).collect::<Vec<_>>()
    };
    assert_eq!(heard(&bench), [36, 43, 45, 3]);
    session::carry_out(&bench.engine, Action::DrumMap(MapChange::Input { pitch: 3, lane: Some(0) }));
    assert_eq!(heard(&bench), [36, 43, 45, 36]);
    // A map that could not be read back is refused in words.
    session::carry_out(&bench.engine, Action::DrumMap(MapChange::Output { lane: 0, pitch: 38 }));
    assert_eq!(bench.status(), (StatusKind::Bad, "Pitch 38 would play both Kick and Snare.".into()));
    bench.worker.carry_out(Command::Run);
    bench.heard();
    session::carry_out(&bench.engine, Action::DrumMap(MapChange::Output { lane: 0, pitch: 24 }));
    assert_eq!(bench.heard(), Some(Some(1)), "what sounds goes out anew");
    for _ in 0..2 {
        session::carry_out(&bench.engine, Action::Undo);
    }
    session::carry_out(&bench.engine, Action::Undo);
    assert_eq!(heard(&bench), [36, 43, 45, 3], "as before the map was changed");
}

#[test]
fn dragging_out_stops_the_take_and_a_click_resumes_it() {
    let mut bench = bench(Simple);
    bench.worker.carry_out(Command::Run);
    bench.heard();
    let wish = session::carry_out(&bench.engine, Action::DragOut(Part::Whole)).expect("a drag");
    let session::Wish::Drag(path) = wish;
    assert!(path.is_file(), "the file is there before the gesture starts");
    assert_eq!(bench.heard(), Some(None));
    session::carry_out(&bench.engine, Action::Show(1));
    assert_eq!(bench.heard(), Some(Some(1)));
    session::carry_out(&bench.engine, Action::Show(5));
    assert_eq!(bench.heard(), Some(Some(5)));
    session::carry_out(&bench.engine, Action::Star(5));
    assert_eq!(bench.heard(), None, "a star changes nothing that sounds");
    session::carry_out(&bench.engine, Action::Delete(5));
    assert_eq!(bench.heard(), Some(Some(6)), "the neighbour takes over");
}

#[test]
fn takes_of_a_project_that_was_closed_meanwhile_are_dropped() {
    struct Reload(Mutex<Option<Arc<Engine>>>);
    impl Generator for Reload {
        fn run(&self, request: &Request, c: &Cancel, p: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
            use nice_plug::params::persist::PersistentField;
            let engine = self.0.lock().expect("not poisoned").take().expect("set by the test");
            let saved: crate::clips::state::Saved =
                serde_json::from_str(r#"{"version":1,"seed":5}"#).expect("valid");
            engine.params.doc.set(saved);
            Simple.run(request, c, p)
        }
    }
    let generator = Arc::new(Reload(Mutex::new(None)));
    struct Shared(Arc<Reload>);
    impl Generator for Shared {
        fn run(&self, r: &Request, c: &Cancel, p: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
            self.0.run(r, c, p)
        }
    }
    let mut bench = bench(Shared(generator.clone()));
    *generator.0.lock().expect("not poisoned") = Some(bench.engine.clone());
    bench.worker.carry_out(Command::Run);
    assert!(bench.seeds().is_empty());
    assert_eq!(bench.heard(), Some(None), "the loaded project is silent");
}

#[test]
fn the_thread_answers_the_trigger_and_stops_in_the_middle_of_a_run() {
    /// Runs until it is cancelled.
    struct Endless(Mutex<Sender<()>>);
    impl Generator for Endless {
        fn run(&self, _: &Request, cancel: &Cancel, _: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
            let _ = self.0.lock().expect("not poisoned").send(());
            while !cancel.is_cancelled() {
                std::thread::yield_now();
            }
            Err("Cancelled.".into())
        }
    }
    let (begun, wait) = channel();
    let trigger = Arc::new(Trigger::default());
    let params = Arc::new(ClipsParams::new(trigger.clone()));
    let (_audio, side, gui) = bridge(trigger.clone());
    let engine = Engine::new(params, gui, side, Arc::new(Endless(Mutex::new(begun))));
    engine.start();
    trigger.arm();
    trigger.parameter_changed(true);
    wait.recv().expect("the run began");
    engine.stop();
    assert!(trigger.wait(Duration::ZERO), "answered, though cancelled");
}

#[test]
fn rewrite_takes_the_shown_take_and_its_locked_bars() {
    let tool = |tool| move |p: &mut ClipsParams| p.tool = EnumParam::new("Tool", tool);
    let bench = bench_with(Simple, tool(Tool::Rewrite));
    let engine = &bench.engine;
    assert!(engine.request().is_err(), "nothing to rewrite");
    let primer = Clip { length: 16 * Q, ..Clip::default() };
    let primer = Primer { clip: Arc::new(primer), origin: PrimerOrigin::File };
    engine.change(false, |d| d.set_primer(Some(primer)));
    assert_eq!(engine.request().expect("the primer").primer.map(|c| c.length), Some(16 * Q));
    engine.change(false, |d| d.add_takes(vec![crate::clips::document::tests::take(1)], 2));
    for bar in [2, 0, 2, 1] {
        session::carry_out(engine, Action::Lock(bar));
    }
    let request = engine.request().expect("the take");
    assert_eq!((request.primer.map(|c| c.length), request.infill.locked), (Some(4 * 30_720), vec![0, 1]));
    session::carry_out(engine, Action::RewriteFrom(3));
    assert_eq!(engine.request().expect("the take").infill.locked, [0, 1, 2]);
    session::carry_out(engine, Action::Undo);
    assert_eq!(engine.request().expect("the take").infill.locked, [0, 1]);
    assert_eq!(engine.live().wishes, [(ParamId::Tool, Tool::Rewrite as usize)]);
}

/// An instance whose chosen model hears chords.
fn improviser(tool: Tool) -> Bench {
    let slot = crate::library::models().iter().position(|m| m.id == "chord_pitches_improv");
    let slot = slot.expect("in the catalogue") as i32;
    bench_with(Simple, move |p| {
        p.model = IntParam::new("Model", slot, IntRange::Linear { min: 0, max: 31 });
        p.tool = EnumParam::new("Tool", tool);
    })
}

fn figures(marks: &[ChordMark]) -> Vec<(i64, &str)> {
    marks.iter().map(|c| (c.tick / Q, c.figure.as_str())).collect()
}

impl Bench {
    fn first_take(&self) -> Arc<Take> {
        self.engine.params.doc.read(|d| d.content().entries[0].take.clone())
    }

    fn primer_chords(&self) -> Vec<ChordMark> {
        self.engine.params.doc.read(|d| d.content().chords.primer.clone())
    }
}

#[test]
fn typed_chords_reach_the_take_and_wrong_ones_change_nothing() {
    let mut bench = improviser(Tool::Generate);
    session::carry_out(&bench.engine, Action::Chords("C G7 | Am F".into()));
    session::carry_out(&bench.engine, Action::Chords("C H G".into()));
    let (kind, text) = bench.status();
    assert!(kind == StatusKind::Bad && text.contains("“H”") && text.ends_with('.'), "{text}");
    bench.worker.carry_out(Command::Run);
    let chords = bench.first_take().chords();
    assert_eq!(figures(&chords), [(0, "C"), (4, "G7"), (8, "Am"), (12, "F")]);
    // A model that hears none is not given any.
    let drums = bench_with(Simple, |_| {});
    session::carry_out(&drums.engine, Action::Chords("C".into()));
    assert_eq!(drums.engine.request().map(|r| r.chords), Ok(None));
}

#[test]
fn what_is_played_in_is_recognised_under_the_primer_and_as_a_progression() {
    let mut bench = improviser(Tool::Continue);
    let bars: [[u8; 3]; 4] = [[60, 64, 67], [57, 60, 64], [53, 57, 60], [55, 59, 62]];
    for (bar, chord) in (0i64..).zip(bars) {
        for (tick, velocity) in [(4 * bar * Q, Some(90)), ((4 * bar + 4) * Q - 500, None)] {
            for pitch in chord {
                bench.audio.played(Played {
                    tick: tick as f64,
                    epoch: 4,
                    running: true,
                    channel: 0,
                    pitch,
                    velocity,
                    grid: Grid::default(),
                    tempo: 100.0,
                });
            }
        }
    }
    bench.worker.look();
    bench.worker.carry_out(Command::FindPlayedChords);
    assert!(bench.status().1.contains("C Am F G"), "{}", bench.status().1);
    session::carry_out(&bench.engine, Action::FindPrimerChords);
    assert!(bench.status().1.contains("no primer"));
    bench.worker.carry_out(Command::Capture);
    session::carry_out(&bench.engine, Action::FindPrimerChords);
    bench.worker.carry_out(Command::Run);
    let chords = bench.first_take().chords();
    let expected = [(0, "C"), (4, "Am"), (8, "F"), (12, "G"), (16, "C"), (20, "Am")];
    assert_eq!(figures(&chords), expected);
    for _ in 0..2 {
        session::carry_out(&bench.engine, Action::Undo);
    }
    assert!(bench.primer_chords().is_empty());
}

#[test]
fn a_scores_chords_come_with_its_primer_and_a_takes_with_the_take() {
    let mut bench = improviser(Tool::Continue);
    let folder = tempfile::tempdir().expect("temporary folder");
    let song = folder.path().join("tune.abc");
    let abc = "X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\n\"Dm7\"C D E F|\"G7\"G A B c|\n";
    std::fs::write(&song, abc).expect("written");
    bench.worker.carry_out(Command::Open(song));
    assert_eq!(figures(&bench.primer_chords()), [(0, "Dm7"), (4, "G7")]);
    session::carry_out(&bench.engine, Action::PrimerChords("Dm7 Db7".into()));
    session::carry_out(&bench.engine, Action::Chords("C".into()));
    bench.worker.carry_out(Command::Run);
    session::carry_out(&bench.engine, Action::UseAsPrimer(1));
    assert_eq!(figures(&bench.primer_chords()), [(0, "Dm7"), (4, "Db7"), (8, "C")]);
}
