//! Chords as the models are told them: the triad of every step.
//!
//! Any thread. Source: MusicVAE (Magenta), `spec` 4.8 of the latent-model notes. The reference guesses chords where
//! there are none; we ask for them.

use super::{VaeError, class, label};
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

/// The progression of triads that a melody model was told, one class per step. Quirk of the reference: it overlooks
/// the diminished ones.
pub(super) fn progression(triads: &[u32]) -> Result<ChordProgression, VaeError> {
    const DIMINISHED: u32 = 37;
    let mut figures = Vec::with_capacity(triads.len());
    for &triad in triads {
        let figure = ChordEncoding::Triad.figure(class(triad))?;
        figures.push(if triad < DIMINISHED { figure.into() } else { NO_CHORD.into() });
    }
    Ok(ChordProgression::on_grid(figures, 0, super::STEPS_PER_BAR, super::STEPS_PER_QUARTER))
}
