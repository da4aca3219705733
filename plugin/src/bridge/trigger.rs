//! The `Generate` parameter: its rising edges are counted wherever the host moves it (audio thread, main
//! thread), and the worker answers them. Loading a state moves the parameter too, but never counts. `Panic` is
//! another one; the audio thread answers it.

use super::tally::Tally;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

thread_local! {
    static LOADING: Cell<bool> = const { Cell::new(false) };
}

/// Marks that this thread has begun or ended loading a state. Parameters are set between the two calls.
pub fn loading_state(loading: bool) {
    LOADING.set(loading);
}

/// See the file's head.
#[derive(Debug, Default)]
pub struct Trigger {
    armed: AtomicBool,
    asked: AtomicU64,
    answered: Tally,
}

impl Trigger {
    /// From now on edges count. Before it activates the plugin or opens the window, a host only restores values.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
    }

    /// The parameter has changed. Any thread; neither waits nor locks.
    pub fn parameter_changed(&self, on: bool) {
        if on && self.armed.load(Ordering::Relaxed) && !LOADING.get() {
            self.asked.fetch_add(1, Ordering::Release);
        }
    }

    /// Edges so far.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }

    /// Worker: everything up to edge `count` has been answered.
    pub fn answer(&self, count: u64) {
        self.answered.answer(count);
    }

    /// Only for offline rendering, where a bounce must be complete: waits until all edges so far have been
    /// answered. Gives up after `limit`; whether all were answered.
    pub fn wait(&self, limit: Duration) -> bool {
        self.answered.wait(self.asked(), limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rising_edges_of_an_armed_trigger_count() {
        let trigger = Trigger::default();
        trigger.parameter_changed(true);
        trigger.arm();
        trigger.parameter_changed(false);
        assert_eq!(trigger.asked(), 0);
        trigger.parameter_changed(true);
        trigger.parameter_changed(false);
        trigger.parameter_changed(true);
        assert_eq!(trigger.asked(), 2);
    }

    #[test]
    fn a_state_that_holds_a_pressed_trigger_does_not_press_it() {
        let trigger = Trigger::default();
        trigger.arm();
        loading_state(true);
        trigger.parameter_changed(true);
        loading_state(false);
        assert_eq!(trigger.asked(), 0);
    }

    #[test]
    fn waiting_ends_with_the_answer() {
        let trigger = std::sync::Arc::new(Trigger::default());
        trigger.arm();
        trigger.parameter_changed(true);
        assert!(!trigger.wait(Duration::from_millis(1)), "not answered yet");
        let other = trigger.clone();
        let thread = std::thread::spawn(move || other.answer(1));
        assert!(trigger.wait(Duration::from_secs(60)));
        thread.join().expect("thread ends");
    }
}
