//! [`TempoMap`] and [`MeterMap`]: where beats lie in seconds and where bars begin, exactly.
//!
//! Seconds are computed from an integer count of tick × µs-per-quarter, rounded once; nothing is summed in
//! floating point, so a position has one time however it is reached.

use super::quantise::div_round;
use super::{DEFAULT_QPM, Meter, TICKS_PER_QUARTER, Ticks};

/// Longest quarter note that a MIDI file can hold, in µs.
const MAX_MICROS: u32 = 0xFF_FFFF;

/// µs per quarter note at `qpm` quarter notes per minute, as a MIDI file holds it: 1..=16,777,215.
#[must_use]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates; NaN becomes 0, then 1"
)]
pub fn micros_per_quarter(qpm: f64) -> u32 {
    ((60e6 / qpm).round() as u32).clamp(1, MAX_MICROS)
}

/// A stretch of constant tempo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TempoSegment {
    /// First tick.
    pub tick: Ticks,
    /// Length of a quarter note in µs, at least 1.
    pub micros_per_quarter: u32,
    /// Time of `tick` in units of 1/([`TICKS_PER_QUARTER`]·10⁶) s.
    units: i128,
}

/// Units in a second.
const UNITS_PER_SECOND: f64 = TICKS_PER_QUARTER as f64 * 1e6;

impl TempoSegment {
    /// Quarter notes per minute.
    #[must_use]
    pub fn qpm(&self) -> f64 {
        60e6 / f64::from(self.micros_per_quarter)
    }
}

/// The tempo over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TempoMap(Vec<TempoSegment>);

impl Default for TempoMap {
    fn default() -> Self {
        Self::constant(DEFAULT_QPM)
    }
}

impl TempoMap {
    /// One tempo throughout, rounded to whole µs per quarter note.
    #[must_use]
    pub fn constant(qpm: f64) -> Self {
        Self::from_changes([(0, micros_per_quarter(qpm))])
    }

    /// From (tick, µs per quarter note) in any order; of several at one tick the last counts. 120 until the
    /// first. Changes before tick 0 and to 0 µs are passed over.
    #[must_use]
    pub fn from_changes(changes: impl IntoIterator<Item = (Ticks, u32)>) -> Self {
        let mut changes: Vec<_> = changes.into_iter().filter(|c| c.0 >= 0 && c.1 > 0).collect();
        changes.sort_by_key(|c| c.0);
        let first = TempoSegment { tick: 0, micros_per_quarter: micros_per_quarter(DEFAULT_QPM), units: 0 };
        let mut segments = vec![first];
        for (i, &(tick, micros)) in changes.iter().enumerate() {
            if changes.get(i + 1).is_some_and(|next| next.0 == tick) {
                continue;
            }
            let last = segments[segments.len() - 1];
            if tick == last.tick {
                segments.pop();
            } else if micros == last.micros_per_quarter {
                continue;
            }
            let units = last.units + i128::from(tick - last.tick) * i128::from(last.micros_per_quarter);
            segments.push(TempoSegment { tick, micros_per_quarter: micros, units });
        }
        Self(segments)
    }

    /// The stretches, in order; the first is at tick 0.
    #[must_use]
    pub fn segments(&self) -> &[TempoSegment] {
        &self.0
    }

    /// The stretch that `tick` lies in; ticks before 0 belong to the first.
    #[must_use]
    pub fn at(&self, tick: Ticks) -> &TempoSegment {
        &self.0[self.0.partition_point(|s| s.tick <= tick).saturating_sub(1)]
    }

    /// Time of `tick` in seconds.
    #[must_use]
    pub fn seconds(&self, tick: Ticks) -> f64 {
        let s = self.at(tick);
        let units = s.units + i128::from(tick - s.tick) * i128::from(s.micros_per_quarter);
        units as f64 / UNITS_PER_SECOND
    }

    /// Tick nearest to a time in seconds.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "saturates")]
    pub fn tick(&self, seconds: f64) -> Ticks {
        let units = (seconds * UNITS_PER_SECOND).round() as i128;
        let s = &self.0[self.0.partition_point(|s| s.units <= units).saturating_sub(1)];
        s.tick.saturating_add(div_round(units - s.units, i128::from(s.micros_per_quarter)))
    }
}

/// A stretch of one meter. It begins a new bar, even where the bar before is cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterSegment {
    /// First tick.
    pub tick: Ticks,
    /// The meter.
    pub meter: Meter,
    /// Number of bars before `tick`.
    pub bar: i64,
}

/// The meter over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterMap(Vec<MeterSegment>);

impl Default for MeterMap {
    fn default() -> Self {
        Self::constant(Meter::COMMON)
    }
}

impl MeterMap {
    /// One meter throughout.
    #[must_use]
    pub fn constant(meter: Meter) -> Self {
        Self(vec![MeterSegment { tick: 0, meter, bar: 0 }])
    }

    /// From (tick, meter) in any order; of several at one tick the last counts. 4/4 until the first.
    #[must_use]
    pub fn from_changes(changes: impl IntoIterator<Item = (Ticks, Meter)>) -> Self {
        let mut changes: Vec<_> = changes.into_iter().filter(|c| c.0 >= 0).collect();
        changes.sort_by_key(|c| c.0);
        let mut segments = Self::default().0;
        for (i, &(tick, meter)) in changes.iter().enumerate() {
            if changes.get(i + 1).is_some_and(|next| next.0 == tick) {
                continue;
            }
            let last = segments[segments.len() - 1];
            if tick == last.tick {
                segments.pop();
            } else if meter == last.meter {
                continue;
            }
            let bar = last.bar + bars_up(tick - last.tick, last.meter);
            segments.push(MeterSegment { tick, meter, bar });
        }
        Self(segments)
    }

    /// The stretches, in order; the first is at tick 0.
    #[must_use]
    pub fn segments(&self) -> &[MeterSegment] {
        &self.0
    }

    /// The stretch that `tick` lies in; ticks before 0 belong to the first.
    #[must_use]
    pub fn at(&self, tick: Ticks) -> &MeterSegment {
        &self.0[self.0.partition_point(|s| s.tick <= tick).saturating_sub(1)]
    }

    /// Number of the bar (from 0) that `tick` lies in, and the tick at which it begins.
    #[must_use]
    pub fn bar(&self, tick: Ticks) -> (i64, Ticks) {
        let s = self.at(tick);
        let bars = (tick - s.tick).div_euclid(s.meter.bar_ticks());
        (s.bar + bars, s.tick + bars * s.meter.bar_ticks())
    }

    /// First bar line at or after `tick`.
    #[must_use]
    pub fn bar_line_from(&self, tick: Ticks) -> Ticks {
        let (_, start) = self.bar(tick);
        if start == tick {
            return tick;
        }
        let line = start + self.at(tick).meter.bar_ticks();
        let next = self.0.iter().find(|s| s.tick > tick).map_or(line, |s| s.tick);
        line.min(next)
    }
}

/// `ticks` in bars, rounded up.
fn bars_up(ticks: Ticks, meter: Meter) -> i64 {
    let bar = meter.bar_ticks();
    (ticks + bar - 1).div_euclid(bar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const Q: Ticks = TICKS_PER_QUARTER;

    #[test]
    fn seconds_add_up_over_tempo_changes() {
        let map = TempoMap::from_changes([(4 * Q, 1_000_000), (8 * Q, 250_000), (8 * Q, 500_000)]);
        assert_eq!(map.segments().len(), 3);
        assert_eq!(map.seconds(0), 0.0);
        assert_eq!(map.seconds(4 * Q), 2.0);
        assert_eq!(map.seconds(6 * Q), 4.0);
        assert_eq!(map.seconds(9 * Q), 6.5);
        assert_eq!(map.tick(6.5), 9 * Q);
        assert_eq!(map.at(8 * Q).qpm(), 120.0);
    }

    #[test]
    fn a_tempo_at_the_start_replaces_the_default() {
        assert_eq!(TempoMap::from_changes([(0, 600_000)]).segments().len(), 1);
        assert_eq!(TempoMap::from_changes([(0, 600_000)]).seconds(Q), 0.6);
        assert_eq!(micros_per_quarter(133.0), 451_128);
        assert_eq!(micros_per_quarter(f64::NAN), 1);
    }

    #[test]
    fn a_meter_change_begins_a_bar() {
        let three = Meter { numerator: 3, denominator: 4 };
        let map = MeterMap::from_changes([(6 * Q, three)]);
        assert_eq!(map.bar(5 * Q), (1, 4 * Q));
        assert_eq!(map.bar(6 * Q), (2, 6 * Q));
        assert_eq!(map.bar(10 * Q), (3, 9 * Q));
        assert_eq!(map.bar_line_from(4 * Q), 4 * Q);
        assert_eq!(map.bar_line_from(4 * Q + 1), 6 * Q, "the second bar is cut short");
        assert_eq!(map.bar_line_from(6 * Q + 1), 9 * Q);
    }

    proptest! {
        #[test]
        fn ticks_survive_seconds(changes in prop::collection::vec((0i64..1_000_000, 200_000u32..2_000_000), 0..6),
                                 tick in 0i64..10_000_000) {
            let map = TempoMap::from_changes(changes);
            prop_assert_eq!(map.tick(map.seconds(tick)), tick);
        }
    }
}
