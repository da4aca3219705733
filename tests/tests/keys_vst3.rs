//! Descant Keys as a VST3 host meets it.
#![cfg(target_os = "linux")]
use anyhow::{Context as _, Result, ensure};
use descant_tests::bundle;
use descant_tests::checks::{comes_back, has_id};
use descant_tests::host::NoteEvent;
use descant_tests::keys::own_cache;
use descant_tests::vst3_host::{Clock, Module};
use descant_tests::window::Display;
use std::time::{Duration, Instant};

const RATE: f64 = 48_000.0;
const NAME: &str = "Descant Keys";
const CLOCK: Clock = Clock { playing: false, beats: 0.0, tempo: 120.0, sample_rate: RATE };

fn note(time: u64, on: bool, key: u16) -> NoteEvent {
    NoteEvent { time, on, channel: 0, key, velocity: 0.8 }
}

#[test]
fn the_factory_lists_it_under_its_permanent_id_with_one_bus_for_notes_and_one_for_sound() -> Result<()> {
    own_cache()?;
    let module = Module::load(&bundle::vst3()?)?;
    has_id(&module, NAME, b"DescantKeys00001");
    assert_eq!(module.create(NAME)?.buses(), (1, 0, 0, 1));
    Ok(())
}

#[test]
fn a_bounce_sounds_at_once_and_the_state_comes_back() -> Result<()> {
    own_cache()?;
    let module = Module::load(&bundle::vst3()?)?;
    let first = module.create(NAME)?;
    let morph = first.parameters().into_iter().find(|p| p.title == "Morph X").context("Morph X")?.id;
    let processor = first.activate_offline(RATE)?;
    let (_, peak) = processor.play(512, &CLOCK, &[], &[])?;
    assert_eq!(peak, 0.0);
    let (_, peak) = processor.play(512, &CLOCK, &[(morph, 0.25)], &[note(100, true, 60)])?;
    assert!(peak > 0.001 && peak <= 1.0, "{peak}");
    processor.play(512, &CLOCK, &[], &[note(5, false, 60)])?;
    for _ in 0..60 {
        processor.play(512, &CLOCK, &[], &[])?;
    }
    assert_eq!(processor.play(512, &CLOCK, &[], &[])?.1, 0.0, "it has ended");
    first.deactivate();
    comes_back(&module, NAME, &first.save()?)
}

#[test]
fn the_editor_opens_and_closes_while_it_plays() -> Result<()> {
    own_cache()?;
    let display = Display::start(1280, 800)?;
    // SAFETY: set before any other thread of this test runs; the other tests of this file do not read it.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
    let client = display.connect()?;
    let window = client.window(1200, 760)?;
    let module = Module::load(&bundle::vst3()?)?;
    let instance = module.create(NAME)?;
    let processor = instance.activate(RATE)?;
    processor.play(64, &CLOCK, &[], &[note(0, true, 60)])?;
    for _ in 0..10 {
        // SAFETY: the window lives until the end of the test.
        let editor = unsafe { instance.open_editor(window) }?;
        assert_eq!(editor.size()?, (900, 560));
        for _ in 0..3 {
            editor.pump();
            processor.play(64, &CLOCK, &[], &[])?;
        }
    }
    let started = Instant::now();
    while processor.play(64, &CLOCK, &[], &[])?.1 == 0.0 {
        ensure!(started.elapsed() < Duration::from_secs(60), "no sound within a minute");
        std::thread::yield_now();
    }
    instance.deactivate();
    Ok(())
}
