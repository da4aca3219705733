//! [`Cancel`]: how a run is stopped from another thread.
//!
//! Any thread. Whoever works for long looks at it often enough that a press acts within 50 ms: before every step of a
//! network and, where many takes are written side by side, between them; between the tensors of a file.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Lets another thread stop a run.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    #[cfg(test)]
    looks: testing::Looks,
}

impl Cancel {
    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the run should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        #[cfg(test)]
        if self.0.looks.last() {
            self.cancel();
        }
        self.0.cancelled.load(Ordering::Relaxed)
    }
}

/// Tests count looks instead of time.
#[cfg(test)]
mod testing {
    use super::{Arc, Cancel, Ordering, State};
    use std::sync::atomic::AtomicUsize;

    #[derive(Debug, Default)]
    pub(super) struct Looks {
        so_far: AtomicUsize,
        /// The look that finds it cancelled, from 1; 0 for none.
        last: usize,
    }

    impl Looks {
        /// Counts a look; whether it is the one.
        pub(super) fn last(&self) -> bool {
            self.so_far.fetch_add(1, Ordering::Relaxed) + 1 == self.last
        }
    }

    impl Cancel {
        /// Pressed just before look number `last` (from 1).
        pub(crate) fn at_look(last: usize) -> Self {
            let looks = Looks { last, ..Looks::default() };
            Self(Arc::new(State { looks, ..State::default() }))
        }

        /// How often it was looked at.
        pub(crate) fn looks(&self) -> usize {
            self.0.looks.so_far.load(Ordering::Relaxed)
        }
    }
}
