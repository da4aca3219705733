//! Several voices step by step: what is struck, what sounds on. Pure; any thread.

use super::normalised;
use crate::codec::PitchSet;

/// A step of music of several voices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Pitches that are struck.
    pub on: PitchSet,
    /// Pitches that sound on from the step before.
    pub held: PitchSet,
    /// Velocity of the loudest note that is struck; 0 if there is none.
    pub velocity: u8,
}

/// Notes (pitch, velocity, first step, step after the last) as `steps` moments. What lies beyond is left out.
#[must_use]
pub fn moments(notes: impl IntoIterator<Item = (u8, u8, usize, usize)>, steps: usize) -> Vec<Moment> {
    let mut moments = vec![Moment::default(); steps];
    for (pitch, velocity, on, off) in notes {
        let Some(first) = moments.get_mut(on) else { continue };
        first.on.insert(pitch);
        first.velocity = first.velocity.max(velocity);
        let end = off.min(steps);
        for moment in moments.get_mut(on + 1..end).unwrap_or_default() {
            moment.held.insert(pitch);
        }
    }
    moments
}

/// A note that is struck in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Struck {
    pub pitch: u8,
    pub on: usize,
    /// Steps until it ends, is struck again or the window ends.
    pub length: usize,
}

/// The notes that are struck in a window, in the order of their onsets.
pub(super) fn struck(window: &[Moment]) -> Vec<Struck> {
    let mut notes: Vec<Struck> = Vec::new();
    // Per pitch the note that sounds.
    let mut open: [Option<usize>; 128] = [None; 128];
    for (step, moment) in window.iter().enumerate() {
        for (pitch, slot) in (0..128u8).zip(&mut open) {
            if let Some(note) = slot.take_if(|_| !moment.held.contains(pitch) || moment.on.contains(pitch)) {
                notes[note].length = step - notes[note].on;
            }
        }
        for pitch in moment.on.iter() {
            open[usize::from(pitch)] = Some(notes.len());
            notes.push(Struck { pitch, on: step, length: window.len() - step });
        }
    }
    notes
}

/// Share of each pitch class.
pub(super) fn pitch_classes(notes: &[Struck]) -> Vec<f64> {
    let mut classes = vec![0.0; 12];
    notes.iter().for_each(|n| classes[usize::from(n.pitch % 12)] += 1.0);
    normalised(classes)
}

/// Number of different pitches, and semitones from the lowest to the highest.
pub(super) fn compass(notes: &[Struck]) -> (f64, f64) {
    let pitches: PitchSet = notes.iter().map(|n| n.pitch).collect();
    let (low, high) = (pitches.iter().next().unwrap_or(0), pitches.iter().last().unwrap_or(0));
    (pitches.len() as f64, f64::from(high - low))
}

/// Shares of the bins of a histogram: bin `i` holds the values up to `limits[i]`, one more bin all above.
pub(super) fn binned(values: impl Iterator<Item = usize>, limits: &[usize]) -> Vec<f64> {
    let mut bins = vec![0.0; limits.len() + 1];
    values.for_each(|v| bins[limits.partition_point(|&limit| limit < v)] += 1.0);
    normalised(bins)
}

/// Steps at which anything is struck.
pub(super) fn onset_steps(window: &[Moment]) -> Vec<usize> {
    (0..window.len()).filter(|&step| !window[step].on.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_become_moments_and_notes_again() {
        // C for three steps, struck again; E under it from the second; G beyond the end.
        let notes = [(60, 80, 0, 3), (60, 70, 3, 4), (64, 90, 1, 3), (67, 1, 9, 12)];
        let window = moments(notes, 6);
        let found: Vec<(u8, usize, usize)> =
            struck(&window).iter().map(|n| (n.pitch, n.on, n.length)).collect();
        assert_eq!(found, [(60, 0, 3), (64, 1, 2), (60, 3, 1)]);
        assert_eq!(window.iter().map(|m| m.velocity).collect::<Vec<_>>(), [80, 90, 0, 70, 0, 0]);
        assert_eq!(onset_steps(&window), [0, 1, 3]);
        assert_eq!(compass(&struck(&window)), (2.0, 4.0));
        assert_eq!(struck(&[])[..], []);
    }

    #[test]
    fn a_note_from_before_the_window_is_not_struck_in_it_and_one_at_its_end_is_cut() {
        let window = moments([(60, 80, 0, 5), (62, 80, 4, 9)], 6);
        let found: Vec<(u8, usize)> = struck(&window[2..]).iter().map(|n| (n.pitch, n.length)).collect();
        assert_eq!(found, [(62, 2)]);
    }

    #[test]
    fn bins_hold_their_limits() {
        assert_eq!(binned([1, 2, 3, 9].into_iter(), &[1, 3]), [0.25, 0.5, 0.25]);
    }
}
