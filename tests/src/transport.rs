//! The host's clock: position in beats as a DAW computes it, from exact sample counts per tempo segment.

use clack_host::events::event_types::{TransportEvent, TransportFlags};
use clack_host::events::{EventFlags, EventHeader};

/// A rolling (or stopped) transport.
#[derive(Clone, Debug)]
pub struct Transport {
    /// Whether time runs.
    pub playing: bool,
    /// Quarter notes per minute.
    tempo: f64,
    /// Time signature.
    pub meter: (u16, u16),
    /// Loop in quarter notes, when on.
    pub cycle: Option<(f64, f64)>,
    /// Round the reported position to this fraction of a quarter note, as some hosts do.
    pub rounding: Option<f64>,
    sample_rate: f64,
    /// Position of the last tempo change or jump …
    anchor_beats: f64,
    /// … and samples since.
    samples: u64,
}

impl Transport {
    /// Stopped at zero, 4/4.
    #[must_use]
    pub fn new(sample_rate: f64, tempo: f64) -> Self {
        Self {
            playing: false,
            tempo,
            meter: (4, 4),
            cycle: None,
            rounding: None,
            sample_rate,
            anchor_beats: 0.0,
            samples: 0,
        }
    }

    /// Position in quarter notes.
    #[must_use]
    pub fn beats(&self) -> f64 {
        self.anchor_beats + self.samples as f64 * self.tempo / 60.0 / self.sample_rate
    }

    /// Samples per quarter note at the present tempo.
    #[must_use]
    pub fn samples_per_beat(&self) -> f64 {
        60.0 * self.sample_rate / self.tempo
    }

    /// Jumps.
    pub fn locate(&mut self, beats: f64) {
        self.anchor_beats = beats;
        self.samples = 0;
    }

    /// Changes the tempo from here on.
    pub fn set_tempo(&mut self, tempo: f64) {
        self.locate(self.beats());
        self.tempo = tempo;
    }

    /// Quarter notes per minute.
    #[must_use]
    pub fn tempo(&self) -> f64 {
        self.tempo
    }

    /// Lets `frames` samples pass, wrapping at the loop's end as hosts do that do not split blocks there.
    pub fn advance(&mut self, frames: u32) {
        if !self.playing {
            return;
        }
        self.samples += u64::from(frames);
        if let Some((start, end)) = self.cycle
            && self.beats() >= end
        {
            let over = self.beats() - end;
            self.locate(start + over);
        }
    }

    /// Frames until the loop's end, if it comes within `frames`: hosts that split blocks cut there.
    #[must_use]
    pub fn frames_to_wrap(&self, frames: u32) -> Option<u32> {
        let (_, end) = self.cycle?;
        let left = ((end - self.beats()) * self.samples_per_beat()).ceil();
        (self.playing && left >= 1.0 && left < f64::from(frames)).then_some(left as u32)
    }

    /// What the plugin is told at the block's start.
    #[must_use]
    pub fn event(&self) -> TransportEvent {
        let mut flags = TransportFlags::HAS_TEMPO
            | TransportFlags::HAS_BEATS_TIMELINE
            | TransportFlags::HAS_SECONDS_TIMELINE
            | TransportFlags::HAS_TIME_SIGNATURE;
        if self.playing {
            flags |= TransportFlags::IS_PLAYING;
        }
        let cycle = self.cycle.unwrap_or((0.0, 0.0));
        if self.cycle.is_some() {
            flags |= TransportFlags::IS_LOOP_ACTIVE;
        }
        let exact = self.beats();
        let beats = self.rounding.map_or(exact, |r| (exact / r).round() * r);
        let bar = f64::from(self.meter.0) * 4.0 / f64::from(self.meter.1);
        let bar_number = (beats / bar).floor();
        let seconds = |b: f64| b * 60.0 / self.tempo;
        TransportEvent {
            header: EventHeader::new_core(0, EventFlags::empty()),
            flags,
            song_pos_beats: beats.into(),
            song_pos_seconds: seconds(beats).into(),
            tempo: self.tempo,
            tempo_inc: 0.0,
            loop_start_beats: cycle.0.into(),
            loop_end_beats: cycle.1.into(),
            loop_start_seconds: seconds(cycle.0).into(),
            loop_end_seconds: seconds(cycle.1).into(),
            bar_start: (bar_number * bar).into(),
            bar_number: bar_number as i32,
            time_signature_numerator: self.meter.0,
            time_signature_denominator: self.meter.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_wraps_with_its_remainder() {
        let mut t = Transport::new(48_000.0, 120.0);
        t.playing = true;
        t.cycle = Some((1.0, 3.0));
        t.locate(2.5);
        assert_eq!(t.frames_to_wrap(24_000), Some(12_000));
        t.advance(24_000);
        assert!((t.beats() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn a_tempo_change_keeps_the_position() {
        let mut t = Transport::new(48_000.0, 120.0);
        t.playing = true;
        t.advance(24_000);
        t.set_tempo(60.0);
        assert!((t.beats() - 1.0).abs() < 1e-12);
        t.advance(48_000);
        assert!((t.beats() - 2.0).abs() < 1e-12);
    }
}
