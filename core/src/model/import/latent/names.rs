//! Names of the variables of MusicVAE: other spellings become those of [`Shape::variables`].
//!
//! Any thread. What TensorFlow's layers called their variables before 2017, and other names of the same LSTM cell.
//!
//! [`Shape::variables`]: crate::model::music_vae::Shape::variables
use crate::nn::Weights;

/// Other names of a cell whose gates are in the same order and whose bias of forgetting is added at run time.
const CELLS: [&str; 2] = ["basic_lstm_cell", "lstm_block_cell"];

/// Weights under today's names. A tensor that is there under both names is taken from today's.
pub(super) fn todays(weights: Weights) -> Weights {
    let mut named = Weights::new();
    for (name, tensor) in weights {
        let today = today(&name);
        if today == name || named.get(&today).is_none() {
            named.insert(today, tensor);
        }
    }
    named
}

/// Today's name.
fn today(name: &str) -> String {
    let ours = ["encoder/", "decoder/", "core_decoder/"].iter().any(|scope| name.starts_with(scope));
    if !ours {
        return name.into();
    }
    let part = |part| match part {
        "weights" => "kernel",
        "biases" => "bias",
        cell if CELLS.contains(&cell) => "lstm_cell",
        other => other,
    };
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_spellings_become_todays_and_others_stay() {
        for (name, expected) in [
            (
                "decoder/multi_rnn_cell/cell_0/basic_lstm_cell/weights",
                "decoder/multi_rnn_cell/cell_0/lstm_cell/kernel",
            ),
            ("encoder/mu/biases", "encoder/mu/bias"),
            (
                "core_decoder/decoder/output_projection/kernel",
                "core_decoder/decoder/output_projection/kernel",
            ),
            ("decoder/nade/w_enc", "decoder/nade/w_enc"),
            (
                "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
                "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
            ),
        ] {
            assert_eq!(today(name), expected);
        }
    }
}
