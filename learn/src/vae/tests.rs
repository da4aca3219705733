use super::network::{Network, Objective};
use super::session::{Session, Settings};
use super::task::Task;
use super::window::{Example, Window};
use crate::rng::Rng;
use crate::trainer;
use descant_core::codec::vae::{GrooveExample, Rows};
use descant_core::model::music_vae::{self, Decoder, Encoder, Head, MusicVae, Shape};
use descant_core::nn::{Storage, Tensor, Weights};
use descant_core::tool::Cancel;

fn shape(head: Head, input: usize) -> Shape {
    Shape {
        encoder: Encoder { units: vec![6], segments: 1 },
        decoder: Decoder { units: vec![7, 5], segments: 1, split: false },
        head,
        z: 4,
        input,
        control: 0,
        steps: 8,
    }
}

fn drums() -> (Shape, Vec<Window>) {
    let window = |n: u32| Window::Drums((0..8).map(|t| ((t * t * 7 + n * 29) % 512) & 0x155).collect());
    (shape(Head::Categorical(vec![512]), 10), (0..5).map(window).collect())
}

fn groove() -> (Shape, Vec<Window>) {
    let window = |n: usize| {
        let rows = |told: bool| Rows {
            width: 27,
            values: (0..8 * 27)
                .map(|i| {
                    let (t, part, drum) = (i / 27, i % 27 / 9, i % 9);
                    let hit = (t * 3 + drum * 5 + n).is_multiple_of(4);
                    match part {
                        _ if !hit => 0.0,
                        0 => 1.0,
                        1 if told => 0.3 + 0.05 * drum as f32,
                        2 if told => 0.4 - 0.1 * t as f32,
                        _ => 0.0,
                    }
                })
                .collect(),
        };
        Window::Groove(GrooveExample { input: rows(false), output: rows(true), control: None })
    };
    (shape(Head::Groove { drums: 9 }, 27), (0..5).map(window).collect())
}

/// Larger than fresh ones, so that every path of the gradient matters.
fn network(shape: Shape) -> Network {
    let mut rng = Rng(3);
    let mut network = Network::new(shape, &mut rng);
    for value in network.parameters.iter_mut().flat_map(|p| &mut p.values) {
        *value += 0.3 * (rng.uniform() - 0.5);
    }
    network
}

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    for (shape, windows) in [drums(), groove()] {
        let mut network = network(shape);
        let examples: Vec<Example> = windows.iter().map(Window::example).collect();
        for objective in [
            Objective { beta: 0.7, ..Objective::PLAIN },
            Objective { keep: 0.8, beta: 0.2, ..Objective::PLAIN },
        ] {
            let (_, gradients) = network.step(&examples, &objective, &mut Rng(9));
            for (index, gradient) in gradients.iter().enumerate() {
                let count = gradient.len();
                for at in [0, count / 3, count - 1] {
                    let mut loss = |by: f32| {
                        network.parameters[index].values[at] += by;
                        let found = network.step(&examples, &objective, &mut Rng(9)).0.total(&objective);
                        network.parameters[index].values[at] -= by;
                        f64::from(found)
                    };
                    let step = 4e-3;
                    let slope = (loss(step) - loss(-step)) / (2.0 * f64::from(step));
                    let found = f64::from(gradient[at]);
                    let name = &network.parameters[index].name;
                    assert!(
                        (slope - found).abs() < 2e-2 * (1.0 + slope.abs()),
                        "{name}[{at}]: slope {slope}, gradient {found}"
                    );
                }
            }
        }
    }
}

#[test]
fn free_bits_cost_nothing() {
    let (shape, windows) = drums();
    let network = network(shape);
    let examples: Vec<Example> = windows.iter().map(Window::example).collect();
    let gradient = |beta, free_bits| {
        let objective = Objective { beta, free_bits, ..Objective::PLAIN };
        network.step(&examples, &objective, &mut Rng(9)).1
    };
    assert_eq!(gradient(0.5, 1e6), gradient(0.0, 0.0));
    assert_ne!(gradient(0.5, 0.0), gradient(0.0, 0.0));
}

/// The core's network, proven by golden files, gives the same reconstruction for the same weights.
#[test]
fn the_core_finds_the_same_losses() {
    for (shape, windows) in [drums(), groove()] {
        let mut network = network(shape.clone());
        // Without deviation the draw from the posterior is its mean.
        for parameter in network.parameters.iter_mut().filter(|p| p.name == "encoder/sigma/bias") {
            parameter.values.fill(-40.0);
        }
        let mut weights = Weights::new();
        for p in &network.parameters {
            weights.insert(p.name.clone(), Tensor::f32(p.shape.clone(), p.values.clone()));
        }
        let vae = MusicVae::new(shape, &weights, Storage::AsStored).expect("fits");
        for window in &windows {
            let example = window.example();
            let ours = network.score(std::slice::from_ref(&example), &mut Rng(1)).reconstruction;
            let read = music_vae::Example { segments: vec![example.input.clone()] };
            let found = vae.encode(&[read], &Cancel::default(), &mut |_| {}).expect("encodes");
            let z = [found[0].mu.clone()];
            let targets = [example.target.clone()];
            let forward = vae.forward(&z, &targets, &[], &Cancel::default(), &mut |_| {}).expect("decodes");
            let theirs = forward[0].loss;
            assert!((f64::from(ours) - theirs).abs() < 1e-3 * theirs, "{ours} and {theirs}");
        }
    }
}

#[test]
fn a_small_network_learns_its_windows_by_heart_and_resumes_bit_by_bit() {
    let (shape, windows) = drums();
    let shape = Shape {
        encoder: Encoder { units: vec![24], segments: 1 },
        decoder: Decoder { units: vec![32], segments: 1, split: false },
        z: 8,
        ..shape
    };
    let run =
        trainer::Settings { steps: 900, batch: 5, rate: 2e-2, warmup: 10, ..trainer::Settings::default() };
    let run = trainer::Settings { keep: 1.0, clip: 5.0, ..run };
    let settings = Settings { run, beta: 0.1, free_bits: 16.0, own_steps: 150.0 };
    let mut session = Session::new(shape.clone(), settings);
    let first = session.judge(&windows).valid.reconstruction;
    for _ in 0..800 {
        session.update(&windows);
    }
    let last = session.judge(&windows).valid;
    assert!(last.reconstruction < 0.2 * first, "{first} to {last:?}");
    assert!(last.accuracy > 0.9, "{last:?}");

    let folder = std::env::temp_dir().join(format!("descant-vae-resume-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("temp folder");
    let path = folder.join("run.safetensors");
    session.save(&path).expect("saves");
    let mut resumed = Session::load(&path, &shape).expect("loads");
    for _ in 0..5 {
        assert_eq!(session.update(&windows).to_bits(), resumed.update(&windows).to_bits());
    }
    assert_eq!(resumed.network, session.network);
    std::fs::write(&path, b"noise").expect("writes");
    assert!(Session::load(&path, &shape).is_err());
    std::fs::remove_dir_all(&folder).expect("cleans up");
}

#[test]
fn the_recipes_fit_their_corpora() {
    let corpora = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/corpora");
    for id in ["cat-drums_2bar_small", "cat-mel_2bar_small", "groovae_2bar_humanize"] {
        let task = Task::open(id, &corpora).expect(id);
        let shape = task.shape().expect("a possible shape");
        let [train, valid, test] = task.sets.each_ref().map(Vec::len);
        assert!(train > 8 * valid.min(test) && valid.min(test) > 500, "{id}: {train}, {valid}, {test}");
        let mut rng = Rng(1);
        for window in task.sets[0].iter().step_by(97) {
            let example = window.varied(&mut rng);
            assert_eq!((example.input.len(), example.target.len()), (32, 32));
            let cells = example.input.iter().flatten();
            assert!(cells.clone().all(|&(cell, _)| (cell as usize) < shape.input));
        }
    }
    assert!(Task::open("no such model", &corpora).is_err());
}
