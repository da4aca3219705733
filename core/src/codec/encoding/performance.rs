//! Performance events as classes, and their three kinds of input: one-hot, modulo, whole notes.
//!
//! Pure maths; any thread. Source: Performance RNN (Magenta), `spec` 6.2 and 6.7–6.9 of the note-model notes. The
//! published `…_compact` model feeds the class as an index that its network expands; our inputs are sparse, so
//! index and one-hot are one.
use super::{
    ControlEncoding, Encoding, EncodingError, Event, History, OneHot, SparseVector, cell, join_heads,
    split_heads,
};
use crate::codec::performance::{
    MAX_NOTE_STEPS, MAX_SHIFT, NoteEvent, PerformanceControl, PerformanceEvent, VelocityBins,
};
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
        scan.steps += u64::from(event.steps());
    }
}

impl Event for NoteEvent {
    type Scan = PerformanceScan;

    fn scan(scan: &mut PerformanceScan, event: Self) {
        scan.steps += u64::from(event.shift);
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
fn within(what: &'static str, value: u32, low: u32, high: u32) -> Result<usize, EncodingError> {
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

/// Parts of a shift and of a duration that a second head counts: 1001 shifts are 13 × 77, 1000 durations 25 × 40.
const SHIFT_PART: u32 = 77;
const DURATION_PART: u32 = 40;

/// Whole notes: six one-hots in, six softmaxes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteEncoding {
    bins: VelocityBins,
}

impl NoteEncoding {
    /// With these velocity bins.
    ///
    /// # Errors
    /// No bins.
    pub fn new(bins: VelocityBins) -> Result<Self, EncodingError> {
        if bins.count() == 0 {
            return Err(EncodingError::BadParameters("whole notes without velocity bins".into()));
        }
        Ok(Self { bins })
    }

    fn widths(self) -> [usize; 6] {
        let (shift, duration) = (SHIFT_PART as usize, DURATION_PART as usize);
        let (max, bins) = (MAX_NOTE_STEPS as usize, usize::from(self.bins.count()));
        [max / shift + 1, shift, 128, bins, (max - 1) / duration + 1, duration]
    }

    fn classes(self, event: NoteEvent) -> Result<[usize; 6], EncodingError> {
        let shift = within("time shift", event.shift, 0, MAX_NOTE_STEPS)?;
        let pitch = within("pitch", event.pitch.into(), 0, 127)?;
        let bin = within("velocity bin", event.velocity.into(), 1, self.bins.count().into())? - 1;
        let duration = within("duration", event.duration, 1, MAX_NOTE_STEPS)? - 1;
        let (s, d) = (SHIFT_PART as usize, DURATION_PART as usize);
        Ok([shift / s, shift % s, pitch, bin, duration / d, duration % d])
    }
}

impl Encoding<NoteEvent> for NoteEncoding {
    fn input_size(&self) -> usize {
        self.widths().iter().sum()
    }

    fn num_classes(&self) -> usize {
        self.input_size()
    }

    fn heads(&self) -> Vec<usize> {
        self.widths().to_vec()
    }

    fn default_event(&self) -> NoteEvent {
        NoteEvent { shift: 0, pitch: 60, velocity: 1, duration: 1 }
    }

    fn default_label(&self) -> usize {
        join_heads(&[0, 0, 60, 0, 0, 0], &self.widths())
    }

    fn input(&self, history: &History<NoteEvent>, out: &mut SparseVector) -> Result<(), EncodingError> {
        let event = *history.events().last().ok_or(EncodingError::Empty)?;
        out.clear();
        let mut offset = 0;
        for (class, width) in self.classes(event)?.into_iter().zip(self.widths()) {
            out.push((cell(offset + class), 1.0));
            offset += width;
        }
        Ok(())
    }

    fn label(&self, events: &[NoteEvent], position: usize) -> Result<usize, EncodingError> {
        let event = *events.get(position).ok_or(EncodingError::Empty)?;
        Ok(join_heads(&self.classes(event)?, &self.widths()))
    }

    fn decode(&self, class: usize, _events: &[NoteEvent]) -> Result<NoteEvent, EncodingError> {
        let widths = self.widths();
        let wrong = || EncodingError::NoSuchClass { class, classes: widths.iter().product() };
        let [s1, s2, pitch, bin, d1, d2] = split_heads(class, &widths)[..] else { return Err(wrong()) };
        let steps = |steps: usize| u32::try_from(steps).map_err(|_| wrong());
        let small = |value: usize| u8::try_from(value).map_err(|_| wrong());
        Ok(NoteEvent {
            shift: steps(s1 * SHIFT_PART as usize + s2)?,
            pitch: small(pitch)?,
            velocity: small(bin + 1)?,
            duration: steps(d1 * DURATION_PART as usize + d2 + 1)?,
        })
    }
}

/// Lowest note densities of the classes after the first.
const DENSITIES: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Which control values a performance model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerformanceControls {
    /// Notes per second, as one of 8 classes.
    pub density: bool,
    /// Proportions of the pitch classes, 12 cells.
    pub pitch_histogram: bool,
    /// A first cell can switch the others off.
    pub optional: bool,
}

impl PerformanceControls {
    /// Class of a note density.
    #[must_use]
    pub fn density_class(notes_per_second: f64) -> usize {
        DENSITIES.iter().position(|&d| d > notes_per_second).unwrap_or(DENSITIES.len())
    }

    /// Proportions of the pitch classes; equal ones if there is nothing.
    #[must_use]
    pub fn proportions(weights: &[f64; 12]) -> [f64; 12] {
        let sum: f64 = weights.iter().sum();
        if sum > 0.0 { weights.map(|w| w / sum) } else { [1.0 / 12.0; 12] }
    }
}

impl ControlEncoding for PerformanceControls {
    type Control = PerformanceControl;

    fn size(&self) -> usize {
        usize::from(self.optional)
            + if self.density { DENSITIES.len() + 1 } else { 0 }
            + if self.pitch_histogram { 12 } else { 0 }
    }

    fn input(&self, control: PerformanceControl, out: &mut SparseVector) -> Result<(), EncodingError> {
        if self.optional && control.disabled {
            out.push((0, 1.0));
            return Ok(());
        }
        let mut offset = usize::from(self.optional);
        if self.density {
            out.push((cell(offset + Self::density_class(control.notes_per_second)), 1.0));
            offset += DENSITIES.len() + 1;
        }
        if self.pitch_histogram {
            let proportions = Self::proportions(&control.pitch_histogram);
            let cells = proportions.iter().enumerate().filter(|c| *c.1 != 0.0);
            out.extend(cells.map(|(i, &p)| (cell(offset + i), p as f32)));
        }
        Ok(())
    }
}
