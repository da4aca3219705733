//! The generator in plain burn operations (spec audio 1.3, 1.4): the yardstick beside the kernels of the core, and what runs
//! on every device that burn knows.
//!
//! Runs wherever it is called. Nothing here is tuned; the scaling of the weights is done once, when they are loaded.

use crate::reference::ReferenceError;
use burn::tensor::activation::leaky_relu;
use burn::tensor::module::{conv2d, interpolate};
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor, TensorData};
use descant_core::model::gansynth::{Shape, alphas};
use descant_core::nn::Weights;

const SLOPE: f64 = 0.2;
const EPSILON: f32 = 1e-8;

/// A convolution with its bias: `[outputs, inputs, height, width]`, zeros around the image.
struct Convolution {
    kernel: Tensor<4>,
    bias: Tensor<1>,
    padding: [usize; 2],
}

impl Convolution {
    fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([1, 1], self.padding, [1, 1], 1);
        conv2d(x, self.kernel.clone(), Some(self.bias.clone()), options)
    }
}

struct Block {
    layers: [Convolution; 2],
    colour: Convolution,
    /// How much of the result is seen.
    alpha: f32,
}

/// Weights on a device.
pub struct Generator {
    shape: Shape,
    blocks: Vec<Block>,
    device: Device,
}

impl Generator {
    /// Of the tensors of [`Shape::variables`]; `progress` is how far training came, see [`alphas`].
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub fn load(
        shape: Shape,
        weights: &Weights,
        progress: f64,
        device: &Device,
    ) -> Result<Self, ReferenceError> {
        let [height, width] = shape.start;
        let variables = shape.variables();
        let convolution = |pair: &[(String, Vec<usize>)], gain: f64, padding| {
            let [(kernel, sizes), (bias, outputs)] = pair else { unreachable!("a kernel and a bias") };
            let [h, w, inputs, _] = sizes[..] else { unreachable!("kernels have four sizes") };
            let values = |name: &String, shape: &Vec<usize>| {
                let tensor = weights.get(name).filter(|t| t.shape == *shape);
                tensor.map(|t| t.to_f32()).ok_or_else(|| ReferenceError(name.clone()))
            };
            let scale = (gain / (h * w * inputs) as f64).sqrt();
            let scaled: Vec<f32> =
                values(kernel, sizes)?.iter().map(|&x| (scale * f64::from(x)) as f32).collect();
            let data = TensorData::new(scaled, sizes.clone());
            let kernel = Tensor::<4>::from_data(data, device).permute([3, 2, 0, 1]);
            let bias = Tensor::from_data(TensorData::new(values(bias, outputs)?, outputs.clone()), device);
            Ok(Convolution { kernel, bias, padding })
        };
        let alphas = alphas(progress, shape.channels.len());
        let blocks = variables.chunks_exact(6).zip(alphas).enumerate().map(|(block, (six, alpha))| {
            // The first layer sees a single pixel from every place of its kernel.
            let first = if block == 0 { [height - 1, width - 1] } else { [1, 1] };
            Ok(Block {
                layers: [convolution(&six[..2], 2.0, first)?, convolution(&six[2..4], 2.0, [1, 1])?],
                colour: convolution(&six[4..], 1.0, [0, 0])?,
                alpha: alpha as f32,
            })
        });
        let blocks = blocks.collect::<Result<_, ReferenceError>>()?;
        Ok(Self { shape, blocks, device: device.clone() })
    }

    /// The image [frames × bands × (magnitude, frequency)] of a note, in -1..1; empty if the device lost it.
    #[must_use]
    pub fn image(&self, z: &[f32], pitch: u8) -> Vec<f32> {
        let mut input = z.to_vec();
        let (lowest, highest) = (self.shape.lowest, self.shape.highest());
        input.extend((lowest..=highest).map(|p| f32::from(u8::from(p == pitch))));
        let inputs = input.len();
        let mut x = norm(Tensor::from_data(TensorData::new(input, [1, inputs, 1, 1]), &self.device));
        let [height, width] = self.shape.image();
        let mut image = Tensor::<4>::zeros([1, 2, height, width], &self.device);
        for (n, block) in self.blocks.iter().enumerate() {
            if n > 0 {
                let [_, _, h, w] = x.dims();
                x = grown(x, [2 * h, 2 * w]);
            }
            for layer in &block.layers {
                x = norm(leaky_relu(layer.apply(x), SLOPE));
            }
            if block.alpha > 0.0 {
                let colours = block.colour.apply(x.clone()).tanh().mul_scalar(block.alpha);
                image = image + grown(colours, [height, width]);
            }
        }
        image.permute([0, 2, 3, 1]).into_data().try_to_vec().unwrap_or_default()
    }
}

/// Every pixel becomes a square.
fn grown(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    interpolate(x, InterpolateOptions::new(InterpolateMode::Nearest).with_output_size(size))
}

/// The channels of each pixel with a mean square of 1.
fn norm(x: Tensor<4>) -> Tensor<4> {
    let mean = x.clone().powi_scalar(2).mean_dim(1);
    x / mean.add_scalar(EPSILON).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use descant_core::model::gansynth::{GanSynth, Normaliser};
    use descant_core::nn::conv::Alone;
    use descant_core::nn::formula;
    use descant_core::tool::Cancel;

    fn weights(shape: &Shape) -> Weights {
        let scales = formula::Scales { default: 1.0, patterns: vec![("bias".to_owned(), 0.125)] };
        let variables = shape.variables();
        formula::weights(variables.iter().map(|(n, s)| (n.as_str(), s.as_slice())), 5, &scales)
    }

    #[test]
    fn kernels_and_burn_paint_the_same_image() {
        let shape = Shape { latent: 9, channels: vec![24, 16, 12], samples: 320, ..Shape::released() };
        let weights = weights(&shape);
        for progress in [shape.finished(), 1.25] {
            let device = Device::flex();
            let burn = Generator::load(shape.clone(), &weights, progress, &device).expect("fits");
            let ours = GanSynth::new(shape.clone(), Normaliser::default(), &weights, progress).expect("fits");
            let z = ours.random_instrument(7);
            for pitch in [24, 61, 84] {
                let expected = burn.image(&z, pitch);
                let image = ours.generator().image(&z, pitch, &Alone, &Cancel::default()).expect("an image");
                let off = image.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(image.len() == expected.len() && off < 2e-5, "{off}");
                assert!(image.iter().any(|x| x.abs() > 0.1), "an image of something");
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let shape = Shape { latent: 9, channels: vec![8, 4], ..Shape::released() };
        let few = weights(&Shape { channels: vec![8], ..shape.clone() });
        let refused = Generator::load(shape, &few, 1.0, &Device::flex());
        assert!(refused.is_err_and(|e| e.to_string().contains("block_2/conv0")));
    }
}
