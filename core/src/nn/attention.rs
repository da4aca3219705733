//! The attention wrapper (spec 8.3; all layers: spec vae 8.2): what it wraps also sees a mixture of its last outputs.
//! That is the cell of layer 0, or in older checkpoints all layers, which have one size then.
//!
//! Worker threads; allocates at load only. The memory is a ring; what a row adds to its score is worked out once, when
//! the row is appended, so a step costs one row's product with `attn_w` instead of all rows'.
//!
//! A score is v · tanh(k + q), over a row's key k = `attn_w`·row and the question q. As tanh(k + q) =
//! 1 − 2 / (e^2k · e^2q + 1), the ring holds e^2k and a step makes e^2q once; Σ v, which all rows share, leaves the
//! softmax as it is and is left out. What remains per number is one quotient.

use super::dense::{Dense, Lanes, accumulate, start};
use super::lstm::{Cell, Source, padded};
use super::math::{exp_v, softmax_in_place, sum8};
use super::pack::Storage;
use super::simd::{Isa, Kernel, Simd};
use super::state::AttentionLayout;
use super::{NnError, Weights};

/// Packed weights of the wrapper and the cell inside.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    mix: Dense,
    /// From the input up; one, or all of the stack.
    cells: Vec<Cell>,
    query: Dense,
    key: Dense,
    /// −2 · `attn_v`.
    score: Vec<f32>,
    out: Dense,
    input: usize,
    units: usize,
}

impl Attention {
    /// Packs the wrapper whose variables begin with `prefix` (up to and without `attention_cell_wrapper/`), around the
    /// cells of these scopes in it.
    pub(super) fn load(
        weights: &Weights,
        prefix: &str,
        scopes: &[String],
        input: usize,
        units: usize,
        storage: Storage,
    ) -> Result<Self, NnError> {
        let prefix = format!("{prefix}attention_cell_wrapper/");
        let names = |new: &str, old: &str| [new, old].map(|n| format!("{prefix}{n}"));
        let dense = |part: &str, inputs: usize, outputs: usize| {
            let at = |new: &str, old: &str| names(&format!("{part}{new}"), &format!("{part}{old}"));
            let kernel = weights.find(&at("kernel", "weights"), &[inputs, outputs])?;
            let bias = weights.find(&at("bias", "biases"), &[outputs])?;
            Dense::new(kernel, Some(bias), inputs, outputs, storage)
        };
        let key = weights.find(&names("attention/attn_w", "attention/attn_w"), &[1, 1, units, units])?;
        let score = weights.find(&names("attention/attn_v", "attention/attn_v"), &[units])?;
        let mut score: Vec<f32> = score.to_f32().iter().map(|v| -2.0 * v).collect();
        score.resize(padded(units), 0.0);
        let cell = |(k, scope): (usize, &String)| {
            let below = if k == 0 { input } else { units };
            Cell::load(weights, &format!("{prefix}{scope}"), below, units, storage)
        };
        Ok(Self {
            mix: dense("", input + units, input)?,
            cells: scopes.iter().enumerate().map(cell).collect::<Result<_, _>>()?,
            query: dense("attention/", 2 * scopes.len() * units, units)?,
            key: Dense::new(key, None, units, units, storage)?,
            score,
            out: dense("attn_output_projection/", 2 * units, units)?,
            input,
            units,
        })
    }

    /// Floats of room `z` that a lane needs.
    pub(super) fn packed(&self) -> usize {
        let cells = self.cells.iter().map(Cell::packed).max().unwrap_or(0);
        cells.max(self.query.packed()).max(self.out.packed())
    }

    /// Floats of room `mixed` that a lane needs.
    pub(super) fn mixed(&self) -> usize {
        self.mix.packed().max(self.key.packed())
    }

    /// Bytes of all packed weights.
    pub(super) fn bytes(&self) -> usize {
        let dense = [&self.mix, &self.query, &self.key, &self.out].map(|d| d.matrix.bytes());
        self.cells.iter().map(Cell::bytes).chain(dense).sum()
    }

    /// Bytes of weights of one of the wrapper's inputs.
    pub(super) fn row_bytes(&self) -> usize {
        self.mix.matrix.row_bytes()
    }

    /// One step for all lanes of a state. The wrapper's output is left at the front of `work.z`; the result is
    /// the distance between its lanes.
    pub(super) fn step(&self, isa: Isa, input: Source<'_>, memory: Memory<'_>, work: Work<'_>) -> usize {
        let Memory { data, oldest, stride, layout } = memory;
        let (lanes, units, width) = (oldest.len(), self.units, padded(self.units));
        // 1. What the cell sees: the input and what was attended to last time.
        let mixed = &mut work.mixed[..lanes * self.mix.packed()];
        start(&self.mix.bias, mixed);
        input.accumulate(isa, &self.mix.matrix, self.input, mixed);
        let attended = Lanes { data: &data[layout.attended..], stride };
        accumulate(isa, &self.mix.matrix, self.input, units, attended, mixed);
        // 2. The cells. Their c and h are the first things in a lane.
        let mixed = &work.mixed[..lanes * self.mix.packed()];
        for (k, cell) in self.cells.iter().enumerate() {
            let z = &mut work.z[..lanes * cell.packed()];
            cell.start(z);
            if k == 0 {
                cell.feed(isa, Source::Dense(Lanes { data: mixed, stride: self.mix.packed() }), z);
            } else {
                let below = Lanes { data: &data[(2 * k - 1) * width..], stride };
                cell.feed(isa, Source::Dense(below), z);
            }
            cell.advance(isa, data, stride, 2 * k * width, z);
        }
        // 3. The question, from c and h of each cell.
        let query = &mut work.z[..lanes * self.query.packed()];
        start(&self.query.bias, query);
        for part in 0..2 * self.cells.len() {
            let x = Lanes { data: &data[part * width..], stride };
            accumulate(isa, &self.query.matrix, part * units, units, x, query);
        }
        // 4. The answer: a mixture of the remembered outputs.
        work.scores.resize(layout.length, 0.0);
        isa.run(Exp2(query));
        let (score, scores) = (&self.score, &mut *work.scores);
        isa.run(Attend { query, score, data, oldest, stride, layout, scores });
        // 5. The wrapper's output.
        let out = &mut work.z[..lanes * self.out.packed()];
        start(&self.out.bias, out);
        let top = &data[(2 * self.cells.len() - 1) * width..];
        accumulate(isa, &self.out.matrix, 0, units, Lanes { data: top, stride }, out);
        let attended = Lanes { data: &data[layout.attended..], stride };
        accumulate(isa, &self.out.matrix, units, units, attended, out);
        // 6. It replaces the oldest row of the memory, and so does its key.
        let keys = &mut work.mixed[..lanes * self.key.packed()];
        start(&self.key.bias, keys);
        let x = Lanes { data: out, stride: self.out.packed() };
        accumulate(isa, &self.key.matrix, 0, units, x, keys);
        isa.run(Exp2(keys));
        for (lane, oldest) in oldest.iter_mut().enumerate() {
            let row = *oldest as usize * width;
            let data = &mut data[lane * stride..][..stride];
            data[layout.memory + row..][..units].copy_from_slice(&out[lane * self.out.packed()..][..units]);
            data[layout.keys + row..][..units].copy_from_slice(&keys[lane * self.key.packed()..][..units]);
            *oldest = (*oldest + 1) % layout.length as u32;
        }
        self.out.packed()
    }
}

/// The lanes of a state that a step changes.
pub(super) struct Memory<'a> {
    pub data: &'a mut [f32],
    pub oldest: &'a mut [u32],
    pub stride: usize,
    pub layout: &'a AttentionLayout,
}

/// Room for a step: `z` and `mixed` as long as the lanes need.
pub(super) struct Work<'a> {
    pub z: &'a mut [f32],
    pub mixed: &'a mut [f32],
    pub scores: &'a mut Vec<f32>,
}

/// e^2x of each number. Finite, whatever x is.
struct Exp2<'a>(&'a mut [f32]);

impl Kernel for Exp2<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for x in self.0.as_chunks_mut::<8>().0 {
            let v = s.load(x);
            s.store(x, exp_v(s, s.add(v, v)));
        }
    }
}

/// Scores of all memory rows, their softmax, and the mixture of the rows.
struct Attend<'a> {
    /// e^2q of each lane.
    query: &'a [f32],
    score: &'a [f32],
    data: &'a mut [f32],
    oldest: &'a [u32],
    stride: usize,
    layout: &'a AttentionLayout,
    scores: &'a mut [f32],
}

impl Kernel for Attend<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (width, length) = (self.score.len(), self.layout.length);
        let (v, one) = (self.score.as_chunks::<8>().0, s.splat(1.0));
        let queries = self.query.chunks_exact(self.query.len() / self.oldest.len().max(1));
        let lanes = self.data.chunks_exact_mut(self.stride).zip(self.oldest).zip(queries);
        for ((data, &oldest), query) in lanes {
            let (front, ring) = data.split_at_mut(self.layout.memory);
            let (memory, keys) = ring.split_at(length * width);
            let query = query[..width].as_chunks::<8>().0;
            // By age, not by place in the ring: where the ring stands must not change a sum.
            let rows = || (oldest as usize..length).chain(0..oldest as usize);
            for (score, row) in self.scores.iter_mut().zip(rows()) {
                let key = keys[row * width..][..width].as_chunks::<8>().0;
                let mut sum = s.splat(0.0);
                for ((key, q), v) in key.iter().zip(query).zip(v) {
                    let below = s.mul_add(s.load(key), s.load(q), one);
                    sum = s.add(sum, s.div(s.load(v), below));
                }
                let mut eight = [0.0; 8];
                s.store(&mut eight, sum);
                *score = sum8(eight);
            }
            softmax_in_place(s, self.scores);
            let attended = front[self.layout.attended..][..width].as_chunks_mut::<8>().0;
            let (many, few) = attended.as_chunks_mut::<8>();
            let from = many.len() * 8;
            for (part, to) in many.iter_mut().enumerate() {
                mix(s, self.scores.iter().zip(rows()), memory, (width, part * 8), to);
            }
            for (part, to) in few.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                mix(s, self.scores.iter().zip(rows()), memory, (width, from + part * 2), to);
            }
        }
    }
}

/// `to` becomes the mixture of C columns of eight, from column `at` on, of rows `width` floats apart. An even number of
/// columns, as every padded vector has.
#[inline(always)]
fn mix<'a, S: Simd, const C: usize>(
    s: S,
    scored: impl Iterator<Item = (&'a f32, usize)>,
    memory: &[f32],
    (width, at): (usize, usize),
    to: &mut [[f32; 8]; C],
) {
    let mut sum = [s.splat(0.0); C];
    for (&score, row) in scored {
        let from = &memory[row * width..][..width].as_chunks::<8>().0[at..at + C];
        let score = s.splat(score);
        for c in 0..C {
            sum[c] = s.mul_add(score, s.load(&from[c]), sum[c]);
        }
    }
    for c in 0..C {
        s.store(&mut to[c], sum[c]);
    }
}
