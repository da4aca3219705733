//! The trainable stack: LSTM layers and an output layer (`spec/rnn.md` §8.1, 8.2, 8.4) with variables under their
//! TensorFlow names, so that what is trained is what the core loads.
//!
//! Parameters are kept as plain vectors; burn tensors are made of them for each training step. Runs on the thread
//! that trains.

use crate::attention;
use crate::encode::Encoding;
use crate::lstm::{self, FewHot, Input, Shape, State};
use crate::matrix::{Mat, exp, product, vectorised};
use crate::nade;
use crate::op::{self, AttentionTensors};
use crate::rng::Rng;
use crate::stream::Batch;
use burn::tensor::{Device, Tensor, TensorData};
use descant_core::codec::pianoroll::KEYS;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Shape of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// What goes in and comes out.
    pub encoding: Encoding,
    /// Units of the LSTM layers, bottom first.
    pub layers: Vec<usize>,
    /// Attention window of the first layer in steps, 0 for none.
    #[serde(default)]
    pub attention: usize,
}

impl Architecture {
    fn width(&self, layer: usize) -> usize {
        if layer == 0 { self.encoding.inputs() } else { self.layers[layer - 1] }
    }
}

/// One variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// TensorFlow variable name.
    pub name: String,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Values.
    pub values: Vec<f32>,
}

/// The stack with its parameters: pairs of a matrix and a vector. Kernel and bias of each layer, a layer with attention
/// being five pairs (mix, cell, keys with score, query, output); then weights and biases of the output; then the two
/// matrices of a NADE.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Its shape.
    pub architecture: Architecture,
    /// Its variables, in the order named above.
    pub parameters: Vec<Parameter>,
}

/// What one training step found.
#[derive(Debug)]
pub struct Step {
    /// Mean cross-entropy per label, nats.
    pub loss: f32,
    /// Gradients in the order of the parameters.
    pub gradients: Vec<Vec<f32>>,
    /// States to carry into the next stretch.
    pub states: Vec<State>,
}

/// Sums over the labels of a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Labels counted.
    pub count: f64,
    /// Negative log-likelihood of the labels, nats.
    pub label_nll: f64,
    /// Negative log-likelihood of the events: all labels that decode to an event count for it.
    pub event_nll: f64,
    /// Labels that were the most likely one.
    pub right: f64,
}

impl Network {
    /// Fresh parameters: Glorot-uniform kernels, zero biases; a NADE's matrices uniform with a deviation of
    /// `1/√KEYS`.
    #[must_use]
    pub fn new(architecture: Architecture, rng: &mut Rng) -> Self {
        let mut parameters = Vec::new();
        let mut add = |name: String, shape: Vec<usize>| {
            let count: usize = shape.iter().product();
            let limit = match shape[..] {
                [keys, _, _] => (3.0 / keys as f32).sqrt(),
                [.., rows, cols] => (6.0 / (rows + cols) as f32).sqrt(),
                // The score vector of attention is a matrix of one column, not a bias.
                [rows] if name.ends_with("attn_v") => (3.0 / rows as f32).sqrt(),
                _ => 0.0,
            };
            let values = if limit > 0.0 {
                (0..count).map(|_| (2.0 * rng.uniform() - 1.0) * limit).collect()
            } else {
                vec![0.0; count]
            };
            parameters.push(Parameter { name, shape, values });
        };
        let nade = architecture.encoding.nade();
        let scope = if nade.is_some() { "decoder" } else { "rnn" };
        for (k, &units) in architecture.layers.iter().enumerate() {
            let width = architecture.width(k);
            let cell = format!("{scope}/multi_rnn_cell/cell_{k}");
            let attends = k == 0 && architecture.attention > 0;
            let prefix = if attends { format!("{cell}/attention_cell_wrapper") } else { cell };
            if attends {
                add(format!("{prefix}/kernel"), vec![width + units, width]);
                add(format!("{prefix}/bias"), vec![width]);
            }
            add(format!("{prefix}/basic_lstm_cell/kernel"), vec![width + units, 4 * units]);
            add(format!("{prefix}/basic_lstm_cell/bias"), vec![4 * units]);
            if attends {
                add(format!("{prefix}/attention/attn_w"), vec![1, 1, units, units]);
                add(format!("{prefix}/attention/attn_v"), vec![units]);
                for part in ["attention", "attn_output_projection"] {
                    add(format!("{prefix}/{part}/kernel"), vec![2 * units, units]);
                    add(format!("{prefix}/{part}/bias"), vec![units]);
                }
            }
        }
        let top = *architecture.layers.last().unwrap_or(&architecture.encoding.inputs());
        let labels = architecture.encoding.labels();
        if let Some(hidden) = nade {
            add("decoder/dense/kernel".into(), vec![top, labels]);
            add("decoder/dense/bias".into(), vec![labels]);
            add("nade/w_enc".into(), vec![KEYS, 1, hidden]);
            add("nade/w_dec_t".into(), vec![KEYS, hidden, 1]);
        } else {
            add("fully_connected/weights".into(), vec![top, labels]);
            add("fully_connected/biases".into(), vec![labels]);
        }
        Self { architecture, parameters }
    }

    /// Number of trained values.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parameters.iter().map(|p| p.values.len()).sum()
    }

    /// Zero states of all layers.
    #[must_use]
    pub fn zero_states(&self, batch: usize) -> Vec<State> {
        let window = self.architecture.attention;
        let layer = |(k, &units): (usize, &usize)| match window {
            1.. if k == 0 => State::with_attention(batch, units, window),
            _ => State::zero(batch, units),
        };
        self.architecture.layers.iter().enumerate().map(layer).collect()
    }

    /// Number of the first matrix-and-vector pair of layer `k`.
    fn pair_of(&self, k: usize) -> usize {
        if k > 0 && self.architecture.attention > 0 { k + 4 } else { k }
    }

    /// The pairs of a matrix and a vector, and the two matrices of a NADE or none.
    fn split(&self) -> (&[Parameter], &[Parameter]) {
        let nade = if self.architecture.encoding.nade().is_some() { 2 } else { 0 };
        self.parameters.split_at(self.parameters.len() - nade)
    }

    fn tensor<const D: usize>(&self, index: usize, device: &Device) -> Tensor<D> {
        let Parameter { values, shape, .. } = &self.parameters[index];
        // `attn_w` is stored as [1, 1, units, units].
        let shape = shape[shape.len().saturating_sub(2)..].to_vec();
        Tensor::from_data(TensorData::new(values.clone(), shape), device).require_grad()
    }

    /// Loss and gradients of one stretch. Layer outputs are kept with probability `keep` (1 for no dropout).
    #[must_use]
    pub fn step(&self, batch: &Batch, mut states: Vec<State>, keep: f32, rng: &mut Rng) -> Step {
        let device = Device::flex().autodiff();
        let mut biases: Vec<Tensor<1>> = Vec::new();
        let mut kernels: Vec<Tensor<2>> = Vec::new();
        let (pairs, nade) = self.split();
        for k in 0..pairs.len() / 2 {
            kernels.push(self.tensor(2 * k, &device));
            biases.push(self.tensor(2 * k + 1, &device));
        }
        let nade: Vec<Tensor<2>> = nade
            .iter()
            .map(|Parameter { values, .. }| {
                let data = TensorData::new(values.clone(), [KEYS, values.len() / KEYS]);
                Tensor::from_data(data, &device).require_grad()
            })
            .collect();
        let (steps, width) = (batch.steps, batch.sequences);
        let mut below: Option<Tensor<3>> = None;
        for (k, &units) in self.architecture.layers.iter().enumerate() {
            let pair = self.pair_of(k);
            let (kernel, bias) = (kernels[pair].clone(), biases[pair].clone());
            let (out, last) = match below.take() {
                None if self.architecture.attention > 0 => {
                    let shape = Shape { steps, batch: width, width: self.architecture.width(0), units };
                    let tensors = AttentionTensors {
                        matrices: std::array::from_fn(|i| kernels[i].clone()),
                        vectors: std::array::from_fn(|i| biases[i].clone()),
                    };
                    op::attention_few_hot(tensors, Arc::clone(&batch.input), &states[k], shape)
                }
                None => {
                    let shape = Shape { steps, batch: width, width: self.architecture.width(0), units };
                    op::lstm_few_hot(kernel, bias, Arc::clone(&batch.input), &states[k], shape)
                }
                Some(x) => op::lstm_dense(kernel, bias, x, &states[k]),
            };
            states[k] = last;
            below = Some(if keep < 1.0 {
                let mask = rng.dropout(keep, steps * width * units);
                out * Tensor::from_data(TensorData::new(mask, [steps, width, units]), &device)
            } else {
                out
            });
        }
        let top = below.expect("a network has at least one layer");
        let [_, _, units] = top.dims();
        let last = kernels.len() - 1;
        let top = top.reshape([steps * width, units]);
        let (weights, bias) = (kernels[last].clone(), biases[last].clone());
        let loss = match &nade[..] {
            [encode, decode] => {
                let biases = top.matmul(weights) + bias.unsqueeze();
                op::nade_loss(biases, encode.clone(), decode.clone(), &batch.frames, &batch.share)
            }
            _ => op::cross_entropy(top, weights, bias, &batch.labels, &batch.share),
        };
        let found = loss.clone().into_data().try_to_vec::<f32>().expect("f32 loss")[0];
        let grads = loss.backward();
        let mut gradients = Vec::new();
        for (kernel, bias) in kernels.iter().zip(&biases) {
            let kernel = kernel.grad(&grads).expect("kernel takes part in the loss");
            let bias = bias.grad(&grads).expect("bias takes part in the loss");
            gradients.push(kernel.into_data().try_into_vec::<f32>().expect("f32 gradient"));
            gradients.push(bias.into_data().try_into_vec::<f32>().expect("f32 gradient"));
        }
        for matrix in &nade {
            let matrix = matrix.grad(&grads).expect("a NADE takes part in the loss");
            gradients.push(matrix.into_data().try_into_vec::<f32>().expect("f32 gradient"));
        }
        Step { loss: found, gradients, states }
    }

    /// Outputs of a first layer with attention.
    fn attend(&self, input: &FewHot, state: &mut State, shape: Shape) -> Vec<f32> {
        let at = |i: usize| self.parameters[i].values.as_slice();
        let parameters = attention::Parameters {
            mix: at(0),
            mix_bias: at(1),
            kernel: at(2),
            bias: at(3),
            keys: at(4),
            score: at(5),
            query: at(6),
            query_bias: at(7),
            out: at(8),
            out_bias: at(9),
        };
        let State { h, c, attended, memory } = state;
        let tape =
            attention::forward(parameters, input, attention::Initial { h, c, attended, memory }, shape);
        [*h, *c, *attended, *memory] = tape.last(shape);
        tape.outputs(shape).to_vec()
    }

    /// Scores one stretch without gradients and steps `states`.
    pub fn score(&self, batch: &Batch, states: &mut [State], sums: &mut Sums) {
        let (steps, width) = (batch.steps, batch.sequences);
        let mut below: Option<Vec<f32>> = None;
        for (k, &units) in self.architecture.layers.iter().enumerate() {
            let shape = Shape { steps, batch: width, width: self.architecture.width(k), units };
            let input = match &below {
                None if self.architecture.attention > 0 => {
                    below = Some(self.attend(&batch.input, &mut states[k], shape));
                    continue;
                }
                None => Input::FewHot(&batch.input),
                Some(x) => Input::Dense(x),
            };
            let pair = self.pair_of(k);
            let (kernel, bias) = (&self.parameters[2 * pair].values, &self.parameters[2 * pair + 1].values);
            let tape = lstm::forward(kernel, bias, input, &states[k], shape);
            states[k] = tape.last(shape);
            below = Some(tape.outputs(shape).to_vec());
        }
        let Some(top) = below else { return };
        let (pairs, nade) = self.split();
        let [.., weights, biases] = pairs else { return };
        let (rows, units, classes) = (steps * width, weights.shape[0], weights.shape[1]);
        let mut logits = vec![0.0; rows * classes];
        for row in logits.chunks_exact_mut(classes) {
            row.copy_from_slice(&biases.values);
        }
        product(&mut logits, Mat::new(&top, rows, units), Mat::new(&weights.values, units, classes), true);
        if let [encode, decode] = nade {
            let parameters = nade::Parameters { encode: &encode.values, decode: &decode.values };
            let tape = nade::forward(parameters, &logits, &batch.frames, &batch.share);
            for r in (0..rows).filter(|&r| batch.share[r] > 0.0) {
                sums.count += 1.0;
                sums.label_nll += f64::from(tape.nll[r]);
                sums.event_nll += f64::from(tape.nll[r]);
                sums.right += f64::from(u8::from(tape.right[r]));
            }
            return;
        }
        for (r, row) in logits.chunks_exact_mut(classes).enumerate() {
            if batch.share[r] == 0.0 {
                continue;
            }
            let (mut best, mut top) = (0, f32::NEG_INFINITY);
            for (c, &v) in row.iter().enumerate() {
                if v > top {
                    (best, top) = (c, v);
                }
            }
            vectorised(|| row.iter_mut().for_each(|v| *v = exp(*v - top)));
            let total: f64 = row.iter().map(|&v| f64::from(v)).sum();
            let label = batch.labels[r];
            let event: f64 = batch.aliases[r].iter().map(|&c| f64::from(row[c as usize])).sum();
            sums.count += 1.0;
            sums.label_nll -= (f64::from(row[label as usize]) / total).ln();
            sums.event_nll -= (event / total).ln();
            sums.right += f64::from(u8::from(best == label as usize));
        }
    }
}
