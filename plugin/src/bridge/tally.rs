//! What has been answered, for those few who may wait for it: an offline render must be complete.
//!
//! The worker counts; nobody waits in real time.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// See the file's head.
#[derive(Debug, Default)]
pub struct Tally {
    answered: Mutex<u64>,
    changed: Condvar,
}

impl Tally {
    /// Worker: everything up to `count` has been answered.
    pub fn answer(&self, count: u64) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if *answered < count {
            *answered = count;
            self.changed.notify_all();
        }
    }

    /// Only for offline rendering: waits until everything up to `count` has been answered. Gives up after `limit`;
    /// whether all was answered.
    pub fn wait(&self, count: u64, limit: Duration) -> bool {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(answered, limit, |a| *a < count);
        waited.map_or(true, |(answered, _)| *answered >= count)
    }
}
