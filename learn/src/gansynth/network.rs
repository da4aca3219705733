//! [`Network`]: the generator of core in training form: one picture forward, its gradient back. Runs on the threads that
//! train; a [`Workspace`] belongs to one of them.
//!
//! Parameters have the names and shapes of a checkpoint ([`Shape::variables`]) and its run-time scaling, then come the
//! vectors of the instruments.

use super::conv::Kernel;
use super::loss::{Colour, Losses, Target};
use super::plane::Plane;
use crate::matrix::{Mat, product, vectorised};
use crate::network::Parameter;
use crate::rng::Rng;
use descant_core::model::gansynth::Shape;

/// Name of the instruments' vectors, [instruments × latent].
pub const INSTRUMENTS: &str = "instruments";
/// What is left of a value below 0.
const SLOPE: f32 = 0.2;
/// Semitones across which weights of notes are alike at first.
const ALIKE: f32 = 6.0;
/// Keeps norms above 0.
const EPSILON: f32 = 1e-8;
/// Parameters of a block: kernel and bias of its three layers.
const OF_BLOCK: usize = 6;

/// A generator and its instruments.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Sizes.
    pub shape: Shape,
    /// Values.
    pub parameters: Vec<Parameter>,
}

/// A note to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The instrument's vector.
    pub z: Vec<f32>,
    /// MIDI note.
    pub pitch: u8,
}

/// Weights in the form that products read, for pictures of one size.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Scaled first layer [places][inputs × channels], last place first.
    first: Vec<f32>,
    /// Doubling layer (none in the first block) and plain layer of each block.
    blocks: Vec<(Option<Kernel>, Kernel)>,
    /// Scaled weights of the last layer.
    colour: Vec<f32>,
}

/// Activations of a picture, kept from one to the next.
#[derive(Debug)]
pub struct Workspace {
    /// Input after its norm, and 1 / its length.
    input: (Vec<f32>, f32),
    /// Of each layer in turn.
    layers: Vec<(Plane, Vec<f32>)>,
    /// Gradients, in the same sizes.
    gradients: Vec<Plane>,
}

impl Packed {
    /// Multiplications and additions of a picture's convolutions.
    #[must_use]
    pub fn multiply_adds(&self, shape: &Shape) -> usize {
        let pixels = shape.start.iter().product::<usize>();
        let block = |(block, (doubling, plain)): (usize, &(Option<Kernel>, Kernel))| {
            let doubling =
                doubling.as_ref().map_or(0, |kernel| kernel.multiply_adds(pixels << (2 * block - 2)));
            doubling + plain.multiply_adds(pixels << (2 * block))
        };
        self.blocks.iter().enumerate().map(block).sum()
    }
}

/// √(2 / terms of a sum).
fn scale(terms: usize) -> f32 {
    (2.0 / terms as f64).sqrt() as f32
}

impl Network {
    /// Random weights and `instruments` random vectors.
    #[must_use]
    pub fn new(shape: Shape, instruments: usize, rng: &mut Rng) -> Self {
        let mut parameters: Vec<Parameter> = shape
            .variables()
            .into_iter()
            .map(|(name, shape)| {
                let count = shape.iter().product();
                let draw = |rng: &mut Rng| if name.ends_with("bias") { 0.0 } else { normal(rng) };
                let mut values: Vec<f32> = (0..count).map(|_| draw(rng)).collect();
                if name.ends_with("to_rgb/conv2d/kernel") {
                    // A picture begins as the spectrum of its pitch and on its harmonics: from anywhere else it may run
                    // into the end of tanh.
                    values.fill(0.0);
                }
                Parameter { name, shape, values }
            })
            .collect();
        if let Some(first) = parameters.first_mut() {
            begin_alike(&shape, &mut first.values, rng);
        }
        let values = (0..instruments * shape.latent).map(|_| normal(rng)).collect();
        parameters.push(Parameter {
            name: INSTRUMENTS.into(),
            shape: vec![instruments, shape.latent],
            values,
        });
        Self { shape, parameters }
    }

    /// Trained values.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parameters.iter().map(|p| p.values.len()).sum()
    }

    /// The vectors of the instruments.
    #[must_use]
    pub fn instruments(&self) -> &[f32] {
        self.parameters.last().map_or(&[], |p| &p.values)
    }

    /// Values of layer `layer` (0, 1, 2 = colour) of a block: kernel and bias.
    fn layer(&self, block: usize, layer: usize) -> (&[f32], &[f32]) {
        let at = block * OF_BLOCK + 2 * layer;
        (&self.parameters[at].values, &self.parameters[at + 1].values)
    }

    /// For pictures of block `last` (from 0).
    #[must_use]
    pub fn pack(&self, last: usize) -> Packed {
        let channels = &self.shape.channels;
        let first = scale(self.shape.start.iter().product::<usize>() * self.shape.inputs());
        let blocks = (0..=last).map(|block| {
            let outputs = channels[block];
            let plain = Kernel::new(self.layer(block, 1).0, outputs, outputs, scale(9 * outputs), false);
            let doubling = (block > 0).then(|| {
                let inputs = channels[block - 1];
                Kernel::new(self.layer(block, 0).0, inputs, outputs, scale(9 * inputs), true)
            });
            (doubling, plain)
        });
        Packed {
            first: self.layer(0, 0).0.iter().map(|w| first * w).collect(),
            blocks: blocks.collect(),
            colour: self.layer(last, 2).0.iter().map(|w| colour_scale(channels[last]) * w).collect(),
        }
    }

    /// Room for pictures of block `last`.
    #[must_use]
    pub fn workspace(&self, last: usize) -> Workspace {
        let mut layers = Vec::new();
        for (block, &channels) in self.shape.channels.iter().enumerate().take(last + 1) {
            let [height, width] = self.shape.start.map(|n| n << block);
            for _ in 0..2 {
                layers.push((Plane::new(height, width, channels), vec![0.0; height * width]));
            }
        }
        let gradients = layers.iter().map(|(plane, _)| plane.clone()).collect();
        Workspace { input: (Vec::new(), 1.0), layers, gradients }
    }

    fn colour<'a>(&'a self, packed: &'a Packed) -> Colour<'a> {
        Colour { weights: &packed.colour, bias: self.layer(packed.blocks.len() - 1, 2).1 }
    }

    /// Activations of a note.
    fn forward(&self, packed: &Packed, note: &Input, work: &mut Workspace) {
        let (inputs, channels) = (self.shape.inputs(), self.shape.channels[0]);
        let mut input = note.z.clone();
        input
            .extend((self.shape.lowest..=self.shape.highest()).map(|p| f32::from(u8::from(p == note.pitch))));
        let squares: f32 = input.iter().map(|x| x * x).sum();
        let norm = 1.0 / (squares / inputs as f32 + EPSILON).sqrt();
        input.iter_mut().for_each(|x| *x *= norm);
        let bias = self.layer(0, 0).1;
        let mut places = packed.first.chunks_exact(inputs * channels).rev();
        let (plane, norms) = &mut work.layers[0];
        for row in plane.rows_mut() {
            for (pixel, kernel) in row.chunks_exact_mut(channels).zip(&mut places) {
                pixel.copy_from_slice(bias);
                product(pixel, Mat::new(&input, 1, inputs), Mat::new(kernel, inputs, channels), true);
            }
        }
        activate(plane, norms);
        work.input = (input, norm);
        for (block, (doubling, plain)) in packed.blocks.iter().enumerate() {
            for (layer, kernel) in [doubling.as_ref(), Some(plain)].into_iter().enumerate() {
                let Some(kernel) = kernel else { continue };
                let (below, above) = work.layers.split_at_mut(2 * block + layer);
                let (Some((x, _)), Some((out, norms))) = (below.last(), above.first_mut()) else { continue };
                kernel.forward(x, self.layer(block, layer).1, out);
                activate(out, norms);
            }
        }
    }

    /// The picture of a note, both colours by turns, in -1..1.
    #[must_use]
    pub fn picture(&self, packed: &Packed, note: &Input, work: &mut Workspace) -> Vec<f32> {
        self.forward(packed, note, work);
        work.layers.last().map(|(y, _)| self.colour(packed).picture(y)).unwrap_or_default()
    }

    /// Compares the picture of a note with its target.
    pub fn score(&self, packed: &Packed, note: &Input, target: &Target, work: &mut Workspace) -> Losses {
        self.forward(packed, note, work);
        let Some((y, _)) = work.layers.last() else { return Losses::default() };
        self.colour(packed).judge(y, target, 0.0, 0.0, None).0
    }

    /// The same, and adds the gradient of its total, times `share`, to `gradients` (one per parameter, the instruments'
    /// left out). Gives the gradient of the instrument's vector too.
    pub fn learn(
        &self,
        packed: &Packed,
        (note, target): (&Input, &Target),
        (frequencies, share): (f32, f32),
        work: &mut Workspace,
        gradients: &mut [Vec<f32>],
    ) -> (Losses, Vec<f32>) {
        self.forward(packed, note, work);
        let last = packed.blocks.len() - 1;
        let share = share / (target.height * target.width) as f32;
        let Workspace { layers, gradients: slopes, input } = work;
        let (Some((y, _)), Some(grad)) = (layers.last(), slopes.last_mut()) else {
            return (Losses::default(), Vec::new());
        };
        let (losses, colour) = self.colour(packed).judge(y, target, frequencies, share, Some(grad));
        let scaled = colour_scale(self.shape.channels[last]);
        add(&mut gradients[last * OF_BLOCK + 4], &colour.weights, scaled);
        add(&mut gradients[last * OF_BLOCK + 5], &colour.bias, 1.0);
        for (block, (doubling, plain)) in packed.blocks.iter().enumerate().rev() {
            for (layer, kernel) in [(1, Some(plain)), (0, doubling.as_ref())] {
                let Some(kernel) = kernel else { continue };
                let at = 2 * block + layer;
                let (below, above) = slopes.split_at_mut(at);
                let (Some(dx), Some(dout)) = (below.last_mut(), above.first_mut()) else { continue };
                let (y, norms) = &layers[at];
                deactivate(y, norms, dout);
                let parameter = block * OF_BLOCK + 2 * layer;
                sum_pixels(dout, &mut gradients[parameter + 1]);
                let s = scale(9 * kernel.inputs());
                kernel.gradient(&layers[at - 1].0, dout, s, &mut gradients[parameter]);
                kernel.backward(dout, dx);
            }
        }
        let (y, norms) = &layers[0];
        deactivate(y, norms, &mut slopes[0]);
        sum_pixels(&slopes[0], &mut gradients[1]);
        (losses, self.first_back(packed, input, &slopes[0], &mut gradients[0]))
    }

    /// Gradient of the first layer and of the vector.
    fn first_back(
        &self,
        packed: &Packed,
        (input, norm): &(Vec<f32>, f32),
        dout: &Plane,
        gradient: &mut [f32],
    ) -> Vec<f32> {
        let (inputs, channels) = (self.shape.inputs(), self.shape.channels[0]);
        let s = scale(self.shape.start.iter().product::<usize>() * inputs);
        let mut back = vec![0.0f32; inputs];
        let mut places = packed
            .first
            .chunks_exact(inputs * channels)
            .zip(gradient.chunks_exact_mut(inputs * channels))
            .rev();
        for row in dout.rows() {
            for (slopes, (kernel, gradient)) in row.chunks_exact(channels).zip(&mut places) {
                for (i, x) in input.iter().enumerate() {
                    let (kernel, gradient) = (&kernel[i * channels..], &mut gradient[i * channels..]);
                    let mut sum = 0.0;
                    for ((slope, k), g) in slopes.iter().zip(kernel).zip(gradient) {
                        sum += slope * k;
                        *g += s * slope * x;
                    }
                    back[i] += sum;
                }
            }
        }
        let along = back.iter().zip(input).map(|(b, x)| b * x).sum::<f32>() / inputs as f32;
        let all = back.iter().zip(input);
        all.take(self.shape.latent).map(|(b, x)| norm * (b - x * along)).collect()
    }
}

/// Weights of the notes in the first layer: as strong together as those of the vector, and much alike for notes close by,
/// so that what is learned of one is learned of its neighbours.
fn begin_alike(shape: &Shape, values: &mut [f32], rng: &mut Rng) {
    let (outputs, inputs) = (shape.channels[0], shape.inputs());
    let strength = (2.0 * shape.latent as f32).sqrt();
    for place in values.chunks_exact_mut(inputs * outputs) {
        for output in 0..outputs {
            let (turn, begin) = (normal(rng) / ALIKE, rng.uniform() * std::f32::consts::TAU);
            let notes = place[shape.latent * outputs + output..].iter_mut().step_by(outputs);
            for (note, value) in notes.enumerate() {
                *value = strength * (turn * note as f32 + begin).cos();
            }
        }
    }
}

fn colour_scale(channels: usize) -> f32 {
    (1.0 / channels as f64).sqrt() as f32
}

fn add(to: &mut [f32], from: &[f32], times: f32) {
    to.iter_mut().zip(from).for_each(|(t, f)| *t += times * f);
}

/// N(0, 1) by Box and Muller.
pub fn normal(rng: &mut Rng) -> f32 {
    let (u, v) = (1.0 - f64::from(rng.uniform()), f64::from(rng.uniform()));
    ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
}

/// Leaky ReLU and pixel norm in place; keeps 1 / the length of each pixel.
fn activate(plane: &mut Plane, norms: &mut [f32]) {
    let channels = plane.channels;
    let mut norms = norms.iter_mut();
    vectorised(|| {
        for row in plane.rows_mut() {
            for (pixel, kept) in row.chunks_exact_mut(channels).zip(&mut norms) {
                let mut squares = [0.0f32; 8];
                for part in pixel.chunks_mut(8) {
                    for (value, square) in part.iter_mut().zip(&mut squares) {
                        let x = if *value > 0.0 { *value } else { SLOPE * *value };
                        *square += x * x;
                        *value = x;
                    }
                }
                let norm = 1.0 / (squares.iter().sum::<f32>() / channels as f32 + EPSILON).sqrt();
                pixel.iter_mut().for_each(|x| *x *= norm);
                *kept = norm;
            }
        }
    });
}

/// Gradient of what [`activate`] gave → of what it was given, in place.
fn deactivate(y: &Plane, norms: &[f32], slopes: &mut Plane) {
    let channels = y.channels;
    let mut norms = norms.iter();
    vectorised(|| {
        for (y, slopes) in y.rows().zip(slopes.rows_mut()) {
            let pixels = y.chunks_exact(channels).zip(slopes.chunks_exact_mut(channels));
            for ((y, slopes), &norm) in pixels.zip(&mut norms) {
                let mut along = [0.0f32; 8];
                for (y, slopes) in y.chunks(8).zip(slopes.chunks(8)) {
                    for ((sum, y), slope) in along.iter_mut().zip(y).zip(slopes) {
                        *sum += y * slope;
                    }
                }
                let along = along.iter().sum::<f32>() / channels as f32;
                for (y, slope) in y.iter().zip(slopes.iter_mut()) {
                    let back = norm * (*slope - y * along);
                    *slope = if *y > 0.0 { back } else { SLOPE * back };
                }
            }
        }
    });
}

/// Adds every pixel to `sums`.
fn sum_pixels(plane: &Plane, sums: &mut [f32]) {
    vectorised(|| {
        for row in plane.rows() {
            for pixel in row.chunks_exact(plane.channels) {
                sums.iter_mut().zip(pixel).for_each(|(s, p)| *s += p);
            }
        }
    });
}
