//! How two zones can be crossfaded in step: by where in its period the fundamental of each is.
//!
//! Runs on the audio thread, once per zone that joins a sounding note: two periods of each are looked at.
use super::zone::Zone;

/// Samples looked at, at most: two periods of 24 Hz at 48 kHz.
const MOST: usize = 4_096;

/// Samples of `to` by which reading it from `at` must be moved so that its fundamental is in step with that of `from`
/// where that is read: at most half a period either way, 0 where one has no fundamental.
pub(super) fn shift(from: &Zone, from_at: usize, to: &Zone, to_at: usize) -> f64 {
    let (a, b) = (fundamental(from, from_at), fundamental(to, to_at));
    let (Some((a, _)), Some((b, period))) = (a, b) else { return 0.0 };
    let turns = (a - b) / std::f64::consts::TAU;
    (turns - turns.round()) * period
}

/// Angle of the fundamental at sample `at`, and its period in samples.
fn fundamental(zone: &Zone, at: usize) -> Option<(f64, f64)> {
    let hertz = 440.0 * ((f64::from(zone.root()) - 69.0) / 12.0).exp2();
    let period = zone.rate() / hertz;
    let count = ((2.0 * period).round() as usize).clamp(2, MOST);
    let (start, end) = zone.loop_points();
    // One turn of the wheel per sample costs less than a sine.
    let (sine, cosine) = (std::f64::consts::TAU / period).sin_cos();
    let (mut x, mut y, mut wheel) = (0.0, 0.0, (1.0, 0.0));
    let mut index = at;
    for _ in 0..count {
        if index >= end {
            index = start;
        }
        let value = f64::from(zone.read(index, 0.0));
        x += value * wheel.0;
        y -= value * wheel.1;
        wheel = (wheel.0 * cosine - wheel.1 * sine, wheel.0 * sine + wheel.1 * cosine);
        index += 1;
    }
    let level = (x * x + y * y).sqrt() / count as f64;
    (level > 1e-4).then(|| (y.atan2(x), period))
}
