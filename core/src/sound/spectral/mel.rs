//! Mel bands: the matrix from linear bins to bands and the one back, with their zeros left out (spec audio 1.7).
//!
//! Worker threads; 64-bit. Copies the original's peculiarities: its frequencies end exactly at half the rate, and a band
//! that is too narrow moves edges that its neighbours read after it.
use super::SpectralError;

/// A matrix that acts on rows, without its zeros.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    outputs: usize,
    /// Where the cells of each input end.
    ends: Vec<usize>,
    /// Output and value.
    cells: Vec<(u32, f64)>,
}

impl Sparse {
    /// From the cells (input, output, value).
    fn new(inputs: usize, outputs: usize, mut cells: Vec<(u32, u32, f64)>) -> Self {
        cells.sort_by_key(|c| (c.0, c.1));
        let ends = (0..inputs).map(|i| cells.partition_point(|c| c.0 as usize <= i)).collect();
        Self { outputs, ends, cells: cells.iter().map(|c| (c.1, c.2)).collect() }
    }

    /// Length of a row that goes in.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.ends.len()
    }

    /// Length of a row that comes out.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// All cells that are not zero, as (input, output, value), in this order.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        (0..self.inputs()).flat_map(|i| self.row(i).iter().map(move |&(o, v)| (i, o as usize, v)))
    }

    fn row(&self, input: usize) -> &[(u32, f64)] {
        let start = if input == 0 { 0 } else { self.ends[input - 1] };
        &self.cells[start..self.ends[input]]
    }

    /// Every row of `x` times the matrix.
    ///
    /// # Errors
    /// [`SpectralError::Length`] if `x` is no whole number of rows.
    pub fn rows(&self, x: &[f64]) -> Result<Vec<f64>, SpectralError> {
        let count = x.len() / self.inputs().max(1);
        let expected = count * self.inputs();
        if x.len() != expected {
            return Err(SpectralError::Length { what: "values in whole rows", expected, found: x.len() });
        }
        let mut y = vec![0.0; count * self.outputs];
        for (x, y) in x.chunks_exact(self.inputs().max(1)).zip(y.chunks_exact_mut(self.outputs.max(1))) {
            for (i, &x) in x.iter().enumerate() {
                for &(o, value) in self.row(i) {
                    y[o as usize] += x * value;
                }
            }
        }
        Ok(y)
    }
}

/// The matrices of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct MelBands {
    to: Sparse,
    from: Sparse,
}

impl MelBands {
    /// `mels` bands over `bins` linear bins of sound with `rate` samples per second.
    ///
    /// # Errors
    /// [`SpectralError::Sizes`].
    pub fn new(bins: usize, mels: usize, rate: f64) -> Result<Self, SpectralError> {
        const MOST: usize = 1 << 16;
        let sizes = (2..=MOST).contains(&bins) && (1..=MOST).contains(&mels);
        if !(sizes && rate > 0.0 && rate.is_finite()) {
            return Err(SpectralError::Sizes("no bins, no mel bands, or too many"));
        }
        let top = rate / 2.0;
        let edges: Vec<f64> = edges(bins, mels, top).into_iter().map(hertz).collect();
        let spacing = top / (bins - 1) as f64;
        let mut cells = Vec::new();
        for (band, edge) in edges.windows(3).enumerate() {
            let &[low, centre, high] = edge else { continue };
            // The first bin belongs to no band.
            let first = ((low / spacing) as usize).max(1);
            for bin in first..bins {
                let hertz = if bin + 1 == bins { top } else { bin as f64 * spacing };
                if hertz >= high {
                    break;
                }
                let weight = ((hertz - low) / (centre - low)).min((high - hertz) / (high - centre));
                if weight > 0.0 {
                    cells.push((bin as u32, band as u32, weight));
                }
            }
        }
        let to = Sparse::new(bins, mels, cells);
        let from = Sparse::new(mels, bins, inverse(&to));
        Ok(Self { to, from })
    }

    /// Linear bins → bands.
    #[must_use]
    pub fn to_mel(&self) -> &Sparse {
        &self.to
    }

    /// Bands → linear bins.
    #[must_use]
    pub fn from_mel(&self) -> &Sparse {
        &self.from
    }
}

/// Cells of the matrix back: the transpose, each bin divided by what it gets from all bins on the way there and back.
fn inverse(to: &Sparse) -> Vec<(u32, u32, f64)> {
    let mut share = vec![0.0; to.outputs()];
    to.cells().for_each(|(_, band, weight)| share[band] += weight);
    let mut sums = vec![0.0; to.inputs()];
    to.cells().for_each(|(bin, band, weight)| sums[bin] += weight * share[band]);
    let scale = |sum: f64| if sum.abs() > 1e-8 { 1.0 / sum } else { sum };
    to.cells().map(|(bin, band, weight)| (band as u32, bin as u32, weight * scale(sums[bin]))).collect()
}

/// Lower edges of all bands, then the last centre and the last upper edge, in mel. Band `i` is centred at `i + 1` and ends
/// at `i + 2`.
fn edges(bins: usize, mels: usize, top: f64) -> Vec<f64> {
    let step = mel(top) / (mels + 1) as f64;
    let mut edges: Vec<f64> = (0..mels + 2).map(|i| i as f64 * step).collect();
    let narrowest = 1.5 * top / bins as f64;
    for i in 0..mels {
        let centre = edges[i + 1];
        if hertz(edges[i + 2]) - hertz(edges[i]) < narrowest {
            let half = 1127.0 * (0.5 * narrowest / (hertz(centre) + 700.0)).asinh();
            edges[i] = centre - half;
            edges[i + 2] = centre + half;
        }
    }
    edges
}

fn mel(hertz: f64) -> f64 {
    1127.0 * (hertz / 700.0).ln_1p()
}

fn hertz(mel: f64) -> f64 {
    700.0 * (mel / 1127.0).exp_m1()
}
