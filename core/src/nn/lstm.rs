//! One LSTM layer on packed weights (spec 8.1): z = [x, h]·kernel + bias, gates, new cell and output.
//!
//! Worker threads; allocates at load only. The forget bias of 1 that the reference adds at run time is part of
//! the packed bias.

use super::dense::{Lanes, SparseLanes, accumulate, accumulate_sparse, start};
use super::math::{sigmoid_v, tanh_v};
use super::pack::{Columns, Matrix, PANEL, Storage, UNITS, pack_bias};
use super::simd::{Isa, Kernel, Simd};
use super::{NnError, Weights};

/// What enters a layer.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The network's own input.
    Sparse(SparseLanes<'a>),
    /// The output of something below.
    Dense(Lanes<'a>),
}

impl Source<'_> {
    /// acc += this · the first `width` rows of `matrix`.
    pub(super) fn accumulate(self, isa: Isa, matrix: &Matrix, width: usize, acc: &mut [f32]) {
        match self {
            Self::Sparse(x) => accumulate_sparse(isa, matrix, x, acc),
            Self::Dense(x) => accumulate(isa, matrix, 0, width, x, acc),
        }
    }
}

/// Width of a vector of `units` in a state: a multiple of the units of a panel.
pub(super) fn padded(units: usize) -> usize {
    units.next_multiple_of(UNITS)
}

/// One packed layer.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    matrix: Matrix,
    bias: Vec<f32>,
    input: usize,
    units: usize,
}

impl Cell {
    /// Packs the layer whose variables begin with `prefix` (up to and with `basic_lstm_cell/` or `lstm_cell/`).
    pub(super) fn load(
        weights: &Weights,
        prefix: &str,
        input: usize,
        units: usize,
        storage: Storage,
    ) -> Result<Self, NnError> {
        let names = |new: &str, old: &str| [new, old].map(|n| format!("{prefix}{n}"));
        let kernel = weights.find(&names("kernel", "weights"), &[input + units, 4 * units])?;
        let bias = weights.find(&names("bias", "biases"), &[4 * units])?;
        let columns = Columns::Gates(units);
        Ok(Self {
            matrix: Matrix::pack(kernel, input + units, columns, storage),
            bias: pack_bias(Some(bias), columns, 1.0),
            input,
            units,
        })
    }

    /// Length of one lane of `z`.
    pub(super) fn packed(&self) -> usize {
        self.bias.len()
    }

    /// Bytes of weights that a step reads when its input is dense.
    pub(super) fn bytes(&self) -> usize {
        self.matrix.bytes()
    }

    /// Bytes of weights of one input.
    pub(super) fn row_bytes(&self) -> usize {
        self.matrix.row_bytes()
    }

    /// What every lane's sums `z` (lanes × [`Cell::packed`]) begin with.
    pub(super) fn start(&self, z: &mut [f32]) {
        start(&self.bias, z);
    }

    /// z += the inputs `first..first + width` of each lane, which are `x`.
    pub(super) fn feed_part(&self, isa: Isa, first: usize, width: usize, x: Lanes<'_>, z: &mut [f32]) {
        accumulate(isa, &self.matrix, first, width, x, z);
    }

    /// z += the whole input of each lane.
    pub(super) fn feed(&self, isa: Isa, input: Source<'_>, z: &mut [f32]) {
        input.accumulate(isa, &self.matrix, self.input, z);
    }

    /// The rest of a step for all lanes, from sums `z` that have seen the input. `state` lane `i` begins at
    /// `i * stride` and holds, from `at`, the cell and then the output, each [`padded`] wide; both are replaced.
    pub(super) fn advance(&self, isa: Isa, state: &mut [f32], stride: usize, at: usize, z: &mut [f32]) {
        let h = Lanes { data: &state[at + padded(self.units)..], stride };
        accumulate(isa, &self.matrix, self.input, self.units, h, z);
        isa.run(Gates { z, panels: self.matrix.panels, state, stride, at });
    }
}

struct Gates<'a> {
    z: &'a [f32],
    panels: usize,
    state: &'a mut [f32],
    stride: usize,
    at: usize,
}

impl Kernel for Gates<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.panels * UNITS;
        for (z, state) in
            self.z.chunks_exact(self.panels * PANEL).zip(self.state.chunks_exact_mut(self.stride))
        {
            let (c, h) = state[self.at..self.at + 2 * width].split_at_mut(width);
            let z = z.as_chunks::<8>().0.chunks_exact(8);
            let c = c.as_chunks_mut::<8>().0.chunks_exact_mut(2);
            let h = h.as_chunks_mut::<8>().0.chunks_exact_mut(2);
            for ((z, c), h) in z.zip(c).zip(h) {
                for half in 0..2 {
                    let gate = |g: usize| s.load(&z[g * 2 + half]);
                    let written = s.mul(sigmoid_v(s, gate(0)), tanh_v(s, gate(2)));
                    let cell = s.mul_add(s.load(&c[half]), sigmoid_v(s, gate(1)), written);
                    s.store(&mut c[half], cell);
                    s.store(&mut h[half], s.mul(tanh_v(s, cell), sigmoid_v(s, gate(3))));
                }
            }
        }
    }
}
