//! Seeds as words that can be read aloud, and the seeds of a run's takes.
//!
//! Any thread. `mavo-tiru` is a number below [`SHORT`] in syllables of one of 16 consonants and one of 5
//! vowels; larger numbers take six syllables, so that every `u32` has exactly one word. Neighbouring numbers
//! get unlike words. Frozen: saved projects and shared words must keep their meaning.
use super::rng::mix;
use std::fmt;
use std::str::FromStr;

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 5] = b"aeiou";
const SYLLABLES: u64 = 80;
/// Number of seeds with a word of four syllables: 80⁴.
pub const SHORT: u32 = 40_960_000;
/// Number of words of six syllables: 80⁶.
const LONG: u64 = 262_144_000_000;
/// Odd and no multiple of 5, hence invertible modulo 80ⁿ = 2⁴ⁿ·5ⁿ.
const SPREAD: u64 = 16_180_339;
/// Inverse of [`SPREAD`] modulo 80⁶, and so modulo 80⁴ too.
const GATHER: u64 = inverse(SPREAD, LONG);

/// Modular inverse by the extended Euclidean algorithm.
const fn inverse(value: u64, modulus: u64) -> u64 {
    let (mut r0, mut r1) = (modulus as i128, (value % modulus) as i128);
    let (mut t0, mut t1) = (0i128, 1i128);
    while r1 != 0 {
        let q = r0 / r1;
        (r0, r1) = (r1, r0 - q * r1);
        (t0, t1) = (t1, t0 - q * t1);
    }
    t0.rem_euclid(modulus as i128) as u64
}

/// A take's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seed(pub u32);

/// Why a text is no seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no seed: seeds are words like mavo-tiru, or numbers up to 4294967295")]
pub struct SeedError(pub String);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, modulus, count) = if self.0 < SHORT {
            (u64::from(self.0), u64::from(SHORT), 4)
        } else {
            (u64::from(self.0 - SHORT), LONG, 6)
        };
        let mut rest = spread(number, SPREAD, modulus);
        let mut word = [0u8; 12];
        for pair in word[..2 * count].chunks_exact_mut(2).rev() {
            let syllable = (rest % SYLLABLES) as usize;
            rest /= SYLLABLES;
            pair[0] = CONSONANTS[syllable / 5];
            pair[1] = VOWELS[syllable % 5];
        }
        for (i, &letter) in word[..2 * count].iter().enumerate() {
            if i > 0 && i % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

fn spread(number: u64, factor: u64, modulus: u64) -> u64 {
    (u128::from(number) * u128::from(factor) % u128::from(modulus)) as u64
}

impl FromStr for Seed {
    type Err = SeedError;

    /// Reads a word in any case, with spaces, hyphens or underscores anywhere, or a decimal number.
    fn from_str(text: &str) -> Result<Self, SeedError> {
        let wrong = || SeedError(text.chars().take(40).collect());
        let letters: Vec<u8> = text
            .bytes()
            .filter(|b| !b.is_ascii_whitespace() && !b"-_".contains(b))
            .map(|b| b.to_ascii_lowercase())
            .take(13)
            .collect();
        if !letters.is_empty() && letters.iter().all(u8::is_ascii_digit) {
            return text.trim().parse().map(Self).map_err(|_| wrong());
        }
        let (modulus, offset) = match letters.len() {
            8 => (u64::from(SHORT), 0),
            12 => (LONG, SHORT),
            _ => return Err(wrong()),
        };
        let mut value = 0u64;
        for pair in letters.chunks_exact(2) {
            let consonant = CONSONANTS.iter().position(|&c| c == pair[0]).ok_or_else(wrong)?;
            let vowel = VOWELS.iter().position(|&v| v == pair[1]).ok_or_else(wrong)?;
            value = value * SYLLABLES + (consonant * 5 + vowel) as u64;
        }
        let number = spread(value, GATHER % modulus, modulus);
        let number = u32::try_from(number).ok().and_then(|n| n.checked_add(offset)).ok_or_else(wrong)?;
        Ok(Self(number))
    }
}

/// Seed of take `index` of a run with seed `base`: `base` itself for take 0, then seeds with short words,
/// all different within a run of up to a million takes.
#[must_use]
pub fn derive(base: u32, index: u32) -> u32 {
    if index == 0 {
        return base;
    }
    let range = u64::from(SHORT);
    // A step without a factor of 2 or 5 visits every seed below SHORT before it comes back.
    let mut step = (mix(u64::from(base) ^ 0x5EED_5EED) % range) | 1;
    if step.is_multiple_of(5) {
        step += 2;
    }
    let seed = (u64::from(base) + step * u64::from(index)) % range;
    u32::try_from(seed).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_seed_has_a_word_that_reads_back(seed: u32) {
            let word = Seed(seed).to_string();
            prop_assert_eq!(word.parse(), Ok(Seed(seed)));
            let loose = format!("  {} ", word.to_uppercase().replace('-', " "));
            prop_assert_eq!(loose.parse(), Ok(Seed(seed)));
            prop_assert_eq!(seed.to_string().parse(), Ok(Seed(seed)));
        }

        #[test]
        fn any_text_is_a_seed_or_an_error(text in ".{0,20}") {
            if let Ok(seed) = text.parse::<Seed>() {
                prop_assert_eq!(seed.to_string().parse(), Ok(seed));
            }
        }

        #[test]
        fn takes_of_a_run_have_different_seeds(base: u32) {
            let mut seeds: Vec<u32> = (0..16).map(|i| derive(base, i)).collect();
            prop_assert_eq!(seeds[0], base);
            seeds.sort_unstable();
            seeds.dedup();
            prop_assert_eq!(seeds.len(), 16);
        }
    }

    #[test]
    fn words_are_frozen() {
        assert_eq!(Seed(1).to_string(), FROZEN.0);
        assert_eq!(Seed(SHORT - 1).to_string().len(), 9);
        assert_eq!(Seed(u32::MAX).to_string(), FROZEN.1);
        assert_eq!(derive(1, 5), FROZEN.2);
    }

    const FROZEN: (&str, &str, u32) = ("keno-fugu", "lura-jema-sina", 24_228_986);

    #[test]
    fn ends_of_the_range_read_back() {
        for seed in [0, 1, SHORT - 1, SHORT, SHORT + 1, u32::MAX] {
            assert_eq!(Seed(seed).to_string().parse(), Ok(Seed(seed)));
        }
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "mavo", "mavo-tirx", "mavo-tiru-ka", "4294967296", "héllo", "mavo-tiru-mavo-tiru"] {
            assert!(text.parse::<Seed>().is_err(), "{text}");
        }
    }
}
