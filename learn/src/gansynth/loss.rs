//! What a picture of the network is worth beside the real one, and the gradient. Runs on the thread that trains.
//!
//! Magnitudes cost their difference (nearly: rounded at 0), louder ones more. Frequencies cost 1 − cos of what they are
//! off, as much as they can be heard. A coarse picture is the mean of the fine one; of its frequencies that mean is a
//! vector, the shorter the less they agree, so that they are never averaged across a turn.

use super::data::{Picture, magnitude};
use super::plane::Plane;
use crate::matrix::{tanh, vectorised};
use serde::{Deserialize, Serialize};
use std::f32::consts::PI;

/// Channels of a picture.
const COLOURS: usize = 2;
/// Magnitudes as the network writes them in a natural logarithm of power, and in a decibel.
const PER_LN: f32 = 0.066_137_17;
const PER_DB: f32 = PER_LN * std::f32::consts::LN_10 / 10.0;
/// Scale of frequencies as the network writes them.
const STRAY: f32 = 0.8;
/// Below the loudest cell by so much a frequency counts nothing.
const HEARD: f32 = 60.0 * PER_DB;
/// Differences below this cost their square.
const SOFT: f32 = 0.005;
/// How much more the loudest magnitude counts than a silent one.
const LOUD: f32 = 2.0;

/// A picture to learn, at some size.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Magnitude, how loud it is (0..=1), and cosine and sine of the stray frequency times what it counts.
    cells: Vec<[f32; 4]>,
}

impl Target {
    /// The picture, `width` columns wide, with each cell the mean of a square of `square` × `square`.
    #[must_use]
    pub fn new(picture: &Picture, width: usize, square: usize) -> Self {
        let square = square.max(1);
        let peak = picture.magnitude.iter().copied().max().map_or(0.0, |byte| magnitude(byte) as f32);
        let cells: Vec<[f32; 2]> = (0..=255)
            .map(|byte| {
                let m = magnitude(byte) as f32;
                [m, (1.0 + (m - peak) / HEARD).clamp(0.0, 1.0)]
            })
            .collect();
        let turns: Vec<[f32; 2]> = (0..=255u8)
            .map(|byte| {
                let angle = f32::from(byte as i8) / 127.0 * PI;
                [angle.cos(), angle.sin()]
            })
            .collect();
        let (height, small) = (picture.magnitude.len() / width.max(1) / square, width / square);
        let mut sums = vec![[0.0; 4]; height * small];
        let rows = picture.magnitude.chunks_exact(width).zip(picture.stray.chunks_exact(width));
        for (y, (magnitudes, strays)) in rows.take(height * square).enumerate() {
            let sums = &mut sums[y / square * small..][..small];
            for (x, (&m, &stray)) in magnitudes.iter().zip(strays).take(small * square).enumerate() {
                let ([m, loud], [cos, sin]) = (cells[usize::from(m)], turns[usize::from(stray as u8)]);
                let counts = loud * loud;
                for (sum, value) in sums[x / square].iter_mut().zip([m, loud, counts * cos, counts * sin]) {
                    *sum += value;
                }
            }
        }
        let share = 1.0 / (square * square) as f32;
        sums.iter_mut().flatten().for_each(|value| *value *= share);
        Self { height, width: small, cells: sums }
    }

    /// Mean difference of magnitudes between two pictures, decibels.
    #[must_use]
    pub fn decibels(&self, other: &Self) -> f64 {
        let off = |(a, b): (&[f32; 4], &[f32; 4])| f64::from((a[0] - b[0]).abs() / PER_DB);
        self.cells.iter().zip(&other.cells).map(off).sum::<f64>() / self.cells.len().max(1) as f64
    }
}

/// How a picture compares with its target; sums over cells until [`Losses::mean`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// What training makes small, without the weight of frequencies.
    pub magnitude: f64,
    /// The same of frequencies.
    pub frequency: f64,
    /// Differences of magnitudes, decibels.
    pub decibels: f64,
    /// Σ of what frequencies count.
    pub counted: f64,
    /// Cells.
    pub cells: f64,
}

impl Losses {
    /// Adds another picture's.
    pub fn add(&mut self, other: &Self) {
        self.magnitude += other.magnitude;
        self.frequency += other.frequency;
        self.decibels += other.decibels;
        self.counted += other.counted;
        self.cells += other.cells;
    }

    /// What training makes small, of a mean cell.
    #[must_use]
    pub fn total(&self, frequencies: f32) -> f64 {
        (self.magnitude + f64::from(frequencies) * self.frequency) / self.cells.max(1.0)
    }

    /// Mean difference of magnitudes in decibels.
    #[must_use]
    pub fn mean_decibels(&self) -> f64 {
        self.decibels / self.cells.max(1.0)
    }

    /// 1 − cos of what frequencies are off, as far as they count: 0 is perfect, 1 is chance.
    #[must_use]
    pub fn off(&self) -> f64 {
        self.frequency / self.counted.max(1e-12)
    }
}

/// The last layer: one weight per channel for each colour, [channels][2], scaled, and a bias.
#[derive(Clone, Copy, Debug)]
pub struct Colour<'a> {
    /// Scaled weights.
    pub weights: &'a [f32],
    /// Bias.
    pub bias: &'a [f32],
}

/// Gradients of the last layer.
#[derive(Clone, Debug)]
pub struct ColourGradient {
    /// Of the scaled weights, [channels][2].
    pub weights: Vec<f32>,
    /// Of the bias.
    pub bias: [f32; COLOURS],
}

impl Colour<'_> {
    /// Weights of one colour.
    fn row(&self, colour: usize) -> Vec<f32> {
        self.weights.iter().skip(colour).step_by(COLOURS).copied().collect()
    }

    /// The picture, both colours by turns.
    #[must_use]
    pub fn picture(&self, y: &Plane) -> Vec<f32> {
        let rows = [self.row(0), self.row(1)];
        let mut out = Vec::with_capacity(y.height * y.width * COLOURS);
        vectorised(|| {
            for row in y.rows() {
                for pixel in row.chunks_exact(y.channels) {
                    for (weights, bias) in rows.iter().zip(self.bias) {
                        out.push(tanh(dot(pixel, weights) + bias));
                    }
                }
            }
        });
        out
    }

    /// Compares; with `grad` also writes the gradient of `y` there, times `share`, and gives that of the layer.
    pub fn judge(
        &self,
        y: &Plane,
        target: &Target,
        frequencies: f32,
        share: f32,
        mut grad: Option<&mut Plane>,
    ) -> (Losses, ColourGradient) {
        let rows = [self.row(0), self.row(1)];
        let mut sums = [vec![0.0f32; y.channels], vec![0.0f32; y.channels]];
        let mut bias = [0.0f32; COLOURS];
        let mut losses = Losses { cells: target.cells.len() as f64, ..Losses::default() };
        let channels = y.channels;
        vectorised(|| {
            for (index, (pixels, cells)) in
                y.rows().zip(target.cells.chunks_exact(target.width.max(1))).enumerate()
            {
                let mut row = Losses::default();
                let mut into = grad.as_deref_mut().map(|g| {
                    let at = g.at(index + 1, 1);
                    &mut g.data[at..][..pixels.len()]
                });
                for (x, (pixel, cell)) in pixels.chunks_exact(channels).zip(cells).enumerate() {
                    let out = [
                        tanh(dot(pixel, &rows[0]) + self.bias[0]),
                        tanh(dot(pixel, &rows[1]) + self.bias[1]),
                    ];
                    let slopes = cell_loss(out, *cell, frequencies, &mut row);
                    let Some(into) = &mut into else { continue };
                    let slopes = [0, 1].map(|i| share * slopes[i] * (1.0 - out[i] * out[i]));
                    let into = &mut into[x * channels..][..channels];
                    let weights = rows[0].iter().zip(&rows[1]);
                    for (g, (a, b)) in into.iter_mut().zip(weights) {
                        *g = slopes[0] * a + slopes[1] * b;
                    }
                    for (sums, slope) in sums.iter_mut().zip(slopes) {
                        sums.iter_mut().zip(pixel).for_each(|(s, p)| *s += slope * p);
                    }
                    bias[0] += slopes[0];
                    bias[1] += slopes[1];
                }
                losses.add(&row);
            }
        });
        let [first, second] = sums;
        let weights = first.into_iter().zip(second).flat_map(|(a, b)| [a, b]).collect();
        (losses, ColourGradient { weights, bias })
    }
}

/// Adds what a cell costs to `sum`; the slopes of its two colours.
#[inline(always)]
fn cell_loss(out: [f32; 2], [m, loud, cos, sin]: [f32; 4], frequencies: f32, sum: &mut Losses) -> [f32; 2] {
    let off = out[0] - m;
    let soft = (off * off + SOFT * SOFT).sqrt();
    let counts = 1.0 + LOUD * loud;
    let length = (cos * cos + sin * sin).sqrt();
    let (s, c) = (out[1] * (PI / STRAY)).sin_cos();
    sum.magnitude += f64::from(counts * (soft - SOFT));
    sum.frequency += f64::from(length - (cos * c + sin * s));
    sum.decibels += f64::from(off.abs() / PER_DB);
    sum.counted += f64::from(length);
    [counts * off / soft, frequencies * (PI / STRAY) * (cos * s - sin * c)]
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((s, a), b) in sums.iter_mut().zip(a).zip(b) {
            *s += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}
