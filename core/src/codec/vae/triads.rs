//! Chords as the models are told them: the triad of every step.
//!
//! Any thread. Source: MusicVAE (Magenta), `spec` 4.8 of the latent-model notes. The reference guesses chords where
//! there are none; we ask for them.

use super::{QPM, STEPS_PER_QUARTER, VaeError, class, label};
use crate::codec::encoding::ChordEncoding;
use crate::codec::{ChordProgression, EventError};
use crate::music::{Chord, NO_CHORD, NoteSequence, Quantised, TextAnnotation};
use std::sync::Arc;

/// No chord, 12 major, 12 minor, 12 augmented, 12 diminished.
pub const TRIAD_CLASSES: usize = 49;

/// The chord figure of every step, for as long as the music lasts.
pub(super) struct Chords(Vec<Arc<str>>);

impl Chords {
    /// The chords of music on a grid; none if two stand on one step.
    pub(super) fn of(q: &Quantised) -> Result<Option<Self>, VaeError> {
        match ChordProgression::extract(q, 0, q.total_steps) {
            Ok(progression) => Ok(Some(Self(progression.figures().to_vec()))),
            Err(EventError::NoSteps) => Ok(Some(Self(Vec::new()))),
            Err(EventError::CoincidentChords) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The figure of a step; after the last step the last one.
    pub(super) fn figure(&self, step: u64) -> Arc<str> {
        let at = usize::try_from(step).ok().and_then(|step| self.0.get(step)).or(self.0.last());
        at.map_or_else(|| NO_CHORD.into(), Arc::clone)
    }
}

/// Music for a model that follows chords has to have some.
pub(super) fn require(ns: &NoteSequence) -> Result<(), VaeError> {
    let any = ns.text_annotations.iter().any(|a| a.kind == TextAnnotation::CHORD_SYMBOL);
    if any { Ok(()) } else { Err(VaeError::NoChords) }
}

/// Class of a figure; none for what is no triad.
pub(super) fn triad(figure: &str) -> Option<u32> {
    ChordEncoding::Triad.class(Chord::of_figure(figure).ok()?).ok().map(label)
}

/// Chord symbols, one at every change, of the triads that a melody model was told step by step. The first step always
/// has one. Quirk of the reference: diminished chords are overlooked.
pub(super) fn symbols(triads: &[u32]) -> Result<Vec<TextAnnotation>, VaeError> {
    const DIMINISHED: u32 = 37;
    let seconds_per_step = 60.0 / QPM / f64::from(STEPS_PER_QUARTER);
    let mut symbols: Vec<TextAnnotation> = Vec::new();
    for (step, &triad) in triads.iter().enumerate() {
        let figure = ChordEncoding::Triad.figure(class(triad))?;
        let text = if triad < DIMINISHED { figure } else { NO_CHORD.to_owned() };
        if symbols.last().is_none_or(|last| last.text != text) {
            let time = step as f64 * seconds_per_step;
            symbols.push(TextAnnotation { time, text, kind: TextAnnotation::CHORD_SYMBOL });
        }
    }
    Ok(symbols)
}
