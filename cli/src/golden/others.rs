//! [`Others`]: the networks beside the kernels of the core that are held to the same images: burn's, and the shaders of the
//! graphics processor; a software one will do. What this build or this computer has not is left out, and
//! [`report_absent`] says so.
use super::{Outcome, Report};
use anyhow::{Context as _, Result};
use descant_core::model::gansynth::{Generator, Shape};
use descant_core::nn::Weights;

/// See the file's head.
pub struct Others {
    #[cfg(feature = "train")]
    burn: descant_learn::gansynth::reference::Generator,
    #[cfg(feature = "gpu")]
    shaders: Option<descant_gpu::Network>,
}

/// Multiplications of an image that are asked of a software adapter: the released size takes it half a minute.
#[cfg(feature = "gpu")]
const MOST: usize = 1_000_000_000;

/// The graphics processor of this run.
#[cfg(feature = "gpu")]
static GRAPHICS: std::sync::LazyLock<Result<std::sync::Arc<descant_gpu::Gpu>, descant_gpu::GpuError>> =
    std::sync::LazyLock::new(|| {
        use descant_gpu::{Accept, Gpu};
        Gpu::open(Accept::Hardware).or_else(|_| Gpu::open(Accept::Software))
    });

impl Others {
    /// The same weights everywhere; `kernels` are the core's.
    #[cfg_attr(
        not(all(feature = "train", feature = "gpu")),
        expect(unused_variables, reason = "parts are left out")
    )]
    pub fn load(shape: &Shape, weights: &Weights, progress: f64, kernels: &Generator) -> Result<Self> {
        Ok(Self {
            #[cfg(feature = "train")]
            burn: {
                let device = descant_learn::reference::Device::flex();
                descant_learn::gansynth::reference::Generator::load(
                    shape.clone(),
                    weights,
                    progress,
                    &device,
                )?
            },
            #[cfg(feature = "gpu")]
            shaders: match &*GRAPHICS {
                Ok(gpu) if !(gpu.is_software() && kernels.multiply_adds() > MOST) => {
                    Some(descant_gpu::Network::new(gpu.clone(), kernels)?)
                }
                _ => None,
            },
        })
    }

    /// Lets `with` compare their images of a note.
    #[cfg_attr(
        not(any(feature = "train", feature = "gpu")),
        expect(unused_variables, reason = "there are none")
    )]
    pub fn compare(&self, z: &[f32], pitch: u8, with: impl Fn(&[f32]) -> Result<f64>) -> Result<()> {
        #[cfg(feature = "train")]
        with(&self.burn.image(z, pitch)).context("in burn")?;
        #[cfg(feature = "gpu")]
        if let Some(shaders) = &self.shaders {
            for image in shaders.images(&[(z, pitch)])? {
                with(&image).context("on the graphics processor")?;
            }
        }
        Ok(())
    }
}

/// Notes in a report what was left out of it; `large`: of a network of the released size.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "nothing is too large"))]
pub fn report_absent(report: &mut Report, large: bool) {
    #[cfg(feature = "gpu")]
    match &*GRAPHICS {
        Err(why) => {
            report.case("shaders", Outcome::Absent(format!("{why} (Debian: mesa-vulkan-drivers)")));
        }
        Ok(gpu) if large && gpu.is_software() => {
            report.case("shaders", Outcome::Absent(format!("too large for {}", gpu.name())));
        }
        Ok(_) => {}
    }
    #[cfg(not(feature = "gpu"))]
    report.case("shaders", Outcome::Absent("this build is without them".into()));
    #[cfg(not(feature = "train"))]
    report.case("burn", Outcome::Absent("this build is without it".into()));
}
