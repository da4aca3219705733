//! Promises of the network room, held against the golden vectors and against each other.

use super::formula::{Scales, weights};
use super::*;
use half::f16;
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rnn").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(floats).collect(),
        number => vec![number.as_f64().unwrap() as f32],
    }
}

fn rows(case: &Value) -> Vec<Vec<(u32, f32)>> {
    // The compact configuration lists the index of the one input that is 1.
    let compact = case["input_size"] == 1;
    let pair = |p: &Value| match compact {
        true => (p[1].as_f64().unwrap() as u32, 1.0),
        false => (p[0].as_u64().unwrap() as u32, p[1].as_f64().unwrap() as f32),
    };
    case["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.as_array().unwrap().iter().map(pair).collect())
        .collect()
}

/// Weights and shape of a golden case.
fn case(case: &Value) -> (Weights, StackConfig) {
    let variables: Vec<(String, Vec<usize>)> = serde_json::from_value(case["variables"].clone()).unwrap();
    let scales = Scales {
        default: case["scales"]["default"].as_f64().unwrap() as f32,
        patterns: case["scales"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(k, _)| *k != "default")
            .map(|(k, v)| (k.clone(), v.as_f64().unwrap() as f32))
            .collect(),
    };
    let seed = case["seed"].as_str().unwrap().parse().unwrap();
    let weights = weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), seed, &scales);
    let output = match &case["num_classes"] {
        Value::Array(heads) => heads.iter().map(|h| h.as_u64().unwrap() as usize).sum(),
        classes => classes.as_u64().unwrap() as usize,
    };
    let input = match case["input_size"].as_u64().unwrap() as usize {
        1 => output,
        input => input,
    };
    let config = StackConfig {
        input,
        layers: serde_json::from_value(case["layers"].clone()).unwrap(),
        attention: case["attn_length"].as_u64().unwrap() as usize,
        whole: false,
        residual: case["residual"].as_bool().unwrap(),
        output,
        storage: Storage::F32,
    };
    (weights, config)
}

fn assert_near(id: &str, what: &str, ours: &[f32], theirs: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len(), "{id}: {what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= tolerance, "{id}: {what}[{i}] is {a}, not {b}");
    }
}

fn forward_agrees(file: &str, tolerance: f32, cases: usize) {
    let golden = golden(file);
    assert_eq!(golden["cases"].as_array().unwrap().len(), cases);
    for c in golden["cases"].as_array().unwrap() {
        let id = c["id"].as_str().unwrap();
        let (weights, config) = case(c);
        let stack = LstmStack::new(&weights, &config).unwrap();
        let mut state = stack.state(1);
        let mut steps = Vec::new();
        for (t, input) in rows(c).iter().enumerate() {
            let mut logits = vec![0.0; config.output];
            stack.step(&mut state, &[input], &mut logits).unwrap();
            assert_near(id, &format!("logits of step {t}"), &logits, &floats(&c["logits"][t]), tolerance);
            steps.push(logits);
        }
        let parts = state.parts(0);
        for (i, theirs) in c["final_state"].as_array().unwrap().iter().enumerate() {
            if theirs.is_array() {
                assert_near(id, &format!("state part {i}"), &parts[i], &floats(theirs), tolerance);
                continue;
            }
            assert_eq!(parts[i].len(), theirs["len"].as_u64().unwrap() as usize);
            assert_near(id, "first of state", &parts[i][..8], &floats(&theirs["first"]), tolerance);
            assert_near(
                id,
                "last of state",
                &parts[i][parts[i].len() - 8..],
                &floats(&theirs["last"]),
                tolerance,
            );
            let sum: f64 = parts[i].iter().map(|&x| f64::from(x)).sum();
            let bound = f64::from(tolerance) * parts[i].len() as f64;
            assert!((sum - theirs["sum"].as_f64().unwrap()).abs() <= bound, "{id}: sum of state part {i}");
        }
        for (temperature, heads) in c["softmax"].as_object().unwrap() {
            let temperature: f32 = temperature.parse().unwrap();
            // One list of steps, or one such list per head.
            let heads = if c["num_classes"].is_array() {
                heads.as_array().unwrap().clone()
            } else {
                vec![heads.clone()]
            };
            let mut from = 0;
            for head in &heads {
                let scored = head.as_array().unwrap();
                let width = scored[0].as_array().unwrap().len();
                for (logits, theirs) in steps[steps.len() - scored.len()..].iter().zip(scored) {
                    let mut ours = vec![0.0; width];
                    math::softmax_into(&logits[from..from + width], temperature, &mut ours);
                    assert_near(id, "softmax", &ours, &floats(theirs), 1e-6);
                }
                from += width;
            }
            assert_eq!(from, config.output, "{id}: heads cover all logits");
        }
    }
}

#[test]
fn small_networks_agree_with_the_reference() {
    forward_agrees("c_forward_small.json", 5e-6, 22);
}

#[test]
fn full_size_networks_agree_with_the_reference() {
    forward_agrees("c_forward_full.json", 2e-5, 5);
}

/// Sparse inputs of each lane of each step.
type Steps = Vec<Vec<Vec<(u32, f32)>>>;

/// A network with every feature, of awkward sizes, and inputs of several lanes over several steps.
fn awkward(storage: Storage, residual: bool) -> (LstmStack, Steps) {
    let (input, layers, attention, output) = (37, vec![19, 35, 16], 5, 70);
    let mut variables: Vec<(String, Vec<usize>)> = Vec::new();
    let mut below = input;
    for (k, &u) in layers.iter().enumerate() {
        let mut p = format!("rnn/multi_rnn_cell/cell_{k}/");
        if residual {
            p += "input_projection_wrapper/";
            variables.push((p.clone() + "kernel", vec![below, u]));
            variables.push((p.clone() + "bias", vec![u]));
            below = u;
        }
        if k == 0 {
            p += "attention_cell_wrapper/";
            variables.push((p.clone() + "kernel", vec![below + u, below]));
            variables.push((p.clone() + "bias", vec![below]));
            variables.push((p.clone() + "attention/attn_w", vec![1, 1, u, u]));
            variables.push((p.clone() + "attention/attn_v", vec![u]));
            variables.push((p.clone() + "attention/kernel", vec![2 * u, u]));
            variables.push((p.clone() + "attention/bias", vec![u]));
            variables.push((p.clone() + "attn_output_projection/kernel", vec![2 * u, u]));
            variables.push((p.clone() + "attn_output_projection/bias", vec![u]));
        }
        variables.push((p.clone() + "basic_lstm_cell/kernel", vec![below + u, 4 * u]));
        variables.push((p.clone() + "basic_lstm_cell/bias", vec![4 * u]));
        below = u;
    }
    variables.push(("fully_connected/weights".into(), vec![below, output]));
    variables.push(("fully_connected/biases".into(), vec![output]));
    let scales = Scales { default: 0.5, patterns: vec![] };
    let weights = weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 11, &scales);
    let config = StackConfig { input, layers, attention, whole: false, residual, output, storage };
    let steps = (0..9)
        .map(|t| {
            (0..17)
                .map(|lane| {
                    (0..1 + (t + lane) % 4)
                        .map(|e| (((7 * t + 5 * lane + 11 * e) % input) as u32, 1.0 - e as f32 * 0.7))
                        .collect()
                })
                .collect()
        })
        .collect();
    (LstmStack::new(&weights, &config).unwrap(), steps)
}

/// Bits of all logits of lane `lane` when it runs among `lanes` lanes that begin at `first`.
fn bits(stack: &LstmStack, steps: &[Vec<Vec<(u32, f32)>>], first: usize, lanes: usize) -> Vec<Vec<u32>> {
    let mut state = stack.state(lanes);
    let mut out = vec![Vec::new(); lanes];
    let width = stack.config().output;
    for step in steps {
        let mut logits = vec![0.0; lanes * width];
        stack.step(&mut state, &step[first..first + lanes], &mut logits).unwrap();
        for (lane, out) in out.iter_mut().enumerate() {
            out.extend(logits[lane * width..][..width].iter().map(|x| x.to_bits()));
        }
    }
    for (lane, out) in out.iter_mut().enumerate() {
        out.extend(state.parts(lane).concat().iter().map(|x| x.to_bits()));
    }
    out
}

#[test]
fn every_isa_and_every_batch_size_gives_the_same_bits() {
    for storage in [Storage::F32, Storage::F16] {
        for residual in [false, true] {
            let (stack, steps) = awkward(storage, residual);
            let alone: Vec<_> = (0..17)
                .map(|lane| bits(&stack.clone().with_isa(Isa::PORTABLE), &steps, lane, 1).remove(0))
                .collect();
            assert_ne!(alone[0], alone[1], "lanes have inputs of their own");
            for isa in Isa::available() {
                let stack = stack.clone().with_isa(isa);
                for lanes in 1..=17 {
                    for (lane, got) in bits(&stack, &steps, 17 - lanes, lanes).iter().enumerate() {
                        let same = *got == alone[17 - lanes + lane];
                        assert!(same, "{} with {lanes} lanes, {storage:?}, residual {residual}", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn a_step_of_many_lanes_can_be_stopped_between_blocks_and_changes_no_bit() {
    let (stack, steps) = awkward(Storage::F16, false);
    // Two full blocks and some lanes; each lane's past and input are those of one of 17.
    let (lanes, width) = (2 * LANES_AT_ONCE + 5, stack.config().output);
    let wide: Vec<Vec<_>> =
        steps.iter().map(|step| (0..lanes).map(|lane| &step[lane % 17]).collect()).collect();
    let (mut many, mut few) = (stack.state(lanes), stack.state(17));
    let (mut logits, mut alone) = (vec![0.0; lanes * width], vec![0.0; 17 * width]);
    for (t, (inputs, step)) in wide.iter().zip(&steps).enumerate().take(3) {
        let mut ticks = 0;
        let mut tick = || {
            ticks += 1;
            Ok::<(), NnError>(())
        };
        stack.step_in(&mut many, None, inputs, &mut logits, &mut tick).unwrap();
        assert_eq!(ticks, 3);
        stack.step(&mut few, step, &mut alone).unwrap();
        for (lane, row) in logits.chunks_exact(width).enumerate() {
            assert_eq!(row, &alone[lane % 17 * width..][..width], "lane {lane}, step {t}");
            assert_eq!(many.parts(lane), few.parts(lane % 17), "lane {lane}, step {t}");
        }
    }
    let (before, mut ticks) = (many.clone(), 0);
    let mut tick = || {
        ticks += 1;
        if ticks < 2 { Ok(()) } else { Err(NnError::State) }
    };
    let stopped = stack.step_in(&mut many, None, &wide[3], &mut logits, &mut tick);
    assert_eq!((stopped, ticks), (Err(NnError::State), 2));
    let changed = |lane: usize| many.parts(lane) != before.parts(lane);
    assert!((0..LANES_AT_ONCE).all(changed) && !(LANES_AT_ONCE..lanes).any(changed));
}

#[test]
fn the_order_and_the_zeros_of_a_sparse_input_do_not_matter() {
    let (stack, _) = awkward(Storage::F32, false);
    let run = |input: &[(u32, f32)]| {
        let mut logits = vec![0.0; 70];
        stack.step(&mut stack.state(1), &[input], &mut logits).unwrap();
        logits.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    let ordered = run(&[(3, 1.0), (9, -0.25), (30, 0.3)]);
    assert_eq!(ordered, run(&[(30, 0.3), (3, 1.0), (9, -0.25)]));
    assert_eq!(ordered, run(&[(0, 0.0), (3, 1.0), (9, -0.25), (12, -0.0), (30, 0.3)]));
    assert_ne!(ordered, run(&[(3, 1.0), (9, -0.25)]));
}

#[test]
fn f16_storage_computes_what_the_rounded_weights_say() {
    let kernel = Tensor::f32([50, 70], formula::values("k", 1, 1.0, 3500));
    let bias = Tensor::f32([70], formula::values("b", 2, 1.0, 70));
    let x = formula::values("x", 3, 1.0, 150);
    let run = |kernel: &Tensor, storage| {
        let mut y = vec![0.0; 210];
        Dense::new(kernel, Some(&bias), 50, 70, storage).unwrap().run(Isa::best(), &x, &mut y).unwrap();
        y
    };
    let rounded = Tensor::f32([50, 70], kernel.to_f16().to_f32());
    assert_eq!(run(&kernel, Storage::F16), run(&rounded, Storage::F32));
    assert_eq!(run(&kernel.to_f16(), Storage::AsStored), run(&rounded, Storage::F32));
    assert_ne!(run(&kernel, Storage::F16), run(&kernel, Storage::F32));
}

#[test]
fn every_16_bit_float_is_read_exactly() {
    let all: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|x| x.is_finite()).collect();
    let n = all.len();
    let kernel = Tensor::f16([1, n], all.clone());
    for isa in Isa::available() {
        let mut y = vec![0.0; n];
        Dense::new(&kernel, None, 1, n, Storage::AsStored).unwrap().run(isa, &[1.0], &mut y).unwrap();
        assert!(y.iter().zip(&all).all(|(y, x)| *y == x.to_f32()), "{}", isa.name());
    }
}

#[test]
fn lanes_can_be_broadcast_selected_and_copied_without_changing_their_future() {
    let (stack, steps) = awkward(Storage::F32, false);
    let mut state = stack.state(1);
    let mut one = vec![0.0; 70];
    for step in &steps[..6] {
        stack.step(&mut state, &step[..1], &mut one).unwrap();
    }
    let mut alone = state.clone();
    stack.step(&mut alone, &[&[(4, 1.0)]], &mut one).unwrap();

    state.broadcast(3).unwrap();
    let mut logits = vec![0.0; 210];
    stack.step(&mut state, &[[(9, 1.0)], [(4, 1.0)], [(2, 1.0)]], &mut logits).unwrap();
    assert_eq!(logits[70..140], one);
    assert_ne!(logits[..70], one);

    state.select(&[1, 1, 2, 0]).unwrap();
    assert_eq!(state.lanes(), 4);
    assert_eq!([state.parts(0), state.parts(1)], [alone.parts(0), alone.parts(0)]);
    let fresh = stack.state(1);
    state.copy_lane(1, &fresh, 0).unwrap();
    assert_eq!(state.parts(1), fresh.parts(0));
    assert_eq!(state.parts(0), alone.parts(0));
    assert!(matches!(state.select(&[4]), Err(NnError::Step { .. })));
    state.reset(2);
    assert_eq!((state.lanes(), state.parts(1)), (2, fresh.parts(0)));
}

#[test]
fn a_misfit_is_named_and_nothing_panics() {
    let (stack, _) = awkward(Storage::F32, false);
    let mut state = stack.state(2);
    let mut logits = vec![0.0; 140];
    let none: &[(u32, f32)] = &[];
    let wrong = stack.step(&mut state, &[none], &mut logits);
    assert_eq!(wrong, Err(NnError::Step { what: "inputs", expected: 2, found: 1 }));
    let wrong = stack.step(&mut state, &[none, none], &mut logits[1..]);
    assert_eq!(wrong, Err(NnError::Step { what: "logits", expected: 140, found: 139 }));
    let outside: &[(u32, f32)] = &[(37, 1.0)];
    let wrong = stack.step(&mut state, &[none, outside], &mut logits);
    assert_eq!(wrong, Err(NnError::Input { index: 37, width: 37 }));
    assert_eq!(state.parts(0), stack.state(1).parts(0), "a refused step changes nothing");

    let golden = golden("c_forward_small.json");
    let (mut weights, config) = case(&golden["cases"][0]);
    let other = LstmStack::new(&weights, &config).unwrap();
    assert_eq!(other.step(&mut state, &[none, none], &mut logits[..76]), Err(NnError::State));
    let bigger = StackConfig { layers: vec![8, 9], ..config.clone() };
    let name = "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel".to_owned();
    assert_eq!(
        LstmStack::new(&weights, &bigger).err(),
        Some(NnError::Shape { name, expected: vec![17, 36], found: vec![16, 32] })
    );
    let deeper = StackConfig { layers: vec![8, 8, 8], ..config.clone() };
    let name = "rnn/multi_rnn_cell/cell_2/basic_lstm_cell/kernel".to_owned();
    assert_eq!(LstmStack::new(&weights, &deeper).err(), Some(NnError::Missing { name }));
    weights.insert("fully_connected/biases", Tensor::f32([38], vec![0.0; 37]));
    assert!(matches!(LstmStack::new(&weights, &config), Err(NnError::Length { found: 37, .. })));
    for bad in [
        StackConfig { layers: vec![], ..config.clone() },
        StackConfig { layers: vec![8, 0], ..config.clone() },
        StackConfig { input: usize::MAX, ..config.clone() },
    ] {
        assert!(matches!(LstmStack::new(&weights, &bad), Err(NnError::Config { .. })));
    }
}

#[test]
fn older_variable_names_are_the_same_network() {
    let golden = golden("c_forward_small.json");
    let id = |c: &&Value| c["id"] == "attention_rnn_s";
    let (weights, config) = case(golden["cases"].as_array().unwrap().iter().find(id).unwrap());
    let renamed: Weights = weights
        .iter()
        .map(|(name, tensor)| {
            let old =
                name.replace("/kernel", "/weights").replace("/bias", "/biases").replace("biaseses", "biases");
            (old, tensor.clone())
        })
        .collect();
    assert!(renamed.get("rnn/multi_rnn_cell/cell_0/attention_cell_wrapper/kernel").is_none());
    let run = |weights: &Weights| {
        let stack = LstmStack::new(weights, &config).unwrap();
        let mut logits = vec![0.0; config.output];
        stack.step(&mut stack.state(1), &[[(1, 1.0)]], &mut logits).unwrap();
        logits
    };
    assert_eq!(run(&weights), run(&renamed));
}
