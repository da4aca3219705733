//! What lies between two clips: decoded once for each pair, played while the switch is on. And near one clip.

use super::*;
use crate::clips::document::{Slot, tests::take};
use crate::clips::morph::POSITIONS;
use crate::clips::playable::MORPH;
use descant_core::tool::{Near, Origin, ToolKind};
use nice_plug::prelude::BoolParam;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what is decoded, and keeps what is asked for.
#[derive(Default)]
struct Counter {
    decoded: Arc<AtomicUsize>,
    asked: Arc<Mutex<Option<Request>>>,
}

impl Generator for Counter {
    fn run(&self, request: &Request, _: &Cancel, _: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
        *self.asked.lock().expect("one thread") = Some(request.clone());
        Err("Only asked.".into())
    }

    fn between(
        &self,
        request: &Request,
        positions: &[f32],
        _: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Clip>, String> {
        assert_eq!((positions.len(), request.latent.others.len(), request.temperature), (POSITIONS, 1, 0.0));
        assert_eq!((positions[0], positions[POSITIONS - 1]), (0.0, 1.0));
        self.decoded.fetch_add(1, Ordering::SeqCst);
        progress(0.5);
        Ok(positions.iter().map(|_| take(1).clip).collect())
    }
}

fn put(bench: &Bench, slot: Slot, clip: Option<Clip>) {
    bench.engine.change(false, |d| d.set_slot(slot, clip.map(Arc::new)));
}

#[test]
fn what_lies_between_is_decoded_once_and_plays_while_the_switch_is_on() {
    let counter = Counter::default();
    let decoded = counter.decoded.clone();
    let mut bench = bench_with(counter, |p| p.between.morph_plays = BoolParam::new("Morph plays", true));
    let round = |bench: &mut Bench| {
        bench.worker.keep_morph();
        (decoded.load(Ordering::SeqCst), bench.heard())
    };
    assert_eq!(round(&mut bench), (0, None), "there are no ends");
    let primer = Primer { clip: Arc::new(take(1).clip), origin: PrimerOrigin::Take };
    bench.engine.change(false, |d| d.set_primer(Some(primer)));
    assert_eq!(round(&mut bench), (0, None), "there is no B");
    put(&bench, Slot::Other, Some(take(2).clip));
    assert_eq!(round(&mut bench), (1, Some(Some(MORPH))));
    // Takes come, and the morph goes on.
    bench.engine.change(false, |d| d.add_takes(vec![take(3)], 4));
    assert_eq!(round(&mut bench), (1, None));
    put(&bench, Slot::Other, Some(take(5).clip));
    assert_eq!(round(&mut bench), (2, Some(Some(MORPH))));
    // Clips of two kinds have nothing between them: the take sounds, and the window says why.
    put(&bench, Slot::Other, Some(Clip { kind: ClipKind::Melody, ..take(5).clip }));
    assert_eq!(round(&mut bench), (2, Some(Some(1))));
    assert!(bench.status().1.contains("two of a kind"), "{:?}", bench.status());
    session::carry_out(&bench.engine, Action::Undo);
    assert_eq!(round(&mut bench), (3, Some(Some(MORPH))), "undo brings B back");
    put(&bench, Slot::Other, None);
    assert_eq!(round(&mut bench), (3, Some(Some(1))));
}

#[test]
fn the_page_decodes_ahead_and_nothing_plays_before_the_switch_is_on() {
    let counter = Counter::default();
    let decoded = counter.decoded.clone();
    let mut bench = bench_with(counter, |p| p.tool = EnumParam::new("Tool", Tool::Interpolate));
    let primer = Primer { clip: Arc::new(take(1).clip), origin: PrimerOrigin::Take };
    bench.engine.change(false, |d| d.set_primer(Some(primer)));
    put(&bench, Slot::Other, Some(take(2).clip));
    bench.worker.keep_morph();
    assert_eq!((decoded.load(Ordering::SeqCst), bench.heard()), (1, None));
    assert_eq!(bench.engine.morph().view(0.5).places.len(), POSITIONS);
    session::carry_out(&bench.engine, Action::SwapEnds);
    let ends = bench.engine.ends().expect("a model").expect("two ends");
    assert_eq!((&*ends.a, &*ends.b), (&take(2).clip, &take(1).clip));
}

#[test]
fn more_like_a_take_of_a_latent_model_is_near_it() {
    let counter = Counter::default();
    let asked = counter.asked.clone();
    let mut bench = bench_with(counter, |_| {});
    let liked = |model: &str| {
        let request = Request { model: model.into(), tool: ToolKind::Generate, ..Request::default() };
        Take { request: Arc::new(request), origin: Some(Origin { seed: 7, ..Origin::default() }), ..take(1) }
    };
    let takes = vec![liked("groovae_2bar_humanize"), liked("drum_kit")];
    bench.engine.change(false, |d| d.add_takes(takes, 2));
    let mut near = |id| {
        bench.worker.carry_out(Command::MoreLike(id));
        let request = asked.lock().expect("one thread").take().expect("asked");
        (request.latent.near, request.latent.radius, request.variations)
    };
    assert_eq!(near(1), (Near::Take(Origin { seed: 7, ..Origin::default() }), 0.25, 8));
    assert_eq!(near(2).0, Near::Anywhere);
    // With other notes it lies elsewhere: the model hears them.
    let mut edited = take(1).clip;
    edited.notes[0].pitch = 38;
    bench.engine.change(false, |d| d.edit_take(1, edited));
    bench.worker.carry_out(Command::MoreLike(1));
    let request = asked.lock().expect("one thread").take().expect("asked");
    assert_eq!((request.latent.near, request.primer.map(|c| c.notes[0].pitch)), (Near::Primer, Some(38)));
}
