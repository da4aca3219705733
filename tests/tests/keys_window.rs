//! The real window of Keys on a private X server.
#![cfg(target_os = "linux")]
use anyhow::{Result, ensure};
use descant_tests::host::{Host, In, NoteEvent};
use descant_tests::keys::{open, own_cache, peak};
use descant_tests::window::{Client, Display, Image};
use std::time::{Duration, Instant};

/// X key code of R on the US layout.
const R: u8 = 27;

/// Photographs until the picture is as wanted; the window and its worker have their own time.
fn wait_for(
    client: &Client,
    host: &mut Host,
    size: (u32, u32),
    what: &str,
    so: impl Fn(&Image) -> bool,
) -> Result<Image> {
    let started = Instant::now();
    loop {
        host.idle();
        host.audio(|audio| audio.block(512, None, &[], &mut Vec::new()))??;
        let image = client.photograph(size.0 as u16, size.1 as u16)?;
        if so(&image) {
            return Ok(image);
        }
        ensure!(started.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// `DESCANT_PICTURE`: a file for the picture; `DESCANT_PICTURE_SIZE`: width and height in points, `DESCANT_PICTURE_SCALE`:
/// pixels per point.
#[test]
fn a_key_of_the_window_sounds_is_seen_and_random_changes_the_instrument() -> Result<()> {
    own_cache()?;
    let var = |name: &str| std::env::var(name).ok();
    let scale: f64 = var("DESCANT_PICTURE_SCALE").and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let display = Display::start(2_000, 1_300)?;
    // SAFETY: this file holds one test; nothing else reads the environment meanwhile.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
    let client = display.connect()?;
    client.set_dpi((96.0 * scale) as u32)?;
    let parent = client.window(2_000, 1_300)?;
    let mut host = open()?;
    // SAFETY: the parent lives until the end of the test.
    let mut size = unsafe { host.open_window_at(parent, Some(scale)) }?;
    if let Some((w, h)) = var("DESCANT_PICTURE_SIZE").and_then(|s| {
        let (w, h) = s.split_once('x')?;
        Some((w.parse::<f64>().ok()?, h.parse::<f64>().ok()?))
    }) {
        size = ((w * scale) as u32, (h * scale) as u32);
        host.resize_window(size.0, size.1)?;
    }
    let empty = wait_for(&client, &mut host, size, "the window", |i| i.colours() > 16)?;

    // Middle C of the keyboard on the screen: the 22nd of 36 white keys.
    let (w, h) = (f64::from(size.0), f64::from(size.1));
    let x = 12.0 * scale + (w - 24.0 * scale) * 21.5 / 36.0;
    let y = h - 100.0 * scale;
    client.pointer(x as i16, y as i16)?;
    client.button(true)?;
    let started = Instant::now();
    loop {
        host.idle();
        let level = host.audio(|audio| -> Result<f32> {
            audio.block(512, None, &[], &mut Vec::new())?;
            Ok(peak(&audio.out[0][..512]))
        })??;
        if level > 0.0 {
            break;
        }
        ensure!(started.elapsed() < Duration::from_secs(60), "the key does not sound");
        std::thread::sleep(Duration::from_millis(5));
    }
    // A note of the host's beside it; the picture of the last one has far more colours than the page.
    let chord = [52, 79].map(|key| In::Note(NoteEvent { time: 0, on: true, channel: 0, key, velocity: 0.7 }));
    host.audio(|audio| audio.block(512, None, &chord, &mut Vec::new()))??;
    let seen =
        wait_for(&client, &mut host, size, "the note's picture", |i| i.colours() > empty.colours() + 200)?;
    if let Some(path) = var("DESCANT_PICTURE") {
        seen.save(path.as_ref())?;
    }
    client.button(false)?;
    client.pointer((0.5 * w) as i16, (20.0 * scale) as i16)?;
    let before = host.save()?;
    client.key(R)?;
    let started = Instant::now();
    while host.save()? == before {
        host.idle();
        host.audio(|audio| audio.block(512, None, &[], &mut Vec::new()))??;
        ensure!(started.elapsed() < Duration::from_secs(20), "the key R does nothing");
        std::thread::sleep(Duration::from_millis(20));
    }
    host.close_window();
    Ok(())
}
