//! The host's clock and the playhead, from the audio thread to the window: plain atomics, the latest value wins.
//! The writer never waits. A reader may see fields of two neighbouring blocks; each field by itself is whole.

use descant_core::music::{Meter, Ticks};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// What the audio thread saw in its last block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// Quarter notes per minute.
    pub tempo: f64,
    /// Time signature.
    pub meter: Meter,
    /// Bar from 1.
    pub bar: i64,
    /// Whether time runs.
    pub playing: bool,
    /// Whether the host has a transport.
    pub host: bool,
    /// Playhead in the sounding clip.
    pub playhead: Option<Ticks>,
}

/// See the file's head.
#[derive(Debug)]
pub struct Telemetry {
    tempo: AtomicU64,
    meter: AtomicU32,
    bar: AtomicI64,
    playing: AtomicBool,
    host: AtomicBool,
    playhead: AtomicI64,
    captured_bars: AtomicU32,
    blocks: AtomicU64,
}

const NOWHERE: i64 = i64::MIN;

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            tempo: AtomicU64::new(120f64.to_bits()),
            meter: AtomicU32::new(0x0404),
            bar: AtomicI64::new(1),
            playing: AtomicBool::new(false),
            host: AtomicBool::new(false),
            playhead: AtomicI64::new(NOWHERE),
            captured_bars: AtomicU32::new(0),
            blocks: AtomicU64::new(0),
        }
    }
}

impl Telemetry {
    /// Audio thread, once per block.
    pub fn publish(&self, s: &Snapshot) {
        self.tempo.store(s.tempo.to_bits(), Relaxed);
        self.meter.store(u32::from(s.meter.numerator) << 8 | u32::from(s.meter.denominator), Relaxed);
        self.bar.store(s.bar, Relaxed);
        self.playing.store(s.playing, Relaxed);
        self.host.store(s.host, Relaxed);
        self.playhead.store(s.playhead.unwrap_or(NOWHERE), Relaxed);
        self.blocks.fetch_add(1, Relaxed);
    }

    /// Any thread.
    #[must_use]
    pub fn read(&self) -> Snapshot {
        let meter = self.meter.load(Relaxed);
        Snapshot {
            tempo: f64::from_bits(self.tempo.load(Relaxed)),
            meter: Meter::new((meter >> 8) as u8, meter as u8).unwrap_or_default(),
            bar: self.bar.load(Relaxed),
            playing: self.playing.load(Relaxed),
            host: self.host.load(Relaxed),
            playhead: Some(self.playhead.load(Relaxed)).filter(|p| *p != NOWHERE),
        }
    }

    /// Number of blocks so far: 0 means that no host has processed yet.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Relaxed)
    }

    /// Worker: bars of playing in the rolling capture.
    pub fn set_captured_bars(&self, bars: u32) {
        self.captured_bars.store(bars, Relaxed);
    }

    /// Bars of playing in the rolling capture.
    #[must_use]
    pub fn captured_bars(&self) -> u32 {
        self.captured_bars.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_read() {
        let telemetry = Telemetry::default();
        let snapshot = Snapshot {
            tempo: 97.5,
            meter: Meter { numerator: 7, denominator: 8 },
            bar: -3,
            playing: true,
            host: true,
            playhead: Some(12),
        };
        telemetry.publish(&snapshot);
        assert_eq!(telemetry.read(), snapshot);
        assert_eq!(telemetry.blocks(), 1);
        telemetry.publish(&Snapshot { playhead: None, ..snapshot });
        assert_eq!(telemetry.read().playhead, None);
    }
}
