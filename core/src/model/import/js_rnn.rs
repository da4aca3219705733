//! Cards for `MusicRNN` checkpoints of Magenta.js (spec vae 8.2). Any thread.
use super::latent::{LatentError, js_chords, js_converter};
use super::{ImportError, JsConfig};
use crate::codec::vae::js::{JsConverter, JsDrumSteps, JsDrums};
use crate::model::{Card, EncodingParams, Hparams, find};
use crate::music::drum_map::MAGENTA_JS;
use crate::nn::Weights;

/// The card of a network that continues melodies, drums, or melodies over chords.
///
/// # Errors
/// [`ImportError::Latent`] for what no network here has.
pub(super) fn card(config: &JsConfig, weights: &Weights) -> Result<Card, ImportError> {
    let unsupported = |what: &str| ImportError::from(LatentError::Unsupported(what.into()));
    if weights.iter().any(|(name, _)| name.starts_with("rnn/attention_cell_wrapper/")) {
        return Err(unsupported("an attention over all its layers"));
    }
    let bits = match config.aux_inputs.as_slice() {
        [] => 0,
        [aux] if aux.kind == "BinaryCounter" => aux.args.num_bits.unwrap_or(0),
        _ => return Err(unsupported("inputs of its own")),
    };
    // Lookback without a distance is the events and a counter.
    let (id, encoding) = match js_converter(config)? {
        JsConverter::Melody(melody) => {
            let (min, max) = ((*melody.pitches.start()).into(), i32::from(*melody.pitches.end()) + 1);
            let distances = Vec::new();
            (
                "basic_rnn",
                match bits {
                    0 => EncodingParams::Melody { min, max },
                    bits => EncodingParams::MelodyLookback { min, max, distances, bits },
                },
            )
        }
        JsConverter::Drums(drums) if drums.input == JsDrumSteps::Classes && standard(&drums) => {
            let (types, distances) = (drums.kit.len(), Vec::new());
            (
                "drum_kit",
                match bits {
                    0 => EncodingParams::Drums { types },
                    bits => EncodingParams::DrumsLookback { types, distances, bits },
                },
            )
        }
        _ => return Err(unsupported("another kind of events than melodies and the nine drums")),
    };
    let (id, encoding) = match config.chord_encoder.as_deref().map(js_chords).transpose()? {
        None => (id, encoding),
        Some(_) if id != "basic_rnn" => return Err(unsupported("chords under its drums")),
        Some(chords) => {
            ("chord_pitches_improv", EncodingParams::Improv { chords, melody: Box::new(encoding) })
        }
    };
    let configuration = find(id).ok_or_else(|| unsupported(id))?;
    let hparams = Hparams {
        layers: Hparams::layers_of(weights),
        attention: 0,
        residual: false,
        steps_per_quarter: 4,
        encoding,
        transpose_to_key: None,
    };
    Ok(Card { hparams, ..Card::of(configuration) })
}

/// Whether the drums are those of Magenta.js, of which a few pitches are other drums here.
fn standard(drums: &JsDrums) -> bool {
    drums.kit.iter().map(Vec::as_slice).eq(MAGENTA_JS)
}
