//! A clip is dragged from Descant to another program on X11: a second client receives the file's address.
//!
//! Each test has a private X server with its own pointer. It needs the package `xvfb`.
#![cfg(all(unix, not(target_os = "macos")))]

use descant_plugin::gui::drag::{self, DragError, DragHandle, Outcome};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Window,
    WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// Long enough for a loaded machine; reached only on failure.
const LIMIT: Duration = Duration::from_secs(20);
const PRESS: u8 = 4;
const RELEASE: u8 = 5;
const KEY_PRESS: u8 = 2;

struct Server {
    child: Child,
    display: String,
}

impl Server {
    fn start() -> Self {
        // With `-displayfd` the server picks a free number itself and says so when it is ready.
        let mut child = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("Xvfb cannot be started ({e}): install the package `xvfb`"));
        let mut number = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut number).expect("display number");
        assert!(!number.trim().is_empty(), "Xvfb did not come up");
        Self { child, display: format!(":{}", number.trim()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        XdndAware, XdndProxy, XdndSelection, XdndEnter, XdndPosition, XdndStatus, XdndLeave, XdndDrop, XdndFinished,
        XdndActionCopy, URI_LIST: b"text/uri-list", BOX: b"_BOX",
    }
}

/// How the other program behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manners {
    Takes,
    Refuses,
    Silent,
    /// Takes, but another window of it does the talking.
    Proxy,
}

/// What the other program went through.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Entered { version: u32, first_type: Atom },
    At(i16, i16),
    Left,
    Got(Vec<u8>),
}

/// The other program: a window in the right half of the screen, and the hand on the mouse.
struct Other {
    x: Arc<RustConnection>,
    root: Window,
    a: Atoms,
    seen: Receiver<Seen>,
}

impl Other {
    fn start(server: &Server, manners: Manners) -> Self {
        let (x, screen) = x11rb::connect(Some(&server.display)).expect("a private server");
        let x = Arc::new(x);
        let root = x.setup().roots[screen].root;
        let a = Atoms::new(&*x).expect("atoms").reply().expect("atoms");
        let make = |shown: bool| {
            let w = x.generate_id().expect("id");
            let aux = CreateWindowAux::new().override_redirect(1).event_mask(EventMask::PROPERTY_CHANGE);
            x.create_window(24, w, root, 400, 0, 400, 600, 0, WindowClass::INPUT_OUTPUT, 0, &aux)
                .expect("window");
            if shown {
                x.map_window(w).expect("map");
            }
            w
        };
        let window = make(true);
        let talks = if manners == Manners::Proxy { make(false) } else { window };
        if manners == Manners::Proxy {
            for w in [window, talks] {
                x.change_property32(PropMode::REPLACE, w, a.XdndProxy, AtomEnum::WINDOW, &[talks])
                    .expect("proxy");
            }
        }
        x.change_property32(PropMode::REPLACE, talks, a.XdndAware, AtomEnum::ATOM, &[5]).expect("aware");
        x.get_input_focus().expect("sync").reply().expect("sync");
        let (tell, seen) = channel();
        let (client, atoms) = (x.clone(), Atoms { ..a });
        std::thread::spawn(move || {
            let answer = |to: Window, kind: Atom, data: [u32; 5]| {
                let message = ClientMessageEvent::new(32, to, kind, data);
                client.send_event(false, to, EventMask::NO_EVENT, message).expect("answer");
                client.flush().expect("answer");
            };
            let mut source = 0;
            // Ends with the server.
            while let Ok(event) = client.wait_for_event() {
                match event {
                    Event::ClientMessage(e) => {
                        let d = e.data.as_data32();
                        assert_eq!(e.window, window, "messages name the window, even to its proxy");
                        if e.type_ == atoms.XdndEnter {
                            source = d[0];
                            let _ = tell.send(Seen::Entered { version: d[1] >> 24, first_type: d[2] });
                        } else if e.type_ == atoms.XdndPosition {
                            let (px, py) = ((d[2] >> 16) as i16, (d[2] & 0xFFFF) as i16);
                            let accept = u32::from(matches!(manners, Manners::Takes | Manners::Proxy));
                            if manners != Manners::Silent {
                                let data = [window, accept, 0, 0, atoms.XdndActionCopy];
                                answer(source, atoms.XdndStatus, data);
                            }
                            let _ = tell.send(Seen::At(px, py));
                        } else if e.type_ == atoms.XdndLeave {
                            let _ = tell.send(Seen::Left);
                        } else if e.type_ == atoms.XdndDrop {
                            let (s, t, p) = (atoms.XdndSelection, atoms.URI_LIST, atoms.BOX);
                            client.convert_selection(talks, s, t, p, d[2]).expect("ask");
                            client.flush().expect("ask");
                        }
                    }
                    Event::SelectionNotify(e) => {
                        let kind = AtomEnum::ANY;
                        let got = client.get_property(true, talks, e.property, kind, 0, 4096).expect("get");
                        let value = got.reply().map(|r| r.value).unwrap_or_default();
                        answer(source, atoms.XdndFinished, [window, 1, atoms.XdndActionCopy, 0, 0]);
                        let _ = tell.send(Seen::Got(value));
                    }
                    _ => {}
                }
            }
        });
        Self { x, root, a, seen }
    }

    fn hand(&self, kind: u8, detail: u8, to: (i16, i16)) {
        self.x
            .xtest_fake_input(kind, detail, 0, self.root, to.0, to.1, 0)
            .expect("hand")
            .check()
            .expect("hand");
    }

    fn move_to(&self, x: i16, y: i16) {
        self.hand(6, 0, (x, y));
    }

    fn next(&self) -> Seen {
        self.seen.recv_timeout(LIMIT).expect("the other program hears of the drag")
    }

    /// Reads on until the pointer is told at `place`.
    fn until_at(&self, place: (i16, i16)) {
        while self.next() != Seen::At(place.0, place.1) {}
    }
}

/// A file, the pressed button in the left half, and the drag begun there.
fn begin(manners: Manners) -> (Server, Other, DragHandle, tempfile::TempDir) {
    let server = Server::start();
    let other = Other::start(&server, manners);
    let folder = tempfile::tempdir().expect("folder");
    let file = file_in(&folder);
    other.move_to(100, 100);
    other.hand(PRESS, 1, (0, 0));
    let drag = drag::start_drag_on(&server.display, &[file]).expect("the drag begins");
    (server, other, drag, folder)
}

fn file_in(folder: &tempfile::TempDir) -> PathBuf {
    let file = folder.path().join("Descant 1 of 8 [Generate] é.mid");
    std::fs::write(&file, b"MThd").expect("file");
    file
}

#[test]
fn the_other_program_receives_the_address_of_the_file() {
    for manners in [Manners::Takes, Manners::Proxy] {
        let (_server, other, mut drag, folder) = begin(manners);
        other.move_to(500, 200);
        assert_eq!(other.next(), Seen::Entered { version: 5, first_type: other.a.URI_LIST });
        other.until_at((500, 200));
        other.move_to(520, 210);
        other.until_at((520, 210));
        other.hand(RELEASE, 1, (0, 0));
        let got = loop {
            match other.next() {
                Seen::Got(bytes) => break bytes,
                Seen::At(..) => {}
                odd => panic!("{odd:?}"),
            }
        };
        let place = folder.path().to_str().expect("a plain path");
        let expected = format!("file://{place}/Descant%201%20of%208%20%5BGenerate%5D%20%C3%A9.mid\r\n");
        assert_eq!(String::from_utf8_lossy(&got), expected);
        assert_eq!(drag.wait(LIMIT).expect("no failure"), Outcome::Dropped);
    }
}

#[test]
fn let_go_over_nothing_or_over_a_refusal_drops_nothing() {
    let (_server, other, mut drag, _folder) = begin(Manners::Takes);
    other.hand(RELEASE, 1, (0, 0));
    assert_eq!(drag.wait(LIMIT).expect("no failure"), Outcome::Cancelled);

    let (_server, other, mut drag, _folder) = begin(Manners::Refuses);
    other.move_to(500, 200);
    other.until_at((500, 200));
    other.hand(RELEASE, 1, (0, 0));
    assert_eq!(other.next(), Seen::Left);
    assert_eq!(drag.wait(LIMIT).expect("no failure"), Outcome::Cancelled);
}

#[test]
fn leaving_the_window_is_told() {
    let (_server, other, mut drag, _folder) = begin(Manners::Takes);
    other.move_to(500, 200);
    other.until_at((500, 200));
    other.move_to(90, 90);
    while other.next() != Seen::Left {}
    other.hand(RELEASE, 1, (0, 0));
    assert_eq!(drag.wait(LIMIT).expect("no failure"), Outcome::Cancelled);
}

#[test]
fn escape_ends_the_drag_while_the_button_is_down() {
    let (_server, other, mut drag, _folder) = begin(Manners::Takes);
    other.move_to(500, 200);
    other.until_at((500, 200));
    let (low, high) = (other.x.setup().min_keycode, other.x.setup().max_keycode);
    let map = other.x.get_keyboard_mapping(low, high - low + 1).expect("map").reply().expect("map");
    let per = usize::from(map.keysyms_per_keycode);
    let at = map.keysyms.chunks(per).position(|syms| syms.contains(&0xFF1B)).expect("an Escape key");
    other.hand(KEY_PRESS, low + at as u8, (0, 0));
    while other.next() != Seen::Left {}
    assert_eq!(drag.wait(LIMIT).expect("no failure"), Outcome::Cancelled);
}

#[test]
fn a_program_that_never_answers_does_not_hold_the_drag() {
    let (_server, other, mut drag, _folder) = begin(Manners::Silent);
    other.move_to(500, 200);
    other.until_at((500, 200));
    other.hand(RELEASE, 1, (0, 0));
    assert_eq!(drag.wait(LIMIT).expect("no failure"), Outcome::Cancelled);
    while other.next() != Seen::Left {}
}

#[test]
fn dropping_the_handle_ends_the_gesture_and_its_thread() {
    let (_server, other, drag, _folder) = begin(Manners::Takes);
    other.move_to(500, 200);
    other.until_at((500, 200));
    drop(drag);
    while other.next() != Seen::Left {}
}

#[test]
fn a_missing_or_vanishing_display_is_an_error_not_a_panic() {
    let folder = tempfile::tempdir().expect("folder");
    let file = file_in(&folder);
    let mut drag = drag::start_drag_on(":9999", &[file]).expect("the thread starts");
    assert!(matches!(drag.wait(LIMIT), Err(DragError::Unavailable(_))));

    let (server, other, mut drag, _folder) = begin(Manners::Takes);
    other.move_to(500, 200);
    other.until_at((500, 200));
    drop(server);
    assert!(matches!(drag.wait(LIMIT), Err(DragError::Broken(_))));
}
