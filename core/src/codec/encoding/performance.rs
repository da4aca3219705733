//! Performance events as classes, and as inputs that place values on circles.
//!
//! Pure maths; any thread. Source: Performance RNN (Magenta), `spec` 6.2 and 6.8 of the note-model notes. The
//! published `…_compact` model feeds the class as an index that its network expands; our inputs are sparse, so
//! index and one-hot are one.
use super::{Encoding, EncodingError, Event, History, OneHot, SparseVector};
use crate::codec::performance::{MAX_SHIFT, PerformanceEvent, VelocityBins};
use std::f64::consts::{PI, TAU};

/// First classes of the kinds of events.
const OFFS: usize = 128;
const SHIFTS: usize = 256;
const VELOCITIES: usize = SHIFTS + MAX_SHIFT as usize;

/// Steps that have passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerformanceScan {
    /// Sum of the time shifts.
    pub steps: u64,
}

impl Event for PerformanceEvent {
    type Scan = PerformanceScan;

    fn scan(scan: &mut PerformanceScan, event: Self) {
        scan.steps += u64::from(Self::steps(event));
    }

    fn steps(self) -> usize {
        Self::steps(self) as usize
    }
}

/// Classes of a performance: 128 note-ons, 128 note-offs, 100 time shifts, then the velocity bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerformanceOneHot {
    bins: VelocityBins,
}

impl PerformanceOneHot {
    /// With these velocity bins.
    #[must_use]
    pub fn new(bins: VelocityBins) -> Self {
        Self { bins }
    }
}

/// `value` if it is in `low..=high`.
pub(super) fn within(what: &'static str, value: u32, low: u32, high: u32) -> Result<usize, EncodingError> {
    let out = EncodingError::OutOfRange { what, value, low, high };
    Some(value as usize).filter(|_| (low..=high).contains(&value)).ok_or(out)
}

impl OneHot for PerformanceOneHot {
    type Event = PerformanceEvent;

    fn classes(&self) -> usize {
        VELOCITIES + usize::from(self.bins.count())
    }

    fn default_event(&self) -> PerformanceEvent {
        PerformanceEvent::TimeShift(MAX_SHIFT)
    }

    fn encode(&self, event: PerformanceEvent) -> Result<usize, EncodingError> {
        match event {
            PerformanceEvent::NoteOn(pitch) => within("pitch", pitch.into(), 0, 127),
            PerformanceEvent::NoteOff(pitch) => Ok(OFFS + within("pitch", pitch.into(), 0, 127)?),
            PerformanceEvent::TimeShift(steps) => Ok(SHIFTS + within("time shift", steps, 1, MAX_SHIFT)? - 1),
            PerformanceEvent::Velocity(bin) => {
                let bins = self.bins.count().into();
                Ok(VELOCITIES + within("velocity bin", bin.into(), 1, bins)? - 1)
            }
        }
    }

    fn decode(&self, class: usize) -> Result<PerformanceEvent, EncodingError> {
        let wrong = || EncodingError::NoSuchClass { class, classes: self.classes() };
        let small = |from: usize| u8::try_from(class - from).map_err(|_| wrong());
        match class {
            0..OFFS => Ok(PerformanceEvent::NoteOn(small(0)?)),
            OFFS..SHIFTS => Ok(PerformanceEvent::NoteOff(small(OFFS)?)),
            SHIFTS..VELOCITIES => Ok(PerformanceEvent::TimeShift(u32::from(small(SHIFTS)?) + 1)),
            _ if class < self.classes() => Ok(PerformanceEvent::Velocity(small(VELOCITIES)? + 1)),
            _ => Err(wrong()),
        }
    }
}

/// Inputs of a few cells that place a value on circles; the classes are [`PerformanceOneHot`]'s.
#[derive(Clone, Copy, Debug)]
pub struct PerformanceModulo(pub PerformanceOneHot);

impl Encoding<PerformanceEvent> for PerformanceModulo {
    fn input_size(&self) -> usize {
        if self.0.bins.count() > 0 { 16 } else { 13 }
    }

    fn num_classes(&self) -> usize {
        self.0.classes()
    }

    fn default_event(&self) -> PerformanceEvent {
        self.0.default_event()
    }

    fn default_label(&self) -> usize {
        VELOCITIES - 1
    }

    fn input(
        &self,
        history: &History<PerformanceEvent>,
        out: &mut SparseVector,
    ) -> Result<(), EncodingError> {
        let event = *history.events().last().ok_or(EncodingError::Empty)?;
        self.0.encode(event)?;
        let turn = |value: u32, of: u32| TAU * f64::from(value) / f64::from(of);
        // A pitch goes round once in twelve octaves and once in each.
        let pitch = |p: u8| [PI * f64::from(p) / 72.0, PI * f64::from(p % 12) / 6.0];
        let (offset, angles) = match event {
            PerformanceEvent::NoteOn(p) => (0, pitch(p).to_vec()),
            PerformanceEvent::NoteOff(p) => (5, pitch(p).to_vec()),
            PerformanceEvent::TimeShift(steps) => (10, vec![turn(steps - 1, MAX_SHIFT)]),
            PerformanceEvent::Velocity(bin) => {
                (13, vec![turn(u32::from(bin) - 1, self.0.bins.count().into())])
            }
        };
        out.clear();
        out.push((offset, 1.0));
        // Rounded to f32, so that the last bit of a machine's cosine does not matter.
        let cells = angles.iter().flat_map(|a| [a.cos() as f32, a.sin() as f32]);
        out.extend((offset + 1..).zip(cells).filter(|cell| cell.1 != 0.0));
        Ok(())
    }

    fn label(&self, events: &[PerformanceEvent], position: usize) -> Result<usize, EncodingError> {
        self.0.encode(*events.get(position).ok_or(EncodingError::Empty)?)
    }

    fn decode(&self, class: usize, _events: &[PerformanceEvent]) -> Result<PerformanceEvent, EncodingError> {
        self.0.decode(class)
    }
}
