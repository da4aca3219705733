//! [`Network`]: a generator's weights on the graphics processor.
//!
//! Every layer is two passes: a convolution from one of two buffers to the other, and an activation in place, which also
//! adds what is seen of a block to the image. The first layer, a matrix, stays with the main processor: it is a hundredth
//! of the work.

use crate::device::{Gpu, GpuError};
use crate::shaders::{PIXELS, TILE};
use descant_core::model::gansynth::{Generator, NoteError};
use descant_core::nn::conv::{Conv, Image, ToColour};
use std::sync::{Arc, Mutex, PoisonError};

/// Floats of a pixel of the result: magnitude and frequency.
const COLOURS: usize = 2;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Nothing that another processor could do better.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The graphics processor.
    #[error(transparent)]
    Gpu(#[from] GpuError),
}

/// Weights, and memory for some images at once.
pub struct Network {
    gpu: Arc<Gpu>,
    generator: Generator,
    layers: Vec<Layer>,
    room: Mutex<Option<Room>>,
}

/// What does not change from image to image.
struct Layer {
    /// Sizes, reach of the taps, weights, bias.
    convolution: [wgpu::Buffer; 4],
    /// Sizes, colours.
    activation: [wgpu::Buffer; 2],
    /// Groups of the convolution but for the number of images, and of the activation.
    groups: ([u32; 3], u32),
}

/// Memory for some images.
struct Room {
    images: usize,
    /// Between layers: from one to the other and back.
    planes: [wgpu::Buffer; 2],
    image: wgpu::Buffer,
    answer: wgpu::Buffer,
}

impl Network {
    /// Carries the weights over.
    ///
    /// # Errors
    /// [`GpuError::Lost`], [`GpuError::Memory`].
    pub fn new(gpu: Arc<Gpu>, generator: &Generator) -> Result<Self, GpuError> {
        let [mut height, mut width] = generator.shape().start;
        let [_, whole] = generator.shape().image();
        let mut layers = Vec::new();
        for (conv, colour) in generator.layers() {
            let (scale, outputs) = (conv.scale(), conv.outputs());
            let [inputs, fours] = [conv.inputs(), outputs].map(|n| filled(n) / 4);
            let reach = conv.reach();
            let taps = reach.first().map_or(0, Vec::len);
            let sizes = [height, width, inputs, fours, scale, taps, 0, 0].map(|n| (n as u32).to_le_bytes());
            let reach = reach.into_iter().flatten().flatten().map(i32::to_le_bytes);
            let convolution = [
                buffer(&gpu, sizes, UNIFORM)?,
                buffer(&gpu, reach, STORAGE)?,
                buffer(&gpu, conv.weights().into_iter().map(f32::to_le_bytes), STORAGE)?,
                buffer(&gpu, conv.bias().iter().copied().map(f32::to_le_bytes), STORAGE)?,
            ];
            let groups = [
                (height * width).div_ceil(TILE[0]) as u32,
                filled(outputs).div_ceil(TILE[1]) as u32,
                (scale * scale) as u32,
            ];
            (height, width) = (scale * height, scale * width);
            let alpha = colour.map_or(0.0, |(_, alpha)| alpha);
            let sizes = [height * width, width, fours, outputs, whole / width.max(1)];
            let sizes = sizes.map(|n| (n as u32).to_le_bytes()).into_iter();
            let sizes = sizes.chain([alpha.to_le_bytes(), [0; 4], [0; 4]]);
            let colours = colours(colour.map(|(colour, _)| colour), filled(outputs));
            layers.push(Layer {
                convolution,
                activation: [
                    buffer(&gpu, sizes, UNIFORM)?,
                    buffer(&gpu, colours.into_iter().map(f32::to_le_bytes), STORAGE)?,
                ],
                groups: (groups, (height * width).div_ceil(PIXELS) as u32),
            });
        }
        gpu.check()?;
        Ok(Self { gpu, generator: generator.clone(), layers, room: Mutex::new(None) })
    }

    /// The images [frames × bands × (magnitude, frequency)] of notes, in -1..1, as
    /// [`Generator::image`] makes them one by one, but for rounding.
    ///
    /// # Errors
    /// [`ImageError`].
    pub fn images(&self, notes: &[(&[f32], u8)]) -> Result<Vec<Vec<f32>>, ImageError> {
        let starts = notes
            .iter()
            .map(|(z, pitch)| self.generator.start(z, *pitch))
            .collect::<Result<Vec<Image>, NoteError>>()?;
        if starts.is_empty() {
            return Ok(Vec::new());
        }
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let room = match room.take().filter(|room| room.images >= notes.len()) {
            Some(enough) => room.insert(enough),
            None => room.insert(self.room(notes.len())?),
        };
        let bytes: Vec<u8> = starts.iter().flat_map(flat).flat_map(f32::to_le_bytes).collect();
        self.gpu.queue.write_buffer(&room.planes[0], 0, &bytes);
        let [height, width] = self.generator.shape().image();
        let floats = height * width * COLOURS;
        let size = (notes.len() * floats * size_of::<f32>()) as u64;
        let answer = self.gpu.read(self.commands(room, notes.len(), size), &room.answer, size)?;
        Ok(answer.chunks_exact(floats).map(<[f32]>::to_vec).collect())
    }

    fn room(&self, images: usize) -> Result<Room, GpuError> {
        let shape = self.generator.shape();
        let pixels = |block: usize| shape.start.iter().product::<usize>() << (2 * block);
        let largest = shape.channels.iter().enumerate().map(|(block, &n)| pixels(block) * filled(n));
        let largest = images * largest.max().unwrap_or(0);
        let image = images * shape.image().iter().product::<usize>() * COLOURS;
        let memory = |floats: usize, usage| empty(&self.gpu, (floats * size_of::<f32>()) as u64, usage);
        let plane = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let room = Room {
            images,
            planes: [memory(largest, plane)?, memory(largest, plane)?],
            image: memory(image, plane | wgpu::BufferUsages::COPY_SRC)?,
            answer: memory(image, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST)?,
        };
        self.gpu.check()?;
        Ok(room)
    }

    fn commands(&self, room: &Room, images: usize, size: u64) -> wgpu::CommandBuffer {
        let Gpu { device, shaders, .. } = &*self.gpu;
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(&room.image, 0, Some(size));
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let [mut from, mut to] = [&room.planes[0], &room.planes[1]];
        let images = images as u32;
        for Layer { convolution, activation, groups: ([pixels, outputs, places], activated) } in &self.layers
        {
            let [sizes, reach, weights, bias] = convolution;
            pass.set_pipeline(&shaders.convolution);
            pass.set_bind_group(
                0,
                &bound(device, &shaders.convolution, [sizes, reach, weights, bias, from, to]),
                &[],
            );
            pass.dispatch_workgroups(*pixels, *outputs, places * images);
            let [sizes, colours] = activation;
            pass.set_pipeline(&shaders.activation);
            pass.set_bind_group(
                0,
                &bound(device, &shaders.activation, [sizes, to, colours, &room.image]),
                &[],
            );
            pass.dispatch_workgroups(*activated, images, 1);
            (from, to) = (to, from);
        }
        drop(pass);
        encoder.copy_buffer_to_buffer(&room.image, 0, &room.answer, 0, size);
        encoder.finish()
    }
}

const UNIFORM: wgpu::BufferUsages = wgpu::BufferUsages::UNIFORM;
const STORAGE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE;

/// Channels, filled up as the main processor's kernels fill them.
fn filled(channels: usize) -> usize {
    channels.next_multiple_of(Conv::GROUP)
}

/// Weights of the magnitude, of the frequency, and their biases.
fn colours(colour: Option<&ToColour>, channels: usize) -> Vec<f32> {
    let Some(colour) = colour else { return vec![0.0; COLOURS * channels + 4] };
    let mut all = colour.rows().concat();
    all.extend_from_slice(colour.bias());
    all.resize(COLOURS * channels + 4, 0.0);
    all
}

/// The pixels without their margin, channels filled up.
fn flat(image: &Image) -> Vec<f32> {
    let mut all = Vec::new();
    for y in 0..image.height() {
        for x in 0..image.width() {
            all.extend_from_slice(image.pixel(y, x));
            all.resize(all.len().next_multiple_of(filled(image.channels()).max(1)), 0.0);
        }
    }
    all
}

fn bound<const N: usize>(
    device: &wgpu::Device,
    pipeline: &wgpu::ComputePipeline,
    buffers: [&wgpu::Buffer; N],
) -> wgpu::BindGroup {
    let entry = |binding: usize| wgpu::BindGroupEntry {
        binding: binding as u32,
        resource: buffers[binding].as_entire_binding(),
    };
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &std::array::from_fn::<_, N, _>(entry),
    })
}

/// Memory with these words in it.
fn buffer(
    gpu: &Gpu,
    words: impl IntoIterator<Item = [u8; 4]>,
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer, GpuError> {
    let bytes: Vec<u8> = words.into_iter().flatten().collect();
    let buffer = empty(gpu, bytes.len() as u64, usage | wgpu::BufferUsages::COPY_DST)?;
    gpu.queue.write_buffer(&buffer, 0, &bytes);
    Ok(buffer)
}

fn empty(gpu: &Gpu, size: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, GpuError> {
    let limits = gpu.device.limits();
    if size > limits.max_buffer_size.min(limits.max_storage_buffer_binding_size) {
        return Err(GpuError::Memory);
    }
    Ok(gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size,
        usage,
        mapped_at_creation: false,
    }))
}
