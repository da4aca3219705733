//! A dense layer that learns by Adam. Any thread.

const LEARNING_RATE: f32 = 1e-3;
/// How slowly the means of gradients and of their squares change.
const DECAY: (f32, f32) = (0.9, 0.999);
const EPSILON: f32 = 1e-7;

/// A dense layer with what training remembers of it.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub name: String,
    pub inputs: usize,
    pub outputs: usize,
    /// Kernel, [inputs × outputs], then bias.
    pub values: Vec<f32>,
    /// Means of the gradient and of its square.
    pub moments: [Vec<f32>; 2],
}

impl Layer {
    /// Rows of outputs from rows of inputs.
    pub(super) fn run(&self, x: &[f32], rectify: bool) -> Vec<f32> {
        let (kernel, bias) = self.values.split_at(self.inputs * self.outputs);
        let mut out = Vec::with_capacity(x.len() / self.inputs * self.outputs);
        for row in x.chunks_exact(self.inputs) {
            let start = out.len();
            out.extend_from_slice(bias);
            for (&value, weights) in
                row.iter().zip(kernel.chunks_exact(self.outputs)).filter(|(v, _)| **v != 0.0)
            {
                out[start..].iter_mut().zip(weights).for_each(|(sum, &weight)| *sum += value * weight);
            }
        }
        if rectify {
            out.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        out
    }

    /// The error of the inputs from that of the outputs; adds to the gradient of the values.
    pub(super) fn backward(&self, x: &[f32], error: &[f32], gradient: &mut [f32]) -> Vec<f32> {
        let kernel = &self.values[..self.inputs * self.outputs];
        let (of_kernel, of_bias) = gradient.split_at_mut(self.inputs * self.outputs);
        let mut below = Vec::with_capacity(x.len());
        for (row, error) in x.chunks_exact(self.inputs).zip(error.chunks_exact(self.outputs)) {
            of_bias.iter_mut().zip(error).for_each(|(sum, &e)| *sum += e);
            let weights = kernel.chunks_exact(self.outputs).zip(of_kernel.chunks_exact_mut(self.outputs));
            for (&value, (weights, sums)) in row.iter().zip(weights) {
                below.push(weights.iter().zip(error).map(|(&w, &e)| w * e).sum());
                if value != 0.0 {
                    sums.iter_mut().zip(error).for_each(|(sum, &e)| *sum += value * e);
                }
            }
        }
        below
    }

    /// A step of Adam, the `step`-th from 1.
    pub(super) fn update(&mut self, gradient: &[f32], step: i32) {
        let (first, second) = DECAY;
        let (unbias_first, unbias_second) = (1.0 - first.powi(step), 1.0 - second.powi(step));
        let [means, squares] = &mut self.moments;
        let moments = means.iter_mut().zip(squares.iter_mut());
        for ((value, &gradient), (mean, square)) in self.values.iter_mut().zip(gradient).zip(moments) {
            *mean += (1.0 - first) * (gradient - *mean);
            *square += (1.0 - second) * (gradient * gradient - *square);
            let (mean, square) = (*mean / unbias_first, *square / unbias_second);
            *value -= LEARNING_RATE * mean / (square.sqrt() + EPSILON);
        }
    }
}
