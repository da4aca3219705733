//! What the audio thread tells the worker: the notes that were played, and between them where the song is.
//!
//! Both go through one ring, in order, so that what the worker decides follows from the music and not from when it
//! happened to look.

use crate::clips::params::LiveMode;
use crate::clips::timeline::Grid;
use descant_core::music::Ticks;

/// A played-in note event. Sent by the audio thread, received by the worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// Song position in ticks.
    pub tick: f64,
    /// See [`crate::clips::timeline::Plan::epoch`].
    pub epoch: u32,
    /// Whether the host's time ran.
    pub running: bool,
    /// MIDI channel from 0.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// `None` for a note-off.
    pub velocity: Option<u8>,
    /// Meter and bar lines at that time.
    pub grid: Grid,
    /// Quarter notes per minute at that time.
    pub tempo: f64,
}

/// The clip that sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sounding {
    /// The take it is of.
    pub take: u64,
    /// It ends instead of repeating.
    pub once: bool,
    /// Bars of it that have passed.
    pub bar: Ticks,
    /// Bars in all, rounded up.
    pub of: Ticks,
}

/// Where the song is at the start of a block. Sent when something in it has changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Live mode.
    pub mode: LiveMode,
    /// Song position in ticks.
    pub tick: Ticks,
    /// See [`crate::clips::timeline::Plan::epoch`].
    pub epoch: u32,
    /// Time runs and the player is on.
    pub running: bool,
    /// Meter and bar lines.
    pub grid: Grid,
    /// The clip that sounds.
    pub sounding: Option<Sounding>,
    /// A clip waits for its start.
    pub waiting: bool,
    /// Serial of the last clip that has arrived.
    pub received: u64,
    /// Presses of Panic so far.
    pub panics: u64,
}

impl Moment {
    /// Whether the worker need not hear of this moment after the one before: with a live mode on, it hears of every
    /// beat.
    #[must_use]
    pub fn tells_nothing_after(&self, before: &Self) -> bool {
        let beat = |m: &Self| (m.tick - m.grid.phase).div_euclid(m.grid.meter.beat_ticks());
        let same = Self { tick: before.tick, ..*self };
        if self.mode == LiveMode::Off {
            let steady = Self { epoch: before.epoch, grid: before.grid, ..same };
            let take = |m: &Self| m.sounding.map(|s| (s.take, s.once));
            return take(&steady) == take(before) && Self { sounding: before.sounding, ..steady } == *before;
        }
        same == *before && beat(self) == beat(before)
    }
}

/// What goes through the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// A note.
    Note(Played),
    /// Where the song is.
    Moment(Moment),
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::music::TICKS_PER_QUARTER as Q;

    #[test]
    fn every_beat_is_told_in_a_live_mode_and_only_changes_otherwise() {
        let off = Moment {
            mode: LiveMode::Off,
            tick: 0,
            epoch: 1,
            running: true,
            grid: Grid::default(),
            sounding: None,
            waiting: false,
            received: 0,
            panics: 0,
        };
        assert!(Moment { tick: 9 * Q, epoch: 7, ..off }.tells_nothing_after(&off));
        let sounding = Some(Sounding { take: 1, once: false, bar: 0, of: 2 });
        assert!(!Moment { sounding, ..off }.tells_nothing_after(&off));
        let on = Moment { mode: LiveMode::Answer, ..off };
        assert!(!on.tells_nothing_after(&off));
        assert!(Moment { tick: Q - 1, ..on }.tells_nothing_after(&on));
        assert!(!Moment { tick: Q, ..on }.tells_nothing_after(&on));
        assert!(!Moment { epoch: 2, ..on }.tells_nothing_after(&on));
    }
}
