//! Notes and zones for tests.
use super::{Recording, Resampler, Zone};
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::{Arc, Mutex, PoisonError};

/// Samples per second of test notes.
pub(super) const RATE: u32 = 16_000;

pub(super) fn hertz(pitch: f64) -> f64 {
    440.0 * ((pitch - 69.0) / 12.0).exp2()
}

/// Four seconds made of `sample` at each time in seconds.
pub(super) fn note(sample: impl Fn(f64) -> f64) -> Recording {
    let sound: Vec<f32> = (0..64_000).map(|i| sample(f64::from(i) / f64::from(RATE)) as f32).collect();
    Recording::new(&sound, RATE)
}

pub(super) fn zone(note: &Recording, root: u8, rate: f64) -> Zone {
    let resampler = Resampler::new(f64::from(note.rate()), Zone::rate_for(rate));
    Zone::new(note, root, &resampler).expect("a note")
}

/// A cosine with two harmonics at 48 kHz. Made once.
pub(super) fn tone(pitch: u8) -> Arc<Zone> {
    static MADE: Mutex<BTreeMap<u8, Arc<Zone>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(pitch).or_insert_with(|| make_tone(pitch)).clone()
}

fn make_tone(pitch: u8) -> Arc<Zone> {
    let hertz = hertz(f64::from(pitch));
    let harmonic = |n: f64, t: f64| (TAU * n * hertz * t).cos() / n;
    Arc::new(zone(&note(|t| (1..=3).map(|n| harmonic(f64::from(n), t)).sum()), pitch, 48_000.0))
}
