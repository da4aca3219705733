//! The custom operations of training against the same network in plain burn operations, whose gradients come from
//! burn's own autodiff.

use burn::tensor::{Device, Tensor, TensorData, activation};
use descant_learn::encode::Lookback;
use descant_learn::lstm::{FewHot, State};
use descant_learn::network::{Architecture, Network};
use descant_learn::reference::{Dense, Layer, LayerState, LstmStack, States};
use descant_learn::rng::Rng;
use descant_learn::stream::Batch;
use std::sync::Arc;

const STEPS: usize = 7;
const BATCH: usize = 3;

fn close(name: &str, ours: &[f32], plain: &[f32]) {
    assert_eq!(ours.len(), plain.len(), "{name}");
    let scale = plain.iter().fold(0.0f32, |m, v| m.max(v.abs())).max(1e-3);
    for (i, (a, b)) in ours.iter().zip(plain).enumerate() {
        assert!((a - b).abs() <= 2e-5 * scale, "{name}[{i}]: {a} against {b} (scale {scale})");
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32")
}

#[test]
fn loss_states_and_all_gradients_equal_plain_autodiff() {
    let encoding = Lookback { classes: 5, default: 0, distances: vec![2, 4], bits: 3 };
    let architecture = Architecture { encoding: encoding.clone(), layers: vec![6, 4] };
    let mut rng = Rng(5);
    let mut network = Network::new(architecture, &mut rng);
    for parameter in &mut network.parameters {
        parameter.values.iter_mut().for_each(|v| *v += rng.uniform() - 0.5);
    }
    let events: Vec<Vec<u32>> =
        (0..BATCH).map(|_| (0..=STEPS).map(|_| rng.below(5) as u32).collect()).collect();
    let mut input = FewHot::new();
    let (mut labels, mut share) = (Vec::new(), Vec::new());
    for t in 0..STEPS {
        for (b, events) in events.iter().enumerate() {
            encoding.push_input(events, t, &mut input);
            labels.push(encoding.label(events, t + 1));
            share.push(if b == 1 && t > 3 { 0.0 } else { 1.0 });
        }
    }
    let states: Vec<State> = [6, 4]
        .iter()
        .map(|&units| State {
            h: (0..BATCH * units).map(|_| rng.uniform() - 0.5).collect(),
            c: (0..BATCH * units).map(|_| rng.uniform() - 0.5).collect(),
        })
        .collect();
    let batch = Batch {
        steps: STEPS,
        sequences: BATCH,
        input: Arc::new(input),
        labels,
        share,
        reset: vec![false; BATCH],
        aliases: Vec::new(),
    };
    let ours = network.step(&batch, states.clone(), 1.0, &mut rng);

    let device = Device::flex().autodiff();
    let tensors: Vec<Layer> = network
        .parameters
        .chunks_exact(2)
        .map(|pair| Layer {
            kernel: Tensor::from_data(
                TensorData::new(pair[0].values.clone(), pair[0].shape.clone()),
                &device,
            )
            .require_grad(),
            bias: Tensor::from_data(TensorData::new(pair[1].values.clone(), pair[1].shape.clone()), &device)
                .require_grad(),
        })
        .collect();
    let stack = LstmStack {
        layers: tensors[..2].to_vec(),
        attention: None,
        output: Dense { weights: tensors[2].kernel.clone(), bias: tensors[2].bias.clone() },
    };
    let layers = states
        .iter()
        .zip([6, 4])
        .map(|(s, units)| LayerState {
            h: Tensor::from_data(TensorData::new(s.h.clone(), [BATCH, units]), &device),
            c: Tensor::from_data(TensorData::new(s.c.clone(), [BATCH, units]), &device),
        })
        .collect();
    let mut plain_states = States { layers, attention: None };
    let mut loss = Tensor::<1>::zeros([1], &device);
    let total: f32 = batch.share.iter().sum();
    for t in 0..STEPS {
        let mut x = vec![0.0; BATCH * encoding.inputs()];
        for b in 0..BATCH {
            for (column, value) in batch.input.row(t * BATCH + b) {
                x[b * encoding.inputs() + column] = value;
            }
        }
        let x = Tensor::<2>::from_data(TensorData::new(x, [BATCH, encoding.inputs()]), &device);
        let log_p = activation::log_softmax(stack.step(x, &mut plain_states), 1);
        let mut pick = vec![0.0; BATCH * encoding.labels()];
        for b in 0..BATCH {
            let row = t * BATCH + b;
            pick[b * encoding.labels() + batch.labels[row] as usize] = batch.share[row] / total;
        }
        let pick = Tensor::<2>::from_data(TensorData::new(pick, [BATCH, encoding.labels()]), &device);
        loss = loss - (log_p * pick).sum();
    }
    close("loss", &[ours.loss], &values(loss.clone()));
    for (k, state) in plain_states.layers.iter().enumerate() {
        close(&format!("h{k}"), &ours.states[k].h, &values(state.h.clone().inner()));
        close(&format!("c{k}"), &ours.states[k].c, &values(state.c.clone().inner()));
    }
    let grads = loss.backward();
    for (k, layer) in tensors.iter().enumerate() {
        close(
            &network.parameters[2 * k].name,
            &ours.gradients[2 * k],
            &values(layer.kernel.grad(&grads).expect("kernel gradient")),
        );
        close(
            &network.parameters[2 * k + 1].name,
            &ours.gradients[2 * k + 1],
            &values(layer.bias.grad(&grads).expect("bias gradient")),
        );
    }
}
