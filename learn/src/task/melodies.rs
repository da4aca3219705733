//! What the melody models learn from. Runs on the thread that trains.

use super::{Meters, Sets, Task, TaskError, configuration};
use crate::corpora;
use crate::encode::Encoding;
use crate::network::Architecture;
use crate::piece::{Augmentation, Piece};
use crate::trainer::Settings;
use descant_core::codec::MelodyEvent;
use descant_core::codec::encoding::{ChordEncoding, EncodingError, MelodyOneHot, OneHot as _};
use descant_core::corpus::{BASS_RANGE, MelodyOptions, MelodyPiece, ScoreOptions, Split};
use descant_core::model::EncodingParams;
use std::path::Path;

impl Task {
    /// Vocal lines of OpenScore Lieder and the dated lead sheets of OpenEWLD in 4/4, 2/2 and 2/4 (or
    /// in all meters); validation and test are duple Lieder.
    pub(super) fn lookback_rnn(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        Self::melody_task(corpora, meters, |piece| Ok(piece.classes().into_iter().map(u32::from).collect()))
    }

    /// `lookback_rnn` with the classes that `classes` makes of each piece.
    fn melody_task(
        corpora: &Path,
        meters: Meters,
        classes: impl Fn(&MelodyPiece) -> Result<Vec<u32>, EncodingError>,
    ) -> Result<Self, TaskError> {
        let (pieces, funnels) = corpora::melodies(corpora, &MelodyOptions::default())?;
        let mut sets = Sets::default();
        for piece in pieces {
            let learned = piece.split == Split::Train && (meters == Meters::All || piece.is_duple());
            let judged =
                piece.split != Split::Train && piece.is_duple() && piece.id.starts_with("openscore-lieder");
            if !learned && !judged {
                continue;
            }
            let events = classes(&piece)?;
            sets.push(
                piece.split,
                Piece { id: piece.id, bar: piece.steps_per_bar, events, chords: piece.chords },
            );
        }
        Ok(Self {
            id: "lookback_rnn",
            architecture: Architecture {
                encoding: Encoding::new(configuration("lookback_rnn")?.hparams.encoding.clone())?,
                layers: vec![256, 256],
                attention: 0,
            },
            settings: Settings { steps: 3000, keep: 0.5, every: 150, ..Settings::default() },
            sets,
            funnels,
            data: vec![
                "OpenScore Lieder Corpus (CC0 1.0): vocal lines",
                "OpenEWLD (MIT), lead sheets dated before 1931 or traditional",
            ],
            licence: "MIT OR Apache-2.0; trained on works in the public domain",
            configuration: configuration("lookback_rnn")?,
            key: None,
        })
    }

    /// The same melodies as `lookback_rnn`, in the published shape with attention over 40 steps.
    pub(super) fn attention_rnn(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        Ok(Self {
            id: "attention_rnn",
            architecture: Architecture {
                encoding: Encoding::new(configuration("attention_rnn")?.hparams.encoding.clone())?,
                layers: vec![128, 128],
                attention: 40,
            },
            configuration: configuration("attention_rnn")?,
            ..Self::lookback_rnn(corpora, meters)?
        })
    }

    /// The same melodies as `lookback_rnn`, without lookback, in the published shape.
    pub(super) fn basic_rnn(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        let configuration = configuration("basic_rnn")?;
        let encoding = Encoding::new(configuration.hparams.encoding.clone())?;
        let lookback = Self::lookback_rnn(corpora, meters)?;
        Ok(Self {
            id: "basic_rnn",
            architecture: Architecture { encoding, layers: vec![128, 128], attention: 0 },
            settings: Settings { keep: 0.8, ..lookback.settings },
            configuration,
            ..lookback
        })
    }

    /// The same melodies in their printed keys, moved by up to six semitones while they are learned.
    pub(super) fn mono_rnn(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        let configuration = configuration("mono_rnn")?;
        let encoding = Encoding::new(configuration.hparams.encoding.clone())?;
        let lookback = Self::melody_task(corpora, meters, |piece| {
            let one_hot = MelodyOneHot::new(0, 128)?;
            let printed = |&event: &MelodyEvent| match event {
                MelodyEvent::Pitch(pitch) => {
                    let pitch = i32::from(pitch) - piece.transposed;
                    MelodyEvent::Pitch(pitch.clamp(0, 127) as u8)
                }
                other => other,
            };
            piece.events.iter().map(|e| Ok(one_hot.encode(printed(e))? as u32)).collect()
        })?;
        let bounds = Augmentation::within(&lookback.sets.train, &encoding);
        Ok(Self {
            id: "mono_rnn",
            architecture: Architecture { encoding, layers: vec![128, 128], attention: 0 },
            settings: Settings {
                keep: 0.8,
                augmentation: Augmentation { transpose: 6, ..bounds },
                ..lookback.settings
            },
            configuration,
            ..lookback
        })
    }

    /// The lowest parts of string quartets in 4/4, 2/2 and 2/4 (or in all meters), where a bass guitar plays.
    pub(super) fn bass_rnn(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        let configuration = configuration("bass_rnn")?;
        let encoding = Encoding::new(configuration.hparams.encoding.clone())?;
        let (low, high) = BASS_RANGE;
        let one_hot = MelodyOneHot::new(low as i32, high as i32)?;
        let (pieces, funnel) = corpora::bass(corpora, &ScoreOptions::default())?;
        let mut sets = Sets::default();
        for piece in pieces {
            if !piece.is_duple() && (piece.split != Split::Train || meters == Meters::Duple) {
                continue;
            }
            let class = |&event: &MelodyEvent| Ok(one_hot.encode(event)? as u32);
            let events = piece.events.iter().map(class).collect::<Result<_, EncodingError>>()?;
            let bar = piece.steps_per_bar;
            sets.push(piece.split, Piece { id: piece.id, bar, events, chords: Vec::new() });
        }
        Ok(Self {
            id: "bass_rnn",
            architecture: Architecture { encoding, layers: vec![128, 128], attention: 0 },
            settings: Settings { steps: 3000, keep: 0.7, every: 150, ..Settings::default() },
            sets,
            funnels: vec![funnel],
            data: vec!["OpenScore String Quartets (CC0 1.0): lowest parts"],
            licence: "MIT OR Apache-2.0; trained on works in the public domain",
            configuration,
            key: None,
        })
    }

    /// The same melodies with the pitches of their chords, in C, and lookback. Trained in all keys as published,
    /// a network of this size learned the keys and hardly the chords (45 % chord tones; the data have 81 %).
    pub(super) fn chord_pitches_improv(corpora: &Path, meters: Meters) -> Result<Self, TaskError> {
        let configuration = configuration("chord_pitches_improv")?;
        let lookback = Self::lookback_rnn(corpora, meters)?;
        let encoding = Encoding::new(EncodingParams::Improv {
            chords: ChordEncoding::Pitches,
            melody: Box::new(lookback.architecture.encoding.params().clone()),
        })?;
        Ok(Self {
            id: "chord_pitches_improv",
            architecture: Architecture { encoding, layers: vec![256, 256], attention: 0 },
            settings: Settings { steps: 2400, keep: 0.6, ..lookback.settings },
            key: Some(0),
            data: vec![
                "OpenScore Lieder Corpus (CC0 1.0): vocal lines, with chords inferred from all parts",
                "OpenEWLD (MIT), lead sheets dated before 1931 or traditional",
            ],
            configuration,
            ..lookback
        })
    }
}
