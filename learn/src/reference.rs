//! The event networks in plain burn operations (`spec/rnn.md` §8.1–8.4): the yardstick.
//!
//! Parity tests hold the fast kernels of the core and the custom training operations against it, and the kernel
//! bench times it. Nothing here is tuned beyond one fused product per layer. Runs wherever it is called; with
//! tensors on an autodiff device it also gives the gradients.

use burn::tensor::activation;
pub use burn::tensor::{Device, Tensor, TensorData};
use descant_core::nn::Weights;

/// Weights that are not a network of this family.
#[derive(Debug, thiserror::Error)]
#[error("the weights have no usable variable \"{0}\"")]
pub struct ReferenceError(pub(crate) String);

/// `y = x · weights + bias`.
#[derive(Clone, Debug)]
pub struct Dense {
    /// `[inputs, outputs]`.
    pub weights: Tensor<2>,
    /// `[outputs]`.
    pub bias: Tensor<1>,
}

impl Dense {
    fn apply(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weights.clone()) + self.bias.clone().unsqueeze()
    }
}

/// One layer: kernel `[width + units, 4 * units]` and bias `[4 * units]`, gates i, j, f, o.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Input rows first, then those of the previous output.
    pub kernel: Tensor<2>,
    /// Without the forget bias of 1, which is added at run time.
    pub bias: Tensor<1>,
}

/// Output and cell of one layer, `[batch, units]` each.
#[derive(Clone, Debug)]
pub struct LayerState {
    /// Output of the last step.
    pub h: Tensor<2>,
    /// Cell.
    pub c: Tensor<2>,
}

impl LayerState {
    /// The zero state.
    #[must_use]
    pub fn zero(batch: usize, units: usize, device: &Device) -> Self {
        Self { h: Tensor::zeros([batch, units], device), c: Tensor::zeros([batch, units], device) }
    }
}

impl Layer {
    /// One step of a batch; `x` is `[batch, width]`.
    #[must_use]
    pub fn step(&self, x: Tensor<2>, state: LayerState) -> LayerState {
        let z = Tensor::cat(vec![x, state.h], 1).matmul(self.kernel.clone()) + self.bias.clone().unsqueeze();
        let [i, j, f, o]: [Tensor<2>; 4] =
            z.chunk(4, 1).try_into().unwrap_or_else(|_| unreachable!("a kernel has four gates"));
        let c = state.c * activation::sigmoid(f.add_scalar(1.0)) + activation::sigmoid(i) * j.tanh();
        let h = c.clone().tanh() * activation::sigmoid(o);
        LayerState { h, c }
    }
}

/// The attention wrapper of layer 0 (§8.3).
#[derive(Clone, Debug)]
pub struct Attention {
    /// `[width + units, width]`: input and last attention → input of the cell.
    pub mix: Dense,
    /// `[2 * units, units]`: cell and output → query.
    pub query: Dense,
    /// `[units, units]`: memory rows → keys.
    pub keys: Tensor<2>,
    /// `[units]`: scores from keys and query.
    pub score: Tensor<1>,
    /// `[2 * units, units]`: output and attention → output.
    pub output: Dense,
    /// Rows of the memory.
    pub window: usize,
}

/// State of the wrapper.
#[derive(Clone, Debug)]
pub struct AttentionState {
    /// `[batch, units]`.
    pub attended: Tensor<2>,
    /// `[batch, window, units]`, oldest row first.
    pub memory: Tensor<3>,
}

impl Attention {
    fn step(
        &self,
        cell: &Layer,
        x: Tensor<2>,
        state: &mut LayerState,
        wrapper: &mut AttentionState,
    ) -> Tensor<2> {
        let [batch, window, units] = wrapper.memory.dims();
        let mixed = self.mix.apply(Tensor::cat(vec![x, wrapper.attended.clone()], 1));
        *state = cell.step(mixed, state.clone());
        let query = self.query.apply(Tensor::cat(vec![state.c.clone(), state.h.clone()], 1));
        let keys = wrapper.memory.clone().reshape([batch * window, units]).matmul(self.keys.clone());
        let keys = keys.reshape([batch, window, units]) + query.reshape([batch, 1, units]);
        let scores: Tensor<3> = (keys.tanh() * self.score.clone().reshape([1, 1, units])).sum_dim(2);
        let shares = activation::softmax(scores, 1);
        wrapper.attended = (wrapper.memory.clone() * shares).sum_dim(1).reshape([batch, units]);
        let out = self.output.apply(Tensor::cat(vec![state.h.clone(), wrapper.attended.clone()], 1));
        let kept = wrapper.memory.clone().slice([0..batch, 1..window, 0..units]);
        wrapper.memory = Tensor::cat(vec![kept, out.clone().reshape([batch, 1, units])], 1);
        out
    }
}

/// States of a whole stack.
#[derive(Clone, Debug)]
pub struct States {
    /// Per layer.
    pub layers: Vec<LayerState>,
    /// Of the wrapper around layer 0, if there is one.
    pub attention: Option<AttentionState>,
}

/// Layers, attention on the first if wanted, and the output layer.
#[derive(Clone, Debug)]
pub struct LstmStack {
    /// Bottom first.
    pub layers: Vec<Layer>,
    /// Around layer 0.
    pub attention: Option<Attention>,
    /// `[units, classes]`.
    pub output: Dense,
}

impl LstmStack {
    /// Of checkpoint weights on burn's CPU backend. `window` is the attention window, 0 for none; residual stacks
    /// are not covered.
    ///
    /// # Errors
    /// A variable is missing or has no shape of its kind.
    pub fn load(weights: &Weights, window: usize) -> Result<Self, ReferenceError> {
        let device = Device::flex();
        let wrong = |name: &str| ReferenceError(name.to_owned());
        let matrix = |name: &str| -> Result<Tensor<2>, ReferenceError> {
            let tensor = weights.get(name).ok_or_else(|| wrong(name))?;
            let [.., rows, cols] = tensor.shape[..] else { return Err(wrong(name)) };
            if tensor.len() != rows * cols {
                return Err(wrong(name));
            }
            Ok(Tensor::from_data(TensorData::new(tensor.to_f32(), [rows, cols]), &device))
        };
        let vector = |name: &str| -> Result<Tensor<1>, ReferenceError> {
            let tensor = weights.get(name).ok_or_else(|| wrong(name))?;
            Ok(Tensor::from_data(TensorData::new(tensor.to_f32(), [tensor.len()]), &device))
        };
        let dense = |prefix: &str| -> Result<Dense, ReferenceError> {
            Ok(Dense {
                weights: matrix(&format!("{prefix}/kernel"))?,
                bias: vector(&format!("{prefix}/bias"))?,
            })
        };
        let mut layers = Vec::new();
        loop {
            let k = layers.len();
            let wrapper = if k == 0 && window > 0 { "attention_cell_wrapper/" } else { "" };
            let prefix = format!("rnn/multi_rnn_cell/cell_{k}/{wrapper}basic_lstm_cell");
            if k > 0 && weights.get(&format!("{prefix}/kernel")).is_none() {
                break;
            }
            let Dense { weights: kernel, bias } = dense(&prefix)?;
            layers.push(Layer { kernel, bias });
        }
        let attention = if window > 0 {
            let prefix = "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper";
            Some(Attention {
                mix: dense(prefix)?,
                query: dense(&format!("{prefix}/attention"))?,
                keys: matrix(&format!("{prefix}/attention/attn_w"))?,
                score: vector(&format!("{prefix}/attention/attn_v"))?,
                output: dense(&format!("{prefix}/attn_output_projection"))?,
                window,
            })
        } else {
            None
        };
        let output =
            Dense { weights: matrix("fully_connected/weights")?, bias: vector("fully_connected/biases")? };
        Ok(Self { layers, attention, output })
    }

    /// Zero states for `batch` sequences.
    #[must_use]
    pub fn zero_states(&self, batch: usize) -> States {
        let device = self.output.bias.device();
        let units = |layer: &Layer| layer.bias.dims()[0] / 4;
        States {
            layers: self.layers.iter().map(|l| LayerState::zero(batch, units(l), &device)).collect(),
            attention: self.attention.as_ref().zip(self.layers.first()).map(|(attention, first)| {
                AttentionState {
                    attended: Tensor::zeros([batch, units(first)], &device),
                    memory: Tensor::zeros([batch, attention.window, units(first)], &device),
                }
            }),
        }
    }

    /// One step of a batch: inputs `[batch, width]` → logits `[batch, classes]`; `states` move on.
    #[must_use]
    pub fn step(&self, x: Tensor<2>, states: &mut States) -> Tensor<2> {
        let mut below = x;
        for (k, (layer, state)) in self.layers.iter().zip(&mut states.layers).enumerate() {
            below = match (&self.attention, &mut states.attention) {
                (Some(attention), Some(wrapper)) if k == 0 => attention.step(layer, below, state, wrapper),
                _ => {
                    *state = layer.step(below, state.clone());
                    state.h.clone()
                }
            };
        }
        self.output.apply(below)
    }
}
