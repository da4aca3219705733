//! A private X server with software OpenGL, and windows on it that can be photographed and clicked.

use crate::host::Host;
use anyhow::{Context as _, Result, bail, ensure};
use descant_plugin::gui::drag::{Outcome, start_drag_on};
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat, PropMode, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// An Xvfb of our own. A fixed display number could be somebody else's; the server picks a free one. It ends with
/// its last client, that is with this process: libraries inside a plugin keep connections of their own, and Xlib
/// ends the process when one breaks.
pub struct Display {
    /// Name for `DISPLAY`, like `:93`.
    pub name: String,
}

impl Drop for Display {
    /// Waits, for some seconds at most, until the windows' threads have ended, of which the plugin's format tells nobody:
    /// while one closes its graphics driver the process must not end.
    fn drop(&mut self) {
        let until = Instant::now() + Duration::from_secs(10);
        while window_threads() > 0 && Instant::now() < until {
            std::thread::yield_now();
        }
    }
}

/// Threads beside this one that have its name: those that were started from it without a name of their own.
fn window_threads() -> usize {
    let name = |task: PathBuf| std::fs::read_to_string(task.join("comm")).unwrap_or_default();
    let own = name("/proc/thread-self".into());
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.filter(|task| name(task.path()) == own).count().saturating_sub(1)
}

impl Display {
    /// Starts a server of `width`×`height`.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        let writer: OwnedFd = writer.into();
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "+extension", "GLX"])
            .args(["-nolisten", "tcp", "-terminate"])
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer))
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb could not be started: `cargo xtask setup` installs it (package xvfb)")?;
        let mut number = String::new();
        BufReader::new(reader).read_line(&mut number)?;
        if number.trim().is_empty() {
            let _ = server.kill();
            let _ = server.wait();
            bail!("Xvfb did not come up");
        }
        Ok(Self { name: format!(":{}", number.trim()) })
    }

    /// A client connection.
    pub fn connect(&self) -> Result<Client> {
        let (connection, screen) = x11rb::connect(Some(&self.name))?;
        Ok(Client { connection, screen })
    }
}

/// A connection to the display.
pub struct Client {
    /// The connection.
    pub connection: RustConnection,
    screen: usize,
}

/// A photograph: 8-bit RGB rows.
pub struct Image {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width × height × 3` bytes.
    pub rgb: Vec<u8>,
}

impl Client {
    /// The root window.
    #[must_use]
    pub fn root(&self) -> u32 {
        self.connection.setup().roots[self.screen].root
    }

    /// A mapped window at the display's top left corner.
    pub fn window(&self, width: u16, height: u16) -> Result<u32> {
        let id = self.connection.generate_id()?;
        let attributes = CreateWindowAux::new().event_mask(EventMask::STRUCTURE_NOTIFY).background_pixel(0);
        self.connection
            .create_window(
                24,
                id,
                self.root(),
                0,
                0,
                width,
                height,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &attributes,
            )?
            .check()?;
        self.connection.map_window(id)?.check()?;
        Ok(id)
    }

    /// Sets the resolution that programs started from now on find, as a desktop at 200 % does with 192.
    pub fn set_dpi(&self, dpi: u32) -> Result<()> {
        let text = format!("Xft.dpi:\t{dpi}\n");
        let (property, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
        let connection = &self.connection;
        connection
            .change_property8(PropMode::REPLACE, self.root(), property, kind, text.as_bytes())?
            .check()?;
        Ok(())
    }

    /// Width and height of the window that a plugin put into one of ours.
    pub fn inner_size(&self, parent: u32) -> Result<(u32, u32)> {
        let children = self.connection.query_tree(parent)?.reply()?.children;
        let &child = children.first().context("nothing was put into the window")?;
        let geometry = self.connection.get_geometry(child)?.reply()?;
        Ok((geometry.width.into(), geometry.height.into()))
    }

    /// Photographs a rectangle of the display from its top left corner.
    pub fn photograph(&self, width: u16, height: u16) -> Result<Image> {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root(), 0, 0, width, height, u32::MAX)?
            .reply()?;
        ensure!(image.data.len() == usize::from(width) * usize::from(height) * 4, "odd pixel format");
        let rgb = image.data.chunks_exact(4).flat_map(|p| [p[2], p[1], p[0]]).collect();
        Ok(Image { width: width.into(), height: height.into(), rgb })
    }

    /// Moves the pointer.
    pub fn pointer(&self, x: i16, y: i16) -> Result<()> {
        const MOTION: u8 = 6;
        self.connection.xtest_fake_input(MOTION, 0, 0, self.root(), x, y, 0)?.check()?;
        Ok(())
    }

    /// Types a key of the US layout by its X key code, to the window under the pointer.
    pub fn key(&self, code: u8) -> Result<()> {
        for kind in [2, 3] {
            self.connection.xtest_fake_input(kind, code, 0, self.root(), 0, 0, 0)?.check()?;
        }
        Ok(())
    }

    /// Drops files at a place, as a file manager would.
    pub fn drop_files(
        &self,
        display: &Display,
        files: &[PathBuf],
        (x, y): (i16, i16),
        host: &mut Host,
    ) -> Result<()> {
        self.pointer(x, y)?;
        self.button(true)?;
        let mut drag = start_drag_on(&display.name, files)?;
        let started = Instant::now();
        let mut released = false;
        loop {
            host.idle();
            // The other side answers from its own thread; there is no event to wait for here.
            std::thread::sleep(Duration::from_millis(20));
            match drag.poll() {
                Some(end) => {
                    ensure!(end? == Outcome::Dropped, "the window refused the files");
                    return Ok(());
                }
                None if !released && started.elapsed() > Duration::from_millis(500) => {
                    self.button(false)?;
                    released = true;
                }
                None => ensure!(started.elapsed() < Duration::from_secs(20), "the window does not answer"),
            }
        }
    }

    /// Presses or releases the left button.
    pub fn button(&self, down: bool) -> Result<()> {
        let kind = if down { 4 } else { 5 };
        self.connection.xtest_fake_input(kind, 1, 0, self.root(), 0, 0, 0)?.check()?;
        Ok(())
    }
}

/// Photographs a window until two pictures in a row are equal and not empty.
pub fn settled(client: &Client, host: &mut Host, width: u16, height: u16) -> Result<Image> {
    let started = Instant::now();
    let mut last = client.photograph(width, height)?;
    loop {
        ensure!(started.elapsed() < Duration::from_secs(30), "the window stays empty or never holds still");
        // A real window draws when it likes; there is nothing to wait for but time.
        std::thread::sleep(Duration::from_millis(150));
        host.idle();
        let next = client.photograph(width, height)?;
        if next.colours() > 16 && next.rgb == last.rgb {
            return Ok(next);
        }
        last = next;
    }
}

impl Image {
    /// Number of different colours: an empty window has one.
    #[must_use]
    pub fn colours(&self) -> usize {
        self.rgb.chunks_exact(3).collect::<std::collections::HashSet<_>>().len()
    }

    /// Writes a PNG.
    pub fn save(&self, path: &std::path::Path) -> Result<()> {
        let file = std::io::BufWriter::new(std::fs::File::create(path)?);
        let mut encoder = png::Encoder::new(file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }
}
