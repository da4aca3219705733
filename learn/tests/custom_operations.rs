//! The custom operations of training against the same network in plain burn operations, whose gradients come from
//! burn's own autodiff.

use burn::tensor::{Device, Tensor, TensorData, activation};
use descant_core::model::EncodingParams;
use descant_learn::encode::{Encoding, Reader};
use descant_learn::lstm::{FewHot, State};
use descant_learn::network::{Architecture, Network};
use descant_learn::piece::{Excerpt, Piece};
use descant_learn::reference::{Attention, AttentionState, Dense, Layer, LayerState, LstmStack, States};
use descant_learn::rng::Rng;
use descant_learn::stream::{self, Batch};
use std::sync::Arc;

const STEPS: usize = 7;
const BATCH: usize = 3;
/// The upper layer is wider than a block of lanes and no multiple of it.
const UNITS: [usize; 2] = [6, 21];

fn close(name: &str, ours: &[f32], plain: &[f32]) {
    assert_eq!(ours.len(), plain.len(), "{name}");
    let scale = plain.iter().fold(0.0f32, |m, v| m.max(v.abs())).max(1e-3);
    for (i, (a, b)) in ours.iter().zip(plain).enumerate() {
        assert!((a - b).abs() <= 3e-5 * scale, "{name}[{i}]: {a} against {b} (scale {scale})");
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32")
}

fn tensor<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// A stretch of random events with a padded row, and a random state to start from.
fn stretch(encoding: &Encoding, window: usize, rng: &mut Rng) -> (Batch, Vec<State>) {
    let mut readers: Vec<Box<dyn Reader>> = (0..BATCH)
        .map(|_| {
            let events: Vec<u32> = (0..=STEPS).map(|_| rng.below(encoding.events()) as u32).collect();
            encoding.reader(&Excerpt::of(&events), 0).expect("reads")
        })
        .collect();
    let mut input = FewHot::new();
    let (mut labels, mut share) = (Vec::new(), Vec::new());
    for t in 0..STEPS {
        for (b, reader) in readers.iter_mut().enumerate() {
            reader.push_input(t, &mut input).expect("fits");
            labels.push(reader.label(t + 1).expect("fits"));
            share.push(if b == 1 && t > 3 { 0.0 } else { 1.0 });
        }
    }
    let mut random = |count: usize| (0..count).map(|_| rng.uniform() - 0.5).collect::<Vec<f32>>();
    let states = UNITS
        .iter()
        .enumerate()
        .map(|(k, &units)| {
            let attends = usize::from(k == 0 && window > 0);
            State {
                h: random(BATCH * units),
                c: random(BATCH * units),
                attended: random(attends * BATCH * units),
                memory: random(attends * window * BATCH * units),
            }
        })
        .collect();
    let batch = Batch {
        steps: STEPS,
        sequences: BATCH,
        input: Arc::new(input),
        labels,
        frames: Vec::new(),
        share,
        reset: vec![false; BATCH],
        aliases: Vec::new(),
    };
    (batch, states)
}

/// The network in plain burn, with its parameters as they stand in `network`.
fn plain(pairs: &[Dense], window: usize) -> LstmStack {
    let layer = |pair: &Dense| Layer { kernel: pair.weights.clone(), bias: pair.bias.clone() };
    let [.., upper, output] = pairs else { panic!("too few pairs") };
    let attention = (window > 0).then(|| Attention {
        mix: pairs[0].clone(),
        keys: pairs[2].weights.clone(),
        score: pairs[2].bias.clone(),
        query: pairs[3].clone(),
        output: pairs[4].clone(),
        window,
    });
    let lower = &pairs[usize::from(window > 0)];
    LstmStack { layers: vec![layer(lower), layer(upper)], attention, output: output.clone() }
}

fn plain_states(states: &[State], window: usize, device: &Device) -> States {
    let layers = states
        .iter()
        .zip(UNITS)
        .map(|(s, units)| LayerState {
            h: tensor(&s.h, [BATCH, units], device),
            c: tensor(&s.c, [BATCH, units], device),
        })
        .collect();
    let attention = (window > 0).then(|| AttentionState {
        attended: tensor(&states[0].attended, [BATCH, UNITS[0]], device),
        memory: tensor(&states[0].memory, [window, BATCH, UNITS[0]], device).swap_dims(0, 1),
    });
    States { layers, attention }
}

fn check(window: usize) {
    let encoding = EncodingParams::MelodyLookback { min: 60, max: 63, distances: vec![2, 4], bits: 3 };
    let encoding = Encoding::new(encoding).expect("possible");
    let architecture = Architecture { encoding: encoding.clone(), layers: UNITS.to_vec(), attention: window };
    let mut rng = Rng(5);
    let mut network = Network::new(architecture, &mut rng);
    for parameter in &mut network.parameters {
        parameter.values.iter_mut().for_each(|v| *v += rng.uniform() - 0.5);
    }
    let (batch, states) = stretch(&encoding, window, &mut rng);
    let ours = network.step(&batch, states.clone(), 1.0, &mut rng);

    let device = Device::flex().autodiff();
    let pairs: Vec<Dense> = network
        .parameters
        .chunks_exact(2)
        .map(|pair| {
            let [.., rows, columns] = pair[0].shape[..] else { panic!("a matrix comes first") };
            Dense {
                weights: tensor(&pair[0].values, [rows, columns], &device).require_grad(),
                bias: tensor(&pair[1].values, [pair[1].values.len()], &device).require_grad(),
            }
        })
        .collect();
    let stack = plain(&pairs, window);
    let mut after = plain_states(&states, window, &device);
    let mut loss = Tensor::<1>::zeros([1], &device);
    let total: f32 = batch.share.iter().sum();
    let (inputs, classes) = (encoding.inputs(), encoding.labels());
    for t in 0..STEPS {
        let mut x = vec![0.0; BATCH * inputs];
        let mut pick = vec![0.0; BATCH * classes];
        for b in 0..BATCH {
            let row = t * BATCH + b;
            for (column, value) in batch.input.row(row) {
                x[b * inputs + column] = value;
            }
            pick[b * classes + batch.labels[row] as usize] = batch.share[row] / total;
        }
        let logits = stack.step(tensor(&x, [BATCH, inputs], &device), &mut after);
        let log_p = activation::log_softmax(logits, 1);
        loss = loss - (log_p * tensor(&pick, [BATCH, classes], &device)).sum();
    }
    close("loss", &[ours.loss], &values(loss.clone()));
    for (k, state) in after.layers.iter().enumerate() {
        close(&format!("h{k}"), &ours.states[k].h, &values(state.h.clone().inner()));
        close(&format!("c{k}"), &ours.states[k].c, &values(state.c.clone().inner()));
    }
    if let Some(AttentionState { attended, memory }) = after.attention {
        close("attended", &ours.states[0].attended, &values(attended.inner()));
        close("memory", &ours.states[0].memory, &values(memory.inner().swap_dims(0, 1)));
    }
    let grads = loss.backward();
    for (k, pair) in pairs.iter().enumerate() {
        let (matrix, vector) = (&network.parameters[2 * k], &network.parameters[2 * k + 1]);
        close(&matrix.name, &ours.gradients[2 * k], &values(pair.weights.grad(&grads).expect("gradient")));
        close(&vector.name, &ours.gradients[2 * k + 1], &values(pair.bias.grad(&grads).expect("gradient")));
    }
}

#[test]
fn loss_states_and_all_gradients_equal_plain_autodiff() {
    check(0);
}

#[test]
fn so_they_do_with_attention_whether_or_not_the_window_outlasts_the_stretch() {
    check(3);
    check(11);
}

#[test]
fn an_rnn_nade_has_the_slopes_of_its_loss() {
    let encoding = Encoding::new(EncodingParams::Pianoroll { hidden: 5 }).expect("possible");
    let architecture = Architecture { encoding: encoding.clone(), layers: UNITS.to_vec(), attention: 0 };
    let network = Network::new(architecture, &mut Rng(5));
    // Two keys that move by steps, and every fourth step a third.
    let step = |s: u32| {
        [vec![3 + 60 + s % 5, 3 + 50 + s % 3], vec![3 + 40; usize::from(s.is_multiple_of(4))], vec![2]]
    };
    let piece = |from: u32| Piece {
        bar: 4,
        events: (from..from + 9).flat_map(step).flatten().collect(),
        ..Piece::default()
    };
    let pieces = [piece(0), piece(7)];
    let batch = stream::stretch(&pieces, &[0, 1], &encoding, 6, 0).expect("fits").expect("a stretch");
    let loss = |network: &Network| network.step(&batch, network.zero_states(2), 1.0, &mut Rng(1));
    let found = loss(&network);
    for (which, gradient) in found.gradients.iter().enumerate() {
        let name = &network.parameters[which].name;
        // The steepest place, and one more.
        let steepest = (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs()));
        for i in [steepest.expect("values"), gradient.len() / 2] {
            const STEP: f32 = 1e-2;
            let at = |by: f32| {
                let mut moved = network.clone();
                moved.parameters[which].values[i] += by;
                loss(&moved).loss
            };
            let slope = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let gap = (slope - gradient[i]).abs();
            assert!(gap < 0.01 + 0.02 * slope.abs(), "{name}, {i}: {slope} and {}", gradient[i]);
        }
    }
}
