//! [`Along`]: a piece played by instruments that change on its way, which is what the source does with GANSynth (spec audio
//! 1.8): every so many seconds stands an instrument, and each note takes the vector on the arc between two of them at which
//! it begins, or goes along the arc as long as it is held ([`Manner::Morphing`]).
//!
//! Worker threads. [`Manner::Original`] is the reference, to the note; [`Manner::Musical`] does what it means: the end is
//! the last end (not that of the last note in the file), no note is dropped for its pitch, the peak is that of magnitudes.
use super::combine::{CombineError, Mix, Note, Peaks};
use crate::model::gansynth::Anchors;
use crate::music::{ClipKind, Song, TempoMap};

/// Notes of a piece at most.
const MOST_NOTES: usize = 20_000;
/// Seconds from one vector of a note that goes along to the next, and how long the model's notes are: behind that there is
/// nothing to change.
pub const STEP: f64 = 0.5;
const LONGEST: f64 = 4.0;
/// Pitches that the reference keeps.
const ORIGINAL: (u8, u8) = (36, 84);

/// A note of a piece. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct PieceNote {
    pub start: f64,
    pub end: f64,
    pub pitch: u8,
    /// 0 to 127.
    pub velocity: u8,
}

/// The notes of a song that are no drums, track by track as in the file.
#[must_use]
pub fn notes_of(song: &Song) -> Vec<PieceNote> {
    let assumed = TempoMap::constant(120.0);
    let tempo = song.tempo.as_ref().unwrap_or(&assumed);
    let pitched = song.tracks.iter().filter(|track| track.kind == ClipKind::Melody);
    let note = |n: &crate::music::Note| PieceNote {
        start: tempo.seconds(n.start),
        end: tempo.seconds(n.end()),
        pitch: n.pitch,
        velocity: n.velocity,
    };
    pitched.flat_map(|track| track.notes.iter().map(note)).collect()
}

/// Whose rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// See the file's head.
    #[default]
    Musical,
    /// The same, and a note goes on changing while it is held.
    Morphing,
    /// As the reference does it.
    Original,
}

/// Why a piece cannot be played.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AlongError {
    /// Nothing to play.
    #[error("there are no notes in it that this instrument can play")]
    NoNotes,
    /// More than anybody waits for.
    #[error("it has {0} notes, more than the 20,000 that can be rendered")]
    TooMany(usize),
    /// Times.
    #[error(transparent)]
    Combine(#[from] CombineError),
}

/// A piece with its instruments.
#[derive(Clone, Debug, PartialEq)]
pub struct Along {
    /// The instruments, and when each is heard alone.
    pub anchors: Anchors,
    /// What is played, in the order of the file.
    pub notes: Vec<PieceNote>,
    /// Notes that were moved by octaves into the range of the model.
    pub moved: usize,
    /// Notes that are not played.
    pub left_out: usize,
    manner: Manner,
}

impl Along {
    /// Instruments of `latent` numbers by `seed`, about every `spacing` seconds (at least 0.1), under these notes; `range`
    /// is what the model can play.
    ///
    /// # Errors
    /// [`AlongError`].
    pub fn new(
        piece: &[PieceNote],
        manner: Manner,
        spacing: f64,
        (latent, seed): (usize, u32),
        range: (u8, u8),
    ) -> Result<Self, AlongError> {
        if piece.len() > MOST_NOTES {
            return Err(AlongError::TooMany(piece.len()));
        }
        let (mut moved, mut left_out) = (0, 0);
        let mut notes = Vec::with_capacity(piece.len());
        for note in piece {
            let pitch = match manner {
                Manner::Musical | Manner::Morphing => by_octaves(note.pitch, range),
                Manner::Original => Some(note.pitch).filter(|p| (ORIGINAL.0..=ORIGINAL.1).contains(p)),
            };
            let pitch = pitch.filter(|p| (range.0..=range.1).contains(p));
            moved += usize::from(pitch.is_some_and(|p| p != note.pitch));
            left_out += usize::from(pitch.is_none());
            notes.extend(pitch.map(|pitch| PieceNote { pitch, ..*note }));
        }
        let total = match manner {
            Manner::Musical | Manner::Morphing => notes.iter().map(|n| n.end).reduce(f64::max),
            Manner::Original => notes.last().map(|n| n.end),
        };
        let total = total.ok_or(AlongError::NoNotes)?;
        let anchors = Anchors::random(total, spacing.max(0.1), latent, seed);
        Ok(Self { anchors, notes, moved, left_out, manner })
    }

    /// Seconds from one instrument to the next, as they really are.
    #[must_use]
    pub fn spacing(&self) -> f64 {
        match self.anchors.times() {
            [first, second, ..] => second - first,
            _ => 0.0,
        }
    }

    /// The instruments of a note, one every [`STEP`] seconds: but for [`Manner::Morphing`] only that of its start.
    #[must_use]
    pub fn way(&self, note: &PieceNote) -> Vec<Vec<f32>> {
        let steps = match self.manner {
            Manner::Morphing => ((note.end - note.start).clamp(0.0, LONGEST) / STEP).ceil() as usize,
            Manner::Musical | Manner::Original => 0,
        };
        let at = |step: usize| self.anchors.at(note.start + step as f64 * STEP);
        (0..=steps).map(|step| at(step).into_iter().map(|x| x as f32).collect()).collect()
    }

    /// The piece, at [`super::combine::RATE`] with a peak of 0.5. `sound` renders note `index`, with its
    /// vectors.
    ///
    /// # Errors
    /// That of `sound`, or [`AlongError::Combine`] as one.
    pub fn render<E: From<AlongError>>(
        &self,
        mut sound: impl FnMut(usize, &PieceNote, &[Vec<f32>]) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<f64>, E> {
        let peaks = match self.manner {
            Manner::Musical | Manner::Morphing => Peaks::Magnitude,
            Manner::Original => Peaks::Largest,
        };
        let span = |n: &PieceNote| (n.start, n.end);
        let wrong = |e: CombineError| E::from(AlongError::Combine(e));
        let mut mix = Mix::new(self.notes.iter().map(span), peaks).map_err(wrong)?;
        for (index, note) in self.notes.iter().enumerate() {
            let sound = sound(index, note, &self.way(note))?;
            let PieceNote { start, end, velocity, .. } = *note;
            mix.add(&Note { sound: &sound, start, end, velocity });
        }
        Ok(mix.finish())
    }
}

/// The pitch, or the same note in the nearest octave within the range.
fn by_octaves(pitch: u8, (low, high): (u8, u8)) -> Option<u8> {
    let mut pitch = i32::from(pitch);
    while pitch < i32::from(low) {
        pitch += 12;
    }
    while pitch > i32::from(high) {
        pitch -= 12;
    }
    u8::try_from(pitch).ok().filter(|p| (low..=high).contains(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: (u8, u8) = (24, 84);

    fn note(start: f64, end: f64, pitch: u8) -> PieceNote {
        PieceNote { start, end, pitch, velocity: 127 }
    }

    fn along(notes: &[PieceNote], manner: Manner, spacing: f64) -> Along {
        Along::new(notes, manner, spacing, (8, 1), RANGE).expect("notes")
    }

    /// T-GS-01 and T-GS-11.
    #[test]
    fn instruments_stand_where_the_reference_has_them_and_there_are_two_at_least() {
        let piece = along(&[note(0.0, 28.0, 60)], Manner::Original, 5.0);
        let times = [-0.0001, 6.999_925, 13.999_95, 20.999_975, 28.0];
        assert!(piece.anchors.times().iter().zip(times).all(|(a, b)| (a - b).abs() < 1e-9));
        assert!((piece.spacing() - 7.000_025).abs() < 1e-9, "not the 5 that were asked for");
        let short = along(&[note(0.0, 1.0, 60)], Manner::Musical, 5.0);
        assert_eq!(short.anchors.times(), [-0.0001, 1.0]);
    }

    /// T-GS-02 and T-GS-03.
    #[test]
    fn each_note_takes_the_vector_of_its_start() {
        let piece = along(&[note(0.0, 28.0, 60)], Manner::Musical, 5.0);
        let close =
            |a: &[f32], b: &[f64], by: f64| a.iter().zip(b).all(|(a, b)| (f64::from(*a) - b).abs() < by);
        let vectors = piece.anchors.vectors();
        assert!(close(&piece.way(&note(0.0, 1.0, 60))[0], &vectors[0], 1e-3));
        let middle = crate::model::gansynth::slerp(&vectors[0], &vectors[1], 0.5);
        let way = piece.way(&note(3.499_912_5, 4.0, 60));
        assert!(way.len() == 1 && close(&way[0], &middle, 1e-5));
    }

    #[test]
    fn a_note_that_is_held_goes_along_with_the_instruments() {
        let notes = [note(0.0, 1.2, 60), note(2.0, 2.0, 60), note(3.0, 28.0, 60)];
        let piece = along(&notes, Manner::Morphing, 5.0);
        let ways: Vec<_> = notes.iter().map(|n| piece.way(n)).collect();
        assert_eq!(ways.iter().map(Vec::len).collect::<Vec<_>>(), [4, 1, 9]);
        for (note, way) in notes.iter().zip(&ways) {
            for (step, vector) in way.iter().enumerate() {
                let there = piece.anchors.at(note.start + 0.5 * step as f64);
                assert!(vector.iter().zip(there).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-6));
            }
        }
    }

    #[test]
    fn the_musical_manner_ends_with_the_last_end_and_moves_what_cannot_be_played() {
        let notes = [note(0.0, 9.0, 20), note(1.0, 2.0, 96), note(2.0, 3.0, 30), note(3.0, 4.0, 60)];
        let musical = along(&notes, Manner::Musical, 2.0);
        let pitches: Vec<u8> = musical.notes.iter().map(|n| n.pitch).collect();
        assert_eq!((pitches, musical.moved, musical.left_out), (vec![32, 84, 30, 60], 2, 0));
        assert_eq!(musical.anchors.times().last(), Some(&9.0));
        let original = along(&notes, Manner::Original, 2.0);
        assert_eq!((original.notes.len(), original.moved, original.left_out), (1, 0, 3));
        assert_eq!(original.anchors.times().last(), Some(&4.0));
        let drums = Along::new(&[], Manner::Musical, 2.0, (8, 1), RANGE);
        assert_eq!(drums, Err(AlongError::NoNotes));
        assert_eq!(by_octaves(60, (62, 65)), None, "no octave of it lies there");
    }

    #[test]
    fn a_piece_has_a_peak_of_a_half_and_whole_seconds() {
        let notes = [note(0.0, 1.0, 60), note(0.5, 2.5, 67)];
        for (manner, peak) in [(Manner::Musical, 0.25), (Manner::Original, 0.5)] {
            let piece = along(&notes, manner, 2.0);
            let mut seen = Vec::new();
            // Deeper than high.
            let wave = |i: u32| if i.is_multiple_of(2) { 0.4 } else { -0.8 };
            let sound = piece.render(|index, note, way| -> Result<_, AlongError> {
                seen.push((index, note.pitch, way[0].len()));
                Ok((0..64_000).map(wave).collect())
            });
            let sound = sound.expect("renders");
            assert_eq!((sound.len(), seen), (5 * 16_000, vec![(0, 60, 8), (1, 67, 8)]));
            let largest = sound.iter().fold(0.0, |a: f64, b| a.max(*b));
            let magnitude = sound.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            assert!(
                (largest - peak).abs() < 0.01 && (magnitude - 2.0 * peak).abs() < 0.01,
                "{largest} {magnitude}"
            );
        }
    }
}
