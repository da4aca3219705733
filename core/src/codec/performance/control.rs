//! What a performance model can be told: notes per second and the weight of each pitch class, over time; and how
//! the same values are measured in a performance, for training.
//!
//! Any thread. Reference semantics, exactly (`spec` 6.7 and 10.6 of the note-model notes).

use super::event::PerformanceEvent;

/// Windows in seconds over which values are measured.
const DENSITY_WINDOW: f64 = 3.0;
const HISTOGRAM_WINDOW: f64 = 5.0;
/// What every pitch class has to begin with.
const HISTOGRAM_PRIOR: f64 = 0.01;

/// Control values of one event. A model takes those that it was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerformanceControl {
    /// The model shall do as it likes, whatever the other values are.
    pub disabled: bool,
    /// Notes per second, 0 or more.
    pub notes_per_second: f64,
    /// Weights of the pitch classes from C on, 0 or more; only their proportions count.
    pub pitch_histogram: [f64; 12],
}

impl Default for PerformanceControl {
    fn default() -> Self {
        Self { disabled: false, notes_per_second: 15.0, pitch_histogram: [1.0; 12] }
    }
}

/// Control values over time: each list divides the whole length evenly. An empty list means the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControlTimeline {
    /// Notes per second.
    pub notes_per_second: Vec<f64>,
    /// Weights of the pitch classes.
    pub pitch_histogram: Vec<[f64; 12]>,
    /// Whether control is off.
    pub disabled: Vec<bool>,
}

impl ControlTimeline {
    /// The values at `step` of a performance of `total` steps.
    #[must_use]
    pub fn at(&self, step: u64, total: u64) -> PerformanceControl {
        let default = PerformanceControl::default();
        PerformanceControl {
            disabled: pick(&self.disabled, step, total).unwrap_or(default.disabled),
            notes_per_second: pick(&self.notes_per_second, step, total).unwrap_or(default.notes_per_second),
            pitch_histogram: pick(&self.pitch_histogram, step, total).unwrap_or(default.pitch_histogram),
        }
    }

    /// Average of the notes per second.
    #[must_use]
    pub fn mean_notes_per_second(&self) -> f64 {
        match &self.notes_per_second[..] {
            [] => PerformanceControl::default().notes_per_second,
            list => list.iter().sum::<f64>() / list.len() as f64,
        }
    }
}

/// The entry of an evenly divided list.
fn pick<T: Copy>(list: &[T], step: u64, total: u64) -> Option<T> {
    let last = list.len().checked_sub(1)?;
    let at = step.saturating_mul(list.len() as u64) / total.max(1);
    list.get(usize::try_from(at).map_or(last, |at| at.min(last))).copied()
}

/// Positions at which values are measured anew: the first, and each after a time shift.
fn measured(events: &[PerformanceEvent], position: usize) -> bool {
    position == 0 || matches!(events[position - 1], PerformanceEvent::TimeShift(_))
}

/// Steps of a window.
fn window(seconds: f64, steps_per_second: u32) -> u64 {
    (seconds * f64::from(steps_per_second)).round_ties_even() as u64
}

/// Notes per second that follow each event, itself included.
#[must_use]
pub fn note_densities(events: &[PerformanceEvent], steps_per_second: u32) -> Vec<f64> {
    let window = window(DENSITY_WINDOW, steps_per_second);
    let mut value = 0.0;
    (0..events.len())
        .map(|i| {
            if measured(events, i) {
                let (mut steps, mut notes) = (0u64, 0u32);
                for event in &events[i..] {
                    if steps >= window {
                        break;
                    }
                    steps += u64::from(event.steps());
                    notes += u32::from(matches!(event, PerformanceEvent::NoteOn(_)));
                }
                let steps = steps.min(window);
                let rate = f64::from(notes) * f64::from(steps_per_second) / steps as f64;
                value = if steps == 0 { 0.0 } else { rate };
            }
            value
        })
        .collect()
}

/// Seconds that each pitch class sounds in the time after each event, itself included, plus a little for all.
#[must_use]
pub fn pitch_histograms(events: &[PerformanceEvent], steps_per_second: u32) -> Vec<[f64; 12]> {
    let window = window(HISTOGRAM_WINDOW, steps_per_second);
    let mut sounding = [false; 128];
    let mut value = [HISTOGRAM_PRIOR; 12];
    let mut all = Vec::with_capacity(events.len());
    for (i, &event) in events.iter().enumerate() {
        follow(&mut sounding, event);
        if measured(events, i) {
            value = [HISTOGRAM_PRIOR; 12];
            let (mut steps, mut now) = (0u64, sounding);
            for &event in &events[i..] {
                if steps >= window {
                    break;
                }
                follow(&mut now, event);
                let shift = event.steps();
                let seconds = f64::from(shift) / f64::from(steps_per_second);
                for pitch in (0..128).filter(|&p| shift > 0 && now[p]) {
                    value[pitch % 12] += seconds;
                }
                steps += u64::from(shift);
            }
        }
        all.push(value);
    }
    all
}

/// Notes the pitches that sound after `event`.
fn follow(sounding: &mut [bool; 128], event: PerformanceEvent) {
    match event {
        PerformanceEvent::NoteOn(pitch) => sounding[usize::from(pitch & 127)] = true,
        PerformanceEvent::NoteOff(pitch) => sounding[usize::from(pitch & 127)] = false,
        PerformanceEvent::TimeShift(_) | PerformanceEvent::Velocity(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_divides_the_length_evenly() {
        let timeline = ControlTimeline { notes_per_second: vec![1.0, 2.0, 4.5], ..Default::default() };
        let at = |step| timeline.at(step, 10).notes_per_second;
        assert_eq!([0, 3, 4, 6, 7, 10, 99].map(at), [1.0, 1.0, 2.0, 2.0, 4.5, 4.5, 4.5]);
        assert_eq!(timeline.mean_notes_per_second(), 2.5);
        assert_eq!(timeline.at(0, 0).pitch_histogram, [1.0; 12]);
        assert!(!timeline.at(5, 10).disabled);
    }

    #[test]
    fn density_counts_onsets_up_to_the_window() {
        use PerformanceEvent::{NoteOn, TimeShift};
        let events = [NoteOn(60), TimeShift(50), NoteOn(62), NoteOn(64), TimeShift(50)];
        assert_eq!(note_densities(&events, 100), [3.0, 3.0, 4.0, 4.0, 4.0]);
        let sounding = pitch_histograms(&events, 100)[0];
        let near = |class: usize, seconds: f64| (sounding[class] - HISTOGRAM_PRIOR - seconds).abs() < 1e-12;
        assert!(near(0, 1.0) && near(2, 0.5) && near(4, 0.5) && near(7, 0.0), "{sounding:?}");
    }
}
