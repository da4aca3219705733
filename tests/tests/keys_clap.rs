//! Descant Keys as a CLAP host meets it: the built bundle with the weights inside.
use anyhow::{Result, ensure};
use descant_tests::bundle;
use descant_tests::checks::{refuses_rubbish, texts_go_both_ways};
use descant_tests::host::{Host, In};
use descant_tests::keys::{ID, RATE, off, on, open, open_offline, peak, play, roughness};
use std::time::{Duration, Instant};

#[test]
fn a_scan_finds_both_plugins() -> Result<()> {
    let found = Host::scan(&bundle::clap()?)?;
    let expected = [("org.descant.clips", "Descant Clips"), (ID, "Descant Keys")];
    assert_eq!(found, expected.map(|(id, name)| (id.to_owned(), name.to_owned())));
    Ok(())
}

#[test]
fn ports_and_latency_are_what_hosts_expect() -> Result<()> {
    let mut host = open()?;
    assert_eq!((host.note_ports()?, host.latency()), ((1, 0), 0));
    assert!(["Morph X", "Morph Y", "Random", "Gain"].iter().all(|name| host.params().contains_key(*name)));
    Ok(())
}

/// Real time. Every note-on sounds within its block, and not a sample before it, whether its own zone is ready, another
/// one is, or none at all; and its own zone takes over without a click.
#[test]
fn a_note_sounds_within_its_block_always() -> Result<()> {
    let mut host = open()?;
    let first = play(&mut host, 128, &[64], &[on(70, 60)])?;
    let [left, _] = &first.wave;
    assert!(left[..70].iter().all(|x| *x == 0.0) && peak(&left[70..]) > 0.0, "nothing is rendered yet");
    let started = Instant::now();
    // The plain tone is there as soon as the note; what is rendered is told from it by how it goes on.
    let mut all = Vec::new();
    while all.len() < 96_000 {
        ensure!(started.elapsed() < Duration::from_secs(60), "no sound within a minute");
        std::thread::yield_now();
        all.extend(play(&mut host, 64, &[64], &[])?.wave[0].iter());
    }
    assert!(peak(&all) > 0.01 && roughness(&all) < 0.02, "{}", roughness(&all));
    let release = host.set(0, "Release", "5")?;
    play(&mut host, 9_600, &[512], &[release, off(1, 60)])?;
    for key in [60, 61, 24, 84, 10, 120] {
        let played = play(&mut host, 512, &[64], &[on(100, key), off(400, key)])?;
        let [left, _] = &played.wave;
        assert!(left[..100].iter().all(|x| *x == 0.0), "key {key} sounds too early");
        assert!(peak(&left[100..192]) > 0.0, "key {key} is late");
        let after = play(&mut host, 4_800, &[512], &[])?;
        assert!(after.wave[0][4_000..].iter().all(|x| *x == 0.0), "key {key} hangs");
    }
    Ok(())
}

#[test]
fn onsets_are_exact_to_the_sample() -> Result<()> {
    let mut host = open_offline()?;
    let mut notes = Vec::new();
    for offset in [0, 1, 17, 63, 64, 500] {
        let played = play(&mut host, 6_000, &[256], &[on(offset, 64), off(offset + 4_000, 64)])?;
        let at = offset as usize;
        assert!(played.wave[0][..at].iter().all(|x| *x == 0.0), "at {offset}");
        notes.push(played.wave[0][at..at + 3_000].to_vec());
        play(&mut host, 48_000, &[4_096], &[])?;
    }
    assert!(peak(&notes[0]) > 0.01);
    for (i, note) in notes.iter().enumerate() {
        let off = note.iter().zip(&notes[0]).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(off < 1e-6, "onset {i} is another one: {off}");
    }
    Ok(())
}

/// A melody under a moving morph, with a program change and a bend.
fn piece(host: &mut Host) -> Result<Vec<In>> {
    let mut events = vec![on(0, 60), on(10, 67)];
    for i in 0..20_u32 {
        events.push(host.set_normalised(1_000 + 700 * i, "Morph X", f64::from(i) / 19.0)?);
    }
    events.extend([off(15_500, 60), In::Midi { time: 16_000, data: [0xE0, 0, 0x50] }, on(16_100, 72)]);
    events.extend([In::Midi { time: 20_000, data: [0xC0, 7, 0] }, on(20_001, 100), off(30_000, 67)]);
    events.extend([off(30_001, 72), off(30_002, 100)]);
    Ok(events)
}

#[test]
fn a_bounce_is_complete_and_the_same_every_time() -> Result<()> {
    let mut bounces = Vec::new();
    for blocks in [&[512_u32][..], &[64], &[1_000, 17, 333]] {
        let mut host = open_offline()?;
        let events = piece(&mut host)?;
        bounces.push(play(&mut host, 50_000, blocks, &events)?);
    }
    let [left, _] = &bounces[0].wave;
    assert!(peak(&left[..480]) > 0.0 && peak(left) > 0.05, "it waited for the zones");
    assert!(left.iter().all(|x| x.is_finite() && x.abs() <= 1.0));
    let keys: Vec<u16> = bounces[0].ended.iter().map(|e| e.1).collect();
    assert_eq!(keys.len(), 4, "every note has ended: {keys:?}");
    for (i, other) in bounces.iter().enumerate() {
        assert!(other.wave == bounces[0].wave, "bounce {i} is another one");
    }
    Ok(())
}

/// Requirement T-GS-12: under a morph from A to B over 8 bars the first note is A's, the last is B's, each differs from
/// the one before, and nothing is rougher than without a morph.
#[test]
fn t_gs_12_a_morph_over_eight_bars() -> Result<()> {
    const BEAT: u64 = 24_000;
    let melody = || (0..32).flat_map(|i| [on(i * BEAT, 60), off(i * BEAT + 12_000, 60)]).collect::<Vec<_>>();
    let piece = |morph: &dyn Fn(u64) -> f64| -> Result<Vec<f32>> {
        let mut host = open_offline()?;
        let mut events = melody();
        for step in 0..=320 {
            events.push(host.set_normalised((step * BEAT / 10) as u32, "Morph X", morph(step))?);
        }
        events.sort_by_key(|event| match event {
            In::Note(note) => (note.time, 1),
            In::Param { time, .. } => (u64::from(*time), 0),
            In::Midi { .. } | In::Tuning { .. } => (0, 0),
        });
        let [left, _] = play(&mut host, 33 * BEAT, &[512], &events)?.wave;
        Ok(left)
    };
    let (a, b) = (piece(&|_| 0.0)?, piece(&|_| 1.0)?);
    let morphed = piece(&|step| (step as f64 / 310.0).min(1.0))?;
    let note = |wave: &[f32], i: u64| wave[(i * BEAT) as usize..][..9_600].to_vec();
    let apart = |x: &[f32], y: &[f32]| -> f64 {
        let (off, all) = x.iter().zip(y).fold((0.0, 1e-9), |(off, all), (x, y)| {
            (off + f64::from((x - y) * (x - y)), all + f64::from(x * x + y * y))
        });
        (off / all).sqrt()
    };
    assert!(apart(&note(&a, 0), &note(&b, 0)) > 0.1, "A and B are one instrument");
    assert!(
        apart(&note(&morphed, 0), &note(&a, 0)) < 0.05 && apart(&note(&morphed, 31), &note(&b, 31)) < 1e-3
    );
    let steps: Vec<f64> = (1..32).map(|i| apart(&note(&morphed, i - 1), &note(&morphed, i))).collect();
    assert!(steps[..30].iter().all(|step| *step > 1e-3), "{steps:?}");
    let bound = 1.2 * roughness(&a).max(roughness(&b));
    assert!(roughness(&morphed) < bound, "{} beside {bound}", roughness(&morphed));
    Ok(())
}

#[test]
fn pedal_tuning_and_note_ends() -> Result<()> {
    let mut host = open_offline()?;
    let pedal = |time, on: bool| In::Midi { time, data: [0xB0, 64, if on { 127 } else { 0 }] };
    let held = play(&mut host, 48_000, &[512], &[pedal(0, true), on(10, 60), off(2_000, 60)])?;
    assert!(peak(&held.wave[0][40_000..]) > 0.0 && held.ended.is_empty(), "the pedal holds it");
    let let_go = play(&mut host, 48_000, &[512], &[pedal(0, false)])?;
    assert_eq!(let_go.ended.len(), 1);
    let (at, key) = let_go.ended[0];
    assert!(key == 60 && (14_000..15_500).contains(&at), "after 300 ms: {at}");
    assert!(let_go.wave[0][16_000..].iter().all(|x| *x == 0.0));

    let plain = play(&mut host, 20_000, &[512], &[on(0, 48), off(9_000, 48)])?;
    play(&mut host, 48_000, &[512], &[])?;
    let tuning = In::Tuning { time: 1, key: 48, semitones: 12.0 };
    let tuned = play(&mut host, 20_000, &[512], &[on(0, 48), tuning, off(9_000, 48)])?;
    assert!(tuned.wave[0] != plain.wave[0]);
    Ok(())
}

#[test]
fn a_saved_instance_comes_back_byte_for_byte_and_sounds_the_same() -> Result<()> {
    let mut first = open_offline()?;
    let random = first.set_normalised(0, "Random", 1.0)?;
    let attack = first.set(0, "Attack", "25")?;
    play(&mut first, 512, &[512], &[])?;
    play(&mut first, 512, &[512], &[random, attack])?;
    // The next block of a bounce waits for what the one before asked for.
    play(&mut first, 512, &[512], &[])?;
    let saved = first.save()?;
    let sound = play(&mut first, 20_000, &[512], &[on(0, 55), off(10_000, 55)])?;

    let mut second = open_offline()?;
    assert!(second.save()? != saved, "Random changed it");
    second.load(&saved)?;
    assert_eq!(second.save()?, saved);
    assert!(play(&mut second, 20_000, &[512], &[on(0, 55), off(10_000, 55)])?.wave == sound.wave);
    assert_eq!(second.save()?, saved);
    Ok(())
}

#[test]
fn rubbish_as_state_is_refused_and_the_plugin_plays_on() -> Result<()> {
    let mut host = open_offline()?;
    refuses_rubbish(&mut host, 20, 2_000)?;
    let played = play(&mut host, 4_800, &[512], &[on(0, 60)])?;
    assert!(peak(&played.wave[0]) > 0.01);
    Ok(())
}

#[test]
fn values_go_both_ways_as_text() -> Result<()> {
    texts_go_both_ways(&mut open()?)
}

#[test]
fn another_sample_rate_is_another_rendering_of_the_same_instrument() -> Result<()> {
    for rate in [44_100.0, 96_000.0, 192_000.0] {
        let mut host = open()?;
        host.set_offline(true)?;
        host.activate(rate)?;
        let half = (rate / 2.0) as u64;
        let played = play(&mut host, half, &[512], &[on(0, 57)])?;
        let level = peak(&played.wave[0]);
        assert!(level > 0.01 && level <= 1.0, "at {rate} Hz (not {RATE}): {level}");
    }
    Ok(())
}
