//! The attention wrapper of layer 0 over a whole sequence, forward and backward, on plain slices
//! (`spec/rnn.md` §8.3).
//!
//! The maths behind a custom burn operation, as [`crate::lstm`] is for a plain layer. The memory is one array over
//! all steps, its first `window` rows carried in from the stretch before: step `t` reads rows `t..t + window` and
//! appends row `t + window`. Keys are made once per row, not once per step. Runs on the thread that trains.

use crate::lstm::{FewHot, LANES, Shape, add_rows, cell, cell_backward, column_sums, load, scatter, store};
use crate::matrix::{Mat, exp, product, tanh, vectorised};

/// The parameters, row-major, in the order of [`crate::network::Network`]'s variables.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// `[width + units, width]`: input and last attention → input of the cell.
    pub mix: &'a [f32],
    /// `[width]`.
    pub mix_bias: &'a [f32],
    /// `[width + units, 4 * units]`.
    pub kernel: &'a [f32],
    /// `[4 * units]`.
    pub bias: &'a [f32],
    /// `[units, units]`: memory rows → keys.
    pub keys: &'a [f32],
    /// `[units]`: keys and query → score.
    pub score: &'a [f32],
    /// `[2 * units, units]`: cell, then output → query.
    pub query: &'a [f32],
    /// `[units]`.
    pub query_bias: &'a [f32],
    /// `[2 * units, units]`: output, then attention → output of the wrapper.
    pub out: &'a [f32],
    /// `[units]`.
    pub out_bias: &'a [f32],
}

/// What a stretch starts from; all `[batch, units]`, the memory `[window, batch, units]` with the oldest row first.
#[derive(Clone, Copy, Debug)]
pub struct Initial<'a> {
    /// Output of the cell.
    pub h: &'a [f32],
    /// Cell.
    pub c: &'a [f32],
    /// Last attention.
    pub attended: &'a [f32],
    /// Last outputs of the wrapper.
    pub memory: &'a [f32],
}

/// What the backward pass needs from the forward pass. Arrays named "after" have the initial rows in front.
#[derive(Debug)]
pub struct Tape {
    window: usize,
    /// Inputs of the cell, `[steps * batch, width]`.
    mixed: Vec<f32>,
    /// Activated gates, `[steps * batch, 4 * units]`.
    gates: Vec<f32>,
    /// Cells after each step.
    cells: Vec<f32>,
    /// Cell outputs after each step.
    hidden: Vec<f32>,
    /// Attention after each step.
    attended: Vec<f32>,
    /// `[steps * batch, units]`.
    queries: Vec<f32>,
    /// `[(window + steps) * batch, units]`.
    memory: Vec<f32>,
    /// The same through the key matrix.
    keys: Vec<f32>,
    /// Shares of the memory rows, `[steps * batch, window]`.
    shares: Vec<f32>,
}

impl Tape {
    /// Outputs of all steps, `[steps * batch, units]`.
    #[must_use]
    pub fn outputs(&self, shape: Shape) -> &[f32] {
        &self.memory[self.window * shape.batch * shape.units..]
    }

    /// State after the last step: h, c, attention, memory.
    #[must_use]
    pub fn last(&self, shape: Shape) -> [Vec<f32>; 4] {
        let at = shape.rows() * shape.units;
        [&self.hidden, &self.cells, &self.attended, &self.memory].map(|all| all[at..].to_vec())
    }
}

/// Gradients in the order of [`Parameters`].
pub type Gradients = [Vec<f32>; 10];

/// Runs the layer on few-hot rows. The window follows from the length of `initial.memory`.
///
/// # Panics
/// If a slice does not fit `shape`.
#[must_use]
pub fn forward(p: Parameters<'_>, input: &FewHot, initial: Initial<'_>, shape: Shape) -> Tape {
    let Shape { steps, batch, width, units } = shape;
    let (rows, four, state) = (shape.rows(), 4 * units, batch * units);
    let window = initial.memory.len() / state;
    assert_eq!(p.kernel.len(), (width + units) * four, "kernel shape");
    assert_eq!(p.mix.len(), (width + units) * width, "mix shape");
    let (mix_in, mix_att) = p.mix.split_at(width * width);
    let (kernel_in, kernel_h) = p.kernel.split_at(width * four);
    let (query_c, query_h) = p.query.split_at(units * units);
    let (out_h, out_att) = p.out.split_at(units * units);

    let mut tape = Tape {
        window,
        mixed: repeat(p.mix_bias, rows),
        gates: repeat(p.bias, rows),
        cells: extended(initial.c, rows * units),
        hidden: extended(initial.h, rows * units),
        attended: extended(initial.attended, rows * units),
        queries: repeat(p.query_bias, rows),
        memory: extended(initial.memory, rows * units),
        keys: vec![0.0; (window + steps) * state],
        shares: vec![0.0; rows * window],
    };
    add_rows(&mut tape.mixed, input, mix_in, width);
    product(
        &mut tape.keys,
        Mat::new(initial.memory, window * batch, units),
        Mat::new(p.keys, units, units),
        false,
    );
    for t in 0..steps {
        let (before, after) = (t * state..(t + 1) * state, (t + 1) * state..(t + 2) * state);
        let mixed = &mut tape.mixed[t * batch * width..(t + 1) * batch * width];
        product(
            mixed,
            Mat::new(&tape.attended[before.clone()], batch, units),
            Mat::new(mix_att, units, width),
            true,
        );
        let z = &mut tape.gates[t * batch * four..(t + 1) * batch * four];
        product(z, Mat::new(mixed, batch, width), Mat::new(kernel_in, width, four), true);
        product(
            z,
            Mat::new(&tape.hidden[before.clone()], batch, units),
            Mat::new(kernel_h, units, four),
            true,
        );
        let (c_before, c_after) = tape.cells[t * state..(t + 2) * state].split_at_mut(state);
        let h_after = &mut tape.hidden[after.clone()];
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
        let query = &mut tape.queries[before.clone()];
        product(query, Mat::new(c_after, batch, units), Mat::new(query_c, units, units), true);
        product(query, Mat::new(h_after, batch, units), Mat::new(query_h, units, units), true);
        let seen = t * state..(t + window) * state;
        let (keys, memory) = (&tape.keys[seen.clone()], &tape.memory[seen]);
        let attended = &mut tape.attended[after];
        let shares = &mut tape.shares[t * batch * window..(t + 1) * batch * window];
        vectorised(|| {
            for b in 0..batch {
                let at = b * units..(b + 1) * units;
                attend(
                    keys,
                    memory,
                    (b * units, state),
                    &query[at.clone()],
                    p.score,
                    &mut shares[b * window..(b + 1) * window],
                    &mut attended[at],
                );
            }
        });
        let row = (t + window) * state..(t + window + 1) * state;
        let out = &mut tape.memory[row.clone()];
        for o in out.chunks_exact_mut(units) {
            o.copy_from_slice(p.out_bias);
        }
        product(out, Mat::new(h_after, batch, units), Mat::new(out_h, units, units), true);
        product(out, Mat::new(attended, batch, units), Mat::new(out_att, units, units), true);
        product(&mut tape.keys[row], Mat::new(out, batch, units), Mat::new(p.keys, units, units), false);
    }
    tape
}

/// Back-propagates `d_output` (`[steps * batch, units]`) through time. The initial state is a constant.
#[must_use]
pub fn backward(p: Parameters<'_>, input: &FewHot, tape: &Tape, d_output: &[f32], shape: Shape) -> Gradients {
    let Shape { steps, batch, width, units } = shape;
    let (rows, four, state, window) = (shape.rows(), 4 * units, batch * units, tape.window);
    let (_, mix_att) = p.mix.split_at(width * width);
    let (kernel_in, kernel_h) = p.kernel.split_at(width * four);
    let (query_c, query_h) = p.query.split_at(units * units);
    let (out_h, out_att) = p.out.split_at(units * units);
    let square = |m| Mat::new(m, units, units).t();

    let mut d_memory = vec![0.0; (window + steps) * state];
    d_memory[window * state..].copy_from_slice(d_output);
    let mut d_keys = vec![0.0; (window + steps) * state];
    let mut d_queries = vec![0.0; rows * units];
    let mut d_score = vec![0.0; units];
    let mut dz_all = vec![0.0; rows * four];
    let mut d_mixed = vec![0.0; rows * width];
    let (mut dh_next, mut dc, mut d_attended_next) = (vec![0.0; state], vec![0.0; state], vec![0.0; state]);
    let zero = vec![0.0; state];
    for t in (0..steps).rev() {
        let (before, after) = (t * state..(t + 1) * state, (t + 1) * state..(t + 2) * state);
        let row = (t + window) * state..(t + window + 1) * state;
        // All later readers of this row are done: add what came through its keys.
        product(
            &mut d_memory[row.clone()],
            Mat::new(&d_keys[row.clone()], batch, units),
            square(p.keys),
            true,
        );
        let d_out = Mat::new(&d_memory[row], batch, units);
        let mut dh = dh_next.clone();
        product(&mut dh, d_out, square(out_h), true);
        let mut d_attended = d_attended_next.clone();
        product(&mut d_attended, d_out, square(out_att), true);

        let seen = t * state..(t + window) * state;
        let (keys, memory) = (&tape.keys[seen.clone()], &tape.memory[seen.clone()]);
        let (to_keys, to_memory) = (&mut d_keys[seen.clone()], &mut d_memory[seen]);
        let (query, d_query) = (&tape.queries[before.clone()], &mut d_queries[before.clone()]);
        let shares = &tape.shares[t * batch * window..(t + 1) * batch * window];
        vectorised(|| {
            for b in 0..batch {
                let at = b * units..(b + 1) * units;
                attend_backward(
                    Seen {
                        keys,
                        memory,
                        query: &query[at.clone()],
                        score: p.score,
                        first: b * units,
                        stride: state,
                    },
                    &shares[b * window..(b + 1) * window],
                    &d_attended[at.clone()],
                    Found { keys: to_keys, memory: to_memory, query: &mut d_query[at], score: &mut d_score },
                );
            }
        });
        product(&mut dc, Mat::new(d_query, batch, units), square(query_c), true);
        product(&mut dh, Mat::new(d_query, batch, units), square(query_h), true);
        let dz = &mut dz_all[t * batch * four..(t + 1) * batch * four];
        let gates = &tape.gates[t * batch * four..(t + 1) * batch * four];
        vectorised(|| {
            for b in 0..batch {
                let (at, wide) = (b * units..(b + 1) * units, b * four..(b + 1) * four);
                cell_backward(
                    &mut dz[wide.clone()],
                    &gates[wide],
                    &tape.cells[before.clone()][at.clone()],
                    &tape.cells[after.clone()][at.clone()],
                    &dh[at.clone()],
                    &zero[at.clone()],
                    &mut dc[at],
                );
            }
        });
        let dz = Mat::new(dz, batch, four);
        let d_mix = &mut d_mixed[t * batch * width..(t + 1) * batch * width];
        product(d_mix, dz, Mat::new(kernel_in, width, four).t(), false);
        product(&mut dh_next, dz, Mat::new(kernel_h, units, four).t(), false);
        product(
            &mut d_attended_next,
            Mat::new(d_mix, batch, width),
            Mat::new(mix_att, units, width).t(),
            false,
        );
    }

    let dz = Mat::new(&dz_all, rows, four);
    let d_out = &d_memory[window * state..];
    let mut d_kernel = vec![0.0; p.kernel.len()];
    let (to_in, to_h) = d_kernel.split_at_mut(width * four);
    product(to_in, Mat::new(&tape.mixed, rows, width).t(), dz, false);
    product(to_h, Mat::new(&tape.hidden, rows, units).t(), dz, false);
    let mut d_mix = vec![0.0; p.mix.len()];
    let (to_in, to_att) = d_mix.split_at_mut(width * width);
    scatter(to_in, input, &d_mixed, width);
    product(to_att, Mat::new(&tape.attended, rows, units).t(), Mat::new(&d_mixed, rows, width), false);
    let pair = |top: &[f32], bottom: &[f32], d: &[f32]| {
        let mut found = vec![0.0; 2 * units * units];
        let (to_top, to_bottom) = found.split_at_mut(units * units);
        product(to_top, Mat::new(top, rows, units).t(), Mat::new(d, rows, units), false);
        product(to_bottom, Mat::new(bottom, rows, units).t(), Mat::new(d, rows, units), false);
        found
    };
    let mut d_key_matrix = vec![0.0; units * units];
    let all = (window + steps) * batch;
    product(&mut d_key_matrix, Mat::new(&tape.memory, all, units).t(), Mat::new(&d_keys, all, units), false);
    [
        d_mix,
        column_sums(&d_mixed, width),
        d_kernel,
        column_sums(&dz_all, four),
        d_key_matrix,
        d_score,
        pair(&tape.cells[state..], &tape.hidden[state..], &d_queries),
        column_sums(&d_queries, units),
        pair(&tape.hidden[state..], &tape.attended[state..], d_out),
        column_sums(d_out, units),
    ]
}

fn repeat(row: &[f32], rows: usize) -> Vec<f32> {
    let mut all = Vec::with_capacity(row.len() * rows);
    for _ in 0..rows {
        all.extend_from_slice(row);
    }
    all
}

fn extended(front: &[f32], more: usize) -> Vec<f32> {
    let mut all = Vec::with_capacity(front.len() + more);
    all.extend_from_slice(front);
    all.resize(front.len() + more, 0.0);
    all
}

/// Attention of one sequence: row `r` of keys and memory begins at `first + r * stride`.
#[inline(always)]
fn attend(
    keys: &[f32],
    memory: &[f32],
    (first, stride): (usize, usize),
    query: &[f32],
    score: &[f32],
    shares: &mut [f32],
    attended: &mut [f32],
) {
    let units = query.len();
    let mut top = f32::NEG_INFINITY;
    for (r, share) in shares.iter_mut().enumerate() {
        let key = &keys[first + r * stride..][..units];
        let mut sums = [0.0; LANES];
        for at in (0..units).step_by(LANES) {
            let (k, q, v) = (load(key, at), load(query, at), load(score, at));
            for lane in 0..LANES {
                sums[lane] += v[lane] * tanh(k[lane] + q[lane]);
            }
        }
        *share = sums.iter().sum();
        top = top.max(*share);
    }
    let mut total = 0.0;
    for share in shares.iter_mut() {
        *share = exp(*share - top);
        total += *share;
    }
    shares.iter_mut().for_each(|share| *share /= total);
    for at in (0..units).step_by(LANES) {
        let mut sums = [0.0; LANES];
        for (r, share) in shares.iter().enumerate() {
            let m = load(&memory[first + r * stride..][..units], at);
            for lane in 0..LANES {
                sums[lane] += share * m[lane];
            }
        }
        store(attended, at, &sums);
    }
}

/// What one sequence's attention read.
struct Seen<'a> {
    keys: &'a [f32],
    memory: &'a [f32],
    query: &'a [f32],
    score: &'a [f32],
    first: usize,
    stride: usize,
}

/// Where its gradients go; all are added to.
struct Found<'a> {
    keys: &'a mut [f32],
    memory: &'a mut [f32],
    query: &'a mut [f32],
    score: &'a mut [f32],
}

/// Gradient of [`attend`].
#[inline(always)]
fn attend_backward(seen: Seen<'_>, shares: &[f32], d_attended: &[f32], found: Found<'_>) {
    let units = d_attended.len();
    let row = |r: usize| seen.first + r * seen.stride;
    // Gradient of each share first, then through the softmax.
    let mut d_shares = [0.0f32; 1024];
    let d_shares = &mut d_shares[..shares.len()];
    let mut mean = 0.0;
    for (r, (d, share)) in d_shares.iter_mut().zip(shares).enumerate() {
        let memory = &seen.memory[row(r)..][..units];
        let mut sums = [0.0; LANES];
        for at in (0..units).step_by(LANES) {
            let (m, a) = (load(memory, at), load(d_attended, at));
            for lane in 0..LANES {
                sums[lane] += m[lane] * a[lane];
            }
        }
        *d = sums.iter().sum();
        mean += *d * share;
    }
    for (d, share) in d_shares.iter_mut().zip(shares) {
        *d = share * (*d - mean);
    }
    for at in (0..units).step_by(LANES) {
        let (q, v, a) = (load(seen.query, at), load(seen.score, at), load(d_attended, at));
        let (mut dq, mut dv) = (load(found.query, at), load(found.score, at));
        for (r, (d, share)) in d_shares.iter().zip(shares).enumerate() {
            let range = row(r)..row(r) + units;
            let k = load(&seen.keys[range.clone()], at);
            let (to_key, to_memory) = (&mut found.keys[range.clone()], &mut found.memory[range]);
            let (mut dk, mut dm) = (load(to_key, at), load(to_memory, at));
            for lane in 0..LANES {
                let th = tanh(k[lane] + q[lane]);
                let g = d * v[lane] * (1.0 - th * th);
                dk[lane] += g;
                dq[lane] += g;
                dv[lane] += d * th;
                dm[lane] += share * a[lane];
            }
            store(to_key, at, &dk);
            store(to_memory, at, &dm);
        }
        store(found.query, at, &dq);
        store(found.score, at, &dv);
    }
}
