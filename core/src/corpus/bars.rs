//! From a song's measures, as printed, to stretches of equal whole bars. Pure; any thread.
//!
//! Models count bars from a fixed length, printed music does not: it begins with an upbeat, splits bars at repeat
//! signs, changes meter. A stretch here has one bar length from its first to its last step; notes are moved onto
//! it without touching their place in the bar.

use crate::music::Meter;

/// A printed measure: start in sixteenths, numerator, denominator, actual length in sixteenths.
pub(super) type Measure = (i64, u32, u32, i64);

/// A stretch of whole bars of one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub meter: Meter,
    /// Sixteenths per bar.
    pub bar: i64,
    /// (start in the song, length, step in the stretch) of each measure; consecutive in both.
    pub spans: Vec<(i64, i64, i64)>,
}

impl Stretch {
    /// Length in steps, rounded up to whole bars.
    pub fn length(&self) -> i64 {
        let end = self.spans.last().map_or(0, |&(_, length, at)| at + length);
        (end + self.bar - 1) / self.bar * self.bar
    }

    /// Position in the song of a step; `None` before an upbeat.
    pub fn position(&self, step: i64) -> Option<i64> {
        let index = self.spans.partition_point(|&(_, _, at)| at <= step).checked_sub(1)?;
        let (start, length, at) = self.spans[index];
        (step < at + length).then_some(start + step - at)
    }

    /// Step of a position of the song, if it lies in this stretch.
    pub fn step(&self, position: i64) -> Option<i64> {
        let index = self.spans.partition_point(|&(start, ..)| start <= position).checked_sub(1)?;
        let (start, length, at) = self.spans[index];
        (position < start + length).then_some(at + position - start)
    }
}

/// Cuts a song into stretches. A new one begins where the bar length changes, or where a short measure is not
/// completed by its neighbour; a short first measure is an upbeat and fills the end of the first bar. Measures
/// longer than their meter (cadenzas) and meters that are no whole number of sixteenths belong to none.
pub(super) fn stretches(measures: &[Measure]) -> Vec<Stretch> {
    let mut done: Vec<Stretch> = Vec::new();
    let mut current: Option<Stretch> = None;
    for &(start, numerator, denominator, length) in measures {
        let meter = u8::try_from(numerator).ok().zip(u8::try_from(denominator).ok());
        let meter = meter.and_then(|(n, d)| Meter::new(n, d)).filter(|m| 16 % m.denominator == 0);
        let bar = meter.map_or(0, |m| 16 / i64::from(m.denominator) * i64::from(m.numerator));
        let Some(meter) = meter.filter(|_| (1..=bar).contains(&length)) else {
            done.extend(current.take());
            continue;
        };
        if let Some(stretch) = &mut current {
            let (last_start, last_length, last_at) = stretch.spans.last().copied().unwrap_or_default();
            let at = last_at + last_length;
            let same = stretch.bar == bar && beats_alike(stretch.meter, meter);
            if same && last_start + last_length == start && at % bar + length <= bar {
                stretch.spans.push((start, length, at));
                continue;
            }
        }
        done.extend(current.take());
        current = Some(Stretch { meter, bar, spans: vec![(start, length, bar - length)] });
    }
    done.extend(current);
    done
}

/// 4/4 and 2/2 are one bar length and one way of counting; 3/4 and 6/8 are not.
fn beats_alike(a: Meter, b: Meter) -> bool {
    let ternary = |m: Meter| m.denominator >= 8 && m.numerator.is_multiple_of(3);
    ternary(a) == ternary(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upbeat_fills_the_end_of_the_first_bar() {
        let s = stretches(&[(0, 4, 4, 4), (4, 4, 4, 16), (20, 4, 4, 12)]);
        assert_eq!(s.len(), 1);
        assert_eq!(
            (s[0].step(0), s[0].step(3), s[0].step(4), s[0].step(31)),
            (Some(12), Some(15), Some(16), Some(43))
        );
        assert_eq!([11, 12, 16, 43].map(|step| s[0].position(step)), [None, Some(0), Some(4), Some(31)]);
        assert_eq!(s[0].length(), 48);
        assert_eq!(s[0].step(32), None);
    }

    #[test]
    fn a_bar_split_at_a_repeat_sign_stays_one_bar() {
        let s = stretches(&[(0, 3, 4, 12), (12, 3, 4, 8), (20, 3, 4, 4), (24, 3, 4, 12)]);
        assert_eq!((s.len(), s[0].length(), s[0].step(24)), (1, 36, Some(24)));
    }

    #[test]
    fn stretches_end_where_the_bar_length_changes_or_a_bar_stays_open() {
        let s = stretches(&[
            (0, 4, 4, 16),
            (16, 2, 2, 16),
            (32, 3, 4, 12),
            (44, 6, 8, 12),
            (56, 6, 8, 6),
            (62, 6, 8, 12),
        ]);
        let lengths: Vec<(String, i64)> = s.iter().map(|s| (s.meter.to_string(), s.length())).collect();
        let expected = [("4/4", 32), ("3/4", 12), ("6/8", 24), ("6/8", 12)];
        assert_eq!(lengths, expected.map(|(m, l)| (m.to_owned(), l)));
    }

    #[test]
    fn a_cadenza_and_a_bad_meter_belong_nowhere() {
        let s = stretches(&[(0, 4, 4, 40), (40, 4, 0, 16), (56, 1, 32, 1), (57, 4, 4, 16)]);
        assert_eq!((s.len(), s[0].step(57), s[0].step(10)), (1, Some(0), None));
    }
}
