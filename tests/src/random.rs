//! xorshift: the same run for the same seed, without a dependency.

/// A generator; its state, never 0.
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 to `n` − 1.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// 1..=4096, small ones as likely as large ones by order of magnitude.
    pub fn block(&mut self) -> u32 {
        2_f64.powf(self.unit() * 12.0).round() as u32
    }
}
