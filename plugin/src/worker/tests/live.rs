//! The live modes from what was heard to what is sent, with a generator that writes one note per seed.

use super::*;
use crate::bridge::{Moment, Sounding};
use crate::clips::document::MAX_LIVE;
use crate::clips::params::LiveMode;
use crate::clips::playable::Start;

/// One note in the new part, told by the seed; some seeds write only rests.
struct Seeded;

impl Generator for Seeded {
    fn run(
        &self,
        request: &Request,
        cancel: &Cancel,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Vec<Take>, String> {
        let mut takes = Simple.run(request, cancel, progress)?;
        for take in &mut takes {
            let new = take.new_from;
            take.clip.kind = request.primer.as_ref().map_or(ClipKind::Drums, |p| p.kind);
            take.clip.notes.retain(|n| n.start < new || !request.seed.is_multiple_of(16));
            for note in take.clip.notes.iter_mut().filter(|n| n.start >= new) {
                note.pitch = (request.seed % 100) as u8;
                note.length = i64::from(request.seed / 100 % 1000) + 1;
            }
        }
        if cancel.is_cancelled() { Err("Cancelled.".into()) } else { Ok(takes) }
    }
}

fn moment(mode: LiveMode, tick: i64) -> Moment {
    Moment {
        mode,
        tick,
        epoch: 1,
        running: true,
        grid: Grid::default(),
        sounding: None,
        waiting: false,
        received: 0,
        panics: 0,
    }
}

impl Bench {
    fn hear(&mut self, moment: Moment) {
        self.audio.moment(moment);
        self.worker.look();
        self.worker.play_along();
    }

    fn key(&mut self, tick: i64, pitch: u8) {
        for (tick, velocity) in [(tick, Some(90)), (tick + Q / 2, None)] {
            self.audio.played(Played {
                tick: tick as f64,
                epoch: 1,
                running: true,
                channel: 0,
                pitch,
                velocity,
                grid: Grid::default(),
                tempo: 97.0,
            });
        }
    }

    /// Take and start of what was sent.
    fn sent(&mut self) -> Option<(Option<u64>, Start)> {
        let next = self.audio.next_clip()?;
        let sent = (next.clip.as_ref().map(|c| c.take), next.start);
        self.audio.discard(next.clip);
        Some(sent)
    }
}

#[test]
fn a_call_is_answered_by_its_new_part_alone_and_a_reopened_project_is_silent() {
    let mut bench = bench(Seeded);
    bench.hear(moment(LiveMode::Answer, 0));
    bench.key(4 * Q + 7, 60);
    bench.hear(moment(LiveMode::Answer, 8 * Q));
    assert!(bench.sent().is_none(), "the bar is not over");
    bench.hear(moment(LiveMode::Answer, 11 * Q));
    let (take, start) = bench.sent().expect("an answer");
    assert_eq!((take, start), (Some(1), Start::Answer { line: 12 * Q, epoch: 1 }));
    let (entry, sounding, seed) = bench
        .engine
        .params
        .doc
        .read(|d| (d.content().entries[0].clone(), d.content().sounding, d.content().seed));
    assert!(entry.live && sounding.is_none() && !bench.engine.params.doc.read(|d| d.can().0));
    assert_eq!((entry.take.request.bars, seed), (1, derive(1, 1)));
    let call = entry.take.request.primer.as_ref().expect("the call");
    assert_eq!((call.notes[0].start, call.length), (7, 4 * Q));
    assert_eq!(bench.engine.live().stage.to_string(), "Your call is over, the answer comes");
    // A note in the last beat: the answer is taken back, also from the history.
    bench.key(12 * Q - Q / 2, 62);
    bench.hear(moment(LiveMode::Answer, 12 * Q));
    assert_eq!(bench.sent(), Some((None, Start::Withdraw { line: 12 * Q })));
    assert!(bench.seeds().is_empty());
}

#[test]
fn the_next_clips_are_all_different_few_and_none_is_empty() {
    let mut bench = bench(Seeded);
    let mut known = std::collections::BTreeSet::new();
    let mut now = moment(LiveMode::Continuous, 0);
    for i in 0..60 {
        now.tick += 16 * Q;
        bench.hear(now);
        let (take, start) = bench.sent().expect("a clip");
        assert_eq!(start, Start::ClipEnd);
        let entry = bench.engine.params.doc.read(|d| d.content().entries.last().cloned()).expect("a take");
        assert_eq!((Some(entry.id), entry.take.new_from > 0), (take, i > 0), "the first comes from nothing");
        let note = *entry.take.clip.notes.last().expect("never silent");
        assert!(note.start >= entry.take.new_from && known.insert((note.pitch, note.length)));
        now.received = bench.audio.received();
        now.waiting = true;
        bench.hear(now);
        assert!(bench.sent().is_none(), "one ahead is enough");
        now.waiting = false;
        now.sounding = take.map(|take| Sounding { take, once: false, bar: 0, of: 4 });
    }
    bench.hear(now);
    let content = bench.engine.params.doc.read(|d| d.content().clone());
    assert_eq!(content.entries.len(), MAX_LIVE);
    assert_eq!(
        content.sounding,
        content.entries.iter().rev().nth(1).map(|e| e.id),
        "the last but one sounds"
    );
    assert_eq!(content.shown, content.sounding);
    let primer = content.entries.last().and_then(|e| e.take.request.primer.clone()).expect("a primer");
    assert_eq!(primer.bars(), 4, "no more than the new bars");
}

#[test]
fn a_click_meanwhile_goes_before_the_next_clip() {
    struct Click(Mutex<Option<Arc<Engine>>>);
    impl Generator for Arc<Click> {
        fn run(&self, request: &Request, c: &Cancel, p: &mut dyn FnMut(f32)) -> Result<Vec<Take>, String> {
            if let Some(engine) = self.0.lock().expect("not poisoned").take() {
                session::carry_out(&engine, Action::Show(1));
            }
            Seeded.run(request, c, p)
        }
    }
    let click = Arc::new(Click(Mutex::new(None)));
    let mut bench = bench(click.clone());
    bench.worker.carry_out(Command::Run);
    assert_eq!(bench.heard(), Some(Some(1)));
    session::carry_out(&bench.engine, Action::Show(3));
    assert_eq!(bench.heard(), Some(Some(3)));
    *click.0.lock().expect("not poisoned") = Some(bench.engine.clone());
    let mut now = moment(LiveMode::Continuous, 0);
    now.sounding = Some(Sounding { take: 3, once: false, bar: 0, of: 4 });
    now.received = bench.audio.received();
    bench.hear(now);
    assert_eq!(bench.sent(), Some((Some(1), Start::SwapPoint)));
    assert!(bench.sent().is_none(), "what was written after the other take is not wanted");
    now.sounding = Some(Sounding { take: 1, once: false, bar: 0, of: 4 });
    now.received = bench.audio.received();
    bench.hear(now);
    assert_eq!(bench.sent().map(|s| s.1), Some(Start::ClipEnd));
}
