//! Layers against a plain calculation of what they stand for, and against themselves on other CPUs and threads.
use super::*;
use crate::nn::{Isa, NnError, Tensor, Weights, formula};
use proptest::prelude::*;

/// A layer's variables.
fn weights(side: usize, inputs: usize, outputs: usize) -> Weights {
    let scales = formula::Scales { default: 1.0, patterns: Vec::new() };
    let variables = [("conv2d/kernel", vec![side, side, inputs, outputs]), ("bias", vec![outputs])];
    formula::weights(variables.iter().map(|(name, shape)| (*name, shape.as_slice())), 5, &scales)
}

fn image(height: usize, width: usize, channels: usize) -> Image {
    let mut image = Image::zeros(height, width, channels);
    let mut values = formula::values("image", 1, 1.0, height * width * channels).into_iter();
    for y in 0..height {
        for x in 0..width {
            image.pixel_mut(y, x).iter_mut().zip(&mut values).for_each(|(to, from)| *to = from);
        }
    }
    image
}

/// Value of a channel, 0 outside.
fn at(image: &Image, y: isize, x: isize, channel: usize) -> f64 {
    let [y, x] = [y, x].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    image.pixel(y, x).get(channel).map_or(0.0, |&x| f64::from(x))
}

/// What a layer stands for: nearest neighbours, nine taps, leaky ReLU, pixel norm; [y][x][channel], and the length that each
/// pixel was divided by.
fn plain(
    image: &Image,
    weights: &Weights,
    outputs: usize,
    scale: f64,
    doubled: bool,
) -> Vec<(Vec<f64>, f64)> {
    let value = |name: &str, i: usize| f64::from(weights.get(name).and_then(|t| t.get(i)).expect("there"));
    let times = if doubled { 2 } else { 1 };
    let mut pixels = Vec::new();
    for y in 0..(times * image.height()) as isize {
        for x in 0..(times * image.width()) as isize {
            let mut pixel: Vec<f64> = (0..outputs).map(|o| value("bias", o)).collect();
            for (tap, (dy, dx)) in (0..9).map(|t| (t, (t / 3 - 1, t % 3 - 1))) {
                let (y, x) = (y + dy as isize, x + dx as isize);
                // Half of -1 is -1 here: what is outside before halving is outside after it.
                let (y, x) = (y.div_euclid(times as isize), x.div_euclid(times as isize));
                for i in 0..image.channels() {
                    let input = scale * at(image, y, x, i);
                    for (o, sum) in pixel.iter_mut().enumerate() {
                        let k = (tap as usize * image.channels() + i) * outputs + o;
                        *sum += input * value("conv2d/kernel", k);
                    }
                }
            }
            pixel.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.2 * *x } else { *x });
            let mean = pixel.iter().map(|x| x * x).sum::<f64>() / outputs as f64;
            let length = (mean + 1e-8).sqrt();
            pixels.push((pixel.into_iter().map(|x| x / length).collect(), length));
        }
    }
    pixels
}

/// Does the last task first, each on a thread of its own.
struct Backwards;

impl Crew for Backwards {
    fn run<'a>(&self, tasks: Vec<Task<'a>>) {
        std::thread::scope(|scope| {
            tasks.into_iter().rev().for_each(|task| {
                scope.spawn(task);
            });
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn layers_do_what_they_stand_for_to_the_bit_everywhere(
        height in 1..5_usize, width in 1..20_usize, inputs in 1..20_usize, outputs in 1..36_usize,
        doubled in any::<bool>(),
    ) {
        let weights = weights(3, inputs, outputs);
        let conv = Conv::load(&weights, "", inputs, outputs, 0.3, doubled).expect("fits");
        let x = image(height, width, inputs);
        let ours = conv.run(Isa::best(), &Alone, &x).expect("fits");
        let expected = plain(&x, &weights, outputs, 0.3, doubled);
        for (i, (expected, length)) in expected.iter().enumerate() {
            let pixel = ours.pixel(i / ours.width(), i % ours.width());
            // The norm of hardly anything makes its rounding large.
            let most = f64::max(1e-4, 3e-6 / length);
            prop_assert!(pixel.iter().zip(expected).all(|(a, b)| (f64::from(*a) - b).abs() < most));
        }
        for isa in Isa::available() {
            for crew in [&Alone as &dyn Crew, &Backwards] {
                // The margins are compared too: they have to stay zero.
                prop_assert_eq!(&conv.run(isa, crew, &x).expect("fits"), &ours, "{}", isa.name());
            }
        }
    }
}

#[test]
fn wide_images_are_the_same_in_bands() {
    let conv = Conv::load(&weights(3, 3, 17), "", 3, 17, 1.0, true).expect("fits");
    let x = image(5, 300, 3);
    let ours = conv.run(Isa::best(), &Alone, &x).expect("fits");
    assert_eq!(ours, conv.run(Isa::best(), &Backwards, &x).expect("fits"));
    assert_eq!(ours, conv.run(Isa::PORTABLE, &Alone, &x).expect("fits"));
    let row = &ours.data[ours.row_stride()..2 * ours.row_stride()];
    assert!(row[..32].iter().chain(&row[row.len() - 32..]).all(|x| *x == 0.0), "margins are zero");
    assert!(row[32 + 17..64].iter().all(|x| *x == 0.0), "missing channels are zero");
}

#[test]
fn the_norm_by_hand() {
    let mut x = Image::zeros(1, 2, 2);
    x.pixel_mut(0, 0).copy_from_slice(&[3.0, -20.0]);
    leaky_norm(Isa::best(), &mut x);
    // Leaky: 3, -4; mean square 12.5.
    assert_eq!(x.pixel(0, 1), [0.0, 0.0]);
    let norm = 12.5_f32.sqrt();
    assert!((x.pixel(0, 0)[0] - 3.0 / norm).abs() < 1e-6 && (x.pixel(0, 0)[1] + 4.0 / norm).abs() < 1e-6);
    assert!(x.pixel(1, 0).is_empty() && x.pixel(0, 2).is_empty());
}

#[test]
fn colours_by_hand() {
    let weights: Weights = [
        ("conv2d/kernel".to_owned(), Tensor::f32([1, 1, 2, 2], vec![1.0, 0.5, 2.0, -1.0])),
        ("bias".to_owned(), Tensor::f32([2], vec![0.1, 0.2])),
    ]
    .into_iter()
    .collect();
    let colour = ToColour::load(&weights, "", 2, 2, 0.5).expect("fits");
    let mut x = Image::zeros(1, 1, 2);
    x.pixel_mut(0, 0).copy_from_slice(&[0.4, 0.6]);
    for isa in Isa::available() {
        let ours = colour.run(isa, &x).expect("fits");
        // 0.5 · (0.4 + 1.2) + 0.1 and 0.5 · (0.2 - 0.6) + 0.2.
        assert!((ours[0] - 0.9_f32.tanh()).abs() < 1e-6 && ours[1].abs() < 1e-6, "{ours:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let weights = weights(3, 4, 5);
    assert!(matches!(Conv::load(&weights, "", 3, 5, 1.0, false), Err(NnError::Shape { .. })));
    assert!(matches!(Conv::load(&weights, "other/", 4, 5, 1.0, false), Err(NnError::Missing { .. })));
    assert!(matches!(ToColour::load(&weights, "", 4, 5, 1.0), Err(NnError::Shape { .. })));
    let conv = Conv::load(&weights, "", 4, 5, 1.0, false).expect("fits");
    assert!(conv.run(Isa::best(), &Alone, &image(2, 2, 3)).is_err());
    assert_eq!(conv.multiply_adds(10), 10 * 9 * 4 * 5);
    let doubled = Conv::load(&weights, "", 4, 5, 1.0, true).expect("fits");
    assert_eq!(doubled.multiply_adds(10), 40 * 4 * 4 * 5, "four taps for each of four pixels");
}
