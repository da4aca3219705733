//! `descant bench kernels`: what one step costs, beside what it could cost at best, on one thread.
//!
//! Limits measured in the same run: reading a buffer of the size of the weights that a step reads, and fused
//! multiply-adds on registers. Times are the least of many repeats (the machine may be busy). While timing, the
//! answers are checked: lanes against the lane alone (same bits), 16-bit against 32-bit weights, burn against us.

use anyhow::{Context, Result, ensure};
use descant_core::model::{Card, Model, find};
use descant_core::music::Meter;
use descant_core::nn::{Isa, LstmStack, StackConfig, Storage, Tensor, Weights, formula, probe};
use descant_core::tool::{self, Cancel, Constraints, Request, ToolKind};
use std::hint::black_box;
use std::time::Instant;

/// Options of `descant bench kernels`.
#[derive(clap::Args)]
pub struct Args {
    /// How often each step of one lane is repeated
    #[arg(long, default_value_t = Args::default().repeats)]
    repeats: usize,
}

impl Default for Args {
    fn default() -> Self {
        Self { repeats: 2000 }
    }
}

/// Lanes of the batched figures.
const LANES: usize = 16;
/// Cells of the input that are not zero, as in the lookback encodings.
const NONZERO: usize = 6;

/// The networks: units of each layer; input and output are as wide.
const NETWORKS: [&[usize]; 3] = [&[128, 128], &[256, 256], &[256, 256, 256]];

/// Runs the bench.
///
/// # Errors
/// If an answer is wrong.
pub fn run(args: Args) -> Result<()> {
    let repeats = args.repeats.max(20);
    let isa = Isa::best();
    let rounds = 400;
    let peak = least(repeats, || {
        black_box(probe::multiply(isa, black_box(rounds)));
    });
    let peak = (rounds * probe::MULTIPLIED) as f64 / peak / 1e3;
    println!(
        "one thread, {}, {peak:.1} G multiply-adds/s at most; µs, least of {repeats} repeats",
        isa.name()
    );
    for layers in NETWORKS {
        network(layers, peak, repeats)?;
    }
    drum_kit(repeats)
}

fn network(layers: &[usize], peak: f64, repeats: usize) -> Result<()> {
    let weights = weights(layers);
    let units = layers[0];
    println!("{}×{units}, {NONZERO} of {units} inputs not zero", layers.len());
    println!(
        "  {:4} {:>9} {:>9} {:>7} {:>9} {:>7} {:>7}",
        "", "read", "1 lane", "of limit", "16 lanes", "× one", "of peak"
    );
    let mut reference: Option<Vec<f32>> = None;
    let mut ours = Vec::new();
    for (name, storage, size) in [("f32", Storage::F32, 4), ("f16", Storage::F16, 2)] {
        let config = StackConfig {
            input: units,
            layers: layers.to_vec(),
            attention: 0,
            whole: false,
            residual: false,
            output: units,
            storage,
        };
        let stack = LstmStack::new(&weights, &config)?;
        let bytes = stack.bytes_read(NONZERO);
        let buffer = vec![1.0_f32; bytes / 4];
        let read = least(repeats, || {
            black_box(probe::stream(Isa::best(), black_box(&buffer)));
        });
        let one = time(&stack, 1, repeats)?;
        let many = time(&stack, LANES, repeats / 4)?;
        let reached = (LANES * bytes / size) as f64 / many.micros / 1e3 / peak;
        println!(
            "  {name:4} {read:9.1} {:9.1} {:6.0} % {:9.1} {:7.2} {:5.0} %",
            one.micros,
            100.0 * read / one.micros,
            many.micros,
            many.micros / one.micros,
            100.0 * reached,
        );
        ensure!(one.logits[..] == many.logits[..units], "a lane differs from itself among {LANES}");
        let reference = reference.get_or_insert(many.logits.clone());
        let off = largest_difference(reference, &many.logits);
        ensure!(off < 2e-3, "{name} differs from f32 by {off}");
        ours.push((name, one.micros, many.micros));
    }
    against_burn(layers, &weights, reference.as_deref().unwrap_or_default(), &ours, repeats)
}

/// Least time of a step, and the logits after [`CHECKED`] steps from the zero state.
struct Timed {
    micros: f64,
    logits: Vec<f32>,
}

/// Steps after which answers are compared.
const CHECKED: usize = 3;

fn time(stack: &LstmStack, lanes: usize, repeats: usize) -> Result<Timed> {
    let width = stack.config().output;
    let inputs = inputs(lanes, stack.config().input);
    let mut state = stack.state(lanes);
    let mut logits = vec![0.0; lanes * width];
    for _ in 0..CHECKED {
        stack.step(&mut state, &inputs, &mut logits)?;
    }
    let checked = logits.clone();
    let mut result = Ok(());
    let micros = least(repeats, || {
        if let Err(error) = stack.step(&mut state, &inputs, &mut logits) {
            result = Err(error);
        }
    });
    result?;
    Ok(Timed { micros, logits: checked })
}

fn inputs(lanes: usize, width: usize) -> Vec<Vec<(u32, f32)>> {
    let cell = |lane: usize, i: usize| (((lane * 3 + i * 19) % width) as u32, 1.0);
    (0..lanes).map(|lane| (0..NONZERO).map(|i| cell(lane, i)).collect()).collect()
}

fn weights(layers: &[usize]) -> Weights {
    let mut variables = Vec::new();
    let mut below = layers[0];
    for (k, &units) in layers.iter().enumerate() {
        let prefix = format!("rnn/multi_rnn_cell/cell_{k}/basic_lstm_cell/");
        variables.push((format!("{prefix}kernel"), vec![below + units, 4 * units]));
        variables.push((format!("{prefix}bias"), vec![4 * units]));
        below = units;
    }
    variables.push(("fully_connected/weights".to_owned(), vec![below, layers[0]]));
    variables.push(("fully_connected/biases".to_owned(), vec![layers[0]]));
    let scales = formula::Scales { default: 0.0625, patterns: Vec::new() };
    formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 1, &scales)
}

/// A whole event of Drums RNN as the plugin makes it: encoding, network with attention, softmax, sampling.
fn drum_kit(repeats: usize) -> Result<()> {
    let configuration = find("drum_kit").context("no drum_kit in the catalogue")?;
    let variables = configuration.hparams.variables()?;
    let scales = formula::Scales { default: 0.0625, patterns: vec![("fully_connected/".to_owned(), 0.25)] };
    let weights = formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 1, &scales);
    let rounded: Weights =
        weights.iter().map(|(name, tensor): (&str, &Tensor)| (name.to_owned(), tensor.to_f16())).collect();
    println!("drum_kit (3×256, attention 32), whole events of Generate, 8 bars = 128 events");
    for (name, weights) in [("f32", &weights), ("f16", &rounded)] {
        let model = Model::new(Card::of(configuration), weights)?;
        let mut per_event = Vec::new();
        for variations in [1, LANES as u32] {
            let request = Request {
                tool: ToolKind::Generate,
                model: "drum_kit".to_owned(),
                primer: None,
                bars: 8,
                variations,
                temperature: 1.0,
                seed: 1,
                constraints: Constraints::default(),
                meter: Meter::default(),
                tempo: None,
                ..Request::default()
            };
            let mut result = Ok(());
            let micros = least((repeats / 100).max(5), || {
                match tool::run(&model, &request, &Cancel::default(), &mut |_| {}) {
                    Ok(takes) => drop(black_box(takes)),
                    Err(error) => result = Err(error),
                }
            });
            result?;
            per_event.push(micros / 128.0);
        }
        println!(
            "  {name:4} {:9.1} µs per event of one take, {:9.1} of {LANES} takes (× {:.2})",
            per_event[0],
            per_event[1],
            per_event[1] / per_event[0]
        );
    }
    Ok(())
}

/// The same network in burn on its CPU backend, fed the same inputs.
#[cfg(feature = "train")]
fn against_burn(
    layers: &[usize],
    weights: &Weights,
    reference: &[f32],
    ours: &[(&str, f64, f64)],
    repeats: usize,
) -> Result<()> {
    use descant_learn::reference::{Device, LstmStack, Tensor, TensorData};

    let device = Device::flex();
    let units = layers[0];
    let burn = LstmStack::load(weights, 0)?;
    let mut times = [0.0; 2];
    for (slot, lanes) in [1, LANES].into_iter().enumerate() {
        let mut dense = vec![0.0; lanes * units];
        for (lane, cells) in inputs(lanes, units).iter().enumerate() {
            for &(index, value) in cells {
                dense[lane * units + index as usize] += value;
            }
        }
        let x: Tensor<2> = Tensor::from_data(TensorData::new(dense, [lanes, units]), &device);
        let mut states = burn.zero_states(lanes);
        let mut logits = burn.step(x.clone(), &mut states);
        for _ in 1..CHECKED {
            logits = burn.step(x.clone(), &mut states);
        }
        let theirs = logits.into_data().try_to_vec::<f32>().ok().context("burn gave no floats")?;
        let off = largest_difference(&reference[..theirs.len()], &theirs);
        ensure!(off < 1e-5, "burn differs by {off}");
        times[slot] = least(if lanes == 1 { repeats } else { repeats / 4 }, || {
            black_box(burn.step(x.clone(), &mut states).into_data());
        });
    }
    println!("  burn {:9} {:9.1} {:8} {:9.1}", "", times[0], "", times[1]);
    for (name, one, many) in ours {
        println!("       {name} is × {:.2} at 1 lane, × {:.2} at {LANES}", times[0] / one, times[1] / many);
    }
    Ok(())
}

/// Says how to get the comparison.
#[cfg(not(feature = "train"))]
fn against_burn(
    _layers: &[usize],
    _weights: &Weights,
    _reference: &[f32],
    _ours: &[(&str, f64, f64)],
    _repeats: usize,
) -> Result<()> {
    println!("  burn: not in this build (feature `train`)");
    Ok(())
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Least time of `repeats` calls, in µs.
fn least(repeats: usize, mut call: impl FnMut()) -> f64 {
    let once = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        call();
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..repeats.max(1)).map(|_| once(&mut call)).fold(f64::INFINITY, f64::min)
}
