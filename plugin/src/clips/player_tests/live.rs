//! Clips that begin with their first tick on a bar line: answers, and the next one of a row.

use super::*;

/// One bar with a note on each beat; `pitch` tells clips apart.
fn beats(bars: Ticks, pitch: u8) -> Clip {
    let notes: Vec<_> = (0..4 * bars).map(|i| (i * Q, pitch, Q / 2)).collect();
    clip(bars, &notes)
}

fn send(host: &mut Host, clip: &Clip, take: u64, start: Start) {
    host.player.set_clip(ready(clip, take), start);
}

fn of(host: &Host, pitch: u8) -> Vec<u64> {
    host.onsets().into_iter().filter(|(_, p)| *p == pitch).map(|(at, _)| at).collect()
}

/// Samples of a beat at 120 bpm and 48 kHz.
const BEAT: u64 = 24_000;

fn answer(line: Ticks, host: &Host) -> Start {
    Start::Answer { line, epoch: host.timeline.last().epoch }
}

#[test]
fn an_answer_begins_on_its_bar_line_and_plays_once() {
    for size in [1, 64, 700, 4096] {
        let mut host = Host::new(48_000.0, 120.0);
        host.run(BEAT, || size);
        let start = answer(8 * Q, &host);
        send(&mut host, &beats(1, 70), 1, start);
        host.run(20 * BEAT, || size).stop();
        assert_eq!(of(&host, 70), [8, 9, 10, 11].map(|b| b * BEAT), "in blocks of {size}");
        host.assert_balanced();
    }
}

#[test]
fn a_late_answer_waits_for_the_next_bar_line_at_any_tempo() {
    let mut host = Host::new(48_000.0, 120.0);
    host.run(9 * BEAT, || 512);
    let start = answer(8 * Q, &host);
    send(&mut host, &beats(1, 70), 1, start);
    // From beat 10 on a beat takes 48000 samples.
    host.run(BEAT, || 500);
    host.transport.tempo = Some(60.0);
    host.run(20 * BEAT, || 500).stop();
    assert_eq!(of(&host, 70), [10, 12, 14, 16].map(|b| b * BEAT + 4 * BEAT));
}

#[test]
fn an_answer_is_void_after_a_break_and_ends_with_one() {
    for begun in [false, true] {
        let mut host = Host::new(48_000.0, 120.0);
        host.run(BEAT, || 512);
        let start = answer(4 * Q, &host);
        send(&mut host, &beats(8, 70), 1, start);
        host.run(if begun { 4 * BEAT } else { BEAT }, || 512);
        host.position += 13.0 * Q as f64;
        host.run(40 * BEAT, || 512).stop();
        assert_eq!(of(&host, 70).len(), usize::from(begun), "begun: {begun}");
        assert_eq!(host.player.playhead(0, Default::default()), None);
        host.assert_balanced();
    }
    let mut host = Host::new(48_000.0, 120.0);
    host.run(BEAT, || 512);
    let start = answer(4 * Q, &host);
    host.timeline.interrupt();
    send(&mut host, &beats(1, 70), 1, start);
    host.run(20 * BEAT, || 512);
    assert!(host.onsets().is_empty() && !host.player.is_waiting(), "an answer to what was before");
}

#[test]
fn a_withdrawn_answer_leaves_what_plays_alone() {
    let mut host = Host::new(48_000.0, 120.0).with(&beats(1, 50));
    host.run(BEAT, || 512);
    let start = answer(4 * Q, &host);
    send(&mut host, &beats(1, 70), 1, start);
    host.run(BEAT, || 512);
    let withdrawn = host.player.set_clip(None, Start::Withdraw { line: 4 * Q });
    assert_eq!(withdrawn.map(|c| c.take), Some(1), "it comes back to be freed");
    host.run(6 * BEAT, || 512).stop();
    assert!(of(&host, 70).is_empty());
    assert_eq!(of(&host, 50).len(), 8);
}

#[test]
fn the_next_clip_begins_where_the_last_one_ends_and_without_one_it_goes_round() {
    let mut host = Host::new(48_000.0, 120.0);
    host.run(BEAT, || 512);
    send(&mut host, &beats(3, 50), 1, Start::ClipEnd);
    host.run(8 * BEAT, || 512);
    assert_eq!(of(&host, 50)[0], 4 * BEAT, "with nothing before, on the next bar line");
    // The clip of three bars began with bar 2: it ends with bar 4, and goes round once more.
    host.run(8 * BEAT, || 512);
    send(&mut host, &beats(2, 60), 2, Start::ClipEnd);
    host.run(20 * BEAT, || 512).stop();
    assert_eq!(of(&host, 50), (4..28).map(|b| b * BEAT).collect::<Vec<_>>());
    assert_eq!(of(&host, 60)[..3], [28, 29, 30].map(|b| b * BEAT));
    host.assert_balanced();
}

#[test]
fn in_a_loop_of_the_host_the_next_clip_begins_at_the_loops_start() {
    let mut host = Host::new(48_000.0, 120.0).with(&beats(2, 50));
    host.transport.loop_range = Some((0.0, 8.0 * Q as f64));
    host.run(BEAT, || 512);
    send(&mut host, &beats(2, 60), 2, Start::ClipEnd);
    host.run(12 * BEAT, || 512).stop();
    assert_eq!(of(&host, 50).len(), 8);
    assert_eq!(of(&host, 60), (8..13).map(|b| b * BEAT).collect::<Vec<_>>());
}

#[test]
fn panic_silences_what_plays_and_what_waits() {
    let mut host = Host::new(48_000.0, 120.0).with(&busy());
    host.run(BEAT, || 512);
    send(&mut host, &beats(1, 70), 2, Start::ClipEnd);
    host.run(BEAT, || 512);
    assert!(host.player.sounding() > 0);
    let mut offs = 0;
    host.player.panic(&mut |event| {
        offs += usize::from(event.velocity.is_none());
        true
    });
    assert!(offs > 0 && host.player.sounding() == 0);
    let before = host.events.len();
    host.run(20 * BEAT, || 512);
    assert_eq!(host.events.len(), before);
}
