//! What the performance models learn from. Runs on the thread that trains.

use super::{Sets, Task, TaskError, configuration};
use crate::corpora;
use crate::encode::Encoding;
use crate::network::Architecture;
use crate::piece::{Augmentation, Piece};
use crate::trainer::Settings;
use descant_core::codec::encoding::{OneHot as _, PerformanceOneHot};
use descant_core::codec::performance::{Performance, PerformanceLimits, STEPS_PER_SECOND, VelocityBins};
use descant_core::corpus::{PianoPiece, Split};
use descant_core::music::Quantised;
use std::path::Path;

/// Velocity bins of the published models.
const BINS: u8 = 32;
/// Longest excerpt in seconds, as in the reference.
const EXCERPT: usize = 30;

impl Task {
    /// Transcribed piano music: moved by up to three semitones, up to 5 % slower or faster, with and without control
    /// values.
    pub(super) fn optional_multiconditioned(corpora: &Path) -> Result<Self, TaskError> {
        const LEAST_NOTES: usize = 100;
        let id = "optional_multiconditioned_performance_with_dynamics";
        let configuration = configuration(id)?;
        let encoding = Encoding::new(configuration.hparams.encoding.clone())?;
        let (pieces, funnel) = corpora::performances(corpora, LEAST_NOTES)?;
        let mut sets = Sets::default();
        for piece in pieces {
            let split = piece.split;
            let whole = performed(piece)?;
            if split == Split::Train {
                sets.train.push(whole);
            } else {
                // Judged under control, since that is what the controls are for.
                whole.parts(&encoding, EXCERPT).into_iter().for_each(|part| sets.push(split, part));
            }
        }
        let bounds = Augmentation::within(&sets.train, &encoding);
        Ok(Self {
            id,
            architecture: Architecture { encoding, layers: vec![256, 256], attention: 0 },
            settings: Settings {
                steps: 5000,
                unroll: 128,
                segment_bars: EXCERPT,
                keep: 0.7,
                every: 200,
                augmentation: Augmentation { transpose: 3, stretch: 50, free: true, ..bounds },
                ..Settings::default()
            },
            sets,
            funnels: vec![funnel],
            data: vec![
                "GiantMIDI-Piano, Kong, Li, Chen, Wang, 2020, CC BY 4.0: the 54 independent recordings of its \
                 repository; changes: sustained notes on a grid of 10 ms, used to train model weights",
            ],
            licence: "MIT OR Apache-2.0; trained on GiantMIDI-Piano (CC BY 4.0, attribution under data)",
            configuration,
            key: None,
        })
    }
}

/// A performance as classes.
fn performed(piece: PianoPiece) -> Result<Piece, TaskError> {
    let bins = VelocityBins::new(BINS);
    let quantised = Quantised::absolute(&piece.notes, STEPS_PER_SECOND)?;
    let limits = PerformanceLimits { bins, ..PerformanceLimits::default() };
    let one_hot = PerformanceOneHot::new(bins);
    let mut events = Vec::new();
    for performance in Performance::extract_all(&quantised, &limits)? {
        for &event in performance.events() {
            events.push(one_hot.encode(event)? as u32);
        }
    }
    Ok(Piece { id: piece.id, bar: STEPS_PER_SECOND as usize, events, chords: Vec::new() })
}
