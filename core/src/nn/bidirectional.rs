//! Bidirectional LSTM layers over whole sequences of different lengths: an encoder (spec vae 5.2).
//!
//! Worker threads. Each layer reads its sequence forwards and backwards and hands both outputs, side by side, to the
//! layer above; the result is what the top layer's two runs end with. The lanes are ordered by length, so that those
//! which still run are always the first ones and nothing is computed for padding. The inputs of [`BLOCK`] steps are
//! multiplied at once: memory is read once for them and not at every step. Sums are the same chains as step by step.

use super::dense::{Lanes, SparseBatch};
use super::lstm::{Cell, Source, padded};
use super::pack::Storage;
use super::simd::Isa;
use super::state::Layout;
use super::{NnError, Weights};

/// Steps whose inputs are multiplied at once.
const BLOCK: usize = 16;

/// Packed encoder layers.
#[derive(Clone, Debug)]
pub struct Bidirectional {
    isa: Isa,
    input: usize,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    units: usize,
    /// Forwards, backwards.
    cells: [Cell; 2],
}

/// The rows of all lanes that a layer reads.
#[derive(Clone, Copy)]
enum Rows<'a> {
    Sparse(&'a [&'a [Vec<(u32, f32)>]]),
    /// Row `t` of a lane begins at `(starts[lane] + t) * width`.
    Dense {
        data: &'a [f32],
        width: usize,
        starts: &'a [usize],
    },
}

impl Bidirectional {
    /// Packs layers of `units` (per direction), from the input up. Layer `k` is
    /// `{scope}cell_{k}/bidirectional_rnn/{fw, bw}/multi_rnn_cell/cell_0/lstm_cell/{kernel, bias}`.
    ///
    /// # Errors
    /// [`NnError::Missing`], [`NnError::Shape`], [`NnError::Length`] with the variable's name;
    /// [`NnError::Config`] for a shape that no network has.
    pub fn new(
        weights: &Weights,
        scope: &str,
        input: usize,
        units: &[usize],
        storage: Storage,
    ) -> Result<Self, NnError> {
        if units.is_empty() || [input].iter().chain(units).any(|n| !(1..=1 << 16).contains(n)) {
            return Err(NnError::Config {
                reason: "its encoder has no layers, or an empty or too large one",
            });
        }
        let mut below = input;
        let mut layers = Vec::new();
        for (k, &units) in units.iter().enumerate() {
            let cell = |direction: &str| {
                let prefix =
                    format!("{scope}cell_{k}/bidirectional_rnn/{direction}/multi_rnn_cell/cell_0/lstm_cell/");
                Cell::load(weights, &prefix, below, units, storage)
            };
            layers.push(Layer { units, cells: [cell("fw")?, cell("bw")?] });
            below = 2 * units;
        }
        Ok(Self { isa: Isa::best(), input, layers })
    }

    /// The same network on a chosen instruction set; the results are the same bits.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// Width of the input.
    pub fn inputs(&self) -> usize {
        self.input
    }

    /// Width of the result: the forward and the backward output of the top layer.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| 2 * layer.units)
    }

    /// The result [lanes × [`Self::outputs`]] of one sequence per lane; zeros for an empty one. A step of a sequence
    /// lists its non-zero cells as (index, value). `tick` is called before every step and stops the run with an error.
    ///
    /// # Errors
    /// [`NnError::Input`] for an index outside the input; what `tick` says.
    pub fn run<E: From<NnError>>(
        &self,
        sequences: &[&[Vec<(u32, f32)>]],
        tick: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Vec<f32>, E> {
        let lengths: Vec<usize> = sequences.iter().map(|s| s.len()).collect();
        self.layers(&lengths, Rows::Sparse(sequences), tick)
    }

    /// [`Self::run`] for sequences that all have `steps` steps and are given in full: `data` [lanes × steps × inputs].
    ///
    /// # Errors
    /// [`NnError::Step`] if `data` is no whole number of sequences; what `tick` says.
    pub fn run_dense<E: From<NnError>>(
        &self,
        data: &[f32],
        steps: usize,
        tick: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Vec<f32>, E> {
        let lanes = data.len() / (steps * self.input).max(1);
        let expected = lanes * steps * self.input;
        if data.len() != expected {
            return Err(NnError::Step { what: "inputs", expected, found: data.len() }.into());
        }
        let starts: Vec<usize> = (0..lanes).map(|lane| lane * steps).collect();
        self.layers(&vec![steps; lanes], Rows::Dense { data, width: self.input, starts: &starts }, tick)
    }

    fn layers<E: From<NnError>>(
        &self,
        lengths: &[usize],
        rows: Rows<'_>,
        tick: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Vec<f32>, E> {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|&lane| std::cmp::Reverse(lengths[lane]));
        let starts: Vec<usize> = lengths
            .iter()
            .scan(0, |end, length| {
                let start = *end;
                *end += length;
                Some(start)
            })
            .collect();
        let total: usize = lengths.iter().sum();
        let (mut below, mut below_width) = (Vec::new(), 0);
        let mut result = vec![0.0; lengths.len() * self.outputs()];
        for (k, layer) in self.layers.iter().enumerate() {
            let width = 2 * layer.units;
            let top = k + 1 == self.layers.len();
            let mut above = vec![0.0; if top { 0 } else { total * width }];
            for (direction, cell) in layer.cells.iter().enumerate() {
                let rows = match k {
                    0 => rows,
                    _ => Rows::Dense { data: &below, width: below_width, starts: &starts },
                };
                let batch = Batch { isa: self.isa, order: &order, lengths, backwards: direction == 1 };
                let state = batch.run(cell, layer.units, self.input, rows, tick, |lane, t, h| {
                    if !top {
                        above[(starts[lane] + t) * width + direction * layer.units..][..layer.units]
                            .copy_from_slice(h);
                    }
                })?;
                if top {
                    for (lane, h) in order.iter().zip(state.chunks_exact(stride(layer.units))) {
                        result[lane * width + direction * layer.units..][..layer.units]
                            .copy_from_slice(&h[padded(layer.units)..][..layer.units]);
                    }
                }
            }
            (below, below_width) = (above, width);
        }
        Ok(result)
    }
}

/// Floats from one lane's state to the next.
fn stride(units: usize) -> usize {
    Layout::new(&[units], 0).stride
}

/// One direction of one layer.
struct Batch<'a> {
    isa: Isa,
    /// Lanes, longest first.
    order: &'a [usize],
    lengths: &'a [usize],
    backwards: bool,
}

impl Batch<'_> {
    /// Runs `cell` over all lanes and tells `seen(lane, step, output)`; the states after each lane's last step, in
    /// `order`.
    fn run<E: From<NnError>>(
        &self,
        cell: &Cell,
        units: usize,
        inputs: usize,
        rows: Rows<'_>,
        tick: &mut dyn FnMut() -> Result<(), E>,
        mut seen: impl FnMut(usize, usize, &[f32]),
    ) -> Result<Vec<f32>, E> {
        let stride = stride(units);
        let mut state = vec![0.0; self.order.len() * stride];
        let longest = self.order.first().map_or(0, |&lane| self.lengths[lane]);
        let (mut sparse, mut dense, mut z) = (SparseBatch::default(), Vec::new(), Vec::new());
        for from in (0..longest).step_by(BLOCK) {
            let to = (from + BLOCK).min(longest);
            let places: Vec<(usize, usize)> = (from..to).flat_map(|t| self.active(t)).collect();
            z.clear();
            z.resize(places.len() * cell.packed(), 0.0);
            cell.start(&mut z);
            match rows {
                Rows::Sparse(sequences) => {
                    let rows: Vec<&[_]> = places.iter().map(|&(lane, t)| &sequences[lane][t][..]).collect();
                    sparse.fill(&rows, inputs)?;
                    cell.feed(self.isa, Source::Sparse(sparse.all()), &mut z);
                }
                Rows::Dense { data, width, starts } => {
                    dense.clear();
                    for &(lane, t) in &places {
                        dense.extend_from_slice(&data[(starts[lane] + t) * width..][..width]);
                    }
                    cell.feed(self.isa, Source::Dense(Lanes { data: &dense, stride: width }), &mut z);
                }
            }
            let (mut places, mut z) = (places.as_slice(), z.as_mut_slice());
            for t in from..to {
                tick()?;
                let (now, later) = places.split_at(self.active(t).count());
                let (sums, further) = z.split_at_mut(now.len() * cell.packed());
                cell.advance(self.isa, &mut state[..now.len() * stride], stride, 0, sums);
                for (&(lane, t), h) in now.iter().zip(state.chunks_exact(stride)) {
                    seen(lane, t, &h[padded(units)..][..units]);
                }
                (places, z) = (later, further);
            }
        }
        Ok(state)
    }

    /// Lanes that have a step number `t`, and which of their steps it is.
    fn active(&self, t: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.order
            .iter()
            .take_while(move |&&lane| self.lengths[lane] > t)
            .map(move |&lane| (lane, if self.backwards { self.lengths[lane] - 1 - t } else { t }))
    }
}
