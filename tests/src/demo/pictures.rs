//! Photographs of the plugin's real window on a private X server.

use crate::clips::open;
use crate::host::Host;
use crate::transport::Transport;
use crate::window::{Client, Display, Image, settled};
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};

/// Opens the window with each saved state and photographs it. Returns a line per picture.
pub fn take(out: &Path, pages: &[(String, Vec<u8>)]) -> Result<Vec<String>> {
    let display = Display::start(1400, 900)?;
    // SAFETY: the demo has no other thread that reads the environment at this moment.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
    let client = display.connect()?;
    let mut lines = Vec::new();
    for (name, state) in pages {
        let mut host = open()?;
        host.load(state)?;
        let image = photograph(&mut host, &client)?;
        image.save(&out.join(format!("{name}.png")))?;
        lines.push(format!("Window    {name}.png, {}×{}", image.width, image.height));
    }
    let image = keys(&client)?;
    image.save(&out.join("keys.png"))?;
    lines.push(format!("Window    keys.png, {}×{}", image.width, image.height));
    Ok(lines)
}

/// Opens the window, lets the transport roll under it, and waits until the picture holds still.
fn photograph(host: &mut Host, client: &Client) -> Result<Image> {
    let parent = client.window(1400, 900)?;
    // SAFETY: the parent lives until after `close_window`.
    let (width, height) = unsafe { host.open_window(parent) }?;
    let (width, height) = (width.min(1400) as u16, height.min(900) as u16);
    let mut transport = Transport::new(host.sample_rate(), 120.0);
    transport.playing = true;
    transport.locate(5.0);
    host.audio(move |audio| audio.block(512, Some(&transport), &[], &mut Vec::new()))??;
    let image = settled(client, host, width, height)?;
    host.close_window();
    Ok(image)
}

/// The window of Keys, between A and B, while a chord is held.
fn keys(client: &Client) -> Result<Image> {
    let mut host = crate::keys::open()?;
    let parent = client.window(1400, 900)?;
    // SAFETY: the parent lives until after `close_window`.
    let (width, height) = unsafe { host.open_window(parent) }?;
    let morph = host.set_normalised(0, "Morph X", 0.4)?;
    let chord = [morph, crate::keys::on(1, 48), crate::keys::on(1, 64), crate::keys::on(1, 67)];
    host.audio(|audio| audio.block(512, None, &chord, &mut Vec::new()))??;
    let started = Instant::now();
    // A page without a picture of the note has some hundred colours.
    loop {
        host.idle();
        host.audio(|audio| audio.block(512, None, &[], &mut Vec::new()))??;
        let image = client.photograph(width.min(1400) as u16, height.min(900) as u16)?;
        if image.colours() > 1_000 {
            host.close_window();
            return Ok(image);
        }
        ensure!(started.elapsed() < Duration::from_secs(60), "no picture of the note came");
        std::thread::sleep(Duration::from_millis(100));
    }
}
