//! Instruction sets: one small vocabulary of 8-wide float operations, and one implementation per CPU family.
//!
//! Everything above is written once against [`Math`] and [`Simd`] in safe code; this folder holds the only
//! `unsafe` of the crate. Every operation is correctly rounded (IEEE 754) or exact on every implementation, and
//! the logical width is 8 everywhere, so the same kernel gives the same bits whatever [`Isa`] runs it. The only
//! assumption is the default floating-point environment (round to nearest, no flushing of denormals), which
//! worker threads have and audio threads of a host may not.
//!
//! AVX-512 is left out on purpose: at batch 1 the step is bound by memory and gains nothing from it.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;

pub(in crate::nn) use portable::Scalar;

use half::f16;
use portable::Portable;

/// Arithmetic on values of some width (1 for [`Scalar`], 8 for a [`Simd`]).
pub(in crate::nn) trait Math: Copy {
    /// The value: one or several floats.
    type V: Copy;
    /// `x` everywhere.
    fn splat(self, x: f32) -> Self::V;
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// Sign bit cleared.
    fn abs(self, a: Self::V) -> Self::V;
    /// To the nearest integer, ties to even.
    fn round(self, a: Self::V) -> Self::V;
    /// `yes` where `a > b`, else `no` (also where either is NaN).
    fn select_gt(self, a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// 2^n for integral `n` in -126..=127.
    fn pow2(self, n: Self::V) -> Self::V;
    /// Mantissa in 1..2 and exponent of positive normal numbers.
    fn split(self, a: Self::V) -> (Self::V, Self::V);
}

/// [`Math`] on eight floats, with memory.
pub(in crate::nn) trait Simd: Math {
    /// Eight floats.
    fn load(self, from: &[f32; 8]) -> Self::V;
    /// Eight floats.
    fn store(self, to: &mut [f32; 8], v: Self::V);
    /// Eight 16-bit floats, converted exactly.
    fn load_f16(self, from: &[f16; 8]) -> Self::V;
    /// Hints that the cache line at `at` will be read soon. Never faults, whatever the address.
    fn prefetch<T>(self, at: *const T);
}

/// A piece of work that runs on any instruction set. `run` must be `#[inline(always)]`, so that it is compiled
/// once per instruction set with that set's features enabled.
pub(in crate::nn) trait Kernel {
    /// What it gives back.
    type Out;
    /// Does the work.
    fn run<S: Simd>(self, s: S) -> Self::Out;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon(neon::Neon),
}

/// The instruction set that kernels run on. Only sets that this CPU has can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Kind);

impl Isa {
    /// Plain Rust with `f32::mul_add`: right everywhere, slow; the yardstick of the tests.
    pub const PORTABLE: Self = Self(Kind::Portable(Portable));

    /// The fastest set of this CPU. Cheap: the standard library caches what it detected.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = avx2::Avx2::detect() {
            return Self(Kind::Avx2(token));
        }
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        if let Some(token) = neon::Neon::detect() {
            return Self(Kind::Neon(token));
        }
        Self::PORTABLE
    }

    /// Every set that this CPU can run, portable first.
    pub fn available() -> Vec<Self> {
        let mut all = vec![Self::PORTABLE];
        if Self::best() != Self::PORTABLE {
            all.push(Self::best());
        }
        all
    }

    /// Name for people: `portable`, `avx2+fma+f16c`, `neon`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2+fma+f16c",
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Kind::Neon(_) => "neon",
        }
    }

    /// Runs a kernel compiled for this set.
    #[inline]
    pub(in crate::nn) fn run<K: Kernel>(self, kernel: K) -> K::Out {
        match self.0 {
            Kind::Portable(s) => kernel.run(s),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(s) => s.enter(kernel),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Kind::Neon(s) => s.enter(kernel),
        }
    }
}
