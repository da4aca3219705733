//! What crosses between the audio thread, the worker and everybody else.
//!
//! One constructor makes three handles, and only they can reach the rings: [`AudioSide`] belongs to the audio
//! thread and never waits, locks, allocates or frees; [`WorkerSide`] belongs to the worker thread and frees what
//! the audio thread is done with; [`GuiSide`] is for all others (window, state loading) and cannot reach voices.

mod telemetry;
mod trigger;

pub use telemetry::{Snapshot, Telemetry};
pub use trigger::{Trigger, loading_state};

use crate::clips::player::Playable;
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clips on their way to the audio thread.
const CLIPS: usize = 16;
/// Clips on their way back. Larger than `CLIPS`, so that the audio thread can always get rid of one.
const GARBAGE: usize = 64;
/// Played-in notes; a worker that is busy for seconds loses none.
const PLAYED: usize = 4096;

/// Sent by worker, window or state loading; received by the audio thread.
#[derive(Debug)]
pub struct NextClip {
    /// What shall sound; `None`: nothing.
    pub clip: Option<Arc<Playable>>,
    /// Do not wait for the swap point.
    pub immediate: bool,
}

/// A played-in note event. Sent by the audio thread, received by the worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// Song position in ticks.
    pub tick: f64,
    /// See [`crate::clips::timeline::Plan::epoch`].
    pub epoch: u32,
    /// Whether the host's time ran.
    pub running: bool,
    /// MIDI channel from 0.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// `None` for a note-off.
    pub velocity: Option<u8>,
    /// Meter and bar lines at that time.
    pub grid: crate::clips::timeline::Grid,
    /// Quarter notes per minute at that time.
    pub tempo: f64,
}

struct OutboxInner {
    ring: Producer<NextClip>,
    /// The newest clip when the ring is full (audio not running). Older ones no longer matter.
    waiting: Option<NextClip>,
}

/// The way in: any thread but the audio thread may send. The lock is never taken by the audio thread while it
/// processes.
#[derive(Clone)]
pub struct Outbox(Arc<Mutex<OutboxInner>>);

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, OutboxInner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a clip. The latest wins.
    pub fn send(&self, next: NextClip) {
        let mut inner = self.lock();
        inner.waiting = Some(next);
        Self::flush_inner(&mut inner);
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
    clips: Consumer<NextClip>,
    garbage: Producer<Arc<Playable>>,
    played: Producer<Played>,
    outbox: Outbox,
    /// Clock and playhead for the window.
    pub telemetry: Arc<Telemetry>,
    /// The `Generate` parameter.
    pub trigger: Arc<Trigger>,
}

impl AudioSide {
    /// The next clip, if one has arrived and there is room to get rid of what it replaces.
    pub fn next_clip(&mut self) -> Option<NextClip> {
        // Two may come back: the one that waited and the one that played.
        if self.garbage.slots() < 2 { None } else { self.clips.pop().ok() }
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
        while let Ok(next) = self.clips.pop() {
            latest = Some(next);
        }
        let waiting = self.outbox.lock().waiting.take();
        waiting.or(latest)
    }

    /// A played-in note for the capture. Dropped when the worker has not looked for very long.
    pub fn played(&mut self, note: Played) {
        let _ = self.played.push(note);
    }
}

/// The worker's handle.
pub struct WorkerSide {
    garbage: Consumer<Arc<Playable>>,
    played: Consumer<Played>,
    /// Way to the audio thread.
    pub outbox: Outbox,
}

impl WorkerSide {
    /// Frees what the audio thread is done with and sends what found no room.
    pub fn tidy(&mut self) {
        while self.garbage.pop().is_ok() {}
        self.outbox.flush();
    }

    /// The next played-in note.
    pub fn played(&mut self) -> Option<Played> {
        self.played.pop().ok()
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
    let (played_in, played_out) = RingBuffer::new(PLAYED);
    let outbox = Outbox(Arc::new(Mutex::new(OutboxInner { ring: clips_in, waiting: None })));
    let telemetry = Arc::new(Telemetry::default());
    (
        AudioSide {
            clips: clips_out,
            garbage: garbage_in,
            played: played_in,
            outbox: outbox.clone(),
            telemetry: telemetry.clone(),
            trigger: trigger.clone(),
        },
        WorkerSide { garbage: garbage_out, played: played_out, outbox: outbox.clone() },
        GuiSide { outbox, telemetry, trigger },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::Clip;

    fn clip(take: u64) -> NextClip {
        NextClip { clip: Some(Arc::new(Playable::new(&Clip::default(), take))), immediate: true }
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
