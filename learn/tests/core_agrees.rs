//! The fast network of the core against the same weights in plain burn operations, and the training encoding
//! against the codec's.

use burn::tensor::{Device, Tensor, TensorData};
use descant_core::codec::PitchSet;
use descant_core::codec::encoding::{
    DrumsOneHot, Encoding, History, Lookback as CoreLookback, OneHot, SparseVector,
};
use descant_core::nn::{LstmStack, StackConfig, Storage, Weights, formula};
use descant_learn::encode::Lookback;
use descant_learn::lstm::FewHot;
use descant_learn::reference;
use descant_learn::rng::Rng;

fn weights(input: usize, units: [usize; 2], window: usize, classes: usize) -> Weights {
    let mut shapes: Vec<(String, Vec<usize>)> = Vec::new();
    let mut add = |name: &str, shape: &[usize]| shapes.push((name.to_owned(), shape.to_vec()));
    let u = units[0];
    let cell0 = "rnn/multi_rnn_cell/cell_0/";
    let wrapper = if window > 0 { "attention_cell_wrapper/" } else { "" };
    add(&format!("{cell0}{wrapper}basic_lstm_cell/kernel"), &[input + u, 4 * u]);
    add(&format!("{cell0}{wrapper}basic_lstm_cell/bias"), &[4 * u]);
    if window > 0 {
        add(&format!("{cell0}{wrapper}kernel"), &[input + u, input]);
        add(&format!("{cell0}{wrapper}bias"), &[input]);
        add(&format!("{cell0}{wrapper}attention/attn_w"), &[1, 1, u, u]);
        add(&format!("{cell0}{wrapper}attention/attn_v"), &[u]);
        add(&format!("{cell0}{wrapper}attention/kernel"), &[2 * u, u]);
        add(&format!("{cell0}{wrapper}attention/bias"), &[u]);
        add(&format!("{cell0}{wrapper}attn_output_projection/kernel"), &[2 * u, u]);
        add(&format!("{cell0}{wrapper}attn_output_projection/bias"), &[u]);
    }
    add("rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel", &[u + units[1], 4 * units[1]]);
    add("rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias", &[4 * units[1]]);
    add("fully_connected/weights", &[units[1], classes]);
    add("fully_connected/biases", &[classes]);
    let mut weights = Weights::new();
    for (name, shape) in shapes {
        let count = shape.iter().product();
        let values = formula::values(&name, 9, 0.3, count);
        weights.insert(name, descant_core::nn::Tensor::f32(shape, values));
    }
    weights
}

#[test]
fn the_core_stack_gives_the_logits_of_plain_burn_with_and_without_attention() {
    let (input, units, classes, batch) = (23, [20, 12], 17, 3);
    for window in [0, 5] {
        let weights = weights(input, units, window, classes);
        let config = StackConfig {
            input,
            layers: units.to_vec(),
            attention: window,
            residual: false,
            output: classes,
            storage: Storage::F32,
        };
        let fast = LstmStack::new(&weights, &config).expect("fast stack");
        let plain = reference::LstmStack::load(&weights, window).expect("reference stack");
        let (mut fast_state, mut plain_state) = (fast.state(batch), plain.zero_states(batch));
        let mut rng = Rng(4);
        for step in 0..12 {
            let rows: Vec<Vec<(u32, f32)>> = (0..batch)
                .map(|_| {
                    let first = rng.below(input - 1) as u32;
                    vec![(first, 1.0), (first + 1, rng.uniform() - 0.5)]
                })
                .collect();
            let mut dense = vec![0.0; batch * input];
            for (b, row) in rows.iter().enumerate() {
                row.iter().for_each(|&(i, v)| dense[b * input + i as usize] = v);
            }
            let mut logits = vec![0.0; batch * classes];
            fast.step(&mut fast_state, &rows, &mut logits).expect("steps");
            let x = Tensor::<2>::from_data(TensorData::new(dense, [batch, input]), &Device::flex());
            let expected = plain.step(x, &mut plain_state).into_data().try_to_vec::<f32>().expect("f32");
            for (a, b) in logits.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-5, "window {window}, step {step}: {a} against {b}");
            }
        }
    }
}

#[test]
fn training_inputs_and_labels_are_those_of_the_codec() {
    let ours = Lookback::drum_kit();
    let one_hot = DrumsOneHot::standard(9).expect("nine types");
    let mut rng = Rng(8);
    let classes: Vec<u32> = (0..80).map(|i| if i % 3 == 0 { [0, 5, 260][rng.below(3)] } else { 0 }).collect();
    let events: Vec<PitchSet> =
        classes.iter().map(|&c| one_hot.decode(c as usize).expect("a class")).collect();
    let theirs = CoreLookback::new(one_hot, &ours.distances, ours.bits).expect("lookback");
    assert_eq!((ours.inputs(), ours.labels()), (theirs.input_size(), theirs.num_classes()));
    for position in 0..events.len() {
        let mut rows = FewHot::new();
        ours.push_input(&classes, position, &mut rows);
        let mut dense = vec![0.0f32; ours.inputs()];
        rows.row(0).for_each(|(i, v)| dense[i] = v);
        let mut expected = vec![0.0f32; ours.inputs()];
        let mut cells = SparseVector::default();
        theirs.input(&History::new(&events[..=position]), &mut cells).expect("input");
        for (i, v) in cells {
            expected[i as usize] = v;
        }
        assert_eq!(dense, expected, "input at {position}");
        let label = theirs.label(&events, position).expect("label");
        assert_eq!(ours.label(&classes, position) as usize, label, "label at {position}");
    }
}
