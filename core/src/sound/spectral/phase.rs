//! Phases along time: unwrapping, instantaneous frequency, and the way back (spec audio 1.6).
//!
//! Worker threads. All work in place on rows of one frame each, `bins` values wide.
use super::TURN;
use std::f64::consts::PI;

/// Removes the jumps between turns: afterwards no step of a bin is longer than half a turn. `phase` in radians.
///
/// As in the original every step is corrected, also one that needs none, by rounding noise.
pub fn unwrap(phase: &mut [f64], bins: usize) {
    let (mut last, mut shift) = (Vec::new(), vec![0.0; bins]);
    for row in phase.chunks_mut(bins.max(1)) {
        if last.is_empty() {
            last.extend_from_slice(row);
            continue;
        }
        for ((x, last), shift) in row.iter_mut().zip(&mut last).zip(&mut shift) {
            let step = *x - *last;
            let mut short = (step + PI).rem_euclid(TURN) - PI;
            // Half a turn forwards stays forwards.
            if short == -PI && step > 0.0 {
                short = PI;
            }
            *last = *x;
            *shift += short - step;
            *x += *shift;
        }
    }
}

/// Radians → half turns per frame: the first phase, then the steps of the unwrapped phase.
pub fn instantaneous_frequency(phase: &mut [f64], bins: usize) {
    unwrap(phase, bins);
    steps(phase, bins, |step| step);
}

/// Like [`instantaneous_frequency`] without unwrapping: a step beyond half a turn is put right by one turn.
pub fn wrapped_frequency(phase: &mut [f64], bins: usize) {
    steps(phase, bins, |step| match step {
        _ if step > PI => step - TURN,
        _ if step < -PI => step + TURN,
        _ => step,
    });
}

fn steps(phase: &mut [f64], bins: usize, put_right: impl Fn(f64) -> f64) {
    let mut last = Vec::new();
    for row in phase.chunks_mut(bins.max(1)) {
        if last.is_empty() {
            last.extend_from_slice(row);
            row.iter_mut().for_each(|x| *x /= PI);
            continue;
        }
        for (x, last) in row.iter_mut().zip(&mut last) {
            let step = put_right(*x - *last);
            *last = *x;
            *x = step / PI;
        }
    }
}

/// Half turns per frame → radians: the sum of all steps so far.
pub fn accumulate(frequency: &mut [f64], bins: usize) {
    let mut sum = vec![0.0; bins];
    for row in frequency.chunks_mut(bins.max(1)) {
        for (x, sum) in row.iter_mut().zip(&mut sum) {
            *sum += PI * *x;
            *x = *sum;
        }
    }
}
