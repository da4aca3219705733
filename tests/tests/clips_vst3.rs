//! Descant Clips as a VST3 host meets it, and the framework's patched defects (docs/framework-patch.md).
#![cfg(target_os = "linux")]

use anyhow::{Context as _, Result};
use descant_tests::bundle;
use descant_tests::checks::{comes_back, has_id};
use descant_tests::vst3_host::{Clock, Instance, Module, Processor};
use descant_tests::window::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const RATE: f64 = 48_000.0;
const NAME: &str = "Descant Clips";
/// Between blocks, about four times as fast as real time: faster floods the framework's log with full queues.
const PACE: Duration = Duration::from_micros(300);

fn parameter(instance: &Instance, title: &str) -> Result<u32> {
    let found = instance.parameters().into_iter().find(|p| p.title == title);
    Ok(found.with_context(|| format!("no parameter {title}"))?.id)
}

/// Blocks until notes came out, at most a minute: a worker writes the clip meanwhile.
fn notes_after_generate(processor: &Processor, generate: u32) -> Result<usize> {
    let clock = |beats| Clock { playing: true, beats, tempo: 120.0, sample_rate: RATE };
    // Before the first block a host only restores values.
    processor.block(512, &clock(0.0), &[])?;
    processor.block(512, &clock(0.0), &[(generate, 1.0)])?;
    let started = Instant::now();
    let (mut count, mut beats) = (0, 0.0);
    while count < 8 && started.elapsed() < Duration::from_secs(60) {
        count += processor.block(512, &clock(beats), &[])?.0.len();
        beats += 512.0 / RATE * 2.0;
        std::thread::yield_now();
    }
    Ok(count)
}

#[test]
fn the_factory_lists_it_once_under_its_permanent_id() -> Result<()> {
    let module = Module::load(&bundle::vst3()?)?;
    has_id(&module, NAME, b"DescantClips0001");
    Ok(())
}

#[test]
fn generate_by_automation_plays_notes_and_the_state_comes_back() -> Result<()> {
    let module = Module::load(&bundle::vst3()?)?;
    let first = module.create(NAME)?;
    assert_eq!(first.buses(), (1, 1, 0, 1));
    let processor = first.activate(RATE)?;
    assert!(notes_after_generate(&processor, parameter(&first, "Generate")?)? >= 8);
    first.deactivate();
    comes_back(&module, NAME, &first.save()?)
}

/// D1 and D2: without the patch the shared thread dies and the host aborts when the last instance goes.
#[test]
fn the_editor_opens_fifty_times_while_parameters_change_and_an_instance_goes() -> Result<()> {
    let display = Display::start(1280, 800)?;
    // SAFETY: set before any other thread of this test runs; the other tests of this file do not read it.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
    let client = display.connect()?;
    let window = client.window(1200, 760)?;

    let module = Module::load(&bundle::vst3()?)?;
    let staying = module.create(NAME)?;
    let mut leaving = Some(module.create(NAME)?);
    let temperature = parameter(&staying, "Temperature")?;
    let processors = [staying.activate(RATE)?, leaving.as_ref().context("made above")?.activate(RATE)?];
    let (stop, second_gone) = (AtomicBool::new(false), AtomicBool::new(false));
    let [keeps, goes] = processors;
    let value = std::thread::scope(|s| -> Result<f64> {
        let clock = Clock { playing: true, beats: 0.0, tempo: 120.0, sample_rate: RATE };
        let stop = &stop;
        let audio = s.spawn(move || -> Result<()> {
            let mut i = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                keeps.block(64, &clock, &[(temperature, f64::from(i % 100) / 100.0)])?;
                i += 1;
                std::thread::sleep(PACE);
            }
            keeps.block(64, &clock, &[(temperature, 0.25)])?;
            Ok(())
        });
        let second_gone = &second_gone;
        let other = s.spawn(move || -> Result<()> {
            let mut i = 0_u32;
            while !second_gone.load(Ordering::Relaxed) {
                goes.block(64, &clock, &[(temperature, f64::from(i % 100) / 100.0)])?;
                i += 1;
                std::thread::sleep(PACE);
            }
            Ok(())
        });
        let mut other = Some(other);
        for round in 0..50 {
            // SAFETY: the window lives until the end of the test.
            let editor = unsafe { staying.open_editor(window) }?;
            for _ in 0..3 {
                editor.pump();
            }
            drop(editor);
            if round == 25 {
                second_gone.store(true, Ordering::Relaxed);
                other
                    .take()
                    .context("joined once")?
                    .join()
                    .map_err(|_| anyhow::anyhow!("the second audio thread died"))??;
                if let Some(leaving) = leaving.take() {
                    leaving.deactivate();
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
        audio.join().map_err(|_| anyhow::anyhow!("the audio thread died"))??;
        Ok(staying.value(temperature))
    })?;
    assert!((value - 0.25).abs() < 1e-6, "the last automation point did not arrive: {value}");
    staying.deactivate();
    Ok(())
}
