//! Promises of the encoder's layers and of constant inputs, by hand and against each other.
use super::formula::{Scales, weights};
use super::*;

type Row = Vec<(u32, f32)>;

const UNITS: [usize; 2] = [19, 35];
const INPUT: usize = 37;

fn awkward(storage: Storage) -> Bidirectional {
    let mut variables: Vec<(String, Vec<usize>)> = Vec::new();
    let mut below = INPUT;
    for (k, units) in UNITS.into_iter().enumerate() {
        for direction in ["fw", "bw"] {
            let cell = format!("e/cell_{k}/bidirectional_rnn/{direction}/multi_rnn_cell/cell_0/lstm_cell/");
            variables.push((cell.clone() + "kernel", vec![below + units, 4 * units]));
            variables.push((cell + "bias", vec![4 * units]));
        }
        below = 2 * units;
    }
    let scales = Scales { default: 0.5, patterns: vec![] };
    let weights = weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 5, &scales);
    Bidirectional::new(&weights, "e/", INPUT, &UNITS, storage).unwrap()
}

/// Sequences of many lengths, some longer than a block of steps, one empty.
fn sequences() -> Vec<Vec<Row>> {
    [3, 40, 0, 17, 16, 1, 33]
        .into_iter()
        .enumerate()
        .map(|(lane, length)| {
            let cell = |t: usize, e: usize| ((7 * t + 5 * lane + 11 * e) % INPUT) as u32;
            let row = |t: usize| (0..t % 4).map(|e| (cell(t, e), 1.0 - e as f32 * 0.7)).collect();
            (0..length).map(row).collect()
        })
        .collect()
}

fn run(network: &Bidirectional, sequences: &[Vec<Row>]) -> Vec<u32> {
    let sequences: Vec<&[Row]> = sequences.iter().map(Vec::as_slice).collect();
    let result = network.run::<NnError>(&sequences, &mut || Ok(())).unwrap();
    result.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn two_steps_by_hand() {
    // One unit whose candidate is the input; all gates but the forget gate are half open.
    let mut weights = Weights::new();
    for direction in ["fw", "bw"] {
        let cell = format!("cell_0/bidirectional_rnn/{direction}/multi_rnn_cell/cell_0/lstm_cell/");
        let kernel = vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        weights.insert(cell.clone() + "kernel", Tensor::f32([2, 4], kernel));
        weights.insert(cell + "bias", Tensor::f32([4], vec![0.0; 4]));
    }
    let network = Bidirectional::new(&weights, "", 1, &[1], Storage::F32).unwrap();
    let sequence: &[Row] = &[vec![(0, 1.0)], vec![]];
    let result = network.run::<NnError>(&[sequence], &mut || Ok(())).unwrap();
    // Forwards the cell is ½·tanh 1 and then keeps σ(1) of it; backwards it is ½·tanh 1 at the end.
    assert!((result[0] - 0.135_704_84).abs() < 1e-6, "{result:?}");
    assert!((result[1] - 0.181_699_74).abs() < 1e-6, "{result:?}");
}

#[test]
fn every_isa_and_every_company_gives_the_same_bits() {
    for storage in [Storage::F32, Storage::F16] {
        let network = awkward(storage);
        let sequences = sequences();
        let portable = run(&network.clone().with_isa(Isa::PORTABLE), &sequences);
        let width = network.outputs();
        assert_eq!(width, 70);
        assert_eq!(portable[2 * width..3 * width], [0; 70], "nothing in, nothing out");
        for isa in Isa::available() {
            let network = network.clone().with_isa(isa);
            assert_eq!(run(&network, &sequences), portable, "{}", isa.name());
            for (lane, sequence) in sequences.iter().enumerate() {
                let alone = run(&network, std::slice::from_ref(sequence));
                assert_eq!(alone, portable[lane * width..][..width], "lane {lane} on {}", isa.name());
            }
        }
    }
}

#[test]
fn dense_rows_are_the_same_as_sparse_ones() {
    let network = awkward(Storage::F32);
    let all = sequences();
    let (first, second) = (&all[1][..20], &all[6][..20]);
    let mut data = vec![0.0; 2 * 20 * INPUT];
    for (row, cells) in data.chunks_exact_mut(INPUT).zip(first.iter().chain(second)) {
        cells.iter().for_each(|&(cell, value)| row[cell as usize] = value);
    }
    let dense = network.run_dense::<NnError>(&data, 20, &mut || Ok(())).unwrap();
    let sparse = network.run::<NnError>(&[first, second], &mut || Ok(())).unwrap();
    // Products with zero change no sum.
    assert_eq!(dense, sparse);
    let short = network.run_dense::<NnError>(&data[1..], 20, &mut || Ok(()));
    assert!(matches!(short, Err(NnError::Step { what: "inputs", .. })));
}

#[test]
fn a_misfit_is_named_and_a_tick_can_stop() {
    let network = awkward(Storage::F32);
    let outside: &[Row] = &[vec![(37, 1.0)]];
    let wrong = network.run::<NnError>(&[outside], &mut || Ok(()));
    assert_eq!(wrong, Err(NnError::Input { index: 37, width: 37 }));
    let mut ticks = 0;
    let mut tick = || {
        ticks += 1;
        if ticks > 5 { Err(NnError::State) } else { Ok(()) }
    };
    let nothing: Vec<Row> = vec![vec![]; 9];
    assert_eq!(network.run(&[&nothing[..]], &mut tick), Err(NnError::State));
    assert_eq!(ticks, 6);
    let none = Weights::new();
    let missing = Bidirectional::new(&none, "e/", 3, &[2], Storage::F32).err();
    let name = "e/cell_0/bidirectional_rnn/fw/multi_rnn_cell/cell_0/lstm_cell/kernel".to_owned();
    assert_eq!(missing, Some(NnError::Missing { name }));
    for (input, units) in [(0, vec![2]), (3, vec![]), (3, vec![0]), (usize::MAX, vec![2])] {
        let bad = Bidirectional::new(&none, "", input, &units, Storage::F32);
        assert!(matches!(bad, Err(NnError::Config { .. })));
    }
}

/// A stack of two layers; with an output layer if it has a width.
fn stack(output: usize) -> LstmStack {
    let mut shapes = vec![
        ("s/cell_0/lstm_cell/kernel", vec![10 + 9, 36]),
        ("s/cell_0/lstm_cell/bias", vec![36]),
        ("s/cell_1/lstm_cell/kernel", vec![9 + 5, 20]),
        ("s/cell_1/lstm_cell/bias", vec![20]),
    ];
    if output > 0 {
        shapes.extend([("o/kernel", vec![5, output]), ("o/bias", vec![output])]);
    }
    let scales = Scales { default: 0.5, patterns: vec![] };
    let weights = weights(shapes.iter().map(|(n, s)| (*n, s.as_slice())), 9, &scales);
    let config = StackConfig {
        input: 10,
        layers: vec![9, 5],
        attention: 0,
        whole: false,
        residual: false,
        output,
        storage: Storage::F32,
    };
    LstmStack::scoped(&weights, &config, "s/", (output > 0).then_some("o/")).unwrap()
}

#[test]
fn a_constant_part_of_the_input_may_be_given_once() {
    let stack = stack(3);
    let constant = [0.3, -0.9, 0.5, 1.5, -0.25, 0.75];
    let context = stack.context(4, 3, &constant).unwrap();
    let (mut once, mut always) = (stack.state(2), stack.state(2));
    let (mut a, mut b) = (vec![0.0; 6], vec![0.0; 6]);
    let mut never = || Ok::<(), NnError>(());
    for t in 0..4u32 {
        let short: [Row; 2] = [vec![(t, 1.0), (8, 0.5)], vec![(3 - t, 1.0)]];
        let long: [Row; 2] = std::array::from_fn(|lane| {
            let cells = (4..).zip(&constant[3 * lane..3 * lane + 3]).map(|(cell, &v)| (cell, v));
            short[lane].iter().copied().chain(cells).collect()
        });
        stack.step_in(&mut once, Some(&context), &short, &mut a, &mut never).unwrap();
        stack.step(&mut always, &long, &mut b).unwrap();
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-6, "{a} is not {b}");
        }
    }
    assert!(matches!(stack.context(8, 3, &constant), Err(NnError::Input { index: 11, width: 10 })));
    assert!(matches!(stack.context(4, 4, &constant), Err(NnError::Step { .. })));
    let none: Row = vec![];
    let alone = stack.step_in(&mut stack.state(1), Some(&context), &[none], &mut [0.0; 3], &mut never);
    assert_eq!(alone, Err(NnError::Step { what: "contexts", expected: 1, found: 2 }));
}

#[test]
fn a_stack_without_output_ends_at_its_top_layer() {
    let (with, without) = (stack(3), stack(0));
    let (mut a, mut b) = (with.state(1), without.state(1));
    let row: [Row; 1] = [vec![(2, 1.0)]];
    with.step(&mut a, &row, &mut [0.0; 3]).unwrap();
    without.step(&mut b, &row, &mut []).unwrap();
    assert_eq!(a.output(0), b.output(0));
    assert_eq!(b.output(0).len(), 5);
}

#[test]
fn a_lane_can_be_set_to_any_state() {
    let stack = stack(0);
    let mut state = stack.state(2);
    let values: Vec<f32> = (0..28).map(|i| i as f32).collect();
    state.set(1, &values).unwrap();
    assert_eq!(state.parts(1).concat(), values);
    assert_eq!(state.parts(0).concat(), [0.0; 28]);
    assert_eq!(state.output(1), [23.0, 24.0, 25.0, 26.0, 27.0]);
    assert!(matches!(state.set(2, &values), Err(NnError::Step { what: "lanes", .. })));
    let found = 27;
    let short = state.set(1, &values[1..]);
    assert_eq!(short, Err(NnError::Step { what: "values of state", expected: 28, found }));
}
