//! The yardstick of the kernels: how fast this CPU can read a buffer at all. Benches only; any thread.

use super::simd::{Isa, Kernel, Simd};

/// Reads all of `data` once, in order, and returns the sum of its floats (so that nothing can be skipped).
/// Time this over a buffer of the size of a network's weights to know the limit of a step.
pub fn stream(isa: Isa, data: &[f32]) -> f32 {
    isa.run(Stream(data))
}

struct Stream<'a>(&'a [f32]);

impl Kernel for Stream<'_> {
    type Out = f32;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let (rows, rest) = self.0.as_chunks::<64>();
        let mut sums = [s.splat(0.0); 8];
        for row in rows {
            let row = row.as_chunks::<8>().0;
            for c in 0..8 {
                sums[c] = s.add(sums[c], s.load(&row[c]));
            }
        }
        let mut total = rest.iter().sum();
        for sum in sums {
            let mut eight = [0.0; 8];
            s.store(&mut eight, sum);
            total += eight.iter().sum::<f32>();
        }
        total
    }
}

/// Does `rounds` × 96 eight-wide fused multiply-adds on registers, without memory, and returns their sum: time
/// this to know the most that many lanes together can reach.
pub fn multiply(isa: Isa, rounds: usize) -> f32 {
    isa.run(Multiply(rounds))
}

/// Floats that one round of [`multiply`] multiplies and adds.
pub const MULTIPLIED: usize = 96 * 8;

struct Multiply(usize);

impl Kernel for Multiply {
    type Out = f32;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let (a, b) = (s.splat(0.999), s.splat(0.001));
        let mut sums = [s.splat(0.0); 12];
        for _ in 0..self.0 {
            for _ in 0..8 {
                for sum in &mut sums {
                    *sum = s.mul_add(*sum, a, b);
                }
            }
        }
        let mut total = 0.0;
        for sum in sums {
            let mut eight = [0.0; 8];
            s.store(&mut eight, sum);
            total += eight.iter().sum::<f32>();
        }
        total
    }
}
