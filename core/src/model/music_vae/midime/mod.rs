//! [`MidiMe`]: a small space inside a large one, learnt from a few vectors of a MusicVAE in a minute.
//!
//! Worker thread. Source: MidiMe of Magenta.js (spec vae 9), `tests/golden/vae/midime.json`. A variational auto-encoder of
//! dense layers; all vectors at once, one step of Adam per epoch. Plain loops: the vectors are few.
mod layer;
#[cfg(test)]
mod tests;

use crate::model::ModelError;
use crate::nn::{NnError, Tensor, Weights, math};
use layer::Layer;

/// Most units of a layer and most layers.
const MOST: (usize, usize) = (1 << 13, 16);

/// Sizes of a [`MidiMe`].
#[derive(Clone, Debug, PartialEq)]
pub struct MidiMeShape {
    /// Length of the vectors that it learns.
    pub input: usize,
    /// Length of its own vectors.
    pub latent: usize,
    /// Units of the encoder's layers; the decoder may have others.
    pub encoder: Vec<usize>,
    /// Units of the decoder's layers.
    pub decoder: Vec<usize>,
    /// Weight of staying near the prior against being exact.
    pub beta: f32,
}

impl Default for MidiMeShape {
    fn default() -> Self {
        Self { input: 256, latent: 4, encoder: vec![1024, 256, 64], decoder: vec![64, 256, 1024], beta: 1.0 }
    }
}

/// The network.
#[derive(Clone, Debug)]
pub struct MidiMe {
    shape: MidiMeShape,
    /// Encoder, mean, spread, decoder, output.
    layers: Vec<Layer>,
    /// Steps of training.
    steps: i32,
}

/// What the network makes of some vectors, [vectors × width] each.
#[derive(Clone, Debug, PartialEq)]
pub struct MidiMePass {
    /// Mean in the small space.
    pub mu: Vec<f32>,
    /// Standard deviation in the small space.
    pub sigma: Vec<f32>,
    /// What comes back out.
    pub reconstruction: Vec<f32>,
    /// The activations: every encoder layer's input and output, the drawn vectors, every decoder layer's output.
    encoder: Vec<Vec<f32>>,
    spread: Vec<f32>,
    decoder: Vec<Vec<f32>>,
}

/// How far a step of training was off, before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MidiMeLoss {
    /// Half the squared distance between a vector and what comes back, on average.
    pub reconstruction: f64,
    /// Distance from the prior, on average, not weighted.
    pub kl: f64,
    /// What is made smaller.
    pub total: f64,
    /// Length of the gradient.
    pub gradient: f64,
}

impl MidiMeShape {
    /// Every variable and its shape.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Vec<usize>)> {
        let pair = |(name, inputs, outputs): (String, usize, usize)| {
            [(format!("{name}/kernel"), vec![inputs, outputs]), (format!("{name}/bias"), vec![outputs])]
        };
        self.layers().into_iter().flat_map(pair).collect()
    }

    /// Name, inputs and outputs of each layer.
    fn layers(&self) -> Vec<(String, usize, usize)> {
        let mut all = Vec::new();
        let mut below = self.input;
        for (k, &units) in self.encoder.iter().enumerate() {
            all.push((format!("encoder/dense_{k}"), below, units));
            below = units;
        }
        all.push(("encoder/mu".into(), below, self.latent));
        all.push(("encoder/sigma".into(), below, self.latent));
        below = self.latent;
        for (k, &units) in self.decoder.iter().enumerate() {
            all.push((format!("decoder/dense_{k}"), below, units));
            below = units;
        }
        all.push(("decoder/mu".into(), below, self.input));
        all
    }

    fn check(&self) -> Result<(), ModelError> {
        let sizes =
            [self.input, self.latent].into_iter().chain(self.encoder.iter().chain(&self.decoder).copied());
        let layers = self.encoder.len().max(self.decoder.len());
        let possible = sizes.clone().all(|n| (1..=MOST.0).contains(&n)) && layers <= MOST.1;
        if possible && self.beta.is_finite() {
            Ok(())
        } else {
            Err(ModelError::Hparams("sizes of a MidiMe".into()))
        }
    }
}

impl MidiMe {
    /// A network that has learnt nothing: kernels drawn from N(0, 2 / (inputs + outputs)) without its tails, biases 0.
    ///
    /// # Errors
    /// Impossible sizes.
    pub fn new(shape: MidiMeShape, seed: u32) -> Result<Self, ModelError> {
        shape.check()?;
        let mut weights = Weights::new();
        for (k, (name, inputs, outputs)) in shape.layers().into_iter().enumerate() {
            let scale = (2.0 / (inputs + outputs) as f32).sqrt();
            // Every second draw is within two thirds of the spread, so that few are drawn again.
            let draws =
                super::normal(seed.wrapping_add(k as u32), 2 * inputs * outputs).filter(|x| x.abs() < 2.0);
            let mut kernel: Vec<f32> = draws.take(inputs * outputs).map(|x| x * scale).collect();
            kernel.resize(inputs * outputs, 0.0);
            weights.insert(format!("{name}/kernel"), Tensor::f32([inputs, outputs], kernel));
            weights.insert(format!("{name}/bias"), Tensor::f32([outputs], vec![0.0; outputs]));
        }
        Self::load(shape, &weights)
    }

    /// A network of these tensors, under the names of [`MidiMeShape::variables`].
    ///
    /// # Errors
    /// Impossible sizes; a tensor that is missing or has another shape.
    pub fn load(shape: MidiMeShape, weights: &Weights) -> Result<Self, ModelError> {
        shape.check()?;
        let tensor = |name: String, expected: Vec<usize>| match weights.get(&name) {
            None => Err(NnError::Missing { name }),
            Some(t) if t.shape != expected || t.len() != expected.iter().product::<usize>() => {
                Err(NnError::Shape { name, expected, found: t.shape.clone() })
            }
            Some(tensor) => Ok(tensor.to_f32()),
        };
        let layer = |(name, inputs, outputs): (String, usize, usize)| {
            let mut values = tensor(format!("{name}/kernel"), vec![inputs, outputs])?;
            values.extend(tensor(format!("{name}/bias"), vec![outputs])?);
            let moments = [vec![0.0; values.len()], vec![0.0; values.len()]];
            Ok(Layer { name, inputs, outputs, values, moments })
        };
        let layers = shape.layers().into_iter().map(layer).collect::<Result<_, NnError>>()?;
        Ok(Self { shape, layers, steps: 0 })
    }

    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> &MidiMeShape {
        &self.shape
    }

    /// The tensors.
    #[must_use]
    pub fn weights(&self) -> Weights {
        let pair = |layer: &Layer| {
            let (kernel, bias) = layer.values.split_at(layer.inputs * layer.outputs);
            [
                (
                    format!("{}/kernel", layer.name),
                    Tensor::f32([layer.inputs, layer.outputs], kernel.to_vec()),
                ),
                (format!("{}/bias", layer.name), Tensor::f32([layer.outputs], bias.to_vec())),
            ]
        };
        self.layers.iter().flat_map(pair).collect()
    }

    /// Mean and standard deviation, what comes back. `x` are vectors of the large space, one after the other, `noise` the
    /// draws of N(0, 1) for each number in the small space.
    ///
    /// # Errors
    /// Numbers that do not fit.
    pub fn forward(&self, x: &[f32], noise: &[f32]) -> Result<MidiMePass, NnError> {
        let count = x.len() / self.shape.input;
        fits("numbers of the vectors", count * self.shape.input, x.len())?;
        fits("draws", count * self.shape.latent, noise.len())?;
        let top = self.shape.encoder.len();
        let mut encoder = vec![x.to_vec()];
        for layer in &self.layers[..top] {
            let out = layer.run(&encoder[encoder.len() - 1], true);
            encoder.push(out);
        }
        let hidden = &encoder[top];
        let mu = self.layers[top].run(hidden, false);
        let spread = self.layers[top + 1].run(hidden, false);
        let sigma: Vec<f32> = spread.iter().map(|&s| math::softplus(s)).collect();
        let z = mu.iter().zip(&sigma).zip(noise).map(|((&mu, &sigma), &draw)| mu + sigma * draw).collect();
        let (decoder, reconstruction) = self.decoder(z);
        Ok(MidiMePass { mu, sigma, reconstruction, encoder, spread, decoder })
    }

    /// Vectors of the large space from those of the small one, one after the other.
    ///
    /// # Errors
    /// Numbers that do not fit.
    pub fn decode(&self, z: &[f32]) -> Result<Vec<f32>, NnError> {
        fits("numbers of the vectors", z.len().next_multiple_of(self.shape.latent), z.len())?;
        Ok(self.decoder(z.to_vec()).1)
    }

    fn decoder(&self, z: Vec<f32>) -> (Vec<Vec<f32>>, Vec<f32>) {
        let layers = &self.layers[self.shape.encoder.len() + 2..];
        let mut activations = vec![z];
        for layer in &layers[..layers.len() - 1] {
            let out = layer.run(&activations[activations.len() - 1], true);
            activations.push(out);
        }
        let out = layers[layers.len() - 1].run(&activations[activations.len() - 1], false);
        (activations, out)
    }

    /// One step of training on all vectors.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn train(&mut self, x: &[f32], noise: &[f32]) -> Result<MidiMeLoss, NnError> {
        let pass = self.forward(x, noise)?;
        let count = (x.len() / self.shape.input).max(1) as f32;
        let mut loss = MidiMeLoss { reconstruction: 0.0, kl: 0.0, total: 0.0, gradient: 0.0 };
        let errors = pass.reconstruction.iter().zip(x).map(|(&back, &x)| back - x);
        loss.reconstruction = errors.clone().map(|e| f64::from(e * e) / 2.0).sum::<f64>() / f64::from(count);
        for (&mu, &sigma) in pass.mu.iter().zip(&pass.sigma) {
            let square = sigma * sigma;
            loss.kl -= f64::from(0.5 * (1.0 + math::ln(square) - mu * mu - square)) / f64::from(count);
        }
        loss.total = loss.reconstruction + f64::from(self.shape.beta) * loss.kl;
        let gradients = self.gradients(&pass, errors.map(|e| e / count).collect(), noise, count);
        let squares = gradients.iter().flatten().map(|&g| f64::from(g) * f64::from(g));
        loss.gradient = squares.sum::<f64>().sqrt();
        self.steps = self.steps.saturating_add(1);
        for (layer, gradient) in self.layers.iter_mut().zip(&gradients) {
            layer.update(gradient, self.steps);
        }
        Ok(loss)
    }

    /// The gradient of every layer's values; `error` is that of the output.
    fn gradients(&self, pass: &MidiMePass, error: Vec<f32>, noise: &[f32], count: f32) -> Vec<Vec<f32>> {
        let top = self.shape.encoder.len();
        let mut gradients: Vec<Vec<f32>> = self.layers.iter().map(|l| vec![0.0; l.values.len()]).collect();
        let mut error = error;
        for (k, activation) in pass.decoder.iter().enumerate().rev() {
            let place = top + 2 + k;
            let below = self.layers[place].backward(activation, &error, &mut gradients[place]);
            // Below the first decoder layer are the drawn vectors, which have no kink.
            error = if k == 0 { below } else { rectified(below, activation) };
        }
        let beta = self.shape.beta / count;
        let mean = error.iter().zip(&pass.mu).map(|(e, mu)| e + beta * mu).collect::<Vec<_>>();
        let spread = error.iter().zip(noise).zip(pass.sigma.iter().zip(&pass.spread));
        let spread = spread.map(|((e, draw), (&sigma, &raw))| {
            let slope = e * draw + beta * (sigma - 1.0 / sigma);
            slope * math::sigmoid(raw)
        });
        let spread: Vec<f32> = spread.collect();
        let hidden = &pass.encoder[top];
        let mut error = self.layers[top].backward(hidden, &mean, &mut gradients[top]);
        let more = self.layers[top + 1].backward(hidden, &spread, &mut gradients[top + 1]);
        error.iter_mut().zip(more).for_each(|(error, more)| *error += more);
        for k in (0..top).rev() {
            error = rectified(error, &pass.encoder[k + 1]);
            error = self.layers[k].backward(&pass.encoder[k], &error, &mut gradients[k]);
        }
        gradients
    }
}

/// The error where the layer was above its kink.
fn rectified(mut error: Vec<f32>, activation: &[f32]) -> Vec<f32> {
    error.iter_mut().zip(activation).filter(|(_, a)| **a <= 0.0).for_each(|(error, _)| *error = 0.0);
    error
}

fn fits(what: &'static str, expected: usize, found: usize) -> Result<(), NnError> {
    if expected == found { Ok(()) } else { Err(NnError::Step { what, expected, found }) }
}
