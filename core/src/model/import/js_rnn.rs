//! Cards for `MusicRNN` checkpoints of Magenta.js (spec vae 8.2). Any thread.
use super::latent::{LatentError, js_chords, js_converter};
use super::{ImportError, JsConfig};
use crate::codec::vae::js::{JsConverter, JsDrumSteps, JsDrums};
use crate::model::{Card, EncodingParams, Hparams, find};
use crate::music::drum_map::MAGENTA_JS;
use crate::nn::{Tensor, Weights};

/// Scope of an attention around all layers.
const WRAPPER: &str = "rnn/attention_cell_wrapper/";

/// The card of a network that continues melodies, drums, or melodies over chords.
///
/// # Errors
/// [`ImportError::Latent`] for what no network here has.
pub(super) fn card(config: &JsConfig, weights: &Weights) -> Result<Card, ImportError> {
    let unsupported = |what: &str| ImportError::from(LatentError::Unsupported(what.into()));
    let whole = weights.iter().any(|(name, _)| name.starts_with(WRAPPER));
    let attention = match (whole, config.attention_length) {
        (false, _) => 0,
        (true, Some(window @ 1..)) => window,
        (true, _) => return Err(unsupported("an attention of unknown length")),
    };
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
        JsConverter::Drums(drums) if drums.input == JsDrumSteps::Classes => {
            let (types, distances) = (drums.kit.len(), Vec::new());
            (
                "drum_kit",
                match bits {
                    _ if !standard(&drums) => EncodingParams::DrumKit { kit: drums.kit, bits },
                    0 => EncodingParams::Drums { types },
                    bits => EncodingParams::DrumsLookback { types, distances, bits },
                },
            )
        }
        _ => return Err(unsupported("another kind of events than melodies and sets of drums")),
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
        attention,
        whole,
        residual: false,
        steps_per_quarter: 4,
        encoding,
        transpose_to_key: None,
    };
    Ok(Card { hparams, ..Card::of(configuration) })
}

/// The weights as Magenta.js runs them, under the names that they have elsewhere. It leaves out the bias of the question
/// to an attention around all layers.
pub(super) fn as_run(weights: Weights) -> Weights {
    let mut run = Weights::new();
    for (name, mut tensor) in weights {
        let inside = name.strip_prefix(WRAPPER);
        if inside == Some("attention/bias") {
            tensor = Tensor::f32(tensor.shape.clone(), vec![0.0; tensor.to_f32().len()]);
        }
        let projection = inside.and_then(|name| name.strip_prefix("attention_output_projection/"));
        let today = projection.map(|last| format!("{WRAPPER}attn_output_projection/{last}"));
        run.insert(today.unwrap_or(name), tensor);
    }
    run
}

/// Whether the drums are those of Magenta.js, of which a few pitches are other drums here.
fn standard(drums: &JsDrums) -> bool {
    drums.kit.iter().map(Vec::as_slice).eq(MAGENTA_JS)
}
