//! Key melody: current pitch, attack, direction, repetition, place in the bar and the keys that fit so far.
//!
//! Pure maths; any thread. Source: Attention RNN (Magenta), `spec` 6.4 of the note-model notes.
use super::melody::MelodyOneHot;
use super::{Encoding, EncodingError, History, SparseVector, cell, check_lookback, push_counter, repeats};
use crate::codec::MelodyEvent;

/// Pitch classes of the major scale.
const MAJOR: [usize; 7] = [0, 2, 4, 5, 7, 9, 11];
/// Steps after which the "bar begins" cell is 1, whatever the meter: the models were trained so.
const BAR: usize = 16;

/// The encoding of Attention RNN.
#[derive(Clone, Debug)]
pub struct KeyMelody {
    pitches: MelodyOneHot,
    distances: Vec<usize>,
    bits: usize,
}

impl KeyMelody {
    /// Pitches `min..max`, lookback `distances` in steps, `bits` of bar counter.
    ///
    /// # Errors
    /// An impossible note range, distance or number of bits.
    pub fn new(min: i32, max: i32, distances: &[usize], bits: usize) -> Result<Self, EncodingError> {
        check_lookback(distances, bits)?;
        Ok(Self { pitches: MelodyOneHot::new(min, max)?, distances: distances.to_vec(), bits })
    }
}

/// Major keys tied for the most notes, as 12 flags. No notes: all keys tie.
fn keys(histogram: &[u32; 12]) -> [bool; 12] {
    let mut fits = [0u32; 12];
    for (key, fit) in fits.iter_mut().enumerate() {
        *fit = MAJOR.iter().map(|step| histogram[(key + step) % 12]).sum();
    }
    let most = fits.iter().copied().max().unwrap_or(0);
    fits.map(|fit| fit == most)
}

fn push_keys(histogram: &[u32; 12], offset: usize, out: &mut SparseVector) {
    for (key, fits) in keys(histogram).into_iter().enumerate() {
        if fits {
            out.push((cell(offset + key), 1.0));
        }
    }
}

impl Encoding<MelodyEvent> for KeyMelody {
    fn input_size(&self) -> usize {
        self.pitches.width() + 2 + 1 + 1 + self.distances.len() + self.bits + 1 + 12 + 12
    }

    fn num_classes(&self) -> usize {
        self.pitches.width() + 2 + self.distances.len()
    }

    fn lookback_classes(&self) -> usize {
        self.distances.len()
    }

    fn default_event(&self) -> MelodyEvent {
        MelodyEvent::NoEvent
    }

    fn default_label(&self) -> usize {
        self.pitches.width()
    }

    fn input(&self, history: &History<MelodyEvent>, out: &mut SparseVector) -> Result<(), EncodingError> {
        let events = history.events();
        let position = events.len().checked_sub(1).ok_or(EncodingError::Empty)?;
        let scan = history.scan();
        let range = self.pitches.width();
        out.clear();
        // Pitch 0 counts as silence: an oddity of the published models.
        match scan.current {
            Some(pitch) if pitch != 0 => {
                out.push((cell(self.pitches.pitch_index(pitch)?), 1.0));
                out.push((cell(range), 1.0));
            }
            _ => out.push((cell(range + 1), 1.0)),
        }
        let mut offset = range + 2;
        if scan.attack {
            out.push((cell(offset), 1.0));
        }
        offset += 1;
        if scan.direction != 0 {
            out.push((cell(offset), f32::from(scan.direction)));
        }
        offset += 1;
        for (i, &distance) in self.distances.iter().enumerate() {
            if repeats(events, position, distance) {
                out.push((cell(offset + i), 1.0));
            }
        }
        offset += self.distances.len();
        push_counter(position + 1, self.bits, offset, out);
        offset += self.bits;
        if (position + 1).is_multiple_of(BAR) {
            out.push((cell(offset), 1.0));
        }
        offset += 1;
        push_keys(&scan.histogram, offset, out);
        let mut recent = [0u32; 12];
        for pitch in scan.last_pitches() {
            recent[usize::from(pitch % 12)] += 1;
        }
        push_keys(&recent, offset + 12, out);
        Ok(())
    }

    fn label(&self, events: &[MelodyEvent], position: usize) -> Result<usize, EncodingError> {
        let event = *events.get(position).ok_or(EncodingError::Empty)?;
        let range = self.pitches.width();
        if let Some(&last) = self.distances.last()
            && position < last
            && event == MelodyEvent::NoEvent
        {
            return Ok(range + 2 + self.distances.len() - 1);
        }
        for (i, &distance) in self.distances.iter().enumerate().rev() {
            if repeats(events, position, distance) {
                return Ok(range + 2 + i);
            }
        }
        match event {
            MelodyEvent::NoteOff => Ok(range + 1),
            MelodyEvent::NoEvent => Ok(range),
            MelodyEvent::Pitch(pitch) => self.pitches.pitch_index(pitch),
        }
    }

    fn decode(&self, class: usize, events: &[MelodyEvent]) -> Result<MelodyEvent, EncodingError> {
        let range = self.pitches.width();
        if class < range {
            return Ok(self.pitches.pitch_at(class));
        }
        if class == range {
            return Ok(MelodyEvent::NoEvent);
        }
        if class == range + 1 {
            return Ok(MelodyEvent::NoteOff);
        }
        match self.distances.get(class - range - 2) {
            Some(&distance) => {
                Ok(events.len().checked_sub(distance).map_or(MelodyEvent::NoEvent, |at| events[at]))
            }
            None => Err(EncodingError::NoSuchClass { class, classes: self.num_classes() }),
        }
    }
}
