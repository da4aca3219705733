//! Cards for models of a latent space. Any thread.
use super::{JsModel, LatentError, Music, Recognised};
use crate::codec::encoding::ChordEncoding;
use crate::codec::vae::DrumKit;
use crate::codec::vae::js::JsConverter;
use crate::model::music_vae::Head;
use crate::model::{Card, Configuration, EncodingParams, Hparams, LatentMusic, LatentParams, catalogue};
use crate::music::drum_map::MAGENTA_JS;

/// Steps of a bar.
const STEPS_PER_BAR: usize = 16;

/// The card of a recognised model. Its configuration is the nearest line of the catalogue.
///
/// # Errors
/// [`LatentError::Unsupported`] for what the tools cannot play, though the network could.
pub fn card(found: &Recognised) -> Result<Card, LatentError> {
    let unsupported = |what: &str| LatentError::Unsupported(what.into());
    let shape = &found.shape;
    if !shape.steps.is_multiple_of(STEPS_PER_BAR) {
        return Err(unsupported("pieces that are no whole bars"));
    }
    if found.js.as_ref().is_some_and(|js| !standard(js)) {
        return Err(unsupported("pitches, drums or controls of its own"));
    }
    let chords = match found.chords {
        None => false,
        Some(ChordEncoding::Triad) => true,
        Some(_) => return Err(unsupported("other chords than triads")),
    };
    let nine = if found.js.is_some() { DrumKit::NineJs } else { DrumKit::Nine };
    let kit = |kit| if kit == DrumKit::Nine { nine } else { kit };
    let music = match found.music {
        Music::Melody => LatentMusic::Melody { chords },
        Music::Drums { kit: drums } => {
            let nade = if let Head::Nade { hidden, .. } = shape.head { hidden } else { 0 };
            LatentMusic::Drums { kit: kit(drums), nade }
        }
        Music::Groove { input, hits_as_controls } => {
            LatentMusic::Groove { kit: nine, input, hits_as_controls }
        }
        Music::Trio => LatentMusic::Trio { split: shape.decoder.split },
        Music::Performances => return Err(unsupported("several instruments in a bar")),
    };
    let params = LatentParams {
        z: shape.z,
        encoder: shape.encoder.units.clone(),
        encoder_segments: shape.encoder.segments,
        decoder_segments: shape.decoder.segments,
        bars: u32::try_from(shape.steps / STEPS_PER_BAR).unwrap_or(u32::MAX),
        music,
    };
    if params.shape(&shape.decoder.units)? != *shape {
        return Err(unsupported("steps of its own"));
    }
    let named = found.configuration.and_then(|id| catalogue().iter().find(|c| c.id == id));
    let configuration = named.or_else(|| nearest(&params)).ok_or_else(|| unsupported("music of its own"))?;
    let hparams = Hparams {
        layers: shape.decoder.units.clone(),
        attention: 0,
        whole: false,
        residual: false,
        steps_per_quarter: 4,
        encoding: EncodingParams::Latent(params),
        transpose_to_key: None,
    };
    Ok(Card { hparams, ..Card::of(configuration) })
}

/// Whether the model is told what those of Python are told.
fn standard(js: &JsModel) -> bool {
    let kit = |kit: &[Vec<u8>]| kit.iter().map(Vec::as_slice).eq(MAGENTA_JS);
    let pitches = 21..=108;
    let music = match &js.converter {
        JsConverter::Melody(melody) => melody.pitches == pitches,
        JsConverter::Drums(drums) => kit(&drums.kit),
        JsConverter::Trio(trio) => {
            trio.melody.pitches == pitches && trio.bass.pitches == pitches && kit(&trio.drums.kit)
        }
        JsConverter::Groove(groove) => kit(&groove.kit) && !groove.split,
        JsConverter::Multitrack(_) => true,
    };
    music && !js.key && js.extra.is_empty()
}

/// The line for the same kind of music: if there is one with the same purpose, of the same number of bars.
fn nearest(params: &LatentParams) -> Option<&'static Configuration> {
    let likeness = |configuration: &&Configuration| match &configuration.hparams.encoding {
        EncodingParams::Latent(line) => {
            let same = match (&line.music, &params.music) {
                (LatentMusic::Melody { chords: a }, LatentMusic::Melody { chords: b }) => a == b,
                (LatentMusic::Groove { input: a, .. }, LatentMusic::Groove { input: b, .. }) => a == b,
                (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
            };
            let kind = std::mem::discriminant(&line.music) == std::mem::discriminant(&params.music);
            3 * u32::from(kind) + 2 * u32::from(kind && same) + u32::from(kind && line.bars == params.bars)
        }
        _ => 0,
    };
    // Of equally near ones the first.
    catalogue().iter().rev().max_by_key(likeness).filter(|line| likeness(line) > 0)
}
