//! [`Cut`]: how long tracks are taken out of music and cut into examples. Melodies and drums share it.
//!
//! Any thread. Source: MusicVAE (Magenta), `spec` 4.2 of the latent-model notes.

use super::STEPS_PER_BAR;
use crate::codec::events::{EventError, Limits, MAX_STEPS, StepEvent, Steps};
use crate::music::Quantised;

/// Which tracks to take and how to cut them. The defaults are the reference's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Longer tracks lose what comes after.
    pub max_bars: Option<u32>,
    /// Length of an example; each bar line begins one. `None`: a track is one example.
    pub slice_bars: Option<u32>,
    /// A rest of so many bars ends a track; infinite for none.
    pub gap_bars: f64,
    /// Lengthen tracks to the whole music.
    pub pad_to_total_time: bool,
    /// Keep the first so many examples. `None`: up to [`MAX_EXAMPLES`](super::MAX_EXAMPLES).
    pub max_examples: Option<usize>,
}

impl Default for Cut {
    fn default() -> Self {
        Self {
            max_bars: None,
            slice_bars: None,
            gap_bars: 1.0,
            pad_to_total_time: false,
            max_examples: Some(5),
        }
    }
}

impl Cut {
    /// One example of everything, as long as the music.
    pub(super) const WHOLE: Self = Self {
        max_bars: None,
        slice_bars: None,
        gap_bars: f64::INFINITY,
        pad_to_total_time: true,
        max_examples: Some(1),
    };

    /// What to look for in the music.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            min_bars: 1,
            max_steps_truncate: self.max_bars.map(steps),
            gap_bars: self.gap_bars,
            pad_end: true,
            ..Limits::default()
        }
    }

    /// A track in slices, one from each bar line on. None if it is too short.
    pub(super) fn slices<E: StepEvent>(
        &self,
        mut track: Steps<E>,
        q: &Quantised,
    ) -> Result<impl Iterator<Item = Steps<E>>, EventError> {
        if self.pad_to_total_time {
            let too_long = |_| EventError::TooLong;
            let total = usize::try_from(q.total_steps).map_err(too_long)?;
            let before = usize::try_from(track.start_step()).map_err(too_long)?;
            if total.max(before) > MAX_STEPS {
                return Err(EventError::TooLong);
            }
            track.set_length_from_left(before + track.len());
            track.set_length(total);
        }
        let slice = self.slice_bars.map_or(track.len(), |bars| steps(bars.max(1)));
        let ends = (slice..=track.len()).step_by(steps(1));
        Ok(ends.map(move |end| track.slice(end - slice..end)))
    }
}

/// Steps of so many bars.
fn steps(bars: u32) -> usize {
    bars as usize * STEPS_PER_BAR as usize
}
