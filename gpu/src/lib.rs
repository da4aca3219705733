//! GANSynth's images on a graphics processor: own shaders for its three kinds of layers, through wgpu.
//!
//! Worker threads only; nothing here is touched by a scan, a window or the audio thread. [`Gpu::open`] finds the processor,
//! or says why there is none; [`Network`] is a generator's weights on it and paints images, one or several at once. Whatever
//! goes wrong is a [`GpuError`], after which the kernels of the core go on with the same result but for rounding. Parity is
//! held by the golden files `generator_*` on a software adapter.
mod device;
mod network;
mod shaders;

pub use device::{Accept, Gpu, GpuError};
pub use network::{ImageError, Network};
