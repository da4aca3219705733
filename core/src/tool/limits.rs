//! What a musician's constraints mean for a model's events, and how a melody model's pitches are moved.
//!
//! Worker thread. A limit that would leave no pitch at all is dropped and said so: silence is never the
//! answer to a scale and a range that do not meet.
use super::{Constraints, PitchClasses};
use crate::codec::{MelodyEvent, PitchSet};
use crate::music::Meter;
use crate::sampling::{DensityControl, Effect};

/// Which model pitches may sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PitchLimits {
    allowed: [bool; 128],
    /// Whether anything is forbidden that the model could write.
    pub bites: bool,
    /// What was dropped.
    pub notice: Option<String>,
}

impl PitchLimits {
    /// The model writes pitches `min..max`, which sound `shift` semitones higher.
    pub fn new(constraints: &Constraints, (min, max): (i32, i32), shift: i32) -> Self {
        let table = |scale: Option<PitchClasses>, range: Option<(u8, u8)>| -> [bool; 128] {
            std::array::from_fn(|pitch| {
                let pitch = i32::try_from(pitch).unwrap_or(0);
                let Ok(sounds @ 0..=127) = u8::try_from(pitch + shift) else { return false };
                (min..max).contains(&pitch)
                    && scale.is_none_or(|s| s.0 >> (sounds % 12) & 1 == 1)
                    && range.is_none_or(|(low, high)| (low..=high).contains(&sounds))
            })
        };
        let none = |allowed: &[bool; 128]| allowed.iter().all(|a| !a);
        let mut allowed = table(constraints.scale, constraints.range);
        let mut notice = None;
        if none(&allowed) {
            notice =
                Some("the pitch range has no note of the scale within the model's reach: it was ignored");
            allowed = table(constraints.scale, None);
        }
        if none(&allowed) {
            notice = Some("scale and pitch range leave no note: they were ignored");
            allowed = table(None, None);
        }
        let bites = (min..max).any(|p| usize::try_from(p).is_ok_and(|p| allowed.get(p) == Some(&false)));
        Self { allowed, bites, notice: notice.map(str::to_owned) }
    }

    /// The model pitches that may sound.
    pub fn pitches(&self) -> PitchSet {
        (0..128).filter(|&pitch| self.allowed.get(usize::from(pitch)) == Some(&true)).collect()
    }

    /// Effect of a melody event.
    pub fn effect(&self, event: MelodyEvent) -> Effect {
        match event.pitch() {
            Some(pitch) => Effect {
                forbidden: !self.allowed.get(usize::from(pitch)).copied().unwrap_or(false),
                onsets: 1,
                ..Effect::default()
            },
            None => Effect::default(),
        }
    }
}

/// Effect of a drum event: it starts as many notes as it has hits.
pub(super) fn drum_effect(event: PitchSet) -> Effect {
    Effect { onsets: u8::try_from(event.len()).unwrap_or(u8::MAX), ..Effect::default() }
}

/// The controller for a request's density. Where none is asked for, a continuation keeps that of its primer;
/// `primer` holds the onsets of each of its steps, from a bar line on.
pub(super) fn density(
    constraints: &Constraints,
    meter: Meter,
    steps_per_quarter: u32,
    primer: &[u8],
) -> Option<DensityControl> {
    let steps_per_bar =
        meter.bar_ticks() as f32 * steps_per_quarter as f32 / crate::music::TICKS_PER_QUARTER as f32;
    // Places in the bar exist where bars are whole steps.
    let bar = if steps_per_bar.fract() == 0.0 { steps_per_bar as usize } else { 0 };
    match constraints.density {
        Some(per_bar) => Some(DensityControl::new(per_bar, steps_per_bar).placed_like(primer, bar)),
        None => DensityControl::like(primer, bar),
    }
}

/// By how many semitones a melody from nothing is moved: into the key that fits the scale best, and by whole
/// octaves towards the middle of the pitch range. The model itself writes in `key` (if it has one).
pub(super) fn home(constraints: &Constraints, (min, max): (i32, i32), key: Option<u8>) -> i32 {
    const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut shift = 0;
    if let (Some(scale), Some(key)) = (constraints.scale, key) {
        let fit = |shift: i32| {
            let pitch_class = |step: &&i32| (i32::from(key) + shift + **step).rem_euclid(12);
            MAJOR.iter().filter(|step| scale.0 >> pitch_class(step) & 1 == 1).count()
        };
        // Nearest first, so that ties stay close to where the model is at home.
        let nearest = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6];
        for candidate in nearest {
            if fit(candidate) > fit(shift) {
                shift = candidate;
            }
        }
    }
    if let Some((low, high)) = constraints.range {
        // Twice the distance between the middles, so that everything stays whole.
        let distance = i32::from(low) + i32::from(high) - (min + max - 1 + 2 * shift);
        shift += 12 * (distance + 12).div_euclid(24);
    }
    shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Scale;

    const MODEL: (i32, i32) = (48, 84);

    fn classes(list: &[u8]) -> PitchClasses {
        PitchClasses(list.iter().fold(0, |set, c| set | 1 << c))
    }

    fn only(scale: Option<PitchClasses>, range: Option<(u8, u8)>) -> Constraints {
        Constraints { scale, range, ..Constraints::default() }
    }

    #[test]
    fn pitches_outside_scale_and_range_are_forbidden() {
        let limits = PitchLimits::new(&only(Some(classes(&[0, 7])), Some((60, 72))), MODEL, 2);
        let free: Vec<i32> = (0..128u8)
            .filter(|&p| !limits.effect(MelodyEvent::Pitch(p)).forbidden)
            .map(|p| i32::from(p) + 2)
            .collect();
        assert_eq!(free, [60, 67, 72]);
        assert!(limits.bites);
        assert!(!limits.effect(MelodyEvent::NoteOff).forbidden);
    }

    #[test]
    fn limits_that_do_not_meet_are_dropped_and_said_so() {
        let limits = PitchLimits::new(&only(Some(classes(&[0])), Some((61, 65))), MODEL, 0);
        assert!(limits.notice.is_some());
        assert!(!limits.effect(MelodyEvent::Pitch(60)).forbidden);
        assert!(limits.effect(MelodyEvent::Pitch(61)).forbidden, "the scale stays");
        let limits = PitchLimits::new(&only(Some(PitchClasses(0)), None), MODEL, 0);
        assert!(!limits.bites && limits.notice.is_some());
    }

    #[test]
    fn a_melody_moves_to_key_and_register() {
        assert_eq!(home(&only(None, None), MODEL, Some(0)), 0);
        assert_eq!(home(&only(Some(Scale::NaturalMinor.in_key(9)), None), MODEL, Some(0)), 0);
        assert_eq!(home(&only(Some(Scale::Major.in_key(2)), None), MODEL, Some(0)), 2);
        assert_eq!(home(&only(None, Some((36, 47))), MODEL, Some(0)), -24);
        assert_eq!(home(&only(None, Some((0, 127))), MODEL, Some(0)), 0);
        assert_eq!(
            home(&only(Some(Scale::NaturalMinor.in_key(6)), None), MODEL, None),
            0,
            "mono_rnn has no home key"
        );
    }
}
