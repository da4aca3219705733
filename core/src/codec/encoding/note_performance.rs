//! Whole notes as six one-hots in and six softmaxes out.
//!
//! Pure maths; any thread. Source: Performance RNN with note encoding (Magenta), `spec` 6.9 of the note-model notes.
use super::performance::{PerformanceScan, within};
use super::{Encoding, EncodingError, Event, History, SparseVector, cell, join_heads, split_heads};
use crate::codec::performance::{MAX_NOTE_STEPS, NoteEvent, VelocityBins};

impl Event for NoteEvent {
    type Scan = PerformanceScan;

    fn scan(scan: &mut PerformanceScan, event: Self) {
        scan.steps += u64::from(event.shift);
    }

    fn steps(self) -> usize {
        self.shift as usize
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
