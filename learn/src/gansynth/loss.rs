//! What a picture of the network is worth beside the real one, and the gradient. Runs on the thread that trains.
//!
//! Magnitudes, told against the spectrum of their pitch, cost their difference (nearly: rounded at 0), louder ones more;
//! what is silent costs only what is heard there. Frequencies cost 1 − cos of what they are off, as much as they can be
//! heard. A coarse picture is the mean of the fine one; of its frequencies that mean is a vector, the shorter the less
//! they agree, so that they are never averaged across a turn.

use super::data::{Picture, SILENT, magnitude};
use super::plane::Plane;
use crate::matrix::{tanh, vectorised};
use descant_core::model::gansynth::Normaliser;
use serde::{Deserialize, Serialize};
use std::f32::consts::PI;

/// Channels of a picture.
const COLOURS: usize = 2;
/// What the network writes of a picture: half as finely as the released models, for what is silent lies far below the
/// spectrum of its pitch.
pub const NORMALISER: Normaliser =
    Normaliser { magnitude: (PER_LN as f64, 0.0), frequency: (STRAY as f64, 0.0) };
/// Magnitudes as the network writes them in a natural logarithm of power, and in a decibel.
const PER_LN: f32 = 0.033;
const PER_DB: f32 = PER_LN * std::f32::consts::LN_10 / 10.0;
/// Scale of frequencies as the network writes them.
const STRAY: f32 = 0.8;
/// Below the loudest cell by so much a frequency counts nothing.
const HEARD: f32 = 60.0 * PER_DB;
/// Differences below this cost their square.
const SOFT: f32 = 0.0025;
/// How much more the loudest magnitude counts than a silent one. Lines are few cells among many, and all that is heard: with
/// a weight of 3 in all, and in proportion to decibels, they came out up to 27 dB too loud where noise is (at an onset).
const LOUD: f32 = 60.0;

/// A picture to learn, at some size.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    cells: Vec<Cell>,
}

/// What a network should write in a place of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cell {
    /// Share of it that sounds.
    heard: f32,
    /// Its mean magnitude, against the spectrum.
    magnitude: f32,
    /// The magnitude below which the rest is silent: a mean too.
    silence: f32,
    /// How much its loudness counts, 0..=1.
    loud: f32,
    /// Cosine and sine of the stray frequency times what it counts.
    turn: [f32; 2],
}

impl Target {
    /// The picture of a note whose pitch has this spectrum, with each cell the mean of a square of `square` × `square`.
    #[must_use]
    pub fn new(picture: &Picture, spectrum: &[f32], square: usize) -> Self {
        let (square, width) = (square.max(1), spectrum.len().max(1));
        let ln: Vec<f32> = (0..=255).map(|byte| magnitude(byte) as f32).collect();
        let peak = picture.magnitude.iter().copied().max().map_or(0.0, |byte| ln[usize::from(byte)]);
        let loud: Vec<f32> =
            ln.iter().map(|ln| (1.0 + (ln - peak) * PER_LN / HEARD).clamp(0.0, 1.0)).collect();
        let turns: Vec<[f32; 2]> = (0..=255u8)
            .map(|byte| {
                let angle = f32::from(byte as i8) / 127.0 * PI;
                [angle.cos(), angle.sin()]
            })
            .collect();
        let (height, small) = (picture.magnitude.len() / width / square, width / square);
        let mut cells = vec![Cell::default(); height * small];
        let rows = picture.magnitude.chunks_exact(width).zip(picture.stray.chunks_exact(width));
        for (y, (magnitudes, strays)) in rows.take(height * square).enumerate() {
            let cells = &mut cells[y / square * small..][..small];
            let row = magnitudes.iter().zip(strays).zip(spectrum).take(small * square);
            for (x, ((&m, &stray), mean)) in row.enumerate() {
                let cell = &mut cells[x / square];
                let (m, [cos, sin]) = (usize::from(m), turns[usize::from(stray as u8)]);
                let off = PER_LN * (ln[m] - mean);
                if m > usize::from(SILENT) {
                    cell.heard += 1.0;
                    cell.magnitude += off;
                } else {
                    cell.silence += off;
                }
                let counts = loud[m] * loud[m];
                // Within 10 dB of the loudest more than half, 30 dB below it a sixteenth.
                cell.loud += loud[m].powi(4);
                cell.turn[0] += counts * cos;
                cell.turn[1] += counts * sin;
            }
        }
        let count = (square * square) as f32;
        for cell in &mut cells {
            cell.magnitude /= cell.heard.max(1.0);
            cell.silence /= (count - cell.heard).max(1.0);
            cell.heard /= count;
            cell.loud /= count;
            cell.turn = cell.turn.map(|x| x / count);
        }
        Self { height, width: small, cells }
    }

    /// Mean difference of magnitudes from another picture of the same spectrum, decibels.
    #[must_use]
    pub fn decibels(&self, other: &Self) -> f64 {
        let drawn = |cell: &Cell| if cell.heard > 0.0 { cell.magnitude } else { cell.silence };
        let off = |(cell, other): (&Cell, &Cell)| f64::from(cell.off(drawn(other)));
        self.cells.iter().zip(&other.cells).map(off).sum::<f64>() / self.cells.len().max(1) as f64
    }
}

impl Cell {
    /// Decibels that a magnitude is off.
    #[inline(always)]
    fn off(&self, drawn: f32) -> f32 {
        let heard = self.heard * (drawn - self.magnitude).abs();
        (heard + (1.0 - self.heard) * (drawn - self.silence).max(0.0)) / PER_DB
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
                    let slopes = cell_loss(out, cell, frequencies, &mut row);
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
fn cell_loss(out: [f32; 2], cell: &Cell, frequencies: f32, sum: &mut Losses) -> [f32; 2] {
    let (off, over) = (out[0] - cell.magnitude, out[0] - cell.silence);
    let soft = (off * off + SOFT * SOFT).sqrt();
    let silent = 1.0 - cell.heard;
    let counts = 1.0 + LOUD * cell.loud;
    let [cos, sin] = cell.turn;
    let length = (cos * cos + sin * sin).sqrt();
    let (s, c) = (out[1] * (PI / STRAY)).sin_cos();
    sum.magnitude += f64::from(counts * (cell.heard * (soft - SOFT) + silent * over.max(0.0)));
    sum.frequency += f64::from(length - (cos * c + sin * s));
    sum.decibels += f64::from(cell.off(out[0]));
    sum.counted += f64::from(length);
    let heard = if over > 0.0 { silent } else { 0.0 };
    [counts * (cell.heard * off / soft + heard), frequencies * (PI / STRAY) * (cos * s - sin * c)]
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
