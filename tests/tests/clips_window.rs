//! The real window on a private X server.
#![cfg(target_os = "linux")]

use anyhow::{Context as _, Result, ensure};
use descant_plugin::clips::document::Content;
use descant_tests::clips::{RATE, open};
use descant_tests::host::Host;
use descant_tests::state;
use descant_tests::transport::Transport;
use descant_tests::window::{Display, settled};
use std::path::Path;
use std::time::{Duration, Instant};

/// X key code of Enter.
const ENTER: u8 = 36;

/// The document once it is as wanted; the window and its worker have their own time.
fn wait_for(host: &mut Host, what: &str, ready: impl Fn(&Content) -> bool) -> Result<Content> {
    let started = Instant::now();
    let transport = Transport::new(RATE, 120.0);
    loop {
        host.idle();
        host.audio(|audio| audio.block(512, Some(&transport), &[], &mut Vec::new()))??;
        let document = state::document(&host.save()?)?;
        if ready(&document) {
            return Ok(document);
        }
        ensure!(started.elapsed() < Duration::from_secs(20), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_dropped_song_is_continued_by_two_presses_of_enter() -> Result<()> {
    let display = Display::start(1280, 800)?;
    // SAFETY: this file holds one test; nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
    let client = display.connect()?;
    let parent = client.window(1280, 800)?;
    let mut host = open()?;
    // SAFETY: the parent lives until the end of the test.
    let (width, height) = unsafe { host.open_window(parent) }?;
    let image = settled(&client, &mut host, width as u16, height as u16)?;
    if let Some(path) = std::env::var_os("DESCANT_PICTURE") {
        image.save(path.as_ref())?;
    }
    assert!(image.colours() > 16, "the window is empty");

    // Five tracks, two tempos: the track list opens with the best track chosen.
    let song = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/primers/song.mid");
    let middle = (width as i16 / 2, height as i16 / 2);
    client.drop_files(&display, &[song.canonicalize()?], middle, &mut host)?;
    let chooser = settled(&client, &mut host, width as u16, height as u16)?;
    assert!(chooser.rgb != image.rgb, "no track list");
    client.key(ENTER)?;
    let document = wait_for(&mut host, "the primer", |d| d.primer.is_some())?;
    let primer = document.primer.context("a primer")?.clip;
    ensure!(primer.notes.len() > 8, "{} notes", primer.notes.len());

    // A new primer is what the musician wants to go on with: Continue is chosen.
    settled(&client, &mut host, width as u16, height as u16)?;
    client.key(ENTER)?;
    let document = wait_for(&mut host, "the takes", |d| !d.entries.is_empty())?;
    let take = &document.entries[0].take;
    assert!(take.clip.notes.starts_with(&primer.notes), "the take begins with the primer");
    assert!(take.new_from > 0 && take.clip.length > take.new_from);
    host.close_window();
    Ok(())
}
