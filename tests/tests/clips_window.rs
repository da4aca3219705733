//! The real window on a private X server.
#![cfg(target_os = "linux")]

use anyhow::{Context as _, Result};
use descant_tests::clips::open;
use descant_tests::window::{Display, settled};

#[test]
fn the_window_draws_and_the_big_button_generates() -> Result<()> {
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
    host.close_window();
    Some(()).context("")
}
