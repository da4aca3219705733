//! The source side of XDND (version 5) on X11, also reached through XWayland. Runs on its own thread with its own
//! connection: it never touches the connection of the window or of the host, and never grabs the pointer.
//!
//! The toolkit that got the button press holds the pointer until the release, so no grab is possible; the position is
//! asked for every 8 ms instead. Protocol: freedesktop.org, "Drag-and-Drop Protocol for the X Window System".

use super::{DragError, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, CreateWindowAux,
    EventMask, KeyButMask, PropMode, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent,
    Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    /// Names of the protocol.
    Atoms: AtomsCookie {
        XdndAware,
        XdndProxy,
        XdndSelection,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndLeave,
        XdndDrop,
        XdndFinished,
        XdndActionCopy,
        TARGETS,
        URI_LIST: b"text/uri-list",
        STAMP: b"_DESCANT_DRAG_TIME",
    }
}

const VERSION: u32 = 5;
/// How often the pointer is asked for.
const BEAT: Duration = Duration::from_millis(8);
/// How long an answer to a position is waited for before the next is sent, and before a drop is given up.
const ANSWER: Duration = Duration::from_millis(800);
/// How long the other program may take to fetch the files after the drop.
const FINISH: Duration = Duration::from_secs(3);
/// No gesture lasts longer: a lost button release must not leave a thread behind.
const LONGEST: Duration = Duration::from_secs(300);
const ESCAPE: u32 = 0xFF1B;

impl From<ConnectionError> for DragError {
    fn from(e: ConnectionError) -> Self {
        Self::Broken(e.to_string())
    }
}
impl From<ReplyError> for DragError {
    fn from(e: ReplyError) -> Self {
        Self::Broken(e.to_string())
    }
}
impl From<ReplyOrIdError> for DragError {
    fn from(e: ReplyOrIdError) -> Self {
        Self::Broken(e.to_string())
    }
}

/// A window that takes drops. Messages go to `to`, which differs from `window` behind a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    window: Window,
    to: Window,
    version: u32,
}

/// What the target said to the last position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Nothing was asked yet.
    None,
    /// A position is on its way since then.
    Pending(Instant),
    /// Would it take the files?
    Told(bool),
}

struct Source<'a> {
    x: RustConnection,
    a: Atoms,
    root: Window,
    window: Window,
    time: u32,
    escape: Vec<u8>,
    list: &'a [u8],
    target: Option<Target>,
    answer: Answer,
    dropped: bool,
    finished: Option<bool>,
    lost: bool,
}

/// Carries `list` on `display` (`None`: the one of the environment) until the button is released, Escape is pressed or `cancel` is set.
pub(super) fn drag(display: Option<&str>, list: &[u8], cancel: &AtomicBool) -> Result<Outcome, DragError> {
    let (x, screen) = x11rb::connect(display).map_err(|e| DragError::Unavailable(e.to_string()))?;
    let mut source = Source::new(x, screen, list)?;
    let result = source.run(cancel);
    // Whatever happened: the target must not go on showing a drop mark.
    if let Some(t) = source.target.take().filter(|_| !source.dropped) {
        source.send(t, source.a.XdndLeave, [source.window, 0, 0, 0, 0])?;
    }
    source.x.destroy_window(source.window)?;
    // One round trip: a server that writes to a closed connection throws away what it has not read yet, the leave too.
    source.x.get_input_focus()?.reply()?;
    result
}

impl<'a> Source<'a> {
    fn new(x: RustConnection, screen: usize, list: &'a [u8]) -> Result<Self, DragError> {
        let a = Atoms::new(&x)?.reply()?;
        let root = x.setup().roots[screen].root;
        let window = x.generate_id()?;
        let aux = CreateWindowAux::new().override_redirect(1).event_mask(EventMask::PROPERTY_CHANGE);
        x.create_window(0, window, root, -16, -16, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &aux)?.check()?;
        let escape = escape_keys(&x)?;
        let mut s = Self {
            x,
            a,
            root,
            window,
            time: x11rb::CURRENT_TIME,
            escape,
            list,
            target: None,
            answer: Answer::None,
            dropped: false,
            finished: None,
            lost: false,
        };
        s.time = s.server_time()?;
        s.x.set_selection_owner(window, s.a.XdndSelection, s.time)?.check()?;
        if s.x.get_selection_owner(s.a.XdndSelection)?.reply()?.owner != window {
            return Err(DragError::Broken("another drag is going on".into()));
        }
        Ok(s)
    }

    /// The server's clock, which the selection and the messages are stamped with.
    fn server_time(&self) -> Result<u32, DragError> {
        self.x
            .change_property8(PropMode::APPEND, self.window, self.a.STAMP, AtomEnum::STRING, &[])?
            .check()?;
        // Events come in order, so after the checked request the notification is already here.
        while let Some(e) = self.x.poll_for_event()? {
            if let Event::PropertyNotify(e) = e
                && e.atom == self.a.STAMP
            {
                let none = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
                self.x.change_window_attributes(self.window, &none)?;
                return Ok(e.time);
            }
        }
        Ok(x11rb::CURRENT_TIME)
    }

    fn run(&mut self, cancel: &AtomicBool) -> Result<Outcome, DragError> {
        let begun = Instant::now();
        let mut told_at = None;
        loop {
            self.events()?;
            if cancel.load(Ordering::Relaxed)
                || self.lost
                || begun.elapsed() > LONGEST
                || self.escape_down()?
            {
                return Ok(Outcome::Cancelled);
            }
            let p = self.x.query_pointer(self.root)?.reply()?;
            let at = (p.root_x, p.root_y);
            let down = p.mask.contains(KeyButMask::BUTTON1);
            let target = self.target_at(at)?;
            if target != self.target {
                self.enter(target)?;
                told_at = None;
            }
            if let (Some(t), true) = (self.target, told_at != Some(at) && self.may_ask()) {
                let place = (u32::from(at.0 as u16) << 16) | u32::from(at.1 as u16);
                let data = [self.window, 0, place, self.time, self.a.XdndActionCopy];
                self.send(t, self.a.XdndPosition, data)?;
                self.answer = Answer::Pending(Instant::now());
                told_at = Some(at);
            }
            self.x.flush()?;
            if !down {
                return self.drop_here(cancel);
            }
            std::thread::sleep(BEAT);
        }
    }

    /// A new position is sent once the last was answered, or after a silence that is too long.
    fn may_ask(&self) -> bool {
        !matches!(self.answer, Answer::Pending(since) if since.elapsed() < ANSWER)
    }

    /// The button was released: wait for the last answer, then drop or leave.
    fn drop_here(&mut self, cancel: &AtomicBool) -> Result<Outcome, DragError> {
        let Some(t) = self.target else { return Ok(Outcome::Cancelled) };
        while let Answer::Pending(since) = self.answer {
            if since.elapsed() > ANSWER || cancel.load(Ordering::Relaxed) {
                return Ok(Outcome::Cancelled);
            }
            std::thread::sleep(BEAT / 4);
            self.events()?;
        }
        if self.answer != Answer::Told(true) {
            return Ok(Outcome::Cancelled);
        }
        self.dropped = true;
        self.send(t, self.a.XdndDrop, [self.window, 0, self.time, 0, 0])?;
        self.x.flush()?;
        let dropped = Instant::now();
        while dropped.elapsed() < FINISH && !cancel.load(Ordering::Relaxed) {
            self.events()?;
            if let Some(taken) = self.finished {
                // Versions below 5 say only that they are done.
                return Ok(if taken || t.version < 5 { Outcome::Dropped } else { Outcome::Cancelled });
            }
            std::thread::sleep(BEAT / 4);
        }
        Err(DragError::Broken("the other program did not take the file".into()))
    }

    fn enter(&mut self, target: Option<Target>) -> Result<(), DragError> {
        if let Some(old) = self.target.take() {
            self.send(old, self.a.XdndLeave, [self.window, 0, 0, 0, 0])?;
        }
        self.answer = Answer::None;
        self.target = target;
        if let Some(t) = target {
            let version = t.version.min(VERSION) << 24;
            self.send(t, self.a.XdndEnter, [self.window, version, self.a.URI_LIST, 0, 0])?;
        }
        Ok(())
    }

    fn send(&self, t: Target, message: Atom, data: [u32; 5]) -> Result<(), DragError> {
        let event = ClientMessageEvent::new(32, t.window, message, data);
        self.x.send_event(false, t.to, EventMask::NO_EVENT, event)?;
        Ok(())
    }

    /// The uppermost window under the pointer that says it takes drops.
    fn target_at(&self, (x, y): (i16, i16)) -> Result<Option<Target>, DragError> {
        let mut window = self.root;
        // Windows nest; the bound only guards against a server that answers in circles.
        for _ in 0..64 {
            let Some(at) = gone(self.x.translate_coordinates(self.root, window, x, y)?.reply())? else {
                return Ok(None);
            };
            if at.child == x11rb::NONE {
                return Ok(None);
            }
            window = at.child;
            let to = self.proxy(window)?.unwrap_or(window);
            if let Some(version) = self.property(to, self.a.XdndAware, AtomEnum::ATOM.into())? {
                return Ok(Some(Target { window, to, version }));
            }
        }
        Ok(None)
    }

    /// A window may name another that handles its drops; that one must name itself.
    fn proxy(&self, window: Window) -> Result<Option<Window>, DragError> {
        let kind = AtomEnum::WINDOW.into();
        let Some(proxy) = self.property(window, self.a.XdndProxy, kind)? else { return Ok(None) };
        Ok((self.property(proxy, self.a.XdndProxy, kind)? == Some(proxy)).then_some(proxy))
    }

    fn property(&self, window: Window, name: Atom, kind: Atom) -> Result<Option<u32>, DragError> {
        let reply = gone(self.x.get_property(false, window, name, kind, 0, 1)?.reply())?;
        Ok(reply.and_then(|r| r.value32().and_then(|mut v| v.next())))
    }

    fn events(&mut self) -> Result<(), DragError> {
        while let Some(event) = self.x.poll_for_event()? {
            match event {
                Event::ClientMessage(e) if e.format == 32 => self.message(e.type_, e.data.as_data32()),
                Event::SelectionRequest(e) if e.selection == self.a.XdndSelection => self.hand_over(&e)?,
                Event::SelectionClear(e) if e.selection == self.a.XdndSelection => self.lost = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn message(&mut self, kind: Atom, data: [u32; 5]) {
        // Late answers of a window that was left already do not count.
        if self.target.is_none_or(|t| t.window != data[0] && t.to != data[0]) {
            return;
        }
        if kind == self.a.XdndStatus {
            self.answer = Answer::Told(data[1] & 1 == 1);
        } else if kind == self.a.XdndFinished {
            self.finished = Some(data[1] & 1 == 1);
        }
    }

    /// Answers a request for the files, or for the formats they come in.
    fn hand_over(&self, r: &SelectionRequestEvent) -> Result<(), DragError> {
        let property = if r.property == x11rb::NONE { r.target } else { r.property };
        let given = if r.target == self.a.URI_LIST {
            self.x.change_property8(PropMode::REPLACE, r.requestor, property, r.target, self.list)?;
            property
        } else if r.target == self.a.TARGETS {
            let targets = [self.a.TARGETS, self.a.URI_LIST];
            self.x.change_property32(PropMode::REPLACE, r.requestor, property, AtomEnum::ATOM, &targets)?;
            property
        } else {
            x11rb::NONE
        };
        let reply = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: r.time,
            requestor: r.requestor,
            selection: r.selection,
            target: r.target,
            property: given,
        };
        self.x.send_event(false, r.requestor, EventMask::NO_EVENT, reply)?;
        self.x.flush()?;
        Ok(())
    }

    fn escape_down(&self) -> Result<bool, DragError> {
        let keys = self.x.query_keymap()?.reply()?.keys;
        Ok(self.escape.iter().any(|&k| keys[usize::from(k / 8)] >> (k % 8) & 1 == 1))
    }
}

/// A window may vanish between two requests; that is no failure of the drag.
fn gone<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, DragError> {
    match reply {
        Ok(r) => Ok(Some(r)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Key codes that mean Escape on this keyboard.
fn escape_keys(x: &RustConnection) -> Result<Vec<u8>, DragError> {
    let (low, high) = (x.setup().min_keycode, x.setup().max_keycode);
    let map = x.get_keyboard_mapping(low, high - low + 1)?.reply()?;
    let per = usize::from(map.keysyms_per_keycode).max(1);
    let codes = map.keysyms.chunks(per).zip(low..=high);
    Ok(codes.filter(|(syms, _)| syms.contains(&ESCAPE)).map(|(_, code)| code).collect())
}
