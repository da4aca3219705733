//! Tests of player and timeline together, with a host that is as awkward as real ones.

mod live;
mod morph;

use super::playable::{Playable, Spot, Start};
use super::player::{Channels, Event, Player, Quantum, Settings};
use super::timeline::{Timeline, Transport};
use descant_core::music::drum_map::DrumMap;
use descant_core::music::{Clip, ClipKind, Meter, Note, TICKS_PER_QUARTER, Ticks};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const Q: Ticks = TICKS_PER_QUARTER;

fn clip(bars: Ticks, notes: &[(Ticks, u8, Ticks)]) -> Clip {
    let notes =
        notes.iter().map(|&(start, pitch, length)| Note { start, pitch, length, velocity: 100 }).collect();
    let mut clip = Clip {
        name: String::new(),
        kind: ClipKind::Melody,
        notes,
        length: bars * 4 * Q,
        meter: Meter::COMMON,
        tempo: None,
    };
    clip.normalise();
    clip
}

fn ready(clip: &Clip, take: u64) -> Option<Arc<Playable>> {
    Some(Arc::new(Playable::new(clip, take)))
}

/// Sixteenths with overlapping long notes on other keys.
fn busy() -> Clip {
    let mut notes: Vec<(Ticks, u8, Ticks)> =
        (0..16).map(|i| (i * Q / 4, 60 + (i % 5) as u8, Q / 4)).collect();
    notes.extend([(17, 40, 3 * Q), (2 * Q + 1, 41, 9 * Q), (4 * Q - 1, 42, Q)]);
    clip(1, &notes)
}

/// A host with a transport in which positions are exact: `beat = start + samples · tempo / 60 / rate`.
struct Host {
    rate: f64,
    timeline: Timeline,
    player: Player,
    transport: Transport,
    settings: Settings,
    /// Room in the event queue per block.
    room: usize,
    /// Positions are rounded to this many parts of a beat, as some hosts do.
    rounding: Option<f64>,
    clock: u64,
    /// Song position in ticks at the next block.
    position: f64,
    events: Vec<(u64, Event)>,
}

impl Host {
    fn new(rate: f64, tempo: f64) -> Self {
        Self {
            rate,
            timeline: Timeline::new(rate),
            player: Player::default(),
            transport: Transport {
                host: true,
                playing: true,
                tempo: Some(tempo),
                meter: Some(Meter::COMMON),
                ..Transport::default()
            },
            settings: Settings {
                on: true,
                quantum: Quantum::Bar,
                channels: Channels { melodies: 0, bass: 1, drums: 9 },
                spot: Spot::default(),
            },
            room: usize::MAX,
            rounding: None,
            clock: 0,
            position: 0.0,
            events: Vec::new(),
        }
    }

    fn with(mut self, clip: &Clip) -> Self {
        self.player.set_clip(ready(clip, 1), Start::Now);
        self
    }

    fn step(&self) -> f64 {
        self.transport.tempo.unwrap_or(120.0) / 60.0 * Q as f64 / self.rate
    }

    fn block(&mut self, frames: u32) {
        if self.transport.host {
            let reported = match self.rounding {
                Some(parts) => (self.position / Q as f64 * parts).round() / parts * Q as f64,
                None => self.position,
            };
            self.transport.position = Some(reported);
        }
        let plan = self.timeline.plan(&self.transport, frames, 120.0, true);
        let (clock, mut room, mut last) = (self.clock, self.room, 0);
        let events = &mut self.events;
        self.player.process(plan, frames, self.settings, &mut |event| {
            assert!(event.sample >= last && event.sample < frames, "sorted and inside the block: {event:?}");
            last = event.sample;
            if room == 0 {
                return false;
            }
            room -= 1;
            events.push((clock + u64::from(event.sample), event));
            true
        });
        drop(self.player.take_retired());
        self.clock += u64::from(frames);
        if self.transport.playing {
            for _ in 0..frames {
                self.advance();
            }
        }
    }

    /// One sample on, with the loop.
    fn advance(&mut self) {
        self.position += self.step();
        if let Some((start, end)) = self.transport.loop_range {
            // Hosts loop at the sample nearest to the end.
            let half = 0.5 * self.step();
            if self.position >= end - half && self.position - self.step() < end - half {
                self.position += start - end;
            }
        }
    }

    fn run(&mut self, frames: u64, mut size: impl FnMut() -> u32) -> &mut Self {
        let end = self.clock + frames;
        while self.clock < end {
            let left = u32::try_from(end - self.clock).unwrap_or(u32::MAX);
            self.block(size().clamp(1, left));
        }
        self
    }

    fn stop(&mut self) -> &mut Self {
        self.room = usize::MAX;
        self.transport.playing = false;
        self.block(64);
        self
    }

    fn onsets(&self) -> Vec<(u64, u8)> {
        self.events.iter().filter(|(_, e)| e.velocity.is_some()).map(|(at, e)| (*at, e.pitch)).collect()
    }

    fn assert_balanced(&self) {
        let mut on: BTreeMap<(u8, u8), bool> = BTreeMap::new();
        for (at, event) in &self.events {
            let sounding = on.entry((event.channel, event.pitch)).or_default();
            assert_ne!(*sounding, event.velocity.is_some(), "{event:?} at {at}: stacked on or stray off");
            *sounding = event.velocity.is_some();
        }
        assert!(on.values().all(|on| !on), "notes hang: {on:?}");
        assert_eq!(self.player.sounding(), 0);
    }
}

/// Where the notes of a repeated clip must start, from song position 0 on: nearest sample, own arithmetic.
fn expected(clip: &Clip, rate: f64, tempo: f64, from: f64, samples: u64) -> Vec<(u64, u8)> {
    let per_tick = 60.0 * rate / tempo / Q as f64;
    let mut all = Vec::new();
    let last = from + samples as f64 / per_tick;
    let mut pass = (from / clip.length as f64).floor() as Ticks * clip.length;
    while (pass as f64) < last {
        for note in &clip.notes {
            let at = ((pass + note.start) as f64 - from) * per_tick;
            let sample = at.round();
            if sample >= 0.0 && sample < samples as f64 {
                all.push((sample as u64, note.pitch));
            }
        }
        pass += clip.length;
    }
    all.sort_unstable();
    all
}

fn sorted(mut onsets: Vec<(u64, u8)>) -> Vec<(u64, u8)> {
    onsets.sort_unstable();
    onsets
}

#[test]
fn onsets_are_exact_to_the_sample_at_any_tempo_and_rate() {
    for rate in [22_050.0, 44_100.0, 48_000.0, 96_000.0] {
        for tempo in [20.0, 97.5, 120.0, 133.0, 299.7] {
            let mut host = Host::new(rate, tempo).with(&busy());
            host.run(200_000, || 512).stop();
            host.assert_balanced();
            // Without the first and the last sample, where rounding decides who is inside.
            let mut expected = expected(&busy(), rate, tempo, 0.0, 200_000);
            let mut got = sorted(host.onsets());
            expected.retain(|(at, _)| (1..199_998).contains(at));
            got.retain(|(at, _)| (1..199_998).contains(at));
            assert_eq!(got.len(), expected.len(), "{rate} Hz, {tempo} bpm");
            for (got, expected) in got.iter().zip(&expected) {
                // Two ways of rounding an onset that falls exactly between two samples.
                assert!(got.1 == expected.1 && got.0.abs_diff(expected.0) <= 1, "{got:?} {expected:?}");
            }
            let exact = got.iter().zip(&expected).filter(|(a, b)| a == b).count();
            let ties = expected.len() - exact;
            assert!(ties * 100 <= expected.len() || ties <= 1, "{exact} of {} exact", expected.len());
        }
    }
}

#[test]
fn a_note_off_comes_at_the_end_of_its_note() {
    let mut host = Host::new(48_000.0, 120.0).with(&clip(1, &[(Q, 60, Q / 2)]));
    host.run(96_000, || 777).stop();
    let at: Vec<u64> = host.events.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [24_000, 36_000]);
}

#[test]
fn blocks_of_one_sample_are_one_big_block() {
    let run = |size: u32| {
        let mut host = Host::new(44_100.0, 133.0).with(&busy());
        host.transport.loop_range = Some((Q as f64 * 1.0, Q as f64 * 3.25));
        host.run(120_000, || size).stop();
        host.assert_balanced();
        host.events.iter().map(|(at, e)| (*at, e.pitch, e.velocity)).collect::<Vec<_>>()
    };
    let one = run(1);
    assert!(one.len() > 50);
    assert_eq!(one, run(120_000));
    assert_eq!(one, run(333));
}

#[test]
fn playing_can_start_anywhere() {
    for start in [0.0, 1.37 * Q as f64, 100.0 * Q as f64 + 5.0, -3.0 * Q as f64] {
        let mut host = Host::new(48_000.0, 120.0).with(&busy());
        host.position = start;
        host.run(48_000, || 480).stop();
        host.assert_balanced();
        assert_eq!(sorted(host.onsets()), expected(&busy(), 48_000.0, 120.0, start, 48_000), "from {start}");
    }
}

#[test]
fn a_host_that_rounds_its_position_gets_every_onset_once() {
    for tempo in [97.5, 120.0, 133.0, 61.803] {
        let mut host = Host::new(48_000.0, tempo).with(&busy());
        host.rounding = Some(1920.0);
        host.run(480_000, || 256).stop();
        host.assert_balanced();
        let expected = expected(&busy(), 48_000.0, tempo, 0.0, 480_000);
        assert_eq!(sorted(host.onsets()), expected, "{tempo} bpm");
    }
}

#[test]
fn a_jump_ends_all_notes_and_plays_on_from_there() {
    let mut host = Host::new(48_000.0, 120.0).with(&busy());
    host.run(30_000, || 500);
    host.position = 400.5 * Q as f64;
    let before = host.events.len();
    host.block(500);
    let offs: Vec<_> = host.events[before..].iter().take_while(|(_, e)| e.velocity.is_none()).collect();
    assert!(!offs.is_empty() && offs.iter().all(|(at, _)| *at == 30_000), "notes end at the jump");
    host.run(20_000, || 500).stop();
    host.assert_balanced();
    let after: Vec<_> =
        host.onsets().into_iter().filter(|(at, _)| *at >= 30_000).map(|(a, p)| (a - 30_000, p)).collect();
    assert_eq!(sorted(after), expected(&busy(), 48_000.0, 120.0, 400.5 * Q as f64, 20_500));
}

#[test]
fn a_loop_strikes_its_first_beat_every_time() {
    let mut host = Host::new(48_000.0, 120.0).with(&clip(1, &[(0, 60, Q * 4), (Q, 61, 10)]));
    host.transport.loop_range = Some((0.0, 2.0 * Q as f64));
    host.run(48_000 * 4, || 1024).stop();
    host.assert_balanced();
    let first: Vec<u64> = host.onsets().into_iter().filter(|(_, p)| *p == 60).map(|(at, _)| at).collect();
    assert_eq!(first, [0, 48_000, 96_000, 144_000]);
    let offs: Vec<u64> = host
        .events
        .iter()
        .filter(|(_, e)| e.pitch == 60 && e.velocity.is_none())
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(offs, [48_000, 96_000, 144_000, 192_000], "a long note ends with the loop");
}

/// The host cuts its blocks at the loop's end, half a sample too late, and jumps back itself.
#[test]
fn a_loop_end_between_two_samples_does_not_swallow_the_first_beat() {
    let mut host = Host::new(44_100.0, 120.0).with(&clip(1, &[(0, 60, 10), (2 * Q, 62, 10)]));
    let (from, to) = (38.0 * Q as f64, 44.75 * Q as f64);
    host.transport.loop_range = Some((from, to));
    host.position = from;
    for _ in 0..20 {
        let pass = ((to - host.position) / host.step()).ceil();
        let start = host.position;
        host.block(pass as u32);
        host.position = start + pass * host.step() - to + from;
    }
    // Song positions 40 and 44 strike 60; 38 and 42 strike 62: two of each per pass.
    let low = host.onsets().iter().filter(|(_, p)| *p == 60).count();
    let high = host.onsets().iter().filter(|(_, p)| *p == 62).count();
    assert_eq!((low, high), (40, 40));
}

#[test]
fn a_tempo_change_loses_and_doubles_nothing() {
    let tempi = [120.0, 97.5, 180.0, 61.0, 240.0, 240.0, 20.0, 133.0];
    let mut host = Host::new(48_000.0, 120.0).with(&busy());
    let mut count = 0;
    host.run(400_000, || 512);
    let total_at_120 = host.onsets().len();
    for round in 0..400 {
        host.transport.tempo = Some(tempi[round % tempi.len()]);
        host.block(512);
        count += 1;
    }
    host.stop().assert_balanced();
    let ticks = host.position;
    let passes = expected(&busy(), 48_000.0, 120.0, 0.0, (ticks / Q as f64 * 24_000.0).round() as u64).len();
    let struck = host.onsets().len();
    assert!(
        struck.abs_diff(passes) <= 1,
        "{struck} onsets, {passes} in the song; {total_at_120} and {count} blocks"
    );
}

#[test]
fn a_ramp_inside_blocks_is_no_jump() {
    // The host reports the tempo at the start of each block, but ramps within it.
    let mut host = Host::new(48_000.0, 100.0).with(&clip(4, &[(0, 60, 16 * Q - 10)]));
    for _ in 0..100 {
        host.block(1024);
        let tempo = host.transport.tempo.unwrap_or(0.0) + 0.5;
        host.transport.tempo = Some(tempo);
        host.position += 0.25 / 60.0 * Q as f64 * 1024.0 / 48_000.0;
    }
    assert_eq!(host.events.len(), 1, "one long note, not cut: {:?}", host.events);
    host.stop().assert_balanced();
}

#[test]
fn without_a_transport_the_clip_runs_at_its_own_tempo() {
    let mut host = Host::new(48_000.0, 120.0).with(&busy());
    host.transport = Transport::default();
    host.run(96_000, || 100);
    assert_eq!(sorted(host.onsets()), expected(&busy(), 48_000.0, 120.0, 0.0, 96_000));
}

#[test]
fn a_host_with_tempo_but_no_position_is_followed_while_it_plays() {
    let mut host = Host::new(48_000.0, 90.0).with(&busy());
    for _ in 0..100 {
        let plan = host.timeline.plan(&host.transport, 480, 120.0, true);
        let events = &mut host.events;
        let clock = host.clock;
        host.player.process(plan, 480, host.settings, &mut |e| {
            events.push((clock + u64::from(e.sample), e));
            true
        });
        host.clock += 480;
    }
    assert_eq!(sorted(host.onsets()), expected(&busy(), 48_000.0, 90.0, 0.0, 48_000));
}

#[test]
fn bypass_and_stop_end_all_notes_at_once() {
    let mut host = Host::new(48_000.0, 120.0).with(&busy());
    host.run(10_000, || 100);
    assert!(host.player.sounding() > 0);
    host.settings.on = false;
    host.block(100);
    host.assert_balanced();
    host.run(10_000, || 100);
    assert!(host.onsets().iter().all(|(at, _)| *at < 10_000), "silent while off");
    host.settings.on = true;
    host.run(10_000, || 100);
    let again: Vec<_> = host.onsets().into_iter().filter(|(at, _)| *at >= 20_100).collect();
    let all = expected(&busy(), 48_000.0, 120.0, 0.0, 30_100);
    assert_eq!(sorted(again), all.into_iter().filter(|(at, _)| *at >= 20_100).collect::<Vec<_>>());
    host.stop().assert_balanced();
}

#[test]
fn a_new_take_starts_at_its_swap_point() {
    let other = clip(1, &[(0, 90, Q / 4), (Q, 91, Q / 4), (2 * Q, 92, Q / 4), (3 * Q, 93, Q / 4)]);
    for (quantum, first) in
        [(Quantum::Now, (48_000, 92)), (Quantum::Beat, (48_000, 92)), (Quantum::Bar, (96_000, 90))]
    {
        let mut host = Host::new(48_000.0, 120.0).with(&busy());
        host.settings.quantum = quantum;
        host.run(30_100, || 700);
        host.player.set_clip(ready(&other, 2), Start::SwapPoint);
        host.run(90_000, || 700).stop();
        host.assert_balanced();
        let new: Vec<_> = host.onsets().into_iter().filter(|(_, p)| *p >= 90).collect();
        assert_eq!(new[0], first, "{quantum:?}");
        let old: Vec<_> = host.onsets().into_iter().filter(|(at, p)| *p < 90 && *at >= 30_100).collect();
        assert_eq!(old.is_empty(), quantum == Quantum::Now, "the old take plays until then");
    }
}

#[test]
fn a_loop_that_never_meets_a_bar_line_still_swaps() {
    let mut host = Host::new(48_000.0, 120.0).with(&busy());
    host.position = Q as f64;
    host.transport.loop_range = Some((Q as f64, 2.0 * Q as f64));
    host.run(20_000, || 512);
    host.player.set_clip(ready(&clip(1, &[(Q, 99, Q / 2)]), 2), Start::SwapPoint);
    host.run(48_000, || 512).stop();
    assert!(host.onsets().iter().any(|(at, p)| *p == 99 && *at == 24_000), "{:?}", host.onsets());
}

#[test]
fn bar_lines_follow_the_meter_and_its_changes() {
    // Two bars of 4/4, then 7/8: bar lines lie off the multiples of a 7/8 bar. A 7/8 clip starts on them.
    let meter = Meter { numerator: 7, denominator: 8 };
    let mut odd = clip(1, &[(0, 60, 100)]);
    odd.meter = meter;
    odd.length = meter.bar_ticks();
    let mut host = Host::new(48_000.0, 120.0).with(&odd);
    host.position = 8.0 * Q as f64;
    host.transport.meter = Some(meter);
    host.transport.bar_start = Some(8.0 * Q as f64 + 7.0);
    host.run(84_000 * 2, || 640);
    let at: Vec<u64> = host.onsets().into_iter().map(|(at, _)| at).collect();
    assert_eq!(at, [0, 84_000]);
}

#[test]
fn drums_and_melodies_leave_on_their_channels() {
    for (kind, channel) in [(ClipKind::Drums, 9), (ClipKind::Melody, 0)] {
        let mut clip = busy();
        clip.kind = kind;
        let mut host = Host::new(48_000.0, 120.0).with(&clip);
        host.run(10_000, || 512).stop();
        assert!(host.events.iter().all(|(_, e)| e.channel == channel));
    }
}

#[test]
fn nonsense_from_the_host_does_no_harm() {
    let odd = [f64::NAN, f64::INFINITY, -f64::INFINITY, 0.0, -1.0, 1e300, -1e300, 5e-324, 123.4];
    let mut host = Host::new(48_000.0, 120.0).with(&busy());
    for (i, &a) in odd.iter().enumerate() {
        for (j, &b) in odd.iter().enumerate() {
            host.transport.tempo = Some(a);
            host.transport.position = Some(b);
            host.transport.loop_range = Some((b, a));
            host.transport.bar_start = Some(odd[(i + j) % odd.len()]);
            host.transport.playing = (i + j) % 3 != 0;
            let plan = host.timeline.plan(&host.transport, 100, b, true);
            let mut last = 0;
            host.player.process(plan, 100, host.settings, &mut |e| {
                assert!(e.sample >= last && e.sample < 100);
                last = e.sample;
                true
            });
        }
    }
    host.transport.playing = false;
    let plan = host.timeline.plan(&host.transport, 100, 120.0, true);
    host.player.process(plan, 100, host.settings, &mut |_| true);
    assert_eq!(host.player.sounding(), 0);
    assert!(Timeline::new(f64::NAN).plan(&Transport::default(), 10, 120.0, true).running);
}

#[derive(Clone, Debug)]
enum Move {
    Blocks(u32, u32),
    Jump(f64),
    Tempo(f64),
    Loop(Option<(f64, f64)>),
    Play(bool),
    On(bool),
    Swap(u64, usize),
    Room(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (1u32..4097, 1u32..8).prop_map(|(size, n)| Move::Blocks(size, n)),
        2 => (1u32..4, 1u32..200).prop_map(|(size, n)| Move::Blocks(size, n)),
        1 => (-8.0..64.0f64).prop_map(Move::Jump),
        1 => (20.0..300.0f64).prop_map(Move::Tempo),
        1 => prop::option::of((0.0..8.0f64, 0.01..5.0f64)).prop_map(|l| Move::Loop(l.map(|(a, n)| (a, a + n)))),
        1 => any::<bool>().prop_map(Move::Play),
        1 => any::<bool>().prop_map(Move::On),
        1 => (0u64..5, 0usize..4).prop_map(|(take, start)| Move::Swap(take, start)),
        1 => prop_oneof![Just(0usize), Just(1), Just(2), Just(usize::MAX)].prop_map(Move::Room),
    ];
    prop::collection::vec(one, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_note_ends_and_the_output_is_sorted(
        moves in moves(), notes in prop::collection::vec((0i64..8 * Q, 0u8..128, 1i64..9 * Q), 0..60),
    ) {
        let mut host = Host::new(44_100.0, 120.0).with(&clip(2, &notes));
        for step in moves {
            match step {
                Move::Blocks(size, n) => (0..n).for_each(|_| host.block(size)),
                Move::Jump(beats) => host.position = beats * Q as f64,
                Move::Tempo(tempo) => host.transport.tempo = Some(tempo),
                Move::Loop(range) => {
                    host.transport.loop_range = range.map(|(a, b)| (a * Q as f64, b * Q as f64));
                }
                Move::Play(on) => host.transport.playing = on,
                Move::On(on) => host.settings.on = on,
                Move::Swap(take, start) => {
                    let clip = ready(&clip(1 + take as Ticks, &notes), take).filter(|_| take > 0);
                    let answer = Start::Answer { line: host.position as Ticks, epoch: host.timeline.last().epoch };
                    let starts = [Start::Now, Start::SwapPoint, Start::ClipEnd, answer];
                    host.player.set_clip(clip, starts[start]);
                }
                Move::Room(room) => host.room = room,
            }
        }
        host.stop();
        host.assert_balanced();
    }

    #[test]
    fn the_size_of_blocks_changes_nothing(
        sizes in prop::collection::vec(1u32..3000, 1..20), tempo in 20.0..300.0f64, start in -4.0..40.0f64,
        loop_range in prop::option::of((0.0..8.0f64, 0.1..9.0f64)),
    ) {
        let run = |mut size: Box<dyn FnMut() -> u32>| {
            let mut host = Host::new(48_000.0, tempo).with(&busy());
            host.position = start * Q as f64;
            host.transport.loop_range = loop_range.map(|(a, n)| (a * Q as f64, (a + n) * Q as f64));
            host.run(60_000, &mut size).stop();
            host.assert_balanced();
            host.onsets()
        };
        let mut next = sizes.clone().into_iter().cycle();
        let many = run(Box::new(move || next.next().unwrap_or(1)));
        prop_assert_eq!(run(Box::new(|| 60_000)), many);
    }
}

#[test]
fn drums_go_out_as_the_kit_plays_them_and_sound_as_what_they_are() {
    let mut kit = DrumMap::default();
    kit.set_output(0, 24).expect("free");
    let mut drums = clip(1, &[(0, 36, Q), (0, 44, Q), (Q, 35, Q)]);
    drums.kind = ClipKind::Drums;
    let mut host = Host::new(48_000.0, 120.0);
    host.player.set_clip(Some(Arc::new(Playable::on_kit(&drums, 1, 0, &kit))), Start::Now);
    host.run(60_000, || 512).stop();
    host.assert_balanced();
    let mut out: Vec<_> = host.events.iter().map(|(_, e)| (e.pitch, e.sound, e.velocity.is_some())).collect();
    out.sort_unstable();
    out.dedup();
    // Both kicks leave as the kit's; the pedal stays what it is.
    assert_eq!(out, [(24, 36, false), (24, 36, true), (44, 44, false), (44, 44, true)]);
}
