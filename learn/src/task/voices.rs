//! What the models of several voices learn from. Runs on the thread that trains.

use super::{Sets, Task, TaskError, configuration};
use crate::corpora;
use crate::encode::Encoding;
use crate::network::Architecture;
use crate::piece::{Augmentation, Piece};
use crate::trainer::Settings;
use descant_core::codec::encoding::{OneHot as _, PolyphonyOneHot};
use descant_core::corpus::{ScoreOptions, Split};
use std::path::Path;

impl Task {
    /// String quartets, transposed by up to five semitones while they are learned.
    pub(super) fn polyphony(corpora: &Path) -> Result<Self, TaskError> {
        const JUDGED_BARS: usize = 32;
        let (pieces, funnel) = corpora::quartets(corpora, &ScoreOptions::default())?;
        let configuration = configuration("polyphony")?;
        let encoding = Encoding::new(configuration.hparams.encoding.clone())?;
        let mut sets = Sets::default();
        for piece in pieces {
            // The start event is put before every excerpt.
            let events: Vec<u32> = piece.events[1..]
                .iter()
                .map(|&event| PolyphonyOneHot.encode(event).map(|class| class as u32))
                .collect::<Result<_, _>>()?;
            let whole = Piece { id: piece.id, bar: piece.steps_per_bar, events, chords: Vec::new() };
            if piece.split == Split::Train {
                sets.train.push(whole);
                continue;
            }
            for part in whole.parts(&encoding, JUDGED_BARS) {
                sets.push(piece.split, part);
            }
        }
        let augmentation = Augmentation { transpose: 5, ..Augmentation::within(&sets.train, &encoding) };
        Ok(Self {
            id: "polyphony",
            architecture: Architecture { encoding, layers: vec![256, 256], attention: 0 },
            settings: Settings {
                steps: 4000,
                unroll: 128,
                keep: 0.8,
                every: 200,
                augmentation,
                ..Settings::default()
            },
            sets,
            funnels: vec![funnel],
            data: vec!["OpenScore String Quartets (CC0 1.0): all parts"],
            licence: "MIT OR Apache-2.0; trained on works in the public domain",
            configuration,
            key: None,
        })
    }

    /// The same quartets as the frames of a piano roll.
    pub(super) fn rnn_nade(corpora: &Path) -> Result<Self, TaskError> {
        let configuration = configuration("rnn-nade")?;
        let encoding = Encoding::new(configuration.hparams.encoding.clone())?;
        let voices = Self::polyphony(corpora)?;
        Ok(Self {
            id: "rnn-nade",
            architecture: Architecture { encoding, ..voices.architecture },
            settings: Settings { unroll: 64, steps: 3000, ..voices.settings },
            configuration,
            ..voices
        })
    }
}
