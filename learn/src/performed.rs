//! Performance events as classes: where a performance may be cut, and what an excerpt of one looks like. Pure; any thread.
//!
//! Classes as `PerformanceOneHot` numbers them: 128 note-ons, 128 note-offs, 100 time shifts, then velocities.

use descant_core::codec::performance::MAX_SHIFT;
use std::ops::Range;

/// First note-on.
pub(crate) const ON: u32 = 0;
/// First note-off.
pub(crate) const OFF: u32 = 128;
/// Time shift of one step.
pub(crate) const SHIFT: u32 = 256;
/// First velocity.
const VELOCITY: u32 = SHIFT + MAX_SHIFT;

/// Steps that pass with an event.
fn steps(class: u32) -> usize {
    if (SHIFT..VELOCITY).contains(&class) { (class - SHIFT + 1) as usize } else { 0 }
}

/// Positions of the first events after every `unit` steps.
#[must_use]
pub fn starts(events: &[u32], unit: usize) -> Vec<usize> {
    let (mut all, mut now, mut due) = (Vec::new(), 0, 0);
    for (position, &class) in events.iter().enumerate() {
        if now >= due && steps(class) == 0 {
            all.push(position);
            due = (now / unit.max(1) + 1) * unit.max(1);
        }
        now += steps(class);
    }
    all
}

/// The events `range`, `slower` thousandths slower, beginning with the velocity that holds there; the ends of notes that
/// started before are left out. Times stay on the grid: each is rounded from the beginning.
#[must_use]
pub fn excerpt(events: &[u32], range: Range<usize>, slower: i32) -> Vec<u32> {
    let mut out = Vec::with_capacity(range.len() + 1);
    let velocity = events[..range.start].iter().rev().find(|&&c| c >= VELOCITY);
    if events.get(range.start).is_some_and(|&c| c < VELOCITY) {
        out.extend(velocity);
    }
    let (mut sounding, mut now, mut written) = ([0u32; 128], 0i64, 0i64);
    for &class in &events[range] {
        now += steps(class) as i64;
        if steps(class) > 0 {
            continue;
        }
        if class < OFF {
            sounding[class as usize] += 1;
        } else if class < SHIFT {
            let left = &mut sounding[(class - OFF) as usize];
            if *left == 0 {
                continue;
            }
            *left -= 1;
        }
        let due = (now * i64::from(1000 + slower) + 500) / 1000;
        while written < due {
            let shift = (due - written).min(i64::from(MAX_SHIFT));
            out.push(SHIFT + shift as u32 - 1);
            written += shift;
        }
        out.push(class);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn shift(steps: u32) -> u32 {
        SHIFT + steps - 1
    }

    /// Velocity, C, 1.5 s, E, half a second, C off, 20 ms, E off.
    const EVENTS: [u32; 9] = [360, 60, shift(100), shift(50), 64, shift(50), OFF + 60, shift(2), OFF + 64];

    #[test]
    fn seconds_begin_with_events_that_take_no_time() {
        assert_eq!(starts(&EVENTS, 100), [0, 4, 6]);
        assert_eq!(starts(&[], 100), [0usize; 0]);
    }

    #[test]
    fn an_excerpt_begins_with_its_velocity_and_ends_only_its_own_notes() {
        assert_eq!(excerpt(&EVENTS, 0..9, 0), EVENTS);
        assert_eq!(excerpt(&EVENTS, 4..9, 0), [360, 64, shift(52), OFF + 64]);
    }

    #[test]
    fn a_slower_excerpt_keeps_its_events_and_stays_on_the_grid() {
        // 1.5 s become 1.575, 2 s become 2.1, 2.02 become 2.121: 158, 210 and 212 steps.
        let slow = excerpt(&EVENTS, 0..9, 50);
        let expected = [360, 60, shift(100), shift(58), 64, shift(52), OFF + 60, shift(2), OFF + 64];
        assert_eq!(slow, expected);
    }
}
