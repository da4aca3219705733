//! [`Gpu`]: the graphics processor of this process, with the compiled shaders.

use crate::shaders::Shaders;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// No image takes so long. A driver that hangs must not hold up a musician for ever.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why the graphics processor does not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// None that wgpu can use.
    #[error("this computer has no graphics processor that can be used")]
    None,
    /// One that is the main processor in disguise.
    #[error("{0} is no real graphics processor")]
    Software(String),
    /// It refuses to work.
    #[error("the graphics processor cannot be used: {0}")]
    Refused(String),
    /// It went away, or did something wrong.
    #[error("the graphics processor was lost: {0}")]
    Lost(String),
    /// A network that is too large for it.
    #[error("the model does not fit into the memory of the graphics processor")]
    Memory,
}

/// Which processors will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Real ones.
    Hardware,
    /// Only one that is calculated by the main processor: slow, but the same shaders. For tests.
    Software,
}

/// A graphics processor, ready to paint.
pub struct Gpu {
    name: String,
    software: bool,
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) shaders: Shaders,
    lost: Arc<Mutex<Option<String>>>,
}

impl Gpu {
    /// The graphics processor of this process: looked for at the first call, then always the same answer; but one that was
    /// lost is looked for anew. Takes up to a second.
    ///
    /// # Errors
    /// [`GpuError`]: the reason, to be shown.
    pub fn shared() -> Result<Arc<Self>, GpuError> {
        static SHARED: Mutex<Option<Result<Arc<Gpu>, GpuError>>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shared {
            Some(Err(why)) => Err(why.clone()),
            Some(Ok(gpu)) if gpu.check().is_ok() => Ok(gpu.clone()),
            _ => shared.insert(Self::open(Accept::Hardware)).clone(),
        }
    }

    /// Looks for one.
    ///
    /// # Errors
    /// [`GpuError`].
    pub fn open(accept: Accept) -> Result<Arc<Self>, GpuError> {
        let software = accept == Accept::Software;
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
            flags: wgpu::InstanceFlags::empty(),
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            force_fallback_adapter: software,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = pollster::block_on(instance.request_adapter(&options)).map_err(|_| GpuError::None)?;
        let info = adapter.get_info();
        if info.device_type == wgpu::DeviceType::Cpu && !software {
            return Err(GpuError::Software(info.name));
        }
        let most = adapter.limits();
        let limits = wgpu::Limits {
            // A convolution has five.
            max_storage_buffers_per_shader_stage: 5,
            max_buffer_size: most.max_buffer_size,
            max_storage_buffer_binding_size: most.max_storage_buffer_binding_size,
            ..wgpu::Limits::downlevel_defaults()
        };
        let request = wgpu::DeviceDescriptor {
            label: Some("descant"),
            required_limits: limits,
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&request))
            .map_err(|why| GpuError::Refused(why.to_string()))?;
        let lost = Arc::new(Mutex::new(None));
        let keep = |lost: &Mutex<Option<String>>, why: String| {
            // The first reason is the one that counts.
            lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        };
        let told = lost.clone();
        device.set_device_lost_callback(move |_, why| keep(&told, why));
        let told = lost.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| keep(&told, error.to_string())));
        let shaders = Shaders::new(&device);
        let gpu = Self { name: info.name, software, device, queue, shaders, lost };
        gpu.check()?;
        Ok(Arc::new(gpu))
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the main processor does its work.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.software
    }

    /// Gives it up, as if it had been pulled out: whatever is asked of it afterwards fails.
    pub fn lose(&self) {
        self.device.destroy();
        self.fail("it was given up");
    }

    /// # Errors
    /// [`GpuError::Lost`].
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        match self.lost.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(why) => Err(GpuError::Lost(why.clone())),
            None => Ok(()),
        }
    }

    fn fail(&self, why: &str) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why.to_owned());
    }

    /// Does the commands and reads a buffer.
    pub(crate) fn read(
        &self,
        commands: wgpu::CommandBuffer,
        buffer: &wgpu::Buffer,
        bytes: u64,
    ) -> Result<Vec<f32>, GpuError> {
        self.check()?;
        self.queue.submit([commands]);
        let slice = buffer.slice(..bytes);
        let (tell, told) = std::sync::mpsc::channel();
        slice.map_async(wgpu::MapMode::Read, move |mapped| {
            // Nobody listens any more if the wait below was too long.
            let _ = tell.send(mapped);
        });
        let wait = wgpu::PollType::Wait { submission_index: None, timeout: Some(PATIENCE) };
        if let Err(why) = self.device.poll(wait) {
            self.fail(&why.to_string());
        }
        self.check()?;
        let mapped = told.try_recv().map_err(|_| "it did not answer".to_owned());
        if let Err(why) = mapped.and_then(|mapped| mapped.map_err(|why| why.to_string())) {
            self.fail(&why);
            self.check()?;
        }
        let view = slice.get_mapped_range().map_err(|why| GpuError::Lost(why.to_string()))?;
        let floats = view.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        drop(view);
        buffer.unmap();
        Ok(floats)
    }
}
