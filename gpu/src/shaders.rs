//! The compiled shaders.

/// Pixels and outputs that a group of a convolution does.
pub const TILE: [usize; 2] = [64, 32];
/// Pixels that a group of an activation does.
pub const PIXELS: usize = 64;

/// Pipelines for the kinds of layers.
pub struct Shaders {
    pub convolution: wgpu::ComputePipeline,
    pub activation: wgpu::ComputePipeline,
}

impl Shaders {
    pub fn new(device: &wgpu::Device) -> Self {
        let pipeline = |name: &str, source: &str| {
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(name),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: None,
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        Self {
            convolution: pipeline("convolution", include_str!("convolution.wgsl")),
            activation: pipeline("activation", include_str!("activation.wgsl")),
        }
    }
}
