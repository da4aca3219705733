//! What the drum models learn from. Runs on the thread that trains.

use super::{Sets, Task, TaskError, configuration};
use crate::corpora;
use crate::encode::Encoding;
use crate::network::Architecture;
use crate::piece::Piece;
use crate::trainer::Settings;
use descant_core::corpus::GrooveKind;
use descant_core::model::EncodingParams;
use std::path::Path;

impl Task {
    /// 4/4 grooves of Groove MIDI by its official split; the fills, a bar or two each, stay out.
    pub(super) fn drum_kit(corpora: &Path) -> Result<Self, TaskError> {
        let (pieces, funnel) = corpora::drums(corpora)?;
        let mut sets = Sets::default();
        for piece in pieces.into_iter().filter(|p| p.kind == GrooveKind::Beat) {
            let events = piece.classes.iter().map(|&c| u32::from(c)).collect();
            sets.push(
                piece.split,
                Piece { id: piece.id, bar: piece.steps_per_bar, events, chords: Vec::new() },
            );
        }
        Ok(Self {
            id: "drum_kit",
            architecture: Architecture {
                encoding: Encoding::new(EncodingParams::DrumsLookback {
                    types: 9,
                    distances: vec![16, 32],
                    bits: 6,
                })?,
                layers: vec![256, 256],
                attention: 0,
            },
            settings: Settings { steps: 3000, ..Settings::default() },
            sets,
            funnels: vec![funnel],
            data: vec![
                "Groove MIDI Dataset, Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove with Inverse \
                 Sequence Transformations, ICML 2019, CC BY 4.0; changes: used to train model weights",
            ],
            licence: "MIT OR Apache-2.0; trained on the Groove MIDI Dataset (CC BY 4.0, attribution under data)",
            configuration: configuration("drum_kit")?,
            key: None,
        })
    }

    /// Each drum of the same grooves by itself, on eighths, where it is struck in most bars.
    pub(super) fn one_drum(corpora: &Path) -> Result<Self, TaskError> {
        const BAR: usize = 8;
        let configuration = configuration("one_drum")?;
        let encoding = Encoding::new(configuration.hparams.encoding.clone())?;
        let kit = Self::drum_kit(corpora)?;
        let alone = |pieces: Vec<Piece>| -> Vec<Piece> {
            let drums = pieces.iter().flat_map(|piece| (0..9).map(move |drum| (piece, drum)));
            let rhythm = |(piece, drum): (&Piece, u32)| {
                // A stroke between two eighths belongs to the later one, as exact halves round up.
                let mut events = vec![0; piece.events.len() / 2];
                for step in (0..piece.events.len()).filter(|&i| piece.events[i] >> drum & 1 == 1) {
                    if let Some(event) = events.get_mut(step.div_ceil(2)) {
                        *event = 1;
                    }
                }
                let struck = events.chunks(BAR).filter(|bar| bar.contains(&1)).count();
                let id = format!("{}/drum {drum}", piece.id);
                (2 * BAR * struck > events.len()).then_some(Piece {
                    id,
                    bar: BAR,
                    events,
                    chords: Vec::new(),
                })
            };
            drums.filter_map(rhythm).collect()
        };
        let Sets { train, valid, test } = kit.sets;
        Ok(Self {
            id: "one_drum",
            architecture: Architecture { encoding, layers: vec![128, 128], attention: 0 },
            settings: Settings { steps: 2000, keep: 0.8, every: 100, ..kit.settings },
            sets: Sets { train: alone(train), valid: alone(valid), test: alone(test) },
            configuration,
            ..kit
        })
    }
}
