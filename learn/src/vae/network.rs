//! [`Network`]: a flat MusicVAE (one bidirectional encoder layer, one decoder) with loss and gradients, under the
//! variable names that the core loads.
//!
//! Loss (`spec/vae.md` §5.11): mean over the batch of the reconstruction, plus `beta` times what the divergence from the
//! prior exceeds the free bits by. Dropout acts on the cells of the inputs and between the layers of the decoder.
//! Runs on the thread that trains.

use super::head;
use super::window::Example;
use crate::lstm::{self, FewHot, Input, Shape as Sizes, State, Tape, column_sums};
use crate::matrix::{Mat, product};
use crate::network::Parameter;
use crate::rng::Rng;
use descant_core::codec::encoding::SparseVector;
use descant_core::model::music_vae::{Head, Shape};
use std::borrow::Cow;

/// Where the pairs of kernel and bias lie among the parameters.
const FORWARD: usize = 0;
const BACKWARD: usize = 2;
const MU: usize = 4;
const SIGMA: usize = 6;
const INITIAL: usize = 8;
const DECODER: usize = 10;

/// Shape and variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Its sizes.
    pub shape: Shape,
    /// Its variables in the order of [`Shape::variables`].
    pub parameters: Vec<Parameter>,
}

/// What is asked of a training step besides its examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// Weight of the divergence.
    pub beta: f32,
    /// Divergence per example that costs nothing, in bits.
    pub free_bits: f32,
    /// Share of what dropout keeps; 1 for none.
    pub keep: f32,
    /// Probability that the decoder reads its own draw instead of the example's step (scheduled sampling).
    pub own_steps: f32,
}

impl Objective {
    /// Nothing left out, nothing drawn: how well examples are rebuilt.
    pub const PLAIN: Self = Self { beta: 1.0, free_bits: 0.0, keep: 1.0, own_steps: 0.0 };
}

/// Means over the examples of a batch, nats per example.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Reconstruction: negative log-likelihood, for grooves with the squared errors.
    pub reconstruction: f32,
    /// Divergence of the posterior from the prior.
    pub divergence: f32,
    /// Share of the steps' parts (classes; hits) that were the most likely.
    pub right: f32,
}

impl Losses {
    /// What is made small.
    #[must_use]
    pub fn total(&self, objective: &Objective) -> f32 {
        self.reconstruction + objective.beta * self.divergence
    }
}

/// The forward pass, as the backward pass needs it.
struct Pass {
    read: FewHot,
    reversed: FewHot,
    fw: Tape,
    bw: Tape,
    /// `[batch, 2 * units]`
    encoded: Vec<f32>,
    mu: Vec<f32>,
    sigma: Vec<f32>,
    /// Before the softplus.
    sigma_in: Vec<f32>,
    noise: Vec<f32>,
    z: Vec<f32>,
    /// After the tanh, `[batch, state]`.
    initial: Vec<f32>,
    before: FewHot,
    /// Inputs of the layers above the first, after dropout, with the factors.
    between: Vec<(Vec<f32>, Option<Vec<f32>>)>,
    tapes: Vec<Tape>,
}

impl Network {
    /// Fresh parameters: Glorot-uniform, but for the means, deviations and initial states N(0, 0.001) (`spec/vae.md` §5.1).
    #[must_use]
    pub fn new(shape: Shape, rng: &mut Rng) -> Self {
        let fresh = |(name, shape): (String, Vec<usize>)| {
            let count: usize = shape.iter().product();
            let small = name.contains("mu/") || name.contains("sigma/") || name.contains("initial_state/");
            let values = match shape[..] {
                [_, _] if small => (0..count).map(|_| 0.001 * normal(rng)).collect(),
                [rows, columns] => {
                    let limit = (6.0 / (rows + columns) as f32).sqrt();
                    (0..count).map(|_| (2.0 * rng.uniform() - 1.0) * limit).collect()
                }
                _ => vec![0.0; count],
            };
            Parameter { name, shape, values }
        };
        let parameters = shape.variables().into_iter().map(fresh).collect();
        Self { shape, parameters }
    }

    /// Number of trained values.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parameters.iter().map(|p| p.values.len()).sum()
    }

    fn values(&self, index: usize) -> &[f32] {
        &self.parameters[index].values
    }

    fn encoder_sizes(&self, batch: usize) -> Sizes {
        let units = self.shape.encoder.units[0];
        Sizes { steps: self.shape.steps, batch, width: self.shape.encoder_input(), units }
    }

    fn decoder_sizes(&self, layer: usize, batch: usize) -> Sizes {
        let Shape { decoder, z, control, steps, head, .. } = &self.shape;
        let width = if layer == 0 { head.width() + z + control } else { decoder.units[layer - 1] };
        Sizes { steps: *steps, batch, width, units: decoder.units[layer] }
    }

    fn dense(&self, index: usize, x: &[f32], rows: usize) -> Vec<f32> {
        let [inputs, outputs] = [self.parameters[index].shape[0], self.parameters[index].shape[1]];
        let mut y = self.values(index + 1).repeat(rows);
        product(&mut y, Mat::new(x, rows, inputs), Mat::new(self.values(index), inputs, outputs), true);
        y
    }

    /// Losses of a batch, without learning from it. The draws from the posteriors come from `rng`.
    #[must_use]
    pub fn score(&self, examples: &[Example], rng: &mut Rng) -> Losses {
        let pass = self.forward(examples, &Objective::PLAIN, rng);
        let mut outputs = self.outputs(&pass, examples.len());
        self.losses(&pass, examples, &mut outputs)
    }

    /// Losses and gradients of a batch, the gradients in the order of the parameters.
    #[must_use]
    pub fn step(
        &self,
        examples: &[Example],
        objective: &Objective,
        rng: &mut Rng,
    ) -> (Losses, Vec<Vec<f32>>) {
        let pass = self.forward(examples, objective, rng);
        let mut outputs = self.outputs(&pass, examples.len());
        let losses = self.losses(&pass, examples, &mut outputs);
        (losses, self.backward(&pass, &outputs, examples.len(), objective))
    }

    fn forward(&self, examples: &[Example], objective: &Objective, rng: &mut Rng) -> Pass {
        let (batch, z) = (examples.len(), self.shape.z);
        let steps = self.shape.steps;
        let read = rows(steps, examples, objective.keep, rng, |_, t, e| Cow::Borrowed(&e.input[t]));
        let reversed = reverse(&read, steps, batch);
        let sizes = self.encoder_sizes(batch);
        let zero = State::zero(batch, sizes.units);
        let run = |index, rows| {
            lstm::forward(self.values(index), self.values(index + 1), Input::FewHot(rows), &zero, sizes)
        };
        let (fw, bw) = (run(FORWARD, &read), run(BACKWARD, &reversed));
        let both = [fw.last(sizes).h, bw.last(sizes).h];
        let encoded: Vec<f32> = (0..batch)
            .flat_map(|b| both.iter().flat_map(move |h| &h[b * sizes.units..(b + 1) * sizes.units]))
            .copied()
            .collect();
        let mu = self.dense(MU, &encoded, batch);
        let sigma_in = self.dense(SIGMA, &encoded, batch);
        let sigma: Vec<f32> = sigma_in.iter().map(|&x| softplus(x)).collect();
        let noise: Vec<f32> = (0..batch * z).map(|_| normal(rng)).collect();
        let vector: Vec<f32> =
            mu.iter().zip(&sigma).zip(&noise).map(|((mu, sigma), noise)| mu + sigma * noise).collect();
        let mut initial = self.dense(INITIAL, &vector, batch);
        initial.iter_mut().for_each(|v| *v = v.tanh());
        let own = if objective.own_steps > 0.0 {
            self.own_steps(examples, &vector, &initial, objective.own_steps, rng)
        } else {
            Vec::new()
        };
        let head = &self.shape.head;
        let behind = (head.width() + z) as u32;
        let before = rows(steps, examples, objective.keep, rng, |b, t, example| {
            let own = own.get(t * batch + b).copied().flatten();
            Cow::Owned(step_before(example, t, own, head, behind))
        });
        let mut pass = Pass {
            read,
            reversed,
            fw,
            bw,
            encoded,
            mu,
            sigma,
            sigma_in,
            noise,
            z: vector,
            initial,
            before,
            between: Vec::new(),
            tapes: Vec::new(),
        };
        for layer in 0..self.shape.decoder.units.len() {
            let sizes = self.decoder_sizes(layer, batch);
            if layer > 0 {
                let below = self.decoder_sizes(layer - 1, batch);
                let mut x = pass.tapes[layer - 1].outputs(below).to_vec();
                let mask = (objective.keep < 1.0).then(|| rng.dropout(objective.keep, x.len()));
                if let Some(mask) = &mask {
                    x.iter_mut().zip(mask).for_each(|(x, m)| *x *= m);
                }
                pass.between.push((x, mask));
            }
            let tape = self.run_layer(layer, &pass, sizes);
            pass.tapes.push(tape);
        }
        pass
    }

    fn run_layer(&self, layer: usize, pass: &Pass, sizes: Sizes) -> Tape {
        let at = DECODER + 2 * layer;
        let state = self.initial_state(&pass.initial, layer, sizes.batch);
        lstm::forward(self.values(at), self.values(at + 1), self.layer_input(layer, pass), &state, sizes)
    }

    fn layer_input<'a>(&self, layer: usize, pass: &'a Pass) -> Input<'a> {
        match layer {
            0 => Input::Told { rows: &pass.before, told: &pass.z, at: self.shape.head.width() },
            _ => Input::Dense(&pass.between[layer - 1].0),
        }
    }

    /// Columns of layer `layer`'s cell and output in the initial states: c0, h0, c1, h1, …
    fn state_columns(&self, layer: usize) -> [std::ops::Range<usize>; 2] {
        let units = &self.shape.decoder.units;
        let from: usize = 2 * units[..layer].iter().sum::<usize>();
        [from..from + units[layer], from + units[layer]..from + 2 * units[layer]]
    }

    fn initial_state(&self, initial: &[f32], layer: usize, batch: usize) -> State {
        let width = initial.len() / batch;
        let [c, h] = self.state_columns(layer).map(|columns| {
            initial.chunks_exact(width).flat_map(|row| &row[columns.clone()]).copied().collect::<Vec<f32>>()
        });
        State { h, c, attended: Vec::new(), memory: Vec::new() }
    }

    /// Outputs of all steps, `[steps * batch, outputs]`.
    fn outputs(&self, pass: &Pass, batch: usize) -> Vec<f32> {
        let last = self.shape.decoder.units.len() - 1;
        let sizes = self.decoder_sizes(last, batch);
        self.dense(DECODER + 2 * (last + 1), pass.tapes[last].outputs(sizes), sizes.rows())
    }

    /// For every step the class that the network drew before it, where it reads its own; time-major.
    fn own_steps(
        &self,
        examples: &[Example],
        z: &[f32],
        initial: &[f32],
        share: f32,
        rng: &mut Rng,
    ) -> Vec<Option<u32>> {
        let Head::Categorical(_) = self.shape.head else { return Vec::new() };
        let (batch, width) = (examples.len(), self.shape.head.width());
        let layers = self.shape.decoder.units.len();
        let behind = (width + self.shape.z) as u32;
        let mut states: Vec<State> =
            (0..layers).map(|layer| self.initial_state(initial, layer, batch)).collect();
        let mut own = vec![None; self.shape.steps * batch];
        for t in 0..self.shape.steps - 1 {
            let mut rows = FewHot::new();
            for (b, example) in examples.iter().enumerate() {
                let cells = step_before(example, t, own[t * batch + b], &self.shape.head, behind);
                cells.iter().for_each(|&(cell, value)| rows.push(cell as usize, value));
                rows.end_row();
            }
            let mut below: Vec<f32> = Vec::new();
            for (layer, state) in states.iter_mut().enumerate() {
                let sizes = Sizes { steps: 1, ..self.decoder_sizes(layer, batch) };
                let input = match layer {
                    0 => Input::Told { rows: &rows, told: z, at: width },
                    _ => Input::Dense(&below),
                };
                let at = DECODER + 2 * layer;
                let tape = lstm::forward(self.values(at), self.values(at + 1), input, state, sizes);
                *state = tape.last(sizes);
                below = state.h.clone();
            }
            let logits = self.dense(DECODER + 2 * layers, &below, batch);
            for (b, row) in logits.chunks_exact(width).enumerate() {
                if rng.uniform() < share {
                    own[(t + 1) * batch + b] = Some(head::draw(row, rng.uniform()));
                }
            }
        }
        own
    }

    /// Losses; turns `outputs` into the gradient of the reconstruction's mean.
    fn losses(&self, pass: &Pass, examples: &[Example], outputs: &mut [f32]) -> Losses {
        let batch = examples.len();
        let share = 1.0 / batch as f32;
        let (mut loss, mut right, mut parts) = (0.0f64, 0usize, 0usize);
        for (r, row) in outputs.chunks_exact_mut(self.shape.head.outputs()).enumerate() {
            let found = head::gradient(&self.shape.head, &examples[r % batch].target, r / batch, row, share);
            loss += f64::from(found.loss);
            right += found.right;
            parts += found.parts;
        }
        let divergence: f64 = self.divergences(pass, batch).iter().map(|&d| f64::from(d)).sum();
        Losses {
            reconstruction: (loss / batch as f64) as f32,
            divergence: (divergence / batch as f64) as f32,
            right: right as f32 / parts.max(1) as f32,
        }
    }

    fn divergences(&self, pass: &Pass, batch: usize) -> Vec<f32> {
        let one = |(mu, sigma): (&f32, &f32)| 0.5 * (mu * mu + sigma * sigma - 1.0 - 2.0 * sigma.ln());
        let both = pass.mu.chunks_exact(self.shape.z).zip(pass.sigma.chunks_exact(self.shape.z));
        both.map(|(mu, sigma)| mu.iter().zip(sigma).map(one).sum()).take(batch).collect()
    }

    fn backward(&self, pass: &Pass, d_outputs: &[f32], batch: usize, objective: &Objective) -> Vec<Vec<f32>> {
        let mut gradients: Vec<Vec<f32>> = vec![Vec::new(); self.parameters.len()];
        let layers = self.shape.decoder.units.len();
        let sizes = self.decoder_sizes(layers - 1, batch);
        let top = pass.tapes[layers - 1].outputs(sizes);
        let mut d = self.dense_backward(DECODER + 2 * layers, top, d_outputs, sizes.rows(), &mut gradients);
        let width = pass.initial.len() / batch;
        let mut d_initial = vec![0.0; pass.initial.len()];
        for layer in (0..layers).rev() {
            let (sizes, at) = (self.decoder_sizes(layer, batch), DECODER + 2 * layer);
            let input = self.layer_input(layer, pass);
            let found = lstm::backward(self.values(at), input, &pass.tapes[layer], &d, sizes);
            gradients[at] = found.kernel;
            gradients[at + 1] = found.bias;
            for (columns, part) in self.state_columns(layer).into_iter().zip([&found.c, &found.h]) {
                let rows = d_initial.chunks_exact_mut(width).zip(part.chunks_exact(sizes.units));
                rows.for_each(|(to, from)| to[columns.clone()].copy_from_slice(from));
            }
            d = found.input.unwrap_or_default();
            if let Some((_, Some(mask))) = layer.checked_sub(1).map(|below| &pass.between[below]) {
                d.iter_mut().zip(mask).for_each(|(d, m)| *d *= m);
            }
        }
        // `d` is now what the first layer was told: z.
        d_initial.iter_mut().zip(&pass.initial).for_each(|(d, y)| *d *= 1.0 - y * y);
        let from_state = self.dense_backward(INITIAL, &pass.z, &d_initial, batch, &mut gradients);
        d.iter_mut().zip(from_state).for_each(|(d, s)| *d += s);

        let free = objective.free_bits * std::f32::consts::LN_2;
        let weight = objective.beta / batch as f32;
        let (mut d_mu, mut d_sigma) = (d.clone(), d);
        for (b, divergence) in self.divergences(pass, batch).into_iter().enumerate() {
            let weight = if divergence > free { weight } else { 0.0 };
            for i in b * self.shape.z..(b + 1) * self.shape.z {
                let (mu, sigma) = (pass.mu[i], pass.sigma[i]);
                d_mu[i] += weight * mu;
                d_sigma[i] = d_sigma[i] * pass.noise[i] + weight * (sigma - 1.0 / sigma);
                d_sigma[i] *= 1.0 / (1.0 + (-pass.sigma_in[i]).exp());
            }
        }
        let mut d_encoded = self.dense_backward(MU, &pass.encoded, &d_mu, batch, &mut gradients);
        let more = self.dense_backward(SIGMA, &pass.encoded, &d_sigma, batch, &mut gradients);
        d_encoded.iter_mut().zip(more).for_each(|(d, m)| *d += m);

        let sizes = self.encoder_sizes(batch);
        let units = sizes.units;
        for (k, (index, rows, tape)) in
            [(FORWARD, &pass.read, &pass.fw), (BACKWARD, &pass.reversed, &pass.bw)].into_iter().enumerate()
        {
            // Only the last step is looked at.
            let mut d_output = vec![0.0; sizes.rows() * units];
            let last = d_output.len() - batch * units;
            for (to, from) in d_output[last..].chunks_exact_mut(units).zip(d_encoded.chunks_exact(2 * units))
            {
                to.copy_from_slice(&from[k * units..(k + 1) * units]);
            }
            let found = lstm::backward(self.values(index), Input::FewHot(rows), tape, &d_output, sizes);
            gradients[index] = found.kernel;
            gradients[index + 1] = found.bias;
        }
        gradients
    }

    /// Gradients of a dense layer's kernel and bias go to `gradients`, that of its input is returned.
    fn dense_backward(
        &self,
        index: usize,
        x: &[f32],
        d: &[f32],
        rows: usize,
        gradients: &mut [Vec<f32>],
    ) -> Vec<f32> {
        let [inputs, outputs] = [self.parameters[index].shape[0], self.parameters[index].shape[1]];
        let d_y = Mat::new(d, rows, outputs);
        let mut kernel = vec![0.0; inputs * outputs];
        product(&mut kernel, Mat::new(x, rows, inputs).t(), d_y, false);
        let mut d_x = vec![0.0; rows * inputs];
        product(&mut d_x, d_y, Mat::new(self.values(index), inputs, outputs).t(), false);
        gradients[index] = kernel;
        gradients[index + 1] = column_sums(d, outputs);
        d_x
    }
}

/// The cells that the decoder reads at step `t`: the step before, the example's or its own, and the control.
fn step_before(example: &Example, t: usize, own: Option<u32>, head: &Head, behind: u32) -> SparseVector {
    let mut cells = SparseVector::new();
    match (t, own) {
        (0, _) => {}
        (_, Some(class)) => cells.push((class, 1.0)),
        _ => example.target.cells(t - 1, head, &mut cells),
    }
    let control = example.control.get(t).into_iter().flatten();
    cells.extend(control.map(|&(cell, value)| (behind + cell, value)));
    cells
}

/// Time-major rows of all examples by `cells(example's number, step, example)`; each cell is kept with probability
/// `keep`.
fn rows<'a>(
    steps: usize,
    examples: &'a [Example],
    keep: f32,
    rng: &mut Rng,
    cells: impl Fn(usize, usize, &'a Example) -> Cow<'a, SparseVector>,
) -> FewHot {
    let mut rows = FewHot::new();
    for t in 0..steps {
        for (b, example) in examples.iter().enumerate() {
            for &(cell, value) in cells(b, t, example).iter() {
                if keep >= 1.0 {
                    rows.push(cell as usize, value);
                } else if rng.uniform() < keep {
                    rows.push(cell as usize, value / keep);
                }
            }
            rows.end_row();
        }
    }
    rows
}

fn reverse(rows: &FewHot, steps: usize, batch: usize) -> FewHot {
    let mut reversed = FewHot::new();
    for t in (0..steps).rev() {
        for b in 0..batch {
            rows.row(t * batch + b).for_each(|(cell, value)| reversed.push(cell, value));
            reversed.end_row();
        }
    }
    reversed
}

/// `ln(1 + e^x)`.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// A draw of N(0, 1) (Box–Muller, one of the pair).
fn normal(rng: &mut Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.uniform()).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.uniform()).cos()
}
