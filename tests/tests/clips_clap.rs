//! Descant Clips as a CLAP host meets it.

use anyhow::{Context as _, Result};
use descant_core::music::TICKS_PER_QUARTER;
use descant_tests::checks::{refuses_rubbish, texts_go_both_ways};
use descant_tests::clips::{ID, RATE, balanced, bounce, generate, open, roll};
use descant_tests::host::{Host, In, NoteEvent};
use descant_tests::transport::Transport;
use descant_tests::{bundle, state};

#[test]
fn a_scan_finds_it_once() -> Result<()> {
    let found = Host::scan(&bundle::clap()?)?;
    let named: Vec<_> = found.into_iter().filter(|(id, _)| id == ID).collect();
    assert_eq!(named, [(ID.to_owned(), "Descant Clips".to_owned())]);
    Ok(())
}

#[test]
fn ports_and_latency_are_what_hosts_expect() -> Result<()> {
    let mut host = open()?;
    assert_eq!(host.note_ports()?, (1, 1));
    assert_eq!(host.latency(), 0);
    assert!(host.params().contains_key("Generate"));
    Ok(())
}

#[test]
fn a_generated_clip_plays_sample_exact_on_the_timeline() -> Result<()> {
    let mut host = open()?;
    let content = generate(&mut host, &[("Variations", "4")])?;
    assert_eq!(content.entries.len(), 4);
    let clip = content.sounding_entry().context("nothing sounds")?.take.clip.clone();
    assert!(!clip.notes.is_empty());

    for tempo in [120.0, 133.0, 97.5] {
        let transport = Transport::new(RATE, tempo);
        let beats = 16.0;
        let reference = roll(&mut host, &transport, beats, &[512])?.notes;
        assert_eq!(balanced(&reference)?, 0, "notes hang at {tempo}");
        let spb = transport.samples_per_beat();
        let expected: Vec<(f64, u16)> = clip
            .notes
            .iter()
            .map(|n| (n.start as f64 / TICKS_PER_QUARTER as f64 * spb, u16::from(n.pitch)))
            .collect();
        let ons: Vec<&NoteEvent> = reference.iter().filter(|n| n.on).collect();
        assert_eq!(ons.len(), expected.len(), "at {tempo}");
        let mut got: Vec<(u64, u16)> = ons.iter().map(|n| (n.time, n.key)).collect();
        got.sort_unstable();
        for ((time, key), (exact, pitch)) in got.iter().zip(&expected) {
            assert!(
                (*time as f64 - exact).abs() <= 1.0 && key == pitch,
                "{key} at {time}, expected {pitch} at {exact}"
            );
        }
        for blocks in [&[64_u32][..], &[1, 2, 17, 64, 333, 1000, 4096], &[4096]] {
            assert_eq!(
                roll(&mut host, &transport, beats, blocks)?.notes,
                reference,
                "at {tempo} in blocks of {blocks:?}"
            );
        }
    }
    Ok(())
}

/// Three parts on three channels, together, and the same after a reload.
#[test]
fn a_trio_plays_on_three_channels() -> Result<()> {
    let mut host = open()?;
    let content = generate(&mut host, &[("Tool", "Trio"), ("Variations", "1"), ("Generate bars", "4")])?;
    let parts = content.sounding.and_then(|id| content.trio(id)).context("no trio sounds")?;
    let written: Vec<usize> = parts.iter().map(|e| e.take.clip.notes.len()).collect();
    assert!(written.iter().all(|notes| *notes > 0), "{written:?}");
    assert!(parts.iter().all(|e| e.take.clip.length == 16 * TICKS_PER_QUARTER));
    let transport = Transport::new(RATE, 133.0);
    let played = roll(&mut host, &transport, 16.0, &[512])?.notes;
    assert_eq!(balanced(&played)?, 0, "notes hang");
    let on = |channel| played.iter().filter(|n| n.on && n.channel == channel).count();
    assert_eq!([on(0), on(1), on(9)], [written[0], written[1], written[2]]);
    for blocks in [&[64_u32][..], &[1, 17, 333, 4096]] {
        assert_eq!(roll(&mut host, &transport, 16.0, blocks)?.notes, played, "in blocks of {blocks:?}");
    }
    let saved = host.save()?;
    let mut other = open()?;
    other.load(&saved)?;
    assert_eq!(other.save()?, saved);
    assert_eq!(roll(&mut other, &transport, 16.0, &[512])?.notes, played);
    Ok(())
}

#[test]
fn a_host_that_rounds_its_position_hears_each_note_once() -> Result<()> {
    let mut host = open()?;
    generate(&mut host, &[("Variations", "1")])?;
    let mut transport = Transport::new(RATE, 97.5);
    let exact = roll(&mut host, &transport, 16.0, &[512])?.notes;
    transport.rounding = Some(1.0 / 1920.0);
    let rounded = roll(&mut host, &transport, 16.0, &[512])?.notes;
    assert_eq!(rounded.len(), exact.len());
    for (a, b) in rounded.iter().zip(&exact) {
        assert!(a.key == b.key && a.time.abs_diff(b.time) <= 8, "{a:?} {b:?}");
    }
    Ok(())
}

#[test]
fn a_full_event_buffer_strands_no_note() -> Result<()> {
    let mut host = open()?;
    generate(&mut host, &[("Variations", "1")])?;
    for capacity in [0, 1, 2] {
        let hanging = host.audio(move |audio| -> Result<usize> {
            let mut transport = Transport::new(RATE, 140.0);
            transport.playing = true;
            let mut notes = Vec::new();
            audio.capacity = capacity;
            for _ in 0..500 {
                audio.block(480, Some(&transport), &[], &mut notes)?;
                transport.advance(480);
            }
            audio.capacity = usize::MAX;
            transport.playing = false;
            audio.block(64, Some(&transport), &[], &mut notes)?;
            balanced(&notes)
        })??;
        assert_eq!(hanging, 0, "with room for {capacity} events");
    }
    Ok(())
}

#[test]
fn played_notes_pass_through_in_order() -> Result<()> {
    let mut host = open()?;
    generate(&mut host, &[("Variations", "1")])?;
    let notes = host.audio(|audio| -> Result<Vec<NoteEvent>> {
        let mut transport = Transport::new(RATE, 120.0);
        transport.playing = true;
        let (mut notes, start) = (Vec::new(), audio.now());
        let played = |time, on| In::Note(NoteEvent { time, on, channel: 3, key: 100, velocity: 0.25 });
        for _ in 0..40 {
            audio.block(4096, Some(&transport), &[played(100, true), played(3000, false)], &mut notes)?;
            transport.advance(4096);
        }
        transport.playing = false;
        audio.block(64, Some(&transport), &[], &mut notes)?;
        for n in &mut notes {
            n.time -= start;
        }
        Ok(notes)
    })??;
    assert_eq!(balanced(&notes)?, 0);
    let through: Vec<_> = notes.iter().filter(|n| n.channel == 3 && n.on).collect();
    assert_eq!(through.len(), 40);
    assert!(through.iter().all(|n| (n.velocity - 0.25).abs() < 0.01 && n.time % 4096 == 100));
    Ok(())
}

#[test]
fn a_saved_instance_comes_back_byte_for_byte_and_plays_at_once() -> Result<()> {
    let mut first = open()?;
    generate(&mut first, &[("Variations", "3"), ("Temperature", "0.80")])?;
    let saved = first.save()?;
    let transport = Transport::new(RATE, 120.0);
    let played = roll(&mut first, &transport, 16.0, &[512])?;
    assert!(!played.notes.is_empty());

    let mut second = open()?;
    second.load(&saved)?;
    assert_eq!(roll(&mut second, &transport, 16.0, &[512])?, played, "right after loading");
    assert_eq!(second.save()?, saved);

    let mut inactive = Host::open_inactive(&bundle::clap()?, ID)?;
    inactive.load(&saved)?;
    inactive.activate(RATE)?;
    assert_eq!(roll(&mut inactive, &transport, 16.0, &[512])?, played, "loaded before activation");
    Ok(())
}

#[test]
fn a_loaded_trigger_does_not_fire() -> Result<()> {
    let mut host = open()?;
    let press = host.set_normalised(0, "Generate", 1.0)?;
    bounce(&mut host, &[&[press]])?;
    let saved = host.save()?;
    let takes = state::document(&saved)?.entries.len();
    assert!(takes > 0);

    let mut other = open()?;
    other.load(&saved)?;
    bounce(&mut other, &[&[] as &[In]; 20])?;
    assert_eq!(state::document(&other.save()?)?.entries.len(), takes);
    Ok(())
}

#[test]
fn rubbish_as_state_is_refused_and_the_plugin_works_on() -> Result<()> {
    let mut host = open()?;
    generate(&mut host, &[("Variations", "2")])?;
    refuses_rubbish(&mut host, 3, 1_000_000)?;
    assert!(generate(&mut host, &[])?.entries.len() > 2);
    Ok(())
}

#[test]
fn values_go_both_ways_as_text() -> Result<()> {
    texts_go_both_ways(&mut open()?)
}
