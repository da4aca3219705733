//! [`Conv`]: 3×3 convolution, leaky ReLU, pixel norm. Worker threads.
//!
//! The image is cut in bands of rows; in a band, each group of sixteen outputs takes all pixels before the next group
//! does, so that its weights stay in the nearest caches. Six pixels × sixteen outputs are summed in registers.
use super::crew::{Crew, Task};
use super::image::{GROUP, Image};
use super::pack::{Phase, Row, phases};
use crate::nn::math::sum8;
use crate::nn::simd::{Isa, Kernel, Simd};
use crate::nn::{NnError, Weights};

/// What is left of a value below 0.
const SLOPE: f32 = 0.2;
/// Keeps the norm of a black pixel above 0.
const EPSILON: f32 = 1e-8;
/// Pixels whose sums stay in registers (with sixteen outputs: 12 of 16, of AVX2).
const TILE: usize = 6;
/// Pixels that a band has at least, if the image has them.
const BAND: usize = 256;

/// A layer of packed weights.
#[derive(Clone, Debug)]
pub struct Conv {
    inputs: usize,
    outputs: usize,
    doubled: bool,
    phases: Vec<Phase>,
    bias: Vec<f32>,
}

impl Conv {
    /// Channels to whose multiple pixels are filled up.
    pub const GROUP: usize = GROUP;

    /// Packs `{prefix}conv2d/kernel` [3, 3, `inputs`, `outputs`], times `scale`, and `{prefix}bias`. `doubled`: the
    /// image is first made twice as high and wide.
    ///
    /// # Errors
    /// [`NnError::Missing`], [`NnError::Shape`], [`NnError::Length`] with the variable's name.
    pub fn load(
        weights: &Weights,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        scale: f64,
        doubled: bool,
    ) -> Result<Self, NnError> {
        let kernel = weights.find(&[format!("{prefix}conv2d/kernel")], &[3, 3, inputs, outputs])?.to_f32();
        let mut bias = weights.find(&[format!("{prefix}bias")], &[outputs])?.to_f32();
        bias.resize(outputs.next_multiple_of(GROUP), 0.0);
        let weight = |y: usize, x: usize, input: usize, output: usize| {
            scale * f64::from(kernel[((y * 3 + x) * inputs + input) * outputs + output])
        };
        let phases = phases(inputs, outputs, doubled, weight);
        Ok(Self { inputs, outputs, doubled, phases, bias })
    }

    /// Channels of the result.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Channels of what is read.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Rows and columns of the result for one that is read: 1 or 2.
    #[must_use]
    pub fn scale(&self) -> usize {
        if self.doubled { 2 } else { 1 }
    }

    /// For each place in a square of the result, which neighbours of a pixel are read: rows down, columns to the right.
    #[must_use]
    pub fn reach(&self) -> Vec<Vec<[i32; 2]>> {
        let away = |&(y, x): &(usize, usize)| [y as i32 - 1, x as i32 - 1];
        self.phases.iter().map(|phase| phase.taps.iter().map(away).collect()).collect()
    }

    /// The weights [places × taps × inputs × outputs], for other processors: scaled, inputs and outputs filled up with
    /// zeros to a multiple of [`Conv::GROUP`].
    #[must_use]
    pub fn weights(&self) -> Vec<f32> {
        let groups = self.outputs.div_ceil(GROUP);
        let missing = self.inputs.next_multiple_of(GROUP) - self.inputs;
        let mut all = Vec::new();
        for phase in &self.phases {
            let taps = phase.taps.len();
            for tap in 0..taps {
                for input in 0..self.inputs {
                    for group in 0..groups {
                        let row = &phase.rows[(group * taps + tap) * self.inputs + input];
                        all.extend_from_slice(row.0.as_flattened());
                    }
                }
                all.resize(all.len() + missing * groups * GROUP, 0.0);
            }
        }
        all
    }

    /// The biases, filled up as the weights are.
    #[must_use]
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Multiplications and additions for an image of `pixels` pixels at the input.
    #[must_use]
    pub fn multiply_adds(&self, pixels: usize) -> usize {
        let taps: usize = self.phases.iter().map(|phase| phase.taps.len()).sum();
        taps * pixels * self.inputs * self.outputs
    }

    /// The layer's result for `x`.
    ///
    /// # Errors
    /// [`NnError::Step`] for an image of another number of channels.
    pub fn run(&self, isa: Isa, crew: &dyn Crew, x: &Image) -> Result<Image, NnError> {
        if x.channels() != self.inputs {
            return Err(NnError::Step { what: "channels", expected: self.inputs, found: x.channels() });
        }
        let scale = self.scale();
        let mut out = Image::zeros(scale * x.height(), scale * x.width(), self.outputs);
        let rows = (BAND / x.width().max(1)).max(1);
        let (row, pixel) = (out.row_stride(), out.pixel_stride());
        let tasks = out
            .rows_mut()
            .chunks_mut(scale * rows * row)
            .enumerate()
            .map(|(i, out)| {
                let band = Band { conv: self, x, first: i * rows, scale, row, pixel, out };
                Box::new(move || isa.run(band)) as Task<'_>
            })
            .collect();
        crew.run(tasks);
        Ok(out)
    }
}

/// Leaky ReLU and pixel norm of a whole image.
pub fn leaky_norm(isa: Isa, image: &mut Image) {
    let (row, pixel, channels) = (image.row_stride(), image.pixel_stride(), image.channels());
    isa.run(LeakyNorm { rows: image.rows_mut(), row, pixel, channels });
}

/// Some rows of a layer.
struct Band<'a> {
    conv: &'a Conv,
    x: &'a Image,
    /// First row of the input.
    first: usize,
    /// Rows and columns of the output for one of the input.
    scale: usize,
    /// Floats from row to row, from pixel to pixel of the output.
    row: usize,
    pixel: usize,
    out: &'a mut [f32],
}

impl Kernel for Band<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (x, conv) = (self.x, self.conv);
        let (width, pixel, row) = (x.width(), x.pixel_stride(), x.row_stride());
        let rows = self.out.len() / (self.scale * self.row);
        let mut taps = [0; 9];
        for group in 0..self.pixel / GROUP {
            let bias = conv.bias[group * GROUP..].as_chunks::<8>().0;
            for phase in &conv.phases {
                let count = phase.taps.len();
                for (at, tap) in taps.iter_mut().zip(&phase.taps) {
                    *at = tap.0 * row + tap.1 * pixel;
                }
                let weights = &phase.rows[group * count * conv.inputs..][..count * conv.inputs];
                for y in 0..rows {
                    let x = &x.data[(self.first + y) * row..];
                    let from = (self.scale * y + phase.place.0) * self.row
                        + (phase.place.1 + 1) * self.pixel
                        + group * GROUP;
                    let tile = Tile {
                        taps: &taps[..count],
                        inputs: conv.inputs,
                        weights,
                        bias: [&bias[0], &bias[1]],
                        stride: pixel,
                        out_stride: self.scale * self.pixel,
                    };
                    if width < TILE {
                        for at in 0..width {
                            tile.run::<S, 1>(
                                s,
                                &x[at * pixel..],
                                &mut self.out[from + at * tile.out_stride..],
                            );
                        }
                        continue;
                    }
                    for at in (0..width).step_by(TILE) {
                        // The last tile may do some pixels again: the same work gives the same numbers.
                        let at = at.min(width - TILE);
                        tile.run::<S, TILE>(
                            s,
                            &x[at * pixel..],
                            &mut self.out[from + at * tile.out_stride..],
                        );
                    }
                }
            }
        }
        let (row, pixel, channels) = (self.row, self.pixel, conv.outputs);
        LeakyNorm { rows: self.out, row, pixel, channels }.run(s);
    }
}

/// Some neighbouring pixels, sixteen outputs.
struct Tile<'a> {
    /// Where the neighbours of a pixel lie.
    taps: &'a [usize],
    inputs: usize,
    weights: &'a [Row],
    bias: [&'a [f32; 8]; 2],
    /// Floats from one pixel to the next, of input and output.
    stride: usize,
    out_stride: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize>(&self, s: S, x: &[f32], out: &mut [f32]) {
        let mut sum = [[s.load(self.bias[0]), s.load(self.bias[1])]; P];
        for (&tap, rows) in self.taps.iter().zip(self.weights.chunks_exact(self.inputs)) {
            let mut pixels = [&x[..0]; P];
            for p in 0..P {
                pixels[p] = &x[tap + p * self.stride..][..rows.len()];
            }
            for (k, row) in rows.iter().enumerate() {
                let w = [s.load(&row.0[0]), s.load(&row.0[1])];
                for p in 0..P {
                    let x = s.splat(pixels[p][k]);
                    sum[p][0] = s.mul_add(x, w[0], sum[p][0]);
                    sum[p][1] = s.mul_add(x, w[1], sum[p][1]);
                }
            }
        }
        for p in 0..P {
            let halves = out[p * self.out_stride..][..GROUP].as_chunks_mut::<8>().0;
            s.store(&mut halves[0], sum[p][0]);
            s.store(&mut halves[1], sum[p][1]);
        }
    }
}

/// Activation of some rows, in place.
struct LeakyNorm<'a> {
    rows: &'a mut [f32],
    row: usize,
    pixel: usize,
    channels: usize,
}

impl Kernel for LeakyNorm<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (zero, slope) = (s.splat(0.0), s.splat(SLOPE));
        for row in self.rows.chunks_exact_mut(self.row) {
            let end = row.len() - self.pixel;
            for pixel in row[self.pixel..end].chunks_exact_mut(self.pixel) {
                let mut squares = zero;
                for eight in pixel.as_chunks_mut::<8>().0 {
                    let x = s.load(eight);
                    let x = s.select_gt(x, zero, x, s.mul(x, slope));
                    squares = s.mul_add(x, x, squares);
                    s.store(eight, x);
                }
                let mut sums = [0.0; 8];
                s.store(&mut sums, squares);
                let norm = s.splat(1.0 / (sum8(sums) / self.channels as f32 + EPSILON).sqrt());
                for eight in pixel.as_chunks_mut::<8>().0 {
                    s.store(eight, s.mul(s.load(eight), norm));
                }
            }
        }
    }
}
