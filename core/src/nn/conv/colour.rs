//! [`ToColour`]: the 1×1 convolution with tanh that turns an image's channels into those of the result. Worker threads.
use super::image::{GROUP, Image};
use crate::nn::math::{sum8, tanh_v};
use crate::nn::simd::{Isa, Kernel, Simd};
use crate::nn::{NnError, Weights};

/// Packed weights.
#[derive(Clone, Debug)]
pub struct ToColour {
    inputs: usize,
    /// For each output, a weight of each input, filled up with zeros.
    rows: Vec<Vec<f32>>,
    bias: Vec<f32>,
}

impl ToColour {
    /// Packs `{prefix}conv2d/kernel` [1, 1, `inputs`, `outputs`], times `scale`, and `{prefix}bias`.
    ///
    /// # Errors
    /// [`NnError::Missing`], [`NnError::Shape`], [`NnError::Length`] with the variable's name.
    pub fn load(
        weights: &Weights,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        scale: f64,
    ) -> Result<Self, NnError> {
        let kernel = weights.find(&[format!("{prefix}conv2d/kernel")], &[1, 1, inputs, outputs])?.to_f32();
        let bias = weights.find(&[format!("{prefix}bias")], &[outputs])?.to_f32();
        let row = |output: usize| {
            let values = (0..inputs).map(|i| (scale * f64::from(kernel[i * outputs + output])) as f32);
            let mut row: Vec<f32> = values.collect();
            row.resize(inputs.next_multiple_of(GROUP), 0.0);
            row
        };
        Ok(Self { inputs, rows: (0..outputs).map(row).collect(), bias })
    }

    /// For each output a weight of each input, scaled, filled up with zeros to a multiple of [`super::Conv::GROUP`].
    #[must_use]
    pub fn rows(&self) -> &[Vec<f32>] {
        &self.rows
    }

    /// The biases.
    #[must_use]
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The result [height × width × outputs], in -1..1.
    ///
    /// # Errors
    /// [`NnError::Step`] for an image of another number of channels.
    pub fn run(&self, isa: Isa, x: &Image) -> Result<Vec<f32>, NnError> {
        if x.channels() != self.inputs {
            return Err(NnError::Step { what: "channels", expected: self.inputs, found: x.channels() });
        }
        let mut out = vec![0.0; x.height() * x.width() * self.rows.len()];
        isa.run(Run { colour: self, x, out: &mut out });
        Ok(out)
    }
}

struct Run<'a> {
    colour: &'a ToColour,
    x: &'a Image,
    out: &'a mut [f32],
}

impl Kernel for Run<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (x, pixel) = (self.x, self.x.pixel_stride());
        let mut out = self.out.iter_mut();
        for row in x.data.chunks_exact(x.row_stride()).skip(1).take(x.height()) {
            for pixel in row.chunks_exact(pixel).skip(1).take(x.width()) {
                for (weights, bias) in self.colour.rows.iter().zip(&self.colour.bias) {
                    let mut sum = s.splat(0.0);
                    for (x, w) in pixel.as_chunks::<8>().0.iter().zip(weights.as_chunks::<8>().0) {
                        sum = s.mul_add(s.load(x), s.load(w), sum);
                    }
                    let mut sums = [0.0; 8];
                    s.store(&mut sums, sum);
                    if let Some(out) = out.next() {
                        *out = sum8(sums) + bias;
                    }
                }
            }
        }
        for values in self.out.chunks_mut(8) {
            let mut eight = [0.0; 8];
            eight[..values.len()].copy_from_slice(values);
            let result = tanh_v(s, s.load(&eight));
            s.store(&mut eight, result);
            values.copy_from_slice(&eight[..values.len()]);
        }
    }
}
