//! The loss of a NADE as one node of the autodiff graph. Runs on the thread that trains.

use super::{Primitive, contiguous, primitive, slice, tracked};
use crate::nade::{self, Parameters, Tape};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;
use descant_core::codec::Frame;
use descant_core::codec::pianoroll::KEYS;
use std::sync::Arc;

/// Weighted mean negative log-likelihood (nats) of frames by a NADE: `biases` is `[rows, hidden + KEYS]`, the two
/// matrices `[KEYS, hidden]`; row `r` should be `frames[r]` and counts `share[r]` times. A share of 0 leaves a row out;
/// the mean is over the sum of shares.
#[must_use]
pub fn nade_loss(
    biases: Tensor<2>,
    encode: Tensor<2>,
    decode: Tensor<2>,
    frames: &[Frame],
    share: &[f32],
) -> Tensor<1> {
    let mut primitives = Vec::new();
    let nodes = [biases, encode, decode].map(|tensor| {
        let (primitive, node) = tracked(tensor).into_parts();
        primitives.push(contiguous(primitive));
        node
    });
    let parameters = Parameters { encode: slice(&primitives[1]), decode: slice(&primitives[2]) };
    let tape = nade::forward(parameters, slice(&primitives[0]), frames, share);
    let sum: f64 = tape.nll.iter().zip(share).map(|(&nll, &share)| f64::from(nll * share)).sum();
    let total = f64::from(share.iter().sum::<f32>().max(1.0));
    let output = primitive(vec![(sum / total) as f32], [1]);
    let state = NadeTape { primitives: Arc::new(primitives), tape: Arc::new(tape) };
    let out = match NadeLoss.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(out)
}

#[derive(Clone, Debug)]
struct NadeTape {
    /// Biases and both matrices.
    primitives: Arc<Vec<Primitive>>,
    tape: Arc<Tape>,
}

#[derive(Debug)]
struct NadeLoss;

impl Backward<Flex, 3> for NadeLoss {
    type State = NadeTape;

    fn backward(self, ops: Ops<NadeTape, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = slice(&contiguous(grads.consume::<Flex>(&ops.node)))[0];
        let NadeTape { primitives, tape } = ops.state;
        let parameters = Parameters { encode: slice(&primitives[1]), decode: slice(&primitives[2]) };
        let found = nade::backward(parameters, &tape);
        let rows = [tape.nll.len(), KEYS, KEYS];
        for ((node, mut gradient), rows) in
            ops.parents.into_iter().zip([found.biases, found.encode, found.decode]).zip(rows)
        {
            let Some(node) = node else { continue };
            gradient.iter_mut().for_each(|v| *v *= upstream);
            let columns = gradient.len() / rows;
            grads.register::<Flex>(node.id, primitive(gradient, [rows, columns]));
        }
    }
}
