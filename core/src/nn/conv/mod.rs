//! Images through 3×3 convolutions, each with a leaky ReLU and a pixel norm, plain or after doubling the image
//! (research: kernels.md 3).
//!
//! Worker threads. Doubling to nearest neighbours and then convolving is the same as four 2×2 convolutions of the small
//! image, one for each place in a square of the large one, whose taps are sums of the nine: 4 multiplications instead
//! of 9. Every output is one chain of fused multiply-adds that starts at the bias, taps before channels, so that
//! neither tiles nor threads nor instruction sets change a bit.
//!
//! [`Image`] → [`Conv::run`] per layer → [`ToColour`]; a [`Crew`] does the bands of an image in parallel.
mod colour;
mod crew;
mod image;
mod layer;
mod pack;
#[cfg(test)]
mod tests;

pub use colour::ToColour;
pub use crew::{Alone, Crew, Task};
pub use image::Image;
pub use layer::{Conv, leaky_norm};
pub use pack::summed;
