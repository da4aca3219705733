//! Photographs of the plugin's real window on a private X server.

use crate::clips::open;
use crate::host::Host;
use crate::transport::Transport;
use crate::window::{Client, Display, Image, settled};
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};

/// Opens the window with each saved state and photographs it. Returns a line per picture. `DESCANT_PICTURE_SCALE=2` takes
/// them as a screen of twice as many points shows them.
pub fn take(out: &Path, pages: &[(String, Vec<u8>)]) -> Result<Vec<String>> {
    let scale = std::env::var("DESCANT_PICTURE_SCALE").ok().and_then(|s| s.parse().ok());
    let scale = scale.unwrap_or(1.0_f64).clamp(1.0, 3.0);
    let most = ((1400.0 * scale) as u16, (900.0 * scale) as u16);
    let display = Display::start(most.0.into(), most.1.into())?;
    // SAFETY: the demo has no other thread that reads the environment at this moment.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
    let client = display.connect()?;
    client.set_dpi((96.0 * scale) as u32)?;
    let mut lines = Vec::new();
    for (name, state) in pages {
        let mut host = open()?;
        host.load(state)?;
        let image = photograph(&mut host, &client, most, scale)?;
        image.save(&out.join(format!("{name}.png")))?;
        lines.push(format!("Window    {name}.png, {}×{}", image.width, image.height));
    }
    let image = keys(&client, most, scale)?;
    image.save(&out.join("keys.png"))?;
    lines.push(format!("Window    keys.png, {}×{}", image.width, image.height));
    Ok(lines)
}

/// Opens the window, lets the transport roll under it, and waits until the picture holds still.
fn photograph(host: &mut Host, client: &Client, most: (u16, u16), scale: f64) -> Result<Image> {
    let parent = client.window(most.0, most.1)?;
    // SAFETY: the parent lives until after `close_window`.
    let (width, height) = unsafe { host.open_window_at(parent, Some(scale)) }?;
    let (width, height) = (width.min(most.0.into()) as u16, height.min(most.1.into()) as u16);
    let mut transport = Transport::new(host.sample_rate(), 120.0);
    transport.playing = true;
    transport.locate(5.0);
    host.audio(move |audio| audio.block(512, Some(&transport), &[], &mut Vec::new()))??;
    let image = settled(client, host, width, height)?;
    host.close_window();
    Ok(image)
}

/// The window of Keys, between A and B, while a chord is held.
fn keys(client: &Client, most: (u16, u16), scale: f64) -> Result<Image> {
    let mut host = crate::keys::open()?;
    let parent = client.window(most.0, most.1)?;
    // SAFETY: the parent lives until after `close_window`.
    let (width, height) = unsafe { host.open_window_at(parent, Some(scale)) }?;
    let morph = host.set_normalised(0, "Morph X", 0.4)?;
    let chord = [morph, crate::keys::on(1, 48), crate::keys::on(1, 64), crate::keys::on(1, 67)];
    host.audio(|audio| audio.block(512, None, &chord, &mut Vec::new()))??;
    let started = Instant::now();
    // A page without a picture of the note has some hundred colours.
    loop {
        host.idle();
        host.audio(|audio| audio.block(512, None, &[], &mut Vec::new()))??;
        let image = client.photograph(width.min(most.0.into()) as u16, height.min(most.1.into()) as u16)?;
        if image.colours() > 1_000 {
            host.close_window();
            return Ok(image);
        }
        ensure!(started.elapsed() < Duration::from_secs(60), "no picture of the note came");
        std::thread::sleep(Duration::from_millis(100));
    }
}
