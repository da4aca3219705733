//! The pad: clips around a take are decoded once, play while the switch is on, and become takes.

use super::*;
use crate::clips::document::tests::take;
use crate::clips::pad::cell;
use crate::clips::playable::PAD;
use crate::gui::view::PadChange;
use descant_core::tool::{Near, Origin, SQUARE_SIDE, ToolKind};
use nice_plug::prelude::BoolParam;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what is decoded, and keeps what is asked for.
#[derive(Default)]
struct Counter {
    decoded: Arc<AtomicUsize>,
    asked: Arc<Mutex<Option<Request>>>,
}

impl Generator for Counter {
    fn run(&self, _: &Request, _: &Cancel, _: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
        Err("Only asked.".into())
    }

    fn around(
        &self,
        request: &Request,
        _: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        *self.asked.lock().expect("one thread") = Some(request.clone());
        self.decoded.fetch_add(1, Ordering::SeqCst);
        progress(0.5);
        let clip = |i: usize| {
            let mut clip = take(1).clip;
            clip.notes[0].pitch = 30 + (i % 60) as u8;
            clip
        };
        Ok((0..SQUARE_SIDE * SQUARE_SIDE).map(clip).collect())
    }
}

fn latent_take(seed: u32) -> Take {
    let request = Request {
        model: "cat-drums_2bar_small".into(),
        tool: ToolKind::Generate,
        bars: 1,
        ..Request::default()
    };
    Take { request: Arc::new(request), origin: Some(Origin { seed, ..Origin::default() }), ..take(seed) }
}

fn pad(bench: &Bench, change: PadChange) {
    session::carry_out(&bench.engine, Action::Pad(change));
}

#[test]
fn the_square_is_decoded_once_and_plays_while_the_switch_is_on() {
    let counter = Counter::default();
    let (decoded, asked) = (counter.decoded.clone(), counter.asked.clone());
    let mut bench = bench_with(counter, |p| p.between.pad_plays = BoolParam::new("Pad plays", true));
    bench.engine.change(false, |d| d.add_takes(vec![latent_take(3), take(4)], 9));
    bench.heard();
    let round = |bench: &mut Bench| {
        bench.worker.keep_pad();
        (decoded.load(Ordering::SeqCst), bench.heard())
    };
    assert_eq!(round(&mut bench), (0, None), "there is no pad");
    pad(&bench, PadChange::Around(1));
    assert_eq!(round(&mut bench), (1, Some(Some(PAD))));
    let request = asked.lock().expect("one thread").take().expect("asked");
    assert_eq!(request.latent.near, Near::Take(Origin { seed: 3, ..Origin::default() }));
    // Takes come and places are saved, and the pad goes on.
    bench.engine.change(false, |d| d.add_takes(vec![take(5)], 9));
    pad(&bench, PadChange::Save("here".into()));
    assert_eq!(round(&mut bench), (1, None));
    pad(&bench, PadChange::Turn);
    assert_eq!(round(&mut bench), (2, Some(Some(PAD))));
    pad(&bench, PadChange::Recall(0));
    assert_eq!(round(&mut bench), (3, Some(Some(PAD))), "the directions of the saved place");
    // What no space wrote is heard by the one that interpolates drums.
    pad(&bench, PadChange::Around(2));
    assert_eq!(round(&mut bench).0, 4);
    let request = asked.lock().expect("one thread").take().expect("asked");
    assert!(request.latent.near == Near::Primer && request.model.starts_with("cat-drums"), "{request:?}");
    pad(&bench, PadChange::Close);
    assert_eq!(round(&mut bench), (4, Some(Some(3))), "the take again");
    session::carry_out(&bench.engine, Action::Undo);
    assert_eq!(round(&mut bench), (5, Some(Some(PAD))));
    bench.engine.change(false, |d| d.delete(2));
    assert_eq!(bench.engine.params.doc.read(|d| d.content().pad.centre), None, "it goes with its take");
}

#[test]
fn a_place_becomes_a_take() {
    let mut bench = bench_with(Counter::default(), |_| {});
    pad(&bench, PadChange::Keep);
    assert_eq!(bench.status().1, "The pad has no clips yet.");
    bench.engine.change(false, |d| d.add_takes(vec![latent_take(3)], 9));
    pad(&bench, PadChange::Around(1));
    bench.worker.keep_pad();
    assert_eq!(bench.engine.square().clips().len(), SQUARE_SIDE * SQUARE_SIDE);
    pad(&bench, PadChange::Keep);
    let (kept, seed) = bench.engine.params.doc.read(|d| {
        let content = d.content();
        (content.shown_entry().map(|e| e.take.clone()), content.seed)
    });
    let kept = kept.expect("a take");
    assert_eq!((kept.clip.notes[0].pitch, seed), (30 + (cell(0.5, 0.5) % 60) as u8, 9));
    assert!(kept.origin.is_none() && kept.clip.name.contains("Descant 1 of 1"), "{}", kept.clip.name);
    session::carry_out(&bench.engine, Action::Undo);
    assert_eq!(bench.seeds().len(), 1);
}
