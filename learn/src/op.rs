//! The custom burn operations of training: an LSTM layer over a whole sequence, the softmax cross-entropy of an output
//! layer, and the loss of a NADE. Each is one node of the autodiff graph with a backward pass of its own.
//!
//! Plain burn is 2–3.6 times slower than PyTorch on LSTM training because every step adds dozens of small nodes; one
//! node per layer leaves the products, which are bound by the hardware. The operations act on burn's CPU tensors
//! (`Autodiff<Flex>`) and are checked against the same networks written with plain burn operations.
//! Runs on the thread that trains.

mod nade;

pub use nade::nade_loss;

use crate::attention;
use crate::lstm::{self, FewHot, Shape, State, Tape};
use crate::matrix::{Mat, exp, product, vectorised};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, BackendTypes, Flex};
use burn::tensor::{Tensor, TensorData};
use std::sync::Arc;

type Primitive = <Flex as BackendTypes>::FloatTensorPrimitive;
type Tracked = <Autodiff<Flex> as BackendTypes>::FloatTensorPrimitive;

/// Row-major copy-free view where the tensor is contiguous.
fn contiguous(tensor: Primitive) -> Primitive {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

fn slice(tensor: &Primitive) -> &[f32] {
    tensor.as_slice::<f32>().expect("contiguous f32 tensor")
}

fn primitive<const D: usize>(data: Vec<f32>, shape: [usize; D]) -> Primitive {
    Primitive::from_data(TensorData::new(data, shape))
}

fn tracked<const D: usize>(tensor: Tensor<D>) -> Tracked {
    tensor.try_into_primitive::<Autodiff<Flex>>().expect("training runs on burn's CPU backend with autodiff")
}

/// Runs an LSTM layer on few-hot rows (`spec/rnn.md` §8.1). `kernel` is `[width + units, 4 * units]`, `bias`
/// `[4 * units]`. Returns the outputs `[steps, batch, units]` and the state after the last step, which carries no
/// gradient (truncated back-propagation).
#[must_use]
pub fn lstm_few_hot(
    kernel: Tensor<2>,
    bias: Tensor<1>,
    input: Arc<FewHot>,
    initial: &State,
    shape: Shape,
) -> (Tensor<3>, State) {
    let (kernel, kernel_node) = tracked(kernel).into_parts();
    let (bias, bias_node) = tracked(bias).into_parts();
    let (kernel, bias) = (contiguous(kernel), contiguous(bias));
    let tape = lstm::forward(slice(&kernel), slice(&bias), lstm::Input::FewHot(&input), initial, shape);
    let output = primitive(tape.outputs(shape).to_vec(), [shape.steps, shape.batch, shape.units]);
    let last = tape.last(shape);
    let state = LstmTape { kernel, input: TapeInput::FewHot(input), tape: Arc::new(tape), shape };
    let out = match FewHotLstm.prepare::<NoCheckpointing>([kernel_node, bias_node]).compute_bound().stateful()
    {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    (Tensor::from_primitive::<Autodiff<Flex>>(out), last)
}

/// Runs an LSTM layer on dense rows, `input` being `[steps, batch, width]`; else as [`lstm_few_hot`].
#[must_use]
pub fn lstm_dense(
    kernel: Tensor<2>,
    bias: Tensor<1>,
    input: Tensor<3>,
    initial: &State,
) -> (Tensor<3>, State) {
    let [steps, batch, width] = input.dims();
    let [_, four] = kernel.dims();
    let shape = Shape { steps, batch, width, units: four / 4 };
    let (kernel, kernel_node) = tracked(kernel).into_parts();
    let (bias, bias_node) = tracked(bias).into_parts();
    let (input, input_node) = tracked(input).into_parts();
    let (kernel, bias, input) = (contiguous(kernel), contiguous(bias), contiguous(input));
    let tape = lstm::forward(slice(&kernel), slice(&bias), lstm::Input::Dense(slice(&input)), initial, shape);
    let output = primitive(tape.outputs(shape).to_vec(), [steps, batch, shape.units]);
    let last = tape.last(shape);
    let state = LstmTape { kernel, input: TapeInput::Dense(input), tape: Arc::new(tape), shape };
    let out = match DenseLstm
        .prepare::<NoCheckpointing>([kernel_node, bias_node, input_node])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    (Tensor::from_primitive::<Autodiff<Flex>>(out), last)
}

/// Runs a layer with attention (`spec/rnn.md` §8.3) on few-hot rows. `parameters` are those of
/// [`attention::Parameters`], in that order; else as [`lstm_few_hot`].
#[must_use]
pub fn attention_few_hot(
    parameters: AttentionTensors,
    input: Arc<FewHot>,
    initial: &State,
    shape: Shape,
) -> (Tensor<3>, State) {
    let mut primitives = Vec::new();
    let nodes = parameters.into_array().map(|tensor| {
        let (primitive, node) = tensor.into_parts();
        primitives.push(contiguous(primitive));
        node
    });
    let parameters = Arc::new(primitives);
    let from = attention::Initial {
        h: &initial.h,
        c: &initial.c,
        attended: &initial.attended,
        memory: &initial.memory,
    };
    let tape = attention::forward(attention_parameters(&parameters), &input, from, shape);
    let output = primitive(tape.outputs(shape).to_vec(), [shape.steps, shape.batch, shape.units]);
    let [h, c, attended, memory] = tape.last(shape);
    let state = AttentionTape { parameters, input, tape: Arc::new(tape), shape };
    let out = match AttentionLayer.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    (Tensor::from_primitive::<Autodiff<Flex>>(out), State { h, c, attended, memory })
}

/// The variables of a layer with attention: five matrices, each with its vector.
#[derive(Clone, Debug)]
pub struct AttentionTensors {
    /// Mix kernel, LSTM kernel, key matrix, query kernel, output kernel.
    pub matrices: [Tensor<2>; 5],
    /// Mix bias, LSTM bias, score vector, query bias, output bias.
    pub vectors: [Tensor<1>; 5],
}

impl AttentionTensors {
    fn into_array(self) -> [Tracked; 10] {
        let [m0, m1, m2, m3, m4] = self.matrices.map(tracked);
        let [v0, v1, v2, v3, v4] = self.vectors.map(tracked);
        [m0, v0, m1, v1, m2, v2, m3, v3, m4, v4]
    }
}

fn attention_parameters(all: &[Primitive]) -> attention::Parameters<'_> {
    let at = |i: usize| slice(&all[i]);
    attention::Parameters {
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
    }
}

#[derive(Clone, Debug)]
struct AttentionTape {
    parameters: Arc<Vec<Primitive>>,
    input: Arc<FewHot>,
    tape: Arc<attention::Tape>,
    shape: Shape,
}

#[derive(Debug)]
struct AttentionLayer;

impl Backward<Flex, 10> for AttentionLayer {
    type State = AttentionTape;

    fn backward(self, ops: Ops<AttentionTape, 10>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_output = contiguous(grads.consume::<Flex>(&ops.node));
        let AttentionTape { parameters, input, tape, shape } = ops.state;
        let found =
            attention::backward(attention_parameters(&parameters), &input, &tape, slice(&d_output), shape);
        let Shape { width, units, .. } = shape;
        let rows = [width + units, width + units, units, 2 * units, 2 * units];
        for (i, (node, gradient)) in ops.parents.into_iter().zip(found).enumerate() {
            let Some(node) = node else { continue };
            let len = gradient.len();
            let tensor = if i % 2 == 0 {
                primitive(gradient, [rows[i / 2], len / rows[i / 2]])
            } else {
                primitive(gradient, [len])
            };
            grads.register::<Flex>(node.id, tensor);
        }
    }
}

#[derive(Clone, Debug)]
enum TapeInput {
    FewHot(Arc<FewHot>),
    Dense(Primitive),
}

#[derive(Clone, Debug)]
struct LstmTape {
    kernel: Primitive,
    input: TapeInput,
    tape: Arc<Tape>,
    shape: Shape,
}

impl LstmTape {
    fn backward(&self, d_output: &Primitive) -> lstm::Gradients {
        let input = match &self.input {
            TapeInput::FewHot(rows) => lstm::Input::FewHot(rows),
            TapeInput::Dense(x) => lstm::Input::Dense(slice(x)),
        };
        lstm::backward(slice(&self.kernel), input, &self.tape, slice(d_output), self.shape)
    }
}

#[derive(Debug)]
struct FewHotLstm;

impl Backward<Flex, 2> for FewHotLstm {
    type State = LstmTape;

    fn backward(self, ops: Ops<LstmTape, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_output = contiguous(grads.consume::<Flex>(&ops.node));
        let Shape { width, units, .. } = ops.state.shape;
        let found = ops.state.backward(&d_output);
        let [kernel, bias] = ops.parents;
        if let Some(node) = kernel {
            grads.register::<Flex>(node.id, primitive(found.kernel, [width + units, 4 * units]));
        }
        if let Some(node) = bias {
            grads.register::<Flex>(node.id, primitive(found.bias, [4 * units]));
        }
    }
}

#[derive(Debug)]
struct DenseLstm;

impl Backward<Flex, 3> for DenseLstm {
    type State = LstmTape;

    fn backward(self, ops: Ops<LstmTape, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_output = contiguous(grads.consume::<Flex>(&ops.node));
        let Shape { steps, batch, width, units } = ops.state.shape;
        let found = ops.state.backward(&d_output);
        let [kernel, bias, input] = ops.parents;
        if let Some(node) = kernel {
            grads.register::<Flex>(node.id, primitive(found.kernel, [width + units, 4 * units]));
        }
        if let Some(node) = bias {
            grads.register::<Flex>(node.id, primitive(found.bias, [4 * units]));
        }
        if let (Some(node), Some(dx)) = (input, found.input) {
            grads.register::<Flex>(node.id, primitive(dx, [steps, batch, width]));
        }
    }
}

/// Weighted mean cross-entropy (nats) of an output layer: `rows` is `[n, units]`, `weights` `[units, classes]`,
/// `biases` `[classes]`; row `r` should be class `labels[r]` and counts `share[r]` times. A share of 0 leaves a row
/// out; the mean is over the sum of shares.
#[must_use]
pub fn cross_entropy(
    rows: Tensor<2>,
    weights: Tensor<2>,
    biases: Tensor<1>,
    labels: &[u32],
    share: &[f32],
) -> Tensor<1> {
    let [n, units] = rows.dims();
    let [_, classes] = weights.dims();
    let (rows, rows_node) = tracked(rows).into_parts();
    let (weights, weights_node) = tracked(weights).into_parts();
    let (biases, biases_node) = tracked(biases).into_parts();
    let (rows, weights, biases) = (contiguous(rows), contiguous(weights), contiguous(biases));
    let total: f32 = share.iter().sum::<f32>().max(1.0);

    let mut logits = vec![0.0; n * classes];
    for row in logits.chunks_exact_mut(classes) {
        row.copy_from_slice(slice(&biases));
    }
    product(&mut logits, Mat::new(slice(&rows), n, units), Mat::new(slice(&weights), units, classes), true);
    let mut loss = 0.0f64;
    vectorised(|| {
        for ((row, &label), &share) in logits.chunks_exact_mut(classes).zip(labels).zip(share) {
            let nll = softmax_gradient(row, label as usize, share / total);
            loss += f64::from(nll * share);
        }
    });
    let output = primitive(vec![(loss / f64::from(total)) as f32], [1]);
    // From here on `logits` holds the gradient of the mean with respect to them.
    let state = OutputTape { rows, weights, d_logits: Arc::new(logits), sizes: [n, units, classes] };
    let out = match OutputLayer
        .prepare::<NoCheckpointing>([rows_node, weights_node, biases_node])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(out)
}

/// Turns a row of logits into `scale * (softmax - one_hot(label))` and returns the negative log-likelihood.
#[inline(always)]
pub(crate) fn softmax_gradient(row: &mut [f32], label: usize, scale: f32) -> f32 {
    let mut top = [f32::NEG_INFINITY; 16];
    let mut chunks = row.chunks_exact(16);
    for chunk in &mut chunks {
        for (t, &v) in top.iter_mut().zip(chunk) {
            *t = if v > *t { v } else { *t };
        }
    }
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let top = top.iter().copied().fold(rest, f32::max);
    let chosen = row[label];
    for v in row.iter_mut() {
        *v = exp(*v - top);
    }
    let mut sums = [0.0f32; 16];
    let mut chunks = row.chunks_exact(16);
    for chunk in &mut chunks {
        for (s, &v) in sums.iter_mut().zip(chunk) {
            *s += v;
        }
    }
    let sum: f32 = chunks.remainder().iter().sum::<f32>() + sums.iter().sum::<f32>();
    let factor = scale / sum;
    for v in row.iter_mut() {
        *v *= factor;
    }
    row[label] -= scale;
    top + sum.ln() - chosen
}

#[derive(Clone, Debug)]
struct OutputTape {
    rows: Primitive,
    weights: Primitive,
    d_logits: Arc<Vec<f32>>,
    sizes: [usize; 3],
}

#[derive(Debug)]
struct OutputLayer;

impl Backward<Flex, 3> for OutputLayer {
    type State = OutputTape;

    fn backward(self, ops: Ops<OutputTape, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = slice(&contiguous(grads.consume::<Flex>(&ops.node)))[0];
        let OutputTape { rows, weights, d_logits, sizes: [n, units, classes] } = ops.state;
        let scaled = |mut data: Vec<f32>| {
            if upstream != 1.0 {
                data.iter_mut().for_each(|v| *v *= upstream);
            }
            data
        };
        let [rows_node, weights_node, biases_node] = ops.parents;
        if let Some(node) = rows_node {
            let mut d = vec![0.0; n * units];
            product(
                &mut d,
                Mat::new(&d_logits, n, classes),
                Mat::new(slice(&weights), units, classes).t(),
                false,
            );
            grads.register::<Flex>(node.id, primitive(scaled(d), [n, units]));
        }
        if let Some(node) = weights_node {
            let mut d = vec![0.0; units * classes];
            product(&mut d, Mat::new(slice(&rows), n, units).t(), Mat::new(&d_logits, n, classes), false);
            grads.register::<Flex>(node.id, primitive(scaled(d), [units, classes]));
        }
        if let Some(node) = biases_node {
            let mut d = vec![0.0f32; classes];
            for row in d_logits.chunks_exact(classes) {
                for (d, v) in d.iter_mut().zip(row) {
                    *d += v;
                }
            }
            grads.register::<Flex>(node.id, primitive(scaled(d), [classes]));
        }
    }
}
