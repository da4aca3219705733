//! Keeps the system's graphics library in memory from the first window on (Linux).
//!
//! The window closes it with its context, but a window's thread may still be ending then, and the library has left work
//! for the end of that thread: it would run code that is gone, and the host would crash. Seen in 2 of 25 runs of the test
//! that opens the editor fifty times.

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use std::sync::Once;

/// Call before a window is opened.
pub fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for name in ["libEGL.so.1", "libEGL.so"] {
            // SAFETY: the window opens the same library right after; its start-up code runs then in any case.
            if let Ok(library) = unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) } {
                std::mem::forget(library);
                return;
            }
        }
    });
}
