//! 3×3 convolutions, plain and after doubling the image, and both their backward products, as matrix products
//! (research: kernels.md 3). Runs on the thread that trains.
//!
//! A row of three neighbouring pixels is one stretch of memory, so a convolution is three products (one for each row of
//! the kernel) with an overlapping view of the image: nothing is copied. Doubling to nearest neighbours and convolving is
//! four 2×2 convolutions of the small image whose taps are sums of the nine. Gradients of inputs are convolutions with the
//! turned kernel; those of kernels are products of the same views the other way round.

use super::plane::Plane;
use crate::matrix::{Mat, product, product_strided};
use descant_core::nn::conv::summed;

/// Pixels of a stretch that is worked on at once, so that it stays in the nearest caches.
const STRETCH: usize = 512;

/// A kernel ready for use.
#[derive(Clone, Debug)]
pub struct Kernel {
    inputs: usize,
    outputs: usize,
    doubled: bool,
    /// Plain: [3][3 · inputs × outputs]. Doubled: [place y][place x][tap y][2 · inputs × outputs].
    forward: Vec<f32>,
    /// Plain: [3][3 · outputs × inputs]. Doubled: [4][4 · outputs × inputs].
    backward: Vec<f32>,
}

/// The (place, tap) along one axis of every neighbour of a doubled pixel, nearest to the start first: what a gradient at
/// 2·y − 1 + i of the large image came through.
const THROUGH: [(usize, usize); 4] = [(1, 1), (0, 1), (1, 0), (0, 0)];

/// Every pair of a summed tap of a doubled kernel (numbered as they lie in memory) and a tap that it sums.
fn each_sum(mut f: impl FnMut(usize, usize)) {
    for i in 0..16 {
        let (py, px, ty, tx) = (i / 8, i / 4 % 2, i / 2 % 2, i % 2);
        for y in summed(py, ty) {
            for x in summed(px, tx) {
                f(i, y * 3 + x);
            }
        }
    }
}

impl Kernel {
    /// `weights` [3, 3, inputs, outputs] times `scale`.
    #[must_use]
    pub fn new(weights: &[f32], inputs: usize, outputs: usize, scale: f32, doubled: bool) -> Self {
        let cells = inputs * outputs;
        let mut kernel = Self { inputs, outputs, doubled, forward: Vec::new(), backward: Vec::new() };
        if doubled {
            let mut sums = vec![0.0; 16 * cells];
            each_sum(|sum, tap| {
                let to = sums[sum * cells..][..cells].iter_mut();
                to.zip(&weights[tap * cells..]).for_each(|(t, w)| *t += scale * w);
            });
            kernel.forward = sums;
        } else {
            kernel.forward = weights.iter().map(|w| scale * w).collect();
        }
        kernel.backward = kernel.turned();
        kernel
    }

    /// The kernel of the gradient of the input.
    fn turned(&self) -> Vec<f32> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let cells = inputs * outputs;
        let side = if self.doubled { 4 } else { 3 };
        let mut turned = vec![0.0; side * side * cells];
        for (at, to) in turned.chunks_exact_mut(cells.max(1)).enumerate() {
            let (y, x) = (at / side, at % side);
            let from = if self.doubled {
                let ((py, ty), (px, tx)) = (THROUGH[y], THROUGH[x]);
                8 * py + 4 * px + 2 * ty + tx
            } else {
                (2 - y) * 3 + 2 - x
            };
            let from = &self.forward[from * cells..][..cells];
            for (i, row) in from.chunks_exact(outputs.max(1)).enumerate() {
                row.iter().enumerate().for_each(|(o, w)| to[o * inputs + i] = *w);
            }
        }
        turned
    }

    /// Channels of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Multiplications and additions of one direction, for an input of so many pixels.
    #[must_use]
    pub fn multiply_adds(&self, pixels: usize) -> usize {
        pixels * self.inputs * self.outputs * if self.doubled { 16 } else { 9 }
    }

    /// `out` = convolution of `x` plus `bias`.
    pub fn forward(&self, x: &Plane, bias: &[f32], out: &mut Plane) {
        if !self.doubled {
            return plain(x, &self.forward, Some(bias), out);
        }
        let (inputs, outputs) = (self.inputs, self.outputs);
        for row in out.rows_mut() {
            row.chunks_exact_mut(outputs.max(1)).for_each(|pixel| pixel.copy_from_slice(bias));
        }
        for y in 0..x.height {
            for i in 0..8 {
                let (py, px, ty) = (i / 4, i / 2 % 2, i % 2);
                let view = &x.data[x.at(y + py + ty, px)..];
                let view = Mat::strided(view, x.width, 2 * inputs, inputs);
                let taps = &self.forward[i * 2 * inputs * outputs..];
                let at = out.at(2 * y + py + 1, px + 1);
                let taps = Mat::new(taps, 2 * inputs, outputs);
                product_strided(&mut out.data[at..], 2 * outputs, view, taps, true);
            }
        }
    }

    /// `dx` = gradient of the input from `dout`, that of the output, whose margin is zero.
    pub fn backward(&self, dout: &Plane, dx: &mut Plane) {
        if !self.doubled {
            return plain(dout, &self.backward, None, dx);
        }
        let (inputs, outputs) = (self.inputs, self.outputs);
        for y in 0..dx.height {
            for r in 0..4 {
                let view =
                    Mat::strided(&dout.data[dout.at(2 * y + r, 0)..], dx.width, 4 * outputs, 2 * outputs);
                let taps = Mat::new(&self.backward[r * 4 * outputs * inputs..], 4 * outputs, inputs);
                let at = dx.at(y + 1, 1);
                product(&mut dx.data[at..], view, taps, r > 0);
            }
        }
    }

    /// Adds the gradient of `weights` as [`Self::new`] took them to `dw`: of input `x` and gradient `dout` of the output,
    /// whose margin is zero.
    pub fn gradient(&self, x: &Plane, dout: &Plane, scale: f32, dw: &mut [f32]) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let cells = inputs * outputs;
        let mut sum = vec![0.0; self.forward.len()];
        if self.doubled {
            for y in 0..x.height {
                for i in 0..8 {
                    let (py, px, ty) = (i / 4, i / 2 % 2, i % 2);
                    let view = Mat::strided(&x.data[x.at(y + py + ty, px)..], x.width, 2 * inputs, inputs);
                    let from = &dout.data[dout.at(2 * y + py + 1, px + 1)..];
                    let from = Mat::strided(from, x.width, outputs, 2 * outputs);
                    product(&mut sum[i * 2 * cells..], view.t(), from, true);
                }
            }
            each_sum(|sum_of, tap| {
                let from = &sum[sum_of * cells..][..cells];
                dw[tap * cells..].iter_mut().zip(from).for_each(|(d, s)| *d += scale * s);
            });
            return;
        }
        for (at, count) in stretches(dout) {
            let from = Mat::new(&dout.data[at * outputs..], count, outputs);
            for dy in 0..3 {
                let view = neighbours(x, at, dy, count);
                product(&mut sum[dy * 3 * cells..], view.t(), from, true);
            }
        }
        dw.iter_mut().zip(&sum).for_each(|(d, s)| *d += scale * s);
    }
}

/// Stretches of pixels (first, count), counted with the margin, from the first pixel inside to the last one.
fn stretches(plane: &Plane) -> impl Iterator<Item = (usize, usize)> + use<> {
    let width = plane.width + 2;
    let (first, end) = (width + 1, plane.height * width + plane.width + 1);
    (first..end).step_by(STRETCH).map(move |at| (at, STRETCH.min(end - at)))
}

/// The three left, middle and right neighbours of `count` pixels from `at`, in the row above (`dy` 0), their own or below.
fn neighbours(x: &Plane, at: usize, dy: usize, count: usize) -> Mat<'_> {
    let from = at + dy * (x.width + 2) - (x.width + 2) - 1;
    Mat::strided(&x.data[from * x.channels..], count, 3 * x.channels, x.channels)
}

/// Convolution with `taps` [3][3 · inputs × outputs]; the margin of `out` is zero afterwards.
fn plain(x: &Plane, taps: &[f32], bias: Option<&[f32]>, out: &mut Plane) {
    let (inputs, outputs) = (x.channels, out.channels);
    for (at, count) in stretches(out) {
        let to = &mut out.data[at * outputs..][..count * outputs];
        if let Some(bias) = bias {
            to.chunks_exact_mut(outputs.max(1)).for_each(|pixel| pixel.copy_from_slice(bias));
        }
        for dy in 0..3 {
            let taps = Mat::new(&taps[dy * 3 * inputs * outputs..], 3 * inputs, outputs);
            product(to, neighbours(x, at, dy, count), taps, dy > 0 || bias.is_some());
        }
    }
    // What stretches wrote between the rows.
    out.clear_margin();
}
