//! What crosses between the audio thread, the worker and everybody else.
//!
//! One constructor makes three handles, and only they can reach the rings: [`AudioSide`] belongs to the audio
//! thread and never waits, locks, allocates or frees; [`WorkerSide`] belongs to the worker thread and frees what
//! the audio thread is done with; [`GuiSide`] is for all others (window, state loading) and cannot reach voices.

mod moment;
mod tally;
mod telemetry;
mod trigger;

pub use moment::{Heard, Moment, Played, Sounding};
pub use telemetry::{Snapshot, Telemetry};
pub use trigger::{Trigger, loading_state};

use crate::clips::playable::{Playable, Start};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
pub(crate) use tally::Tally;

/// Clips on their way to the audio thread.
const CLIPS: usize = 16;
/// Clips on their way back. Larger than `CLIPS`, so that the audio thread can always get rid of one.
const GARBAGE: usize = 64;
/// Played-in notes and moments; a worker that is busy for seconds loses none.
const HEARD: usize = 4096;

/// Sent by worker, window or state loading; received by the audio thread.
#[derive(Debug)]
pub struct NextClip {
    /// What shall sound; `None`: nothing.
    pub clip: Option<Arc<Playable>>,
    /// When it begins, and whether it repeats.
    pub start: Start,
}

/// A clip with its place in the order of sending.
#[derive(Debug)]
struct Sent {
    next: NextClip,
    serial: u64,
}

struct OutboxInner {
    ring: Producer<Sent>,
    /// The newest clip when the ring is full (audio not running). Older ones no longer matter.
    waiting: Option<Sent>,
    /// Clips sent so far.
    serial: u64,
}

/// The way in: any thread but the audio thread may send. The lock is never taken by the audio thread while it
/// processes.
#[derive(Clone)]
pub struct Outbox(Arc<Mutex<OutboxInner>>);

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, OutboxInner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a clip; its serial. The latest wins.
    pub fn send(&self, next: NextClip) -> u64 {
        let mut inner = self.lock();
        inner.serial += 1;
        let serial = inner.serial;
        inner.waiting = Some(Sent { next, serial });
        Self::flush_inner(&mut inner);
        serial
    }

    /// Serial of the last clip that was sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.lock().serial
    }

    /// Tries again to send what found no room. Called by the worker now and then.
    pub fn flush(&self) {
        Self::flush_inner(&mut self.lock());
    }

    fn flush_inner(inner: &mut OutboxInner) {
        if let Some(next) = inner.waiting.take()
            && let Err(rtrb::PushError::Full(next)) = inner.ring.push(next)
        {
            inner.waiting = Some(next);
        }
    }
}

/// The audio thread's handle.
pub struct AudioSide {
    clips: Consumer<Sent>,
    garbage: Producer<Arc<Playable>>,
    heard: Producer<Heard>,
    outbox: Outbox,
    pace: Arc<Pace>,
    /// Serial of the last clip that has arrived.
    received: u64,
    /// Events sent to the worker so far.
    told: u64,
    last: Option<Moment>,
    /// Clock and playhead for the window.
    pub telemetry: Arc<Telemetry>,
    /// The `Generate` parameter.
    pub trigger: Arc<Trigger>,
}

impl AudioSide {
    /// The next clip, if one has arrived and there is room to get rid of what it replaces.
    pub fn next_clip(&mut self) -> Option<NextClip> {
        // Two may come back: the one that waited and the one that played.
        if self.garbage.slots() < 2 {
            return None;
        }
        let sent = self.clips.pop().ok()?;
        self.received = sent.serial;
        Some(sent.next)
    }

    /// Serial of the last clip that has arrived.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Hands a clip to the worker to be freed.
    pub fn discard(&mut self, clip: Option<Arc<Playable>>) {
        if let Some(clip) = clip
            && let Err(rtrb::PushError::Full(clip)) = self.garbage.push(clip)
        {
            // Cannot happen: `next_clip` checks for room first. Leaking one clip beats freeing it here.
            std::mem::forget(clip);
        }
    }

    /// Not for the audio thread: on activation, the newest clip that was sent, however full the ring was.
    pub fn latest(&mut self) -> Option<NextClip> {
        let mut latest = None;
        while let Ok(sent) = self.clips.pop() {
            latest = Some(sent);
        }
        let waiting = self.outbox.lock().waiting.take();
        let sent = waiting.or(latest)?;
        self.received = sent.serial;
        Some(sent.next)
    }

    /// A played-in note. Dropped when the worker has not looked for very long.
    pub fn played(&mut self, note: Played) {
        self.tell(Heard::Note(note));
    }

    /// Where the song is; told if it is news.
    pub fn moment(&mut self, moment: Moment) {
        if self.last.is_none_or(|last| !moment.tells_nothing_after(&last)) && self.tell(Heard::Moment(moment))
        {
            self.last = Some(moment);
        }
    }

    fn tell(&mut self, heard: Heard) -> bool {
        let told = self.heard.push(heard).is_ok();
        self.told += u64::from(told);
        told
    }

    /// Not for the audio thread: a render outruns the worker, which then looks more often.
    pub fn hurry(&self, hurry: bool) {
        self.pace.hurry.store(hurry, Ordering::Relaxed);
    }

    /// Only for offline rendering: waits until the worker has done what follows from all that it was told.
    pub fn wait_for_worker(&self, limit: Duration) -> bool {
        self.pace.done.wait(self.told, limit)
    }

    /// Only for offline rendering: waits until the worker has looked at everything there is now, parameters and
    /// document, and has done what follows.
    pub fn wait_for_round(&self, limit: Duration) -> bool {
        let begun = self.pace.begun.load(Ordering::Acquire);
        self.pace.rounds.wait(begun + 1, limit)
    }
}

/// How far the worker is behind the audio thread.
#[derive(Debug, Default)]
struct Pace {
    hurry: AtomicBool,
    /// Rounds that the worker has begun, and those that it has ended.
    begun: AtomicU64,
    rounds: Tally,
    /// Events that the worker has dealt with.
    done: Tally,
}

/// The worker's handle.
pub struct WorkerSide {
    garbage: Consumer<Arc<Playable>>,
    heard: Consumer<Heard>,
    pace: Arc<Pace>,
    taken: u64,
    /// Way to the audio thread.
    pub outbox: Outbox,
}

impl WorkerSide {
    /// Frees what the audio thread is done with and sends what found no room.
    pub fn tidy(&mut self) {
        while self.garbage.pop().is_ok() {}
        self.outbox.flush();
    }

    /// What was heard next.
    pub fn heard(&mut self) -> Option<Heard> {
        let heard = self.heard.pop().ok()?;
        self.taken += 1;
        Some(heard)
    }

    /// A round begins: what is looked at from here on is as it is now.
    pub fn begin_round(&self) {
        self.pace.begun.fetch_add(1, Ordering::AcqRel);
    }

    /// Everything that follows from what was heard has been done, and the round is over.
    pub fn caught_up(&self) {
        self.pace.done.answer(self.taken);
        self.pace.rounds.answer(self.pace.begun.load(Ordering::Relaxed));
    }

    /// Somebody may be waiting.
    #[must_use]
    pub fn in_a_hurry(&self) -> bool {
        self.pace.hurry.load(Ordering::Relaxed)
    }
}

/// Everybody else's handle.
#[derive(Clone)]
pub struct GuiSide {
    /// Way to the audio thread.
    pub outbox: Outbox,
    /// Clock and playhead.
    pub telemetry: Arc<Telemetry>,
    /// The `Generate` parameter.
    pub trigger: Arc<Trigger>,
}

/// Makes the three handles of one plugin instance.
#[must_use]
pub fn bridge(trigger: Arc<Trigger>) -> (AudioSide, WorkerSide, GuiSide) {
    let (clips_in, clips_out) = RingBuffer::new(CLIPS);
    let (garbage_in, garbage_out) = RingBuffer::new(GARBAGE);
    let (heard_in, heard_out) = RingBuffer::new(HEARD);
    let outbox = Outbox(Arc::new(Mutex::new(OutboxInner { ring: clips_in, waiting: None, serial: 0 })));
    let pace = Arc::new(Pace::default());
    let telemetry = Arc::new(Telemetry::default());
    (
        AudioSide {
            clips: clips_out,
            garbage: garbage_in,
            heard: heard_in,
            outbox: outbox.clone(),
            pace: pace.clone(),
            received: 0,
            told: 0,
            last: None,
            telemetry: telemetry.clone(),
            trigger: trigger.clone(),
        },
        WorkerSide { garbage: garbage_out, heard: heard_out, pace, taken: 0, outbox: outbox.clone() },
        GuiSide { outbox, telemetry, trigger },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::Clip;

    fn clip(take: u64) -> NextClip {
        NextClip { clip: Some(Arc::new(Playable::new(&Clip::default(), take))), start: Start::Now }
    }

    #[test]
    fn the_newest_clip_survives_a_full_ring() {
        let (mut audio, _worker, gui) = bridge(Arc::default());
        for take in 0..100 {
            gui.outbox.send(clip(take));
        }
        let latest = audio.latest().and_then(|n| n.clip).map(|c| c.take);
        assert_eq!(latest, Some(99));
        assert!(audio.latest().is_none());
    }

    #[test]
    fn the_audio_side_takes_no_clip_that_it_could_not_give_back() {
        let (mut audio, mut worker, gui) = bridge(Arc::default());
        let mut taken = Vec::new();
        for take in 0..200 {
            gui.outbox.send(clip(take));
            if let Some(next) = audio.next_clip() {
                taken.push(next.clip.as_ref().map(Arc::downgrade));
                audio.discard(next.clip);
            }
        }
        assert!(taken.len() < GARBAGE, "stopped before the garbage ring was full");
        worker.tidy();
        assert!(audio.next_clip().is_some(), "goes on when the worker has tidied up");
        assert!(taken.iter().all(|t| t.as_ref().is_some_and(|t| t.strong_count() == 0)), "all were freed");
    }

    #[test]
    fn handles_may_move_to_their_threads() {
        fn send<T: Send>() {}
        send::<AudioSide>();
        send::<WorkerSide>();
        send::<GuiSide>();
    }
}
