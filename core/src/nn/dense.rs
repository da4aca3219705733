//! y = bias + x·W on packed weights, for one or many lanes, with sparse or dense inputs.
//!
//! Worker threads; allocates only in [`Dense`]'s convenience call. Every output is one chain of fused
//! multiply-adds over the rows in ascending order, whatever the tile it is computed in, so neither the batch
//! size nor the instruction set can change a bit. With several lanes the weights are taken in blocks that fit
//! the first-level cache and each block serves all lanes: memory is read once.

use super::pack::{Columns, Matrix, PANEL, Panels, Row, Storage, pack_bias};
use super::simd::{Isa, Kernel, Simd};
use super::{NnError, Tensor, Weights};
use half::f16;
use std::ops::Range;

/// Rows of a panel that are kept hot while all lanes pass over them: 64 × 256 bytes.
const BLOCK: usize = 64;

/// One vector per lane inside a common buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes<'a> {
    /// Lane `i` starts at `i * stride`.
    pub data: &'a [f32],
    /// Distance between lanes.
    pub stride: usize,
}

/// Sparse rows of a batch: checked, ascending, without zeros.
#[derive(Clone, Debug, Default)]
pub(super) struct SparseBatch {
    entries: Vec<(u32, f32)>,
    ends: Vec<usize>,
}

impl SparseBatch {
    /// Takes over the rows of a batch.
    ///
    /// # Errors
    /// [`NnError::Input`] if an index is not below `width`.
    pub(super) fn fill<R: AsRef<[(u32, f32)]>>(&mut self, rows: &[R], width: usize) -> Result<(), NnError> {
        self.entries.clear();
        self.ends.clear();
        for row in rows {
            let start = self.entries.len();
            for &(index, value) in row.as_ref() {
                if index as usize >= width {
                    return Err(NnError::Input { index, width });
                }
                // A cell that is zero and a cell that is not listed must be the same input.
                if value != 0.0 {
                    self.entries.push((index, value));
                }
            }
            self.entries[start..].sort_by_key(|entry| entry.0);
            self.ends.push(self.entries.len());
        }
        Ok(())
    }

    /// Some of the rows.
    pub(super) fn lanes(&self, range: Range<usize>) -> SparseLanes<'_> {
        let begin = if range.start == 0 { 0 } else { self.ends[range.start - 1] };
        SparseLanes { entries: &self.entries, begin, ends: &self.ends[range] }
    }

    /// All rows.
    pub(super) fn all(&self) -> SparseLanes<'_> {
        self.lanes(0..self.ends.len())
    }
}

/// Rows of a [`SparseBatch`], numbered from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct SparseLanes<'a> {
    entries: &'a [(u32, f32)],
    begin: usize,
    ends: &'a [usize],
}

impl SparseLanes<'_> {
    fn lane(&self, lane: usize) -> &[(u32, f32)] {
        let begin = if lane == 0 { self.begin } else { self.ends[lane - 1] };
        &self.entries[begin..self.ends[lane]]
    }
}

/// Sets each lane of `acc` to `bias` (both as wide as the panels of a matrix).
pub(super) fn start(bias: &[f32], acc: &mut [f32]) {
    for lane in acc.chunks_exact_mut(bias.len()) {
        lane.copy_from_slice(bias);
    }
}

/// acc += x · rows `first..first + width` of `matrix`, for every lane of `acc`.
pub(super) fn accumulate(
    isa: Isa,
    matrix: &Matrix,
    first: usize,
    width: usize,
    x: Lanes<'_>,
    acc: &mut [f32],
) {
    isa.run(Accumulate { matrix, first, width, x, acc });
}

/// acc += sparse x · rows `0..` of `matrix`, for every lane of `acc`.
pub(super) fn accumulate_sparse(isa: Isa, matrix: &Matrix, x: SparseLanes<'_>, acc: &mut [f32]) {
    isa.run(AccumulateSparse { matrix, x, acc });
}

/// A stored weight: loads eight at a time as 32-bit floats.
trait Weight: Copy {
    fn load<S: Simd>(s: S, from: &[Self; 8]) -> S::V;
    /// The block as 32-bit rows, converted into `room` if it is not so already.
    fn block<'a, S: Simd>(s: S, rows: &'a [Row<Self>], room: &'a mut [Row<f32>; BLOCK]) -> &'a [Row<f32>];
}

impl Weight for f32 {
    #[inline(always)]
    fn load<S: Simd>(s: S, from: &[f32; 8]) -> S::V {
        s.load(from)
    }
    #[inline(always)]
    fn block<'a, S: Simd>(_s: S, rows: &'a [Row<f32>], _room: &'a mut [Row<f32>; BLOCK]) -> &'a [Row<f32>] {
        rows
    }
}

impl Weight for f16 {
    #[inline(always)]
    fn load<S: Simd>(s: S, from: &[f16; 8]) -> S::V {
        s.load_f16(from)
    }
    #[inline(always)]
    fn block<'a, S: Simd>(s: S, rows: &'a [Row<f16>], room: &'a mut [Row<f32>; BLOCK]) -> &'a [Row<f32>] {
        for (from, to) in rows.iter().zip(room.iter_mut()) {
            for (from, to) in from.0.iter().zip(to.0.iter_mut()) {
                s.store(to, s.load_f16(from));
            }
        }
        &room[..rows.len()]
    }
}

struct Accumulate<'a> {
    matrix: &'a Matrix,
    first: usize,
    width: usize,
    x: Lanes<'a>,
    acc: &'a mut [f32],
}

impl Kernel for Accumulate<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match &self.matrix.data {
            Panels::F32(rows) => panels(s, rows, self.matrix, self.first, self.width, self.x, self.acc),
            Panels::F16(rows) => panels(s, rows, self.matrix, self.first, self.width, self.x, self.acc),
        }
    }
}

#[inline(always)]
fn panels<S: Simd, T: Weight>(
    s: S,
    all: &[Row<T>],
    matrix: &Matrix,
    first: usize,
    width: usize,
    x: Lanes<'_>,
    acc: &mut [f32],
) {
    let panels = matrix.panels;
    let lanes = acc.len() / (panels * PANEL);
    let acc = acc.as_chunks_mut::<8>().0;
    let mut room = [Row([[0.0; 8]; 8]); BLOCK];
    for panel in 0..panels {
        let rows = &all[panel * matrix.rows + first..][..width];
        if lanes == 1 {
            let acc = &mut acc[panel * 8..][..8];
            tile::<S, T, 1, 8>(s, rows, 0, [&x.data[..width]], acc, 8);
            continue;
        }
        for (b, block) in rows.chunks(BLOCK).enumerate() {
            // What comes after this block is fetched while this block is worked on.
            let ahead = rows.get((b + 1) * BLOCK..).filter(|rest| !rest.is_empty());
            let ahead = ahead.unwrap_or_else(|| all.get((panel + 1) * matrix.rows + first..).unwrap_or(&[]));
            for row in ahead.iter().take(BLOCK) {
                for line in row.0.chunks(64 / size_of::<[T; 8]>()) {
                    s.prefetch(line.as_ptr());
                }
            }
            let n = block.len();
            let block = T::block(s, block, &mut room);
            let lane_x = |lane: usize| &x.data[lane * x.stride + b * BLOCK..][..n];
            let mut lane = 0;
            while lane < lanes {
                let acc = &mut acc[(lane * panels + panel) * 8..];
                let stride = panels * 8;
                // Shapes that keep all sums, the weights and one input in sixteen registers.
                lane += match lanes - lane {
                    1 => tile1(s, block, [lane_x(lane)], acc, stride),
                    2 => tile2(s, block, std::array::from_fn(|l| lane_x(lane + l)), acc, stride),
                    3 => tile3(s, block, std::array::from_fn(|l| lane_x(lane + l)), acc, stride),
                    4 | 7 | 8 => {
                        tile_pairs::<S, 4>(s, block, std::array::from_fn(|l| lane_x(lane + l)), acc, stride)
                    }
                    5 => tile_pairs::<S, 5>(s, block, std::array::from_fn(|l| lane_x(lane + l)), acc, stride),
                    _ => tile_pairs::<S, 6>(s, block, std::array::from_fn(|l| lane_x(lane + l)), acc, stride),
                };
            }
        }
    }
}

#[inline(always)]
fn tile1<S: Simd>(s: S, rows: &[Row<f32>], x: [&[f32]; 1], acc: &mut [[f32; 8]], stride: usize) -> usize {
    tile::<S, f32, 1, 8>(s, rows, 0, x, acc, stride);
    1
}

#[inline(always)]
fn tile2<S: Simd>(s: S, rows: &[Row<f32>], x: [&[f32]; 2], acc: &mut [[f32; 8]], stride: usize) -> usize {
    tile::<S, f32, 2, 4>(s, rows, 0, x, acc, stride);
    tile::<S, f32, 2, 4>(s, rows, 4, x, acc, stride);
    2
}

#[inline(always)]
fn tile3<S: Simd>(s: S, rows: &[Row<f32>], x: [&[f32]; 3], acc: &mut [[f32; 8]], stride: usize) -> usize {
    tile::<S, f32, 3, 3>(s, rows, 0, x, acc, stride);
    tile::<S, f32, 3, 3>(s, rows, 3, x, acc, stride);
    tile::<S, f32, 3, 2>(s, rows, 6, x, acc, stride);
    3
}

#[inline(always)]
fn tile_pairs<S: Simd, const L: usize>(
    s: S,
    rows: &[Row<f32>],
    x: [&[f32]; L],
    acc: &mut [[f32; 8]],
    stride: usize,
) -> usize {
    for pair in 0..4 {
        tile::<S, f32, L, 2>(s, rows, (pair % 4) * 2, x, acc, stride);
    }
    L
}

/// L lanes × C columns of eight (from column `from` of the row), kept in registers over all of `rows`.
#[expect(
    clippy::needless_range_loop,
    reason = "counted loops over registers unroll; closures may not inline"
)]
#[inline(always)]
fn tile<S: Simd, T: Weight, const L: usize, const C: usize>(
    s: S,
    rows: &[Row<T>],
    from: usize,
    x: [&[f32]; L],
    acc: &mut [[f32; 8]],
    stride: usize,
) {
    let x = x.map(|x| &x[..rows.len()]);
    let mut sum = [[s.splat(0.0); C]; L];
    for l in 0..L {
        for c in 0..C {
            sum[l][c] = s.load(&acc[l * stride + from + c]);
        }
    }
    for (k, row) in rows.iter().enumerate() {
        let mut w = [s.splat(0.0); C];
        for c in 0..C {
            w[c] = T::load(s, &row.0[from + c]);
        }
        for l in 0..L {
            let x = s.splat(x[l][k]);
            for c in 0..C {
                sum[l][c] = s.mul_add(x, w[c], sum[l][c]);
            }
        }
    }
    for l in 0..L {
        for c in 0..C {
            s.store(&mut acc[l * stride + from + c], sum[l][c]);
        }
    }
}

struct AccumulateSparse<'a> {
    matrix: &'a Matrix,
    x: SparseLanes<'a>,
    acc: &'a mut [f32],
}

impl Kernel for AccumulateSparse<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match &self.matrix.data {
            Panels::F32(rows) => sparse(s, rows, self.matrix, self.x, self.acc),
            Panels::F16(rows) => sparse(s, rows, self.matrix, self.x, self.acc),
        }
    }
}

#[expect(
    clippy::needless_range_loop,
    reason = "counted loops over registers unroll; closures may not inline"
)]
#[inline(always)]
fn sparse<S: Simd, T: Weight>(s: S, rows: &[Row<T>], matrix: &Matrix, x: SparseLanes<'_>, acc: &mut [f32]) {
    for (lane, acc) in acc.chunks_exact_mut(matrix.panels * PANEL).enumerate() {
        let entries = x.lane(lane);
        for (panel, acc) in acc.as_chunks_mut::<8>().0.chunks_exact_mut(8).enumerate() {
            let rows = &rows[panel * matrix.rows..][..matrix.rows];
            let mut sum = [s.splat(0.0); 8];
            for c in 0..8 {
                sum[c] = s.load(&acc[c]);
            }
            for &(index, value) in entries {
                let (row, value) = (&rows[index as usize], s.splat(value));
                for c in 0..8 {
                    sum[c] = s.mul_add(value, T::load(s, &row.0[c]), sum[c]);
                }
            }
            for c in 0..8 {
                s.store(&mut acc[c], sum[c]);
            }
        }
    }
}

/// A dense layer y = x·W + b on its own.
#[derive(Clone, Debug)]
pub struct Dense {
    pub(super) matrix: Matrix,
    pub(super) bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Dense {
    /// Packs a kernel of [`inputs`, `outputs`] values and, if there is one, a bias of `outputs` values.
    ///
    /// # Errors
    /// [`NnError::Length`] if a tensor holds another number of values.
    pub fn new(
        kernel: &Tensor,
        bias: Option<&Tensor>,
        inputs: usize,
        outputs: usize,
        storage: Storage,
    ) -> Result<Self, NnError> {
        let check = |name: &str, tensor: &Tensor, shape: Vec<usize>| {
            if tensor.len() == shape.iter().product::<usize>() {
                return Ok(());
            }
            Err(NnError::Length { name: name.to_owned(), shape, found: tensor.len() })
        };
        check("kernel", kernel, vec![inputs, outputs])?;
        if let Some(bias) = bias {
            check("bias", bias, vec![outputs])?;
        }
        let columns = Columns::Plain(outputs);
        Ok(Self {
            matrix: Matrix::pack(kernel, inputs, columns, storage),
            bias: pack_bias(bias, columns, 0.0),
            inputs,
            outputs,
        })
    }

    /// Packs the layer `{prefix}kernel` [`inputs`, `outputs`], `{prefix}bias` [`outputs`].
    ///
    /// # Errors
    /// [`NnError::Missing`], [`NnError::Shape`], [`NnError::Length`] with the variable's name.
    pub fn load(
        weights: &Weights,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        storage: Storage,
    ) -> Result<Self, NnError> {
        let kernel = weights.find(&[format!("{prefix}kernel")], &[inputs, outputs])?;
        let bias = weights.find(&[format!("{prefix}bias")], &[outputs])?;
        Self::new(kernel, Some(bias), inputs, outputs, storage)
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Length of one lane of outputs in packed form: the outputs, then zeros up to a multiple of 64.
    pub(super) fn packed(&self) -> usize {
        self.bias.len()
    }

    /// `y` [lanes × outputs] from `x` [lanes × inputs]; as many lanes as `y` holds.
    ///
    /// # Errors
    /// [`NnError::Step`] if the lengths do not go together.
    pub fn run(&self, isa: Isa, x: &[f32], y: &mut [f32]) -> Result<(), NnError> {
        let lanes = y.len().checked_div(self.outputs).unwrap_or(0);
        if y.len() != lanes * self.outputs {
            return Err(NnError::Step { what: "outputs", expected: lanes * self.outputs, found: y.len() });
        }
        if x.len() != lanes * self.inputs {
            return Err(NnError::Step { what: "inputs", expected: lanes * self.inputs, found: x.len() });
        }
        let mut acc = vec![0.0; lanes * self.packed()];
        start(&self.bias, &mut acc);
        accumulate(isa, &self.matrix, 0, self.inputs, Lanes { data: x, stride: self.inputs }, &mut acc);
        for (y, acc) in y.chunks_exact_mut(self.outputs.max(1)).zip(acc.chunks_exact(self.packed().max(1))) {
            y.copy_from_slice(&acc[..self.outputs]);
        }
        Ok(())
    }
}
