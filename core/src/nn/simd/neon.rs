//! The vocabulary on 64-bit ARM (NEON is part of the base architecture; Apple M, Raspberry Pi 3 and later).
//! Any thread. Eight floats are a pair of registers. Compile-checked; not yet run on a device.

use super::{Kernel, Math, Simd};
use half::f16;
use std::arch::aarch64::*;

/// Proof that NEON is there: only [`Neon::detect`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neon(());

impl Neon {
    /// The proof, if the CPU has it.
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    /// Runs `kernel`, compiled with NEON on.
    #[inline]
    pub(super) fn enter<K: Kernel>(self, kernel: K) -> K::Out {
        #[target_feature(enable = "neon")]
        fn inner<K: Kernel>(s: Neon, kernel: K) -> K::Out {
            kernel.run(s)
        }
        // SAFETY: `self` exists, so `detect` found NEON.
        unsafe { inner(self, kernel) }
    }
}

/// An intrinsic inside a method of [`Neon`].
macro_rules! have {
    ($call:expr) => {
        // SAFETY: the method has a `Neon` as `self`, which exists only on a CPU with NEON.
        unsafe { $call }
    };
}

/// Eight floats: the lower four, the upper four.
#[derive(Clone, Copy)]
pub(in crate::nn) struct Pair(float32x4_t, float32x4_t);

impl Math for Neon {
    type V = Pair;
    #[inline(always)]
    fn splat(self, x: f32) -> Pair {
        have!(Pair(vdupq_n_f32(x), vdupq_n_f32(x)))
    }
    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        have!(Pair(vaddq_f32(a.0, b.0), vaddq_f32(a.1, b.1)))
    }
    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        have!(Pair(vsubq_f32(a.0, b.0), vsubq_f32(a.1, b.1)))
    }
    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        have!(Pair(vmulq_f32(a.0, b.0), vmulq_f32(a.1, b.1)))
    }
    #[inline(always)]
    fn div(self, a: Pair, b: Pair) -> Pair {
        have!(Pair(vdivq_f32(a.0, b.0), vdivq_f32(a.1, b.1)))
    }
    #[inline(always)]
    fn mul_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        have!(Pair(vfmaq_f32(c.0, a.0, b.0), vfmaq_f32(c.1, a.1, b.1)))
    }
    #[inline(always)]
    fn abs(self, a: Pair) -> Pair {
        have!(Pair(vabsq_f32(a.0), vabsq_f32(a.1)))
    }
    #[inline(always)]
    fn round(self, a: Pair) -> Pair {
        have!(Pair(vrndnq_f32(a.0), vrndnq_f32(a.1)))
    }
    #[inline(always)]
    fn select_gt(self, a: Pair, b: Pair, yes: Pair, no: Pair) -> Pair {
        have!(Pair(vbslq_f32(vcgtq_f32(a.0, b.0), yes.0, no.0), vbslq_f32(vcgtq_f32(a.1, b.1), yes.1, no.1)))
    }
    #[inline(always)]
    fn pow2(self, n: Pair) -> Pair {
        have!({
            let half = |n| {
                let biased = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
                vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
            };
            Pair(half(n.0), half(n.1))
        })
    }
    #[inline(always)]
    fn split(self, a: Pair) -> (Pair, Pair) {
        have!({
            let half = |a| {
                let bits = vreinterpretq_u32_f32(a);
                let mantissa = vorrq_u32(vandq_u32(bits, vdupq_n_u32(0x007f_ffff)), vdupq_n_u32(0x3f80_0000));
                let raised = vreinterpretq_s32_u32(vshrq_n_u32::<23>(bits));
                let exponent = vcvtq_f32_s32(vsubq_s32(raised, vdupq_n_s32(127)));
                (vreinterpretq_f32_u32(mantissa), exponent)
            };
            let (low, high) = (half(a.0), half(a.1));
            (Pair(low.0, high.0), Pair(low.1, high.1))
        })
    }
}

impl Simd for Neon {
    #[inline(always)]
    fn load(self, from: &[f32; 8]) -> Pair {
        // SAFETY: NEON is there (`self`); the reference covers both groups of 16 bytes read.
        unsafe { Pair(vld1q_f32(from.as_ptr()), vld1q_f32(from.as_ptr().add(4))) }
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; 8], v: Pair) {
        // SAFETY: NEON is there (`self`); the reference covers both groups of 16 bytes written.
        unsafe {
            vst1q_f32(to.as_mut_ptr(), v.0);
            vst1q_f32(to.as_mut_ptr().add(4), v.1);
        }
    }
    #[inline(always)]
    fn load_f16(self, from: &[f16; 8]) -> Pair {
        // SAFETY: NEON is there (`self`); `f16` is a transparent u16, so the reference covers the 16 bytes read.
        let raw = unsafe { vld1q_u16(from.as_ptr().cast()) };
        let (low, high): (float32x4_t, float32x4_t);
        // SAFETY: FCVTL and FCVTL2 belong to base NEON, convert exactly, and touch the named registers only.
        // (Written out because the intrinsics need a float16 vector type.)
        unsafe {
            std::arch::asm!(
                "fcvtl {low:v}.4s, {raw:v}.4h",
                "fcvtl2 {high:v}.4s, {raw:v}.8h",
                low = out(vreg) low,
                high = lateout(vreg) high,
                raw = in(vreg) raw,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        Pair(low, high)
    }
    #[inline(always)]
    fn prefetch<T>(self, _at: *const T) {
        // The hardware prefetcher follows the one sequential stream well enough; the hint is not stable Rust.
    }
}
