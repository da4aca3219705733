//! Rules for the next event that depend on those before it, as costs: what cannot be kept gives way, the lightest
//! first, so that there is always an event to choose.
//!
//! Worker thread. Scale and range are no rules but limits, see [`super::limits`].
use super::Constraints;
use crate::codec::performance::PerformanceEvent;
use crate::codec::{MelodyEvent, PitchSet};
use crate::model::event_rnn::Rules;

/// A pitch or a set of drums follows itself.
pub(super) const REPEATS: u8 = 1;
/// A melody goes the other way than it shall.
pub(super) const OTHER_WAY: u8 = 2;
/// More notes at once than there may be.
const TOO_MANY: u8 = 4;
/// Nothing starts where a note shall.
pub(super) const NO_ONSET: u8 = 8;
/// A key that does not sound is let go. Models miss keys, as players do; the note that was meant would hang.
const SILENT: u8 = 16;
/// Time must pass first.
const TOO_FAST: u8 = 64;

/// Most events of a performance within one step: all keys of a big chord struck and let go, with their velocities.
const MOST_AT_ONCE: usize = 64;

/// Rules that never cost anything can be left out.
pub(super) fn melody(constraints: &Constraints) -> Option<Box<Rules<'static, MelodyEvent>>> {
    constraints.no_repeat.then(|| -> Box<Rules<'static, MelodyEvent>> {
        Box::new(|history| {
            let last = last_pitch(history.events());
            Box::new(move |event| cost(repeats(last, event), REPEATS))
        })
    })
}

/// As [`melody`], for drums.
pub(super) fn drums(constraints: &Constraints) -> Option<Box<Rules<'static, PitchSet>>> {
    let (most, no_repeat) = (constraints.polyphony, constraints.no_repeat);
    (most.is_some() || no_repeat).then(|| -> Box<Rules<'static, PitchSet>> {
        Box::new(move |history| {
            let last = history.events().iter().rev().find(|set| !set.is_empty()).copied();
            Box::new(move |event| drum_cost(event, last.filter(|_| no_repeat), most))
        })
    })
}

/// What a set of drums costs after `last`, if that must not be repeated.
pub(super) fn drum_cost(event: PitchSet, last: Option<PitchSet>, most: Option<u8>) -> u8 {
    let too_many = most.is_some_and(|most| event.len() > usize::from(most));
    cost(!event.is_empty() && last == Some(event), REPEATS) + cost(too_many, TOO_MANY)
}

/// As [`melody`], for performances. There is always a rule: time must pass.
pub(super) fn performance(constraints: &Constraints) -> Box<Rules<'static, PerformanceEvent>> {
    let (most, no_repeat) = (constraints.polyphony, constraints.no_repeat);
    Box::new(move |history| {
        let events = history.events();
        let is_shift = |e: &PerformanceEvent| matches!(e, PerformanceEvent::TimeShift(_));
        let hurry = events.iter().rev().take_while(|e| !is_shift(e)).count() >= MOST_AT_ONCE;
        let onset = |e: &PerformanceEvent| if let PerformanceEvent::NoteOn(p) = e { Some(*p) } else { None };
        let last = events.iter().rev().find_map(onset).filter(|_| no_repeat);
        let open = sounding(events);
        let full = most.is_some_and(|most| open.len() >= usize::from(most));
        Box::new(move |event| match event {
            PerformanceEvent::TimeShift(_) => 0,
            PerformanceEvent::NoteOn(pitch) => {
                cost(hurry, TOO_FAST) + cost(last == Some(pitch), REPEATS) + cost(full, TOO_MANY)
            }
            PerformanceEvent::NoteOff(pitch) => cost(hurry, TOO_FAST) + cost(!open.contains(pitch), SILENT),
            PerformanceEvent::Velocity(_) => cost(hurry, TOO_FAST),
        })
    })
}

/// Keys that sound after `events`.
fn sounding(events: &[PerformanceEvent]) -> PitchSet {
    let mut open = [false; 128];
    for event in events {
        match *event {
            PerformanceEvent::NoteOn(pitch) => open[usize::from(pitch & 127)] = true,
            PerformanceEvent::NoteOff(pitch) => open[usize::from(pitch & 127)] = false,
            PerformanceEvent::TimeShift(_) | PerformanceEvent::Velocity(_) => {}
        }
    }
    (0..128).filter(|&pitch| open[usize::from(pitch)]).collect()
}

/// The pitch struck last.
pub(super) fn last_pitch(events: &[MelodyEvent]) -> Option<u8> {
    events.iter().rev().find_map(|e| e.pitch())
}

/// Whether `event` strikes `last` again.
pub(super) fn repeats(last: Option<u8>, event: MelodyEvent) -> bool {
    event.pitch().is_some() && event.pitch() == last
}

/// `weight` if a rule is broken.
pub(super) fn cost(broken: bool, weight: u8) -> u8 {
    if broken { weight } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoding::{Event, History};
    use MelodyEvent::{NoEvent, NoteOff, Pitch};

    /// The costs of one event after `past`: the rules without a network.
    fn cost_after<E: Event>(rules: &Rules<'_, E>, past: &[E], event: E) -> u8 {
        rules(&History::new(past))(event)
    }

    #[test]
    fn a_pitch_after_itself_costs() {
        let rules = melody(&Constraints { no_repeat: true, ..Constraints::default() }).expect("a rule");
        let past = [Pitch(60), NoEvent, NoteOff];
        let costs = [Pitch(60), Pitch(62), NoEvent, NoteOff].map(|e| cost_after(&rules, &past, e));
        assert_eq!(costs, [REPEATS, 0, 0, 0]);
        assert!(melody(&Constraints::default()).is_none());
    }

    #[test]
    fn drums_are_counted_and_compared_over_silence() {
        let constraints = Constraints { no_repeat: true, polyphony: Some(1), ..Constraints::default() };
        let rules = drums(&constraints).expect("a rule");
        let set = |list: &[u8]| list.iter().copied().collect::<PitchSet>();
        let past = [set(&[36]), set(&[])];
        let costs = [set(&[36]), set(&[38]), set(&[36, 42]), set(&[])].map(|e| cost_after(&rules, &past, e));
        assert_eq!(costs, [REPEATS, 0, TOO_MANY, 0]);
    }

    #[test]
    fn a_full_hand_strikes_nothing_and_time_passes() {
        use PerformanceEvent::{NoteOff, NoteOn, TimeShift, Velocity};
        let constraints = Constraints { polyphony: Some(2), ..Constraints::default() };
        let rules = performance(&constraints);
        let past = [NoteOn(60), NoteOn(64), TimeShift(3), NoteOff(60), NoteOn(67)];
        assert_eq!(cost_after(&rules, &past, NoteOn(70)), TOO_MANY);
        assert_eq!(cost_after(&rules, &past, NoteOff(64)), 0);
        assert_eq!(cost_after(&rules, &past[..4], NoteOn(70)), 0);
        // Struck twice it is one note, which one release ends.
        let past = [NoteOn(60), NoteOn(60), NoteOff(60)];
        assert_eq!(cost_after(&rules, &past, NoteOff(60)), SILENT);
        let busy = [Velocity(1); MOST_AT_ONCE];
        let costs = [NoteOff(60), TimeShift(1)].map(|e| cost_after(&rules, &busy, e));
        assert_eq!(costs, [TOO_FAST + SILENT, 0]);
    }
}
