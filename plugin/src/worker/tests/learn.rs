//! A model learns on a thread of its own; what comes of it is chosen, said, or forgotten.

use super::*;
use crate::clips::document::tests::take;
use crate::gui::view::LessonChange;
use std::sync::mpsc::SyncSender;

const MODEL: &str = "cat-mel_2bar_small";

/// Learns what its name says.
struct Teacher(SyncSender<Own>);

impl Generator for Teacher {
    fn run(&self, _: &Request, _: &Cancel, _: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
        Err("Nothing is written here.".into())
    }

    fn personalise(
        &self,
        own: &Own,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32, Option<f32>),
    ) -> Result<Added, String> {
        self.0.send(own.clone()).expect("the test listens");
        for round in 1..=4_u8 {
            progress(f32::from(round) / 4.0, Some(8.0 / f32::from(round)));
        }
        match own.name.as_str() {
            "endless" => {
                while !cancel.is_cancelled() {
                    std::thread::yield_now();
                }
            }
            "broken" => panic!("the test's broken model"),
            "thin" => return Err("There is too little to learn from.".into()),
            _ => {}
        }
        let text = "It has learnt.".into();
        Ok(Added { model: MODEL.into(), weights: format!("{MODEL}.{}", own.name), text })
    }
}

fn bench_that_learns() -> (Bench, Receiver<Own>) {
    let (sender, receiver) = std::sync::mpsc::sync_channel(8);
    (bench(Teacher(sender)), receiver)
}

fn learn(bench: &mut Bench, name: &str) {
    bench.worker.carry_out(Command::Learn { model: MODEL.into(), name: name.into() });
}

fn chosen(bench: &Bench) -> Option<String> {
    bench.engine.params.doc.read(|d| d.content().weights.get(MODEL).cloned())
}

#[test]
fn what_was_learnt_plays_and_is_undone() {
    let (mut bench, asked) = bench_that_learns();
    bench.engine.change(false, |d| {
        d.add_takes(vec![take(3), take(4)], 9);
        d.star(2);
    });
    session::carry_out(&bench.engine, Action::Lesson(LessonChange::Starred));
    session::carry_out(&bench.engine, Action::Lesson(LessonChange::Shown));
    session::carry_out(&bench.engine, Action::Lesson(LessonChange::Shown));
    assert!(bench.status().1.contains("among the clips already"), "{:?}", bench.status());
    learn(&mut bench, "mine");
    learn(&mut bench, "again");
    assert!(bench.status().1.contains("still learning"));
    bench.worker.end_learning(true);
    let own = asked.recv().expect("asked");
    assert_eq!((own.base.as_str(), own.name.as_str(), own.seed, own.clips.len()), (MODEL, "mine", 9, 2));
    assert!(asked.try_recv().is_err(), "once");
    assert_eq!(bench.status(), (StatusKind::Good, "It has learnt.".into()));
    assert_eq!(chosen(&bench).as_deref(), Some("cat-mel_2bar_small.mine"));
    {
        let training = bench.engine.training();
        assert_eq!(
            (training.progress, training.curve.as_slice()),
            (None, [8.0, 4.0, 8.0 / 3.0, 2.0].as_slice())
        );
        assert_eq!(training.ended.text, "It has learnt.");
    }
    session::carry_out(&bench.engine, Action::Undo);
    assert_eq!(chosen(&bench), None);
    session::carry_out(&bench.engine, Action::Lesson(LessonChange::Remove(0)));
    assert_eq!(bench.engine.params.doc.read(|d| d.content().lesson.len()), 1);
    session::carry_out(&bench.engine, Action::Undo);
    assert_eq!(bench.engine.params.doc.read(|d| d.content().lesson.len()), 2);
}

#[test]
fn nothing_learnt_is_a_sentence() {
    let (mut bench, _asked) = bench_that_learns();
    session::carry_out(&bench.engine, Action::Lesson(LessonChange::Primer));
    assert_eq!(bench.status().1, "There is no primer.");
    learn(&mut bench, "mine");
    assert!(bench.status().1.contains("no clips to learn from yet"), "{:?}", bench.status());
    bench.engine.change(false, |d| d.add_lesson([Arc::new(take(1).clip)]));
    for (name, said) in [("thin", "too little"), ("broken", "stumbled")] {
        learn(&mut bench, name);
        bench.worker.end_learning(true);
        let (kind, text) = bench.status();
        assert!(kind == StatusKind::Bad && text.contains(said), "{text}");
        assert_eq!((chosen(&bench), bench.engine.training().progress), (None, None));
    }
}

#[test]
fn it_can_be_stopped_and_ends_with_the_instance() {
    let (mut bench, asked) = bench_that_learns();
    bench.engine.change(false, |d| d.add_lesson([Arc::new(take(1).clip)]));
    learn(&mut bench, "endless");
    asked.recv().expect("under way");
    bench.worker.end_learning(false);
    assert!(bench.worker.learning.is_some(), "nobody waits for it");
    session::carry_out(&bench.engine, Action::StopLearning);
    bench.worker.end_learning(true);
    assert_eq!(bench.status(), (StatusKind::Info, "Stopped: nothing was kept.".into()));
    assert_eq!(chosen(&bench), None);
    learn(&mut bench, "endless");
    asked.recv().expect("under way");
    bench.worker.stop_learning();
    assert!(bench.worker.learning.is_none());
}

#[test]
fn another_project_keeps_its_choice() {
    let (mut bench, asked) = bench_that_learns();
    bench.engine.change(false, |d| d.add_lesson([Arc::new(take(1).clip)]));
    learn(&mut bench, "mine");
    asked.recv().expect("under way");
    let doc = bench.engine.params.doc.clone();
    use nice_plug::params::persist::PersistentField as _;
    let saved = crate::clips::state::Saved::of(&crate::clips::document::Content::default());
    doc.set(saved);
    bench.worker.end_learning(true);
    assert_eq!(chosen(&bench), None);
    assert!(bench.status().1.contains("has learnt"), "it is there all the same");
}

#[test]
fn files_bring_all_their_tracks() {
    let (mut bench, _asked) = bench_that_learns();
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("song.mid");
    let melody = Clip { kind: ClipKind::Melody, name: "Lead".into(), ..take(1).clip };
    std::fs::write(&path, midi::write_clips(&[take(1).clip, melody]).expect("a file")).expect("written");
    bench.worker.carry_out(Command::Lesson(vec![path]));
    assert!(bench.status().1.starts_with("2 clips"), "{:?}", bench.status());
    bench.worker.carry_out(Command::Lesson(vec![folder.path().join("gone.mid")]));
    assert!(bench.status().1.contains("gone.mid"), "{:?}", bench.status());
}
