//! [`ChordProgression`]: per grid step the chord figure that holds there.
//!
//! Any thread. Reference semantics, exactly (`spec` 4.3 of the note-model notes); [`ChordProgression::from_text`]
//! is the product's own way in.

use super::encoding::{ChordEncoding, ControlEncoding, SparseVector};
use super::events::{EventError, MAX_STEPS, index};
use crate::music::{Chord, ChordError, ChordSymbol, NO_CHORD, Quantised, TextAnnotation};
use std::sync::Arc;

/// What marks a text of a note sequence as a chord symbol.
const CHORD_SYMBOL: i32 = 1;

/// Chord figures on consecutive grid steps. Figures are kept as they are written; whether they mean anything
/// shows in [`Self::chords`].
#[derive(Clone, Debug, PartialEq)]
pub struct ChordProgression {
    figures: Vec<Arc<str>>,
    start_step: i64,
    steps_per_bar: u32,
    steps_per_quarter: u32,
}

impl ChordProgression {
    /// A progression that starts at `start_step` of a grid.
    #[must_use]
    pub fn on_grid(
        figures: Vec<Arc<str>>,
        start_step: i64,
        steps_per_bar: u32,
        steps_per_quarter: u32,
    ) -> Self {
        Self { figures, start_step, steps_per_bar, steps_per_quarter }
    }

    /// The chords of a text such as `C G7 Am F` (blanks between them), each for `steps_per_chord` steps, from
    /// step 0 on.
    ///
    /// # Errors
    /// The first word that is no chord symbol; [`EventError::TooLong`].
    pub fn from_text(
        text: &str,
        steps_per_chord: usize,
        steps_per_bar: u32,
        steps_per_quarter: u32,
    ) -> Result<Self, EventError> {
        let mut figures = Vec::new();
        for word in text.split_whitespace() {
            Chord::of_figure(word)?;
            if figures.len().saturating_add(steps_per_chord) > MAX_STEPS {
                return Err(EventError::TooLong);
            }
            figures.extend(std::iter::repeat_n(Arc::<str>::from(word), steps_per_chord));
        }
        Ok(Self::on_grid(figures, 0, steps_per_bar, steps_per_quarter))
    }

    /// The chords of the steps `start..end`; no chord before the first one.
    ///
    /// # Errors
    /// Two different chords on one step inside the range, an empty or too long range, or a grid without whole
    /// bars.
    pub fn extract(q: &Quantised, start: i64, end: i64) -> Result<Self, EventError> {
        let (steps_per_bar, steps_per_quarter) = (q.steps_per_bar()?, q.steps_per_quarter()?);
        let mut chords: Vec<(i64, &str)> =
            q.texts.iter().filter(|t| t.kind == CHORD_SYMBOL).map(|t| (t.step, t.text.as_str())).collect();
        chords.sort_by_key(|c| c.0);
        if start >= end {
            return Err(EventError::NoSteps);
        }
        let length = index(end - 1, start)? + 1;
        let mut figures: Vec<Arc<str>> = Vec::with_capacity(length);
        let mut current = Arc::<str>::from(NO_CHORD);
        let mut changed = None;
        for (step, figure) in chords {
            if step >= end {
                break;
            }
            if step >= start {
                if changed == Some(step) {
                    if *current == *figure {
                        continue;
                    }
                    return Err(EventError::CoincidentChords);
                }
                figures.resize(index(step, start)?, Arc::clone(&current));
            }
            changed = Some(step);
            current = figure.into();
        }
        figures.resize(length, current);
        Ok(Self::on_grid(figures, start, steps_per_bar, steps_per_quarter))
    }

    /// The figures, one per step.
    #[must_use]
    pub fn figures(&self) -> &[Arc<str>] {
        &self.figures
    }

    /// Number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.figures.len()
    }

    /// Whether there are no steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty()
    }

    /// Step of the first figure on the grid of the music it came from.
    #[must_use]
    pub fn start_step(&self) -> i64 {
        self.start_step
    }

    /// Step after the last figure.
    #[must_use]
    pub fn end_step(&self) -> i64 {
        self.start_step + self.figures.len() as i64
    }

    /// Steps in a bar.
    #[must_use]
    pub fn steps_per_bar(&self) -> u32 {
        self.steps_per_bar
    }

    /// Steps in a quarter note.
    #[must_use]
    pub fn steps_per_quarter(&self) -> u32 {
        self.steps_per_quarter
    }

    /// Drops what goes beyond `steps`.
    pub fn truncate(&mut self, steps: usize) {
        self.figures.truncate(steps);
    }

    /// Whether any step has a chord.
    #[must_use]
    pub fn has_chords(&self) -> bool {
        self.figures.iter().any(|f| **f != *NO_CHORD)
    }

    /// The chord of every step as it sounds.
    ///
    /// # Errors
    /// A figure that is no chord.
    pub fn chords(&self) -> Result<Vec<Option<Chord>>, ChordError> {
        self.map_runs(Chord::of_figure)
    }

    /// As [`Self::chords`], for a model that reads them by `encoding`.
    ///
    /// # Errors
    /// And a chord that the model does not know, with its figure.
    pub fn chords_for(&self, encoding: ChordEncoding) -> Result<Vec<Option<Chord>>, EventError> {
        let mut cells = SparseVector::new();
        self.map_runs(|figure| {
            let chord = Chord::of_figure(figure)?;
            let known = encoding.input(chord, &mut cells);
            known.map_err(|reason| EventError::UnknownChord { figure: figure.to_owned(), reason })?;
            Ok(chord)
        })
    }

    /// The progression `semitones` higher, respelled.
    ///
    /// # Errors
    /// A figure that is no chord.
    pub fn transposed(&self, semitones: i32) -> Result<Self, ChordError> {
        let figures = self.map_runs(|figure| match figure {
            NO_CHORD => Ok(Arc::<str>::from(NO_CHORD)),
            _ => Ok(Arc::from(ChordSymbol::parse(figure)?.transposed(semitones).to_string())),
        })?;
        Ok(Self { figures, ..self.clone() })
    }

    /// One annotation at every change, in seconds after `start_time`. Quirk of the reference: the progression's
    /// place on the grid does not count.
    #[must_use]
    pub fn to_annotations(&self, start_time: f64, qpm: f64) -> Vec<TextAnnotation> {
        let seconds_per_step = 60.0 / qpm / f64::from(self.steps_per_quarter);
        let mut current = NO_CHORD;
        let mut annotations = Vec::new();
        for (step, figure) in self.figures.iter().enumerate() {
            if **figure != *current {
                current = figure;
                let time = step as f64 * seconds_per_step + start_time;
                annotations.push(TextAnnotation { time, text: current.to_owned(), kind: CHORD_SYMBOL });
            }
        }
        annotations
    }

    /// `f` of every figure, called once per run of equal ones.
    fn map_runs<T: Clone, E>(&self, mut f: impl FnMut(&str) -> Result<T, E>) -> Result<Vec<T>, E> {
        let mut all = Vec::with_capacity(self.figures.len());
        for run in self.figures.chunk_by(|a, b| a == b) {
            all.extend(std::iter::repeat_n(f(&run[0])?, run.len()));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_chord_per_step() {
        let progression = ChordProgression::from_text(" C  G7/B N.C. ", 2, 16, 4).expect("chords");
        let roots: Vec<Option<u8>> =
            progression.chords().expect("chords").iter().map(|c| c.map(|c| c.root)).collect();
        assert_eq!(roots, [Some(0), Some(0), Some(7), Some(7), None, None]);
        assert_eq!((progression.start_step(), progression.end_step()), (0, 6));
    }

    #[test]
    fn a_wrong_word_is_named() {
        let error = ChordProgression::from_text("C Hm7 F", 16, 16, 4).expect_err("no chord");
        assert!(error.to_string().contains("“Hm7”"), "{error}");
        assert_eq!(ChordProgression::from_text("C G", MAX_STEPS, 16, 4), Err(EventError::TooLong));
    }

    #[test]
    fn a_chord_that_the_model_does_not_know_is_named() {
        let progression = ChordProgression::from_text("C G7sus", 4, 16, 4).expect("chords");
        let error = progression.chords_for(ChordEncoding::Triad).expect_err("suspended");
        let expected = "“G7sus” does not fit: this model knows only major, minor, augmented and diminished chords; \
                        choose a simpler chord";
        assert_eq!(error.to_string(), expected);
        assert_eq!(progression.chords_for(ChordEncoding::Pitches), Ok(progression.chords().expect("chords")));
    }

    #[test]
    fn transposition_keeps_silence() {
        let progression = ChordProgression::from_text("Bb N.C.", 1, 16, 4).expect("chords");
        let figures = progression.transposed(-10).expect("chords");
        assert_eq!(figures.figures(), [Arc::from("C"), Arc::from(NO_CHORD)]);
    }
}
