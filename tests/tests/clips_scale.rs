//! The window on a screen of 200 %: what hosts are told is what is drawn.
#![cfg(target_os = "linux")]

use anyhow::{Result, ensure};
use descant_tests::bundle;
use descant_tests::clips::open;
use descant_tests::vst3_host::Module;
use descant_tests::window::{Display, settled};
use std::time::{Duration, Instant};

/// The first window at 100 %.
const FIRST: (u32, u32) = (980, 620);
const DOUBLE: (u32, u32) = (2 * FIRST.0, 2 * FIRST.1);

#[test]
fn at_200_percent_hosts_are_told_the_pixels_that_are_drawn() -> Result<()> {
    let display = Display::start(2000, 1300)?;
    // SAFETY: this file holds one test; nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
    let client = display.connect()?;

    // A CLAP host that names no scale, and one that does, on a desktop without one. The second window of an instance
    // is as large as the first.
    for (scale, size) in [(None, FIRST), (Some(2.0), DOUBLE)] {
        let mut host = open()?;
        for _ in 0..2 {
            let parent = client.window(2000, 1300)?;
            // SAFETY: the parent lives until the end of the test.
            let told = unsafe { host.open_window_at(parent, scale) }?;
            assert_eq!((told, client.inner_size(parent)?), (size, size), "{scale:?}");
            host.close_window();
        }
    }

    // A desktop at 200 %.
    client.set_dpi(192)?;
    let mut host = open()?;
    let parent = client.window(2000, 1300)?;
    // SAFETY: the parent lives until the end of the test.
    let (width, height) = unsafe { host.open_window(parent) }?;
    assert_eq!(((width, height), client.inner_size(parent)?), (DOUBLE, DOUBLE));
    let image = settled(&client, &mut host, width as u16, height as u16)?;
    if let Some(path) = std::env::var_os("DESCANT_PICTURE") {
        image.save(path.as_ref())?;
    }
    host.resize_window(1800, 1200)?;
    assert_eq!(client.inner_size(parent)?, (1800, 1200), "a host's size is pixels too");
    host.close_window();
    drop(host);

    // A VST3 host asks for the size before it attaches the view; it is asked to make room once the scale is known.
    let module = Module::load(&bundle::vst3()?)?;
    let instance = module.create("Descant Clips")?;
    let parent = client.window(2000, 1300)?;
    // SAFETY: the parent lives until the end of the test.
    let editor = unsafe { instance.open_editor(parent) }?;
    let double = (DOUBLE.0 as i32, DOUBLE.1 as i32);
    assert_eq!((editor.size()?, client.inner_size(parent)?), (double, DOUBLE));
    let started = Instant::now();
    while editor.asked_for() != Some(double) {
        ensure!(started.elapsed() < Duration::from_secs(20), "it asked for {:?}", editor.asked_for());
        editor.pump();
        std::thread::yield_now();
    }
    Ok(())
}
