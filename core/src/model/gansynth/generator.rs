//! [`Generator`]: the network itself, an instrument and a note → an image (spec audio 1.3, 1.4).
//!
//! Worker threads; cancelled between layers. Python's run-time scaling is folded into the packed kernels: √(2 / inputs of
//! a sum) for hidden layers, √(1 / channels) for the last one (Magenta.js makes that √2 louder).
use super::NoteError;
use super::shape::{COLOURS, Shape, alphas, scope};
use crate::model::ModelError;
use crate::nn::conv::{Conv, Crew, Image, ToColour, leaky_norm};
use crate::nn::{Dense, Isa, Storage, Tensor, Weights};
use crate::tool::Cancel;

/// Packed weights.
#[derive(Clone, Debug)]
pub struct Generator {
    shape: Shape,
    isa: Isa,
    /// The first layer: only one pixel of its input is not zero, so it is a matrix.
    first: Dense,
    /// As many as are seen.
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    /// None in the first block.
    grow: Option<Conv>,
    conv: Conv,
    /// If it is seen: how much.
    colour: Option<(ToColour, f32)>,
}

impl Generator {
    /// Packs the tensors of [`Shape::variables`]. `progress` is how far training came, see [`alphas`]: blocks that are not
    /// seen may be missing.
    ///
    /// # Errors
    /// An impossible shape; a tensor that is missing or has another shape.
    pub fn new(shape: Shape, weights: &Weights, progress: f64) -> Result<Self, ModelError> {
        shape.check()?;
        let hidden = |terms: usize| (2.0 / terms as f64).sqrt();
        let first = first(&shape, weights)?;
        let alphas = alphas(progress, shape.channels.len());
        let seen = alphas.iter().rposition(|&alpha| alpha > 0.0).map_or(0, |last| last + 1);
        let mut blocks: Vec<Block> = Vec::new();
        for (n, (&channels, alpha)) in shape.channels.iter().zip(alphas).take(seen).enumerate() {
            let prefix = |layer: &str| format!("{}{layer}/", scope(n));
            let load = |layer, inputs, doubled| {
                Conv::load(weights, &prefix(layer), inputs, channels, hidden(9 * inputs), doubled)
            };
            let grow = match n {
                0 => None,
                _ => Some(load("conv0", shape.channels[n - 1], true)?),
            };
            let conv = load("conv1", channels, false)?;
            let scale = (1.0 / channels as f64).sqrt();
            let colour = match alpha {
                0.0 => None,
                _ => Some((
                    ToColour::load(weights, &prefix("to_rgb"), channels, COLOURS, scale)?,
                    alpha as f32,
                )),
            };
            blocks.push(Block { grow, conv, colour });
        }
        Ok(Self { shape, isa: Isa::best(), first, blocks })
    }

    /// The same network on a chosen instruction set; the results are the same bits.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Multiplications and additions of an image.
    #[must_use]
    pub fn multiply_adds(&self) -> usize {
        let mut pixels = self.shape.start.iter().product::<usize>();
        let mut sum = self.first.inputs() * self.first.outputs();
        for block in &self.blocks {
            if let Some(grow) = &block.grow {
                sum += grow.multiply_adds(pixels);
                pixels *= 4;
            }
            sum += block.conv.multiply_adds(pixels);
            if block.colour.is_some() {
                sum += pixels * block.conv.outputs() * COLOURS;
            }
        }
        sum
    }

    /// The image [frames × bands × (magnitude, frequency)] of a note, in -1..1.
    ///
    /// # Errors
    /// [`NoteError::Pitch`], [`NoteError::Latent`], [`NoteError::NotFinite`], [`NoteError::Cancelled`].
    pub fn image(
        &self,
        z: &[f32],
        pitch: u8,
        crew: &dyn Crew,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, NoteError> {
        let mut x = self.start(z, pitch)?;
        let [height, width] = self.shape.image();
        let mut image = vec![0.0; height * width * COLOURS];
        for block in &self.blocks {
            for layer in block.grow.iter().chain([&block.conv]) {
                if cancel.is_cancelled() {
                    return Err(NoteError::Cancelled);
                }
                x = layer.run(self.isa, crew, &x)?;
            }
            if let Some((colour, alpha)) = &block.colour {
                blend(&mut image, width, &colour.run(self.isa, &x)?, x.width(), *alpha);
            }
        }
        Ok(image)
    }

    /// What the first layer makes of a note: for another processor that does the others, [`Generator::layers`].
    ///
    /// # Errors
    /// [`NoteError::Pitch`], [`NoteError::Latent`], [`NoteError::NotFinite`].
    pub fn start(&self, z: &[f32], pitch: u8) -> Result<Image, NoteError> {
        let input = self.input(z, pitch)?;
        let [height, width] = self.shape.start;
        let channels = self.shape.channels.first().copied().unwrap_or(0);
        let mut flat = vec![0.0; self.first.outputs()];
        self.first.run(self.isa, &input, &mut flat)?;
        let mut x = Image::zeros(height, width, channels);
        for (i, values) in flat.chunks_exact(channels.max(1)).enumerate() {
            x.pixel_mut(i / width, i % width).copy_from_slice(values);
        }
        leaky_norm(self.isa, &mut x);
        Ok(x)
    }

    /// The layers after the first, in order; with the colours that are seen behind one, and how much.
    pub fn layers(&self) -> impl Iterator<Item = (&Conv, Option<(&ToColour, f32)>)> {
        self.blocks.iter().flat_map(|block| {
            let colour = block.colour.as_ref().map(|(colour, alpha)| (colour, *alpha));
            block.grow.iter().map(|grow| (grow, None)).chain([(&block.conv, colour)])
        })
    }

    /// The instrument and the note, with a mean square of 1.
    fn input(&self, z: &[f32], pitch: u8) -> Result<Vec<f32>, NoteError> {
        let (lowest, highest) = (self.shape.lowest, self.shape.highest());
        if !(lowest..=highest).contains(&pitch) {
            return Err(NoteError::Pitch { pitch, lowest, highest });
        }
        if z.len() != self.shape.latent {
            return Err(NoteError::Latent { expected: self.shape.latent, found: z.len() });
        }
        if !z.iter().all(|x| x.is_finite()) {
            return Err(NoteError::NotFinite);
        }
        let mut input = z.to_vec();
        input.extend((lowest..=highest).map(|p| f32::from(u8::from(p == pitch))));
        let squares: f64 = input.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let norm = 1.0 / (squares / input.len() as f64 + 1e-8).sqrt();
        input.iter_mut().for_each(|x| *x = (f64::from(*x) * norm) as f32);
        Ok(input)
    }
}

/// The matrix of the first layer. The one pixel that is not zero meets the kernel at its last row and column for the first
/// pixel of the result, at its first ones for the last.
fn first(shape: &Shape, weights: &Weights) -> Result<Dense, ModelError> {
    let [height, width] = shape.start;
    let (inputs, outputs) = (shape.inputs(), shape.channels.first().copied().unwrap_or(0));
    let prefix = format!("{}conv0/", scope(0));
    let kernel =
        weights.find(&[format!("{prefix}conv2d/kernel")], &[height, width, inputs, outputs])?.to_f32();
    let bias = weights.find(&[format!("{prefix}bias")], &[outputs])?.to_f32();
    let scale = (2.0 / (height * width * inputs) as f64).sqrt();
    let places = height * width;
    let mut matrix = Vec::with_capacity(kernel.len());
    for input in 0..inputs {
        for place in (0..places).rev() {
            let row = &kernel[(place * inputs + input) * outputs..][..outputs];
            matrix.extend(row.iter().map(|&w| (scale * f64::from(w)) as f32));
        }
    }
    let matrix = Tensor::f32([inputs, places * outputs], matrix);
    let bias = Tensor::f32([places * outputs], bias.repeat(places));
    Ok(Dense::new(&matrix, Some(&bias), inputs, places * outputs, Storage::F32)?)
}

/// Adds `alpha` × `small`, each pixel of which covers a square, to `image`; both have rows of a width in pixels.
fn blend(image: &mut [f32], width: usize, small: &[f32], small_width: usize, alpha: f32) {
    let scale = width / small_width.max(1);
    for (y, row) in image.chunks_exact_mut(width * COLOURS).enumerate() {
        let small = &small[y / scale * small_width * COLOURS..][..small_width * COLOURS];
        for (x, pixel) in row.chunks_exact_mut(COLOURS).enumerate() {
            for (value, from) in pixel.iter_mut().zip(&small[x / scale * COLOURS..]) {
                *value += alpha * from;
            }
        }
    }
}
