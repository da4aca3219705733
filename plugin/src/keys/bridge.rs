//! What crosses between the audio thread of Keys, its worker and everybody else.
//!
//! One constructor makes the three handles. Zones go to the audio thread through one ring and come back to be freed through
//! another; what is being played goes to the worker as a few atomics ([`Demand`]), the latest wins. The audio thread never
//! waits here but in an offline render.
use crate::bridge::Tally;
use descant_core::sound::instrument::{Axes, PLACES, Position, Zone};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Zones on their way to the audio thread.
const WAY: usize = 32;
/// Keys pressed in the window on their way: more than fingers can press in a block.
const PRESSES: usize = 128;
/// Zones on their way back: more than can be anywhere else, so that there is always room.
const GARBAGE: usize = 2 * (PLACES + WAY);

/// From the worker to the audio thread.
#[derive(Debug)]
pub enum Delivery {
    /// Other instruments were chosen, or the sample rate is another; what follows is of these.
    Renewed {
        /// Where the morph leads anywhere.
        axes: Axes,
        /// Lowest and highest pitch that will be rendered.
        range: (u8, u8),
        /// Of the document and of the sample rate.
        stamp: Stamp,
    },
    /// A zone is ready.
    Zone {
        /// On the morph grid.
        position: Position,
        /// MIDI pitch.
        pitch: u8,
        /// The zone.
        zone: Arc<Zone>,
    },
    /// The zones of a position are needed no more.
    Forget(Position),
    /// The instruments of before are needed no more.
    ForgetStale,
}

/// A key of the window goes down, or up at velocity 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Press {
    /// MIDI pitch.
    pub key: u8,
    /// 0..=1.
    pub velocity: f32,
}

/// What zones are made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Generation of the document.
    pub document: u64,
    /// Count of sample rates.
    pub rate: u64,
}

/// What is played now. Written by the audio thread, read by the worker.
#[derive(Debug, Default)]
pub struct Demand {
    /// Count of note-ons, and the last one's pitch in the lowest byte.
    played: AtomicU64,
    held: [AtomicU64; 2],
    /// X and Y as the bits of two `f32`.
    morph: AtomicU64,
    /// Count of rates, and the bits of the last one.
    rates: AtomicU64,
    rate: AtomicU32,
    /// Count of program changes, and the last one in the lowest byte; how many the worker has seen to.
    programs: AtomicU64,
    programs_done: AtomicU64,
    hurry: AtomicBool,
    /// The stamp for which nothing more will come; its document counted from 1.
    hopeless: [AtomicU64; 2],
    sent: AtomicU64,
    arrived: Tally,
    document: Arc<AtomicU64>,
}

impl Demand {
    /// How many notes were played, and the last one's pitch.
    #[must_use]
    pub fn played(&self) -> (u64, u8) {
        let both = self.played.load(Ordering::Acquire);
        (both >> 8, both as u8)
    }

    /// Pitches that are held, as bits.
    #[must_use]
    pub fn held(&self) -> u128 {
        let [low, high] = [0, 1].map(|i: usize| u128::from(self.held[i].load(Ordering::Relaxed)));
        low | high << 64
    }

    /// Point of the morph.
    #[must_use]
    pub fn morph(&self) -> (f32, f32) {
        let both = self.morph.load(Ordering::Relaxed);
        (f32::from_bits((both >> 32) as u32), f32::from_bits(both as u32))
    }

    /// The host's sample rate in Hz with its count; 0 before it is known.
    #[must_use]
    pub fn rate(&self) -> (u64, f32) {
        let count = self.rates.load(Ordering::Acquire);
        (count, f32::from_bits(self.rate.load(Ordering::Relaxed)))
    }

    /// How many program changes there were, and the last one.
    #[must_use]
    pub fn program(&self) -> (u64, u8) {
        let both = self.programs.load(Ordering::Acquire);
        (both >> 8, both as u8)
    }

    /// Worker: so many program changes have been carried out.
    pub fn program_done(&self, count: u64) {
        self.programs_done.store(count, Ordering::Release);
    }

    /// Somebody may be waiting.
    #[must_use]
    pub fn in_a_hurry(&self) -> bool {
        self.hurry.load(Ordering::Relaxed)
    }

    /// Worker: nothing more will come for these instruments, for there is no model or it fails.
    pub fn give_up(&self, stamp: Stamp) {
        self.hopeless[1].store(stamp.rate, Ordering::Relaxed);
        self.hopeless[0].store(stamp.document.wrapping_add(1), Ordering::Release);
        self.tell();
    }

    fn is_hopeless(&self) -> bool {
        let now = self.stamp();
        self.programs_are_done()
            && self.hopeless[0].load(Ordering::Acquire) == now.document.wrapping_add(1)
            && self.hopeless[1].load(Ordering::Relaxed) == now.rate
    }

    fn programs_are_done(&self) -> bool {
        self.program().0 == self.programs_done.load(Ordering::Acquire)
    }

    /// What zones are to be made for now.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp { document: self.document.load(Ordering::Acquire), rate: self.rate().0 }
    }

    fn tell(&self) {
        let sent = self.sent.fetch_add(1, Ordering::AcqRel) + 1;
        self.arrived.answer(sent);
    }
}

/// The audio thread's handle.
pub struct AudioSide {
    deliveries: Consumer<Delivery>,
    garbage: Producer<Arc<Zone>>,
    pressed: Consumer<Press>,
    demand: Arc<Demand>,
    stamp: Stamp,
}

impl AudioSide {
    /// What has come, if there is room for it: `room` more zones.
    pub fn receive(&mut self, room: usize) -> Option<Delivery> {
        if room == 0 && matches!(self.deliveries.peek(), Ok(Delivery::Zone { .. })) {
            return None;
        }
        let delivery = self.deliveries.pop().ok()?;
        if let Delivery::Renewed { stamp, .. } = delivery {
            self.stamp = stamp;
        }
        Some(delivery)
    }

    /// The next key of the window.
    pub fn pressed(&mut self) -> Option<Press> {
        self.pressed.pop().ok()
    }

    /// Whether another zone can be given back.
    #[must_use]
    pub fn can_discard(&self) -> bool {
        self.garbage.slots() > 0
    }

    /// Hands a zone to the worker to be freed.
    pub fn discard(&mut self, zone: Arc<Zone>) {
        if let Err(rtrb::PushError::Full(zone)) = self.garbage.push(zone) {
            // Cannot happen: the ring is longer than there can be zones. Leaking one beats freeing it here.
            std::mem::forget(zone);
        }
    }

    /// A note was played.
    pub fn play(&self, pitch: u8) {
        let (count, _) = self.demand.played();
        self.demand.played.store((count + 1) << 8 | u64::from(pitch), Ordering::Release);
    }

    /// What is held and where the morph stands.
    pub fn publish(&self, held: u128, (x, y): (f32, f32)) {
        self.demand.held[0].store(held as u64, Ordering::Relaxed);
        self.demand.held[1].store((held >> 64) as u64, Ordering::Relaxed);
        let both = u64::from(x.to_bits()) << 32 | u64::from(y.to_bits());
        self.demand.morph.store(both, Ordering::Relaxed);
    }

    /// A program was chosen.
    pub fn program(&self, program: u8) {
        let (count, _) = self.demand.program();
        self.demand.programs.store((count + 1) << 8 | u64::from(program), Ordering::Release);
    }

    /// Not while processing: the sample rate in Hz, and whether it renders offline.
    pub fn prepare(&self, rate: f32, offline: bool) {
        if self.demand.rate().1 != rate {
            self.demand.rate.store(rate.to_bits(), Ordering::Relaxed);
            self.demand.rates.fetch_add(1, Ordering::AcqRel);
        }
        self.demand.hurry.store(offline, Ordering::Relaxed);
    }

    /// Whether what has come is for the instruments and the rate as they are now.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.demand.programs_are_done() && self.stamp == self.demand.stamp()
    }

    /// Only for offline rendering: calls `receive` after each delivery until it says that it has what it needs. Gives up
    /// at `limit`, or if nothing more will come; whether it has.
    pub fn wait(&mut self, limit: Duration, mut receive: impl FnMut(&mut Self) -> bool) -> bool {
        let until = Instant::now() + limit;
        loop {
            let sent = self.demand.sent.load(Ordering::Acquire);
            let hopeless = self.demand.is_hopeless();
            if receive(self) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if hopeless || left.is_zero() {
                return false;
            }
            self.demand.arrived.wait(sent + 1, left);
        }
    }
}

/// The worker's handle.
pub struct WorkerSide {
    deliveries: Producer<Delivery>,
    garbage: Consumer<Arc<Zone>>,
    /// What is played.
    pub demand: Arc<Demand>,
}

impl WorkerSide {
    /// Frees what the audio thread is done with.
    pub fn tidy(&mut self) {
        while self.garbage.pop().is_ok() {}
    }

    /// How many deliveries there is room for.
    #[must_use]
    pub fn room(&self) -> usize {
        self.deliveries.slots()
    }

    /// Sends; `false` if there is no room.
    pub fn send(&mut self, delivery: Delivery) -> bool {
        let sent = self.deliveries.push(delivery).is_ok();
        if sent {
            self.demand.tell();
        }
        sent
    }
}

/// The window's handle.
pub struct WindowSide {
    presses: Producer<Press>,
}

impl WindowSide {
    /// A key of the window; lost if nobody processes.
    pub fn press(&mut self, press: Press) {
        let _ = self.presses.push(press);
    }
}

/// Makes the handles of one instance. `document` counts the document's changes.
#[must_use]
pub fn bridge(document: Arc<AtomicU64>) -> (AudioSide, WorkerSide, WindowSide) {
    let (to, from) = RingBuffer::new(WAY);
    let (back, gone) = RingBuffer::new(GARBAGE);
    let (presses, pressed) = RingBuffer::new(PRESSES);
    let demand = Arc::new(Demand { document, ..Demand::default() });
    let stamp = Stamp { document: u64::MAX, rate: 0 };
    (
        AudioSide { deliveries: from, garbage: back, pressed, demand: demand.clone(), stamp },
        WorkerSide { deliveries: to, garbage: gone, demand },
        WindowSide { presses },
    )
}
