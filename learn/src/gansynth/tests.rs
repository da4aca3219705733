use super::conv::Kernel;
use super::data::{Camera, Note, Picture, Spectra, magnitude};
use super::loss::{Colour, Target};
use super::network::{Input, Network};
use super::plane::Plane;
use super::session::{Session, Settings, Stage};
use crate::rng::Rng;
use crate::trainer;
use descant_core::model::gansynth::{GanSynth, Normaliser, Shape};
use descant_core::nn::conv::Alone;
use descant_core::nn::{Tensor, Weights};
use descant_core::tool::Cancel;

/// Three blocks, pictures of 8 × 64.
fn shape() -> Shape {
    Shape { latent: 5, lowest: 60, pitches: 4, channels: vec![16, 8, 24], samples: 320, ..Shape::released() }
}

/// A picture with all bytes in it.
fn picture(shape: &Shape, seed: u64) -> Picture {
    let [height, width] = shape.image();
    let mut rng = Rng(seed);
    let mut bytes = || (0..height * width).map(|_| rng.next_u64() as u8).collect::<Vec<u8>>();
    Picture { magnitude: bytes(), stray: bytes().into_iter().map(|b| b as i8).collect() }
}

/// Value of a channel, 0 outside.
fn at(plane: &Plane, y: isize, x: isize, channel: usize) -> f32 {
    plane.data[plane.at((y + 1) as usize, (x + 1) as usize) + channel]
}

fn noise(height: usize, width: usize, channels: usize, rng: &mut Rng) -> Plane {
    let mut plane = Plane::new(height, width, channels);
    plane.rows_mut().for_each(|row| row.iter_mut().for_each(|x| *x = rng.uniform() - 0.5));
    plane
}

/// Both directions of a layer against their definition: what a convolution is, and that the gradients are its transpose.
#[test]
fn convolutions_do_what_they_stand_for() {
    let (inputs, outputs, height, width) = (3, 5, 4, 6);
    for doubled in [false, true] {
        let mut rng = Rng(7);
        let weights: Vec<f32> = (0..9 * inputs * outputs).map(|_| rng.uniform() - 0.5).collect();
        let bias: Vec<f32> = (0..outputs).map(|o| o as f32).collect();
        let kernel = Kernel::new(&weights, inputs, outputs, 0.5, doubled);
        let x = noise(height, width, inputs, &mut rng);
        let times = if doubled { 2 } else { 1 };
        let mut out = Plane::new(times * height, times * width, outputs);
        kernel.forward(&x, &bias, &mut out);
        let dout = noise(times * height, times * width, outputs, &mut rng);
        let mut dx = Plane::new(height, width, inputs);
        let mut dw = vec![1.0; weights.len()];
        kernel.backward(&dout, &mut dx);
        kernel.gradient(&x, &dout, 0.5, &mut dw);
        let (mut expected_dx, mut expected_dw) =
            (Plane::new(height, width, inputs), vec![1.0f32; weights.len()]);
        for y in 0..(times * height) as isize {
            for c in 0..(times * width) as isize {
                let mut sums = bias.clone();
                for tap in 0..9 {
                    let place = |n: isize, by: isize| (n + by - 1).div_euclid(times as isize);
                    let (iy, ix) = (place(y, tap / 3), place(c, tap % 3));
                    for i in 0..inputs {
                        for (o, sum) in sums.iter_mut().enumerate() {
                            let w = (tap as usize * inputs + i) * outputs + o;
                            *sum += 0.5 * weights[w] * at(&x, iy, ix, i);
                            expected_dw[w] += 0.5 * at(&x, iy, ix, i) * at(&dout, y, c, o);
                            let cell = expected_dx.at((iy + 1) as usize, (ix + 1) as usize) + i;
                            expected_dx.data[cell] += 0.5 * weights[w] * at(&dout, y, c, o);
                        }
                    }
                }
                for (o, sum) in sums.iter().enumerate() {
                    assert!((at(&out, y, c, o) - sum).abs() < 1e-5);
                }
            }
        }
        expected_dx.clear_margin();
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(near(&dx.data, &expected_dx.data) && near(&dw, &expected_dw), "doubled: {doubled}");
        let mut clean = out.clone();
        clean.clear_margin();
        assert_eq!(out, clean, "the margin is zero");
    }
}

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let shape = shape();
    let mut rng = Rng(3);
    let mut network = Network::new(shape.clone(), 2, &mut rng);
    network.parameters.iter_mut().flat_map(|p| &mut p.values).for_each(|x| *x += 0.3 * (rng.uniform() - 0.5));
    let frequencies = 0.7;
    for block in 0..3 {
        let target = Target::new(&picture(&shape, 5), Spectra::flat(&shape).of(62), 4 >> block);
        let mut note = Input { z: network.instruments()[..5].to_vec(), pitch: 62 };
        let mut work = network.workspace(block);
        let mut gradients: Vec<Vec<f32>> =
            network.parameters.iter().map(|p| vec![0.0; p.values.len()]).collect();
        let packed = network.pack(block);
        let (_, vector) =
            network.learn(&packed, (&note, &target), (frequencies, 1.0), &mut work, &mut gradients);
        let loss = |network: &Network, note: &Input, work: &mut _| {
            network.score(&network.pack(block), note, &target, work).total(frequencies)
        };
        let step = 5e-4;
        let close = |slope: f64, found: f32, what: &str| {
            let off = (slope - f64::from(found)).abs();
            assert!(
                off < 2e-3 + 2e-2 * slope.abs(),
                "block {block}, {what}: slope {slope}, gradient {found}"
            );
        };
        let last = network.parameters.len() - 1;
        for (index, gradient) in gradients.iter().enumerate().take(last) {
            let count = gradient.len();
            for i in [0, count / 3, count / 2, count - 1] {
                let mut moved = |by: f32| {
                    network.parameters[index].values[i] += by;
                    let found = loss(&network, &note, &mut work);
                    network.parameters[index].values[i] -= by;
                    found
                };
                let slope = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
                close(slope, gradient[i], &network.parameters[index].name);
            }
        }
        for (i, &found) in vector.iter().enumerate().take(5) {
            let mut moved = |by: f32| {
                note.z[i] += by;
                let found = loss(&network, &note, &mut work);
                note.z[i] -= by;
                found
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
            close(slope, found, "vector");
        }
    }
}

/// Core's generator, proven by golden files, draws the same picture with the same weights.
#[test]
fn the_core_draws_the_same_picture() {
    let shape = shape();
    let mut network = Network::new(shape.clone(), 2, &mut Rng(4));
    network
        .parameters
        .iter_mut()
        .filter(|p| p.name.ends_with("bias"))
        .flat_map(|p| &mut p.values)
        .enumerate()
        .for_each(|(i, x)| *x = 0.1 * (i % 5) as f32);
    let mut weights = Weights::new();
    for p in &network.parameters {
        weights.insert(p.name.clone(), Tensor::f32(p.shape.clone(), p.values.clone()));
    }
    let note = Input { z: network.instruments()[5..].to_vec(), pitch: 63 };
    let model =
        GanSynth::new(shape.clone(), Normaliser::default(), &weights, shape.finished()).expect("fits");
    let theirs = model.generator().image(&note.z, 63, &Alone, &Cancel::default()).expect("a picture");
    let ours = network.picture(&network.pack(2), &note, &mut network.workspace(2));
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn coarse_targets_by_hand() {
    // Natural logarithms of about 10 and -10; all of 26 and less is silent.
    let picture = Picture {
        magnitude: vec![226, 26, 226, 226, 57, 0, 226, 226],
        stray: vec![0, 127, 0, 0, 0, 0, 0, 127],
    };
    let spectrum = [1.0, 2.0, 3.0, 5.0];
    let (fine, coarse) = (Target::new(&picture, &spectrum, 1), Target::new(&picture, &spectrum, 2));
    assert_eq!((fine.height, fine.width, coarse.height, coarse.width), (2, 4, 1, 2));
    assert_eq!(fine.decibels(&fine), 0.0);
    let judged = |drawn: f64| {
        let mut y = Plane::new(1, 2, 1);
        y.rows_mut().for_each(|row| row.fill(drawn.atanh() as f32));
        Colour { weights: &[1.0, 0.0], bias: &[0.0, 0.0] }.judge(&y, &coarse, 0.0, 0.0, None).0
    };
    let (loud, quiet) = (magnitude(226), magnitude(57));
    let heard = 0.033 * (0.5 * (loud + quiet) - 1.0);
    let silent = 0.033 * (0.5 * (magnitude(26) + magnitude(0)) - 2.0);
    let other = 0.033 * (loud - 4.0);
    for drawn in [0.1, -0.3, -0.7] {
        let losses = judged(drawn);
        let left = 0.5 * (drawn - heard).abs() + 0.5 * (drawn - silent).max(0.0);
        let expected = (left + (drawn - other).abs()) / (0.033 * 10f64.ln() / 10.0);
        assert!((losses.decibels - expected).abs() < 1e-3, "{} {expected}", losses.decibels);
        // One loud cell of four, then four of which one turns the other way; none strays in the mean.
        assert!((losses.counted - 0.75).abs() < 1e-6 && losses.frequency.abs() < 1e-6);
    }
}

/// A run that learns eight random pictures by heart, through all its stages, and goes on bit by bit after it was stored.
#[test]
fn a_small_network_learns_by_heart_and_resumes_bit_by_bit() {
    let shape = shape();
    let notes: Vec<Note> = (0..8).map(|i| Note { instrument: i / 4, pitch: 60 + (i % 4) as u8 }).collect();
    let flat = |seed: u64| {
        let mut picture = picture(&shape, seed);
        // What a convolution can draw: stripes.
        let width = shape.image()[1];
        for y in 1..8 {
            let (first, rest) =
                (picture.magnitude[..width].to_vec(), &mut picture.magnitude[y * width..][..width]);
            rest.copy_from_slice(&first);
        }
        picture.stray.fill(20);
        picture
    };
    let pictures: Vec<Picture> = (0..8).map(|i| flat(i as u64)).collect();
    let run =
        trainer::Settings { steps: 400, batch: 8, rate: 2e-2, warmup: 10, ..trainer::Settings::default() };
    let stage = |block, share| Stage { block, share, frequencies: 0.2 };
    let settings = Settings {
        run: trainer::Settings { clip: 10.0, ..run },
        stages: vec![stage(1, 0.25), stage(2, 0.75)],
        noise: 0.1,
        threads: 2,
    };
    assert_eq!(settings.stage(100).0.block, 1);
    assert_eq!(settings.stage(101), (settings.stages[1], 100..400));
    assert_eq!(settings.stage(9000).1, 100..400);
    let spectra = Spectra::flat(&shape);
    let mut session = Session::new(shape.clone(), 2, settings);
    let mut losses = Vec::new();
    for _ in 0..300 {
        losses.push(session.learn(&notes, &pictures, &spectra));
    }
    assert!(losses[299] < 0.5 * losses[100], "{} to {}", losses[100], losses[299]);
    for dimension in 0..5 {
        let table = session.network.instruments();
        let (a, b) = (table[dimension], table[5 + dimension]);
        assert!((a + b).abs() < 1e-4 && (a * a - 0.99).abs() < 1e-3, "spread to N(0, 1): {a} {b}");
    }
    let folder = std::env::temp_dir().join(format!("descant-gansynth-resume-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("temp folder");
    let path = folder.join("run.safetensors");
    session.save(&path).expect("saves");
    let mut resumed = Session::load(&path).expect("loads");
    for _ in 0..3 {
        assert_eq!(
            session.learn(&notes, &pictures, &spectra).to_bits(),
            resumed.learn(&notes, &pictures, &spectra).to_bits()
        );
    }
    assert_eq!(resumed.network, session.network);
    std::fs::write(&path, b"noise").expect("writes");
    assert!(Session::load(&path).is_err());
    std::fs::remove_dir_all(&folder).expect("cleans up");
}

/// A tone of the note's own pitch strays nowhere, and sounds again as it was.
#[test]
fn pictures_of_a_tone_in_tune() {
    let shape = Shape { lowest: 60, pitches: 2, ..Shape::released() };
    let camera = Camera::new(&shape).expect("sizes");
    let tone: Vec<f32> = (0..64_000)
        .map(|n| {
            let t = f64::from(n) / 16_000.0;
            let turns = |h: f64| (h * 261.625_565 * t * std::f64::consts::TAU).sin() / h;
            (0.3 * (turns(1.0) + turns(2.0) + turns(5.0))) as f32
        })
        .collect();
    let picture = Picture::new(&camera.cells(&tone, 60).expect("cells"));
    let cells = picture.cells();
    let loud = |frame: usize| cells[frame * 1024..][..1024].iter().filter(|c| c[0] > 5.0).map(|c| c[1]);
    assert!(loud(60).count() > 3 && loud(60).all(|stray| stray.abs() < 0.02));
    let again = camera.sound(&cells, 60).expect("a sound");
    let middle = 16_000..48_000;
    let energy = |x: &[f32]| x.iter().map(|x| f64::from(x * x)).sum::<f64>();
    let off: Vec<f32> = again[middle.clone()].iter().zip(&tone[middle.clone()]).map(|(a, b)| a - b).collect();
    let ratio = energy(&off) / energy(&tone[middle]);
    // Mel bands blur the magnitudes a little.
    assert!(ratio < 0.1, "{ratio}");
    assert!(camera.cells(&tone, 59).is_err() && camera.cells(&tone[1..], 60).is_err());
}
