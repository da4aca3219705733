//! One LSTM layer over a whole sequence, forward and backward, on plain slices.
//!
//! The maths behind the custom burn operation in [`crate::op`]: one input product (or a gather of rows for few-hot
//! inputs) for all steps, then one recurrent product per step; the backward pass is written by hand and turns the
//! weight gradients into products over all steps. Cell and layout are `spec/rnn.md` §8.1: gates i, j, f, o, forget
//! bias +1 added at run time, kernel rows first input then previous h. Sequences are time-major: row `t * batch + b`.
//! Runs on the thread that trains; never allocates per step.

use crate::matrix::{Mat, product, sigmoid, tanh, vectorised};

/// Few-hot input rows in compressed form: row `r` holds `value[i]` at column `index[i]` for `i` in
/// `start[r]..start[r + 1]`, zero elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FewHot {
    /// Offsets of the rows, one more than there are rows.
    pub start: Vec<u32>,
    /// Columns.
    pub index: Vec<u32>,
    /// Values at those columns.
    pub value: Vec<f32>,
}

impl FewHot {
    /// No rows yet.
    #[must_use]
    pub fn new() -> Self {
        Self { start: vec![0], index: Vec::new(), value: Vec::new() }
    }

    /// Number of finished rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.start.len() - 1
    }

    /// Sets one element of the row being written.
    pub fn push(&mut self, column: usize, value: f32) {
        self.index.push(column as u32);
        self.value.push(value);
    }

    /// Finishes the row being written.
    pub fn end_row(&mut self) {
        self.start.push(self.index.len() as u32);
    }

    /// Column and value of the elements of row `r`.
    pub fn row(&self, r: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let range = self.start[r] as usize..self.start[r + 1] as usize;
        self.index[range.clone()].iter().zip(&self.value[range]).map(|(&i, &v)| (i as usize, v))
    }
}

/// Input of a layer: `steps * batch` rows.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Row-major, `width` columns.
    Dense(&'a [f32]),
    /// Few-hot rows.
    FewHot(&'a FewHot),
    /// Few-hot rows, and beside them numbers that each sequence is told at every step.
    Told {
        /// The rows; they leave the told columns free.
        rows: &'a FewHot,
        /// `[batch, n]`.
        told: &'a [f32],
        /// First of the `n` columns.
        at: usize,
    },
}

/// Sizes of one layer run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Time steps.
    pub steps: usize,
    /// Sequences run side by side.
    pub batch: usize,
    /// Input columns.
    pub width: usize,
    /// LSTM units.
    pub units: usize,
}

impl Shape {
    /// Rows of a time-major sequence.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.steps * self.batch
    }
}

/// State of a layer for a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Output of the last step, `[batch, units]`.
    pub h: Vec<f32>,
    /// Cell, `[batch, units]`.
    pub c: Vec<f32>,
    /// Last attention, `[batch, units]`; empty in a plain layer.
    pub attended: Vec<f32>,
    /// Attention memory, `[window, batch, units]`, oldest row first; empty in a plain layer.
    pub memory: Vec<f32>,
}

impl State {
    /// The zero state of a plain layer.
    #[must_use]
    pub fn zero(batch: usize, units: usize) -> Self {
        let zeros = vec![0.0; batch * units];
        Self { h: zeros.clone(), c: zeros, attended: Vec::new(), memory: Vec::new() }
    }

    /// The zero state of a layer with attention over `window` steps.
    #[must_use]
    pub fn with_attention(batch: usize, units: usize, window: usize) -> Self {
        let memory = vec![0.0; window * batch * units];
        Self { attended: vec![0.0; batch * units], memory, ..Self::zero(batch, units) }
    }

    /// Zeroes the state of sequence `b`.
    pub fn reset(&mut self, b: usize, units: usize) {
        let stride = self.h.len();
        let at = b * units..(b + 1) * units;
        for part in [&mut self.h, &mut self.c, &mut self.attended] {
            if let Some(part) = part.get_mut(at.clone()) {
                part.fill(0.0);
            }
        }
        for row in self.memory.chunks_exact_mut(stride) {
            row[at.clone()].fill(0.0);
        }
    }
}

/// What the backward pass needs from the forward pass.
#[derive(Debug)]
pub struct Tape {
    /// Activated gates i, j, f, o: `[steps * batch, 4 * units]`.
    gates: Vec<f32>,
    /// Cells, the initial one first: `[(steps + 1) * batch, units]`.
    cells: Vec<f32>,
    /// Outputs, the initial one first: `[(steps + 1) * batch, units]`.
    hidden: Vec<f32>,
}

impl Tape {
    /// Outputs of all steps, `[steps * batch, units]`.
    #[must_use]
    pub fn outputs(&self, shape: Shape) -> &[f32] {
        &self.hidden[shape.batch * shape.units..]
    }

    /// State after the last step.
    #[must_use]
    pub fn last(&self, shape: Shape) -> State {
        let at = shape.rows() * shape.units;
        State {
            h: self.hidden[at..].to_vec(),
            c: self.cells[at..].to_vec(),
            attended: Vec::new(),
            memory: Vec::new(),
        }
    }
}

/// Gradients of one layer run.
#[derive(Debug)]
pub struct Gradients {
    /// Of the kernel, `[width + units, 4 * units]`.
    pub kernel: Vec<f32>,
    /// Of the bias, `[4 * units]`.
    pub bias: Vec<f32>,
    /// Of a dense input, `[steps * batch, width]`; of what the sequences were told, `[batch, n]`.
    pub input: Option<Vec<f32>>,
    /// Of the initial h, `[batch, units]`.
    pub h: Vec<f32>,
    /// Of the initial cell, `[batch, units]`.
    pub c: Vec<f32>,
}

/// Runs the layer over `shape.steps` steps from `initial`.
///
/// # Panics
/// If a slice does not fit `shape`.
#[must_use]
pub fn forward(kernel: &[f32], bias: &[f32], input: Input<'_>, initial: &State, shape: Shape) -> Tape {
    let Shape { steps, batch, width, units } = shape;
    let (four, state) = (4 * units, batch * units);
    assert_eq!(kernel.len(), (width + units) * four, "kernel shape");
    assert_eq!(bias.len(), four, "bias shape");
    let (from_input, recurrent) = kernel.split_at(width * four);

    let mut gates = vec![0.0; shape.rows() * four];
    for row in gates.chunks_exact_mut(four) {
        row.copy_from_slice(bias);
    }
    match input {
        Input::Dense(x) => {
            product(&mut gates, Mat::new(x, shape.rows(), width), Mat::new(from_input, width, four), true);
        }
        Input::FewHot(rows) => {
            add_rows(&mut gates, rows, from_input, four);
        }
        Input::Told { rows, told, at } => {
            add_rows(&mut gates, rows, from_input, four);
            let n = told.len() / batch;
            let mut once = vec![0.0; batch * four];
            product(&mut once, Mat::new(told, batch, n), Mat::new(&from_input[at * four..], n, four), false);
            for step in gates.chunks_exact_mut(batch * four) {
                vectorised(|| axpy(step, 1.0, &once));
            }
        }
    }

    let mut cells = vec![0.0; (steps + 1) * state];
    let mut hidden = vec![0.0; (steps + 1) * state];
    cells[..state].copy_from_slice(&initial.c);
    hidden[..state].copy_from_slice(&initial.h);
    for t in 0..steps {
        let z = &mut gates[t * batch * four..(t + 1) * batch * four];
        let (h_before, h_after) = hidden[t * state..(t + 2) * state].split_at_mut(state);
        let (c_before, c_after) = cells[t * state..(t + 2) * state].split_at_mut(state);
        product(z, Mat::new(h_before, batch, units), Mat::new(recurrent, units, four), true);
        vectorised(|| {
            for b in 0..batch {
                let at = b * units..(b + 1) * units;
                cell(
                    &mut z[b * four..(b + 1) * four],
                    &c_before[at.clone()],
                    &mut c_after[at.clone()],
                    &mut h_after[at],
                );
            }
        });
    }
    Tape { gates, cells, hidden }
}

/// Back-propagates `d_output` (`[steps * batch, units]`) through time.
#[must_use]
pub fn backward(kernel: &[f32], input: Input<'_>, tape: &Tape, d_output: &[f32], shape: Shape) -> Gradients {
    let Shape { steps, batch, width, units } = shape;
    let (four, state) = (4 * units, batch * units);
    let (from_input, recurrent) = kernel.split_at(width * four);

    let mut dz = vec![0.0; shape.rows() * four];
    let mut dh = vec![0.0; state];
    let mut dc = vec![0.0; state];
    // Transposed once, so that the product of every step packs it along its rows.
    let mut recurrent_t = vec![0.0; units * four];
    for (r, row) in recurrent.chunks_exact(four).enumerate() {
        for (c, &v) in row.iter().enumerate() {
            recurrent_t[c * units + r] = v;
        }
    }
    for t in (0..steps).rev() {
        let step = t * batch * four..(t + 1) * batch * four;
        let z = &mut dz[step.clone()];
        let gates = &tape.gates[step];
        let c_before = &tape.cells[t * state..(t + 1) * state];
        let c_after = &tape.cells[(t + 1) * state..(t + 2) * state];
        let from_above = &d_output[t * state..(t + 1) * state];
        vectorised(|| {
            for b in 0..batch {
                let (at, wide) = (b * units..(b + 1) * units, b * four..(b + 1) * four);
                cell_backward(
                    &mut z[wide.clone()],
                    &gates[wide],
                    &c_before[at.clone()],
                    &c_after[at.clone()],
                    &from_above[at.clone()],
                    &dh[at.clone()],
                    &mut dc[at],
                );
            }
        });
        product(&mut dh, Mat::new(z, batch, four), Mat::new(&recurrent_t, four, units), false);
    }

    let mut d_kernel = vec![0.0; kernel.len()];
    let (d_from_input, d_recurrent) = d_kernel.split_at_mut(width * four);
    let rows = shape.rows();
    product(d_recurrent, Mat::new(&tape.hidden, rows, units).t(), Mat::new(&dz, rows, four), false);
    let d_input = match input {
        Input::Dense(x) => {
            product(d_from_input, Mat::new(x, rows, width).t(), Mat::new(&dz, rows, four), false);
            let mut dx = vec![0.0; rows * width];
            product(&mut dx, Mat::new(&dz, rows, four), Mat::new(from_input, width, four).t(), false);
            Some(dx)
        }
        Input::FewHot(hot) => {
            scatter(d_from_input, hot, &dz, four);
            None
        }
        Input::Told { rows: hot, told, at } => {
            scatter(d_from_input, hot, &dz, four);
            let n = told.len() / batch;
            let mut sums = vec![0.0; batch * four];
            for step in dz.chunks_exact(batch * four) {
                vectorised(|| axpy(&mut sums, 1.0, step));
            }
            let columns = at * four..(at + n) * four;
            let sums = Mat::new(&sums, batch, four);
            product(&mut d_from_input[columns.clone()], Mat::new(told, batch, n).t(), sums, false);
            let mut d_told = vec![0.0; batch * n];
            product(&mut d_told, sums, Mat::new(&from_input[columns], n, four).t(), false);
            Some(d_told)
        }
    };
    let d_bias = column_sums(&dz, four);
    Gradients { kernel: d_kernel, bias: d_bias, input: d_input, h: dh, c: dc }
}

/// `to += rows · matrix`, the matrix having `columns` columns.
pub(crate) fn add_rows(to: &mut [f32], rows: &FewHot, matrix: &[f32], columns: usize) {
    assert_eq!(rows.rows() * columns, to.len(), "input rows");
    vectorised(|| {
        for (r, to) in to.chunks_exact_mut(columns).enumerate() {
            for (column, value) in rows.row(r) {
                axpy(to, value, &matrix[column * columns..(column + 1) * columns]);
            }
        }
    });
}

/// `to += rowsᵀ · from`, the gradient of [`add_rows`] with respect to its matrix.
pub(crate) fn scatter(to: &mut [f32], rows: &FewHot, from: &[f32], columns: usize) {
    vectorised(|| {
        for (r, from) in from.chunks_exact(columns).enumerate() {
            for (column, value) in rows.row(r) {
                axpy(&mut to[column * columns..(column + 1) * columns], value, from);
            }
        }
    });
}

/// Sum of the rows of a matrix with `columns` columns.
pub(crate) fn column_sums(matrix: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    vectorised(|| {
        for row in matrix.chunks_exact(columns) {
            axpy(&mut sums, 1.0, row);
        }
    });
    sums
}

#[inline(always)]
fn axpy(y: &mut [f32], a: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * *x;
    }
}

/// Lanes worked on at a time. The loops below copy blocks of this size into arrays: with ten slices the compiler
/// gives up proving that they do not overlap and leaves the loop scalar; arrays cannot overlap.
pub(crate) const LANES: usize = 16;
pub(crate) type Block = [f32; LANES];

#[inline(always)]
pub(crate) fn load(from: &[f32], at: usize) -> Block {
    let mut block = [0.0; LANES];
    let n = LANES.min(from.len() - at);
    if n == LANES {
        block.copy_from_slice(&from[at..at + LANES]);
    } else {
        block[..n].copy_from_slice(&from[at..at + n]);
    }
    block
}

#[inline(always)]
pub(crate) fn store(to: &mut [f32], at: usize, block: &Block) {
    let n = LANES.min(to.len() - at);
    if n == LANES {
        to[at..at + LANES].copy_from_slice(block);
    } else {
        to[at..at + n].copy_from_slice(&block[..n]);
    }
}

#[inline(always)]
fn map(block: Block, f: impl Fn(f32) -> f32) -> Block {
    let mut out = block;
    for v in &mut out {
        *v = f(*v);
    }
    out
}

/// Splits a row of four gates into its parts.
#[inline(always)]
fn parts(z: &[f32]) -> [&[f32]; 4] {
    let units = z.len() / 4;
    [&z[..units], &z[units..2 * units], &z[2 * units..3 * units], &z[3 * units..4 * units]]
}

#[inline(always)]
fn parts_mut(z: &mut [f32]) -> [&mut [f32]; 4] {
    let units = z.len() / 4;
    let (i, rest) = z.split_at_mut(units);
    let (j, rest) = rest.split_at_mut(units);
    let (f, o) = rest.split_at_mut(units);
    [i, j, f, o]
}

/// Activates one row of gates in place and steps the cell.
#[allow(clippy::needless_range_loop, reason = "lanes of many arrays; an index reads best and vectorises")]
#[inline(always)]
pub(crate) fn cell(z: &mut [f32], c_before: &[f32], c_after: &mut [f32], h: &mut [f32]) {
    let [gate_i, gate_j, gate_f, gate_o] = parts_mut(z);
    for at in (0..c_before.len()).step_by(LANES) {
        let i = map(load(gate_i, at), sigmoid);
        let j = map(load(gate_j, at), tanh);
        let f = map(load(gate_f, at), |v| sigmoid(v + 1.0));
        let o = map(load(gate_o, at), sigmoid);
        let before = load(c_before, at);
        let (mut c, mut out) = ([0.0; LANES], [0.0; LANES]);
        for k in 0..LANES {
            c[k] = before[k] * f[k] + i[k] * j[k];
        }
        let tanh_c = map(c, tanh);
        for k in 0..LANES {
            out[k] = tanh_c[k] * o[k];
        }
        store(gate_i, at, &i);
        store(gate_j, at, &j);
        store(gate_f, at, &f);
        store(gate_o, at, &o);
        store(c_after, at, &c);
        store(h, at, &out);
    }
}

/// Gradient of one row: writes the gradient of the pre-activations, updates the running cell gradient.
#[allow(clippy::needless_range_loop, reason = "lanes of many arrays; an index reads best and vectorises")]
#[inline(always)]
pub(crate) fn cell_backward(
    dz: &mut [f32],
    gates: &[f32],
    c_before: &[f32],
    c_after: &[f32],
    from_above: &[f32],
    from_next: &[f32],
    dc: &mut [f32],
) {
    let [gate_i, gate_j, gate_f, gate_o] = parts(gates);
    let [to_i, to_j, to_f, to_o] = parts_mut(dz);
    for at in (0..c_before.len()).step_by(LANES) {
        let (i, j, f, o) = (load(gate_i, at), load(gate_j, at), load(gate_f, at), load(gate_o, at));
        let (before, after) = (load(c_before, at), map(load(c_after, at), tanh));
        let (above, next, carried) = (load(from_above, at), load(from_next, at), load(dc, at));
        let mut out = [[0.0; LANES]; 5];
        for k in 0..LANES {
            let dh = above[k] + next[k];
            let d = carried[k] + dh * o[k] * (1.0 - after[k] * after[k]);
            out[0][k] = d * j[k] * i[k] * (1.0 - i[k]);
            out[1][k] = d * i[k] * (1.0 - j[k] * j[k]);
            out[2][k] = d * before[k] * f[k] * (1.0 - f[k]);
            out[3][k] = dh * after[k] * o[k] * (1.0 - o[k]);
            out[4][k] = d * f[k];
        }
        store(to_i, at, &out[0]);
        store(to_j, at, &out[1]);
        store(to_f, at, &out[2]);
        store(to_o, at, &out[3]);
        store(dc, at, &out[4]);
    }
}
