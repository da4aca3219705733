//! Names of variables: older ones and those of cuDNN become today's, what only training needs is passed over.
//!
//! Any thread. Sources: the name tables of TensorFlow's converter and of Magenta's cuDNN generation graphs.
use crate::nn::{Tensor, TensorData, Weights};

/// The training step, among the variables.
pub(super) const STEP: &str = "global_step";

/// Scopes of GANSynth: of what plays, whose moving averages are the model, and of what only judged it.
const PLAYS: &str = "Generator/";
const JUDGES: &str = "Discriminator/";

/// Whether a variable belongs to training and not to the model.
pub(super) fn is_training_extra(name: &str) -> bool {
    const LAST: [&str; 6] = [
        "Adam",
        "Adam_1",
        "beta1_power",
        "beta2_power",
        "ExponentialMovingAverage",
        "_CHECKPOINTABLE_OBJECT_GRAPH",
    ];
    // cuDNN's two halves of a bias whose sum is stored as well.
    const HALVES: [&str; 2] = ["bias_cudnn_0", "bias_cudnn_1"];
    let last = name.rsplit('/').next().unwrap_or(name);
    if name.starts_with(PLAYS) && last == "ExponentialMovingAverage" {
        return false;
    }
    name == STEP || name.starts_with(JUDGES) || LAST.contains(&last) || HALVES.contains(&last)
}

/// Weights under today's names. A tensor that is there under both names is taken from today's.
pub(super) fn canonical(weights: Weights) -> Weights {
    let mut named = Weights::new();
    let mut cells = Vec::new();
    for (name, tensor) in weights {
        if let Some(cell) = cudnn_cell(&name) {
            cells.push((cell, tensor));
            continue;
        }
        let today = current(&name);
        if today == name || named.get(&today).is_none() {
            named.insert(today, tensor);
        }
    }
    // Layers of different sizes have a scope each, in which the cells count from zero.
    let mut layers: Vec<(usize, usize)> = cells.iter().map(|(cell, _)| (cell.scope, cell.index)).collect();
    layers.sort_unstable();
    layers.dedup();
    for (cell, tensor) in cells {
        let layer = layers.partition_point(|&layer| layer < (cell.scope, cell.index));
        let prefix = format!("rnn/multi_rnn_cell/cell_{layer}/basic_lstm_cell/");
        if cell.bias {
            named.insert(prefix + "bias", without_forget_bias(&tensor));
        } else {
            named.insert(prefix + "kernel", tensor);
        }
    }
    named
}

/// Today's name.
fn current(name: &str) -> String {
    const CELLS: [&str; 5] = [
        "basic_lstm_cell",
        "attention_cell_wrapper",
        "attention",
        "attn_output_projection",
        "input_projection_wrapper",
    ];
    let mut parts = name.rsplitn(3, '/');
    let (last, parent) = (parts.next().unwrap_or(name), parts.next().unwrap_or(""));
    let today = match last {
        "weights" if CELLS.contains(&parent) => "kernel",
        "biases" if CELLS.contains(&parent) => "bias",
        "kernel" if parent == "fully_connected" => "weights",
        "bias" if parent == "fully_connected" => "biases",
        _ => return name.into(),
    };
    format!("{}{today}", &name[..name.len() - last.len()])
}

/// Where a variable of a cuDNN graph belongs.
struct CudnnCell {
    scope: usize,
    index: usize,
    bias: bool,
}

/// Takes `cudnn_lstm[_s]/rnn/multi_rnn_cell/cell_k/cudnn_compatible_lstm_cell/{kernel|bias}` apart.
fn cudnn_cell(name: &str) -> Option<CudnnCell> {
    let (scope, rest) = name.strip_prefix("cudnn_lstm")?.split_once("/rnn/multi_rnn_cell/cell_")?;
    let scope = if scope.is_empty() { 0 } else { scope.strip_prefix('_')?.parse().ok()? };
    let (index, variable) = rest.split_once("/cudnn_compatible_lstm_cell/")?;
    matches!(variable, "kernel" | "bias").then_some(())?;
    Some(CudnnCell { scope, index: index.parse().ok()?, bias: variable == "bias" })
}

/// The forget bias of 1 is stored in cuDNN's bias; the network adds it to all.
fn without_forget_bias(bias: &Tensor) -> Tensor {
    let mut values = bias.to_f32();
    let units = values.len() / 4;
    // Gates in the order input, new, forget, output.
    for value in &mut values[2 * units..3 * units] {
        *value -= 1.0;
    }
    Tensor { shape: bias.shape.clone(), data: TensorData::F32(values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        let tensor = |name: &&str| ((*name).to_owned(), Tensor::f32([4], vec![0.0, 0.0, 1.5, 0.0]));
        let weights: Weights = names.iter().map(tensor).collect();
        canonical(weights).iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn older_names_become_todays() {
        let cell = "rnn/multi_rnn_cell/cell_0";
        let older = [
            "decoder/dense/bias".to_owned(),
            "decoder/multi_rnn_cell/cell_1/basic_lstm_cell/weights".to_owned(),
            "fully_connected/biases".to_owned(),
            "fully_connected/weights".to_owned(),
            format!("{cell}/attention_cell_wrapper/attention/attn_v"),
            format!("{cell}/attention_cell_wrapper/attention/weights"),
            format!("{cell}/attention_cell_wrapper/attn_output_projection/biases"),
            format!("{cell}/attention_cell_wrapper/basic_lstm_cell/biases"),
            format!("{cell}/attention_cell_wrapper/weights"),
        ];
        let todays = [
            "decoder/dense/bias".to_owned(),
            "decoder/multi_rnn_cell/cell_1/basic_lstm_cell/kernel".to_owned(),
            "fully_connected/biases".to_owned(),
            "fully_connected/weights".to_owned(),
            format!("{cell}/attention_cell_wrapper/attention/attn_v"),
            format!("{cell}/attention_cell_wrapper/attention/kernel"),
            format!("{cell}/attention_cell_wrapper/attn_output_projection/bias"),
            format!("{cell}/attention_cell_wrapper/basic_lstm_cell/bias"),
            format!("{cell}/attention_cell_wrapper/kernel"),
        ];
        let older: Vec<&str> = older.iter().map(String::as_str).collect();
        assert_eq!(names(&older), todays);
    }

    #[test]
    fn cudnn_cells_are_numbered_through_and_lose_their_forget_bias() {
        let of = |scope: &str, cell: usize| {
            format!("cudnn_lstm{scope}/rnn/multi_rnn_cell/cell_{cell}/cudnn_compatible_lstm_cell/bias")
        };
        let tensor = |first: f32| Tensor::f32([8], vec![first, 0.0, 0.0, 0.0, 1.5, 1.0, 0.0, 0.0]);
        let weights: Weights =
            [(of("_10", 0), tensor(2.0)), (of("_2", 0), tensor(1.0)), (of("", 0), tensor(0.0))]
                .into_iter()
                .collect();
        let named = canonical(weights);
        for layer in 0..3 {
            let name = format!("rnn/multi_rnn_cell/cell_{layer}/basic_lstm_cell/bias");
            let expected = [layer as f32, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0];
            assert_eq!(named.get(&name).expect(&name).to_f32(), expected);
        }
    }

    #[test]
    fn what_training_needs_is_told_apart() {
        for extra in ["global_step", "beta1_power", "a/kernel/Adam", "a/Adam_1", "a/ExponentialMovingAverage"]
        {
            assert!(is_training_extra(extra), "{extra}");
        }
        assert!(is_training_extra(
            "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/bias_cudnn_0"
        ));
        assert!(is_training_extra("Discriminator/a/kernel") && is_training_extra("Generator/a/kernel/Adam"));
        let average = "Generator/a/kernel/ExponentialMovingAverage";
        for needed in ["a/kernel", "Adams/kernel", "fully_connected/biases", "Generator/a/kernel", average] {
            assert!(!is_training_extra(needed), "{needed}");
        }
    }
}
