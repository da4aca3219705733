//! The weights inside the program.
//!
//! Any thread. The bytes are part of the binary and cost nothing until a model is loaded; who loads it keeps
//! it, because core has no global state.
use super::{Model, ModelError};
use crate::checkpoint::{self, Checkpoint};

/// Embedded weights.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Id of the model, as in its card.
    pub id: &'static str,
    /// The safetensors file.
    pub bytes: &'static [u8],
}

/// All embedded weights: lines of `Builtin { id, bytes: include_bytes!("…/assets/models/….safetensors") }`. A static, for
/// every use of a constant may bring a copy of all of them into the program.
pub static BUILTIN: &[Builtin] = &[
    Builtin { id: "drum_kit", bytes: include_bytes!("../../../assets/models/drum_kit.safetensors") },
    Builtin { id: "lookback_rnn", bytes: include_bytes!("../../../assets/models/lookback_rnn.safetensors") },
    Builtin {
        id: "chord_pitches_improv",
        bytes: include_bytes!("../../../assets/models/chord_pitches_improv.safetensors"),
    },
    Builtin { id: "polyphony", bytes: include_bytes!("../../../assets/models/polyphony.safetensors") },
    Builtin {
        id: "optional_multiconditioned_performance_with_dynamics",
        bytes: include_bytes!(
            "../../../assets/models/optional_multiconditioned_performance_with_dynamics.safetensors"
        ),
    },
    Builtin { id: "one_drum", bytes: include_bytes!("../../../assets/models/one_drum.safetensors") },
    Builtin { id: "basic_rnn", bytes: include_bytes!("../../../assets/models/basic_rnn.safetensors") },
    Builtin { id: "mono_rnn", bytes: include_bytes!("../../../assets/models/mono_rnn.safetensors") },
    Builtin { id: "bass_rnn", bytes: include_bytes!("../../../assets/models/bass_rnn.safetensors") },
    Builtin { id: "rnn-nade", bytes: include_bytes!("../../../assets/models/rnn-nade.safetensors") },
    Builtin {
        id: "cat-drums_2bar_small",
        bytes: include_bytes!("../../../assets/models/cat-drums_2bar_small.safetensors"),
    },
    Builtin {
        id: "cat-mel_2bar_small",
        bytes: include_bytes!("../../../assets/models/cat-mel_2bar_small.safetensors"),
    },
    Builtin {
        id: "groovae_2bar_tap_fixed_velocity",
        bytes: include_bytes!("../../../assets/models/groovae_2bar_tap_fixed_velocity.safetensors"),
    },
    Builtin {
        id: "groovae_2bar_add_closed_hh",
        bytes: include_bytes!("../../../assets/models/groovae_2bar_add_closed_hh.safetensors"),
    },
    Builtin {
        id: "groovae_2bar_humanize",
        bytes: include_bytes!("../../../assets/models/groovae_2bar_humanize.safetensors"),
    },
];

/// Whether a model of the catalogue has embedded weights.
#[must_use]
pub fn has(id: &str) -> bool {
    BUILTIN.iter().any(|b| b.id == id)
}

/// Loads embedded weights.
///
/// # Errors
/// [`ModelError::NeedsWeights`] when there are none for `id`.
pub fn load(id: &str) -> Result<Model, ModelError> {
    Model::from_checkpoint(checkpoint(id)?)
}

/// Embedded weights as they are in their file.
///
/// # Errors
/// [`ModelError::NeedsWeights`] when there are none for `id`.
pub fn checkpoint(id: &str) -> Result<Checkpoint, ModelError> {
    let Some(builtin) = BUILTIN.iter().find(|b| b.id == id) else {
        return Err(ModelError::NeedsWeights(id.chars().take(60).collect()));
    };
    Ok(checkpoint::load_bytes(builtin.bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::find;

    #[test]
    fn all_embedded_weights_load_and_carry_their_id() {
        for builtin in BUILTIN {
            let model = load(builtin.id).expect(builtin.id);
            assert_eq!(model.card().id, builtin.id);
            assert!(find(builtin.id).is_some(), "{} is in the catalogue", builtin.id);
        }
    }

    #[test]
    fn the_table_of_weights_has_a_row_for_each() {
        let table = include_str!("../../../assets/models/README.md");
        for Builtin { id, .. } in BUILTIN {
            assert!(table.contains(&format!("| `{id}.safetensors` |")), "{id}");
        }
    }

    #[test]
    fn a_model_without_weights_says_so() {
        assert!(matches!(load("no such model"), Err(ModelError::NeedsWeights(_))));
    }
}
