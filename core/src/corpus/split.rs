//! Which pieces teach and which ones test. Pure; any thread.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The part of a corpus a piece belongs to. A piece is never in two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// The network learns from these.
    Train,
    /// Early stopping and the choice of a temperature look at these.
    Validation,
    /// Only reported figures look at these.
    Test,
}

impl Split {
    /// All three, in the order of a training run.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Splits 90 : 5 : 5 by the title alone, so that two editions of a song (another voice, another key, another
    /// publisher) land on the same side.
    ///
    /// The title is reduced to its lower-case letters and digits, without leading digits ("4_An die Nachtigall"
    /// and "An die Nachtigall" are one song); the first 8 bytes of the SHA-256 of the result, read as a big-endian
    /// number, modulo 100 decide: 0–4 test, 5–9 validation, the others training. Adding pieces to a corpus
    /// therefore never moves the ones already there.
    #[must_use]
    pub fn by_title(title: &str) -> Self {
        let key: String =
            title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let bare = key.trim_start_matches(|c: char| c.is_ascii_digit());
        let digest = Sha256::digest(if bare.is_empty() { key.as_bytes() } else { bare.as_bytes() });
        let head = digest.iter().take(8).fold(0_u64, |n, &byte| n << 8 | u64::from(byte));
        match head % 100 {
            0..5 => Self::Test,
            5..10 => Self::Validation,
            _ => Self::Train,
        }
    }

    /// As Groove MIDI's table writes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|split| split.to_string() == name)
    }
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbering_case_and_punctuation_do_not_move_a_song() {
        for title in ["An die Nachtigall", "Der Tambour", "’Tis but a Week", "99", "Für Elise"] {
            let home = Split::by_title(title);
            assert_eq!(
                home,
                Split::by_title(&format!("4_{}", title.replace(' ', "_").to_uppercase())),
                "{title}"
            );
        }
    }

    #[test]
    fn shares_are_near_90_5_5() {
        let mut count = [0_u32; 3];
        for i in 0..20_000 {
            count[Split::by_title(&format!("song {i}")) as usize] += 1;
        }
        assert!((17_700..18_300).contains(&count[0]), "{count:?}");
        assert!((880..1_120).contains(&count[1]) && (880..1_120).contains(&count[2]), "{count:?}");
    }

    #[test]
    fn the_split_of_known_titles_never_changes() {
        let names =
            ["Erlkönig", "Oh! Susanna", "5_In_der_Fremde", "Allons prier!", "Blinde Kuh", "Bredon Hill"];
        let splits = names.map(Split::by_title);
        let (train, validation, test) = (Split::Train, Split::Validation, Split::Test);
        assert_eq!(splits, [train, train, test, test, validation, validation]);
    }
}
