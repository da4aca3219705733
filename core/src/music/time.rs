//! Exact musical time: ticks and meter.

use serde::{Deserialize, Serialize};

/// A position or duration in ticks of 1/[`TICKS_PER_QUARTER`] quarter note. Negative only for differences.
pub type Ticks = i64;

/// Ticks per quarter note. 2¹¹·3·5 is a multiple of the resolutions that DAWs write (24 … 960, 1024, 1920,
/// 2048, 3840), so their files are held exactly, and it still fits the 15 bits of a MIDI file's division.
pub const TICKS_PER_QUARTER: Ticks = 30_720;

/// A time signature. The denominator is a power of two, both are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Meter {
    /// Beats per bar, 1..=99.
    pub numerator: u8,
    /// The note value of one beat: 1, 2, 4, 8, 16, 32 or 64.
    pub denominator: u8,
}

impl Meter {
    /// 4/4.
    pub const COMMON: Self = Self { numerator: 4, denominator: 4 };

    /// `None` for a zero numerator or above 99, or a denominator that is no power of two up to 64.
    #[must_use]
    pub fn new(numerator: u8, denominator: u8) -> Option<Self> {
        let ok = (1..=99).contains(&numerator) && denominator.is_power_of_two() && denominator <= 64;
        ok.then_some(Self { numerator, denominator })
    }

    /// Length of one beat (one `1/denominator` note) in ticks.
    #[must_use]
    pub fn beat_ticks(self) -> Ticks {
        4 * TICKS_PER_QUARTER / Ticks::from(self.denominator)
    }

    /// Length of one bar in ticks: exact for every meter (3/4 = 12 sixteenths, 7/8 = 14).
    #[must_use]
    pub fn bar_ticks(self) -> Ticks {
        self.beat_ticks() * Ticks::from(self.numerator)
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::COMMON
    }
}

impl std::fmt::Display for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}
