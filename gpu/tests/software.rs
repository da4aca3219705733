//! The shaders on a software adapter (on Linux: lavapipe) beside the kernels of the core. Has a main of its own, because a
//! computer without such an adapter cannot run these tests, and they must not count as passed then.
#![expect(clippy::print_stdout, reason = "a test report")]
use descant_core::model::gansynth::{Generator, NoteError, Shape};
use descant_core::nn::conv::Alone;
use descant_core::nn::{Weights, formula};
use descant_core::tool::Cancel;
use descant_gpu::{Accept, Gpu, GpuError, ImageError, Network};
use std::sync::Arc;

/// Channels that fill no group, several sizes, a first image that is not square.
fn small() -> Shape {
    Shape { latent: 9, channels: vec![24, 40, 16, 12], samples: 640, ..Shape::released() }
}

fn weights(shape: &Shape) -> Weights {
    let scales = formula::Scales { default: 1.0, patterns: vec![("bias".to_owned(), 0.125)] };
    let variables = shape.variables();
    formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 5, &scales)
}

fn generator(progress: f64) -> Generator {
    Generator::new(small(), &weights(&small()), progress).expect("fits")
}

fn vector(seed: u32) -> Vec<f32> {
    (0..9).map(|i| ((seed * 9 + i) as f32 * 0.7).sin()).collect()
}

fn off(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn shaders_and_kernels_paint_the_same_images(gpu: &Arc<Gpu>) {
    // The finished network, and one whose last two blocks are both seen a little.
    for progress in [small().finished(), 2.25] {
        let generator = generator(progress);
        let network = Network::new(gpu.clone(), &generator).expect("fits");
        let vectors: Vec<Vec<f32>> = (0..5).map(vector).collect();
        let all: Vec<(&[f32], u8)> =
            vectors.iter().zip([24, 61, 84, 60, 33]).map(|(z, p)| (&**z, p)).collect();
        // More, fewer and more at once than there was room for.
        for notes in [&all[..2], &all[2..3], &all[..]] {
            let images = network.images(notes).expect("images");
            assert_eq!(images.len(), notes.len());
            for (image, (z, pitch)) in images.iter().zip(notes) {
                let expected = generator.image(z, *pitch, &Alone, &Cancel::default()).expect("an image");
                let off = off(image, &expected);
                assert!(off < 2e-5, "progress {progress}, note {pitch}: {off}");
                assert!(image.iter().any(|x| x.abs() > 0.1), "an image of something");
            }
        }
        assert!(network.images(&[]).expect("nothing").is_empty());
    }
}

fn a_note_that_the_model_has_not_is_refused_and_the_next_one_painted(gpu: &Arc<Gpu>) {
    let network = Network::new(gpu.clone(), &generator(small().finished())).expect("fits");
    let z = vector(1);
    let refused = network.images(&[(&z, 85)]);
    assert!(matches!(refused, Err(ImageError::Note(NoteError::Pitch { pitch: 85, .. }))), "{refused:?}");
    let refused = network.images(&[(&z[1..], 60)]);
    assert!(matches!(refused, Err(ImageError::Note(NoteError::Latent { found: 8, .. }))), "{refused:?}");
    assert_eq!(network.images(&[(&z, 60)]).expect("an image").len(), 1);
}

fn a_software_adapter_is_not_taken_for_a_graphics_processor(_: &Arc<Gpu>) {
    match Gpu::open(Accept::Hardware) {
        Ok(gpu) => println!("  there is a real one: {}", gpu.name()),
        Err(why) => assert!(matches!(why, GpuError::Software(_) | GpuError::None), "{why}"),
    }
}

fn a_lost_processor_says_so_and_nothing_hangs(_: &Arc<Gpu>) {
    let gpu = Gpu::open(Accept::Software).expect("there was one a moment ago");
    let network = Network::new(gpu.clone(), &generator(small().finished())).expect("fits");
    let z = vector(1);
    assert!(network.images(&[(&z, 60)]).is_ok());
    // Somebody pulls it out while it paints.
    std::thread::scope(|scope| {
        scope.spawn(|| gpu.lose());
        let why = loop {
            if let Err(why) = network.images(&[(&z, 60)]) {
                break why;
            }
        };
        assert!(matches!(why, ImageError::Gpu(GpuError::Lost(_))), "{why}");
    });
    for _ in 0..2 {
        let lost = network.images(&[(&z, 60)]);
        assert!(matches!(lost, Err(ImageError::Gpu(GpuError::Lost(_)))), "{lost:?}");
    }
    assert!(Network::new(gpu, &generator(small().finished())).is_err());
}

type Test = fn(&Arc<Gpu>);

fn main() {
    let gpu = match Gpu::open(Accept::Software) {
        Ok(gpu) => gpu,
        Err(why @ GpuError::None) => {
            println!("SKIPPED: no test of the shaders was run: {why} (Debian: mesa-vulkan-drivers)");
            return;
        }
        Err(why) => panic!("{why}"),
    };
    println!("on {}", gpu.name());
    let tests: [(&str, Test); 4] = [
        ("shaders_and_kernels_paint_the_same_images", shaders_and_kernels_paint_the_same_images),
        (
            "a_note_that_the_model_has_not_is_refused_and_the_next_one_painted",
            a_note_that_the_model_has_not_is_refused_and_the_next_one_painted,
        ),
        (
            "a_software_adapter_is_not_taken_for_a_graphics_processor",
            a_software_adapter_is_not_taken_for_a_graphics_processor,
        ),
        ("a_lost_processor_says_so_and_nothing_hangs", a_lost_processor_says_so_and_nothing_hangs),
    ];
    for (name, test) in tests {
        println!("test {name} ...");
        test(&gpu);
        println!("test {name} ... ok");
    }
}
