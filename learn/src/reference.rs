//! The LSTM stack in plain burn operations (`spec/rnn.md` §8.1, 8.2, 8.4): the yardstick.
//!
//! Parity tests hold the fast kernels of the core and the custom training operations against it, and the kernel
//! bench times it. Nothing here is tuned beyond one fused product per layer. Runs wherever it is called; with
//! tensors on an autodiff device it also gives the gradients.

use burn::tensor::activation;

// What callers need to build a stack and to feed it, so that nobody else depends on burn.
pub use burn::tensor::{Device, Tensor, TensorData};

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
    /// Of plain slices. `width` is the number of inputs.
    #[must_use]
    pub fn from_slices(kernel: &[f32], bias: &[f32], width: usize, device: &Device) -> Self {
        let units = bias.len() / 4;
        Self {
            kernel: Tensor::from_data(TensorData::new(kernel.to_vec(), [width + units, 4 * units]), device),
            bias: Tensor::from_data(TensorData::new(bias.to_vec(), [4 * units]), device),
        }
    }

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

/// Layers and output layer.
#[derive(Clone, Debug)]
pub struct LstmStack {
    /// Bottom first.
    pub layers: Vec<Layer>,
    /// `[units, classes]`.
    pub weights: Tensor<2>,
    /// `[classes]`.
    pub biases: Tensor<1>,
}

impl LstmStack {
    /// Zero states for `batch` sequences.
    #[must_use]
    pub fn zero_states(&self, batch: usize) -> Vec<LayerState> {
        self.layers
            .iter()
            .map(|layer| LayerState::zero(batch, layer.bias.dims()[0] / 4, &self.biases.device()))
            .collect()
    }

    /// One step of a batch: inputs `[batch, width]` → logits `[batch, classes]`; `states` move on.
    #[must_use]
    pub fn step(&self, x: Tensor<2>, states: &mut [LayerState]) -> Tensor<2> {
        let mut below = x;
        for (layer, state) in self.layers.iter().zip(states) {
            *state = layer.step(below, state.clone());
            below = state.h.clone();
        }
        below.matmul(self.weights.clone()) + self.biases.clone().unsqueeze()
    }
}

impl From<&crate::network::Network> for LstmStack {
    /// The trained stack on burn's CPU backend.
    fn from(network: &crate::network::Network) -> Self {
        let device = Device::flex();
        let mut layers: Vec<Layer> = network
            .parameters
            .chunks_exact(2)
            .map(|pair| Layer {
                kernel: Tensor::from_data(
                    TensorData::new(pair[0].values.clone(), pair[0].shape.clone()),
                    &device,
                ),
                bias: Tensor::from_data(
                    TensorData::new(pair[1].values.clone(), pair[1].shape.clone()),
                    &device,
                ),
            })
            .collect();
        let output = layers.pop().expect("a network has an output layer");
        Self { layers, weights: output.kernel, biases: output.bias }
    }
}
