//! The fast network of the core against the same weights in plain burn operations, and what training makes of pieces
//! against what the core makes of the same events.

use burn::tensor::{Device, Tensor, TensorData};
use descant_core::codec::Frame;
use descant_core::codec::encoding::{
    ChordEncoding, Conditional, Direct, DrumsOneHot, Encoding, Event, KeyMelody, Lookback, MelodyOneHot,
    OneHot, PerformanceControls, PerformanceOneHot, PolyphonyOneHot, listed,
};
use descant_core::codec::performance::{PerformanceControl, VelocityBins, note_densities, pitch_histograms};
use descant_core::corpus::harmony;
use descant_core::model::EncodingParams;
use descant_core::model::event_rnn::EventRnn;
use descant_core::model::{Card, Model, find};
use descant_core::nn::{LstmStack, StackConfig, Storage, Weights, formula};
use descant_core::tool::Cancel;
use descant_learn::encode::Encoding as EventEncoding;
use descant_learn::network::{Architecture, Network};
use descant_learn::piece::Piece;
use descant_learn::reference;
use descant_learn::rng::Rng;
use descant_learn::trainer::evaluate;

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
            whole: false,
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

/// The weights of `network` as the core reads them.
fn exported(network: &Network) -> Weights {
    let mut weights = Weights::new();
    for p in &network.parameters {
        weights.insert(p.name.clone(), descant_core::nn::Tensor::f32(p.shape.clone(), p.values.clone()));
    }
    weights
}

/// Log-likelihood of `events` in the core, with the weights of `network`.
fn in_core<E: Event>(network: &Network, encoding: &dyn Encoding<E>, events: &[E]) -> f64 {
    let weights = exported(network);
    let Architecture { encoding: shape, layers, attention } = &network.architecture;
    let config = StackConfig {
        input: shape.inputs(),
        layers: layers.clone(),
        attention: *attention,
        whole: false,
        residual: false,
        output: shape.labels(),
        storage: Storage::F32,
    };
    let stack = LstmStack::new(&weights, &config).expect("the core reads what is trained");
    EventRnn { encoding, stack: &stack, cache: None }.log_likelihood(events).expect("scores")
}

/// Mean NLL that training finds for a piece, per event.
fn in_training(network: &Network, piece: Piece) -> f64 {
    evaluate(network, &[piece]).expect("scores").label_nll
}

fn network(params: EncodingParams, attention: usize) -> Network {
    let encoding = EventEncoding::new(params).expect("possible");
    Network::new(Architecture { encoding, layers: vec![12, 9], attention }, &mut Rng(3))
}

fn decoded<T: OneHot>(one_hot: &T, classes: &[u32]) -> Vec<T::Event> {
    classes.iter().map(|&c| one_hot.decode(c as usize).expect("a class")).collect()
}

fn close(core: f64, training: f64, steps: usize) {
    assert!((core / steps as f64 + training).abs() < 1e-5, "{} against {training}", -core / steps as f64);
}

#[test]
fn drums_melodies_and_voices_are_as_likely_in_the_core_as_in_training() {
    let mut rng = Rng(8);
    let drums: Vec<u32> = (0..80).map(|i| if i % 3 == 0 { [0, 5, 260][rng.below(3)] } else { 0 }).collect();
    let trained = network(EncodingParams::DrumsLookback { types: 9, distances: vec![16, 32], bits: 6 }, 0);
    let one_hot = DrumsOneHot::standard(9).expect("nine types");
    let core = Lookback::new(one_hot.clone(), &[16, 32], 6).expect("lookback");
    let piece = Piece { bar: 16, events: drums.clone(), ..Piece::default() };
    close(in_core(&trained, &core, &decoded(&one_hot, &drums)), in_training(&trained, piece), 79);

    let tune: Vec<u32> = (0..70).map(|i| [2 + rng.below(36) as u32, 0, 0, 1][i % 4]).collect();
    let one_hot = MelodyOneHot::new(48, 84).expect("range");
    let params = EncodingParams::KeyMelody { min: 48, max: 84, distances: vec![16, 32], bits: 7 };
    let trained = network(params, 5);
    let core = KeyMelody::new(48, 84, &[16, 32], 7).expect("possible");
    let piece = Piece { bar: 16, events: tune.clone(), ..Piece::default() };
    close(in_core(&trained, &core, &decoded(&one_hot, &tune)), in_training(&trained, piece), 69);

    // Excerpts of voices get their start event from training.
    let voices = [0, 67, 63, 2, 195, 66, 2, 2, 70, 2, 1];
    let trained = network(EncodingParams::Polyphony, 0);
    let piece = Piece { bar: 16, events: voices[1..].to_vec(), ..Piece::default() };
    let core = in_core(&trained, &Direct(PolyphonyOneHot), &decoded(&PolyphonyOneHot, &voices));
    close(core, in_training(&trained, piece), 10);
}

#[test]
fn melodies_over_chords_and_performances_under_control_are_as_likely_in_the_core_as_in_training() {
    let tune = [14u32, 0, 16, 0, 18, 1, 0, 14];
    let chords: Vec<u16> = (0..8).map(|i| harmony::class([0, 9, 5, 7][i / 2], ["", "m"][i % 2])).collect();
    let melody = Box::new(EncodingParams::Melody { min: 48, max: 84 });
    let trained = network(EncodingParams::Improv { chords: ChordEncoding::Pitches, melody }, 0);
    let one_hot = MelodyOneHot::new(48, 84).expect("range");
    let values: Vec<_> = chords.iter().map(|&c| harmony::chord(c)).collect();
    let source = listed(&values);
    let target = Direct(one_hot.clone());
    let core = Conditional { control: &ChordEncoding::Pitches, source: &source, target: &target };
    let piece = Piece { bar: 16, events: tune.to_vec(), chords, ..Piece::default() };
    close(in_core(&trained, &core, &decoded(&one_hot, &tune)), in_training(&trained, piece), 7);

    let played = [370u32, 60, 355, 64, 305, 188, 67, 355, 192, 300, 195];
    let controls = PerformanceControls { density: true, pitch_histogram: true, optional: true };
    let trained = network(EncodingParams::Performance { velocity_bins: 32, modulo: false, controls }, 0);
    let one_hot = PerformanceOneHot::new(VelocityBins::new(32));
    let events = decoded(&one_hot, &played);
    let measured = note_densities(&events, 100).into_iter().zip(pitch_histograms(&events, 100));
    let values: Vec<_> = measured
        .map(|(notes_per_second, pitch_histogram)| PerformanceControl {
            disabled: false,
            notes_per_second,
            pitch_histogram,
        })
        .collect();
    let source = listed(&values);
    let target = Direct(one_hot);
    let core = Conditional { control: &controls, source: &source, target: &target };
    let piece = Piece { bar: 100, events: played.to_vec(), ..Piece::default() };
    close(in_core(&trained, &core, &events), in_training(&trained, piece), 10);
}

#[test]
fn frames_are_as_likely_in_the_core_as_in_training() {
    // C and G; G alone, struck again; silence; the lowest and the highest key.
    let voices = vec![67 + 3, 60 + 3, 2, 67 + 3, 2, 2, 108 + 3, 21 + 3, 2, 1];
    let frames = [vec![39], vec![46], vec![], vec![0, 87]];
    let frames: Vec<Frame> = frames.into_iter().map(|keys| keys.into_iter().collect()).collect();
    for attention in [0, 3] {
        let trained = network(EncodingParams::Pianoroll { hidden: 7 }, attention);
        let configuration = find("rnn-nade").expect("in the catalogue");
        let mut card = Card::of(configuration);
        card.hparams.encoding = trained.architecture.encoding.params().clone();
        (card.hparams.layers, card.hparams.attention) = (vec![12, 9], attention);
        let model = Model::new(card, &exported(&trained)).expect("the core reads what is trained");
        let rnn = model.rnn_nade().expect("an RNN-NADE");
        let core = rnn.log_likelihoods(&frames, &Cancel::default()).expect("scores").iter().sum();
        close(core, in_training(&trained, Piece { bar: 16, events: voices.clone(), ..Piece::default() }), 4);
    }
}
